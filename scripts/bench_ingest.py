"""How fast files of positions are taken in, how small they lie and how much memory it needs.

Makes days of a made taxi fleet (a fix every 10-30 s, stops, turns, 4 m of noise, in order of time) as CSV and
Parquet in a temporary folder, takes each in by the product's own way up to the committed-ready segments,
and does the same job in plain pandas (read, sort, write) for comparison. Every measured run is a process
of its own, so its peak memory is its own.

    scripts/bench ingest [--rows 20000000] [--days 1] [--runs 3] [--workers 2] [--no-pandas]
                         [--only csv|parquet] [--folder FOLDER]
    scripts/bench ingest --csv-gb 5      one CSV of that size, a fleet's five days, by the whole command once
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from numba import njit

ZONE = "Asia/Shanghai"
BUCKETS = 32
FIELDS = ("vehicle_id", "time", "lon", "lat", "speed_kmh", "heading_deg", "loaded")
DAY_S = 86_400
MEAN_STEP_S = 20
CSV_ROW_BYTES = 61
CSV_DAYS = 5
WINDOW_S = 900
LON_0, LAT_0 = 113.38, 22.52
NOISE_M = 4.0
HALF_CITY_M = 15_000.0
START = "2026-10-20"
NOW_MS = 1_795_000_000_000
SHA = "0123456789abcdef" * 4

Floats = npt.NDArray[np.float64]


@njit(cache=True)
def _seed(seed: int) -> None:
    np.random.seed(seed)  # noqa: NPY002 - the generator compiled code has


@njit(cache=True)
def _drive(state: Floats, until_s: float, out: Floats) -> int:
    """Moves every taxi on to `until_s`; one row of `out` (taxi, s, x, y, km/h, degrees, loaded) a fix."""
    n = 0
    for taxi in range(state.shape[0]):
        at, x, y, speed, heading, stand, loaded, change = state[taxi]
        while at < until_s:
            out[n, 0], out[n, 1] = taxi, at
            out[n, 2] = x + np.random.normal(0.0, NOISE_M)  # noqa: NPY002
            out[n, 3] = y + np.random.normal(0.0, NOISE_M)  # noqa: NPY002
            out[n, 4], out[n, 5], out[n, 6] = speed, heading, loaded
            n += 1
            step = np.random.randint(10, 31)  # noqa: NPY002
            at += step
            if at >= change:
                loaded = 1.0 - loaded
                change = at + np.random.exponential(700.0)  # noqa: NPY002
                stand = at + np.random.exponential(40.0)  # noqa: NPY002
            if at < stand:
                speed = 0.0
                continue
            if np.random.random() < 0.06:  # noqa: NPY002
                stand = at + np.random.exponential(60.0)  # noqa: NPY002
            if np.random.random() < 0.15:  # noqa: NPY002
                heading = (heading + (90.0 if np.random.random() < 0.5 else 270.0)) % 360.0  # noqa: NPY002
            heading = (heading + np.random.normal(0.0, 3.0)) % 360.0  # noqa: NPY002
            speed = min(max(0.8 * speed + 0.2 * 38.0 + np.random.normal(0.0, 8.0), 3.0), 110.0)  # noqa: NPY002
            x += speed / 3.6 * step * np.sin(np.radians(heading))
            y += speed / 3.6 * step * np.cos(np.radians(heading))
            if abs(x) > HALF_CITY_M or abs(y) > HALF_CITY_M:
                heading = np.degrees(np.arctan2(-x, -y)) % 360.0
        state[taxi] = at, x, y, speed, heading, stand, loaded, change
    return n


def fleet(rows: int, days: int, seed: int = 1) -> Iterator[pa.Table]:
    """About `rows` positions of some days in order of time, window by window."""
    taxis = max(1, round(rows / days * MEAN_STEP_S / DAY_S))
    rng = np.random.default_rng(seed)
    _seed(seed)
    state = np.zeros((taxis, 8))
    state[:, 0] = rng.integers(0, 30, taxis)
    state[:, 1:3] = rng.uniform(-HALF_CITY_M, HALF_CITY_M, (taxis, 2))
    state[:, 4] = rng.uniform(0, 360, taxis)
    state[:, 7] = rng.exponential(700.0, taxis)
    plates = pa.array([f"粤T{number:05d}" for number in rng.permutation(100_000)[:taxis]])
    start = np.datetime64(START, "s")
    per_lon, per_lat = 111_320 * np.cos(np.radians(LAT_0)), 110_750
    out = np.empty((taxis * (WINDOW_S // 10 + 2), 7))
    for until in range(WINDOW_S, days * DAY_S + 1, WINDOW_S):
        fixes = out[: _drive(state, float(until), out)]
        fixes = fixes[np.argsort(fixes[:, 1], kind="stable")]
        yield pa.table({
            "vehicle_id": pa.DictionaryArray.from_arrays(fixes[:, 0].astype(np.int32), plates),
            "time": pa.array(start + fixes[:, 1].astype("timedelta64[s]")),
            "lon": np.round(LON_0 + fixes[:, 2] / per_lon, 6),
            "lat": np.round(LAT_0 + fixes[:, 3] / per_lat, 6),
            "speed_kmh": np.round(fixes[:, 4], 1),
            "heading_deg": np.round(fixes[:, 5]).astype(np.int16),
            "loaded": fixes[:, 6].astype(np.int8),
        })  # fmt: skip


def make_files(folder: Path, rows: int, days: int, formats: list[str]) -> int:
    """Writes the fleet's days; gives the number of rows."""
    made, csv, parquet = 0, None, None
    for table in fleet(rows, days):
        made += table.num_rows
        if "csv" in formats:
            plain = table.set_column(0, "vehicle_id", table.column(0).cast(pa.string()))
            csv = csv or pa.csv.CSVWriter(
                folder / "positions.csv",
                plain.schema,
                write_options=pa.csv.WriteOptions(quoting_style="none"),
            )
            csv.write_table(plain)
        if "parquet" in formats:
            parquet = parquet or pq.ParquetWriter(
                folder / "positions.parquet", table.schema, compression="zstd"
            )
            parquet.write_table(table, row_group_size=1 << 20)
    for writer in (csv, parquet):
        if writer is not None:
            writer.close()
    return made


