"""What a detour is judged against: the longest route a driver may have taken in good faith.

Of every trip that is the longest of the fastest route where nothing slows traffic down, the fastest at that
hour, and further reasonable routes (`alternatives`); never the shortest, which honest drivers exceed by a
fifth one trip in twenty. Where a place may lie on several roads, the pair of roads counts between which the
way is slowest: a car on the far carriageway of a divided road has to go on to the next place to turn.

No list of alternatives holds every way a reasonable person may like. So the driver's own way is asked for,
too: the fastest one through places along his track (`own_way`). Where that is hardly slower than reasonable
routes are, his way was one of them, however long (`is_own_reasonable`).
"""

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.roads.alternatives import REASONABLE, Wish, alternatives
from taxi_qa.roads.climbing import (
    Room,
    begin_at,
    end_at,
    first_ranks,
    next_rank,
    relax,
    room_for,
    straight_on,
)
from taxi_qa.roads.contraction import NEVER, Hierarchy, Metric
from taxi_qa.roads.index import NO_EDGE
from taxi_qa.roads.metrics import FREE, PER_SECOND, hour_metric
from taxi_qa.roads.routes import ContractionRouter, Routes, check_ends, joined, picked, sums_along
from taxi_qa.roads.snapping import Ends, ends_of
from taxi_qa.values.place import metres_per_degree

Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Int8s = npt.NDArray[np.int8]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]

NO_HOUR: Final = -1
# Places of a driver's own way: closer ones follow the errors of his receiver, wider ones cut his corners.
PLACES_M: Final = 400.0
# How far the mean of learned speeds along a route may lie off, as a share: what is a quarter slower by the
# speeds of that day may seem slower still.
LEARNED_ERROR: Final = 0.05
_E7: Final = 1e-7
# What kind of route the longest is.
NO_ROUTE: Final = 0
FASTEST: Final = 1
FASTEST_AT_HOUR: Final = 2
ALTERNATIVE: Final = 3


@dataclass(frozen=True)
class Reference:
    """The longest reasonable route of each trip.

    Attributes:
        routes: one a trip, NaN where none; seconds are those of the trip's hour, free flow where not known.
        kind: uint8[n], `FASTEST`, `FASTEST_AT_HOUR`, `ALTERNATIVE` or `NO_ROUTE`.
        fastest_m, fastest_s: of the fastest route of the trip's hour between the same roads.
        free_s: seconds of the fastest route at free flow.
    """

    routes: Routes
    kind: Bytes
    fastest_m: Floats
    fastest_s: Floats
    free_s: Floats


def is_beyond(driven_m: Floats, reference_m: Floats, *, ratio: float, margin_m: float) -> Bools:
    """Whether what was driven exceeds a reference by more than both margins; False where either is missing.

    Args:
        driven_m, reference_m: of each trip, NaN missing.
        ratio: times the reference, 1.2.
        margin_m: and so many metres more than it.
    """
    return (driven_m > ratio * reference_m) & (driven_m > reference_m + margin_m)


def longest_reasonable(
    router: ContractionRouter, begins: Ends, ends: Ends, hour: Int8s, wish: Wish = REASONABLE
) -> Reference:
    """The longest reasonable route of each trip.

    Args:
        router: in the contracted network, with speeds by the hour or without.
        begins, ends: of n trips.
        hour: int8[n], of the city's clock; `NO_HOUR` where it is not known. Not looked at where the router
            has no speeds by the hour.
        wish: what is reasonable.

    Raises:
        ValueError: ends that are not of this network.
    """
    check_ends(router.network, begins, ends)
    trips = np.arange(hour.size)
    # So that there is something to join where there is no trip.
    none = ends_of(begins, trips[:0]), ends_of(ends, trips[:0])
    found: list[tuple[Int64s, int, Routes]] = [(trips[:0], FASTEST, router.best_between(FREE, *none))]
    if router.hourly_kmh is None:
        hour = np.full(hour.size, NO_HOUR, dtype=np.int8)
    fastest_m, fastest_s, free_s = (np.full(hour.size, np.nan) for _ in range(3))
    for at in np.unique(hour).tolist():
        here = trips[hour == at]
        sides = ends_of(begins, here), ends_of(ends, here)
        metrics = [FREE] if at == NO_HOUR else [FREE, hour_metric(at)]
        for metric in metrics:
            hard = worst_sides(router, metric, *sides)
            fastest = router.best_between(metric, *hard)
            found.append((here, FASTEST if metric == FREE else FASTEST_AT_HOUR, fastest))
            trip, others = alternatives(router, metric, *hard, wish)
            found.append((here[trip], ALTERNATIVE, others))
            if metric == FREE:
                free_s[here] = fastest.seconds
        fastest_m[here], fastest_s[here] = fastest.length_m, fastest.seconds
    routes, kind = _longest(hour.size, found)
    return Reference(_at_hour(router, routes, hour), kind, fastest_m, fastest_s, free_s)


