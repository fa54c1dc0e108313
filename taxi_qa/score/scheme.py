"""What the law says of a cycle: how long it lasts, where a score begins and ends, which grade it makes.

Until 2018 a cycle is twelve months from the day the licence was first issued, since then a calendar year. A
cycle that had begun when the law changed ends by the law under which it began; the next one begins the day
after and ends with that calendar year. So no day belongs to two cycles, and nobody's running cycle gets a
steeper ladder of grades.
"""

import calendar
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from taxi_qa.law.parameter import Bands, Certainty, Law, Version
from taxi_qa.values.clock import date_of, day_of, day_start_ms

ANNIVERSARY: Final = "licence_anniversary"
# Only what the law itself, or an exam on it, was read to say may move a score.
SURE: Final = (Certainty.QUOTED, Certainty.BANK)

_NUMBERS: Final = {
    "base": "credit.base",
    "bonus_cap": "credit.bonus_cap",
    "floor": "credit.floor",
    "training_at": "credit.training.at_score",
    "training_h": "credit.training.hours",
    "training_d": "credit.training.within_days",
    "short_months": "credit.short_registration.months",
}
# The list of bad records: where no law says, the number is 0 and nobody comes on it that way.
_LISTED: Final = {
    "lowest_cycles": "credit.bad_record.lowest_cycles",
    "low_score": "credit.bad_record.low_score",
    "low_times": "credit.bad_record.low_times",
}
_CYCLE: Final = "credit.cycle"
_GRADES: Final = "credit.grades"
_SHORT_GRADE: Final = "credit.short_registration.grade_cap"
TRAINING: Final = ("credit.training.at_score", "credit.training.hours", "credit.training.within_days")
SHORT: Final = ("credit.short_registration.months", "credit.short_registration.grade_cap")
LOW_TWICE: Final = ("credit.bad_record.low_score", "credit.bad_record.low_times")
LOWEST_AGAIN: Final = ("credit.bad_record.lowest_cycles",)


@dataclass(frozen=True)
class Cycle:
    """The days over which a score is kept, both included.

    Attributes:
        from_day, to_day: city days.
        name: the year of a whole calendar year, else both dates with a stroke between.
    """

    from_day: int
    to_day: int

    @cached_property
    def name(self) -> str:
        """What people call it."""
        begin, end = date_of(self.from_day), date_of(self.to_day)
        if (begin.month, begin.day, end.month, end.day) == (1, 1, 12, 31) and begin.year == end.year:
            return str(begin.year)
        return f"{begin.isoformat()}/{end.isoformat()}"


@dataclass(frozen=True)
class Scheme:
    """The numbers of the law that bind a cycle, as they stood on its first day.

    Attributes:
        name: first day of the version of the grades, such as `2022-05-27`.
        base, bonus_cap, floor: points.
        grades: lowest score and name of each grade, the lowest first.
        training_at: training is due at this score or below; `training_h` hours within `training_d` days.
        short_months, short_grade: registered for less than so many months, no better grade than this.
        lowest_cycles: so many cycles in a row at the lowest grade lead to the list of bad records.
        low_score, low_times: so does a score that fell to the first or below as often as the second.
        certainty: how sure each of these is, by law path.
        names: the version each of these comes from, by law path.
    """

    name: str
    base: int
    bonus_cap: int
    floor: int
    grades: tuple[tuple[int, str], ...]
    training_at: int
    training_h: int
    training_d: int
    short_months: int
    short_grade: str
    lowest_cycles: int
    low_score: int
    low_times: int
    certainty: dict[str, Certainty]
    names: dict[str, str]

    def grade_of(self, score: int) -> str:
        """The grade a score makes."""
        return next(name for least, name in reversed(self.grades) if score >= least)

    def capped(self, grade: str) -> str:
        """The grade somebody gets who was registered for too short a time."""
        ranks = [name for _, name in self.grades]
        return min(grade, self.short_grade, key=ranks.index)

    @property
    def top(self) -> int:
        """The highest score there can be."""
        return self.base + self.bonus_cap

    def are_sure(self, paths: Iterable[str]) -> bool:
        """Whether the values of all these law paths were read in the law or an exam on it."""
        return all(self.certainty.get(path) in SURE for path in paths)


