"""Where cars drove faster than the limit of every road they may have been on, and how much could be judged.

Every fix is held against the highest limit of all roads within reach that run its way (`roads.limits`), so
that a car on an expressway is never judged by the street under it. Most fixes are slower than any limit
near them allows; they are not looked up at all.

A receiver's error that lasts puts a whole stretch on the street beside the expressway. So each stretch is
held once more against the roads within such an error: what is left of it is told, and where too little is
left for a stretch of its own nobody can tell which of the roads the car was on.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.facts.duty import duties, one_driver
from taxi_qa.facts.given import Given, judged_rows
from taxi_qa.facts.headings import headings
from taxi_qa.facts.speeding import (
    MOVING_CKMH,
    NO_LIMIT,
    Margins,
    Runs,
    allowed_kmh,
    measured,
    over_limit_runs,
    sure_parts,
)
from taxi_qa.facts.unit import named_subject, unit_rows
from taxi_qa.law.parameter import Law
from taxi_qa.roads.allowed import too_fast
from taxi_qa.roads.city import Roads
from taxi_qa.roads.codirectional import nearest_codirectional
from taxi_qa.roads.index import SegmentIndex, cell_of
from taxi_qa.roads.limits import (
    CLASS_DEFAULT,
    NO_ROW,
    OPERATOR,
    OPERATOR_AREA,
    TAG,
    Limits,
    highest_codirectional,
)
from taxi_qa.roads.receivers import receiver_errors_m
from taxi_qa.values.clock import MS_PER_DAY, city_day
from taxi_qa.values.columns import Columns, Texts, Values

Int16s = npt.NDArray[np.int16]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]

SOURCES: Final = {OPERATOR_AREA: "operator", OPERATOR: "operator", TAG: "map", CLASS_DEFAULT: "class default"}
# How far from its road a car may seem to be: half a wide road and the map's error, and 1.5 times the
# receiver's (shared measurements: with it no innocent trace was found).
ROAD_REACH_M: Final = 15.0
ERROR_SHARE: Final = 1.5
# Of the fixes that are not suspicious every so many tells how much of the driving has known limits.
SAMPLE: Final = 16
_TEXTS: Final = ("limit_source", "limit_name", "road", "way_ids")


def speed_stretches(given: Given, law: Law) -> Columns:
    """Each stretch above the limit that began in the span, and each car's day as a whole.

    Returns:
        Unit columns and: kind ("stretch" or "day"), limit_kmh, mean_kmh (what the device and the speed from
        point to point both say), top_kmh, held_s, distance_m, fixes, limit_source, limit_name (what the
        operator calls the limit or its zone), road, way_ids, judged_ratio (of the day's moving fixes, the
        share whose limit is known; 1 for a stretch), in_doubt (1 where it may all have been driven on a
        faster road, an error that lasts away; else 0); notable_ratio, grave_ratio (where the law's bands of
        excess begin, NaN where it has none) and limit_leans_on (the versions of those, and of the class
        defaults a stretch leaned on).
    """
    rows = _stretches(given, law) if given.roads is not None else _none()
    days = _days(given, law)
    names = list(rows)
    columns: dict[str, Values] = {name: np.concatenate((rows[name], days[name])) for name in names}
    vehicle_id, start = columns["vehicle_id"], columns["start_ms"]
    subject = named_subject(vehicle_id, start)
    kinds = zip(subject, columns["kind"], strict=True)
    columns["subject"] = np.array([f"{name}/{kind}" for name, kind in kinds], dtype=object)
    return unit_rows(given, columns | _by_law(law, columns))


def _by_law(law: Law, columns: Mapping[str, Values]) -> dict[str, Values]:
    """Where the law's bands of excess begin at each moment, and the versions leaned on."""
    start = columns["start_ms"]
    found: dict[str, Values] = {}
    names: Texts = np.full(start.size, "", dtype=object)
    for name in ("notable_ratio", "grave_ratio"):
        parameter = law.get(f"driving.speeding_{name}")
        found[name] = np.full(start.size, np.nan) if parameter is None else parameter.at(start)
        if parameter is not None:
            names = names + ";" + parameter.names_at(start)
    return {**found, "limit_leans_on": names}


def _none() -> Columns:
    nothing: Texts = np.array([], dtype=object)
    texts = dict.fromkeys((*_TEXTS, "vehicle_id", "driver_id", "kind"), nothing)
    numbers = (
        "lon", "lat", "limit_kmh", "mean_kmh", "top_kmh", "held_s", "distance_m", "fixes", "judged_ratio",
        "in_doubt",
    )  # fmt: skip
    moments = {name: np.zeros(0, dtype=np.int64) for name in ("start_ms", "end_ms")}
    return Columns({**texts, "missing": nothing, **moments, **{name: np.zeros(0) for name in numbers}})