def _never(rows: Any) -> Any:  # noqa: ANN401 - called for nothing
    raise AssertionError(f"{len(rows)} rows of the made fleet were not taken the fast way")


def take(source: Path, folder: Path, workers: int) -> dict[str, Any]:
    """One file through the product's fast way."""
    from taxi_qa.ingest.fast_positions import ingest_positions, plan_csv, plan_parquet  # noqa: PLC0415
    from taxi_qa.store.tracks import Existing  # noqa: PLC0415

    if source.suffix == ".csv":
        with source.open("rb") as file:
            start = len(file.readline())
        plan = plan_csv(source, fields=FIELDS, data_start=start, zone=ZONE)
    else:
        plan = plan_parquet(source, columns={name: name for name in FIELDS}, zone=ZONE)

    taken = ingest_positions(
        plan, folder, buckets=BUCKETS, source=SHA, existing=lambda _day, _bucket: Existing(), slow=_never,
        on_refused=_never, workers=workers,
    )  # fmt: skip
    return {"rows": taken.rows, "bytes": sum(segment.bytes for segment in taken.segments),
            "accepted": sum(segment.accepted for segment in taken.segments)}  # fmt: skip


def take_whole(source: Path, folder: Path, workers: int) -> dict[str, Any]:
    """One file through the whole of `taxi-qa ingest`: digest, encoding, tracks, manifest, synced."""
    from taxi_qa.ingest.take import take as take_in  # noqa: PLC0415
    from taxi_qa.store.home import open_home  # noqa: PLC0415

    (report,) = take_in(open_home(folder), [source], now_ms=NOW_MS, workers=workers)
    tracks = sum(file.stat().st_size for file in (folder / "tracks").rglob("*.parquet"))
    return {"rows": report.rows, "bytes": tracks, "accepted": report.accepted}


def take_with_pandas(source: Path, folder: Path, _workers: int) -> dict[str, Any]:
    """The same job in plain pandas."""
    frame = (
        pd.read_parquet(source) if source.suffix == ".parquet" else pd.read_csv(source, parse_dates=["time"])
    )
    frame = frame.sort_values(["vehicle_id", "time", "lon", "lat"], kind="stable")
    frame = frame.drop_duplicates(["vehicle_id", "time", "lon", "lat"])
    frame.to_parquet(folder / "sorted.parquet", compression="zstd", index=False)
    return {"rows": len(frame), "bytes": (folder / "sorted.parquet").stat().st_size, "accepted": len(frame)}


def measured(way: str, source: Path, workers: int) -> dict[str, Any]:
    """In a process of its own: one job, its wall and CPU seconds and its peak memory."""
    with tempfile.TemporaryDirectory(dir=source.parent) as name:
        folder = Path(name) / "home"
        folder.mkdir()
        if way == "whole":
            from taxi_qa.store.home import make_home  # noqa: PLC0415

            make_home(folder, city="guangzhou", buckets=BUCKETS)
        ways = {"fast": take, "whole": take_whole, "pandas": take_with_pandas}
        started, cpu = time.perf_counter(), time.process_time()
        result = ways[way](source, folder, workers)
        result |= {"wall_s": time.perf_counter() - started, "cpu_s": time.process_time() - cpu}
    status = Path("/proc/self/status").read_text()
    result["peak_mb"] = int(status.split("VmHWM:")[1].split()[0]) / 1024
    return result


