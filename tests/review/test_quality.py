import pytest

from taxi_qa.review.quality import in_sample, kappa, reviewers
from taxi_qa.review.states import Event
from taxi_qa.values.clock import MS_PER_DAY

DAY = MS_PER_DAY


def history(*steps: tuple[str, str, str, int]) -> list[Event]:
    """Events from who, action, state reached, day."""
    events, state = [], ""
    for number, (who, action, to_state, day) in enumerate(steps, 1):
        role = "machine" if who == "machine" else "driver" if who == "D1" else "reviewer"
        events.append(Event(number, day * DAY, who, role, action, state, to_state, "", ""))  # type: ignore[arg-type]
        state = to_state
    return events


BEGUN = (("machine", "open", "detected", 0), ("machine", "queue", "queued", 0))
TAKEN_BACK = history(
    *BEGUN, ("Li", "propose", "proposed", 2), ("D1", "answer", "second_review", 5),
    ("Wang", "confirm", "confirmed", 9), ("D1", "appeal", "appealed", 10), ("Zhao", "uphold", "reversed", 11),
)  # fmt: skip
STANDS = history(
    *BEGUN, ("Li", "propose", "proposed", 4), ("D1", "answer", "second_review", 5),
    ("Zhao", "confirm", "confirmed", 6),
)  # fmt: skip
DISMISSED = history(*BEGUN, ("Li", "extend", "queued", 5), ("Li", "dismiss", "dismissed", 6))


def test_load_time_and_what_was_taken_back() -> None:
    told = reviewers({"a": TAKEN_BACK, "b": STANDS, "c": DISMISSED}, {})
    # Li: after 2, 4 and 6 days; both of his proposals were confirmed, one was taken back.
    assert (told["Li"].decisions, told["Li"].median_days) == (3, 4.0)
    assert (told["Li"].confirmed, told["Li"].reversed, told["Li"].reversal_rate) == (2, 1, 0.5)
    assert (told["Wang"].median_days, told["Wang"].reversal_rate) == (4.0, 1.0)
    # Zhao upheld an appeal after a day and confirmed after a day; nothing he confirmed was taken back.
    assert (told["Zhao"].decisions, told["Zhao"].reversal_rate) == (2, 0.0)
    assert set(told) == {"Li", "Wang", "Zhao"}


def test_kappa_by_hand() -> None:
    # 10 pairs, 7 agree. First: 6 propose, 4 dismiss; second: 5 and 5. Chance: .6*.5 + .4*.5 = .5.
    pairs = (
        [("propose", "propose")] * 4 + [("propose", "dismiss")] * 2
        + [("dismiss", "dismiss")] * 3 + [("dismiss", "propose")]
    )  # fmt: skip
    assert kappa(pairs) == pytest.approx((0.7 - 0.5) / 0.5)
    assert kappa([]) is None
    assert kappa([("propose", "propose")] * 3) is None
    assert kappa([("propose", "dismiss"), ("dismiss", "propose")]) == pytest.approx(-1.0)


def test_second_looks_count_for_who_looked_first() -> None:
    told = reviewers({"a": TAKEN_BACK, "c": DISMISSED}, {"a": ("Wu", "propose"), "c": ("Wu", "dismiss")})
    assert (told["Li"].looks, told["Li"].kappa) == (2, 1.0)
    assert (told["Wang"].looks, told["Wang"].kappa) == (0, None)


def test_the_sample_is_as_large_as_its_share_and_always_the_same() -> None:
    chosen = [in_sample(f"case {number}", 0.1) for number in range(10_000)]
    assert 900 < sum(chosen) < 1100  # 1000, and three times its spread of 30
    assert chosen == [in_sample(f"case {number}", 0.1) for number in range(10_000)]
    assert not any(in_sample(f"case {number}", 0.0) for number in range(100))
    assert all(in_sample(f"case {number}", 1.0) for number in range(100))