def _stretches(given: Given, law: Law) -> Columns:
    roads = given.roads
    if roads is None or not given.track.time_ms.size:
        return _none()
    over, (limit_kmh, source, edge, row) = _over_limits(given, law, roads)
    limit = np.full(given.track.time_ms.size, NO_LIMIT, dtype=np.int16)
    limit[over] = limit_kmh
    track = given.track
    runs, in_doubt = _sure_runs(given, law, roads, over, limit)
    began = (track.time_ms[runs.first] >= given.from_ms) & (track.time_ms[runs.first] < given.to_ms)
    first, last = runs.first[began], runs.last[began]
    if not first.size:
        return _none()
    vehicle_id = np.array(track.vehicle_ids, dtype=object)[runs.vehicle[began]]
    start, end = track.time_ms[first], track.time_ms[last]
    middle = (first + last) // 2
    begin = np.searchsorted(over, first)
    spans = zip(begin.tolist(), (begin + last - first).tolist(), strict=True)
    named = _named(roads, spans, source, edge, row)
    return Columns(
        {
            "vehicle_id": vehicle_id,
            "driver_id": _driver(given, vehicle_id, start, end),
            "kind": np.full(first.size, "stretch", dtype=object),
            **dict(zip(_TEXTS, named, strict=True)),
            "missing": np.full(first.size, "", dtype=object),
            "start_ms": start,
            "end_ms": end,
            "lon": track.lon_e7[middle] * 1e-7,
            "lat": track.lat_e7[middle] * 1e-7,
            "limit_kmh": runs.limit_kmh[began],
            "mean_kmh": runs.sure_kmh[began],
            "top_kmh": runs.top_kmh[began],
            "held_s": (end - start) / 1000.0,
            "distance_m": runs.distance_m[began],
            "fixes": (last - first + 1).astype(np.float64),
            "judged_ratio": np.ones(first.size),
            "in_doubt": in_doubt[began].astype(np.float64),
        }
    )


def _sure_runs(
    given: Given, law: Law, roads: Roads, over: Int64s, limit: Int16s
) -> tuple[Runs, npt.NDArray[np.bool_]]:
    """The runs above the limit as far as they are sure, and whether they are in doubt as a whole.

    Args:
        over: the fixes above their limits.
        limit: of each fix of the line, known at those.
    """
    track, margins = given.track, margins_of(law, given.from_ms)
    runs = over_limit_runs(track, limit, margins)
    heading, day = headings(given), int(city_day(np.array([given.from_ms]), given.zone)[0])
    places = track.lon_e7, track.lat_e7, heading, track.speed_ckmh
    sigmas = law.number("house.driving.speeding_error_sigmas", given.from_ms)
    reach_m = np.minimum(_reach_m(given, law, over, sigmas), np.float32(roads.index.reach_m))
    sure = np.zeros(track.time_ms.size, dtype=np.bool_)
    sure[over] = too_fast(
        roads.index, roads.limits(law, day), over, *places, _ms_of_day(given, over), reach_m,
        (margins.ratio, margins.kmh),
    )  # fmt: skip
    least_s = law.number("house.driving.speeding_s", given.from_ms)
    first, last = sure_parts(track, runs, sure, margins.least_fixes, least_s)
    is_sure = first >= 0
    first, last = np.where(is_sure, first, runs.first), np.where(is_sure, last, runs.last)
    parts = measured(track, limit, margins, runs.vehicle, first, last)
    is_sure &= parts.sure_kmh > allowed_kmh(parts.limit_kmh, margins.ratio, margins.kmh)
    first, last = np.where(is_sure, first, runs.first), np.where(is_sure, last, runs.last)
    return measured(track, limit, margins, runs.vehicle, first, last), ~is_sure


def margins_of(law: Law, instant_ms: int) -> Margins:
    """The house's margins, and the errors of its witnesses, at one instant."""
    ratio, kmh, fixes, cut = (
        law.number(f"house.driving.speeding_{name}", instant_ms)
        for name in ("ratio", "kmh", "fixes", "cut_ratio")
    )
    return Margins(ratio, kmh, int(fixes), law.number("house.quality.gnss_error_m", instant_ms), cut)


