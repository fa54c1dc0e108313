"""What a car's ratios of metered to driven distance did over four weeks: steady, drifting, or in one step.

Three models are laid through the ratios in the order of time: one value, a straight line, one step. The line
or the step is believed where it explains much of what the one value leaves, and moves far enough to matter.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

# Fewer trips on one side of a step tell nothing.
_SIDE: Final = 8
# What a model must explain, and how far the ratio must have moved: beyond the noise of tracks.
_EXPLAINED: Final = 0.4
_MOVED: Final = 0.02
# Single wild trips (a burst, a bad track) are drawn in to here from the median.
_CLIP: Final = 0.08


@dataclass(frozen=True)
class Course:
    """What ratios did.

    Attributes:
        kind: "steady", "drift" or "step".
        at: index of the first trip after the step; 0 without one.
        moved: by how much the ratio changed.
    """

    kind: str
    at: int
    moved: float


def course(ratios: Floats, time_ms: Int64s) -> Course:
    """What the ratios of one car's trips did.

    Args:
        ratios: metered by driven distance, in the order of time.
        time_ms: when the trips began.
    """
    n = ratios.size
    if n < 2 * _SIDE:
        return Course("steady", 0, 0.0)
    middle = float(np.median(ratios))
    values = np.clip(ratios, middle - _CLIP, middle + _CLIP)
    off = values - values.mean()
    whole = float(off @ off)
    if whole <= 0.0:
        return Course("steady", 0, 0.0)
    days = (time_ms - time_ms[0]) / 86_400_000.0
    line = days - days.mean()
    spread = float(line @ line)
    slope = float(off @ line) / spread if spread > 0 else 0.0
    by_line = slope * slope * spread / whole
    # Splits after each trip: what the two means explain is n_a n_b / n (mean_a - mean_b)^2.
    sums = np.cumsum(values)[_SIDE - 1 : n - _SIDE]
    before = np.arange(_SIDE, n - _SIDE + 1)
    gap = (values.sum() - sums) / (n - before) - sums / before
    explained = before * (n - before) / n * gap * gap / whole
    best = int(np.argmax(explained))
    at = int(before[best])
    step = float(np.median(values[at:]) - np.median(values[:at]))
    drifted = slope * float(days[-1])
    if explained[best] >= max(_EXPLAINED, by_line) and abs(step) >= _MOVED:
        return Course("step", at, step)
    if by_line >= _EXPLAINED and abs(drifted) >= _MOVED:
        return Course("drift", 0, drifted)
    return Course("steady", 0, 0.0)
