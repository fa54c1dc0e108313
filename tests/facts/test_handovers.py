"""Outages and cuts around midnight and at the very end of a duty: one act, and whoever had the car alone."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pytest

from taxi_qa.facts import cuts, device_outages, uptime
from taxi_qa.facts.duty import one_driver
from taxi_qa.facts.given import Given
from taxi_qa.law.parameter import Law
from taxi_qa.values.columns import Columns
from tests.facts.frames import DAY_MS, MIN, H
from tests.small_city import City, law_of

LAW: Final = law_of("guangzhou")
DAYS: Final = ("2026-10-19", "2026-10-20", "2026-10-21")
# A car heard every minute from 22:00 on, silent for forty minutes around midnight, and heard again.
SILENT: Final = [
    {"leave": [113.3, 23.1], "at": "2026-10-20 22:00:00"},
    {"drive_m": 10_000, "kmh": 6, "every_s": 60},
    {"gap_s": 2_400, "drive_m": 10_000},
    {"drive_m": 10_000, "kmh": 6, "every_s": 60},
]


def _shift(driver: str, start: str, end: str, car: str = "A") -> dict[str, Any]:
    return {"vehicle_id": car, "driver_id": driver, "start": start, "end": end}


def _day(shifts: list[dict[str, Any]], day: int) -> Given:
    """The 20th or the 21st as judged; the meter is told to be down where positions are silent."""
    down = {"vehicle_id": "A", "device": "meter", "state": "down"}
    down |= {"from": "2026-10-20 23:40:00", "to": "2026-10-21 00:20:00"}
    cut = {"event_id": "E", "vehicle_id": "A", "kind": "power_cut", "time": "2026-10-20 23:40:00"}
    records = {"shifts": shifts, "device_status": [down], "events": [cut]}
    # Told by a second car that was on duty all the time: rows come car by car.
    records["shifts"] = [_shift("D0", "2026-10-20 10:00:00", "2026-10-20 11:00:00", "0"), *shifts]
    city = City(records=records, tracks=[{"vehicle_id": "A", "track": SILENT}])
    return city.given(city.number(DAYS[day]))


def _dark(rows: Columns) -> list[tuple[str, float, float]]:
    dark = rows.cut((rows["dark_s"] > 0) & (rows["vehicle_id"] == "A"))
    return [
        (driver, round((begin - DAY_MS) / H, 3), round((end - DAY_MS) / H, 3))
        for driver, begin, end in zip(dark["driver_id"], dark["start_ms"], dark["end_ms"], strict=True)
    ]


def _meters(given: Given, law: Law) -> Columns:
    return device_outages.meter_outages(given, law)


@pytest.mark.parametrize("make", [uptime.outages, _meters])
@pytest.mark.parametrize(
    ("over", "named"),
    [
        # One driver all through it; a handover within it, also at midnight itself: nobody alone had the car.
        ("2026-10-21 02:00:00", "D1"),
        ("2026-10-21 00:05:00", ""),
        ("2026-10-21 00:00:00", ""),
        ("2026-10-20 23:55:00", ""),
        # Who takes over when it is over had no part in it.
        ("2026-10-21 00:20:00", "D1"),
    ],
)
def test_an_outage_around_midnight(make: Callable[[Given, Law], Columns], over: str, named: str) -> None:
    shifts = [
        _shift("D1", "2026-10-20 22:00:00", over),
        _shift("D2", over, "2026-10-21 02:00:00"),
    ]
    shifts = [one for one in shifts if one["start"] != one["end"]]
    assert _dark(make(_day(shifts, 1), LAW)) == [(named, 23.667, 24.333)]
    # It is judged on the day it began, and on no other.
    assert _dark(make(_day(shifts, 2), LAW)) == []


@pytest.mark.parametrize(
    ("over", "drivers"),
    [
        ("2026-10-21 00:05:00", [""]),
        ("2026-10-21 00:20:00", ["D1"]),
        ("2026-10-20 23:40:01", [""]),
        # The silence began as his duty ended: it was not on duty, and no other car's driver is meant.
        ("2026-10-20 23:40:00", []),
    ],
)
def test_a_cut_around_midnight(over: str, drivers: list[str]) -> None:
    shifts = [_shift("D1", "2026-10-20 22:00:00", over)]
    if drivers:
        shifts.append(_shift("D2", over, "2026-10-21 02:00:00"))
    part = cuts.cut_part(_day(shifts, 1), LAW)
    assert part.loc[part["moved_m"].notna(), "driver_id"].tolist() == drivers
    assert cuts.cut_part(_day(shifts, 2), LAW)["moved_m"].isna().all()


@pytest.mark.parametrize(
    ("start", "end", "cars"),
    [
        # A car whose duty begins with the day is a row of the day; one whose duty ends or begins with the
        # next day is none.
        ("2026-10-20 00:00:00", "2026-10-20 01:00:00", ["A"]),
        ("2026-10-19 23:00:00", "2026-10-20 00:00:00", []),
        ("2026-10-21 00:00:00", "2026-10-21 01:00:00", []),
        ("2026-10-20 23:59:59", "2026-10-21 01:00:00", ["A"]),
    ],
)
def test_cars_that_came_on_duty_on_a_day(start: str, end: str, cars: list[str]) -> None:
    city = City(records={"shifts": [_shift("D1", start, end)]})
    assert cuts.cut_part(city.given(), LAW)["vehicle_id"].tolist() == cars
    # Relieved at midnight: the second duty is the day's own.
    if not cars and end == "2026-10-20 00:00:00":
        both = City(records={"shifts": [_shift("D1", start, end), _shift("D2", end, "2026-10-20 08:00:00")]})
        assert cuts.cut_part(both.given(), LAW)["vehicle_id"].tolist() == ["A"]


def test_nobody_is_named_for_a_span_without_a_duty() -> None:
    duty = Columns(
        {
            "vehicle_id": np.array(["A", "B"], dtype=object),
            "driver_id": np.array(["D1", "D2"], dtype=object),
            "start_ms": np.array([0, 0]),
            "end_ms": np.array([100, 100]),
            "day_ms": np.array([0, 0]),
            "known_by": np.array(["shifts", "trips"], dtype=object),
        }
    )
    cars = np.array(["B"] * 5, dtype=object)
    # A moment in common is enough; to touch is not.
    begin, finish = np.array([99, 100, -10, -10, 20]), np.array([200, 200, 0, 1, 30])
    driver, _, _ = one_driver(duty, cars, begin, finish)
    assert driver.tolist() == ["D2", "", "", "D2", "D2"]


@pytest.mark.parametrize(
    ("minutes", "is_out"),
    [
        # Between two positions of a car on duty, ten minutes are none yet (the house's least).
        (10, False),
        (11, True),
    ],
)
def test_the_shortest_outage(minutes: int, *, is_out: bool) -> None:
    track = [
        {"leave": [113.3, 23.1], "at": "08:00:00"},
        {"stand_s": 1_800, "every_s": 60},
        {"gap_s": minutes * 60},
        {"stand_s": 1_800, "every_s": 60},
    ]
    city = City(
        records={"shifts": [_shift("D1", "08:05:00", "08:50:00")]},
        tracks=[{"vehicle_id": "A", "track": track}],
    )
    rows = uptime.outages(city.given(), LAW)
    least_min = LAW.number("house.vehicle.gnss_outage_s", DAY_MS) / 60
    assert least_min == 10
    assert (rows["dark_s"] * 1000 // MIN).tolist() == [minutes if is_out else 0]
