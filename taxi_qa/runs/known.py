"""What was known on a day: the deliveries, roads, rule book and rules by which a home was judged then.

What is not at hand any more, or was never written down, refuses the whole question: today slips in nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from taxi_qa import __version__
from taxi_qa.law import book
from taxi_qa.law.parameter import Law
from taxi_qa.law.read import read_law
from taxi_qa.rules.kit import catalogue
from taxi_qa.store import rule_books
from taxi_qa.store.home import Home
from taxi_qa.store.road_files import Current, current_at
from taxi_qa.store.rule_books import Counted
from taxi_qa.store.snapshot import deliveries_before
from taxi_qa.values.clock import date_of, day_of, day_start_ms

_NAMED: Final = 3


class NotAtHandError(ValueError):
    """Something that was known on the day is not at hand any more, or was not written down."""


@dataclass(frozen=True)
class Known:
    """What counted at the end of a day.

    Attributes:
        day: the city day.
        last: the last delivery.
        law: what bound.
        book: name of its files.
        roads: the roads.
        rules: names of the rules there were, in the catalogue's order.
        notes: what a person should know beside.
    """

    day: int
    last: int
    law: Law
    book: str
    roads: Current
    rules: tuple[str, ...]
    notes: tuple[str, ...] = ()


def remember_rules(home: Home, law: Law, now_ms: int) -> None:
    """Keep the rule book and note by which rules the home is judged from now on."""
    files = book.files_of(law.place)
    versions = {name: rule.version for name, rule in catalogue().items()}
    rule_books.remember(home, files, Counted(now_ms, book.name_of(files), versions, __version__))


def known_on(home: Home, day: int, now_ms: int, rules: Sequence[str] = ()) -> Known:
    """What counted in a home at the end of a city day.

    Args:
        home: where.
        day: the city day.
        now_ms: the present moment.
        rules: only these are wanted; all if empty.

    Raises:
        NotAtHandError: names what is missing and the way out.
    """
    if day_start_ms(day, home.timezone) > now_ms:
        raise NotAtHandError(f"{date_of(day)} is yet to come; nobody knows what will be known then")
    until_ms = day_start_ms(day + 1, home.timezone)
    last = deliveries_before(home, until_ms)
    if last == 0:
        raise NotAtHandError(
            f"nothing had arrived by the end of {date_of(day)}; `taxi-qa doctor` says when data came"
        )
    roads = current_at(home, until_ms)
    if roads is None:
        raise NotAtHandError(
            f"which roads counted at the end of {date_of(day)} was not written down, and those of today came "
            "later; ask for a day since then"
        )
    counted = rule_books.counted_at(home, until_ms)
    if counted is None:
        law, name = _unchanged(home, day)
        note = (
            f"nothing was judged here by the end of {date_of(day)}: the rule book and the rules are those of "
            "today, and every number of law was checked by that day"
        )
        return Known(day, last, law, name, roads, _in_order(rules or tuple(catalogue())), (note,))
    versions = _same_rules(counted, day, rules)
    notes: tuple[str, ...] = ()
    if counted.program != __version__:
        notes = (f"version {counted.program} of the program judged then, this is {__version__}",)
    return Known(day, last, _law(home, counted.book), counted.book, roads, versions, notes)


def _in_order(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in catalogue() if name in names)


def _unchanged(home: Home, day: int) -> tuple[Law, str]:
    """The rule book of today, for a day on which nothing judged: only where no number is younger than it."""
    law = read_law(home.city)
    younger = [
        version.name
        for path in law.paths()
        for version in law[path].versions
        if day_of(version.checked_on) > day
    ]
    if younger:
        more = f" and {len(younger) - _NAMED} more" if len(younger) > _NAMED else ""
        raise NotAtHandError(
            f"nothing was judged here by the end of {date_of(day)}, so no rule book of that day was kept, "
            f"and numbers of today's were checked later: {', '.join(younger[:_NAMED])}{more}; "
            "ask for a day since the first `taxi-qa check`"
        )
    return law, book.name_of(book.files_of(home.city))


def _law(home: Home, name: str) -> Law:
    files = rule_books.book_files(home, name)
    if book.zones_in(files) != book.zones_in(book.files_of(home.city)):
        raise NotAtHandError(
            f"the polygons under data/zones are others than those of {name}; put its own back to judge by it"
        )
    return book.law_in(files, home.city)


def _same_rules(counted: Counted, day: int, asked: Sequence[str]) -> tuple[str, ...]:
    """The rules there were, of those asked for; each must be the same today."""
    strange = [name for name in asked if name not in counted.rules]
    if strange:
        raise NotAtHandError(f"there was no rule {', '.join(strange)} on {date_of(day)}")
    wanted = asked or tuple(counted.rules)
    today = {name: rule.version for name, rule in catalogue().items()}
    others = [
        f"{name} (version {counted.rules[name]} then, {today.get(name, 'none')} now)"
        for name in wanted
        if today.get(name) != counted.rules[name]
    ]
    if others:
        raise NotAtHandError(
            f"rules of {date_of(day)} are not at hand any more: {', '.join(others)}; "
            "ask for others with --rule"
        )
    return _in_order(wanted)
