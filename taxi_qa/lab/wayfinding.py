"""Ways through the made streets: the lab's own search, so that the judge's is not tested with itself.

Plain Dijkstra with a lower bound (A*) over corners; edges have one direction and straight shape.
"""

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# What traffic drives of a limit, all in all, and what a corner with lights costs on average.
_SHARE_DRIVEN: Final = 0.8
_LIGHTS_S: Final = 8.0
# Maps think less of narrow streets than their limit says.
_FREE_SHARE: Final = 0.9
_FREE_SHARE_NARROW: Final = 0.62
_NARROW_KMH: Final = 40.0
# Drivers differ by so much in what they think of a block (and of a long road by less: it evens out), and
# to an honest one a kilometre that the passenger pays is worth some time.
_LIKING: Final = 0.08
_BLOCK_M: Final = 400.0
_METRE_S: Final = 0.04
# A way this much slower than the fastest is still a reasonable one.
MOST_SLOWER: Final = 0.25

SCHOOL_KMH: Final = 30.0
# Wider than the hours on the sign, which are 07:00 to 09:00: who comes early or leaves late keeps to it too.
_SCHOOL_S: Final = (6 * 3600 + 45 * 60, 9 * 3600 + 5 * 60)


@dataclass(frozen=True)
class Graph:
    """Directed edges between points of streets.

    Attributes:
        tail, head: points each edge runs from and to.
        length_m: of each edge.
        limit_kmh: the limit that is true there, whoever knows it.
        way: index of the edge's street (`Streets.ways`).
        covered: the edge lies in a tunnel.
        school: a lower limit binds there in school hours.
        express: the edge is a carriageway of the expressway.
        lit: by point: a corner with lights.
        ahead, behind: for each point the edges that leave and reach it, `(first, edges)` as slices.
    """

    tail: Ints
    head: Ints
    length_m: Floats
    limit_kmh: Floats
    way: Ints
    covered: Flags
    school: Flags
    express: Flags
    lit: Flags
    ahead: tuple[Ints, Ints]
    behind: tuple[Ints, Ints]

    def limits_at(self, edges: Ints, second: float) -> Floats:
        """Limits (km/h) on edges at a second counted from a midnight."""
        first, last = _SCHOOL_S
        # Who sets out within the hour before is there when it binds.
        binds = first - 3600 <= second % 86_400 < last
        return np.where(self.school[edges] & binds, SCHOOL_KMH, self.limit_kmh[edges])

    def driven_s(self) -> Floats:
        """What each edge takes as traffic drives it, lights included."""
        return self.length_m / (self.limit_kmh * _SHARE_DRIVEN / 3.6) + _LIGHTS_S * self.lit[self.head]

    def free_s(self) -> Floats:
        """What each edge takes where nothing slows traffic down, as maps have it."""
        narrow = self.limit_kmh <= _NARROW_KMH
        share = np.where(narrow, _FREE_SHARE_NARROW, _FREE_SHARE)
        return self.length_m / (self.limit_kmh * share / 3.6)


@dataclass(frozen=True)
class Habit:
    """What a driver thinks each edge costs him (seconds), and the least he thinks a metre costs."""

    cost_s: Floats
    least_s_per_m: float


@dataclass(frozen=True)
class Tree:
    """The cheapest ways from one point to all, or from all to one.

    Attributes:
        spent: what the way costs, infinite where there is none.
        far_m: how long it is.
        edge: its edge next to each point on the side of the one, -1 none.
    """

    spent: Floats
    far_m: Floats
    edge: Ints


def by_point(points: Ints, count: int) -> tuple[Ints, Ints]:
    """For each point the edges that have it, as slices: `edges[first[p]:first[p + 1]]`."""
    first = np.concatenate(([0], np.cumsum(np.bincount(points, minlength=count)))).astype(np.int64)
    return first, np.argsort(points, kind="stable").astype(np.int64)


