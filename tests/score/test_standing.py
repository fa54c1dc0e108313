"""Worked examples: the sum stands beside each."""

import pandas as pd
import pytest

from taxi_qa.law.parameter import Law
from taxi_qa.score.standing import Standing, standings
from tests.score.books import day, entry, ledger, register, reversal
from tests.score.laws import READ, SHIPPED

LONG_AGO = register(("D1", "C1", "2010-03-01", None))


def of(lines: pd.DataFrame, as_of: str, law: Law = READ, *, cycle: int | None = None) -> Standing:
    (found,) = standings(lines, LONG_AGO, law, as_of_day=day(as_of), cycle=cycle)
    return found


def test_one_with_nothing_against_him_has_the_base_and_the_best_grade() -> None:
    found = of(ledger(), "2026-11-22")
    assert (found.cycle, found.scheme, found.score, found.grade, found.assessed) == (
        "2026", "2022-05-27", 20, "AAA", True,
    )  # fmt: skip
    assert (found.ways, found.lines, found.bad_record, found.training_due_day) == ((), (), (), None)


def test_good_deeds_count_up_to_the_cap() -> None:
    # 3 + 5 + 5 = 13, of which 10 count: 20 + 10 = 30.
    lines = ledger(
        entry(1, 3, "2026-02-01"),
        entry(2, 5, "2026-03-01"),
        entry(3, 5, "2026-04-01"),
        entry(4, 1, "2026-04-02"),
    )
    found = of(lines, "2026-11-22")
    assert (found.bonus, found.score, found.grade) == (10, 30, "AAA")
    # The third fills the cap in part, the fourth finds no room.
    assert [line.status for line in found.lines] == ["counts", "counts", "counts", "over_cap"]


def test_a_deduction_weighs_on_a_full_bonus() -> None:
    # 20 + 10 - 10 = 20, not 20 + 13 - 10.
    lines = ledger(entry(1, 10, "2026-02-01"), entry(2, 3, "2026-03-01"), entry(3, -10, "2026-05-01"))
    found = of(lines, "2026-11-22")
    assert (found.bonus, found.deductions, found.score, found.grade) == (10, -10, 20, "AAA")


@pytest.mark.parametrize(
    ("lost", "score", "grade_2011", "grade_2022"),
    [
        ((), 20, "AAA", "AAA"),
        ((1,), 19, "AA", "AA"),
        ((5, 3, 1), 11, "AA", "AA"),  # 20 - 9
        ((10,), 10, "A", "A"),
        ((10, 5, 1), 4, "A", "A"),  # 20 - 16
        ((10, 5, 1, 1), 3, "A", "B"),  # 20 - 17
        ((10, 5, 3, 1), 1, "A", "B"),  # 20 - 19
        ((20,), 0, "B", "B"),
        ((20, 10), 0, "B", "B"),  # 20 - 30, held up at the floor
    ],
)
def test_each_boundary_of_both_schemes(
    lost: tuple[int, ...], score: int, grade_2011: str, grade_2022: str
) -> None:
    def lines(year: int) -> pd.DataFrame:
        return ledger(*(entry(i + 1, -points, f"{year}-06-01") for i, points in enumerate(lost)))

    old, new = of(lines(2015), "2015-11-22"), of(lines(2026), "2026-11-22")
    assert (old.score, old.grade, old.scheme) == (score, grade_2011, "2012-01-01")
    assert old.cycle == "2015-03-01/2016-02-29"
    assert (new.score, new.grade) == (score, grade_2022)


def test_an_appeal_across_the_end_of_the_year_restores_in_the_cycle_it_cost() -> None:
    cost = entry(1, -10, "2025-12-20", "2025-12-30")
    lines = ledger(cost, reversal(2, cost, "2026-02-10"))
    before = of(lines, "2026-02-09", cycle=2025)
    after = of(lines, "2026-02-10", cycle=2025)
    assert (before.score, before.grade) == (10, "A")
    assert (after.score, after.grade, after.deductions) == (20, "AAA", 0)
    assert [line.status for line in after.lines] == ["reversed", "reversal"]
    for found in (of(lines, "2026-02-09"), of(lines, "2026-02-10")):
        assert (found.cycle, found.score, found.lines) == ("2026", 20, ())


