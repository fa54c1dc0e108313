"""The operator's table of speed limits: rows by way, line or area, dated, by the hour, and their roads.

A row names a way of the map by its OpenStreetMap id, and then means both of its directions; or it draws a
line along the road in the direction of travel, and means the edges that run along it that way. Where one
road lies on top of another a line cannot tell them apart: name the way. Or it draws an outline, or names a
zone that has one, and means the pieces of road inside (`limit_areas`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.roads.codirectional import nearest_codirectional
from taxi_qa.roads.index import NO_EDGE, SegmentIndex
from taxi_qa.roads.limit_areas import segments_within
from taxi_qa.roads.limit_row import LimitRow
from taxi_qa.roads.network import Network
from taxi_qa.values.place import E7, metres_per_degree_at

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# How a line of the operator's may lie beside the map's, and how it may be turned: two surveys of one road
# differ by its width; streets side by side are further apart than that.
LINE_REACH_M: Final = 20.0
LINE_TURN_DDEG: Final = 300
# An edge is meant where the line runs along at least half of it.
LINE_SHARE: Final = 0.5

_STEP_M: Final = 5.0


@dataclass(frozen=True)
class LimitTable:
    """The rows and the edges of one network that each of them means.

    Attributes:
        rows: as the operator gave them.
        edge_start, edge: edges of row r: edge[edge_start[r]:edge_start[r + 1]]; of areas all that reach in.
        segments: how many the index of the network has.
        within: of a row with an area, the segments that lie inside; others are not in it.
        in_order: rows from the weakest to the strongest: said earlier, then the lower limit.
    """

    rows: tuple[LimitRow, ...]
    edge_start: Int64s
    edge: Int32s
    in_order: tuple[int, ...] = field(default=())
    segments: int = 0
    within: Mapping[int, Int32s] = field(default_factory=dict)

    def edges_of(self, row: int) -> Int32s:
        """The edges that a row means."""
        return self.edge[self.edge_start[row] : self.edge_start[row + 1]]

    def without_edges(self) -> list[int]:
        """Rows that mean no edge of this network: an unknown way, a line or an outline beside every road."""
        return np.flatnonzero(np.diff(self.edge_start) == 0).tolist()


def limit_table(network: Network, index: SegmentIndex, rows: Sequence[LimitRow]) -> LimitTable:
    """The table of a network.

    Args:
        network: of the city.
        index: of the network; where rows have areas, cut at their borders (`limit_areas.limit_index`).
        rows: in any order.
    """
    within: dict[int, Int32s] = {}
    by_way = np.argsort(network.way_id[network.way], kind="stable").astype(np.int32)
    ways = network.way_id[network.way][by_way]
    edges: list[Int32s] = []
    for number, row in enumerate(rows):
        if row.area is not None:
            within[number] = segments_within(network, index, row.area)
            edges.append(np.unique(index.edge[within[number]]).astype(np.int32))
            continue
        if row.way_id is not None:
            first, past = np.searchsorted(ways, [row.way_id, row.way_id + 1])
            edges.append(np.sort(by_way[first:past]))
            continue
        found = edges_along(network, index, row.line)
        if row.both_ways:
            found = np.union1d(found, edges_along(network, index, row.line[::-1])).astype(np.int32)
        edges.append(found)
    start = np.cumsum([0, *(found.size for found in edges)]).astype(np.int64)
    order = sorted(
        range(len(rows)),
        key=lambda at: (-1 if (said := rows[at].from_day) is None else said, rows[at].kmh, at),
    )
    return LimitTable(
        tuple(rows),
        start,
        np.concatenate([np.zeros(0, np.int32), *edges]),
        tuple(order),
        index.edge.size,
        within,
    )


def edges_along(network: Network, index: SegmentIndex, line: Sequence[tuple[float, float]]) -> Int32s:
    """The edges a line runs along, sorted.

    Every few metres of the line stand for the nearest road that runs its way; an edge is meant where such
    steps make up `LINE_SHARE` of its length, or where it is shorter than the steps and joins two that are.
    """
    lon_e7, lat_e7, heading_ddeg = _steps(line)
    if not lon_e7.size:
        return np.zeros(0, dtype=np.int32)
    reach_m = min(LINE_REACH_M, index.reach_m)
    beside, _ = nearest_codirectional(
        index, lon_e7, lat_e7, heading_ddeg, reach_m=reach_m, same_way_ddeg=LINE_TURN_DDEG
    )
    steps = np.bincount(beside[beside != NO_EDGE], minlength=network.edges)
    meant = (steps > 0) & (steps * _STEP_M >= LINE_SHARE * network.length_m)
    begins, ends = np.zeros(network.nodes, dtype=bool), np.zeros(network.nodes, dtype=bool)
    begins[network.tail[meant]], ends[network.head[meant]] = True, True
    joins = (network.length_m < 2 * _STEP_M) & ends[network.tail] & begins[network.head]
    # The way back over a short piece joins its own ends.
    there = network.tail.astype(np.int64) * network.nodes + network.head
    back = network.head.astype(np.int64) * network.nodes + network.tail
    meant |= joins & ~np.isin(back, there[meant])
    return np.flatnonzero(meant).astype(np.int32)


def _steps(line: Sequence[tuple[float, float]]) -> tuple[Int32s, Int32s, npt.NDArray[np.int16]]:
    """Places every few metres along a line, and the direction of the line there."""
    places = np.array(line, dtype=np.float64).reshape(-1, 2)
    per_lon, per_lat = metres_per_degree_at((places[:-1, 1] + places[1:, 1]) / 2)
    leg = np.diff(places, axis=0)
    x, y = leg[:, 0] * per_lon, leg[:, 1] * per_lat
    length = np.hypot(x, y)
    heading = np.round(np.degrees(np.arctan2(x, y)) * 10.0).astype(np.int64) % 3600
    count = np.maximum(1, np.round(length / _STEP_M)).astype(np.int64)
    count[length == 0] = 0
    of_leg = np.repeat(np.arange(leg.shape[0]), count)
    number = np.arange(of_leg.size) - np.repeat(np.cumsum(count) - count, count)
    share = (number + 0.5) / count[of_leg]
    at = np.round((places[of_leg] + share[:, None] * leg[of_leg]) * E7).astype(np.int32)
    return (
        np.ascontiguousarray(at[:, 0]),
        np.ascontiguousarray(at[:, 1]),
        heading[of_leg].astype(np.int16),
    )
