"""How a made car moves: along streets, as fast as its driver likes, with halts at lights and turns.

A `Track` is written drive by drive. When it is complete, `Track.sampled()` gives where the car was at every
whole second; meter, fixes and events are all read off that, so they agree about one true movement.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.lab.city import COLUMNS, ROWS, Floats, Node, corner_of, node_at
from taxi_qa.lab.pace import Pieces, Sprint, pieces_of, shares
from taxi_qa.lab.streets import Streets
from taxi_qa.lab.wayfinding import Habit, Ints, habit_of, route

_RED_LIGHT_SHARE: Final = 0.28
_RED_LIGHT_S: Final = (6.0, 45.0)
_TURN_PAUSE_S: Final = (0.5, 3.0)
_TURN_RAD: Final = 0.8  # some 45 degrees
# No lights hold up a sprint, nor the approach to it.
_CLEAR_WAY_M: Final = 400.0


@dataclass(frozen=True)
class Sampled:
    """A car's true movement at every whole second.

    Attributes:
        first_s: the second of row 0 (counted from the fleet's first midnight).
        along_m: distance driven since the start.
        speed_ms: speed in metres a second.
        east_m, north_m: where it was.
        edge: the edge of the streets it was on.
    """

    first_s: int
    along_m: Floats
    speed_ms: Floats
    east_m: Floats
    north_m: Floats
    edge: Ints

    def row(self, second: int) -> int:
        """The row of a second, kept inside."""
        return int(np.clip(second - self.first_s, 0, self.along_m.size - 1))


@dataclass
class Track:
    """A car's movement while it is being written.

    Attributes:
        streets: where it drives.
        now_s: the second at which the next drive begins (a whole number between drives).
        point: the point of the streets it stands at, or drives to next.
        at_m: where it stands, metres east and north.
        midway: the edge it stands in the middle of, -1 at a point.
        habit: what its driver thinks of the streets.
    """

    streets: Streets
    rng: np.random.Generator
    now_s: float
    start: Node
    driven_m: float = 0.0
    midway: int = -1
    _starts: list[Floats] = field(default_factory=list)
    _lasts: list[Floats] = field(default_factory=list)
    _speeds: list[Floats] = field(default_factory=list)
    _changes: list[Floats] = field(default_factory=list)
    _vertices: list[Floats] = field(default_factory=list)
    _edges: list[Ints] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Puts the car on its corner."""
        self.point = corner_of(self.start)
        self.at_m = self._place(self.point)
        self.habit: Habit = habit_of(self.streets.graph, self.rng)
        self.first_s = int(self.now_s)
        self._vertices.append(np.array([[0.0, *self.at_m]]))

    def _place(self, point: int) -> tuple[float, float]:
        return float(self.streets.east_m[point]), float(self.streets.north_m[point])

    @property
    def node(self) -> Node:
        """The street corner the car stands at, or the one nearest to where it drives next."""
        if self.point < COLUMNS * ROWS:
            return divmod(self.point, ROWS)
        return node_at(*self._place(self.point))

    def stand(self, seconds: float) -> None:
        """Stands still for whole seconds."""
        seconds = float(max(0, round(seconds)))
        if seconds:
            self._append(Pieces(np.array([seconds]), np.zeros(1), np.zeros(1)))

    def stand_until(self, second: int) -> None:
        """Stands still until a moment that has not passed."""
        self.stand(second - self.now_s)

    def route_to(self, goal: Node) -> Ints:
        """The edges its driver would take to a corner."""
        return route(self.streets.graph, self.habit, self.streets.places, self.point, corner_of(goal))

    def drive(self, goal: Node, share: float, *, stop_after_m: float | None = None) -> None:
        """Drives to a corner the way its driver likes best; see `follow`."""
        self.follow(self.route_to(goal), share, stop_after_m=stop_after_m)

    def follow(
        self, edges: Ints, share: float, *, stop_after_m: float | None = None, sprint: Sprint | None = None
    ) -> Ints:
        """Drives along edges (from the point where it stands or goes), ending at a whole second.

        Args:
            edges: the way.
            share: what the driver drives of the limit, on average.
            stop_after_m: it stops in the middle of the street after that many metres.
            sprint: a stretch driven at another speed; then the rest is driven at just `share` of the limit.

        Returns:
            The edges it has not yet come to.
        """
        graph = self.streets.graph
        here = self._place(self.point)
        if self.midway >= 0 and np.hypot(self.at_m[0] - here[0], self.at_m[1] - here[1]) > 1.0:
            edges = np.concatenate(([self.midway], edges))
        left = edges[:0]
        if not edges.size:
            return left
        points = graph.head[edges]
        places = np.vstack(
            (self.at_m, np.column_stack((self.streets.east_m[points], self.streets.north_m[points])))
        )
        steps = np.hypot(*np.diff(places, axis=0).T)
        self.midway = -1
        if stop_after_m is not None and steps.sum() > stop_after_m:
            ends = np.cumsum(steps)
            cut = int(np.searchsorted(ends, stop_after_m))
            part = (stop_after_m - (ends[cut] - steps[cut])) / steps[cut]
            places = np.vstack((places[: cut + 1], places[cut] + part * (places[cut + 1] - places[cut])))
            edges, left = edges[: cut + 1], edges[cut + 1 :]
            steps = np.append(steps[:cut], part * steps[cut])
            self.midway = int(edges[cut])
        self.point = int(graph.head[edges[-1]])
        pause = self._pauses(edges, places, steps, sprint)
        lengths, tops, pauses = self._sections(edges, steps, pause, share, sprint)
        pieces = pieces_of(lengths, tops, pauses)
        self._vertices.append(np.column_stack((self.driven_m + np.cumsum(steps), places[1:])))
        self._edges.append(edges)
        self._append(pieces)
        idle = float(np.ceil(self.now_s) - self.now_s)
        self._append(Pieces(np.array([idle]), np.zeros(1), np.zeros(1)))
        self.now_s = float(round(self.now_s))
        self.at_m = (float(places[-1, 0]), float(places[-1, 1]))
        return left

    def _pauses(self, edges: Ints, places: Floats, steps: Floats, sprint: Sprint | None) -> Floats:
        """How long the car stands at the end of each edge."""
        heading = np.arctan2(*np.diff(places, axis=0).T)
        turn = np.abs(np.angle(np.exp(1j * np.diff(heading)))) > _TURN_RAD
        red = (self.rng.random(turn.size) < _RED_LIGHT_SHARE) & self.streets.graph.lit[
            self.streets.graph.head[edges[:-1]]
        ]
        if sprint is not None:
            ends = np.cumsum(steps)[:-1]
            red &= ends < sprint.from_m - _CLEAR_WAY_M
        waits, slows = (self.rng.uniform(*span, turn.size) for span in (_RED_LIGHT_S, _TURN_PAUSE_S))
        return np.append(np.where(red, waits, np.where(turn, slows, 0.0)), 0.0)

    def _sections(
        self, edges: Ints, steps: Floats, pause: Floats, share: float, sprint: Sprint | None
    ) -> tuple[Floats, Floats, Floats]:
        """Lengths, speeds and pauses of the sections driven in one go."""
        limits = self.streets.graph.limits_at(edges, self.now_s)
        if sprint is not None:
            return _with_sprint(steps, share * limits / 3.6, pause, sprint)
        parted = (pause[:-1] > 0) | (limits[1:] != limits[:-1])
        first = np.concatenate(([0], np.flatnonzero(parted) + 1))
        last = np.append(first[1:] - 1, steps.size - 1)
        driven = shares(share, first.size, self.now_s, self.rng)
        return np.add.reduceat(steps, first), limits[first] / 3.6 * driven, pause[last]

    def _append(self, pieces: Pieces) -> None:
        self._starts.append(self.now_s + np.concatenate(([0.0], np.cumsum(pieces.lasts_s)[:-1])))
        self._lasts.append(pieces.lasts_s)
        self._speeds.append(pieces.speed_ms)
        self._changes.append(pieces.change_ms2)
        self.now_s += float(pieces.lasts_s.sum())
        self.driven_m += float(pieces.metres().sum())

    def _so_far(self) -> tuple[Floats, Floats, Pieces]:
        """When each piece begins, the metres driven before it, and the pieces."""
        joined = (np.concatenate(parts) for parts in (self._lasts, self._speeds, self._changes))
        pieces = Pieces(*joined)
        return np.concatenate(self._starts), np.cumsum(pieces.metres()) - pieces.metres(), pieces

    def when(self, driven_m: float) -> int:
        """The second in which it had driven so many metres, to be asked of a place it did not stand at."""
        starts, begun, _ = self._so_far()
        return int(np.interp(driven_m, begun, starts))

    def sampled(self) -> Sampled:
        """The movement at every whole second from the first to now."""
        starts, begun, pieces = self._so_far()
        lasts, speeds, changes = pieces.lasts_s, pieces.speed_ms, pieces.change_ms2
        seconds = np.arange(self.first_s, int(self.now_s) + 1, dtype=np.float64)
        piece = np.searchsorted(starts, seconds, side="right") - 1
        into = np.minimum(seconds - starts[piece], lasts[piece])
        along = begun[piece] + speeds[piece] * into + changes[piece] * into**2 / 2
        vertices = np.concatenate(self._vertices)
        edges = np.concatenate([*self._edges, np.array([0])])
        return Sampled(
            self.first_s,
            along,
            np.maximum(speeds[piece] + changes[piece] * into, 0.0),
            np.interp(along, vertices[:, 0], vertices[:, 1]),
            np.interp(along, vertices[:, 0], vertices[:, 2]),
            edges[np.clip(np.searchsorted(vertices[1:, 0], along), 0, max(edges.size - 2, 0))],
        )


def _with_sprint(steps: Floats, tops: Floats, pause: Floats, sprint: Sprint) -> tuple[Floats, Floats, Floats]:
    """Sections edge by edge, with the stretch of the sprint cut in."""
    ends = np.cumsum(steps)
    around = tops[min(int(np.searchsorted(ends, sprint.from_m)), tops.size - 1)]
    to_m = sprint.from_m + sprint.length_m(float(around))
    marks = np.unique(np.concatenate((ends, np.clip([sprint.from_m, to_m], 0.0, ends[-1]))))
    marks = marks[marks > 0]
    lengths = np.diff(np.concatenate(([0.0], marks)))
    edge = np.minimum(np.searchsorted(ends, marks), steps.size - 1)
    middle = marks - lengths / 2
    within = (middle > sprint.from_m) & (middle < to_m)
    speeds = np.where(within, sprint.kmh / 3.6, tops[edge])
    pauses = np.where(np.isin(marks, ends), pause[edge], 0.0)
    return lengths, speeds, pauses


def seconds_slower(sampled: Sampled, from_s: int, to_s: int, kmh: float) -> int:
    """How many seconds of a span were slower than a speed."""
    return int(np.count_nonzero(sampled.speed_ms[sampled.row(from_s) : sampled.row(to_s)] < kmh / 3.6))


def metres_each_second(sampled: Sampled, from_s: int, to_s: int) -> npt.NDArray[np.float64]:
    """Metres driven in each second of a span."""
    return np.diff(sampled.along_m[sampled.row(from_s) : sampled.row(to_s) + 1])
