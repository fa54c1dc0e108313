"""Positions of several buckets and city days at once: what a run judges together."""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from sqlalchemy import select

from taxi_qa.records.fixes import Fixes
from taxi_qa.store.fetching import fetch
from taxi_qa.store.home import Home
from taxi_qa.store.library import of_current
from taxi_qa.store.room import PLACE, Room, Wanted
from taxi_qa.store.segments import Segment
from taxi_qa.store.tables import Segment as SegmentRow
from taxi_qa.store.tables import table_of


@dataclass(frozen=True)
class Stretch:
    """Successive city days of some buckets, between two instants.

    Attributes:
        days: one after the other.
        buckets: in any order.
        from_ms, to_ms: only fixes with from_ms <= time < to_ms.
    """

    days: tuple[int, ...]
    buckets: tuple[int, ...]
    from_ms: int
    to_ms: int


@dataclass(frozen=True)
class _Held:
    """A current segment as the manifest has it."""

    path: Path
    rows: int
    first_ms: int
    last_ms: int


# The current segments of one bucket: a tuple a day, in order of commit.
_Days = list[tuple[_Held, ...]]


def fixes_of(
    home: Home, stretch: Stretch, columns: Collection[str], cars: Collection[str] | None = None
) -> Fixes:
    """The positions of a stretch in one, bucket after bucket, each sorted by vehicle and time.

    Args:
        home: where.
        stretch: which.
        columns: which of `tracks.MEASURED` are wanted; the others stand as never sent.
        cars: only these vehicles, only whose part of the files is read; None for all.

    Raises:
        FileNotFoundError: a track file the manifest names is gone.
    """
    held = _current(home, stretch)
    wanted = Wanted(cars, stretch.from_ms, stretch.to_ms)
    # Of a single bucket, or a few cars, the files themselves say how many there are.
    whole = cars is None and len(held) > 1
    room = Room((*PLACE, *columns), _rows(held.values(), stretch) if whole else 0)
    for bucket, days in held.items():

        def look(bucket: int = bucket) -> _Days:
            return _current(home, stretch, bucket).get(bucket, [])

        of_current(look, lambda found: room.add(_paths(found), wanted), days)
    return room.fixes()


def about_rows(home: Home, stretch: Stretch) -> int:
    """How many positions a stretch holds: exactly where whole files are wanted and no key is twice."""
    return _rows(_current(home, stretch).values(), stretch)


def cars_of(home: Home, stretch: Stretch) -> dict[str, int]:
    """The vehicles of a stretch, bucket after bucket, and how many positions each has on its days."""
    rows: dict[str, int] = {}
    for bucket, days in _current(home, stretch).items():

        def look(bucket: int = bucket) -> _Days:
            return _current(home, stretch, bucket).get(bucket, [])

        rows |= of_current(look, lambda found: _cars(chain.from_iterable(_paths(found))), days)
    return rows


def _cars(paths: Iterable[Path]) -> dict[str, int]:
    rows: dict[str, int] = {}
    for path in paths:
        with Segment(path) as segment:
            head = segment.head
        counts = (head.starts[1:] - head.starts[:-1]).tolist()
        for vehicle_id, count in zip(head.vehicle_ids, counts, strict=True):
            rows[vehicle_id] = rows.get(vehicle_id, 0) + count
    return dict(sorted(rows.items()))


def _current(home: Home, stretch: Stretch, bucket: int | None = None) -> dict[int, _Days]:
    """The current segments of each bucket that has any, or of one bucket."""
    row = table_of(SegmentRow).c
    query = (
        select(row.day, row.bucket, row.name, row.rows, row.first_ms, row.last_ms)
        .where(row.kind == "current", row.day.in_(stretch.days))
        .where(row.bucket.in_(stretch.buckets if bucket is None else (bucket,)))
        .order_by(row.bucket, row.source_id, row.name)
    )
    found: dict[int, dict[int, list[_Held]]] = {}
    with home.engine.connect() as connection:
        for day, of_bucket, name, *told in fetch(connection, query):
            held = _Held(home.tracks / name, *told)
            found.setdefault(of_bucket, {}).setdefault(day, []).append(held)
    return {
        of_bucket: [tuple(days.get(day, ())) for day in stretch.days] for of_bucket, days in found.items()
    }


def _paths(days: _Days) -> list[list[Path]]:
    return [[held.path for held in day] for day in days]


def _rows(buckets: Iterable[_Days], stretch: Stretch) -> int:
    """How many rows lie within, if those of a segment lie evenly between its first and its last."""
    rows = 0.0
    for held in chain.from_iterable(chain.from_iterable(buckets)):
        inside_ms = min(stretch.to_ms, held.last_ms + 1) - max(stretch.from_ms, held.first_ms)
        rows += held.rows * max(0, inside_ms) / (held.last_ms + 1 - held.first_ms)
    return math.ceil(rows)
