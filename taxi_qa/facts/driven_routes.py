"""Metered trips against the routes they could have taken: what is driven too far, and what explains it.

Two passes. Every trip with a clear track gets the fastest route between its ends; only those driven much
farther are looked at closely: the longest reasonable route at that hour, whether the driver's own way was
itself reasonable, stops on the way, where the ways part, what the extra kilometres cost, and what other
taxis drove between the same places. Without a road network these other taxis are the only witness.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.facts.diverging import line_text, lines_of_routes, parts_and_meets
from taxi_qa.facts.driven_trips import clear_trips, cut, driven_of, hours_of, spans_of
from taxi_qa.facts.given import NOT_GIVEN, Given, positions_of
from taxi_qa.facts.similar import FEWEST, compared
from taxi_qa.facts.spans import place_at
from taxi_qa.facts.trips import fare_bands
from taxi_qa.facts.unit import UNIT_COLUMNS
from taxi_qa.law.parameter import Law
from taxi_qa.roads.city import Roads
from taxi_qa.roads.metrics import FREE, hour_metric
from taxi_qa.roads.reference import (
    ALTERNATIVE,
    FASTEST,
    FASTEST_AT_HOUR,
    Reference,
    is_own_reasonable,
    longest_reasonable,
    own_way,
    places_along,
)
from taxi_qa.roads.routes import ContractionRouter, Routes, joined, picked
from taxi_qa.roads.snapping import Ends, ends_of, snap
from taxi_qa.values.columns import Columns, Texts, Values
from taxi_qa.values.place import E7, distance_m, metres_per_degree

Bools = npt.NDArray[np.bool_]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# A stand whose every fix lies this close to its first; and one this near an end is boarding or paying.
STAND_M: Final = 40.0
FROM_ENDS_M: Final = 300.0
KINDS: Final = {FASTEST: "fastest", FASTEST_AT_HOUR: "fastest at that hour", ALTERNATIVE: "alternative"}
_NUMBERS: Final = (
    "reference_m", "reference_s", "over_stop_m", "extra_fen", "similar_median_m", "similar_p90_m",
    "similar_share_shorter", "unusual_m", "witness_m", "strange_share",
)  # fmt: skip
_TEXTS: Final = ("reference_kind", "route", "road", "way_ids", "detour_from", "detour_to")


def driven_routes(trips: Columns, given: Given, law: Law) -> Columns:
    """Each metered trip against its reference route.

    Args:
        trips: as `trips.metered_trips` gives them.
        given: for the track, the roads and what the days before left.
        law: for the tariff and the house's margins.

    Returns:
        Unit columns and: driven_m (sum of chords at its lowest), took_s, metered_m, fare_missing,
        fare_leans_on, back_aboard (seats emptied and filled again on the way); reference_m (longest
        reasonable route), reference_kind (which it is), reference_s (of the fastest at that hour),
        own_is_reasonable (the driver's own way is hardly slower than reasonable ones), over_stop_m (the way
        over the longest stand, NaN without one), extra_fen (by the tariff: driven above reference, at its
        lowest), route (WKT, lon lat), road and way_ids (of the fastest route and the reference), detour_from
        and detour_to (where the ways part and meet), all of trips much longer than the fastest route, NaN or
        "" else; similar_n, similar_median_m, similar_p90_m, similar_share_shorter, unusual_m, witness_m (its
        own length as the similar trips are measured), strange_share (of ordinary trips so many are at least
        as strange): what other taxis drove, of trips longer than the reference by both margins.
    """
    n = len(trips)
    columns: dict[str, Values] = {
        **trips.some(*UNIT_COLUMNS, "metered_m", "fare_missing", "fare_leans_on", "back_aboard"),
        "driven_m": trips["chord_low_m"],
        "took_s": (trips["end_ms"] - trips["start_ms"]) / 1000.0 + trips["slack_s"],
        **{name: np.full(n, np.nan) for name in _NUMBERS},
        **{name: np.full(n, "", dtype=object) for name in _TEXTS},
        "similar_n": np.zeros(n),
        "own_is_reasonable": np.zeros(n, dtype=bool),
    }
    columns["missing"] = _missing(trips, given, law)
    asked = _Asked(trips, given, law, columns)
    if given.roads is None:
        _against_others(asked)
    else:
        _against_roads(asked, given.roads, np.flatnonzero(columns["missing"] == ""))
    return Columns(columns)


@dataclass(frozen=True)
class _Asked:
    """The trips, what is known, and the columns to be filled in."""

    trips: Columns
    given: Given
    law: Law
    columns: dict[str, Values]

    def number(self, name: str) -> float:
        """A margin of the house."""
        return self.law.number(f"house.driving.detour_{name}", self.given.from_ms)

    def beyond(self, rows: Int64s, reference_m: Floats) -> Int64s:
        """Those of the rows that were driven farther than a reference by both margins."""
        driven = self.columns["driven_m"][rows]
        with np.errstate(invalid="ignore"):
            far = driven > np.maximum(
                reference_m * (1 + self.number("ratio")), reference_m + self.number("m")
            )
        return np.flatnonzero(far)

    @cached_property
    def vehicle(self) -> Int64s:
        """The place of each trip's car in the track."""
        return positions_of(self.given.track.vehicle_ids, self.trips["vehicle_id"])


