"""Keys that last, and three answers that add up by construction."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from taxi_qa.findings.evidence import FIELDS, UNITS
from taxi_qa.findings.finding import UNJUDGED_COLUMNS, Finding, Outcome, finding_key
from taxi_qa.values.columns import columns_of

parts = st.lists(
    st.text(min_size=1, max_size=8).filter(lambda text: "\x1f" not in text), min_size=1, max_size=3
)


def test_a_key_is_the_same_for_ever() -> None:
    # sha256 of "fare.overcharge\x1f1\x1fT1", the first 24 hex digits
    assert finding_key("fare.overcharge", 1, ["T1"]) == "ee8c3aa49c14953b0a7572c8"


@given(parts, parts)
def test_another_act_has_another_key(one: list[str], other: list[str]) -> None:
    assert (finding_key("r", 1, one) == finding_key("r", 1, other)) == (one == other)


@given(st.integers(1, 99), st.integers(1, 99))
def test_another_version_has_another_key(one: int, other: int) -> None:
    assert (finding_key("r", one, ["S"]) == finding_key("r", other, ["S"])) == (one == other)


def test_clean_is_what_is_left() -> None:
    finding = Finding(
        "k",
        "r",
        "六.5",
        "found",
        "stable",
        "detected",
        "V",
        "D",
        "C",
        "T",
        0,
        1,
        None,
        None,
        1.0,
        0.0,
        "s",
        "meter",
        "",
        1,
    )
    unjudged = pd.DataFrame([["S", "V", "", "", "", 0, 1, "why"]] * 2, columns=list(UNJUDGED_COLUMNS))
    assert Outcome("r", 1, 9, (finding,), columns_of(unjudged)).clean == 6


def test_every_field_is_in_a_unit_that_is_named() -> None:
    times = {"", "ms", "day"}
    assert {field.unit for field in FIELDS.values()} <= set(UNITS) | times