def scheme_on(law: Law, day: int) -> Scheme | None:
    """The scheme of a cycle that begins on a city day; None where no scheme is in force."""
    at_ms = day_start_ms(day, law.timezone)
    paths = (*_NUMBERS.values(), _GRADES, _SHORT_GRADE)
    found: dict[str, Version] = {}
    for path in paths:
        version = law[path].on(at_ms) if path in law else None
        if version is None or version.value is None:
            return None
        found[path] = version
    for path in _LISTED.values():
        version = law[path].on(at_ms) if path in law else None
        if version is not None and version.value is not None:
            found[path] = version
    bands = found[_GRADES].value
    assert isinstance(bands, Bands)  # noqa: S101 - the reader of the law refuses anything else
    grades = [(round(least), str(name)) for least, name in zip(bands.bounds, bands.values, strict=True)]
    return Scheme(
        name=found[_GRADES].name.split("@")[-1],
        **{name: round(_number(found[path])) for name, path in _NUMBERS.items()},
        grades=tuple(grades),
        short_grade=str(found[_SHORT_GRADE].value),
        **{name: round(_number(found[path])) if path in found else 0 for name, path in _LISTED.items()},
        certainty={path: version.certainty for path, version in found.items()},
        names={path: version.name for path, version in found.items()},
    )


def _number(version: Version) -> float:
    if not isinstance(version.value, int | float):
        raise TypeError(f"{version.name} is no number")
    return float(version.value)


def cycle_at(law: Law, day: int, first_day: int) -> Cycle | None:
    """The cycle a city day lies in.

    Args:
        law: of the place.
        day: the day asked for.
        first_day: when the driver was first registered; days before it lie in no cycle.

    Returns:
        None before the first registration, and while no law says how long a cycle is.
    """
    if day < first_day or _CYCLE not in law:
        return None
    starts = [
        (day_of(dt.date.fromisoformat(version.name.split("@")[-1])), str(version.value))
        for version in law[_CYCLE].versions
        if version.value is not None
    ]
    if not starts or day < starts[0][0]:
        return None
    by_year_from = next((start for start, kind in starts if kind != ANNIVERSARY), None)
    if by_year_from is None or day < by_year_from:
        return anniversary(first_day, day)
    begin = day_of(dt.date(date_of(day).year, 1, 1))
    if first_day < by_year_from and starts[0][1] == ANNIVERSARY:
        last = anniversary(first_day, by_year_from - 1)
        if day <= last.to_day:
            return last
        begin = max(begin, last.to_day + 1)
    return Cycle(begin, day_of(dt.date(date_of(day).year, 12, 31)))


def cycle_without_register(law: Law, day: int) -> Cycle | None:
    """The calendar year of a day where that is everybody's cycle; None where it hangs on the driver."""
    if _CYCLE not in law:
        return None
    kind = law[_CYCLE].on(day_start_ms(day, law.timezone))
    if kind is None or kind.value is None or kind.value == ANNIVERSARY:
        return None
    year = date_of(day).year
    return Cycle(day_of(dt.date(year, 1, 1)), day_of(dt.date(year, 12, 31)))


def anniversary(first_day: int, day: int) -> Cycle:
    """The twelve months from an anniversary of the first day that hold a day."""
    first, asked = date_of(first_day), date_of(day)
    years = asked.year - first.year
    if _months_on(first, 12 * years) > asked:
        years -= 1
    begin, after = _months_on(first, 12 * years), _months_on(first, 12 * (years + 1))
    return Cycle(day_of(begin), day_of(after) - 1)


def whole_months(from_day: int, to_day: int) -> int:
    """How many whole months lie from one day to another, both included."""
    first, after = date_of(from_day), date_of(to_day + 1)
    months = 12 * (after.year - first.year) + after.month - first.month
    return months if _months_on(first, months) <= after else months - 1


def _months_on(first: dt.date, months: int) -> dt.date:
    """The same day of the month so many months on; its last day where it has no such day."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return dt.date(year, month + 1, min(first.day, calendar.monthrange(year, month + 1)[1]))
