"""What the track says of a span of time: how far the car went, where it was, how well it was seen.

A span is a vehicle and two instants. Distances are read off the cumulative lines of `facts.track`,
interpolated at both ends, so that a trip that starts between two fixes loses nothing.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.facts.given import NOT_GIVEN
from taxi_qa.facts.track import Track
from taxi_qa.records.fixes import Fixes

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

_NONE: Final = -1.0
# A place read between two fixes further apart than this is a guess.
PLACE_GAP_MS: Final = 180_000


@dataclass(frozen=True)
class Spans:
    """What the track says of each span; all arrays as long as the spans asked for.

    Attributes:
        fixes: kept fixes inside the span.
        longest_gap_s: longest time between two kept fixes that touches the span, its ends included
            (infinite without any fix on one side).
        leaps: steps inside the span no car could have driven.
        chord_m: sum of chords; NaN where the track does not reach around the span.
        ride_m: integral of the device's speed, or chords where none was sent.
    """

    fixes: Int64s
    longest_gap_s: Floats
    leaps: Int64s
    chord_m: Floats
    ride_m: Floats


def along(track: Track, vehicle: Int64s, start_ms: Int64s, end_ms: Int64s) -> Spans:
    """What the track says of each span.

    Args:
        track: the clean line.
        vehicle: index into `track.vehicle_ids`, `NOT_GIVEN` where the vehicle has no track.
        start_ms, end_ms: both ends, included.
    """
    fixes, gap_ms, leaps, chord_m, ride_m = _along(
        track.starts, track.time_ms, track.leap, track.cum_m, track.cum_ride_m, vehicle, start_ms, end_ms
    )
    return Spans(fixes, gap_ms / 1000.0, leaps, chord_m, ride_m)


@njit(cache=True, inline="always")
def _first_at_or_after(time_ms: Int64s, low: int, high: int, moment: int) -> int:
    while low < high:
        middle = (low + high) // 2
        if time_ms[middle] < moment:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, inline="always")
def _between(time_ms: Int64s, cum: Floats, at: int, moment: int) -> float:
    """The cumulative value at a moment in (time[at - 1], time[at]]."""
    width = time_ms[at] - time_ms[at - 1]
    if width <= 0:
        return float(cum[at])
    share = (moment - time_ms[at - 1]) / width
    return float(cum[at - 1] + (cum[at] - cum[at - 1]) * share)


@njit(cache=True, nogil=True)
def _along(
    starts: Int64s,
    time_ms: Int64s,
    leap: npt.NDArray[np.bool_],
    cum_m: Floats,
    cum_ride_m: Floats,
    vehicle: Int64s,
    start_ms: Int64s,
    end_ms: Int64s,
) -> tuple[Int64s, Floats, Int64s, Floats, Floats]:
    n = vehicle.size
    fixes = np.zeros(n, dtype=np.int64)
    leaps = np.zeros(n, dtype=np.int64)
    gap_ms = np.full(n, np.inf)
    chord_m = np.full(n, np.nan)
    ride_m = np.full(n, np.nan)
    for row in range(n):
        v = vehicle[row]
        if v == NOT_GIVEN or end_ms[row] < start_ms[row]:
            continue
        first, past = starts[v], starts[v + 1]
        a = _first_at_or_after(time_ms, first, past, start_ms[row])
        b = _first_at_or_after(time_ms, a, past, end_ms[row])
        # Rows a .. z are inside; b is the first at or after the end.
        z = b if b < past and time_ms[b] == end_ms[row] else b - 1
        fixes[row] = max(0, z - a + 1)
        starts_known = a < past and (time_ms[a] == start_ms[row] or a > first)
        ends_known = b < past and (time_ms[b] == end_ms[row] or b > first)
        low = a if (a < past and time_ms[a] == start_ms[row]) or a == first else a - 1
        # Sliced out first: an index from 0 on is never negative, which is else checked at every fix.
        ms, leapt = time_ms[low : min(b, past - 1) + 1], leap[low + 1 : min(b, past - 1) + 1]
        longest, jumps = np.int64(0), np.int64(0)
        for i in range(leapt.size):
            longest = max(longest, ms[i + 1] - ms[i])
            jumps += leapt[i]
        leaps[row] = jumps
        gap_ms[row] = float(longest) if starts_known and ends_known else np.inf
        if starts_known and ends_known:
            from_m = cum_m[a] if time_ms[a] == start_ms[row] else _between(time_ms, cum_m, a, start_ms[row])
            to_m = cum_m[b] if time_ms[b] == end_ms[row] else _between(time_ms, cum_m, b, end_ms[row])
            chord_m[row] = max(0.0, to_m - from_m)
            from_m = (
                cum_ride_m[a]
                if time_ms[a] == start_ms[row]
                else _between(time_ms, cum_ride_m, a, start_ms[row])
            )
            to_m = (
                cum_ride_m[b] if time_ms[b] == end_ms[row] else _between(time_ms, cum_ride_m, b, end_ms[row])
            )
            ride_m[row] = max(0.0, to_m - from_m)
    return fixes, gap_ms, leaps, chord_m, ride_m


def rows_around(
    track: Track, vehicle: Int64s, start_ms: Int64s, end_ms: Int64s
) -> tuple[Int64s, Int64s, Int64s, Int64s]:
    """The rows of the track around each span, and those inside it.

    Args:
        track: the clean line.
        vehicle: index into `track.vehicle_ids`, `NOT_GIVEN` where the vehicle has no track.
        start_ms, end_ms: both ends, included.

    Returns:
        The last row at or before each begin and the first at or after its end, as far as the vehicle has rows
        (0 and -1 without a track); the first row inside, and the row after the last one inside.
    """
    return _rows_around(track.starts, track.time_ms, vehicle, start_ms, end_ms)


@njit(cache=True, nogil=True)
def _rows_around(
    starts: Int64s, time_ms: Int64s, vehicle: Int64s, start_ms: Int64s, end_ms: Int64s
) -> tuple[Int64s, Int64s, Int64s, Int64s]:
    n = vehicle.size
    low, high = np.zeros(n, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    inside, past_inside = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for row in range(n):
        v = vehicle[row]
        if v == NOT_GIVEN or starts[v] == starts[v + 1]:
            continue
        first, past = starts[v], starts[v + 1]
        a = _first_at_or_after(time_ms, first, past, start_ms[row])
        b = _first_at_or_after(time_ms, a, past, end_ms[row])
        z = _first_at_or_after(time_ms, b, past, end_ms[row] + 1)
        at_start = a < past and time_ms[a] == start_ms[row]
        low[row] = a if at_start or a == first else a - 1
        high[row] = max(z - 1, min(b, past - 1))
        inside[row], past_inside[row] = a, z
    return low, high, inside, past_inside


def along_in_numpy(track: Track, vehicle: Int64s, start_ms: Int64s, end_ms: Int64s) -> Spans:
    """The same, a span at a time with numpy's own search and interpolation (the oracle)."""
    n = vehicle.size
    fixes, leaps = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    gap_s, chord_m, ride_m = np.full(n, np.inf), np.full(n, np.nan), np.full(n, np.nan)
    for row, (v, start, end) in enumerate(zip(vehicle, start_ms, end_ms, strict=True)):
        if v == NOT_GIVEN or end < start:
            continue
        rows = slice(track.starts[v], track.starts[v + 1])
        times = track.time_ms[rows]
        inside = (times >= start) & (times <= end)
        fixes[row] = inside.sum()
        if not times.size:
            continue
        ends = (np.interp(track_time, times, times) for track_time in (start, end))
        known = times[0] <= start and end <= times[-1]
        steps = (times[1:] > start) & (times[:-1] < end)
        # A step that only touches an end from outside does not count; one of no width does, but at the end.
        steps |= (times[1:] == times[:-1]) & (times[1:] >= start) & (times[1:] < end)
        leaps[row] = track.leap[rows][1:][steps].sum()
        if known:
            gap_s[row] = np.diff(times)[steps].max(initial=0) / 1000.0
            low, high = ends
            for name, into in (("cum_m", chord_m), ("cum_ride_m", ride_m)):
                line = getattr(track, name)[rows]
                into[row] = max(0.0, np.interp(high, times, line) - np.interp(low, times, line))
    return Spans(fixes, gap_s, leaps, chord_m, ride_m)


