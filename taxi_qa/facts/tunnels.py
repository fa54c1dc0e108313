"""Gaps of a track that a tunnel explains: the last position before its mouth, the next one beyond it.

Between the two nobody saw the car. The shortest it can have driven is the way through the tunnel; the
longest it can have driven lawfully is what the limit allows in that time.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.facts.track import Track
from taxi_qa.law.parameter import Law
from taxi_qa.roads.city import Roads
from taxi_qa.roads.index import SegmentIndex
from taxi_qa.roads.limits import Limits
from taxi_qa.roads.metrics import FREE
from taxi_qa.roads.network import TUNNEL, Network
from taxi_qa.roads.snapping import snap
from taxi_qa.values.place import E7, metres_per_degree

Bools = npt.NDArray[np.bool_]
Int16s = npt.NDArray[np.int16]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]

_MPS_TO_KMH: Final = 3.6
# A raster of smaller cells would be large.
_LEAST_CELL_M: Final = 200.0


@dataclass(frozen=True)
class Gaps:
    """What roads say of gaps; one row a gap, NaN where no tunnel explains it.

    Attributes:
        way_m: the way through the tunnel, from the position before to the one after.
        most_m: the longest lawful way in that time, at least `way_m`.
        free_s: seconds of the way where nothing slows traffic down.
        tunnel_m: metres of the way in tunnels.
    """

    way_m: Floats
    most_m: Floats
    free_s: Floats
    tunnel_m: Floats


@dataclass(frozen=True)
class Bounds:
    """How long and how far from a tunnel a gap of it may be (`house.track`).

    Attributes:
        clear_gap_s: so long any clear track may be silent.
        mouth_m: so far outside the tunnel, on either side, its positions may lie.
        slow_mps: slower nobody drives through a tunnel.
    """

    clear_gap_s: float
    mouth_m: float
    slow_mps: float


def bounds_of(law: Law, instant_ms: int) -> Bounds:
    """The house's bounds at one instant."""
    clear_s, mouth_m, kmh = (
        law.number(f"house.track.{name}", instant_ms)
        for name in ("clear_gap_s", "tunnel_mouth_m", "tunnel_kmh")
    )
    return Bounds(clear_s, mouth_m, kmh / _MPS_TO_KMH)


def highest_by_edge(limits: Limits, index: SegmentIndex) -> Int16s:
    """The highest limit of each road at any hour and place of it, km/h; negative where one is not known.

    Args:
        limits: of a day.
        index: that they were made for.
    """
    kmh = limits.kmh.copy()
    of_hour = np.repeat(np.arange(kmh.size), np.diff(limits.hour_start))
    np.maximum.at(kmh, of_hour, limits.hour_kmh)
    of_area = np.repeat(np.arange(limits.area_start.size - 1), np.diff(limits.area_start))
    np.maximum.at(kmh, index.edge[of_area], limits.area_kmh)
    kmh[limits.kmh < 0] = limits.kmh[limits.kmh < 0]
    return kmh


def near_tunnels(network: Network, track: Track, rows: Int64s, mouth_m: float) -> Bools:
    """Whether a tunnel may lie within `mouth_m` of places: False only where none does.

    Args:
        network: of the city.
        track: the clean line.
        rows: of the places.
        mouth_m: straight metres.
    """
    first, past = network.shape_start[:-1], network.shape_start[1:]
    of_point = np.repeat((network.edge_flags & TUNNEL) != 0, past - first)
    near = np.zeros(rows.size, dtype=bool)
    if not of_point.any():
        return near
    # Cells of a mouth's width; a piece of tunnel lies in all cells of the box around both its points.
    lat = track.lat_e7[rows].astype(np.int64)
    lon = track.lon_e7[rows].astype(np.int64)
    at_lat = network.shape_lat_e7[of_point].astype(np.int64)
    per_lon, per_lat = metres_per_degree(float(np.abs(at_lat).max()) / E7)
    mouth_m = max(mouth_m, _LEAST_CELL_M)
    wide, high = int(mouth_m / per_lon * E7) + 1, int(mouth_m / per_lat * E7) + 1
    inner = np.flatnonzero(of_point)
    inner = inner[~np.isin(inner, past - 1)]
    boxes = [
        (
            np.minimum(axis[inner], axis[inner + 1]) // size - 1,
            np.maximum(axis[inner], axis[inner + 1]) // size + 1,
        )
        for axis, size in (
            (network.shape_lon_e7.astype(np.int64), wide),
            (network.shape_lat_e7.astype(np.int64), high),
        )
    ]
    column, row = lon // wide, lat // high
    return _in_boxes(column, row, *boxes[0], *boxes[1])


