"""Counts of a company: trips of its cars, and confirmed cases of its drivers that no appeal took back."""

from collections.abc import Sequence

from sqlalchemy import case as one_of
from sqlalchemy import func, select

from taxi_qa.store.desk_tables import CaseRow, LedgerEntry
from taxi_qa.store.fetching import fetch
from taxi_qa.store.home import Home
from taxi_qa.store.scope import Scope
from taxi_qa.store.snapshot import deliveries_before
from taxi_qa.store.tables import RECORD_TABLES, table_of


def trips_of(home: Home, company_id: str, from_day: int, to_day: int, until_ms: int) -> int:
    """Metered trips of the company's cars that began on these city days, as known before a moment."""
    trips, cars = RECORD_TABLES["trips"], RECORD_TABLES["vehicles"]
    last = deliveries_before(home, until_ms)
    own = select(cars.c["vehicle_id"]).where(
        cars.c["company_id"] == company_id, cars.c["superseded_by"].is_(None), cars.c["source_id"] <= last
    )
    query = select(func.count(func.distinct(trips.c["trip_id"]))).where(
        trips.c["day"] >= from_day,
        trips.c["day"] <= to_day,
        trips.c["source_id"] <= last,
        trips.c["vehicle_id"].in_(own),
    )
    with home.engine.connect() as connection:
        ((count,),) = fetch(connection, query)
    return int(count)


def confirmed_of(home: Home, company_id: str, from_day: int, to_day: int, until_ms: int) -> int:
    """Confirmed cases of the company, by the day of the act, decided before a moment and not taken back."""
    line, back, case = table_of(LedgerEntry), table_of(LedgerEntry).alias("back"), table_of(CaseRow)
    query = (
        select(func.count(func.distinct(line.c.case_id)))
        .join(case, case.c.case_id == line.c.case_id)
        .outerjoin(back, (back.c.reverses == line.c.entry_id) & (back.c.decided_ms < until_ms))
        .where(
            case.c.company_id == company_id,
            line.c.kind.in_(["deduction", "observation"]),
            line.c.act_day >= from_day,
            line.c.act_day <= to_day,
            line.c.decided_ms < until_ms,
            back.c.entry_id.is_(None),
        )
    )
    with home.engine.connect() as connection:
        ((count,),) = fetch(connection, query)
    return int(count)


def companies(home: Home, scope: Scope) -> dict[str, str]:
    """company_id -> name ("" not known) of every company the reader sees, with cars or drivers if no more."""
    found: dict[str, str] = {}
    with home.engine.connect() as connection:
        for kind in ("vehicles", "drivers", "companies"):
            c = RECORD_TABLES[kind].c
            query = select(c["company_id"]).where(c["superseded_by"].is_(None)).distinct()
            if kind == "companies":
                query = query.add_columns(c["name"])
            for company_id, *name in fetch(connection, query):
                found[str(company_id)] = str(name[0]) if name else ""
    return {one: found[one] for one in sorted(found) if scope.sees_company(one)}


def cases_by_span(
    home: Home, scope: Scope, company_id: str, bounds_ms: Sequence[int]
) -> list[dict[str, int]]:
    """How many cases of a company began in each span, by state.

    Args:
        home: where.
        scope: of the reader.
        company_id: whose.
        bounds_ms: spans lie between one bound and the next, the first included; at least two, ascending.

    Returns:
        For each span state -> cases; states without any are left out.
    """
    c = table_of(CaseRow).c
    span = one_of(*((c.start_ms < bound, at) for at, bound in enumerate(bounds_ms[1:])))
    # Grouped outside: to PostgreSQL the same expression with bounds of its own is another one.
    inner = (
        select(span.label("span"), c.state)
        .where(
            scope.cases(),
            c.company_id == company_id,
            c.start_ms >= bounds_ms[0],
            c.start_ms < bounds_ms[-1],
        )
        .subquery()
    )
    query = select(inner.c.span, inner.c.state, func.count()).group_by(inner.c.span, inner.c.state)
    found: list[dict[str, int]] = [{} for _ in bounds_ms[1:]]
    with home.engine.connect() as connection:
        for at, state, many in fetch(connection, query):
            found[int(at)][str(state)] = int(many)
    return found


def last_case_ms(home: Home, scope: Scope, company_id: str) -> int | None:
    """When the company's last case began, None where it has none."""
    c = table_of(CaseRow).c
    query = select(func.max(c.start_ms)).where(scope.cases(), c.company_id == company_id)
    with home.engine.connect() as connection:
        ((last,),) = fetch(connection, query)
    return None if last is None else int(last)
