"""Honest trips that are called detours, and detours that are found, on a real road network.

Makes trips through a city: honest drivers take the fastest way at free flow, the fastest at that hour, the
shortest, a reasonable alternative, or the way they like best (each weighs roads in his own manner, by A*,
and is at most a quarter slower than the fastest); others drive over a place that makes the way 30 to 100 %
longer.
Receivers report every 10 to 30 s with an error of 5 to 15 m. Speeds of the hours are learned from made
history, not known. Each trip is judged from its positions alone: the sum of chords against the longest
reasonable route, both margins ("longer"), and the driver's own way against reasonable times ("found").

    scripts/bench detour_honesty [--trips 20000] [--detours 5000] [--history 20000] [--free-only]

`--trips` are honest ones; speeds are learned from `--history` trips at either hour (a large city makes twice
as many in one hour), `--free-only` leaves them out. The extract is Chengdu's of $TAXI_QA_REAL_DATA (default:
../shared/data), or `--extract FILE.osm.pbf`.
"""

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from scripts.road_traces import Drives, Manner, heard  # noqa: E402
from taxi_qa.roads.a_star import a_star_ways, graph_of  # noqa: E402
from taxi_qa.roads.alternatives import alternatives  # noqa: E402
from taxi_qa.roads.index import SegmentIndex, segment_index  # noqa: E402
from taxi_qa.roads.learned import Passes, hourly_kmh  # noqa: E402
from taxi_qa.roads.metrics import DISTANCE, FREE, hour_metric  # noqa: E402
from taxi_qa.roads.network import APART, CLASSES, Network  # noqa: E402
from taxi_qa.roads.osm import read_pbf  # noqa: E402
from taxi_qa.roads.reference import (  # noqa: E402
    is_beyond,
    is_own_reasonable,
    longest_reasonable,
    own_way,
    places_along,
)
from taxi_qa.roads.routes import (  # noqa: E402
    ContractionRouter,
    Routes,
    joined,
    picked,
    router,
    routes_from,
    sums_along,
)
from taxi_qa.roads.snapping import Ends, ends_at, ends_of, other_direction, snap  # noqa: E402
from taxi_qa.values.place import distance_m  # noqa: E402

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Int32s = npt.NDArray[np.int32]
Floats32 = npt.NDArray[np.float32]
Int64s = npt.NDArray[np.int64]

PEAK, CALM = 8, 14
ERRORS_M = (5.0, 8.0, 10.0, 15.0)
RATIO, MARGIN_M = 1.2, 1_000.0
# Nobody gets in on a motorway.
BOARDING = [
    "primary", "secondary", "tertiary", "unclassified", "residential", "living_street", "service"
]  # fmt: skip
MOST_SLOWER = 0.25
TASTE_OF_WAY, TASTE_OF_CLASS = 0.35, 0.2
VIAS = 60
CORE = (104.06, 30.66, 0.15, 0.13)


@dataclass(frozen=True)
class Driven:
    """Trips as they were driven: what they are, at which hour, over which edges."""

    kind: npt.NDArray[np.str_]
    hour: npt.NDArray[np.int8]
    routes: Routes


def ends_of_trips(network: Network, rng: np.random.Generator, count: int) -> tuple[Ends, Ends]:
    """Where trips begin and end: anywhere along streets of the core, some 5 km apart."""
    lon, lat = (
        axis[network.tail].astype(np.float64) * 1e-7 for axis in (network.node_lon_e7, network.node_lat_e7)
    )
    names = np.isin(network.road_class, [CLASSES.index(name) for name in BOARDING])
    core = (np.abs(lon - CORE[0]) < CORE[2]) & (np.abs(lat - CORE[1]) < CORE[3])
    may = np.flatnonzero(names & core & (network.edge_flags & APART == 0) & (network.length_m > 1))
    share = network.length_m[may] / network.length_m[may].sum()
    first = rng.choice(may, count, p=share)
    others = rng.choice(may, (count, 60), p=share)
    away = distance_m(lon[first][:, None], lat[first][:, None], lon[others], lat[others])
    wanted = np.maximum(rng.lognormal(np.log(5_000), 0.6, count), 1_000)
    last = others[np.arange(count), np.argmin(np.abs(np.log(away.clip(1) / wanted[:, None])), axis=1)]
    back = other_direction(network)
    begin, end = (
        both_directions(network, back, edge, rng.random(count).astype(np.float32)) for edge in (first, last)
    )
    return begin, end


def both_directions(network: Network, back: Int32s, edge: Int64s, share: Floats32) -> Ends:
    """Places on edges; where a street is open both ways a driver may leave it, or come, either way."""
    ends = ends_at(edge, share * network.length_m[edge])
    ends.edge[:, 1] = back[edge]
    ends.along_m[:, 1] = np.where(back[edge] >= 0, (1 - share) * network.length_m[back[edge]], 0)
    return ends


