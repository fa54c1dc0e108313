"""Overcharging: the meter shows more than the tariff of that day allows."""

import numpy as np
import pandas as pd

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import rule


@rule(
    name="fare.overcharge",
    clause="六.5",
    title_zh="多收车费：计价金额高于当日运价",
    judges="trips",
    reads=("metered_m", "fare_fen"),
    sources=("meter",),
    needs=("trips",),
)
def overcharge(trips: pd.DataFrame, law: pd.DataFrame) -> Verdict:  # noqa: ARG001 - the tariff stands in the trips
    """The fare on the meter is above the tariff of that day, hour and vehicle.

    The fare is recomputed from the metered distance, the waiting and the hours driven. Where waiting is
    unknown or times are exact to the minute only, the tariff gives a band, and only a fare above all of
    it, by more than one meter step and rounding, is found. Surcharges are judged the same way where the
    law of the place states the highest.

    Why it matters: the price bureau sets the tariff and every driver pledged to keep it (六.5).
    Evidence: the fare, the lowest and highest lawful fare, metered distance, waiting, the versions of
        the tariff.
    Cannot tell: no tariff in force that day; no plausible distance or times; a meter repaired and not yet
        verified again.
    Looks like it, but is not: a slow ride whose waiting was not recorded; a ride over the change to
        night price; minute-only times; exactly one step above; tolls, which stand apart.
    """
    fare, step = trips["fare_fen"], trips["step_fen"]
    surcharge, most = trips["surcharge_fen"].fillna(0), trips["surcharge_high_fen"]
    over_fare = fare - trips["due_high_fen"] - step
    over_surcharge = (surcharge - most).fillna(0)
    # A feed may book a part of the price as a surcharge or the other way round: where the law states the
    # highest surcharge, the sum has to be too high as well.
    over_sum = (fare + surcharge - trips["due_high_fen"] - step - most).where(most.notna(), np.inf)
    over = np.minimum(np.maximum(over_fare, over_surcharge), over_sum)
    guilty = np.asarray(over > 0, dtype=bool)
    untrusted = (trips["meter_unverified"] != "").to_numpy()
    doubtful = guilty & (trips["fare_doubt"] != "").to_numpy()
    cannot_tell = np.select(
        [untrusted, trips["fare_missing"] != "", doubtful],
        ["meter verified after repair", trips["fare_missing"], trips["fare_doubt"]],
        "",
    )
    may_be_filed = (fare <= trips["trial_high_fen"] + step).to_numpy(dtype=bool)
    return Verdict(
        guilty=guilty,
        measured=(fare + surcharge.where(most.notna(), 0)).to_numpy(dtype=np.float64),
        allowed=(trips["due_high_fen"] + step + most.fillna(0)).to_numpy(dtype=np.float64),
        unit="fen",
        cannot_tell=cannot_tell.astype(object),
        trial=trips["fare_unverified"].to_numpy(dtype=bool) | may_be_filed,
        leans_on=trips["fare_leans_on"].to_numpy(dtype=object),
        evidence=trips[
            ["fare_fen", "due_low_fen", "due_high_fen", "step_fen", "metered_m", "waiting_s", "surcharge_fen",
             "surcharge_high_fen", "rate_code"]
        ],
    )  # fmt: skip
