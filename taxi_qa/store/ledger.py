"""The ledger: lines that are only ever appended, each sealed together with the line before it.

The database refuses to change a line (migration 0003); where somebody got round that, `verify` says where
the chain of seals breaks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection, select

from taxi_qa.findings.ledger_line import ENTRY_COLUMNS, seal_of
from taxi_qa.store.desk_tables import LedgerEntry
from taxi_qa.store.engine import bulk_insert, is_postgresql, transaction
from taxi_qa.store.fetching import fetch, frame_of
from taxi_qa.store.home import Home
from taxi_qa.store.tables import table_of

_WHOLE: Final = frozenset({"entry_id", "points", "act_day", "decided_ms", "reverses"})
# What a reversal shares with the line it restores.
_SHARED: Final = ("driver_id", "item", "case_id", "rule", "act_day")


class LedgerError(Exception):
    """A line that may not go into the ledger; nothing was written."""


@dataclass(frozen=True)
class Broken:
    """Where the chain of seals breaks: the first line that is not what was sealed."""

    entry_id: int
    reason: str


def append(home: Home, lines: Sequence[Mapping[str, object]]) -> list[int]:
    """Append lines in one transaction; see `append_to`."""
    with transaction(home.engine) as connection:
        return append_to(connection, lines)


def append_to(connection: Connection, lines: Sequence[Mapping[str, object]]) -> list[int]:
    """Append lines inside a writing transaction, numbered and sealed one after the other.

    Args:
        connection: in a transaction that writes (`engine.transaction`).
        lines: values of `ENTRY_COLUMNS`; entry_id and seal are made here, what they hold is not looked at.

    Returns:
        The entry_id of each line.

    Raises:
        LedgerError: a reversal does not restore exactly what one earlier line cost.
    """
    table = table_of(LedgerEntry)
    if is_postgresql(connection):
        # Two who append at once would both follow the same line; readers go on.
        connection.exec_driver_sql(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE")
    last = select(table.c.entry_id, table.c.seal).order_by(table.c.entry_id.desc()).limit(1)
    found = fetch(connection, last)
    number, seal = found[0] if found else (0, "")
    rows, made = [], []
    for line in lines:
        _check_reversal(connection, line)
        number += 1
        numbered = {**line, "entry_id": number}
        seal = seal_of(numbered, seal)
        rows.append(tuple({**numbered, "seal": seal}[name] for name in ENTRY_COLUMNS))
        made.append(number)
    bulk_insert(connection, table.name, ENTRY_COLUMNS, rows)
    return made


def _check_reversal(connection: Connection, line: Mapping[str, object]) -> None:
    reverses = line["reverses"]
    if (reverses is None) != (line["kind"] != "reversal"):
        raise LedgerError("a reversal names the entry it restores, and nothing else does")
    if reverses is None:
        return
    c = table_of(LedgerEntry).c
    names = (*_SHARED, "points", "kind")
    found = fetch(connection, select(*(c[name] for name in names)).where(c.entry_id == reverses))
    if not found:
        raise LedgerError(f"the ledger has no entry {reverses} to be restored")
    restored = dict(zip(names, found[0], strict=True))
    if restored["kind"] == "reversal":
        raise LedgerError(f"entry {reverses} is a reversal itself")
    if line["points"] != -restored["points"] or any(line[name] != restored[name] for name in _SHARED):
        raise LedgerError(f"a reversal of entry {reverses} must restore exactly what it cost, where it did")
    if fetch(connection, select(c.entry_id).where(c.reverses == reverses)):
        raise LedgerError(f"entry {reverses} has been reversed already")


def entries(
    home: Home,
    *,
    driver_id: str | None = None,
    case_id: str | None = None,
    until_ms: int | None = None,
) -> pd.DataFrame:
    """Lines of the ledger in the order in which they were written.

    Args:
        home: where.
        driver_id: only of this driver.
        case_id: only of this case.
        until_ms: only what was decided up to this instant, itself included.

    Returns:
        A frame in `ENTRY_COLUMNS`: numbers Int64 (`reverses` missing where there is none), texts str.
    """
    with home.engine.connect() as connection:
        return entries_in(connection, driver_id=driver_id, case_id=case_id, until_ms=until_ms)


def entries_in(
    connection: Connection,
    *,
    driver_id: str | None = None,
    case_id: str | None = None,
    until_ms: int | None = None,
) -> pd.DataFrame:
    """The same inside a transaction."""
    c = table_of(LedgerEntry).c
    query = select(*(c[name] for name in ENTRY_COLUMNS)).order_by(c.entry_id)
    if driver_id is not None:
        query = query.where(c.driver_id == driver_id)
    if case_id is not None:
        query = query.where(c.case_id == case_id)
    if until_ms is not None:
        query = query.where(c.decided_ms <= until_ms)
    columns = [(name, "Int64" if name in _WHOLE else "str") for name in ENTRY_COLUMNS]
    return frame_of(fetch(connection, query), columns)


def verify(home: Home) -> Broken | None:
    """The first line whose number or seal is not what it must be; None where all hold.

    That lines are missing at the end no chain can show by itself: keep the last seal elsewhere.
    """
    c = table_of(LedgerEntry).c
    query = select(*(c[name] for name in ENTRY_COLUMNS)).order_by(c.entry_id)
    before, expected = "", 1
    with home.engine.connect() as connection:
        rows: list[tuple[Any, ...]] = fetch(connection, query)
    for row in rows:
        line = dict(zip(ENTRY_COLUMNS, row, strict=True))
        if line["entry_id"] != expected:
            return Broken(expected, "the line is missing")
        if line["seal"] != seal_of(line, before):
            return Broken(expected, "the line is not what was sealed")
        before, expected = str(line["seal"]), expected + 1
    return None
