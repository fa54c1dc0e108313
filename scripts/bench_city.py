"""A city's day: 100 million positions and 700,000 metered trips on a real road network, judged by every rule.

Makes the city once (`scripts/road_city.py`, kept under --cache), lets two worker processes judge it in a home
as ingest left it, and says how long that took, in how much memory of all processes together, where the time
went (the same once more in this one process, with a clock around each step), and what became of the planted
speeders and detours; an innocent driver who is found fails the benchmark.

    scripts/bench city [--positions 100000000] [--workers 2] [--no-phases] [--profile] [--cache FOLDER]

The extract is Chengdu's of $TAXI_QA_REAL_DATA (default: ../shared/data), or `--extract FILE.osm.pbf`.
"""

import argparse
import cProfile
import dataclasses
import json
import os
import pstats
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

# The checkout is on the path now.
from scripts import made_city  # noqa: E402
from scripts.check_run import Peaks, Watch, fresh_home  # noqa: E402
from scripts.road_city import Made, city_home  # noqa: E402
from taxi_qa.facts import units  # noqa: E402
from taxi_qa.runs import gather, work  # noqa: E402
from taxi_qa.runs.check import check  # noqa: E402
from taxi_qa.store import casebook, library, positions, run_log  # noqa: E402
from taxi_qa.store.fetching import fetch  # noqa: E402
from taxi_qa.store.home import open_home  # noqa: E402
from taxi_qa.store.tables import FindingRow, table_of  # noqa: E402

CACHE: Final = Path(tempfile.gettempdir()) / "taxi_qa_bench_city"
# A burst this long has to come out; what is found this near a burst is no innocent's.
BURST_MS: Final = 60_000
NEAR_MS: Final = 60_000


def extract() -> Path:
    folder = os.environ.get("TAXI_QA_REAL_DATA", ROOT.parent / "shared" / "data")
    return Path(folder) / "roads" / "chengdu.osm.pbf"


# --- judging -----------------------------------------------------------------------------------------


class Together(Watch):
    """The most memory all processes had at one moment, what they share counted once (PSS)."""

    every_s = 0.2

    def __init__(self) -> None:
        """Nothing was looked at yet."""
        super().__init__()
        self.mb = 0
        self.of_processes: list[int] = []

    def look(self, pids: Sequence[int]) -> None:
        """Notes what all have together, if it is more than ever before."""
        now = [pss_mb(pid) for pid in pids]
        if sum(now) > self.mb:
            self.mb, self.of_processes = sum(now), now


def pss_mb(pid: int) -> int:
    """A process's share of the memory it has, 0 where it is gone."""
    try:
        return int(Path(f"/proc/{pid}/smaps_rollup").read_text().split("Pss:")[1].split()[0]) // 1024
    except (OSError, IndexError):
        return 0


def judged(source: str, workers: int) -> dict[str, Any]:
    """In a process of its own: the whole call of `check` by so many worker processes, once."""
    with tempfile.TemporaryDirectory(dir=Path(source).parent) as name, Peaks() as peaks, Together() as all_of:
        home = open_home(fresh_home(Path(source), Path(name)))
        before, started = peaks.cpu_s, time.perf_counter()
        check(home, now_ms=made_city.NOW_MS, executor="processes", workers=workers)
        return {
            "wall_s": time.perf_counter() - started,
            "cpu_s": peaks.cpu_s - before,
            "own_mb": peaks.own,
            "workers_mb": peaks.of_workers,
            "together_mb": all_of.mb,
            "shares_mb": all_of.of_processes,
            **said(Path(name) / "home"),
        }


def said(home: Path) -> dict[str, Any]:
    """What the casebook of a home holds: the tallies by rule, and the findings that were planted or not."""
    opened = open_home(home)
    run_id = run_log.runs(opened)["run_id"].iloc[0]
    names = ["examined", "found", "clean", "cannot_tell"]
    sums = casebook.tallies(opened, run_id).groupby("rule")[names].sum()
    row = table_of(FindingRow).c
    query = (
        table_of(FindingRow)
        .select()
        .with_only_columns(row.rule, row.vehicle_id, row.trip_id, row.start_ms, row.end_ms, row.evidence)
        .where(row.rule.in_(("driving.speeding", "driving.detour")))
    )
    with opened.engine.connect() as connection:
        found = [list(one) for one in fetch(connection, query)]
    return {"tallies": {str(k): v for k, v in sums.to_dict("index").items()}, "found": found}


