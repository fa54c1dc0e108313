"""Track files becoming real: renamed into place first, then named by the manifest in one transaction."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, case, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel, col

from taxi_qa.store.engine import bulk_insert, is_postgresql
from taxi_qa.store.home import Home
from taxi_qa.store.tables import SeenVehicle, Segment, table_of
from taxi_qa.store.tracks import MergedSegment
from taxi_qa.values.clock import date_of
from taxi_qa.values.identity import bucket_of

# SQLite takes so many values in one statement, and more.
_NAMES: Final = 500


def segment_name(segment: MergedSegment) -> str:
    """The name in the manifest: the path below the home's tracks."""
    return _in_partition(segment, segment.final_name)


def _in_partition(segment: MergedSegment, file_name: str) -> str:
    return f"day={date_of(segment.day)}/bucket={segment.bucket:02d}/{file_name}"


def replaced_names(merged: Sequence[MergedSegment]) -> list[str]:
    """The names in the manifest of the segments that the merged ones replace."""
    return [_in_partition(segment, name) for segment in merged for name in segment.replaces]


def move_into_place(home: Home, merged: Sequence[MergedSegment]) -> None:
    """Rename finished track files to their final names; on disk for good when this returns."""
    folders = set()
    for segment in merged:
        if segment.temp_path is not None:
            target = home.tracks / segment_name(segment)
            target.parent.mkdir(parents=True, exist_ok=True)
            _sync(segment.temp_path)
            segment.temp_path.replace(target)
            folders |= {target.parent, target.parent.parent, home.tracks}
    for folder in folders:
        _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def name_in_manifest(connection: Connection, source_id: int, merged: Sequence[MergedSegment]) -> None:
    """Write the segments down and strike out those they replace."""
    replaced = replaced_names(merged)
    for start in range(0, len(replaced), _NAMES):
        connection.execute(delete(Segment).where(col(Segment.name).in_(replaced[start : start + _NAMES])))
    columns = (
        "name", "day", "bucket", "kind", "rows", "bytes", "first_ms", "last_ms", "has_received", "source_id",
    )  # fmt: skip
    rows = [
        (
            segment_name(s), s.day, s.bucket, s.kind, s.rows, s.bytes, s.first_ms, s.last_ms, s.has_received,
            source_id,
        )
        for s in merged
        if s.temp_path is not None
    ]  # fmt: skip
    bulk_insert(connection, "segments", columns, rows)


def note_vehicles(connection: Connection, home: Home, merged: Sequence[MergedSegment]) -> None:
    """Note the first and last city day of every vehicle that sent positions."""
    spans: dict[str, tuple[int, int]] = {}
    for segment in merged:
        for vehicle_id, (first, last) in segment.vehicles.items():
            known = spans.get(vehicle_id, (first, last))
            spans[vehicle_id] = min(known[0], first), max(known[1], last)
    if not spans:
        return
    table = table_of(SeenVehicle)
    statement = conflict_insert(connection, SeenVehicle)
    sent = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=[table.c.vehicle_id],
        set_={
            "first_day": case(
                (sent.first_day < table.c.first_day, sent.first_day), else_=table.c.first_day
            ),
            "last_day": case((sent.last_day > table.c.last_day, sent.last_day), else_=table.c.last_day),
        },
    )  # fmt: skip
    rows = [
        {"vehicle_id": v, "bucket": bucket_of(v, home.buckets), "first_day": first, "last_day": last}
        for v, (first, last) in sorted(spans.items())
    ]
    connection.execute(statement, rows)


def conflict_insert(connection: Connection, model: type[SQLModel]) -> Any:  # noqa: ANN401
    """An INSERT that knows ON CONFLICT, in the dialect of the connection."""
    return (postgresql if is_postgresql(connection) else sqlite).insert(table_of(model))