def places_along(starts: Int64s, lon_e7: Int32s, lat_e7: Int32s, every_m: float = PLACES_M) -> Int64s:
    """Fixes that tell a driver's way: the first of each trip, others as far apart as given, the last.

    Args:
        starts: fixes of trip i are starts[i]:starts[i + 1].
        lon_e7, lat_e7: of the fixes.
        every_m: straight metres from one place to the next, at least.

    Returns:
        Row numbers of the fixes, ascending.
    """
    return _places(starts, lon_e7, lat_e7, every_m)


@njit(cache=True, nogil=True)
def _places(starts: Int64s, lon_e7: Int32s, lat_e7: Int32s, every_m: float) -> Int64s:
    rows = np.empty(lon_e7.size, dtype=np.int64)
    count = 0
    for trip in range(starts.size - 1):
        first, last = starts[trip], starts[trip + 1] - 1
        for i in range(first, last + 1):
            per_lon, per_lat = metres_per_degree(lat_e7[i] * _E7)
            near = False
            if first < i < last:
                x = (lon_e7[i] - lon_e7[rows[count - 1]]) * _E7 * per_lon
                y = (lat_e7[i] - lat_e7[rows[count - 1]]) * _E7 * per_lat
                near = x * x + y * y < every_m * every_m
            if not near:
                rows[count] = i
                count += 1
    return rows[:count].copy()


def own_way(router: ContractionRouter, metric: str, trip: Int64s, places: Ends, trips: int) -> Floats:
    """Seconds of the fastest way through the places of each driver's track: his own way took no less.

    Args:
        router: in the contracted network.
        metric: of time.
        trip: of each place, int64[k] ascending.
        places: where each lies, in the order they were passed (`places_along`, `snapping.snap`).
        trips: how many there are.

    Returns:
        float64[trips]; NaN where there is no way, or fewer than two places.
    """
    leg = np.flatnonzero(trip[1:] == trip[:-1])
    seconds = router.best_between(metric, ends_of(places, leg), ends_of(places, leg + 1)).seconds
    total = np.full(trips, np.nan)
    total[trip[leg]] = 0.0
    np.add.at(total, trip[leg], seconds)
    return total


def is_own_reasonable(
    own_s: Floats, fastest_s: Floats, *, most_slower: float = REASONABLE.most_slower
) -> Bools:
    """Whether a driver's own way is hardly slower than reasonable routes; False where either is missing.

    Args:
        own_s: `own_way` by some metric.
        fastest_s: of the fastest route by that metric (`Reference.fastest_s`, `Reference.free_s`).
        most_slower: share a reasonable route may take longer.
    """
    return own_s <= (1.0 + most_slower + LEARNED_ERROR) * fastest_s


def _longest(trips: int, found: list[tuple[Int64s, int, Routes]]) -> tuple[Routes, Bytes]:
    """Of each trip the longest of its routes, and its kind."""
    pool = joined([routes for _, _, routes in found])
    trip = np.concatenate([of for of, _, _ in found])
    kind = np.concatenate([np.full(of.size, name, dtype=np.uint8) for of, name, _ in found])
    # A fastest route stands first among equals, and every trip has one, be it NaN.
    order = np.lexsort((-kind.astype(np.int64), np.nan_to_num(pool.length_m, nan=-1.0), trip))
    longest = order[np.searchsorted(trip[order], np.arange(trips), side="right") - 1]
    routes = picked(pool, longest)
    return routes, np.where(np.isnan(routes.length_m), NO_ROUTE, kind[longest]).astype(np.uint8)


def _at_hour(router: ContractionRouter, routes: Routes, hour: Int8s) -> Routes:
    """The same routes with the seconds of each trip's own hour."""
    seconds = np.full(hour.size, np.nan)
    for at in np.unique(hour).tolist():
        here = np.flatnonzero(hour == at)
        cost = router.metric(FREE if at == NO_HOUR else hour_metric(at)).cost
        seconds[here] = sums_along(router.network, picked(routes, here), cost) / PER_SECOND
    return replace(routes, seconds=seconds)


def worst_sides(router: ContractionRouter, metric: str, begins: Ends, ends: Ends) -> tuple[Ends, Ends]:
    """Leaves of each trip's ends the pair of roads between which the fastest way is slowest.

    Both directions of a road stay: a driver may turn there. Trips with no way between any keep all.
    """
    keep = _worst_sides(router.hierarchy, router.metric(metric), begins[:2], ends[:2])
    sides = []
    for side, chosen in ((begins, keep[:, 0]), (ends, keep[:, 1])):
        road = np.arange(side.edge.shape[1]) // 2
        stays = (chosen[:, None] < 0) | (road[None, :] == chosen[:, None])
        sides.append(Ends(np.where(stays, side.edge, np.int32(NO_EDGE)), side.along_m, side.away_m))
    return sides[0], sides[1]