def best_of(runs: int, way: str, source: Path, workers: int) -> dict[str, Any]:
    """The quickest of several runs, with the greatest peak of all."""
    results = []
    for _ in range(runs):
        command = [
            sys.executable,
            __file__,
            "--child",
            way,
            "--source",
            str(source),
            "--workers",
            str(workers),
        ]
        told = subprocess.run(command, check=True, capture_output=True, text=True, env=_environment())
        results.append(json.loads(told.stdout))
    best = min(results, key=lambda r: float(r["wall_s"]))
    return {**best, "peak_mb": max(r["peak_mb"] for r in results)}


def _environment() -> dict[str, str]:
    root = str(Path(__file__).resolve().parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))}


def lookups(source: Path) -> str:
    """One vehicle's hour, read from segments made of the file: 200 of them."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from taxi_qa.ingest.fast_positions import ingest_positions, plan_parquet  # noqa: PLC0415
    from taxi_qa.store.tracks import Existing, read  # noqa: PLC0415

    with tempfile.TemporaryDirectory(dir=source.parent) as name:
        plan = plan_parquet(source, columns={f: f for f in FIELDS}, zone=ZONE)
        taken = ingest_positions(
            plan, Path(name), buckets=BUCKETS, source=SHA, existing=lambda _day, _bucket: Existing(),
            slow=_never, on_refused=_never,
        )  # fmt: skip
        rng = np.random.default_rng(2)
        spent = []
        for segment in [taken.segments[int(i)] for i in rng.integers(0, len(taken.segments), 200)]:
            vehicle = list(segment.vehicles)[int(rng.integers(0, len(segment.vehicles)))]
            hour = segment.first_ms + 3_600_000 * int(rng.integers(0, 23))
            started = time.perf_counter()
            read([segment.temp_path or source], vehicle_id=vehicle, from_ms=hour, to_ms=hour + 3_600_000)
            spent.append(1000 * (time.perf_counter() - started))
        started, cpu = time.perf_counter(), time.process_time()
        paths = [s.temp_path for s in taken.segments if s.temp_path is not None]
        rows = sum(len(read([path], columns=("speed_ckmh", "flags"))) for path in paths)
        wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    return (
        f"one vehicle and hour: median {np.median(spent):.1f} ms, p95 {np.percentile(spent, 95):.1f} ms, "
        f"worst {max(spent):.1f} ms\n"
        f"whole partitions, time, place, speed, flags: {rows / wall / 1e6:.1f} M positions/s "
        f"({rows / cpu / 1e6:.1f} M a core second)"
    )


def main(argv: list[str] | None = None) -> int:
    """Runs the benchmark and prints its figures."""
    parser = argparse.ArgumentParser(prog="scripts/bench ingest", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--csv-gb", type=float)
    parser.add_argument("--folder", type=Path, help="where the files are made and thrown away")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=("csv", "parquet"))
    parser.add_argument("--no-pandas", action="store_true")
    parser.add_argument("--child", choices=("fast", "whole", "pandas"), help=argparse.SUPPRESS)
    parser.add_argument("--source", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    if asked.child:
        print(json.dumps(measured(asked.child, asked.source, asked.workers)))
        return 0
    if asked.csv_gb:
        asked.only, asked.runs, asked.no_pandas, asked.days = "csv", 1, True, CSV_DAYS
        asked.rows = round(asked.csv_gb * 1e9 / CSV_ROW_BYTES)
    formats = [asked.only] if asked.only else ["parquet", "csv"]
    folder = Path(tempfile.mkdtemp(prefix="taxi_qa_bench_", dir=asked.folder))
    try:
        started = time.perf_counter()
        rows = make_files(folder, asked.rows, asked.days, formats)
        print(
            f"{rows:,} positions made in {time.perf_counter() - started:.0f} s; "
            f"best of {asked.runs}, {asked.workers} workers"
        )
        for form in formats:
            source = folder / f"positions.{form}"
            size = source.stat().st_size / 1e6
            if not asked.csv_gb:
                fast = best_of(asked.runs, "fast", source, asked.workers)
                _show(f"{form} ({size:,.0f} MB)", fast)
            whole = best_of(asked.runs, "whole", source, asked.workers)
            _show(f"{form} ({size:,.0f} MB), whole" if asked.csv_gb else f"{form}, whole command", whole)
            if not asked.no_pandas:
                plain = best_of(1, "pandas", source, asked.workers)
                _show(f"{form} in plain pandas", plain)
                print(
                    f"{'':28}{plain['wall_s'] / fast['wall_s']:.1f} times as fast as pandas, "
                    f"{plain['cpu_s'] / fast['cpu_s']:.1f} times by CPU seconds"
                )
            if form == "parquet":
                print(lookups(source))
    finally:
        shutil.rmtree(folder)
    return 0


def _show(name: str, result: dict[str, Any]) -> None:
    print(
        f"{name:28}{result['rows'] / result['wall_s'] / 1e6:6.2f} M rows/s  "
        f"{result['wall_s']:6.2f} s wall  {result['cpu_s']:6.2f} s CPU  "
        f"{result['bytes'] / result['accepted']:5.2f} bytes a position  {result['peak_mb']:5.0f} MB peak"
    )


if __name__ == "__main__":
    sys.exit(main())
