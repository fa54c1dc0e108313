"""Positions on their way in: columns as they were sent, and spill files that hold them by partition.

A delivery's positions arrive in file order and must end up sorted by vehicle inside their city day
and bucket. So every block of a source is written once, grouped by (day, bucket), to a spill file of
the delivery's staging folder; afterwards each partition is read back, sorted and written for good
(`store/tracks.py`). A spill row is six to nine 32-bit words next to each other, because sorting moves
whole rows: one cache line a row instead of one a column.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.records.fixes import NO_DELAY, NO_HEADING, NO_ODOMETER, NO_SPEED
from taxi_qa.store.raw_fixes import (
    FIRST_DAY,
    LAST_DAY,
    NO_ALARM,
    Int8s,
    Int16s,
    Int32s,
    Int64s,
    RawFixes,
    city_days,
)
from taxi_qa.values.clock import MS_PER_DAY
from taxi_qa.values.identity import bucket_of

# Words of a spill row. Speed and heading share one (both fit 16 bits), flags and datum another.
TIME, LON, LAT, VEHICLE, MOTION, STATE, ODOMETER, DELAY, ALARM = range(9)
WORDS: Final = 9
# The last three are left out of a file in which nothing was sent for them.
_PLAIN_WORDS: Final = ODOMETER
_HALF: Final = 16
_LOW: Final = 0xFFFF


@njit(cache=True, nogil=True)
def places(
    slot_of_day: Int32s,
    first_day: int,
    days: Int32s,
    bucket_of_code: Int32s,
    codes: Int32s,
    buckets: int,
    parts: int,
) -> tuple[Int32s, Int64s]:
    """Where each row goes when rows are grouped by (day, bucket), arrival order kept (a counting sort).

    Args:
        slot_of_day: for every day from `first_day` on, which of the days that occur it is.
        first_day: the least of `days`.
        days, codes: city day and vehicle code of each row.
        bucket_of_code: bucket of each vehicle code.
        buckets: buckets of the home.
        parts: days that occur times buckets.

    Returns:
        The new position of each row, and where each part starts (parts + 1 offsets).
    """
    n = days.size
    starts = np.zeros(parts + 1, np.int64)
    where = np.empty(n, np.int32)
    for i in range(n):
        part = slot_of_day[days[i] - first_day] * buckets + bucket_of_code[codes[i]]
        where[i] = part
        starts[part + 1] += 1
    for part in range(parts):
        starts[part + 1] += starts[part]
    free = starts.copy()
    for i in range(n):
        part = where[i]
        where[i] = free[part]
        free[part] += 1
    return where, starts


def places_plain(
    slot_of_day: Int32s,
    first_day: int,
    days: Int32s,
    bucket_of_code: Int32s,
    codes: Int32s,
    buckets: int,
    parts: int,
) -> tuple[Int32s, Int64s]:
    """`places` in plain numpy: its oracle."""
    part = slot_of_day[days - first_day] * buckets + bucket_of_code[codes]
    where = np.empty(days.size, dtype=np.int32)
    where[np.argsort(part, kind="stable")] = np.arange(days.size, dtype=np.int32)
    return where, np.concatenate(([0], np.cumsum(np.bincount(part, minlength=parts)))).astype(np.int64)


@njit(cache=True, nogil=True)
def pack_rows(  # noqa: PLR0913, PLR0917 - one argument a column
    time_ms: Int64s,
    days: Int32s,
    lon: Int32s,
    lat: Int32s,
    vehicle: Int32s,
    codes: Int32s,
    speed: Int32s,
    heading: Int16s,
    flags: Int16s,
    datum: Int8s,
    where: Int32s,
    rows: Int32s,
) -> None:
    """Writes six words of every row to its place `where`; `vehicle` gives each code's number in its part."""
    for i in range(time_ms.size):
        to = where[i]
        rows[to, 0] = time_ms[i] - np.int64(days[i]) * MS_PER_DAY
        rows[to, 1] = lon[i]
        rows[to, 2] = lat[i]
        rows[to, 3] = vehicle[codes[i]]
        rows[to, 4] = (np.int32(heading[i]) << 16) | (speed[i] & 0xFFFF)
        rows[to, 5] = (np.int32(datum[i]) << 16) | (np.int32(flags[i]) & 0xFFFF)


