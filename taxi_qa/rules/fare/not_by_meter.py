"""Not charging by the meter: the passenger paid another sum than was due."""

import numpy as np
import pandas as pd

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import rule

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
def not_by_meter(trips: pd.DataFrame, law: pd.DataFrame) -> Verdict:
    """The amount paid is not the meter's amount with tolls and lawful surcharges.

    Why it matters: the meter decides the fare; any other sum is a bargain, up or down (六.6).
    Evidence: the amount paid, the meter's fare, surcharges, tolls, the tip where the payment shows one.
    Cannot tell: the amount paid was not recorded; a meter repaired and not yet verified again.
    Looks like it, but is not: a tip by choice, where payment by card or app shows it; change rounded to
        half a yuan.
    """
    tip = trips["tip_fen"].fillna(0).where(trips["payment"].isin(_SHOWS_TIPS), 0)
    due = trips["fare_fen"] + trips["surcharge_fen"].fillna(0) + trips["tolls_fen"].fillna(0)
    # A tip explains only what was paid beyond the due.
    explained = np.minimum(tip, np.maximum(trips["paid_fen"] - due, 0))
    difference = trips["paid_fen"] - due - explained
    untrusted = (trips["meter_unverified"] != "").to_numpy()
    return Verdict(
        guilty=(difference.abs() > law["house.fare.not_by_meter_fen"]).to_numpy(dtype=bool),
        measured=trips["paid_fen"].to_numpy(dtype=np.float64),
        allowed=(due + explained).to_numpy(dtype=np.float64),
        unit="fen",
        cannot_tell=np.where(untrusted, "meter verified after repair", "").astype(object),
        # Paying less than the meter is a lead to a bargained price, nothing more.
        trial=(difference < 0).to_numpy(dtype=bool),
        evidence=trips[["paid_fen", "fare_fen", "surcharge_fen", "tolls_fen", "tip_fen"]],
    )
