"""Harsh driving: which way is whose, what is told once, and who the others are, each at its limit."""

from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

from taxi_qa.facts import harsh
from tests.facts.frames import DAY_MS, H
from tests.small_city import City, law_of

LAW: Final = law_of("guangzhou")
DAY: Final = "2026-10-20"


def _part(shifts: list[tuple[str, str, str]], events: list[tuple[str, str]], **more: Any) -> pd.DataFrame:  # noqa: ANN401 - of a city
    """What a day leaves of one car that drives 10 m a second from 07:50 on, a position every 10 s."""
    named = [
        {"vehicle_id": "A", "driver_id": driver, "start": start, "end": end} for driver, start, end in shifts
    ]
    told = [
        {"event_id": f"E{at}", "vehicle_id": "A", "kind": kind, "time": time}
        for at, (kind, time) in enumerate(events)
    ]
    track = [{"leave": [113.26, 23.13], "at": more.pop("at", "07:50:00")}, {"drive_m": 12_000, "kmh": 36}]
    records = {"shifts": named, "events": told}
    city = City(records=records, tracks=[{"vehicle_id": "A", "track": track}], feeds=["events"])
    return harsh.harsh_part(city.given(), LAW)


def _driven(part: pd.DataFrame) -> dict[str, float]:
    ways = part[(part["source"] == "terminal") & (part["kind"] == "")]
    return {driver: round(metres) for driver, metres in zip(ways["driver_id"], ways["driven_m"], strict=True)}


def test_who_takes_over_drives_from_that_moment_on() -> None:
    # Ten minutes each: 59 steps of 100 m, for the position at 08:00:00 is the second's alone.
    part = _part([("D1", "07:50:00", "08:00:00"), ("D2", "08:00:00", "08:10:00")], [])
    assert _driven(part) == {"D1": pytest.approx(5_900, abs=2), "D2": pytest.approx(5_900, abs=2)}
    # A second longer, and he has the step to 08:00:00 as well.
    part = _part([("D1", "07:50:00", "08:00:01"), ("D2", "08:00:01", "08:10:00")], [])
    assert _driven(part) == {"D1": pytest.approx(6_000, abs=2), "D2": pytest.approx(5_800, abs=2)}


@pytest.mark.parametrize(
    ("start", "end", "metres"),
    [
        # Of a duty over midnight only what lies within the day: from 23:50 to 00:00 (59 steps).
        ("2026-10-20 23:50:00", "2026-10-21 01:00:00", 5_900),
        ("2026-10-20 23:50:00", "2026-10-21 00:00:00", 5_900),
        ("2026-10-21 00:00:00", "2026-10-21 01:00:00", None),
    ],
)
def test_a_day_ends_at_midnight(start: str, end: str, metres: float | None) -> None:
    said = _driven(_part([("D1", start, end)], [], at="2026-10-20 23:50:00"))
    assert said == ({} if metres is None else {"D1": pytest.approx(metres, abs=2)})


def test_a_day_begins_at_midnight() -> None:
    # From 00:00 on: ten minutes and all 60 steps; who went home at midnight drove nothing today.
    shifts = [
        ("D0", "2026-10-19 20:00:00", "2026-10-20 00:00:00"),
        ("D1", "2026-10-20 00:00:00", "2026-10-20 06:00:00"),
    ]
    said = _driven(_part(shifts, [], at="2026-10-19 23:50:00"))
    assert said == {"D1": pytest.approx(6_000, abs=2)}


@pytest.mark.parametrize(
    ("times", "acts"),
    [
        (["08:00:00", "08:00:59"], 1),
        (["08:00:00", "08:01:00"], 2),
        # Each within a minute of the one before: one act.
        (["08:00:00", "08:00:50", "08:01:40"], 1),
        (["07:50:00"], 1),
        (["07:49:59"], 0),
        (["08:09:59"], 1),
        (["08:10:00"], 0),
    ],
)
def test_acts_on_duty_each_once(times: list[str], acts: int) -> None:
    events = [("harsh_braking", time) for time in times]
    part = _part([("D1", "07:50:00", "08:10:00")], events)
    assert part["acts"].sum() == acts
    assert set(part.loc[part["acts"] > 0, "driver_id"]) <= {"D1"}
    # Of another kind it is another act.
    mixed = [*events, ("harsh_turn", times[0])]
    assert _part([("D1", "07:50:00", "08:10:00")], mixed)["acts"].sum() == acts + (
        times[0] >= "07:50" and acts > 0
    )


@pytest.mark.parametrize(
    ("least_m", "driven", "rates"),
    [
        # By driver: the first's others are the second and the third.
        (300.0, (100.0, 200.0, 100.0), (5 / 300, np.nan, 3 / 300)),
        (301.0, (100.0, 200.0, 100.0), (np.nan, np.nan, np.nan)),
        (0.0, (100.0, 0.0, 0.0), (np.nan, 4 / 100, 3 / 100)),
    ],
)
def test_the_rate_of_others(least_m: float, driven: tuple[float, ...], rates: tuple[float, ...]) -> None:
    sums = pd.DataFrame(
        {"source": "terminal", "driver_id": ["D1", "D2", "D3"], "acts": [1.0, 2.0, 3.0], "driven_m": driven}
    )
    said = harsh._rate_of_others(sums, ["source"], ["driver_id", "source"], least_m)
    assert said.tolist() == pytest.approx(rates, nan_ok=True)


