"""A rule that people find wrong too often costs nobody anything until somebody counts it anew."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from taxi_qa.cli.findings import export_of
from taxi_qa.findings.case import Case
from taxi_qa.law.read import read_law
from taxi_qa.review.desk import Desk, stage_now
from taxi_qa.review.gather import gather
from taxi_qa.review.precision import count_anew, fallen, labels
from taxi_qa.review.states import RefusedError
from taxi_qa.store.desk import cases
from taxi_qa.store.home import Home
from taxi_qa.store.ledger import entries
from tests.review.desks import NOON, RULE, Hand, desk_of, found, refusal

LAW = read_law("zhongshan")
HOUR_MS = 3_600_000


def many(home: Home, count: int) -> tuple[Desk, list[Hand]]:
    """A desk with so many cases, each of another driver and car."""
    found(
        home,
        *(
            refusal(
                f"S{i}",
                vehicle_id=f"V{i}",
                driver_id=f"D{i}",
                trip_id=f"T{i}",
                start_ms=NOON + i,
                end_ms=NOON + i,
            )
            for i in range(count)
        ),
    )
    desk = desk_of(home)
    gather(desk, NOON, {})
    listed = cases(home).sort_values("start_ms")
    return desk, [Hand(desk, str(case_id), NOON) for case_id in listed["case_id"]]


def decided(hands: list[Hand], confirmed: int) -> None:
    for number, hand in enumerate(hands):
        if number < confirmed:
            hand("propose", "Li")
            hand("answer", f"D{number}")
            hand("confirm", "Wang")
        else:
            hand("dismiss", "Li", "position_drift")


def exported_stages(home: Home, folder: Path) -> set[str]:
    """What the export says its findings are."""
    export_of(home, str(folder / "findings.csv"))
    with (folder / "findings.csv").open(encoding="utf-8", newline="") as file:
        return {row["stage"] for row in csv.DictReader(file)}


def test_a_rule_too_often_wrong_falls_back_and_its_cases_cost_nothing(home: Home, tmp_path: Path) -> None:
    desk, hands = many(home, 22)
    decided(hands[:20], 13)
    told = labels(home, LAW)[RULE]
    assert (told.reviewed, told.confirmed, told.has_fallen) == (20, 13, True)
    assert fallen(home, LAW) == {RULE}
    late = hands[20].on(replace(desk, fallen=fallen(home, LAW)))
    with pytest.raises(RefusedError, match="they never cost points"):
        late("propose", "Li")
    assert len(entries(home)) == 13
    assert exported_stages(home, tmp_path) == {"trial"}
    # Counted anew it is stable again, and what was decided before says nothing any more.
    count_anew(home, RULE, NOON + HOUR_MS, "Zhao", "cause_mended", "new limits taken in")
    assert labels(home, LAW) == {}
    assert exported_stages(home, tmp_path) == {"stable"}
    again = hands[20].on(replace(desk, fallen=fallen(home, LAW)))
    again.at_ms = NOON + 2 * HOUR_MS
    again("propose", "Li")
    assert again.state == "proposed"


def test_one_more_that_holds_keeps_it(home: Home) -> None:
    _, hands = many(home, 20)
    decided(hands, 14)
    assert fallen(home, LAW) == frozenset()


def test_an_appeal_that_was_upheld_counts_against_the_rule_and_a_duplicate_for_nothing(home: Home) -> None:
    _, hands = many(home, 3)
    decided(hands[:1], 1)
    hands[0]("appeal", "D0")
    hands[0]("uphold", "Zhao")
    hands[1]("dismiss", "Li", "duplicate")
    told = labels(home, LAW)[RULE]
    assert (told.reviewed, told.confirmed) == (1, 0)


def test_nobody_counts_anew_without_a_name_a_reason_and_words(home: Home) -> None:
    for rule, actor, reason, note in (
        ("no.such", "Li", "cause_mended", "x"),
        (RULE, " ", "cause_mended", "x"),
        (RULE, "Li", "because", "x"),
        (RULE, "Li", "cause_mended", ""),
    ):
        with pytest.raises(RefusedError):
            count_anew(home, rule, NOON, actor, reason, note)


def test_a_joined_case_is_never_charged_under_a_rule_that_has_fallen() -> None:
    case = Case(
        "c", "fare.off_meter", ("fare.bargaining", "fare.off_meter"), ("f1", "f2"), "stable", "V1", "D1",
        "C1", "T1", NOON, NOON, ("gnss", "meter"), (), "fair",
    )  # fmt: skip
    assert stage_now(case, frozenset({"fare.off_meter"})) == "trial"
    assert stage_now(case, frozenset({"fare.bargaining"})) == "stable"
    assert stage_now(case, frozenset()) == "stable"
