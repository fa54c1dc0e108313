"""Cases as they are kept: rows and events go in and come out; what may be done to them others decide."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection, func, or_, select, text, update
from sqlalchemy import case as case_when

from taxi_qa.findings.case import Case
from taxi_qa.store.desk_tables import AnswerRow, CaseEvent, CaseFinding, CaseRow, EvidenceFile, SecondLook
from taxi_qa.store.engine import bulk_insert, is_postgresql
from taxi_qa.store.fetching import fetch, frame_of
from taxi_qa.store.home import Home
from taxi_qa.store.kept_counts import case_moved, lists_changed
from taxi_qa.store.manifest import conflict_insert
from taxi_qa.store.said import EXCUSED
from taxi_qa.store.tables import FindingRow, table_of
from taxi_qa.store.webhooks import queue_event

CASE_COLUMNS: Final = (
    "case_id", "rule", "rules", "family", "stage", "vehicle_id", "driver_id", "company_id", "trip_id",
    "start_ms", "end_ms", "sources", "missing", "sufficiency", "opened_ms", "state", "version", "deadline_ms",
)  # fmt: skip
EVENT_COLUMNS: Final = (
    "case_id", "version", "at_ms", "actor", "role", "action", "from_state", "to_state", "reason", "note",
)  # fmt: skip
LEAD_COLUMNS: Final = (
    "finding_id", "rule", "stage", "status", "vehicle_id", "driver_id", "company_id", "trip_id", "start_ms",
    "end_ms", "sources", "evidence",
)  # fmt: skip

_WHOLE: Final = frozenset(
    {"start_ms", "end_ms", "opened_ms", "version", "deadline_ms", "at_ms", "decided_ms"}
)
_BETWEEN: Final = ";"
_IN_ONE: Final = 500
# Case states that leave a finding the machine's alone: it may still be withdrawn by a later run.
_THE_MACHINES: Final = ("detected", "excused", "queued", "quarantined")


class StaleError(Exception):
    """The case has moved on since the caller looked at it; nothing was written."""


class NoCaseError(Exception):
    """There is no such case."""


@dataclass(frozen=True)
class Kept:
    """A case as it is kept, with where it stands."""

    case: Case
    family: str
    opened_ms: int
    state: str
    version: int
    deadline_ms: int | None


def _columns(names: Sequence[str]) -> list[tuple[str, str]]:
    return [(name, "Int64" if name in _WHOLE else "str") for name in names]


def _pieces(names: Iterable[str]) -> Iterable[list[str]]:
    listed = sorted(set(names))
    return (listed[start : start + _IN_ONE] for start in range(0, len(listed), _IN_ONE))


def move_alone(connection: Connection) -> None:
    """Let nobody else move a case until the transaction ends; to be its first statement.

    Who sweeps over many cases would else fail as a whole where somebody decides over one of them meanwhile,
    or sweeps, too. In SQLite only one writes at a time anyway.
    """
    if is_postgresql(connection):
        # Others may read meanwhile.
        connection.execute(text(f"LOCK TABLE {table_of(CaseRow).name} IN SHARE ROW EXCLUSIVE MODE"))


# --- findings that wait for a case, and those that left one -----------------------------------------


def leads_without_case(connection: Connection, rules: Collection[str]) -> pd.DataFrame:
    """Standing findings of these rules that belong to no case, in `LEAD_COLUMNS`."""
    found, joined = table_of(FindingRow).c, table_of(CaseFinding).c
    query = (
        select(*(found[name] for name in LEAD_COLUMNS))
        .outerjoin(table_of(CaseFinding), joined.finding_id == found.finding_id)
        .where(found.withdrawn_by.is_(None), found.rule.in_(sorted(rules)))
        .where(or_(joined.finding_id.is_(None), joined.left_ms.is_not(None)))
    )
    return frame_of(fetch(connection, query), _columns(LEAD_COLUMNS))


def leads_of_cases(
    connection: Connection,
    *,
    vehicles: Collection[str] = (),
    drivers: Collection[str] = (),
    case_ids: Collection[str] = (),
    states: Collection[str] = (),
) -> pd.DataFrame:
    """Findings that belong to cases of any of these; columns `LEAD_COLUMNS` and case_id."""
    c = table_of(CaseRow).c
    chosen = ((c.vehicle_id, vehicles), (c.driver_id, drivers), (c.case_id, case_ids), (c.state, states))
    found, joined = table_of(FindingRow), table_of(CaseFinding)
    query = (
        select(*(found.c[name] for name in LEAD_COLUMNS), joined.c.case_id)
        .join(joined, joined.c.finding_id == found.c.finding_id)
        .join(table_of(CaseRow), c.case_id == joined.c.case_id)
        .where(joined.c.left_ms.is_(None))
    )
    rows: dict[str, tuple[Any, ...]] = {}
    for column, names in chosen:
        for piece in _pieces(name for name in names if name):
            rows |= {row[0]: row for row in fetch(connection, query.where(column.in_(piece)))}
    return frame_of([rows[name] for name in sorted(rows)], _columns((*LEAD_COLUMNS, "case_id")))


def cases_that_lost_findings(connection: Connection) -> list[str]:
    """Cases with a finding that was withdrawn since it joined."""
    found, joined = table_of(FindingRow), table_of(CaseFinding)
    query = (
        select(joined.c.case_id)
        .join(found, joined.c.finding_id == found.c.finding_id)
        .where(joined.c.left_ms.is_(None), found.c.withdrawn_by.is_not(None))
        .distinct()
    )
    return sorted(case_id for (case_id,) in fetch(connection, query))


def part_withdrawn(connection: Connection, case_ids: Collection[str], at_ms: int) -> None:
    """Let the withdrawn findings leave these cases."""
    found, joined = table_of(FindingRow), table_of(CaseFinding)
    withdrawn = select(found.c.finding_id).where(found.c.withdrawn_by.is_not(None))
    for names in _pieces(case_ids):
        here = (joined.c.case_id.in_(names), joined.c.left_ms.is_(None))
        connection.execute(
            update(joined).where(*here, joined.c.finding_id.in_(withdrawn)).values(left_ms=at_ms)
        )


# --- cases ------------------------------------------------------------------------------------------


def write_case(connection: Connection, case: Case, family: str, at_ms: int) -> None:
    """Write down what a case is made of; where it stands stays as it is (a new one has no state yet)."""
    values = _row_of(Kept(case, family, at_ms, "", 0, None))
    kept = {"case_id", "opened_ms", "state", "version", "deadline_ms"}
    statement = conflict_insert(connection, CaseRow)
    fresh = {name: statement.excluded[name] for name in values if name not in kept}
    connection.execute(statement.on_conflict_do_update(index_elements=["case_id"], set_=fresh), [values])
    lists_changed(connection)
    _join_findings(connection, [case], at_ms)


def open_cases(
    connection: Connection, opened: Sequence[tuple[Kept, Sequence[Mapping[str, Any]]]], at_ms: int
) -> None:
    """Write down cases nobody has seen yet, many at once.

    Args:
        connection: in a writing transaction.
        opened: each as it stands after its first events, and these: values of `EVENT_COLUMNS` but the case.
        at_ms: when their findings join them.
    """
    rows = [_row_of(one) for one, _ in opened]
    bulk_insert(
        connection,
        table_of(CaseRow).name,
        CASE_COLUMNS,
        [tuple(row[name] for name in CASE_COLUMNS) for row in rows],
    )
    events = ({**event, "case_id": one.case.case_id} for one, of_case in opened for event in of_case)
    bulk_insert(
        connection,
        table_of(CaseEvent).name,
        EVENT_COLUMNS,
        [tuple(event[name] for name in EVENT_COLUMNS) for event in events],
    )
    lists_changed(connection)
    _join_findings(connection, [one.case for one, _ in opened], at_ms)


def _row_of(one: Kept) -> dict[str, Any]:
    """The values of `CASE_COLUMNS`."""
    # `asdict` would copy every value deeply, which is most of the time it takes to open many cases.
    values = {field.name: getattr(one.case, field.name) for field in fields(Case)}
    del values["finding_ids"]
    for name in ("rules", "sources", "missing"):
        values[name] = _BETWEEN.join(values[name])
    return {
        **values,
        "family": one.family,
        "opened_ms": one.opened_ms,
        "state": one.state,
        "version": one.version,
        "deadline_ms": one.deadline_ms,
    }


def _join_findings(connection: Connection, cases: Iterable[Case], at_ms: int) -> None:
    joined = conflict_insert(connection, CaseFinding)
    again = {"case_id": joined.excluded.case_id, "left_ms": None}
    rows = [
        {"finding_id": name, "case_id": case.case_id, "joined_ms": at_ms, "left_ms": None}
        for case in cases
        for name in case.finding_ids
    ]
    if rows:
        connection.execute(joined.on_conflict_do_update(index_elements=["finding_id"], set_=again), rows)


def cases_there(connection: Connection, case_ids: Collection[str]) -> set[str]:
    """Those of these cases that are kept."""
    c = table_of(CaseRow).c
    return {
        name
        for piece in _pieces(case_ids)
        for (name,) in fetch(connection, select(c.case_id).where(c.case_id.in_(piece)))
    }


def cases_covered(connection: Connection, states: Collection[str], *, covered: bool) -> list[str]:
    """Cases in these states all of whose findings an approved excuse covers, or the others."""
    found, joined = table_of(FindingRow), table_of(CaseFinding)
    c = table_of(CaseRow).c
    open_ones = func.sum(case_when((found.c.status == EXCUSED, 0), else_=1))
    query = (
        select(c.case_id)
        .join(joined, joined.c.case_id == c.case_id)
        .join(found, joined.c.finding_id == found.c.finding_id)
        .where(c.state.in_(sorted(states)), joined.c.left_ms.is_(None))
        .group_by(c.case_id)
        .having(open_ones == 0 if covered else open_ones > 0)
        .order_by(c.case_id)
    )
    return [case_id for (case_id,) in fetch(connection, query)]


def kept_case(connection: Connection, case_id: str) -> Kept:
    """One case.

    Raises:
        NoCaseError: there is none of that id.
    """
    c, joined = table_of(CaseRow).c, table_of(CaseFinding).c
    rows = fetch(connection, select(*(c[name] for name in CASE_COLUMNS)).where(c.case_id == case_id))
    if not rows:
        raise NoCaseError(f"there is no case {case_id!r}; `taxi-qa review list` shows them")
    said: dict[str, Any] = dict(zip(CASE_COLUMNS, rows[0], strict=True))
    mine = select(joined.finding_id).where(joined.case_id == case_id, joined.left_ms.is_(None))
    parts = {
        name: tuple(filter(None, said[name].split(_BETWEEN))) for name in ("rules", "sources", "missing")
    }
    own = {name: said[name] for name in Case.__dataclass_fields__ if name in said}
    found = tuple(sorted(name for (name,) in fetch(connection, mine)))
    return Kept(
        case=Case(**{**own, **parts, "finding_ids": found}),
        family=said["family"],
        opened_ms=said["opened_ms"],
        state=said["state"],
        version=said["version"],
        deadline_ms=said["deadline_ms"],
    )


def case_frame(connection: Connection, case_id: str) -> pd.DataFrame:
    """One case as a frame in `CASE_COLUMNS`, empty where there is none."""
    c = table_of(CaseRow).c
    query = select(*(c[name] for name in CASE_COLUMNS)).where(c.case_id == case_id)
    return frame_of(fetch(connection, query), _columns(CASE_COLUMNS))


def cases(
    home: Home,
    *,
    states: Collection[str] = (),
    driver_id: str | None = None,
    due_ms: int | None = None,
) -> pd.DataFrame:
    """Cases in `CASE_COLUMNS`, those whose time runs out first in front.

    Args:
        home: where.
        states: only in these; empty for all.
        driver_id: only of this driver.
        due_ms: only those whose time ran out before this instant.
    """
    c = table_of(CaseRow).c
    query = select(*(c[name] for name in CASE_COLUMNS))
    if states:
        query = query.where(c.state.in_(sorted(states)))
    if driver_id is not None:
        query = query.where(c.driver_id == driver_id)
    if due_ms is not None:
        query = query.where(c.deadline_ms < due_ms)
    query = query.order_by(c.deadline_ms.is_(None), c.deadline_ms, c.case_id)
    with home.engine.connect() as connection:
        return frame_of(fetch(connection, query), _columns(CASE_COLUMNS))


# --- steps ------------------------------------------------------------------------------------------


def record(connection: Connection, case_id: str, event: Mapping[str, Any], deadline_ms: int | None) -> None:
    """Append an event and move the case on, if it still stands where the event begins.

    Args:
        connection: in a writing transaction.
        case_id: the case.
        event: values of `EVENT_COLUMNS` without the case; its version is one more than the case's.
        deadline_ms: until when the new state may last.

    Raises:
        StaleError: another step came between.
    """
    table = table_of(CaseRow)
    here = (table.c.case_id == case_id, table.c.version == event["version"] - 1)
    moved = connection.execute(
        update(table).where(*here).values(
            version=event["version"], state=event["to_state"], deadline_ms=deadline_ms
        )
    )  # fmt: skip
    if moved.rowcount != 1:
        raise StaleError(f"the case {case_id} has moved on meanwhile; look at it again")
    case_moved(connection)
    row = tuple({**event, "case_id": case_id}[name] for name in EVENT_COLUMNS)
    bulk_insert(connection, table_of(CaseEvent).name, EVENT_COLUMNS, [row])
    if event["to_state"] not in _THE_MACHINES:
        _tell_findings(connection, case_id, str(event["to_state"]))
    queue_event(connection, case_id, event)


def _tell_findings(connection: Connection, case_id: str, status: str) -> None:
    """People have a part in the case's findings from here on."""
    joined = table_of(CaseFinding).c
    mine = select(joined.finding_id).where(joined.case_id == case_id, joined.left_ms.is_(None))
    table = table_of(FindingRow)
    connection.execute(update(table).where(table.c.finding_id.in_(mine)).values(status=status))


