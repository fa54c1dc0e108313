"""Spilled partitions sorted into segments, compared with what the store already holds."""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from taxi_qa.records.fixes import NO_DELAY, NO_ODOMETER
from taxi_qa.store.raw_fixes import NO_ALARM, Int32s
from taxi_qa.store.segments import DTYPES, Column, Segment, write_segment
from taxi_qa.store.sorting import CURRENT, SUPERSEDED, columns_of, fates, sort_order
from taxi_qa.store.spill import (
    ALARM,
    DELAY,
    ODOMETER,
    TIME,
    VEHICLE,
    WORDS,
    Partition,
    SpillFile,
    load,
    pack_rows,
    renumber,
)
from taxi_qa.store.tracks import Existing, MergedSegment, renumbered
from taxi_qa.values.clock import MS_PER_DAY

# More current segments than this in one partition are rewritten as one.
MOST_SEGMENTS: Final = 8
_SHORT: Final = 12


def merge_all(
    spills: Sequence[SpillFile], folder: Path, *, source: str, existing: Callable[[int, int], Existing],
    workers: int = 2, progress: Callable[[int, int], None] | None = None,
) -> list[MergedSegment]:  # fmt: skip
    """Merges every partition that the spill files hold, several at a time.

    Args:
        spills: all of one delivery.
        folder: where the segments are written under temporary names.
        source: SHA-256 of the delivery, hexadecimal.
        existing: the committed segments of (day, bucket); called in the calling thread only.
        workers: threads; each holds one partition.
        progress: told (partitions done, partitions in all).
    """
    partitions = sorted({p for file in spills for p in file.partitions()})
    merged: list[MergedSegment] = []
    with ThreadPoolExecutor(workers) as pool:
        waiting = [
            pool.submit(merge, spills, folder, day, bucket, source=source, existing=existing(day, bucket))
            for day, bucket in partitions
        ]
        try:
            for done, result in enumerate(waiting, 1):
                merged.extend(result.result())
                if progress:
                    progress(done, len(partitions))
        finally:
            pool.shutdown(cancel_futures=True)
    return merged


def merge(
    spills: Sequence[SpillFile], folder: Path, day: int, bucket: int, *, source: str, existing: Existing,
) -> list[MergedSegment]:  # fmt: skip
    """Sorts one partition's spilled rows and writes what the store does not hold yet.

    Of rows with the same (vehicle, time, lon, lat) and the same content the first ever seen is kept; of
    those with other content all are, and the last counts. Past `MOST_SEGMENTS` the partition's current
    segments are rewritten together with the new rows.
    """
    fresh = load(spills, day, bucket)
    compact = len(existing.current) >= MOST_SEGMENTS
    rows, ids, alarms, stored, movable = _with_stored(fresh, day, existing, whole=compact)
    del fresh
    order = sort_order(rows, len(ids))
    fate, counts = fates(rows, order, stored)
    accepted, duplicates, corrections = (int(count) for count in counts)
    if not accepted + corrections:
        return [MergedSegment(day, bucket, "current", None, "", 0, 0, 0, 0, has_received=False, vehicles={},
                              duplicates=duplicates)]  # fmt: skip
    written: list[MergedSegment] = []
    number = _next_number(existing)
    # Rows of a superseded segment stay where they are; those of current ones move when these are rewritten.
    ours = order >= (movable if compact else stored) if stored else np.ones(order.size, dtype=np.bool_)
    for kind, which in (("current", CURRENT), ("superseded", SUPERSEDED)):
        chosen = (
            order[(fate == which) & ours]
            if stored or duplicates or corrections
            else order[: order.size * (which == CURRENT)]
        )
        if chosen.size:
            written.append(
                _written(
                    rows,
                    chosen,
                    ids,
                    alarms,
                    _Place(folder, day, bucket, kind, f"{number:06d}-{source[:_SHORT]}"),
                )
            )
    head = replace(
        written[0], accepted=accepted, duplicates=duplicates, corrections=corrections,
        replaces=tuple(path.name for path in existing.current) if compact else (),
    )  # fmt: skip
    return [head, *written[1:]]


def _next_number(existing: Existing) -> int:
    """One more than the greatest number that a committed segment's name begins with."""
    begins = (path.name.partition("-")[0] for path in (*existing.current, *existing.superseded))
    return 1 + max((int(number) for number in begins if number.isdecimal()), default=0)


