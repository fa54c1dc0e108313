"""What several columns of a row say together, and which moments a row may claim."""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

import numpy as np
import pyarrow as pa

from taxi_qa.ingest.moments import later_reading
from taxi_qa.ingest.quantities import Bools, Converted, Int64s
from taxi_qa.records.column import Kind
from taxi_qa.values.clock import MS_PER_DAY, MS_PER_H, MS_PER_MIN, offset_ms

# Fault: which rows, the column at fault, the reason.
Fault = tuple[Bools, str, str]

# 2015-01-01 UTC: no clock of a terminal of this trade shows less unless it is wrong.
_FIRST_MS: Final = 1_420_070_400_000
_AHEAD_MS: Final = MS_PER_DAY

# What has happened cannot lie ahead; the rest may: papers, bookings, rosters and excuses are made in advance.
_HAPPENED: Final[Mapping[str, tuple[str, ...]]] = {
    "shifts": ("start",),
    "trips": ("boarded_at", "alighted_at"),
    "events": ("time",),
    "device_status": ("from",),
    "orders": ("accepted_at", "cancelled_at"),
    "complaints": ("received_at", "happened_at", "first_reply_at", "closed_at"),
    "inspections": ("at",),
    "commendations": ("at",),
    "records": ("at",),
    "repairs": ("reported_at", "repaired_at"),
}
_PLANNED: Final[Mapping[str, tuple[str, ...]]] = {"orders": ("pickup_due",), "excuses": ("from",)}

# (begin, end): the end may not come first. A begin with seconds and an end without are compared by minute
# for what people write into a register; a trip's two times come from one clock.
_SPANS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "drivers": (("registered_from", "registered_to"),),
    "shifts": (("start", "end"),),
    "trips": (("boarded_at", "alighted_at"),),
    "device_status": (("from", "to"),),
    "orders": (("accepted_at", "cancelled_at"),),
    "complaints": (("received_at", "first_reply_at"), ("received_at", "closed_at")),
    "repairs": (("reported_at", "repaired_at"),),
    "excuses": (("from", "to"),),
    "zones": (("valid_from", "valid_to"),),
}
_BY_MINUTE: Final = frozenset({"orders", "complaints", "repairs"})

_PLACES: Final = (
    ("lon", "lat"), ("boarded_lon", "boarded_lat"), ("alighted_lon", "alighted_lat"),
    ("pickup_lon", "pickup_lat"),
)  # fmt: skip
_MAX_LAT: Final = 90.0

_HOURS: Final = r"([01]?[0-9]|2[0-4]):[0-5][0-9]-([01]?[0-9]|2[0-4]):[0-5][0-9]"
_CLOCK_ALONE: Final = re.compile(r"\s*([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?\s*")

Columns = MutableMapping[str, Converted]


def alighting_dates(texts: Any, boarded: Converted, zone: str) -> Any:  # noqa: ANN401  (pyarrow has no types)
    """Alighting times of which only the clock was sent, with their date: that of boarding, or the day after.

    Args:
        texts: the column alighted_at as sent.
        boarded: the instants of boarding.
        zone: the city's zone.

    Returns:
        The texts, the inferred ones as local ISO 8601.
    """
    values = texts.to_pylist()
    alone = {i: m for i, text in enumerate(values) if text and (m := _CLOCK_ALONE.fullmatch(text))}
    if not alone:
        return texts
    rows = np.array([i for i in alone if boarded.given[i]], dtype=np.int64)
    local = boarded.data[rows] + offset_ms(boarded.data[rows], zone)
    for row, begin in zip(rows, local, strict=True):
        hour, minute, second = (int(part or 0) for part in alone[int(row)].groups())
        of_day = hour * MS_PER_H + minute * MS_PER_MIN + second * 1000
        # A stamp without seconds counts from its minute: 08:05 is not before 08:05:30.
        begin_of_day = begin % MS_PER_DAY
        if alone[int(row)].group(3) is None and of_day == begin_of_day - begin_of_day % MS_PER_MIN:
            of_day = int(begin_of_day)
        day = begin // MS_PER_DAY + (1 if of_day < begin_of_day else 0)
        moment = np.datetime64(int(day * MS_PER_DAY + of_day), "ms")
        values[int(row)] = str(moment)
    return pa.array(values, pa.large_string())


