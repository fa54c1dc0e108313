"""How a made car moves: from stop to stop with a start, a steady stretch and a braking, and how it stands.

A `Track` is written leg by leg. When it is complete, `Track.sampled()` gives where the car was at every
whole second; meter, fixes and events are all read off that, so they agree about one true movement.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.lab.city import City, Floats, Node

_SPEED_UP_MS2: Final = 1.3
_SLOW_DOWN_MS2: Final = 1.6
_RED_LIGHT_SHARE: Final = 0.28
_RED_LIGHT_S: Final = (6.0, 45.0)
_TURN_PAUSE_S: Final = (0.5, 3.0)


@dataclass(frozen=True)
class Sampled:
    """A car's true movement at every whole second.

    Attributes:
        first_s: the second of row 0 (counted from the fleet's first midnight).
        along_m: distance driven since the start.
        speed_ms: speed in metres a second.
        east_m, north_m: where it was.
    """

    first_s: int
    along_m: Floats
    speed_ms: Floats
    east_m: Floats
    north_m: Floats

    def row(self, second: int) -> int:
        """The row of a second, kept inside."""
        return int(np.clip(second - self.first_s, 0, self.along_m.size - 1))


@dataclass
class Track:
    """A car's movement while it is being written.

    Attributes:
        now_s: the second at which the next leg begins (a whole number between legs).
        node: the street corner the car stands at, or drives to next.
        at_m: where it stands, metres east and north.
    """

    city: City
    rng: np.random.Generator
    now_s: float
    node: Node
    at_m: tuple[float, float] = (0.0, 0.0)
    driven_m: float = 0.0
    _starts: list[Floats] = field(default_factory=list)
    _lengths: list[Floats] = field(default_factory=list)
    _tops: list[Floats] = field(default_factory=list)
    _vertices: list[Floats] = field(default_factory=list)
    first_s: int = 0

    def __post_init__(self) -> None:
        """Puts the car on its corner."""
        self.at_m = self.city.place(self.node)
        self.first_s = int(self.now_s)
        self._vertices.append(np.array([[0.0, *self.at_m]]))

    def stand(self, seconds: float) -> None:
        """Stands still for whole seconds."""
        seconds = float(max(0, round(seconds)))
        if seconds:
            self._append(np.array([0.0]), np.array([0.0]), np.array([seconds]))

    def stand_until(self, second: int) -> None:
        """Stands still until a moment that has not passed."""
        self.stand(second - self.now_s)

    def drive(self, nodes: list[Node], kmh: float, *, stop_after_m: float | None = None) -> None:
        """Drives along nodes (the first is where it stands or goes), ending at a whole second.

        With `stop_after_m` it stops in the middle of the street after that many metres.
        """
        places = np.array([self.at_m, *(self.city.place(n) for n in nodes)])
        keep = np.concatenate(([True], np.hypot(*np.diff(places, axis=0).T) > 1.0))
        places = places[keep]
        steps = np.hypot(*np.diff(places, axis=0).T)
        self.node = nodes[-1]
        if stop_after_m is not None and steps.sum() > stop_after_m:
            ends = np.cumsum(steps)
            cut = int(np.searchsorted(ends, stop_after_m))
            part = (stop_after_m - (ends[cut] - steps[cut])) / steps[cut]
            places = np.vstack((places[: cut + 1], places[cut] + part * (places[cut + 1] - places[cut])))
            steps = np.hypot(*np.diff(places, axis=0).T)
            self.node = [n for n, k in zip([None, *nodes], keep, strict=True) if k][cut + 1] or self.node
        if steps.size == 0:
            return
        heading = np.arctan2(*np.diff(places, axis=0).T)
        turn = np.abs(np.angle(np.exp(1j * np.diff(heading)))) > 0.8  # noqa: PLR2004 - some 45 degrees
        red = self.rng.random(turn.size) < _RED_LIGHT_SHARE
        pause = np.where(
            red, self.rng.uniform(*_RED_LIGHT_S, turn.size), self.rng.uniform(*_TURN_PAUSE_S, turn.size)
        )
        halts = np.flatnonzero(turn | red)
        ends = np.cumsum(steps)
        marks = np.concatenate((ends[halts], ends[-1:]))
        lengths = np.diff(np.concatenate(([0.0], marks)))
        tops = np.clip(self.rng.normal(kmh, 4.0, lengths.size), 18.0, 62.0) / 3.6
        tops = np.minimum(
            tops, np.sqrt(2 * lengths * _SPEED_UP_MS2 * _SLOW_DOWN_MS2 / (_SPEED_UP_MS2 + _SLOW_DOWN_MS2))
        )
        lasts = lengths / tops + tops / 2 * (1 / _SPEED_UP_MS2 + 1 / _SLOW_DOWN_MS2)
        rests = np.concatenate((pause[halts], [0.0]))
        total = float(np.sum(lasts + rests))
        rests[-1] = np.ceil(self.now_s + total) - (self.now_s + total)
        self._vertices.append(np.column_stack((self.driven_m + ends, places[1:])))
        moving = np.column_stack((lengths, np.zeros_like(lengths))).ravel()
        top = np.column_stack((tops, np.zeros_like(tops))).ravel()
        self._append(moving, top, np.column_stack((lasts, rests)).ravel())
        self.now_s = float(round(self.now_s))
        self.at_m = (float(places[-1, 0]), float(places[-1, 1]))

    def _append(self, lengths: Floats, tops: Floats, lasts: Floats) -> None:
        self._starts.append(self.now_s + np.concatenate(([0.0], np.cumsum(lasts)[:-1])))
        self._lengths.append(lengths)
        self._tops.append(tops)
        self.now_s += float(lasts.sum())
        self.driven_m += float(lengths.sum())

    def sampled(self) -> Sampled:
        """The movement at every whole second from the first to now."""
        starts, lengths = np.concatenate(self._starts), np.concatenate(self._lengths)
        tops = np.concatenate(self._tops)
        begun = np.concatenate(([0.0], np.cumsum(lengths)[:-1]))
        seconds = np.arange(self.first_s, int(self.now_s) + 1, dtype=np.float64)
        piece = np.searchsorted(starts, seconds, side="right") - 1
        into, top, length = seconds - starts[piece], tops[piece], lengths[piece]
        with np.errstate(divide="ignore", invalid="ignore"):
            lasts = length / top + top / 2 * (1 / _SPEED_UP_MS2 + 1 / _SLOW_DOWN_MS2)
        lasts = np.where(length > 0, lasts, 0.0)
        left = np.maximum(lasts - into, 0.0)
        gaining, braking = into < top / _SPEED_UP_MS2, left < top / _SLOW_DOWN_MS2
        speed = np.where(gaining, _SPEED_UP_MS2 * into, np.where(braking, _SLOW_DOWN_MS2 * left, top))
        speed = np.where(length > 0, speed, 0.0)
        steady = top * top / 2 / _SPEED_UP_MS2 + top * (into - top / _SPEED_UP_MS2)
        within = np.where(
            gaining,
            _SPEED_UP_MS2 * into * into / 2,
            np.where(braking, length - _SLOW_DOWN_MS2 * left * left / 2, steady),
        )
        along = begun[piece] + np.where(length > 0, within, 0.0)
        vertices = np.concatenate(self._vertices)
        return Sampled(
            self.first_s,
            along,
            speed,
            np.interp(along, vertices[:, 0], vertices[:, 1]),
            np.interp(along, vertices[:, 0], vertices[:, 2]),
        )


def seconds_slower(sampled: Sampled, from_s: int, to_s: int, kmh: float) -> int:
    """How many seconds of a span were slower than a speed."""
    return int(np.count_nonzero(sampled.speed_ms[sampled.row(from_s) : sampled.row(to_s)] < kmh / 3.6))


def metres_each_second(sampled: Sampled, from_s: int, to_s: int) -> npt.NDArray[np.float64]:
    """Metres driven in each second of a span."""
    return np.diff(sampled.along_m[sampled.row(from_s) : sampled.row(to_s) + 1])
