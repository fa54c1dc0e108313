"""Frames out: the current rows of a kind, the positions of a day and bucket, and what there is at all.

Rows are read by a raw cursor and turned into columns; as objects the same rows take ten times as long.
"""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, String, collate, func, or_, select
from sqlmodel import col

from taxi_qa.records.column import Kind
from taxi_qa.records.fixes import Fixes
from taxi_qa.store import tracks
from taxi_qa.store.engine import is_postgresql
from taxi_qa.store.fetching import fetch, fetched_frame, frame_of
from taxi_qa.store.home import Home
from taxi_qa.store.tables import (
    RECORD_KINDS,
    RECORD_TABLES,
    Presence,
    SeenVehicle,
    Segment,
    key_columns,
    table_of,
)
from taxi_qa.values.clock import city_day

# A clock before 2015 is labelled as wrong, never believed: it does not stretch the span of the data.
FIRST_BELIEVED_DAY: Final = 16_436
POSITIONS: Final = "positions"
NO_BUCKET: Final = -1

T = TypeVar("T")
PATHS = TypeVar("PATHS")


def records(  # noqa: PLR0913 - each narrows what is read, by name
    home: Home,
    kind: str,
    *,
    bucket: int | Collection[int] | None = None,
    from_ms: int | None = None,
    to_ms: int | None = None,
    vehicle_id: str | None = None,
    columns: Collection[str] | None = None,
    all_versions: bool = False,
    plain_texts: bool = False,
) -> pd.DataFrame:
    """Rows of a kind with its inside columns and dtypes, sorted by moment and key.

    Args:
        home: where.
        kind: any kind but positions.
        bucket: only vehicles of this bucket, or of these (rows without a vehicle are in none).
        from_ms: only rows whose moment (`Kind.moment`) is not before this.
        to_ms: only rows whose moment is before this. Kinds without a moment (registers, zones) know no
            time: both are without effect there.
        vehicle_id: only this vehicle.
        columns: only these inside columns, those of moment and key always; None for all.
        all_versions: also the rows that were corrected later; then the frame has further columns `id`,
            `superseded_by`, `source_id`, `row` and `record`.
        plain_texts: see `frame_of_columns`.

    Raises:
        ValueError: no such kind of table.
    """
    if kind not in RECORD_KINDS:
        raise ValueError(f"{kind!r} is kept in no table; expected one of {', '.join(RECORD_KINDS)}")
    shape, table = RECORD_KINDS[kind], RECORD_TABLES[kind]
    order = key_columns(shape)
    if shape.moment is not None:
        order.insert(0, shape.column(shape.moment).inside)
    wanted = [
        (column.inside, column.dtype)
        for column in shape.columns
        if columns is None or column.inside in columns or column.inside in order
    ]
    if all_versions:
        wanted += [(name, "Int64") for name in ("id", "superseded_by", "source_id", "row", "record")]
    query = select(*(table.c[name] for name, _ in wanted))
    if not all_versions:
        query = query.where(table.c["superseded_by"].is_(None))
    if vehicle_id is not None:
        query = query.where(table.c["vehicle_id"] == vehicle_id)
    if bucket is not None:
        buckets = [bucket] if isinstance(bucket, int) else sorted(bucket)
        query = query.where(table.c["bucket"].in_(buckets))
    if shape.moment is not None:
        query = _in_time(
            query, home, shape, from_ms, to_ms, all_buckets=bucket is None and vehicle_id is None
        )
    with home.engine.connect() as connection:
        query = query.order_by(*(_plain_order(connection, table.c[name]) for name in order), table.c["id"])
        return fetched_frame(connection, query, wanted, plain_texts=plain_texts)


