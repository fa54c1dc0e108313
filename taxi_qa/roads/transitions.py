"""How far it is by road from where a vehicle was to where it may be now, a few hundred metres further on.

A search from junction to junction that never goes further than the answer could matter, towards the place
of the next fix, in arrays that are used again for every step.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.roads.network import Network
from taxi_qa.values.place import metres_per_degree

Int32s = npt.NDArray[np.int32]
Floats32 = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

_E7: Final = 1e-7
# The plane's metres may be that much too long within a city (0.3 % within 0.4 degree, doubled).
_PLANE: Final = 0.994


class Ahead(NamedTuple):
    """Which edges go on from each junction; kernels take it as it is.

    Attributes:
        out_start, out_edge: edges that begin at junction j: out_edge[out_start[j]:out_start[j + 1]].
        tail, head: junctions of each edge.
        length_m: of each edge.
        west_e7, south_e7: corner of the plane.
        lon_m, lat_m: metres of 1e-7 degree on the plane.
        x_m, y_m: each junction on the plane.
    """

    out_start: Int32s
    out_edge: Int32s
    tail: Int32s
    head: Int32s
    length_m: Floats32
    west_e7: int
    south_e7: int
    lon_m: float
    lat_m: float
    x_m: Floats32
    y_m: Floats32


class Room(NamedTuple):
    """What a search works in; `visit` tells old entries from those of this search.

    Attributes:
        visit: number of the search that wrote an entry.
        far_m: metres to each junction.
        done: whether no shorter way to it can be found.
        wanted: number of the search that asks for it.
        heap_m, heap: junctions to go on from, with the length at least of a way over them.
    """

    visit: Int32s
    far_m: Floats32
    done: Bools
    wanted: Int32s
    heap_m: Floats32
    heap: Int32s


def edges_ahead(network: Network) -> Ahead:
    """The connections of a network."""
    out_edge = np.argsort(network.tail, kind="stable").astype(np.int32)
    out_start = np.concatenate(([0], np.cumsum(np.bincount(network.tail, minlength=network.nodes))))
    west, south = int(network.node_lon_e7.min()), int(network.node_lat_e7.min())
    middle = (south + int(network.node_lat_e7.max())) / 2 * _E7
    lon_m, lat_m = (metres * _E7 for metres in metres_per_degree(middle))
    return Ahead(
        out_start=out_start.astype(np.int32),
        out_edge=out_edge,
        tail=network.tail,
        head=network.head,
        length_m=network.length_m,
        west_e7=west,
        south_e7=south,
        lon_m=lon_m,
        lat_m=lat_m,
        x_m=((network.node_lon_e7.astype(np.float64) - west) * lon_m).astype(np.float32),
        y_m=((network.node_lat_e7.astype(np.float64) - south) * lat_m).astype(np.float32),
    )


@njit(cache=True, nogil=True)
def room_for(junctions: int, edges: int) -> Room:
    """Room for searches in a network of that size."""
    return Room(
        np.zeros(junctions, dtype=np.int32),
        np.zeros(junctions, dtype=np.float32),
        np.zeros(junctions, dtype=np.bool_),
        np.zeros(junctions, dtype=np.int32),
        np.zeros(edges + 1, dtype=np.float32),
        np.zeros(edges + 1, dtype=np.int32),
    )


@njit(cache=True, nogil=True)
def search(  # noqa: PLR0913, PLR0917 - a kernel takes columns
    ahead: Ahead, room: Room, number: int, begin: int, targets: int, to_x: float, to_y: float,
    near_m: float, most_m: float,
) -> None:  # fmt: skip
    """Metres from a junction to those wanted, written into `room`; what is not `done` is further than asked.

    Args:
        ahead: the connections.
        room: `wanted` holds `number` at the junctions asked for.
        number: of this search, another one each time.
        begin: junction.
        targets: how many junctions are wanted.
        to_x, to_y: a place on the plane; the junctions wanted lie within `near_m` of it.
        near_m: see above.
        most_m: no further.
    """
    n = 1
    room.heap[0] = begin
    room.heap_m[0] = 0.0
    room.visit[begin] = number
    room.far_m[begin] = 0.0
    room.done[begin] = False
    while n > 0:
        node = room.heap[0]
        n -= 1
        _sink(room, n)
        if room.done[node]:
            continue
        room.done[node] = True
        if room.wanted[node] == number:
            targets -= 1
            if targets == 0:
                return
        far = room.far_m[node]
        for i in range(ahead.out_start[node], ahead.out_start[node + 1]):
            edge = ahead.out_edge[i]
            other = ahead.head[edge]
            then = far + ahead.length_m[edge]
            if room.visit[other] == number and (room.done[other] or room.far_m[other] <= then):
                continue
            dx = ahead.x_m[other] - to_x
            dy = ahead.y_m[other] - to_y
            over = then + max(0.0, _PLANE * np.sqrt(dx * dx + dy * dy) - near_m)
            if over > most_m:
                continue
            room.visit[other] = number
            room.far_m[other] = then
            room.done[other] = False
            _rise(room, n, float(over), other)
            n += 1


@njit(cache=True, inline="always")
def _rise(room: Room, at: int, key: float, node: int) -> None:
    """Puts a junction into the heap, whose first `at` places are taken."""
    while at > 0:
        above = (at - 1) // 2
        if room.heap_m[above] <= key:
            break
        room.heap_m[at] = room.heap_m[above]
        room.heap[at] = room.heap[above]
        at = above
    room.heap_m[at] = key
    room.heap[at] = node


@njit(cache=True, inline="always")
def _sink(room: Room, n: int) -> None:
    """Takes the first of the heap away; `n` are left."""
    key = room.heap_m[n]
    node = room.heap[n]
    at = 0
    while True:
        below = 2 * at + 1
        if below >= n:
            break
        if below + 1 < n and room.heap_m[below + 1] < room.heap_m[below]:
            below += 1
        if room.heap_m[below] >= key:
            break
        room.heap_m[at] = room.heap_m[below]
        room.heap[at] = room.heap[below]
        at = below
    room.heap_m[at] = key
    room.heap[at] = node
