"""What lists of the web are made of, counted once and kept: standings of drivers, index, turns at hubs."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete

from taxi_qa.store.account_tables import DriverHub, DriverIndex, DriverStanding
from taxi_qa.store.engine import bulk_insert, transaction
from taxi_qa.store.home import Home
from taxi_qa.store.kept_counts import lists_changed
from taxi_qa.store.tables import table_of


def keep_standings(home: Home, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep where everybody stands instead of what was kept before."""
    _replace(home, DriverStanding, rows)


def keep_indices(home: Home, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep the index of everybody by every rule instead of what was kept before."""
    _replace(home, DriverIndex, rows)


def keep_hub_ledger(home: Home, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep everybody's turns at the hubs instead of what was kept before."""
    _replace(home, DriverHub, rows)


def _replace(
    home: Home, model: type[DriverStanding | DriverIndex | DriverHub], rows: Sequence[Mapping[str, Any]]
) -> None:
    table = table_of(model)
    names = [column.name for column in table.columns]
    with transaction(home.engine) as connection:
        lists_changed(connection)
        connection.execute(delete(table))
        bulk_insert(connection, table.name, names, [tuple(row[name] for name in names) for row in rows])
