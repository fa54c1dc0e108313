"""Overcharging: the meter shows more than the tariff of that day allows."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="fare.overcharge",
    clause="六.5",
    title_zh="多收车费：计价金额高于当日运价",
    judges="trips",
    reads=("metered_m", "fare_fen"),
    sources=("meter",),
    needs=("trips",),
)
def overcharge(trips: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - the tariff stands in the trips
    """The fare on the meter is above the tariff of that day, hour and vehicle.

    The fare is recomputed from the metered distance, the waiting and the hours driven. Where waiting is
    unknown or times are exact to the minute only, the tariff gives a band, and only a fare above all of
    it, by more than one meter step and rounding, is found. Where the law of the place states the highest
    surcharges, fare and surcharges together are judged the same way.

    Why it matters: the price bureau sets the tariff and every driver pledged to keep it (六.5).
    Evidence: the fare, the lowest and highest lawful fare, metered distance, waiting, the versions of
        the tariff.
    Cannot tell: no tariff in force that day; no plausible distance or times; a meter repaired and not yet
        verified again.
    Looks like it, but is not: a slow ride whose waiting was not recorded; a ride over the change to
        night price; minute-only times; exactly one step above; tolls, which stand apart.
    """
    fare, step = trips["fare_fen"], trips["step_fen"]
    surcharge, most = trips["surcharge_fen"], trips["surcharge_high_fen"]
    limit = trips["due_high_fen"] + step
    # Surcharges are judged with the fare, where the record states them and the law their highest: what a
    # feed books a little high on one side stands lower on the other.
    over_sum = (fare + surcharge) > (limit + most)
    over_fare = fare > limit
    guilty = over_fare | over_sum
    untrusted = trips["meter_unverified"] != ""
    doubtful = guilty & (trips["fare_doubt"] != "")
    cannot_tell = np.select(
        [untrusted, trips["fare_missing"] != "", doubtful],
        ["meter verified after repair", trips["fare_missing"], trips["fare_doubt"]],
        "",
    )
    may_be_filed = fare <= trips["trial_high_fen"] + step
    return Verdict(
        guilty=guilty,
        measured=np.where(over_fare | ~over_sum, fare, fare + surcharge),
        allowed=np.where(over_fare | ~over_sum, limit, limit + most),
        unit="fen",
        cannot_tell=cannot_tell.astype(object),
        trial=trips["fare_unverified"] | may_be_filed,
        leans_on=trips["fare_leans_on"],
        evidence=trips.some(
            "fare_fen",
            "due_low_fen",
            "due_high_fen",
            "step_fen",
            "metered_m",
            "waiting_s",
            "surcharge_fen",
            "surcharge_high_fen",
            "rate_code",
        ),
    )
