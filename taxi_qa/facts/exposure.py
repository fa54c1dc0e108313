"""How much a driver could have been found in: trips, hours on duty and of free driving, rides from hubs.

And how much of it a rule judged. What is not certain to have been judged is no exposure: nobody is clean
whom nobody could see.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.facts.duty import cars_on_duty, duties
from taxi_qa.facts.given import NOT_GIVEN, positions_of
from taxi_qa.facts.overlaps import CarSpans, car_spans, shared_s, touched
from taxi_qa.facts.units import DayUnits
from taxi_qa.law.calendar import in_window
from taxi_qa.values.clock import MS_PER_H, MS_PER_MIN
from taxi_qa.values.columns import Columns, Texts, stacked_columns

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

EXPOSURES: Final = ("metered_trips", "night_trips", "on_duty_h", "free_driving_h", "hub_departures")
# Longer than this between two fixes nobody knows how fast he drove.
_GAP_MS: Final = 60_000
# A turn in a queue ends as its ride begins.
_HUB_MS: Final = MS_PER_MIN
_FREE: Final = "house.review.free_driving_kmh"
_NIGHT: Final = "house.review.night"
_SPAN: Final = ("vehicle_id", "start_ms", "end_ms")
_S_PER_H: Final = 3600.0


@dataclass(frozen=True)
class Judged:
    """How far one rule judged the cars of a day.

    Attributes:
        unit: what its findings are counted per, one of `EXPOSURES`.
        by_duty: whether it judges duties as a whole: one row it cannot judge takes all of the duty.
        cars: whom it was asked about on the day; None: all.
        cars_before: the same of the day before, where duties of this day may have begun.
        unjudged: what it could not judge: vehicle_id, driver_id ("" not known), start_ms, end_ms (excluded).
    """

    unit: str
    by_duty: bool
    cars: frozenset[str] | None
    cars_before: frozenset[str] | None
    unjudged: Columns


@dataclass(frozen=True)
class Exposed:
    """What drivers could have been found in on one day and in some cars, piece by piece."""

    day: DayUnits

    def whole(self) -> pd.DataFrame:
        """All of it.

        Returns:
            A row a driver, index driver_id, columns `EXPOSURES` (float64). What no driver is known for is
            left out; where there are no positions, hours of free driving are NaN: not known is not none.
        """
        trips, duty = self._trips, self._duty
        columns = {
            "metered_trips": _per_driver(trips["driver_id"], np.ones(len(trips))),
            "night_trips": _per_driver(trips["driver_id"], self._at_night()),
            "on_duty_h": _per_driver(duty["driver_id"], self._hours),
            "free_driving_h": _per_driver(duty["driver_id"], self._free_h(self._free_ms)),
            "hub_departures": _per_driver(self._pickups["driver_id"], np.ones(len(self._pickups))),
        }
        told = pd.DataFrame(columns)
        told = told[told.index != ""].rename_axis("driver_id")
        known = [name for name in EXPOSURES if name != "free_driving_h"]
        told[known] = told[known].fillna(0.0)
        return told.astype("float64")

    def judged(self, how: Judged) -> tuple["pd.Series[float]", Columns]:
        """The exposure one rule judged, and the time it did not.

        Returns:
            Of each driver with any exposure the judged part of it (NaN as in `whole`), index driver_id; and
            vehicle_id, start_ms, end_ms (included): whatever of these cars began then is not counted.
        """
        rows, duty = how.unjudged, self._duty
        rows = rows.but({"end_ms": np.maximum(rows["end_ms"] - 1, rows["start_ms"])})
        by_car = _spans(rows.cut(rows["vehicle_id"] != ""))
        by_driver = rows.cut((rows["vehicle_id"] == "") & (rows["driver_id"] != ""))
        of_driver = car_spans(*by_driver.some("driver_id", "start_ms", "end_ms").values())

        def hit(of: Columns, before_ms: int = 0) -> Bools:
            begin, end = of["start_ms"] - before_ms, np.maximum(of["end_ms"] - 1, of["start_ms"])
            return touched(by_car, of["vehicle_id"], begin, end) | touched(
                of_driver, of["driver_id"], begin, end
            )

        out = [rows.cut(rows["vehicle_id"] != "")]
        if how.by_duty:
            began_before = duty["day_ms"] < self.day.given.from_ms
            asked = np.where(
                began_before,
                _among(how.cars_before, duty["vehicle_id"]),
                _among(how.cars, duty["vehicle_id"]),
            )
            duty_out = hit(duty) | ~asked
            out.append(duty.cut(duty_out))
        else:
            duty_out = ~_among(how.cars, duty["vehicle_id"])
        if how.unit in ("metered_trips", "hub_departures"):
            pieces = self._trips if how.unit == "metered_trips" else self._pickups
            is_out = hit(pieces, 0 if how.unit == "metered_trips" else _HUB_MS)
            if how.by_duty:
                is_out |= ~_inside(pieces, duty.cut(~duty_out)) | _inside(pieces, duty.cut(duty_out))
            else:
                is_out |= ~_among(how.cars, pieces["vehicle_id"])
            out.append(pieces.cut(is_out))
            judged = _per_driver(pieces["driver_id"], (~is_out).astype(np.float64))
        else:
            hours = self._hours_of(how, duty_out, hit(duty), out[0])
            judged = _per_driver(duty["driver_id"], hours)
        spans = stacked_columns([Columns(part.some(*_SPAN)) for part in out])
        return judged[judged.index != ""], spans

    def _hours_of(self, how: Judged, duty_out: Bools, is_hit: Bools, unjudged: Columns) -> Floats:
        """The judged hours of each duty, of the kind the rule is counted per."""
        duty, driving = self._duty, how.unit == "free_driving_h"
        if how.by_duty or not is_hit.any():
            hours = self._free_h(self._free_ms) if driving else self._hours
            return np.where(duty_out, 0.0, hours)
        order = np.lexsort((unjudged["start_ms"], unjudged["vehicle_id"].astype(str)))
        dark = cars_on_duty(unjudged.cut(order))
        if driving:
            hours = self._free_h(self._free_outside(dark))
        else:
            inside_s = shared_s(_spans(dark), duty["vehicle_id"], duty["begin_ms"], duty["finish_ms"])
            hours = np.maximum(self._hours - inside_s / _S_PER_H, 0.0)
        # A row that names a driver and no car takes all of his duty: nobody knows which part of it.
        by_name = ~touched(_spans(dark), duty["vehicle_id"], duty["start_ms"], duty["end_ms"]) & is_hit
        return np.where(duty_out | by_name, 0.0, hours)

    @cached_property
    def _trips(self) -> Columns:
        trips = self.day.rows("trips")
        return Columns(trips.some("vehicle_id", "driver_id", "start_ms", "end_ms"))

    def _at_night(self) -> Floats:
        law, zone = self.day.law, self.day.law.timezone
        version = law[_NIGHT].on(self.day.given.from_ms)
        start = self._trips["start_ms"]
        if not start.size or version is None or not isinstance(version.value, tuple):
            return np.zeros(start.size)
        at_night: Bools = in_window(start, version.value, zone, law.calendars)  # type: ignore[arg-type] # by kind
        return at_night.astype(np.float64)

    @cached_property
    def _pickups(self) -> Columns:
        if not len(self._trips):
            return self._trips
        rows = self.day.rows("hub_pickups")
        # Of the others nobody knows whether they began at a hub.
        return Columns(rows.cut(rows["missing"] == "").some("vehicle_id", "driver_id", "start_ms", "end_ms"))

    @cached_property
    def _duty(self) -> Columns:
        """The duties of known drivers, and `begin_ms` and `finish_ms`: what lies within the day."""
        given = self.day.given
        duty = duties(given)
        begin = np.maximum(duty["start_ms"], given.from_ms)
        finish = np.minimum(duty["end_ms"], given.to_ms)
        duty = duty.but({"begin_ms": begin, "finish_ms": finish})
        return duty.cut((finish > begin) & (duty["driver_id"] != ""))

    @cached_property
    def _hours(self) -> Floats:
        result: Floats = (self._duty["finish_ms"] - self._duty["begin_ms"]) / MS_PER_H
        return result

    @cached_property
    def _free_ms(self) -> Int64s:
        """Of each fix, how long it is driven on freely until the next."""
        track = self.day.given.track
        gap = np.diff(track.time_ms, append=track.time_ms[-1:])
        ends = track.starts[1:] - 1
        gap[ends[ends >= 0]] = 0  # the next fix is another car's
        floor = 100.0 * self.day.law.number(_FREE, self.day.given.from_ms)
        return np.where((track.speed_ckmh >= floor) & ~track.leap, np.clip(gap, 0, _GAP_MS), 0)

    def _free_outside(self, dark: Columns) -> Int64s:
        """The same without what begins inside these spans."""
        track, free = self.day.given.track, self._free_ms.copy()
        car = positions_of(track.vehicle_ids, dark["vehicle_id"])
        for row in np.flatnonzero(car != NOT_GIVEN):
            low, high = track.starts[car[row]], track.starts[car[row] + 1]
            span = dark["start_ms"][row], dark["end_ms"][row] + 1
            first, past = low + np.searchsorted(track.time_ms[low:high], span)
            free[first:past] = 0
        return free

    def _free_h(self, free_ms: Int64s) -> Floats:
        """Hours of free driving of each duty, NaN for a car without positions."""
        duty, track = self._duty, self.day.given.track
        cumulated = np.concatenate(([0], np.cumsum(free_ms)))
        car = positions_of(track.vehicle_ids, duty["vehicle_id"])
        hours = np.full(len(duty), np.nan)
        for row in np.flatnonzero(car != NOT_GIVEN):
            low, high = track.starts[car[row]], track.starts[car[row] + 1]
            if high > low:
                ends = duty["begin_ms"][row], duty["finish_ms"][row]
                span = low + np.searchsorted(track.time_ms[low:high], ends)
                hours[row] = (cumulated[span[1]] - cumulated[span[0]]) / MS_PER_H
        return hours


def not_counted(
    spans: Mapping[str, Columns], cars: Mapping[str, frozenset[str] | None], found: Columns
) -> Bools:
    """Which findings lie where their rule judged nothing for certain: without exposure there is no rate.

    Args:
        spans: rule -> the second of what `Exposed.judged` gives.
        cars: rule -> the cars it was asked about; None: all.
        found: rule, vehicle_id, start_ms of the findings of the day.
    """
    out = np.zeros(len(found), dtype=bool)
    for rule, of_rule in spans.items():
        rows = np.flatnonzero(found["rule"] == rule)
        if rows.size:
            own = found.cut(rows)
            inside = touched(_spans(of_rule), own["vehicle_id"], own["start_ms"], own["start_ms"])
            out[rows] = inside | ~_among(cars[rule], own["vehicle_id"])
    return out


def _per_driver(driver_id: Texts, amount: Floats) -> "pd.Series[float]":
    """Sums by driver; NaN where nothing of his is known."""
    amounts = pd.Series(amount, index=driver_id.astype(str), dtype="float64")
    return amounts.groupby(level=0, sort=True).sum(min_count=1)


def _spans(rows: Columns) -> CarSpans:
    return car_spans(*rows.some(*_SPAN).values())


def _inside(pieces: Columns, duty: Columns) -> Bools:
    return touched(_spans(duty), pieces["vehicle_id"], pieces["start_ms"], pieces["start_ms"])


def _among(cars: frozenset[str] | None, vehicle_id: Texts) -> Bools:
    if cars is None:
        return np.ones(vehicle_id.size, dtype=bool)
    return np.array([name in cars for name in vehicle_id.tolist()], dtype=bool)