def true_speeds(network: Network, rng: np.random.Generator) -> Floats32:
    """Speeds nobody knows: at the peak the faster a road the more it suffers, each street in its own way."""
    slow = np.array([0.8, 0.5, 0.5, 0.55, 0.65, 0.75, 0.85, 0.9, 0.9, 0.7, 0.5, 0.55, 0.6, 0.7])
    kmh = np.tile(network.free_kmh, (24, 1))
    ways = network.way_id.size
    for hour, spread in ((PEAK, 0.3), (CALM, 0.1)):
        street = rng.lognormal(0, spread, ways)[network.way]
        kmh[hour] *= np.clip(street * (slow[network.road_class] if hour == PEAK else 0.9), 0.15, 1.2)
    return kmh


def history(
    network: Network,
    true: ContractionRouter,
    kmh: Floats32,
    rng: np.random.Generator,
    count: int,
) -> Passes:
    """What the fleet's own positions of other days say of the speeds: some cars on some roads."""
    begin, end = ends_of_trips(network, rng, count)
    edges, hours = [], []
    for hour in (PEAK, CALM):
        routes = true.best_between(hour_metric(hour), begin, end)
        edges.append(routes.edge)
        hours.append(np.full(routes.edge.size, hour, np.int8))
    edge, at = np.concatenate(edges), np.concatenate(hours)
    seconds = network.length_m[edge] / (kmh[at, edge] * rng.lognormal(0, 0.3, edge.size) / 3.6)
    return Passes(edge, at, network.length_m[edge], seconds.astype(np.float32))


def by_taste(true: ContractionRouter, hour: int, begin: Ends, end: Ends, rng: np.random.Generator) -> Routes:
    """The way each driver likes best, whatever navigation says; at most a quarter slower than the fastest."""
    network = true.network
    cost = true.metric(hour_metric(hour)).cost
    fastest = true.best_between(hour_metric(hour), begin, end)
    liked = []
    for trip in range(len(fastest)):
        taste = rng.lognormal(0, TASTE_OF_WAY, network.way_id.size)[network.way]
        taste *= rng.lognormal(0, TASTE_OF_CLASS, len(CLASSES))[network.road_class]
        mine = np.maximum(1, cost * taste).astype(np.int32)
        sides = ends_of(begin, np.array([trip])), ends_of(end, np.array([trip]))
        found = a_star_ways(graph_of(network, mine), sides[0][:2], sides[1][:2])
        liked.append(routes_from(network, FREE, sides, found))
    routes = joined(liked)
    seconds = sums_along(network, routes, cost) / 1000
    slow = seconds > (1 + MOST_SLOWER) * fastest.seconds
    both = joined([routes, fastest])
    return picked(both, np.where(slow, np.arange(slow.size) + slow.size, np.arange(slow.size)))