def _over_limits(
    given: Given, law: Law, roads: Roads
) -> tuple[Int64s, tuple[Int16s, npt.NDArray[np.uint8], Int32s, Int32s]]:
    """The fixes above their limits by both margins, ascending, and limit, source, edge and row of each."""
    track = given.track
    day = int(city_day(np.array([given.from_ms]), given.zone)[0])
    limits, lowest = roads.limits(law, day), roads.lowest(law, day)
    ratio, kmh = (law.number(f"house.driving.speeding_{name}", given.from_ms) for name in ("ratio", "kmh"))
    rows = np.flatnonzero(
        _suspicious(roads.index, lowest, track.lon_e7, track.lat_e7, track.speed_ckmh, ratio, kmh)
    )
    reach_m = _reach_m(given, law, rows)
    heading = headings(given)
    places = track.lon_e7, track.lat_e7, heading, track.speed_ckmh
    for is_sure in (False, True):
        if is_sure:
            reach_m = reach_m + _off_road_m(roads, track.lon_e7[rows], track.lat_e7[rows], heading[rows])
        moment = _ms_of_day(given, rows), reach_m
        too = too_fast(roads.index, limits, rows, *places, *moment, (ratio, kmh))
        rows, reach_m = rows[too], reach_m[too]
    return rows, _looked_up(given, roads, limits, rows, reach_m)


def limits_along(
    given: Given, law: Law, roads: Roads, rows: Int64s
) -> tuple[Int16s, npt.NDArray[np.uint8], Int32s, Int32s]:
    """What the speed of each of these fixes is held against: as `roads.limits.highest_codirectional`."""
    track = given.track
    day = int(city_day(np.array([given.from_ms]), given.zone)[0])
    off_road_m = _off_road_m(roads, track.lon_e7[rows], track.lat_e7[rows], headings(given)[rows])
    return _looked_up(given, roads, roads.limits(law, day), rows, _reach_m(given, law, rows) + off_road_m)


def _off_road_m(roads: Roads, lon_e7: Int32s, lat_e7: Int32s, heading: Int16s) -> Floats32:
    """By how much fixes lie farther from any road that runs their way than roads are wide.

    So much they err at least, whatever the receiver does at other times, and all of half a minute: errors
    last. The roads they may have been on lie that much further away, too.
    """
    _, away_m = nearest_codirectional(roads.index, lon_e7, lat_e7, heading, reach_m=roads.index.reach_m)
    result: Floats32 = np.maximum(away_m - np.float32(ROAD_REACH_M), np.float32(0))
    return result


def _looked_up(
    given: Given, roads: Roads, limits: Limits, rows: Int64s, reach_m: Floats32
) -> tuple[Int16s, npt.NDArray[np.uint8], Int32s, Int32s]:
    track = given.track
    return highest_codirectional(
        roads.index, limits, track.lon_e7[rows], track.lat_e7[rows], headings(given)[rows],
        _ms_of_day(given, rows), reach_m,
    )  # fmt: skip


def _ms_of_day(given: Given, rows: Int64s) -> Int32s:
    result: Int32s = ((given.track.time_ms[rows] - given.from_ms) % MS_PER_DAY).astype(np.int32)
    return result


def _reach_m(given: Given, law: Law, rows: Int64s, sigmas: float = ERROR_SHARE) -> Floats32:
    """How far from each fix roads are looked for: a road's width, and so many errors of the receiver."""
    # A receiver that errs more than the house believes has its roads looked for further away.
    sigma_m = np.fmax(
        law.number("house.quality.gnss_error_m", given.from_ms),
        given.once("receiver errors", _receiver_errors),
    )
    reach_m = (ROAD_REACH_M + sigmas * sigma_m).astype(np.float32)
    result: Floats32 = reach_m[np.searchsorted(given.track.starts, rows, side="right") - 1]
    return result


def _receiver_errors(given: Given) -> Floats:
    """How far each car's places lie from the roads it is driven along, NaN where too few tell."""
    track = given.track
    if given.roads is None:
        return np.full(len(track.vehicle_ids), np.nan)
    heading = headings(given)
    return receiver_errors_m(
        given.roads.index, track.starts, track.lon_e7, track.lat_e7, heading, track.speed_ckmh
    )


@njit(cache=True, nogil=True)
def _suspicious(
    index: SegmentIndex,
    lowest: Int16s,
    lon_e7: Int32s,
    lat_e7: Int32s,
    speed_ckmh: Int32s,
    ratio: float,
    kmh: float,
) -> npt.NDArray[np.bool_]:
    """Fixes faster than the lowest limit near them allows."""
    found = np.zeros(lon_e7.size, dtype=np.bool_)
    for i in range(lon_e7.size):
        if speed_ckmh[i] < MOVING_CKMH:
            continue
        cell = cell_of(index, lon_e7[i], lat_e7[i])
        if cell < 0:
            continue
        limit = float(lowest[cell])
        found[i] = speed_ckmh[i] > 100.0 * max(limit * (1.0 + ratio), limit + kmh)
    return found


