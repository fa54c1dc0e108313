"""Service levels: three answers and "not examined", never an all clear where nothing was looked at."""

from collections.abc import Callable

import numpy as np
import pytest

from taxi_qa.findings.finding import UNJUDGED_COLUMNS, Finding, Outcome, finding_key
from taxi_qa.store.casebook import keep_all
from taxi_qa.store.home import writing
from taxi_qa.store.run_log import Job, RunHead, finish_run, start_run
from taxi_qa.store.said import said_of
from taxi_qa.values.clock import day_from_text, day_start_ms
from taxi_qa.values.columns import Columns
from tests.store.making import delivery, rows
from tests.web.conftest import City, text_of

MONTH = day_from_text("2026-09-01")


@pytest.fixture
def judged(own_city: Callable[..., City]) -> City:
    """September 2026: C1 answered late, C2 kept it; nobody could tell of C1's closing; nothing else asked."""
    city = own_city()
    begin = day_start_ms(MONTH, city.home.timezone)
    complaints = [
        {"complaint_id": f"k{n}", "received_ms": begin + n, "category": "other", "driver_id": f"D{n}"}
        for n in (1, 2)
    ]
    with writing(city.home), delivery(city.home, kind="complaints", sha256="complaints") as going_in:
        going_in.add_records("complaints", rows("complaints", *complaints))
        going_in.commit()
    late = Finding(
        finding_id=finding_key("sla.first_reply", 1, ["C1"]), rule="sla.first_reply", rule_version=1,
        clause="篇4", verdict="found", stage="stable", status="detected", vehicle_id="",
        driver_id="", company_id="C1", trip_id="",
        start_ms=begin, end_ms=begin + 1, lon=None, lat=None, measured=3.0, allowed=0.0, unit="count",
        sources="desk", evidence={"complaints": 4}, leans_on="",
    )  # fmt: skip
    told = dict.fromkeys(UNJUDGED_COLUMNS, "") | {"company_id": "C1", "missing": "complaints.closed_at"}
    columns = {
        name: np.array([begin], dtype=np.int64) if name.endswith("_ms") else np.array([value], dtype=object)
        for name, value in told.items()
    }
    nothing = {name: column[:0] for name, column in columns.items()}
    job = Job(MONTH, -1, "city-month")
    outcomes = [
        Outcome("sla.first_reply", 1, 2, (late,), Columns(nothing)),
        Outcome("sla.closing", 1, 2, (), Columns(columns)),
    ]
    start_run(
        city.home, RunHead("run-sla", MONTH, MONTH + 29, ("sla.first_reply", "sla.closing"), (), None, 1)
    )
    said = [said_of(one, {-1: one.examined}, lambda _: -1)[-1] for one in outcomes]
    keep_all(city.home, "run-sla", {job: said})
    finish_run(city.home, "run-sla", 2)
    return city


def row_of(page: str, title: str) -> str:
    """The row of a rule."""
    return next(part for part in page.split("<tr>") if title in part)


def test_each_answer_is_told_apart(judged: City) -> None:
    page = text_of(judged.client("m1"), "/sla?month=2026-09")
    reply = row_of(page, "投诉首次回复超时")
    assert "未达标" in reply
    assert reply.count("没有数据，未检查") == 3, "the three months before were never asked"
    assert "无法判断" in row_of(page, "投诉办结超期")
    assert "查过，未发现问题" not in page


def test_what_was_kept_is_said_to_be(judged: City) -> None:
    page = text_of(judged.client("m2"), "/sla?month=2026-09")
    assert "查过，未发现问题" in row_of(page, "投诉首次回复超时")
    assert "未达标" not in page


def test_examined_of_others_is_no_all_clear(judged: City) -> None:
    """Where a company had no complaint, that others were examined says nothing of it."""
    page = text_of(judged.client("m1"), "/sla?month=2026-10")
    assert "查过，未发现问题" not in page


def test_the_city_in_numbers(judged: City) -> None:
    page = text_of(judged.client("reviewer"), "/sla?month=2026-09")
    assert "检查 2，未达标 1，无法判断 0" in row_of(page, "投诉首次回复超时")
    assert "检查 2" not in text_of(judged.client("m1"), "/sla?month=2026-09"), "of others, for the city alone"