def rows_inside(
    track: Track | Fixes, vehicle: Int64s, start_ms: Int64s, end_ms: Int64s
) -> tuple[Int64s, Int64s]:
    """The first fix of the line inside each span, both ends included, and the fix after the last.

    Args:
        track: the clean line, or the positions as received.
        vehicle: as in `along`; a span of a vehicle without track holds no fix.
        start_ms, end_ms: both ends.
    """
    return _rows_inside(track.starts, track.time_ms, vehicle, start_ms, end_ms)


@njit(cache=True, nogil=True)
def _rows_inside(
    starts: Int64s, time_ms: Int64s, vehicle: Int64s, start_ms: Int64s, end_ms: Int64s
) -> tuple[Int64s, Int64s]:
    first = np.zeros(vehicle.size, dtype=np.int64)
    past = np.zeros(vehicle.size, dtype=np.int64)
    for row in range(vehicle.size):
        v = vehicle[row]
        if v == NOT_GIVEN or end_ms[row] < start_ms[row]:
            continue
        first[row] = _first_at_or_after(time_ms, starts[v], starts[v + 1], start_ms[row])
        past[row] = _first_at_or_after(time_ms, first[row], starts[v + 1], end_ms[row] + 1)
    return first, past


def place_at(track: Track, vehicle: Int64s, moments_ms: Int64s) -> tuple[Floats, Floats]:
    """Where each vehicle was (degrees), NaN where no fix lies close enough on both sides, or on one."""
    return _place_at(track.starts, track.time_ms, track.lon_e7, track.lat_e7, vehicle, moments_ms)


