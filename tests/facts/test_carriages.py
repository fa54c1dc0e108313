"""Carriages off the meter: a car that drives 10 m a second all the time, so metres are tenths of seconds."""

from collections.abc import Sequence
from typing import Any

import pytest

from taxi_qa.facts import carriages
from taxi_qa.values.columns import Columns
from tests.small_city import City, law_of, moment_ms

AT = moment_ms("08:00:00")
LAW = law_of("guangzhou")


def _clock(second: int) -> str:
    second += 8 * 3600
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def _rows(
    seats: list[tuple[int, int]], trips: Sequence[tuple[int, int]] = (), tests: Sequence[int] = ()
) -> Columns:
    """What is said of one car with these runs of seats, trips and tests of devices, in seconds."""
    events: list[dict[str, Any]] = [
        {"event_id": f"{kind}{second}", "vehicle_id": "A", "kind": kind, "time": _clock(second)}
        for run in seats
        for kind, second in zip(("passenger_boarded", "passenger_alighted"), run, strict=True)
    ]
    events += [
        {"event_id": f"t{second}", "vehicle_id": "A", "kind": "device_test", "time": _clock(second)}
        for second in tests
    ]
    driven = [
        {
            "trip_id": f"T{begin}",
            "vehicle_id": "A",
            "boarded_at": _clock(begin),
            "alighted_at": _clock(end),
            "metered_km": 3,
            "fare_yuan": 12,
        }
        for begin, end in trips
    ]
    track = [{"leave": [113.3, 23.1], "at": "07:30:00"}, {"drive_m": 72_000, "kmh": 36, "every_s": 10}]
    city = City(
        records={"events": events, "trips": driven},
        tracks=[{"vehicle_id": "A", "track": track}],
        feeds=["trips"],
    )
    return carriages.carriages(city.given(), LAW)


@pytest.mark.parametrize(
    ("seats", "trips", "spans", "metres"),
    [
        ([(0, 600)], [], [(0, 600)], [6_000]),
        # A minute apart they are two, less they are one.
        ([(0, 600), (660, 900)], [], [(0, 600), (660, 900)], [6_000, 2_400]),
        ([(0, 600), (659, 900)], [], [(0, 900)], [6_000 + 2_410]),
        # A metered trip and two minutes around it are on the meter: of 20 minutes 180 s and 480 s are left.
        ([(0, 1_200)], [(300, 600)], [(0, 1_200)], [1_800 + 4_800]),
        ([(0, 1_200)], [(120, 1_080)], [], []),
        # What begins two minutes after a trip is off it.
        ([(720, 900)], [(300, 600)], [(720, 900)], [1_800]),
        ([(600, 900)], [(300, 600)], [(600, 900)], [1_800]),
    ],
)
def test_metres_off_the_meter(
    seats: list[tuple[int, int]],
    trips: list[tuple[int, int]],
    spans: list[tuple[int, int]],
    metres: list[float],
) -> None:
    rows = _rows(seats, trips)
    rows = rows.cut(rows["moved_seat_m"] > 0)
    ends = zip(rows["start_ms"].tolist(), rows["end_ms"].tolist(), strict=True)
    said = [((begin - AT) // 1000, (end - AT) // 1000) for begin, end in ends]
    assert said == spans
    assert rows["moved_seat_m"].tolist() == pytest.approx(metres, abs=3)


@pytest.mark.parametrize(
    ("at_s", "tested"), [(-60, True), (-61, False), (660, True), (661, False), (300, True)]
)
def test_a_test_of_devices_within_a_minute(at_s: int, *, tested: bool) -> None:
    assert _rows([(0, 600)], tests=[at_s])["is_tested"].tolist() == [tested]


def test_a_car_that_carried_nobody() -> None:
    rows = _rows([])
    # It sends neither seats nor the loaded flag; with any seat event at any time it does.
    assert rows["missing"].tolist() == ["positions.loaded"]
    assert rows["moved_seat_m"].tolist() == [0.0]
    assert _rows([(0, 600)], [(0, 600)])["missing"].tolist() == [""]
