"""How often made drivers are accused of what they did not do, and how often of what they did: speeding.

Drives over Chengdu's roads as receivers would report them, judged by the product itself, so many drives a
car's day: the highest limit of all roads within reach that run the same way, both margins, three fixes in a
row and 15 s, the device's speed and the speed from point to point agreeing; how far a receiver errs is the
house's belief, or more where the roads tell so. Innocent drivers keep to 50 to 98 % of each road's limit,
brake in time for lower ones and stop at some junctions. Speeders drive 30 % above it all the way, or 20 % for
60 s. Limits fall with the class of road more steeply than the law's defaults do, so that neighbours differ.

    scripts/bench accusations [--traces 20000] [--speeders 2000] [--extract FILE] [--error-lasts 0]
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from scripts.bench_roads import CORE_M, DAY, LEAST_M, extract_of, ladder  # noqa: E402
from scripts.road_traces import Drives, Manner, Traces, drives, heard  # noqa: E402
from taxi_qa.facts.given import Given, empty_table  # noqa: E402
from taxi_qa.facts.speed_stretches import ERROR_SHARE, ROAD_REACH_M, speed_stretches  # noqa: E402
from taxi_qa.facts.track import lay  # noqa: E402
from taxi_qa.law.parameter import Law  # noqa: E402
from taxi_qa.law.read import read_law  # noqa: E402
from taxi_qa.records.fixes import NO_DELAY, NO_ODOMETER, Fixes  # noqa: E402
from taxi_qa.records.kinds import KINDS  # noqa: E402
from taxi_qa.roads.city import Roads  # noqa: E402
from taxi_qa.roads.index import Int16s, segment_index  # noqa: E402
from taxi_qa.roads.limits import highest_codirectional  # noqa: E402
from taxi_qa.roads.osm import read_pbf  # noqa: E402
from taxi_qa.rules.excuses import no_excuses  # noqa: E402
from taxi_qa.rules.kit import catalogue, judge  # noqa: E402
from taxi_qa.values.clock import MS_PER_DAY, day_start_ms  # noqa: E402

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

SEED: Final = 20_261_020
ERRORS_M: Final = (5.0, 8.0, 15.0, 25.0)
EVERY_S: Final = (10, 30)
FIXES: Final = 30
TRACES_A_DAY: Final = 20
INNOCENT: Final = Manner(low=0.5, high=0.98, stops=0.1)
STEADY: Final = Manner(low=1.3, high=1.3, spread=0.0, stops=0.0)
# Below 40 km/h a fifth more is hardly above the other margin of 6 km/h.
BURST: Final = replace(INNOCENT, burst_share=1.2, burst_s=60.0, burst_from_kmh=40.0)


def judged(roads: Roads, traces: Traces, law: Law) -> Bools:
    """Which traces have a finding of the product's: so many traces are one car's day, one after the other."""
    began = day_start_ms(DAY, law.timezone)
    number = np.arange(traces.count)
    apart_ms = MS_PER_DAY // (TRACES_A_DAY + 1)
    offset_ms = began + (number % TRACES_A_DAY) * apart_ms
    n = traces.time_ms.size
    cars = range(-(-traces.count // TRACES_A_DAY))
    vehicle_ids = tuple(f"V{car:06d}" for car in cars)
    fixes = Fixes(
        vehicle_ids=vehicle_ids,
        starts=np.append(traces.starts[:-1:TRACES_A_DAY], traces.starts[-1]),
        time_ms=np.repeat(offset_ms, np.diff(traces.starts)) + traces.time_ms,
        lon_e7=traces.lon_e7,
        lat_e7=traces.lat_e7,
        speed_ckmh=traces.speed_ckmh,
        heading_ddeg=traces.heading_ddeg,
        flags=np.zeros(n, dtype=np.int16),
        odometer_m=np.full(n, NO_ODOMETER, dtype=np.int32),
        delay_ms=np.full(n, NO_DELAY, dtype=np.int32),
    )
    given = Given(
        zone=law.timezone,
        from_ms=began,
        to_ms=began + MS_PER_DAY,
        heard_to_ms=began + MS_PER_DAY,
        fixes=fixes,
        track=lay(fixes, law.number("house.quality.jump_kmh", began)),
        tables={kind: empty_table(kind) for kind in KINDS if kind != "positions"},
        feeds={"positions": frozenset({DAY})},
        seen=dict.fromkeys(vehicle_ids, (DAY, DAY)),
        areas={},
        roads=roads,
    )
    rule = catalogue()["driving.speeding"]
    outcome = judge(rule, speed_stretches(given, law), law, no_excuses())
    found = np.zeros(traces.count, dtype=bool)
    for finding in outcome.found:
        car = int(finding.vehicle_id[1:])
        found[car * TRACES_A_DAY + (finding.start_ms - began) // apart_ms] = True
    return found


def limits_held(roads: Roads, traces: Traces, law: Law, error_m: float) -> Int16s:
    """The limit each fix is held against by a receiver that errs so much: what could be seen at all."""
    limit, *_ = highest_codirectional(
        roads.index, roads.limits(law, DAY), traces.lon_e7, traces.lat_e7, traces.heading_ddeg,
        np.full(traces.time_ms.size, MS_PER_DAY // 2, dtype=np.int32),
        np.full(traces.time_ms.size, ROAD_REACH_M + ERROR_SHARE * error_m, dtype=np.float32),
    )  # fmt: skip
    return limit


def spacing_s(traces: Traces) -> Floats:
    """Seconds between the fixes of each trace (0 where it has one)."""
    first, second = traces.starts[:-1], np.minimum(traces.starts[:-1] + 1, traces.starts[1:] - 1)
    spacing: Floats = (traces.time_ms[second] - traces.time_ms[first]) / 1000.0
    return spacing


def accused(roads: Roads, ways: Drives, kmh: Int16s, law: Law, error_lasts_s: float) -> None:
    """Innocent traces that have a finding."""
    print(f"innocent: {ways.start.size - 1:,} traces at 50 to 98 % of the limit")
    for error_m in ERRORS_M:
        manner = replace(INNOCENT, error_m=error_m, error_lasts_s=error_lasts_s)
        rng = np.random.default_rng(SEED)
        traces = heard(roads.network, ways, kmh, rng, manner, every_s=EVERY_S, most_fixes=FIXES)
        found, limit = judged(roads, traces, law), limits_held(roads, traces, law, error_m)
        print(
            f"  error {error_m:4.0f} m: {int(found.sum()):5} accused ({100 * found.mean():.4f} %),"
            f" limit known at {100 * (limit >= 0).mean():.1f} % of {limit.size:,} fixes"
        )


def caught(roads: Roads, ways: Drives, kmh: Int16s, law: Law, error_lasts_s: float) -> None:
    """Speeders that have a finding."""
    print(f"speeders: {ways.start.size - 1:,} traces each")
    for error_m in ERRORS_M:
        for name, manner in (("+30 % all the way", STEADY), ("+20 % for 60 s", BURST)):
            rng = np.random.default_rng(SEED + 1)
            as_heard = replace(manner, error_m=error_m, error_lasts_s=error_lasts_s)
            # A burst may come late: then the receiver is heard to the end of the drive.
            most = 4 * FIXES if manner.burst_share else FIXES
            traces = heard(roads.network, ways, kmh, rng, as_heard, every_s=EVERY_S, most_fixes=most)
            found, limit = judged(roads, traces, law), limits_held(roads, traces, law, error_m)
            print(f"  error {error_m:4.0f} m, {name:18}: {100 * found.mean():6.2f} % of all found")
            if manner.burst_share:
                for words, rows in _of_bursts(traces, limit >= 0, limit > kmh[traces.edge]):
                    share = 100 * found[rows].mean() if rows.any() else np.nan
                    print(f"{'':18}{words:60} {share:6.2f} % of {int(rows.sum()):,}")


def _of_bursts(traces: Traces, known: Bools, hidden: Bools) -> list[tuple[str, Bools]]:
    """Which bursts could be seen at all: three fixes in them, held against the road's own limit."""

    def fixes(which: Bools) -> npt.NDArray[np.int64]:
        return np.add.reduceat((traces.in_burst & which).astype(np.int64), traces.starts[:-1])

    three = fixes(np.ones(hidden.size, dtype=bool)) >= 3
    in_the_open = three & (fixes(~known | hidden) == 0)
    often = spacing_s(traces) <= 15
    return [
        ("with three fixes in the 60 s", three),
        ("the same, every 10 to 15 s", three & often),
        ("with three fixes, no faster road beside them", in_the_open),
        ("the same, every 10 to 15 s", in_the_open & often),
    ]


