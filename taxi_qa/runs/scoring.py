"""The score of a whole city at the end of a day, by what was known then: the same for ever."""

from dataclasses import dataclass
from typing import Final

from taxi_qa.law import book
from taxi_qa.law.parameter import Law
from taxi_qa.law.read import read_law
from taxi_qa.runs.known import remember_rules
from taxi_qa.score.standing import CityCount, Standing, standings
from taxi_qa.store import rule_books
from taxi_qa.store.home import Home
from taxi_qa.store.kept_lists import keep_standings
from taxi_qa.store.ledger import entries
from taxi_qa.store.roster import drivers_known
from taxi_qa.values.clock import day_start_ms

# Rule books that were read, by their names, which are made of their content: a book never changes.
_laws: Final[dict[str, Law]] = {}


@dataclass(frozen=True)
class Scored:
    """Where everybody stood.

    Attributes:
        as_of_day: at the end of this city day.
        book: the rule book it was counted by.
        standings: sorted by driver.
        is_over: whether the day is over; until then decisions may follow.
        newer: whether the files of law and house are others by now: the next `check` counts by them.
    """

    as_of_day: int
    book: str
    standings: list[Standing]
    is_over: bool
    newer: bool


def score(home: Home, *, as_of_day: int, now_ms: int, cycle: int | None = None) -> Scored:
    """Where every driver stood at the end of a city day.

    Only decisions, registers and law of up to that day count. What the home was first counted by stands for
    all days before it, so a later change of law changes no day that is over.

    Args:
        home: where.
        as_of_day: the city day.
        now_ms: the present moment.
        cycle: see `standings`.
    """
    until_ms = day_start_ms(as_of_day + 1, home.timezone)
    if not rule_books.history(home):
        remember_rules(home, read_law(home.city), now_ms)
    law, name = _law_known(home, until_ms)
    now = _book_now(home)
    newer = now not in (name, rule_books.history(home)[-1].book)
    found = standings(
        entries(home, until_ms=until_ms - 1),
        drivers_known(home, until_ms),
        law,
        as_of_day=as_of_day,
        cycle=cycle,
    )
    return Scored(as_of_day, name, found, is_over=until_ms <= now_ms, newer=newer)


def score_one(home: Home, driver_id: str, *, as_of_day: int, now_ms: int) -> tuple[Standing, str]:
    """Where one driver stands at the end of a city day, and his name in the register ("" where it has none).

    The same as `score` says of him, without counting anybody else.
    """
    until_ms = day_start_ms(as_of_day + 1, home.timezone)
    if not rule_books.history(home):
        remember_rules(home, read_law(home.city), now_ms)
    law, _name = _law_known(home, until_ms)
    register = drivers_known(home, until_ms, driver_id=driver_id)
    lines = entries(home, driver_id=driver_id, until_ms=until_ms - 1)
    found = [
        one for one in standings(lines, register, law, as_of_day=as_of_day) if one.driver_id == driver_id
    ]
    if not found:
        # Neither register nor ledger knows him: the count of nobody says so.
        found = [CityCount(law, as_of_day, as_of_day).unregistered(driver_id, [])]
    names = register["name"].fillna("").tolist()
    return found[0], names[0] if names else ""


def keep_scored(home: Home, scored: Scored, now_ms: int) -> None:
    """Keep where everybody stands for the lists of the web; replaces what was kept before."""
    register = drivers_known(home, day_start_ms(scored.as_of_day + 1, home.timezone))
    names = dict(zip(register["driver_id"].tolist(), register["name"].fillna("").tolist(), strict=True))
    keep_standings(
        home,
        [
            {
                "driver_id": one.driver_id, "name": names.get(one.driver_id, ""),
                "company_id": one.company_id, "cycle": one.cycle, "assessed": one.assessed,
                "score": one.score, "grade": one.grade,
                "deductions": one.deductions, "bonus": one.bonus, "observations": one.observations,
                "as_of_day": scored.as_of_day, "scored_ms": now_ms,
            }
            for one in scored.standings
        ],
    )  # fmt: skip


def _law_known(home: Home, until_ms: int) -> tuple[Law, str]:
    """The rule book that counted last before a moment, and its name.

    For days before the first book there was, that one.
    """
    history = rule_books.history(home)
    before = [one for one in history if one.since_ms < until_ms]
    name = (before[-1] if before else history[0]).book
    if name not in _laws:
        _laws[name] = (
            read_law(home.city)
            if name == _book_now(home)
            else book.law_in(rule_books.book_files(home, name), home.city)
        )
    return _laws[name], name


def _book_now(home: Home) -> str:
    """The name of the rule book that the files make now."""
    return book.name_of(book.files_of(home.city))
