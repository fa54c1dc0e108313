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
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from pstats import Stats
from statistics import median_low
from typing import TYPE_CHECKING, Any

import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

# The checkout is on the path now.
from scripts import made_city  # noqa: E402
from scripts.check_run import Peaks  # noqa: E402
from scripts.plain_pandas import RULES, invalid_papers, read_bucket  # noqa: E402
from taxi_qa.findings.finding import finding_key  # noqa: E402
from taxi_qa.law.read import read_law  # noqa: E402
from taxi_qa.store import library  # noqa: E402
from taxi_qa.store.home import open_home  # noqa: E402
from taxi_qa.values.clock import date_of, day_of, day_start_ms  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

CACHE = Path(tempfile.gettempdir()) / "taxi_qa_bench_city"
# Rules that plain pandas has, too.
TWINS = sorted([*RULES, "licence.invalid"])
# Lines of a profile.
_PROFILED = 40
# Rules that are automata over the fixes of a car: pandas has nothing for them but a loop.
AUTOMATA = ("driving.long_hours", "licence.cloned_plate")


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
    program = [str(ROOT / "scripts/check_run.py")] if kind == "judged" else [__file__, "--child", kind]
    command = [sys.executable, *program, "--arguments", json.dumps(arguments)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
    }
    with tempfile.NamedTemporaryFile("r", suffix=".json") as answer:
        subprocess.run([*command, "--answer", answer.name], check=True, env=environment)
        result: dict[str, Any] = json.loads(Path(answer.name).read_text())
    return result


def _show(name: str, positions: int, result: dict[str, Any]) -> None:
    best = min(result["runs"], key=lambda run: float(run["wall_s"]))
    workers = "/".join(str(mb) for mb in result["workers_mb"][:2]) or "-"
    print(
        f"{name:40}{positions / best['wall_s'] / 1e6:6.2f} M/s  {best['wall_s']:7.2f} s wall",
        f"{best['cpu_s']:7.2f} s CPU  (the first time {result['runs'][0]['wall_s']:.2f} s)",
        f"peak {result['own_mb']} MB, workers {workers} MB",
        sep="  ",
    )


def _profile(source: Path) -> None:
    """Where the time of one inline run goes."""
    arguments = json.dumps({"source": str(source), "executor": "inline", "workers": 1, "runs": 1})
    with tempfile.NamedTemporaryFile() as kept:
        profiled = [sys.executable, "-m", "cProfile", "-o", kept.name, str(ROOT / "scripts/check_run.py")]
        command = [*profiled, "--arguments", arguments, "--answer", os.devnull]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
        stats = Stats(kept.name)
    stats.sort_stats("cumulative").print_stats("taxi_qa", _PROFILED)
    stats.sort_stats("tottime").print_stats(_PROFILED)


def bench(positions: int, asked: argparse.Namespace) -> bool:
    """One size of city; whether both agreed."""
    started = time.perf_counter()
    source, made = made_city.city_home(asked.cache, positions)
    print(
        f"\n{made:,} positions (made or found in {time.perf_counter() - started:.0f} s); best of {asked.runs}"
    )
    alike = {"source": str(source), "runs": asked.runs}
    several = child("judged", **alike, executor="processes", workers=asked.workers)
    _show(f"check, {asked.workers} processes", made, several)
    # As many rules as plain pandas has: both do the same work then.
    same = child("judged", **alike, executor="processes", workers=asked.workers, rules=TWINS)
    _show(f"the same, {len(TWINS)} rules of plain pandas", made, same)
    inline = child("judged", **alike, executor="inline", workers=1)
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
    best, slow = (min(r["runs"], key=lambda run: float(run["wall_s"])) for r in (same, plain))
    ratio, by_cpu = slow["wall_s"] / best["wall_s"], slow["cpu_s"] / best["cpu_s"]
    print(f"{'':40}{ratio:.1f} times as fast as plain pandas, {by_cpu:.1f} times by CPU seconds")
    spent = sorted(plain["spent"].items(), key=lambda pair: -pair[1])
    print("CPU seconds of plain pandas: " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in spent))
    loops = sum(plain["spent"].get(name, 0.0) for name in AUTOMATA)
    ratio = (slow["cpu_s"] - loops) / best["cpu_s"]
    print(f"without its two rules that loop over every fix: {ratio:.1f} times by CPU seconds")
    lines = differences(same["said"], plain["said"])
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
    parser.add_argument("--child", choices=("plainly",), help=argparse.SUPPRESS)
    parser.add_argument("--arguments", help=argparse.SUPPRESS)
    parser.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    if asked.child:
        asked.answer.write_text(json.dumps(plainly(**json.loads(asked.arguments))))
        return 0
    if asked.drop_cache:
        shutil.rmtree(asked.cache, ignore_errors=True)
    asked.cache.mkdir(parents=True, exist_ok=True)
    agreed = [bench(positions, asked) for positions in asked.positions]
    return 0 if all(agreed) else 1


if __name__ == "__main__":
    sys.exit(main())
