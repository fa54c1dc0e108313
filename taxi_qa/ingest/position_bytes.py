"""The bytes of a block of delimited positions straight into whole numbers: one compiled pass.

A row is accepted only where every field of it is plain and good; any other row is marked and left to the
careful reader, so nothing here needs an opinion on what a strange row means. The careful reader is also
the oracle: the tests hold every answer against it.
"""
# ruff: noqa: PLR2004, PLR0912, PLR0913, PLR0915, PLR0917, C901, FBT001
# Bytes are written as their numbers, and one function goes through all rows: one compiled pass.

from typing import Final

import numpy as np
from numba import njit

from taxi_qa.ingest.position_fields import (
    ABSENT,
    DATUM,
    FIRST_SLOTS,
    UInt8s,
    UInt64s,
    known_of,
    moment_of,
    more_slots,
    number_of,
    word_of,
)
from taxi_qa.records.fixes import FLAG_BITS
from taxi_qa.records.kinds import POSITIONS
from taxi_qa.store.raw_fixes import Int8s, Int64s
from taxi_qa.values.place import DATUMS

# What a field is: the first six, then a flag (FLAG + index in FLAG_BITS), then a number (NUMBER + index in
# NUMBERS).
SKIPPED, VEHICLE, TIME, RECEIVED, ALARMS, FLAG = 0, 1, 2, 3, 4, 6
NUMBER: Final = FLAG + len(FLAG_BITS)
# outside column -> (decimal digits kept, greatest scaled value, whether it may be negative)
NUMBERS: Final = {
    "lon": (7, 1_800_000_000, True), "lat": (7, 900_000_000, True), "speed_kmh": (2, 25_000, False),
    "heading_deg": (1, 3_600, False), "odometer_km": (3, 2_000_000_000, False),
}  # fmt: skip
_SINGLE: Final = {
    "vehicle_id": VEHICLE,
    "time": TIME,
    "received_at": RECEIVED,
    "alarms": ALARMS,
    "datum": DATUM,
}

# What became of a line. A good one also says which of its times carry no offset.
GOOD, IRREGULAR, BLANK, LOCAL_TIME, LOCAL_RECEIVED = 0, 1, 2, 4, 8
# Columns of the result beside the numbers (which stand first, in the order of NUMBERS).
FLAGS, DATUMS_AT, VEHICLES_AT, ALARMS_AT, TIME_AT, RECEIVED_AT = range(5, 11)
WIDTH: Final = 11
# The outside column each of them is read from; the flags come from several.
SOURCES: Final = (*NUMBERS, "", "datum", "vehicle_id", "alarms", "time", "received_at")
REQUIRED: Final = ("vehicle_id", "time", "lon", "lat")

# A block is followed by so many zero bytes: looking ahead never leaves it.
PADDING: Final = 64
# A line longer than this is none.
MAX_LINE: Final = 1 << 20
_LAW: Final = np.array([(d, high, negative) for d, high, negative in NUMBERS.values()], dtype=np.int64)
_FLAG_BITS: Final = np.array(list(FLAG_BITS.values()), dtype=np.int64)
_TRUE: Final = ("1", "true", "True", "TRUE", "是")
_FALSE: Final = ("0", "false", "False", "FALSE", "否")


def kind_of(name: str | None) -> int:
    """The kernel's number for an outside column of the kind `positions`; SKIPPED for any other."""
    if name in NUMBERS:
        return NUMBER + list(NUMBERS).index(name)
    if name in FLAG_BITS:
        return FLAG + list(FLAG_BITS).index(name)
    return _SINGLE.get(name or "", SKIPPED)


def word_table(encoding: str) -> UInt64s:
    """The words of flags and datums as (kind, first 8 bytes, next 8 bytes, length, value)."""
    rows: list[tuple[int, str, int]] = [(DATUM, name, at) for at, name in enumerate(DATUMS)]
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
        values: out, int64[WIDTH, lines], columns with a field filled with ABSENT: numbers, flags, datum,
            vehicle and alarm numbers, times; what was not sent stays ABSENT.
        status: out, what became of each line.
        lines: out, int64[lines, 2]: first byte of each line and the byte after its last (line end excluded).
        vehicles, alarms: out, int64[lines, 2]: first and after-last byte of each different text.

    Returns:
        different vehicles, different alarm texts, and 0 or 1: lines cannot be told apart (a quoted
        field goes over a line end, is malformed, or a line ends in CR alone).
    """
    vehicle_slots = np.full(FIRST_SLOTS, -1, np.int32)
    alarm_slots = np.full(FIRST_SLOTS, -1, np.int32)
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
                    number = number_of(data, start, stop, kind - NUMBER, _LAW)
                    values[kind - NUMBER, row] = number
                    good = number != ABSENT
                elif kind == VEHICLE:
                    if 2 * n_vehicles >= vehicle_slots.size:
                        vehicle_slots = more_slots(data, vehicle_slots, vehicles, n_vehicles)
                    number = known_of(data, start, stop, vehicle_slots, vehicles, n_vehicles)
                    n_vehicles += number == n_vehicles
                    values[VEHICLES_AT, row] = number
                elif kind == TIME:
                    values[TIME_AT, row], how = moment_of(data, start, stop)
                    good = how >= 0
                    local |= LOCAL_TIME if how == 1 else 0
                elif kind >= FLAG:
                    value = word_of(data, start, stop, kind, words)
                    good = value >= 0
                    flags |= _FLAG_BITS[kind - FLAG, 0] | (_FLAG_BITS[kind - FLAG, 1] if value == 1 else 0)
                elif kind == RECEIVED:
                    values[RECEIVED_AT, row], how = moment_of(data, start, stop)
                    good = how >= 0
                    local |= LOCAL_RECEIVED if how == 1 else 0
                elif kind == ALARMS:
                    if 2 * n_alarms >= alarm_slots.size:
                        alarm_slots = more_slots(data, alarm_slots, alarms, n_alarms)
                    number = known_of(data, start, stop, alarm_slots, alarms, n_alarms)
                    n_alarms += number == n_alarms
                    values[ALARMS_AT, row] = number
                elif kind == DATUM:
                    values[DATUMS_AT, row] = word_of(data, start, stop, kind, words)
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
