"""Outages: time on duty without a usable position.

The gaps are those between usable fixes (a spike is a record, if a poor one; "no fix" and 0,0 are
none), cut to the duty, the duty's own ends included. Gaps less than two minutes apart are one.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from numba import njit

from taxi_qa.facts.duty import cars_on_duty, duties, one_driver, open_ended
from taxi_qa.facts.given import NOT_GIVEN, Given, instants, positions_of, sent_on, words
from taxi_qa.facts.tickets import NOT_REPORTED, reported_between
from taxi_qa.facts.track import CLOCK, NO_FIX, NOWHERE
from taxi_qa.facts.unit import named_subject, unit_rows
from taxi_qa.law.parameter import Law
from taxi_qa.records.fixes import ACC_ON, ACC_SENT
from taxi_qa.values.clock import city_day
from taxi_qa.values.columns import Columns
from taxi_qa.values.place import distance_m

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# A fix with any of these labels says nothing of where the car was when.
DARK: Final = NO_FIX | NOWHERE | CLOCK

_HEARD_DAYS: Final = 7
_SAME_PLACE_M: Final = 200.0
_TUNNEL_MOUTH_M: Final = 300.0

# One act, one finding: outages less than this apart are one.
MERGE_MS: Final = 120_000


@dataclass(frozen=True)
class Gaps:
    """Gaps of at least the asked length, cut to their spans of duty.

    Attributes:
        duty: row of the duty.
        start_ms, end_ms: the gap within the duty.
        dark_ms: time without a record inside it (merged gaps leave their short light out).
        before, after: row of the usable fix on either side, -1 where there is none.
    """

    duty: Int64s
    start_ms: Int64s
    end_ms: Int64s
    dark_ms: Int64s
    before: Int64s
    after: Int64s


def gaps(
    starts: Int64s,
    time_ms: Int64s,
    labels: npt.NDArray[np.uint8],
    vehicle: Int64s,
    start_ms: Int64s,
    end_ms: Int64s,
    least_ms: int,
) -> Gaps:
    """Gaps longer than `least_ms` between usable fixes, in each span of duty.

    Args:
        starts, time_ms: all fixes, sorted by vehicle and time.
        labels: theirs, of `facts.track`; those labelled with any of `DARK` are not usable.
        vehicle: of each duty, `NOT_GIVEN` where it has no positions at all.
        start_ms, end_ms: the duties.
        least_ms: a gap counts if it is longer than this.
    """
    return Gaps(*_gaps(starts, time_ms, labels, vehicle, start_ms, end_ms, least_ms))


@njit(cache=True, nogil=True)
def _gaps(
    starts: Int64s,
    time_ms: Int64s,
    labels: npt.NDArray[np.uint8],
    vehicle: Int64s,
    start_ms: Int64s,
    end_ms: Int64s,
    least_ms: int,
) -> tuple[Int64s, Int64s, Int64s, Int64s, Int64s, Int64s]:
    # Each gap is longer than least_ms, so a duty holds fewer than its length / least_ms of them.
    most = 0
    for row in range(vehicle.size):
        most += 1 + max(0, end_ms[row] - start_ms[row]) // max(1, least_ms)
    out = np.empty((6, most), dtype=np.int64)
    n = 0
    for row in range(vehicle.size):
        v = vehicle[row]
        of_duty = 0
        last = start_ms[row]
        last_fix = np.int64(-1)
        i = np.int64(0)
        past = np.int64(0)
        if v != NOT_GIVEN:
            low, past = starts[v], starts[v + 1]
            high = past
            while low < high:
                middle = (low + high) // 2
                if time_ms[middle] < start_ms[row]:
                    low = middle + 1
                else:
                    high = middle
            i = low
            last_fix = i - 1
            while last_fix >= starts[v] and (labels[last_fix] & DARK) != 0:
                last_fix -= 1
            if last_fix < starts[v]:
                last_fix = np.int64(-1)
        while True:
            while i < past and (labels[i] & DARK) != 0:
                i += 1
            has_fix = i < past and time_ms[i] <= end_ms[row]
            moment = time_ms[i] if has_fix else end_ms[row]
            if moment - last > least_ms:
                if of_duty > 0 and last - out[2, n - 1] < MERGE_MS:
                    out[2, n - 1] = moment
                    out[3, n - 1] += moment - last
                else:
                    out[0, n], out[1, n], out[2, n] = row, last, moment
                    out[3, n] = moment - last
                    out[4, n] = last_fix
                    n += 1
                    of_duty += 1
                out[5, n - 1] = i if i < past else -1
            if not has_fix:
                break
            last = moment
            last_fix = i
            i += 1
    return (
        out[0, :n].copy(),
        out[1, :n].copy(),
        out[2, :n].copy(),
        out[3, :n].copy(),
        out[4, :n].copy(),
        out[5, :n].copy(),
    )


def gaps_in_numpy(
    starts: Int64s,
    time_ms: Int64s,
    labels: npt.NDArray[np.uint8],
    vehicle: Int64s,
    start_ms: Int64s,
    end_ms: Int64s,
    least_ms: int,
) -> Gaps:
    """The same, a duty at a time over whole columns."""
    rows: list[tuple[int, int, int, int, int, int]] = []
    for row, (v, begin, end) in enumerate(zip(vehicle, start_ms, end_ms, strict=True)):
        first, past = (starts[v], starts[v + 1]) if v != NOT_GIVEN else (0, 0)
        usable = first + np.flatnonzero((labels[first:past] & DARK) == 0)
        times = time_ms[usable]
        inside = np.flatnonzero((times >= begin) & (times <= end))
        edges = np.concatenate(([begin], times[inside], [end]))
        earlier, later = np.flatnonzero(times < begin), np.flatnonzero(times > end)
        fix = np.concatenate(
            (
                usable[earlier[-1:]] if earlier.size else [-1],
                usable[inside],
                usable[later[:1]] if later.size else [-1],
            )
        ).astype(np.int64)
        merged: list[tuple[int, int, int, int, int, int]] = []
        for at in np.flatnonzero(np.diff(edges) > least_ms):
            dark = int(edges[at + 1] - edges[at])
            if merged and edges[at] - merged[-1][2] < MERGE_MS:
                old = merged[-1]
                merged[-1] = (row, old[1], int(edges[at + 1]), old[3] + dark, old[4], int(fix[at + 1]))
            else:
                merged.append((row, int(edges[at]), int(edges[at + 1]), dark, int(fix[at]), int(fix[at + 1])))
        rows += merged
    table = np.array(rows, dtype=np.int64).reshape(-1, 6)
    return Gaps(*(table[:, column] for column in range(6)))


def outages(given: Given, law: Law) -> Columns:
    """Each outage of a car on duty that began in the span, and each duty that began there and had none.

    An outage over a handover is one, and names a driver only if one alone had the car all through it.

    Returns:
        Unit columns (`start_ms`, `end_ms` of the outage, or of the duty without one) and: dark_s (0
        without an outage), reported_ms (NaN none), reported_in_time, ignition_off (the car was parked, its
        ignition off, at the same place after), in_tunnel, wrong_clock (positions did arrive, stamped
        with a time that was not yet), no_sign_out (as `duty.open_ended`), devices_down (ids of status
        records), known_by.
    """
    least_s = law.number("house.vehicle.gnss_outage_s", given.from_ms)
    in_time_ms = int(law.number("house.vehicle.report_in_time_s", given.from_ms) * 1000)
    duty = duties(given)
    # One that ends as the span begins is the first half of a handover; who comes after it, of another.
    duty = duty.cut(duty["end_ms"] >= given.from_ms)
    on_duty = cars_on_duty(duty)
    vehicle = positions_of(given.fixes.vehicle_ids, on_duty["vehicle_id"])
    dark = gaps(
        given.fixes.starts, given.fixes.time_ms, given.track.labels, vehicle, on_duty["start_ms"],
        on_duty["end_ms"], int(least_s * 1000),
    )  # fmt: skip
    dark_car = on_duty["vehicle_id"][dark.duty]
    driver, known_by, day_ms = one_driver(duty, dark_car, dark.start_ms, dark.end_ms)
    of_day = np.maximum(dark.start_ms, day_ms)
    began = (of_day >= given.from_ms) & (of_day < given.to_ms)
    # A duty without outage is counted on the day it began.
    day_ms = duty["day_ms"]
    lit = duty.cut(~_darkened(duty, dark_car, dark) & (day_ms >= given.from_ms) & (day_ms < given.to_ms))
    no_row = np.full(len(lit), -1, dtype=np.int64)
    before, after = (np.concatenate((side[began], no_row)) for side in (dark.before, dark.after))
    begin = np.concatenate((dark.start_ms[began], lit["start_ms"]))
    finish = np.concatenate((dark.end_ms[began], lit["end_ms"]))
    vehicle_id = np.concatenate((dark_car[began], lit["vehicle_id"]))
    reported = reported_between(given, vehicle_id, begin, finish, ("gnss", "terminal"))
    lon, lat = _last_place(given, before)
    names = named_subject(vehicle_id, begin)
    names[began.sum() :] = [f"{name}+" for name in names[began.sum() :]]
    return unit_rows(
        given,
        {
            "subject": names,
            "vehicle_id": vehicle_id,
            "driver_id": np.concatenate((driver[began], lit["driver_id"])),
            "start_ms": begin,
            "end_ms": finish,
            "lon": lon,
            "lat": lat,
            "missing": _missing(given, vehicle_id, begin),
            "dark_s": np.concatenate((dark.dark_ms[began] / 1000.0, np.zeros(len(lit)))),
            "reported_ms": np.where(reported == NOT_REPORTED, np.nan, reported.astype(np.float64)),
            "reported_in_time": (reported != NOT_REPORTED) & (reported <= begin + in_time_ms),
            "ignition_off": _parked(given, before, after),
            "wrong_clock": _wrong_clock(given, vehicle_id, begin, finish),
            "in_tunnel": _in_tunnel(given, before, after),
            "no_sign_out": open_ended(given, vehicle_id, begin, finish),
            "devices_down": _down(given, vehicle_id, begin, finish),
            "known_by": np.concatenate((known_by[began], lit["known_by"])),
        },
    )


def _darkened(duty: Columns, dark_car: npt.NDArray[np.object_], dark: Gaps) -> npt.NDArray[np.bool_]:
    """Which duties any gap of their car reaches into."""
    vehicle_id, start, end = duty["vehicle_id"], duty["start_ms"], duty["end_ms"]
    darkened = np.zeros(len(duty), dtype=bool)
    # The gaps come car by car.
    edges = [0, *np.flatnonzero(dark_car[1:] != dark_car[:-1]) + 1, dark_car.size]
    for low, high in pairwise(edges):
        if low == high:
            continue
        of_car = np.flatnonzero(vehicle_id == dark_car[low])
        reaches = (dark.start_ms[low:high, None] < end[of_car]) & (
            dark.end_ms[low:high, None] > start[of_car]
        )
        darkened[of_car] = reaches.any(axis=0)
    return darkened


def _last_place(given: Given, row: Int64s) -> tuple[Floats, Floats]:
    """Degrees of the fix before each gap, NaN where there is none."""
    lon, lat = np.full(row.size, np.nan), np.full(row.size, np.nan)
    known = np.flatnonzero(row >= 0)
    lon[known], lat[known] = (axis[row[known]] * 1e-7 for axis in (given.fixes.lon_e7, given.fixes.lat_e7))
    return lon, lat


def _missing(given: Given, vehicle_id: npt.NDArray[np.object_], begin: Int64s) -> npt.NDArray[np.object_]:
    """A car that nobody heard within a week, in a feed that holds no positions of it, is not measured."""
    days = city_day(begin, given.zone)
    heard = [
        name in given.seen and given.seen[name][0] - _HEARD_DAYS <= day <= given.seen[name][1] + _HEARD_DAYS
        for name, day in zip(vehicle_id, days, strict=True)
    ]
    told = np.array(heard, dtype=bool) & sent_on(given, "positions", days)
    return np.where(told, "", "positions").astype(object)


def _parked(given: Given, before: Int64s, after: Int64s) -> npt.NDArray[np.bool_]:
    """The ignition was off at the last fix and the car stood at the same place at the next."""
    fixes = given.fixes
    known = (before >= 0) & (after >= 0)
    parked = np.zeros(before.size, dtype=bool)
    a, b = before[known], after[known]
    off = ((fixes.flags[a] & ACC_SENT) != 0) & ((fixes.flags[a] & ACC_ON) == 0)
    (lon_a, lat_a), (lon_b, lat_b) = _last_place(given, a), _last_place(given, b)
    moved = distance_m(lon_a, lat_a, lon_b, lat_b)
    parked[known] = off & (moved <= _SAME_PLACE_M)
    return parked


def _wrong_clock(
    given: Given, vehicle_id: npt.NDArray[np.object_], begin: Int64s, finish: Int64s
) -> npt.NDArray[np.bool_]:
    """Positions with a wrong clock were received within the gap: the device worked, its clock did not."""
    fixes = given.fixes
    rows = np.flatnonzero((given.track.labels & CLOCK) != 0)
    names = np.array(fixes.vehicle_ids, dtype=object)[fixes.vehicle_of_row()[rows]]
    received = fixes.time_ms[rows] + fixes.delay_ms[rows]
    arrived = np.zeros(vehicle_id.size, dtype=bool)
    for name in np.unique(names.astype(str)):
        of_car = np.sort(received[names == name])
        held = np.searchsorted(of_car, finish, side="right") > np.searchsorted(of_car, begin, side="left")
        arrived |= (vehicle_id == name) & held
    return arrived


def _in_tunnel(given: Given, before: Int64s, after: Int64s) -> npt.NDArray[np.bool_]:
    """Both fixes around the gap lie in one tunnel zone or at most 300 m from it."""
    zones = given.tables["zones"]
    hit = np.zeros(before.size, dtype=bool)
    places = [_last_place(given, row) for row in (before, after)]
    for name in words(zones["zone_id"])[words(zones["kind"]) == "tunnel"]:
        near = shapely.buffer(given.areas[name], _TUNNEL_MOUTH_M / 111_000.0)
        ends = [shapely.contains_xy(near, lon, lat) for lon, lat in places]
        hit |= ends[0] & ends[1]
    return hit


def _down(
    given: Given, vehicle_id: npt.NDArray[np.object_], begin: Int64s, finish: Int64s
) -> npt.NDArray[np.object_]:
    """Devices the terminal itself reported as down within each gap, joined by `;`."""
    status = given.tables["device_status"]
    status = status[
        (words(status["state"]) == "down")
        & np.isin(words(status["device"]).astype(str), ("gnss", "terminal"))
    ]
    said = np.full(vehicle_id.size, "", dtype=object)
    spans = zip(
        words(status["vehicle_id"]), words(status["device"]), instants(status["from_ms"], 0),
        instants(status["to_ms"], np.iinfo(np.int64).max), strict=True,
    )  # fmt: skip
    for name, device, from_ms, to_ms in spans:
        for row in np.flatnonzero((vehicle_id == name) & (from_ms < finish) & (begin < to_ms)):
            if device not in said[row].split(";"):
                said[row] = f"{said[row]};{device}".lstrip(";")
    return said
