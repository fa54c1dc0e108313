"""What is planted in cabins stands in the records as the key tells, and honest cabins are honest."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from taxi_qa.lab.make import make_city
from taxi_qa.lab.plan import IN_CABIN, has_belts, has_camera

FIRST_DAY = dt.date(2025, 10, 13)
HABITS = ("driving.phone", "driving.smoking", "driving.eating", "driving.not_yielding", "driving.no_belt")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cabins")
    plan = {rule: {"clear": 1, "near_miss": 1, "look_alike": 1} for rule in IN_CABIN}
    make_city(folder, vehicles=24, days=1, seed=9, first_day=FIRST_DAY, offences=plan, city="guangzhou")
    return folder


def _read(folder: Path, name: str, *times: str) -> pd.DataFrame:
    frame = pd.read_csv(folder / f"{name}.csv", parse_dates=list(times))
    for column in times:
        if frame[column].dt.tz is not None:
            frame[column] = frame[column].dt.tz_localize(None)
    return frame


def test_every_act_of_the_plan_is_in_the_key(fleet: Path) -> None:
    truth = _read(fleet, "truth")
    # A stop long enough for others to get in is not in the rides of every shift.
    planted = set(truth.loc[truth["label"] == "clear", "rule"]) | {"service.forced_sharing"}
    assert planted == set(IN_CABIN)


@pytest.mark.parametrize("rule", HABITS)
def test_a_clear_act_is_seen_surely_for_long_enough_and_on_a_picture(fleet: Path, rule: str) -> None:
    truth, events = _read(fleet, "truth", "start", "end"), _read(fleet, "events", "time")
    (act,) = truth[(truth["rule"] == rule) & (truth["label"] == "clear")].to_dict("records")
    kind = {"driving.no_belt": "no_belt_driver"}.get(rule, rule.split(".")[1])
    seen = events[
        (events["vehicle_id"] == act["vehicle_id"])
        & (events["kind"] == kind)
        & (events["time"] == act["start"])
    ]
    assert len(seen) == 1
    event = seen.iloc[0]
    assert event["confidence"] >= 0.8
    assert event["duration_s"] >= 4
    assert len(event["media_sha256"]) == 64


def test_overloaded_is_who_has_more_heads_than_four(fleet: Path) -> None:
    truth, events = _read(fleet, "truth", "start", "end"), _read(fleet, "events", "time")
    heads = events[(events["kind"] == "passenger_count") & (events["confidence"] >= 0.8)]
    for act in truth[truth["rule"] == "driving.overload"].to_dict("records"):
        of_act = heads[
            (heads["vehicle_id"] == act["vehicle_id"]) & heads["time"].between(act["start"], act["end"])
        ]
        over = int((of_act["value"] > 4).sum())
        assert over >= 2 if act["label"] == "clear" else over == int(act["label"] == "look_alike")


def test_only_cars_with_devices_send_what_they_see(fleet: Path) -> None:
    vehicles, events = _read(fleet, "vehicles"), _read(fleet, "events")
    numbers = vehicles["vehicle_id"].str[-4:].astype(int)
    assert vehicles["has_camera"].tolist() == [int(has_camera(number)) for number in numbers]
    assert vehicles["has_belt_sensor"].tolist() == [int(has_belts(number)) for number in numbers]
    for kind, column in (("phone", "has_camera"), ("belt_reminder", "has_belt_sensor")):
        senders = set(events.loc[events["kind"] == kind, "vehicle_id"])
        assert senders == set(vehicles.loc[vehicles[column] == 1, "vehicle_id"])