@njit(cache=True, nogil=True)
def _in_boxes(column: Int64s, row: Int64s, west: Int64s, east: Int64s, south: Int64s, north: Int64s) -> Bools:
    """Whether each cell lies in any of the boxes: a raster of them all is looked into."""
    least_column, least_row = west.min(), south.min()
    columns, rows = east.max() - least_column + 1, north.max() - least_row + 1
    raster = np.zeros((rows, columns), dtype=np.bool_)
    for box in range(west.size):
        raster[
            south[box] - least_row : north[box] - least_row + 1,
            west[box] - least_column : east[box] - least_column + 1,
        ] = True
    found = np.zeros(column.size, dtype=np.bool_)
    for at in range(column.size):
        x, y = column[at] - least_column, row[at] - least_row
        found[at] = 0 <= x < columns and 0 <= y < rows and raster[y, x]
    return found


def gaps_in_tunnels(
    roads: Roads, limit_kmh: Int16s, track: Track, heading_ddeg: Int16s, before: Int64s, bounds: Bounds
) -> Gaps:
    """What the roads say of gaps.

    Args:
        roads: of the city.
        limit_kmh: the highest limit of each edge; with one that is not known nothing is explained.
        track: the clean line.
        heading_ddeg: of each of its fixes.
        before: row of the line before each gap; the row after it ends it.
        bounds: of the house.
    """
    network, after = roads.network, before + 1
    sides = [
        snap(
            network, roads.index, track.lon_e7[rows], track.lat_e7[rows], heading_ddeg=heading_ddeg[rows],
        )
        for rows in (before, after)
    ]  # fmt: skip
    found = roads.router.best_between(FREE, *sides)
    is_tunnel = (network.edge_flags & TUNNEL) != 0
    lead_m, open_m, out_m, tunnel_m, kmh = _through(
        found.start,
        found.edge,
        found.begin_along_m,
        found.end_along_m,
        network.length_m,
        is_tunnel,
        limit_kmh,
    )
    held_s = (track.time_ms[after] - track.time_ms[before]) / 1000.0
    so = (tunnel_m > 0) & (kmh >= 0)
    so &= (np.maximum(lead_m, out_m) <= bounds.mouth_m) & (open_m <= bounds.mouth_m)
    so &= held_s <= bounds.clear_gap_s + tunnel_m / bounds.slow_mps
    lawful_m = held_s * np.maximum(kmh, 0) / _MPS_TO_KMH

    def where(values: Floats) -> Floats:
        return np.where(so, values, np.nan)

    return Gaps(
        where(found.length_m),
        where(np.fmax(found.length_m, lawful_m)),
        where(found.seconds),
        where(tunnel_m),
    )


@njit(cache=True, nogil=True)
def _through(
    start: Int64s, edge: Int32s, begin_m: Floats32, end_m: Floats32, length_m: Floats32, is_tunnel: Bools,
    limit_kmh: Int16s,
) -> tuple[Floats, Floats, Floats, Floats, Floats]:  # fmt: skip
    """Of each route: metres before its first tunnel, outside between tunnels, after the last, and in tunnels.

    Beside them the highest limit of its edges, negative where one is not known.
    """
    n = start.size - 1
    lead, between, out, inside = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    kmh = np.full(n, -1.0)
    for q in range(n):
        known = True
        for i in range(start[q], start[q + 1]):
            metres = float(length_m[edge[i]])
            if i == start[q + 1] - 1:
                metres = float(end_m[q])
            if i == start[q]:
                metres -= begin_m[q]
            if is_tunnel[edge[i]]:
                inside[q] += metres
                between[q] += out[q]
                out[q] = 0.0
            elif inside[q] > 0:
                out[q] += metres
            else:
                lead[q] += metres
            known &= limit_kmh[edge[i]] >= 0
            kmh[q] = max(kmh[q], float(limit_kmh[edge[i]]))
        if not known:
            kmh[q] = -1.0
    return lead, between, out, inside, kmh
