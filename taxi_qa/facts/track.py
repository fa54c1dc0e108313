"""One car's days as a clean line: unusable fixes set aside and labelled, chords measured, never deleted.

Labels (a fix keeps all that apply): `NO_FIX` the receiver said so; `NOWHERE` at 0,0; `CLOCK`
stamped well after it was received, so its time is wrong; `SPIKE` a single fix no car could reach and
leave again while its neighbours fit together. Between two kept fixes that
no car could join the step is a `leap`: it counts no distance. The line of a `Track` holds the fixes
without a label.

Distance comes in two forms, both cumulative along the line: `cum_m`, the sum of chords, which cuts
corners and so reads low in curves; and `cum_ride_m`, the integral of the device's speed where
both ends sent one and lie at most `INTEGRAL_GAP_S` apart, the chord elsewhere.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.records.fixes import FIXED, FIXED_SENT, NO_DELAY, Fixes
from taxi_qa.values.place import metres_per_degree, metres_per_degree_at

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]

NO_FIX: Final = 1
NOWHERE: Final = 2
SPIKE: Final = 4
CLOCK: Final = 8

# No position arrives before it is taken; clocks of platform and terminal may differ by less than this.
AHEAD_MS: Final = 300_000

# Second-resolution stamps: two fixes may be up to this much further apart in time than they say.
CLOCK_SLACK_S: Final = 1.0
# Beyond this spacing the mean of two speeds says little about the way between them.
INTEGRAL_GAP_S: Final = 45.0
_INTEGRAL_GAP_MS: Final = 45_000

_NOWHERE_E7: Final = 1_000  # 0.0001 degree, 11 m around 0,0
_E7: Final = 1e-7
_NO_SPEED: Final = -1
# The metres of a degree are taken as straight lines over stretches of so much latitude: 4e-7 off at most.
_STRETCH_E7: Final = 1_000_000


@dataclass(frozen=True)
class Track:
    """The clean line of several vehicles, sorted by vehicle and time.

    Attributes:
        vehicle_ids, starts: as in `Fixes`, of the kept fixes.
        time_ms, lon_e7, lat_e7, speed_ckmh: the kept fixes.
        leap: True where no car could have come from the fix before.
        cum_m, cum_ride_m: metres since the vehicle's first fix (chords; speed integral or chords).
        labels: the label bits of every fix of the `Fixes` it was made from, kept or not.
    """

    vehicle_ids: tuple[str, ...]
    starts: Int64s
    time_ms: Int64s
    lon_e7: Int32s
    lat_e7: Int32s
    speed_ckmh: Int32s
    leap: npt.NDArray[np.bool_]
    cum_m: Floats
    cum_ride_m: Floats
    labels: npt.NDArray[np.uint8]


def lay(fixes: Fixes, jump_kmh: float) -> Track:
    """Label every fix and measure the line through those that can be used.

    Args:
        fixes: positions sorted by vehicle and time.
        jump_kmh: a speed no taxi reaches; faster means the position is wrong.
    """
    labels = label(
        fixes.starts, fixes.time_ms, fixes.lon_e7, fixes.lat_e7, fixes.flags, fixes.delay_ms, jump_kmh / 3.6
    )
    starts, time_ms, lon_e7, lat_e7, speed_ckmh = (
        fixes.starts, fixes.time_ms, fixes.lon_e7, fixes.lat_e7, fixes.speed_ckmh
    )  # fmt: skip
    if labels.any():
        starts, time_ms, lon_e7, lat_e7, speed_ckmh = kept_fixes(
            starts, time_ms, lon_e7, lat_e7, speed_ckmh, labels
        )
    turned = turned_pairs(starts, time_ms, lon_e7, lat_e7)
    if turned.size:
        if lon_e7 is fixes.lon_e7:
            lon_e7, lat_e7, speed_ckmh = lon_e7.copy(), lat_e7.copy(), speed_ckmh.copy()
        for column in (lon_e7, lat_e7, speed_ckmh):
            column[turned], column[turned + 1] = column[turned + 1], column[turned]
    leap, cum_m, cum_ride_m = measure(starts, time_ms, lon_e7, lat_e7, speed_ckmh, jump_kmh / 3.6)
    return Track(
        fixes.vehicle_ids, starts, time_ms, lon_e7, lat_e7, speed_ckmh, leap, cum_m, cum_ride_m, labels
    )


@njit(cache=True, nogil=True)
def kept_fixes(
    starts: Int64s,
    time_ms: Int64s,
    lon_e7: Int32s,
    lat_e7: Int32s,
    speed_ckmh: Int32s,
    labels: npt.NDArray[np.uint8],
) -> tuple[Int64s, Int64s, Int32s, Int32s, Int32s]:
    """The offsets and columns of the fixes without a label. Numpy's way would hold masks and indexes too."""
    kept_starts = np.zeros(starts.size, dtype=np.int64)
    for vehicle in range(starts.size - 1):
        kept = np.int64(0)
        for what in labels[starts[vehicle] : starts[vehicle + 1]]:
            kept += what == 0
        kept_starts[vehicle + 1] = kept_starts[vehicle] + kept
    n = kept_starts[-1]
    kept_ms = np.empty(n, dtype=np.int64)
    kept_lon = np.empty(n, dtype=np.int32)
    kept_lat = np.empty(n, dtype=np.int32)
    kept_speed = np.empty(n, dtype=np.int32)
    at = np.uint64(0)
    for i in range(labels.size):
        if labels[i] == 0:
            kept_ms[at], kept_lon[at], kept_lat[at] = time_ms[i], lon_e7[i], lat_e7[i]
            kept_speed[at] = speed_ckmh[i]
            at += np.uint64(1)
    return kept_starts, kept_ms, kept_lon, kept_lat, kept_speed


