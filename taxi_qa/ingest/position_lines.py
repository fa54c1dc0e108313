"""A block of delimited lines as raw positions, and the lines left to the careful reader."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from taxi_qa.ingest import position_bytes as pb
from taxi_qa.ingest.moments import utc_of_local
from taxi_qa.ingest.position_fields import ABSENT
from taxi_qa.ingest.quantities import Converted
from taxi_qa.ingest.words import convert_list, convert_names
from taxi_qa.records.fixes import NO_DELAY, NO_HEADING, NO_ODOMETER, NO_SPEED
from taxi_qa.store.raw_fixes import (
    NO_ALARM,
    Bools,
    Int8s,
    Int16s,
    Int32s,
    Int64s,
    RawFixes,
    delays,
    sane_days,
)
from taxi_qa.values.clock import MS_PER_DAY, MS_PER_H, offset_ms
from taxi_qa.values.place import DATUMS, Datum

_PROBED_MS: Final = 60 * MS_PER_DAY
_words = lru_cache(maxsize=4)(pb.word_table)


class Unsplittable(ValueError):  # noqa: N818 - it says what the file is; the way out is another reader
    """A CSV whose rows can be told apart only by a reader that goes through it from its first byte.

    A quoted field goes over a line end or is malformed, a line ends in CR alone, or has no end.
    """


def parse_lines(
    data: npt.NDArray[np.uint8],
    size: int,
    fields: tuple[str | None, ...],
    delimiter: str,
    encoding: str,
    zone: str,
    datum: Datum,
) -> tuple[RawFixes, Int64s, Int64s, int, tuple[bytes, ...], Int64s]:
    """Reads a block of whole lines.

    Args:
        data: the lines, then zero bytes (`position_bytes.PADDING`).
        size: bytes of the lines; the last one is a line end.
        fields: the outside column each field means, None where none.
        delimiter: one ASCII character.
        encoding: of the text, "utf-8" or "gb18030".
        zone: of times without an offset.
        datum: of rows that do not say.

    Returns:
        The accepted positions; the record of each; the line of each record; the number of lines; the raw
        bytes of the other records; the record of each of these. Lines and records count from 0 here.

    Raises:
        Unsplittable: lines are not rows.
    """
    kinds = np.array([pb.kind_of(name) for name in fields], dtype=np.int8)
    n = pb.count_lines(data, size)
    values = np.empty((pb.WIDTH, n), dtype=np.int64)
    used = [k for k, name in enumerate(pb.SOURCES) if name in fields or name in pb.REQUIRED]
    for k in used:
        values[k].fill(ABSENT)  # the others are never looked at, and their memory is never touched
    used.append(pb.FLAGS)
    status = np.empty(n, dtype=np.int8)
    lines = np.empty((n, 2), dtype=np.int64)
    vehicles = np.empty((n, 2), dtype=np.int64)
    alarms = np.empty((n if "alarms" in fields else 1, 2), dtype=np.int64)
    n_vehicles, n_alarms, torn = pb.parse_rows(
        data,
        size,
        kinds,
        ord(delimiter),
        _words(encoding),
        not _all_text(data, size, fields, encoding),
        values,
        status,
        lines,
        vehicles,
        alarms,
    )
    if torn:
        raise Unsplittable("a quoted field goes over a line end or is malformed, or a line ends in CR alone")
    good = (status & 3) == pb.GOOD
    names, name_codes, named = _texts(data, vehicles[:n_vehicles], encoding, NAMES)
    texts, text_codes, listed = _texts(data, alarms[:n_alarms], encoding, LISTS)
    if not named.all():
        good &= named[np.where(good, values[pb.VEHICLES_AT], 0)]
    if n_alarms and not listed.all():
        good &= listed[np.where(good & (values[pb.ALARMS_AT] >= 0), values[pb.ALARMS_AT], 0)] | (
            values[pb.ALARMS_AT] < 0
        )
    whole = good.all()
    columns = {k: values[k] if whole else values[k][good] for k in used}
    local = status if whole else status[good]
    time_ms = to_utc(columns[pb.TIME_AT], (local & pb.LOCAL_TIME) != 0, zone)
    sane = _sane(time_ms, zone)
    if not sane.all():
        good[np.flatnonzero(good)[~sane]] = False
        columns = {k: column[sane] for k, column in columns.items()}
        time_ms, local = time_ms[sane], local[sane]
    delay = _delay(columns[pb.RECEIVED_AT], time_ms, local, zone) if "received_at" in fields else None
    fixes = _raw_fixes(columns, time_ms, delay, fields, datum, (names, name_codes, texts, text_codes))
    line_at = np.flatnonzero(status != pb.BLANK)
    good_of_record = good[line_at]
    odd = np.flatnonzero(~good_of_record)
    raw = tuple(data[a:b].tobytes() for a, b in lines[line_at[odd]])
    return fixes, np.flatnonzero(good_of_record), line_at, n, raw, odd


def _all_text(data: npt.NDArray[np.uint8], size: int, fields: tuple[str | None, ...], encoding: str) -> bool:
    """Whether all bytes are text of the encoding; looked at only where some field is decoded by nobody."""
    if all(pb.kind_of(name) != pb.SKIPPED for name in fields):
        return False
    try:
        data[:size].tobytes().decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


class Readings:
    """What a careful converter made of every text met so far: a fleet's plates come again in every block."""

    def __init__(self, convert: Callable[[Any], Converted]) -> None:
        """Nothing met yet; `convert` reads a column of texts."""
        self._convert = convert
        self._known: dict[str, str | None] = {}

    def of(self, texts: Sequence[str | None]) -> list[str | None]:
        """The texts as they are kept; None where a text is missing, empty or not sound."""
        known = self._known if len(self._known) < _MOST_TEXTS else {}
        fresh = [text for text in texts if text is not None and text not in known]
        if fresh:
            converted = self._convert(pa.array(fresh, pa.large_string()))
            sound = converted.given.copy()
            for wrong, _ in converted.faults:
                sound &= ~wrong
            known.update(
                (text, kept if ok else None)
                for text, kept, ok in zip(fresh, converted.data.to_pylist(), sound, strict=True)
            )
            self._known = known
        return [None if text is None else known[text] for text in texts]