def main(argv: list[str] | None = None) -> int:
    """Runs the benchmark and prints its figures."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench accusations", description=(__doc__ or "").split("\n", 1)[0]
    )
    parser.add_argument("--traces", type=int, default=20_000)
    parser.add_argument("--speeders", type=int, default=2_000)
    parser.add_argument("--extract", type=Path)
    parser.add_argument(
        "--error-lasts", type=float, default=0.0, metavar="S",
        help="seconds in which an error of the place falls to 1/e; 0: each fix errs anew",
    )  # fmt: skip
    asked = parser.parse_args(argv)
    extract = extract_of(asked.extract)
    if not extract.is_file():
        print(f"not measured: there is no {extract.name}; set TAXI_QA_REAL_DATA or give --extract")
        return 0
    began = time.process_time()
    network = read_pbf(extract)
    kmh = ladder(network)
    # As if the whole map were tagged.
    network = replace(network, tag_kmh=kmh)
    roads, law = Roads(network, segment_index(network), None), read_law("guangzhou")
    rng = np.random.default_rng(SEED)
    ways = drives(network, rng, asked.traces, least_m=LEAST_M, core_m=CORE_M)
    accused(roads, ways, kmh, law, asked.error_lasts)
    ways = drives(network, rng, asked.speeders, least_m=LEAST_M, core_m=CORE_M)
    caught(roads, ways, kmh, law, asked.error_lasts)
    print(f"{time.process_time() - began:.0f} CPU s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
