"""How fast all rules judge a made city's day, in how much memory, and how much slower plain pandas is.

Makes the city once (kept under --cache), judges it with two worker processes and with none, each time in a
home as ingest left it, and then lets `plain_pandas` answer the same questions of the same records; the two
have to give the same findings, the same unjudged rows and the same tallies, or the script fails.

    scripts/bench check [--positions 20000000 ...] [--runs 3] [--workers 2] [--no-pandas] [--profile]
                        [--cache FOLDER] [--drop-cache]
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median_low
from typing import Any, Self

import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

# The checkout is on the path now.
from scripts import made_city  # noqa: E402
from scripts.plain_pandas import RULES, invalid_papers, read_bucket  # noqa: E402
from taxi_qa.findings.finding import finding_key  # noqa: E402
from taxi_qa.law.read import read_law  # noqa: E402
from taxi_qa.runs.check import check  # noqa: E402
from taxi_qa.store import casebook, library  # noqa: E402
from taxi_qa.store.home import open_home  # noqa: E402
from taxi_qa.store.said import unpacked  # noqa: E402
from taxi_qa.store.tables import FindingRow, UnjudgedBlob, table_of  # noqa: E402
from taxi_qa.values.clock import date_of, day_of, day_start_ms  # noqa: E402

CACHE = Path(tempfile.gettempdir()) / "taxi_qa_bench_city"
Measured = Callable[..., dict[str, Any]]
# Rules that are automata over the fixes of a car: pandas has nothing for them but a loop.
AUTOMATA = ("driving.long_hours", "licence.cloned_plate")


# --- the product -------------------------------------------------------------------------------------


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


class Peaks:
    """The peak memory of this process and of all it started, watched by a thread."""

    def __init__(self) -> None:
        """Nobody is watched yet."""
        self._highest: Counter[int] = Counter()
        self._spent: dict[int, float] = {}
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
        while not self._done.wait(0.05):
            for pid in family(os.getpid()):
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


def judged(source: str, executor: str, workers: int, runs: int) -> dict[str, Any]:
    """In a process of its own: the whole call of `check`, several times; the first pays for starting up."""
    spent = []
    with tempfile.TemporaryDirectory(dir=Path(source).parent) as name, Peaks() as peaks:
        for _ in range(runs):
            home = open_home(fresh_home(Path(source), Path(name)))
            before, started = peaks.cpu_s, time.perf_counter()
            check(home, now_ms=made_city.NOW_MS, executor=executor, workers=workers)
            spent.append({"wall_s": time.perf_counter() - started, "cpu_s": peaks.cpu_s - before})
            home.engine.dispose()
        # Reading it all back is the benchmark's own memory.
        peak = {"own_mb": peaks.own, "workers_mb": peaks.of_workers}
        return {"runs": spent, **peak, "said": said(Path(name) / "home")}


def said(home: Path) -> dict[str, Any]:
    """What the casebook of a home holds: by rule its tallies, the ids found and the rows not judged."""
    opened = open_home(home)
    run_id = casebook.runs(opened)["run_id"].iloc[0]
    sums = (
        casebook.tallies(opened, run_id).groupby("rule")[["examined", "found", "clean", "cannot_tell"]].sum()
    )
    found, blobs = table_of(FindingRow), table_of(UnjudgedBlob)
    with opened.engine.connect() as connection:
        ids = library.fetch(connection, found.select().with_only_columns(found.c.rule, found.c.finding_id))
        packed = library.fetch(connection, blobs.select().with_only_columns(blobs.c.rule, blobs.c.packed))
    result: dict[str, Any] = {
        str(rule): {**{k: int(v) for k, v in row.items()}, "ids": [], "unjudged": []}
        for rule, row in sums.to_dict("index").items()
    }
    for rule, key in ids:
        result[rule]["ids"].append(key)
    for rule, data in packed:
        result[rule]["unjudged"] += [finding_key(rule, 1, [name]) for name in unpacked(data)["subject"]]
    return result


# --- plain pandas ------------------------------------------------------------------------------------


def export(source: Path, folder: Path) -> dict[str, Any]:
    """The same records as plain Parquet files, a set a bucket, and what the day is; not timed."""
    home = open_home(source)
    span = library.data_span(home)
    if span is None or span[0] != span[1]:
        raise ValueError(f"{source} holds days {span}; a made city has one day of data")
    day = span[0]
    date = date_of(day)
    last_ms, sends_shifts = [], False
    for bucket in range(home.buckets):
        positions = library.raw_positions(home, day, bucket)
        columns = ["vehicle_id", "time_ms", "lon", "lat", "speed_kmh", "loaded", "received_ms"]
        positions = positions[columns].astype(
            {"vehicle_id": "category", "time_ms": "int64", "received_ms": "int64", "loaded": "bool"}
        )
        positions.to_parquet(folder / f"positions-{bucket:02d}.parquet", index=False)
        if len(positions):
            last_ms.append(int(positions["time_ms"].max()))
        for kind in ("trips", "shifts", "events", "vehicles", "repairs"):
            table = library.records(home, kind, bucket=bucket)
            sends_shifts |= kind == "shifts" and len(table) > 0
            table.to_parquet(folder / f"{kind}-{bucket:02d}.parquet", index=False)
    for kind in ("zones", "drivers"):
        library.records(home, kind).to_parquet(folder / f"{kind}.parquet", index=False)
    return {
        "folder": str(folder),
        "buckets": home.buckets,
        "city": home.city,
        "from_ms": day_start_ms(day, home.timezone),
        "to_ms": day_start_ms(day + 1, home.timezone),
        "heard_to_ms": median_low(last_ms),
        "sends_shifts": sends_shifts,
        "week_ms": day_start_ms(day - date.weekday(), home.timezone),
        "month_ms": day_start_ms(day_of(date.replace(day=1)), home.timezone),
    }


def pandas_bucket(told: dict[str, Any], bucket: int) -> tuple[dict[str, Any], dict[str, float]]:
    """What plain pandas says of one bucket, and the CPU seconds of each rule."""
    spent: dict[str, float] = {}
    clock = time.process_time()

    def lap(name: str) -> None:
        nonlocal clock
        now = time.process_time()
        spent[name] = spent.get(name, 0.0) + now - clock
        clock = now

    fields = {
        name: told[name]
        for name in ("from_ms", "to_ms", "heard_to_ms", "month_ms", "week_ms", "sends_shifts")
    }
    one = read_bucket(Path(told["folder"]), bucket, law=read_law(told["city"]), **fields)
    lap("read")
    if one.positions.empty and one.trips.empty:
        return {}, spent
    _ = one.lines
    lap("lay the track")
    answers = {}
    for name, rule in RULES.items():
        answers[name] = rule(one)
        lap(name)
    return answers, spent


def pandas_city(told: dict[str, Any]) -> tuple[dict[str, Any], dict[str, float]]:
    """What plain pandas says of the papers, over the whole city."""
    clock = time.process_time()
    folder = Path(told["folder"])
    tables = [
        pd.concat(
            [pd.read_parquet(folder / f"{kind}-{bucket:02d}.parquet") for bucket in range(told["buckets"])],
            ignore_index=True,
        )
        for kind in ("trips", "shifts", "vehicles")
    ]
    drivers = pd.read_parquet(folder / "drivers.parquet")[
        ["driver_id", "registered_from_day", "registered_to_day", "licence_valid_to_day"]
    ]
    answer = invalid_papers((tables[0], tables[1], tables[2], drivers), told["from_ms"], told["to_ms"])
    return {"licence.invalid": answer}, {"licence.invalid": time.process_time() - clock}


def plainly(told: dict[str, Any], workers: int) -> dict[str, Any]:
    """In a process of its own: all rules in plain pandas, in as many processes as the product had."""
    started = time.perf_counter()
    jobs: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [(pandas_city, (told,))]
    jobs += [(pandas_bucket, (told, bucket)) for bucket in range(told["buckets"])]
    with Peaks() as peaks:
        if workers > 1:
            with ProcessPoolExecutor(workers) as pool:
                results = [
                    future.result() for future in [pool.submit(do, *arguments) for do, arguments in jobs]
                ]
        else:
            results = [do(*arguments) for do, arguments in jobs]
        run = {"wall_s": time.perf_counter() - started, "cpu_s": peaks.cpu_s}
    answers: dict[str, Any] = {}
    spent: Counter[str] = Counter()
    for of_bucket, seconds in results:
        spent.update(seconds)
        for rule, one in of_bucket.items():
            answers[rule] = answers[rule] + one if rule in answers else one

    found = {
        rule: {
            "examined": one.examined,
            "found": len(one.found),
            "cannot_tell": len(one.unjudged),
            "clean": one.examined - len(one.found) - len(one.unjudged),
            "ids": [finding_key(rule, 1, [name]) for name in one.found],
            "unjudged": [finding_key(rule, 1, [name]) for name in one.unjudged],
        }
        for rule, one in answers.items()
    }
    return {
        "runs": [run],
        "own_mb": peaks.own,
        "workers_mb": peaks.of_workers,
        "said": found,
        "spent": dict(spent),
    }


def differences(product: dict[str, Any], plain: dict[str, Any]) -> list[str]:
    """Where the two do not say the same, a line each."""
    lines = []
    for rule in sorted({*product, *plain}):
        a, b = product.get(rule), plain.get(rule)
        if a is None or b is None:
            lines.append(f"{rule}: only one of both answers")
            continue
        lines += [
            f"{rule}: {name} {a[name]} in the product, {b[name]} in plain pandas"
            for name in ("examined", "found", "clean", "cannot_tell")
            if a[name] != b[name]
        ]
        for name in ("ids", "unjudged"):
            only = [len(set(x[name]) - set(y[name])) for x, y in ((a, b), (b, a))]
            if any(only):
                lines.append(
                    f"{rule}: of {name} {only[0]} are only in the product, {only[1]} only in plain pandas"
                )
    return lines


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


def _child(kind: str, arguments: dict[str, Any], answer: Path) -> None:
    measured: dict[str, Measured] = {"judged": judged, "plainly": plainly}
    result = measured[kind](**arguments)
    answer.write_text(json.dumps(result))


def _show(name: str, positions: int, result: dict[str, Any]) -> None:
    best = min(result["runs"], key=lambda run: float(run["wall_s"]))
    workers = "/".join(str(mb) for mb in result["workers_mb"][:2]) or "-"
    print(
        f"{name:26}{positions / best['wall_s'] / 1e6:6.2f} M/s  {best['wall_s']:7.2f} s wall",
        f"{best['cpu_s']:7.2f} s CPU  (the first time {result['runs'][0]['wall_s']:.2f} s)",
        f"peak {result['own_mb']} MB, workers {workers} MB",
        sep="  ",
    )


def _profile(source: Path) -> None:
    """Where the time of one inline run goes."""
    arguments = json.dumps({"source": str(source), "executor": "inline", "workers": 1, "runs": 1})
    profiled = [sys.executable, "-m", "cProfile", "-s", "cumulative", __file__, "--child", "judged"]
    command = [*profiled, "--arguments", arguments, "--answer", os.devnull]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


def bench(positions: int, asked: argparse.Namespace) -> bool:
    """One size of city; whether both agreed."""
    started = time.perf_counter()
    source, made = made_city.city_home(asked.cache, positions)
    print(
        f"\n{made:,} positions (made or found in {time.perf_counter() - started:.0f} s); best of {asked.runs}"
    )
    several = child(
        "judged", source=str(source), executor="processes", workers=asked.workers, runs=asked.runs
    )
    _show(f"check, {asked.workers} processes", made, several)
    inline = child("judged", source=str(source), executor="inline", workers=1, runs=asked.runs)
    _show("check, inline", made, inline)
    agreed = several["said"] == inline["said"] or not differences(several["said"], inline["said"])
    if not agreed:
        print("inline and processes differ")
    if asked.profile:
        _profile(source)
    if asked.no_pandas:
        return agreed
    with tempfile.TemporaryDirectory(dir=asked.cache) as name:
        told = export(source, Path(name))
        plain = child("plainly", told=told, workers=asked.workers)
        _show(f"plain pandas, {asked.workers} processes", made, plain)
    best, slow = (min(r["runs"], key=lambda run: float(run["wall_s"])) for r in (several, plain))
    ratio, by_cpu = slow["wall_s"] / best["wall_s"], slow["cpu_s"] / best["cpu_s"]
    print(f"{'':26}{ratio:.1f} times as fast as plain pandas, {by_cpu:.1f} times by CPU seconds")
    spent = sorted(plain["spent"].items(), key=lambda pair: -pair[1])
    print("CPU seconds of plain pandas: " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in spent))
    loops = sum(plain["spent"].get(name, 0.0) for name in AUTOMATA)
    ratio = (slow["cpu_s"] - loops) / best["cpu_s"]
    print(f"without its two rules that loop over every fix: {ratio:.1f} times by CPU seconds")
    # Rules that were never written in plain pandas are asked, and so cost the product alone.
    twins = {rule: said for rule, said in several["said"].items() if rule in plain["said"]}
    lines = differences(twins, plain["said"])
    found, unjudged = (sum(len(one[name]) for one in plain["said"].values()) for name in ("ids", "unjudged"))
    equal = f"equal answers: {found:,} findings, {unjudged:,} rows not judged, {len(plain['said'])} rules"
    print("\n".join(lines) if lines else equal)
    return agreed and not lines


def main(argv: list[str] | None = None) -> int:
    """Runs the benchmark and prints its figures; 1 where the answers differ."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench check", description=(__doc__ or "").split("\n", 1)[0]
    )
    parser.add_argument("--positions", type=int, nargs="+", default=[20_000_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--no-pandas", action="store_true")
    parser.add_argument("--profile", action="store_true", help="also where the time of one inline run goes")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where made cities are kept between runs")
    parser.add_argument("--drop-cache", action="store_true", help="delete the kept cities first")
    parser.add_argument("--child", choices=("judged", "plainly"), help=argparse.SUPPRESS)
    parser.add_argument("--arguments", help=argparse.SUPPRESS)
    parser.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    if asked.child:
        _child(asked.child, json.loads(asked.arguments), asked.answer)
        return 0
    if asked.drop_cache:
        shutil.rmtree(asked.cache, ignore_errors=True)
    asked.cache.mkdir(parents=True, exist_ok=True)
    agreed = [bench(positions, asked) for positions in asked.positions]
    return 0 if all(agreed) else 1


if __name__ == "__main__":
    sys.exit(main())