def _missing(trips: Columns, given: Given, law: Law) -> Texts:
    clear_s = law.number("house.track.clear_gap_s", given.from_ms)
    seen = ~np.isnan(trips["chord_low_m"])
    clear = (trips["longest_gap_s"] <= clear_s) & (trips["leaps"] == 0)
    return np.select(
        [trips["missing"] != "", np.full(len(trips), given.roads is None), ~seen, ~clear],
        [trips["missing"], "roads", "positions", "clear track"],
        "",
    ).astype(object)


def _against_roads(asked: _Asked, roads: Roads, rows: Int64s) -> None:
    """Fills in what the roads say of the rows."""
    columns = asked.columns
    begins, ends = _ends(asked, roads, rows)
    found = roads.router.best_between(FREE, begins, ends)
    none = np.isnan(found.length_m)
    columns["missing"][rows[none]] = "a road near both ends"
    columns["reference_m"][rows] = found.length_m
    columns["reference_s"][rows] = found.seconds
    columns["reference_kind"][rows[~none]] = KINDS[FASTEST]
    columns["extra_fen"][rows] = np.where(none, np.nan, 0.0)
    near = asked.beyond(rows, found.length_m)
    if near.size:
        router = None if asked.given.past is None else asked.given.past.router
        look = _Look(asked, roads, router or roads.router, rows[near])
        _looked_at_closely(look, ends_of(begins, near), ends_of(ends, near), picked(found, near))


def _ends(asked: _Asked, roads: Roads, rows: Int64s) -> tuple[Ends, Ends]:
    """Roads on which each trip may begin and end."""
    trips = asked.trips
    last = place_at(asked.given.track, asked.vehicle[rows], trips["end_ms"][rows])
    sides = []
    for lon, lat in ((trips["lon"][rows], trips["lat"][rows]), last):
        # Unknown places lie in the sea, near no road.
        lon_e7, lat_e7 = (np.round(np.nan_to_num(axis) * E7).astype(np.int32) for axis in (lon, lat))
        sides.append(snap(roads.network, roads.index, lon_e7, lat_e7))
    return sides[0], sides[1]


@dataclass(frozen=True)
class _Look:
    """A closer look at some rows."""

    asked: _Asked
    roads: Roads
    router: ContractionRouter
    rows: Int64s


def _looked_at_closely(look: _Look, begins: Ends, ends: Ends, fastest: Routes) -> None:
    asked, rows, columns = look.asked, look.rows, look.asked.columns
    hour = hours_of(asked.trips["start_ms"][rows], asked.given.zone)
    reference = longest_reasonable(look.router, begins, ends, hour)
    longest = np.fmax(reference.routes.length_m, fastest.length_m)
    kind, drawn = reference.kind, reference.routes
    far = asked.beyond(rows, longest)
    some = _Look(asked, look.roads, look.router, rows[far])
    if far.size:
        # Both ends lie between positions, maybe on another road than a straight line between them passes:
        # what is judged is the way from the first position to the last, the rest is as it was driven.
        seen, rest_m = _between_positions(some, hour[far])
        other_m = seen.routes.length_m + rest_m
        place = np.arange(rows.size)
        place[far] = np.where(other_m > longest[far], rows.size + np.arange(far.size), far)
        longest[far] = np.fmax(longest[far], other_m)
        drawn = picked(joined([drawn, seen.routes]), place)
        kind = np.concatenate((kind, seen.kind))[place]
        reference.free_s[far] = np.fmax(reference.free_s[far], seen.free_s)
        reference.fastest_s[far] = np.fmax(reference.fastest_s[far], seen.fastest_s)
    columns["reference_m"][rows] = longest
    columns["reference_kind"][rows] = [KINDS.get(one, KINDS[FASTEST]) for one in kind.tolist()]
    columns["reference_s"][rows] = np.fmax(reference.fastest_s, fastest.seconds)
    columns["extra_fen"][rows] = _extra_fen(asked, rows, columns["driven_m"][rows], longest)
    beyond = asked.beyond(rows, longest)
    if not beyond.size:
        return
    some = _Look(asked, look.roads, look.router, rows[beyond])
    columns["own_is_reasonable"][some.rows] = _own_is_reasonable(some, reference, beyond, hour[beyond])
    columns["over_stop_m"][some.rows] = _over_stop_m(some, ends_of(begins, beyond), ends_of(ends, beyond))
    _drawn(some, picked(fastest, beyond), picked(drawn, beyond))
    _by_others(asked, some.rows)


