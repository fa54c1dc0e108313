"""Runs of positions above the limit: the kernel that flags them, and what each run measures.

A fix counts as above its limit when the device's own speed is above both margins. A run is made of
successive such fixes, without a jump or a long gap between them; whether it was long enough is the rule's
question. The speed from point to point is measured over the same run and has to say the same.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.facts.track import Track

Int16s = npt.NDArray[np.int16]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Between two fixes further apart in time nobody knows how fast the car went.
GAP_MS: Final = 60_000
# Whoever stands is not judged: a receiver at rest wanders.
MOVING_CKMH: Final = 500
NO_LIMIT: Final = -1

_CKMH: Final = 100
_MPS_TO_KMH: Final = 3.6


@dataclass(frozen=True)
class Runs:
    """Runs of fixes above the limit; all arrays of one length.

    Attributes:
        vehicle: index into the track's vehicles.
        first, last: rows of the track's line.
        device_kmh: mean of the device's speeds.
        chord_kmh: metres from point to point over the time between first and last.
        top_kmh: the device's highest.
        distance_m: metres from point to point.
        limit_kmh: the highest limit of any of its fixes.
    """

    vehicle: Int64s
    first: Int64s
    last: Int64s
    device_kmh: Floats
    chord_kmh: Floats
    top_kmh: Floats
    distance_m: Floats
    limit_kmh: Int16s


def allowed_kmh(limit_kmh: Floats, ratio: float, kmh: float) -> Floats:
    """Above this is above the limit: the larger of both margins counts."""
    result: Floats = np.maximum(limit_kmh * (1 + ratio), limit_kmh + kmh)
    return result


def over_limit_runs(track: Track, limit_kmh: Int16s, *, ratio: float, kmh: float, least_fixes: int) -> Runs:
    """Runs of at least `least_fixes` successive fixes above their limits. Oracle: `over_limit_runs_in_numpy`.

    Args:
        track: the clean line.
        limit_kmh: the limit at each fix of the line, `NO_LIMIT` where nobody knows it; such a fix ends a run.
        ratio, kmh: margins; a speed has to be above the limit by both.
        least_fixes: shorter runs are left out.
    """
    return Runs(
        *_runs(
            track.starts, track.time_ms, track.speed_ckmh, track.leap, track.cum_m, limit_kmh,
            ratio, kmh, least_fixes,
        )
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _runs(
    starts: Int64s,
    time_ms: Int64s,
    speed_ckmh: npt.NDArray[np.int32],
    leap: npt.NDArray[np.bool_],
    cum_m: Floats,
    limit_kmh: Int16s,
    ratio: float,
    kmh: float,
    least_fixes: int,
) -> tuple[Int64s, Int64s, Int64s, Floats, Floats, Floats, Floats, Int16s]:
    most = time_ms.size // max(1, least_fixes) + 1
    vehicle = np.empty(most, dtype=np.int64)
    first = np.empty(most, dtype=np.int64)
    last = np.empty(most, dtype=np.int64)
    n = 0
    for v in range(starts.size - 1):
        begin = np.int64(-1)
        for i in range(starts[v], starts[v + 1] + 1):
            over = False
            if i < starts[v + 1] and limit_kmh[i] >= 0 and speed_ckmh[i] >= MOVING_CKMH:
                limit = float(limit_kmh[i])
                over = speed_ckmh[i] > _CKMH * max(limit * (1.0 + ratio), limit + kmh)
            broken = i < starts[v + 1] and begin >= 0 and (leap[i] or time_ms[i] - time_ms[i - 1] > GAP_MS)
            if begin >= 0 and (not over or broken):
                if i - begin >= least_fixes:
                    vehicle[n], first[n], last[n] = v, begin, i - 1
                    n += 1
                begin = np.int64(-1)
            if over and begin < 0:
                begin = np.int64(i)
    vehicle, first, last = vehicle[:n].copy(), first[:n].copy(), last[:n].copy()
    device = np.zeros(n)
    chord = np.zeros(n)
    top = np.zeros(n)
    distance = np.zeros(n)
    highest = np.zeros(n, dtype=np.int16)
    for run in range(n):
        total = 0.0
        for i in range(first[run], last[run] + 1):
            total += speed_ckmh[i] / 100.0
            top[run] = max(top[run], speed_ckmh[i] / 100.0)
            highest[run] = max(highest[run], limit_kmh[i])
        device[run] = total / (last[run] - first[run] + 1)
        distance[run] = cum_m[last[run]] - cum_m[first[run]]
        seconds = (time_ms[last[run]] - time_ms[first[run]]) / 1000.0
        chord[run] = distance[run] / seconds * _MPS_TO_KMH if seconds > 0 else 0.0
    return vehicle, first, last, device, chord, top, distance, highest


def over_limit_runs_in_numpy(
    track: Track, limit_kmh: Int16s, *, ratio: float, kmh: float, least_fixes: int
) -> Runs:
    """The same over whole columns."""
    n = track.time_ms.size
    speed = track.speed_ckmh / _CKMH
    with np.errstate(invalid="ignore"):
        over = (limit_kmh >= 0) & (track.speed_ckmh >= MOVING_CKMH)
        over &= speed > allowed_kmh(limit_kmh.astype(np.float64), ratio, kmh)
    vehicle = np.repeat(np.arange(track.starts.size - 1), np.diff(track.starts))
    new = np.ones(n, dtype=bool)
    new[1:] = ~over[:-1] | (vehicle[1:] != vehicle[:-1]) | track.leap[1:] | (np.diff(track.time_ms) > GAP_MS)
    first = np.flatnonzero(over & new)
    ends = np.ones(n, dtype=bool)
    ends[:-1] = ~over[1:] | new[1:]
    last = np.flatnonzero(over & ends)
    enough = last - first + 1 >= least_fixes
    first, last = first[enough], last[enough]
    rows = [np.arange(a, b + 1) for a, b in zip(first, last, strict=True)]
    distance = track.cum_m[last] - track.cum_m[first]
    seconds = (track.time_ms[last] - track.time_ms[first]) / 1000.0
    return Runs(
        vehicle[first].astype(np.int64),
        first,
        last,
        np.array([speed[of].mean() for of in rows]),
        np.array([d / s * _MPS_TO_KMH if s > 0 else 0.0 for d, s in zip(distance, seconds, strict=True)]),
        np.array([speed[of].max() for of in rows]),
        distance,
        np.array([limit_kmh[of].max() for of in rows], dtype=np.int16),
    )
