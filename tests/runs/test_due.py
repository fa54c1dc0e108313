"""Only what is due is judged anew: the rest stands as it was, and all of it is what a whole run says."""

from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from taxi_qa.ingest.take import take
from taxi_qa.runs.check import check
from taxi_qa.runs.jobs import DAY
from taxi_qa.store import casebook, library
from taxi_qa.store.home import Home, make_home
from taxi_qa.store.presence import delivered, last_delivery
from taxi_qa.values.identity import bucket_of
from tests.runs.conftest import NOW_MS, Judged, counted, said

# Kinds whose rows name a car and that reach the home after the others.
LATE = ("events", "trips", "orders")


@pytest.fixture
def arrived_late(fleet: Path, tmp_path: Path) -> tuple[Home, Path, str]:
    """A home judged without some records of one car, a folder that holds them, and the car."""
    first, late = tmp_path / "first", tmp_path / "late"
    first.mkdir()
    late.mkdir()
    car = ""
    for path in sorted((fleet / "files").iterdir()):
        kind = path.name.split(".")[0].split("-")[0]
        if kind not in LATE:
            (first / path.name).symlink_to(path)
            continue
        rows = pd.read_csv(path, dtype=str)
        car = car or str(rows["vehicle_id"].dropna().iloc[0])
        held = rows["vehicle_id"] == car
        rows[~held].to_csv(first / path.name, index=False)
        rows[held].to_csv(late / path.name, index=False)
    home = make_home(tmp_path / "home", city="guangzhou", buckets=3)
    take(home, [first], now_ms=NOW_MS, workers=1)
    return home, late, car


def touched(home: Home, since: int) -> set[tuple[int, int]]:
    return {(day, at) for (_, day, at), by in delivered(home, 0, 100_000).items() if by > since}


def test_late_records_of_one_car_are_judged_with_its_bucket_alone(
    arrived_late: tuple[Home, Path, str], undisturbed: Judged
) -> None:
    home, late, car = arrived_late
    before = check(home, now_ms=NOW_MS)
    assert before is not None
    since = last_delivery(home)
    take(home, [late], now_ms=NOW_MS, workers=1)
    due = touched(home, since)
    assert {bucket for _, bucket in due} == {bucket_of(car, home.buckets)}
    run = check(home, now_ms=NOW_MS + 1, due=due)
    assert run is not None
    held = {place for place in due if place in library.partitions(home, 0, 100_000)}
    assert (run.done_now, run.jobs) == (len(held), before.jobs)
    # Its own days say what a run of everything says; so do those of the cars nothing touched.
    tallies, whole = counted(home, run.run_id), undisturbed.counted
    assert_frame_equal(
        tallies[tallies["scope"] == DAY].reset_index(drop=True),
        whole[whole["scope"] == DAY].reset_index(drop=True),
    )
    # The same run asked for without a limit does what was left: then all is as if all had come at once.
    rest = check(home, now_ms=NOW_MS + 2, again=True)
    assert rest is not None
    assert rest.run_id == run.run_id
    assert_frame_equal(said(home).drop(columns="run_id"), undisturbed.said.drop(columns="run_id"))
    home.engine.dispose()


def test_what_another_rule_book_said_is_not_carried_over(arrived_late: tuple[Home, Path, str]) -> None:
    home, _, _ = arrived_late
    whole = check(home, now_ms=NOW_MS)
    assert whole is not None
    some = check(home, now_ms=NOW_MS + 1, rules=["driving.phone", "fare.overcharge"], due=set())
    assert some is not None
    # Nothing was due, but nothing was ever judged by these rules alone: every job of theirs is done.
    assert some.done_now == some.jobs > 0
    # And what they took over is not the first run's any more.
    back = check(home, now_ms=NOW_MS + 2, due=set())
    assert back is not None
    assert back.run_id == whole.run_id
    assert back.done_now == some.jobs
    home.engine.dispose()


def test_a_run_of_some_cars_carries_nothing_over(arrived_late: tuple[Home, Path, str]) -> None:
    home, _, car = arrived_late
    assert check(home, now_ms=NOW_MS) is not None
    run = check(home, now_ms=NOW_MS + 1, vehicles=[car], due=set())
    assert run is not None
    assert run.done_now == run.jobs > 0
    assert casebook.tallies(home, run.run_id)["bucket"].isin([bucket_of(car, home.buckets), -1]).all()
    home.engine.dispose()
