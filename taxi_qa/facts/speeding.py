"""Runs of positions above the limit: the kernels that flag them, what each measures, and what of it is sure.

A fix counts as above its limit when the device's own speed is above both margins. A run is made of
successive such fixes, without a jump or a long gap between them; whether it was long enough is the rule's
question. The speed from point to point is measured over the same run and has to say the same, as far as it
can: it falls short in bends, and places err.

A receiver's error lasts, and puts a car beside its road for half a minute and more. So a run is sure only as
far as no faster road lies within such an error; elsewhere it may have been driven there.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.facts.track import Track

Int16s = npt.NDArray[np.int16]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

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
        sure_kmh: what both speeds say: the device's mean, or the speed from point to point and what it may
            fall short by, whichever is lower.
        top_kmh: the device's highest.
        distance_m: metres from point to point.
        limit_kmh: mean over time of the limit, on each step the higher of its two ends: on the way from an
            expressway to a street the speed allowed lies between theirs.
    """

    vehicle: Int64s
    first: Int64s
    last: Int64s
    device_kmh: Floats
    chord_kmh: Floats
    sure_kmh: Floats
    top_kmh: Floats
    distance_m: Floats
    limit_kmh: Floats


def allowed_kmh(limit_kmh: Floats, ratio: float, kmh: float) -> Floats:
    """Above this is above the limit: the larger of both margins counts."""
    result: Floats = np.maximum(limit_kmh * (1 + ratio), limit_kmh + kmh)
    return result


class Margins(NamedTuple):
    """What has to be exceeded, and how far the witnesses may err.

    Attributes:
        ratio, kmh: a speed has to be above the limit by both.
        least_fixes: shorter runs are left out.
        error_m: error of a place, one sigma.
        cut_ratio: share by which straight lines between fixes may fall short of the way.
    """

    ratio: float
    kmh: float
    least_fixes: int
    error_m: float
    cut_ratio: float


def over_limit_runs(track: Track, limit_kmh: Int16s, margins: Margins) -> Runs:
    """Runs of at least `least_fixes` successive fixes above their limits. Oracle: `over_limit_runs_in_numpy`.

    Args:
        track: the clean line.
        limit_kmh: the limit at each fix of the line, `NO_LIMIT` where nobody knows it; such a fix ends a run.
        margins: of the house.
    """
    spans = _spans(track.starts, track.time_ms, track.speed_ckmh, track.leap, limit_kmh, margins)
    return measured(track, limit_kmh, margins, *spans)


def measured(
    track: Track, limit_kmh: Int16s, margins: Margins, vehicle: Int64s, first: Int64s, last: Int64s
) -> Runs:
    """What the fixes from first to last measure, both included. Oracle: `measured_in_numpy`.

    Args:
        track: the clean line.
        limit_kmh: the limit at each of its fixes, known at those that are measured.
        margins: of the house.
        vehicle, first, last: as in `Runs`.
    """
    line = track.time_ms, track.speed_ckmh, track.cum_m, limit_kmh
    return Runs(vehicle, first, last, *_measures(*line, first, last, margins))


@njit(cache=True, nogil=True)
def _spans(
    starts: Int64s,
    time_ms: Int64s,
    speed_ckmh: npt.NDArray[np.int32],
    leap: npt.NDArray[np.bool_],
    limit_kmh: Int16s,
    margins: Margins,
) -> tuple[Int64s, Int64s, Int64s]:
    """Vehicle, first and last of each run."""
    most = time_ms.size // max(1, margins.least_fixes) + 1
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
                allowed = max(limit * (1.0 + margins.ratio), limit + margins.kmh)
                over = speed_ckmh[i] > _CKMH * allowed
            broken = i < starts[v + 1] and begin >= 0 and (leap[i] or time_ms[i] - time_ms[i - 1] > GAP_MS)
            if begin >= 0 and (not over or broken):
                if i - begin >= margins.least_fixes:
                    vehicle[n], first[n], last[n] = v, begin, i - 1
                    n += 1
                begin = np.int64(-1)
            if over and begin < 0:
                begin = np.int64(i)
    return vehicle[:n].copy(), first[:n].copy(), last[:n].copy()


@njit(cache=True, nogil=True)
def _measures(
    time_ms: Int64s,
    speed_ckmh: npt.NDArray[np.int32],
    cum_m: Floats,
    limit_kmh: Int16s,
    first: Int64s,
    last: Int64s,
    margins: Margins,
) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
    """Of each run: device, chord, sure and top speed, distance, limit."""
    n = first.size
    device = np.zeros(n)
    chord = np.zeros(n)
    sure = np.zeros(n)
    top = np.zeros(n)
    distance = np.zeros(n)
    limit_mean = np.zeros(n)
    for run in range(n):
        total = 0.0
        for i in range(first[run], last[run] + 1):
            total += speed_ckmh[i] / 100.0
            top[run] = max(top[run], speed_ckmh[i] / 100.0)
            if i > first[run]:
                held_s = (time_ms[i] - time_ms[i - 1]) / 1000.0
                limit_mean[run] += max(limit_kmh[i - 1], limit_kmh[i]) * held_s
        device[run] = total / (last[run] - first[run] + 1)
        distance[run] = cum_m[last[run]] - cum_m[first[run]]
        seconds = (time_ms[last[run]] - time_ms[first[run]]) / 1000.0
        chord[run] = distance[run] / seconds * _MPS_TO_KMH if seconds > 0 else 0.0
        # Two places err, each by less than two sigma of 1.41 times the error of one.
        short = 2.0 * np.sqrt(2.0) * margins.error_m / seconds * _MPS_TO_KMH if seconds > 0 else 0.0
        sure[run] = min(device[run], chord[run] * (1.0 + margins.cut_ratio) + short)
        limit_mean[run] = limit_mean[run] / seconds if seconds > 0 else float(limit_kmh[first[run]])
    return device, chord, sure, top, distance, limit_mean