class _Climbs(NamedTuple):
    """Labels of every road a trip may begin, or end, on.

    Attributes:
        room: of one climb.
        label: int32[roads, ranks], `NEVER` between trips.
        passed: int32[roads, ranks], the ranks each road's climb passed.
        visited: int64[roads], how many.
    """

    room: Room
    label: Int32s
    passed: Int32s
    visited: Int64s


@njit(cache=True, nogil=True)
def _climbs_for(hierarchy: Hierarchy, roads: int) -> _Climbs:
    ranks = hierarchy.rank.size
    return _Climbs(
        room_for(hierarchy),
        np.full((roads, ranks), np.int32(NEVER), dtype=np.int32),
        np.empty((roads, ranks), dtype=np.int32),
        np.zeros(roads, dtype=np.int64),
    )


@njit(cache=True, nogil=True)
def _climb_begins(
    hierarchy: Hierarchy, metric: Metric, begin: tuple[Int32s, Floats32], climbs: _Climbs
) -> None:
    room = climbs.room
    for road in range(climbs.visited.size):
        edge, along_m = begin[0][2 * road : 2 * road + 2], begin[1][2 * road : 2 * road + 2]
        begin_at(hierarchy, metric, edge, along_m, room)
        ranks, visited = first_ranks(hierarchy, edge, edge[:0]), 0
        count = ranks.size
        while count > 0:
            rank, count = next_rank(hierarchy, ranks, count)
            relax(metric.up, rank, room.ahead, room.came)
            climbs.passed[road, visited] = rank
            climbs.label[road, rank] = room.ahead[rank]
            room.ahead[rank] = NEVER
            visited += 1
        climbs.visited[road] = visited


@njit(cache=True, nogil=True)
def _climb_ends(hierarchy: Hierarchy, metric: Metric, end: tuple[Int32s, Floats32], climbs: _Climbs) -> None:
    room = climbs.room
    for road in range(climbs.visited.size):
        edge, along_m = end[0][2 * road : 2 * road + 2], end[1][2 * road : 2 * road + 2]
        end_at(hierarchy, metric, edge, along_m, room)
        ranks, visited = first_ranks(hierarchy, edge[:0], edge), 0
        count = ranks.size
        while count > 0:
            rank, count = next_rank(hierarchy, ranks, count)
            relax(metric.down, rank, room.back, room.goes)
            climbs.passed[road, visited] = rank
            climbs.label[road, rank] = room.back[rank]
            room.back[rank] = NEVER
            visited += 1
        climbs.visited[road] = visited


@njit(cache=True, nogil=True)
def _forget(climbs: _Climbs) -> None:
    for road in range(climbs.visited.size):
        for at in range(climbs.visited[road]):
            climbs.label[road, climbs.passed[road, at]] = NEVER


@njit(cache=True, nogil=True)
def _between(begins: _Climbs, ends: _Climbs, road: int, other: int) -> int:
    """Cost of the best way between two roads."""
    best = NEVER
    for at in range(begins.visited[road]):
        rank = begins.passed[road, at]
        best = min(best, begins.label[road, rank] + ends.label[other, rank])
    return best


@njit(cache=True, nogil=True)
def _worst_sides(
    hierarchy: Hierarchy, metric: Metric, begins: tuple[Int32s, Floats32], ends: tuple[Int32s, Floats32]
) -> Int32s:
    """The numbers of both roads of each trip, int32[n, 2], -1 where no way leads from any to any.

    Every road is climbed from once; a pair costs the least sum of labels where both its climbs passed.
    """
    n = begins[0].shape[0]
    worst = np.full((n, 2), np.int32(-1), dtype=np.int32)
    from_begins = _climbs_for(hierarchy, begins[0].shape[1] // 2)
    from_ends = _climbs_for(hierarchy, ends[0].shape[1] // 2)
    for q in range(n):
        begin, end = (begins[0][q], begins[1][q]), (ends[0][q], ends[1][q])
        if not (begin[0][2:] >= 0).any() and not (end[0][2:] >= 0).any():
            worst[q] = 0
            continue
        _climb_begins(hierarchy, metric, begin, from_begins)
        _climb_ends(hierarchy, metric, end, from_ends)
        slowest = -1
        for road in range(from_begins.visited.size):
            for other in range(from_ends.visited.size):
                here = (begin[0][2 * road : 2 * road + 2], begin[1][2 * road : 2 * road + 2])
                there = (end[0][2 * other : 2 * other + 2], end[1][2 * other : 2 * other + 2])
                cost, _, _ = straight_on(hierarchy, metric, here, there)
                cost = min(cost, _between(from_begins, from_ends, road, other))
                if slowest < cost < NEVER:
                    slowest, worst[q, 0], worst[q, 1] = cost, road, other
        _forget(from_begins)
        _forget(from_ends)
    return worst
