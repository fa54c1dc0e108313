"""Further reasonable routes of a trip: other ways through the city that a driver may take in good faith.

A reasonable route takes at most a quarter longer than the fastest, passes no junction twice, and is locally
the fastest: around the junction it was found over, no stretch of a good length could be driven faster (the
T-test of Abraham, Delling, Goldberg and Werneck, "Alternative Routes in Road Networks", JEA 2013). So it has
no detour of its own, no turning round and no way round the block.

Candidates lead through the ranks that a search of the trip visits anyway: the junctions where the map
was cut between and around both ends, so that every crossing of every cut is among them. The fastest come
first, as a driver's navigation would show them.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.roads.climbing import (
    Room,
    begin_at,
    clear,
    end_at,
    first_ranks,
    limit_of,
    room_for,
    search,
    unpack,
)
from taxi_qa.roads.contraction import NEVER, Hierarchy, Metric
from taxi_qa.roads.routes import ContractionRouter, Routes, check_ends, routes_from
from taxi_qa.roads.snapping import Ends, ends_of

Int8s = npt.NDArray[np.int8]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats32 = npt.NDArray[np.float32]

# The figures of roads.md and of routing engines: a quarter slower, less than 70 % the same.
MOST_SLOWER: Final = 0.25
MOST_SHARED: Final = 0.7
MOST: Final = 3
# Of the fastest route's time, to either side of the place in between: so long a stretch is the fastest there.
LOCAL: Final = 0.1
# A byte remembers of each edge which of a trip's routes drive it, the fastest among them.
_MOST_BITS: Final = 6


class Wish(NamedTuple):
    """What makes a route reasonable.

    Attributes:
        most_slower: share of the fastest route's time it may take longer.
        most_shared: share of the shorter one of two routes they may have in common.
        local: share of the fastest route's time, see `LOCAL`.
        most: routes a trip, at most 6.
    """

    most_slower: float = MOST_SLOWER
    most_shared: float = MOST_SHARED
    local: float = LOCAL
    most: int = MOST


REASONABLE: Final = Wish()


def alternatives(
    router: ContractionRouter, metric: str, begins: Ends, ends: Ends, wish: Wish = REASONABLE
) -> tuple[Int32s, Routes]:
    """Further reasonable routes of each trip, the faster ones first; the fastest is not among them.

    Args:
        router: in the contracted network.
        metric: of time ("free", "hour:07").
        begins, ends: of n trips.
        wish: what is reasonable.

    Returns:
        The trip of each route, int32[k] ascending, and the routes.

    Raises:
        ValueError: no such metric, ends that are not of this network, or more routes wished for than six.
    """
    check_ends(router.network, begins, ends)
    if not 0 <= wish.most <= _MOST_BITS:
        raise ValueError(f"{wish.most} routes a trip: expected at most {_MOST_BITS}")
    ready = router.metric(metric)
    trip, cost, first, last, start, edge = _further(router.hierarchy, ready, begins[:2], ends[:2], wish)
    sides = ends_of(begins, trip), ends_of(ends, trip)
    return trip, routes_from(router.network, metric, sides, (cost, first, last, start, edge))


class _Labels(NamedTuple):
    """What a search for alternatives writes beside its `Room`.

    Attributes:
        room: of the search; an arc driven away from higher ranks has a number behind those of the climb.
        passed: junction -> number of the last route looked at that passes it.
        looked_at: how many routes were.
        driven: edge -> bits of the trip's routes that drive it.
        kept: edges of the trip's routes.
        other: room for the searches of the T-test.
    """

    room: Room
    passed: Int64s
    looked_at: Int64s
    driven: Int8s
    kept: Int32s
    other: Room


@njit(cache=True, nogil=True)
def _labels_for(hierarchy: Hierarchy, most: int) -> _Labels:
    n = hierarchy.rank.size
    return _Labels(
        room_for(hierarchy),
        np.zeros(n, dtype=np.int64),
        np.zeros(1, dtype=np.int64),
        np.zeros(hierarchy.tail.size, dtype=np.int8),
        np.empty((most + 2) * (2 * n + 10), dtype=np.int32),
        room_for(hierarchy),
    )


@njit(cache=True, nogil=True)
def _descend(metric: Metric, visited: int, room: Room, limit: int) -> None:
    """Makes the labels exact: the best way to a rank may come from above, that from a rank lead upwards."""
    ups, downs = metric.up.arc.size, metric.down.arc.size
    for at in range(visited - 1, -1, -1):
        rank = room.visited[at]
        for i in range(metric.down.start[rank], metric.down.start[rank + 1]):
            above = metric.down.upper[i]
            there = room.ahead[above] + metric.down.cost[i]
            if there < room.ahead[rank] and there <= limit:
                room.ahead[rank], room.came[rank] = there, ups + i
        for i in range(metric.up.start[rank], metric.up.start[rank + 1]):
            above = metric.up.upper[i]
            there = room.back[above] + metric.up.cost[i]
            if there < room.back[rank] and there <= limit:
                room.back[rank], room.goes[rank] = there, downs + i


@njit(cache=True, nogil=True)
def _way_over(hierarchy: Hierarchy, metric: Metric, via: int, room: Room) -> tuple[int, int, int, int]:
    """Writes the edges of the way over a rank into the room's way.

    Returns:
        How many edges, how many of them before the rank, the columns of begin and end.
    """
    ups, downs = metric.up.arc.size, metric.down.arc.size
    rank, count = via, 0
    while room.came[rank] >= 0:
        room.chain[count] = room.came[rank]
        if room.came[rank] < ups:
            rank = hierarchy.lower[metric.up.arc[room.came[rank]]]
        else:
            rank = metric.down.upper[room.came[rank] - ups]
        count += 1
    begin = -2 - room.came[rank]
    put = 0
    for i in range(count - 1, -1, -1):
        step = room.chain[i]
        if step < ups:
            put = unpack(hierarchy, metric, 2 * int(metric.up.arc[step]) + 1, room, put)
        else:
            put = unpack(hierarchy, metric, 2 * int(metric.down.arc[step - ups]), room, put)
    before = put
    rank = via
    while room.goes[rank] >= 0:
        step = room.goes[rank]
        if step < downs:
            put = unpack(hierarchy, metric, 2 * int(metric.down.arc[step]), room, put)
            rank = hierarchy.lower[metric.down.arc[step]]
        else:
            put = unpack(hierarchy, metric, 2 * int(metric.up.arc[step - downs]) + 1, room, put)
            rank = metric.up.upper[step - downs]
    return put, before, begin, -2 - room.goes[rank]


@njit(cache=True, nogil=True)
def _passes_once(hierarchy: Hierarchy, way: Int32s, labels: _Labels) -> bool:
    """Whether a route, both ends' edges included, passes no junction twice."""
    labels.looked_at[0] += 1
    stamp = labels.looked_at[0]
    labels.passed[hierarchy.tail[way[0]]] = stamp
    for edge in way:
        if labels.passed[hierarchy.head[edge]] == stamp:
            return False
        labels.passed[hierarchy.head[edge]] = stamp
    return True


