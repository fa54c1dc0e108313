"""Points and grades of two rule books, from findings written by hand."""

from dataclasses import replace

import pandas as pd

from taxi_qa.law.parameter import Bands, Certainty, Law, Version
from taxi_qa.law.read import read_law
from taxi_qa.reports.rehearsal import Rehearsal, rehearsal
from taxi_qa.runs.compare import Compared, Judged, differences
from tests.runs.test_compare import EMPTY, findings
from tests.score.books import day, register

LAW = read_law("guangzhou")
FROM, TO = day("2026-06-01"), day("2026-06-30")
# 2026-06-10 12:00 in the city.
NOON = 1_781_064_000_000
DRIVERS = register(("D1", "C1", "2010-03-01", None), ("D2", "C2", "2010-03-01", None))


def with_value(law: Law, path: str, value: object) -> Law:
    """The law with another value, quoted, in all versions of a path."""
    versions = tuple(_quoted(version, value) for version in law[path].versions)
    return replace(law, parameters={**law.parameters, path: replace(law[path], versions=versions)})


def _quoted(version: Version, value: object) -> Version:
    return replace(version, value=value, certainty=Certainty.QUOTED, unknown=False)  # type: ignore[arg-type]


def told(old: tuple[Law, pd.DataFrame], new: tuple[Law, pd.DataFrame]) -> Rehearsal:
    tallies = pd.DataFrame({"rule": ["service.refusal"], "cannot_tell": [0]})
    before, after = (Judged(law, found, tallies) for law, found in (old, new))
    compared = Compared(FROM, TO, before, after, differences(before.findings, after.findings))
    return rehearsal(compared, DRIVERS)


def refusals(*drivers: str, stage: str = "stable", status: str = "detected") -> pd.DataFrame:
    return findings(
        *(
            {
                "finding_id": f"f{number}", "rule": "service.refusal", "driver_id": driver, "stage": stage,
                "status": status, "start_ms": NOON + number * 3_600_000,
                "end_ms": NOON + number * 3_600_000 + 1,
                "vehicle_id": f"V{number}", "company_id": "C1", "trip_id": f"t{number}",
            }
            for number, driver in enumerate(drivers)
        )
    )  # fmt: skip


TEN = with_value(LAW, "credit.items.refusal", -10.0)
FIVE = with_value(LAW, "credit.items.refusal", -5.0)


def test_more_findings_cost_points_and_a_grade() -> None:
    # 20 - 10 = 10 is an A; the second refusal: 20 - 20 = 0, a B. D2 stands as before.
    found = told((TEN, refusals("D1")), (TEN, refusals("D1", "D1")))
    assert found.drivers.to_dict("records") == [
        {
            "driver_id": "D1", "company_id": "C1", "new": 1, "gone": 0, "changed": 0, "by_day": 1,
            "by_night": 0, "points_old": -10, "points_new": -20, "grade_old": "A", "grade_new": "B",
        }
    ]  # fmt: skip
    assert found.groups.to_dict("records") == [
        {"company_id": "C1", "time": "day", "new": 1, "gone": 0, "changed": 0, "drivers": 1}
    ]


def test_other_points_concern_those_who_were_found() -> None:
    same = refusals("D1", "D2", "D2")
    found = told((TEN, same), (FIVE, same))
    assert len(found.changes) == 0
    rows = {row["driver_id"]: row for row in found.drivers.to_dict("records")}
    # One of five: 15, AA instead of A; two of five: 10, an A instead of a B.
    assert {name: (row["points_new"], row["grade_old"], row["grade_new"]) for name, row in rows.items()} == {
        "D1": (-5, "A", "AA"),
        "D2": (-10, "B", "A"),
    }


def test_another_ladder_concerns_those_whose_grade_it_changes() -> None:
    ladder = with_value(TEN, "credit.grades", Bands((0.0, 4.0, 10.0, 20.0), ("B", "A", "AA", "AAA")))
    same = refusals("D1")
    found = told((TEN, same), (ladder, same))
    assert [
        (row["driver_id"], row["grade_old"], row["grade_new"]) for row in found.drivers.to_dict("records")
    ] == [("D1", "A", "AA")]


def test_leads_and_excused_acts_cost_nothing_by_either_book() -> None:
    for kind in ({"stage": "trial"}, {"status": "excused"}):
        found = told((TEN, EMPTY), (TEN, refusals("D1", **kind)))
        (row,) = found.drivers.to_dict("records")
        assert (row["new"], row["points_new"], row["grade_new"]) == (1, 0, "AAA")


def test_what_the_law_does_not_quote_costs_nothing() -> None:
    found = told((LAW, EMPTY), (LAW, refusals("D1")))
    (row,) = found.drivers.to_dict("records")
    assert (row["new"], row["points_new"], row["grade_old"], row["grade_new"]) == (1, 0, "AAA", "AAA")


def test_an_act_at_night_is_told_so() -> None:
    late = refusals("D1").assign(start_ms=NOON + 12 * 3_600_000, end_ms=NOON + 12 * 3_600_000 + 1)
    late = late.astype({"start_ms": "Int64", "end_ms": "Int64"})
    found = told((TEN, EMPTY), (TEN, late))
    assert [(row["by_day"], row["by_night"]) for row in found.drivers.to_dict("records")] == [(0, 1)]