@njit(cache=True, nogil=True)
def _place_at(
    starts: Int64s,
    time_ms: Int64s,
    lon_e7: npt.NDArray[np.int32],
    lat_e7: npt.NDArray[np.int32],
    vehicle: Int64s,
    moments_ms: Int64s,
) -> tuple[Floats, Floats]:
    n = vehicle.size
    lon = np.full(n, np.nan)
    lat = np.full(n, np.nan)
    for row in range(n):
        v = vehicle[row]
        if v == NOT_GIVEN:
            continue
        first, past = starts[v], starts[v + 1]
        moment = moments_ms[row]
        b = _first_at_or_after(time_ms, first, past, moment)
        near_b = b < past and time_ms[b] - moment <= PLACE_GAP_MS
        near_a = b > first and moment - time_ms[b - 1] <= PLACE_GAP_MS
        if near_a and near_b and time_ms[b] > time_ms[b - 1]:
            share = (moment - time_ms[b - 1]) / (time_ms[b] - time_ms[b - 1])
            lon[row] = (lon_e7[b - 1] + (lon_e7[b] - lon_e7[b - 1]) * share) * 1e-7
            lat[row] = (lat_e7[b - 1] + (lat_e7[b] - lat_e7[b - 1]) * share) * 1e-7
        elif near_b:
            lon[row], lat[row] = lon_e7[b] * 1e-7, lat_e7[b] * 1e-7
        elif near_a:
            lon[row], lat[row] = lon_e7[b - 1] * 1e-7, lat_e7[b - 1] * 1e-7
    return lon, lat


def standing_s(track: Track, vehicle: Int64s, start_ms: Int64s, end_ms: Int64s, slow_kmh: float) -> Floats:
    """Seconds of each span the car stood: steps slower than `slow_kmh` by chord and by device, if it says."""
    return _standing(
        track.starts, track.time_ms, track.cum_m, track.speed_ckmh, vehicle, start_ms, end_ms, slow_kmh / 3.6
    )


@njit(cache=True, nogil=True)
def _standing(
    starts: Int64s,
    time_ms: Int64s,
    cum_m: Floats,
    speed_ckmh: npt.NDArray[np.int32],
    vehicle: Int64s,
    start_ms: Int64s,
    end_ms: Int64s,
    slow_mps: float,
) -> Floats:
    n = vehicle.size
    stood = np.full(n, np.nan)
    for row in range(n):
        v = vehicle[row]
        if v == NOT_GIVEN or end_ms[row] < start_ms[row]:
            continue
        first, past = starts[v], starts[v + 1]
        b = _first_at_or_after(time_ms, first, past, start_ms[row])
        if b >= past or b == first:
            continue
        total = 0.0
        i = b
        while i < past and time_ms[i - 1] < end_ms[row]:
            low = max(time_ms[i - 1], start_ms[row])
            high = min(time_ms[i], end_ms[row])
            seconds = (time_ms[i] - time_ms[i - 1]) / 1000.0
            # 5 m of wander is the receiver's, not the car's.
            by_chord = max(0.0, cum_m[i] - cum_m[i - 1] - 5.0) < slow_mps * seconds
            by_device = max(speed_ckmh[i], speed_ckmh[i - 1]) <= slow_mps * 360.0
            if by_chord and (by_device or speed_ckmh[i] < 0):
                total += (high - low) / 1000.0
            i += 1
        stood[row] = total
    return stood
