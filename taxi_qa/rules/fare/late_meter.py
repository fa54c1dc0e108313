"""The meter ran on after the passengers had left."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="fare.late_meter",
    clause="六.6",
    title_zh="延迟停表：乘客下车后仍在计费",
    judges="trips",
    law=("house.fare.late_s",),
    sources=("meter", "seat"),
    needs=("trips", "events"),
)
def late_meter(trips: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The meter still ran after the passengers had left.

    Why it matters: what runs on after the passenger is gone is charged to somebody who is not there (六.6).
    Evidence: when the seat emptied, how long the meter ran on.
    Cannot tell: no seat sensor; a sensor that reported no alighting around the end of the trip.
    Looks like it, but is not: paying and unloading within two minutes; passengers who got out and came
        back within the trip; seats still taken when the meter stopped.
    """
    left = trips["left_event_ms"]
    ran_on = np.where(np.isnan(left), 0.0, (trips["end_ms"] - left) / 1000.0)
    allowed = law["house.fare.late_s"]
    told = ~np.isnan(left) | trips["left_after"]
    cannot_tell = np.select(
        [~trips["seat_sensor"], ~told],
        ["vehicles.has_seat_sensor", "events.passenger_alighted"],
        "",
    )
    return Verdict(
        guilty=ran_on > allowed,
        measured=ran_on,
        allowed=allowed,
        unit="s",
        cannot_tell=cannot_tell.astype(object),
        evidence={"alighted_event_ms": trips["left_event_ms"], "held_s": ran_on},
    )