def _driver(given: Given, vehicle_id: Texts, start: Int64s, end: Int64s) -> Texts:
    """The driver who alone had the car, "" where nobody or several had it."""
    duty = duties(given)
    known = set(duty["vehicle_id"].tolist())
    inside = np.array([name in known for name in vehicle_id], dtype=bool)
    driver = np.full(vehicle_id.size, "", dtype=object)
    if inside.any():
        driver[inside] = one_driver(duty, vehicle_id[inside], start[inside], end[inside])[0]
    return driver


def _named(
    roads: Roads, runs: Iterable[tuple[int, int]], source: npt.NDArray[np.uint8], edge: Int32s, row: Int32s
) -> list[Texts]:
    """Of the fixes of each run (first, last): the weakest source of their limits, and what they are called.

    Beside them the names and ids of the roads whose limits counted; all as `_TEXTS`.
    """
    told: list[tuple[str, ...]] = []
    for first, last in runs:
        ways = list(dict.fromkeys(roads.network.way[edge[first : last + 1]].tolist()))
        limits = dict.fromkeys(row[first : last + 1].tolist()) if roads.table is not None else {}
        names = [roads.table.rows[one].called for one in limits if one != NO_ROW] if roads.table else []
        told.append(
            (
                SOURCES.get(int(source[first : last + 1].min()), ""),
                ";".join(dict.fromkeys(filter(None, names))),
                ";".join(dict.fromkeys(filter(None, (roads.network.way_name[way] for way in ways)))),
                ";".join(str(roads.network.way_id[way]) for way in ways),
            )
        )
    return [np.array(column, dtype=object) for column in zip(*told, strict=True)]


def _days(given: Given, law: Law) -> Columns:
    """A row for each car with positions in the span."""
    first, past = judged_rows(given)
    names = np.array(given.fixes.vehicle_ids, dtype=object)
    cars = np.flatnonzero(past > first)
    n = cars.size
    missing = np.full(n, "", dtype=object)
    judged = np.full(n, np.nan)
    if given.roads is None:
        missing[:] = "roads"
    else:
        moving, known = _known_share(given, law, given.roads)
        missing[moving[cars] == 0] = "moving positions with speed"
        with np.errstate(invalid="ignore"):
            judged = known[cars] / moving[cars]
    nothing = np.full(n, "", dtype=object)
    nan = np.full(n, np.nan)
    return Columns(
        {
            "vehicle_id": names[cars],
            "driver_id": nothing,
            "kind": np.full(n, "day", dtype=object),
            **dict.fromkeys(_TEXTS, nothing),
            "missing": missing,
            "start_ms": np.full(n, given.from_ms, dtype=np.int64),
            "end_ms": np.full(n, given.to_ms - 1, dtype=np.int64),
            **dict.fromkeys(
                ("lon", "lat", "limit_kmh", "mean_kmh", "top_kmh", "held_s", "distance_m", "fixes"), nan
            ),
            "judged_ratio": judged,
            "in_doubt": np.zeros(n),
        }
    )


def _known_share(given: Given, law: Law, roads: Roads) -> tuple[Floats, Floats]:
    """Of a sample of each car's moving fixes in the span: how many, and of how many the limit is known."""
    track = given.track
    rows = _sampled(track.starts, track.time_ms, track.speed_ckmh, given.from_ms, given.to_ms)
    vehicle = np.searchsorted(track.starts, rows, side="right") - 1
    limits = roads.limits(law, int(city_day(np.array([given.from_ms]), given.zone)[0]))
    limit = _looked_up(given, roads, limits, rows, _reach_m(given, law, rows))[0]
    cars = len(track.vehicle_ids)
    moving = np.bincount(vehicle, minlength=cars).astype(np.float64)
    known = np.bincount(vehicle[limit >= 0], minlength=cars).astype(np.float64)
    return moving, known


@njit(cache=True, nogil=True)
def _sampled(starts: Int64s, time_ms: Int64s, speed_ckmh: Int32s, from_ms: int, to_ms: int) -> Int64s:
    """Of each car's moving fixes in the span the first, and every `SAMPLE`th from there."""
    rows = np.empty(time_ms.size // SAMPLE + starts.size, dtype=np.int64)
    n = 0
    for v in range(starts.size - 1):
        moving = 0
        for i in range(starts[v], starts[v + 1]):
            if from_ms <= time_ms[i] < to_ms and speed_ckmh[i] >= MOVING_CKMH:
                if moving % SAMPLE == 0:
                    rows[n] = i
                    n += 1
                moving += 1
    return rows[:n].copy()
