"""Smoking in the car."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.seen import UNSAID, measure, pictures, seen, unsaid
from taxi_qa.values.columns import Columns


@rule(
    name="driving.smoking",
    clause="五.8",
    title_zh="车内吸烟",
    judges="smoking_acts",
    law=(
        "house.driving.camera_confidence",
        "house.driving.camera_s",
        "house.driving.camera_frames",
    ),
    sources=("camera",),
    needs=("events",),
    stage="trial",
)
def smoking(acts: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The driver smoked in the car.

    In the car means standing, too: the smoke stays for the next passenger. The camera's recogniser is the
    only source, so a finding is a lead for a person who looks at the picture.

    Why it matters: no smoking in the car is pledged (五.8).
    Evidence: how long and in how many frames, how sure the recogniser was, the picture by name and digest.
    Cannot tell: no camera, or one not heard within a week; a camera known to be down or covered; a recogniser
        that does not say how sure it is.
    Looks like it, but is not: a toothpick or pen (low confidence); a single frame; an alarm shorter than two
        seconds.
    """
    least_s, least_frames = law["house.driving.camera_s"], law["house.driving.camera_frames"]
    clear = seen(acts, law["house.driving.camera_confidence"], least_s, least_frames)
    measured, allowed, unit = measure(acts, least_s, least_frames)
    return Verdict(
        guilty=clear,
        measured=measured,
        allowed=allowed,
        unit=unit,
        cannot_tell=np.where(unsaid(acts), UNSAID, "").astype(object),
        evidence=pictures(acts),
    )