# --- where the time goes -----------------------------------------------------------------------------


class Clock:
    """CPU seconds by step; a step within another is counted once, as its own."""

    def __init__(self) -> None:
        """Nothing has run."""
        self.spent: dict[str, float] = {}
        self._inside: list[str] = ["the rest"]
        self._since = time.process_time()

    def turn(self) -> None:
        """Writes down what passed for the step that runs."""
        now = time.process_time()
        step = self._inside[-1]
        self.spent[step] = self.spent.get(step, 0.0) + now - self._since
        self._since = now

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time written down under a name."""

        def timed(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the function takes
            self.turn()
            self._inside.append(name)
            try:
                return function(*arguments, **named)
            finally:
                self.turn()
                self._inside.pop()

        return timed


def phases(source: str, profile: bool) -> dict[str, Any]:  # noqa: FBT001 - what the child is asked
    """In a process of its own: CPU seconds of each step of one inline run."""
    clock = Clock()
    steps: tuple[tuple[Any, str, str], ...] = (
        (positions, "fixes_of", "read positions"),
        (library, "records", "read tables"),
        (gather, "lay", "lay the track"),
        (gather, "roads_at", "make the roads ready"),
        (work, "judge", "ask the rules"),
        (work, "said_of", "pack the answers"),
        (casebook, "keep_all", "casebook"),
    )
    for module, name, told in steps:
        setattr(module, name, clock.around(told, getattr(module, name)))
    for name, make in units.DAY_UNITS.items():
        units.DAY_UNITS[name] = clock.around(f"unit {name}", make)
    for name, unit in units.CITY_UNITS.items():
        units.CITY_UNITS[name] = dataclasses.replace(unit, make=clock.around(f"unit {name}", unit.make))
    for name, fold in units.FOLDS.items():
        units.FOLDS[name] = dataclasses.replace(fold, fold=clock.around(f"fold {name}", fold.fold))
    for name, left in units.LEFT.items():
        units.LEFT[name] = dataclasses.replace(left, part=clock.around(f"part {name}", left.part))
    with tempfile.TemporaryDirectory(dir=Path(source).parent) as name:
        home = open_home(fresh_home(Path(source), Path(name)))
        profiler = cProfile.Profile()
        clock.turn()
        clock.spent.clear()
        if profile:
            profiler.enable()
        check(home, now_ms=made_city.NOW_MS, executor="inline")
        clock.turn()
        if profile:
            profiler.disable()
            pstats.Stats(profiler).sort_stats("tottime").print_stats(45)
    return {"spent": dict(clock.spent)}


# --- running and printing ----------------------------------------------------------------------------


def child(kind: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - what the child is asked
    """One measurement in a process of its own."""
    command = [sys.executable, __file__, "--child", kind, "--arguments", json.dumps(arguments)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
    }
    with tempfile.NamedTemporaryFile("r", suffix=".json") as answer:
        subprocess.run([*command, "--answer", answer.name], check=True, env=environment)
        result: dict[str, Any] = json.loads(Path(answer.name).read_text())
    return result


def innocents(made: Made, found: list[list[Any]]) -> list[str]:
    """Prints what became of the planted, and gives a line for each innocent who was found."""
    columns = ["rule", "vehicle_id", "trip_id", "start_ms", "end_ms", "evidence"]
    all_found = pd.DataFrame(found, columns=columns)
    speeding = all_found[all_found["rule"] == "driving.speeding"]
    detours = all_found[all_found["rule"] == "driving.detour"]
    bursts = made.truth[made.truth["kind"] == "burst"]
    pairs = speeding.reset_index().merge(bursts, on="vehicle_id", suffixes=("", "_true"))
    near = pairs[
        (pairs["start_ms"] <= pairs["end_ms_true"] + NEAR_MS)
        & (pairs["end_ms"] >= pairs["start_ms_true"] - NEAR_MS)
    ]
    long = bursts[bursts["end_ms"] - bursts["start_ms"] >= BURST_MS]
    caught = len(near[near["end_ms_true"] - near["start_ms_true"] >= BURST_MS][
        ["vehicle_id", "start_ms_true"]
    ].drop_duplicates())  # fmt: skip
    wrong = [speeding[~speeding.index.isin(near["index"])]]
    print(
        f"speeding: {len(long):,} planted bursts of a minute and more, {caught:,} found; "
        f"{len(speeding):,} findings, {len(wrong[0]):,} of innocents"
    )
    planted = made.truth[made.truth["kind"] == "detour"]["trip_id"]
    either = made.truth[made.truth["kind"] != "burst"]["trip_id"]
    wrong.append(detours[~detours["trip_id"].isin(either)])
    print(
        f"detours: {len(planted):,} planted trips of {made.trips:,}, "
        f"{planted.isin(detours['trip_id']).sum():,} found; "
        f"{len(detours):,} findings, {len(wrong[1]):,} of innocents"
    )
    return [
        f"  innocent: {row.rule} {row.vehicle_id} {row.trip_id} {row.start_ms}: {row.evidence}"
        for row in pd.concat(wrong).itertuples()
    ]


def bench(asked: argparse.Namespace) -> bool:
    """One size of city; whether no innocent was found."""
    started = time.perf_counter()
    made = city_home(asked.cache, asked.positions, asked.extract, workers=asked.workers)
    print(
        f"{made.positions:,} positions, {made.trips:,} trips on {asked.extract.name}, "
        f"made or found in {time.perf_counter() - started:.0f} s",
        flush=True,
    )
    result = child("judged", source=str(made.home), workers=asked.workers)
    print(
        f"check, {asked.workers} processes: {result['wall_s']:.1f} s wall, {result['cpu_s']:.1f} s CPU, "
        f"{made.positions / result['wall_s'] / 1e6:.2f} M positions/s"
    )
    print(
        f"memory: {result['together_mb']:,} MB in all processes together at most "
        f"({' + '.join(map(str, result['shares_mb']))}, shared pages counted once); "
        f"peak of each: {result['own_mb']}, workers {'/'.join(map(str, result['workers_mb']))} MB",
        flush=True,
    )
    for rule, sums in result["tallies"].items():
        told = ", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in sums.items())
        print(f"  {rule:32}{told}")
    lines = innocents(made, result["found"])
    print("\n".join(lines[:20]))
    if not asked.no_phases:
        spent = child("phases", source=str(made.home), profile=asked.profile)["spent"]
        whole = sum(spent.values())
        print(f"where the time goes, in one process: {whole:.1f} CPU s")
        for name, seconds in sorted(spent.items(), key=lambda pair: -pair[1]):
            share, each = seconds / whole, seconds / made.positions * 1e9
            print(f"  {name:26}{seconds:9.2f} s{share:7.1%}{each:9.1f} ns a position")
    return not lines


def main(argv: list[str] | None = None) -> int:
    """Runs the benchmark and prints its figures; 1 where an innocent was found."""
    parser = argparse.ArgumentParser(prog="scripts/bench city", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--positions", type=int, default=100_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--no-phases", action="store_true", help="leave out where the time goes")
    parser.add_argument("--profile", action="store_true", help="print the dearest functions, too")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where made cities are kept between runs")
    parser.add_argument("--extract", type=Path, default=extract())
    parser.add_argument("--child", choices=("judged", "phases"), help=argparse.SUPPRESS)
    parser.add_argument("--arguments", help=argparse.SUPPRESS)
    parser.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    if asked.child:
        measured: dict[str, Callable[..., dict[str, Any]]] = {"judged": judged, "phases": phases}
        result = measured[asked.child](**json.loads(asked.arguments))
        asked.answer.write_text(json.dumps(result, default=_plain))
        return 0
    if not asked.extract.exists():
        print(f"not measured: there is no {asked.extract.name}; name an extract, or set TAXI_QA_REAL_DATA")
        return 0
    asked.cache.mkdir(parents=True, exist_ok=True)
    return 0 if bench(asked) else 1


def _plain(number: np.generic) -> object:
    return number.item()


if __name__ == "__main__":
    sys.exit(main())
