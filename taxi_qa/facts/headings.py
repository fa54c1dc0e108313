"""Which way cars were heading at each fix of their line."""

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.facts.given import Given
from taxi_qa.facts.speeding import MOVING_CKMH
from taxi_qa.facts.track import turned_pairs

Int16s = npt.NDArray[np.int16]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]

# A step this long shows where the car went, whatever the receiver's error.
_STEP_E7: Final = 6_000  # 60 m


def headings(given: Given) -> Int16s:
    """The direction of travel at each fix of the line (0.1 degree): as sent, else of the step that led there.

    Returns:
        int16, as long as the track; -1 where a car stood, or nothing tells.
    """
    heading: Int16s = given.once("headings", _headings)
    return heading


def _headings(given: Given) -> Int16s:
    track, fixes = given.track, given.fixes
    kept = track.labels == 0
    heading: Int16s = fixes.heading_ddeg[kept]
    # The line turned these pairs round; their headings go with them.
    first = turned_pairs(track.starts, track.time_ms, fixes.lon_e7[kept], fixes.lat_e7[kept])
    heading[first], heading[first + 1] = heading[first + 1], heading[first]
    return _filled(heading, track.starts, track.lon_e7, track.lat_e7, track.speed_ckmh)


@njit(cache=True, nogil=True)
def _filled(heading: Int16s, starts: Int64s, lon_e7: Int32s, lat_e7: Int32s, speed_ckmh: Int32s) -> Int16s:
    filled = heading.copy()
    for v in range(starts.size - 1):
        for i in range(starts[v] + 1, starts[v + 1]):
            if heading[i] >= 0 or speed_ckmh[i] < MOVING_CKMH:
                continue
            x = (lon_e7[i] - lon_e7[i - 1]) * np.cos(np.radians(lat_e7[i] * 1e-7))
            y = float(lat_e7[i] - lat_e7[i - 1])
            if x * x + y * y >= _STEP_E7 * _STEP_E7:
                filled[i] = np.int16(round(np.degrees(np.arctan2(x, y)) * 10.0) % 3600)
    return filled
