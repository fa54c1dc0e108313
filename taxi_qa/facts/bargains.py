"""Metered trips with what shows a bargained price, and complaints of one."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from taxi_qa.facts.complaints import seen_by_machine, told_by_people
from taxi_qa.facts.given import Given
from taxi_qa.facts.unit import UNIT_COLUMNS
from taxi_qa.law.parameter import Law
from taxi_qa.values.columns import Columns

_OF_TRIPS: Final = (
    "paid_fen", "fare_fen", "surcharge_fen", "tolls_fen", "tip_fen", "metered_m", "chord_low_m",
    "longest_gap_s", "leaps", "due_low_fen", "due_high_fen", "step_fen", "payment", "rate_code",
    "fare_missing", "meter_unverified",
)  # fmt: skip
_UNSEEN: Final[Mapping[str, float | bool | str]] = {
    **dict.fromkeys(_OF_TRIPS, np.nan),
    "payment": "", "rate_code": "", "fare_missing": "", "meter_unverified": "",
}  # fmt: skip


def bargained_trips(trips: Columns) -> Columns:
    """Metered trips (`trips.metered_trips`) in the columns a bargain is seen by, and those of complaints."""
    return seen_by_machine(Columns(trips.some(*UNIT_COLUMNS, *_OF_TRIPS)))


def bargain_complaints(given: Given, law: Law) -> Columns:
    """Complaints of bargaining, in the columns of `bargained_trips`."""
    return told_by_people(given, law, "bargaining", _UNSEEN)
