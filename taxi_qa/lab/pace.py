"""How fast a made car is along a way: sections with a top speed become pieces of steady acceleration."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from taxi_qa.lab.city import Floats

SPEED_UP_MS2: Final = 1.3
SLOW_DOWN_MS2: Final = 1.6

_LEAST_SHARE: Final = 0.5
_MOST_SHARE: Final = 0.98
_SPREAD: Final = 0.06
_RUSH_S: Final = ((7 * 3600, 9 * 3600), (17 * 3600, 19 * 3600))
_RUSH_SHARE: Final = 0.82


@dataclass(frozen=True)
class Sprint:
    """A stretch driven at a speed of its own, whatever the limit.

    Attributes:
        from_m: where it begins, metres from the begin of the way.
        kmh: the speed.
        steady_s: how long it is held; speeding up before and slowing down after come on top.
    """

    from_m: float
    kmh: float
    steady_s: float

    def length_m(self, around_ms: float) -> float:
        """How long the stretch is, where the car drives `around_ms` before and after."""
        top = self.kmh / 3.6
        change = abs(top * top - around_ms * around_ms) / 2
        return change / SPEED_UP_MS2 + top * self.steady_s + change / SLOW_DOWN_MS2


@dataclass(frozen=True)
class Pieces:
    """Pieces of movement, each with the seconds it lasts, its first speed and its steady change of speed."""

    lasts_s: Floats
    speed_ms: Floats
    change_ms2: Floats

    def metres(self) -> Floats:
        """Metres driven in each piece."""
        return self.speed_ms * self.lasts_s + self.change_ms2 * self.lasts_s**2 / 2


def shares(mean: float, count: int, second: float, rng: np.random.Generator) -> Floats:
    """What somebody drives of the limit on successive sections: never more than it, less in rush hours.

    Below half of it only where that is meant.
    """
    rush = any(first <= second % 86_400 < last for first, last in _RUSH_S)
    driven = rng.normal(mean * (_RUSH_SHARE if rush else 1.0), _SPREAD, count)
    return np.clip(driven, min(mean, _LEAST_SHARE), _MOST_SHARE)


def pieces_of(length_m: Floats, top_ms: Floats, pause_s: Floats) -> Pieces:
    """A drive from standing to standing.

    Args:
        length_m: of each section.
        top_ms: the speed the driver would hold there.
        pause_s: how long the car stands at the end of each section; 0: it drives on (but for the last).
    """
    v0, v1 = _speeds_between(length_m, top_ms, pause_s)
    a, b = SPEED_UP_MS2, SLOW_DOWN_MS2
    peak = np.minimum(top_ms, np.sqrt((2 * a * b * length_m + b * v0 * v0 + a * v1 * v1) / (a + b)))
    peak = np.maximum(peak, np.maximum(v0, v1))
    gaining, braking = (peak * peak - v0 * v0) / (2 * a), (peak * peak - v1 * v1) / (2 * b)
    lasts = np.column_stack(
        (
            (peak - v0) / a,
            np.maximum(length_m - gaining - braking, 0.0) / peak,
            (peak - v1) / b,
            pause_s,
        )
    )
    nothing = np.zeros_like(peak)
    speed = np.column_stack((v0, peak, peak, nothing)).ravel()
    change = np.column_stack((nothing + a, nothing, nothing - b, nothing)).ravel()
    keep = lasts.ravel() > 0
    return Pieces(lasts.ravel()[keep], speed[keep], change[keep])


def _speeds_between(length_m: Floats, top_ms: Floats, pause_s: Floats) -> tuple[Floats, Floats]:
    """Speed at the begin and end of each section: what both allow, and what can be reached and braked off."""
    tops, lengths = top_ms.tolist(), length_m.tolist()
    last = len(tops) - 1
    ends = [
        0.0 if at == last or pause > 0 else min(tops[at], tops[at + 1])
        for at, pause in enumerate(pause_s.tolist())
    ]
    for at in range(last, 0, -1):
        ends[at - 1] = min(ends[at - 1], (ends[at] ** 2 + 2 * SLOW_DOWN_MS2 * lengths[at]) ** 0.5)
    begins = [0.0]
    for at in range(last + 1):
        ends[at] = min(ends[at], (begins[at] ** 2 + 2 * SPEED_UP_MS2 * lengths[at]) ** 0.5)
        begins.append(ends[at])
    return np.array(begins[:-1]), np.array(ends)
