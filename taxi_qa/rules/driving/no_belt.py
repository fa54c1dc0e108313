"""The driver without a seat belt."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.seen import TWO, UNSAID, pictures, unsaid
from taxi_qa.values.columns import Columns


@rule(
    name="driving.no_belt",
    clause="五.1",
    title_zh="驾驶员未系安全带",
    judges="belt_acts",
    law=("house.driving.belt_s", "house.driving.belt_kmh", "house.driving.belt_frames"),
    sources=("camera", "gnss"),
    needs=("events", "positions"),
)
def no_belt(acts: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The driver drove without a seat belt for longer than it takes to fasten one.

    The seconds are those between the first and the last sure frame in which the car went faster than the
    house's pace, by chord and by device. One recogniser alone makes a lead; two devices that agree, as a
    camera and the belt's switch, a firm finding.

    Why it matters: the driver pledged to wear the belt (五.1).
    Evidence: the seconds above the pace, the top speed, how sure the recogniser was, which devices saw it,
        the picture by name and digest.
    Cannot tell: no belt sensor, or none heard within a week; a camera known to be down; a recogniser that
        does not say how sure it is; no positions around it.
    Looks like it, but is not: moving up in a rank without a belt; a belt being fastened while rolling off; a
        dark belt on dark clothes (low confidence); a single frame.
    """
    least_s = law["house.driving.belt_s"]
    pace = law["house.driving.belt_kmh"]
    repeated = (acts["frames"] >= law["house.driving.belt_frames"]) | (acts["held_s"] >= least_s)
    long_enough = repeated & (acts["span_s"] >= least_s)
    unknown = long_enough & np.isnan(acts["fast_s"])
    # A switch says no confidence and has frames; a recogniser that says none has no sure frame.
    doubtful = unsaid(acts) & (acts["frames"] == 0)
    return Verdict(
        guilty=repeated & (acts["fast_s"] >= least_s) & (acts["top_kmh"] > pace),
        measured=acts["fast_s"],
        allowed=least_s,
        unit="s",
        cannot_tell=np.select([doubtful, unknown], [UNSAID, "positions"], "").astype(object),
        trial=acts["witnesses"] < TWO,
        sources=np.where(acts["witnesses"] < TWO, "camera+gnss", "camera+belt sensor+gnss").astype(object),
        evidence={**pictures(acts), "top_kmh": acts["top_kmh"]},
    )
