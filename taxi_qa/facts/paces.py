"""How fast a car went within a span, at the least the track allows.

The pace of a step is the lowest that anything says of it: its chord, less what a receiver at rest wanders,
and the device's speed at either end. Who stood at one end of it is not said to have moved.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.facts.given import NOT_GIVEN
from taxi_qa.facts.track import Track

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Between two fixes further apart nobody knows how fast the car went when.
STEP_MS: Final = 60_000
# A receiver at rest wanders so far between two fixes.
WANDER_M: Final = 5.0


def paces(
    track: Track, vehicle: Int64s, start_ms: Int64s, end_ms: Int64s, kmh: Floats
) -> tuple[Floats, Floats, Floats]:
    """How fast each car went within each span.

    Args:
        track: the clean line.
        vehicle: index into `track.vehicle_ids`, `NOT_GIVEN` where the vehicle has no track.
        start_ms, end_ms: both ends, included; they may be one moment.
        kmh: of each span, the pace above which its seconds are counted.

    Returns:
        Seconds above it, the highest and the lowest pace (km/h) of the steps that touch the span; all NaN
        where the track does not cover it with steps of at most a minute. Oracle: `paces_in_numpy`.
    """
    return _paces(track.starts, track.time_ms, track.cum_m, track.speed_ckmh, vehicle, start_ms, end_ms, kmh)


@njit(cache=True, nogil=True)
def _paces(
    starts: Int64s, time_ms: Int64s, cum_m: Floats, speed_ckmh: npt.NDArray[np.int32], vehicle: Int64s,
    start_ms: Int64s, end_ms: Int64s, kmh: Floats,
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    n = vehicle.size
    above = np.full(n, np.nan)
    top = np.full(n, np.nan)
    low = np.full(n, np.nan)
    for row in range(n):
        v = vehicle[row]
        if v == NOT_GIVEN or end_ms[row] < start_ms[row]:
            continue
        first, past = starts[v], starts[v + 1]
        # The step that holds the begin: its later fix is the first at or after it.
        b = first + np.searchsorted(time_ms[first:past], start_ms[row])
        if b == first:
            b += 1
        if b >= past or time_ms[b - 1] > start_ms[row]:
            continue
        seconds, fastest, slowest, known = 0.0, 0.0, np.inf, False
        i = b
        while i < past:
            width_ms = time_ms[i] - time_ms[i - 1]
            if width_ms > STEP_MS:
                known = False
                break
            if width_ms > 0:
                pace = max(0.0, cum_m[i] - cum_m[i - 1] - WANDER_M) / width_ms * 3600.0
                for end in (i - 1, i):
                    if speed_ckmh[end] >= 0:
                        pace = min(pace, speed_ckmh[end] / 100.0)
                fastest, slowest = max(fastest, pace), min(slowest, pace)
                if pace > kmh[row]:
                    inside = min(time_ms[i], end_ms[row]) - max(time_ms[i - 1], start_ms[row])
                    seconds += max(0, inside) / 1000.0
                known = True
            if time_ms[i] >= end_ms[row]:
                break
            i += 1
        if known and i < past:
            above[row], top[row], low[row] = seconds, fastest, slowest
    return above, top, low


def paces_in_numpy(
    track: Track, vehicle: Int64s, start_ms: Int64s, end_ms: Int64s, kmh: Floats
) -> tuple[Floats, Floats, Floats]:
    """The same, a span at a time over whole columns (the oracle)."""
    result = np.full((3, vehicle.size), np.nan)
    for row, (v, start, end) in enumerate(zip(vehicle, start_ms, end_ms, strict=True)):
        if v == NOT_GIVEN or end < start:
            continue
        rows = slice(track.starts[v], track.starts[v + 1])
        times, along, speed = track.time_ms[rows], track.cum_m[rows], track.speed_ckmh[rows] / 100.0
        if times.size < 2 or not times[0] <= start <= end <= times[-1]:  # noqa: PLR2004 - a step has two ends
            continue
        since = max(1, int(np.searchsorted(times, start)))
        until = max(since, int(np.searchsorted(times, end)))
        steps = np.arange(since, until + 1)
        width = times[steps] - times[steps - 1]
        if (width > STEP_MS).any() or not (width > 0).any():
            continue
        steps, width = steps[width > 0], width[width > 0]
        pace = np.maximum(0.0, along[steps] - along[steps - 1] - WANDER_M) / width * 3600.0
        for ends in (steps - 1, steps):
            pace = np.where(speed[ends] >= 0, np.minimum(pace, speed[ends]), pace)
        inside = np.minimum(times[steps], end) - np.maximum(times[steps - 1], start)
        result[:, row] = (
            np.maximum(0, inside)[pace > kmh[row]].sum() / 1000.0,
            pace.max(),
            pace.min(),
        )
    return result[0], result[1], result[2]
