"""Passengers carried with a device that was known to be broken and that nobody reported."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="vehicle.operated_with_fault",
    clause="七.3",
    title_zh="设备故障未报修仍营运",
    judges="faulty_drives",
    law=("house.vehicle.known_fault_s", "house.vehicle.report_in_time_s"),
    sources=("device", "meter"),
    needs=("device_status", "trips"),
)
def operated_with_fault(drives: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """Trips were driven while a device had been down, unreported, for more than a day.

    One finding a driver, car and day. A driver is named only if he himself had been on duty with the broken
    device for longer than the time in which a fault is to be reported; else it is the company's.

    Why it matters: a fault nobody reports is one nobody mends; the car is not to work without (七.3).
    Evidence: the device, since when it was down, how long when the trip began, how many such trips.
    Cannot tell: nobody reports the state of devices; a meter said to be down that recorded the trip.
    Looks like it, but is not: a fault that was reported, even late; a fault of exactly a day; a device that
        worked again before the trip; an approved excuse.
    """
    fault = drives["fault_s"]
    allowed = law["house.vehicle.known_fault_s"]
    guilty = fault > allowed
    return Verdict(
        guilty=guilty,
        measured=fault,
        allowed=allowed,
        unit="s",
        cannot_tell=np.where(guilty & drives["trip_contradicts"], "working meter", "").astype(object),
        blameless=~drives["knew"],
        evidence=drives.some("device", "detected_ms", "trips"),
    )
