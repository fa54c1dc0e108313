"""The meter ran on after the passengers had left."""

import numpy as np
import pandas as pd

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import rule


@rule(
    name="fare.late_meter",
    clause="六.6",
    title_zh="延迟停表：乘客下车后仍在计费",
    judges="trips",
    law=("house.fare.late_s",),
    sources=("meter", "seat"),
    needs=("trips", "events"),
)
def late_meter(trips: pd.DataFrame, law: pd.DataFrame) -> Verdict:
    """The meter still ran after the passengers had left.

    Why it matters: what runs on after the passenger is gone is charged to somebody who is not there (六.6).
    Evidence: when the seat emptied, how long the meter ran on.
    Cannot tell: no seat sensor; a sensor that reported no alighting around the end of the trip.
    Looks like it, but is not: paying and unloading within two minutes; passengers who got out and came
        back within the trip; seats still taken when the meter stopped.
    """
    left = trips["left_event_ms"].to_numpy(dtype=np.float64)
    ran_on = np.where(np.isnan(left), 0.0, (trips["end_ms"].to_numpy(dtype=np.float64) - left) / 1000.0)
    allowed = law["house.fare.late_s"].to_numpy(dtype=np.float64)
    told = ~np.isnan(left) | trips["left_after"].to_numpy(dtype=bool)
    cannot_tell = np.select(
        [~trips["seat_sensor"].to_numpy(dtype=bool), ~told],
        ["vehicles.has_seat_sensor", "events.passenger_alighted"],
        "",
    )
    return Verdict(
        guilty=ran_on > allowed,
        measured=ran_on,
        allowed=allowed,
        unit="s",
        cannot_tell=cannot_tell.astype(object),
        evidence=pd.DataFrame({"alighted_event_ms": trips["left_event_ms"], "held_s": ran_on}),
    )
