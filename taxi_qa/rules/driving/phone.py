"""A phone in the hand at the wheel of a moving car."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.seen import UNSAID, measure, pictures, seen, unsaid
from taxi_qa.values.columns import Columns


@rule(
    name="driving.phone",
    clause="五.10",
    title_zh="行车使用手机",
    judges="phone_acts",
    law=(
        "house.driving.camera_confidence",
        "house.driving.camera_s",
        "house.driving.camera_frames",
        "house.driving.moving_kmh",
    ),
    sources=("camera", "gnss"),
    needs=("events", "positions"),
    stage="trial",
)
def phone(acts: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The driver held a phone while the car moved.

    The pace is the lowest that chord and device say of the step, so whoever stood at either end of it stood.
    The camera's recogniser is the only source of the act: a finding is a lead.

    Why it matters: no phone at the wheel is pledged (五.10).
    Evidence: how long and in how many frames, how sure the recogniser was, the pace, the picture by name and
        digest.
    Cannot tell: no camera, or one not heard within a week; a camera known to be down or covered; a recogniser
        that does not say how sure it is;
        no positions around an act that was clear.
    Looks like it, but is not: a call at a standstill; a tap on the mounted terminal (shorter than two
        seconds); a single frame; low confidence.
    """
    least_s, least_frames = law["house.driving.camera_s"], law["house.driving.camera_frames"]
    clear = seen(acts, law["house.driving.camera_confidence"], least_s, least_frames)
    measured, allowed, unit = measure(acts, least_s, least_frames)
    moves = acts["top_kmh"] > law["house.driving.moving_kmh"]
    return Verdict(
        guilty=clear & moves,
        measured=measured,
        allowed=allowed,
        unit=unit,
        cannot_tell=np.select(
            [unsaid(acts), clear & np.isnan(acts["top_kmh"])], [UNSAID, "positions"], ""
        ).astype(object),
        evidence={**pictures(acts), "top_kmh": acts["top_kmh"]},
    )
