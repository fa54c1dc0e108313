"""Counts of a company: trips of its cars, and confirmed cases of its drivers that no appeal took back."""

from sqlalchemy import func, select

from taxi_qa.store.desk_tables import CaseRow, LedgerEntry
from taxi_qa.store.fetching import fetch
from taxi_qa.store.home import Home
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