def _with_stored(
    fresh: Partition, day: int, existing: Existing, *, whole: bool
) -> tuple[Int32s, tuple[str, ...], tuple[str, ...], int, int]:
    """The rows that matter of the committed segments, then the fresh ones, in one numbering.

    Returns:
        rows, vehicle ids, alarm texts, how many rows are stored, how many of these are superseded.
    """
    if not existing.current and not existing.superseded:
        return fresh.rows, fresh.vehicle_ids, fresh.alarm_texts, 0, 0
    day_ms = day * MS_PER_DAY
    first_ms, last_ms = (day_ms + int(f(fresh.rows[:, TIME])) for f in (np.min, np.max))
    pieces: list[tuple[dict[str, Column], Int32s]] = []
    ids: dict[str, int] = {}
    alarms: dict[str, int] = {}
    counted = 0
    names = set(fresh.vehicle_ids)
    for place, path in enumerate((*existing.superseded, *existing.current)):
        with Segment(path) as segment:
            head = segment.head
            everything = whole and place >= len(existing.superseded)
            if everything or (
                head.first_ms <= last_ms and head.last_ms >= first_ms and names.intersection(head.vehicle_ids)
            ):
                columns = segment.columns(DTYPES)
                owner = np.repeat(np.arange(len(head.vehicle_ids), dtype=np.int32), np.diff(head.starts))
                if not everything:
                    common = np.array([v in names for v in head.vehicle_ids])[owner]
                    columns = {name: values[common] for name, values in columns.items()}
                    owner = owner[common]
                number = np.array([ids.setdefault(v, len(ids)) for v in head.vehicle_ids], dtype=np.int32)
                columns["alarm_code"] = renumbered(columns["alarm_code"], head.alarm_texts, alarms)
                pieces.append((columns, number[owner]))
        if place < len(existing.superseded):
            counted = sum(owner.size for _, owner in pieces)
    own = np.array([ids.setdefault(v, len(ids)) for v in fresh.vehicle_ids], dtype=np.int32)
    own_alarms = np.array([alarms.setdefault(t, len(alarms)) for t in fresh.alarm_texts], dtype=np.int32)
    stored = sum(owner.size for _, owner in pieces)
    rows = np.empty((stored + fresh.rows.shape[0], WORDS), dtype=np.int32)
    at = 0
    for columns, owner in pieces:
        _repack(columns, owner, day, rows[at : at + owner.size])
        at += owner.size
    width = fresh.rows.shape[1]
    rows[at:, width:] = np.array([NO_ODOMETER, NO_DELAY, NO_ALARM], dtype=np.int32)[: WORDS - width]
    rows[at:, :width] = fresh.rows
    renumber(rows[at:], VEHICLE, own)
    if width == WORDS:
        renumber(rows[at:], ALARM, own_alarms)
    names_sorted = sorted(ids)
    rank = np.empty(len(ids), dtype=np.int32)
    rank[[ids[v] for v in names_sorted]] = np.arange(len(ids))
    renumber(rows, VEHICLE, rank)
    return rows, tuple(names_sorted), tuple(alarms), stored, counted


def _repack(columns: dict[str, Column], owner: Int32s, day: int, rows: Int32s) -> None:
    """Stored columns as spill rows."""
    n = owner.size
    same = np.arange(n, dtype=np.int32)
    days = np.full(n, day, dtype=np.int32)
    ready = {name: np.ascontiguousarray(values) for name, values in columns.items()}
    pack_rows(
        ready["time_ms"], days, ready["lon_e7"], ready["lat_e7"], owner, same, ready["speed_ckmh"],
        ready["heading_ddeg"], ready["flags"], ready["datum"], same, rows,
    )  # fmt: skip
    rows[:, ODOMETER] = ready["odometer_m"]
    rows[:, DELAY] = ready["delay_ms"]
    rows[:, ALARM] = ready["alarm_code"]


@dataclass(frozen=True)
class _Place:
    """Where a segment goes: the staging folder, the partition, the kind and how its name begins."""

    folder: Path
    day: int
    bucket: int
    kind: str
    begins: str


def _written(
    rows: Int32s, chosen: Int32s, ids: tuple[str, ...], alarms: tuple[str, ...], place: _Place
) -> MergedSegment:
    """Writes the chosen rows, in that order, to a segment with a temporary name."""
    extra = (
        (("odometer_m", ODOMETER), ("delay_ms", DELAY), ("alarm_code", ALARM))
        if rows.shape[1] == WORDS
        else ()
    )

    def cut(start: int, stop: int) -> tuple[dict[str, Column], Int32s]:
        part = chosen[start:stop]
        time_ms, lon, lat, vehicle, speed, heading, flags, datum = columns_of(
            rows, part, place.day * MS_PER_DAY
        )
        columns: dict[str, Column] = {
            "time_ms": time_ms, "lon_e7": lon, "lat_e7": lat, "speed_ckmh": speed, "heading_ddeg": heading,
            "flags": flags, "datum": datum,
        }  # fmt: skip
        return columns | {name: rows[part, word] for name, word in extra}, vehicle

    path = place.folder / f"{place.day:05d}-{place.bucket:05d}-{place.kind}.parquet"
    head = write_segment(path, place.day, chosen.size, cut, ids, alarms)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    ending = "" if place.kind == "current" else ".superseded"
    final = f"{place.begins}-{digest[:_SHORT]}{ending}.parquet"
    return MergedSegment(
        place.day,
        place.bucket,
        place.kind,
        path,
        final,
        head.rows,
        path.stat().st_size,
        head.first_ms,
        head.last_ms,
        has_received=bool(extra) and head.constants.get("delay_ms") != NO_DELAY,
        vehicles=dict.fromkeys(head.vehicle_ids, (place.day, place.day)),
    )
