"""One real taxi's day in Shenzhen, from the file through the store to the findings."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pytest

from taxi_qa.facts.carriages import loaded_runs
from taxi_qa.facts.given import Given, positions_of
from taxi_qa.facts.spans import along
from taxi_qa.facts.streams import episodes
from taxi_qa.facts.track import lay
from taxi_qa.ingest.take import take
from taxi_qa.law.read import read_law
from taxi_qa.runs.check import RunReport, check
from taxi_qa.store import casebook, library
from taxi_qa.store.home import Home, make_home
from taxi_qa.values.clock import date_of, day_from_text, day_start_ms
from taxi_qa.values.identity import bucket_of
from taxi_qa.values.place import distance_m
from tests.small_city import City

pytestmark = pytest.mark.real

CAR: Final = "28249"
DAY: Final = "2026-10-20"
NOW_MS: Final = 1_795_000_000_000
FIXES: Final = 20_202
RUNS: Final = 37


def _file() -> Path:
    root = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("TAXI_QA_REAL_DATA", root.parent / "shared" / "data"))
    path = folder / "shenzhen" / "taxi_28249.csv"
    if not path.is_file():
        pytest.skip(f"no {path}: set TAXI_QA_REAL_DATA")
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    made = make_home(tmp_path_factory.mktemp("shenzhen") / "home", city="shenzhen", buckets=4)
    (report,) = take(made, [_file()], profile=f"shenzhen-gps:day={DAY}", now_ms=NOW_MS, workers=1)
    assert report.refused is None
    assert (report.rows, report.quarantined) == (FIXES, 0)
    assert report.accepted + report.duplicates + report.corrections == FIXES
    yield made
    made.engine.dispose()


@pytest.fixture(scope="module")
def raw() -> pd.DataFrame:
    """The file as it is: seconds of the day, degrees, km/h and the loaded flag, in its own order."""
    rows = pd.read_csv(_file())
    rows["second"] = pd.to_timedelta(rows["t"]).dt.total_seconds().astype(int)
    return rows


@pytest.fixture(scope="module")
def given(home: Home) -> Given:
    day = day_from_text(DAY)
    fixes = library.fixes(home, day, bucket_of(CAR, home.buckets))
    one = City(day=DAY, place="shenzhen").given()
    return replace(one, fixes=fixes, track=lay(fixes, 200.0))


@pytest.fixture(scope="module")
def run(home: Home) -> RunReport:
    report = check(home, now_ms=NOW_MS)
    assert report is not None
    return report


def test_what_was_stored_is_what_was_sent(given: Given, raw: pd.DataFrame) -> None:
    start = day_start_ms(day_from_text(DAY), "Asia/Shanghai")
    sent = {
        (start + 1000 * second, round(lon * 1e7), round(lat * 1e7))
        for second, lon, lat in zip(raw["second"], raw["lon"], raw["lat"], strict=True)
    }
    kept = set(
        zip(
            given.fixes.time_ms.tolist(),
            given.fixes.lon_e7.tolist(),
            given.fixes.lat_e7.tolist(),
            strict=True,
        )
    )
    assert kept == sent
    assert given.fixes.vehicle_ids == (CAR,)


def test_thirty_seven_rides(given: Given, raw: pd.DataFrame) -> None:
    runs = loaded_runs(given)
    assert abs(len(runs) - RUNS) <= 1
    # Every loaded fix lies in a run and no empty one does.
    start = day_start_ms(day_from_text(DAY), "Asia/Shanghai")
    seconds = raw.groupby("second")["occ"].agg(["min", "max"])
    inside = np.zeros(len(seconds), dtype=bool)
    for begin, end in zip(runs["start_ms"], runs["end_ms"], strict=True):
        inside |= (seconds.index >= (begin - start) / 1000) & (seconds.index <= (end - start) / 1000)
    assert inside[(seconds["min"] == 1).to_numpy()].all()
    assert not inside[(seconds["max"] == 0).to_numpy()].any()


def test_the_distance_of_clean_rides_is_the_sum_from_point_to_point(given: Given, raw: pd.DataFrame) -> None:
    """In the file's own order, which tells which of two fixes of a second came first; the store forgets."""
    runs = loaded_runs(given)
    vehicle = positions_of(given.track.vehicle_ids, runs["vehicle_id"])
    spans = along(
        given.track,
        vehicle,
        runs["start_ms"],
        runs["end_ms"],
    )
    start_ms = day_start_ms(day_from_text(DAY), "Asia/Shanghai")
    instants = start_ms + raw["second"].to_numpy(dtype=np.int64) * 1000
    clean = 0
    for row, (begin, end) in enumerate(zip(runs["start_ms"], runs["end_ms"], strict=True)):
        if spans.longest_gap_s[row] > 60 or spans.leaps[row] or spans.chord_m[row] < 1000:
            continue
        rows = (instants >= begin) & (instants <= end)
        lon, lat = raw["lon"].to_numpy()[rows], raw["lat"].to_numpy()[rows]
        points_m = distance_m(lon[:-1], lat[:-1], lon[1:], lat[1:]).sum()
        assert spans.chord_m[row] == pytest.approx(points_m, rel=0.02)
        clean += 1
    assert clean >= 5


def test_nobody_is_accused_of_what_the_file_does_not_show(home: Home, run: RunReport, given: Given) -> None:
    tally = run.tallies.set_index("rule")
    # No trips were sent: no ride can be called off the meter, and nothing about fares is even examined. Rides
    # less than a minute apart are one act.
    runs = loaded_runs(given)
    pauses_ms = runs["start_ms"][1:] - runs["end_ms"][:-1]
    acts = len(runs) - int((pauses_ms < 60_000).sum())
    assert tally.loc["fare.off_meter", "found"] == 0
    assert tally.loc["fare.off_meter", "cannot_tell"] == acts
    assert tally.loc["fare.off_meter", "examined"] == acts
    assert tally.loc["fare.overcharge", "examined"] == 0
    # Nobody signed in and nothing was metered: nobody was on duty.
    assert tally.loc["vehicle.gnss_outage", "examined"] == 0
    assert tally.loc["driving.long_hours", "examined"] == 0
    # The times of receipt were not sent.
    assert tally.loc["vehicle.late_data", "cannot_tell"] == 1
    # One car, however wildly its receiver wandered: each such stretch is looked at and none is a second car.
    assert tally.loc["licence.cloned_plate", "found"] == 0
    wandered = episodes(given.fixes, given.track, 200.0)
    assert tally.loc["licence.cloned_plate", "clean"] == max(1, len(wandered))
    assert wandered["separation_m"].max() < 150
    assert tally["found"].sum() == 0
    assert len(casebook.findings_kept(home)) == 0
    assert (given.track.labels != 0).mean() < 0.02
    assert given.track.cum_m[-1] / 1000 < 700, "a taxi does not drive 700 km a day"


def test_the_days_are_the_citys(home: Home) -> None:
    span = library.data_span(home)
    assert span is not None
    assert {str(date_of(day)) for day in span} == {DAY}
    assert read_law("shenzhen").timezone == "Asia/Shanghai"
