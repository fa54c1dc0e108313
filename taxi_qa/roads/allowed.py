"""Fixes whose speed some road within reach allows: nearly all, told without finding the highest limit.

Whoever asks only who was too fast needs no more of the others than that: a search ends at the first road
that allows the speed, or whose limit nobody knows, where `limits.highest_codirectional` looks at them all.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.roads.codirectional import SAME_WAY_DDEG, turned_ddeg
from taxi_qa.roads.index import SegmentIndex, cell_of, is_outside, off_segment
from taxi_qa.roads.limits import Limits, limit_at
from taxi_qa.values.place import metres_per_degree

Bools = npt.NDArray[np.bool_]
Int16s = npt.NDArray[np.int16]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats32 = npt.NDArray[np.float32]

_CKMH: Final = 100.0
_E7: Final = 1e-7


@njit(cache=True, nogil=True)
def too_fast(  # noqa: PLR0913, PLR0917 - compiled: takes columns
    index: SegmentIndex,
    limits: Limits,
    rows: Int64s,
    lon_e7: Int32s,
    lat_e7: Int32s,
    heading_ddeg: Int16s,
    speed_ckmh: Int32s,
    ms_of_day: Int32s,
    reach_m: Floats32,
    margins: tuple[float, float],
) -> Bools:
    """Whether no road within reach that runs the way of a fix allows its speed, and all limits are known.

    Exactly where `limits.highest_codirectional` finds a limit, and the speed is above it by both margins.

    Args:
        index, limits: see there.
        rows: which of the fixes.
        lon_e7, lat_e7, heading_ddeg, speed_ckmh: of all fixes.
        ms_of_day, reach_m: of these rows.
        margins: share and km/h by both of which a limit has to be exceeded.
    """
    found = np.zeros(rows.size, dtype=np.bool_)
    for at in range(rows.size):
        row = rows[at]
        cell = cell_of(index, lon_e7[row], lat_e7[row])
        if cell < 0 or reach_m[at] > index.reach_m:
            continue
        per_lon, per_lat = metres_per_degree(lat_e7[row] * _E7)
        per_lon *= _E7
        per_lat *= _E7
        reach = np.float64(reach_m[at]) * np.float64(reach_m[at])
        reach_lon, reach_lat = int(reach_m[at] / per_lon) + 2, int(reach_m[at] / per_lat) + 2
        heading = heading_ddeg[row]
        for i in range(index.cell_start[cell], index.cell_start[cell + 1]):
            s = index.in_cell[i]
            if heading >= 0 and turned_ddeg(heading, index.heading_ddeg[s]) > SAME_WAY_DDEG:
                continue
            if is_outside(index, s, lon_e7[row], lat_e7[row], reach_lon, reach_lat):
                continue
            square, _ = off_segment(index, s, lon_e7[row], lat_e7[row], per_lon, per_lat)
            if square > reach:
                continue
            limit, _, _ = limit_at(limits, index.edge[s], s, ms_of_day[at])
            allowed = max(limit * (1.0 + margins[0]), limit + margins[1])
            found[at] = limit >= 0 and speed_ckmh[row] > _CKMH * allowed
            if not found[at]:
                break
    return found
