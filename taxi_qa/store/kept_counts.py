"""Exact counts of long lists, kept until a row of a list changes.

To count half a million cases takes several times as long as to read the page of them that is shown. Whoever
writes cases, their zones, standings or indices raises one number in the same transaction (`lists_changed`); a
count is good for as long as that number stands. It is read before the count: where a change comes between,
the count is kept under a number that nobody asks for any more.
"""

from collections import OrderedDict
from threading import Lock
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Select, literal, select, update

from taxi_qa.store.account_tables import ListVersion
from taxi_qa.store.fetching import fetch, fetch_text, text_of
from taxi_qa.store.tables import table_of

Rows = list[tuple[Any, ...]]

# Different filters of different readers, in each process.
_MOST: Final = 2_000
_TOLD: Final = "taxi_qa.lists_changed"


class _Kept:
    """What one process counted in one database since the last change."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.version = -1
        self.rows: OrderedDict[Any, Rows] = OrderedDict()


_BY_ENGINE: Final[WeakKeyDictionary[Engine, _Kept]] = WeakKeyDictionary()
_MAKING: Final = Lock()


def lists_changed(connection: Connection) -> None:
    """Say, once a transaction, that rows of a list are written in it.

    Args:
        connection: in the writing transaction.
    """
    here = connection.get_nested_transaction() or connection.get_transaction()
    if connection.info.get(_TOLD) is here and here is not None:
        return
    table = table_of(ListVersion)
    connection.execute(update(table).values(version=table.c.version + literal(1)))
    connection.info[_TOLD] = here


def counted(connection: Connection, query: Select[*tuple[Any, ...]]) -> Rows:
    """The few rows of a counting query, from memory where no list changed since.

    Args:
        connection: not in a transaction that writes to a list itself.
        query: over tables whose every change is told by `lists_changed`, and nothing else.
    """
    version = int(fetch(connection, select(table_of(ListVersion).c.version))[0][0])
    key = text_of(connection, query)
    with _MAKING:
        kept = _BY_ENGINE.setdefault(connection.engine, _Kept())
    with kept.lock:
        if kept.version != version:
            kept.rows.clear()
            kept.version = version
        elif (rows := kept.rows.get(key)) is not None:
            kept.rows.move_to_end(key)
            return rows
    rows = fetch_text(connection, *key)
    with kept.lock:
        if kept.version == version:
            kept.rows[key] = rows
            while len(kept.rows) > _MOST:
                kept.rows.popitem(last=False)
    return rows
