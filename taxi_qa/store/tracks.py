"""The positions of the store: what a segment is, and segments read back.

A delivery adds to each (day, bucket) it touches at most one current segment (rows that count) and one
superseded segment (rows that a correction outvoted); `store/merging.py` makes them. Segments are never
changed. Where two current segments hold the same (vehicle, time, lon, lat), the one committed later counts.
"""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.records.fixes import FLAG_BITS, NO_DELAY, Fixes, empty_fixes
from taxi_qa.store.raw_fixes import CKMH_PER_KMH, DDEG_PER_DEG, NO_ALARM, Int32s, Int64s, scaled
from taxi_qa.store.segments import ABSENT, DTYPES, MISSING, Column, Head, Segment
from taxi_qa.store.sorting import sort_order
from taxi_qa.store.spill import (
    LAT,
    LON,
    TIME,
    VEHICLE,
)  # fmt: skip
from taxi_qa.values.clock import MS_PER_DAY
from taxi_qa.values.place import DATUMS, E7, to_wgs84

_PLACE: Final = ("time_ms", "lon_e7", "lat_e7")
MEASURED: Final = ("speed_ckmh", "heading_ddeg", "flags", "odometer_m", "delay_ms")


@dataclass(frozen=True)
class Existing:
    """The committed segments of a partition, each kind in order of commit."""

    current: tuple[Path, ...] = ()
    superseded: tuple[Path, ...] = ()


@dataclass(frozen=True)
class MergedSegment:
    """A segment written but not yet committed.

    Attributes:
        day, bucket: its partition.
        kind: "current" or "superseded".
        temp_path: where it lies now; None where there is nothing to keep (every row was a duplicate: `rows`
            is 0 and only the counts matter).
        final_name: its name for good in the partition's folder: a number that rises with every delivery to
            the
            partition (so names sort in order of commit), then source and content. The same delivery into the
            same state of the store gives the same name.
        rows, bytes: of the file.
        first_ms, last_ms: least and greatest time.
        has_received: whether any row says when it was received.
        vehicles: vehicle -> first and last city day here (both `day`).
        accepted: rows of the delivery with a key not seen before.
        duplicates: rows of the delivery seen before, dropped.
        corrections: rows of the delivery with a known key and other content, kept. The three stand on a
            partition's first segment only and add up to the rows given in.
        replaces: names (as `final_name`) of committed current segments that this one holds the rows of.
    """

    day: int
    bucket: int
    kind: str
    temp_path: Path | None
    final_name: str
    rows: int
    bytes: int
    first_ms: int
    last_ms: int
    has_received: bool
    vehicles: dict[str, tuple[int, int]]
    accepted: int = 0
    duplicates: int = 0
    corrections: int = 0
    replaces: tuple[str, ...] = ()


def renumbered(codes: Column, texts: tuple[str, ...], numbers: dict[str, int]) -> Int32s:
    """Alarm codes of a segment in the numbering of all."""
    own = np.array([*(numbers.setdefault(text, len(numbers)) for text in texts), NO_ALARM], dtype=np.int32)
    return own[codes]  # NO_ALARM is -1: the last


def read(
    paths: Sequence[Path],
    *,
    vehicle_id: str | None = None,
    from_ms: int | None = None,
    to_ms: int | None = None,
    columns: Collection[str] = MEASURED,
) -> Fixes:
    """The positions of one partition's current segments, in WGS-84.

    Args:
        paths: the segments in order of commit: of equal (vehicle, time, lon, lat) the later one's row counts.
        vehicle_id: only this vehicle; only its row groups are read.
        from_ms: only rows with from_ms <= time.
        to_ms: only rows with time < to_ms.
        columns: which of `MEASURED` are needed; the others are not read and stand as never sent.
    """
    ids, starts, found, _ = _found(paths, vehicle_id, from_ms, to_ms, (*_PLACE, *columns, "datum"))
    if not ids:
        return empty_fixes()
    size = found["time_ms"].size
    for name in MEASURED:
        if name not in found:
            found[name] = np.full(size, ABSENT[name], dtype=DTYPES[name])
    _to_wgs84(found, found.pop("datum"))
    return Fixes(vehicle_ids=ids, starts=starts, **found)  # dtypes are those of DTYPES


def read_raw(
    paths: Sequence[Path],
    *,
    vehicle_id: str | None = None,
    from_ms: int | None = None,
    to_ms: int | None = None,
) -> pd.DataFrame:
    """The same positions as they were sent: the inside columns and dtypes of the kind `positions`."""
    ids, starts, found, alarms = _found(paths, vehicle_id, from_ms, to_ms, tuple(DTYPES))
    owner = np.repeat(np.arange(len(ids)), np.diff(starts))

    def number(name: str, per_unit: int) -> npt.NDArray[np.float64]:
        return np.where(found[name] == MISSING[name], np.nan, found[name] / per_unit)

    def whole(values: Column, gone: npt.NDArray[np.bool_]) -> pd.arrays.IntegerArray:
        return pd.arrays.IntegerArray(values.astype(np.int64), gone)

    time_ms, flags, delay = (found[name] for name in ("time_ms", "flags", "delay_ms"))
    frame = pd.DataFrame({"vehicle_id": pd.array(np.array(ids, dtype=object)[owner], dtype="str")})
    frame["time_ms"] = whole(time_ms, np.zeros(time_ms.size, dtype=np.bool_))
    frame["lon"], frame["lat"] = found["lon_e7"] / E7, found["lat_e7"] / E7
    frame["speed_kmh"] = number("speed_ckmh", CKMH_PER_KMH)
    frame["heading_deg"] = number("heading_ddeg", DDEG_PER_DEG)
    for name, (sent, on) in FLAG_BITS.items():
        frame[name] = pd.arrays.BooleanArray((flags & on) != 0, (flags & sent) == 0)
    frame["odometer_m"] = whole(found["odometer_m"], found["odometer_m"] == MISSING["odometer_m"])
    texts = np.array([*alarms, None], dtype=object)
    frame["alarms"] = pd.array(texts[found["alarm_code"]], dtype="str")
    frame["received_ms"] = whole(time_ms + delay, delay == NO_DELAY)
    frame["datum"] = pd.array(np.array(DATUMS, dtype=object)[found["datum"]], dtype="str")
    return frame


