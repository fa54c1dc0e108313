"""The bytes of a block of delimited positions straight into whole numbers: one compiled pass.

A row is accepted only where every field of it is plain and good; any other row is marked and left to the
careful reader, so nothing here needs an opinion on what a strange row means.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.records.fixes import FLAG_BITS
from taxi_qa.records.kinds import POSITIONS
from taxi_qa.store.raw_fixes import Int8s, Int16s, Int32s, Int64s
from taxi_qa.values.clock import MS_PER_DAY
from taxi_qa.values.place import DATUMS

UInt8s = npt.NDArray[np.uint8]
UInt64s = npt.NDArray[np.uint64]

# What a field is: the first six, then a flag (FLAG + index in FLAG_BITS), then a number (NUMBER + index in NUMBERS).
SKIPPED, VEHICLE, TIME, RECEIVED, ALARMS, DATUM, FLAG = range(7)
NUMBER: Final = FLAG + len(FLAG_BITS)
# outside column -> (decimal digits kept, greatest scaled value, whether it may be negative)
NUMBERS: Final = {
    "lon": (7, 1_800_000_000, True), "lat": (7, 900_000_000, True), "speed_kmh": (2, 25_000, False),
    "heading_deg": (1, 3_600, False), "odometer_km": (3, 2_000_000_000, False),
}  # fmt: skip
_SINGLE: Final = {"vehicle_id": VEHICLE, "time": TIME, "received_at": RECEIVED, "alarms": ALARMS, "datum": DATUM}

# What became of a line. A good one also says which of its times carry no offset.
GOOD, IRREGULAR, BLANK, LOCAL_TIME, LOCAL_RECEIVED = 0, 1, 2, 4, 8
# Columns of the result beside the numbers (which stand first, in the order of NUMBERS).
FLAGS, DATUMS_AT, VEHICLES_AT, ALARMS_AT, TIME_AT, RECEIVED_AT = range(5, 11)
WIDTH: Final = 11
ABSENT: Final = np.iinfo(np.int64).min

# A block is followed by so many zero bytes: looking ahead never leaves it.
PADDING: Final = 64
# A line longer than this is none.
MAX_LINE: Final = 1 << 20
_TENS: Final = 10 ** np.arange(19, dtype=np.int64)
_LAW: Final = np.array([(d, high, negative) for d, high, negative in NUMBERS.values()], dtype=np.int64)
_FLAG_BITS: Final = np.array(list(FLAG_BITS.values()), dtype=np.int64)
_TRUE: Final = ("1", "true", "True", "TRUE", "是")
_FALSE: Final = ("0", "false", "False", "FALSE", "否")
_EXACT: Final = 1 << 53


def kind_of(name: str | None) -> int:
    """The kernel's number for an outside column of the kind `positions`; SKIPPED for any other."""
    if name in NUMBERS:
        return NUMBER + list(NUMBERS).index(name)
    if name in FLAG_BITS:
        return FLAG + list(FLAG_BITS).index(name)
    return _SINGLE.get(name or "", SKIPPED)


def word_table(encoding: str) -> UInt64s:
    """The words of flags and datums as (kind, first 8 bytes, next 8 bytes, length, value)."""
    rows = [(DATUM, name, at) for at, name in enumerate(DATUMS)]
    for at, name in enumerate(FLAG_BITS):
        own = POSITIONS.column(name).words
        rows += [(FLAG + at, word, 1) for word in (*_TRUE, *(w for w, v in own.items() if v == "1"))]
        rows += [(FLAG + at, word, 0) for word in (*_FALSE, *(w for w, v in own.items() if v == "0"))]
    packed = []
    for kind, word, value in rows:
        data = word.encode(encoding)
        first, second = (int.from_bytes(part, "little") for part in (data[:8], data[8:16]))
        packed.append((kind, first, second, len(data), value))
    return np.array(packed, dtype=np.uint64)