def habit_of(graph: Graph, rng: np.random.Generator) -> Habit:
    """A driver's own view of the streets: near the truth, and not everybody's."""
    liking = _LIKING * np.minimum(1.0, np.sqrt(_BLOCK_M / graph.length_m))
    cost_s = graph.driven_s() * (1 + liking * rng.uniform(-1, 1, graph.tail.size))
    cost_s += _METRE_S * graph.length_m
    return Habit(cost_s, float(np.min(cost_s / graph.length_m)))


def route(graph: Graph, habit: Habit, place_m: tuple[Floats, Floats], start: int, goal: int) -> Ints:
    """The edges a driver takes from one point to another, in order; none where they are the same.

    Args:
        graph: the streets.
        habit: his view of them.
        place_m: metres east and north of all points.
        start, goal: the points.
    """
    east, north = place_m
    least = np.hypot(east - east[goal], north - north[goal]) * habit.least_s_per_m
    _, _, edge = _grown(*graph.ahead, graph.head, habit.cost_s, graph.length_m, start, goal, least)
    return _edges_back(edge, graph.tail, goal)[::-1]


def tree_from(graph: Graph, cost: Floats, start: int) -> Tree:
    """The cheapest ways from a point to all others."""
    nowhere = np.zeros(graph.lit.size)
    return Tree(*_grown(*graph.ahead, graph.head, cost, graph.length_m, start, -1, nowhere))


def tree_to(graph: Graph, cost: Floats, goal: int) -> Tree:
    """The cheapest ways to a point from all others."""
    nowhere = np.zeros(graph.lit.size)
    return Tree(*_grown(*graph.behind, graph.tail, cost, graph.length_m, goal, -1, nowhere))


def way_back(graph: Graph, there: Tree, goal: int) -> Ints:
    """The edges to a point, of a tree from another, in the order they are driven."""
    return _edges_back(there.edge, graph.tail, goal)[::-1]


def way_on(graph: Graph, onward: Tree, start: int) -> Ints:
    """The edges from a point, of a tree to another, in the order they are driven."""
    return _edges_back(onward.edge, graph.head, start)


def longest_reasonable_m(there: Tree, onward: Tree) -> float:
    """Metres of the longest way over any one point that is at most a quarter slower than the fastest.

    Ways that go into a side street and out again are among them: more than any judge would allow.
    """
    spent = there.spent + onward.spent
    return float(np.max((there.far_m + onward.far_m)[spent <= (1 + MOST_SLOWER) * spent.min()]))


def doubles_back(graph: Graph, edges: Ints) -> bool:
    """Whether a way drives any street twice, in the same or the other direction."""
    ends = np.sort(np.column_stack((graph.tail[edges], graph.head[edges])), axis=1)
    return len(np.unique(ends, axis=0)) < len(ends)


def _edges_back(edge: Ints, other: Ints, point: int) -> Ints:
    """Edges met from a point back to the root of its tree."""
    found = []
    while edge[point] >= 0:
        found.append(edge[point])
        point = int(other[edge[point]])
    return np.array(found, dtype=np.int64)


@njit(cache=True, nogil=True)
def _grown(
    first: Ints,
    edges: Ints,
    other: Ints,
    cost: Floats,
    length_m: Floats,
    root: int,
    goal: int,
    least: Floats,
) -> tuple[Floats, Floats, Ints]:
    """A tree grown from its root until it holds the goal (-1: everything)."""
    count = first.size - 1
    spent = np.full(count, np.inf)
    far_m = np.zeros(count)
    edge = np.full(count, -1, dtype=np.int64)
    done = np.zeros(count, dtype=np.bool_)
    spent[root] = 0.0
    waiting = [(least[root], root)]
    while len(waiting) > 0:
        _, point = heappop(waiting)
        if done[point]:
            continue
        done[point] = True
        if point == goal:
            break
        for at in range(first[point], first[point + 1]):
            step = edges[at]
            beyond = other[step]
            tried = spent[point] + cost[step]
            if tried < spent[beyond]:
                spent[beyond] = tried
                far_m[beyond] = far_m[point] + length_m[step]
                edge[beyond] = step
                heappush(waiting, (tried + least[beyond], beyond))
    return spent, far_m, edge
