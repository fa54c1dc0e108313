"""How often made drivers are accused of what they did not do, and how often of what they did: speeding.

Drives over Chengdu's roads as receivers would report them, judged as the product judges: the highest limit of
all roads within reach that run the same way, both margins, three fixes in a row and 15 s, the device's speed
and the speed from point to point agreeing. Innocent drivers keep to 50 to 98 % of each road's limit, brake in
time for lower ones and stop at some junctions. Speeders drive 30 % above it all the way, or 20 % for 60 s.
Limits fall with the class of road more steeply than the law's defaults do, so that neighbours differ.

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
from taxi_qa.facts.speed_stretches import ERROR_SHARE, ROAD_REACH_M, margins_of  # noqa: E402
from taxi_qa.facts.speeding import NO_LIMIT, over_limit_runs  # noqa: E402
from taxi_qa.facts.track import lay  # noqa: E402
from taxi_qa.law.parameter import Law  # noqa: E402
from taxi_qa.law.read import read_law  # noqa: E402
from taxi_qa.records.fixes import NO_DELAY, NO_ODOMETER, Fixes  # noqa: E402
from taxi_qa.roads.index import Int16s, SegmentIndex, segment_index  # noqa: E402
from taxi_qa.roads.limits import highest_codirectional, limits_on  # noqa: E402
from taxi_qa.roads.network import Network  # noqa: E402
from taxi_qa.roads.osm import read_pbf  # noqa: E402
from taxi_qa.roads.receivers import receiver_errors_m  # noqa: E402
from taxi_qa.rules.driving.speeding import speeding  # noqa: E402
from taxi_qa.values.clock import day_start_ms  # noqa: E402
from taxi_qa.values.columns import Columns  # noqa: E402

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


def judged(
    index: SegmentIndex, network: Network, traces: Traces, law: Law, error_m: Floats
) -> tuple[Bools, Int16s]:
    """Which traces have a finding, and the limit each of all fixes is held against.

    The margins are the house's, the runs and the verdict those of the product; `error_m` is what is believed
    of each trace's receiver.
    """
    began = day_start_ms(DAY, law.timezone)
    n = traces.time_ms.size
    noon_ms = 12 * 3_600_000
    fixes = Fixes(
        vehicle_ids=tuple(f"V{number:06d}" for number in range(traces.count)),
        starts=traces.starts,
        time_ms=began + noon_ms + traces.time_ms,
        lon_e7=traces.lon_e7,
        lat_e7=traces.lat_e7,
        speed_ckmh=traces.speed_ckmh,
        heading_ddeg=traces.heading_ddeg,
        flags=np.zeros(n, dtype=np.int16),
        odometer_m=np.full(n, NO_ODOMETER, dtype=np.int32),
        delay_ms=np.full(n, NO_DELAY, dtype=np.int32),
    )
    track = lay(fixes, law.number("house.quality.jump_kmh", began))
    kept = track.labels == 0
    limits = limits_on(network, law, None, DAY)
    limit, *_ = highest_codirectional(
        index, limits, track.lon_e7, track.lat_e7, traces.heading_ddeg[kept],
        np.full(track.time_ms.size, noon_ms, dtype=np.int32),
        (ROAD_REACH_M + ERROR_SHARE * np.repeat(error_m, np.diff(track.starts))).astype(np.float32),
    )  # fmt: skip
    runs = over_limit_runs(track, limit, margins_of(law, began))
    count = runs.first.size
    text = np.full(count, "", dtype=object)
    verdict = speeding(
        Columns(
            {
                "kind": np.full(count, "stretch", dtype=object),
                "limit_kmh": runs.limit_kmh,
                "mean_kmh": runs.sure_kmh,
                "top_kmh": runs.top_kmh,
                "held_s": (track.time_ms[runs.last] - track.time_ms[runs.first]) / 1000.0,
                "distance_m": runs.distance_m,
                "fixes": (runs.last - runs.first + 1).astype(np.float64),
                "judged_ratio": np.ones(count),
                **dict.fromkeys(("limit_source", "limit_name", "road", "way_ids", "limit_leans_on"), text),
                **dict.fromkeys(("notable_ratio", "grave_ratio"), np.full(count, np.nan)),
            }
        ),
        {
            f"house.driving.speeding_{name}": np.full(
                count, law.number(f"house.driving.speeding_{name}", began)
            )
            for name in ("ratio", "kmh", "s", "fixes", "judged_ratio")
        },
    )
    found = np.zeros(traces.count, dtype=bool)
    found[runs.vehicle[np.asarray(verdict.guilty)]] = True
    held: Int16s = np.full(n, NO_LIMIT, dtype=np.int16)
    held[kept] = limit
    return found, held


def told_by_roads(index: SegmentIndex, traces: Traces) -> Floats:
    """The error of each trace's receiver as the product tells it; so many traces are one car's day."""
    firsts = np.arange(0, traces.count, TRACES_A_DAY)
    starts = np.append(traces.starts[firsts], traces.starts[-1])
    told = receiver_errors_m(
        index, starts, traces.lon_e7, traces.lat_e7, traces.heading_ddeg, traces.speed_ckmh
    )
    return told[np.arange(traces.count) // TRACES_A_DAY]


def spacing_s(traces: Traces) -> Floats:
    """Seconds between the fixes of each trace (0 where it has one)."""
    first, second = traces.starts[:-1], np.minimum(traces.starts[:-1] + 1, traces.starts[1:] - 1)
    spacing: Floats = (traces.time_ms[second] - traces.time_ms[first]) / 1000.0
    return spacing


def accused(
    index: SegmentIndex, network: Network, ways: Drives, kmh: Int16s, law: Law, error_lasts_s: float
) -> None:
    """Innocent traces that have a finding."""
    print(f"innocent: {ways.start.size - 1:,} traces at 50 to 98 % of the limit")
    house_m = law.number("house.quality.gnss_error_m", day_start_ms(DAY, law.timezone))
    for error_m in ERRORS_M:
        manner = replace(INNOCENT, error_m=error_m, error_lasts_s=error_lasts_s)
        rng = np.random.default_rng(SEED)
        traces = heard(network, ways, kmh, rng, manner, every_s=EVERY_S, most_fixes=FIXES)
        told_m = np.fmax(told_by_roads(index, traces), house_m)
        for name, believed_m in (
            ("known", np.full(traces.count, error_m)),
            ("told by roads", told_m),
            ("the house's", np.full(traces.count, house_m)),
        ):
            found, limit = judged(index, network, traces, law, believed_m)
            print(
                f"  error {error_m:4.0f} m, {name:13} {believed_m.mean():5.1f} m:"
                f" {int(found.sum()):5} accused ({100 * found.mean():.4f} %), limit known at"
                f" {100 * (limit >= 0).mean():.1f} % of {limit.size:,} fixes"
            )


def caught(
    index: SegmentIndex, network: Network, ways: Drives, kmh: Int16s, law: Law, error_lasts_s: float
) -> None:
    """Speeders that have a finding."""
    print(f"speeders: {ways.start.size - 1:,} traces each")
    for error_m in ERRORS_M:
        for name, manner in (("+30 % all the way", STEADY), ("+20 % for 60 s", BURST)):
            rng = np.random.default_rng(SEED + 1)
            as_heard = replace(manner, error_m=error_m, error_lasts_s=error_lasts_s)
            # A burst may come late: then the receiver is heard to the end of the drive.
            most = 4 * FIXES if manner.burst_share else FIXES
            traces = heard(network, ways, kmh, rng, as_heard, every_s=EVERY_S, most_fixes=most)
            found, limit = judged(index, network, traces, law, np.full(traces.count, error_m))
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
    index, law = segment_index(network), read_law("guangzhou")
    rng = np.random.default_rng(SEED)
    ways = drives(network, rng, asked.traces, least_m=LEAST_M, core_m=CORE_M)
    accused(index, network, ways, kmh, law, asked.error_lasts)
    ways = drives(network, rng, asked.speeders, least_m=LEAST_M, core_m=CORE_M)
    caught(index, network, ways, kmh, law, asked.error_lasts)
    print(f"{time.process_time() - began:.0f} CPU s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
