"""In which zones acts lie: what an inspector of a zone sees."""

from collections.abc import Sequence

import pandas as pd
from sqlalchemy import Connection, select

from taxi_qa.store.account_tables import CaseZone
from taxi_qa.store.desk_tables import CaseFinding, CaseRow
from taxi_qa.store.engine import bulk_insert
from taxi_qa.store.fetching import fetch, frame_of
from taxi_qa.store.kept_counts import lists_changed
from taxi_qa.store.tables import FindingRow, table_of

_COLUMNS = (("case_id", "str"), ("start_ms", "Int64"), ("lon", "float64"), ("lat", "float64"))


def cases_without_place(connection: Connection) -> pd.DataFrame:
    """Findings of the cases nobody has placed yet: case_id, start_ms, lon, lat (missing where not known)."""
    case, joined, finding = table_of(CaseRow).c, table_of(CaseFinding).c, table_of(FindingRow).c
    zone = table_of(CaseZone).c
    query = (
        select(case.case_id, case.start_ms, finding.lon, finding.lat)
        .join_from(table_of(CaseRow), table_of(CaseFinding), joined.case_id == case.case_id)
        .join(table_of(FindingRow), finding.finding_id == joined.finding_id)
        .where(~select(zone.case_id).where(zone.case_id == case.case_id).exists())
    )
    return frame_of(fetch(connection, query), _COLUMNS)


def keep_places(connection: Connection, rows: Sequence[tuple[str, str]]) -> None:
    """Keep in which zones cases lie: case_id and zone_id, "" for a case that lies in none."""
    lists_changed(connection)
    bulk_insert(connection, table_of(CaseZone).name, ["case_id", "zone_id"], rows)
