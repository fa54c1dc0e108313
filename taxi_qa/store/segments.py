"""One segment: the positions of one (day, bucket) in one Parquet file, sorted by vehicle, time, lon, lat.

Whole numbers are written delta-packed and divided by the largest power of ten that divides all of their
column, so six-decimal degrees at 1e-7 and whole seconds cost nothing. A column with one value throughout
(most often: never sent) is not written. What is needed to read the columns, and which rows each vehicle
owns, stands in the file's metadata: one vehicle is read without a look at the others' rows.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from taxi_qa.records.fixes import NO_DELAY, NO_HEADING, NO_ODOMETER, NO_SPEED
from taxi_qa.store.raw_fixes import NO_ALARM, Int32s, Int64s
from taxi_qa.store.sorting import common_power, headings, turns

Column = npt.NDArray[np.signedinteger]

ROW_GROUP: Final = 131_072
_META: Final = b"taxi_qa.segment"
_ALARMS: Final = "alarms"
# Few different values: a dictionary is smaller than deltas. Speeds do not follow each other: their bytes are
# split, which is smaller than either. All others are delta-packed.
_FEW: Final = ("heading_ddeg", "flags", "datum")
_UNSCALED: Final = ("flags", "datum", "alarm_code")
_MOST_POWER: Final = 1000
_ENCODINGS: Final = {"speed_ckmh": "BYTE_STREAM_SPLIT"}
# These are hardly smaller with zstd, and with LZ4 unpacked in half the time.
_LIGHT: Final = ("time_ms", "lon_e7", "lat_e7", "flags", "delay_ms")
# Stands for "not sent" and so is never scaled; the others are always there. No such value: NO_DELAY's.
MISSING: Final[dict[str, int]] = {
    "speed_ckmh": NO_SPEED, "heading_ddeg": NO_HEADING, "odometer_m": NO_ODOMETER, "delay_ms": NO_DELAY,
}  # fmt: skip
DTYPES: Final[dict[str, type[np.signedinteger]]] = {
    "time_ms": np.int64,
    "lon_e7": np.int32,
    "lat_e7": np.int32,
    "speed_ckmh": np.int32,
    "heading_ddeg": np.int16,
    "flags": np.int16,
    "odometer_m": np.int32,
    "delay_ms": np.int32,
    "datum": np.int8,
    "alarm_code": np.int32,
}
# What stands where a whole column was not sent.
ABSENT: Final[dict[str, int]] = {**MISSING, "flags": 0, "datum": 0, "alarm_code": NO_ALARM}


# A heading is 0 … 3,600 tenths of a degree, both ends written by some terminals: not the same number.
_FULL_DDEG: Final = 3_600
_DDEG_POWER: Final = 100


def _circle(power: int) -> int:
    """How many headings there are when they are counted in `power` tenths of a degree."""
    return _FULL_DDEG // power + 1


@dataclass(frozen=True)
class Head:
    """What a segment says of itself without its rows.

    Attributes:
        day: city day of all rows.
        vehicle_ids: sorted; vehicle `i` owns rows `starts[i]:starts[i + 1]`.
        starts: len(vehicle_ids) + 1 offsets.
        first_ms, last_ms: least and greatest time.
        scales: column -> what its numbers are multiplied by.
        constants: column -> its one value.
        holed: columns in which some, but not all, values were not sent.
        turning: whether the heading is written as its change from the row before (`turns`), which has far
            fewer different values.
        alarm_texts: what `alarm_code` indexes.
    """

    day: int
    vehicle_ids: tuple[str, ...]
    starts: Int64s
    first_ms: int
    last_ms: int
    scales: Mapping[str, int]
    constants: Mapping[str, int]
    holed: frozenset[str]
    turning: bool
    alarm_texts: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Rows of the segment."""
        return int(self.starts[-1])


# Gives the rows start … stop - 1 of a segment to be: the columns of `DTYPES` that were sent, and each
# row's index into the vehicle ids.
Cut = Callable[[int, int], tuple[dict[str, Column], Int32s]]


