"""A rule says of a row what a person says who reads its words: on both sides of every limit."""

import random
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxi_qa.findings.finding import Outcome
from taxi_qa.rules.excuses import no_excuses
from taxi_qa.rules.kit import catalogue, judge
from taxi_qa.values.columns import columns_of
from tests.rules.plainly import TOLD
from tests.small_city import law_of, moment_ms

LAW = law_of("guangzhou")
ROWS = 1_500
_START_MS, _END_MS = moment_ms("10:00:00"), moment_ms("10:20:00")
# Seconds after the trip's begin, or before its end.
_NO_ACT = {"called": "", "gap_s": np.nan}
_SINCE = {"boarded_event_ms": (_START_MS, 1), "left_event_ms": (_END_MS, -1)}


def rows_of(name: str) -> list[dict[str, Any]]:
    """Rows in which every value is drawn from those of its column."""
    chance = random.Random(name)  # noqa: S311 - the same rows at every run
    made = []
    for number in range(ROWS):
        row = {column: chance.choice(values) for column, values in TOLD[name][1].items()}
        for column, (at_ms, way) in _SINCE.items():
            if column in row:
                row[column] = at_ms + way * row[column] * 1000
        if row.get("complaint_id"):
            # A complaint is no act that a machine saw.
            row |= {column: value for column, value in _NO_ACT.items() if column in row}
        made.append(
            {
                "subject": f"S{number}", "vehicle_id": "粤A1", "driver_id": "D1", "company_id": "C1",
                "trip_id": f"T{number}", "start_ms": _START_MS, "end_ms": _END_MS, "lon": np.nan,
                "lat": np.nan, "missing": "", **row,
            }
        )  # fmt: skip
    return made


def judged(name: str, rows: list[dict[str, Any]]) -> Outcome:
    """What the rule says; columns that only stand beside its answer are empty."""
    frame = pd.DataFrame(rows)
    while True:
        try:
            return judge(catalogue()[name], columns_of(frame), LAW, no_excuses())
        except KeyError as error:
            (name_of_it,) = error.args
            frame[name_of_it] = "" if name_of_it.endswith("leans_on") else np.nan


@pytest.mark.parametrize("name", TOLD)
def test_the_rule_says_what_its_words_say(name: str) -> None:
    say, rule = TOLD[name][0], catalogue()[name]
    rows = rows_of(name)
    outcome = judged(name, rows)
    missing = dict(zip(outcome.cannot_tell["trip_id"], outcome.cannot_tell["missing"], strict=True))
    found = {one.trip_id: one for one in outcome.found}
    answers = set()
    for row in rows:
        answer, measured, allowed, is_lead = say(row)
        answers.add(answer)
        one = found.get(row["trip_id"])
        got = "found" if one is not None else missing.get(row["trip_id"], "clean")
        assert got == answer, row
        if one is not None:
            assert (one.measured, one.allowed) == pytest.approx((measured, allowed), abs=0.000_51), row
            assert one.stage == ("trial" if is_lead and rule.stage == "stable" else rule.stage), row
    assert {"found", "clean"} <= answers, "the rows meet both answers"
