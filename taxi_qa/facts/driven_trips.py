"""Trips as driven: their lines, and what a day leaves of them for the days after it.

A city drives more trips than anybody needs to know what is usual. Of each day a sample is left, the same
one whoever draws it: by a number made of the car's name and the moment it was boarded.
"""

import zlib
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.facts.given import Given, looked_up, positions_of
from taxi_qa.facts.headings import headings
from taxi_qa.facts.spans import rows_inside
from taxi_qa.facts.track import Track
from taxi_qa.facts.usual_routes import LEG_M, Driven, thinned
from taxi_qa.law.parameter import Law
from taxi_qa.roads.city import Roads
from taxi_qa.roads.learned import Passes, passes_of
from taxi_qa.roads.matching import match
from taxi_qa.values.clock import MS_PER_DAY, MS_PER_H, offset_ms
from taxi_qa.values.columns import Columns
from taxi_qa.values.place import E7, distance_m, metres_per_degree

Bools = npt.NDArray[np.bool_]
Int8s = npt.NDArray[np.int8]
Int64s = npt.NDArray[np.int64]

# Four weeks of these are 112,000 trips: where San Francisco's 43,000 tell what is usual, a city's do.
TRIPS_A_DAY: Final = 4_000
# A trip passes some 60 edges, and speeds are learned by the street and the class, too.
TIMED_A_DAY: Final = 1_000
TRIP_COLUMNS: Final = ("vehicle_id", "start_ms", "took_s", "lon_e7", "lat_e7")
PASS_COLUMNS: Final = ("vehicle_id", "edge", "hour", "metres", "seconds")


def cut(track: Track, vehicle: Int64s, start_ms: Int64s, end_ms: Int64s) -> tuple[Int64s, Int64s]:
    """The fixes of spans, one span after the other.

    Args:
        track: the clean line.
        vehicle: index into `track.vehicle_ids`, `NOT_GIVEN` where the vehicle has no track.
        start_ms, end_ms: both ends, included.

    Returns:
        Offsets (n + 1) and the rows of the track: span i has rows[start[i]:start[i + 1]].
    """
    first, past = rows_inside(track, vehicle, start_ms, end_ms)
    count = past - first
    start = np.concatenate(([0], np.cumsum(count))).astype(np.int64)
    rows = np.arange(start[-1]) + np.repeat(first - start[:-1], count)
    return start, rows


def spans_of(trips: Columns, rows: Int64s) -> tuple[Int64s, Int64s]:
    """When the trips surely were under way: minute stamps have their seconds taken off both ends."""
    slack_ms = (trips["slack_s"][rows] * 1000).astype(np.int64)
    return trips["start_ms"][rows] + slack_ms, trips["end_ms"][rows]


def driven_of(trips: Columns, rows: Int64s, track: Track) -> tuple[Driven, Int64s]:
    """Some trips as driven.

    Args:
        trips: as `trips.metered_trips` gives them.
        rows: which, each with a clear track.
        track: the clean line.

    Returns:
        The trips with at least one fix, and their rows.
    """
    begin, end = spans_of(trips, rows)
    vehicle = positions_of(track.vehicle_ids, trips["vehicle_id"][rows])
    start, at = cut(track, vehicle, begin, end)
    held = np.diff(start) > 0
    start = np.concatenate((start[:-1][held], start[-1:]))
    return Driven(start, track.lon_e7[at], track.lat_e7[at], (end - begin)[held] / 1000.0), rows[held]