@njit(cache=True, nogil=True)
def count_lines(data: UInt8s, size: int) -> int:
    """Line ends in the first `size` bytes."""
    lines = 0
    for i in range(size):
        lines += data[i] == 10
    return lines


@njit(cache=True, nogil=True)
def _two(data: UInt8s, at: int) -> int:
    """The number two digits write, or -1."""
    one, other = np.int64(data[at]) - 48, np.int64(data[at + 1]) - 48
    if one < 0 or one > 9 or other < 0 or other > 9:
        return -1
    return one * 10 + other


@njit(cache=True, nogil=True)
def _day_number(year: int, month: int, day: int) -> int:
    """Days since 1970 of a date of the Gregorian calendar, or a great negative number where there is no such day."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if month < 1 or month > 12 or day < 1:
        return -(1 << 40)
    length = 30 + ((month + (month > 7)) & 1)
    if month == 2:
        length = 29 if leap else 28
    if day > length:
        return -(1 << 40)
    # The calendar counted from March, so that the leap day comes last.
    y = year - (month <= 2)
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


@njit(cache=True, nogil=True)
def _moment(data: UInt8s, start: int, stop: int) -> tuple[int, int]:
    """The milliseconds a field writes, and 0: UTC, 1: the city's clock, -1: not plainly a time."""
    size = stop - start
    if size < 10:
        return 0, -1
    if data[start + 4] != 45 and data[start + 4] != 47:  # neither - nor /: digits since 1970?
        if size != 10 and size != 13:
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
    century, year, month, day = _two(data, start), _two(data, start + 2), _two(data, start + 5), _two(data, start + 8)
    hour, minute, second = _two(data, start + 11), _two(data, start + 14), _two(data, start + 17)
    if century < 16 or year < 0 or hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59:
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
def _number(data: UInt8s, start: int, stop: int, which: int, law: Int64s) -> int:
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
        result = np.int64(np.rint((np.float64(total) / np.float64(_TENS[decimals])) * np.float64(_TENS[kept])))
    elif 2 * rest > unit:
        result += 1
    if result >= limit:
        return ABSENT
    return -result if negative else result


