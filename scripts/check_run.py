"""One measured call of `check`, in a process that imports no more than the command line does.

A worker process imports again what its parent was started as: whatever else a benchmark needs would be
counted as the product's.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

# The checkout is on the path now.
from taxi_qa.findings.finding import finding_key  # noqa: E402
from taxi_qa.runs.check import check  # noqa: E402
from taxi_qa.store import casebook, run_log  # noqa: E402
from taxi_qa.store.fetching import fetch  # noqa: E402
from taxi_qa.store.home import open_home  # noqa: E402
from taxi_qa.store.said import unpacked  # noqa: E402
from taxi_qa.store.tables import FindingRow, UnjudgedBlob, table_of  # noqa: E402

NOW_MS: Final = 1_800_000_000_000


def fresh_home(source: Path, folder: Path) -> Path:
    """A home as ingest left it: its own database, the tracks of the other."""
    source, home = source.resolve(), folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(source, home, ignore=shutil.ignore_patterns("tracks", "derived"))
    (home / "derived").mkdir()
    (home / "tracks").symlink_to(source / "tracks")
    return home


def peak_mb(pid: int) -> float:
    """The greatest resident memory a process has had, 0 where it is gone."""
    try:
        return int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        return 0.0


def cpu_s(pid: int) -> float:
    """CPU seconds of a process so far, 0 where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Watch(ABC):
    """This process and all it started, looked at by a thread every so many seconds."""

    every_s = 0.05

    def __init__(self) -> None:
        """Nobody is watched yet."""
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Begins to watch."""
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends watching."""
        self._done.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._done.wait(self.every_s):
            self.look(family(os.getpid()))

    @abstractmethod
    def look(self, pids: Sequence[int]) -> None:
        """Looks at the processes there are now."""


class Peaks(Watch):
    """The peak memory of each process, and the CPU seconds of all."""

    def __init__(self) -> None:
        """Nothing was looked at yet."""
        super().__init__()
        self._highest: Counter[int] = Counter()
        self._spent: dict[int, float] = {}

    def look(self, pids: Sequence[int]) -> None:
        """Notes what each has had and spent by now."""
        for pid in pids:
            self._highest[pid] = max(self._highest[pid], int(peak_mb(pid)))
            self._spent[pid] = max(self._spent.get(pid, 0.0), cpu_s(pid))

    @property
    def cpu_s(self) -> float:
        """CPU seconds of all of them until now, but for the last 50 ms of those that ended."""
        return sum({**self._spent, os.getpid(): cpu_s(os.getpid())}.values())

    @property
    def own(self) -> int:
        """Of this process, MB."""
        return int(peak_mb(os.getpid()))

    @property
    def of_workers(self) -> list[int]:
        """Of each process it started, MB, greatest first."""
        return sorted((mb for pid, mb in self._highest.items() if pid != os.getpid()), reverse=True)


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        found += [name for child in children for name in family(int(child))]
    return found


def judged(source: str, executor: str, workers: int, runs: int, rules: Sequence[str] = ()) -> dict[str, Any]:
    """In a process of its own: the whole call of `check`, several times; the first pays for starting up."""
    spent = []
    with tempfile.TemporaryDirectory(dir=Path(source).parent) as name, Peaks() as peaks:
        for _ in range(runs):
            home = open_home(fresh_home(Path(source), Path(name)))
            before, started = peaks.cpu_s, time.perf_counter()
            check(home, now_ms=NOW_MS, executor=executor, workers=workers, rules=rules)
            spent.append({"wall_s": time.perf_counter() - started, "cpu_s": peaks.cpu_s - before})
            home.engine.dispose()
        # Reading it all back is the benchmark's own memory.
        peak = {"own_mb": peaks.own, "workers_mb": peaks.of_workers}
        return {"runs": spent, **peak, "said": said(Path(name) / "home")}


def said(home: Path) -> dict[str, Any]:
    """What the casebook of a home holds: by rule its tallies, the ids found and the rows not judged."""
    opened = open_home(home)
    run_id = run_log.runs(opened)["run_id"].iloc[0]
    sums = (
        casebook.tallies(opened, run_id).groupby("rule")[["examined", "found", "clean", "cannot_tell"]].sum()
    )
    found, blobs = table_of(FindingRow), table_of(UnjudgedBlob)
    with opened.engine.connect() as connection:
        ids = fetch(connection, found.select().with_only_columns(found.c.rule, found.c.finding_id))
        packed = fetch(connection, blobs.select().with_only_columns(blobs.c.rule, blobs.c.packed))
    result: dict[str, Any] = {
        str(rule): {**{k: int(v) for k, v in row.items()}, "ids": [], "unjudged": []}
        for rule, row in sums.to_dict("index").items()
    }
    for rule, key in ids:
        result[rule]["ids"].append(key)
    for rule, data in packed:
        result[rule]["unjudged"] += [finding_key(rule, 1, [name]) for name in unpacked(data)["subject"]]
    return result


def main(argv: list[str] | None = None) -> int:
    """Measures once what the arguments of `judged` say, as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--arguments", required=True)
    parser.add_argument("--answer", type=Path, required=True)
    asked = parser.parse_args(argv)
    asked.answer.write_text(json.dumps(judged(**json.loads(asked.arguments))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
