"""Whatever happened and in whatever order: sums, bounds, reversals, grades."""

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.score.entry import Entry
from taxi_qa.score.standing import CityCount, Standing
from taxi_qa.values.clock import date_of
from tests.score.books import day, entry, reversal
from tests.score.laws import READ

COUNTS = {year: CityCount(READ, day("2026-12-31"), day(f"{year}-12-31")) for year in (2025, 2026)}
FIRST, LAST = day("2025-01-01"), day("2026-12-31")
LADDER = ["B", "A", "AA", "AAA"]


class Act(NamedTuple):
    points: int
    act_day: int
    decided_after: int
    taken_back: bool


ACTS = st.lists(
    st.builds(
        Act,
        st.sampled_from([-20, -10, -5, -3, -1, 0, 1, 3, 5]),
        st.integers(FIRST, LAST - 40),
        st.integers(0, 40),
        st.booleans(),
    ),
    max_size=12,
)


def written(acts: list[Act], *, all_back: bool = False) -> list[dict[str, object]]:
    """The lines of a ledger in the order of the acts given, each reversal behind them."""
    lines = [
        entry(i + 1, act.points, text(act.act_day), text(act.act_day + act.decided_after))
        for i, act in enumerate(acts)
    ]
    back = [line for line, act in zip(lines, acts, strict=True) if all_back or act.taken_back]
    return [*lines, *(reversal(len(lines) + i + 1, line, text(LAST)) for i, line in enumerate(back))]


def text(number: int) -> str:
    return date_of(number).isoformat()


def of(lines: list[dict[str, object]], year: int) -> Standing:
    entries = [Entry._make(line[name] for name in Entry._fields) for line in lines]
    return COUNTS[year].registered("D1", "C1", day("2010-03-01"), None, entries)


@given(ACTS, st.sampled_from([2025, 2026]))
@settings(max_examples=500)
def test_the_score_is_the_base_and_the_entries_within_bounds(acts: list[Act], year: int) -> None:
    found = of(written(acts), year)
    # The same sum by a plain loop over the acts.
    won = lost = 0
    for act in acts:
        if date_of(act.act_day).year == year and not act.taken_back:
            won += max(act.points, 0)
            lost += min(act.points, 0)
    assert (found.bonus, found.deductions) == (min(won, 10), lost)
    assert found.score == max(0, min(30, 20 + min(won, 10) + lost))
    counting = [line.entry.points for line in found.lines if line.status in ("counts", "over_cap")]
    assert sum(counting) == won + lost
    assert (found.grade == "AAA") == (not found.ways)


@given(ACTS)
@settings(max_examples=500)
def test_taking_everything_back_restores_the_base(acts: list[Act]) -> None:
    lines = written(acts, all_back=True)
    for year in (2025, 2026):
        found = of(lines, year)
        assert (found.score, found.grade, found.bonus, found.deductions) == (20, "AAA", 0, 0)
        assert (found.training_due_day, found.bad_record, found.moved) == (None, (), ())


@given(ACTS, st.randoms(use_true_random=False))
@settings(max_examples=500)
def test_the_order_of_decisions_changes_no_score(acts: list[Act], chance: object) -> None:
    mixed = list(acts)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    for year in (2025, 2026):
        one, other = of(written(acts), year), of(written(mixed), year)
        assert (one.score, one.grade, one.bonus, one.deductions) == (
            other.score, other.grade, other.bonus, other.deductions,
        )  # fmt: skip


@given(ACTS, st.sampled_from([-20, -10, -5, -3, -1]))
@settings(max_examples=500)
def test_one_offence_more_never_betters_a_grade(acts: list[Act], points: int) -> None:
    more = [*acts, Act(points, LAST - 40, 0, taken_back=False)]
    one, other = of(written(acts), 2026), of(written(more), 2026)
    assert other.score <= one.score
    assert LADDER.index(other.grade) <= LADDER.index(one.grade)


@given(ACTS)
@settings(max_examples=200)
def test_an_appeal_restores_exactly_what_it_cost(acts: list[Act]) -> None:
    """With a case taken back the standing is as if it had never been decided."""
    kept = [act for act in acts if not act.taken_back]
    for year in (2025, 2026):
        one, other = of(written(acts), year), of(written(kept), year)
        assert (one.score, one.grade, one.training_due_day, one.bad_record, len(one.ways)) == (
            other.score, other.grade, other.training_due_day, other.bad_record, len(other.ways),
        )  # fmt: skip


@given(ACTS)
@settings(max_examples=200)
def test_the_ways_lead_where_they_say(acts: list[Act]) -> None:
    lines = written(acts)
    found = of(lines, 2026)
    for way in found.ways:
        if way.kind == "appeal":
            costs = [
                line for line in lines if line["entry_id"] in way.entry_ids and line["kind"] != "reversal"
            ]
            back = [reversal(1000 + i, line, text(LAST)) for i, line in enumerate(costs)]
            assert LADDER.index(of([*lines, *back], 2026).grade) >= LADDER.index(way.grade)
        if way.kind == "bonus":
            worth = int(READ[way.item].versions[-1].value)  # type: ignore[arg-type]
            deeds = [entry(1000 + i, worth, text(LAST)) for i in range(way.times)]
            assert LADDER.index(of([*lines, *deeds], 2026).grade) >= LADDER.index(way.grade)
