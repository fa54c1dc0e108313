"""One plate at two places at once."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="licence.cloned_plate",
    clause="一.1",
    title_zh="疑似套牌：一车两地",
    judges="plates",
    law=(
        "house.quality.jump_kmh", "house.licence.clone_switches", "house.licence.clone_fixes",
        "house.licence.clone_held_s", "house.licence.clone_apart_m", "house.licence.clone_stood_in_share",
    ),
    sources=("gnss",),
    needs=("positions",),
)  # fmt: skip
def cloned_plate(plates: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """One vehicle id was heard from two places no car could join in the time, again and again.

    Why it matters: a cloned plate is an unlicensed taxi in the name of a licensed one (一.1).
    Evidence: the changes between both places, how many positions at the rarer one, how long, how far apart.
    Cannot tell: no positions; single positions elsewhere, each in place of one of the car's own: one
        terminal that errs sends no more than one, two terminals do.
    Looks like it, but is not: a single wrong position; a stretch re-sent with a wrong clock; a car on a
        ferry or a tow truck; a receiver that wavers by a hundred metres.
    """
    switches = plates["switches"]
    least = law["house.licence.clone_switches"]
    guilty = switches >= least
    guilty &= plates["fewer_fixes"] >= law["house.licence.clone_fixes"]
    guilty &= plates["held_s"] >= law["house.licence.clone_held_s"]
    guilty &= plates["separation_m"] >= law["house.licence.clone_apart_m"]
    # Two changes a visit to the rarer place.
    errs = guilty & (plates["stood_in"] > law["house.licence.clone_stood_in_share"] * switches / 2)
    return Verdict(
        guilty=guilty & ~errs,
        measured=switches,
        allowed=least - 1,
        unit="count",
        cannot_tell=np.where(errs, "clear track", "").astype(object),
        # Which of both cars carries the right plate is not known: nobody drove it, so to speak.
        blameless=np.ones(len(plates), dtype=bool),
        evidence={**plates.some("switches", "separation_m", "held_s"), "fixes": plates["fewer_fixes"]},
    )
