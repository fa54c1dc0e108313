"""Of what a driver could have been found in, the part a rule judged."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from taxi_qa.facts.exposure import Exposed, Judged, not_counted
from taxi_qa.facts.track import lay
from taxi_qa.facts.units import DayUnits
from taxi_qa.law.read import read_law
from taxi_qa.records.fixes import NO_DELAY, NO_ODOMETER, Fixes
from taxi_qa.values.columns import Columns
from tests.facts.frames import DAY_MS, MIN, H, day_with

LAW = read_law("guangzhou")
SHIFTS = [
    {"vehicle_id": "A", "driver_id": "D1", "start_ms": DAY_MS + 8 * H, "end_ms": DAY_MS + 16 * H},
    {"vehicle_id": "A", "driver_id": "D2", "start_ms": DAY_MS + 16 * H, "end_ms": DAY_MS + 20 * H},
    {"vehicle_id": "B", "driver_id": "D3", "start_ms": DAY_MS + 8 * H, "end_ms": DAY_MS + 10 * H},
]
TRIPS = [
    {
        "trip_id": f"{car}{at}", "vehicle_id": car, "boarded_ms": DAY_MS + at * H,
        "alighted_ms": DAY_MS + at * H + 30 * MIN, "metered_m": 5_000, "fare_fen": 2_000,
    }
    for car, at in (("A", 9), ("A", 10), ("A", 17), ("B", 9))
]  # fmt: skip


def exposed() -> Exposed:
    return Exposed(DayUnits(day_with(shifts=SHIFTS, trips=TRIPS), LAW))


def rows(*told: tuple[str, str, float, float]) -> Columns:
    """Unjudged rows: car, driver, from and to in hours of the day."""
    cars, drivers, begin, end = ([one[at] for one in told] for at in range(4))
    return Columns(
        {
            "vehicle_id": np.array(cars, dtype=object),
            "driver_id": np.array(drivers, dtype=object),
            "start_ms": np.array([DAY_MS + int(at * H) for at in begin], dtype=np.int64),
            "end_ms": np.array([DAY_MS + int(at * H) for at in end], dtype=np.int64),
        }
    )


def judged(
    unit: str,
    unjudged: Sequence[tuple[str, str, float, float]] = (),
    *,
    by_duty: bool = False,
    cars: frozenset[str] | None = None,
    of: Exposed | None = None,
) -> Mapping[str, float]:
    how = Judged(unit, by_duty, cars, None, rows(*unjudged))
    part, _ = (of or exposed()).judged(how)
    return {driver: amount for driver, amount in part.items() if isinstance(driver, str)}


def test_all_that_was_judged_is_the_whole() -> None:
    whole = exposed().whole()
    for unit in ("metered_trips", "on_duty_h", "hub_departures"):
        told = whole[unit][whole[unit] > 0].to_dict()
        assert {who: amount for who, amount in judged(unit).items() if amount} == told
    assert whole["on_duty_h"].to_dict() == {"D1": 8, "D2": 4, "D3": 2}


def test_what_nobody_did_is_none_and_what_nobody_knows_is_not() -> None:
    """D4 signed in and drove nobody; no car sent a position. The night begins at 23:00 sharp."""
    shifts = [
        *SHIFTS,
        {**SHIFTS[2], "driver_id": "D4", "start_ms": DAY_MS + 22 * H, "end_ms": DAY_MS + 23 * H},
    ]
    late = [
        {**TRIPS[0], "trip_id": f"late {at}", "driver_id": "D1", "boarded_ms": DAY_MS + at,
         "alighted_ms": DAY_MS + at + 10 * MIN}
        for at in (23 * H - 1000, 23 * H, 23 * H + 20 * MIN)
    ]  # fmt: skip
    whole = Exposed(DayUnits(day_with(shifts=shifts, trips=[*TRIPS, *late]), LAW)).whole()
    assert whole["metered_trips"].to_dict() == {"D1": 5, "D2": 1, "D3": 1, "D4": 0}
    assert whole["night_trips"].to_dict() == {"D1": 2, "D2": 0, "D3": 0, "D4": 0}
    assert whole["on_duty_h"].to_dict() == {"D1": 8, "D2": 4, "D3": 2, "D4": 1}
    assert whole["free_driving_h"].isna().all()


@pytest.mark.parametrize(
    ("unjudged", "trips", "hours"),
    [
        # One trip of three, and its half hour.
        ([("A", "", 9.0, 9.5)], {"D1": 1, "D2": 1, "D3": 1}, {"D1": 7.5, "D2": 4, "D3": 2}),
        # Twice the same time is taken once.
        (
            [("A", "", 9.0, 9.5), ("A", "", 9.0, 9.25)],
            {"D1": 1, "D2": 1, "D3": 1},
            {"D1": 7.5, "D2": 4, "D3": 2},
        ),
        # It ends as the trip begins: that one was judged.
        ([("A", "", 8.0, 9.0)], {"D1": 2, "D2": 1, "D3": 1}, {"D1": 7, "D2": 4, "D3": 2}),
        # The whole day of one car.
        ([("A", "", 0.0, 24.0)], {"D1": 0, "D2": 0, "D3": 1}, {"D1": 0, "D2": 0, "D3": 2}),
        # A driver, nobody knows in which car.
        ([("", "D2", 0.0, 24.0)], {"D1": 2, "D2": 0, "D3": 1}, {"D1": 8, "D2": 0, "D3": 2}),
        # Neither is known.
        ([("", "", 0.0, 24.0)], {"D1": 2, "D2": 1, "D3": 1}, {"D1": 8, "D2": 4, "D3": 2}),
    ],
)  # fmt: skip
def test_what_was_not_judged_is_left_out(
    unjudged: list[tuple[str, str, float, float]], trips: dict[str, float], hours: dict[str, float]
) -> None:
    assert judged("metered_trips", unjudged) == trips
    assert judged("on_duty_h", unjudged) == pytest.approx(hours)


def test_one_row_takes_the_whole_duty_where_duties_are_judged() -> None:
    unjudged = [("A", "", 9.0, 9.1)]
    assert judged("on_duty_h", unjudged, by_duty=True) == {"D1": 0, "D2": 4, "D3": 2}
    assert judged("metered_trips", unjudged, by_duty=True) == {"D1": 0, "D2": 1, "D3": 1}


@pytest.mark.parametrize("by_duty", [False, True])
def test_cars_that_were_not_asked_about_have_none(by_duty: bool) -> None:
    only = frozenset({"B"})
    assert judged("on_duty_h", by_duty=by_duty, cars=only) == {"D1": 0, "D2": 0, "D3": 2}
    assert judged("metered_trips", by_duty=by_duty, cars=only) == {"D1": 0, "D2": 0, "D3": 1}


def driving() -> Exposed:
    """Car A drives at 60 km/h from nine to eleven, a fix each half minute; car B sends nothing."""
    time_ms = np.arange(DAY_MS + 9 * H, DAY_MS + 11 * H + 1, 30_000, dtype=np.int64)
    n = time_ms.size
    fixes = Fixes(
        vehicle_ids=("A",),
        starts=np.array([0, n], dtype=np.int64),
        time_ms=time_ms,
        lon_e7=(1_133_000_000 + np.arange(n) * 48_700).astype(np.int32),
        lat_e7=np.full(n, 231_300_000, dtype=np.int32),
        speed_ckmh=np.full(n, 6_000, dtype=np.int32),
        heading_ddeg=np.full(n, 900, dtype=np.int16),
        flags=np.zeros(n, dtype=np.int16),
        odometer_m=np.full(n, NO_ODOMETER, dtype=np.int32),
        delay_ms=np.full(n, NO_DELAY, dtype=np.int32),
    )
    return Exposed(DayUnits(replace(day_with(shifts=SHIFTS), fixes=fixes, track=lay(fixes, 200.0)), LAW))


@pytest.mark.parametrize(
    ("unjudged", "by_duty", "hours"),
    [
        ([], False, 2.0),
        ([("A", "", 9.0, 9.5)], False, 1.5),
        ([("A", "", 0.0, 24.0)], False, 0.0),
        ([("A", "", 12.0, 12.5)], False, 2.0),
        # Nothing was driven then, but it is one duty.
        ([("A", "", 12.0, 12.5)], True, 0.0),
    ],
)
def test_free_driving_that_was_judged(
    unjudged: list[tuple[str, str, float, float]], by_duty: bool, hours: float
) -> None:
    told = judged("free_driving_h", unjudged, by_duty=by_duty, of=driving())
    assert told["D1"] == pytest.approx(hours, abs=0.01)
    # Of car B nobody knows: neither none nor some.
    assert np.isnan(told["D3"])


def test_found_where_the_rest_was_not_judged_is_not_counted() -> None:
    how = Judged("on_duty_h", True, None, None, rows(("A", "", 9.0, 9.1)))
    _, spans = exposed().judged(how)
    found = Columns(
        {
            "rule": np.array(["r", "r", "other"], dtype=object),
            "vehicle_id": np.array(["A", "A", "A"], dtype=object),
            "start_ms": DAY_MS + np.array([15, 17, 15]) * H,
        }
    )
    assert not_counted({"r": spans}, {"r": None}, found).tolist() == [True, False, False]
    assert not_counted({"r": spans}, {"r": frozenset({"B"})}, found).tolist() == [True, True, False]
