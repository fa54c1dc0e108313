"""A batch of typed Parquet columns as raw positions, and which of its rows are left to the careful reader."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from taxi_qa.ingest.position_lines import LISTS, NAMES, Readings, coded, to_utc
from taxi_qa.records.column import Column
from taxi_qa.records.fixes import FLAG_BITS, NO_DELAY, NO_HEADING, NO_ODOMETER, NO_SPEED
from taxi_qa.records.kinds import POSITIONS
from taxi_qa.store.raw_fixes import (
    CKMH_PER_KMH,
    DDEG_PER_DEG,
    NO_ALARM,
    Bools,
    Int32s,
    Int64s,
    RawFixes,
    delays,
    sane_days,
    scaled,
)  # fmt: skip
from taxi_qa.values.place import DATUMS, E7, Datum

BATCH_ROWS: Final = 262_144


class _Unknown(Exception):  # noqa: N818 - no error: it leads to the careful reader
    """A column is of a type that the fast way does not know."""


@lru_cache(maxsize=4)
def _layout(path: Path, size: int, changed_ns: int) -> tuple[int, frozenset[str]]:  # noqa: ARG001 - the file's state
    """The number of row groups, and the columns of text."""
    with pq.ParquetFile(path) as file:
        return file.num_row_groups, frozenset(f.name for f in file.schema_arrow if _is_text(f.type))


def layout(path: Path) -> tuple[int, frozenset[str]]:
    """The number of row groups of a file, and its columns of text."""
    state = path.stat()
    return _layout(path, state.st_size, state.st_mtime_ns)


def row_group_batches(path: Path, group: int, columns: Sequence[str]) -> Iterator[Any]:
    """The record batches of a row group, a bounded number of rows each."""
    # Texts stay coded as they lie in the file: each different one is looked at once.
    texts = [name for name in columns if name in layout(path)[1]]
    with pq.ParquetFile(path, read_dictionary=texts, pre_buffer=False) as file:
        yield from file.iter_batches(BATCH_ROWS, row_groups=[group], columns=list(columns), use_threads=False)


def parse_cells(batch: Any, columns: Mapping[str, str], zone: str, datum: Datum) -> tuple[RawFixes, Bools]:  # noqa: ANN401
    """Reads a batch.

    Args:
        batch: a pyarrow record batch.
        columns: outside column -> column of the batch.
        zone: of times without a zone.
        datum: of rows that do not say.

    Returns:
        The accepted positions, and which rows of the batch they are.
    """
    good = np.ones(batch.num_rows, dtype=np.bool_)
    cells = {name: batch.column(batch.schema.get_field_index(own)) for name, own in columns.items()}
    try:
        found = _columns(cells, good, zone, datum)
    except _Unknown:
        good[:] = False
        found = _columns({}, good, zone, datum)
    names, texts = found.pop("names"), found.pop("texts", ())
    kept: dict[str, Any] = found
    if not good.all():
        kept = {name: None if values is None else values[good] for name, values in found.items()}
    return RawFixes(vehicle_ids=names, alarm_texts=texts, **kept), good


def _columns(cells: Mapping[str, Any], good: Bools, zone: str, datum: Datum) -> dict[str, Any]:
    """The columns of `RawFixes` (and names, texts); rows that are not plainly good are struck from `good`."""
    n = good.size
    found: dict[str, Any] = {}
    if not cells:
        empty = np.zeros(n, dtype=np.int32)
        return {
            "names": (),
            "vehicle_code": empty,
            "time_ms": empty.astype(np.int64),
            "lon_e7": empty,
            "lat_e7": empty,
        }
    found["names"], found["vehicle_code"] = _texts(cells["vehicle_id"], good, NAMES, required=True)
    time_ms, there = _moments(cells["time"], good, zone)
    good &= there
    good &= sane_days(time_ms, zone)
    found["time_ms"] = time_ms
    for name in ("lon", "lat"):
        if pa.types.is_float32(cells[name].type) or pa.types.is_float16(cells[name].type):
            raise _Unknown  # what was meant is its shortest text: the careful reader's business
        values = _numbers(cells[name], POSITIONS.column(name), good)
        good &= ~np.isnan(values)
        found[f"{name}_e7"] = scaled(np.where(np.isnan(values), 0.0, values), E7).astype(np.int32)
    for name, own, unit, missing, dtype in (
        ("speed_kmh", "speed_ckmh", CKMH_PER_KMH, NO_SPEED, np.int32),
        ("heading_deg", "heading_ddeg", DDEG_PER_DEG, NO_HEADING, np.int16),
    ):
        if name in cells:
            values = _numbers(cells[name], POSITIONS.column(name), good)
            gone = np.isnan(values)
            found[own] = np.where(gone, missing, scaled(np.where(gone, 0.0, values), unit)).astype(dtype)
    if "odometer_km" in cells:
        values = _numbers(cells["odometer_km"], POSITIONS.column("odometer_km"), good)
        metres = np.floor(np.nan_to_num(values) * 1000 + 0.5)
        found["odometer_m"] = np.where(np.isnan(values), NO_ODOMETER, metres).astype(np.int32)
    found["flags"] = _flags(cells, good)
    if "received_at" in cells:
        received, there = _moments(cells["received_at"], good, zone)
        found["delay_ms"] = np.where(there, delays(received, time_ms), NO_DELAY).astype(np.int32)
    found["datum"] = _datums(cells, good, datum)
    if "alarms" in cells:
        texts, codes = _texts(cells["alarms"], good, LISTS, required=False)
        empty = np.array([*(text == "" for text in texts), True])
        found["texts"], found["alarm_code"] = texts, np.where(empty[codes], NO_ALARM, codes).astype(np.int32)
    return found


def _is_text(kind: Any) -> bool:  # noqa: ANN401
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _texts(cells: Any, good: Bools, readings: Readings, *, required: bool) -> tuple[tuple[str, ...], Int32s]:  # noqa: ANN401
    """The different texts as they are kept, and each row's code among them (-1: none)."""
    rows = cells if pa.types.is_dictionary(cells.type) else cells.dictionary_encode()
    words = rows.dictionary
    if pa.types.is_integer(words.type):
        words = words.cast(pa.string())
    elif not _is_text(words.type):
        raise _Unknown
    texts = words.to_pylist()
    names, codes, sound = coded(readings.of(texts))
    own = np.append(np.where(sound, codes, -1), -1).astype(np.int32)
    places = pc.fill_null(rows.indices, -1).to_numpy(zero_copy_only=False)  # -1 is the last: none
    if required:
        good &= np.append(sound, False)[places]
    elif not sound.all():
        # A text of blanks is none; one that is not sound is not for this reader.
        nothing = np.array([text is None or not text.strip() for text in texts])
        good &= np.append(sound | nothing, True)[places]
    return names, own[places]


