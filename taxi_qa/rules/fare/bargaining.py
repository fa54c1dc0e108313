"""A price was agreed instead of the meter's."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import complaint_evidence, is_complaint, upheld
from taxi_qa.values.columns import Columns

_SHOWS_TIPS = ("card", "app")


@rule(
    name="fare.bargaining",
    clause="六.2",
    title_zh="议价",
    judges="bargains",
    law=("house.fare.bargain_round_fen", "house.fare.bargain_least_fen", "house.fare.not_by_meter_fen",
         "house.fare.off_meter_m", "house.fare.bargain_metered_ratio", "house.track.clear_gap_s"),
    sources=("payment", "gnss"),
    needs=("trips", "positions", "complaints"),
)  # fmt: skip
def bargaining(rows: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """A round price off the tariff was paid for a ride the meter did not measure.

    A lead; an upheld complaint is a finding.

    Why it matters: the meter decides the price, nobody bargains (六.2).
    Evidence: the amount paid, what the meter showed, how far the car drove and how far the meter counted.
    Cannot tell: the amount paid was not recorded; no clear track of a ride with such a price; a meter not yet
        verified again after a repair; a complaint the desk has not decided yet.
    Looks like it, but is not: a round sum that is the meter's; a round sum for a ride the meter measured; a
        tip by choice that rounds the sum; a lawful flat rate; a complaint that was unfounded.
    """
    complaint = is_complaint(rows)
    valid, missing = upheld(rows)
    paid, fare = rows["paid_fen"], rows["fare_fen"]
    extras = np.nan_to_num(rows["surcharge_fen"]) + np.nan_to_num(rows["tolls_fen"])
    due = fare + extras
    tip = np.where(np.isin(rows["payment"].astype(str), _SHOWS_TIPS), np.nan_to_num(rows["tip_fen"]), 0.0)
    difference = np.abs(paid - due - np.minimum(tip, np.maximum(paid - due, 0.0)))
    negotiated = rows["rate_code"] == "negotiated"
    off_tariff = (fare < rows["due_low_fen"] - rows["step_fen"]) | (
        fare > rows["due_high_fen"] + rows["step_fen"]
    )
    priced = (difference > law["house.fare.not_by_meter_fen"]) | (
        negotiated & off_tariff & (rows["fare_missing"] == "")
    )
    priced &= (paid % law["house.fare.bargain_round_fen"] == 0) & (
        paid >= law["house.fare.bargain_least_fen"]
    )
    priced &= ~complaint & (rows["rate_code"] != "flat")
    clear = (rows["leaps"] == 0) & (rows["longest_gap_s"] <= law["house.track.clear_gap_s"])
    unmetered = rows["chord_low_m"] - rows["metered_m"] > law["house.fare.off_meter_m"]
    unmetered &= rows["metered_m"] < law["house.fare.bargain_metered_ratio"] * rows["chord_low_m"]
    unknown = np.select(
        [
            ~complaint & np.isnan(paid),
            priced & (rows["meter_unverified"] != ""),
            priced & ~negotiated & ~clear,
        ],
        ["trips.paid_yuan", "meter verified after repair", "positions"],
        missing,
    )
    return Verdict(
        guilty=valid | (priced & (negotiated | (unmetered & clear))),
        measured=np.where(complaint, valid, paid),
        allowed=np.where(complaint, 0.0, due),
        unit=np.where(complaint, "count", "fen").astype(object),
        cannot_tell=unknown.astype(object),
        trial=~complaint,
        sources=np.where(complaint, "complaint", "payment+gnss").astype(object),
        evidence={
            **complaint_evidence(rows),
            **rows.some("paid_fen", "fare_fen", "metered_m", "rate_code"),
            "gnss_m": rows["chord_low_m"],
        },
    )
