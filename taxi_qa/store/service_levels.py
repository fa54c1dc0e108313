"""What the rules of service levels answered, month by month: for the whole city, and found of one company."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import col

from taxi_qa.store.asked import unjudged_rows
from taxi_qa.store.fetching import fetch
from taxi_qa.store.home import Home
from taxi_qa.store.run_log import Job
from taxi_qa.store.scope import Scope
from taxi_qa.store.tables import FindingRow, Run, Tally, table_of

_SCOPE: Final = "city-month"
_CITY: Final = -1
_EXCUSED: Final = "excused"


@dataclass(frozen=True)
class Answered:
    """What a rule answered of a month; the three answers add up to what was examined.

    Attributes:
        examined: rows, of all companies.
        found, clean, cannot_tell: of them.
    """

    examined: int
    found: int
    clean: int
    cannot_tell: int


def answered(home: Home, rules: Collection[str], days: Collection[int]) -> dict[tuple[int, str], Answered]:
    """(first day of the month, rule) -> what the last run that asked says; a month nobody asked is not there.

    Args:
        home: where.
        rules: that judge months of companies.
        days: on which the months begin.
    """
    query = (
        select(
            col(Tally.day), col(Tally.rule), col(Tally.examined), col(Tally.found), col(Tally.clean),
            col(Tally.cannot_tell),
        )
        .join(Run, col(Run.run_id) == col(Tally.run_id))
        .where(
            col(Tally.scope) == _SCOPE,
            col(Tally.bucket) == _CITY,
            # Days by name: the key begins with run and day, and other days have a hundred buckets each.
            col(Tally.day).in_(sorted(days)),
            col(Tally.rule).in_(sorted(rules)),
        )
        .order_by(col(Run.started_ms), col(Run.run_id))
    )  # fmt: skip
    with home.engine.connect() as connection:
        return {
            (int(day), str(rule)): Answered(*(int(one) for one in counts))
            for day, rule, *counts in fetch(connection, query)
        }


def found_of(
    home: Home, scope: Scope, company_id: str, rules: Collection[str], from_day: int, to_day: int
) -> list[dict[str, Any]]:
    """Findings that stand against a company in these months: day, rule, measured, allowed, unit."""
    c = table_of(FindingRow).c
    names = ("day", "rule", "measured", "allowed", "unit")
    query = (
        select(*(c[name] for name in names))
        .where(
            scope.findings(),
            c.day.between(from_day, to_day),
            c.bucket == _CITY,
            c.scope == _SCOPE,
            c.rule.in_(sorted(rules)),
            c.company_id == company_id,
            c.withdrawn_by.is_(None),
            c.status != _EXCUSED,
        )
        .order_by(c.day, c.rule, c.finding_id)
    )
    with home.engine.connect() as connection:
        return [dict(zip(names, row, strict=True)) for row in fetch(connection, query)]


def unjudged_of(
    home: Home, company_id: str, rules: Collection[str], days: Collection[int]
) -> set[tuple[int, str]]:
    """(first day of the month, rule) of which something of the company could not be judged.

    Args:
        home: where.
        company_id: whose.
        rules: that judge months of companies.
        days: on which the months begin; few.
    """
    return {
        (day, rule)
        for day in days
        for rule, rows in unjudged_rows(home, rules, [Job(day, _CITY, _SCOPE)])
        if (rows["company_id"] == company_id).any()
    }