def test_an_act_of_the_old_year_decided_in_the_new_one_counts_in_the_old() -> None:
    lines = ledger(entry(1, -10, "2025-12-31", "2026-01-15"))
    assert of(lines, "2025-12-31").score == 20  # not decided yet
    assert of(lines, "2026-01-15", cycle=2025).score == 10
    assert of(lines, "2026-01-15").score == 20


def test_what_was_decided_after_the_day_is_left_out() -> None:
    lines = ledger(entry(1, -10, "2026-06-01", "2026-06-20"))
    assert of(lines, "2026-06-19").lines == ()
    assert of(lines, "2026-06-20").score == 10


def test_an_item_nobody_could_verify_is_shown_and_costs_nothing() -> None:
    lines = ledger(entry(1, 0, "2026-06-01", certainty="unverified"), entry(2, -1, "2026-06-02"))
    found = of(lines, "2026-11-22")
    assert (found.score, found.observations, found.moved) == (19, 1, (2,))
    assert [line.status for line in found.lines] == ["observation", "counts"]


def test_two_offences_in_one_trip_each_cost_their_item() -> None:
    # A refusal (10) and a detour (5) are two acts: 20 - 15.
    lines = ledger(entry(1, -10, "2026-06-01"), entry(2, -5, "2026-06-01", rule="driving.detour"))
    found = of(lines, "2026-11-22")
    assert (found.score, found.grade, found.moved) == (5, "A", (1, 2))


@pytest.mark.parametrize(
    ("first", "last", "months", "grade"),
    [
        ("2026-08-01", None, 5, "AA"),  # August to December
        ("2026-07-01", None, 6, "AAA"),
        ("2026-07-02", None, 5, "AA"),
        ("2020-01-01", "2026-05-31", 5, "AA"),
        ("2020-01-01", "2026-06-30", 6, "AAA"),
    ],
)
def test_a_driver_registered_for_five_months_gets_no_better_grade_than_aa(
    first: str, last: str | None, months: int, grade: str
) -> None:
    drivers = register(("D1", "C1", first, last))
    (found,) = standings(ledger(), drivers, READ, as_of_day=day("2026-12-31"))
    assert (found.registered_months, found.grade, found.uncapped_grade) == (months, grade, "AAA")
    assert (found.score, found.capped, found.cap_is_sure) == (20, grade == "AA", True)
    (shipped,) = standings(ledger(), drivers, SHIPPED, as_of_day=day("2026-12-31"))
    assert (shipped.grade, shipped.cap_is_sure) == (grade, False)


def test_a_cycle_that_is_short_for_everybody_caps_nobody() -> None:
    # 2010-10-01 + 8 years: the last old cycle ends 2018-09-30, the next is October to December.
    drivers = register(("D1", "C1", "2010-10-01", None))
    (found,) = standings(ledger(), drivers, READ, as_of_day=day("2018-12-31"))
    assert (found.cycle, found.registered_months, found.grade) == ("2018-10-01/2018-12-31", 3, "AAA")


@pytest.mark.parametrize(
    ("first", "last", "as_of", "why"),
    [
        ("2027-01-01", None, "2026-11-22", "not_registered"),
        ("2026-11-23", None, "2026-11-22", "not_registered"),
        ("2020-01-01", "2025-12-31", "2026-11-22", "not_registered"),
    ],
)
def test_who_is_not_registered_in_the_cycle_is_not_assessed(
    first: str, last: str | None, as_of: str, why: str
) -> None:
    (found,) = standings(ledger(), register(("D1", "C1", first, last)), READ, as_of_day=day(as_of))
    assert (found.assessed, found.why_not, found.grade) == (False, why, "")


def test_who_is_in_the_ledger_alone_is_named_and_not_assessed() -> None:
    lines = ledger(entry(1, -10, "2026-06-01", driver_id="D9"), entry(2, 0, "2026-06-01", driver_id=""))
    one, other = standings(lines, LONG_AGO, READ, as_of_day=day("2026-11-22"))
    assert (one.driver_id, one.assessed) == ("D1", True)
    assert (other.driver_id, other.assessed, other.why_not, len(other.lines)) == (
        "D9", False, "not_in_register", 1,
    )  # fmt: skip