def pack_rows_plain(  # noqa: PLR0913, PLR0917 - the kernel's signature
    time_ms: Int64s,
    days: Int32s,
    lon: Int32s,
    lat: Int32s,
    vehicle: Int32s,
    codes: Int32s,
    speed: Int32s,
    heading: Int16s,
    flags: Int16s,
    datum: Int8s,
    where: Int32s,
    rows: Int32s,
) -> None:
    """`pack_rows` in plain numpy: its oracle."""
    rows[where, TIME] = time_ms - days.astype(np.int64) * MS_PER_DAY
    rows[where, LON] = lon
    rows[where, LAT] = lat
    rows[where, VEHICLE] = vehicle[codes]
    rows[where, MOTION] = (heading.astype(np.int32) << _HALF) | (speed & _LOW)
    rows[where, STATE] = (datum.astype(np.int32) << _HALF) | (flags.astype(np.int32) & _LOW)


@dataclass(frozen=True)
class SpillFile:
    """A batch on disk: its rows grouped by partition, then the vehicles of each bucket, then the alarms.

    Attributes:
        path: the file.
        order: batches of lower order arrived earlier.
        words: words of a row (`_PLAIN_WORDS`, or `WORDS` where odometer, delay or alarms were sent).
        days: the city days that occur, rising.
        starts: first row of part `slot * buckets + bucket`, and the number of rows at the end.
        ids_at: byte offsets of each bucket's vehicle ids (joined by line ends), and their end.
        buckets: buckets of the home.
    """

    path: Path
    order: int
    words: int
    days: Int32s
    starts: Int64s
    ids_at: Int64s
    buckets: int

    def partitions(self) -> list[tuple[int, int]]:
        """The (day, bucket) pairs that have rows here."""
        parts = np.flatnonzero(np.diff(self.starts))
        return [(int(self.days[p // self.buckets]), int(p % self.buckets)) for p in parts]


def _present(
    column: npt.NDArray[np.signedinteger] | None, n: int, missing: int, dtype: type
) -> npt.NDArray[np.signedinteger]:
    return np.full(n, missing, dtype=dtype) if column is None else np.ascontiguousarray(column, dtype=dtype)


def spill(batch: RawFixes, folder: Path, *, order: int, zone: str, buckets: int) -> SpillFile:
    """Writes a batch to its own file of the folder, grouped by (city day, bucket).

    May run in several threads or processes at once; the same order writes the same file again.

    Args:
        batch: positions in order of arrival, all of them with sane days.
        folder: the delivery's staging folder.
        order: place of this batch in the delivery.
        zone: the city's time zone, which says what a day is.
        buckets: buckets of the home.

    Raises:
        ValueError: a position claims a day outside 1970 … 2100.
    """
    n = len(batch)
    days = city_days(batch.time_ms, zone)
    first = int(days.min()) if n else 0
    last = int(days.max()) if n else 0
    if first < FIRST_DAY or last > LAST_DAY:
        raise ValueError(
            f"positions from city day {first} to {last}; expected {FIRST_DAY} … {LAST_DAY}: refuse them first"
        )
    seen = np.bincount(days - first, minlength=1) > 0
    slots = (np.cumsum(seen) - 1).astype(np.int32)
    bucket = np.array([bucket_of(i, buckets) for i in batch.vehicle_ids], dtype=np.int32)
    by_bucket = np.argsort(bucket, kind="stable")
    ids_from = np.concatenate(([0], np.cumsum(np.bincount(bucket, minlength=buckets))))
    own = np.empty(bucket.size, dtype=np.int32)
    own[by_bucket] = np.arange(bucket.size) - ids_from[bucket[by_bucket]]
    codes = np.ascontiguousarray(batch.vehicle_code, dtype=np.int32)
    where, starts = places(slots, first, days, bucket, codes, buckets, int(seen.sum()) * buckets)
    extra = (batch.odometer_m, batch.delay_ms, batch.alarm_code)
    words = _PLAIN_WORDS if all(column is None for column in extra) else WORDS
    rows = np.empty((n, words), dtype=np.int32)
    pack_rows(
        batch.time_ms,
        days,
        batch.lon_e7,
        batch.lat_e7,
        own,
        codes,
        _present(batch.speed_ckmh, n, NO_SPEED, np.int32),
        _present(batch.heading_ddeg, n, NO_HEADING, np.int16),
        _present(batch.flags, n, 0, np.int16),
        _present(batch.datum, n, 0, np.int8),
        where,
        rows,
    )
    if words == WORDS:
        for word, column, missing in zip(
            (ODOMETER, DELAY, ALARM), extra, (NO_ODOMETER, NO_DELAY, NO_ALARM), strict=True
        ):
            rows[where, word] = missing if column is None else column
    texts = ["\n".join(batch.vehicle_ids[i] for i in by_bucket[a:b]).encode() for a, b in pairwise(ids_from)]
    path = folder / f"{order:012d}.spill"
    with path.open("wb") as file:
        file.write(memoryview(rows.data).cast("B") if n else b"")
        for text in texts:
            file.write(text)
        file.write("\n".join(batch.alarm_texts).encode())
    ids_at = rows.nbytes + np.concatenate(([0], np.cumsum([len(text) for text in texts])))
    return SpillFile(
        path,
        order,
        words,
        (np.flatnonzero(seen) + first).astype(np.int32) if n else np.zeros(0, np.int32),
        starts if n else np.zeros(1, np.int64),
        ids_at.astype(np.int64),
        buckets,
    )


@dataclass(frozen=True)
class Partition:
    """Rows of one (day, bucket) in order of arrival, one numbering of vehicles and alarms for all.

    Attributes:
        rows: int32[n, words]; times count from the start of day `day` in UTC, vehicles index `vehicle_ids`.
        vehicle_ids: sorted.
        alarm_texts: what the alarm word indexes.
    """

    rows: Int32s
    vehicle_ids: tuple[str, ...]
    alarm_texts: tuple[str, ...]


def _read_rows(file: SpillFile, part: int, into: Int32s) -> tuple[list[str], list[str]]:
    """Fills `into` with a part's rows; gives the part's vehicle ids and the file's alarm texts."""
    first, last = int(file.starts[part]), int(file.starts[part + 1])
    bucket = part % file.buckets
    with file.path.open("rb", buffering=0) as source:
        source.seek(first * file.words * 4)
        if into.shape[1] == file.words:
            _read_whole(source, memoryview(into.data).cast("B"))
        else:
            plain = np.empty((last - first, file.words), dtype=np.int32)
            _read_whole(source, memoryview(plain.data).cast("B"))
            into[:, : file.words] = plain
            into[:, file.words :] = (NO_ODOMETER, NO_DELAY, NO_ALARM)
        source.seek(int(file.ids_at[bucket]))
        ids = source.read(int(file.ids_at[bucket + 1] - file.ids_at[bucket])).decode().split("\n")
        source.seek(int(file.ids_at[-1]))
        alarms = source.read().decode()
    return ids, alarms.split("\n") if alarms else []


def _read_whole(source: io.FileIO, into: memoryview) -> None:
    """Reads until `into` is full: one read gives at most 2 GiB."""
    done = 0
    while done < len(into):
        got = source.readinto(into[done:])
        if not got:
            raise OSError(f"{source.name}: a spill file is shorter than it was written")
        done += got


def load(spills: Sequence[SpillFile], day: int, bucket: int) -> Partition:
    """One partition's rows out of all spill files, in order of arrival."""
    parts: list[tuple[SpillFile, int]] = []
    for file in sorted(spills, key=lambda s: s.order):
        slot = int(np.searchsorted(file.days, day))
        part = slot * file.buckets + bucket
        if slot < file.days.size and file.days[slot] == day and file.starts[part + 1] > file.starts[part]:
            parts.append((file, part))
    sizes = [int(file.starts[part + 1] - file.starts[part]) for file, part in parts]
    rows = np.empty(
        (sum(sizes), max((file.words for file, _ in parts), default=_PLAIN_WORDS)), dtype=np.int32
    )
    numbers: dict[str, int] = {}
    alarms: dict[str, int] = {}
    at = 0
    for (file, part), size in zip(parts, sizes, strict=True):
        piece = rows[at : at + size]
        at += size
        ids, texts = _read_rows(file, part, piece)
        renumber(piece, VEHICLE, np.array([numbers.setdefault(i, len(numbers)) for i in ids], dtype=np.int32))
        if texts:
            renumber(
                piece, ALARM, np.array([alarms.setdefault(t, len(alarms)) for t in texts], dtype=np.int32)
            )
    ids = sorted(numbers)
    rank = np.empty(len(ids), dtype=np.int32)
    rank[[numbers[i] for i in ids]] = np.arange(len(ids))
    renumber(rows, VEHICLE, rank)
    return Partition(rows, tuple(ids), tuple(alarms))


@njit(cache=True, nogil=True)
def renumber(rows: Int32s, word: int, number: Int32s) -> None:
    """Replaces a word by `number[word]` where it is not negative."""
    for i in range(rows.shape[0]):
        if rows[i, word] >= 0:
            rows[i, word] = number[rows[i, word]]


def renumber_plain(rows: Int32s, word: int, number: Int32s) -> None:
    """`renumber` in plain numpy: its oracle."""
    there = rows[:, word] >= 0
    rows[there, word] = number[rows[there, word]]
