"""The desk's tables: cases and their history, what drivers answered, and the ledger.

`case_events` and `ledger_entries` only grow: the database itself refuses to change or delete their rows
(migration 0003), whoever asks.
"""

from sqlalchemy import BigInteger, Index, Text, text
from sqlmodel import Field

from taxi_qa.store.tables import Base, BigKey


class CaseRow(Base, table=True):
    """A case as it stands; `version` counts its events, so that a stale page is noticed."""

    __tablename__ = "cases"
    __table_args__ = (
        # The last column of each is what rows that sort alike are told apart by: pages need no sorting.
        Index("ix_cases_state_deadline", "state", "deadline_ms", "case_id"),
        Index("ix_cases_vehicle", "vehicle_id", "start_ms"),
        Index("ix_cases_driver", "driver_id", "start_ms", "case_id"),
        Index("ix_cases_company", "company_id", "start_ms", "case_id"),
        Index("ix_cases_company_state", "company_id", "state", "deadline_ms", "case_id"),
        Index("ix_cases_rule", "rule", "start_ms", "case_id"),
        Index("ix_cases_start", "start_ms", "case_id"),
    )

    case_id: str = Field(primary_key=True)
    rule: str
    rules: str = Field(sa_type=Text)
    family: str
    stage: str
    vehicle_id: str
    driver_id: str
    company_id: str
    trip_id: str
    start_ms: int = Field(sa_type=BigInteger)
    end_ms: int = Field(sa_type=BigInteger)
    sources: str
    missing: str
    sufficiency: str
    opened_ms: int = Field(sa_type=BigInteger)
    state: str
    version: int
    deadline_ms: int | None = Field(sa_type=BigInteger)


class CaseFinding(Base, table=True):
    """To which case a finding belongs; `left_ms` once it was withdrawn."""

    __tablename__ = "case_findings"

    finding_id: str = Field(primary_key=True)
    case_id: str = Field(foreign_key="cases.case_id", index=True)
    joined_ms: int = Field(sa_type=BigInteger)
    left_ms: int | None = Field(sa_type=BigInteger)


class CaseEvent(Base, table=True):
    """What happened to a case, one row a step; only ever appended."""

    __tablename__ = "case_events"
    __table_args__ = (
        Index("ix_case_events_actor", "actor", "at_ms"),
        Index("ix_case_events_decisions", "role", "action", "at_ms"),
    )

    case_id: str = Field(primary_key=True, foreign_key="cases.case_id")
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at_ms: int = Field(sa_type=BigInteger)
    actor: str
    role: str
    action: str
    from_state: str
    to_state: str
    reason: str
    note: str = Field(sa_type=Text)


class AnswerRow(Base, table=True):
    """What a driver said to a case: the words of the event with the same version."""

    __tablename__ = "answers"

    case_id: str = Field(primary_key=True, foreign_key="cases.case_id")
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    kind: str
    driver_id: str
    at_ms: int = Field(sa_type=BigInteger)
    accepts: bool
    reason: str
    text: str = Field(sa_type=Text)


class EvidenceFile(Base, table=True):
    """A file that came with an answer; its content lies under its SHA-256 in the home."""

    __tablename__ = "evidence_files"

    case_id: str = Field(primary_key=True, foreign_key="cases.case_id")
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    sha256: str = Field(primary_key=True)
    name: str
    media_type: str
    bytes: int = Field(sa_type=BigInteger)


class SecondLook(Base, table=True):
    """A blind second review: what another reviewer would have done, not knowing what the first did."""

    __tablename__ = "second_looks"

    case_id: str = Field(primary_key=True, foreign_key="cases.case_id")
    reviewer: str
    at_ms: int = Field(sa_type=BigInteger)
    verdict: str


class Ticket(Base, table=True):
    """One upstream cause that is looked into, and whose findings wait; open while `closed_ms` is missing."""

    __tablename__ = "tickets"
    __table_args__ = (
        # Two gatherings at once may find the same cause: the database lets one ticket of it be open.
        Index(
            "uq_tickets_open",
            "kind",
            "rule",
            "subject",
            unique=True,
            sqlite_where=text("closed_ms IS NULL"),
            postgresql_where=text("closed_ms IS NULL"),
        ),
    )

    ticket_id: str = Field(primary_key=True)
    kind: str
    rule: str
    subject: str
    title: str = Field(sa_type=Text)
    drivers: int
    findings: int
    opened_ms: int = Field(sa_type=BigInteger)
    closed_ms: int | None = Field(sa_type=BigInteger)
    actor: str
    reason: str
    note: str = Field(sa_type=Text)


class RuleMark(Base, table=True):
    """Somebody said that a rule is to be counted anew from here on."""

    __tablename__ = "rule_marks"

    rule: str = Field(primary_key=True)
    at_ms: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    actor: str
    reason: str
    note: str = Field(sa_type=Text)


class LedgerEntry(Base, table=True):
    """A line of the ledger; the columns are `findings.ledger_line.ENTRY_COLUMNS`."""

    __tablename__ = "ledger_entries"
    __table_args__ = (Index("ix_ledger_entries_driver", "driver_id", "act_day"),)

    entry_id: int = Field(primary_key=True, sa_type=BigKey, sa_column_kwargs={"autoincrement": False})
    driver_id: str
    kind: str
    item: str
    case_id: str = Field(index=True)
    rule: str
    points: int
    act_day: int
    decided_ms: int = Field(sa_type=BigInteger)
    decider: str
    leans_on: str = Field(sa_type=Text)
    certainty: str
    reverses: int | None = Field(
        default=None, foreign_key="ledger_entries.entry_id", sa_type=BigInteger, unique=True
    )
    seal: str = Field(unique=True)