def turned_pairs(starts: Int64s, time_ms: Int64s, lon_e7: Int32s, lat_e7: Int32s) -> Int64s:
    """The first rows of pairs of fixes of one second that were driven the other way round.

    The store sorts them by place. Of both orders the one with the shorter way from the fix before to
    the fix after is taken; else a feed with second stamps would gain a zigzag at every such pair.
    """
    first = np.flatnonzero(time_ms[1:] == time_ms[:-1])
    # before, first, second, after: four fixes of one vehicle, only the middle two at one moment.
    first = first[(first >= 1) & (first + 2 < time_ms.size)]
    first = first[~np.isin(first[:, None] + np.arange(3), starts).any(axis=1)]
    first = first[(time_ms[first - 1] < time_ms[first]) & (time_ms[first + 2] > time_ms[first + 1])]

    def way(a: Int64s, b: Int64s) -> Floats:
        return _chords(lon_e7[a], lat_e7[a], lon_e7[b], lat_e7[b])

    as_sorted = way(first - 1, first) + way(first + 1, first + 2)
    turned = way(first - 1, first + 1) + way(first, first + 2)
    return first[turned < as_sorted]


@njit(cache=True, inline="always")
def metres_nearby(lat_e7: np.int64) -> tuple[np.int64, np.int64, float, float, float, float]:
    """The metres of 1e-7 degree around a latitude: two lines, in place of three cosines for every fix.

    Returns:
        Where the lines begin and end (the end excluded); a step of 1e-7 degree east is the third and the
        fourth times the latitude (1e-7 degree), a step north the fifth and the sixth times it.
    """
    low = lat_e7 // _STRETCH_E7 * _STRETCH_E7
    high = low + _STRETCH_E7
    low_lon, low_lat = metres_per_degree(low * _E7)
    high_lon, high_lat = metres_per_degree(high * _E7)
    by_lon = (high_lon - low_lon) * _E7 / _STRETCH_E7
    by_lat = (high_lat - low_lat) * _E7 / _STRETCH_E7
    return low, high, low_lon * _E7 - by_lon * low, by_lon, low_lat * _E7 - by_lat * low, by_lat


