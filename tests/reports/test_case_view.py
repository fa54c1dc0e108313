import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from taxi_qa.law.read import read_law
from taxi_qa.reports.amounts import Said
from taxi_qa.reports.case_view import CaseView, case_view
from taxi_qa.reports.case_words import STATES, STEPS, reason_said
from taxi_qa.reports.sums import Found, found_of, steps_of, whole_fen
from taxi_qa.review.states import MACHINE_REASONS, REASONS
from taxi_qa.rules.kit import catalogue
from tests.reports.case_stories import found, story
from tests.small_city import moment_ms

LAW = read_law("guangzhou")
# By the tariff of Guangzhou: 12.00 for 3 km, 2.60 a further km, 44.00 an hour of waiting.
FARE: dict[str, Any] = {
    "measured": 2450.0, "allowed": 2218.0, "unit": "fen",
    "leans_on": "fare.flagfall@2020-01-01;fare.per_km@2020-01-01;house.fare.meter_step_m@2010-01-01",
    "evidence": {
        "fare_fen": 2450, "due_low_fen": 2188, "due_high_fen": 2188, "step_fen": 30, "metered_m": 6390,
        "waiting_s": 87, "rate_code": "day",
    },
}  # fmt: skip
SPEED: dict[str, Any] = {
    "measured": 78.5, "allowed": 60.0, "unit": "km/h", "sources": "gnss+map",
    "evidence": {"held_s": 46, "fixes": 4, "top_kmh": 80.1},
}  # fmt: skip
DETOUR: dict[str, Any] = {
    "measured": 12_617.4, "allowed": 8_584.2, "unit": "m", "sources": "gnss+map", "stage": "trial",
    "evidence": {"reference_m": 7_153.5, "route": "LINESTRING (113.2 23.1, 113.3 23.1)"},
}  # fmt: skip


def _sum(rule: str, **row: Any) -> list[tuple[str, str, str]]:  # noqa: ANN401 - any column
    steps = steps_of(found_of(found(rule, **row), LAW))
    return [(step.mark, step.value.zh, step.basis) for step in steps]


def test_every_yuan_of_a_fare_is_named_and_adds_up() -> None:
    assert _sum("fare.overcharge", **FARE) == [
        ("", "¥12.00", "fare.flagfall@2020-01-01"),
        # 6.39 km less the 3 km of the flag-fall, at 2.60: 8.814; 87 s at 44 an hour: 1.063. Together with
        # the flag-fall 21.877, so one part is rounded up for the sum to come out.
        ("+", "¥8.82", "fare.per_km@2020-01-01"),
        ("+", "¥1.06", "fare.waiting.per_h@2020-01-01"),
        ("=", "¥21.88", ""),
        ("+", "¥0.30", ""),
        ("=", "¥22.18", ""),
        ("", "¥24.50", ""),
        ("−", "¥22.18", ""),
        ("=", "¥2.32", ""),
    ]


def test_parts_that_do_not_come_out_are_left_out() -> None:
    other = {**FARE, "evidence": {**FARE["evidence"], "metered_m": 9000}}
    assert [value for _, value, _ in _sum("fare.overcharge", **other)] == [
        "¥21.88", "¥0.30", "¥22.18", "¥24.50", "¥22.18", "¥2.32",
    ]  # fmt: skip
    # Nor does the limit come out of these: only what the finding itself holds is told.
    odd = {**FARE, "allowed": 2300.0}
    assert [value for _, value, _ in _sum("fare.overcharge", **odd)] == ["¥24.50", "¥23.00", "¥1.50"]


def test_a_fare_and_its_surcharges_are_summed_where_they_were_judged_together() -> None:
    both = {
        **FARE, "measured": 2750.0, "allowed": 2318.0,
        "evidence": {**FARE["evidence"], "surcharge_fen": 300, "surcharge_high_fen": 100},
    }  # fmt: skip
    values = [value for _, value, _ in _sum("fare.overcharge", **both)]
    assert values[4:7] == ["¥0.30", "¥1.00", "¥23.18"]


@pytest.mark.parametrize(
    ("parts", "total", "whole"),
    [([1200.0, 881.4, 106.33], 2188, [1200, 882, 106]), ([0.5, 0.5], 1, [1, 0]), ([], 0, [])],
)
def test_whole_fen_add_up(parts: list[float], total: int, whole: list[int]) -> None:
    assert whole_fen(parts, total) == whole
    assert sum(whole) == total


def test_a_speed_is_held_against_both_margins_and_the_least_that_counts() -> None:
    assert _sum("driving.speeding", **SPEED) == [
        ("", "60 km/h", ""),
        ("×", "66 km/h", "house.driving.speeding_ratio@2010-01-01"),
        ("+", "66 km/h", "house.driving.speeding_kmh@2010-01-01"),
        ("=", "66 km/h", ""),
        ("", "46 秒", ""),
        ("≥", "15 秒", "house.driving.speeding_s@2010-01-01"),
        ("", "4", ""),
        ("≥", "3", "house.driving.speeding_fixes@2010-01-01"),
        ("", "78.5 km/h", ""),
        ("−", "60 km/h", ""),
        ("=", "18.5 km/h", ""),
    ]


