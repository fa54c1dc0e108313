"""What the roads say of metered trips: how much of each track fits them, how far and how fast they lead.

A trip's fixes are matched to the roads. Where a way leads from one fix to the next, that way was driven;
where none does, the straight line. Of a gap that a tunnel explains both the shortest and the longest lawful
way are told; the driver's way is read at the longest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from taxi_qa.facts.given import Given, positions_of
from taxi_qa.facts.headings import headings
from taxi_qa.facts.spans import rows_around
from taxi_qa.facts.track import INTEGRAL_GAP_S
from taxi_qa.facts.tunnels import Bounds, Gaps, bounds_of, gaps_in_tunnels, highest_by_edge, near_tunnels
from taxi_qa.facts.unit import UNIT_COLUMNS
from taxi_qa.law.parameter import Law
from taxi_qa.roads.city import Roads
from taxi_qa.roads.codirectional import nearest_codirectional
from taxi_qa.roads.index import NO_EDGE
from taxi_qa.roads.matching import Matched, Model, match
from taxi_qa.roads.metrics import DISTANCE, LEAST_KMH
from taxi_qa.roads.network import TUNNEL
from taxi_qa.roads.routes import sums_along
from taxi_qa.roads.snapping import ends_at
from taxi_qa.values.clock import city_day
from taxi_qa.values.columns import Columns, Values

Bools = npt.NDArray[np.bool_]
Int16s = npt.NDArray[np.int16]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Fixes of a trip that tell cheaply whether it need be matched.
SAMPLE: Final = 8
_NUMBERS: Final = (
    "matched_ratio", "matched_m", "driven_m", "longest_m", "free_s", "tunnel_m", "tunnel_gap_m",
    "gap_least_m", "gap_most_m", "open_gaps",
)  # fmt: skip
_MPS_TO_KMH: Final = 3.6


def trip_roads(trips: Columns, given: Given, law: Law) -> Columns:
    """What the roads say of each metered trip with a track.

    Args:
        trips: as `trips.metered_trips` gives them.
        given: for the track and the roads.
        law: for the limits and the house's bounds.

    Returns:
        Unit columns and the columns of `seen_by_roads`; missing "roads" or "positions" where not told.
    """
    rows = np.flatnonzero((trips["fixes"] > 0) & np.isfinite(trips["longest_gap_s"]))
    told = seen_by_roads(trips, given, law, rows)
    blind = np.isnan(told["matched_ratio"])
    missing = np.where(blind, "roads" if given.roads is None else "positions", "").astype(object)
    return Columns({**trips.some(*UNIT_COLUMNS), "missing": missing, **told})


def seen_by_roads(trips: Columns, given: Given, law: Law, rows: Int64s) -> dict[str, Floats]:
    """What the roads say of some trips, at the longest their times allow; NaN of all others.

    Args:
        trips: as `trips.metered_trips` gives them.
        given: for the track and the roads.
        law: for the limits and the house's bounds.
        rows: the trips asked about; each has a track around it.

    Returns:
        Of each trip: matched_ratio (share of its fixes matched to roads that follow each other); matched_m
        (way by road, straight where none leads on, through the tunnel in gaps one explains); driven_m (the
        same, but the device's speed where it was sent) and longest_m (as matched_m, but the longest lawful
        way in such gaps, and where no road leads on and no speed was sent); free_s (seconds of the matched
        way where nothing slows traffic down), tunnel_m (of it in tunnels), tunnel_gap_m (of that in gaps),
        gap_least_m and gap_most_m (what gaps in tunnels add to the straight lines over them, at least and at
        most), open_gaps (gaps no tunnel explains).
    """
    told = {name: np.full(len(trips), np.nan) for name in _NUMBERS}
    if given.roads is None or not rows.size:
        return told
    line = _line_of(trips, given, rows)
    day = int(city_day(np.array([given.from_ms]), given.zone)[0])
    limit_kmh = highest_by_edge(given.roads.limits(law, day), given.roads.index)
    bounds = bounds_of(law, given.from_ms)
    heading = headings(given)
    model = Model(sigma_m=law.number("house.quality.gnss_error_m", given.from_ms))
    matched = match(
        given.roads.index, given.roads.ahead, given.track.lon_e7[line.row], given.track.lat_e7[line.row],
        heading[line.row], given.track.time_ms[line.row], line.start, model,
    )  # fmt: skip
    told["matched_ratio"][rows] = _share(line, matched)
    steps = _steps(line, given)
    gaps = _gaps(given, limit_kmh, line.row[steps.first], steps.held_s, bounds)
    ways = _ways(given.roads, limit_kmh, matched, steps, model.back_m)
    is_gap, in_tunnel = steps.held_s > bounds.clear_gap_s, ~np.isnan(gaps.way_m)
    by_road = np.where(np.isnan(ways.way_m), steps.chord_m, ways.way_m)
    silent = _is_silent(line, steps, given)
    # Where no way leads on and no speed was sent he may have driven any loop.
    longest = np.where(np.isnan(ways.way_m) & silent, np.fmax(by_road, ways.lawful_m), by_road)

    def total(values: Floats) -> Floats:
        return _sums(steps.trip, steps.share * np.nan_to_num(values), rows.size)

    told["matched_m"][rows] = total(np.where(in_tunnel, gaps.way_m, by_road))
    told["driven_m"][rows] = total(np.where(in_tunnel, gaps.way_m, np.where(silent, by_road, steps.ride_m)))
    told["longest_m"][rows] = total(np.where(in_tunnel, gaps.most_m, longest))
    told["free_s"][rows] = total(np.where(in_tunnel, gaps.free_s, ways.free_s))
    told["tunnel_m"][rows] = total(np.where(in_tunnel, gaps.tunnel_m, ways.tunnel_m))
    told["tunnel_gap_m"][rows] = total(gaps.tunnel_m)
    told["gap_least_m"][rows] = total(np.fmax(gaps.way_m - steps.chord_m, 0.0))
    # Of a gap over an end of the trip nobody knows which part of its way lies inside: at most all of it.
    most = np.nan_to_num(gaps.most_m - steps.share * steps.chord_m)
    told["gap_most_m"][rows] = _sums(steps.trip, np.fmax(most, 0.0), rows.size)
    told["open_gaps"][rows] = np.bincount(steps.trip[is_gap & ~in_tunnel], minlength=rows.size)
    return told


def explained_gaps(trips: Columns, given: Given, law: Law, rows: Int64s) -> Bools:
    """Whether tunnels explain all gaps of some trips; told without matching them.

    Args:
        trips: as `trips.metered_trips` gives them.
        given: for the track and the roads.
        law: for the limits and the house's bounds.
        rows: the trips asked about; each has a track around it.
    """
    if given.roads is None or not rows.size:
        return np.zeros(rows.size, dtype=bool)
    line = _line_of(trips, given, rows)
    steps = _steps(line, given)
    bounds = bounds_of(law, given.from_ms)
    gap = np.flatnonzero(steps.held_s > bounds.clear_gap_s)
    trip, before = steps.trip[gap], line.row[steps.first[gap]]
    # Most gaps lie far from every tunnel, and one such is enough: the others need no route.
    near = near_tunnels(given.roads.network, given.track, before, bounds.mouth_m)
    near &= near_tunnels(given.roads.network, given.track, before + 1, bounds.mouth_m)
    explained: Bools = np.bincount(trip[~near], minlength=rows.size) == 0
    asked = np.flatnonzero(explained[trip])
    if asked.size:
        day = int(city_day(np.array([given.from_ms]), given.zone)[0])
        limit_kmh = highest_by_edge(given.roads.limits(law, day), given.roads.index)
        found = gaps_in_tunnels(given.roads, limit_kmh, given.track, headings(given), before[asked], bounds)
        explained[trip[asked[np.isnan(found.way_m)]]] = False
    return explained


def sampled_ratio(trips: Columns, given: Given, rows: Int64s) -> Floats:
    """The share of a few fixes of each trip near which a road runs their way; NaN without a fix or roads.

    Args:
        trips: as `trips.metered_trips` gives them.
        given: for the track and the roads.
        rows: the trips asked about; each has a track around it.
    """
    if given.roads is None or not rows.size:
        return np.full(rows.size, np.nan)
    _, _, first, past = rows_around(given.track, *_spans(trips, given, rows))
    # Spread evenly: of n fixes those in the middle of SAMPLE equal parts.
    share = (np.arange(SAMPLE) + 0.5) / SAMPLE
    picked = first[:, None] + np.floor((past - first)[:, None] * share).astype(np.int64)
    asked = np.repeat(past > first, SAMPLE)
    row = picked.ravel()[asked]
    track = given.track
    edge, _ = nearest_codirectional(
        given.roads.index, track.lon_e7[row], track.lat_e7[row], headings(given)[row], reach_m=Model().reach_m
    )
    fits = np.full(asked.size, np.nan)
    fits[asked] = edge != NO_EDGE
    result: Floats = fits.reshape(-1, SAMPLE).mean(axis=1)
    return result


@dataclass(frozen=True)
class _Line:
    """The rows of the track around some trips, trip after trip.

    Attributes:
        row: of the track: from the last fix at or before each begin to the first at or after each end.
        start: rows of trip t are row[start[t]:start[t + 1]].
        trip: of each row.
        from_ms, to_ms: of each trip, at its longest.
        first_inside, past_inside: of each trip, the rows of the track within it.
    """

    row: Int64s
    start: Int64s
    trip: Int64s
    from_ms: Int64s
    to_ms: Int64s
    first_inside: Int64s
    past_inside: Int64s


def _spans(trips: Columns, given: Given, rows: Int64s) -> tuple[Int64s, Int64s, Int64s]:
    """The vehicle of some trips, and their begin and end at their longest."""
    vehicle = positions_of(given.track.vehicle_ids, trips["vehicle_id"][rows])
    slack_ms = (trips["slack_s"][rows] * 1000).astype(np.int64)
    return vehicle, trips["start_ms"][rows], trips["end_ms"][rows] + slack_ms


def _line_of(trips: Columns, given: Given, rows: Int64s) -> _Line:
    vehicle, from_ms, to_ms = _spans(trips, given, rows)
    low, high, first, past = rows_around(given.track, vehicle, from_ms, to_ms)
    count = high - low + 1
    start = np.concatenate(([0], np.cumsum(count))).astype(np.int64)
    trip = np.repeat(np.arange(rows.size), count)
    row = low[trip] + np.arange(start[-1]) - start[trip]
    return _Line(row, start, trip, from_ms, to_ms, first, past)


def _share(line: _Line, matched: Matched) -> Floats:
    """The share of each trip's own fixes matched to a road that leads from or to the next one's."""
    linked = matched.joined.copy()
    linked[:-1] |= matched.joined[1:] & (line.trip[1:] == line.trip[:-1])
    linked &= matched.edge != NO_EDGE
    inside = (line.row >= line.first_inside[line.trip]) & (line.row < line.past_inside[line.trip])
    trips = line.from_ms.size
    fixes = np.bincount(line.trip[inside], minlength=trips)
    with np.errstate(invalid="ignore"):
        share: Floats = np.bincount(line.trip[inside & linked], minlength=trips) / fixes
    return share


def _sums(of_trip: Int64s, values: Floats, trips: int) -> Floats:
    summed: Floats = np.bincount(of_trip, values, trips).astype(np.float64)
    return summed


class _Steps(NamedTuple):
    """From fix to fix of the trips: `first` is the row of the line a step begins at.

    Attributes:
        first: int64[k].
        trip: of each step.
        share: of the step's time within the trip.
        held_s, chord_m, ride_m: how long it lasted, its straight line (0 of a leap), and its length by the
            speeds sent (the straight line without them).
    """

    first: Int64s
    trip: Int64s
    share: Floats
    held_s: Floats
    chord_m: Floats
    ride_m: Floats


def _steps(line: _Line, given: Given) -> _Steps:
    first = np.flatnonzero(line.trip[1:] == line.trip[:-1])
    trip, time_ms = line.trip[first], given.track.time_ms
    begin, end = time_ms[line.row[first]], time_ms[line.row[first + 1]]
    within = np.minimum(end, line.to_ms[trip]) - np.maximum(begin, line.from_ms[trip])
    share = np.divide(within, end - begin, out=np.ones(first.size), where=end > begin)
    chord, ride = (
        cum[line.row[first + 1]] - cum[line.row[first]] for cum in (given.track.cum_m, given.track.cum_ride_m)
    )
    return _Steps(first, trip, np.clip(share, 0.0, 1.0), (end - begin) / 1000.0, chord, ride)


def _gaps(given: Given, limit_kmh: Int16s, row: Int64s, held_s: Floats, bounds: Bounds) -> Gaps:
    """What tunnels explain of steps that begin at these rows of the track; NaN for steps that are no gap."""
    gaps = Gaps(*(np.full(row.size, np.nan) for _ in range(4)))
    at = np.flatnonzero(held_s > bounds.clear_gap_s)
    if at.size and given.roads is not None:
        found = gaps_in_tunnels(given.roads, limit_kmh, given.track, headings(given), row[at], bounds)
        for name, values in vars(found).items():
            getattr(gaps, name)[at] = values
    return gaps


def _is_silent(line: _Line, steps: _Steps, given: Given) -> Bools:
    """Whether no speed tells how far the car went from fix to fix."""
    sent = given.track.speed_ckmh[line.row] >= 0
    result: Bools = ~(sent[steps.first] & sent[steps.first + 1]) | (steps.held_s > INTEGRAL_GAP_S)
    return result


class _Ways(NamedTuple):
    """The way by road of each step, NaN where none leads from fix to fix.

    Attributes:
        way_m, free_s, tunnel_m: of the way.
        lawful_m: how far the limits of the roads at both fixes allow, NaN where one is not known.
    """

    way_m: Floats
    free_s: Floats
    tunnel_m: Floats
    lawful_m: Floats


def _ways(roads: Roads, limit_kmh: Int16s, matched: Matched, steps: _Steps, back_m: float) -> _Ways:
    network = roads.network
    length = network.length_m.astype(np.float64)
    free_s = _MPS_TO_KMH * length / np.maximum(network.free_kmh, LEAST_KMH)
    tunnel_m = np.where((network.edge_flags & TUNNEL) != 0, length, 0.0)
    a, b = matched.edge[steps.first], matched.edge[steps.first + 1]
    a_m, b_m = (matched.along_m[steps.first + i].astype(np.float64) for i in (0, 1))
    joined = matched.joined[steps.first + 1] & (a != NO_EDGE) & (b != NO_EDGE)
    on_m = b_m - a_m
    same = joined & (a == b) & (on_m >= -back_m)
    next_one = joined & ~same & (network.head[a] == network.tail[b])
    # Shares of the first and the last road that were driven; between them lie whole ones.
    first = np.where(same, np.abs(on_m), np.maximum(0.0, length[a] - a_m)) / np.maximum(length[a], 1e-3)
    last = np.where(next_one, b_m, 0.0) / np.maximum(length[b], 1e-3)
    near = same | next_one

    def along(per_edge: Floats) -> Floats:
        return np.where(near, first * per_edge[a] + last * per_edge[b], np.nan)

    way, free, tunnel = along(length), along(free_s), along(tunnel_m)
    on_roads = (a != NO_EDGE) & (b != NO_EDGE)
    kmh = np.where(on_roads, _highest(limit_kmh, (a, b)), -1).astype(np.float64)
    far = np.flatnonzero(joined & ~near)
    if far.size:
        routes = roads.router.best_between(DISTANCE, ends_at(a[far], a_m[far]), ends_at(b[far], b_m[far]))
        way[far] = routes.length_m
        free[far], tunnel[far] = (sums_along(network, routes, one) for one in (free_s, tunnel_m))
        has = np.diff(routes.start) > 0
        starts = routes.start[:-1][has]
        highest = np.maximum.reduceat(limit_kmh[routes.edge], starts)
        lowest = np.minimum.reduceat(limit_kmh[routes.edge], starts)
        kmh[far[has]] = np.where(lowest < 0, -1, highest)
    # A way round a block that no lawful drive makes in that time is an error of the places.
    lawful_m = np.where(kmh < 0, np.inf, steps.held_s * kmh / _MPS_TO_KMH)
    known_m = np.where(kmh < 0, np.nan, lawful_m)
    return _Ways(np.minimum(way, np.maximum(steps.chord_m, lawful_m)), free, tunnel, known_m)


def _highest(limit_kmh: Int16s, edges: Iterable[Values]) -> Values:
    """The highest limit of several roads, negative where one is not known."""
    limits = np.stack([limit_kmh[one] for one in edges])
    return np.where(limits.min(axis=0) < 0, -1, limits.max(axis=0))
