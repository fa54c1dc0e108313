"""A rule's live label: shares, intervals and when it falls back."""

import pytest
from scipy import stats

from taxi_qa.score.precision import Decided, Fall, Label, label


def told(*held: bool | None, floor: float = 0.8, least: int = 20) -> Label:
    """The label after these decisions, each over another case, a second apart."""
    decisions = [Decided(at * 1000, f"c{at}", one) for at, one in enumerate(held)]
    return label("driving.speeding", decisions, floor=floor, least=least)


@pytest.mark.parametrize(
    ("wrong", "right", "has_fallen"),
    [
        (0, 0, False),
        (19, 0, False),  # nineteen say nothing yet
        (20, 0, True),
        (5, 15, True),  # 15 of 20 are 0.75
        (4, 16, False),  # 0.80 is the floor itself
        (0, 20, False),
    ],
)
def test_a_rule_falls_back_where_enough_were_reviewed_and_too_few_held(
    wrong: int, right: int, *, has_fallen: bool
) -> None:
    assert told(*[False] * wrong, *[True] * right).has_fallen is has_fallen


def test_when_it_fell_and_by_what_is_told() -> None:
    # 16 right, then wrong ones: 16 of 20 are 0.80, the twenty-first decision makes 16 of 21.
    assert told(*[True] * 16, *[False] * 6).fell == Fall(20_000, 16, 21)


def test_a_rule_that_has_fallen_does_not_climb_back_by_what_is_confirmed_later() -> None:
    # 15 of 20, then a hundred that hold: 115 of 120 are 0.96, and it has fallen all the same.
    after = told(*[False] * 5, *[True] * 15, *[True] * 100)
    assert (after.confirmed, after.reviewed) == (115, 120)
    assert after.fell == Fall(19_000, 15, 20)


def test_of_several_decisions_over_a_case_the_last_counts() -> None:
    decisions = [Decided(1, "a", True), Decided(2, "b", True), Decided(3, "a", False), Decided(4, "b", None)]
    one = label("driving.speeding", decisions, floor=0.8, least=20)
    assert (one.confirmed, one.reviewed, one.share) == (0, 1, 0.0)


def test_an_appeal_that_was_upheld_can_make_a_rule_fall() -> None:
    decisions = [Decided(at, f"c{at}", at >= 4) for at in range(20)]  # 16 of 20
    appealed = Decided(99, "c19", False)  # 15 of 20
    assert label("r", decisions, floor=0.8, least=20).fell is None
    assert label("r", [*decisions, appealed], floor=0.8, least=20).fell == Fall(99, 15, 20)


def falls_by(right: float, decisions: int) -> float:
    """How likely a rule that is right so often has fallen after so many decisions: every path, exactly."""
    at, fallen = {0: 1.0}, 0.0
    for many in range(1, decisions + 1):
        after: dict[int, float] = {}
        for confirmed, likely in at.items():
            for more, how_often in ((1, right), (0, 1 - right)):
                now = confirmed + more
                # The product's own word for each count that can stand there.
                if has_fallen(now, many):
                    fallen += likely * how_often
                else:
                    after[now] = after.get(now, 0.0) + likely * how_often
        at = after
    return fallen


def has_fallen(confirmed: int, reviewed: int) -> bool:
    return reviewed >= 20 and confirmed < 0.8 * reviewed


def test_the_sum_above_is_what_a_label_does() -> None:
    for confirmed in range(25):
        for wrong in range(12):
            # The wrong ones last: before them nothing could make it fall.
            held = [*[True] * confirmed, *[False] * wrong]
            by_hand = any(has_fallen(min(many, confirmed), many) for many in range(1, confirmed + wrong + 1))
            assert told(*held).has_fallen is by_hand


@pytest.mark.parametrize(
    ("right", "decisions", "share"),
    [(0.95, 500, 0.0070), (0.90, 500, 0.1155), (0.65, 60, 0.9984), (0.70, 60, 0.9863)],
)
def test_the_reason_of_the_house_setting_says_how_often_rules_fall(
    right: float, decisions: int, share: float
) -> None:
    assert falls_by(right, decisions) == pytest.approx(share, abs=0.00005)


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