def _plain_order(connection: Connection, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column in the order of its code points, whatever language the database sorts by."""
    if is_postgresql(connection) and isinstance(column.type, String):
        return collate(column, "C")
    return column


def _in_time(
    query: Select[*tuple[Any, ...]],
    home: Home,
    kind: Kind,
    from_ms: int | None,
    to_ms: int | None,
    *,
    all_buckets: bool,
) -> Select[*tuple[Any, ...]]:
    """The query cut to moments, with their city days beside them: those are what the index holds."""
    table = RECORD_TABLES[kind.name]
    moment: ColumnElement[int] = table.c[kind.column(str(kind.moment)).inside]
    for bound_ms, last in ((from_ms, False), (to_ms, True)):
        if bound_ms is None:
            continue
        day = int(city_day(np.array([bound_ms]), home.timezone)[0])
        query = query.where(moment < bound_ms if last else moment >= bound_ms)
        query = query.where(table.c["day"] <= day if last else table.c["day"] >= day)
    if all_buckets and (from_ms is not None or to_ms is not None):
        # Naming every bucket lets the index (bucket, day) find the days.
        bucket = table.c["bucket"]
        query = query.where(or_(bucket.in_(range(home.buckets)), bucket.is_(None)))
    return query


def _fetch(home: Home, query: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """All rows of a query as the driver's own tuples."""
    with home.engine.connect() as connection:
        return fetch(connection, query)


# --- positions --------------------------------------------------------------------------------------


def existing_segments(home: Home, day: int, bucket: int) -> tracks.Existing:
    """The track files of a city day and bucket, each kind in order of commit."""
    query = (
        select(col(Segment.kind), col(Segment.name))
        .where(col(Segment.day) == day, col(Segment.bucket) == bucket)
        .order_by(col(Segment.source_id), col(Segment.name))
    )
    found = _fetch(home, query)
    current, superseded = (
        tuple(home.tracks / str(name) for kind, name in found if kind == wanted)
        for wanted in ("current", "superseded")
    )
    return tracks.Existing(current=current, superseded=superseded)


def fixes(
    home: Home,
    day: int,
    bucket: int,
    *,
    vehicle_id: str | None = None,
    from_ms: int | None = None,
    to_ms: int | None = None,
    columns: Collection[str] = tracks.MEASURED,
) -> Fixes:
    """The positions of a city day and bucket, WGS-84, sorted by vehicle and time; empty where none are.

    Args:
        home: where.
        day: the city day.
        bucket: the bucket.
        vehicle_id: only this vehicle; only its part of the files is read.
        from_ms: only fixes not before this.
        to_ms: only fixes before this.
        columns: which of `tracks.MEASURED` are wanted; the others stand as never sent.

    Raises:
        FileNotFoundError: a track file the manifest names is gone.
    """

    def read(paths: Sequence[Path]) -> Fixes:
        return tracks.read(paths, vehicle_id=vehicle_id, from_ms=from_ms, to_ms=to_ms, columns=columns)

    return of_current(lambda: existing_segments(home, day, bucket).current, read)


def raw_positions(
    home: Home,
    day: int,
    bucket: int,
    *,
    vehicle_id: str | None = None,
    from_ms: int | None = None,
    to_ms: int | None = None,
) -> pd.DataFrame:
    """The same positions as they were sent: inside columns and dtypes of the kind, places in their datum."""

    def read(paths: Sequence[Path]) -> pd.DataFrame:
        return tracks.read_raw(paths, vehicle_id=vehicle_id, from_ms=from_ms, to_ms=to_ms)

    return of_current(lambda: existing_segments(home, day, bucket).current, read)


def of_current(look: Callable[[], PATHS], read: Callable[[PATHS], T], seen: PATHS | None = None) -> T:
    """What `read` makes of the current segments, which a delivery may replace at any moment.

    Args:
        look: says which they are now.
        read: opens them.
        seen: which they were a moment ago, if that is known.

    Raises:
        FileNotFoundError: a track file the manifest names is gone.
    """
    paths = look() if seen is None else seen
    while True:
        try:
            return read(paths)
        except FileNotFoundError:
            # Replaced between the look into the manifest and the opening: look again.
            now = look()
            if now == paths:
                raise
            paths = now


# --- what there is ----------------------------------------------------------------------------------


def partitions(home: Home, from_day: int, to_day: int, *, kind: str | None = None) -> list[tuple[int, int]]:
    """The (day, bucket) pairs that hold any positions or dated records of vehicles, both days included.

    Args:
        home: where.
        from_day, to_day: both included.
        kind: only those that hold records of this kind.
    """
    query = (
        select(col(Presence.day), col(Presence.bucket))
        .where(col(Presence.day).between(from_day, to_day), col(Presence.bucket) != NO_BUCKET)
        .distinct()
        .order_by(col(Presence.day), col(Presence.bucket))
    )
    if kind is not None:
        query = query.where(col(Presence.kind) == kind)
    return [(int(day), int(bucket)) for day, bucket in _fetch(home, query)]


def data_span(home: Home) -> tuple[int, int] | None:
    """First and last city day of positions and trips; without any of these, of any dated records.

    Days before 2015 are no believable clock and count only where there is nothing else.
    """
    day = col(Presence.day)
    for first_day in (FIRST_BELIEVED_DAY, 1):
        for kinds in ((POSITIONS, "trips"), tuple(RECORD_KINDS)):
            query = select(func.min(day), func.max(day)).where(
                day >= first_day, col(Presence.kind).in_(kinds)
            )
            ((first, last),) = _fetch(home, query)
            if first is not None:
                return int(first), int(last)
    return None


def rows_kept(home: Home) -> pd.DataFrame:
    """How many rows of each kind are kept: columns kind, rows, first_day, last_day (missing: undated)."""
    counted = []
    with home.engine.connect() as connection:
        for kind, table in RECORD_TABLES.items():
            query = select(func.count(), func.min(table.c["day"]), func.max(table.c["day"])).where(
                table.c["superseded_by"].is_(None)
            )
            counted.append((kind, *fetch(connection, query)[0]))
        day = col(Presence.day)
        sums = select(func.sum(col(Presence.rows)), func.min(day), func.max(day))
        rows, first, last = fetch(connection, sums.where(col(Presence.kind) == POSITIONS))[0]
    counted.append((POSITIONS, int(rows or 0), first, last))
    names = [("kind", "str"), ("rows", "Int64"), ("first_day", "Int64"), ("last_day", "Int64")]
    return frame_of([row for row in counted if row[1]], names)


def vehicles_seen(home: Home, *, bucket: int | Collection[int] | None = None) -> pd.DataFrame:
    """Vehicles that ever sent positions: vehicle_id, bucket, first_day, last_day; sorted by vehicle.

    Args:
        home: where.
        bucket: only those of this bucket, or of these.
    """
    names = [("vehicle_id", "str"), ("bucket", "Int64"), ("first_day", "Int64"), ("last_day", "Int64")]
    query = select(*(table_of(SeenVehicle).c[name] for name, _ in names))
    if bucket is not None:
        buckets = [bucket] if isinstance(bucket, int) else sorted(bucket)
        query = query.where(col(SeenVehicle.bucket).in_(buckets))
    return frame_of(_fetch(home, query), names).sort_values("vehicle_id", ignore_index=True)