@njit(cache=True, nogil=True)
def _is_other(hierarchy: Hierarchy, way: Int32s, labels: _Labels, routes_m: Floats32, most: float) -> bool:
    """Whether a route shares little enough with each of those there are."""
    own_m = np.float32(0.0)
    shared_m = np.zeros(routes_m.size, dtype=np.float32)
    for edge in way:
        own_m += hierarchy.length_m[edge]
        for r in range(routes_m.size):
            if labels.driven[edge] & (1 << r):
                shared_m[r] += hierarchy.length_m[edge]
    return bool(np.all(shared_m < most * np.minimum(own_m, routes_m)))


@njit(cache=True, nogil=True)
def _is_local(
    hierarchy: Hierarchy, metric: Metric, way: Int32s, before: int, reach: int, labels: _Labels
) -> bool:
    """Whether a stretch of that cost to either side of the rank in between is the fastest there."""
    # A stretch that begins within an edge has to drive the edge to its end: whole edges within reach count.
    first, cost = before, 0
    while first > 0 and cost + metric.cost[way[first - 1]] <= reach:
        first -= 1
        cost += metric.cost[way[first]]
    last, behind = before, 0
    while last < way.size and behind + metric.cost[way[last]] <= reach:
        behind += metric.cost[way[last]]
        last += 1
    if first == last:
        return True
    room, ranks = labels.other, np.empty(2, dtype=np.int32)
    ranks[0] = hierarchy.rank[hierarchy.tail[way[first]]]
    ranks[1] = hierarchy.rank[hierarchy.head[way[last - 1]]]
    room.ahead[ranks[0]], room.back[ranks[1]] = 0, 0
    _, faster, visited = search(hierarchy, metric, ranks, room, cost + behind, 0.0)
    clear(room, visited)
    return bool(faster < 0)