def _between_positions(look: _Look, hour: npt.NDArray[np.int8]) -> tuple[Reference, Floats]:
    """The longest reasonable way from each trip's first position to its last, and the metres outside it."""
    asked, track = look.asked, look.asked.given.track
    begin, end = spans_of(asked.trips, look.rows)
    start, at = cut(track, asked.vehicle[look.rows], begin, end)
    inside = np.flatnonzero(np.diff(start) > 0)
    first, last = np.zeros(look.rows.size, dtype=np.int64), np.zeros(look.rows.size, dtype=np.int64)
    first[inside], last[inside] = at[start[:-1][inside]], at[start[1:][inside] - 1]
    sides = [
        snap(look.roads.network, look.roads.index, track.lon_e7[one], track.lat_e7[one])
        for one in (first, last)
    ]
    reference = longest_reasonable(look.router, sides[0], sides[1], hour)
    rest_m = asked.columns["driven_m"][look.rows] - (track.cum_m[last] - track.cum_m[first])
    none = np.diff(start) == 0
    return reference, np.where(none, np.nan, np.maximum(rest_m, 0.0))


def _own_is_reasonable(
    look: _Look, reference: Reference, beyond: Int64s, hour: npt.NDArray[np.int8]
) -> Bools:
    """Whether each driver's own way was hardly slower than reasonable ones: no list holds every way."""
    asked, n = look.asked, look.rows.size
    begin, end = spans_of(asked.trips, look.rows)
    start, at = cut(asked.given.track, asked.vehicle[look.rows], begin, end)
    lon_e7, lat_e7 = asked.given.track.lon_e7[at], asked.given.track.lat_e7[at]
    rows = places_along(start, lon_e7, lat_e7)
    trip = np.searchsorted(start, rows, side="right") - 1
    places = snap(look.roads.network, look.roads.index, lon_e7[rows], lat_e7[rows])
    own_s = own_way(look.router, FREE, trip, places, n)
    reasonable = is_own_reasonable(own_s, reference.free_s[beyond])
    if look.router.hourly_kmh is not None:
        for one in np.unique(hour).tolist():
            own_s = own_way(look.router, hour_metric(one), trip, places, n)
            reasonable |= (hour == one) & is_own_reasonable(own_s, reference.fastest_s[beyond])
    return reasonable


def _drawn(look: _Look, fastest: Routes, longest: Routes) -> None:
    """The reference as a line, its roads, and where the driver's way left every reasonable one."""
    network, columns, track = look.roads.network, look.asked.columns, look.asked.given.track
    begin, end = spans_of(look.asked.trips, look.rows)
    start, at = cut(track, look.asked.vehicle[look.rows], begin, end)
    fast_lines, long_lines = lines_of_routes(network, fastest), lines_of_routes(network, longest)
    for i, row in enumerate(look.rows.tolist()):
        edges = np.concatenate((fastest.edges_of(i), longest.edges_of(i)))
        ways = list(dict.fromkeys(network.way[edges].tolist()))
        columns["way_ids"][row] = ";".join(str(network.way_id[way]) for way in ways)
        columns["road"][row] = ";".join(dict.fromkeys(filter(None, (network.way_name[way] for way in ways))))
        columns["route"][row] = line_text(long_lines[i] if not long_lines[i].is_empty else fast_lines[i])
        mine = at[start[i] : start[i + 1]]
        columns["detour_from"][row], columns["detour_to"][row] = parts_and_meets(
            track.lon_e7[mine], track.lat_e7[mine], [fast_lines[i], long_lines[i]]
        )


