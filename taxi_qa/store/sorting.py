"""Spill rows into (vehicle, time, lon, lat) order, and which of equal rows count.

Rows are `store.spill` rows: the first four words are the key (time, lon, lat, vehicle), the others the
content. A row's index is its place in the order of arrival. Beside each kernel stands the same function
in plain numpy, its oracle.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.store.raw_fixes import Int8s, Int16s, Int32s, Int64s

UInt8s = npt.NDArray[np.uint8]

CURRENT: Final = 0
SUPERSEDED: Final = 1
DUPLICATE: Final = 2

_KEY_WORDS: Final = 4
_VEHICLE: Final = 3


@njit(cache=True, nogil=True)
def _after(rows: Int32s, one: int, other: int, first: int, last: int) -> bool:
    """Whether row `one` stands after row `other` by the words first … last - 1."""
    for word in range(first, last):
        if rows[one, word] != rows[other, word]:
            return bool(rows[one, word] > rows[other, word])
    return False


@njit(cache=True, nogil=True)
def _merge_sort(
    rows: Int32s, order: Int32s, start: int, stop: int, spare: Int32s, first: int, last: int
) -> None:
    """Sorts order[start:stop] by the words first … last - 1, equal rows in their old order (bottom up)."""
    width = 1
    while width < stop - start:
        left = start
        while left + width < stop:
            middle = left + width
            right = min(left + 2 * width, stop)
            # Runs that already follow each other stay: nearly sorted input costs one comparison a run.
            if _after(rows, order[middle - 1], order[middle], first, last):
                spare[left:middle] = order[left:middle]
                one, other, to = left, middle, left
                while one < middle and other < right:
                    if _after(rows, spare[one], order[other], first, last):
                        order[to] = order[other]
                        other += 1
                    else:
                        order[to] = spare[one]
                        one += 1
                    to += 1
                while one < middle:
                    order[to] = spare[one]
                    one += 1
                    to += 1
            left += 2 * width
        width *= 2


@njit(cache=True, nogil=True)
def sort_order(rows: Int32s, vehicles: int) -> Int32s:
    """Row indexes by (vehicle, time, lon, lat), equal keys in order of arrival.

    A counting sort by vehicle; a vehicle whose rows came in order (the usual case) needs nothing more.
    """
    n = rows.shape[0]
    starts = np.zeros(vehicles + 1, np.int64)
    for i in range(n):
        starts[rows[i, _VEHICLE] + 1] += 1
    for v in range(vehicles):
        starts[v + 1] += starts[v]
    free = starts.copy()
    order = np.empty(n, np.int32)
    for i in range(n):
        v = rows[i, _VEHICLE]
        order[free[v]] = i
        free[v] += 1
    spare = np.empty(0, np.int32)
    for v in range(vehicles):
        for at in range(starts[v] + 1, starts[v + 1]):
            if _after(rows, order[at - 1], order[at], 0, _VEHICLE):
                if spare.size == 0:
                    spare = np.empty(n, np.int32)
                _merge_sort(rows, order, starts[v], starts[v + 1], spare, 0, _VEHICLE)
                break
    return order


def sort_order_plain(rows: Int32s, vehicles: int) -> Int32s:  # noqa: ARG001 - the kernel's signature
    """`sort_order` in plain numpy: its oracle."""
    return np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0], rows[:, _VEHICLE])).astype(np.int32)


@njit(cache=True, nogil=True)
def fates(rows: Int32s, order: Int32s, stored: int) -> tuple[UInt8s, Int64s]:  # noqa: C901, PLR0912, PLR0915 - one pass
    """What becomes of each row of a sorted partition.

    Of the rows of one key the first of each content is kept; the last of those kept counts (CURRENT),
    the others are SUPERSEDED by it; the rest are DUPLICATEs of a row seen before.

    Args:
        rows: in order of arrival.
        order: `sort_order` of them.
        stored: the first `stored` rows are those the store already holds.

    Returns:
        The fate of each position of `order`; and how many of the rows that are not yet stored were
        accepted (a new key), duplicates, corrections.
    """
    n, words = rows.shape
    fate = np.zeros(n, np.uint8)
    counts = np.zeros(3, np.int64)
    group = np.empty(0, np.int32)
    spare = np.empty(0, np.int32)
    first = 0
    while first < n:
        after = first + 1
        while after < n:
            one, other = order[first], order[after]
            same = True
            for word in range(_KEY_WORDS):
                if rows[one, word] != rows[other, word]:
                    same = False
                    break
            if not same:
                break
            after += 1
        if after == first + 1:
            if order[first] >= stored:
                counts[0] += 1
            first = after
            continue
        size = after - first
        if group.size < size:
            group = np.empty(2 * size, np.int32)
            spare = np.empty(2 * size, np.int32)
        # `group` holds positions; sorted by content, a row equal to the one before it was seen before.
        for k in range(size):
            group[k] = order[first + k]
        _merge_sort(rows, group, 0, size, spare, _KEY_WORDS, words)
        for k in range(1, size):
            if not _after(rows, group[k], group[k - 1], _KEY_WORDS, words):
                # Arrival order inside the group rises with position: find it by bisection.
                low, high = first, after - 1
                while low < high:
                    half = (low + high) // 2
                    if order[half] < group[k]:
                        low = half + 1
                    else:
                        high = half
                fate[low] = DUPLICATE
        counting = True
        for at in range(after - 1, first - 1, -1):
            if fate[at] == DUPLICATE:
                continue
            if not counting:
                fate[at] = SUPERSEDED
            counting = False
        for at in range(first, after):
            if order[at] >= stored:
                if fate[at] == DUPLICATE:
                    counts[1] += 1
                elif at == first:
                    counts[0] += 1
                else:
                    counts[2] += 1
        first = after
    return fate, counts


def fates_plain(rows: Int32s, order: Int32s, stored: int) -> tuple[UInt8s, Int64s]:
    """`fates` without compiled code: its oracle."""
    fate = np.zeros(order.size, dtype=np.uint8)
    counts = np.zeros(3, dtype=np.int64)
    versions: dict[tuple[int, ...], dict[tuple[int, ...], int]] = {}
    for at, row in enumerate(order):
        key, content = tuple(rows[row, :_KEY_WORDS]), tuple(rows[row, _KEY_WORDS:])
        known = versions.setdefault(key, {})
        if content in known:
            fate[at] = DUPLICATE
        elif known:
            fate[list(known.values())] = SUPERSEDED
        counts[0 if not known else 1 if content in known else 2] += int(row >= stored)
        known.setdefault(content, at)
    return fate, counts


@njit(cache=True, nogil=True)
def columns_of(
    rows: Int32s, order: Int32s, day_ms: int
) -> tuple[Int64s, Int32s, Int32s, Int32s, Int32s, Int16s, Int16s, Int8s]:
    """The first six words of rows in the given order, taken apart.

    Returns:
        time_ms, lon_e7, lat_e7, vehicle, speed_ckmh, heading_ddeg, flags, datum.
    """
    n = order.size
    time_ms = np.empty(n, np.int64)
    lon, lat, vehicle, speed = (
        np.empty(n, np.int32),
        np.empty(n, np.int32),
        np.empty(n, np.int32),
        np.empty(n, np.int32),
    )
    heading, flags, datum = np.empty(n, np.int16), np.empty(n, np.int16), np.empty(n, np.int8)
    for i in range(n):
        row = order[i]
        time_ms[i] = day_ms + rows[row, 0]
        lon[i] = rows[row, 1]
        lat[i] = rows[row, 2]
        vehicle[i] = rows[row, 3]
        speed[i] = np.int16(rows[row, 4] & 0xFFFF)
        heading[i] = rows[row, 4] >> 16
        flags[i] = np.int16(rows[row, 5] & 0xFFFF)
        datum[i] = rows[row, 5] >> 16
    return time_ms, lon, lat, vehicle, speed, heading, flags, datum


def columns_of_plain(
    rows: Int32s, order: Int32s, day_ms: int
) -> tuple[Int64s, Int32s, Int32s, Int32s, Int32s, Int16s, Int16s, Int8s]:
    """`columns_of` in plain numpy: its oracle."""
    taken = rows[order]
    low = taken[:, 4:6].astype(np.int16)
    high = (taken[:, 4:6] >> 16).astype(np.int16)
    return (
        day_ms + taken[:, 0].astype(np.int64), taken[:, 1], taken[:, 2], taken[:, 3],
        low[:, 0].astype(np.int32), high[:, 0], low[:, 1], high[:, 1].astype(np.int8),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def common_power(values: npt.NDArray[np.signedinteger], missing: int) -> int:
    """The largest of 1, 10, 100 and 1000 that divides every value but `missing`."""
    # Divisors written out become multiplications; a power that does not divide is left at the first rows.
    for i in range(values.size):
        if values[i] % 10 != 0 and values[i] != missing:
            return 1
    for i in range(values.size):
        if values[i] % 100 != 0 and values[i] != missing:
            return 10
    for i in range(values.size):
        if values[i] % 1000 != 0 and values[i] != missing:
            return 100
    return 1000


def common_power_plain(values: npt.NDArray[np.signedinteger], missing: int) -> int:
    """`common_power` in plain numpy: its oracle."""
    there = values[values != missing]
    return max(power for power in (1, 10, 100, 1000) if not (there % power).any())


@njit(cache=True, nogil=True)
def turns(values: Int16s, circle: int, group: int) -> Int16s:
    """Each value's change from the one before it, the short way round a circle; anew every `group` values.

    Args:
        values: 0 … circle - 1.
        circle: how many different values there are.
        group: the first of so many values is given as it is (as its change from 0).
    """
    result = np.empty(values.size, np.int16)
    before = np.int64(0)
    for i in range(values.size):
        if i % group == 0:
            before = np.int64(0)
        change = np.int64(values[i]) - before
        if 2 * change > circle:
            change -= circle
        elif 2 * change < -circle:
            change += circle
        result[i] = change
        before = np.int64(values[i])
    return result


def turns_plain(values: Int16s, circle: int, group: int) -> Int16s:
    """`turns` in plain numpy: its oracle."""
    change = np.diff(values.astype(np.int64), prepend=0)
    change[::group] = values[::group]
    change -= circle * (2 * change > circle)
    return (change + circle * (2 * change < -circle)).astype(np.int16)


@njit(cache=True, nogil=True)
def headings(changes: Int16s, circle: int, group: int) -> Int16s:
    """The values that `turns` made the changes of."""
    result = np.empty(changes.size, np.int16)
    value = np.int64(0)
    for i in range(changes.size):
        if i % group == 0:
            value = np.int64(0)
        value += np.int64(changes[i])
        if value < 0:
            value += circle
        elif value >= circle:
            value -= circle
        result[i] = value
    return result


def headings_plain(changes: Int16s, circle: int, group: int) -> Int16s:
    """`headings` in plain numpy: its oracle."""
    parts = [changes[i : i + group].astype(np.int64).cumsum() % circle for i in range(0, changes.size, group)]
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts]).astype(np.int16)
