"""Tickets of suspect roads and devices, marks of rules, and the counts they are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection, and_, func, or_, select, update

from taxi_qa.store.desk_tables import CaseEvent, CaseFinding, CaseRow, RuleMark, Ticket
from taxi_qa.store.engine import bulk_insert
from taxi_qa.store.fetching import fetch, frame_of
from taxi_qa.store.manifest import conflict_insert
from taxi_qa.store.tables import FindingRow, table_of


@dataclass(frozen=True)
class KeptTicket:
    """A ticket.

    Attributes:
        ticket_id: lasts.
        kind: `road` or `device`.
        rule: whose findings wait.
        subject: way_id of a road, vehicle_id of a device's car.
        title: what people call it.
        drivers, findings: how many when it was opened.
        opened_ms: when.
        closed_ms: when somebody closed it, None while it is open.
        actor, reason, note: of who closed it.
    """

    ticket_id: str
    kind: str
    rule: str
    subject: str
    title: str
    drivers: int
    findings: int
    opened_ms: int
    closed_ms: int | None = None
    actor: str = ""
    reason: str = ""
    note: str = ""


_FIELDS: Final = tuple(KeptTicket.__dataclass_fields__)


class NoTicketError(Exception):
    """There is no such ticket."""


def tickets(connection: Connection, *, open_only: bool = False) -> list[KeptTicket]:
    """All tickets, the oldest first."""
    c = table_of(Ticket).c
    query = select(*(c[name] for name in _FIELDS)).order_by(c.opened_ms, c.ticket_id)
    if open_only:
        query = query.where(c.closed_ms.is_(None))
    return [KeptTicket(*row) for row in fetch(connection, query)]


def open_tickets(connection: Connection, made: Sequence[KeptTicket]) -> int:
    """Keep new tickets, those of causes for which one is open left out; gives how many were kept."""
    if not made:
        return 0
    statement = conflict_insert(connection, Ticket).on_conflict_do_nothing(
        index_elements=["kind", "rule", "subject"], index_where=table_of(Ticket).c.closed_ms.is_(None)
    )
    kept = statement.returning(table_of(Ticket).c.ticket_id)
    return sum(len(connection.execute(kept.values(**asdict(one))).all()) for one in made)


def close_ticket(connection: Connection, ticket_id: str, said: Mapping[str, Any]) -> KeptTicket:
    """Close an open ticket; gives it as it stood.

    Raises:
        NoTicketError: there is none of that name, or it is closed.
    """
    found = [one for one in tickets(connection, open_only=True) if one.ticket_id == ticket_id]
    if not found:
        raise NoTicketError(f"there is no open ticket {ticket_id!r}; `taxi-qa desk tickets` lists them")
    c = table_of(Ticket).c
    connection.execute(update(table_of(Ticket)).where(c.ticket_id == ticket_id).values(**said))
    return found[0]


def cases_of_findings(connection: Connection, finding_ids: Sequence[str], state: str) -> list[str]:
    """Cases in a state to which any of these findings belongs, sorted."""
    joined, c = table_of(CaseFinding).c, table_of(CaseRow).c
    query = (
        select(c.case_id)
        .join(table_of(CaseFinding), joined.case_id == c.case_id)
        .where(joined.left_ms.is_(None), c.state == state)
    )
    found: set[str] = set()
    for start in range(0, len(finding_ids), 500):
        piece = query.where(joined.finding_id.in_(finding_ids[start : start + 500]))
        found |= {case_id for (case_id,) in fetch(connection, piece)}
    return sorted(found)


def cases_that_wait_for(connection: Connection, ticket_id: str) -> list[str]:
    """Cases in quarantine because of a ticket, sorted."""
    events, c = table_of(CaseEvent).c, table_of(CaseRow).c
    mine, other = table_of(Ticket).alias().c, table_of(Ticket).c
    same = and_(other.kind == mine.kind, other.rule == mine.rule, other.subject == mine.subject)
    # With it those of a second ticket of the same cause that was closed for being one.
    tickets_of = select(other.ticket_id).where(
        mine.ticket_id == ticket_id, same, or_(other.ticket_id == ticket_id, other.reason == "duplicate")
    )
    query = (
        select(c.case_id)
        .join(table_of(CaseEvent), events.case_id == c.case_id)
        .where(c.state == "quarantined", events.action == "quarantine", events.note.in_(tickets_of))
    )
    return sorted({case_id for (case_id,) in fetch(connection, query)})


def findings_of_cars(connection: Connection) -> pd.DataFrame:
    """Who was found on which car by which rule: finding_id, rule, vehicle_id, driver_id, start_ms."""
    c = table_of(FindingRow).c
    names = ("finding_id", "rule", "vehicle_id", "driver_id", "start_ms")
    query = select(*(c[name] for name in names)).where(
        c.withdrawn_by.is_(None), c.vehicle_id != "", c.driver_id != ""
    )
    columns = [(name, "Int64" if name == "start_ms" else "str") for name in names]
    return frame_of(fetch(connection, query), columns)


def faulty_meters(connection: Connection, from_ms: int) -> dict[str, list[tuple[int, int]]]:
    """Weeks (first instant, the one after the last) in which a car's meter was found to count too much."""
    c = table_of(FindingRow).c
    query = select(c.vehicle_id, c.start_ms, c.end_ms).where(
        c.withdrawn_by.is_(None), c.rule == "fare.metered_distance", c.trip_id == "", c.end_ms > from_ms,
        c.vehicle_id != "",
    )  # fmt: skip
    found: dict[str, list[tuple[int, int]]] = {}
    for car, first, last in sorted(fetch(connection, query)):
        found.setdefault(str(car), []).append((int(first), int(last) + 1))
    return found


def mark_rule(connection: Connection, said: Mapping[str, Any]) -> None:
    """Keep that a rule is counted anew from a moment on."""
    names = ("rule", "at_ms", "actor", "reason", "note")
    bulk_insert(connection, table_of(RuleMark).name, names, [tuple(said[name] for name in names)])


def counted_since(connection: Connection) -> dict[str, int]:
    """From when on each marked rule is counted anew."""
    c = table_of(RuleMark).c
    return {
        str(rule): int(at)
        for rule, at in fetch(connection, select(c.rule, func.max(c.at_ms)).group_by(c.rule))
    }


def decisions(connection: Connection) -> pd.DataFrame:
    """What people decided over cases, in the order they did: rule, case_id, at_ms, action, reason."""
    event, c = table_of(CaseEvent).c, table_of(CaseRow).c
    query = (
        select(c.rule, event.case_id, event.at_ms, event.action, event.reason)
        .join(table_of(CaseEvent), event.case_id == c.case_id)
        .where(event.role == "reviewer", event.action.in_(["dismiss", "confirm", "uphold"]))
        .order_by(event.at_ms, event.case_id, event.version)
    )
    names = ("rule", "case_id", "at_ms", "action", "reason")
    columns = [(name, "Int64" if name == "at_ms" else "str") for name in names]
    return frame_of(fetch(connection, query), columns)