def _numbers(cells: Any, column: Column, good: Bools) -> npt.NDArray[np.float64]:  # noqa: ANN401
    """Doubles, NaN where not sent; rows out of the column's range are struck from `good`."""
    kind = cells.type
    if pa.types.is_decimal(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        values = cells.cast(pa.float64()).to_numpy(zero_copy_only=False)
    elif pa.types.is_null(kind):
        values = np.full(len(cells), np.nan)
    else:
        raise _Unknown
    outside = np.zeros(values.size, dtype=np.bool_)
    outside |= values < column.low
    outside |= values > column.high
    good &= ~outside
    return np.where(outside, np.nan, values) if outside.any() else values


def _moments(cells: Any, good: Bools, zone: str) -> tuple[Int64s, Bools]:  # noqa: ANN401
    """Instants, and where there is one; numbers of unclear meaning are struck from `good`."""
    kind = cells.type
    there = cells.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_timestamp(kind):
        ticks = pc.fill_null(cells.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        per = {"s": (1000, 1), "ms": (1, 1), "us": (1, 1000), "ns": (1, 1_000_000)}[kind.unit]
        if per[0] > 1:
            ticks = np.clip(ticks, -(1 << 50), 1 << 50) * per[0]
        moments = ticks // per[1] if per[1] > 1 else ticks
        return (moments if kind.tz is not None else to_utc(moments, there, zone)), there
    if pa.types.is_integer(kind):
        ticks = pc.fill_null(cells.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        seconds = (ticks >= 10**9) & (ticks < 10**10)
        good &= seconds | ((ticks >= 10**12) & (ticks < 10**13)) | ~there
        return np.where(seconds, ticks * 1000, ticks), there
    raise _Unknown


def _flags(cells: Mapping[str, Any], good: Bools) -> npt.NDArray[np.int16] | None:
    flags = np.zeros(good.size, dtype=np.int16)
    for name, (sent, on) in FLAG_BITS.items():
        if name not in cells:
            continue
        kind = cells[name].type
        if pa.types.is_null(kind):
            continue
        if not (pa.types.is_boolean(kind) or pa.types.is_integer(kind)):
            raise _Unknown
        there = cells[name].is_valid().to_numpy(zero_copy_only=False)
        value = pc.fill_null(cells[name].cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        good &= (value == 0) | (value == 1)
        flags |= np.where(there, sent, 0).astype(np.int16) | np.where(value == 1, on, 0).astype(np.int16)
    return flags if flags.any() else None


def _datums(cells: Mapping[str, Any], good: Bools, datum: Datum) -> npt.NDArray[np.int8] | None:
    own = DATUMS.index(datum)
    if "datum" not in cells:
        return np.full(good.size, own, dtype=np.int8) if own else None
    kind = cells["datum"].type
    if not (_is_text(kind) or (pa.types.is_dictionary(kind) and _is_text(kind.value_type))):
        raise _Unknown
    texts = cells["datum"].cast(pa.string())
    codes = pc.index_in(texts, value_set=pa.array(DATUMS, pa.string()))
    good &= (codes.is_valid().to_numpy(zero_copy_only=False)) | texts.is_null().to_numpy(zero_copy_only=False)
    datums: npt.NDArray[np.int8] = pc.fill_null(codes, own).to_numpy(zero_copy_only=False).astype(np.int8)
    return datums
