"""Telling duplicates from corrections, a chunk of rows at a time, within a file and against the store."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from taxi_qa.records.column import Kind
from taxi_qa.store.engine import bulk_insert, is_postgresql
from taxi_qa.store.tables import RECORD_TABLES, key_columns

_TEMPORARY: Final = "arriving_"


@dataclass(frozen=True)
class Sorted:
    """What becomes of a chunk; the row at place `p` has, if it is accepted, the id `first_id + p`.

    Attributes:
        accepted: for each place whether the row is inserted; the others are duplicates.
        superseded_by: id of an accepted row of this chunk -> id of the one that corrects it.
        replaced: (new id, stored id) of stored rows that are corrected.
        corrections: how many accepted rows correct an earlier one.
    """

    accepted: list[bool]
    superseded_by: dict[int, int]
    replaced: list[tuple[int, int]]
    corrections: int


def sort_out(
    connection: Connection,
    kind: Kind,
    keys: Sequence[tuple[Hashable, ...]],
    digests: Sequence[int],
    places: Iterable[int],
    first_id: int,
) -> Sorted:
    """Sort a chunk of rows against each other and against what is stored.

    Content that was seen for this key in any version is a duplicate: an old file sent again does not
    bring back what was corrected since. Other content of a known key is a correction.

    Args:
        connection: in the delivery's transaction.
        kind: what the rows are.
        keys: the values of the kind's key, a row each.
        digests: digest of each row's content.
        places: the rows' places in the order in which they came.
        first_id: the id of the row at place 0; greater than every stored id.
    """
    seen, current = _stored(connection, kind, keys) if first_id > 1 else (set(), {})
    accepted = [False] * len(keys)
    replaced: dict[int, int] = {}
    for place in places:
        version = keys[place], digests[place]
        if version in seen:
            continue
        seen.add(version)
        accepted[place] = True
        older = current.get(version[0])
        if older is not None:
            replaced[older] = first_id + place
        current[version[0]] = first_id + place
    return Sorted(
        accepted=accepted,
        superseded_by={older: newer for older, newer in replaced.items() if older >= first_id},
        replaced=[(newer, older) for older, newer in replaced.items() if older < first_id],
        corrections=len(replaced),
    )


def _stored(
    connection: Connection, kind: Kind, keys: Sequence[tuple[Hashable, ...]]
) -> tuple[set[tuple[tuple[Hashable, ...], int]], dict[tuple[Hashable, ...], int]]:
    """Versions stored of these keys, and the id of the current one of each."""
    names = key_columns(kind)
    arriving = _TEMPORARY + kind.name
    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(quote(name) for name in names)
    table = RECORD_TABLES[kind.name]
    postgresql = is_postgresql(connection)
    if postgresql:
        kept = f"CREATE TEMPORARY TABLE IF NOT EXISTS {arriving} ON COMMIT DROP"
        connection.exec_driver_sql(f"{kept} AS SELECT {columns} FROM {quote(table.name)} WITH NO DATA")
        connection.exec_driver_sql(f"TRUNCATE {arriving}")
    else:
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE IF NOT EXISTS {arriving} ({columns})")
        connection.exec_driver_sql(f"DELETE FROM {arriving}")
    bulk_insert(connection, arriving, names, keys)
    if postgresql:
        connection.exec_driver_sql(f"ANALYZE {arriving}")
    # SQLite walks the left side of a CROSS JOIN and looks each key up; without the word it might choose
    # to walk the whole table. To PostgreSQL it is an ordinary join.
    joined = " AND ".join(f"t.{quote(name)} = a.{quote(name)}" for name in names)
    wanted = ", ".join(f"t.{quote(name)}" for name in names)
    rows = connection.exec_driver_sql(
        f"SELECT t.id, t.superseded_by, t.digest, {wanted}"
        f" FROM {arriving} a CROSS JOIN {quote(table.name)} t WHERE {joined}"
    )
    seen: set[tuple[tuple[Hashable, ...], int]] = set()
    current: dict[tuple[Hashable, ...], int] = {}
    for row_id, superseded_by, digest, *values in rows:
        key = tuple(values)
        seen.add((key, digest))
        if superseded_by is None:
            current[key] = row_id
    return seen, current
