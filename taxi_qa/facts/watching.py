"""Whether a car's camera or belt sensor was there and in order: nobody is clean whom nobody watched."""

from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.facts.given import Given, instants, looked_up, numbers, sent_on, words
from taxi_qa.facts.overlaps import CarSpans, car_spans, touched
from taxi_qa.facts.seats import SENSOR_DAYS
from taxi_qa.values.clock import MS_PER_DAY, MS_PER_MIN, city_day
from taxi_qa.values.columns import Texts

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# What only a camera with a recogniser reports; a count of passengers counts where it says how sure it is.
CAMERA_KINDS: Final = (
    "phone", "smoking", "eating", "lens_covered", "camera_fault", "fatigue", "distracted", "driver_absent",
    "driver_mismatch", "not_yielding",
)  # fmt: skip
BELT_KINDS: Final = ("no_belt_driver", "no_belt_passenger", "belt_ok_passenger", "belt_reminder")

# States of devices in which nothing that a camera says, or does not say, is relied on.
_OUT_OF_ORDER: Final = (("camera", "down"), ("camera", "degraded"), ("terminal", "down"))
_TICKETS: Final = ("camera", "terminal")
# A fault that tells no duration is taken for so long on either side of its report.
_FAULT_MS: Final = MS_PER_MIN
_NEVER: Final = np.iinfo(np.int64).max // 4


def out_of_order(given: Given, vehicle_id: Texts, start_ms: Int64s, end_ms: Int64s) -> Bools:
    """Whether the car's camera or terminal was known to be down at any moment of each span.

    By the status of devices, open repair tickets and faults the camera itself reported.
    """
    return touched(given.once("out_of_order", _out_of_order), vehicle_id, start_ms, end_ms)


def _out_of_order(given: Given) -> CarSpans:
    status, repairs, events = (given.tables[kind] for kind in ("device_status", "repairs", "events"))
    said = list(zip(words(status["device"]), words(status["state"]), strict=True))
    status = status[np.array([pair in _OUT_OF_ORDER for pair in said], dtype=bool)]
    repairs = repairs[np.isin(words(repairs["device"]).astype(str), _TICKETS)]
    faults = events[words(events["kind"]) == "camera_fault"]
    lasted = np.nan_to_num(numbers(faults["duration_s"])) * 1000
    at = instants(faults["time_ms"], 0)
    spans = (
        (status, instants(status["from_ms"], 0), instants(status["to_ms"], _NEVER)),
        (repairs, instants(repairs["reported_ms"], 0), instants(repairs["repaired_ms"], _NEVER)),
        (faults, at - _FAULT_MS, at + lasted.astype(np.int64) + _FAULT_MS),
    )
    return car_spans(
        np.concatenate([words(table["vehicle_id"]) for table, _, _ in spans]),
        np.concatenate([begin for _, begin, _ in spans]),
        np.concatenate([finish for _, _, finish in spans]),
    )


def unwatched(
    given: Given, vehicle_id: Texts, start_ms: Int64s, end_ms: Int64s, *, by_belt: bool = False
) -> Texts:
    """What is missing to say that nothing happened in each span, "" where the car was watched.

    Args:
        given: the records.
        vehicle_id, start_ms, end_ms: the spans.
        by_belt: ask for belt sensors, not for cameras.

    Returns:
        The register's word where the car has no such device (or nobody says so, and it sent nothing of the
        kind within a week), "events" where it has one that was not heard within a week or nobody in the city
        sent events that day, "working camera" where it was known to be down.
    """
    column = "has_belt_sensor" if by_belt else "has_camera"
    by_register = _stated(given, column, vehicle_id)
    moments = given.once(f"heard {column}", lambda one: _moments(one, by_belt=by_belt))
    week = SENSOR_DAYS * MS_PER_DAY
    heard = touched(moments, vehicle_id, start_ms - week, end_ms + week)
    sent = sent_on(given, "events", city_day(start_ms, given.zone))
    down = out_of_order(given, vehicle_id, start_ms, end_ms)
    none = (by_register == 0) | (np.isnan(by_register) & ~heard)
    return np.select(
        [none, ~heard | ~sent, down], [f"vehicles.{column}", "events", "working camera"], ""
    ).astype(object)


def has_belt_switch(given: Given, vehicle_id: Texts) -> Bools:
    """Whether the register says that the car's belts have sensors."""
    return np.asarray(_stated(given, "has_belt_sensor", vehicle_id) == 1, dtype=bool)


def _stated(given: Given, column: str, vehicle_id: Texts) -> Floats:
    """What the register says of a device: 1, 0, NaN nothing."""
    register = given.tables["vehicles"]
    stated = dict(zip(words(register["vehicle_id"]), numbers(register[column]).tolist(), strict=True))
    return np.asarray(looked_up(vehicle_id, lambda name: stated.get(name, np.nan), np.float64))


def _moments(given: Given, *, by_belt: bool) -> CarSpans:
    """When each car's camera or belt sensor spoke."""
    events = given.tables["events"]
    kind = words(events["kind"]).astype(str)
    spoke = np.isin(kind, BELT_KINDS if by_belt else CAMERA_KINDS)
    if not by_belt:
        spoke |= (kind == "passenger_count") & ~np.isnan(numbers(events["confidence"]))
    at = instants(events["time_ms"], 0)[spoke]
    return car_spans(words(events["vehicle_id"])[spoke], at, at)


def recognised(given: Given) -> CarSpans:
    """What each car's camera recognised and a covered lens could not have seen."""
    events = given.tables["events"]
    kind = words(events["kind"]).astype(str)
    seen = np.isin(kind, CAMERA_KINDS) & ~np.isin(kind, ("lens_covered", "camera_fault"))
    seen |= (kind == "passenger_count") & ~np.isnan(numbers(events["confidence"]))
    at = instants(events["time_ms"], 0)[seen]
    return car_spans(words(events["vehicle_id"])[seen], at, at)