def hours_of(instants_ms: Int64s, zone: str) -> Int8s:
    """The hour of the city's clock, 0 to 23."""
    return ((instants_ms + offset_ms(instants_ms, zone)) % MS_PER_DAY // MS_PER_H).astype(np.int8)


def clear_trips(trips: Columns, clear_gap_s: float) -> Bools:
    """Trips whose line has no leap and no gap another way could hide in, and that moved."""
    return np.asarray(
        (trips["missing"] == "")
        & (trips["longest_gap_s"] <= clear_gap_s)
        & (trips["leaps"] == 0)
        & (np.nan_to_num(trips["chord_low_m"]) > 0)
    )


def trips_part(trips: Columns, given: Given, law: Law) -> pd.DataFrame:
    """What a day leaves of its trips: the corners of some of their lines.

    Args:
        trips: as `trips.metered_trips` gives them.
        given: for the track, and how many trips the city drove that day.
        law: for the house's idea of a clear track.

    Returns:
        `TRIP_COLUMNS`: lon_e7 and lat_e7 are lists of int32, corners at least `LEG_M` apart.
    """
    rows = _sample(trips, given, law, TRIPS_A_DAY)
    driven, rows = driven_of(trips, rows, given.track)
    lon, lat, start = driven.lon_e7, driven.lat_e7, driven.start
    if rows.size:
        per_lon, per_lat = metres_per_degree(float(lat[0]) / E7)
        _, _, start, kept = thinned(lon / E7 * per_lon, lat / E7 * per_lat, start, LEG_M)
        lon, lat = lon[kept], lat[kept]
    return pd.DataFrame(
        {
            "vehicle_id": trips["vehicle_id"][rows],
            "start_ms": trips["start_ms"][rows],
            "took_s": driven.seconds,
            "lon_e7": _lists(lon, start),
            "lat_e7": _lists(lat, start),
        }
    )


def passes_part(trips: Columns, given: Given, law: Law) -> pd.DataFrame:
    """What a day leaves of its speeds: how long some trips took for each road they passed.

    Args:
        trips: as `trips.metered_trips` gives them.
        given: for the track and the roads.
        law: for the house's idea of a clear track.

    Returns:
        `PASS_COLUMNS`, none where the home has no roads; edges are those of the home's network.
    """
    rows = _sample(trips, given, law, TIMED_A_DAY)
    if given.roads is None or not rows.size:
        return pd.DataFrame({name: [] for name in PASS_COLUMNS}).astype(
            {"vehicle_id": object, "edge": "int32", "hour": "int8", "metres": "float32", "seconds": "float32"}
        )
    passes, owner = _passes(trips, given, given.roads, rows)
    return pd.DataFrame({"vehicle_id": trips["vehicle_id"][rows[owner]], **passes._asdict()})


def _passes(trips: Columns, given: Given, roads: Roads, rows: Int64s) -> tuple[Passes, Int64s]:
    """The passes of some trips, and which trip each is of."""
    track = given.track
    begin, end = spans_of(trips, rows)
    start, at = cut(track, positions_of(track.vehicle_ids, trips["vehicle_id"][rows]), begin, end)
    lon_e7, lat_e7, time_ms = track.lon_e7[at], track.lat_e7[at], track.time_ms[at]
    found = match(roads.index, roads.ahead, lon_e7, lat_e7, headings(given)[at], time_ms, start)
    step_m = np.zeros(at.size)
    lon, lat = lon_e7 / E7, lat_e7 / E7
    step_m[1:] = distance_m(lon[:-1], lat[:-1], lon[1:], lat[1:])
    hour = hours_of(time_ms, given.zone)
    one = [
        passes_of(found.edge[a:z], hour[a:z], time_ms[a:z], step_m[a:z], np.array([0, z - a]))
        for a, z in zip(start[:-1].tolist(), start[1:].tolist(), strict=True)
    ]
    owner = np.repeat(np.arange(rows.size), [passes.edge.size for passes in one])
    columns = (np.concatenate(column) for column in zip(*one, strict=True))
    return Passes(*columns), owner


def _sample(trips: Columns, given: Given, law: Law, of_city: int) -> Int64s:
    """Rows of so many trips of the whole city's day, or of all where it drove fewer."""
    clear_s = law.number("house.track.clear_gap_s", given.from_ms)
    share = min(1.0, of_city / max(1, given.city_trips))
    drawn = _lots(trips["vehicle_id"], trips["start_ms"]) < share
    return np.flatnonzero(drawn & clear_trips(trips, clear_s))


def _lots(vehicle_id: npt.NDArray[np.object_], start_ms: Int64s) -> npt.NDArray[np.float64]:
    """A number from 0 to 1 for each trip, always the same (splitmix64 of the car and the moment)."""
    car: npt.NDArray[np.uint64] = looked_up(vehicle_id, lambda name: zlib.crc32(name.encode()), np.uint64)
    x = start_ms.astype(np.uint64) + car * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    lots: npt.NDArray[np.float64] = (x ^ (x >> np.uint64(31))) / 2.0**64
    return lots


def _lists(values: npt.NDArray[np.int32], start: Int64s) -> npt.NDArray[np.object_]:
    lists = np.empty(start.size - 1, dtype=object)
    for at, (a, z) in enumerate(zip(start[:-1].tolist(), start[1:].tolist(), strict=True)):
        lists[at] = values[a:z]
    return lists
