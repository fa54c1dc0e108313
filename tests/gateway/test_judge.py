"""What came in is judged: the days it touched, again when records come late, and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from taxi_qa.gateway.judge import judge_due, spans
from taxi_qa.runs.hub_days import days_kept
from taxi_qa.store.home import Home, make_home
from tests.gateway.test_settle import NOW_MS, body, frame, segment, settled

DAY = 20_376  # 2025-10-15


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = make_home(tmp_path / "home", city="guangzhou")
    yield made
    made.engine.dispose()


def test_days_are_judged_once_and_again_when_records_come_late(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "terminals"
    assert judge_due(home, folder, now_ms=NOW_MS) == []
    segment(folder, *(frame(0x0200, serial, body(serial * 10)) for serial in range(6)))
    settled(home, folder)
    assert judge_due(home, folder, now_ms=NOW_MS) == [DAY]
    assert days_kept(home) == [DAY]
    assert judge_due(home, folder, now_ms=NOW_MS) == []
    segment(folder, frame(0x0203, 90, body(300)))
    settled(home, folder)
    assert judge_due(home, folder, now_ms=NOW_MS + 60_000) == [DAY]


def test_a_clock_of_2010_does_not_make_the_years_since_be_judged() -> None:
    assert spans([20_376, 14_610, 20_375, 20_376]) == [(14_610, 14_610), (20_375, 20_376)]
    assert spans([]) == []
