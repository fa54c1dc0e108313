"""With whom a car's own odometer agrees: with the meter, or with the track."""

from typing import Final

import numpy as np

from taxi_qa.findings.verdict import Bools
from taxi_qa.rules.kit import Numbers
from taxi_qa.values.columns import Columns

# An odometer shows tenths of a kilometre: a hundred metres either way at both ends of a trip.
_READ_M: Final = 200.0


def agrees(checks: Columns, near: Numbers) -> tuple[Bools, Bools]:
    """Whether the odometer agrees with the meter, and whether with the track; False where it was not read.

    Args:
        checks: as `facts.meters` gives them, of trips and weeks.
        near: share by which two that agree may differ.
    """
    weekly = checks["kind"] == "week"
    odometer = checks["odometer_m"]
    with_meter = np.abs(checks["metered_m"] - odometer) <= near * checks["metered_m"] + _READ_M
    with_track = np.abs(odometer - checks["gnss_m"]) <= near * checks["gnss_m"] + _READ_M
    return (
        np.where(weekly, np.abs(checks["meter_odometer_ratio"] - 1) <= near, with_meter),
        np.where(weekly, np.abs(checks["odometer_ratio"] - 1) <= near, with_track),
    )