def test_training_is_due_fifteen_days_after_the_decision_that_brought_the_score_down() -> None:
    # 20 - 10 = 10, - 5 = 5, - 3 = 2 <= 3: decided on 1 August, due by the 16th; the fourth changes nothing.
    lines = ledger(
        entry(1, -10, "2026-05-01"), entry(2, -5, "2026-06-01"),
        entry(3, -3, "2026-07-20", "2026-08-01"), entry(4, -1, "2026-08-05"),
    )  # fmt: skip
    found = of(lines, "2026-11-22")
    assert (found.score, found.training_due_day, found.training_h) == (1, day("2026-08-16"), 18)
    assert found.training_is_sure
    assert of(lines, "2026-07-31").training_due_day is None
    # The old law: at 0 alone.
    old = ledger(entry(1, -10, "2015-05-01"), entry(2, -5, "2015-06-01"), entry(3, -3, "2015-07-01"))
    assert of(old, "2015-11-22").training_due_day is None
    zero = ledger(entry(1, -20, "2015-05-01"))
    assert of(zero, "2015-11-22").training_due_day == day("2015-05-16")


def test_an_appeal_that_lifts_the_score_takes_the_training_back() -> None:
    cost = entry(1, -20, "2026-05-01")
    lines = ledger(cost, reversal(2, cost, "2026-06-01"))
    assert of(lines, "2026-05-31").training_due_day == day("2026-05-16")
    assert of(lines, "2026-06-01").training_due_day is None


def test_two_years_at_the_lowest_grade_lead_to_the_list_once_they_are_over() -> None:
    lines = ledger(entry(1, -20, "2024-05-01"), entry(2, -20, "2025-05-01"))
    assert of(lines, "2025-12-30").bad_record == ()
    assert of(lines, "2025-12-31").bad_record == ("lowest_grade_again",)
    assert of(lines, "2026-03-01").bad_record == ("lowest_grade_again",)
    # Law nobody could confirm puts nobody on the list.
    shipped = of(lines, "2026-03-01", SHIPPED)
    assert (shipped.bad_record, shipped.bad_record_unsure) == ((), ("lowest_grade_again",))
    gap = ledger(entry(1, -20, "2023-05-01"), entry(2, -20, "2025-05-01"))
    assert of(gap, "2026-03-01").bad_record == ()


def test_falling_low_twice_in_a_cycle_leads_to_the_list() -> None:
    # 20 - 17 = 3 (low), + 5 = 8, - 5 = 3 (low again).
    lines = ledger(
        entry(1, -17, "2026-02-01"), entry(2, 5, "2026-03-01"), entry(3, -5, "2026-04-01"),
    )  # fmt: skip
    assert of(lines, "2026-03-31").bad_record == ()
    assert of(lines, "2026-04-01").bad_record == ("low_score_twice",)


def test_what_would_it_take() -> None:
    # 20 - 10 - 1 = 9, grade A; AA begins at 11: 2 points.
    lines = ledger(entry(1, -10, "2026-05-01"), entry(2, -1, "2026-06-01"))
    bonus, appeal, anew = of(lines, "2026-11-22").ways
    assert (bonus.kind, bonus.grade, bonus.points) == ("bonus", "AA", 2)
    assert bonus.item.startswith("credit.bonus.")
    assert bonus.times == 1
    assert (appeal.kind, appeal.entry_ids) == ("appeal", (1,))
    assert (anew.kind, anew.grade, anew.day) == ("new_cycle", "AAA", day("2027-01-01"))
    # By the law as it was read no good deed is worth anything today.
    assert [way.kind for way in of(lines, "2026-11-22", SHIPPED).ways] == ["appeal", "new_cycle"]


def test_below_the_floor_what_is_owed_is_missing_too() -> None:
    # 20 - 20 - 10 = -10, shown as 0; A begins at 4: 14 points, more than good deeds can bring.
    lines = ledger(entry(1, -20, "2026-05-01"), entry(2, -10, "2026-06-01"))
    found = of(lines, "2026-11-22")
    appeal, _ = found.ways
    assert (found.score, appeal.points, appeal.entry_ids) == (0, 14, (1,))


def test_a_standing_names_every_law_it_leans_on() -> None:
    lines = ledger(entry(1, -10, "2026-05-01"))
    found = of(lines, "2026-11-22", SHIPPED)
    assert found.certainty["credit.items.refusal@2012-01-01"] == "bank"
    assert found.certainty["credit.grades@2022-05-27"] == "secondary"


def test_before_the_law_there_is_no_grade() -> None:
    (found,) = standings(ledger(), LONG_AGO, READ, as_of_day=day("2011-12-31"))
    assert (found.assessed, found.cycle, found.grade) == (False, "", "")