def _by_others(asked: _Asked, rows: Int64s) -> Columns | None:
    """Fills in what other taxis drove between the same places; None where nobody knows."""
    known = None if asked.given.past is None else asked.given.past.usual
    if known is None or not rows.size:
        return None
    driven, rows = driven_of(asked.trips, rows, asked.given.track)
    seen = compared(known, driven)
    columns = asked.columns
    for name in ("similar_n", "similar_median_m", "similar_p90_m", "similar_share_shorter", "unusual_m"):
        columns[name][rows] = seen[name]
    columns["witness_m"][rows] = seen["driven_m"]
    columns["strange_share"][rows] = seen["strange_share"]
    return seen.but({"row": rows})


def _against_others(asked: _Asked) -> None:
    """Without roads: what nine of ten others needed is the reference, where enough others are known.

    A trip hardly longer than the straight line between its ends needs no witness at all.
    """
    trips, columns, track = asked.trips, asked.columns, asked.given.track
    if asked.given.past is None or asked.given.past.usual is None:
        return
    clear_s = asked.law.number("house.track.clear_gap_s", asked.given.from_ms)
    rows = np.flatnonzero((columns["missing"] == "roads") & clear_trips(trips, clear_s))
    lon, lat = place_at(track, asked.vehicle[rows], trips["end_ms"][rows])
    straight_m = distance_m(trips["lon"][rows], trips["lat"][rows], lon, lat)
    rows, straight_m = rows[~np.isnan(straight_m)], straight_m[~np.isnan(straight_m)]
    near = asked.beyond(rows, straight_m)
    plain = np.delete(rows, near)
    columns["missing"][plain] = ""
    columns["reference_m"][plain] = np.delete(straight_m, near)
    columns["reference_kind"][plain] = "straight line"
    columns["extra_fen"][plain] = 0.0
    seen = _by_others(asked, rows[near])
    if seen is None:
        return
    seen = seen.cut(seen["similar_n"] >= max(FEWEST, asked.number("similar_n")))
    rows = seen["row"]
    columns["missing"][rows] = ""
    columns["reference_m"][rows] = seen["similar_p90_m"]
    columns["reference_s"][rows] = seen["usual_s"]
    columns["reference_kind"][rows] = "other taxis"
    columns["extra_fen"][rows] = _extra_fen(asked, rows, columns["driven_m"][rows], seen["similar_p90_m"])
    over = asked.beyond(rows, seen["similar_p90_m"])
    columns["over_stop_m"][rows[over]] = np.where(_stands(asked, rows[over]) >= 0, np.inf, np.nan)


def _extra_fen(asked: _Asked, rows: Int64s, driven_m: Floats, reference_m: Floats) -> Floats:
    """What the driven way costs above the reference, by the tariff; at its lowest."""
    trips = Columns({name: values[rows] for name, values in asked.trips.columns.items()})
    driven = fare_bands(asked.given, asked.law, trips.but({"metered_m": driven_m}))
    reference = fare_bands(asked.given, asked.law, trips.but({"metered_m": reference_m}))
    # The waiting is the same in both, whatever it was.
    extra = np.minimum(driven.high_fen - reference.high_fen, driven.low_fen - reference.low_fen)
    return np.where((driven.missing == "") & (reference.missing == ""), extra, np.nan)


def _stands(asked: _Asked, rows: Int64s) -> Int64s:
    """A fix of the longest stand of each trip on its way, -1 where nothing stood long enough."""
    track, trips = asked.given.track, asked.trips
    return _longest_stand(
        track.starts, track.time_ms, track.lon_e7, track.lat_e7, asked.vehicle[rows],
        trips["start_ms"][rows], trips["end_ms"][rows], int(asked.number("stop_s") * 1000),
    )  # fmt: skip


def _over_stop_m(look: _Look, begins: Ends, ends: Ends) -> Floats:
    """The way over the longest stand between both ends, NaN where nothing stood long enough."""
    track, roads = look.asked.given.track, look.roads
    stop = _stands(look.asked, look.rows)
    over = np.full(stop.size, np.nan)
    at = np.flatnonzero(stop >= 0)
    if at.size:
        middle = snap(roads.network, roads.index, track.lon_e7[stop[at]], track.lat_e7[stop[at]])
        there = roads.router.best_between(FREE, ends_of(begins, at), middle)
        on = roads.router.best_between(FREE, middle, ends_of(ends, at))
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