# In these kernels a vehicle's rows are sliced out first: an index into a slice that begins at 0 is never
# negative, which the compiler else checks at every access. Milliseconds are only multiplied, and squares
# compared where a root is not needed: roots and divisions would take most of the time.
@njit(cache=True, nogil=True)
def label(
    starts: Int64s,
    time_ms: Int64s,
    lon_e7: Int32s,
    lat_e7: Int32s,
    flags: npt.NDArray[np.int16],
    delay_ms: Int32s,
    jump_mps: float,
) -> npt.NDArray[np.uint8]:
    """The label bits of every fix. Oracle: `label_in_numpy`."""
    labels = np.zeros(time_ms.size, dtype=np.uint8)
    slack_m, jump_m_per_ms = jump_mps * CLOCK_SLACK_S, jump_mps / 1000.0
    low, high = np.int64(0), np.int64(0)
    lon_0, lon_1, lat_0, lat_1 = 0.0, 0.0, 0.0, 0.0
    for vehicle in range(starts.size - 1):
        rows = slice(starts[vehicle], starts[vehicle + 1])
        ms, lon, lat, flag, delay = time_ms[rows], lon_e7[rows], lat_e7[rows], flags[rows], delay_ms[rows]
        labelled = labels[rows]
        before = np.int64(-1)
        here = np.int64(-1)
        here_ms, here_lon, here_lat = np.int64(0), np.int64(0), np.int64(0)
        into_is_jump = False
        for after in range(ms.size):
            what = np.uint8(0)
            if (flag[after] & FIXED_SENT) != 0 and (flag[after] & FIXED) == 0:
                what |= NO_FIX
            if abs(lon[after]) < _NOWHERE_E7 and abs(lat[after]) < _NOWHERE_E7:
                what |= NOWHERE
            if delay[after] < -AHEAD_MS and delay[after] != NO_DELAY:
                what |= CLOCK
            if what != 0:
                labelled[after] = what
                continue
            if here >= 0:
                if here_lat < low or here_lat >= high:
                    low, high, lon_0, lon_1, lat_0, lat_1 = metres_nearby(here_lat)
                per_lon, per_lat = lon_0 + lon_1 * here_lat, lat_0 + lat_1 * here_lat
                dx, dy = (lon[after] - here_lon) * per_lon, (lat[after] - here_lat) * per_lat
                most_m = jump_m_per_ms * (ms[after] - here_ms) + slack_m
                out_is_jump = dx * dx + dy * dy > most_m * most_m
                if out_is_jump and into_is_jump:
                    dx = (np.int64(lon[after]) - lon[before]) * per_lon
                    dy = (np.int64(lat[after]) - lat[before]) * per_lat
                    most_m = jump_m_per_ms * (ms[after] - ms[before]) + slack_m
                    if dx * dx + dy * dy <= most_m * most_m:
                        labelled[here] |= SPIKE
                into_is_jump = out_is_jump
            before = here
            here = np.int64(after)
            here_ms, here_lon, here_lat = ms[after], np.int64(lon[after]), np.int64(lat[after])
    return labels


def label_in_numpy(
    starts: Int64s,
    time_ms: Int64s,
    lon_e7: Int32s,
    lat_e7: Int32s,
    flags: npt.NDArray[np.int16],
    delay_ms: Int32s,
    jump_mps: float,
) -> npt.NDArray[np.uint8]:
    """The same labels, a vehicle at a time over whole columns."""
    labels = np.zeros(time_ms.size, dtype=np.uint8)
    labels[((flags & FIXED_SENT) != 0) & ((flags & FIXED) == 0)] |= NO_FIX
    labels[(np.abs(lon_e7) < _NOWHERE_E7) & (np.abs(lat_e7) < _NOWHERE_E7)] |= NOWHERE
    labels[(delay_ms != NO_DELAY) & (delay_ms < -AHEAD_MS)] |= CLOCK
    for first, past in pairwise(starts):
        rows = first + np.flatnonzero(labels[first:past] == 0)
        if rows.size < 3:  # noqa: PLR2004 - a spike has a neighbour on either side
            continue

        def is_jump(a: Int64s, b: Int64s) -> npt.NDArray[np.bool_]:
            seconds = (time_ms[b] - time_ms[a]) / 1000.0 + CLOCK_SLACK_S
            return np.asarray(_chords(lon_e7[a], lat_e7[a], lon_e7[b], lat_e7[b]) > jump_mps * seconds)

        before, here, after = rows[:-2], rows[1:-1], rows[2:]
        spike = is_jump(before, here) & is_jump(here, after) & ~is_jump(before, after)
        labels[here[spike]] |= SPIKE
    return labels


