"""Which roads lie near a place: a grid over the straight segments of all edges.

A segment stands in every cell that any of its points may be near to within the index's reach, so a look
into the one cell of a place finds them all.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.roads.network import Network
from taxi_qa.values.place import metres_per_degree

Int16s = npt.NDArray[np.int16]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]

REACH_M: Final = 75.0
CELL_M: Final = 100.0
NO_EDGE: Final = -1
# A wider map gets wider cells instead of more memory.
_MOST_CELLS: Final = 4_000_000
_E7: Final = 1e-7


class SegmentIndex(NamedTuple):
    """Straight segments of edges, and the grid that finds them; kernels take it as it is.

    Attributes:
        west_e7, south_e7: corner of the grid.
        cell_lon_e7, cell_lat_e7: size of a cell.
        columns, rows: of the grid.
        reach_m: how far from a place a segment may lie and is still found.
        cell_start, in_cell: segments of cell c: in_cell[cell_start[c]:cell_start[c + 1]].
        edge: of each segment.
        lon_1_e7, lat_1_e7, lon_2_e7, lat_2_e7: its ends in the direction of travel.
        heading_ddeg: its direction, 0.1 degree clockwise from north.
        along_m: metres from the edge's begin to its own.
        length_m: its length.
    """

    west_e7: int
    south_e7: int
    cell_lon_e7: int
    cell_lat_e7: int
    columns: int
    rows: int
    reach_m: float
    cell_start: Int64s
    in_cell: Int32s
    edge: Int32s
    lon_1_e7: Int32s
    lat_1_e7: Int32s
    lon_2_e7: Int32s
    lat_2_e7: Int32s
    heading_ddeg: Int16s
    along_m: Floats32
    length_m: Floats32


def segment_index(
    network: Network,
    *,
    cell_m: float = CELL_M,
    reach_m: float = REACH_M,
    cuts: tuple[Int64s, Floats] | None = None,
) -> SegmentIndex:
    """The index of a network.

    Args:
        network: of at least one edge.
        cell_m: size of a cell; larger where the map is wide.
        reach_m: how far from a place roads are found.
        cuts: segments (by their numbers in the index without cuts, ascending) and at which share of each
            they are cut in two (between 0 and 1, ascending). Pieces keep the direction of the whole.

    Raises:
        ValueError: the network has no edge.
    """
    if network.edges == 0:
        raise ValueError("a network without a road has no index")
    inner = np.ones(network.shape_lon_e7.size, dtype=bool)
    inner[network.shape_start[1:] - 1] = False
    begin = np.flatnonzero(inner)
    lon_1, lat_1 = network.shape_lon_e7[begin], network.shape_lat_e7[begin]
    lon_2, lat_2 = network.shape_lon_e7[begin + 1], network.shape_lat_e7[begin + 1]
    edge = np.searchsorted(network.shape_start, begin, side="right").astype(np.int32) - 1
    heading, length = _directions(lon_1, lat_1, lon_2, lat_2)
    total = np.cumsum(length) - length
    along = total - total[np.searchsorted(edge, edge)]
    if cuts is not None:
        of, begin_at, end_at = _pieces(edge.size, *cuts)
        edge, heading, along = edge[of], heading[of], along[of] + begin_at * length[of]
        length = (end_at - begin_at) * length[of]
        lon_1, lon_2 = (_between(lon_1[of], lon_2[of], share) for share in (begin_at, end_at))
        lat_1, lat_2 = (_between(lat_1[of], lat_2[of], share) for share in (begin_at, end_at))
    west, east = int(network.shape_lon_e7.min()), int(network.shape_lon_e7.max())
    south, north = int(network.shape_lat_e7.min()), int(network.shape_lat_e7.max())
    middle = (south + north) / 2 * _E7
    per_lon, per_lat = metres_per_degree(middle)
    # Degrees shrink towards the poles: the reach is taken where they are shortest.
    shortest = min(metres_per_degree(south * _E7)[0], metres_per_degree(north * _E7)[0])
    wide, high = (east - west) * _E7 * per_lon, (north - south) * _E7 * per_lat
    cell_m = max(cell_m, float(np.sqrt((wide + 2 * reach_m) * (high + 2 * reach_m) / _MOST_CELLS)))
    cell_lon, cell_lat = int(cell_m / per_lon / _E7), int(cell_m / per_lat / _E7)
    reach_lon, reach_lat = int(reach_m / shortest / _E7) + 1, int(reach_m / per_lat / _E7) + 1
    west, south = west - reach_lon, south - reach_lat
    columns, rows = (east + reach_lon - west) // cell_lon + 1, (north + reach_lat - south) // cell_lat + 1
    grid = (west, south, cell_lon, cell_lat, columns, rows)
    boxes = (
        np.minimum(lon_1, lon_2) - reach_lon, np.minimum(lat_1, lat_2) - reach_lat,
        np.maximum(lon_1, lon_2) + reach_lon, np.maximum(lat_1, lat_2) + reach_lat,
    )  # fmt: skip
    cell_start, in_cell = _in_cells(grid, boxes)
    return SegmentIndex(
        *grid, reach_m, cell_start, in_cell, edge, lon_1, lat_1, lon_2, lat_2, heading,
        along.astype(np.float32), length.astype(np.float32),
    )  # fmt: skip


def _pieces(segments: int, segment: Int64s, share: Floats) -> tuple[Int64s, Floats, Floats]:
    """The segment of each piece, and from which share of it to which the piece reaches."""
    count = 1 + np.bincount(segment, minlength=segments)
    of = np.repeat(np.arange(segments), count)
    first = np.zeros(of.size, dtype=bool)
    first[np.cumsum(count) - count] = True
    low = np.zeros(of.size)
    low[~first] = share
    high = np.append(low[1:], 0.0)
    high[np.append(first[1:], True)] = 1.0
    return of, low, high


def _between(begin_e7: Int32s, end_e7: Int32s, share: Floats) -> Int32s:
    return np.round(begin_e7 + share * (end_e7.astype(np.float64) - begin_e7)).astype(np.int32)


@njit(cache=True)
def _directions(lon_1: Int32s, lat_1: Int32s, lon_2: Int32s, lat_2: Int32s) -> tuple[Int16s, Floats]:
    heading = np.zeros(lon_1.size, dtype=np.int16)
    length = np.zeros(lon_1.size, dtype=np.float64)
    for at in range(lon_1.size):
        per_lon, per_lat = metres_per_degree(0.5 * (lat_1[at] + lat_2[at]) * _E7)
        x = (lon_2[at] - lon_1[at]) * _E7 * per_lon
        y = (lat_2[at] - lat_1[at]) * _E7 * per_lat
        length[at] = np.sqrt(x * x + y * y)
        heading[at] = np.int16(round(np.degrees(np.arctan2(x, y)) * 10.0) % 3600)
    return heading, length


@njit(cache=True)
def _in_cells(
    grid: tuple[int, int, int, int, int, int], boxes: tuple[Int32s, Int32s, Int32s, Int32s]
) -> tuple[Int64s, Int32s]:
    """Segments by cell, counted first and then put down."""
    west, south, cell_lon, cell_lat, columns, rows = grid
    low_lon, low_lat, high_lon, high_lat = boxes
    start = np.zeros(columns * rows + 1, dtype=np.int64)
    for s in range(low_lon.size):
        for row in range((low_lat[s] - south) // cell_lat, (high_lat[s] - south) // cell_lat + 1):
            for column in range((low_lon[s] - west) // cell_lon, (high_lon[s] - west) // cell_lon + 1):
                start[row * columns + column + 1] += 1
    start = np.cumsum(start)
    put = start[:-1].copy()
    inside = np.empty(start[-1], dtype=np.int32)
    for s in range(low_lon.size):
        for row in range((low_lat[s] - south) // cell_lat, (high_lat[s] - south) // cell_lat + 1):
            for column in range((low_lon[s] - west) // cell_lon, (high_lon[s] - west) // cell_lon + 1):
                cell = row * columns + column
                inside[put[cell]] = s
                put[cell] += 1
    return start, inside


@njit(cache=True, inline="always")
def cell_of(index: SegmentIndex, lon_e7: int, lat_e7: int) -> int:
    """The cell of a place, -1 outside the grid."""
    column = (lon_e7 - index.west_e7) // index.cell_lon_e7
    row = (lat_e7 - index.south_e7) // index.cell_lat_e7
    if column < 0 or row < 0 or column >= index.columns or row >= index.rows:
        return -1
    return int(row * index.columns + column)


@njit(cache=True, inline="always")
def is_outside(
    index: SegmentIndex, segment: int, lon_e7: int, lat_e7: int, reach_lon_e7: int, reach_lat_e7: int
) -> bool:
    """Whether a segment lies wholly beside the box around a place: a cheap no before `off_segment`."""
    lon_1, lon_2 = index.lon_1_e7[segment] - lon_e7, index.lon_2_e7[segment] - lon_e7
    lat_1, lat_2 = index.lat_1_e7[segment] - lat_e7, index.lat_2_e7[segment] - lat_e7
    return bool(
        min(lon_1, lon_2) > reach_lon_e7
        or max(lon_1, lon_2) < -reach_lon_e7
        or min(lat_1, lat_2) > reach_lat_e7
        or max(lat_1, lat_2) < -reach_lat_e7
    )


@njit(cache=True, inline="always")
def off_segment(
    index: SegmentIndex, segment: int, lon_e7: int, lat_e7: int, per_lon: float, per_lat: float
) -> tuple[float, float]:
    """How far a place is from a segment (metres squared), and at which share of it the nearest point lies.

    Args:
        index: of the network.
        segment: of the index.
        lon_e7, lat_e7: the place.
        per_lon, per_lat: metres of 1e-7 degree there.
    """
    ax = (index.lon_1_e7[segment] - lon_e7) * per_lon
    ay = (index.lat_1_e7[segment] - lat_e7) * per_lat
    dx = (index.lon_2_e7[segment] - index.lon_1_e7[segment]) * per_lon
    dy = (index.lat_2_e7[segment] - index.lat_1_e7[segment]) * per_lat
    square = dx * dx + dy * dy
    share = 0.0
    if square > 0.0:
        share = -(ax * dx + ay * dy) / square
        share = min(1.0, max(0.0, share))
    x = ax + share * dx
    y = ay + share * dy
    return x * x + y * y, share


def nearest_edges(
    index: SegmentIndex, lon_e7: Int32s, lat_e7: Int32s, *, most: int, reach_m: float
) -> tuple[Int32s, Floats32, Floats32]:
    """The nearest edges of each place, nearest first; a road open both ways counts as two.

    Args:
        index: of the network.
        lon_e7, lat_e7: the places.
        most: how many edges a place at most.
        reach_m: how far away at most, not more than the index's own reach.

    Returns:
        Edge (`NO_EDGE` where there are no more), metres along it, metres away; arrays of places by `most`.

    Raises:
        ValueError: the reach is wider than the index's.
    """
    if reach_m > index.reach_m:
        raise ValueError(f"the index reaches {index.reach_m:g} m, asked for {reach_m:g} m")
    return _nearest(index, lon_e7, lat_e7, most, reach_m)


@njit(cache=True, nogil=True)
def _nearest(
    index: SegmentIndex, lon_e7: Int32s, lat_e7: Int32s, most: int, reach_m: float
) -> tuple[Int32s, Floats32, Floats32]:
    n = lon_e7.size
    found = np.full((n, most), np.int32(NO_EDGE), dtype=np.int32)
    along = np.zeros((n, most), dtype=np.float32)
    away = np.full((n, most), np.float32(np.inf), dtype=np.float32)
    for at in range(n):
        cell = cell_of(index, lon_e7[at], lat_e7[at])
        if cell < 0:
            continue
        per_lon, per_lat = metres_per_degree(lat_e7[at] * _E7)
        per_lon *= _E7
        per_lat *= _E7
        for i in range(index.cell_start[cell], index.cell_start[cell + 1]):
            s = index.in_cell[i]
            square, share = off_segment(index, s, lon_e7[at], lat_e7[at], per_lon, per_lat)
            if square > reach_m * reach_m:
                continue
            metres = np.sqrt(square)
            # Its place among the found; an edge stands there once, by its nearest segment.
            slot = most - 1
            for j in range(most):
                if found[at, j] == index.edge[s]:
                    slot = j
                    break
                if found[at, j] == NO_EDGE:
                    slot = j
                    break
            if metres >= away[at, slot]:
                continue
            while slot > 0 and away[at, slot - 1] > metres:
                found[at, slot] = found[at, slot - 1]
                along[at, slot] = along[at, slot - 1]
                away[at, slot] = away[at, slot - 1]
                slot -= 1
            found[at, slot] = index.edge[s]
            along[at, slot] = index.along_m[s] + share * index.length_m[s]
            away[at, slot] = metres
    return found, along, away


def nearest_edges_in_numpy(
    index: SegmentIndex, lon_e7: Int32s, lat_e7: Int32s, *, most: int, reach_m: float
) -> tuple[Int32s, Floats32, Floats32]:
    """The same over all segments at once, a place at a time."""
    n = lon_e7.size
    found = np.full((n, most), NO_EDGE, dtype=np.int32)
    along = np.zeros((n, most), dtype=np.float32)
    away = np.full((n, most), np.inf, dtype=np.float32)
    lon_1, lat_1, lon_2, lat_2 = (
        axis.astype(np.float64) for axis in (index.lon_1_e7, index.lat_1_e7, index.lon_2_e7, index.lat_2_e7)
    )
    for at in range(n):
        per_lon, per_lat = (metres * _E7 for metres in metres_per_degree(lat_e7[at] * _E7))
        ax, ay = (lon_1 - lon_e7[at]) * per_lon, (lat_1 - lat_e7[at]) * per_lat
        dx, dy = (lon_2 - lon_1) * per_lon, (lat_2 - lat_1) * per_lat
        square = np.maximum(dx * dx + dy * dy, 1e-12)
        share = np.clip(-(ax * dx + ay * dy) / square, 0, 1)
        metres = np.hypot(ax + share * dx, ay + share * dy)
        order = np.lexsort((np.arange(metres.size), metres))
        order = order[metres[order] <= reach_m]
        _, first = np.unique(index.edge[order], return_index=True)
        chosen = order[np.sort(first)][:most]
        found[at, : chosen.size] = index.edge[chosen]
        along[at, : chosen.size] = index.along_m[chosen] + share[chosen] * index.length_m[chosen]
        away[at, : chosen.size] = metres[chosen]
    return found, along, away
