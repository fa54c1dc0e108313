"""Starts and braking by speeds a second apart: what a receiver's own speed shows where it is sent often.

Speed changes harshly where two steps one after the other both do, the same way, and where the places say
the same as the speeds: a single wrong speed goes up and comes down again, a stuck one leaves its car behind.
Fixes 1.5 s or more apart say nothing: between them a car may brake and start again.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.facts.track import Track
from taxi_qa.values.columns import Columns

Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

# Stamps of whole seconds and late ones: a second apart, no two.
STEP_MS: Final = 1_500
MERGE_MS: Final = 60_000
# Of two directions one has its acts a minute apart: so many fit into a span.
_MOST_A_MINUTE: Final = 2


def hard_changes(
    track: Track, first: Int64s, past: Int64s, gain_mps2: float, brake_mps2: float, error_m: float
) -> tuple[Floats, Columns]:
    """Harsh changes of speed within spans of a track.

    Args:
        track: the clean line.
        first, past: rows of each span.
        gain_mps2, brake_mps2: harsh is above this, speeding up and slowing down.
        error_m: places and speeds may differ by this over two steps.

    Returns:
        Metres of each span driven in steps short enough; and the acts: span (its number), time_ms, kind.
        Those of one kind within a minute of the one before are one.
    """
    metres, span, time_ms, braked = _hard(
        track.time_ms, track.speed_ckmh, track.leap, track.cum_m, track.cum_ride_m, first, past,
        gain_mps2, brake_mps2, error_m,
    )  # fmt: skip
    kind = np.where(braked, "harsh_braking", "harsh_acceleration").astype(object)
    return metres, Columns({"span": span, "time_ms": time_ms, "kind": kind})


@njit(cache=True, nogil=True)
def _hard(
    time_ms: Int64s, speed_ckmh: Int32s, leap: npt.NDArray[np.bool_], cum_m: Floats, cum_ride_m: Floats,
    first: Int64s, past: Int64s, gain_mps2: float, brake_mps2: float, error_m: float,
) -> tuple[Floats, Int64s, Int64s, npt.NDArray[np.bool_]]:  # fmt: skip
    """Oracle: `hard_changes_in_numpy`."""
    most = 0
    for row in range(first.size):
        if past[row] > first[row]:
            most += _MOST_A_MINUTE * (2 + (time_ms[past[row] - 1] - time_ms[first[row]]) // MERGE_MS)
    metres = np.zeros(first.size)
    span = np.empty(most, dtype=np.int64)
    at_ms = np.empty(most, dtype=np.int64)
    braked = np.empty(most, dtype=np.bool_)
    n = 0
    for row in range(first.size):
        # When each kind was last seen, and which way the step before went.
        last_gain, last_brake = np.int64(-MERGE_MS), np.int64(-MERGE_MS)
        way = 0
        for i in range(first[row] + 1, past[row]):
            took_ms = time_ms[i] - time_ms[i - 1]
            before_way, way = way, 0
            if took_ms >= STEP_MS or took_ms <= 0 or leap[i] or speed_ckmh[i] < 0 or speed_ckmh[i - 1] < 0:
                continue
            metres[row] += cum_m[i] - cum_m[i - 1]
            # 0.01 km/h is 1/360 m/s.
            change_mps2 = (speed_ckmh[i] - speed_ckmh[i - 1]) / 360.0 / (took_ms / 1000.0)
            way = 1 if change_mps2 > gain_mps2 else -1 if change_mps2 < -brake_mps2 else 0
            if way == 0 or way != before_way:
                continue
            by_place, by_speed = cum_m[i] - cum_m[i - 2], cum_ride_m[i] - cum_ride_m[i - 2]
            if abs(by_place - by_speed) > error_m:
                continue
            last = last_gain if way > 0 else last_brake
            if time_ms[i] - last >= MERGE_MS:
                span[n], at_ms[n], braked[n] = row, time_ms[i], way < 0
                n += 1
            if way > 0:
                last_gain = time_ms[i]
            else:
                last_brake = time_ms[i]
    return metres, span[:n].copy(), at_ms[:n].copy(), braked[:n].copy()


def hard_changes_in_numpy(
    track: Track, first: Int64s, past: Int64s, gain_mps2: float, brake_mps2: float, error_m: float
) -> tuple[Floats, Columns]:
    """The same, a span at a time over whole columns."""
    metres = np.zeros(first.size)
    acts: list[tuple[int, int, str]] = []
    for number, rows in enumerate(map(slice, first.tolist(), past.tolist())):
        ms, speed = track.time_ms[rows], track.speed_ckmh[rows].astype(np.float64)
        took_s = np.diff(ms) / 1000.0
        short = (took_s > 0) & (took_s < STEP_MS / 1000.0) & ~track.leap[rows][1:]
        short &= (speed[1:] >= 0) & (speed[:-1] >= 0)
        metres[number] = np.diff(track.cum_m[rows])[short].sum()
        change = np.diff(speed) / 360.0 / np.where(short, took_s, 1.0)
        off = track.cum_m[rows] - track.cum_ride_m[rows]
        agree = np.abs(off[2:] - off[:-2]) <= error_m
        for kind, hard in (
            ("harsh_acceleration", change > gain_mps2), ("harsh_braking", change < -brake_mps2),
        ):  # fmt: skip
            step = short & hard
            moments = ms[2:][step[1:] & step[:-1] & agree]
            new = np.append(True, np.diff(moments) >= MERGE_MS)[: moments.size]
            acts += [(number, moment, kind) for moment in moments[new].tolist()]
    acts.sort()
    span, time_ms, kind_of = zip(*acts, strict=True) if acts else ((), (), ())
    return metres, Columns(
        {
            "span": np.array(span, dtype=np.int64),
            "time_ms": np.array(time_ms, dtype=np.int64),
            "kind": np.array(kind_of, dtype=object),
        }
    )
