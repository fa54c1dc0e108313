"""In which order the junctions of a network are contracted: nested dissection by inertial flow.

A network is cut in two where few roads join the halves; the junctions at the cut come last, and each half
is cut again. An order found so serves every metric, so it is made once, with the network, and kept beside
it. Where to cut is the smallest flow between the outer quarters of the map, looked at from several
directions (Schild and Sommer, "On Balanced Separators in Road Networks", SEA 2015).

The library pyroutingkit finds orders the same way and as good ones; it hands them out only inside its own
engine, which neither takes several ends of a route at once nor knows alternatives.
"""

import io
import zlib
from math import cos, pi, sin
from pathlib import Path
from typing import Final, NamedTuple
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.roads.network import Network
from taxi_qa.values.place import metres_per_degree

Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.int8]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_E7: Final = 1e-7
# Twice as many find orders 5 % better in twice the time.
_DIRECTIONS: Final = 4
# The flow runs between so much of a part at either side: each half keeps at least this share.
_OUTER: Final = 0.25
_FORM: Final = 1
_SOURCE: Final = 1
_SINK: Final = 2


class _Part(NamedTuple):
    """Neighbours of the junctions of one part, by their numbers in it.

    Attributes:
        start, head: neighbours of junction i are head[start[i]:start[i + 1]].
        back: of each such step the step that leads back.
    """

    start: Int64s
    head: Int64s
    back: Int64s


def order_of(network: Network) -> Int32s:
    """All junctions in the order of their contraction, int32[n]: what most routes lead through comes last."""
    if network.nodes == 0:
        return np.zeros(0, dtype=np.int32)
    low = np.minimum(network.tail, network.head).astype(np.int64)
    high = np.maximum(network.tail, network.head).astype(np.int64)
    pairs = np.unique(low[low != high] * network.nodes + high[low != high])
    low, high = np.divmod(pairs, network.nodes)
    tail, head = np.concatenate((low, high)), np.concatenate((high, low))
    by_tail = np.argsort(tail, kind="stable")
    start = np.concatenate(([0], np.cumsum(np.bincount(tail, minlength=network.nodes)))).astype(np.int64)
    per_lon, per_lat = metres_per_degree(float(np.mean(network.node_lat_e7)) * _E7)
    x = network.node_lon_e7.astype(np.float64) * (per_lon * _E7)
    y = network.node_lat_e7.astype(np.float64) * (per_lat * _E7)
    return _dissect(start, head[by_tail], x, y)


def save_order(order: Int32s, network: Network, path: Path) -> None:
    """Writes an order as one file; it remembers which network it belongs to."""
    with path.open("wb") as file:
        np.savez(file, form=np.array([_FORM]), network=np.array([_sum_of(network)]), order=order)


