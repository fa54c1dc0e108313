"""The register of drivers as it was known at some moment: later corrections and later names are left out."""

from typing import Final

import pandas as pd
from sqlalchemy import select

from taxi_qa.store.fetching import fetched_frame
from taxi_qa.store.home import Home
from taxi_qa.store.snapshot import deliveries_before
from taxi_qa.store.tables import RECORD_TABLES

_COLUMNS: Final = (
    ("driver_id", "str"),
    ("name", "str"),
    ("company_id", "str"),
    ("registered_from_day", "Int64"),
    ("registered_to_day", "Int64"),
)


def drivers_known(home: Home, until_ms: int, *, driver_id: str | None = None) -> pd.DataFrame:
    """The drivers as the last delivery before a moment told of them, once each, by their number.

    Args:
        home: where.
        until_ms: what was delivered later is left out.
        driver_id: only this one; all if None.

    Returns:
        driver_id, name, company_id, registered_from_day, registered_to_day (missing: still registered).
    """
    table = RECORD_TABLES["drivers"]
    query = (
        select(*(table.c[name] for name, _ in _COLUMNS))
        .where(table.c["source_id"] <= deliveries_before(home, until_ms))
        .order_by(table.c["id"])
    )
    if driver_id is not None:
        query = query.where(table.c["driver_id"] == driver_id)
    with home.engine.connect() as connection:
        told = fetched_frame(connection, query, _COLUMNS, plain_texts=False)
    # Rows grow with deliveries: of several of one driver the last is what was known.
    last = told.drop_duplicates("driver_id", keep="last")
    return last.sort_values("driver_id", ignore_index=True)
