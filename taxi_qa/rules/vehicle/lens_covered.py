"""The camera's lens covered while on duty."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.seen import UNSAID, pictures, unsaid
from taxi_qa.values.columns import Columns


@rule(
    name="vehicle.lens_covered",
    clause="七.2",
    title_zh="营运期间遮挡摄像头",
    judges="covered_lenses",
    law=(
        "house.vehicle.lens_s",
        "house.vehicle.lens_night_s",
        "house.vehicle.dark_from_s",
        "house.vehicle.dark_to_s",
    ),
    sources=("camera",),
    needs=("events", "shifts"),
    stage="trial",
)
def lens_covered(acts: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The lens of the cabin camera was covered for longer than a minute while the car was on duty.

    A camera that recognises something meanwhile was not covered. The camera is the only source: a finding is
    a lead, and the pictures before and after show a person what covered it.

    Why it matters: keeping the camera working is pledged; it protects passenger and driver alike (七.2).
    Evidence: how long within the duty, how sure the recogniser was, the pictures by name and digest.
    Cannot tell: no picture before or after; in the dark, less than ten minutes; no camera, or one known to be
        down; a recogniser that does not say how sure it is.
    Looks like it, but is not: glare at night (low confidence); a lens that went on seeing; a covered lens off
        duty; a minute exactly, as a cloth that cleans it takes.
    """
    covered = np.minimum(acts["on_duty_s"], acts["span_s"])
    allowed = law["house.vehicle.lens_s"]
    at = acts["local_s"]
    dark = (at >= law["house.vehicle.dark_from_s"]) | (at < law["house.vehicle.dark_to_s"])
    long = (covered > allowed) & ~acts["saw_else"]
    glare = long & dark & (covered <= law["house.vehicle.lens_night_s"])
    return Verdict(
        guilty=long,
        measured=covered,
        allowed=allowed,
        unit="s",
        cannot_tell=np.select(
            [unsaid(acts), glare, long & (acts["media"] == "")], [UNSAID, "daylight", "events.media"], ""
        ).astype(object),
        evidence=pictures(acts),
    )
