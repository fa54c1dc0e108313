"""Driving too long: without a rest, or in one shift."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="driving.long_hours",
    clause="五",
    title_zh="超时驾驶",
    judges="driving_spells",
    law=("driving.unbroken_driving_s", "driving.rest_s", "house.driving.day_driving_s"),
    sources=("gnss", "shift"),
    needs=("positions", "shifts"),
)
def long_hours(spells: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The driver drove too long, without a rest or in one shift.

    Driving is the time on duty less every stand of a rest's length; standing in a rank is resting. A gap
    in the track is a stand only when the car is at the same place after it.

    Why it matters: more than four hours without twenty minutes of rest is forbidden; safe driving is
        pledged (五).
    Evidence: the time driven, its begin and end, the longest rest in it.
    Cannot tell: no positions; a gap in the track in which a rest may lie, where the answer hangs on it; two
        cars under one plate.
    Looks like it, but is not: a rest in a queue; two drivers sharing a car (each by his own shift); a
        rest of exactly twenty minutes; exactly four hours.
    """
    unbroken = spells["kind"] == "unbroken"
    limit = np.where(unbroken, law["driving.unbroken_driving_s"], law["house.driving.day_driving_s"])
    low, high = spells["low_s"], spells["high_s"]
    guilty = low > limit
    return Verdict(
        guilty=guilty,
        measured=np.where(guilty, low, high),
        allowed=limit,
        unit="s",
        cannot_tell=np.where(~guilty & (high > limit), "track without gaps", "").astype(object),
        evidence={"kind": spells["kind"], "driving_s": low, "rest_longest_s": spells["rest_longest_s"]},
    )