@dataclass
class _Seen:
    """What is known of a column after some of its rows."""

    low: int
    high: int
    power: int

    def also(self, values: Column, missing: int) -> None:
        self.low, self.high = min(self.low, int(values.min())), max(self.high, int(values.max()))
        if self.power > 1:
            self.power = min(self.power, common_power(values, missing))


def write_segment(
    path: Path, day: int, size: int, cut: Cut, vehicle_ids: tuple[str, ...], alarm_texts: tuple[str, ...]
) -> Head:
    """Writes sorted positions, a row group at a time, so that no more than one is held as columns.

    Args:
        path: where; the caller names it for good afterwards.
        day: city day of all rows.
        size: number of rows, at least one.
        cut: gives the rows, sorted by vehicle, time, lon, lat; asked for each of them twice.
        vehicle_ids: sorted.
        alarm_texts: what the column `alarm_code` indexes.
    """
    counts = np.zeros(len(vehicle_ids), dtype=np.int64)
    seen: dict[str, _Seen] = {}
    for start in range(0, size, ROW_GROUP):
        columns, vehicle = cut(start, min(start + ROW_GROUP, size))
        counts += np.bincount(vehicle, minlength=len(vehicle_ids))
        for name, values in columns.items():
            first = int(values[0])
            most = 1 if name in _UNSCALED else _MOST_POWER
            seen.setdefault(name, _Seen(first, first, most)).also(values, MISSING.get(name, NO_DELAY))
    owners = np.flatnonzero(counts)
    constants = {n: s.low for n, s in seen.items() if s.low == s.high and n != "time_ms"}
    written = {n: s for n, s in seen.items() if n not in constants}
    holed = frozenset(n for n, s in written.items() if n in MISSING and s.low == MISSING[n])
    scales = {n: s.power for n, s in written.items() if s.power > 1}
    turning = "heading_ddeg" in written and "heading_ddeg" not in holed
    if turning:
        scales["heading_ddeg"] = min(scales.get("heading_ddeg", 1), _DDEG_POWER)
    head = Head(
        day, tuple(vehicle_ids[i] for i in owners),
        np.concatenate(([0], np.cumsum(counts[owners]))).astype(np.int64),
        seen["time_ms"].low, seen["time_ms"].high, scales, constants, holed, turning, alarm_texts,
    )  # fmt: skip
    with _writer(path, head, list(written)) as writer:
        for start in range(0, size, ROW_GROUP):
            columns, vehicle = cut(start, min(start + ROW_GROUP, size))
            low, high = int(vehicle[0]), int(vehicle[-1])
            names = pa.array(vehicle_ids[low : high + 1], pa.string())
            arrays = [pa.DictionaryArray.from_arrays(vehicle - low, names)]
            arrays += [_encoded(name, columns[name], head) for name in written]
            writer.write_table(pa.Table.from_arrays(arrays, schema=writer.schema), row_group_size=ROW_GROUP)
    return head


def _encoded(name: str, values: Column, head: Head) -> Any:  # noqa: ANN401 - pyarrow has no types
    """One row group of a column as it is written."""
    if name == "alarm_code":
        codes = pa.array(values, mask=values == NO_ALARM)
        return pa.DictionaryArray.from_arrays(codes, pa.array(head.alarm_texts, pa.string()))
    scale = head.scales.get(name, 1)
    small = values // values.dtype.type(scale) if scale > 1 else values
    if name in head.holed and scale > 1:
        small = np.where(values == MISSING[name], values, small)
    if name == "heading_ddeg" and head.turning:
        small = turns(small, _circle(scale), ROW_GROUP)
    return pa.array(small)


