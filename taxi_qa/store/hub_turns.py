"""A driver's turns at the hubs as they were kept."""

from typing import Any

from sqlalchemy import func, select

from taxi_qa.store.account_tables import DriverHub
from taxi_qa.store.fetching import fetch
from taxi_qa.store.home import Home
from taxi_qa.store.scope import Scope
from taxi_qa.store.tables import RECORD_TABLES, table_of


def days_of_ledgers(home: Home) -> tuple[int, int] | None:
    """First and last city day of the ledgers that are kept, None where nobody had them worked out."""
    c = table_of(DriverHub).c
    with home.engine.connect() as connection:
        ((first, last),) = fetch(connection, select(func.min(c.from_day), func.max(c.to_day)))
    return None if first is None else (int(first), int(last))


def hub_turns_of(home: Home, scope: Scope, driver_id: str) -> list[dict[str, Any]]:
    """The rows of one driver the reader may see: all hubs together first, then by hub, with `hub_name`."""
    table = table_of(DriverHub)
    names = [column.name for column in table.columns]
    query = select(*(table.c[name] for name in names)).where(
        table.c.driver_id == driver_id, scope.hub_ledgers()
    )
    zones = RECORD_TABLES["zones"].c
    called = select(zones["zone_id"], zones["name"]).where(
        zones["kind"] == "hub", zones["superseded_by"].is_(None)
    )
    with home.engine.connect() as connection:
        rows = [dict(zip(names, row, strict=True)) for row in fetch(connection, query.order_by(table.c.hub))]
        hubs = {str(zone_id): str(name) for zone_id, name in fetch(connection, called)}
    return [row | {"hub_name": hubs.get(row["hub"], row["hub"])} for row in rows]
