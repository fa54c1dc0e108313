"""Each clue of a vague complaint at the limit where it turns (the house's numbers stand beside)."""

from dataclasses import replace

import numpy as np
import pytest
import shapely

from taxi_qa.facts import candidates
from taxi_qa.facts.candidates import Wanted
from tests.facts.frames import DAY_MS, MIN, H, S, day_with
from tests.small_city import City, law_of

LAW = law_of("guangzhou")
AT = DAY_MS + 12 * H
TRIP = {
    "trip_id": "T",
    "vehicle_id": "粤A12345",
    "boarded_ms": AT,
    "alighted_ms": AT + 20 * MIN,
    "metered_m": 8_000,
    "fare_fen": 3_000,
    "paid_fen": 3_500,
}


@pytest.mark.parametrize(
    ("from_s", "to_s", "found"),
    [
        # A quarter of an hour around what was told: 900 s before boarding, 900 s after 20 minutes' ride.
        (-2_000, -900, True),
        (-2_000, -901, False),
        (2_100, 3_000, True),
        (2_101, 3_000, False),
    ],
)
def test_trips_around_the_time_told(from_s: int, to_s: int, *, found: bool) -> None:
    said = candidates.candidates(day_with(trips=[TRIP]), LAW, Wanted(AT + from_s * S, AT + to_s * S))
    assert [one.trip_id for one in said] == (["T"] if found else [])


@pytest.mark.parametrize(
    ("more", "due"),
    [
        ({}, 3_000),
        ({"surcharge_fen": 200}, 3_200),
        ({"surcharge_fen": 200, "tolls_fen": 1_000}, 4_200),
        ({"fare_fen": None}, None),
    ],
)
def test_what_was_due(more: dict[str, int | None], due: int | None) -> None:
    found = candidates.candidates(day_with(trips=[TRIP | more]), LAW, Wanted(AT, AT))
    assert [one.fare_fen for one in found] == [due]


@pytest.mark.parametrize(
    ("begin_s", "end_s", "speaks", "en"),
    [
        (600, 700, 1, "under way in the time told"),
        (601, 700, -1, "1 min later"),
        (660, 700, -1, "1 min later"),
        (661, 700, -1, "2 min later"),
        (-100, 0, 1, "under way in the time told"),
        (-100, -60, -1, "1 min earlier"),
        (-100, -61, -1, "2 min earlier"),
    ],
)
def test_the_time(begin_s: int, end_s: int, speaks: int, en: str) -> None:
    said = candidates._time(Wanted(AT, AT + 10 * MIN), AT + begin_s * S, AT + end_s * S)
    assert (said.speaks, said.en) == (speaks, en)


@pytest.mark.parametrize(
    ("near_m", "speaks", "shown"),
    # Near: 200 m. Far: 1,000 m.
    [
        (200.0, 1, "200 m"),
        (201.0, 0, "201 m"),
        (999.0, 0, "999 m"),
        (1_000.0, 0, "1.0 km"),
        (1_001.0, -1, "1.0 km"),
    ],
)
def test_the_place(near_m: float, speaks: int, shown: str) -> None:
    said = candidates._place(LAW, Wanted(AT, AT, place=shapely.Point(113.3, 23.1)), near_m)
    assert said is not None
    assert said.speaks == speaks
    assert shown in said.en


@pytest.mark.parametrize(
    ("part", "speaks"),
    [
        ("A12345", 1),
        # One sign of six is wrong, then two.
        ("A12945", 0),
        ("A19945", -1),
        # Of a single sign nothing is left if it is wrong.
        ("9", -1),
        ("19", 0),
    ],
)
def test_the_plate(part: str, speaks: int) -> None:
    said = candidates._plate(Wanted(AT, AT, plate=part), "粤A12345")
    assert said is not None
    assert said.speaks == speaks


@pytest.mark.parametrize(
    ("paid", "due", "speaks"),
    [
        # Of 20 yuan: within one yuan it fits, over a fifth (4 yuan) it does not.
        (2_100.0, np.nan, 1),
        (2_101.0, np.nan, 0),
        (1_900.0, np.nan, 1),
        (np.nan, 1_900.0, 1),
        (np.nan, 2_400.0, 0),
        (2_401.0, np.nan, -1),
        (np.nan, 1_599.0, -1),
        (9_999.0, 2_000.0, 1),
        (np.nan, np.nan, 0),
    ],
)
def test_the_fare(paid: float, due: float, speaks: int) -> None:
    said = candidates._fare(LAW, Wanted(AT, AT, fare_fen=2_000), paid, due)
    assert said is not None
    assert said.speaks == speaks
    if not np.isnan(paid) or not np.isnan(due):
        off_fen = min(abs(one - 2_000) for one in (paid, due) if not np.isnan(one))
        assert said.en == f"the fare is {off_fen / 100:.2f} yuan off"


@pytest.mark.parametrize(
    ("bearing", "speaks"), [(10.0, 1), (70.0, 1), (71.0, -1), (310.0, 1), (309.0, -1), (190.0, -1)]
)
def test_the_direction(bearing: float, speaks: int) -> None:
    # Within 60 degrees of 10, on either side of north.
    said = candidates._direction(LAW, Wanted(AT, AT, heading_deg=10.0), bearing)
    assert said is not None
    assert said.speaks == speaks
    turn = min(abs(bearing - 10.0), 360.0 - abs(bearing - 10.0))
    assert said.en == f"the direction is {turn:.0f} degrees off"


