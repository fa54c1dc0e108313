"""Customizable contraction hierarchies: the network made ready for routes, and made ready for a metric.

Junctions are contracted in one order for all metrics (`dissection`); whatever neighbours a junction has
left then are joined by arcs. A metric gives every arc the cost of the best way below it, keeps the arcs some
fastest route climbs, and forgets the others. A route climbs from its begin and from its end until both
meet (Dibbelt, Strasser, Wagner, "Customizable Contraction Hierarchies", JEA 2016). Tests compare every
answer with pyroutingkit, A* and a plain Dijkstra.

Places in the order are called ranks; an arc joins a lower rank to a higher one and may be driven up
(towards the higher) and down.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.roads.network import Network

Bools = npt.NDArray[np.bool_]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats32 = npt.NDArray[np.float32]

# No way, whatever the metric. Twice of it still is an int32: sums need no wider type.
NEVER: Final = 2**30 - 1
_NO_RANK: Final = -1


class Hierarchy(NamedTuple):
    """A contracted network; kernels take it as it is.

    Attributes:
        rank: of each junction, int32[n].
        parent: the lowest rank a rank is joined to above itself, -1 at the top.
        start, upper: arcs of rank x lead to the ranks upper[start[x]:start[x + 1]], ascending.
        lower: the rank each arc begins at.
        arc: of each edge of the network, -1 where it leads back to its own begin.
        tail, head: junctions of each edge, as in the network.
        length_m: of each edge, as in the network.
    """

    rank: Int32s
    parent: Int32s
    start: Int64s
    upper: Int32s
    lower: Int32s
    arc: Int32s
    tail: Int32s
    head: Int32s
    length_m: Floats32


class Climb(NamedTuple):
    """The arcs some fastest route drives in one direction, by their lower rank.

    Attributes:
        start: arcs of rank x are start[x]:start[x + 1] of the columns below.
        upper: the higher rank.
        cost: of the way the arc stands for.
        arc: number in the hierarchy.
    """

    start: Int64s
    upper: Int32s
    cost: Int32s
    arc: Int32s


class Metric(NamedTuple):
    """What every way costs; made from the costs of edges by `metric_of`.

    Attributes:
        cost: of each edge, int32[m].
        up, down: arcs to climb from a begin, and, driven downwards, from an end.
        below_up, below_down: of each arc of the hierarchy what it stands for when driven up, down: an edge e
            as -2 - e, the arc from the rank in between to this arc's lower end, or -1: it cannot be driven.
    """

    cost: Int32s
    up: Climb
    down: Climb
    below_up: Int32s
    below_down: Int32s


def hierarchy_of(network: Network, order: Int32s) -> Hierarchy:
    """Contracts a network.

    Args:
        network: of any shape, also of several parts.
        order: of all its junctions, int32[n] (`dissection.order_of`).

    Raises:
        ValueError: the order is not one of these junctions.
    """
    if order.shape != (network.nodes,) or not (np.sort(order) == np.arange(network.nodes)).all():
        raise ValueError(f"the order must name each of the {network.nodes} junctions once")
    rank = np.empty(network.nodes, dtype=np.int32)
    rank[order] = np.arange(network.nodes, dtype=np.int32)
    low = np.minimum(rank[network.tail], rank[network.head]).astype(np.int64)
    high = np.maximum(rank[network.tail], rank[network.head]).astype(np.int64)
    joined = np.unique(low[low != high] * network.nodes + high[low != high])
    lower, upper = np.divmod(joined, max(1, network.nodes))
    first = np.searchsorted(lower, np.arange(network.nodes + 1)).astype(np.int64)
    start, upper, parent = _contracted(first, upper)
    arc = _arcs_of(start, upper, low, high)
    below = np.repeat(np.arange(network.nodes, dtype=np.int32), np.diff(start))
    return Hierarchy(rank, parent, start, upper, below, arc, network.tail, network.head, network.length_m)


@njit(cache=True, nogil=True)
def _contracted(first: Int64s, joined: Int64s) -> tuple[Int64s, Int32s, Int32s]:
    """Arcs of every rank after all below it are contracted: its own, and its children's to above it.

    A rank's children are those whose lowest arc leads to it: what any other rank below it leads to, one of
    them leads to as well.
    """
    n = first.size - 1
    start = np.zeros(n + 1, dtype=np.int64)
    upper = np.empty(max(16, 4 * joined.size), dtype=np.int32)
    parent = np.full(n, np.int32(_NO_RANK), dtype=np.int32)
    child = np.full(n, -1, dtype=np.int64)
    sibling = np.full(n, -1, dtype=np.int64)
    seen = np.full(n, -1, dtype=np.int64)
    end = 0
    for x in range(n):
        if end + n > upper.size:
            wider = np.empty(2 * upper.size + n, dtype=np.int32)
            wider[:end] = upper[:end]
            upper = wider
        begin = end
        for y in joined[first[x] : first[x + 1]]:
            seen[y] = x
            upper[end] = y
            end += 1
        below = child[x]
        while below >= 0:
            for y in upper[start[below] + 1 : start[below + 1]]:  # its first arc leads to x
                if seen[y] != x:
                    seen[y] = x
                    upper[end] = y
                    end += 1
            below = sibling[below]
        upper[begin:end].sort()
        start[x + 1] = end
        if end > begin:
            above = upper[begin]
            parent[x] = above
            sibling[x], child[above] = child[above], x
    return start, upper[:end].copy(), parent


@njit(cache=True, nogil=True)
def _arcs_of(start: Int64s, upper: Int32s, low: Int64s, high: Int64s) -> Int32s:
    arc = np.full(low.size, np.int32(-1), dtype=np.int32)
    for e in range(low.size):
        if low[e] != high[e]:
            begin = start[low[e]]
            arc[e] = begin + np.searchsorted(upper[begin : start[low[e] + 1]], high[e])
    return arc


def metric_of(hierarchy: Hierarchy, cost: npt.NDArray[np.integer]) -> Metric:
    """Makes a hierarchy ready for a metric.

    Args:
        hierarchy: of the network.
        cost: of each of its edges, int[m], at least 1; `NEVER` or more is never driven.

    Raises:
        ValueError: not one cost for each edge, or one below 1.
    """
    if cost.shape != hierarchy.arc.shape:
        raise ValueError(f"{hierarchy.arc.size} edges need as many costs, not {cost.shape}")
    if cost.size and int(cost.min()) < 1:
        raise ValueError("an edge costs at least 1: routes would run in circles for nothing")
    costs = np.minimum(cost, NEVER).astype(np.int32)
    up, below_up, down, below_down = _of_edges(hierarchy, costs)
    _by_lower(hierarchy, up, below_up, down, below_down)
    climbs_up, climbs_down = _climbed(hierarchy, up, down)
    return Metric(
        costs,
        _kept(hierarchy, climbs_up, up),
        _kept(hierarchy, climbs_down, down),
        below_up,
        below_down,
    )


@njit(cache=True, nogil=True)
def _of_edges(hierarchy: Hierarchy, cost: Int32s) -> tuple[Int32s, Int32s, Int32s, Int32s]:
    """Cost of each arc up and down by its cheapest edge alone, and that edge."""
    arcs = hierarchy.upper.size
    up = np.full(arcs, np.int32(NEVER), dtype=np.int32)
    down = np.full(arcs, np.int32(NEVER), dtype=np.int32)
    below_up = np.full(arcs, np.int32(-1), dtype=np.int32)
    below_down = np.full(arcs, np.int32(-1), dtype=np.int32)
    for e in range(cost.size):
        a = hierarchy.arc[e]
        if a < 0:
            continue
        if hierarchy.rank[hierarchy.tail[e]] < hierarchy.rank[hierarchy.head[e]]:
            if cost[e] < up[a]:
                up[a], below_up[a] = cost[e], -2 - e
        elif cost[e] < down[a]:
            down[a], below_down[a] = cost[e], -2 - e
    return up, below_up, down, below_down


@njit(cache=True, nogil=True)
def _by_lower(hierarchy: Hierarchy, up: Int32s, below_up: Int32s, down: Int32s, below_down: Int32s) -> None:
    """The best way below each arc: by every rank z joined to both its ends x and y, from the lowest on."""
    start, upper = hierarchy.start, hierarchy.upper
    for z in range(start.size - 1):
        for zx in range(start[z], start[z + 1]):
            xy = start[upper[zx]]
            for zy in range(zx + 1, start[z + 1]):
                while upper[xy] != upper[zy]:  # joined when z was contracted
                    xy += 1
                there = down[zx] + up[zy]
                if there < up[xy]:
                    up[xy], below_up[xy] = there, zx
                back = down[zy] + up[zx]
                if back < down[xy]:
                    down[xy], below_down[xy] = back, zx


@njit(cache=True, nogil=True)
def _climbed(hierarchy: Hierarchy, up: Int32s, down: Int32s) -> tuple[Bools, Bools]:
    """The arcs without a way as good over higher ranks, from the highest rank on (perfect customization)."""
    start, upper = hierarchy.start, hierarchy.upper
    best_up, best_down = up.copy(), down.copy()
    keep_up, keep_down = up < NEVER, down < NEVER
    for x in range(start.size - 2, -1, -1):
        for xy in range(start[x], start[x + 1]):
            yz = start[upper[xy]]
            for xz in range(xy + 1, start[x + 1]):
                while upper[yz] != upper[xz]:
                    yz += 1
                over = best_up[xz] + best_down[yz]
                if over <= best_up[xy]:
                    best_up[xy], keep_up[xy] = over, False
                over = best_up[xy] + best_up[yz]
                if over <= best_up[xz]:
                    best_up[xz], keep_up[xz] = over, False
                over = best_up[yz] + best_down[xz]
                if over <= best_down[xy]:
                    best_down[xy], keep_down[xy] = over, False
                over = best_down[yz] + best_down[xy]
                if over <= best_down[xz]:
                    best_down[xz], keep_down[xz] = over, False
    return keep_up, keep_down


@njit(cache=True, inline="always")
def second_arc(hierarchy: Hierarchy, zx: int, xy: int) -> int:
    """The arc from the rank in between to the higher end of arc xy, where zx leads to its lower end."""
    zy = zx + 1
    while hierarchy.upper[zy] != hierarchy.upper[xy]:
        zy += 1
    return zy


@njit(cache=True, nogil=True)
def _kept(hierarchy: Hierarchy, keep: Bools, cost: Int32s) -> Climb:
    arc = np.flatnonzero(keep).astype(np.int32)
    start = np.searchsorted(arc, hierarchy.start)
    return Climb(start, hierarchy.upper[arc], cost[arc], arc)
