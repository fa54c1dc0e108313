"""A run over a real store: the same data give the same findings, however they are judged."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from taxi_qa.ingest.take import take
from taxi_qa.law.read import read_law
from taxi_qa.rules.kit import catalogue
from taxi_qa.runs.check import RunReport, UnknownRuleError, check
from taxi_qa.store import library
from taxi_qa.store.home import Home, make_home
from tests.runs.conftest import NOW_MS, Judged, NewHome, counted, said


def judged(home: Home, **more: object) -> RunReport:
    report = check(home, now_ms=NOW_MS, **more)  # type: ignore[arg-type]
    assert report is not None
    return report


def test_three_answers_add_up_and_are_those_that_stand(undisturbed: Judged) -> None:
    tally, standing = undisturbed.run.tallies.set_index("rule"), undisturbed.said
    assert list(tally.index) == list(catalogue())
    assert (tally["examined"] == tally["found"] + tally["clean"] + tally["cannot_tell"]).all()
    assert (tally["clean"] >= 0).all()
    for verdict in ("found", "cannot_tell"):
        counts = standing.loc[standing["verdict"] == verdict, "rule"].value_counts()
        assert counts.reindex(tally.index, fill_value=0).tolist() == tally[verdict].tolist()
    assert standing["finding_id"].is_unique
    assert tally["found"].sum() > 0
    assert tally["cannot_tell"].sum() > 0


def test_judging_again_changes_nothing(new_home: NewHome, undisturbed: Judged) -> None:
    home = new_home()
    first = judged(home)
    assert first.run_id == undisturbed.run.run_id
    assert judged(home).done_now == 0
    third = judged(home, again=True)
    assert third.done_now == third.jobs
    assert_frame_equal(said(home), undisturbed.said)
    assert_frame_equal(counted(home, first.run_id), undisturbed.counted)


def test_a_rule_book_that_comes_back_is_the_one_that_stands(new_home: NewHome, undisturbed: Judged) -> None:
    """Judged by one book, by another, and by the first again: its findings stand, not those of the other."""
    home = new_home()
    law = read_law(home.city)
    # Nobody may be longer on duty than a minute: many more findings.
    path = "house.driving.day_driving_s"
    strict = replace(
        law,
        parameters={
            **law.parameters,
            path: replace(law[path], versions=tuple(replace(v, value=60.0) for v in law[path].versions)),
        },
    )
    other = check(home, now_ms=NOW_MS, law=strict, rules=["driving.long_hours"])
    assert other is not None
    by_other = said(home)
    assert check(home, now_ms=NOW_MS, rules=["driving.long_hours"]) is not None
    own = said(home)
    assert len(own) < len(by_other)
    back = check(home, now_ms=NOW_MS, law=strict, rules=["driving.long_hours"])
    assert back is not None
    assert_frame_equal(said(home), by_other)
    assert check(home, now_ms=NOW_MS) is not None
    assert_frame_equal(said(home), undisturbed.said)


def test_records_sent_twice_change_nothing(
    new_home: NewHome, undisturbed: Judged, fleet: Path, tmp_path: Path
) -> None:
    home = new_home()
    again = tmp_path / "again"
    again.mkdir()
    rng = np.random.default_rng(1)
    for name in ("trips", "events", "shifts"):
        rows = pd.read_csv(fleet / "files" / f"{name}.csv", dtype=str)
        # Another order and some rows twice: another file, the same records.
        order = rng.permutation(np.concatenate((np.arange(len(rows)), np.arange(0, len(rows), 7))))
        rows.iloc[order].to_csv(again / f"{name}.csv", index=False)
    for path in sorted((fleet / "files").glob("positions*.parquet"))[:1]:
        frame = pd.read_parquet(path).sample(frac=1.0, random_state=1)
        frame.to_parquet(again / f"positions-again-{path.name}", index=False)
    reports = take(home, [again], now_ms=NOW_MS, workers=1)
    assert [report for report in reports if report.accepted or report.corrections or report.refused] == []
    judged(home)
    # The run has another name (the home had another delivery), its findings have not.
    assert_frame_equal(said(home).drop(columns="run_id"), undisturbed.said.drop(columns="run_id"))


def test_one_car_at_a_time_is_all_at_once(new_home: NewHome, undisturbed: Judged) -> None:
    home = new_home()
    cars = sorted(library.records(home, "vehicles")["vehicle_id"])
    assert len(cars) == 4
    for car in cars:
        judged(home, vehicles=[car])
    # What stands under no car (companies' months, drivers' ratings) is judged with all cars only.
    whole = undisturbed.said
    of_cars = whole[whole["vehicle_id"].fillna("") != ""].reset_index(drop=True)
    assert len(of_cars) < len(whole)
    assert_frame_equal(said(home).drop(columns="run_id"), of_cars.drop(columns="run_id"))


def test_the_days_asked_for_do_not_change_what_a_day_says(new_home: NewHome, undisturbed: Judged) -> None:
    home = new_home()
    # A complaint of the month before lies outside the days with positions and trips: the run reaches it.
    span = library.data_span(home) or (0, 0)
    first, last = undisturbed.run.from_day, undisturbed.run.to_day
    assert first < span[0] <= span[1] <= last
    reports = [check(home, now_ms=NOW_MS, from_day=day, to_day=day) for day in range(last, first - 1, -1)]
    assert 1 < len([report for report in reports if report is not None]) < len(reports)  # days without data
    assert_frame_equal(said(home).drop(columns="run_id"), undisturbed.said.drop(columns="run_id"))


def test_buckets_judged_together_say_what_each_says_alone(
    new_home: NewHome, undisturbed: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = new_home()
    monkeypatch.setattr("taxi_qa.runs.check.MOST_ROWS", 0)
    run = judged(home)
    assert_frame_equal(said(home), undisturbed.said)
    assert_frame_equal(counted(home, run.run_id), undisturbed.counted)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_whoever_does_the_jobs_the_findings_are_the_same(
    new_home: NewHome, undisturbed: Judged, workers: int
) -> None:
    home = new_home()
    run = judged(home, executor="processes", workers=workers)
    assert_frame_equal(said(home), undisturbed.said)
    assert_frame_equal(counted(home, run.run_id), undisturbed.counted)


def test_an_unknown_rule_is_named_with_those_there_are(new_home: NewHome) -> None:
    with pytest.raises(UnknownRuleError, match=r"fare\.nothing.*fare\.overcharge"):
        check(new_home(), now_ms=NOW_MS, rules=["fare.nothing"])


def test_a_home_made_anew_at_the_same_place_is_judged_by_its_own_records(tmp_path: Path) -> None:
    place, head = tmp_path / "home", "vehicle_id,driver_id,start,end\n"
    row = "粤A{car},D1,2026-10-2{day} 08:00:00,2026-10-2{day} 09:00:00\n"
    answers = []
    for number, rows in enumerate(([(1, 0)], [(1, 0), (2, 0), (2, 1)], [(3, 1)])):
        home = make_home(place, city="guangzhou", buckets=number + 1)
        file = tmp_path / "shifts.csv"
        file.write_text(head + "".join(row.format(car=car, day=day) for car, day in rows), encoding="utf-8")
        take(home, [file], now_ms=NOW_MS, workers=1)
        # The same delivery number and the same day each time, of another home.
        answers.append(judged(home, rules=["vehicle.gnss_outage"]).tallies["examined"].sum())
        home.engine.dispose()
        shutil.rmtree(place)
    assert answers == [1, 3, 1]


def test_an_empty_home_has_nothing_to_judge(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", city="guangzhou", buckets=2)
    assert check(home, now_ms=NOW_MS) is None
    home.engine.dispose()


@pytest.mark.parametrize("day", ["1970-01-01", "2009-12-31", "2011-06-01", "2014-12-31"])
def test_a_terminal_whose_clock_stands_still_stops_nothing(tmp_path: Path, day: str) -> None:
    home = make_home(tmp_path / "home", city="guangzhou", buckets=2)
    positions = tmp_path / "positions.csv"
    positions.write_text(
        "vehicle_id,time,lon,lat,speed_kmh,loaded\n"
        f"粤A1,{day} 08:00:00,113.26,23.13,0,0\n"
        f"粤A1,{day} 08:00:30,113.26,23.13,0,0\n"
        "粤A1,2026-10-20 08:00:30,113.26,23.13,0,0\n",
        encoding="utf-8",
    )
    (report,) = take(home, [positions], now_ms=NOW_MS, workers=1)
    assert report.accepted == 3
    run = judged(home)
    tally = run.tallies.set_index("rule")
    # Nobody is accused of what happened on a day that was not.
    assert tally["found"].sum() == 0
    assert tally["examined"].loc["fare.off_meter"] >= 1
    home.engine.dispose()