def settle_doubled_hour(kind: Kind, columns: Columns, naive: Mapping[str, Bools], zone: str) -> None:
    """Take the second of two readings of the clock where the first would let a span end before it begins.

    Where clocks are set back, 01:10 occurs twice: a trip from 01:52 to 01:10 ended in the second one. A
    trip whose beginning alone has two readings has the one that makes it shorter.
    """
    for begin, end in _SPANS.get(kind.name, ()):
        if begin not in naive or end not in naive or begin not in columns or end not in columns:
            continue
        first, last = columns[begin].data, columns[end].data
        both = columns[begin].given & columns[end].given
        late = later_reading(last, zone)
        columns[end] = _with_values(columns[end], np.where(both & naive[end] & (last < first), late, last))
        if kind.name == "trips":
            late = later_reading(first, zone)
            fits = both & naive[begin] & (late <= columns[end].data) & (later_reading(last, zone) == last)
            columns[begin] = _with_values(columns[begin], np.where(fits, late, first))


def _with_values(column: Converted, values: Int64s) -> Converted:
    return Converted(values, column.given, column.faults)


def faults_of(kind: Kind, columns: Columns, now_ms: int, planned: Bools) -> list[Fault]:
    """Rows whose columns contradict each other or the calendar.

    Args:
        kind: the kind of record.
        columns: what the file has, by outside name.
        now_ms: the moment of taking in.
        planned: rows that may lie ahead although their kind has happened (a roster).
    """
    faults: list[Fault] = []
    if kind.name != "positions":
        faults += _moments(kind, columns, now_ms, planned)
    for begin, end in _SPANS.get(kind.name, ()):
        if begin in columns and end in columns:
            first, last = columns[begin].data, columns[end].data
            both = columns[begin].given & columns[end].given
            if kind.name in _BY_MINUTE:
                first = np.where(last % MS_PER_MIN == 0, first - first % MS_PER_MIN, first)
            faults.append((both & (last < first), end, f"lies before {begin}"))
    if "hours" in columns and kind.name == "zones":
        faults.append(
            (_wrong_hours(columns["hours"]), "hours", "is no list of hours; expected 07:00-09:30;17:00-19:00")
        )
    return faults


def _moments(kind: Kind, columns: Columns, now_ms: int, planned: Bools) -> list[Fault]:
    faults: list[Fault] = []
    happened = _HAPPENED.get(kind.name, ())
    for name in (*happened, *_PLANNED.get(kind.name, ())):
        if name not in columns:
            continue
        column = columns[name]
        faults.append(
            (column.given & (column.data < _FIRST_MS), name, "lies before 2015: the clock was wrong")
        )
        if name in happened:
            ahead = column.given & (column.data > now_ms + _AHEAD_MS) & ~planned
            faults.append((ahead, name, "lies more than 24 h ahead: the clock was wrong"))
    return faults


def _wrong_hours(hours: Converted) -> Bools:
    whole = re.compile(rf"{_HOURS}(\s*;\s*{_HOURS})*;?")
    texts = hours.data.to_pylist()
    return np.array([text is not None and whole.fullmatch(text) is None for text in texts], dtype=bool)


def swapped(columns: Mapping[str, Converted]) -> list[Fault]:
    """Latitudes no place has, where the longitude beside them could be one: somebody swapped the two."""
    faults: list[Fault] = []
    for lon, lat in _PLACES:
        if lon in columns and lat in columns:
            x, y = columns[lon], columns[lat]
            hit = x.given & y.given & (np.abs(y.data) > _MAX_LAT) & (np.abs(x.data) <= _MAX_LAT)
            faults.append((hit, lat, "is out of range: expected -90 to 90; lon and lat look swapped"))
    return faults
