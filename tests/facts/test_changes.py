"""Changes of car and passengers left behind, with every time and distance met exactly."""

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest

from taxi_qa.facts import changes
from taxi_qa.values.place import metres_per_degree
from tests.facts.frames import DAY_MS, MIN, H, S, day_with
from tests.small_city import law_of

LAW: Final = law_of("guangzhou")
AT: Final = DAY_MS + 12 * H
# Metres of the plane of the trips: 23.1 degrees is where they begin.
EAST, NORTH = metres_per_degree(23.1)
FIRST: Final = {
    "trip_id": "T1",
    "vehicle_id": "A",
    "boarded_ms": AT - 20 * MIN,
    "alighted_ms": AT,
    "boarded_lon": 113.30,
    "boarded_lat": 23.1,
    "alighted_lon": 113.35,
    "alighted_lat": 23.1,
    "passengers": 2,
}


def _second(after_s: float, metres: float, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a trip
    """Another taxi's trip that begins so much later and so far to the north, and goes on to the east."""
    lat = 23.1 + metres / NORTH
    places = {"boarded_lon": 113.35, "boarded_lat": lat, "alighted_lon": 113.40, "alighted_lat": lat}
    begin = AT + int(after_s * S)
    times = {"boarded_ms": begin, "alighted_ms": begin + 20 * MIN}
    return {"trip_id": "T2", "vehicle_id": "B", "passengers": 2, **places, **times, **more}


def _transfers(*trips: dict[str, Any], **tables: list[dict[str, Any]]) -> dict[str, Any]:
    """What is said of the first trip."""
    rows = changes.transfers(day_with(trips=[FIRST, *trips], **tables), LAW)
    mine = rows.cut(rows["subject"] == "T1")
    return {name: mine[name][0] for name in mine}


@pytest.mark.parametrize(
    ("after_s", "metres", "partner"),
    [
        # Within 50 m and three minutes; a meter of whole minutes may begin a minute early.
        (0, 49.9, "B"),
        (0, 50.1, ""),
        (180, 0, "B"),
        (181, 0, ""),
        (-60, 0, "B"),
        (-61, 0, ""),
    ],
)
def test_who_took_over(after_s: float, metres: float, partner: str) -> None:
    said = _transfers(_second(after_s, metres))
    assert said["partner"] == partner
    if partner:
        assert said["partner_trip"] == "T2"
        assert said["gap_s"] == max(0, after_s)
        assert said["apart_m"] == pytest.approx(metres, abs=0.05)
        assert said["turn_deg"] == pytest.approx(0.0, abs=0.2)


def test_of_several_the_straightest_and_then_the_soonest() -> None:
    back = {"alighted_lon": 113.31, "trip_id": "T3", "vehicle_id": "C"}
    later = {"trip_id": "T0", "vehicle_id": "D"}
    assert _transfers(_second(60, 0), _second(0, 0, **back))["partner"] == "B"
    assert _transfers(_second(60, 0), _second(61, 0, **later))["partner"] == "B"
    assert _transfers(_second(60, 0), _second(59, 0, **later))["partner"] == "D"
    # One whose end nobody knows goes where it will: after all others.
    nowhere = {"alighted_lon": None, "alighted_lat": None, "trip_id": "T4", "vehicle_id": "E"}
    assert _transfers(_second(60, 0, **back), _second(0, 0, **nowhere))["partner"] == "C"
    # Its own next trip is no change.
    assert _transfers(_second(60, 0, vehicle_id="A"))["partner"] == ""


@pytest.mark.parametrize(
    ("mine", "theirs", "same", "known"), [(2, 2, True, True), (2, 3, False, True), (2, None, False, False)]
)
def test_the_count_of_passengers(mine: int, theirs: int | None, *, same: bool, known: bool) -> None:
    said = _transfers(_second(0, 0, passengers=theirs))
    assert mine == FIRST["passengers"]
    assert (said["same_count"], said["count_known"]) == (same, known)


def test_a_car_that_came_to_an_order() -> None:
    assert _transfers(_second(0, 0, order_id="O"))["booked"]
    assert not _transfers(_second(0, 0))["booked"]


@pytest.mark.parametrize(
    ("after_s", "metres", "busy"),
    [(-1_800, 0, 1), (-1_801, 0, 0), (1_800, 0, 1), (1_801, 0, 0), (600, 49.9, 1), (600, 50.1, 0)],
)
def test_others_at_the_place_within_half_an_hour(after_s: int, metres: float, busy: int) -> None:
    # One that begins there, and then one that ends there; neither of the two cars' own trips counts.
    begins = _second(after_s, metres, trip_id="T9", vehicle_id="Z", alighted_ms=AT + 5 * H)
    place = {"boarded_lon": 113.45, "alighted_lon": 113.35, "alighted_lat": 23.1 + metres / NORTH}
    times = {"boarded_ms": AT - 5 * H, "alighted_ms": AT + after_s * S}
    ends = _second(0, 0, trip_id="T9", vehicle_id="Z") | place | times
    for other in (begins, ends):
        said = _transfers(_second(0, 0), other | {"passengers": 4})
        assert (said["partner"], said["neighbours"]) == ("B", busy)


@pytest.mark.parametrize(
    ("reported_s", "device", "broke"),
    [
        # Told an hour before its end to two hours after it.
        (-3_600, "vehicle", True),
        (7_200, "meter", True),
        (7_201, "vehicle", False),
        (0, "camera", False),
    ],
)
def test_a_car_that_broke_down(reported_s: int, device: str, *, broke: bool) -> None:
    ticket = {"ticket_id": "R", "vehicle_id": "A", "device": device, "reported_ms": AT + reported_s * S}
    assert _transfers(repairs=[ticket])["broke_down"] == broke
    # Repaired an hour before it ended, it ran again.
    for repaired_s, still in ((-3_600, False), (-3_599, True)):
        early = ticket | {"reported_ms": AT - 2 * H, "repaired_ms": AT + repaired_s * S, "device": "vehicle"}
        assert _transfers(repairs=[early])["broke_down"] == still


@pytest.mark.parametrize(
    ("before", "after", "turn"),
    [
        (0.0, 190.0, 170.0),
        (190.0, 0.0, 170.0),
        (-170.0, 170.0, 20.0),
        (170.0, -170.0, 20.0),
        (10.0, 10.0, 0.0),
    ],
)
def test_the_turn_between_two_bearings(before: float, after: float, turn: float) -> None:
    assert changes._turn_deg(np.array([before]), np.array([after])).tolist() == pytest.approx([turn])


@pytest.mark.parametrize(("at_s", "judged"), [(0, True), (-1, False), (86_399, True), (86_400, False)])
def test_trips_are_judged_where_they_ended(at_s: int, *, judged: bool) -> None:
    trip = FIRST | {"alighted_ms": DAY_MS + at_s * S, "boarded_ms": DAY_MS + (at_s - 600) * S}
    assert len(changes.transfers(day_with(trips=[trip]), LAW)) == judged


def _abandonments(order: dict[str, Any], *trips: dict[str, Any]) -> dict[str, Any]:
    told = {"order_id": "O", "vehicle_id": "B", "accepted_ms": AT, "pickup_lon": 113.35, "pickup_lat": 23.1}
    rows = changes.abandonments(day_with(trips=[FIRST, *trips], orders=[told | order]), LAW)
    mine = rows.cut(rows["subject"] == "T1")
    return {name: mine[name][0] for name in mine}


@pytest.mark.parametrize(
    ("after_s", "metres", "car", "called"),
    [
        # Accepted after its end, within a quarter of an hour and 100 m, by another car.
        (900, 0, "B", "O"),
        (901, 0, "B", ""),
        (0, 0, "B", ""),
        (0.001, 0, "B", "O"),
        (60, 99.9, "B", "O"),
        (60, 100.1, "B", ""),
        (60, 0, "A", ""),
    ],
)
def test_an_order_after_it(after_s: float, metres: float, car: str, called: str) -> None:
    order = {"vehicle_id": car, "accepted_ms": AT + int(after_s * S), "pickup_lat": 23.1 + metres / NORTH}
    said = _abandonments(order)
    assert said["called"] == called
    assert said["called_after_s"] == pytest.approx(after_s if called else np.nan, nan_ok=True)


def test_others_that_end_and_begin_there() -> None:
    near = {"trip_id": "T5", "vehicle_id": "C", "boarded_lat": 23.1 + 199.9 / NORTH}
    far = {"trip_id": "T6", "vehicle_id": "D", "boarded_lat": 23.1 + 200.1 / NORTH}
    ends = {"trip_id": "T7", "boarded_lon": 113.45, "alighted_lon": 113.35, "alighted_lat": 23.1}
    # Neither its own trip nor that of the car that was called.
    theirs = _second(300, 0, order_id="O")
    others = [_second(600, 0) | one for one in (near, far, ends)]
    said = _abandonments({"accepted_ms": AT + MIN}, theirs, *others)
    assert said["drops_near"] == 2.0
    # Five trips have ten ends.
    assert said["drops"] == 10.0


def test_the_house_s_distance_itself_is_near() -> None:
    other = _second(600, 150.0, trip_id="T5", vehicle_id="C")
    given = day_with(trips=[FIRST, other], orders=[{"order_id": "O", "vehicle_id": "B", "accepted_ms": AT + 1,
                     "pickup_lon": 113.35, "pickup_lat": 23.1}])  # fmt: skip
    trips = given.once("placed_trips", changes._placed)
    apart = float(np.hypot(trips["x"][1] - trips["end_x"][0], trips["y"][1] - trips["end_y"][0]))

    for usual_m, near in ((apart, 1.0), (np.nextafter(apart, 0), 0.0)):
        rows = changes.abandonments(replace(given), _House(usual_m))  # type: ignore[arg-type]
        assert rows["drops_near"].tolist() == [near, 0.0]


class _House:
    """As the law, but for one number."""

    def __init__(self, usual_m: float) -> None:
        self._usual_m = usual_m

    def number(self, name: str, moment_ms: int) -> float:
        return self._usual_m if name == "house.service.usual_drop_m" else LAW.number(name, moment_ms)


def test_orders_of_the_days_around_tell_that_some_are_sent() -> None:
    for days, missing in ((-1, ""), (1, ""), (2, "orders"), (-2, "orders")):
        given = replace(day_with(trips=[FIRST]), feeds={"orders": frozenset({20_746 + days})})
        assert changes.abandonments(given, LAW)["missing"].tolist() == [missing]
