"""Exact counts of long lists, kept until a row of a list changes.

To count half a million cases takes several times as long as to read the page of them that is shown. Whoever
writes cases, their zones, standings or indices raises a number in the same transaction (`lists_changed`), and
whoever moves a case on raises another (`case_moved`): a count is good for as long as the first stands, and
the second, too, where it asks how far cases have come. They are read before the count: where a change comes
between, the count is kept under a number that nobody asks for any more.
"""

from collections import OrderedDict
from threading import Lock
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Select, literal, select, update

from taxi_qa.store.account_tables import ListVersion
from taxi_qa.store.fetching import Statement, fetch, fetch_text, text_of
from taxi_qa.store.tables import table_of

Rows = list[tuple[Any, ...]]
Version = tuple[int, int]

# Different filters of different readers, in each process.
_MOST: Final = 2_000
_TOLD: Final = "taxi_qa.lists_changed"
# All that a step with a case changes; a query that names none of it counts the same after it.
_MOVED: Final = ("cases.state", "cases.deadline_ms", "cases.version", "case_events.")


class _Kept:
    """What one process counted in one database since the last change."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.rows: OrderedDict[Statement, tuple[Version, Rows]] = OrderedDict()


_BY_ENGINE: Final[WeakKeyDictionary[Engine, _Kept]] = WeakKeyDictionary()
_MAKING: Final = Lock()


def lists_changed(connection: Connection) -> None:
    """Say that rows of a list are written in this transaction."""
    _raise(connection, "written")


def case_moved(connection: Connection) -> None:
    """Say that a case moves on in this transaction: its state, version, deadline and events, nothing else."""
    _raise(connection, "moved")


def _raise(connection: Connection, column: str) -> None:
    """Raise one of the numbers, once a transaction."""
    here = connection.get_nested_transaction() or connection.get_transaction()
    raised, which = connection.info.get(_TOLD, (None, frozenset()))
    if raised is not here:
        which = frozenset()
    if here is not None and column in which:
        return
    table = table_of(ListVersion)
    connection.execute(update(table).values({column: table.c[column] + literal(1)}))
    connection.info[_TOLD] = here, which | {column}


def counted(connection: Connection, query: Select[*tuple[Any, ...]]) -> Rows:
    """The few rows of a counting query, from memory where nothing it asks for changed since.

    Args:
        connection: not in a transaction that writes to a list itself.
        query: over tables whose every change is told as above, and nothing else.
    """
    table, statement = table_of(ListVersion), text_of(connection, query)
    ((written, moved),) = fetch(connection, select(table.c.written, table.c.moved))
    version = (int(written), int(moved) if any(name in statement[0] for name in _MOVED) else 0)
    with _MAKING:
        kept = _BY_ENGINE.setdefault(connection.engine, _Kept())
    with kept.lock:
        found = kept.rows.get(statement)
        if found is not None and found[0] == version:
            kept.rows.move_to_end(statement)
            return found[1]
    rows = fetch_text(connection, *statement)
    with kept.lock:
        kept.rows[statement] = version, rows
        kept.rows.move_to_end(statement)
        while len(kept.rows) > _MOST:
            kept.rows.popitem(last=False)
    return rows
