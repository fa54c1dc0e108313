"""Complaints as the desk works on them: a list, whose clocks run, and one of them."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, and_, case, func, select

from taxi_qa.store.browse import Listing
from taxi_qa.store.fetching import fetch
from taxi_qa.store.home import Home
from taxi_qa.store.scope import Scope, complaints_of
from taxi_qa.store.tables import RECORD_TABLES

Clock = Literal["open", "unanswered", "late_reply", "late_closing"]
_TABLE: Final = RECORD_TABLES["complaints"]
COMPLAINTS: Final = Listing(
    _TABLE,
    (
        ("complaint_id", "str"), ("received_ms", "Int64"), ("category", "str"), ("happened_ms", "Int64"),
        ("vehicle_id", "str"), ("driver_id", "str"), ("trip_id", "str"), ("first_reply_ms", "Int64"),
        ("closed_ms", "Int64"), ("outcome", "str"),
    ),
    ("complaint_id",),
    "received_ms",
)  # fmt: skip


@dataclass(frozen=True)
class Clocks:
    """How many complaints run by which clock.

    Attributes:
        open: not closed.
        unanswered: of those nobody answered first.
        late_reply, late_closing: of those the time was over.
    """

    open: int
    unanswered: int
    late_reply: int
    late_closing: int


def seen(scope: Scope, company_id: str = "") -> ColumnElement[bool]:
    """Condition: complaints as they now count, of the reader, and of one company where it is named."""
    here = and_(_TABLE.c["superseded_by"].is_(None), scope.complaints())
    return and_(here, complaints_of(company_id)) if company_id else here


def running(clock: Clock, now_ms: int, reply_s: float, closing_s: float) -> ColumnElement[bool]:
    """Condition: complaints of which a clock runs, or has run out.

    Args:
        clock: which.
        now_ms: the present moment.
        reply_s, closing_s: how long a first reply and closing may take.
    """
    c = _TABLE.c
    still = c["closed_ms"].is_(None)
    # Who closed a complaint has answered it, whether or not anybody wrote it down.
    silent = and_(still, c["first_reply_ms"].is_(None))
    if clock == "open":
        return still
    if clock == "unanswered":
        return silent
    late = now_ms - round(1000 * (reply_s if clock == "late_reply" else closing_s))
    return and_(silent if clock == "late_reply" else still, c["received_ms"] < late)


def clocks(home: Home, here: ColumnElement[bool], now_ms: int, reply_s: float, closing_s: float) -> Clocks:
    """How many run by each clock, of the complaints a condition (`seen`) lets through."""
    names: tuple[Clock, ...] = ("open", "unanswered", "late_reply", "late_closing")
    counted = [
        func.coalesce(func.sum(case((running(name, now_ms, reply_s, closing_s), 1), else_=0)), 0)
        for name in names
    ]
    query = select(*counted).select_from(_TABLE).where(here, running("open", now_ms, reply_s, closing_s))
    with home.engine.connect() as connection:
        (row,) = fetch(connection, query)
    return Clocks(*(int(many) for many in row))


def one_complaint(home: Home, scope: Scope, complaint_id: str) -> dict[str, Any] | None:
    """A complaint with its text, None where there is none or it is not for the reader."""
    names = [*(name for name, _ in COMPLAINTS.columns), "text", "cooperated"]
    query = select(*(_TABLE.c[name] for name in names)).where(
        _TABLE.c["complaint_id"] == complaint_id, seen(scope)
    )
    with home.engine.connect() as connection:
        rows = fetch(connection, query)
    return dict(zip(names, rows[0], strict=True)) if rows else None
