"""From findings to the cases they belong to, as far as a reader may see those."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import select

from taxi_qa.store.desk_tables import CaseFinding, CaseRow
from taxi_qa.store.fetching import fetch
from taxi_qa.store.home import Home
from taxi_qa.store.scope import Scope
from taxi_qa.store.tables import table_of

_AT_ONCE: Final = 500


def case_of_finding(home: Home, scope: Scope, finding_ids: Collection[str]) -> dict[str, str]:
    """finding_id -> case_id of those that are in a case the reader may see; others are not there.

    Args:
        home: where.
        scope: how far the reader sees.
        finding_ids: which; those of a page of rows.
    """
    joined, case = table_of(CaseFinding), table_of(CaseRow)
    asked = sorted(finding_ids)
    found: dict[str, str] = {}
    with home.engine.connect() as connection:
        for start in range(0, len(asked), _AT_ONCE):
            query = (
                select(joined.c.finding_id, joined.c.case_id)
                .join(case, case.c.case_id == joined.c.case_id)
                .where(
                    joined.c.finding_id.in_(asked[start : start + _AT_ONCE]),
                    joined.c.left_ms.is_(None),
                    scope.cases(),
                )
            )
            found |= {str(finding): str(case_id) for finding, case_id in fetch(connection, query)}
    return found
