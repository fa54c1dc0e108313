"""What came in is judged: the cars it touched, whole days in an hour, and nothing else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from taxi_qa.gateway.judge import Judged, judge_due, spans
from taxi_qa.runs.check import check
from taxi_qa.runs.hub_days import days_kept
from taxi_qa.store.casebook import tallies
from taxi_qa.store.home import Home, make_home
from taxi_qa.store.presence import last_delivery
from taxi_qa.store.run_log import runs
from taxi_qa.values.identity import bucket_of
from tests.gateway.test_settle import NOW_MS, body, frame, segment, settled

DAY = 20_376  # 2025-10-15
MINUTE_MS: Final = 60_000


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = make_home(tmp_path / "home", city="guangzhou")
    yield made
    made.engine.dispose()


def test_days_are_judged_once_and_again_when_records_come_late(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "terminals"
    assert judge_due(home, folder, now_ms=NOW_MS) == Judged()
    segment(folder, *(frame(0x0200, serial, body(serial * 10)) for serial in range(6)))
    settled(home, folder)
    first = judge_due(home, folder, now_ms=NOW_MS)
    assert (first.days, first.is_whole, first.jobs) == ((DAY,), True, first.of_jobs)
    assert days_kept(home) == [DAY]
    assert judge_due(home, folder, now_ms=NOW_MS) == Judged()
    segment(folder, frame(0x0203, 90, body(300)))
    settled(home, folder)
    late = judge_due(home, folder, now_ms=NOW_MS + MINUTE_MS)
    # One car's day; the city's day, its week and its month stand as the first round left them.
    assert (late.days, late.is_whole, late.jobs) == ((DAY,), False, 1)
    assert late.of_jobs == first.of_jobs > 1
    assert judge_due(home, folder, now_ms=NOW_MS + 2 * MINUTE_MS) == Judged()
    # Within the hour of the first round the whole city is left alone, then it is judged once.
    whole = judge_due(home, folder, now_ms=NOW_MS + 60 * MINUTE_MS)
    assert (whole.days, whole.is_whole) == ((DAY,), True)
    assert judge_due(home, folder, now_ms=NOW_MS + 120 * MINUTE_MS) == Judged()


def test_the_latest_run_tells_of_all_jobs_though_it_did_one(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "terminals"
    segment(folder, *(frame(0x0200, serial, body(serial * 10)) for serial in range(6)))
    settled(home, folder)
    judge_due(home, folder, now_ms=NOW_MS)
    before = tallies(home, str(runs(home)["run_id"].iloc[0]))
    segment(folder, frame(0x0203, 90, body(300)))
    settled(home, folder)
    judge_due(home, folder, now_ms=NOW_MS + MINUTE_MS)
    latest, first = runs(home)["run_id"].tolist()
    assert len(tallies(home, latest)) == len(before)
    # Of the first run only the job that was done anew is told still, as what it said then.
    mine = bucket_of("粤T12345", home.buckets)
    assert set(tallies(home, first)["bucket"]) == {mine}


def test_a_clock_set_back_makes_the_round_a_whole_one(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "terminals"
    segment(folder, frame(0x0200, 1, body(0)))
    settled(home, folder)
    assert judge_due(home, folder, now_ms=NOW_MS).is_whole
    segment(folder, frame(0x0200, 2, body(10)))
    settled(home, folder)
    assert judge_due(home, folder, now_ms=NOW_MS - MINUTE_MS).is_whole


def test_whole_days_may_be_asked_for_in_every_round(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "terminals"
    for serial in (1, 2):
        segment(folder, frame(0x0200, serial, body(serial * 10)))
        settled(home, folder)
        judged = judge_due(home, folder, now_ms=NOW_MS + serial * MINUTE_MS, whole_every_s=0)
        assert judged.is_whole


def test_a_law_read_anew_is_asked_of_every_car(home: Home, tmp_path: Path) -> None:
    """Another rule book judged in between: what it said is not carried over."""
    folder = tmp_path / "terminals"
    segment(folder, frame(0x0200, 1, body(0)))
    settled(home, folder)
    whole = judge_due(home, folder, now_ms=NOW_MS)
    assert check(home, now_ms=NOW_MS, rules=["driving.speeding"]) is not None
    segment(folder, frame(0x0200, 2, body(10)))
    settled(home, folder)
    again = judge_due(home, folder, now_ms=NOW_MS + MINUTE_MS)
    assert not again.is_whole
    assert again.jobs == 1 < whole.of_jobs


def test_a_mark_of_an_earlier_version_makes_the_first_round_a_whole_one(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "terminals"
    segment(folder, frame(0x0200, 1, body(0)))
    settled(home, folder)
    folder.mkdir(exist_ok=True)
    (folder / "judged.json").write_text(json.dumps({"delivery": last_delivery(home)}))
    assert judge_due(home, folder, now_ms=NOW_MS) == Judged()
    segment(folder, frame(0x0200, 2, body(10)))
    settled(home, folder)
    assert judge_due(home, folder, now_ms=NOW_MS).is_whole


def test_a_clock_of_2010_does_not_make_the_years_since_be_judged() -> None:
    assert spans([20_376, 14_610, 20_375, 20_376]) == [(14_610, 14_610), (20_375, 20_376)]
    assert spans([]) == []