def sure_parts(
    track: Track, runs: Runs, sure: Bools, least_fixes: int, least_s: float
) -> tuple[Int64s, Int64s]:
    """Of each run the part that is sure, from its first sure fix to its last. Oracle: `sure_parts_in_numpy`.

    What lies between two sure fixes of a run was driven as fast, and on the same way.

    Args:
        track: the clean line.
        runs: of fixes above their limits.
        sure: of each fix of the line, whether its speed is above the limit of every road it may have been on.
        least_fixes, least_s: so many sure fixes, so far apart, are enough.

    Returns:
        First and last row of the line, both -1 where too few fixes are sure.
    """
    return _sure(track.time_ms, runs.first, runs.last, sure, least_fixes, least_s)


@njit(cache=True, nogil=True)
def _sure(
    time_ms: Int64s, first: Int64s, last: Int64s, sure: Bools, least_fixes: int, least_s: float
) -> tuple[Int64s, Int64s]:
    begin = np.full(first.size, np.int64(-1), dtype=np.int64)
    end = np.full(first.size, np.int64(-1), dtype=np.int64)
    for run in range(first.size):
        n = 0
        for i in range(first[run], last[run] + 1):
            if sure[i]:
                n += 1
                end[run] = i
                if begin[run] < 0:
                    begin[run] = i
        if n < max(1, least_fixes) or time_ms[end[run]] - time_ms[begin[run]] < 1000.0 * least_s:
            begin[run], end[run] = -1, -1
    return begin, end


def sure_parts_in_numpy(
    track: Track, runs: Runs, sure: Bools, least_fixes: int, least_s: float
) -> tuple[Int64s, Int64s]:
    """The same, a run at a time."""
    begin = np.full(runs.first.size, -1, dtype=np.int64)
    end = begin.copy()
    for run, (first, last) in enumerate(zip(runs.first, runs.last, strict=True)):
        rows = first + np.flatnonzero(sure[first : last + 1])
        if rows.size >= max(1, least_fixes) and np.ptp(track.time_ms[rows]) / 1000.0 >= least_s:
            begin[run], end[run] = rows[0], rows[-1]
    return begin, end


def over_limit_runs_in_numpy(track: Track, limit_kmh: Int16s, margins: Margins) -> Runs:
    """The same over whole columns."""
    n = track.time_ms.size
    speed = track.speed_ckmh / _CKMH
    with np.errstate(invalid="ignore"):
        over = (limit_kmh >= 0) & (track.speed_ckmh >= MOVING_CKMH)
        over &= speed > allowed_kmh(limit_kmh.astype(np.float64), margins.ratio, margins.kmh)
    vehicle = np.repeat(np.arange(track.starts.size - 1), np.diff(track.starts))
    new = np.ones(n, dtype=bool)
    new[1:] = ~over[:-1] | (vehicle[1:] != vehicle[:-1]) | track.leap[1:] | (np.diff(track.time_ms) > GAP_MS)
    first = np.flatnonzero(over & new)
    ends = np.ones(n, dtype=bool)
    ends[:-1] = ~over[1:] | new[1:]
    last = np.flatnonzero(over & ends)
    enough = last - first + 1 >= margins.least_fixes
    first, last = first[enough], last[enough]
    return measured_in_numpy(track, limit_kmh, margins, vehicle[first].astype(np.int64), first, last)


def measured_in_numpy(
    track: Track, limit_kmh: Int16s, margins: Margins, vehicle: Int64s, first: Int64s, last: Int64s
) -> Runs:
    """The same over whole columns."""
    speed = track.speed_ckmh / _CKMH
    rows = [np.arange(a, b + 1) for a, b in zip(first, last, strict=True)]
    distance = track.cum_m[last] - track.cum_m[first]
    seconds = (track.time_ms[last] - track.time_ms[first]) / 1000.0
    moved = seconds > 0
    per_s = np.divide(1.0, seconds, out=np.zeros(seconds.size), where=moved)
    device, chord = np.array([speed[of].mean() for of in rows]), distance * per_s * _MPS_TO_KMH
    short = 2 * np.sqrt(2) * margins.error_m * per_s * _MPS_TO_KMH
    return Runs(
        vehicle,
        first,
        last,
        device,
        chord,
        np.minimum(device, chord * (1 + margins.cut_ratio) + short),
        np.array([speed[of].max() for of in rows]),
        distance,
        np.array([_mean_limit(limit_kmh[of].astype(np.float64), track.time_ms[of]) for of in rows]),
    )


def _mean_limit(limit_kmh: Floats, time_ms: Int64s) -> float:
    held_ms = np.diff(time_ms)
    if not held_ms.sum():
        return float(limit_kmh[0])
    return float(np.average(np.maximum(limit_kmh[:-1], limit_kmh[1:]), weights=held_ms))