@njit(cache=True, nogil=True)
def _word(data: UInt8s, start: int, stop: int, kind: int, words: UInt64s) -> int:
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
def _known(data: UInt8s, start: int, stop: int, slots: Int32s, firsts: Int64s, found: int) -> int:
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
def parse_rows(
    data: UInt8s, size: int, kinds: Int8s, delimiter: int, words: UInt64s, plain_only: bool, values: Int64s,
    status: Int8s, lines: Int64s, vehicles: Int64s, alarms: Int64s,
) -> tuple[int, int, int]:  # fmt: skip
    """Reads a block of whole lines.

    Args:
        data: `size` bytes that end with a line end, then PADDING zero bytes.
        kinds: what each field of a row is (`kind_of`).
        delimiter: the byte between fields.
        words: `word_table`.
        plain_only: whether bytes beyond ASCII make a row irregular where nothing decodes them.
        values: out, int64[WIDTH, lines], filled with ABSENT: the numbers, flags, datum, vehicle and alarm numbers,
            times; what was not sent stays ABSENT.
        status: out, what became of each line.
        lines: out, int64[lines, 2]: first byte of each line and the byte after its last (line end excluded).
        vehicles, alarms: out, int64[lines, 2]: first and after-last byte of each different text.

    Returns:
        different vehicles, different alarm texts, and 0 or 1: lines cannot be told apart (a quoted
        field goes over a line end, is malformed, or a line ends in CR alone).
    """
    slots = 1
    while slots < 2 * status.size + 2:
        slots *= 2
    vehicle_slots = np.full(slots, -1, np.int32)
    alarm_slots = np.full(slots if (kinds == ALARMS).any() else 1, -1, np.int32)
    n_vehicles, n_alarms = 0, 0
    fields = kinds.size
    at, row = 0, 0
    while at < size:
        begin = at
        good = True
        field, filled = 0, 0
        local = 0
        flags = 0
        while True:
            # One field: start … stop - 1; `at` ends on the delimiter or the line end.
            start = at
            quoted = data[at] == 34
            if quoted:
                at += 1
                start = at
                while data[at] != 34:
                    if data[at] == 10 or data[at] == 13:
                        return n_vehicles, n_alarms, 1
                    good &= data[at] != 0
                    at += 1
                stop = at
                at += 1
                if data[at] == 13 and data[at + 1] == 10:
                    at += 1
                if data[at] != delimiter and data[at] != 10:
                    return n_vehicles, n_alarms, 1
            else:
                beyond = False
                while data[at] != delimiter and data[at] != 10:
                    byte = data[at]
                    if byte < 32 or byte == 34 or byte > 126:
                        if byte == 13:
                            if data[at + 1] != 10:
                                return n_vehicles, n_alarms, 1
                            break
                        if byte > 126:
                            beyond = True
                        else:
                            good = False
                    at += 1
                stop = at
                if data[at] == 13:
                    at += 1
                if beyond and plain_only and field < fields and kinds[field] == SKIPPED:
                    good = False
            filled += stop > start
            if field >= fields:
                good &= stop == start
            elif stop > start and good:
                kind = kinds[field]
                if kind >= NUMBER:
                    number = _number(data, start, stop, kind - NUMBER, _LAW)
                    values[kind - NUMBER, row] = number
                    good = number != ABSENT
                elif kind == VEHICLE:
                    number = _known(data, start, stop, vehicle_slots, vehicles, n_vehicles)
                    n_vehicles += number == n_vehicles
                    values[VEHICLES_AT, row] = number
                elif kind == TIME:
                    values[TIME_AT, row], how = _moment(data, start, stop)
                    good = how >= 0
                    local |= LOCAL_TIME if how == 1 else 0
                elif kind >= FLAG:
                    value = _word(data, start, stop, kind, words)
                    good = value >= 0
                    flags |= _FLAG_BITS[kind - FLAG, 0] | (_FLAG_BITS[kind - FLAG, 1] if value == 1 else 0)
                elif kind == RECEIVED:
                    values[RECEIVED_AT, row], how = _moment(data, start, stop)
                    good = how >= 0
                    local |= LOCAL_RECEIVED if how == 1 else 0
                elif kind == ALARMS:
                    number = _known(data, start, stop, alarm_slots, alarms, n_alarms)
                    n_alarms += number == n_alarms
                    values[ALARMS_AT, row] = number
                elif kind == DATUM:
                    values[DATUMS_AT, row] = _word(data, start, stop, kind, words)
                    good = values[DATUMS_AT, row] >= 0
                elif quoted and plain_only:
                    for k in range(start, stop):
                        good &= data[k] < 127
            field += 1
            if data[at] == 10:
                break
            at += 1
        end = at - (at > begin and data[at - 1] == 13)
        at += 1
        values[FLAGS, row] = flags
        good &= field >= fields and end - begin <= MAX_LINE
        good &= values[0, row] != ABSENT and values[1, row] != ABSENT
        good &= values[VEHICLES_AT, row] != ABSENT and values[TIME_AT, row] != ABSENT
        lines[row, 0] = begin
        lines[row, 1] = end
        if good:
            status[row] = GOOD | local
        elif filled == 0:
            status[row] = BLANK
        else:
            status[row] = IRREGULAR
            if field < fields:
                # Too few fields and nothing in them but blanks: no record, as the careful reader has it.
                nothing = True
                for k in range(begin, end):
                    nothing &= data[k] == delimiter or data[k] == 32 or data[k] == 9
                if nothing:
                    status[row] = BLANK
        row += 1
    return n_vehicles, n_alarms, 0