def test_a_detour_is_told_in_metres_whose_difference_comes_out() -> None:
    assert _sum("driving.detour", **DETOUR) == [
        ("", "7,154 m", ""),
        ("×", "8,584 m", "house.driving.detour_ratio@2010-01-01"),
        ("+", "8,154 m", "house.driving.detour_m@2010-01-01"),
        ("=", "8,584 m", ""),
        ("", "12,617 m", ""),
        ("−", "8,584 m", ""),
        ("=", "4,033 m", ""),
    ]
    assert len(_sum("driving.detour", **{**DETOUR, "allowed": 9_999.0})) == 3


def test_a_number_of_law_that_is_the_limit_is_named() -> None:
    meter = {"measured": 300.0, "allowed": 120.0, "unit": "s"}
    least = found_of(found("fare.late_meter", **meter), LAW)
    numbers = {path: least.of_law(path) for path in catalogue()["fare.late_meter"].law}
    alike = [name for value, name in numbers.values() if value == 120.0]
    basis = steps_of(least)[1].basis
    assert basis == (alike[0] if len(alike) == 1 else "")
    assert steps_of(Found("record.x", "", 0, 0, None, None, {}, LAW)) == ()


def _view(*rows: dict[str, Any], **more: Any) -> CaseView:  # noqa: ANN401 - any field
    return case_view(story(*rows, **more), LAW)


def test_a_case_is_told_with_law_quoted_and_nothing_json_cannot_hold() -> None:
    view = _view(found("fare.overcharge", **FARE))
    told = json.loads(json.dumps(asdict(view)))
    assert (told["clause"], told["state"]["zh"], told["start_text"]) == (
        "六.5",
        "待初审",
        "2025-10-13 13:50:25",
    )
    [one] = view.findings
    # Law before house; each with its words and how sure they are.
    assert [cite.name for cite in one.citations] == [
        "fare.flagfall@2020-01-01", "fare.per_km@2020-01-01", "house.fare.meter_step_m@2010-01-01",
    ]  # fmt: skip
    assert "12元" in one.citations[0].quote
    assert one.citations[0].certainty.zh
    assert {line.label.zh: line.value.zh for line in one.evidence}["计价器里程"] == "6.39 km"
    assert "no tariff in force" in one.cannot_tell.en
    assert "没有有效的运价" in one.cannot_tell.zh
    assert one.looks_like.en.startswith("a slow ride")
    assert one.about.en.startswith("The fare on the meter is above the tariff")


def test_the_reference_route_is_drawn_and_not_read_out() -> None:
    [one] = _view(found("driving.detour", **DETOUR)).findings
    assert "LINESTRING" not in repr(one.evidence)


def test_what_speaks_against_is_told_as_openly_as_what_speaks_for() -> None:
    angry = {"at_ms": moment_ms("18:00:00"), "kind": "answer", "accepts": False, "reason": "police_order",
             "text": "交警让走的", "files": [{"name": "单据.pdf", "sha256": "ab"}]}  # fmt: skip
    view = _view(
        found("driving.detour", **DETOUR), stage="trial", driver_id="", sources=("gnss",), answers=[angry]
    )
    doubts = [said.zh for said in view.doubts]
    assert doubts == [
        "试行线索：不能扣分", "没有这些来源：影像、投诉", "无法确定驾驶员", "只有单一来源",
        "驾驶员：交警指挥",
    ]  # fmt: skip
    assert view.answers[0].files == (("单据.pdf", "ab"),)
    assert [said.zh for said in view.supports] == [
        "绕路行驶：实测 / 允许 12,617 m / 8,584 m（卫星定位 + 地图）"
    ]
    fallen = replace(
        story(found("driving.detour", **DETOUR)), is_lead=True, leads=(Said("该规则已退回试行"),)
    )
    gone = case_view(fallen, LAW)
    assert gone.is_lead, "its rule has fallen back to trial since"
    assert [said.zh for said in gone.doubts][:2] == ["试行线索：不能扣分", "该规则已退回试行"]


def test_agreeing_sources_and_an_admission_speak_for_it() -> None:
    answer = {"at_ms": 0, "kind": "answer", "accepts": True, "reason": "admitted", "text": "", "files": []}
    view = _view(found("fare.overcharge", **FARE), sources=("gnss", "meter"), missing=(), answers=[answer],
                 sufficiency="fair")  # fmt: skip
    assert [said.zh for said in view.supports][1:] == [
        "2 类独立来源相互印证：定位、计价器", "驾驶员认可",
    ]  # fmt: skip
    assert view.doubts == ()


def test_history_says_who_did_what_and_why_in_both_languages() -> None:
    events = [
        {"at_ms": moment_ms("18:00:00"), "actor": "machine", "role": "machine", "action": "open",
         "to_state": "detected", "reason": "found", "note": None},
        {"at_ms": moment_ms("19:00:00"), "actor": "Li", "role": "reviewer", "action": "propose",
         "to_state": "proposed", "reason": "evidence_holds", "note": "见票"},
    ]  # fmt: skip
    first, second = _view(found("fare.overcharge", **FARE), events=events).history
    assert (first.is_machine, first.who.zh, first.step.zh, first.reason.en) == (
        True, "系统", "立案", "found by the system",
    )  # fmt: skip
    assert (second.is_machine, second.who.zh, second.state.en, second.note) == (
        False, "Li", "proposed", "见票",
    )  # fmt: skip
    assert second.at_text.endswith(" 19:00")


def test_every_state_step_and_reason_has_words() -> None:
    for reason in (*REASONS, *MACHINE_REASONS):
        said = reason_said(reason)
        assert said.en, reason
        assert said.zh != reason
    assert all(said.en for said in (*STATES.values(), *STEPS.values()))
