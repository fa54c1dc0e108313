"""A company's outline: shares, rates, and no total that is half guessed."""

import pytest

from taxi_qa.law.read import read_law
from taxi_qa.score.company import Entered, EnteredError, Rating, rating
from taxi_qa.score.standing import standings
from tests.score.books import day, entry, ledger, register
from tests.score.laws import READ

LAW = read_law("zhongshan")
DRIVERS = register(
    ("D1", "C1", "2010-03-01", None), ("D2", "C1", "2010-03-01", None), ("D3", "C1", "2010-03-01", None),
    ("D4", "C1", "2010-03-01", "2012-01-01"), ("D9", "C2", "2010-03-01", None),
)  # fmt: skip
# D1 15 AA, D2 0 B, D3 20 AAA, D4 is not assessed, D9 is another company's.
LINES = ledger(
    entry(1, -5, "2026-02-01"), entry(2, -20, "2026-02-01", driver_id="D2"),
    entry(3, -20, "2026-02-01", driver_id="D9"),
)  # fmt: skip


def of(
    trips: int = 40_000, confirmed: int = 2, entered: tuple[Entered, ...] = (), year: int = 2026
) -> Rating:
    found = standings(LINES, DRIVERS, READ, as_of_day=day("2026-11-22"))
    span = day(f"{year}-02-01"), day(f"{year}-02-28")
    return rating("C1", span, found, LAW, trips=trips, confirmed=confirmed, sla={}, entered=entered)


def test_shares_are_of_those_who_are_assessed() -> None:
    told = of()
    assert (told.drivers, told.grades) == (4, {"AA": 1, "B": 1, "AAA": 1})
    assert told.aa_share == pytest.approx(2 / 3)
    assert told.lowest_share == pytest.approx(1 / 3)


def test_cases_per_10_000_trips() -> None:
    # 2 in 40,000 is 0.5 in 10,000; without trips nobody can tell.
    assert of().confirmed_per_10k_trips == 0.5
    assert of(trips=0).confirmed_per_10k_trips is None


def test_the_table_of_2011_has_a_total_when_all_of_it_is_entered_and_todays_has_none() -> None:
    names = ("management", "safety", "conduct", "service", "social")
    given = tuple(Entered(name, 100, "Zhao", "review") for name in names)
    assert [one.most for one in of(year=2015).dimensions] == [300, 200, 200, 200, 100]
    assert of(year=2015, entered=given[:4]).total is None
    whole = of(year=2015, entered=given)
    assert (whole.total, whole.most, whole.certainty) == (500, 1100, "quoted")
    assert of(year=2015, entered=(*given, Entered("bonus", 100, "Zhao", "prize"))).total == 600
    today = of()
    assert (today.total, today.most, today.certainty) == (None, None, "unverified")
    assert {one.most for one in today.dimensions} == {None}
    with pytest.raises(EnteredError, match="no dimension"):
        of(entered=given)


def test_more_bonus_than_the_law_has_is_refused() -> None:
    with pytest.raises(EnteredError, match="expected 0 to 100"):
        of(year=2015, entered=(Entered("bonus", 101, "Zhao", "prize"),))