def _chords(lon_1: Int32s, lat_1: Int32s, lon_2: Int32s, lat_2: Int32s) -> Floats:
    """Metres between pairs by the degrees at the first one, as the compiled passes measure them."""
    per_lon, per_lat = metres_per_degree_at(lat_1.astype(np.float64) * _E7)
    dx = (lon_2.astype(np.int64) - lon_1) * _E7 * per_lon
    dy = (lat_2.astype(np.int64) - lat_1) * _E7 * per_lat
    result: Floats = np.hypot(dx, dy)
    return result


@njit(cache=True, nogil=True)
def measure(
    starts: Int64s, time_ms: Int64s, lon_e7: Int32s, lat_e7: Int32s, speed_ckmh: Int32s, jump_mps: float
) -> tuple[npt.NDArray[np.bool_], Floats, Floats]:
    """Leaps and both cumulative distances along the kept fixes. Oracle: `measure_in_numpy`."""
    n = time_ms.size
    leap = np.zeros(n, dtype=np.bool_)
    cum_m = np.zeros(n, dtype=np.float64)
    cum_ride_m = np.zeros(n, dtype=np.float64)
    slack_m, jump_m_per_ms = jump_mps * CLOCK_SLACK_S, jump_mps / 1000.0
    # The mean of two speeds in 0.01 km/h, as metres a millisecond.
    m_per_ms = 0.5 / 360.0 / 1000.0
    low, high = np.int64(0), np.int64(0)
    lon_0, lon_1, lat_0, lat_1 = 0.0, 0.0, 0.0, 0.0
    for vehicle in range(starts.size - 1):
        rows = slice(starts[vehicle], starts[vehicle + 1])
        ms, lon, lat, speed = time_ms[rows], lon_e7[rows], lat_e7[rows], speed_ckmh[rows]
        leaps, chords_m, rides_m = leap[rows], cum_m[rows], cum_ride_m[rows]
        chords = 0.0
        ride = 0.0
        for i in range(1, ms.size):
            here = np.int64(lat[i - 1])
            if here < low or here >= high:
                low, high, lon_0, lon_1, lat_0, lat_1 = metres_nearby(here)
            dx = (np.int64(lon[i]) - lon[i - 1]) * (lon_0 + lon_1 * here)
            dy = (lat[i] - here) * (lat_0 + lat_1 * here)
            step = np.sqrt(dx * dx + dy * dy)
            took_ms = ms[i] - ms[i - 1]
            by_speed = step
            if took_ms <= _INTEGRAL_GAP_MS and speed[i] >= 0 and speed[i - 1] >= 0:
                by_speed = (np.int64(speed[i]) + speed[i - 1]) * took_ms * m_per_ms
            if step > jump_m_per_ms * took_ms + slack_m:
                leaps[i] = True
                step = 0.0
                by_speed = 0.0
            chords += step
            ride += by_speed
            chords_m[i] = chords
            rides_m[i] = ride
    return leap, cum_m, cum_ride_m


def measure_in_numpy(
    starts: Int64s, time_ms: Int64s, lon_e7: Int32s, lat_e7: Int32s, speed_ckmh: Int32s, jump_mps: float
) -> tuple[npt.NDArray[np.bool_], Floats, Floats]:
    """The same over whole columns, a vehicle at a time."""
    n = time_ms.size
    leap = np.zeros(n, dtype=bool)
    cum_m, cum_ride_m = np.zeros(n), np.zeros(n)
    for first, past in pairwise(starts):
        if past - first < 2:  # noqa: PLR2004 - a step has two ends
            continue
        a, b = slice(first, past - 1), slice(first + 1, past)
        step = _chords(lon_e7[a], lat_e7[a], lon_e7[b], lat_e7[b])
        seconds = (time_ms[b] - time_ms[a]) / 1000.0
        leap[b] = step > jump_mps * (seconds + CLOCK_SLACK_S)
        step = np.where(leap[b], 0.0, step)
        sent = (
            (speed_ckmh[a] > _NO_SPEED) & (speed_ckmh[b] > _NO_SPEED) & (seconds <= INTEGRAL_GAP_S) & ~leap[b]
        )
        by_speed = np.where(sent, (speed_ckmh[a] + speed_ckmh[b]) * 0.5 / 360.0 * seconds, step)
        cum_m[b] = np.cumsum(step)
        cum_ride_m[b] = np.cumsum(by_speed)
    return leap, cum_m, cum_ride_m