def honest(true: ContractionRouter, rng: np.random.Generator, count: int) -> Driven:
    """Honest trips of each kind, at the peak and at a calm hour."""
    each = max(1, count // 10)
    kinds, hours, parts = [], [], []
    for hour in (PEAK, CALM):
        for kind in ("free flow", "of the hour", "shortest", "alternative", "own taste"):
            # Some trips have no alternative.
            begin, end = ends_of_trips(true.network, rng, 2 * each if kind == "alternative" else each)
            if kind == "own taste":
                routes = by_taste(true, hour, begin, end, rng)
            elif kind == "alternative":
                trip, others = alternatives(true, hour_metric(hour), begin, end)
                _, first, many = np.unique(trip, return_index=True, return_counts=True)
                routes = picked(others, first + rng.integers(0, many))
            else:
                metric = {"free flow": FREE, "shortest": DISTANCE}.get(kind, hour_metric(hour))
                routes = true.best_between(metric, begin, end)
            routes = picked(routes, np.flatnonzero(~np.isnan(routes.length_m))[:each])
            kinds.append(np.full(len(routes), kind))
            hours.append(np.full(len(routes), hour, np.int8))
            parts.append(routes)
    return Driven(np.concatenate(kinds), np.concatenate(hours), joined(parts))


def detours(true: ContractionRouter, rng: np.random.Generator, count: int) -> Driven:
    """Trips over a place that makes them longer: at the calm hour, each part of them the fastest way."""
    network = true.network
    begin, end = ends_of_trips(network, rng, count)
    metric = hour_metric(CALM)
    fastest = true.best_between(metric, begin, end)
    parts, kinds = [], []
    wanted = rng.uniform(1.3, 2.0, count)
    best_off = np.full(count, np.inf)
    best: list[tuple[Routes, Routes]] = [(fastest, fastest)] * count
    for _ in range(VIAS):
        via, _ = ends_of_trips(network, rng, count)
        there = true.best_between(metric, begin, via)
        back = true.best_between(metric, via, end)
        ratio = (there.length_m + back.length_m) / fastest.length_m
        off = np.where(np.isnan(ratio), np.inf, np.abs(ratio - wanted))
        for trip in np.flatnonzero(off < best_off).tolist():
            best[trip] = (there, back)
        best_off = np.minimum(best_off, off)
    for trip in np.flatnonzero(best_off < 0.05).tolist():
        there, back = best[trip]
        edge = np.concatenate((there.edges_of(trip), back.edges_of(trip)[1:]))
        one = picked(there, np.array([trip]))
        parts.append(
            Routes(
                there.length_m[[trip]] + back.length_m[[trip]], one.seconds, one.begin, one.end,
                one.begin_along_m, back.end_along_m[[trip]], np.array([0, edge.size]), edge,
            )
        )  # fmt: skip
        extra = parts[-1].length_m[0] / fastest.length_m[trip] - 1
        kinds.append(f"+{int(extra * 100) // 10 * 10:3d} %")
    return Driven(np.array(kinds), np.full(len(kinds), CALM, np.int8), joined(parts))


@dataclass(frozen=True)
class Seen:
    """What is known of each trip: nothing but its positions.

    Attributes:
        starts: fixes of trip i are starts[i]:starts[i + 1].
        lon_e7, lat_e7, heading_ddeg: of the fixes; heading -1 of a car that stands.
    """

    starts: Int64s
    lon_e7: npt.NDArray[np.int32]
    lat_e7: npt.NDArray[np.int32]
    heading_ddeg: npt.NDArray[np.int16]

    def chord_m(self) -> Floats:
        """Sum of the distances between the fixes of each trip."""
        lon, lat = (axis.astype(np.float64) * 1e-7 for axis in (self.lon_e7, self.lat_e7))
        total = np.append(0.0, np.cumsum(distance_m(lon[:-1], lat[:-1], lon[1:], lat[1:])))
        last = np.maximum(self.starts[1:] - 1, self.starts[:-1])
        return np.where(last > self.starts[:-1], total[last] - total[self.starts[:-1]], np.nan)


def reported(network: Network, driven: Driven, kmh: Floats32, rng: np.random.Generator) -> Seen:
    """What the receivers of these trips report, from the place of boarding to that of alighting."""
    n = len(driven.routes)
    error_m = rng.choice(ERRORS_M, n)
    fixes: list[npt.NDArray[np.int32]] = [np.zeros((3, 0), np.int32)] * n
    for hour in np.unique(driven.hour):
        for error in ERRORS_M:
            chosen = np.flatnonzero((driven.hour == hour) & (error_m == error))
            some = picked(driven.routes, chosen)
            manner = Manner(low=0.8, high=1.1, stops=0.12, error_m=error)
            speeds = np.clip(kmh[hour], 1, 150).astype(np.int16)
            ways = Drives(some.start, some.edge)
            traces = heard(network, ways, speeds, rng, manner, every_s=(10, 30), most_fixes=2_000)
            for at, trip in enumerate(chosen.tolist()):
                way = some.edges_of(at)
                last_m = network.length_m[way].sum() - (network.length_m[way[-1]] - some.end_along_m[at])
                rows = np.arange(traces.starts[at], traces.starts[at + 1])
                along_m = traces.along_m[rows]
                rows = rows[(along_m >= some.begin_along_m[at]) & (along_m <= last_m)]
                moves = traces.speed_ckmh[rows] > 500
                heading = np.where(moves, traces.heading_ddeg[rows], -1)
                fixes[trip] = np.stack((traces.lon_e7[rows], traces.lat_e7[rows], heading)).astype(np.int32)
    starts = np.cumsum([0, *(part.shape[1] for part in fixes)]).astype(np.int64)
    lon, lat, heading = np.concatenate(fixes, axis=1)
    return Seen(starts, lon.copy(), lat.copy(), heading.astype(np.int16))


@dataclass(frozen=True)
class Judged:
    """What the judge says of each trip.

    Attributes:
        driven_m, reference_m: sum of chords, longest reasonable route.
        beyond: driven beyond it by both margins.
        found: and the driver's own way is no reasonable one.
    """

    driven_m: Floats
    reference_m: Floats
    beyond: Bools
    found: Bools


def judged(judge: ContractionRouter, index: SegmentIndex, seen: Seen, hour: npt.NDArray[np.int8]) -> Judged:
    """Judges trips by their positions alone."""

    def lies(rows: Int64s) -> Ends:
        return snap(
            judge.network, index, seen.lon_e7[rows], seen.lat_e7[rows], heading_ddeg=seen.heading_ddeg[rows]
        )

    n, driven_m = hour.size, seen.chord_m()
    some = np.flatnonzero(~np.isnan(driven_m))
    reference_m = np.full(n, np.nan)
    reference = longest_reasonable(
        judge, lies(seen.starts[:-1][some]), lies(seen.starts[1:][some] - 1), hour[some]
    )
    reference_m[some] = reference.routes.length_m
    beyond = is_beyond(driven_m, reference_m, ratio=RATIO, margin_m=MARGIN_M)
    # Only the suspects' own ways are asked for.
    rows = places_along(seen.starts, seen.lon_e7, seen.lat_e7)
    trip = np.searchsorted(seen.starts, rows, side="right") - 1
    rows, trip = rows[beyond[trip]], trip[beyond[trip]]
    places = lies(rows)
    reasonable = np.zeros(n, dtype=bool)
    fastest = np.full((2, n), np.nan)
    fastest[:, some] = reference.free_s, reference.fastest_s
    reasonable |= is_own_reasonable(own_way(judge, FREE, trip, places, n), fastest[0])
    if judge.hourly_kmh is not None:
        for at in np.unique(hour).tolist():
            own_s = own_way(judge, hour_metric(at), trip, places, n)
            reasonable |= (hour == at) & is_own_reasonable(own_s, fastest[1])
    return Judged(driven_m, reference_m, beyond, beyond & ~reasonable)


def tell(name: str, driven: Driven, verdict: Judged, spent: float) -> None:
    """Prints what was found of each kind of trip."""
    print(f"{name}: {len(driven.routes):,} trips, {len(driven.routes) / spent:,.0f} judged a second and core")
    head = "  driven / allowed: median, 99 %, most"
    print(f"  {'':14}{'trips':>8}{'longer':>8}{'found':>8}{'share':>9}{'unknown':>9} {head}")
    share = verdict.driven_m / np.maximum(RATIO * verdict.reference_m, verdict.reference_m + MARGIN_M)
    for kind in [*np.unique(driven.kind).tolist(), "all"]:
        mine = (driven.kind == kind) | (kind == "all")
        known = mine & ~np.isnan(share)
        high = np.percentile(share[known], [50, 99, 100])
        print(
            f"  {kind:14}{mine.sum():8,}{verdict.beyond[mine].sum():8,}{verdict.found[mine].sum():8,}"
            f"{verdict.found[mine].mean():9.2%}{(mine & ~known).sum():9,}   "
            f"{high[0]:.3f} {high[1]:.3f} {high[2]:.3f}"
        )


def extract() -> Path:
    folder = os.environ.get("TAXI_QA_REAL_DATA", ROOT.parent / "shared" / "data")
    return Path(folder) / "roads" / "chengdu.osm.pbf"


def main(argv: list[str] | None = None) -> int:
    """Runs the benchmark and prints its figures."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench detour_honesty", description=(__doc__ or "").split("\n", 1)[0]
    )
    parser.add_argument("--trips", type=int, default=20_000)
    parser.add_argument("--detours", type=int, default=5_000)
    parser.add_argument("--history", type=int, default=20_000)
    parser.add_argument("--extract", type=Path, default=extract())
    parser.add_argument("--free-only", action="store_true", help="the judge knows no speeds of the hours")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(argv)
    if not asked.extract.exists():
        print(f"not measured: there is no {asked.extract.name}; name an extract, or set TAXI_QA_REAL_DATA")
        return 0
    rng = np.random.default_rng(asked.seed)
    network = read_pbf(asked.extract)
    index = segment_index(network)
    kmh = true_speeds(network, rng)
    true = router(network).with_speeds(kmh)
    learned = hourly_kmh(network, history(network, true, kmh, rng, asked.history))
    judge = true.with_speeds(learned) if not asked.free_only else router(network)
    print(f"{asked.extract.name}: {network.nodes:,} junctions, {network.edges:,} edges")
    for name, make, count in (("honest", honest, asked.trips), ("detours", detours, asked.detours)):
        driven = make(true, rng, count)
        seen = reported(network, driven, kmh, rng)
        started = time.process_time()
        verdict = judged(judge, index, seen, driven.hour)
        spent = time.process_time() - started
        tell(name, driven, verdict, spent)
        if name == "honest" and verdict.found.any():
            print(f"  {verdict.found.sum()} honest trips are called detours")
    return 0


if __name__ == "__main__":
    sys.exit(main())
