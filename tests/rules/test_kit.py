"""What the kit makes of verdicts, and what it refuses."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from taxi_qa.findings.finding import UNJUDGED_COLUMNS, Stage
from taxi_qa.findings.verdict import Verdict
from taxi_qa.law.parameter import Certainty, Cite, Law, Parameter, Version
from taxi_qa.rules.excuses import Excuses, no_excuses
from taxi_qa.rules.kit import Numbers, Rule, judge
from taxi_qa.values.columns import Columns, columns_of
from tests.small_city import moment_ms, table

Answers = Callable[[Columns, Mapping[str, Numbers]], Verdict]

_CITE: Final = Cite("an act", quote="words")
_LIMIT: Final = Parameter(
    "house.limit",
    "限",
    "limit",
    "s",
    "number",
    (
        Version(
            moment_ms("2026-01-01 00:00:00"),
            10.0,
            _CITE,
            Certainty.QUOTED,
            dt.date(2026, 1, 1),
            "house.limit@2026-01-01",
        ),
        Version(
            moment_ms("2026-10-20 12:00:00"),
            20.0,
            _CITE,
            Certainty.UNVERIFIED,
            dt.date(2026, 1, 1),
            "house.limit@2026-10-20",
        ),
    ),
)
LAW: Final = Law("somewhere", "某地", "Somewhere", "Asia/Shanghai", "CNY", {"house.limit": _LIMIT})


def rows(*seconds: float | None, at: str = "10:00:00") -> pd.DataFrame:
    n = len(seconds)
    start = np.full(n, moment_ms(at), dtype=np.int64)
    frame = pd.DataFrame({name: np.full(n, "", dtype=object) for name in UNJUDGED_COLUMNS})
    return frame.assign(
        subject=[f"S{i}" for i in range(n)],
        vehicle_id="粤A1",
        driver_id="D1",
        company_id="C1",
        start_ms=start,
        end_ms=start + 1000,
        lon=np.nan,
        lat=np.nan,
        seconds=np.array(seconds, dtype=np.float64),
    )


def too_long(units: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """Too long."""
    held = units["seconds"]
    limit = law["house.limit"]
    return Verdict(held > limit, held, limit, "s", evidence={"held_s": held})


RULE: Final = Rule(
    "test.too_long",
    "五",
    "过长",
    "trips",
    ("seconds",),
    ("house.limit",),
    ("gnss",),
    ("positions",),
    1,
    "stable",
    too_long,
)


def test_found_clean_and_cannot_tell_add_up() -> None:
    outcome = judge(RULE, columns_of(rows(5, 11, None, 12)), LAW, no_excuses())
    assert [finding.measured for finding in outcome.found] == [11.0, 12.0]
    assert [finding.allowed for finding in outcome.found] == [10.0, 10.0]
    assert outcome.clean == 1
    assert list(outcome.cannot_tell["subject"]) == ["S2"]
    assert list(outcome.cannot_tell["missing"]) == ["seconds"]
    assert list(outcome.cannot_tell.columns) == list(UNJUDGED_COLUMNS)


@pytest.mark.parametrize("held", [(), (1.0,), (1.0, 2.0, 3.0), (None,), (None, None)])
def test_nothing_found_is_nothing(held: tuple[float | None, ...]) -> None:
    outcome = judge(RULE, columns_of(rows(*held)), LAW, no_excuses())
    assert outcome.found == ()
    assert outcome.examined == len(held)
    assert outcome.clean == sum(value is not None for value in held)


def test_each_row_is_judged_by_the_law_of_its_own_moment() -> None:
    both = pd.concat([rows(15), rows(15, at="12:00:00").assign(subject="S9"), rows(25, at="12:00:00")])
    first, last = judge(RULE, columns_of(both), LAW, no_excuses()).found
    assert (first.allowed, first.leans_on, first.stage) == (10.0, "house.limit@2026-01-01", "stable")
    # An unverified number only makes leads.
    assert (last.allowed, last.leans_on, last.stage) == (20.0, "house.limit@2026-10-20", "trial")


def test_before_the_first_version_and_without_the_law_nobody_can_tell() -> None:
    early = rows(99).assign(start_ms=moment_ms("2025-12-31 23:59:59"))
    assert list(judge(RULE, columns_of(early), LAW, no_excuses()).cannot_tell["missing"]) == [
        "law house.limit"
    ]
    nowhere = replace(LAW, parameters={})
    assert list(judge(RULE, columns_of(rows(99)), nowhere, no_excuses()).cannot_tell["missing"]) == [
        "law house.limit"
    ]


def test_what_the_unit_lacks_comes_first() -> None:
    outcome = judge(RULE, columns_of(rows(99).assign(missing="positions")), LAW, no_excuses())
    assert list(outcome.cannot_tell["missing"]) == ["positions"]


def test_the_rows_handed_in_stay_as_they_were() -> None:
    given_rows = columns_of(rows(5, 11, None))
    before = given_rows.frame().copy(deep=True)
    judge(RULE, given_rows, LAW, no_excuses())
    assert_frame_equal(before, given_rows.frame())


def test_cannot_tell_wins_over_guilty_and_blameless_names_no_driver() -> None:
    def answer(units: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - asked as a rule is
        n = np.ones(len(units))
        return Verdict(
            n > 0,
            n,
            n * 0,
            "count",
            cannot_tell=np.array(["", "why", ""], dtype=object),
            blameless=np.array([True, False, False]),
            trial=np.array([False, False, True]),
            sources=np.array(["a", "b", "c"], dtype=object),
            leans_on=np.array(["x;w", "", "w"], dtype=object),
        )

    outcome = judge(replace(RULE, function=answer, law=()), columns_of(rows(1, 2, 3)), LAW, no_excuses())
    assert [one.driver_id for one in outcome.found] == ["", "D1"]
    assert [one.stage for one in outcome.found] == ["stable", "trial"]
    assert [one.sources for one in outcome.found] == ["a", "c"]
    assert [one.leans_on for one in outcome.found] == ["w;x", "w"]
    assert list(outcome.cannot_tell["missing"]) == ["why"]


def test_a_trial_or_index_rule_never_says_stable() -> None:
    stages: tuple[Stage, ...] = ("trial", "index")
    for stage in stages:
        outcome = judge(replace(RULE, stage=stage), columns_of(rows(99)), LAW, no_excuses())
        assert [one.stage for one in outcome.found] == [stage]


def _broken(**changes: Any) -> Answers:  # noqa: ANN401 - any wrong value
    return lambda units, law: replace(too_long(units, law), **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"guilty": np.array([True])}, "guilty has 1 rows, expected 3"),
        ({"measured": np.zeros(2)}, "measured has 2 rows"),
        ({"cannot_tell": np.array([""], dtype=object)}, "cannot_tell has 1 rows"),
        ({"unit": "miles"}, "units .*miles.* are not in"),
        ({"unit": np.array(["s", "s"], dtype=object)}, "unit has 2 rows"),
        ({"evidence": {"colour": np.arange(3)}}, "colour"),
        ({"evidence": {"held_s": np.array([1.0])}}, "evidence held_s has 1 rows, expected 3"),
    ],
)
def test_a_verdict_that_is_cut_or_speaks_strange_words_is_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        judge(replace(RULE, function=_broken(**changes)), columns_of(rows(1, 2, 30)), LAW, no_excuses())


def test_the_same_act_keeps_its_key_and_another_version_gives_another() -> None:
    (first,) = judge(RULE, columns_of(rows(99)), LAW, no_excuses()).found
    (again,) = judge(RULE, columns_of(rows(99)), LAW, no_excuses()).found
    (newer,) = judge(replace(RULE, version=2), columns_of(rows(99)), LAW, no_excuses()).found
    assert first == again
    assert first.finding_id != newer.finding_id


@given(st.lists(st.one_of(st.none(), st.floats(0, 40)), max_size=30))
def test_the_vector_is_the_loop(held: list[float | None]) -> None:
    outcome = judge(RULE, columns_of(rows(*held)), LAW, no_excuses())
    found, open_rows = [], []
    for number, value in enumerate(held):
        if value is None:
            open_rows.append(f"S{number}")
        elif value > 10:
            found.append(round(value, 3))
    assert [finding.measured for finding in outcome.found] == found
    assert list(outcome.cannot_tell["subject"]) == open_rows
    assert outcome.clean == len(held) - len(found) - len(open_rows)


EXCUSE: Final = {
    "excuse_id": "E1",
    "scope": "city",
    "from": "09:00:00",
    "to": "10:00:00",
    "cause": "other",
    "approved_by": "A",
}


@pytest.mark.parametrize(
    ("changes", "covers"),
    [
        ({}, True),
        ({"to": "09:59:59"}, False),
        ({"from": "10:00:00", "to": "11:00:00"}, True),
        ({"from": "10:00:01", "to": "11:00:00"}, False),
        ({"scope": "vehicle", "scope_id": "粤A1"}, True),
        ({"scope": "vehicle", "scope_id": "粤A2"}, False),
        ({"scope": "company", "scope_id": "C1"}, True),
        ({"scope": "company", "scope_id": "C2"}, False),
        ({"scope": "zone", "scope_id": "Z1"}, False),  # nobody knows where the act was
        ({"rules": "test.too_long;fare.overcharge"}, True),
        ({"rules": "fare.overcharge"}, False),
    ],
)
def test_what_an_excuse_covers(changes: dict[str, str], covers: bool) -> None:
    excuses = Excuses(table("excuses", [EXCUSE | changes]), {})
    (finding,) = judge(RULE, columns_of(rows(99)), LAW, excuses).found
    assert finding.status == ("excused" if covers else "detected")
    assert finding.evidence.get("excuse_ids") == ("E1" if covers else None)


def test_an_excuse_nobody_approved_is_told_and_excuses_nothing() -> None:
    excuses = Excuses(
        table("excuses", [EXCUSE | {"approved_by": None}, EXCUSE | {"excuse_id": "E2", "approved_by": None}]),
        {},
    )
    (finding,) = judge(RULE, columns_of(rows(99)), LAW, excuses).found
    assert finding.status == "detected"
    assert finding.evidence["excuse_unapproved"] == "E1;E2"


def test_an_excuse_of_a_zone_covers_what_happened_in_it() -> None:
    import shapely  # noqa: PLC0415 - only here

    excuses = Excuses(
        table("excuses", [EXCUSE | {"scope": "zone", "scope_id": "Z1"}]),
        {"Z1": shapely.box(113, 23, 114, 24)},
    )
    inside, outside = rows(99, 99).assign(lon=[113.5, 114.5], lat=23.5).pipe(judge_with, excuses)
    assert (inside, outside) == ("excused", "detected")


def judge_with(units: pd.DataFrame, excuses: Excuses) -> list[str]:
    return [finding.status for finding in judge(RULE, columns_of(units), LAW, excuses).found]
