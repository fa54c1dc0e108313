"""The positions of the store: what a segment is, and segments read back.

A delivery adds to each (day, bucket) it touches at most one current segment (rows that count) and one
superseded segment (rows that a correction outvoted); `store/merging.py` makes them. Segments are never
changed. Where two current segments hold the same (vehicle, time, lon, lat), the one committed later counts.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.records.fixes import FLAG_BITS, NO_DELAY, Fixes
from taxi_qa.store.raw_fixes import CKMH_PER_KMH, DDEG_PER_DEG, NO_ALARM, Int32s
from taxi_qa.store.room import PLACE, Cut, Room, Wanted
from taxi_qa.store.segments import DTYPES, MISSING, Column, Segment
from taxi_qa.values.place import DATUMS, E7

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
    room = Room((*PLACE, *columns))
    room.add([paths], Wanted(None if vehicle_id is None else (vehicle_id,), from_ms, to_ms))
    return room.fixes()


def read_raw(
    paths: Sequence[Path],
    *,
    vehicle_id: str | None = None,
    from_ms: int | None = None,
    to_ms: int | None = None,
) -> pd.DataFrame:
    """The same positions as they were sent: the inside columns and dtypes of the kind `positions`."""
    alarms: dict[str, int] = {}

    def as_sent(segment: Segment) -> Cut:
        def cut(columns: dict[str, Column], start: int, rows: int) -> None:
            segment.read_into(columns, start, rows)
            codes = columns["alarm_code"]
            codes[:] = renumbered(codes, segment.head.alarm_texts, alarms)

        return cut

    room = Room(tuple(DTYPES), raw=as_sent)
    room.add([paths], Wanted(None if vehicle_id is None else (vehicle_id,), from_ms, to_ms))
    ids, starts, found = room.taken()
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
