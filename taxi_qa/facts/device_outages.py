"""Outages of cameras and meters: time on duty in which the device was down, by itself or by its silence.

As for positions, an outage is cut to the duty, and outages less than two minutes apart are one. A camera that
speaks of nearly every trip and falls silent for several is a third teller beside status and fault events.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.facts.downs import DEVICES, downs
from taxi_qa.facts.duty import cars_on_duty, duties, metered_spans, one_driver, open_ended
from taxi_qa.facts.given import Given, instants, looked_up, numbers, words
from taxi_qa.facts.overlaps import car_spans, touched
from taxi_qa.facts.tickets import NOT_REPORTED, reported_between
from taxi_qa.facts.unit import named_subject, unit_rows
from taxi_qa.facts.uptime import MERGE_MS
from taxi_qa.facts.watching import recognised
from taxi_qa.law.parameter import Law
from taxi_qa.values.clock import MS_PER_MIN
from taxi_qa.values.columns import Columns, Texts, stacked_columns

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# A camera that normally speaks of a trip does so around it.
_AROUND_MS: Final = 2 * MS_PER_MIN
# Its silence tells something where it spoke of nine trips in ten, of twenty at least, then of none of five.
_USUAL_TRIPS: Final = 20
_USUAL_SHARE: Final = 0.9
_SILENT_TRIPS: Final = 5
_NEVER: Final = np.iinfo(np.int64).max // 4
_SPAN: Final = ("vehicle_id", "start_ms", "sure_ms", "end_ms", "told_by")


def device_outages(given: Given, law: Law, name: str) -> Columns:
    """Each outage of a car's device on duty that began in the span, and each duty that began there without.

    Args:
        given: the records.
        law: for the tolerances.
        name: "camera" or "meter".

    Returns:
        Unit columns and: dark_s (surely down; 0 without an outage), dark_high_s (perhaps down), reported_ms
        (NaN none), detected_ms (when the device itself first told, NaN), reported_in_time, no_sign_out
        (as `duty.open_ended`), told_by, known_by.
    """
    least_s = law.number(f"house.vehicle.{name}_outage_s", given.from_ms)
    in_time_ms = int(law.number("house.vehicle.report_in_time_s", given.from_ms) * 1000)
    duty = duties(given)
    # One that ends as the span begins is the first half of a handover; who comes after it, of another.
    duty = duty.cut(duty["end_ms"] >= given.from_ms)
    spans = downs(given, name)
    if name == "camera":
        spans = stacked_columns([spans, _silences(given)])
    dark = _on_duty(spans, cars_on_duty(duty), least_s)
    driver, known_by, day_ms = one_driver(duty, dark["vehicle_id"], dark["start_ms"], dark["end_ms"])
    of_day = np.maximum(dark["start_ms"], day_ms)
    day_ms = duty["day_ms"]
    reach = car_spans(dark["vehicle_id"], dark["start_ms"] + 1, dark["end_ms"] - 1)
    darkened = touched(reach, duty["vehicle_id"], duty["start_ms"], duty["end_ms"])
    lit = duty.cut(~darkened & (day_ms >= given.from_ms) & (day_ms < given.to_ms))
    began = (of_day >= given.from_ms) & (of_day < given.to_ms)
    dark, driver, known_by = dark.cut(began), driver[began], known_by[began]
    nothing = np.zeros(len(lit))
    begin = np.concatenate((dark["start_ms"], lit["start_ms"]))
    finish = np.concatenate((dark["end_ms"], lit["end_ms"]))
    vehicle_id = np.concatenate((dark["vehicle_id"], lit["vehicle_id"])).astype(object)
    # Who reports within the time allowed has reported, even where it worked again by then.
    heard_to = np.maximum(finish, begin + in_time_ms)
    reported = reported_between(given, vehicle_id, begin, heard_to, DEVICES[name].devices)
    names = named_subject(vehicle_id, begin)
    names[len(dark) :] = [f"{one}+" for one in names[len(dark) :]]
    said = np.full(len(dark), "", dtype=object)
    return unit_rows(
        given,
        {
            "subject": names,
            "vehicle_id": vehicle_id,
            "driver_id": np.concatenate((driver, lit["driver_id"])).astype(object),
            "start_ms": begin,
            "end_ms": finish,
            "missing": np.concatenate((said, _untold(given, name, lit))).astype(object),
            "dark_s": np.concatenate((dark["sure_ms"] / 1000.0, nothing)),
            "dark_high_s": np.concatenate((dark["may_ms"] / 1000.0, nothing)),
            "reported_ms": np.where(reported == NOT_REPORTED, np.nan, reported.astype(np.float64)),
            "detected_ms": np.concatenate((dark["told_ms"].astype(np.float64), nothing + np.nan)),
            "reported_in_time": (reported != NOT_REPORTED) & (reported <= begin + in_time_ms),
            "no_sign_out": open_ended(given, vehicle_id, begin, finish),
            "told_by": np.concatenate((dark["told_by"], np.full(len(lit), "", dtype=object))).astype(object),
            "known_by": np.concatenate((known_by, lit["known_by"])).astype(object),
        },
    )


def camera_outages(given: Given, law: Law) -> Columns:
    """As `device_outages`, of cameras."""
    return device_outages(given, law, "camera")


def meter_outages(given: Given, law: Law) -> Columns:
    """As `device_outages`, of meters."""
    return device_outages(given, law, "meter")


@dataclass
class _Outage:
    """One outage while it is put together: within one duty, times in ms."""

    duty: int
    start: int
    end: int
    sure_to: int
    dark: int
    perhaps: int
    told: int
    by: set[str]

    def join(self, low: int, high: int, sure: int, by: str) -> None:
        """Takes in another piece that began later; what two tellers say of the same minutes counts once."""
        self.dark += max(0, sure - max(low, self.sure_to))
        self.perhaps += max(0, high - max(low, self.end))
        self.end, self.sure_to = max(self.end, high), max(self.sure_to, sure)
        self.by.add(by)


def _on_duty(spans: Columns, on_duty: Columns, least_s: float) -> Columns:
    """The spans cut to the duties of their cars; those less than two minutes apart in one duty are one.

    Only those are kept that may be longer than `least_s`.
    """
    cars, starts, ends = on_duty["vehicle_id"], on_duty["start_ms"], on_duty["end_ms"]
    pieces: list[tuple[int, int, int, int, int, str]] = []
    for car, told, sure, end, by in zip(*(spans[name].tolist() for name in _SPAN), strict=True):
        for at in np.flatnonzero((cars == car) & (starts < end) & (ends > told)).tolist():
            low, high = max(told, int(starts[at])), min(end, int(ends[at]))
            pieces.append((at, low, high, max(low, min(sure, high)), told, by))
    found: list[_Outage] = []
    for at, low, high, sure, told, by in sorted(pieces):
        if found and found[-1].duty == at and low - found[-1].end < MERGE_MS:
            found[-1].join(low, high, sure, by)
        else:
            found.append(_Outage(at, low, high, sure, sure - low, high - low, told, {by}))
    found = [one for one in found if one.perhaps > least_s * 1000]
    return Columns(
        {
            "vehicle_id": cars[np.array([one.duty for one in found], dtype=np.int64)],
            "start_ms": np.array([one.start for one in found], dtype=np.int64),
            "end_ms": np.array([one.end for one in found], dtype=np.int64),
            "sure_ms": np.array([one.dark for one in found], dtype=np.int64),
            "may_ms": np.array([one.perhaps for one in found], dtype=np.int64),
            "told_ms": np.array([one.told for one in found], dtype=np.int64),
            "told_by": np.array(["+".join(sorted(one.by)) for one in found], dtype=object),
        }
    )


def _untold(given: Given, name: str, duty: Columns) -> Texts:
    """What is missing to say that the device worked all through a duty: it never spoke in it."""
    car, begin, end = duty["vehicle_id"], duty["start_ms"], duty["end_ms"]
    status = given.tables["device_status"]
    status = status[np.isin(words(status["device"]).astype(str), DEVICES[name].devices)]
    spoke = touched(
        car_spans(
            words(status["vehicle_id"]), instants(status["from_ms"], 0), instants(status["to_ms"], _NEVER)
        ),
        car, begin, end,
    )  # fmt: skip
    spoke |= touched(
        recognised(given) if name == "camera" else given.once("metered_spans", metered_spans), car, begin, end
    )
    none = np.zeros(len(duty), dtype=bool)
    if name == "camera":
        register = given.tables["vehicles"]
        said = dict(zip(words(register["vehicle_id"]), numbers(register["has_camera"]).tolist(), strict=True))
        none = looked_up(car, lambda one: said.get(one, np.nan), np.float64) == 0
    return np.select([none, ~spoke], ["vehicles.has_camera", "device_status"], "").astype(object)


def _silences(given: Given) -> Columns:
    """Runs of trips of which a camera said nothing, though it speaks of nearly all others of its car."""
    trips = given.once("metered_spans", metered_spans)
    car = np.repeat(np.arange(len(trips.cars)), np.diff(trips.starts))
    names: Texts = np.array(trips.cars, dtype=object)[car]
    spoken = touched(recognised(given), names, trips.begin_ms - _AROUND_MS, trips.end_ms + _AROUND_MS)
    change = np.append(True, (car[1:] != car[:-1]) | (spoken[1:] != spoken[:-1]))[: car.size]
    first = np.flatnonzero(change)
    past = np.append(first[1:], car.size).astype(np.int64)
    silent = ~spoken[first] & (past - first >= _SILENT_TRIPS)
    # Of all other trips of the car it spoke of nearly every one.
    heard = np.bincount(car, weights=spoken, minlength=len(trips.cars))[car[first]]
    others = np.bincount(car, minlength=len(trips.cars))[car[first]] - (past - first)
    silent &= (others >= _USUAL_TRIPS) & (heard >= _USUAL_SHARE * others)
    first, past = first[silent], past[silent]
    end = np.array([trips.end_ms[a:b].max() for a, b in zip(first, past, strict=True)], dtype=np.int64)
    return Columns(
        {
            "vehicle_id": names[first],
            "start_ms": trips.begin_ms[first],
            "sure_ms": end,
            "end_ms": end,
            "told_by": np.full(first.size, "silence", dtype=object),
        }
    )
