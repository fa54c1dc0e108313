"""One segment: the positions of one (day, bucket) in one Parquet file, sorted by vehicle, time, lon, lat.

Whole numbers are written delta-packed and divided by the largest power of ten that divides all of their
column, so six-decimal degrees at 1e-7 and whole seconds cost nothing. A column with one value throughout
(most often: never sent) is not written. What is needed to read the columns, and which rows each vehicle
owns, stands in the file's metadata: one vehicle is read without a look at the others' rows.
"""

import json
from collections.abc import Collection, Mapping
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
_ENCODINGS: Final = {"speed_ckmh": "BYTE_STREAM_SPLIT"}
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


def write_segment(
    path: Path, day: int, columns: Mapping[str, Column], vehicle: Int32s, vehicle_ids: tuple[str, ...],
    alarm_texts: tuple[str, ...],
) -> Head:  # fmt: skip
    """Writes sorted positions.

    Args:
        path: where; the caller names it for good afterwards.
        day: city day of all rows.
        columns: the columns of `DTYPES`, those not sent left out; equal lengths, at least one row.
        vehicle: index into `vehicle_ids` of each row, rising.
        vehicle_ids: sorted.
        alarm_texts: what the column `alarm_code` indexes.
    """
    counts = np.bincount(vehicle, minlength=len(vehicle_ids))
    owners = np.flatnonzero(counts)
    scales: dict[str, int] = {}
    constants: dict[str, int] = {}
    holed: set[str] = set()
    written: dict[str, Column] = {}
    for name, values in columns.items():
        low, high = int(values.min()), int(values.max())
        if low == high and name != "time_ms":
            constants[name] = low
            continue
        missing = MISSING.get(name, NO_DELAY)
        if name in MISSING and low == missing:
            holed.add(name)
        power = 1 if name in ("flags", "datum", "alarm_code") else common_power(values, missing)
        written[name] = values
        if power > 1:
            scales[name] = power
            small = values // values.dtype.type(power)
            written[name] = np.where(values == missing, values, small) if name in holed else small
    turning = "heading_ddeg" in written and "heading_ddeg" not in holed
    if turning:
        scales["heading_ddeg"] = power = min(scales.get("heading_ddeg", 1), _DDEG_POWER)
        written["heading_ddeg"] = turns(columns["heading_ddeg"] // np.int16(power), _circle(power), ROW_GROUP)
    head = Head(
        day,
        tuple(vehicle_ids[i] for i in owners),
        np.concatenate(([0], np.cumsum(counts[owners]))).astype(np.int64),
        int(columns["time_ms"].min()),
        int(columns["time_ms"].max()),
        scales,
        constants,
        frozenset(holed),
        turning,
        alarm_texts,
    )
    _write(path, head, written, vehicle, vehicle_ids)
    return head


def _write(
    path: Path, head: Head, columns: dict[str, Column], vehicle: Int32s, vehicle_ids: tuple[str, ...]
) -> None:
    types = {name: pa.from_numpy_dtype(DTYPES[name]) for name in columns}
    names = pa.dictionary(pa.int32(), pa.string())
    fields = [
        ("vehicle_id", names),
        *((_ALARMS, names) if n == "alarm_code" else (n, t) for n, t in types.items()),
    ]
    meta = json.dumps(
        {
            "day": head.day,
            "vehicles": head.vehicle_ids,
            "rows": np.diff(head.starts).tolist(),
            "first_ms": head.first_ms,
            "last_ms": head.last_ms,
            "scales": head.scales,
            "constants": head.constants,
            "holed": sorted(head.holed),
            "turning": head.turning,
            "row_group": ROW_GROUP,
            "alarms": head.alarm_texts,
        },
        ensure_ascii=False,
    )
    schema = pa.schema(fields, metadata={_META: meta.encode()})
    packed = {n: _ENCODINGS.get(n, "DELTA_BINARY_PACKED") for n in types if n not in (*_FEW, "alarm_code")}
    in_runs = ["vehicle_id", *(_ALARMS if n == "alarm_code" else n for n in types if n not in packed)]
    with pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        use_dictionary=in_runs,
        column_encoding=packed,
        write_page_index=True,
        write_statistics=["vehicle_id", "time_ms"],
    ) as writer:
        for start in range(0, vehicle.size, ROW_GROUP):
            stop = min(start + ROW_GROUP, vehicle.size)
            owner = vehicle[start:stop]
            first, last = int(owner[0]), int(owner[-1])
            arrays = [
                pa.DictionaryArray.from_arrays(
                    owner - first, pa.array(vehicle_ids[first : last + 1], pa.string())
                )
            ]
            for name in types:
                values = columns[name][start:stop]
                if name == "alarm_code":
                    codes = pa.array(values, mask=values == NO_ALARM)
                    arrays.append(
                        pa.DictionaryArray.from_arrays(codes, pa.array(head.alarm_texts, pa.string()))
                    )
                else:
                    arrays.append(pa.array(values))
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema), row_group_size=ROW_GROUP)


class Segment:
    """An open segment: its head now, its columns when asked."""

    def __init__(self, path: Path) -> None:
        """Opens the file and reads its head."""
        self._file = pq.ParquetFile(path)
        told: dict[str, Any] = json.loads(self._file.schema_arrow.metadata[_META])
        self._row_group: int = told["row_group"]
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
        """Columns of `DTYPES` for rows start … stop - 1; what was never sent is filled with its `ABSENT`.

        Only the row groups that hold these rows are read.
        """
        head, stop = self.head, self.head.rows if stop is None else stop
        n = stop - start
        result: dict[str, Column] = {}
        wanted: list[str] = []
        there = set(self._file.schema_arrow.names)
        for name in names:
            stored = _ALARMS if name == "alarm_code" else name
            if n and stored in there and name not in head.constants:
                wanted.append(name)
            else:
                result[name] = np.full(n, head.constants.get(name, ABSENT.get(name, 0)), dtype=DTYPES[name])
        if wanted:
            groups = list(range(start // self._row_group, (stop - 1) // self._row_group + 1))
            table = self._file.read_row_groups(
                groups, columns=[_ALARMS if n == "alarm_code" else n for n in wanted], use_threads=False
            )
            rows = slice(start - groups[0] * self._row_group, stop - groups[0] * self._row_group)
            for name in wanted:
                result[name] = self._decoded(name, table, rows)
        return result

    def _decoded(self, name: str, table: pa.Table, rows: slice) -> Column:
        if name == "alarm_code":
            return self._alarm_codes(table.column(_ALARMS))[rows]
        column = table.column(name)
        values: Column = (column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()).to_numpy()
        if name == "heading_ddeg" and self.head.turning:
            values = headings(values, _circle(self.head.scales[name]), self._row_group)
        values = values[rows]
        scale = self.head.scales.get(name, 1)
        if scale == 1:
            return values.copy()  # what the reader hands out is its own and not to be written to
        large: Column = values * values.dtype.type(scale)
        if name in self.head.holed:
            missing = MISSING[name]
            large[values == missing] = missing
        return large

    def _alarm_codes(self, column: pa.ChunkedArray) -> Int32s:
        number = {text: code for code, text in enumerate(self.head.alarm_texts)}
        parts = []
        for chunk in column.chunks:
            own = np.array(
                [*(number[text] for text in chunk.dictionary.to_pylist()), NO_ALARM], dtype=np.int32
            )
            parts.append(own[chunk.indices.fill_null(len(own) - 1).to_numpy(zero_copy_only=False)])
        return np.concatenate(parts)
