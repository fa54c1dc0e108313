"""What a recogniser's word is worth: for rules about acts that a camera saw.

A camera suffices to raise a suspicion, but a recogniser errs, and it is one source: what rests on it alone
is a lead, whatever it says of itself. Two devices that agree are two sources.
"""

from typing import Final

import numpy as np

from taxi_qa.findings.verdict import Bools
from taxi_qa.rules.kit import Numbers
from taxi_qa.values.columns import Columns, Texts, Values

UNSAID: Final = "events.confidence"
TWO: Final = 2


def seen(acts: Columns, confidence: Numbers, least_s: Numbers, least_frames: Numbers) -> Bools:
    """Acts seen surely enough, and for long enough or in frames enough."""
    sure = acts["confidence"] >= confidence
    return np.asarray(sure & ((acts["held_s"] >= least_s) | (acts["frames"] >= least_frames)), dtype=bool)


def unsaid(acts: Columns) -> Bools:
    """Acts of which nobody says how sure they are."""
    return np.asarray(~np.isnan(acts["frames"]) & np.isnan(acts["confidence"]), dtype=bool)


def measure(acts: Columns, least_s: Numbers, least_frames: Numbers) -> tuple[Numbers, Numbers, Texts]:
    """Seconds where they decide, else frames: what was measured, what is needed, in which unit."""
    by_time = acts["held_s"] >= least_s
    return (
        np.where(by_time, acts["held_s"], acts["frames"]),
        np.where(by_time, least_s, least_frames),
        np.where(by_time, "s", "count").astype(object),
    )


def pictures(acts: Columns) -> dict[str, Values]:
    """What a reviewer needs to look at: the files by name and digest, never copied."""
    return dict(acts.some("confidence", "frames", "held_s", "media", "media_sha256", "seen_by"))
