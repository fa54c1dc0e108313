"""Roads that run the way a vehicle drives: one that crosses or runs the other way is not the one it is on."""

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.roads.index import NO_EDGE, SegmentIndex, cell_of, off_segment
from taxi_qa.values.place import metres_per_degree

Int16s = npt.NDArray[np.int16]
Int32s = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]

# Two directions this close are the same way: a receiver's heading is off by some 10 degrees at city speeds,
# and lags in bends.
SAME_WAY_DDEG: Final = 450

_FULL_TURN: Final = 3600
_E7: Final = 1e-7


@njit(cache=True, inline="always")
def turned_ddeg(one_ddeg: int, other_ddeg: int) -> int:
    """The angle between two directions, 0 to 1800 (0.1 degree)."""
    turned = abs(one_ddeg - other_ddeg) % _FULL_TURN
    return _FULL_TURN - turned if turned > _FULL_TURN // 2 else turned


def nearest_codirectional(
    index: SegmentIndex,
    lon_e7: Int32s,
    lat_e7: Int32s,
    heading_ddeg: Int16s,
    *,
    reach_m: float,
    same_way_ddeg: int = SAME_WAY_DDEG,
) -> tuple[Int32s, Floats32]:
    """The nearest road that runs the way each fix drives. Oracle: `nearest_codirectional_in_numpy`.

    Args:
        index: of the network.
        lon_e7, lat_e7: the places.
        heading_ddeg: direction of travel, -1 where unknown: every road runs that way.
        reach_m: how far away at most, not more than the index's own reach.
        same_way_ddeg: how far two directions of the same way may differ.

    Returns:
        Edge (`NO_EDGE` where there is none), metres away (infinite there).

    Raises:
        ValueError: the reach is wider than the index's.
    """
    if reach_m > index.reach_m:
        raise ValueError(f"the index reaches {index.reach_m:g} m, asked for {reach_m:g} m")
    return _nearest(index, lon_e7, lat_e7, heading_ddeg, reach_m, same_way_ddeg)


@njit(cache=True, nogil=True)
def _nearest(
    index: SegmentIndex,
    lon_e7: Int32s,
    lat_e7: Int32s,
    heading_ddeg: Int16s,
    reach_m: float,
    same_way_ddeg: int,
) -> tuple[Int32s, Floats32]:
    n = lon_e7.size
    edge = np.full(n, np.int32(NO_EDGE), dtype=np.int32)
    away = np.full(n, np.float32(np.inf), dtype=np.float32)
    for at in range(n):
        cell = cell_of(index, lon_e7[at], lat_e7[at])
        if cell < 0:
            continue
        per_lon, per_lat = metres_per_degree(lat_e7[at] * _E7)
        per_lon *= _E7
        per_lat *= _E7
        heading = heading_ddeg[at]
        least = reach_m * reach_m
        for i in range(index.cell_start[cell], index.cell_start[cell + 1]):
            s = index.in_cell[i]
            if heading >= 0 and turned_ddeg(heading, index.heading_ddeg[s]) > same_way_ddeg:
                continue
            square, _ = off_segment(index, s, lon_e7[at], lat_e7[at], per_lon, per_lat)
            if square < least or (square == least and index.edge[s] < edge[at]):
                least = square
                edge[at] = index.edge[s]
                away[at] = np.sqrt(square)
    return edge, away


def nearest_codirectional_in_numpy(
    index: SegmentIndex,
    lon_e7: Int32s,
    lat_e7: Int32s,
    heading_ddeg: Int16s,
    *,
    reach_m: float,
    same_way_ddeg: int = SAME_WAY_DDEG,
) -> tuple[Int32s, Floats32]:
    """The same over all segments at once, a place at a time."""
    edge = np.full(lon_e7.size, NO_EDGE, dtype=np.int32)
    away = np.full(lon_e7.size, np.inf, dtype=np.float32)
    for at in range(lon_e7.size):
        metres = metres_to_segments(index, int(lon_e7[at]), int(lat_e7[at]))
        near = (metres <= reach_m) & same_way(index, int(heading_ddeg[at]), same_way_ddeg)
        if near.any():
            nearest = np.flatnonzero(near)[np.argmin(metres[near])]
            edge[at], away[at] = index.edge[nearest], metres[nearest]
    return edge, away


def same_way(
    index: SegmentIndex, heading_ddeg: int, same_way_ddeg: int = SAME_WAY_DDEG
) -> npt.NDArray[np.bool_]:
    """Which segments run that way; all of them where the direction is unknown (-1)."""
    turned = np.abs(index.heading_ddeg.astype(np.int64) - heading_ddeg) % _FULL_TURN
    turned = np.minimum(turned, _FULL_TURN - turned)
    result: npt.NDArray[np.bool_] = (turned <= same_way_ddeg) | (heading_ddeg < 0)
    return result


def metres_to_segments(index: SegmentIndex, lon_e7: int, lat_e7: int) -> Floats:
    """Metres from a place to every segment."""
    per_lon, per_lat = (metres * _E7 for metres in metres_per_degree(lat_e7 * _E7))
    ax, ay = (index.lon_1_e7 - float(lon_e7)) * per_lon, (index.lat_1_e7 - float(lat_e7)) * per_lat
    dx = (index.lon_2_e7.astype(np.float64) - index.lon_1_e7) * per_lon
    dy = (index.lat_2_e7.astype(np.float64) - index.lat_1_e7) * per_lat
    share = np.clip(-(ax * dx + ay * dy) / np.maximum(dx * dx + dy * dy, 1e-12), 0, 1)
    result: Floats = np.hypot(ax + share * dx, ay + share * dy)
    return result
