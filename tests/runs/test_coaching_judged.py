"""Nobody is clean whom nobody could judge: what a rule could not judge is no exposure of the index."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from taxi_qa.law.read import read_law
from taxi_qa.runs.check import check
from taxi_qa.runs.coaching import by_duty, coaching, exposure_of
from taxi_qa.runs.gather import home_at, law_in_force
from taxi_qa.store.home import Home, make_home, writing
from taxi_qa.store.inbox import Delivery
from taxi_qa.values.clock import MS_PER_DAY, MS_PER_H, day_of, day_start_ms
from tests.runs.conftest import NOW_MS
from tests.store.making import rows

DAY = day_of(dt.date(2026, 10, 20))
MORNING_MS = day_start_ms(DAY, "Asia/Shanghai") + 8 * MS_PER_H
MIN = 60_000
Put = Callable[..., None]
Record = dict[str, Any]


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    made = make_home(tmp_path / "home", url, city="guangzhou", buckets=3)
    yield made
    # Who judges opens the home once more.
    for one in (made, home_at(str(made.path), made.url)):
        one.engine.dispose()


@pytest.fixture
def put(home: Home) -> Put:
    """Take records of a kind in as one source file, before anything is judged unless said otherwise."""
    numbers = count(1)

    def taken_in(kind: str, records: Sequence[Record], taken_at_ms: int = NOW_MS - 1) -> None:
        with (
            writing(home),
            Delivery(
                home, name=f"{kind}.csv", sha256=f"sha {next(numbers)}", kind=kind, profile="",
                datum="wgs84", taken_at_ms=taken_at_ms,
            ) as going_in,
        ):  # fmt: skip
            going_in.add_records(kind, rows(kind, *records))
            going_in.commit()

    return taken_in


def car(who: int, *, has_camera: bool = True) -> Record:
    return {"vehicle_id": f"粤A{who}", "company_id": "C1", "has_camera": has_camera}


def shift(who: int, start_ms: int = MORNING_MS, hours: int = 8) -> Record:
    return {
        "vehicle_id": f"粤A{who}", "driver_id": f"D{who}", "start_ms": start_ms,
        "end_ms": start_ms + hours * MS_PER_H,
    }  # fmt: skip


def trip(who: int, number: int, start_ms: int = MORNING_MS, **more: object) -> Record:
    begin = start_ms + number * 20 * MIN
    told = {
        "trip_id": f"T{who}.{number}.{start_ms}", "vehicle_id": f"粤A{who}", "driver_id": f"D{who}",
        "boarded_ms": begin, "alighted_ms": begin + 10 * MIN, "metered_m": 5_000, "fare_fen": 2_000,
        "paid_fen": 2_000,
    }  # fmt: skip
    return told | more


def event(who: int, kind: str, at_ms: int, **more: object) -> Record:
    told = {"event_id": f"{kind} {who} {at_ms}", "vehicle_id": f"粤A{who}", "time_ms": at_ms, "kind": kind}
    return told | {"confidence": 0.9, "duration_s": 5.0} | more


def asked(home: Home, rule: str, *, to_day: int = DAY, **more: Any) -> pd.DataFrame:  # noqa: ANN401 - of check
    """The index of one rule after it was asked, a row a driver."""
    assert check(home, now_ms=NOW_MS, rules=[rule], **more) is not None
    return index(home, rule, to_day=to_day)


def index(home: Home, rule: str, *, to_day: int = DAY) -> pd.DataFrame:
    told = coaching(home, from_day=DAY, to_day=to_day, now_ms=NOW_MS)
    return told[told["rule"] == rule].set_index("driver_id")


def test_drivers_without_a_camera_are_not_below_the_fleet(home: Home, put: Put) -> None:
    """A hundred drivers, of whom 30 have no camera; of the others every second is found smoking."""
    everyone, watched = range(100), range(70)
    put("vehicles", [car(who, has_camera=who in watched) for who in everyone])
    put("shifts", [shift(who) for who in everyone])
    put("events", [event(who, "distracted", MORNING_MS) for who in watched])
    acts = [(who, act) for who in watched if who % 2 for act in range(4)]
    put("events", [event(who, "smoking", MORNING_MS + (act + 1) * 60 * MIN) for who, act in acts])
    told = asked(home, "driving.smoking")
    dark, seen = told.loc[[f"D{who}" for who in range(70, 100)]], told.loc[[f"D{who}" for who in watched]]
    assert set(dark["why_not"]) == {"not_judged"}
    assert set(dark["beside_fleet"]) == {""}
    assert set(dark["unjudged"]) == {8.0}
    assert set(seen["why_not"]) == {""}
    assert set(seen["exposure"]) == {8.0}
    assert seen["findings"].sum() == len(acts)
    # 140 findings in 70 x 8 hours, not in 100 x 8.
    assert seen["fleet_rate"].iloc[0] == pytest.approx(140 / 560, rel=0.1)


def test_of_trips_half_judged_half_are_exposure(home: Home, put: Put) -> None:
    """Of D0 every second trip says nothing of what was paid, of D1 none does, of D2 all do."""
    lacks: Record = {"paid_fen": None}
    put(
        "trips",
        [
            trip(who, number, **(lacks if who == 1 or (who == 0 and number % 2) else {}))
            for who in range(3)
            for number in range(10)
        ],
    )
    told = asked(home, "fare.not_by_meter")
    assert told["exposure"].fillna(-1).to_dict() == {"D0": 5.0, "D1": -1.0, "D2": 10.0}
    assert told["unjudged"].to_dict() == {"D0": 5.0, "D1": 10.0, "D2": 0.0}
    assert told.loc["D1", "why_not"] == "not_judged"


def test_a_car_without_positions_has_no_exposure_for_speeding(home: Home, put: Put) -> None:
    put("trips", [trip(who, number) for who in range(3) for number in range(10)])
    told = asked(home, "driving.speeding")
    assert set(told["why_not"]) == {"not_judged"}
    assert told["unjudged"].isna().all()


def test_a_day_nobody_judged_is_no_exposure(home: Home, put: Put) -> None:
    tomorrow = MORNING_MS + MS_PER_DAY
    put("trips", [trip(0, n) for n in range(4)])
    assert asked(home, "fare.not_by_meter", from_day=DAY).loc["D0", "exposure"] == 4
    put("trips", [trip(0, n, tomorrow) for n in range(3)])
    assert index(home, "fare.not_by_meter", to_day=DAY + 1).loc["D0", "exposure"] == 4
    assert index(home, "fare.overcharge", to_day=DAY + 1).loc["D0", "why_not"] == "not_judged"
    # Judged, and then another trip of the same day came in: what stands was said without it.
    put("trips", [trip(0, 9)], NOW_MS + 1)
    assert index(home, "fare.not_by_meter").loc["D0", "why_not"] == "not_judged"


def test_only_the_cars_a_run_was_asked_about_count(home: Home, put: Put) -> None:
    put("trips", [trip(who, n) for who in range(3) for n in range(4)])
    told = asked(home, "fare.not_by_meter", vehicles=["粤A1"])
    assert told["why_not"].to_dict() == {"D0": "not_judged", "D1": "no_fleet", "D2": "not_judged"}
    assert told.loc["D1", "exposure"] == 4


def test_a_rule_that_is_not_in_force_gives_no_exposure(home: Home, put: Put) -> None:
    put("vehicles", [car(0)])
    put("shifts", [shift(0)])
    put("events", [event(0, "distracted", MORNING_MS)])
    assert asked(home, "driving.smoking").loc["D0", "exposure"] == 8
    law = read_law("guangzhou")
    less = {path: one for path, one in law.parameters.items() if path != "house.driving.camera_s"}
    with law_in_force(replace(law, parameters=less)):
        assert index(home, "driving.smoking").loc["D0", "why_not"] == "not_judged"


def test_what_is_found_where_the_rest_was_not_judged_is_not_counted(home: Home, put: Put) -> None:
    """D0 smoked in both of his duties; in the second the recogniser once did not say how sure it was."""
    put("vehicles", [car(0)])
    evening = MORNING_MS + 10 * MS_PER_H
    put("shifts", [shift(0), shift(0, evening, hours=4)])
    put("events", [event(0, "distracted", MORNING_MS)])
    put("events", [event(0, "smoking", at + 60 * MIN) for at in (MORNING_MS, evening)])
    put("events", [event(0, "smoking", evening + 120 * MIN, confidence=None)])
    told = asked(home, "driving.smoking").loc["D0"]
    assert (told["findings"], told["exposure"], told["unjudged"]) == (1, 8.0, 4.0)
    assert ";" not in str(told["moved"])
    assert told["moved"]


def test_a_night_belongs_to_the_day_its_duty_began(home: Home, put: Put) -> None:
    """Who signed on before midnight was judged with the day before; if that was not judged, he was not."""
    put("vehicles", [car(0)])
    before = MORNING_MS - 10 * MS_PER_H
    put("shifts", [shift(0, before, hours=6), shift(0)])
    put("events", [event(0, "distracted", at) for at in (before, MORNING_MS)])
    assert asked(home, "driving.smoking", from_day=DAY, to_day=DAY).loc["D0", "exposure"] == 8
    told = asked(home, "driving.smoking", from_day=DAY - 1, to_day=DAY)
    # Four hours after midnight are his, too.
    assert told.loc["D0", "exposure"] == 12


def test_rules_of_duties_are_counted_rules() -> None:
    assert by_duty() <= set(exposure_of())
