"""Small facts at their limits: flat fares, zones by name, surest times, episodes, faults, and shares."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.facts import (
    camera_episodes,
    driven_trips,
    equipment,
    faulty_drives,
    hub_rounds,
    looks,
    rates,
    speed_stretches,
)
from taxi_qa.facts.diverging import parts_and_meets
from taxi_qa.facts.duty import _united, duties
from taxi_qa.facts.places import inside_city
from taxi_qa.law.parameter import Areas
from taxi_qa.law.terms import Flat
from taxi_qa.roads.limits import CLASS_DEFAULT, NO_ROW, OPERATOR, TAG
from taxi_qa.values.columns import Columns
from tests.facts.frames import DAY_MS, MIN, H, S, day_with
from tests.small_city import City, law_of, roads

AT = DAY_MS + 12 * H
LAW = law_of("guangzhou")


def _texts(*words: str) -> np.ndarray[Any, Any]:
    return np.array(words, dtype=object)


def test_times_that_are_sure() -> None:
    trips = Columns(
        {
            "slack_s": np.array([0.0, 60.0]),
            "start_ms": np.array([AT, AT]),
            "end_ms": np.array([AT + H, AT + H]),
        }
    )
    begin, end = driven_trips.spans_of(trips, np.array([1, 0]))
    assert begin.tolist() == [AT + MIN, AT]
    assert end.tolist() == [AT + H, AT + H]


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 9), st.integers(0, 3)), max_size=8))
@settings(max_examples=150)
def test_events_of_one_car_less_than_a_minute_apart_are_one_act(told: list[tuple[str, int, int]]) -> None:
    # Half minutes: a minute is met exactly. Acts end as soon as nothing reaches to within a minute.
    rows = sorted(told)
    first, reached = [], 0
    for at, (car, begin, length) in enumerate(rows):
        if at == 0 or rows[at - 1][0] != car or begin - reached >= 2:
            first.append(at)
            reached = begin + length
        reached = max(reached, begin + length)
    names = np.array([row[0] for row in rows], dtype=object)
    start, lasted = (np.array([row[at] for row in rows], dtype=np.int64) * 30 * S for at in (1, 2))
    assert camera_episodes._first_of_each(names, start, start + lasted).tolist() == first


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(0, 3)), max_size=8))
@settings(max_examples=150)
def test_touching_spans_of_one_owner_are_one(told: list[tuple[int, int, int]]) -> None:
    rows = sorted(told)
    united: list[list[int]] = []
    for at, (owner, begin, length) in enumerate(rows):
        if united and rows[united[-1][0]][0] == owner and begin <= united[-1][1]:
            united[-1][1] = max(united[-1][1], begin + length)
        else:
            united.append([at, begin + length])
    owners, start, lasted = (np.array([row[at] for row in rows], dtype=np.int64) for at in range(3))
    duty = Columns({"start_ms": start, "end_ms": start + lasted})
    first, end = _united(owners, duty, np.arange(len(rows)))
    assert first.tolist() == [row[0] for row in united]
    assert (end.tolist() if rows else []) == [row[1] for row in united]


@pytest.mark.parametrize(
    ("begins", "ends", "fits"),
    [
        # Between the two ends either way, never within one; nobody knows without both zones.
        ("air", "town", 1.0),
        ("town", "air", 1.0),
        ("air", "air", 0.0),
        ("town", "suburb", 0.0),
        ("air", "suburb", 0.0),
        ("air", "", np.nan),
        ("", "town", np.nan),
        ("", "", np.nan),
    ],
)
def test_a_flat_fare(begins: str, ends: str, fits: float) -> None:
    flat = Flat(7_000.0, Areas(zones=frozenset({"air"})), Areas(zones=frozenset({"town"})))
    trips = Columns({"boarded_zone": _texts(begins), "alighted_zone": _texts(ends)})
    said, missing = rates._flat_fits(trips, (flat,))
    assert said.tolist() == pytest.approx([fits], nan_ok=True)
    assert missing.tolist() == ["zones of both ends" if np.isnan(fits) else ""]


def test_a_zone_by_its_name_where_no_place_is_known() -> None:
    ring = [[115.0, 22.0], [115.1, 22.0], [115.1, 22.1], [115.0, 22.1], [115.0, 22.0]]
    zone = {
        "zone_id": "Z1",
        "name": "市区",
        "kind": "city",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    one = City(records={"zones": [zone]}).given()
    lon = np.array([np.nan, np.nan, 114.0, 115.05])
    lat = np.array([np.nan, 22.05, 22.05, 22.05])
    inside, leans_on = inside_city(one, LAW, lon, lat, _texts("Z1", "Z1", "Z1", ""), np.full(4, AT))
    # A name counts only where the place is not known.
    assert inside.tolist() == [1.0, 1.0, 0.0, 1.0]
    assert leans_on.tolist() == ["zone Z1"] * 4


def test_where_nobody_reports_the_state_of_devices() -> None:
    cars, moments, fine = _texts("A", "B"), np.array([AT, AT]), np.zeros(2, dtype=bool)
    nobody = day_with()
    assert faulty_drives._untold(nobody, cars, moments, fine).tolist() == ["device_status"] * 2
    assert faulty_drives._untold(nobody, cars, moments, ~fine).tolist() == ["", ""]
    # Its own word, even of another time, is enough for a car.
    own = day_with(
        device_status=[{"vehicle_id": "A", "device": "meter", "state": "up", "from_ms": AT - 30 * 24 * H}]
    )
    assert faulty_drives._untold(own, cars, moments, fine).tolist() == ["", "device_status"]
    sent = City(feeds=["device_status"]).given()
    assert faulty_drives._untold(sent, cars, moments, fine).tolist() == ["", ""]


@pytest.mark.parametrize(
    ("untold_s", "missing"), [(499.0, ""), (500.0, "device_status"), (501.0, "device_status")]
)
def test_more_than_half_of_a_duty_is_to_be_told(untold_s: float, missing: str) -> None:
    # 1,100 s on duty, 100 of them excluded: of 1,000 more than half.
    part = {"vehicle_id": "A", "company_id": "C", "device": "meter", "duty_s": 1_100.0}
    part |= {"dark_s": 150.0, "excluded_s": 100.0, "untold_s": untold_s}
    rows = equipment.equipment_months(pd.DataFrame([part]), DAY_MS, DAY_MS + 24 * H)
    assert rows["missing"].tolist() == [missing]
    assert rows["judged_s"].tolist() == [1_000.0 - untold_s]
    assert rows["dark_s"].tolist() == [50.0]


@pytest.mark.parametrize(("apart_s", "laps", "others"), [(3_600, 2, 1), (3_601, 2, 0), (0, 1, 0), (0, 2, 1)])
def test_others_who_go_round(apart_s: int, laps: int, others: int) -> None:
    """Two cars at one hub: within an hour of each other, each with several laps."""
    kinds = hub_rounds.PART
    rows = []
    for car, begin, own in (("A", AT, 2), ("B", AT + apart_s * S, laps)):
        row: dict[str, Any] = {name: "" if kind == "object" else 0 for name, kind in kinds.items()}
        rows.append(
            row | {"subject": f"{car}{begin}", "vehicle_id": car, "hub": "H", "start_ms": begin, "laps": own}
        )
    said = hub_rounds.hub_rounds(pd.DataFrame(rows).astype(dict(kinds)), DAY_MS, DAY_MS + 24 * H)
    # With a single lap nobody is asked for others.
    assert dict(zip(said["vehicle_id"], said["others_round"], strict=True)) == {"A": others, "B": others}


def test_where_a_trip_left_every_route() -> None:
    lon = np.array([1_133_000_000, 1_133_100_000, 1_133_200_000, 1_133_300_000], dtype=np.int32)
    lat = np.full(4, 231_000_000, dtype=np.int32)
    lines = [shapely.LineString([(113.30, 23.10), (113.305, 23.10)]), shapely.LineString()]
    assert parts_and_meets(lon, lat, lines) == ("113.31000 23.10000", "113.33000 23.10000")
    assert parts_and_meets(lon[:1], lat[:1], lines) == ("", "")
    assert parts_and_meets(lon, lat, lines[1:]) == ("", "")
    assert parts_and_meets(lon[:0], lat[:0], lines) == ("", "")


@pytest.mark.parametrize(("apart_ms", "duties_of_b"), [(2 * H, 2), (2 * H - 1, 1)])
def test_a_chain_of_trips_ends_after_two_hours(apart_ms: int, duties_of_b: int) -> None:
    # The first car's trip ends last of all, the second's first of all.
    rows = [
        ("A", AT, AT + 10 * H),
        ("B", AT - H, AT - 30 * MIN),
        ("B", AT - 30 * MIN + apart_ms, AT + 5 * H),
    ]
    trips = [
        {"trip_id": f"T{n}", "vehicle_id": car, "boarded_ms": begin, "alighted_ms": end}
        for n, (car, begin, end) in enumerate(rows)
    ]
    found = duties(day_with(trips=trips))
    assert (found["vehicle_id"] == "B").sum() == duties_of_b
    # Ten minutes before the first and after the last.
    assert found["start_ms"].min() == AT - H - 10 * MIN


def test_what_the_roads_of_a_stretch_are_called() -> None:
    streets = [
        {"line": [[west, 23.1], [west + 0.01, 23.1]], "class": "primary", "name": name, "way_id": number}
        for west, name, number in ((113.30, "东路", 7), (113.31, "西路", 8))
    ]
    known = roads(streets)
    edges = np.array([np.flatnonzero(known.network.way == way)[0] for way in (0, 1)], dtype=np.int32)
    source = np.array([TAG, CLASS_DEFAULT], dtype=np.uint8)
    rows = np.full(2, NO_ROW, dtype=np.int32)
    runs = [(0, 1), (0, 0), (1, 1)]
    said = speed_stretches._named(known, runs, source, edges, rows)
    assert [one.tolist() for one in said] == [
        # A class's default is weaker than a tag of the map.
        ["class default", "map", "class default"],
        ["", "", ""],
        ["东路;西路", "东路", "西路"],
        ["7;8", "7", "8"],
    ]


def test_every_row_of_the_operators_table_that_counted_is_called_once() -> None:
    streets = [
        {"line": [[west, 23.1], [west + 0.01, 23.1]], "class": "primary", "way_id": number}
        for west, number in ((113.30, 7), (113.31, 8))
    ]
    limits = [{"way_id": 7, "kmh": 40, "name": "施工"}, {"way_id": 8, "kmh": 50, "name": "学校"}]
    known = roads(streets, limits)
    edges = np.array([np.flatnonzero(known.network.way == way)[0] for way in (0, 0, 1, 1)], dtype=np.int32)
    # The third fix lies where none of the rows counts: its limit is the map's.
    rows = np.array([0, 0, NO_ROW, 1], dtype=np.int32)
    source = np.array([OPERATOR, OPERATOR, TAG, OPERATOR], dtype=np.uint8)
    runs = [(0, 3), (0, 2), (2, 3), (2, 2), (3, 3)]
    said = speed_stretches._named(known, runs, source, edges, rows)
    assert [one.tolist() for one in said] == [
        ["map", "map", "map", "map", "operator"],
        ["施工;学校", "施工", "学校", "", "学校"],
        ["", "", "", "", ""],
        ["7;8", "7;8", "8", "8", "8"],
    ]


@pytest.mark.parametrize(("metres", "left"), [(99.0, ""), (101.0, "113.30500 23.1009")])
def test_a_hundred_metres_from_its_route_a_trip_has_left_it(metres: float, left: str) -> None:
    lon = np.array([1_133_000_000, 1_133_050_000, 1_133_100_000], dtype=np.int32)
    # A degree of latitude is 110,743 m there.
    lat = 231_000_000 + np.array([0, metres / 110_743 * 1e7, 0]).astype(np.int32)
    said = parts_and_meets(lon, lat, [shapely.LineString([(113.30, 23.10), (113.31, 23.10)])])
    assert [one[:17] for one in said] == [left, left]


def _look(at_s: int, seen: int | None, sure: float | None = 0.9, car: str = "A") -> dict[str, Any]:
    told = {"event_id": f"{car}{at_s}{seen}", "vehicle_id": car, "kind": "passenger_count"}
    return told | {"time_ms": AT + at_s * S, "value": seen, "confidence": sure}


@pytest.mark.parametrize(
    ("told", "runs"),
    [
        # Two looks that saw somebody, five minutes apart at most.
        ([_look(0, 1), _look(300, 2)], [(0, 300)]),
        ([_look(0, 1), _look(301, 2)], []),
        ([_look(0, 1), _look(100, 0), _look(200, 1)], []),
        ([_look(0, 1), _look(200, 1), _look(400, 1), _look(800, 1), _look(900, 3)], [(0, 400), (800, 900)]),
        # One that is not sure enough is none; 0.7 is. A count without it is a seat's, not a look.
        ([_look(0, 1), _look(100, 0, 0.69), _look(200, 1, 0.7)], [(0, 200)]),
        ([_look(0, 1), _look(200, 1, None)], []),
        ([_look(0, 1), _look(200, None)], []),
        ([_look(0, 1), _look(100, 1, car="B")], []),
    ],
)
def test_who_was_seen_aboard(told: list[dict[str, Any]], runs: list[tuple[int, int]]) -> None:
    found = looks.camera_runs(day_with(events=told), LAW)
    ends = zip(found["start_ms"].tolist(), found["end_ms"].tolist(), strict=True)
    assert [((begin - AT) // S, (end - AT) // S) for begin, end in ends] == runs
