"""Where a trip begins and ends on the network: the roads a place may lie on, each in both its directions.

A place lies on one of several roads when its error is as wide as they lie apart: both carriageways of a
divided road, an expressway and the ground road under it. Which it was is not known, so all of them are
kept; what they are used for decides whether the best or the worst of them counts.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.roads.index import NO_EDGE, SegmentIndex, nearest_edges
from taxi_qa.roads.network import APART, Network
from taxi_qa.values.place import metres_per_degree

Int16s = npt.NDArray[np.int16]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats32 = npt.NDArray[np.float32]

REACH_M: Final = 75.0
# A road this much farther away than the nearest is not where the car stood: twice the error of a receiver
# between houses.
SPREAD_M: Final = 30.0
# Enough for an interchange, where short pieces of many roads lie over each other.
ROADS: Final = 10
NO_HEADING: Final = -1
# A car that leaves a kerb or turns does not point exactly along its road.
_ACROSS_DDEG: Final = 600
# Near a bend a place may lie on the far side of it.
_BEND_M: Final = 25.0
# Edges looked at a place: parking lots beside the street crowd out the street else.
_LOOKED_AT: Final = 32
_SAME_M: Final = 0.5
_E7: Final = 1e-7


class Ends(NamedTuple):
    """Where each trip may begin, or end; columns 2r and 2r + 1 are the two directions of road r.

    Attributes:
        edge: int32[n, k], `NO_EDGE` where there is none.
        along_m: float32[n, k], metres from the edge's begin.
        away_m: float32[n, k], metres between place and road.
    """

    edge: Int32s
    along_m: Floats32
    away_m: Floats32


def ends_at(edge: npt.ArrayLike, along_m: npt.ArrayLike) -> Ends:
    """Ends that are known: one edge each, int[n], and metres along it, float[n]."""
    edges = np.atleast_1d(np.asarray(edge, dtype=np.int32))
    along = np.atleast_1d(np.asarray(along_m, dtype=np.float32))
    both = np.full((edges.size, 2), np.int32(NO_EDGE), dtype=np.int32)
    both[:, 0] = edges
    metres = np.zeros(both.shape, dtype=np.float32)
    metres[:, 0] = along
    return Ends(both, metres, np.zeros(both.shape, dtype=np.float32))


def ends_of(ends: Ends, trips: npt.NDArray[np.integer]) -> Ends:
    """The ends of some trips, by their numbers."""
    return Ends(ends.edge[trips], ends.along_m[trips], ends.away_m[trips])


def snap(
    network: Network,
    index: SegmentIndex,
    lon_e7: Int32s,
    lat_e7: Int32s,
    *,
    heading_ddeg: Int16s | None = None,
    reach_m: float = REACH_M,
) -> Ends:
    """The roads of the main part each place may lie on: the nearest, and others hardly farther away.

    Args:
        network, index: one of the other; the index must reach `reach_m`.
        lon_e7, lat_e7: the places.
        heading_ddeg: which way the car pointed there (0.1 degree, `NO_HEADING` not known); where a road
            runs that way, roads and directions that run otherwise are left out.
        reach_m: how far away a road may be.

    Returns:
        Up to `ROADS` roads of two directions a place, nearest first.
    """
    edge, along, away = nearest_edges(index, lon_e7, lat_e7, most=_LOOKED_AT, reach_m=reach_m)
    if heading_ddeg is None:
        heading_ddeg = np.full(lon_e7.size, NO_HEADING, dtype=np.int16)
    return Ends(*_roads_of(_streets(network), edge, along, away, heading_ddeg))


class _Streets(NamedTuple):
    """What a kernel needs of a network to find the other direction of an edge, and its heading."""

    out_start: Int64s
    out_edge: Int32s
    tail: Int32s
    head: Int32s
    length_m: Floats32
    way: Int32s
    flags: npt.NDArray[np.uint8]
    shape_start: Int64s
    shape_lon_e7: Int32s
    shape_lat_e7: Int32s


def _streets(network: Network) -> _Streets:
    order = np.argsort(network.tail, kind="stable").astype(np.int32)
    start = np.concatenate(([0], np.cumsum(np.bincount(network.tail, minlength=network.nodes))))
    return _Streets(
        start.astype(np.int64), order, network.tail, network.head, network.length_m, network.way,
        network.edge_flags, network.shape_start, network.shape_lon_e7, network.shape_lat_e7,
    )  # fmt: skip


def other_direction(network: Network) -> Int32s:
    """The edge that runs back along each edge, int32[m]; `NO_EDGE` on one-way roads."""
    return _backs(_streets(network))


@njit(cache=True, nogil=True)
def _backs(streets: _Streets) -> Int32s:
    back = np.empty(streets.tail.size, dtype=np.int32)
    for edge in range(back.size):
        back[edge] = _back_of(streets, edge)
    return back


@njit(cache=True, nogil=True)
def _back_of(streets: _Streets, edge: int) -> int:
    at = streets.head[edge]
    for i in range(streets.out_start[at], streets.out_start[at + 1]):
        other = streets.out_edge[i]
        if (
            other != edge
            and streets.head[other] == streets.tail[edge]
            and streets.way[other] == streets.way[edge]
            and abs(streets.length_m[other] - streets.length_m[edge]) < _SAME_M
        ):
            return int(other)
    return NO_EDGE


@njit(cache=True, nogil=True)
def _heads_so(streets: _Streets, edge: int, along_m: float, heading_ddeg: int) -> bool:
    """Whether an edge runs this way near so many metres from its begin; True where no way is given."""
    if heading_ddeg == NO_HEADING:
        return True
    first, last = streets.shape_start[edge], streets.shape_start[edge + 1] - 1
    per_lon, per_lat = metres_per_degree(streets.shape_lat_e7[first] * _E7)
    passed = 0.0
    for i in range(first, last):
        x = (streets.shape_lon_e7[i + 1] - streets.shape_lon_e7[i]) * _E7 * per_lon
        y = (streets.shape_lat_e7[i + 1] - streets.shape_lat_e7[i]) * _E7 * per_lat
        begins, passed = passed, passed + np.sqrt(x * x + y * y)
        if begins <= along_m + _BEND_M and passed >= along_m - _BEND_M:
            apart = abs(np.degrees(np.arctan2(x, y)) * 10.0 - heading_ddeg) % 3600.0
            if min(apart, 3600.0 - apart) <= _ACROSS_DDEG:
                return True
    return False


@njit(cache=True, nogil=True)
def _roads_of(
    streets: _Streets, edge: Int32s, along_m: Floats32, away_m: Floats32, heading_ddeg: Int16s
) -> tuple[Int32s, Floats32, Floats32]:
    n = edge.shape[0]
    found = np.full((n, 2 * ROADS), np.int32(NO_EDGE), dtype=np.int32)
    along = np.zeros((n, 2 * ROADS), dtype=np.float32)
    away = np.full((n, 2 * ROADS), np.float32(np.inf), dtype=np.float32)
    for at in range(n):
        heading = _heading_driven(streets, edge[at], along_m[at], int(heading_ddeg[at]))
        column = 0
        for i in range(edge.shape[1]):
            e = edge[at, i]
            if e == NO_EDGE or column == 2 * ROADS or away_m[at, i] > away[at, 0] + SPREAD_M:
                break
            if not _may_stand(streets, e, along_m[at, i], heading) or (found[at] == e).any():
                continue
            found[at, column] = e
            along[at, column] = along_m[at, i]
            away[at, column] = away_m[at, i]
            back = _back_of(streets, e)
            passed = max(np.float32(0.0), streets.length_m[e] - along_m[at, i])
            if back != NO_EDGE and _may_stand(streets, back, passed, heading):
                found[at, column + 1] = back
                along[at, column + 1] = passed
                away[at, column + 1] = away_m[at, i]
            column += 2
    return found, along, away


@njit(cache=True, nogil=True)
def _heading_driven(streets: _Streets, edges: Int32s, along_m: Floats32, heading_ddeg: int) -> int:
    """The heading, or none where no road near the place runs that way."""
    for i in range(edges.size):
        if edges[i] != NO_EDGE and _may_stand(streets, edges[i], along_m[i], heading_ddeg):
            return heading_ddeg
    return NO_HEADING


@njit(cache=True, nogil=True)
def _may_stand(streets: _Streets, edge: int, along_m: float, heading_ddeg: int) -> bool:
    return streets.flags[edge] & APART == 0 and _heads_so(streets, edge, along_m, heading_ddeg)
