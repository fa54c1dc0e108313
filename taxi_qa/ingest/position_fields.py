"""Single fields of a delimited row as whole numbers: compiled, and only for what is plainly written.

The oracle of these kernels is the careful reader itself: the tests hold every answer against it.
"""
# mypy: disable-error-code="assignment, return-value, no-any-return"
# (a compiled function's whole numbers have 64 bits, whatever Python calls them)
# ruff: noqa: PLR2004, PLR0911, PLR0912, C901
# Bytes are written as their numbers, and one function reads one field to its end, because that is what
# compiles to one pass without tables.

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.store.raw_fixes import Int32s, Int64s
from taxi_qa.values.clock import MS_PER_DAY

UInt8s = npt.NDArray[np.uint8]
UInt64s = npt.NDArray[np.uint64]

ABSENT: Final = np.iinfo(np.int64).min
# The kind of the datum's field, the only words without digits.
DATUM: Final = 5
_TENS: Final = 10 ** np.arange(19, dtype=np.int64)
_EXACT: Final = 1 << 53
_NO_DAY: Final = -(1 << 40)
# Slots for texts met, to begin with; a power of two.
FIRST_SLOTS: Final = 4_096


@njit(cache=True, nogil=True)
def _two(data: UInt8s, at: int) -> int:
    """The number two digits write, or -1."""
    one, other = np.int64(data[at]) - 48, np.int64(data[at + 1]) - 48
    if one < 0 or one > 9 or other < 0 or other > 9:
        return -1
    return one * 10 + other


@njit(cache=True, nogil=True)
def _day_number(year: int, month: int, day: int) -> int:
    """Days since 1970 of a date of the Gregorian calendar, or _NO_DAY where there is no such."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if month < 1 or month > 12 or day < 1:
        return _NO_DAY
    length = 30 + ((month + (month > 7)) & 1)
    if month == 2:
        length = 29 if leap else 28
    if day > length:
        return _NO_DAY
    # The calendar counted from March, so that the leap day comes last.
    y = year - (month <= 2)
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


@njit(cache=True, nogil=True)
def moment_of(data: UInt8s, start: int, stop: int) -> tuple[int, int]:
    """The milliseconds a field writes, and 0: UTC, 1: the city's clock, -1: not plainly a time."""
    size = stop - start
    if size < 10:
        return 0, -1
    if data[start + 4] != 45 and data[start + 4] != 47:  # neither - nor /: digits since 1970?
        if size != 10 and size != 13:  # noqa: PLR1714 - a set is not compiled well
            return 0, -1
        total = 0
        for at in range(start, stop):
            digit = np.int64(data[at]) - 48
            if digit < 0 or digit > 9:
                return 0, -1
            total = total * 10 + digit
        # A leading zero would make it another kind of number for the careful reader.
        if data[start] == 48:
            return 0, -1
        return (total * 1000 if size == 10 else total), 0
    if size < 19 or data[start + 7] != data[start + 4] or data[start + 13] != 58 or data[start + 16] != 58:
        return 0, -1
    if data[start + 10] != 32 and data[start + 10] != 84:
        return 0, -1
    century, year, month, day = (
        _two(data, start),
        _two(data, start + 2),
        _two(data, start + 5),
        _two(data, start + 8),
    )
    hour, minute, second = _two(data, start + 11), _two(data, start + 14), _two(data, start + 17)
    if (
        century < 16
        or year < 0
        or hour < 0
        or hour > 23
        or minute < 0
        or minute > 59
        or second < 0
        or second > 59
    ):
        return 0, -1
    number = _day_number(century * 100 + year, month, day)
    if number < -(1 << 30):
        return 0, -1
    result = number * MS_PER_DAY + hour * 3_600_000 + minute * 60_000 + second * 1000
    at = start + 19
    if at == stop:
        return result, 1
    if data[at] == 46:
        at += 1
        digits, part = 0, 0
        while at < stop and 48 <= data[at] <= 57:
            if digits < 3:
                part = part * 10 + (np.int64(data[at]) - 48)
            digits += 1
            at += 1
        if digits == 0 or digits > 9:
            return 0, -1
        for _ in range(digits, 3):
            part *= 10
        result += part
        if at == stop:
            return result, 1
    if data[at] == 90 and at + 1 == stop:
        return result, 0
    if data[at] != 43 and data[at] != 45:
        return 0, -1
    sign = 1 if data[at] == 43 else -1
    hours = _two(data, at + 1)
    minutes = 0
    if at + 6 == stop and data[at + 3] == 58:
        minutes = _two(data, at + 4)
    elif at + 5 == stop:
        minutes = _two(data, at + 3)
    elif at + 3 != stop:
        return 0, -1
    if hours < 0 or hours > 14 or minutes < 0 or minutes > 59:
        return 0, -1
    return result - sign * (hours * 3_600_000 + minutes * 60_000), 0


