"""Routes in a contracted network: one search for all the ends a trip may have, then the edges of the best.

A search visits the ranks above its ends, from the lowest on. Wherever the labels of both sides meet stands a
way; the best of them is the route. Ends are several: each is a junction with what it costs to get there, so
the best pair of ends comes out of one search instead of one for each pair.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.roads.contraction import NEVER, Climb, Hierarchy, Metric, second_arc

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats32 = npt.NDArray[np.float32]

# Where a label comes from: an arc, or -2 - c: column c of the ends.
NOWHERE: Final = -1


class Room(NamedTuple):
    """What a search writes, made once for many; all labels stand at `NEVER` between searches.

    Attributes:
        ahead, back: cost from the begin to each rank, from each rank to the end.
        came, goes: number in the climb of the arc the label came over, or -2 - column of an end.
        visited: the ranks of this search, ascending.
        way: edges of a route.
        chain: arcs of a route.
        waiting: arcs to unpack, each with the direction it is driven in.
    """

    ahead: Int32s
    back: Int32s
    came: Int32s
    goes: Int32s
    visited: Int32s
    way: Int32s
    chain: Int32s
    waiting: Int64s


@njit(cache=True, nogil=True)
def room_for(hierarchy: Hierarchy) -> Room:
    """An empty room for searches."""
    n = hierarchy.rank.size
    return Room(
        np.full(n, np.int32(NEVER), dtype=np.int32),
        np.full(n, np.int32(NEVER), dtype=np.int32),
        np.empty(n, dtype=np.int32),
        np.empty(n, dtype=np.int32),
        np.empty(n, dtype=np.int32),
        np.empty(2 * n + 8, dtype=np.int32),
        np.empty(n, dtype=np.int32),
        np.empty(n + 8, dtype=np.int64),
    )


@njit(cache=True, inline="always")
def part_of(cost: int, metres: float, length_m: float) -> int:
    """What so many metres of an edge cost, rounded."""
    if length_m <= 0.0:
        return 0
    return int(np.int64(cost * min(1.0, max(0.0, metres / length_m)) + 0.5))


@njit(cache=True, nogil=True)
def begin_at(hierarchy: Hierarchy, metric: Metric, edge: Int32s, along_m: Floats32, room: Room) -> None:
    """Puts down where a trip may begin: the head of each edge, and what is left of the edge."""
    for column in range(edge.size):
        e = edge[column]
        if e >= 0:
            rest = part_of(metric.cost[e], hierarchy.length_m[e] - along_m[column], hierarchy.length_m[e])
            rank = hierarchy.rank[hierarchy.head[e]]
            if rest < room.ahead[rank]:
                room.ahead[rank], room.came[rank] = rest, -2 - column


@njit(cache=True, nogil=True)
def end_at(hierarchy: Hierarchy, metric: Metric, edge: Int32s, along_m: Floats32, room: Room) -> None:
    """Puts down where a trip may end: the tail of each edge, and what is driven of the edge."""
    for column in range(edge.size):
        e = edge[column]
        if e >= 0:
            driven = part_of(metric.cost[e], along_m[column], hierarchy.length_m[e])
            rank = hierarchy.rank[hierarchy.tail[e]]
            if driven < room.back[rank]:
                room.back[rank], room.goes[rank] = driven, -2 - column


@njit(cache=True, nogil=True)
def first_ranks(hierarchy: Hierarchy, begins: Int32s, ends: Int32s) -> Int32s:
    """The ranks where the ends of a trip lie, each once."""
    ranks = np.empty(begins.size + ends.size, dtype=np.int32)
    count = 0
    for column in range(begins.size):
        if begins[column] >= 0:
            count = _add(ranks, count, hierarchy.rank[hierarchy.head[begins[column]]])
    for column in range(ends.size):
        if ends[column] >= 0:
            count = _add(ranks, count, hierarchy.rank[hierarchy.tail[ends[column]]])
    return ranks[:count]


@njit(cache=True, inline="always")
def _add(ranks: Int32s, count: int, rank: int) -> int:
    for i in range(count):
        if ranks[i] == rank:
            return count
    ranks[count] = rank
    return count + 1


@njit(cache=True, inline="always")
def next_rank(hierarchy: Hierarchy, ranks: Int32s, count: int) -> tuple[int, int]:
    """Takes the lowest of some ranks and puts its parent in its place; the rank, and how many are left."""
    lowest = 0
    for i in range(1, count):
        if ranks[i] < ranks[lowest]:
            lowest = i
    rank = ranks[lowest]
    parent = hierarchy.parent[rank]
    ranks[lowest] = parent
    for i in range(count):
        if i != lowest and ranks[i] == parent:
            parent = -1
            break
    if parent < 0:
        count -= 1
        ranks[lowest] = ranks[count]
    return rank, count


@njit(cache=True, inline="always")
def relax(climb: Climb, rank: int, cost: Int32s, came: Int32s) -> None:
    """Carries the label of a rank over its arcs."""
    here = cost[rank]
    for i in range(climb.start[rank], climb.start[rank + 1]):
        there = here + climb.cost[i]
        if there < cost[climb.upper[i]]:
            cost[climb.upper[i]], came[climb.upper[i]] = there, i


@njit(cache=True, inline="always")
def limit_of(best: int, slower: float) -> int:
    """The cost of the slowest way of interest."""
    return min(NEVER - 1, int(best * (1.0 + slower)))


@njit(cache=True, nogil=True)
def search(
    hierarchy: Hierarchy, metric: Metric, ranks: Int32s, room: Room, enough: int, slower: float
) -> tuple[int, int, int]:
    """Climbs from the ends that were put down until all has met.

    Args:
        hierarchy, metric: of the network.
        ranks: where the ends lie (`first_ranks`); used up.
        room: with the labels of the ends.
        enough: a way that costs this much is of no interest.
        slower: labels are kept up to so much more than the best way, as a share; 0 for the best alone.

    Returns:
        Cost of the best way (`enough` or more: none better), the rank where it meets or -1, ranks visited.
    """
    best, meet, visited, limit = enough, -1, 0, limit_of(enough, slower)
    count = ranks.size
    while count > 0:
        rank, count = next_rank(hierarchy, ranks, count)
        room.visited[visited] = rank
        visited += 1
        both = room.ahead[rank] + room.back[rank]
        if both < best:
            best, meet, limit = both, rank, limit_of(both, slower)
        if room.ahead[rank] <= limit:
            relax(metric.up, rank, room.ahead, room.came)
        if room.back[rank] <= limit:
            relax(metric.down, rank, room.back, room.goes)
    return best, meet, visited


@njit(cache=True, nogil=True)
def clear(room: Room, visited: int) -> None:
    """Makes room for the next search."""
    for i in range(visited):
        room.ahead[room.visited[i]] = NEVER
        room.back[room.visited[i]] = NEVER


@njit(cache=True, nogil=True)
def unpack(hierarchy: Hierarchy, metric: Metric, step: int, room: Room, put: int) -> int:
    """Writes the edges an arc stands for into the room's way.

    Args:
        hierarchy, metric: of the network.
        step: twice the arc, plus one if it is driven upwards.
        room: gets the edges.
        put: where in the way they go.

    Returns:
        Where the next would go.
    """
    room.waiting[0] = step
    count = 1
    while count > 0:
        count -= 1
        arc, up = room.waiting[count] // 2, room.waiting[count] % 2
        zx = metric.below_up[arc] if up else metric.below_down[arc]
        if zx < 0:
            room.way[put] = -2 - zx
            put += 1
        else:
            zy = second_arc(hierarchy, zx, arc)
            # Up: from x down to z and up to y; down: from y down to z and up to x.
            room.waiting[count] = 2 * (zy if up else zx) + 1
            room.waiting[count + 1] = 2 * (zx if up else zy)
            count += 2
    return put


@njit(cache=True, nogil=True)
def way_of(hierarchy: Hierarchy, metric: Metric, meet: int, room: Room) -> tuple[int, int, int]:
    """Writes the edges between the ends of the way that meets at a rank into the room's way.

    Returns:
        How many edges, the column of the begin and the column of the end.
    """
    rank, climbed = meet, 0
    while room.came[rank] >= 0:
        room.chain[climbed] = metric.up.arc[room.came[rank]]
        rank = hierarchy.lower[room.chain[climbed]]
        climbed += 1
    begin = -2 - room.came[rank]
    put = 0
    for i in range(climbed - 1, -1, -1):
        put = unpack(hierarchy, metric, 2 * int(room.chain[i]) + 1, room, put)
    rank = meet
    while room.goes[rank] >= 0:
        arc = metric.down.arc[room.goes[rank]]
        put = unpack(hierarchy, metric, 2 * int(arc), room, put)
        rank = hierarchy.lower[arc]
    return put, begin, -2 - room.goes[rank]


@njit(cache=True, nogil=True)
def straight_on(
    hierarchy: Hierarchy, metric: Metric, begins: tuple[Int32s, Floats32], ends: tuple[Int32s, Floats32]
) -> tuple[int, int, int]:
    """The best way along a single edge, from a place on it to one ahead: cost (`NEVER`: none), columns."""
    best, first, last = NEVER, -1, -1
    for i in range(begins[0].size):
        e = begins[0][i]
        for j in range(ends[0].size):
            if e >= 0 and e == ends[0][j] and begins[1][i] <= ends[1][j]:
                cost = part_of(metric.cost[e], ends[1][j] - begins[1][i], hierarchy.length_m[e])
                if cost < best:
                    best, first, last = cost, i, j
    return best, first, last


@njit(cache=True, nogil=True)
def best_ways(
    hierarchy: Hierarchy, metric: Metric, begins: tuple[Int32s, Floats32], ends: tuple[Int32s, Floats32]
) -> tuple[Int32s, npt.NDArray[np.int8], npt.NDArray[np.int8], Int64s, Int32s]:
    """The best route of each trip between any of its ends.

    Args:
        hierarchy, metric: of the network.
        begins, ends: edges int32[n, k] and metres along them float32[n, k], edge -1 where there is none.

    Returns:
        Cost (`NEVER`: no way), columns of begin and end (-1: no way), and the edges of route i as
        edge[start[i]:start[i + 1]], the first and the last being those of its ends.
    """
    n = begins[0].shape[0]
    cost = np.full(n, np.int32(NEVER), dtype=np.int32)
    first = np.full(n, np.int8(-1), dtype=np.int8)
    last = np.full(n, np.int8(-1), dtype=np.int8)
    start = np.zeros(n + 1, dtype=np.int64)
    edge = np.empty(max(1024, 64 * n), dtype=np.int32)
    room = room_for(hierarchy)
    for q in range(n):
        start[q + 1] = start[q]
        begin, end = (begins[0][q], begins[1][q]), (ends[0][q], ends[1][q])
        cost[q], first[q], last[q] = straight_on(hierarchy, metric, begin, end)
        begin_at(hierarchy, metric, begin[0], begin[1], room)
        end_at(hierarchy, metric, end[0], end[1], room)
        ranks = first_ranks(hierarchy, begin[0], end[0])
        best, meet, visited = search(hierarchy, metric, ranks, room, cost[q], 0.0)
        between = 0
        if meet >= 0:
            between, first[q], last[q] = way_of(hierarchy, metric, meet, room)
            cost[q] = best
        clear(room, visited)
        if first[q] < 0:
            continue
        put = start[q]
        if put + between + 2 > edge.size:
            wider = np.empty(2 * edge.size + between + 2, dtype=np.int32)
            wider[:put] = edge[:put]
            edge = wider
        edge[put] = begin[0][first[q]]
        put += 1
        if meet >= 0:
            edge[put : put + between] = room.way[:between]
            edge[put + between] = end[0][last[q]]
            put += between + 1
        start[q + 1] = put
    return cost, first, last, start, edge[: start[n]].copy()
