"""How far each receiver errs, told by how far its fixes lie from the roads they are driven along.

A poor receiver, an aerial under a roof, a map that lies beside the road: all of them put fixes away from
every road that runs their way, and whoever judges such fixes has to look for roads further away.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.roads.codirectional import nearest_codirectional
from taxi_qa.roads.index import SegmentIndex

Floats = npt.NDArray[np.float64]
Int16s = npt.NDArray[np.int16]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]

# So many fixes of a receiver are enough (the estimate then errs by a tenth), fewer than the least are not.
MOST_FIXES: Final = 200
LEAST_FIXES: Final = 30
# Headings are steady from here on.
MOVING_CKMH: Final = 1_000
# Of ten fixes one may be where the map has no road. Of a normal error nine tenths lie within 1.645 sigma.
SHARE: Final = 0.9
SIGMAS: Final = 1.645


def receiver_errors_m(
    index: SegmentIndex,
    starts: Int64s,
    lon_e7: Int32s,
    lat_e7: Int32s,
    heading_ddeg: Int16s,
    speed_ckmh: Int32s,
) -> Floats:
    """The error of each vehicle's places, one sigma (m).

    Args:
        index: of the network.
        starts: fixes of vehicle v are starts[v]:starts[v + 1].
        lon_e7, lat_e7: the places.
        heading_ddeg: direction of travel, -1 where unknown.
        speed_ckmh: speed, -1 where unknown.

    Returns:
        NaN where too few fixes move; infinite where too many lie near no road that runs their way.
    """
    rows = _sampled(starts, heading_ddeg, speed_ckmh)
    vehicle = np.searchsorted(starts, rows, side="right") - 1
    _, away = nearest_codirectional(
        index, lon_e7[rows], lat_e7[rows], heading_ddeg[rows], reach_m=index.reach_m
    )
    away = away[np.lexsort((away, vehicle))]
    counts = np.bincount(vehicle, minlength=starts.size - 1)
    past = np.cumsum(counts)
    at = past - counts + np.ceil(SHARE * counts).astype(np.int64) - 1
    error = np.full(counts.size, np.nan)
    enough = counts >= LEAST_FIXES
    error[enough] = away[at[enough]] / SIGMAS
    return error


@njit(cache=True, nogil=True)
def _sampled(starts: Int64s, heading_ddeg: Int16s, speed_ckmh: Int32s) -> Int64s:
    """Of each vehicle's moving fixes with a heading at most `MOST_FIXES`.

    Evenly over all of them: its morning in a tunnel of houses is not its day.
    """
    rows = np.empty(min(heading_ddeg.size, MOST_FIXES * starts.size), dtype=np.int64)
    n = 0
    for v in range(starts.size - 1):
        moving = 0
        for i in range(starts[v], starts[v + 1]):
            moving += heading_ddeg[i] >= 0 and speed_ckmh[i] >= MOVING_CKMH
        every = max(1, -(-moving // MOST_FIXES))
        number = 0
        for i in range(starts[v], starts[v + 1]):
            if heading_ddeg[i] >= 0 and speed_ckmh[i] >= MOVING_CKMH:
                if number % every == 0:
                    rows[n] = i
                    n += 1
                number += 1
    return rows[:n].copy()
