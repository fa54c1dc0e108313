"""A second home that holds what a home had been told up to some delivery, and nothing of what came after.

Tables are copied, track files and roads get a second name. Corrections that came later do not count: the
rows they corrected count again.
"""

import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, case, func, select

from taxi_qa.store import tracks
from taxi_qa.store.engine import bulk_insert, transaction
from taxi_qa.store.fetching import fetch
from taxi_qa.store.home import Home, make_home
from taxi_qa.store.library import NO_BUCKET, POSITIONS
from taxi_qa.store.road_files import Current, lend, link_or_copy
from taxi_qa.store.segments import Segment as SegmentFile
from taxi_qa.store.tables import (
    RECORD_KINDS,
    RECORD_TABLES,
    Presence,
    SeenVehicle,
    Segment,
    Source,
    table_of,
)
from taxi_qa.values.identity import bucket_of

_PAGE_ROWS: Final = 50_000
_SEEN: Final = ("vehicle_id", "bucket", "first_day", "last_day")

Place = tuple[int, int]


def deliveries_before(home: Home, until_ms: int) -> int:
    """The last delivery before a moment, 0 where there was none."""
    source = table_of(Source).c
    with home.engine.connect() as connection:
        later = select(func.min(source.id)).where(source.taken_at_ms >= until_ms)
        ((first_later,),) = fetch(connection, later)
        if first_later is not None:
            return int(first_later) - 1
        ((last,),) = fetch(connection, select(func.max(source.id)))
    return int(last or 0)


def rewritten_places(home: Home, last: int) -> list[Place]:
    """Days and buckets whose positions a later delivery put together: what was before is not told apart.

    Args:
        home: where.
        last: the last delivery that counts.
    """
    c = table_of(Segment).c
    query = select(c.day, c.bucket, c.name, c.source_id).where(c.kind == "current")
    first: dict[Place, tuple[int, int]] = {}
    with home.engine.connect() as connection:
        for day, bucket, name, source_id in fetch(connection, query):
            number = int(Path(name).name.partition("-")[0])
            place = int(day), int(bucket)
            first[place] = min(first.get(place, (number, int(source_id))), (number, int(source_id)))
    # Files of a place are numbered from 1; where the first is missing, others were put together.
    return sorted(place for place, (number, source) in first.items() if number > 1 and source > last)


