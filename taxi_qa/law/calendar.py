"""Daily windows and named days on a place's own clock, for whole columns of instants.

A window's begin belongs to it, its end does not: the kilometre at 23:00:00 is a night kilometre, the
one at 05:00:00 is not. A window that crosses midnight belongs to the day it begins on, also for its
weekdays and for the calendar it is left out on.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.law.parameter import Window
from taxi_qa.values.clock import MS_PER_DAY, offset_ms

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

Calendars = Mapping[str, frozenset[int]]

# Only windows bound to weekdays or calendars are walked day by day; a longer span of time than this is
# no ride, and nothing asks for it.
_DAYS_WALKED: Final = 10


def local_ms(instants_ms: Int64s, zone: str) -> Int64s:
    """The reading of the place's clock as milliseconds since 1970-01-01 00:00 on that clock."""
    instants = np.asarray(instants_ms, dtype=np.int64)
    return instants + offset_ms(instants, zone)


def in_window(
    instants_ms: Int64s, windows: tuple[Window, ...], zone: str, calendars: Calendars | None = None
) -> Bools:
    """Which instants lie in one of the windows: bool[n]."""
    local = local_ms(instants_ms, zone)
    inside = np.zeros(local.shape, dtype=np.bool_)
    for window in windows:
        since = local - window.from_ms
        inside |= (since % MS_PER_DAY < length_ms(window)) & _counts(since // MS_PER_DAY, window, calendars)
    return inside


def overlap_ms(
    start_ms: Int64s,
    end_ms: Int64s,
    windows: tuple[Window, ...],
    zone: str,
    calendars: Calendars | None = None,
) -> Int64s:
    """How much of each span [start, end) lies in the windows: int64[n] milliseconds.

    The windows of one parameter do not overlap each other. Spans are measured on the local clock.
    """
    start, end = local_ms(start_ms, zone), local_ms(end_ms, zone)
    end = np.maximum(start, end)
    total = np.zeros(start.shape, dtype=np.int64)
    for window in windows:
        if len(set(window.weekdays)) == len(range(7)) and not window.not_on:
            total += _within_daily(end, window) - _within_daily(start, window)
            continue
        first = (start - window.from_ms) // MS_PER_DAY
        for step in range(_DAYS_WALKED):
            day = first + step
            begins = day * MS_PER_DAY + window.from_ms
            if not (begins < end).any():
                break
            part = np.minimum(end, begins + length_ms(window)) - np.maximum(start, begins)
            total += np.where(_counts(day, window, calendars), np.maximum(part, 0), 0)
    return total


def overlaps_window(
    start_ms: Int64s,
    end_ms: Int64s,
    windows: tuple[Window, ...],
    zone: str,
    calendars: Calendars | None = None,
) -> Bools:
    """Which spans [start, end) touch one of the windows; a span of no length is its one instant: bool[n]."""
    touched = in_window(start_ms, windows, zone, calendars)
    return touched | (overlap_ms(start_ms, end_ms, windows, zone, calendars) > 0)


def length_ms(window: Window) -> int:
    """How long a window lasts."""
    return (window.until_ms - window.from_ms) % MS_PER_DAY or MS_PER_DAY


def _counts(begin_day: Int64s, window: Window, calendars: Calendars | None) -> Bools:
    """Whether the window that begins on each day counts: by its weekday and its calendar."""
    # 1970-01-01 was a Thursday (3).
    counts = np.isin((begin_day + 3) % 7, np.asarray(window.weekdays, dtype=np.int64))
    if window.not_on:
        free = sorted((calendars or {})[window.not_on])
        counts &= ~np.isin(begin_day, np.asarray(free, dtype=np.int64))
    return counts


def _within_daily(local: Int64s, window: Window) -> Int64s:
    """How much of a window that begins every day lies before each local instant, up to a constant."""
    since = local - window.from_ms
    length = length_ms(window)
    return (since // MS_PER_DAY) * length + np.minimum(since % MS_PER_DAY, length)
