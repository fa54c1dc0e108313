"""The findings that stand in a home as one frame, by their content."""

from collections.abc import Collection
from typing import Final

import pandas as pd
from sqlalchemy import select

from taxi_qa.store.fetching import fetch, frame_of
from taxi_qa.store.home import Home
from taxi_qa.store.said import FINDING_COLUMNS
from taxi_qa.store.tables import FindingRow, table_of

_DTYPES: Final = {
    **dict.fromkeys(("rule_version", "start_ms", "end_ms", "digest"), "Int64"),
    **dict.fromkeys(("lon", "lat", "measured", "allowed"), "float64"),
}


def findings_that_stand(home: Home, finding_ids: Collection[str] | None = None) -> pd.DataFrame:
    """All findings that stand, a row each, columns `FINDING_COLUMNS`, sorted by start and finding_id.

    Args:
        home: where.
        finding_ids: only these; all if None.
    """
    table = table_of(FindingRow)
    columns = [(name, _DTYPES.get(name, "str")) for name in FINDING_COLUMNS]
    query = select(*(table.c[name] for name, _ in columns)).where(table.c.withdrawn_by.is_(None))
    if finding_ids is not None:
        query = query.where(table.c.finding_id.in_(sorted(finding_ids)))
    with home.engine.connect() as connection:
        found = frame_of(fetch(connection, query), columns)
    return found.sort_values(["start_ms", "finding_id"], ignore_index=True)