@njit(cache=True, nogil=True)
def number_of(data: UInt8s, start: int, stop: int, which: int, law: Int64s) -> int:
    """The scaled number a field writes; ABSENT where it is not plainly one, or out of range."""
    at = start
    negative = data[at] == 45
    if negative:
        if law[which, 2] == 0:
            return ABSENT
        at += 1
    total, digits, decimals, point = 0, 0, 0, False
    while at < stop:
        digit = np.int64(data[at]) - 48
        if digit >= 0 and digit <= 9:
            total = total * 10 + digit
            digits += 1
            decimals += point
        elif digit == -2 and not point and digits > 0:
            point = True
        else:
            return ABSENT
        at += 1
    if digits == 0 or digits > 18 or digits - decimals > 9 or (point and decimals == 0):
        return ABSENT
    kept, limit = law[which, 0], law[which, 1]
    if decimals <= kept:
        total *= _TENS[kept - decimals]
        if total > limit:
            return ABSENT
        return -total if negative else total
    if which == 4:
        return ABSENT
    # More decimals than are kept: to the nearest. Near a half the double decides, as it does for numbers
    # that come as doubles; where it has not all digits, the careful reader does.
    unit = _TENS[decimals - kept]
    result = total // unit
    rest = total - result * unit
    if abs(2 * rest - unit) * 1000 < 2 * unit:
        if total >= _EXACT:
            return ABSENT
        result = np.int64(
            np.rint((np.float64(total) / np.float64(_TENS[decimals])) * np.float64(_TENS[kept]))
        )
    elif 2 * rest > unit:
        result += 1
    if result >= limit:
        return ABSENT
    return -result if negative else result


@njit(cache=True, nogil=True)
def word_of(data: UInt8s, start: int, stop: int, kind: int, words: UInt64s) -> int:
    """The value of a word, or -1."""
    size = stop - start
    if size == 1 and kind != DATUM:
        if data[start] == 48:
            return 0
        if data[start] == 49:
            return 1
    if size > 16:
        return -1
    first, second = np.uint64(0), np.uint64(0)
    for k in range(size):
        if k < 8:
            first |= np.uint64(data[start + k]) << np.uint64(8 * k)
        else:
            second |= np.uint64(data[start + k]) << np.uint64(8 * k - 64)
    for w in range(words.shape[0]):
        if words[w, 0] == kind and words[w, 1] == first and words[w, 2] == second and words[w, 3] == size:
            return np.int64(words[w, 4])
    return -1


@njit(cache=True, nogil=True)
def known_of(data: UInt8s, start: int, stop: int, slots: Int32s, firsts: Int64s, found: int) -> int:
    """The number of a text among those met before; `found` where it is new."""
    key = np.uint64(14_695_981_039_346_656_037)
    for at in range(start, stop):
        key = (key ^ np.uint64(data[at])) * np.uint64(1_099_511_628_211)
    mask = np.uint64(slots.size - 1)
    slot = (key ^ (key >> np.uint64(29))) & mask
    while True:
        number = slots[slot]
        if number < 0:
            slots[slot] = found
            firsts[found, 0] = start
            firsts[found, 1] = stop
            return found
        first = firsts[number, 0]
        if firsts[number, 1] - first == stop - start:
            same = True
            for k in range(stop - start):
                if data[first + k] != data[start + k]:
                    same = False
                    break
            if same:
                return number
        slot = (slot + np.uint64(1)) & mask


@njit(cache=True, nogil=True)
def more_slots(data: UInt8s, slots: Int32s, firsts: Int64s, found: int) -> Int32s:
    """Four times the slots of `known_of`, the texts met so far put in again: few slots stay in the cache."""
    larger = np.full(4 * slots.size, -1, np.int32)
    for number in range(found):
        known_of(data, firsts[number, 0], firsts[number, 1], larger, firsts, number)
    return larger
