"""Lists as people page through them: filtered, sorted and cut by the database, with exact totals."""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, or_, select

from taxi_qa.store.account_tables import CaseZone, DriverIndex, DriverStanding
from taxi_qa.store.desk_tables import CaseEvent, CaseRow
from taxi_qa.store.fetching import fetch, frame_of
from taxi_qa.store.home import Home
from taxi_qa.store.kept_counts import counted
from taxi_qa.store.scope import Scope
from taxi_qa.store.tables import FindingRow, table_of

_BATCH: Final = 20_000
_FAR: Final = 1_000
_ESCAPE: Final = "\\"


@dataclass(frozen=True)
class Wanted:
    """What a reader asked a list for.

    Attributes:
        equal: column -> values, any of which it may have.
        contains: column -> part of its text.
        least, below: column -> bounds, the first included and the second not.
        sort: column; descending with "-" in front.
        limit, offset: which rows.
    """

    equal: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    contains: Mapping[str, str] = field(default_factory=dict)
    least: Mapping[str, int] = field(default_factory=dict)
    below: Mapping[str, int] = field(default_factory=dict)
    sort: str = ""
    limit: int = 100
    offset: int = 0


@dataclass(frozen=True)
class Listing:
    """One list: its table, its columns and how rows that sort alike are told apart.

    Attributes:
        table: where.
        columns: name and dtype.
        key: columns that make a row; the last word of every order.
        usual: the order nobody asked for.
        kept: every change of the list, and of what `Scope` narrows it by, is told by `lists_changed`.
    """

    table: Table
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]
    usual: str
    kept: bool = False


CASES: Final = Listing(
    table_of(CaseRow),
    (
        ("case_id", "str"), ("rule", "str"), ("rules", "str"), ("family", "str"), ("stage", "str"),
        ("vehicle_id", "str"), ("driver_id", "str"), ("company_id", "str"), ("trip_id", "str"),
        ("start_ms", "Int64"), ("end_ms", "Int64"), ("sources", "str"), ("missing", "str"),
        ("sufficiency", "str"), ("opened_ms", "Int64"), ("state", "str"), ("version", "Int64"),
        ("deadline_ms", "Int64"),
    ),
    ("case_id",),
    "-start_ms",
    kept=True,
)  # fmt: skip
STANDINGS: Final = Listing(
    table_of(DriverStanding),
    (
        ("driver_id", "str"), ("name", "str"), ("company_id", "str"), ("cycle", "str"),
        ("assessed", "boolean"), ("score", "Int64"), ("grade", "str"), ("deductions", "Int64"),
        ("bonus", "Int64"), ("observations", "Int64"), ("as_of_day", "Int64"), ("scored_ms", "Int64"),
    ),
    ("driver_id",),
    "score",
    kept=True,
)  # fmt: skip
FINDINGS: Final = Listing(
    table_of(FindingRow),
    (
        ("finding_id", "str"), ("rule", "str"), ("rule_version", "Int64"), ("clause", "str"),
        ("stage", "str"), ("status", "str"), ("vehicle_id", "str"), ("driver_id", "str"),
        ("company_id", "str"), ("trip_id", "str"), ("start_ms", "Int64"), ("end_ms", "Int64"),
        ("lon", "float64"), ("lat", "float64"), ("measured", "float64"), ("allowed", "float64"),
        ("unit", "str"), ("sources", "str"), ("evidence", "str"), ("leans_on", "str"), ("run_id", "str"),
    ),
    ("finding_id",),
    "-start_ms",
)  # fmt: skip
INDICES: Final = Listing(
    table_of(DriverIndex),
    (
        ("rule", "str"), ("driver_id", "str"), ("company_id", "str"), ("unit", "str"), ("stratum", "str"),
        ("findings", "float64"), ("exposure", "float64"), ("rate", "float64"), ("low", "float64"),
        ("high", "float64"), ("fleet_rate", "float64"), ("excess", "float64"), ("beside_fleet", "str"),
        ("why_not", "str"), ("moved", "str"), ("from_day", "Int64"), ("to_day", "Int64"),
        ("counted_ms", "Int64"),
    ),
    ("rule", "driver_id"),
    "-low",
    kept=True,
)  # fmt: skip