def _writer(path: Path, head: Head, columns: Sequence[str]) -> Any:  # noqa: ANN401 - pyarrow has no types
    names = pa.dictionary(pa.int32(), pa.string())
    # What cannot be missing is read without a look whether it is.
    fields = [pa.field("vehicle_id", names, nullable=False)]
    fields += [
        pa.field(_ALARMS, names)
        if n == "alarm_code"
        else pa.field(n, pa.from_numpy_dtype(DTYPES[n]), nullable=False)
        for n in columns
    ]
    meta = json.dumps(
        {
            "day": head.day, "vehicles": head.vehicle_ids, "rows": np.diff(head.starts).tolist(),
            "first_ms": head.first_ms, "last_ms": head.last_ms, "scales": head.scales,
            "holed": sorted(head.holed), "constants": head.constants, "turning": head.turning,
            "row_group": ROW_GROUP, "alarms": head.alarm_texts,
        },
        ensure_ascii=False,
    )  # fmt: skip
    packed = {n: _ENCODINGS.get(n, "DELTA_BINARY_PACKED") for n in columns if n not in (*_FEW, "alarm_code")}
    few = ["vehicle_id", *(_ALARMS if n == "alarm_code" else n for n in columns if n not in packed)]
    codecs = {n: "lz4" if n in _LIGHT else "zstd" for n in (*few, *packed)}
    return pq.ParquetWriter(
        path, pa.schema(fields, metadata={_META: meta.encode()}), compression=codecs, use_dictionary=few,
        column_encoding=packed, write_page_index=True, write_statistics=["vehicle_id", "time_ms"],
    )  # fmt: skip


class Segment:
    """An open segment: its head now, its columns when asked."""

    def __init__(self, path: Path) -> None:
        """Opens the file and reads its head."""
        self._file = pq.ParquetFile(path)
        schema = self._file.schema_arrow
        self._there = frozenset(schema.names)
        told: dict[str, Any] = json.loads(schema.metadata[_META])
        self.row_group: int = told["row_group"]
        self.head = Head(
            told["day"],
            tuple(told["vehicles"]),
            np.concatenate(([0], np.cumsum(told["rows"]))).astype(np.int64),
            told["first_ms"],
            told["last_ms"],
            told["scales"],
            told["constants"],
            frozenset(told["holed"]),
            told["turning"],
            tuple(told["alarms"]),
        )

    def __enter__(self) -> Self:
        """The segment itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the file."""
        self._file.close()

    def columns(self, names: Collection[str], start: int = 0, stop: int | None = None) -> dict[str, Column]:
        """Columns of `DTYPES` for rows start … stop - 1; see `read_into`."""
        rows = (self.head.rows if stop is None else stop) - start
        result = {name: np.empty(rows, dtype=DTYPES[name]) for name in names}
        self.read_into(result, start, rows)
        return result

    def read_into(self, columns: Mapping[str, Column], start: int, rows: int) -> None:
        """Fills columns of `DTYPES` with `rows` rows from `start` on; what was never sent with its `ABSENT`.

        Only the row groups that hold these rows are read.
        """
        head = self.head
        stored: dict[str, str] = {}
        for name, into in columns.items():
            alias = _ALARMS if name == "alarm_code" else name
            if rows and alias in self._there and name not in head.constants:
                stored[name] = alias
            else:
                into.fill(head.constants.get(name, ABSENT.get(name, 0)))
        if stored:
            first = start // self.row_group
            groups = range(first, (start + rows - 1) // self.row_group + 1)
            table = self._file.read_row_groups(list(groups), columns=list(stored.values()), use_threads=False)
            begin = start - first * self.row_group
            for name in stored:
                self._decode(name, table, slice(begin, begin + rows), columns[name])

    def _decode(self, name: str, table: pa.Table, rows: slice, into: Column) -> None:
        if name == "alarm_code":
            into[:] = self._alarm_codes(table.column(_ALARMS))[rows]
            return
        column = table.column(name)
        values: Column = (column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()).to_numpy()
        if name == "heading_ddeg" and self.head.turning:
            values = headings(values, _circle(self.head.scales[name]), self.row_group)
        values = values[rows]
        np.multiply(values, values.dtype.type(self.head.scales.get(name, 1)), out=into)
        if name in self.head.holed:
            missing = MISSING[name]
            into[values == missing] = missing

    def _alarm_codes(self, column: pa.ChunkedArray) -> Int32s:
        number = {text: code for code, text in enumerate(self.head.alarm_texts)}
        parts = []
        for chunk in column.chunks:
            own = np.array(
                [*(number[text] for text in chunk.dictionary.to_pylist()), NO_ALARM], dtype=np.int32
            )
            parts.append(own[chunk.indices.fill_null(len(own) - 1).to_numpy(zero_copy_only=False)])
        return np.concatenate(parts)