def _found(
    paths: Sequence[Path],
    vehicle_id: str | None,
    from_ms: int | None,
    to_ms: int | None,
    names: Sequence[str],
) -> tuple[tuple[str, ...], Int64s, dict[str, Column], tuple[str, ...]]:
    """Vehicles, their offsets, the columns and the alarm texts of the rows asked for, each key once."""
    parts: list[tuple[tuple[str, ...], Int64s, dict[str, Column]]] = []
    alarms: dict[str, int] = {}
    day = 0
    for path in paths:
        with Segment(path) as segment:
            head = segment.head
            if (to_ms is not None and head.first_ms >= to_ms) or (
                from_ms is not None and head.last_ms < from_ms
            ):
                continue
            ids, starts = _owned(head, vehicle_id)
            if not ids:
                continue
            columns = segment.columns(names, int(starts[0]), int(starts[-1]))
            if "alarm_code" in columns:
                columns["alarm_code"] = renumbered(columns["alarm_code"], head.alarm_texts, alarms)
            ids, starts, columns = _between(ids, starts - starts[0], columns, head, from_ms, to_ms)
            if ids:
                parts.append((ids, starts, columns))
                day = head.day
    if not parts:
        return (), np.zeros(1, dtype=np.int64), {name: np.zeros(0, dtype=DTYPES[name]) for name in names}, ()
    one = parts[0] if len(parts) == 1 else _overlaid(parts, day)
    return *one, tuple(alarms)


def _owned(head: Head, vehicle_id: str | None) -> tuple[tuple[str, ...], Int64s]:
    """The vehicles asked for that a segment holds, and their rows' offsets in it."""
    if vehicle_id is None:
        return head.vehicle_ids, head.starts
    at = bisect_left(head.vehicle_ids, vehicle_id)
    if at == len(head.vehicle_ids) or head.vehicle_ids[at] != vehicle_id:
        return (), np.zeros(1, dtype=np.int64)
    return (vehicle_id,), head.starts[at : at + 2]


def _between(
    ids: tuple[str, ...],
    starts: Int64s,
    columns: dict[str, Column],
    head: Head,
    from_ms: int | None,
    to_ms: int | None,
) -> tuple[tuple[str, ...], Int64s, dict[str, Column]]:
    """Only the rows with from_ms <= time < to_ms, and only the vehicles that keep any."""
    if (from_ms is None or from_ms <= head.first_ms) and (to_ms is None or to_ms > head.last_ms):
        return ids, starts, columns
    time_ms = columns["time_ms"]
    inside = np.ones(time_ms.size, dtype=np.bool_)
    if from_ms is not None:
        inside &= time_ms >= from_ms
    if to_ms is not None:
        inside &= time_ms < to_ms
    offsets = np.concatenate(([0], np.cumsum(inside)))[starts]
    keeps = np.flatnonzero(np.diff(offsets))
    return (
        tuple(ids[i] for i in keeps),
        np.append(offsets[keeps], offsets[-1]).astype(np.int64),
        {name: values[inside] for name, values in columns.items()},
    )


def _overlaid(
    parts: list[tuple[tuple[str, ...], Int64s, dict[str, Column]]], day: int
) -> tuple[tuple[str, ...], Int64s, dict[str, Column]]:
    """Several segments as one: sorted again, of equal keys the last segment's row."""
    ids = tuple(sorted(set().union(*(part[0] for part in parts))))
    number = {vehicle_id: at for at, vehicle_id in enumerate(ids)}
    columns = {name: np.concatenate([part[2][name] for part in parts]) for name in parts[0][2]}
    owner = np.concatenate([
        np.repeat(np.array([number[v] for v in part[0]], dtype=np.int32), np.diff(part[1])) for part in parts
    ])  # fmt: skip
    keys = np.empty((owner.size, VEHICLE + 1), dtype=np.int32)
    keys[:, TIME] = columns["time_ms"] - day * MS_PER_DAY
    keys[:, LON], keys[:, LAT], keys[:, VEHICLE] = columns["lon_e7"], columns["lat_e7"], owner
    order = sort_order(keys, len(ids))
    ordered = keys[order]
    last = np.append((ordered[1:] != ordered[:-1]).any(axis=1), True)
    order = order[last]
    starts = np.concatenate(([0], np.cumsum(np.bincount(owner[order], minlength=len(ids))))).astype(np.int64)
    return ids, starts, {name: values[order] for name, values in columns.items()}


def _to_wgs84(columns: dict[str, Column], datum: Column) -> None:
    """Replaces places of other datums, where there are any."""
    if not datum.any():
        return
    lon, lat = columns["lon_e7"].copy(), columns["lat_e7"].copy()
    for code, name in enumerate(DATUMS):
        there = np.flatnonzero(datum == code)
        if code and there.size:
            moved = to_wgs84(lon[there] / E7, lat[there] / E7, name)
            lon[there], lat[there] = (scaled(values, E7) for values in moved)
    columns["lon_e7"], columns["lat_e7"] = lon, lat