def page(home: Home, listing: Listing, seen: ColumnElement[bool], wanted: Wanted) -> tuple[pd.DataFrame, int]:
    """The rows of one page, and how many there are in all.

    Args:
        home: where.
        listing: which list.
        seen: what the reader may see (`Scope`).
        wanted: what he asked for; columns the list does not have are a mistake of the caller.
    """
    rows, total = rows_of(home, listing, seen, wanted)
    return frame_of([tuple(row.values()) for row in rows], listing.columns), total


def rows_of(
    home: Home, listing: Listing, seen: ColumnElement[bool], wanted: Wanted
) -> tuple[list[dict[str, Any]], int]:
    """The same as plain values, None where missing: a page of rows needs no frame."""
    here = [seen, *_conditions(listing, wanted)]
    with home.engine.connect() as connection:
        total = _counted(connection, listing, here)
        return _page_rows(connection, listing, here, wanted, total), total


def _page_rows(
    connection: Connection, listing: Listing, here: list[ColumnElement[bool]], wanted: Wanted, total: int
) -> list[dict[str, Any]]:
    """The rows of a page, read so that an index is walked wherever there is one.

    Rows without a value to sort by come last; no index has them there, so they are left out of the query
    wherever the page ends before them. Far down the list the rows before are walked over by their keys.
    """
    c, there = listing.table.c, max(min(wanted.limit, total - wanted.offset), 0)
    column = c[(wanted.sort or listing.usual).removeprefix("-")]
    if column.nullable:
        rows = _ordered(connection, listing, [*here, column.is_not(None)], wanted, nulls_last=False)
        if len(rows) >= there:
            return rows
    return _ordered(connection, listing, here, wanted, nulls_last=bool(column.nullable))


def _ordered(
    connection: Connection,
    listing: Listing,
    here: list[ColumnElement[bool]],
    wanted: Wanted,
    *,
    nulls_last: bool,
) -> list[dict[str, Any]]:
    c, orders = listing.table.c, _orders(listing, wanted, nulls_last=nulls_last)
    names = [name for name, _dtype in listing.columns]
    query = select(*(c[name] for name in names)).order_by(*orders)
    if wanted.offset > _FAR and len(listing.key) == 1:
        key = c[listing.key[0]]
        keys = select(key).where(*here).order_by(*orders).limit(wanted.limit).offset(wanted.offset)
        query = query.where(key.in_(keys.scalar_subquery()))
    else:
        query = query.where(*here).limit(wanted.limit).offset(wanted.offset)
    return [dict(zip(names, row, strict=True)) for row in fetch(connection, query)]


def _counted(connection: Connection, listing: Listing, here: list[ColumnElement[bool]]) -> int:
    query = select(func.count()).select_from(listing.table).where(*here)
    return int(_count_rows(connection, listing, query)[0][0])


