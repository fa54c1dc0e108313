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

_NOWHERE_E7: Final = 1_000  # 0.0001 degree, 11 m around 0,0
_E7: Final = 1e-7
_NO_SPEED: Final = -1
# The metres of a degree are worked out anew when the latitude has moved this far: 6e-6 relative at most.
_ANCHOR_E7: Final = 20_000


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
        for i in range(starts[vehicle], starts[vehicle + 1]):
            kept += labels[i] == 0
        kept_starts[vehicle + 1] = kept_starts[vehicle] + kept
    n = kept_starts[-1]
    kept_ms = np.empty(n, dtype=np.int64)
    kept_lon = np.empty(n, dtype=np.int32)
    kept_lat = np.empty(n, dtype=np.int32)
    kept_speed = np.empty(n, dtype=np.int32)
    at = 0
    for i in range(labels.size):
        if labels[i] == 0:
            kept_ms[at], kept_lon[at], kept_lat[at] = time_ms[i], lon_e7[i], lat_e7[i]
            kept_speed[at] = speed_ckmh[i]
            at += 1
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
def _metres(lon_1: int, lat_1: int, lon_2: int, lat_2: int, per_lon: float, per_lat: float) -> float:
    dx = (lon_2 - lon_1) * per_lon
    dy = (lat_2 - lat_1) * per_lat
    return float(np.sqrt(dx * dx + dy * dy))


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
    anchor = np.int64(2_000_000_000)
    per_lon = 0.0
    per_lat = 0.0
    for vehicle in range(starts.size - 1):
        first, past = starts[vehicle], starts[vehicle + 1]
        before = np.int64(-1)
        here = np.int64(-1)
        into = 0.0
        for after in range(first, past):
            if (flags[after] & FIXED_SENT) != 0 and (flags[after] & FIXED) == 0:
                labels[after] |= NO_FIX
            if abs(lon_e7[after]) < _NOWHERE_E7 and abs(lat_e7[after]) < _NOWHERE_E7:
                labels[after] |= NOWHERE
            if delay_ms[after] != NO_DELAY and delay_ms[after] < -AHEAD_MS:
                labels[after] |= CLOCK
            if labels[after] != 0:
                continue
            if here >= 0:
                if abs(lat_e7[here] - anchor) > _ANCHOR_E7:
                    anchor = np.int64(lat_e7[here])
                    per_lon, per_lat = metres_per_degree(anchor * _E7)
                    per_lon *= _E7
                    per_lat *= _E7
                out = _metres(lon_e7[here], lat_e7[here], lon_e7[after], lat_e7[after], per_lon, per_lat)
                out_s = (time_ms[after] - time_ms[here]) / 1000.0 + CLOCK_SLACK_S
                out_is_jump = out > jump_mps * out_s
                if before >= 0 and out_is_jump and into > 0.0:
                    past_it = _metres(
                        lon_e7[before], lat_e7[before], lon_e7[after], lat_e7[after], per_lon, per_lat
                    )
                    past_s = (time_ms[after] - time_ms[before]) / 1000.0 + CLOCK_SLACK_S
                    if past_it <= jump_mps * past_s:
                        labels[here] |= SPIKE
                into = 1.0 if out_is_jump else 0.0
            before = here
            here = np.int64(after)
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
    anchor = np.int64(2_000_000_000)
    per_lon = 0.0
    per_lat = 0.0
    for vehicle in range(starts.size - 1):
        chords = 0.0
        ride = 0.0
        for i in range(starts[vehicle] + 1, starts[vehicle + 1]):
            if abs(lat_e7[i - 1] - anchor) > _ANCHOR_E7:
                anchor = np.int64(lat_e7[i - 1])
                per_lon, per_lat = metres_per_degree(anchor * _E7)
                per_lon *= _E7
                per_lat *= _E7
            step = _metres(lon_e7[i - 1], lat_e7[i - 1], lon_e7[i], lat_e7[i], per_lon, per_lat)
            seconds = (time_ms[i] - time_ms[i - 1]) / 1000.0
            if step > jump_mps * (seconds + CLOCK_SLACK_S):
                leap[i] = True
                step = 0.0
            by_speed = step
            if not leap[i] and seconds <= INTEGRAL_GAP_S and speed_ckmh[i] >= 0 and speed_ckmh[i - 1] >= 0:
                by_speed = (speed_ckmh[i] + speed_ckmh[i - 1]) * 0.5 / 360.0 * seconds
            chords += step
            ride += by_speed
            cum_m[i] = chords
            cum_ride_m[i] = ride
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
