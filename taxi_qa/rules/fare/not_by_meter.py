"""Not charging by the meter: the passenger paid another sum than was due."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns

# Ways of paying in which the record shows what was given as a tip.
_SHOWS_TIPS = ("card", "app")


@rule(
    name="fare.not_by_meter",
    clause="六.6",
    title_zh="不按计价器收费：实付与应付不符",
    judges="trips",
    reads=("fare_fen", "paid_fen"),
    law=("house.fare.not_by_meter_fen",),
    sources=("meter", "payment"),
    needs=("trips",),
)
def not_by_meter(trips: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The amount paid is not the meter's amount with tolls and lawful surcharges.

    Why it matters: the meter decides the fare; any other sum is a bargain, up or down (六.6).
    Evidence: the amount paid, the meter's fare, surcharges, tolls, the tip where the payment shows one.
    Cannot tell: the amount paid was not recorded; a meter repaired and not yet verified again.
    Looks like it, but is not: a tip by choice, where payment by card or app shows it; change rounded to
        half a yuan.
    """
    shows_tips = np.isin(trips["payment"].astype(str), _SHOWS_TIPS)
    tip = np.where(shows_tips, np.nan_to_num(trips["tip_fen"]), 0.0)
    due = trips["fare_fen"] + np.nan_to_num(trips["surcharge_fen"]) + np.nan_to_num(trips["tolls_fen"])
    # A tip explains only what was paid beyond the due.
    explained = np.minimum(tip, np.maximum(trips["paid_fen"] - due, 0))
    difference = trips["paid_fen"] - due - explained
    untrusted = trips["meter_unverified"] != ""
    return Verdict(
        guilty=np.abs(difference) > law["house.fare.not_by_meter_fen"],
        measured=trips["paid_fen"],
        allowed=due + explained,
        unit="fen",
        cannot_tell=np.where(untrusted, "meter verified after repair", "").astype(object),
        # Paying less than the meter is a lead to a bargained price, nothing more.
        trial=difference < 0,
        evidence=trips.some("paid_fen", "fare_fen", "surcharge_fen", "tolls_fen", "tip_fen"),
    )