@pytest.mark.parametrize(
    ("metres", "others", "days", "by_road"),
    [
        # Three other cars within 30 m on the same day.
        (29.9, 3, 0, True),
        (30.1, 3, 0, False),
        (29.9, 2, 0, False),
        (29.9, 3, 1, False),
    ],
)
def test_a_place_where_others_braked(metres: float, others: int, days: int, *, by_road: bool) -> None:
    lat = 23.13
    rows = [{"vehicle_id": "A", "acts": 1, "lat": lat, "lon": 113.3, "day": 5}]
    # A degree of latitude there is 110,743 m.
    rows += [
        {"vehicle_id": f"B{n}", "acts": 1, "lat": lat + metres / 110_743, "lon": 113.3, "day": 5 + days}
        for n in range(others)
    ]
    # Its own other acts, and where others only drove, say nothing.
    rows += [rows[0]] * 3 + [
        {"vehicle_id": f"C{n}", "acts": 0, "lat": lat, "lon": 113.3, "day": 5} for n in range(3)
    ]
    assert harsh._by_the_road(pd.DataFrame(rows))[0] == by_road
    assert not harsh._by_the_road(pd.DataFrame(rows))[-3:].any()


def _month(rows: list[dict[str, Any]]) -> pd.DataFrame:
    plain = {
        "company_id": "C",
        "kind": "",
        "acts": 0,
        "driven_m": 0.0,
        "lon": np.nan,
        "lat": np.nan,
        "day": 5,
    }
    parts = pd.DataFrame([plain | {"source": "terminal", "least_m": 1_000.0} | row for row in rows])
    return harsh.harsh_months(parts, DAY_MS, DAY_MS + 24 * H).frame()


def _ways(**metres: float) -> list[dict[str, Any]]:
    return [
        {"vehicle_id": f"car {driver}", "driver_id": driver, "driven_m": driven}
        for driver, driven in metres.items()
    ]


def test_a_driver_beside_all_others() -> None:
    acts = [{"vehicle_id": f"car {one}", "driver_id": one, "acts": 1} for one in ("D1", "D1", "D1", "D2")]
    said = _month(_ways(D1=2_000.0, D2=1_000.0) + acts)
    # The second had one on 1,000 m, so two on 2,000 m; the first three on 2,000 m, so 1.5 on 1,000 m.
    assert said["driver_id"].tolist() == ["D1", "D2"]
    assert said["acts"].tolist() == [3.0, 1.0]
    assert said["expected"].tolist() == [2.0, 1.5]
    assert said["distance_m"].tolist() == [2_000.0, 1_000.0]
    assert said["missing"].tolist() == ["", ""]


@pytest.mark.parametrize(
    ("first_m", "second_m", "missing"),
    [
        (2_000.0, 1_000.0, ["", ""]),
        # Others drove too little to be compared with.
        (2_000.0, 999.0, ["others to compare with", ""]),
        (0.0, 1_000.0, [harsh.NOT_MEASURED, "others to compare with"]),
    ],
)
def test_what_is_missing(first_m: float, second_m: float, missing: list[str]) -> None:
    told = [{"vehicle_id": f"car {one}", "driver_id": one, "acts": 1} for one in ("D1", "D2")]
    assert _month(_ways(D1=first_m, D2=second_m) + told)["missing"].tolist() == missing


def test_a_terminal_that_told_once_is_believed_all_month() -> None:
    # D1's terminal tells: his speeds are not counted; the terminal of D2 never told: only his speeds are.
    rows = _ways(D1=2_000.0, D2=2_000.0, D3=2_000.0, D4=2_000.0)
    rows += [row | {"source": "speeds", "driven_m": 1_500.0} for row in rows]
    rows += [{"vehicle_id": f"car {one}", "driver_id": one, "acts": 1} for one in ("D1", "D3")]
    rows += [
        {"vehicle_id": f"car {one}", "driver_id": one, "acts": 1, "source": "speeds"}
        for one in ("D1", "D2", "D2")
    ]
    said = _month(rows)
    assert said["distance_m"].tolist() == [2_000.0, 1_500.0, 2_000.0, 1_500.0]
    assert said["acts"].tolist() == [1.0, 2.0, 1.0, 0.0]
    # Each by its own kind of telling: one on 2,000 m; none on 1,500 m, and two on 1,500 m.
    assert said["expected"].tolist() == [1.0, 0.0, 1.0, 2.0]


def test_a_car_whose_terminal_calls_everything_harsh() -> None:
    # Beside the fleet's one on 1,000 m the same car gave its other driver four.
    rows = [*_ways(D3=1_000.0), {"vehicle_id": "car D3", "driver_id": "D3", "acts": 1}]
    for driver, acts in (("D1", 5), ("D2", 4)):
        rows += [{"vehicle_id": "loose", "driver_id": driver, "driven_m": 1_000.0}]
        rows += [{"vehicle_id": "loose", "driver_id": driver, "acts": 1}] * acts
    said = _month(rows)
    # By the fleet D1 would have (4 + 1)/2,000 m, so 2.5; by the car 4.
    assert said["expected"].tolist() == [4.0, 5.0, 4.5]


def test_nothing_of_a_month() -> None:
    empty = _month(_ways(D1=1.0)).iloc[:0]
    assert len(empty) == 0
    assert len(harsh.harsh_months(pd.DataFrame(_part([], [])), DAY_MS, DAY_MS + 24 * H)) == 0
