"""What the case page says without any script."""

import re
from collections.abc import Callable
from typing import Any

from taxi_qa.law.read import read_law
from taxi_qa.reports.case_view import case_view
from taxi_qa.store import accounts
from tests.reports.case_stories import found, story
from tests.web.case_site import STATIC, page
from tests.web.conftest import City

LAW = read_law("guangzhou")


def _page(**more: Any) -> str:  # noqa: ANN401 - any field of the case
    english = more.pop("english", False)
    row = found(
        "fare.overcharge", measured=2450.0, allowed=2218.0, unit="fen",
        leans_on="fare.flagfall@2020-01-01;fare.flagfall_km@2020-01-01;house.fare.meter_step_m@2010-01-01",
        evidence={
            "due_low_fen": 2188, "due_high_fen": 2188, "step_fen": 30, "metered_m": 6390, "waiting_s": 87,
        },
    )  # fmt: skip
    return page(case_view(story(row, **more), LAW), english=english)


def test_sum_law_and_doubts_stand_in_the_page() -> None:
    text = _page()
    for words in (
        "¥8.82", "最多可收", "¥2.32", "起步价：¥12.00", "首3公里12元", "二手来源",
        "没有这些来源：影像、投诉", "内部设定的容差与门槛", "起步价 · 2020-01-01 起",
    ):  # fmt: skip
        assert words in text, words
    # Both numbers were read from the same words: these stand once.
    assert text.count("首3公里12元") == 1


def test_english_takes_what_the_data_say_in_english() -> None:
    text = _page(english=True)
    assert "most that may be taken" in text
    assert "secondary source" in text
    assert "最多可收" not in text


def test_a_case_that_lost_its_findings_is_a_page_too() -> None:
    known = story(found("fare.overcharge"))
    text = page(case_view(known.__class__(known.case, "dismissed", known.findings.iloc[:0], [], []), LAW))
    assert "相关发现均已撤回" in text


def test_nothing_in_the_page_or_the_scripts_needs_more_than_the_strict_policy() -> None:
    text = _page()
    assert not re.search(r"\son\w+=|\sstyle=|<style|<script(?![^>]*\ssrc=)", text)
    for script in STATIC.glob("*.js"):
        told = script.read_text(encoding="utf-8")
        assert not re.search(
            r"innerHTML|eval\(|new Function|setAttribute\(\"style\"|https?://(?!www\.w3\.org)", told
        ), script


def test_the_case_page_of_the_web_holds_track_sums_and_its_own_policy(city: City) -> None:
    client, case_id = city.client("reviewer"), city.cases["d1 told"]
    with client.get(f"/cases/{case_id}") as answer:
        text = answer.get_data(as_text=True)
        policy = answer.headers["Content-Security-Policy"]
    assert f'data-case-track="/cases/{case_id}/track.json"' in text
    assert "case_curves.js" in text
    assert "支持与疑点" in text
    assert "unsafe" not in policy
    with client.get(f"/cases/{case_id}/track.json") as answer:
        told = answer.get_json()
    assert told["case_id"] == case_id
    assert told["missing"][0]["zh"] == "此时段没有收到定位"


def test_tiles_are_named_to_the_page_and_to_its_policy(own_city: Callable[..., City]) -> None:
    tiles = "https://{s}.tiles.example/{z}/{x}/{y}.png"
    city = own_city(tiles=tiles, tiles_datum="gcj02", tiles_attribution="某图")
    client, case_id = city.client("reviewer"), city.cases["d1 told"]
    with client.get(f"/cases/{case_id}") as answer:
        assert f'data-tiles="{tiles}" data-tiles-attribution="某图"' in answer.get_data(as_text=True)
        assert "https://*.tiles.example" in answer.headers["Content-Security-Policy"]
    with client.get(f"/cases/{case_id}/track.json") as answer:
        assert answer.get_json()["datum"] == "gcj02"


def test_looking_at_a_track_is_written_down(own_city: Callable[..., City]) -> None:
    city = own_city()
    case_id = city.cases["d1 told"]
    before = accounts.access_log(city.home, subject=case_id, limit=1, offset=0)[1]
    with city.client("reviewer").get(f"/cases/{case_id}/track.json"):
        pass
    rows, total = accounts.access_log(city.home, subject=case_id, limit=1, offset=0)
    assert total == before + 1
    assert (rows["what"].iloc[0], rows["why"].iloc[0]) == ("track", "office")
