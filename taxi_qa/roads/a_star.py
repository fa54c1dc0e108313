"""Routes without anything made ready: A* straight on the network, to the same answers, more slowly.

For the few routes of a network nobody contracted, and as the witness of `climbing`: the two share no line
of code. No way is cheaper than the straight line at the best rate of any road, which leads the search.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.roads.network import Network
from taxi_qa.values.place import metres_per_degree

Int8s = npt.NDArray[np.int8]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]

_E7 = 1e-7
_NONE = 2**30 - 1


class Graph(NamedTuple):
    """A network as A* walks it.

    Attributes:
        out_start, out_edge: edges that begin at junction v: out_edge[out_start[v]:out_start[v + 1]].
        tail, head, length_m: of each edge.
        x_m, y_m: of each junction, on a flat map.
        cost: of each edge, by the metric.
        rate: cost of a metre as the crow flies, at least.
    """

    out_start: Int64s
    out_edge: Int32s
    tail: Int32s
    head: Int32s
    length_m: Floats32
    x_m: Floats
    y_m: Floats
    cost: Int32s
    rate: float


class _Front(NamedTuple):
    """Labels of a search and its heap.

    Attributes:
        cost, came: of each junction; the edge the label came over, or -2 - column of the begin.
        key, node: heap, smallest key first.
        touched: junctions with a label.
    """

    cost: Int32s
    came: Int32s
    key: Floats
    node: Int32s
    touched: Int32s


def graph_of(network: Network, cost: Int32s) -> Graph:
    """A network with the costs of a metric (`metrics.costs_of`)."""
    order = np.argsort(network.tail, kind="stable").astype(np.int32)
    start = np.concatenate(([0], np.cumsum(np.bincount(network.tail, minlength=network.nodes))))
    middle = float(network.node_lat_e7.mean()) * _E7 if network.nodes else 0.0
    per_lon, per_lat = metres_per_degree(middle)
    x_m = network.node_lon_e7.astype(np.float64) * (per_lon * _E7)
    y_m = network.node_lat_e7.astype(np.float64) * (per_lat * _E7)
    straight = np.hypot(x_m[network.head] - x_m[network.tail], y_m[network.head] - y_m[network.tail])
    far = straight > 0
    rate = float((cost[far] / straight[far]).min()) if far.any() else 0.0
    # A hair below, for the rounding of sums.
    rate *= 1 - 1e-9
    return Graph(
        start.astype(np.int64), order, network.tail, network.head, network.length_m, x_m, y_m, cost, rate
    )


@njit(cache=True, inline="always")
def _part(cost: int, metres: float, length_m: float) -> int:
    if length_m <= 0.0:
        return 0
    return int(np.int64(cost * min(1.0, max(0.0, metres / length_m)) + 0.5))


@njit(cache=True, nogil=True)
def _push(front: _Front, count: int, key: float, node: int) -> int:
    at = count
    while at > 0 and front.key[(at - 1) // 2] > key:
        front.key[at], front.node[at] = front.key[(at - 1) // 2], front.node[(at - 1) // 2]
        at = (at - 1) // 2
    front.key[at], front.node[at] = key, node
    return count + 1


@njit(cache=True, nogil=True)
def _pop(front: _Front, count: int) -> int:
    """Removes the first of the heap."""
    count -= 1
    key, node = front.key[count], front.node[count]
    at = 0
    while 2 * at + 1 < count:
        below = 2 * at + 1
        if below + 1 < count and front.key[below + 1] < front.key[below]:
            below += 1
        if front.key[below] >= key:
            break
        front.key[at], front.node[at] = front.key[below], front.node[below]
        at = below
    front.key[at], front.node[at] = key, node
    return count


@njit(cache=True, nogil=True)
def _circle(graph: Graph, ends: Int32s) -> tuple[float, float, float]:
    """A circle around where the ends begin: centre and radius."""
    x, y, count = 0.0, 0.0, 0
    for e in ends:
        if e >= 0:
            x += graph.x_m[graph.tail[e]]
            y += graph.y_m[graph.tail[e]]
            count += 1
    x, y, radius = x / max(1, count), y / max(1, count), 0.0
    for e in ends:
        if e >= 0:
            radius = max(radius, np.hypot(graph.x_m[graph.tail[e]] - x, graph.y_m[graph.tail[e]] - y))
    return x, y, radius


@njit(cache=True, nogil=True)
def _label(
    front: _Front, at: tuple[int, int], node: int, cost: int, came: int, key: float
) -> tuple[int, int]:
    """Gives a junction a better label: heap and list of touched ones, with their sizes before and after."""
    count, touched = at
    if front.cost[node] == _NONE:
        front.touched[touched] = node
        touched += 1
    front.cost[node], front.came[node] = cost, came
    return _push(front, count, key, node), touched


@njit(cache=True, nogil=True)
def _begin(graph: Graph, begins: tuple[Int32s, Floats32], front: _Front) -> tuple[int, int]:
    at = (0, 0)
    for column in range(begins[0].size):
        e = begins[0][column]
        if e >= 0:
            rest = _part(graph.cost[e], graph.length_m[e] - begins[1][column], graph.length_m[e])
            if rest < front.cost[graph.head[e]]:
                at = _label(front, at, graph.head[e], rest, -2 - column, float(rest))
    return at


@njit(cache=True, nogil=True)
def _search(
    graph: Graph, begins: tuple[Int32s, Floats32], ends: tuple[Int32s, Floats32], front: _Front, enough: int
) -> tuple[int, int, int]:
    """Cost of the best way below `enough`, the column of its end (-1: none), junctions touched."""
    x, y, radius = _circle(graph, ends[0])
    at = _begin(graph, begins, front)
    best, last = enough, -1
    while at[0] > 0:
        key, node = front.key[0], front.node[0]
        at = (_pop(front, at[0]), at[1])
        if key >= best:
            break
        for column in range(ends[0].size):
            e = ends[0][column]
            if e >= 0 and graph.tail[e] == node:
                there = front.cost[node] + _part(graph.cost[e], ends[1][column], graph.length_m[e])
                if there < best:
                    best, last = there, column
        for i in range(graph.out_start[node], graph.out_start[node + 1]):
            e = graph.out_edge[i]
            other = graph.head[e]
            there = front.cost[node] + graph.cost[e]
            if there < front.cost[other]:
                left = np.hypot(graph.x_m[other] - x, graph.y_m[other] - y) - radius
                at = _label(front, at, other, there, e, there + graph.rate * max(0.0, left))
    return best, last, at[1]


@njit(cache=True, nogil=True)
def _ahead(
    graph: Graph, begins: tuple[Int32s, Floats32], ends: tuple[Int32s, Floats32]
) -> tuple[int, int, int]:
    best, first, last = _NONE, -1, -1
    for i in range(begins[0].size):
        for j in range(ends[0].size):
            e = begins[0][i]
            if e >= 0 and e == ends[0][j] and ends[1][j] >= begins[1][i]:
                cost = _part(graph.cost[e], ends[1][j] - begins[1][i], graph.length_m[e])
                if cost < best:
                    best, first, last = cost, i, j
    return best, first, last


@njit(cache=True, nogil=True)
def a_star_ways(
    graph: Graph, begins: tuple[Int32s, Floats32], ends: tuple[Int32s, Floats32]
) -> tuple[Int32s, Int8s, Int8s, Int64s, Int32s]:
    """The best route of each trip between any of its ends: arguments and answer as `climbing.best_ways`."""
    n, nodes = begins[0].shape[0], graph.x_m.size
    columns = (np.full(n, np.int8(-1), dtype=np.int8), np.full(n, np.int8(-1), dtype=np.int8))
    cost = np.full(n, np.int32(_NONE), dtype=np.int32)
    start = np.zeros(n + 1, dtype=np.int64)
    edge = np.empty(max(1024, 64 * n), dtype=np.int32)
    heap = graph.head.size + begins[0].shape[1] + 1
    front = _Front(
        np.full(nodes, np.int32(_NONE), dtype=np.int32), np.empty(nodes, dtype=np.int32),
        np.empty(heap, dtype=np.float64), np.empty(heap, dtype=np.int32), np.empty(nodes, dtype=np.int32),
    )  # fmt: skip
    way = np.empty(nodes + 2, dtype=np.int32)
    for q in range(n):
        begin, end = (begins[0][q], begins[1][q]), (ends[0][q], ends[1][q])
        best, first, last = _ahead(graph, begin, end)
        size = 1 if first >= 0 else 0
        if first >= 0:
            way[0] = begin[0][first]
        better, column, touched = _search(graph, begin, end, front, best)
        if column >= 0:
            best, last, size = better, column, 1
            way[0] = end[0][last]
            node = graph.tail[way[0]]
            while front.came[node] >= 0:
                way[size] = front.came[node]
                node = graph.tail[way[size]]
                size += 1
            first = -2 - front.came[node]
            way[size] = begin[0][first]
            size += 1
        front.cost[front.touched[:touched]] = _NONE
        cost[q], columns[0][q], columns[1][q] = best, first, last
        if start[q] + size > edge.size:
            wider = np.empty(2 * edge.size + size, dtype=np.int32)
            wider[: start[q]] = edge[: start[q]]
            edge = wider
        edge[start[q] : start[q] + size] = way[:size][::-1]
        start[q + 1] = start[q] + size
    return cost, columns[0], columns[1], start, edge[: start[n]].copy()