# Texts remembered at most: some 20 MB.
_MOST_TEXTS: Final = 100_000
NAMES: Final = Readings(convert_names)
LISTS: Final = Readings(convert_list)


def coded(kept: Sequence[str | None]) -> tuple[tuple[str, ...], Int32s, Bools]:
    """The different texts, the code of each text among them (0 for none), and where there is one."""
    number: dict[str, int] = {}
    codes = [0 if text is None else number.setdefault(text, len(number)) for text in kept]
    there = np.array([text is not None for text in kept], dtype=np.bool_)
    return tuple(number), np.array(codes, dtype=np.int32), there


def _texts(
    data: npt.NDArray[np.uint8], places: Int64s, encoding: str, readings: Readings
) -> tuple[tuple[str, ...], Int32s, Bools]:
    """The different texts as they are kept, the code of each place's text among them, whether it is sound."""
    decoded: list[str | None] = []
    whole = data.data
    for start, stop in places.tolist():
        try:
            decoded.append(str(whole[start:stop], encoding))
        except UnicodeDecodeError:
            decoded.append(None)
    return coded(readings.of(decoded))


def to_utc(moments: Int64s, local: Bools, zone: str) -> Int64s:
    """Instants of what the fields wrote; `local` ones are readings of the city's clock."""
    if not local.any():
        return moments
    first, last = int(moments.min()), int(moments.max())
    if local.all() and last - first < _PROBED_MS:
        # One offset from a day before to a day after: every reading has it.
        probes = np.arange(first - MS_PER_DAY, last + MS_PER_DAY, MS_PER_H // 4, dtype=np.int64)
        offsets = offset_ms(probes, zone)
        if (offsets == offsets[0]).all():
            return moments - int(offsets[0])
    mixed: Int64s = np.where(local, utc_of_local(moments, zone), moments)
    return mixed


def _sane(time_ms: Int64s, zone: str) -> Bools:
    if time_ms.size and sane_days(np.array([time_ms.min(), time_ms.max()]), zone).all():
        return np.ones(time_ms.size, dtype=np.bool_)
    return sane_days(time_ms, zone)


def _delay(received: Int64s, time_ms: Int64s, local: Int8s, zone: str) -> Int32s:
    there = received != ABSENT
    instants = to_utc(np.where(there, received, time_ms), ((local & pb.LOCAL_RECEIVED) != 0) & there, zone)
    return np.where(there, delays(instants, time_ms), NO_DELAY).astype(np.int32)


def _raw_fixes(
    columns: dict[int, Int64s],
    time_ms: Int64s,
    delay: Int32s | None,
    fields: tuple[str | None, ...],
    datum: Datum,
    texts: tuple[tuple[str, ...], Int32s, tuple[str, ...], Int32s],
) -> RawFixes:
    names, name_codes, alarm_texts, alarm_codes = texts

    def number(which: int, name: str, missing: int, dtype: type[np.signedinteger]) -> Any:  # noqa: ANN401
        if name not in fields:
            return None
        return np.where(columns[which] == ABSENT, missing, columns[which]).astype(dtype)

    heading: Int16s | None = number(3, "heading_deg", NO_HEADING, np.int16)
    own: Int8s | None = None
    if "datum" not in fields:
        own = np.full(time_ms.size, DATUMS.index(datum), dtype=np.int8) if datum != "wgs84" else None
    else:
        own = np.where(columns[pb.DATUMS_AT] < 0, DATUMS.index(datum), columns[pb.DATUMS_AT]).astype(np.int8)
    alarm_code = None
    if alarm_texts:
        found = columns[pb.ALARMS_AT]
        empty = np.array([text == "" for text in alarm_texts])
        code = alarm_codes[np.where(found < 0, 0, found)]
        alarm_code = np.where((found < 0) | empty[code], NO_ALARM, code).astype(np.int32)
    flags = columns[pb.FLAGS].astype(np.int16)
    return RawFixes(
        names,
        name_codes[columns[pb.VEHICLES_AT]],
        time_ms,
        columns[0].astype(np.int32),
        columns[1].astype(np.int32),
        number(2, "speed_kmh", NO_SPEED, np.int32),
        heading,
        flags if flags.any() else None,
        number(4, "odometer_km", NO_ODOMETER, np.int32),
        delay,
        own,
        alarm_code,
        alarm_texts,
    )
