"""Metered trips against the routes they could have taken: what is driven too far, and what explains it.

Two passes. Every trip with a clear track gets the fastest route between its ends; only those driven much
farther are looked at closely: further reasonable routes, stops on the way, where the ways part, what the
extra kilometres cost. The reference is the longest reasonable route, never the shortest.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from numba import njit

from taxi_qa.facts.given import NOT_GIVEN, Given, positions_of
from taxi_qa.facts.spans import place_at
from taxi_qa.facts.trips import fare_bands
from taxi_qa.facts.unit import UNIT_COLUMNS
from taxi_qa.law.parameter import Law
from taxi_qa.roads.alternatives import alternatives
from taxi_qa.roads.city import Roads
from taxi_qa.roads.metrics import FREE
from taxi_qa.roads.network import Network
from taxi_qa.roads.routes import Routes, shapes_of
from taxi_qa.roads.snapping import Ends, snap
from taxi_qa.values.columns import Columns, Texts, Values
from taxi_qa.values.place import E7, metres_per_degree

Bools = npt.NDArray[np.bool_]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# A stand whose every fix lies this close to its first; and one this near an end is boarding or paying.
STAND_M: Final = 40.0
FROM_ENDS_M: Final = 300.0
# Farther than this from the reference a track runs another way: wide roads and both their carriageways.
APART_M: Final = 100.0
# Points of a route that a finding carries at most.
_POINTS: Final = 60
_NUMBERS: Final = (
    "reference_m", "reference_s", "routes", "over_stop_m", "extra_fen", "similar_n", "similar_median_m",
    "similar_p90_m", "similar_share_shorter", "unusual_m",
)  # fmt: skip
_TEXTS: Final = ("route", "road", "way_ids", "detour_from", "detour_to")


def driven_routes(trips: Columns, given: Given, law: Law) -> Columns:
    """Each metered trip against its reference route.

    Args:
        trips: as `trips.metered_trips` gives them.
        given: for the track and the roads.
        law: for the tariff and the house's margins.

    Returns:
        Unit columns and: driven_m (sum of chords at its lowest), took_s, metered_m, fare_missing,
        fare_leans_on, back_aboard (seats emptied and filled again on the way); reference_m (longest
        reasonable route), reference_s (free flow, of the fastest), routes (how many are reasonable),
        over_stop_m (the way over the longest stand, NaN without one), extra_fen (by the tariff: driven above
        reference, at its lowest), route (WKT, lon lat), road and way_ids (of the fastest route), detour_from
        and detour_to (where the ways part and meet), all of trips much longer than the fastest route, NaN or
        "" else; similar_n, similar_median_m, similar_p90_m, similar_share_shorter, unusual_m (what other
        taxis drove, NaN or 0 where nobody knows).
    """
    n = len(trips)
    columns: dict[str, Values] = {
        **trips.some(*UNIT_COLUMNS, "metered_m", "fare_missing", "fare_leans_on", "back_aboard"),
        "driven_m": trips["chord_low_m"],
        "took_s": (trips["end_ms"] - trips["start_ms"]) / 1000.0 + trips["slack_s"],
        **{name: np.full(n, np.nan) for name in _NUMBERS},
        **{name: np.full(n, "", dtype=object) for name in _TEXTS},
    }
    columns["similar_n"] = np.zeros(n)
    columns["missing"] = _missing(trips, given, law)
    rows = np.flatnonzero(columns["missing"] == "")
    if given.roads is not None and rows.size:
        _against_roads(_Asked(trips, given, given.roads, law), rows, columns)
    return Columns(columns)


@dataclass(frozen=True)
class _Asked:
    trips: Columns
    given: Given
    roads: Roads
    law: Law

    def number(self, name: str) -> float:
        """A margin of the house."""
        return self.law.number(f"house.driving.detour_{name}", self.given.from_ms)


def _missing(trips: Columns, given: Given, law: Law) -> Texts:
    clear_s = law.number("house.track.clear_gap_s", given.from_ms)
    seen = ~np.isnan(trips["chord_low_m"])
    clear = (trips["longest_gap_s"] <= clear_s) & (trips["leaps"] == 0)
    return np.select(
        [trips["missing"] != "", np.full(len(trips), given.roads is None), ~seen, ~clear],
        [trips["missing"], "roads", "positions", "clear track"],
        "",
    ).astype(object)


def _against_roads(asked: _Asked, rows: Int64s, columns: dict[str, Values]) -> None:
    """Fills in what the roads say of the rows."""
    begins, ends = _ends(asked, rows)
    found = asked.roads.router.best_between(FREE, begins, ends)
    none = np.isnan(found.length_m)
    columns["missing"][rows[none]] = "a road near both ends"
    driven = columns["driven_m"][rows]
    columns["reference_m"][rows] = found.length_m
    columns["reference_s"][rows] = found.seconds
    columns["routes"][rows] = np.where(none, np.nan, 1.0)
    columns["extra_fen"][rows] = np.where(none, np.nan, 0.0)
    with np.errstate(invalid="ignore"):
        far = driven > np.maximum(
            found.length_m * (1 + asked.number("ratio")), found.length_m + asked.number("m")
        )
    near = np.flatnonzero(far)
    if near.size:
        some = _some(begins, near), _some(ends, near)
        _looked_at_closely(asked, rows[near], some, _cut(found, near), columns)


def _ends(asked: _Asked, rows: Int64s) -> tuple[Ends, Ends]:
    """Roads on which each trip may begin and end."""
    trips, given, roads = asked.trips, asked.given, asked.roads
    vehicle = positions_of(given.track.vehicle_ids, trips["vehicle_id"][rows])
    last = place_at(given.track, vehicle, trips["end_ms"][rows])
    sides = []
    for lon, lat in ((trips["lon"][rows], trips["lat"][rows]), last):
        # Unknown places lie in the sea, near no road.
        lon_e7, lat_e7 = (np.round(np.nan_to_num(axis) * E7).astype(np.int32) for axis in (lon, lat))
        sides.append(snap(roads.network, roads.index, lon_e7, lat_e7))
    return sides[0], sides[1]


def _some(ends: Ends, rows: Int64s) -> Ends:
    return Ends(ends.edge[rows], ends.along_m[rows], ends.away_m[rows])


def _cut(routes: Routes, rows: Int64s) -> Routes:
    """Only some of the routes."""
    sizes = np.diff(routes.start)[rows]
    picked = [routes.edges_of(int(row)) for row in rows]
    return Routes(
        routes.length_m[rows], routes.seconds[rows], routes.begin[rows], routes.end[rows],
        routes.begin_along_m[rows], routes.end_along_m[rows],
        np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        np.concatenate([np.zeros(0, np.int32), *picked]),
    )  # fmt: skip


def _looked_at_closely(
    asked: _Asked, rows: Int64s, sides: tuple[Ends, Ends], fastest: Routes, columns: dict[str, Values]
) -> None:
    begins, ends = sides
    network = asked.roads.network
    of_trip, others = alternatives(asked.roads.router, FREE, begins, ends)
    longest = fastest.length_m.copy()
    np.maximum.at(longest, of_trip, others.length_m)
    columns["reference_m"][rows] = longest
    columns["routes"][rows] = 1.0 + np.bincount(of_trip, minlength=rows.size)
    columns["extra_fen"][rows] = _extra_fen(asked, rows, columns["driven_m"][rows], longest)
    columns["over_stop_m"][rows] = _over_stop_m(asked, rows, begins, ends)
    fast_lines, other_lines = _lines(network, fastest), _lines(network, others)
    for at, row in enumerate(rows):
        mine = np.flatnonzero(of_trip == at)
        lines = [fast_lines[at], *(other_lines[other] for other in mine)]
        lengths = [fastest.length_m[at], *others.length_m[mine]]
        reference = lines[int(np.argmax(lengths))]
        ways = list(dict.fromkeys(network.way[fastest.edges_of(at)].tolist()))
        columns["way_ids"][row] = ";".join(str(network.way_id[way]) for way in ways)
        columns["road"][row] = ";".join(dict.fromkeys(filter(None, (network.way_name[way] for way in ways))))
        columns["route"][row] = _text(reference)
        columns["detour_from"][row], columns["detour_to"][row] = _apart(asked, int(row), lines)


def _lines(network: Network, routes: Routes) -> list[shapely.LineString]:
    start, lon_e7, lat_e7 = shapes_of(network, routes)
    return [
        shapely.LineString(np.column_stack((lon_e7[a:b], lat_e7[a:b])) / E7)
        if b - a > 1
        else shapely.LineString()
        for a, b in pairwise(start)
    ]


def _text(line: shapely.LineString) -> str:
    """A line short enough to be kept with a finding."""
    points = shapely.get_coordinates(line)
    step = max(1, int(np.ceil(len(points) / _POINTS)))
    kept = sorted({*range(0, len(points), step), *range(len(points))[-1:]})
    return "LINESTRING (" + ", ".join(f"{points[at][0]:.5f} {points[at][1]:.5f}" for at in kept) + ")"


def _apart(asked: _Asked, row: int, lines: list[shapely.LineString]) -> tuple[str, str]:
    """The first and the last fix of the trip that lie beside every reasonable route, "" where none does."""
    track = asked.given.track
    (vehicle,) = positions_of(track.vehicle_ids, asked.trips["vehicle_id"][[row]])
    if vehicle == NOT_GIVEN:
        return "", ""
    first, past = track.starts[vehicle], track.starts[vehicle + 1]
    inside = first + np.flatnonzero(
        (track.time_ms[first:past] >= asked.trips["start_ms"][row])
        & (track.time_ms[first:past] <= asked.trips["end_ms"][row])
    )
    lon, lat = track.lon_e7[inside] / E7, track.lat_e7[inside] / E7
    if not inside.size:
        return "", ""
    per_lon, per_lat = metres_per_degree(float(lat[0]))
    scaled = [shapely.transform(line, lambda xy: xy * (per_lon, per_lat)) for line in lines]
    away = np.min(
        [shapely.distance(line, shapely.points(lon * per_lon, lat * per_lat)) for line in scaled], axis=0
    )
    beside = np.flatnonzero(away > APART_M)
    if not beside.size:
        return "", ""
    ends = (beside[0], beside[-1])
    begin, end = (f"{lon[at]:.5f} {lat[at]:.5f}" for at in ends)
    return begin, end


def _extra_fen(asked: _Asked, rows: Int64s, driven_m: Floats, reference_m: Floats) -> Floats:
    """What the driven way costs above the reference, by the tariff; at its lowest."""
    trips = Columns({name: values[rows] for name, values in asked.trips.columns.items()})
    driven = fare_bands(asked.given, asked.law, trips.but({"metered_m": driven_m}))
    reference = fare_bands(asked.given, asked.law, trips.but({"metered_m": reference_m}))
    # The waiting is the same in both, whatever it was.
    extra = np.minimum(driven.high_fen - reference.high_fen, driven.low_fen - reference.low_fen)
    return np.where((driven.missing == "") & (reference.missing == ""), extra, np.nan)


def _over_stop_m(asked: _Asked, rows: Int64s, begins: Ends, ends: Ends) -> Floats:
    """The way over the longest stand between both ends, NaN where nothing stood long enough."""
    trips, track, roads = asked.trips, asked.given.track, asked.roads
    vehicle = positions_of(track.vehicle_ids, trips["vehicle_id"][rows])
    stop = _longest_stand(
        track.starts, track.time_ms, track.lon_e7, track.lat_e7, vehicle, trips["start_ms"][rows],
        trips["end_ms"][rows], int(asked.number("stop_s") * 1000),
    )  # fmt: skip
    over = np.full(rows.size, np.nan)
    at = np.flatnonzero(stop >= 0)
    if at.size:
        middle = snap(roads.network, roads.index, track.lon_e7[stop[at]], track.lat_e7[stop[at]])
        there = roads.router.best_between(FREE, _some(begins, at), middle)
        on = roads.router.best_between(FREE, middle, _some(ends, at))
        over[at] = there.length_m + on.length_m
    return over


@njit(cache=True, nogil=True)
def _longest_stand(
    starts: Int64s, time_ms: Int64s, lon_e7: Int32s, lat_e7: Int32s, vehicle: Int64s, start_ms: Int64s,
    end_ms: Int64s, least_ms: int,
) -> Int64s:  # fmt: skip
    """A fix of the longest stand of each trip away from both its ends, -1 where none lasted `least_ms`."""
    found = np.full(vehicle.size, np.int64(-1), dtype=np.int64)
    for row in range(vehicle.size):
        v = vehicle[row]
        if v == NOT_GIVEN:
            continue
        first = starts[v] + np.searchsorted(time_ms[starts[v] : starts[v + 1]], start_ms[row])
        last = starts[v] + np.searchsorted(time_ms[starts[v] : starts[v + 1]], end_ms[row] + 1) - 1
        if last <= first:
            continue
        per_lon, per_lat = metres_per_degree(lat_e7[first] * 1e-7)
        per_lon *= 1e-7
        per_lat *= 1e-7
        best = np.int64(least_ms) - 1
        i = first
        while i <= last:
            j = i
            while j < last and _near(lon_e7, lat_e7, i, j + 1, per_lon, per_lat, STAND_M):
                j += 1
            held = time_ms[j] - time_ms[i]
            away = not _near(lon_e7, lat_e7, i, first, per_lon, per_lat, FROM_ENDS_M)
            away &= not _near(lon_e7, lat_e7, i, last, per_lon, per_lat, FROM_ENDS_M)
            if held > best and away:
                best = held
                found[row] = i
            i = j + 1
    return found


@njit(cache=True, inline="always")
def _near(
    lon_e7: Int32s, lat_e7: Int32s, a: int, b: int, per_lon: float, per_lat: float, metres: float
) -> bool:
    x = (lon_e7[a] - lon_e7[b]) * per_lon
    y = (lat_e7[a] - lat_e7[b]) * per_lat
    return bool(x * x + y * y <= metres * metres)
