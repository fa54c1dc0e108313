"""Cycles and grades, with the days counted beside."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_qa.law.read import read_law
from taxi_qa.score.scheme import Cycle, anniversary, cycle_at, scheme_on, whole_months
from taxi_qa.values.clock import date_of, day_of

LAW = read_law("zhongshan")


def day(text: str) -> int:
    return day_of(dt.date.fromisoformat(text))


def cycle(at: str, first: str) -> str:
    found = cycle_at(LAW, day(at), day(first))
    assert found is not None
    return found.name


@pytest.mark.parametrize(
    ("at", "first", "expected"),
    [
        # Until 2018-05-23: twelve months from the first registration.
        ("2016-03-09", "2014-03-10", "2015-03-10/2016-03-09"),
        ("2016-03-10", "2014-03-10", "2016-03-10/2017-03-09"),
        # Begun on the last day of the old law: it ends by the old law, the next one with that calendar year.
        ("2018-05-24", "2016-05-23", "2018-05-23/2019-05-22"),
        ("2019-05-22", "2016-05-23", "2018-05-23/2019-05-22"),
        ("2019-05-23", "2016-05-23", "2019-05-23/2019-12-31"),
        ("2020-01-01", "2016-05-23", "2020"),
        # Would have begun on the first day of the new law: the calendar year, from that day on.
        ("2018-05-24", "2016-05-24", "2018-05-24/2018-12-31"),
        ("2018-05-23", "2016-05-24", "2017-05-24/2018-05-23"),
        # First registered under the new law.
        ("2018-12-31", "2018-05-24", "2018"),
        ("2026-11-22", "2026-06-01", "2026"),
        # 29 February: the day before 1 March where there is none.
        ("2013-02-28", "2012-02-29", "2013-02-28/2014-02-27"),
        ("2013-02-27", "2012-02-29", "2012-02-29/2013-02-27"),
    ],
)
def test_a_day_lies_in_the_cycle_of_the_law_under_which_it_began(at: str, first: str, expected: str) -> None:
    assert cycle(at, first) == expected


def test_there_is_no_cycle_before_the_first_registration_or_the_law() -> None:
    assert cycle_at(LAW, day("2026-05-31"), day("2026-06-01")) is None
    assert cycle_at(LAW, day("2011-12-31"), day("2010-01-01")) is None


@given(st.dates(dt.date(2009, 1, 1), dt.date(2026, 12, 31)))
def test_cycles_follow_each_other_without_gap_or_overlap(first: dt.date) -> None:
    at = max(day_of(first), day("2012-01-01"))
    before = cycle_at(LAW, at, day_of(first))
    assert before is not None
    while before.to_day < day("2028-01-01"):
        after = cycle_at(LAW, before.to_day + 1, day_of(first))
        assert after is not None
        assert after.from_day == before.to_day + 1
        assert cycle_at(LAW, after.to_day, day_of(first)) == after
        assert after.to_day - after.from_day < 366
        before = after


@given(st.dates(dt.date(2000, 1, 1), dt.date(2030, 12, 31)), st.integers(0, 9000))
def test_an_anniversary_begins_on_the_day_of_the_month(first: dt.date, later: int) -> None:
    found = anniversary(day_of(first), day_of(first) + later)
    assert found.from_day <= day_of(first) + later <= found.to_day
    begin = date_of(found.from_day)
    assert begin.month == first.month
    assert begin.day in (first.day, 28)


@pytest.mark.parametrize(
    ("begin", "end", "months"),
    [
        ("2026-01-01", "2026-12-31", 12),
        ("2026-08-01", "2026-12-31", 5),
        ("2026-07-01", "2026-12-31", 6),
        ("2026-07-02", "2026-12-31", 5),  # to 2027-01-01; six months from 2 July is 2 January
        # A month from 31 January is 28 February, so the month is whole with the 27th.
        ("2026-01-31", "2026-02-26", 0),
        ("2026-01-31", "2026-02-27", 1),
    ],
)
def test_whole_months_are_counted_from_day_to_day(begin: str, end: str, months: int) -> None:
    assert whole_months(day(begin), day(end)) == months


def test_the_name_of_a_whole_calendar_year_is_the_year() -> None:
    assert Cycle(day("2026-01-01"), day("2026-12-31")).name == "2026"
    assert Cycle(day("2026-01-01"), day("2026-12-30")).name == "2026-01-01/2026-12-30"
    assert Cycle(day("2026-01-02"), day("2026-12-31")).name == "2026-01-02/2026-12-31"


@pytest.mark.parametrize(
    ("on", "ladder"),
    [
        # 2011: AAA >= 20, AA 11-19, A 1-10, B 0
        ("2018-05-23", {0: "B", 1: "A", 3: "A", 4: "A", 10: "A", 11: "AA", 19: "AA", 20: "AAA", 30: "AAA"}),
        # 2018, 2022: A 4-10, B 0-3
        ("2018-05-24", {0: "B", 1: "B", 3: "B", 4: "A", 10: "A", 11: "AA", 19: "AA", 20: "AAA", 30: "AAA"}),
        ("2022-05-27", {0: "B", 3: "B", 4: "A", 10: "A", 11: "AA", 19: "AA", 20: "AAA"}),
    ],
)
def test_grades_at_each_boundary(on: str, ladder: dict[int, str]) -> None:
    scheme = scheme_on(LAW, day(on))
    assert scheme is not None
    assert {score: scheme.grade_of(score) for score in ladder} == ladder


def test_a_scheme_says_its_numbers_and_how_sure_they_are() -> None:
    scheme = scheme_on(LAW, day("2015-01-01"))
    assert scheme is not None
    assert (scheme.base, scheme.bonus_cap, scheme.floor, scheme.top) == (20, 10, 0, 30)
    assert (scheme.training_at, scheme.training_h, scheme.training_d) == (0, 18, 15)
    assert (scheme.short_months, scheme.short_grade) == (6, "AA")
    assert (scheme.lowest_cycles, scheme.low_score, scheme.low_times) == (0, 0, 2)
    assert scheme.name == "2012-01-01"
    assert scheme.are_sure(["credit.base", "credit.training.hours"])
    assert not scheme.are_sure(["credit.base", "credit.short_registration.months"])
    later = scheme_on(LAW, day("2022-05-27"))
    assert later is not None
    assert (later.name, later.training_at, later.lowest_cycles, later.low_score) == ("2022-05-27", 3, 2, 3)
    assert not later.are_sure(["credit.base"])
    assert scheme_on(LAW, day("2011-12-31")) is None


@pytest.mark.parametrize(("grade", "expected"), [("AAA", "AA"), ("AA", "AA"), ("A", "A"), ("B", "B")])
def test_a_cap_lowers_what_is_above_it_and_nothing_else(grade: str, expected: str) -> None:
    scheme = scheme_on(LAW, day("2026-01-01"))
    assert scheme is not None
    assert scheme.capped(grade) == expected