def load_order(path: Path, network: Network) -> Int32s:
    """Reads what `save_order` wrote for this network.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not such a file, or that of another network; names the file and the way out.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes())) as held:
            form, of_network, order = int(held["form"][0]), int(held["network"][0]), held["order"]
    except (KeyError, ValueError, OSError, EOFError, BadZipFile) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(_stale(path)) from error
    if form != _FORM or of_network != _sum_of(network) or not _is_order(order, network.nodes):
        raise ValueError(_stale(path))
    kept: Int32s = order.astype(np.int32)
    return kept


def _sum_of(network: Network) -> int:
    return zlib.crc32(network.head.tobytes(), zlib.crc32(network.tail.tobytes()))


def _is_order(order: npt.NDArray[np.generic], nodes: int) -> bool:
    return order.shape == (nodes,) and bool((np.sort(order) == np.arange(nodes)).all())


def _stale(path: Path) -> str:
    return f"{path} does not belong to this road network; make it anew with `taxi-qa roads build`"


@njit(cache=True, nogil=True)
def _dissect(start: Int64s, neighbour: Int64s, x: Floats, y: Floats) -> Int32s:
    """Cuts part after part; the junctions of a cut get the last places of their part."""
    n = x.size
    order = np.empty(n, dtype=np.int32)
    nodes = np.arange(n)
    local = np.full(n, -1, dtype=np.int64)
    # Parts not cut yet: nodes[low:high], which get the places order[end - (high - low):end].
    waiting = np.empty((n + 1, 3), dtype=np.int64)
    waiting[0] = (0, n, n)
    count = 1
    while count > 0:
        count -= 1
        low, high, end = waiting[count]
        part = nodes[low:high].copy()
        if part.size <= 2:  # noqa: PLR2004 - two junctions or one: no cut makes them simpler
            order[end - part.size : end] = part
            continue
        local[part] = np.arange(part.size)
        graph = _part_of(part, local, start, neighbour)
        local[part] = -1
        side = _halves(graph, x[part], y[part])
        at_cut = _at_cut(graph, side)
        one, other = part[side & ~at_cut], part[~side & ~at_cut]
        left = one.size + other.size
        order[end - (part.size - left) : end] = part[at_cut]
        end -= part.size - left
        nodes[low : low + one.size] = one
        nodes[low + one.size : low + left] = other
        if other.size:
            waiting[count] = (low + one.size, low + left, end)
            count += 1
        if one.size:
            waiting[count] = (low, low + one.size, end - other.size)
            count += 1
    return order


@njit(cache=True, nogil=True)
def _part_of(part: Int64s, local: Int64s, start: Int64s, neighbour: Int64s) -> _Part:
    begin = np.zeros(part.size + 1, dtype=np.int64)
    for i in range(part.size):
        inside = 0
        for at in range(start[part[i]], start[part[i] + 1]):
            inside += local[neighbour[at]] >= 0
        begin[i + 1] = begin[i] + inside
    head = np.empty(begin[-1], dtype=np.int64)
    back = np.empty(begin[-1], dtype=np.int64)
    put = 0
    for i in range(part.size):
        for at in range(start[part[i]], start[part[i] + 1]):
            j = local[neighbour[at]]
            if j >= 0:
                head[put] = j
                if j < i:  # the step there was put down before
                    for other in range(begin[j], begin[j + 1]):
                        if head[other] == i:
                            back[put], back[other] = other, put
                            break
                put += 1
    return _Part(begin, head, back)


@njit(cache=True, nogil=True)
def _halves(graph: _Part, x: Floats, y: Floats) -> Bools:
    """True on one side of the smallest cut seen from any direction."""
    n = x.size
    outer = max(1, int(n * _OUTER))
    side = np.zeros(n, dtype=np.bool_)
    least = 1 << 60
    for direction in range(_DIRECTIONS):
        angle = pi * direction / _DIRECTIONS
        along = np.argsort(x * cos(angle) + y * sin(angle))
        kind = np.zeros(n, dtype=np.int8)
        kind[along[:outer]] = _SOURCE
        kind[along[n - outer :]] = _SINK
        value, reached = _flow(graph, kind, least)
        if value < least:
            least, side = value, reached
    return side


@njit(cache=True, nogil=True)
def _flow(graph: _Part, kind: Bytes, enough: int) -> tuple[int, Bools]:
    """The largest flow from sources to sinks (Dinic), what lies on its source side; gives up at `enough`."""
    flow = np.zeros(graph.head.size, dtype=np.int8)
    value = 0
    while True:
        level, joined = _levels(graph, kind, flow)
        if not joined or value >= enough:
            return value, level >= 0
        value += _fill(graph, kind, flow, level)


@njit(cache=True, nogil=True)
def _levels(graph: _Part, kind: Bytes, flow: Bytes) -> tuple[Int64s, bool]:
    """Steps from the nearest source over what still takes flow, -1 out of reach; whether a sink was met."""
    level = np.full(kind.size, -1, dtype=np.int64)
    queue = np.empty(kind.size, dtype=np.int64)
    first, last = 0, 0
    for i in range(kind.size):
        if kind[i] == _SOURCE:
            level[i] = 0
            queue[last] = i
            last += 1
    while first < last:
        i = queue[first]
        first += 1
        for at in range(graph.start[i], graph.start[i + 1]):
            j = graph.head[at]
            if flow[at] < 1 and level[j] < 0:
                level[j] = level[i] + 1
                if kind[j] == _SINK:
                    return level, True
                queue[last] = j
                last += 1
    return level, False


@njit(cache=True, nogil=True)
def _fill(graph: _Part, kind: Bytes, flow: Bytes, level: Int64s) -> int:
    """Sends flow along shortest ways until none is left; how much."""
    following = graph.start[:-1].copy()
    way = np.empty(kind.size, dtype=np.int64)
    value = 0
    for source in range(kind.size):
        if kind[source] != _SOURCE:
            continue
        i, depth = source, 0
        while depth > 0 or following[source] < graph.start[source + 1]:
            if kind[i] == _SINK:
                for at in way[:depth]:
                    flow[at] += 1
                    flow[graph.back[at]] -= 1
                value += 1
                i, depth = source, 0
            elif following[i] == graph.start[i + 1]:
                depth -= 1
                i = graph.head[graph.back[way[depth]]]
                following[i] += 1
            else:
                at = following[i]
                if flow[at] < 1 and level[graph.head[at]] == level[i] + 1:
                    way[depth] = at
                    depth += 1
                    i = graph.head[at]
                else:
                    following[i] += 1
    return value


@njit(cache=True, nogil=True)
def _at_cut(graph: _Part, side: Bools) -> Bools:
    """The junctions beside the cut, of that side which has fewer of them."""
    n = side.size
    here = np.zeros(n, dtype=np.bool_)
    there = np.zeros(n, dtype=np.bool_)
    for i in range(n):
        for at in range(graph.start[i], graph.start[i + 1]):
            if side[i] != side[graph.head[at]]:
                if side[i]:
                    here[i] = True
                else:
                    there[i] = True
    return here if here.sum() <= there.sum() else there
