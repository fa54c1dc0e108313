"""Planted detours, and the long ways that are none: each ride's way is laid out by the lab's own search.

A clear detour is longer than every way over any one point that is at most a quarter slower than the
fastest, by what traffic does and by what maps say; a near miss stays near the shortest way there is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from taxi_qa.lab import city as town
from taxi_qa.lab.acting import board, close, plant
from taxi_qa.lab.life import RIDE, Closure, Disturbance, Duty, Life, Ride, start_meter
from taxi_qa.lab.plan import Post
from taxi_qa.lab.wayfinding import (
    Flags,
    Floats,
    Graph,
    Ints,
    Tree,
    doubles_back,
    longest_reasonable_m,
    tree_from,
    tree_to,
    way_back,
    way_on,
)

_TRIES: Final = 60
_LONGER: Final = (1.4, 1.8)
_LONGER_M: Final = 2_000.0
_NEAR: Final = (1.10, 1.14)
_NEAR_M: Final = 1_000.0
# Longer by more than a fifth and a kilometre, and yet nobody's fault.
_FAR: Final = 1.22
_FAR_M: Final = 1_200.0
_RUSH_SLOWER: Final = 1.18
# So much slower is the short way that no run of red lights makes it the faster one.
_CLEARLY_SLOWER: Final = 1.25
_STOP_S: Final = 100.0
_GAP_S: Final = 300
_BRIDGES: Final = tuple(column for column in town.BRIDGES if 12 <= column <= 54)  # noqa: PLR2004


@dataclass(frozen=True)
class Fan:
    """All ways between two points over one point each.

    Attributes:
        graph: the streets.
        there, onward: the fastest ways to each point, and on from it.
        metres, slower: by point: the length of the way over it, and its time as a multiple of the fastest.
        longest_m: of the reasonable ways.
        shortest_m: of all ways.
    """

    graph: Graph
    there: Tree
    onward: Tree
    metres: Floats
    slower: Floats
    longest_m: float
    shortest_m: float


@dataclass(frozen=True)
class Laid:
    """A way laid out: its edges to a point and on from it."""

    fan: Fan
    there: Ints
    onward: Ints

    @property
    def edges(self) -> Ints:
        """The whole way."""
        return np.concatenate((self.there, self.onward))

    @property
    def driven_m(self) -> float:
        """How long it is."""
        return float(self.fan.graph.length_m[self.edges].sum())


def fan_of(graph: Graph, start: int, goal: int) -> Fan:
    """The ways between two points."""
    trees = [
        (tree_from(graph, cost, start), tree_to(graph, cost, goal))
        for cost in (graph.driven_s(), graph.free_s())
    ]
    there, onward = trees[0]
    spent = there.spent + onward.spent
    return Fan(
        graph=graph,
        there=there,
        onward=onward,
        metres=there.far_m + onward.far_m,
        slower=spent / spent.min(),
        longest_m=max(longest_reasonable_m(*pair) for pair in trees),
        shortest_m=float(tree_from(graph, graph.length_m, start).spent[goal]),
    )


def detour(life: Life, duty: Duty, post: Post) -> None:
    """A ride on a way that is, or seems, too long."""
    if post.label == "near_miss":
        laid = _laid_out(life, (9_500.0, 13_000.0), _is_near)
        _ridden(life, duty, post, laid, "longer than the shortest way: inside the margin")
    elif post.label == "clear" and post.variant % 4 != 3:  # noqa: PLR2004 - one of four has an excuse
        laid = _laid_out(life, (4_000.0, 6_500.0), _is_detour)
        _ridden(life, duty, post, laid, "a round about way")
    elif post.label == "clear":
        _closure(life, duty, post, approved=False)
    else:
        acts = (_faster, _approved, _stop, _gap, _rush)
        acts[post.variant % len(acts)](life, duty, post)


def _is_detour(fan: Fan) -> Flags:
    longer = fan.metres / fan.longest_m
    return (longer > _LONGER[0]) & (longer < _LONGER[1]) & (fan.metres > fan.longest_m + _LONGER_M)


def _is_near(fan: Fan) -> Flags:
    longer = fan.metres / fan.shortest_m
    return (longer > _NEAR[0]) & (longer < _NEAR[1]) & (fan.metres > fan.shortest_m + _NEAR_M)


def _is_fair(fan: Fan) -> Flags:
    """Longer, but not much slower."""
    longer = (fan.metres > _FAR * fan.shortest_m) & (fan.metres > fan.shortest_m + _FAR_M)
    return longer & (fan.slower < _RUSH_SLOWER) & (fan.metres <= fan.longest_m)


def _laid_out(life: Life, far_m: tuple[float, float], wish: Callable[[Fan], Flags]) -> Laid | None:
    """A way from here over a point the wish is true of, to a goal about so far; no street driven twice."""
    track, rng = life.track, life.rng
    graph = track.streets.graph
    inside = np.arange(graph.lit.size) < (town.LAST_CITY_COLUMN + 1) * town.ROWS
    for _ in range(_TRIES):
        goal = town.node_near(track.node, float(rng.uniform(*far_m)), rng)
        fan = fan_of(graph, track.point, town.corner_of(goal))
        for over in rng.permutation(np.flatnonzero(wish(fan) & inside & graph.lit))[:8]:
            laid = Laid(fan, way_back(graph, fan.there, int(over)), way_on(graph, fan.onward, int(over)))
            # Nor under ground, where nobody sees it.
            if not doubles_back(graph, laid.edges) and not graph.covered[laid.edges].any():
                return laid
    return None


def _ridden(
    life: Life, duty: Duty, post: Post, laid: Laid | None, note: str, *, stop_s: float = 0.0
) -> Ride | None:
    """Rides along a way, with a stop on it, and plants that; None where there was no such way."""
    if laid is None:
        return None
    boarded = board(life)
    life.track.stand(6)
    ride = start_meter(life, duty)
    life.track.follow(laid.there, RIDE)
    if stop_s:
        life.happened("passenger_alighted", life.now)
        life.track.stand(stop_s)
        life.happened("passenger_boarded", life.now)
        life.track.stand(6)
    life.track.follow(laid.onward, RIDE)
    close(life, ride, boarded)
    fan = laid.fan
    told = (
        f"{laid.driven_m / 1000:.1f} km, {note} (shortest {fan.shortest_m / 1000:.1f}, "
        f"longest reasonable {fan.longest_m / 1000:.1f})"
    )
    plant(life, duty, post, (ride.on_s, ride.off_s), told, ride)
    return ride


def _approved(life: Life, duty: Duty, post: Post) -> None:
    _closure(life, duty, post, approved=True)


def _closure(life: Life, duty: Duty, post: Post, *, approved: bool) -> None:
    """Across the river, but not over the nearest bridge."""
    track = life.track
    streets, graph = track.streets, track.streets.graph
    column = min(_BRIDGES, key=lambda bridge: abs(bridge - track.node[0]))
    start, goal = (column, town.RIVER_ROW - 3), (column, town.RIVER_ROW + 4)
    track.drive(start, RIDE)
    end = town.corner_of((column, town.RIVER_ROW))
    closed = next(
        number
        for number, way in enumerate(streets.ways)
        if way.kind.part == "bridge" and end in (way.points[0], way.points[-1])
    )
    cost = np.where(graph.way == closed, np.inf, graph.driven_s())
    round_about = way_back(graph, tree_from(graph, cost, track.point), town.corner_of(goal))
    laid = Laid(fan_of(graph, track.point, town.corner_of(goal)), round_about, round_about[:0])
    said = "closed, approved: excused" if approved else "said to be closed, but nobody approved that"
    ride = _ridden(life, duty, post, laid, f"over the next bridge: {streets.ways[closed].kind.name} {said}")
    if ride is not None:
        life.closures.append(Closure(streets.ways[closed].way_id, ride.on_s, ride.off_s, approved))


def _faster(life: Life, duty: Duty, post: Post) -> None:
    """Along the expressway, which is longer and yet faster."""
    track, rng = life.track, life.rng
    graph = track.streets.graph
    for _ in range(_TRIES):
        row = town.EXPRESSWAY_ROW + int(rng.choice([-5, -4, -3, 3, 4, 5]))
        column = int(rng.integers(2, 30))
        start = (column, row)
        goal = (column + int(rng.integers(20, 31)), row + int(rng.integers(-1, 2)))
        if rng.random() < 0.5:  # noqa: PLR2004 - either direction
            start, goal = goal, start
        fan = fan_of(graph, town.corner_of(start), town.corner_of(goal))
        over = town.corner_of(goal)
        laid = Laid(fan, way_back(graph, fan.there, over), way_on(graph, fan.onward, over))
        shortest = way_back(graph, tree_from(graph, graph.length_m, town.corner_of(start)), over)
        slower = graph.driven_s()[shortest].sum() / graph.driven_s()[laid.edges].sum()
        longer_m = laid.driven_m - fan.shortest_m
        if longer_m > max((_FAR - 1) * fan.shortest_m, _FAR_M) and slower > _CLEARLY_SLOWER:
            track.drive(start, RIDE)
            _ridden(life, duty, post, laid, "by the expressway: longer, and faster")
            return


def _stop(life: Life, duty: Duty, post: Post) -> None:
    laid = _laid_out(life, (4_000.0, 6_500.0), _is_detour)
    note = "with a stop on the way where somebody got out and somebody in"
    _ridden(life, duty, post, laid, note, stop_s=_STOP_S)


def _gap(life: Life, duty: Duty, post: Post) -> None:
    laid = _laid_out(life, (4_000.0, 6_500.0), _is_detour)
    note = "five minutes of it without positions: cannot tell"
    ride = _ridden(life, duty, post, laid, note)
    if ride is not None:
        middle = (ride.on_s + ride.off_s) // 2
        life.disturbances.append(Disturbance("silent", middle - _GAP_S // 2, middle + _GAP_S // 2))


def _rush(life: Life, duty: Duty, post: Post) -> None:
    laid = _laid_out(life, (7_000.0, 12_000.0), _is_fair)
    _ridden(life, duty, post, laid, "in the rush hour, another way that is at most a fifth slower")
