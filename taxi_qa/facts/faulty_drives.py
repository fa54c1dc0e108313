"""Trips driven with a device that is known to be down and that nobody reported, driver by driver."""

from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.facts.downs import DEVICES, downs
from taxi_qa.facts.duty import duties
from taxi_qa.facts.given import Given, sent_on, words
from taxi_qa.facts.seats import SENSOR_DAYS
from taxi_qa.facts.tickets import NOT_REPORTED, reported_between
from taxi_qa.facts.unit import unit_rows
from taxi_qa.law.parameter import Law
from taxi_qa.values.clock import city_day
from taxi_qa.values.columns import Columns, Texts

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_WHO: Final = ("vehicle_id", "driver_id")


def faulty_drives(trips: Columns, given: Given, law: Law) -> Columns:
    """The trips of one driver on one car that began in the span, as one row.

    Args:
        trips: as `trips.metered_trips` gives them.
        given: the records.
        law: for how long an unreported fault is nobody's yet.

    Returns:
        Unit columns (from the first trip with the longest-standing fault to its end, else from the first trip
        to the last) and: trips (those over the limit), fault_s (how long the device had been down, untold,
        when the trip began; 0 none), device, detected_ms (NaN), knew (the driver had been on duty with it for
        longer than the time in which a fault is reported), trip_contradicts (the device is the meter, which
        recorded the trip).
    """
    least_s = law.number("house.vehicle.known_fault_s", given.from_ms)
    in_time_s = law.number("house.vehicle.report_in_time_s", given.from_ms)
    fault_s, device, since = _faults(trips, given)
    key = np.array([f"{car}\x1f{who}" for car, who in zip(*(trips[n] for n in _WHO), strict=True)], dtype=str)
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    # Within a group the trip with the longest fault, the earliest of equals, stands for it.
    order = np.lexsort((trips["start_ms"], -fault_s, group))
    worst = order[np.searchsorted(group[order], np.arange(first.size))]
    begin, finish = trips["start_ms"][worst], trips["end_ms"][worst]
    is_faulty = fault_s[worst] > 0
    earliest = np.full(first.size, np.iinfo(np.int64).max, dtype=np.int64)
    np.minimum.at(earliest, group, trips["start_ms"])
    latest = np.zeros(first.size, dtype=np.int64)
    np.maximum.at(latest, group, trips["end_ms"])
    over = np.bincount(group, weights=fault_s > least_s, minlength=first.size)
    vehicle_id, driver_id = trips["vehicle_id"][worst], trips["driver_id"][worst]
    days = np.array([f"{car} {who} {given.from_ms}" for car, who in zip(vehicle_id, driver_id, strict=True)])
    return unit_rows(
        given,
        {
            "subject": days.astype(object),
            "vehicle_id": vehicle_id,
            "driver_id": driver_id,
            "start_ms": np.where(is_faulty, begin, earliest),
            "end_ms": np.where(is_faulty, finish, latest),
            "missing": _untold(given, vehicle_id, begin, is_faulty),
            "trips": over.astype(np.int64),
            "fault_s": fault_s[worst],
            "device": device[worst],
            "detected_ms": np.where(is_faulty, since[worst], np.nan),
            "knew": _own_time_s(given, vehicle_id, driver_id, since[worst], begin) > in_time_s,
            "trip_contradicts": device[worst] == "meter",
        },
    )


def _faults(trips: Columns, given: Given) -> tuple[Floats, Texts, Floats]:
    """Of each trip: seconds since its longest unreported fault began, its device, and that moment."""
    begin = trips["start_ms"]
    fault_s, since = np.zeros(len(trips)), np.full(len(trips), np.nan)
    device = np.full(len(trips), "", dtype=object)
    for name, one in DEVICES.items():
        spans = downs(given, name)
        for car, start, sure in zip(
            spans["vehicle_id"], spans["start_ms"].tolist(), spans["sure_ms"].tolist(), strict=True
        ):
            hit = np.flatnonzero((trips["vehicle_id"] == car) & (begin >= start) & (begin < sure))
            reported = reported_between(
                given, trips["vehicle_id"][hit], np.full(hit.size, start), begin[hit], one.devices
            )
            hit = hit[reported == NOT_REPORTED]
            longer = hit[(begin[hit] - start) / 1000.0 > fault_s[hit]]
            fault_s[longer] = (begin[longer] - start) / 1000.0
            device[longer], since[longer] = name, start
    return fault_s, device, since


def _untold(given: Given, vehicle_id: Texts, begin: Int64s, is_faulty: npt.NDArray[np.bool_]) -> Texts:
    """Where nobody reports the state of devices, nobody knows of a fault."""
    days = city_day(begin, given.zone)
    sent = sent_on(given, "device_status", days, SENSOR_DAYS)
    own = np.isin(vehicle_id.astype(str), words(given.tables["device_status"]["vehicle_id"]).astype(str))
    return np.where(sent | own | is_faulty, "", "device_status").astype(object)


def _own_time_s(given: Given, vehicle_id: Texts, driver_id: Texts, since: Floats, begin: Int64s) -> Floats:
    """How long each driver had been on duty on the car since its fault began."""
    duty = duties(given)
    own = np.zeros(vehicle_id.size)
    for row in np.flatnonzero(~np.isnan(since)):
        mine = (duty["vehicle_id"] == vehicle_id[row]) & (duty["driver_id"] == driver_id[row])
        low = np.maximum(duty["start_ms"][mine], since[row])
        own[row] = np.maximum(0.0, np.minimum(duty["end_ms"][mine], begin[row]) - low).sum() / 1000.0
    return own