def _count_rows(
    connection: Connection, listing: Listing, query: Select[*tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    return (counted if listing.kept else fetch)(connection, query)


def soonest(
    home: Home, seen: ColumnElement[bool], states: tuple[str, ...], limit: int
) -> list[dict[str, Any]]:
    """The cases in these states whose time runs out first: a walk of the index for each state."""
    found: list[dict[str, Any]] = []
    with home.engine.connect() as connection:
        for state in states:
            here = [seen, CASES.table.c.state == state]
            found += _page_rows(connection, CASES, here, Wanted(sort="deadline_ms", limit=limit), limit)
    found.sort(
        key=lambda row: (math.inf if row["deadline_ms"] is None else row["deadline_ms"], row["case_id"])
    )
    return found[:limit]


def referred(home: Home, seen: ColumnElement[bool], limit: int) -> list[dict[str, Any]]:
    """Cases in the queue that their company asked for, the longest waiting first."""
    events = table_of(CaseEvent).c
    asked = select(events.case_id).where(events.role == "manager", events.action == "refer")
    here = [seen, CASES.table.c.state == "queued", CASES.table.c.case_id.in_(asked)]
    with home.engine.connect() as connection:
        return _page_rows(connection, CASES, here, Wanted(sort="deadline_ms", limit=limit), limit)


def count(home: Home, listing: Listing, seen: ColumnElement[bool], wanted: Wanted) -> int:
    """How many rows there are in all."""
    with home.engine.connect() as connection:
        return _counted(connection, listing, [seen, *_conditions(listing, wanted)])


def whole(home: Home, listing: Listing, seen: ColumnElement[bool], wanted: Wanted) -> Iterator[pd.DataFrame]:
    """All rows of the list as the page shows them, so many at a time: for exports."""
    c = listing.table.c
    column = c[(wanted.sort or listing.usual).removeprefix("-")]
    query = (
        select(*(c[name] for name, _dtype in listing.columns))
        .order_by(*_orders(listing, wanted, nulls_last=bool(column.nullable)))
        .where(seen, *_conditions(listing, wanted))
    )
    with home.engine.connect() as connection:
        result = connection.execution_options(stream_results=True).execute(query)
        while rows := result.fetchmany(_BATCH):
            yield frame_of([tuple(row) for row in rows], listing.columns)


def count_by(
    home: Home, listing: Listing, seen: ColumnElement[bool], column: str, wanted: Wanted | None = None
) -> dict[str, int]:
    """How many rows there are for each value of a column."""
    c = listing.table.c[column]
    query = select(c, func.count()).where(seen, *_conditions(listing, wanted or Wanted())).group_by(c)
    with home.engine.connect() as connection:
        rows = _count_rows(connection, listing, query.order_by(c))
    return {str(value): int(many) for value, many in rows}


def beside_fleet_of(
    home: Home, seen: ColumnElement[bool], driver_ids: Collection[str]
) -> dict[str, dict[str, int]]:
    """driver_id -> by how many rules he lies above, alike or below his fleet; "" for those not compared.

    Args:
        home: where.
        seen: what the reader may see of the index.
        driver_ids: of a page of rows; a driver without an index is not in the answer.
    """
    c = INDICES.table.c
    query = (
        select(c.driver_id, c.beside_fleet, func.count())
        .where(seen, c.driver_id.in_(sorted(driver_ids)))
        .group_by(c.driver_id, c.beside_fleet)
    )
    found: dict[str, dict[str, int]] = {}
    with home.engine.connect() as connection:
        for driver_id, beside, many in fetch(connection, query):
            found.setdefault(str(driver_id), {})[str(beside)] = int(many)
    return found


def standing_findings(scope: Scope) -> ColumnElement[bool]:
    """Condition on `findings`: those somebody sees, and no later run withdrew."""
    return and_(scope.findings(), FINDINGS.table.c.withdrawn_by.is_(None))


def in_zones(zone_ids: tuple[str, ...]) -> ColumnElement[bool]:
    """Condition on `cases`: the act lies in one of these zones."""
    zone = table_of(CaseZone).c
    return table_of(CaseRow).c.case_id.in_(select(zone.case_id).where(zone.zone_id.in_(zone_ids)))


def in_stages(
    stages: Collection[str], leads: Collection[str], listing: Listing = CASES
) -> ColumnElement[bool]:
    """Condition on `cases` or `findings`: of these stages, those of a rule that has fallen back being leads.

    Args:
        stages: stable, trial, index.
        leads: the rules that have fallen back.
        listing: of which list.
    """
    c = listing.table.c
    fell = and_(c.stage == "stable", c.rule.in_(sorted(leads)))
    kept = and_(c.stage.in_(sorted(stages)), ~fell)
    return or_(kept, fell) if "trial" in stages else kept


def one_case(home: Home, scope: Scope, case_id: str) -> bool:
    """Whether somebody sees this case."""
    c = table_of(CaseRow).c
    with home.engine.connect() as connection:
        return bool(fetch(connection, select(c.case_id).where(c.case_id == case_id, scope.cases())))


def _orders(listing: Listing, wanted: Wanted, *, nulls_last: bool) -> list[ColumnElement[Any]]:
    c = listing.table.c
    sort = wanted.sort or listing.usual
    column, down = c[sort.removeprefix("-")], sort.startswith("-")
    # The keys go the same way as the column, so that one index serves both ways.
    orders = [one.desc() if down else one.asc() for one in (column, *(c[name] for name in listing.key))]
    return [column.is_(None), *orders] if nulls_last else list(orders)


def _conditions(listing: Listing, wanted: Wanted) -> list[ColumnElement[bool]]:
    c = listing.table.c
    found: list[ColumnElement[bool]] = [c[name].in_(values) for name, values in wanted.equal.items()]
    for names, part in wanted.contains.items():
        pattern = f"%{_escaped(part)}%"
        found.append(or_(*(c[name].like(pattern, escape=_ESCAPE) for name in names.split("|"))))
    found += [c[name] >= bound for name, bound in wanted.least.items()]
    found += [c[name] < bound for name, bound in wanted.below.items()]
    return found


def _escaped(text: str) -> str:
    for special in (_ESCAPE, "%", "_"):
        text = text.replace(special, _ESCAPE + special)
    return text
