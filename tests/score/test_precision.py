"""A rule's live label: shares, intervals and when it falls back."""

import itertools

import pytest
from scipy import stats

from taxi_qa.law.read import read_law
from taxi_qa.review.precision import asked_at
from taxi_qa.score.precision import Asked, Decided, Fall, Label, has_to_fall, label, short_after

# In plain numbers: of twenty sixteen are to hold, and three fewer are too few.
ASKED = Asked(floor=0.8, least=20, short=3)


def told(*held: bool | None, asked: Asked = ASKED) -> Label:
    """The label after these decisions, each over another case, a second apart."""
    decisions = [Decided(at * 1000, f"c{at}", one, asked) for at, one in enumerate(held)]
    return label("driving.speeding", decisions)


@pytest.mark.parametrize(
    ("wrong", "right", "has_fallen"),
    [
        (0, 0, False),
        (19, 0, False),  # nineteen say nothing yet
        (20, 0, True),
        (7, 13, True),  # 16 were asked, 13 are three short
        (6, 14, False),  # two short: chance does that to good rules, too
        (0, 20, False),
    ],
)
def test_a_rule_falls_back_where_three_fewer_held_than_the_floor_asks_for(
    wrong: int, right: int, *, has_fallen: bool
) -> None:
    assert told(*[False] * wrong, *[True] * right).has_fallen is has_fallen


def test_when_it_fell_and_by_what_is_told() -> None:
    # 14 right, then wrong ones: the twenty-first decision makes 14 of 21, of which 16.8 are asked: 2.8
    # short; the twenty-second 14 of 22, of which 17.6 are: 3.6.
    assert told(*[True] * 14, *[False] * 9).fell == Fall(21_000, 14, 22)


def test_a_good_past_counts_as_three_at_most_and_what_is_told_is_what_came_after_it() -> None:
    # 200 hold, which is 3 more than asked at most. Then something breaks: each wrong one is worth 0.8, and
    # eight of them are 6.4 from -3 on: 3.4. Their share is told, not that of a year ago.
    after = told(*[True] * 200, *[False] * 8)
    assert (after.confirmed, after.reviewed) == (200, 208)
    assert after.fell == Fall(207_000, 0, 8)
    assert told(*[True] * 200, *[False] * 7).fell is None  # 5.6 from -3 on: 2.6


def test_a_rule_that_has_fallen_does_not_climb_back_by_what_is_confirmed_later() -> None:
    after = told(*[False] * 7, *[True] * 13, *[True] * 100)
    assert (after.confirmed, after.reviewed) == (113, 120)
    assert after.fell == Fall(19_000, 13, 20)


def test_of_several_decisions_over_a_case_the_last_counts() -> None:
    said = [("a", True), ("b", True), ("a", False), ("b", None)]
    one = label("driving.speeding", [Decided(at, case, held, ASKED) for at, (case, held) in enumerate(said)])
    assert (one.confirmed, one.reviewed, one.share) == (0, 1, 0.0)


def test_an_appeal_that_was_upheld_can_make_a_rule_fall() -> None:
    decisions = [Decided(at, f"c{at}", at >= 6, ASKED) for at in range(20)]  # 14 of 20: two short
    appealed = Decided(99, "c19", False, ASKED)  # 13 of 20
    assert label("r", decisions).fell is None
    # Twenty-one decisions were taken over the twenty, and fourteen of those said that it holds.
    assert label("r", [*decisions, appealed]).fell == Fall(99, 14, 21)


def test_what_was_asked_on_the_day_of_a_decision_counts() -> None:
    # 14 of 20 were enough when they were decided; from then on nine of ten are asked for.
    stricter = Asked(floor=0.9, least=20, short=3)
    decisions = [Decided(at, f"c{at}", at >= 6, ASKED) for at in range(20)]
    later = [Decided(50 + at, f"d{at}", held, stricter) for at, held in enumerate([True, False])]
    assert label("r", decisions).fell is None
    # 2.0 short, 0.1 less for the right one, 0.9 more for the wrong one: 2.8.
    assert label("r", [*decisions, *later]).fell is None
    assert label("r", [*decisions, *later, Decided(90, "e", False, stricter)]).fell == Fall(90, 15, 23)


def falls_by(right: float, decisions: int, asked: Asked, *, short: float = 0.0, before: int = 0) -> float:
    """How likely a rule that is right so often has fallen after so many decisions: every path, exactly.

    It goes by the product's own steps, from so many decisions before that left it so much short.
    """
    at, fallen = {short: 1.0}, 0.0
    for many in range(before + 1, before + decisions + 1):
        after: dict[float, float] = {}
        for stands, likely in at.items():
            for held, how_often in ((1, right), (0, 1 - right)):
                now = short_after(stands, held, 1, asked)
                if has_to_fall(now, many, asked):
                    fallen += likely * how_often
                else:
                    after[now] = after.get(now, 0.0) + likely * how_often
        at = after
    return fallen


def test_the_sum_above_is_what_labels_do() -> None:
    # All 4096 histories of twelve decisions, by the label itself; small numbers, so that many fall.
    asked = Asked(floor=0.75, least=4, short=1)
    fallen = sum(
        0.7 ** sum(history) * 0.3 ** (12 - sum(history))
        for history in itertools.product((True, False), repeat=12)
        if told(*history, asked=asked).has_fallen
    )
    assert 0.3 < fallen < 0.9
    assert falls_by(0.7, 12, asked) == pytest.approx(fallen)


@pytest.mark.parametrize(
    ("right", "decisions", "share"),
    [
        (0.95, 500, 0.000), (0.90, 500, 0.011), (0.85, 500, 0.274), (0.75, 200, 0.969), (0.70, 60, 0.887),
        (0.65, 60, 0.977),
    ],
)  # fmt: skip
def test_the_reason_of_the_house_setting_says_how_often_rules_fall(
    right: float, decisions: int, share: float
) -> None:
    assert falls_by(right, decisions, house()) == pytest.approx(share, abs=0.0005)


def test_a_rule_that_breaks_after_a_good_time_is_seen_too() -> None:
    assert falls_by(0.65, 60, house(), short=-3.0, before=500) == pytest.approx(0.891, abs=0.0005)


def house() -> Asked:
    """What the house asks of a rule today."""
    (asked,) = asked_at(read_law("zhongshan"), [1_790_000_000_000])
    return asked


def test_the_interval_is_that_of_a_beta_with_half_a_finding_more_on_either_side() -> None:
    one = told(*[True] * 16, *[False] * 4)
    true = stats.beta(16.5, 4.5)
    assert [one.low, one.high] == pytest.approx([true.ppf(0.05), true.ppf(0.95)])


def test_the_ends_are_closed() -> None:
    none, every, nothing = told(*[False] * 5), told(*[True] * 5), told()
    assert (none.low, every.high) == (0.0, 1.0)
    assert 0 < none.high < 1
    assert 0 < every.low < 1
    assert (nothing.share, nothing.low, nothing.high) == (None, 0.0, 1.0)