def make_snapshot(home: Home, place: Path, *, last: int, roads: Current) -> None:
    """Make a home of what another one had been told; in the place of what stood there before.

    Killed at any moment it leaves either what stood there, nothing, or the whole.

    Args:
        home: whose records.
        place: the new home's folder.
        last: the last delivery that counts.
        roads: the roads that counted.

    Raises:
        FileNotFoundError: a track file or the roads are not there any more.
    """
    beside = place.with_name(f"{place.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    made = make_home(beside, city=home.city, timezone=home.timezone, buckets=home.buckets)
    try:
        sources = table_of(Source)
        _copy(home, made, sources, sources.c.id <= last)
        for kind, table in RECORD_TABLES.items():
            _copy_records(home, made, table, last)
            if RECORD_KINDS[kind].moment is not None:
                _count_records(made, kind)
        _copy_tracks(home, made, last)
        lend(home, made, roads)
    finally:
        made.engine.dispose()
    shutil.rmtree(place, ignore_errors=True)
    beside.replace(place)


def _pages(home: Home, table: Table, here: ColumnElement[bool], values: Sequence[Any]) -> Iterator[list[Any]]:
    """The rows of a table with a column `id`, so many at once; each begins with its id."""
    after = -1
    while True:
        query = select(table.c.id, *values).where(here, table.c.id > after)
        with home.engine.connect() as connection:
            rows = fetch(connection, query.order_by(table.c.id).limit(_PAGE_ROWS))
        if not rows:
            return
        yield rows
        after = rows[-1][0]


def _copy(
    home: Home, made: Home, table: Table, here: ColumnElement[bool], instead: dict[str, Any] | None = None
) -> None:
    """Rows of a table with a column `id`, some columns with another value."""
    names = ["id", *(column.name for column in table.c if column.name != "id")]
    values = [(instead or {}).get(name, table.c[name]) for name in names[1:]]
    for rows in _pages(home, table, here, values):
        with transaction(made.engine) as connection:
            bulk_insert(connection, table.name, names, rows)


def _copy_records(home: Home, made: Home, table: Table, last: int) -> None:
    """Ids grow with deliveries, so what corrected a row later has an id of the later ones."""
    with home.engine.connect() as connection:
        query = select(func.min(table.c.id)).where(table.c.source_id > last)
        ((first_later,),) = fetch(connection, query)
    instead = {}
    if first_later is not None:
        corrected = table.c.superseded_by
        instead["superseded_by"] = case((corrected >= int(first_later), None), else_=corrected)
    _copy(home, made, table, table.c.source_id <= last, instead)


def _count_records(made: Home, kind: str) -> None:
    """How many rows each day and bucket holds, and the last delivery that touched any of them."""
    table = RECORD_TABLES[kind]
    newer = table.alias("newer")
    place = (table.c.day, table.c.bucket)
    held = select(*place, func.count(), func.max(table.c.source_id)).group_by(*place)
    moved = (
        select(*place, func.max(newer.c.source_id))
        .join(newer, table.c.superseded_by == newer.c.id)
        .where(newer.c.source_id > table.c.source_id)
        .group_by(*place)
    )
    with transaction(made.engine) as connection:
        rows = {(day, bucket): [count, delivery] for day, bucket, count, delivery in fetch(connection, held)}
        for day, bucket, delivery in fetch(connection, moved):
            rows[day, bucket][1] = max(rows[day, bucket][1], delivery)
        told = [
            (day, NO_BUCKET if bucket is None else bucket, kind, *counted)
            for (day, bucket), counted in rows.items()
        ]
        bulk_insert(connection, table_of(Presence).name, ("day", "bucket", "kind", "rows", "delivery"), told)


def _copy_tracks(home: Home, made: Home, last: int) -> None:
    segment, presence = table_of(Segment), table_of(Presence).c
    names = [column.name for column in segment.c]
    with home.engine.connect() as connection:
        rows = fetch(
            connection, select(*segment.c).where(segment.c.source_id <= last).order_by(segment.c.name)
        )
        later = fetch(connection, select(func.count()).where(segment.c.source_id > last))[0][0]
        held = fetch(
            connection,
            select(presence.day, presence.bucket, presence.rows, presence.delivery).where(
                presence.kind == POSITIONS
            ),
        )
        seen = fetch(connection, select(*(table_of(SeenVehicle).c[name] for name in _SEEN)))
    current: dict[Place, list[tuple[Path, int]]] = defaultdict(list)
    for row in rows:
        told = dict(zip(names, row, strict=True))
        target = made.tracks / told["name"]
        target.parent.mkdir(parents=True, exist_ok=True)
        link_or_copy(home.tracks / told["name"], target)
        if told["kind"] == "current":
            current[told["day"], told["bucket"]].append((target, told["source_id"]))
    counted = []
    for day, bucket, number, delivery in held:
        files = current.get((day, bucket), [])
        if delivery <= last:
            counted.append((day, bucket, POSITIONS, number, delivery))
        elif files:
            # Equal positions of several files count once.
            once = len(tracks.read([path for path, _ in files], columns=()))
            counted.append((day, bucket, POSITIONS, once, max(source for _, source in files)))
    if later:
        seen = _seen(made, rows, names)
    with transaction(made.engine) as connection:
        bulk_insert(connection, segment.name, names, rows)
        bulk_insert(connection, "presence", ("day", "bucket", "kind", "rows", "delivery"), counted)
        bulk_insert(connection, "seen_vehicles", _SEEN, seen)


def _seen(made: Home, rows: Sequence[tuple[Any, ...]], names: Sequence[str]) -> list[tuple[Any, ...]]:
    """First and last day of every vehicle of these track files."""
    spans: dict[str, tuple[int, int]] = {}
    for row in rows:
        told = dict(zip(names, row, strict=True))
        with SegmentFile(made.tracks / told["name"]) as file:
            for vehicle in file.head.vehicle_ids:
                low, high = spans.get(vehicle, (told["day"], told["day"]))
                spans[vehicle] = min(low, told["day"]), max(high, told["day"])
    return [
        (vehicle, bucket_of(vehicle, made.buckets), low, high)
        for vehicle, (low, high) in sorted(spans.items())
    ]
