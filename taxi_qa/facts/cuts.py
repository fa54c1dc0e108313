"""Power or antenna cut on duty, and how far the car went unseen; folded over a week, car by car.

A cut is the terminal's own word that it lost its power or its antenna, with the positions around it gone for
longer than two minutes. Cuts within one such gap are one.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.facts.duty import cars_on_duty, duties, one_driver, open_ended
from taxi_qa.facts.excused import excused
from taxi_qa.facts.given import Given, events_of, sent_on, words
from taxi_qa.facts.overlaps import car_spans, touched
from taxi_qa.facts.tickets import NOT_REPORTED, reported_between
from taxi_qa.facts.unit import car_rows, company_of, named_subject
from taxi_qa.facts.uptime import DARK
from taxi_qa.law.parameter import Law
from taxi_qa.records.fixes import Fixes
from taxi_qa.values.clock import MS_PER_MIN, city_day
from taxi_qa.values.columns import Columns
from taxi_qa.values.place import distance_m

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_KINDS: Final = ("power_cut", "antenna_cut")
_TICKETS: Final = ("gnss", "terminal", "vehicle")
# Positions come more often than this: a shorter silence hides nothing.
_UNSEEN_MS: Final = 2 * MS_PER_MIN
# The terminal tells of the cut when it notices, maybe after a last position.
_NOTICED_MS: Final = MS_PER_MIN
_E7: Final = 1e-7


def cut_part(given: Given, law: Law) -> pd.DataFrame:
    """What a day leaves for the week: its cars on duty, and each of their cuts.

    Returns:
        vehicle_id, company_id, driver_id ("" nobody alone), start_ms, end_ms (the gap; of a car without a cut
        its duty), moved_m (between the positions around it, NaN without a cut), lon, lat (where it was lost),
        is_reported (a ticket stood open or was filed by its end), is_excused, told (somebody sends events).
    """
    duty = duties(given)
    # Who took the car over after the span was there at the end of a silence that began in it.
    duty = duty.cut(duty["end_ms"] > given.from_ms)
    on_duty = cars_on_duty(duty)
    cars = on_duty.cut((on_duty["start_ms"] >= given.from_ms) & (on_duty["start_ms"] < given.to_ms))
    gaps = _gaps_of_cuts(given, on_duty)
    car, begin, finish = gaps["vehicle_id"], gaps["start_ms"], gaps["end_ms"]
    driver, _, _ = one_driver(duty, car, begin, finish)
    # Nobody answers for a car that he may have left hours ago.
    driver = np.where(open_ended(given, car, begin, finish), "", driver).astype(object)
    reported = reported_between(given, car, begin, finish, _TICKETS)
    covered = excused(given, ("vehicle.tampering",), car, begin, (gaps["lon"], gaps["lat"]))
    least_m = law.number("house.vehicle.offline_move_m", given.from_ms)
    n, cut = len(cars), len(gaps)
    vehicle_id = np.concatenate((car, cars["vehicle_id"])).astype(object)
    start_ms = np.concatenate((begin, cars["start_ms"]))
    nothing = np.full(n, np.nan)
    return pd.DataFrame(
        {
            "vehicle_id": vehicle_id,
            "company_id": company_of(given, vehicle_id),
            "driver_id": np.concatenate((driver, np.full(n, "", dtype=object))),
            "start_ms": start_ms,
            "end_ms": np.concatenate((finish, cars["end_ms"])),
            "moved_m": np.concatenate((gaps["moved_m"], nothing)),
            "least_m": np.full(n + cut, least_m),
            "lon": np.concatenate((gaps["lon"], nothing)),
            "lat": np.concatenate((gaps["lat"], nothing)),
            "is_reported": np.concatenate((reported != NOT_REPORTED, np.zeros(n, dtype=bool))),
            "is_excused": np.concatenate((covered, np.zeros(n, dtype=bool))),
            "told": sent_on(given, "events", city_day(start_ms, given.zone), 7),
        }
    )


def _gaps_of_cuts(given: Given, on_duty: Columns) -> Columns:
    """The silences around the cuts that began in the span while their cars were on duty."""
    fixes, labels = given.fixes, given.track.labels
    number = {car: at for at, car in enumerate(fixes.vehicle_ids)}
    events = [pair for kind in _KINDS for pair in events_of(given, kind)]
    known = {
        (car, *around)
        for car, at in events
        if car in number and (around := _around(given, labels, number[car], at)) is not None
    }
    rows = sorted(known)
    car = np.array([row[0] for row in rows], dtype=object)
    before, after = (np.array([row[n] for row in rows], dtype=np.int64) for n in (1, 2))
    (lon, lat), (to_lon, to_lat) = (_place_of(fixes, row) for row in (before, after))
    gaps = Columns(
        {
            "vehicle_id": car,
            "start_ms": fixes.time_ms[before],
            "end_ms": fixes.time_ms[after],
            "lon": lon,
            "lat": lat,
            "moved_m": distance_m(lon, lat, to_lon, to_lat),
        }
    )
    begin = gaps["start_ms"]
    on = car_spans(on_duty["vehicle_id"], on_duty["start_ms"], on_duty["end_ms"] - 1)
    mine = touched(on, car, begin, begin) & (begin >= given.from_ms) & (begin < given.to_ms)
    return gaps.cut(mine)


def _place_of(fixes: Fixes, row: Int64s) -> tuple[Floats, Floats]:
    """Degrees of some rows."""
    lon: Floats = fixes.lon_e7[row].astype(np.float64) * _E7
    lat: Floats = fixes.lat_e7[row].astype(np.float64) * _E7
    return lon, lat


def _around(given: Given, labels: npt.NDArray[np.uint8], car: int, at: int) -> tuple[int, int] | None:
    """The rows of the usable positions on either side of the silence a cut began, None where none did."""
    fixes = given.fixes
    low, past = int(fixes.starts[car]), int(fixes.starts[car + 1])
    usable = low + np.flatnonzero((labels[low:past] & DARK) == 0)
    times = fixes.time_ms[usable]
    # The first silence that ends after the cut and began no later than the terminal noticed.
    after = int(np.searchsorted(times, at, side="right"))
    for row in range(max(1, after), times.size):
        if times[row - 1] > at + _NOTICED_MS:
            return None
        if times[row] - times[row - 1] > _UNSEEN_MS:
            return int(usable[row - 1]), int(usable[row])
    return None


def cut_weeks(parts: pd.DataFrame, from_ms: int, to_ms: int) -> Columns:
    """Each car's cuts over one week.

    Args:
        parts: the week's days' `cut_part`, in any order.
        from_ms, to_ms: the week, for cars without a cut.

    Returns:
        Unit columns (a driver only where all counted cuts are his alone; from the first counted cut to the
        end of the last) and: cuts (counted: unseen, moved too far, unreported, not excused),
        moved_m (the farthest of them, NaN none).
    """
    counted = parts[(parts["moved_m"] > parts["least_m"]) & ~parts["is_reported"] & ~parts["is_excused"]]
    by_car = counted.sort_values(["vehicle_id", "start_ms"]).groupby("vehicle_id")
    cars = parts.groupby("vehicle_id").agg(company_id=("company_id", "first"), told=("told", "any"))
    table = by_car.agg(
        cuts=("moved_m", "size"), moved_m=("moved_m", "max"), start_ms=("start_ms", "min"),
        end_ms=("end_ms", "max"), lon=("lon", "first"), lat=("lat", "first"),
        driver_id=("driver_id", "first"), drivers=("driver_id", "nunique"),
    )  # fmt: skip
    cars = cars.sort_index().join(table)
    rows = car_rows(cars.index.to_numpy(dtype=object), words(cars["company_id"]), from_ms, to_ms)
    cuts = np.nan_to_num(cars["cuts"].to_numpy(dtype=np.float64)).astype(np.int64)
    some = cuts > 0
    start, end = (
        np.where(some, np.nan_to_num(cars[name].to_numpy(dtype=np.float64)).astype(np.int64), rows[name])
        for name in ("start_ms", "end_ms")
    )
    alone = some & (cars["drivers"].to_numpy(dtype=np.float64) == 1)
    driver_id = np.where(alone, cars["driver_id"].fillna("").to_numpy(dtype=object), "")
    return rows.but(
        {
            "subject": "week " + named_subject(rows["vehicle_id"], rows["start_ms"]),
            "missing": np.where(cars["told"].to_numpy(dtype=bool), "", "events").astype(object),
            "driver_id": driver_id.astype(object),
            "start_ms": start,
            "end_ms": end,
            **{name: cars[name].to_numpy(dtype=np.float64) for name in ("lon", "lat", "moved_m")},
            "cuts": cuts,
        }
    )
