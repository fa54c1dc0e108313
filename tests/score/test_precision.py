"""A rule's live label: shares, intervals and when it falls back."""

import pytest
from scipy import stats

from taxi_qa.score.precision import label


@pytest.mark.parametrize(
    ("confirmed", "reviewed", "has_fallen"),
    [
        (0, 0, False),
        (0, 19, False),  # nineteen say nothing yet
        (0, 20, True),
        (15, 20, True),  # 0.75
        (16, 20, False),  # 0.80 is the floor itself
        (20, 20, False),
        (79, 100, True),
        (80, 100, False),
    ],
)
def test_a_rule_falls_back_where_enough_were_reviewed_and_too_few_held(
    confirmed: int, reviewed: int, *, has_fallen: bool
) -> None:
    assert label("driving.speeding", confirmed, reviewed, floor=0.8, least=20).has_fallen is has_fallen


def test_the_interval_is_that_of_a_beta_with_half_a_finding_more_on_either_side() -> None:
    told = label("driving.speeding", 16, 20, floor=0.8, least=20)
    true = stats.beta(16.5, 4.5)
    assert [told.low, told.high] == pytest.approx([true.ppf(0.05), true.ppf(0.95)])


def test_the_ends_are_closed() -> None:
    none, every, nothing = (label("r", c, n, floor=0.8, least=20) for c, n in ((0, 5), (5, 5), (0, 0)))
    assert (none.low, every.high) == (0.0, 1.0)
    assert 0 < none.high < 1
    assert 0 < every.low < 1
    assert (nothing.share, nothing.low, nothing.high) == (None, 0.0, 1.0)
