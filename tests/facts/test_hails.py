"""Hails that came to nothing: every limit of time met exactly."""

from dataclasses import replace

import numpy as np
import pytest

from taxi_qa.facts import hails
from taxi_qa.facts.given import Given
from taxi_qa.records.fixes import LOADED, LOADED_SENT, OUT_OF_SERVICE
from tests.facts.frames import DAY_MS, MIN, H, S, day_with
from tests.small_city import fixes_of

AT = DAY_MS + 12 * H
CAR = np.array(["A", "B"], dtype=object)


def _events(*told: tuple[str, int], car: str = "A") -> list[dict[str, object]]:
    return [{"vehicle_id": car, "kind": kind, "time_ms": AT + at_s * S} for kind, at_s in told]


@pytest.mark.parametrize(
    ("held_s", "trip_s", "is_visit"),
    [
        # Five minutes in the car at most.
        (300, None, True),
        (301, None, False),
        # A minute's visit; a trip that begins a minute later is theirs, or that ended a minute before.
        (60, (120, 900), False),
        (60, (121, 900), True),
        (60, (-900, -60), False),
        (60, (-900, -61), True),
    ],
)
def test_visits(held_s: int, trip_s: tuple[int, int] | None, *, is_visit: bool) -> None:
    events = _events(("passenger_boarded", 0), ("passenger_alighted", held_s))
    for car in "AB":
        trips = [
            {
                "trip_id": "T",
                "vehicle_id": car,
                "boarded_ms": AT + trip_s[0] * S,
                "alighted_ms": AT + trip_s[1] * S,
            }
            for trip_s in [trip_s]
            if trip_s
        ]
        found = hails._visits(day_with(events=events, trips=trips))
        # Another car's trip is nothing to them.
        assert len(found) == (is_visit or (car == "B" and held_s <= 300))


@pytest.mark.parametrize(("at_ms", "judged"), [(0, True), (-1, False), (24 * H - 1, True), (24 * H, False)])
def test_the_span_that_is_judged(at_ms: int, *, judged: bool) -> None:
    events = [
        {"vehicle_id": "A", "kind": kind, "time_ms": DAY_MS + at_ms + more}
        for kind, more in (("passenger_boarded", 0), ("passenger_alighted", MIN))
    ]
    assert len(hails._visits(day_with(events=events))) == judged


@pytest.mark.parametrize(
    ("sat_s", "trip_s", "until_s"),
    [
        (None, None, 300),
        (100, None, 100),
        (None, 100, 100),
        (100, 200, 100),
        (200, 100, 100),
        (400, 400, 300),
        # At that very moment is not later.
        (0, 0, 300),
        (1, None, 1),
        (None, 1, 1),
    ],
)
def test_until_when_the_car_was_empty(sat_s: int | None, trip_s: int | None, until_s: int) -> None:
    events = (
        [] if sat_s is None else _events(("passenger_boarded", sat_s), ("passenger_alighted", sat_s + 60))
    )
    trips = [
        {"trip_id": "T", "vehicle_id": "A", "boarded_ms": AT + one * S, "alighted_ms": AT + 5000 * S}
        for one in [trip_s]
        if one is not None
    ]
    until = hails._empty_until(day_with(events=events, trips=trips), CAR, np.array([AT, AT]))
    assert [(one - AT) // S for one in until.tolist()] == [until_s, 300]


@pytest.mark.parametrize(
    ("signs", "paused"),
    [
        ((), False),
        ((("pause_sign_on", 0),), True),
        ((("pause_sign_on", 1),), False),
        # Twelve hours.
        ((("pause_sign_on", -43_200),), True),
        ((("pause_sign_on", -43_201),), False),
        ((("pause_sign_on", -600), ("pause_sign_off", -300)), False),
        ((("pause_sign_off", -600), ("pause_sign_on", -300)), True),
        ((("pause_sign_on", -600), ("pause_sign_off", 1)), True),
        ((("pause_sign_on", -600), ("pause_sign_off", 0)), False),
    ],
)
def test_a_pause_sign(signs: tuple[tuple[str, int], ...], *, paused: bool) -> None:
    said = hails._paused(day_with(events=_events(*signs)), CAR, np.array([AT, AT]))
    assert said.tolist() == [paused, False]


@pytest.mark.parametrize(("at_s", "tested"), [(-300, True), (-301, False), (360, True), (361, False)])
def test_a_device_that_is_tested(at_s: int, *, tested: bool) -> None:
    # Five minutes around a minute in the car.
    start = np.array([AT, AT])
    said = hails._tested(day_with(events=_events(("device_test", at_s))), CAR, start, start + 60 * S)
    assert said.tolist() == [tested, False]


def _seen(given: Given, flags: list[int]) -> Given:
    rows = [
        {"vehicle_id": "A", "time_ms": AT + at * 10 * S, "lon": 113.3, "lat": 23.1}
        for at in range(len(flags))
    ]
    return replace(given, fixes=replace(fixes_of(rows), flags=np.array(flags, dtype=np.int16)))


@pytest.mark.parametrize(
    ("at_s", "free"),
    # The last position says it: loaded from 10 s on, out of service from 30 s on.
    [(-1, True), (0, True), (9, True), (10, False), (19, False), (20, True), (29, True), (30, False)],
)
def test_for_hire(at_s: int, *, free: bool) -> None:
    given = _seen(day_with(), [0, LOADED | LOADED_SENT, LOADED_SENT, OUT_OF_SERVICE])
    said = hails._for_hire(given, CAR, np.array([AT + at_s * S] * 2))
    assert said.tolist() == [free, True]


def test_a_car_whose_first_position_is_loaded_is_not_for_hire() -> None:
    given = _seen(day_with(), [LOADED | LOADED_SENT, LOADED_SENT])
    # Before it nobody knows; at it and until the next it is.
    for at_s, free in ((-1, True), (0, False), (9, False), (10, True)):
        assert hails._for_hire(given, CAR[:1], np.array([AT + at_s * S])).tolist() == [free]


def test_cars_without_any_visit() -> None:
    given = _seen(day_with(), [0])
    visits = hails._visits(given)
    assert hails._cars_without(given, visits)["missing"].tolist() == ["vehicles.has_seat_sensor"]
    for stated, missing in (
        (True, ""),
        (False, "vehicles.has_seat_sensor"),
        (None, "vehicles.has_seat_sensor"),
    ):
        given = _seen(day_with(vehicles=[{"vehicle_id": "A", "has_seat_sensor": stated}]), [0])
        assert hails._cars_without(given, visits)["missing"].tolist() == [missing]
    # Seats that spoke at any time are a sensor; a car that visits has a row of its own.
    given = _seen(day_with(events=_events(("passenger_boarded", 0), ("passenger_alighted", 900))), [0])
    assert hails._cars_without(given, visits)["missing"].tolist() == [""]
    given = _seen(day_with(events=_events(("passenger_boarded", 0), ("passenger_alighted", 60))), [0])
    assert len(hails._cars_without(given, hails._visits(given))) == 0
    # Nobody heard it within the span.
    assert len(hails._cars_without(replace(given, from_ms=AT + S), visits)) == 0
