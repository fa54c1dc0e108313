"""What the days before left: a day's answer depends on the data, not on which days a run was asked for."""

import datetime as dt
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from taxi_qa.facts.past import DRIVEN_TRIPS
from taxi_qa.ingest.take import take
from taxi_qa.runs.check import check
from taxi_qa.runs.facts import facts
from taxi_qa.store import library
from taxi_qa.store.home import Home, make_home, open_home
from taxi_qa.values.clock import day_of, day_start_ms
from tests.runs.conftest import NOW_MS, said
from tests.small_city import Row, Step, drive

FIRST = dt.date(2026, 10, 20)
NewHome = Callable[[], Home]


STRAIGHT: list[dict[str, float]] = [{"drive_m": 5120, "kmh": 36, "heading": 90, "every_s": 20}]
ROUND: list[dict[str, float]] = [
    {"drive_m": 3320, "kmh": 36, "heading": 0, "every_s": 20},
    {"drive_m": 5120, "kmh": 36, "heading": 90, "every_s": 20},
    {"drive_m": 3320, "kmh": 36, "heading": 180, "every_s": 20},
]


def write_days(folder: Path, cars: int, days: int) -> None:
    """Every car drives the same 5,120 m every day; on each day but the first, one goes round."""
    folder.mkdir()
    fixes: list[Row] = []
    trips: list[tuple[object, ...]] = []
    for day in range(days):
        date = FIRST + dt.timedelta(days=day)
        for car in range(cars):
            name, begin = f"粤A{car:04d}", 6 * 3600 + car * 60
            leave = {"leave": [113.20, 23.13], "at": f"{begin // 3600:02d}:{begin % 3600 // 60:02d}:00"}
            way = ROUND if day and car == day else STRAIGHT
            steps: list[Step] = [leave, {"stand_s": 10}, *way, {"stand_s": 60}]
            metres = sum(step["drive_m"] for step in way)
            fixes += drive(name, steps, day=str(date))
            board = day_start_ms(day_of(date), "Asia/Shanghai") + (begin + 5) * 1000
            alight = board + (metres // 10 + 20) * 1000
            trips.append((f"T{day}-{car}", name, board, alight, metres / 1000, 40, 40))
    header = ["trip_id", "vehicle_id", "boarded_at", "alighted_at", "metered_km", "fare_yuan", "paid_yuan"]
    pd.DataFrame(trips, columns=header).to_csv(folder / "trips.csv", index=False)
    rows = pd.DataFrame(fixes)[["vehicle_id", "time_ms", "lon", "lat", "speed_kmh"]]
    rows.rename(columns={"time_ms": "time"}).to_csv(folder / "positions.csv", index=False)


@pytest.fixture(scope="session")
def three_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of 30 cars on one street, three days; nobody knows its roads."""
    folder = tmp_path_factory.mktemp("three days")
    write_days(folder / "files", cars=30, days=3)
    home = make_home(folder / "home", city="guangzhou", buckets=2)
    reports = take(home, [folder / "files"], now_ms=NOW_MS, workers=1)
    assert not [report for report in reports if report.refused or report.quarantined]
    home.engine.dispose()
    return folder


@pytest.fixture
def new_home(three_days: Path, tmp_path: Path) -> Iterator[NewHome]:
    made: list[Home] = []

    def copied() -> Home:
        place = tmp_path / f"home {len(made)}"
        shutil.copytree(three_days / "home", place)
        made.append(open_home(place))
        return made[-1]

    yield copied
    for home in made:
        home.engine.dispose()


def detours(home: Home, day: int) -> pd.DataFrame:
    """What stands of detours on a day."""
    all_said = said(home)
    of_day = pd.to_datetime(all_said["start"], utc=True).dt.tz_convert(home.timezone)
    days = of_day.map(lambda moment: (moment.date() - dt.date(1970, 1, 1)).days)
    return (
        all_said[(all_said["rule"] == "driving.detour") & (days == day)]
        .reset_index(drop=True)
        .drop(columns="run_id")
    )


def parts(home: Home) -> dict[str, int]:
    """When each part of a day's trips was written."""
    return {
        str(path.relative_to(home.derived)): path.stat().st_mtime_ns
        for path in sorted((home.derived / DRIVEN_TRIPS).rglob("*.arrow"))
    }


def test_a_day_alone_says_what_it_says_among_others(new_home: NewHome) -> None:
    whole, alone, several, car = (new_home() for _ in range(4))
    span = library.data_span(whole)
    assert span is not None
    last = span[1]
    check(whole, now_ms=NOW_MS)
    expected = detours(whole, last)
    (found,) = expected[expected["verdict"] == "found"].to_dict("records")
    assert (found["vehicle_id"], found["sources"], found["stage"]) == ("粤A0002", "gnss+other taxis", "trial")
    # 30 of the first day and 29 + 1 of the second are similar; the nearest 50 are looked at.
    assert json.loads(found["evidence"])["similar_n"] == 50.0
    check(alone, now_ms=NOW_MS, from_day=last, to_day=last)
    assert_frame_equal(detours(alone, last), expected)
    check(several, now_ms=NOW_MS, rules=["driving.detour"], executor="processes", workers=2)
    assert_frame_equal(detours(several, last), expected)
    vehicle = str(expected["vehicle_id"].iloc[0])
    check(car, now_ms=NOW_MS, vehicles=[vehicle], from_day=last, to_day=last)
    assert_frame_equal(detours(car, last), expected[expected["vehicle_id"] == vehicle].reset_index(drop=True))


def test_only_days_before_are_witnesses(new_home: NewHome) -> None:
    home = new_home()
    span = library.data_span(home)
    assert span is not None
    first, last = span
    known = [
        pd.concat(list(facts(home, "driven_routes", from_day=day, to_day=day)))["similar_n"].sum()
        for day in (first, first + 1, last)
    ]
    # Of the first day nobody knows anything; on each other day only the one who went round is compared.
    assert known == [0, 30, 50]


def test_a_part_is_made_anew_only_where_its_data_changed(new_home: NewHome, tmp_path: Path) -> None:
    home = new_home()
    span = library.data_span(home)
    assert span is not None

    def judge_the_last_day() -> dict[str, int]:
        check(home, now_ms=NOW_MS, rules=["driving.detour"], from_day=span[1], to_day=span[1])
        return {name: at for name, at in parts(home).items() if "2026-10-22" not in name}

    before = judge_the_last_day()
    assert len(before) == 2 * 2
    # A trip of the first day that came late touches the days beside it, too; a complaint touches none.
    (tmp_path / "complaints.csv").write_text(
        "complaint_id,received_at,category\nC9,2026-10-22 08:00:00,detour\n", encoding="utf-8"
    )
    take(home, [tmp_path / "complaints.csv"], now_ms=NOW_MS, kind="complaints", workers=1)
    assert judge_the_last_day() == before
    late = "trip_id,vehicle_id,boarded_at,alighted_at,metered_km,fare_yuan,paid_yuan\n"
    late += "LATE,粤A0007,2026-10-20 09:00:00,2026-10-20 09:10:00,3.0,14,14\n"
    (tmp_path / "trips.csv").write_text(late, encoding="utf-8")
    take(home, [tmp_path / "trips.csv"], now_ms=NOW_MS, kind="trips", workers=1)
    after = judge_the_last_day()
    changed = {name for name in after if after[name] != before[name]}
    days = {name.split("day=")[1][:10] for name in changed}
    assert days == {"2026-10-20", "2026-10-21"}
    assert len({name.rsplit("/", 1)[1] for name in changed}) == 1, "one bucket"
