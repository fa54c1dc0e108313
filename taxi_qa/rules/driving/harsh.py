"""Harsher on the pedals than the fleet."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="driving.harsh",
    clause="五.4",
    title_zh="急加速、急刹车、急转弯多于车队水平",
    judges="harsh_months",
    law=(
        "house.driving.harsh_deviations",
        "house.driving.harsh_least_m",
        "house.driving.harsh_prior",
    ),
    sources=("terminal",),
    needs=("positions", "events"),
    stage="index",
)
def harsh(months: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The driver's car was started, braked or turned harshly far more often than others' on as long a way.

    For coaching alone: it never costs points. The ratio to what others had on as long a way is drawn towards
    one, as if he had driven so far that they have five more, and so had he.

    Why it matters: passengers are to be driven smoothly (五.4); a single stop may have saved somebody.
    Evidence: harsh acts, how many others had on as long a way, how long it was.
    Cannot tell: terminals that never tell of any, with positions more than a second apart; too short a way;
    nobody to compare with.
    Looks like it, but is not: single events; a place where others brake, too; a car whose terminal calls
    everything harsh; speeds that jump and come back; positions seconds apart; told twice of one act.
    """
    prior = law["house.driving.harsh_prior"]
    ratio = (months["acts"] + prior) / (months["expected"] + prior)
    spread = np.sqrt(months["acts"] + prior) / (months["expected"] + prior)
    short = months["distance_m"] < law["house.driving.harsh_least_m"]
    return Verdict(
        guilty=ratio - law["house.driving.harsh_deviations"] * spread > 1.0,
        measured=ratio,
        allowed=np.ones(len(months)),
        unit="ratio",
        cannot_tell=np.where(short, "events of harsh driving on a longer way", "").astype(object),
        evidence=months.some("acts", "expected", "distance_m"),
    )
