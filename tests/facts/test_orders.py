"""Orders: where the car was while it was due, and how near it can have come; parts that repairs put in."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.facts import orders, repair_jobs
from taxi_qa.values.columns import Columns
from tests.facts.frames import DAY_MS, MIN, H, S, day_with
from tests.small_city import City, law_of

LAW: Final = law_of("guangzhou")
AT: Final = DAY_MS + 12 * H
ORDER: Final = {
    "order_id": "O",
    "vehicle_id": "A",
    "pickup_due_ms": AT,
    "pickup_lon": 113.3,
    "pickup_lat": 23.1,
}
# Metres of a degree of longitude at 23.1 degrees north.
EAST: Final = 102_470.0


def _said(track: Sequence[Mapping[str, Any]], **order: Any) -> dict[str, Any]:  # noqa: ANN401 - of an order
    city = City(tracks=[{"vehicle_id": "A", "track": track}] if track else [])
    given = replace(city.given(), tables=day_with(orders=[ORDER | order]).tables)
    rows = orders.orders(given, LAW)
    return {name: rows[name][0] for name in rows}


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=1, max_size=5))
@settings(max_examples=100)
def test_how_near_a_line_comes(corners: list[tuple[int, int]]) -> None:
    x, y = (np.array(axis, dtype=np.float64) for axis in zip(*corners, strict=True))
    line = shapely.LineString(corners) if len(set(corners)) > 1 else shapely.Point(corners[0])
    assert orders._to_line_m(x, y) == pytest.approx(shapely.distance(line, shapely.Point(0, 0)))


def test_it_drove_past() -> None:
    # 300 m to the south of the pick-up, from 3 km before it to 3 km beyond, at 36 km/h: ten minutes.
    south, west = 23.1 - 300 / 110_743, 113.3 - 3_000 / EAST
    track: Sequence[Mapping[str, Any]] = [
        {"leave": [west, south], "at": "11:55:00"},
        {"drive_m": 6_000, "kmh": 36, "every_s": 30},
    ]
    said = _said(track)
    assert said["nearest_m"] == pytest.approx(300, abs=1)
    assert said["longest_gap_s"] >= 30


@pytest.mark.parametrize(
    ("gap_s", "every_s", "reach_m"),
    [
        # 3 km off and silent: there and back are 6 km; at 200 km/h 120 s are 6,667 m, 90 s are 5,000 m.
        (90, 30, (6_000 - 5_000) / 2),
        (120, 30, 0.0),
        # A gap of a minute is clear, a second more is none: 3,389 m of 6 km.
        (60, 30, np.inf),
        (61, 30, (6_000 - 61 / 3.6 * 200) / 2),
    ],
)
def test_how_near_it_can_have_come(gap_s: int, every_s: int, reach_m: float) -> None:
    track: Sequence[Mapping[str, Any]] = [
        {"leave": [113.3 + 3_000 / EAST, 23.1], "at": "11:00:00"},
        {"stand_s": 3_600, "every_s": every_s},
        {"gap_s": gap_s},
        {"stand_s": 3_600, "every_s": every_s},
    ]
    jump_kmh = LAW.number("house.quality.jump_kmh", DAY_MS)
    assert jump_kmh == 200
    assert _said(track)["reach_m"] == pytest.approx(reach_m, abs=3)
    # Where no position lies on either side nobody knows.
    assert np.isnan(_said([{"leave": [113.3, 23.1], "at": "11:59:00"}])["reach_m"])


@pytest.mark.parametrize(
    ("order", "start", "end"),
    [
        ({}, 0, 0),
        ({"outcome": "driver_cancelled", "cancelled_ms": AT - 5 * MIN}, -5, 0),
        ({"outcome": "driver_cancelled", "cancelled_ms": AT + 5 * MIN}, 5, 5),
        ({"outcome": "driver_cancelled"}, 0, 0),
        ({"outcome": "passenger_cancelled", "cancelled_ms": AT - 5 * MIN}, 0, 0),
    ],
)
def test_the_time_of_an_order(order: dict[str, Any], start: int, end: int) -> None:
    said = _said([], **order)
    assert ((said["start_ms"] - AT) // MIN, (said["end_ms"] - AT) // MIN) == (start, end)
    assert said["has_place"]
    assert not _said([], pickup_lat=None, **order)["has_place"]
    assert np.isnan(said["nearest_m"])


@pytest.mark.parametrize(("at_s", "judged"), [(0, 1), (-1, 0), (86_399, 1), (86_400, 0)])
def test_orders_are_judged_where_they_were_due(at_s: int, judged: int) -> None:
    given = day_with(orders=[ORDER | {"pickup_due_ms": DAY_MS + at_s * S}])
    assert len(orders.orders(given, LAW)) == judged


# --- repaired parts

JOB: Final = {
    "vehicle_id": "A",
    "device": "meter",
    "part_serial": "S",
    "part_maker": "M",
    "part_grade": "original",
}


def _jobs(*told: dict[str, Any]) -> Columns:
    rows = [JOB | {"ticket_id": f"R{n}", "repaired_ms": AT} | one for n, one in enumerate(told)]
    return repair_jobs.repair_jobs(replace(day_with(repairs=rows), heard_to_ms=DAY_MS + 24 * H), LAW)


@pytest.mark.parametrize(
    ("earlier", "found", "sure"),
    [
        ({}, "R0", True),
        ({"repaired_ms": AT - 40 * 24 * H}, "R0", True),
        # Later, or never done; of another part, or in the same car.
        ({"repaired_ms": AT + 1}, "", False),
        ({"repaired_ms": None}, "", False),
        ({"part_serial": "X"}, "", False),
        ({"vehicle_id": "A"}, "", False),
        ({"part_maker": "N"}, "", False),
        # Nobody wrote whose part it is.
        ({"part_maker": None}, "R0", False),
    ],
)
def test_a_part_in_two_cars(earlier: dict[str, Any], found: str, *, sure: bool) -> None:
    rows = _jobs({"vehicle_id": "B"} | earlier, {})
    row = rows["ticket_ids"].tolist().index("R1")
    assert (rows["other_ticket_id"][row], rows["same_maker"][row]) == (found, sure)
    # Of several the first; of one moment the first by name.
    rows = _jobs({"vehicle_id": "B"}, {"vehicle_id": "C", "repaired_ms": AT - 1}, {})
    assert rows["other_ticket_id"].tolist() == ["R1", "", "R1"]


@pytest.mark.parametrize(
    ("earlier", "found"),
    [
        ({}, "R0"),
        ({"repaired_ms": AT}, ""),
        ({"repaired_ms": None}, ""),
        ({"part_grade": "original"}, ""),
        ({"part_maker": "N"}, ""),
        ({"part_serial": "X"}, ""),
    ],
)
def test_a_used_part_called_original(earlier: dict[str, Any], found: str) -> None:
    used = {"part_grade": "refurbished", "repaired_ms": AT - 1} | earlier
    rows = _jobs(used, {})
    assert rows["used_ticket_id"][rows["ticket_ids"].tolist().index("R1")] == found
    assert _jobs(used, {"part_grade": "refurbished"})["used_ticket_id"].tolist()[-1] == ""


@pytest.mark.parametrize(
    ("job", "days", "proven"),
    [
        # The 20th is day 20,746; the data end with it.
        ({"reverified_on_day": 20_746}, 0.0, True),
        ({"reverified_on_day": 20_749}, 3.0, True),
        ({"reverified_on_day": 20_745}, 0.0, False),
        ({}, 0.0, False),
        ({"device": "camera", "reverified_on_day": 20_749}, 0.0, True),
    ],
)
def test_a_meter_until_it_was_proven(job: dict[str, Any], days: float, *, proven: bool) -> None:
    rows = _jobs(job)
    assert (rows["unproven_days"][0], rows["is_proven"][0]) == (days, proven)


@pytest.mark.parametrize(("at_s", "judged"), [(0, 1), (-1, 0), (86_399, 1), (86_400, 0)])
def test_repairs_are_judged_when_they_were_done(at_s: int, judged: int) -> None:
    assert len(_jobs({"repaired_ms": DAY_MS + at_s * S})) == judged