def events(connection: Connection, case_id: str | None = None) -> pd.DataFrame:
    """What happened, in `EVENT_COLUMNS`: to one case, or to all by case and version."""
    c = table_of(CaseEvent).c
    query = select(*(c[name] for name in EVENT_COLUMNS)).order_by(c.case_id, c.version)
    if case_id is not None:
        query = query.where(c.case_id == case_id)
    return frame_of(fetch(connection, query), _columns(EVENT_COLUMNS))


# --- what drivers said, and second looks ------------------------------------------------------------


def keep_answer(
    connection: Connection, answer: Mapping[str, Any], files: Sequence[Mapping[str, Any]]
) -> None:
    """Keep a driver's words and the names of the files that came with them."""
    connection.execute(table_of(AnswerRow).insert(), [dict(answer)])
    if files:
        connection.execute(table_of(EvidenceFile).insert(), [dict(one) for one in files])


def answers(connection: Connection, case_id: str) -> list[dict[str, Any]]:
    """What the driver said to a case, each with its files, the first first."""
    said, sent = table_of(AnswerRow), table_of(EvidenceFile)
    query = select(said).where(said.c.case_id == case_id).order_by(said.c.version)
    files = select(sent).where(sent.c.case_id == case_id).order_by(sent.c.version, sent.c.sha256)
    attached = [dict(row._mapping) for row in connection.execute(files)]  # noqa: SLF001 - SQLAlchemy's own way
    return [
        {**row._mapping, "files": [one for one in attached if one["version"] == row.version]}  # noqa: SLF001
        for row in connection.execute(query)
    ]


def keep_second_look(connection: Connection, case_id: str, reviewer: str, at_ms: int, verdict: str) -> bool:
    """Keep what a second person would have done; False where somebody has looked already."""
    values = {"case_id": case_id, "reviewer": reviewer, "at_ms": at_ms, "verdict": verdict}
    statement = conflict_insert(connection, SecondLook).on_conflict_do_nothing()
    return bool(connection.execute(statement, [values]).rowcount == 1)


def second_looks(connection: Connection) -> pd.DataFrame:
    """All second looks: case_id, reviewer, at_ms, verdict."""
    c = table_of(SecondLook).c
    names = ("case_id", "reviewer", "at_ms", "verdict")
    return frame_of(
        fetch(connection, select(*(c[name] for name in names)).order_by(c.case_id)), _columns(names)
    )


def states_counted(home: Home) -> dict[str, int]:
    """How many cases stand in each state."""
    c = table_of(CaseRow).c
    with home.engine.connect() as connection:
        return dict(fetch(connection, select(c.state, func.count()).group_by(c.state).order_by(c.state)))