@pytest.mark.parametrize(
    ("lon", "lat", "bearing"), [(0.01, 0.0, 90.0), (-0.01, 0.0, 270.0), (0.0, 0.01, 0.0), (0.0, -0.01, 180.0)]
)
def test_a_bearing_is_clockwise_from_north(lon: float, lat: float, bearing: float) -> None:
    trip = TRIP | {"boarded_lon": 113.30, "boarded_lat": 23.10}
    trip |= {"alighted_lon": 113.30 + lon, "alighted_lat": 23.10 + lat}
    # Two as told, one whose ends nobody kept.
    given = day_with(trips=[trip, TRIP | {"trip_id": "U"}])
    found = candidates.candidates(given, LAW, Wanted(AT, AT, heading_deg=bearing))
    said = {one.trip_id: next(clue for clue in one.said if clue.clue == "direction") for one in found}
    assert (said["T"].speaks, said["T"].en) == (1, "the direction is 0 degrees off")
    assert said["U"].speaks == 0


@pytest.mark.parametrize(("counted", "speaks"), [(2, 1), (3, -1), (None, 0)])
def test_the_count_of_passengers(counted: int | None, speaks: int) -> None:
    given = day_with(trips=[TRIP | {"passengers": counted}])
    (found,) = candidates.candidates(given, LAW, Wanted(AT, AT, passengers=2))
    assert [one.speaks for one in found.said if one.clue == "passengers"] == [speaks]


def test_who_was_on_duty() -> None:
    others = ("粤A00001", "粤A00002")
    trips = [TRIP] + [TRIP | {"trip_id": f"T{name}", "vehicle_id": name} for name in others]
    shifts = [
        {"vehicle_id": "粤A12345", "driver_id": "D1", "start_ms": AT - H, "end_ms": AT + H},
        # Begins when the complaint's hour is over.
        {"vehicle_id": "粤A00001", "driver_id": "D2", "start_ms": AT + H, "end_ms": AT + 2 * H},
    ]
    found = candidates.candidates(day_with(trips=trips, shifts=shifts), LAW, Wanted(AT, AT + 5 * MIN))
    said = {one.vehicle_id: {clue.clue: clue.speaks for clue in one.said}["duty"] for one in found}
    assert said == {"粤A12345": 1, "粤A00001": -1, "粤A00002": 0}
    # Best first: 1 for the time and 1 for the duty; 1; 1 - 1.
    assert [(one.vehicle_id, one.score) for one in found] == [
        ("粤A12345", 2), ("粤A00002", 1), ("粤A00001", 0)
    ]  # fmt: skip


def test_a_place_and_a_plate_weigh_twice() -> None:
    # Two cars without positions; time and duty say the same of both.
    trips = [TRIP, TRIP | {"trip_id": "U", "vehicle_id": "粤B99999"}]
    found = candidates.candidates(day_with(trips=trips), LAW, Wanted(AT, AT, plate="A12345"))
    assert [(one.vehicle_id, one.score) for one in found] == [("粤A12345", 3), ("粤B99999", -1)]
    for clue, weight in candidates._WEIGHTS.items():
        said = tuple(candidates.Said(clue, speaks, "", "") for speaks in (1, 1, -1, 0))
        one = candidates.Candidate("A", "", "", None, None, None, said)
        assert one.score == weight == (2 if clue in ("place", "plate") else 1)


def test_how_near_a_car_came_to_an_area_within_the_time_told() -> None:
    # It drives 10 m a second to the east for ten minutes, from 6 km west of the place: the fixes stand every
    # 10 s. The area begins 300 m west of its middle; a degree of longitude there is about 102.5 km.
    track = [{"leave": [113.30, 23.10], "at": "12:00:00"}, {"drive_m": 6_000, "kmh": 36, "every_s": 10}]
    city = City(tracks=[{"vehicle_id": "A", "track": track}])
    metre = 1 / 102_500
    middle = 113.30 + 9_000 * metre
    area = shapely.box(middle - 300 * metre, 23.10 - 300 * metre, middle + 300 * metre, 23.10 + 300 * metre)
    names = np.array(["A", "B"], dtype=object)
    for seconds, metres in ((600, 2_700), (300, 5_700), (0, 8_700)):
        spans = np.array([AT, AT]), np.array([AT + seconds * S] * 2)
        near = candidates._near_m(city.given(), Wanted(AT, AT, place=area), names, *spans)
        assert near.tolist() == pytest.approx([metres, np.nan], rel=0.01, nan_ok=True)
    # A quarter of an hour before the complaint's time and after it is looked at, no more.
    trip = TRIP | {"vehicle_id": "A", "boarded_ms": AT - 5 * H, "alighted_ms": AT + 5 * H}
    given = replace(city.given(), tables=day_with(trips=[trip]).tables)
    for minute, shown in (
        (0, "2.7 km"),
        (-10, "5.7 km"),
        (-15, "8.7 km"),
        (25, "2.7 km"),
        (26, "no positions"),
    ):
        moment = AT + minute * MIN
        (one,) = candidates.candidates(given, LAW, Wanted(moment, moment, place=area))
        assert shown in next(clue.en for clue in one.said if clue.clue == "place"), minute
