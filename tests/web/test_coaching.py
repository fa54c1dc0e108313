"""Whom to talk to next: only those above their fleet for certain, and why others were not compared."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from taxi_qa.runs.coaching import keep_coaching
from taxi_qa.store.case_links import case_of_finding
from taxi_qa.store.kept_lists import keep_standings
from taxi_qa.store.scope import Scope
from taxi_qa.store.standing import findings_that_stand
from tests.web.conftest import City, status_of, text_of
from tests.web.test_driver_index import row


@pytest.fixture
def coached(own_city: Callable[..., City]) -> City:
    """D1 above his fleet by two rules, not judged by a third; D2 above, of another company."""
    city = own_city()
    nothing: dict[str, Any] = dict.fromkeys(
        ("exposure", "rate", "low", "high", "fleet_rate", "excess"), float("nan")
    )
    findings = findings_that_stand(city.home)
    mine = findings[findings["driver_id"] == "D1"]["finding_id"].tolist()
    told = pd.DataFrame(
        [
            row("fare.overcharge", beside_fleet="above", excess=1.5, moved=";".join(mine)),
            row("driving.speeding", beside_fleet="above", excess=7.25),
            row("driving.detour", beside_fleet="alike", excess=9.0),
            row("driving.smoking", **nothing, findings=0.0, beside_fleet="", why_not="not_judged"),
            row("driving.phone", driver_id="D2", beside_fleet="above", excess=3.0),
        ]
    )
    keep_coaching(city.home, told, from_day=20_746, to_day=20_746, now_ms=city.clock())
    return city


def test_the_most_useful_talk_stands_first(coached: City) -> None:
    page = text_of(coached.client("m1"), "/coaching")
    assert page.index("+7.2") < page.index("+1.5")
    assert "+9.0" not in page, "an interval that is not wholly above the fleet's points at nobody"
    assert "D2" not in page


def test_what_moved_it_leads_to_the_cases(coached: City) -> None:
    page = text_of(coached.client("m1"), "/coaching?rule=fare.overcharge")
    assert coached.cases["d1 told"] in page
    assert coached.cases["d1 lead"] in page


def test_why_nobody_was_compared_is_said(coached: City) -> None:
    page = text_of(coached.client("m1"), "/coaching?why=not_judged")
    table = page[page.index("<tbody>") :]
    assert "车内吸烟" in table
    assert "没有数据可判，不等于没有问题" in table
    assert "+" not in table[: table.index("</tbody>")]


def test_the_file_holds_the_same_rows(coached: City) -> None:
    client = coached.client("m1")
    lines = text_of(client, "/coaching.csv").strip().splitlines()
    assert [line.split(",")[2] for line in lines[1:]] == ["driving.speeding", "fare.overcharge"]
    assert len(text_of(client, "/coaching.csv?beside=any").strip().splitlines()) == 5
    assert status_of(client, "/coaching.xlsx") == 200


def test_a_finding_of_somebody_else_leads_nowhere(coached: City) -> None:
    findings = findings_that_stand(coached.home)
    everyone = findings["finding_id"].tolist()
    assert len(case_of_finding(coached.home, Scope(whole_city=True), everyone)) == 4
    own = case_of_finding(coached.home, Scope(company_id="C1"), everyone)
    assert set(own.values()) == {coached.cases["d1 told"], coached.cases["d1 lead"]}
    assert case_of_finding(coached.home, Scope(), everyone) == {}


def test_an_unknown_filter_is_refused(coached: City) -> None:
    assert status_of(coached.client("m1"), "/coaching?beside=worst") == 400


def test_the_list_of_drivers_says_who_lies_above_and_who_was_not_compared(coached: City) -> None:
    mine = text_of(coached.client("m1"), "/drivers")
    assert "2 项高于车队" in mine
    lines = text_of(coached.client("reviewer"), "/drivers.csv").strip().splitlines()
    assert [line.split(",")[-2:] for line in lines[1:]] == [["2", "1"], ["1", "0"]]
    nothing = pd.DataFrame([row("driving.smoking", beside_fleet="", why_not="not_judged")])
    keep_coaching(coached.home, nothing, from_day=20_746, to_day=20_746, now_ms=coached.clock())
    assert "无从比较" in text_of(coached.client("m1"), "/drivers")
    lines = text_of(coached.client("reviewer"), "/drivers.csv").strip().splitlines()
    assert [line.split(",")[-2:] for line in lines[1:]] == [["", ""], ["", ""]]


def test_training_is_due_at_the_score_of_the_law(own_city: Callable[..., City]) -> None:
    city = own_city()
    client = city.client("m1")
    assert "D1" not in table_of(text_of(client, "/drivers?training=due"))
    standing = {
        "driver_id": "D1", "name": "驾驶员1", "company_id": "C1", "cycle": "2026", "assessed": True,
        "score": 3, "grade": "B", "deductions": -17, "bonus": 0, "observations": 0, "as_of_day": 20_746,
        "scored_ms": 1,
    }  # fmt: skip
    keep_standings(city.home, [standing, {**standing, "driver_id": "D3", "score": 4}])
    due = table_of(text_of(client, "/drivers?training=due"))
    assert "D1" in due
    assert "D3" not in due
    assert "须培训" in due


def table_of(page: str) -> str:
    """The rows of a list, "" where there are none."""
    return page[page.index("<tbody>") :] if "<tbody>" in page else ""