@njit(cache=True, nogil=True)
def _over(room: Room, visited: int, limit: int) -> Int32s:
    """The ranks over which ways lead that are fast enough, the fastest first, each way once."""
    rank = np.empty(visited, dtype=np.int32)
    cost = np.empty(visited, dtype=np.int32)
    count = 0
    for at in range(visited):
        x = room.visited[at]
        both = room.ahead[x] + room.back[x]
        if both <= limit:
            rank[count], cost[count] = x, both
            count += 1
    order = np.argsort(cost[:count])
    kept, last = 0, -1
    for at in order:
        # Ways over several ranks of one route have their cost in common.
        if cost[at] != last:
            last = cost[at]
            order[kept] = at
            kept += 1
    return rank[order[:kept]]


@njit(cache=True, nogil=True)
def _mark(hierarchy: Hierarchy, way: Int32s, labels: _Labels, bits: int) -> float:
    """Notes the edges of a route; its metres."""
    metres = 0.0
    for edge in way:
        labels.driven[edge] |= bits
        metres += hierarchy.length_m[edge]
    return metres


@njit(cache=True, nogil=True)
def _of_trip(
    hierarchy: Hierarchy,
    metric: Metric,
    begin: tuple[Int32s, Floats32],
    end: tuple[Int32s, Floats32],
    wish: Wish,
    labels: _Labels,
) -> tuple[Int64s, Int32s]:
    """The further routes of one trip, in the labels' `kept` behind the fastest.

    Returns:
        Where each route starts there, the fastest first, and of each its columns and its cost, int32[r, 3].
    """
    room = labels.room
    begin_at(hierarchy, metric, begin[0], begin[1], room)
    end_at(hierarchy, metric, end[0], end[1], room)
    ranks = first_ranks(hierarchy, begin[0], end[0])
    best, meet, visited = search(hierarchy, metric, ranks, room, NEVER, wish.most_slower)
    start = np.zeros(wish.most + 2, dtype=np.int64)
    about = np.zeros((wish.most + 1, 3), dtype=np.int32)
    count = 0
    if meet >= 0:
        limit = limit_of(best, wish.most_slower)
        _descend(metric, visited, room, limit)
        over = _over(room, visited, limit)
        routes_m = np.empty(wish.most + 1, dtype=np.float32)
        for at in range(-1, over.size):
            if count > wish.most:
                break
            via = meet if at < 0 else over[at]
            size, before, first, last = _way_over(hierarchy, metric, via, room)
            way = labels.kept[start[count] : start[count] + size + 2]
            way[0], way[1:-1], way[-1] = begin[0][first], room.way[:size], end[0][last]
            if at < 0 or (
                _passes_once(hierarchy, way, labels)
                and _is_other(hierarchy, way, labels, routes_m[:count], wish.most_shared)
                and _is_local(hierarchy, metric, way[1:-1], before, int(best * wish.local), labels)
            ):
                routes_m[count] = _mark(hierarchy, way, labels, 1 << count)
                about[count] = (first, last, room.ahead[via] + room.back[via])
                start[count + 1] = start[count] + way.size
                count += 1
        for edge in labels.kept[: start[count]]:
            labels.driven[edge] = 0
    clear(room, visited)
    return start[: count + 1], about[:count]


@njit(cache=True, nogil=True)
def _further(
    hierarchy: Hierarchy,
    metric: Metric,
    begins: tuple[Int32s, Floats32],
    ends: tuple[Int32s, Floats32],
    wish: Wish,
) -> tuple[Int32s, Int32s, Int8s, Int8s, Int64s, Int32s]:
    """The further routes of all trips: the trip of each, then as `climbing.best_ways`."""
    n = begins[0].shape[0]
    trip = np.empty(n * wish.most, dtype=np.int32)
    about = np.empty((n * wish.most, 3), dtype=np.int32)
    start = np.zeros(n * wish.most + 1, dtype=np.int64)
    edge = np.empty(max(1024, 64 * n), dtype=np.int32)
    labels = _labels_for(hierarchy, wish.most)
    count = 0
    for q in range(n):
        begin, end = (begins[0][q], begins[1][q]), (ends[0][q], ends[1][q])
        found, of_found = _of_trip(hierarchy, metric, begin, end, wish, labels)
        for r in range(1, found.size - 1):
            size = found[r + 1] - found[r]
            if start[count] + size > edge.size:
                wider = np.empty(2 * edge.size + size, dtype=np.int32)
                wider[: start[count]] = edge[: start[count]]
                edge = wider
            edge[start[count] : start[count] + size] = labels.kept[found[r] : found[r + 1]]
            trip[count], about[count], start[count + 1] = q, of_found[r], start[count] + size
            count += 1
    first, last = about[:count, 0].astype(np.int8), about[:count, 1].astype(np.int8)
    return trip[:count], about[:count, 2].copy(), first, last, start[: count + 1], edge[: start[count]].copy()
