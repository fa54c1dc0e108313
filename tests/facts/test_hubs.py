"""Queues and hours of hubs, against plain arithmetic; a queue is the same however its cars are parted."""

from typing import Any, Final

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.facts.hub_queues import PART, hub_visits, in_queue, in_queue_in_numpy
from taxi_qa.facts.hub_zones import BAY, HOLDING, HUB, LOADING, NO_PICKUP, SET_DOWN, hub_zones, in_force
from taxi_qa.facts.units import LEFT, DayUnits
from taxi_qa.values.clock import MS_PER_DAY, day_start_ms
from tests.small_city import City, moment_ms

MIN: Final = 60_000
_SQUARE: Final[dict[str, Any]] = {
    "type": "Polygon",
    "coordinates": [[[113.30, 23.10], [113.31, 23.10], [113.31, 23.11], [113.30, 23.11], [113.30, 23.10]]],
}


# On a grid of half minutes starts and ends meet often, and every margin is met exactly.
@given(st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_the_queue_is_that_of_plain_comparisons(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(0, 40))
    hub, start = rng.integers(0, 2, n), rng.integers(0, 120, n) * MIN // 2
    order = np.lexsort((start, hub))
    hub, start = hub[order], start[order]
    end = start + rng.integers(1, 90, n) * MIN // 2
    car = rng.permutation(n) // 2
    slack = np.where(rng.random(n) < 0.3, MIN, 0)
    is_queued, reserved, loaded = (rng.random(n) < share for share in (0.8, 0.2, 0.8))
    in_turn = is_queued & ~reserved
    compared = in_turn & loaded
    load_m = np.where(rng.random(n) < 0.1, np.nan, rng.integers(1, 4, n) * 4_000.0)
    columns = (hub, car, start, end, slack, is_queued, in_turn, loaded, compared, load_m)
    counts, quantiles = in_queue(*columns)
    plain_counts, plain_quantiles = in_queue_in_numpy(*columns)
    # Of two that load at one moment either is the next.
    next_end, plain_end = (
        np.where(c[:, 3] < 0, -1, end[c[:, 3]] if n else 0) for c in (counts, plain_counts)
    )
    np.testing.assert_array_equal(next_end, plain_end)
    kept = [0, 1, 2, 4, 5, 6]
    np.testing.assert_array_equal(counts[:, kept], plain_counts[:, kept])
    np.testing.assert_allclose(quantiles, plain_quantiles, rtol=1e-12)


def _zone(**said: object) -> City:
    return City(
        records={"zones": [{"zone_id": "H1", "name": "车站", "kind": "hub", "geometry": _SQUARE} | said]}
    )


@pytest.mark.parametrize(
    ("said", "moment", "holds"),
    [
        ({}, "2026-10-20 03:00:00", True),
        ({"hours": "07:00-09:00"}, "2026-10-20 06:59:59", False),
        ({"hours": "07:00-09:00"}, "2026-10-20 07:00:00", True),
        ({"hours": "07:00-09:00"}, "2026-10-20 09:00:00", False),
        ({"hours": "22:00-06:00"}, "2026-10-20 23:00:00", True),
        ({"hours": "22:00-06:00"}, "2026-10-20 05:59:59", True),
        ({"hours": "22:00-06:00"}, "2026-10-20 06:00:00", False),
        ({"valid_from": "2026-10-20"}, "2026-10-20 00:00:00", True),
        ({"valid_from": "2026-10-20"}, "2026-10-19 23:59:59", False),
        ({"valid_to": "2026-10-20"}, "2026-10-20 23:59:59", True),
        ({"valid_to": "2026-10-20"}, "2026-10-21 00:00:00", False),
        ({"valid_to": "2026-10-20", "hours": "07:00-09:00"}, "2026-10-20 08:00:00", True),
        ({"valid_to": "2026-10-20", "hours": "07:00-09:00"}, "2026-10-21 08:00:00", False),
        ({"valid_from": "2026-10-20", "hours": "07:00-09:00"}, "2026-10-20 08:00:00", True),
        ({"valid_from": "2026-10-20", "hours": "07:00-09:00"}, "2026-10-19 08:00:00", False),
        # What goes on after midnight belongs to the day on which it began.
        ({"valid_to": "2026-10-20", "hours": "22:00-06:00"}, "2026-10-21 05:00:00", True),
        ({"valid_from": "2026-10-20", "hours": "22:00-06:00"}, "2026-10-20 05:00:00", False),
    ],
)
def test_a_zone_holds_on_its_days_and_at_its_hours(said: dict[str, str], moment: str, *, holds: bool) -> None:
    one = _zone(**said).given()
    zones = hub_zones(one)
    assert zones is not None
    moments = np.array([moment_ms(moment)])
    assert in_force(zones, np.zeros(1, dtype=np.int32), moments, one.zone).tolist() == [holds]


def test_a_part_of_no_hub_belongs_to_the_hub_it_lies_in() -> None:
    city = City(
        records={
            "zones": [
                {"zone_id": "H1", "name": "车站", "kind": "hub", "geometry": _SQUARE},
                {"zone_id": "B1", "name": "上客区", "kind": "bay", "geometry": _SQUARE},
                {"zone_id": "H2", "name": "码头", "kind": "hub", "hub_id": "PIER", "geometry": _SQUARE | {
                    "coordinates": [[[lon + 1, lat] for lon, lat in _SQUARE["coordinates"][0]]]}},
            ]
        }
    )  # fmt: skip
    zones = hub_zones(city.given())
    assert zones is not None
    assert zones.hubs.tolist() == ["H1", "PIER"]
    assert sorted(zones.hub.tolist()) == [0, 0, 1]
    assert zones.has_bays.tolist() == [True, False]


@pytest.mark.parametrize(
    ("said", "most_s"),
    [
        ({"max_wait_min": 30}, 1_800.0),
        ({"max_wait_min": 0}, np.nan),
        ({}, np.nan),
        ({"max_wait_min": 30, "valid_from": "2026-10-20", "valid_to": "2026-10-20"}, 1_800.0),
        ({"max_wait_min": 30, "valid_from": "2026-10-21"}, np.nan),
        ({"max_wait_min": 30, "valid_to": "2026-10-19"}, np.nan),
    ],
)
def test_the_longest_wait_is_that_of_zones_in_force(said: dict[str, Any], most_s: float) -> None:
    zones = hub_zones(_zone(**said).given())
    assert zones is not None
    assert zones.max_wait_s.tolist() == pytest.approx([most_s], nan_ok=True)


def test_each_kind_of_zone_says_another_thing_of_a_place() -> None:
    kinds = {"bay": BAY | HUB, "holding": HOLDING | HUB, "set_down": SET_DOWN | HUB, "no_pickup": NO_PICKUP}
    # Each says one thing, and no two the same.
    assert len({HUB, BAY, HOLDING, SET_DOWN, LOADING, NO_PICKUP}) == 6
    assert (
        HUB + BAY + HOLDING + SET_DOWN + LOADING + NO_PICKUP
        == HUB | BAY | HOLDING | SET_DOWN | LOADING | NO_PICKUP
    )
    for kind, bits in kinds.items():
        for loading in (False, True):
            zones = hub_zones(_zone(kind=kind, hub_id="H", loading=loading).given())
            assert zones is not None
            assert zones.bits.tolist() == [bits | (LOADING if loading and kind == "set_down" else 0)]
    # A part of no hub is nothing; where nobody may load is told of any place.
    for kind in kinds:
        zones = hub_zones(_zone(kind=kind).given())
        assert zones is not None
        assert zones.bits.tolist() == [NO_PICKUP if kind == "no_pickup" else 0]


def _waiting(car: str, at: str, boarded: str) -> tuple[dict[str, Any], dict[str, Any]]:
    track = {
        "vehicle_id": car,
        "track": [
            {"leave": [113.299, 23.105], "at": at},
            {"drive_m": 400, "kmh": 36},
            {"stand_s": 2_400, "every_s": 30},
            {"drive_m": 5_000, "kmh": 36},
        ],
    }
    trip = {
        "trip_id": f"T{car}",
        "vehicle_id": car,
        "boarded_at": boarded,
        "alighted_at": "2026-10-21 01:30:10",
    }
    return track, trip | {"metered_km": 3, "fare_yuan": 12}


def test_a_queue_over_midnight_is_one_and_each_turn_belongs_to_the_day_it_began() -> None:
    waiting = [
        _waiting("A1", "2026-10-20 23:50:00", "2026-10-21 00:20:10"),
        _waiting("A2", "2026-10-20 23:55:00", "2026-10-21 00:25:10"),
        _waiting("A3", "2026-10-21 00:05:00", "2026-10-21 00:10:10"),
    ]
    zones = [{"zone_id": "H1", "name": "车站", "kind": "hub", "geometry": _SQUARE}]
    city = City(
        records={"zones": zones, "trips": [trip for _, trip in waiting]},
        feeds=["trips"],
        tracks=[track for track, _ in waiting],
    )
    seen = {}
    for day in (city.number(), city.number() + 1):
        # Each car in a bucket of its own.
        parts = [
            LEFT["hub_visits"].part(
                DayUnits(
                    City(records={"zones": zones, "trips": [trip]}, tracks=[track], feeds=["trips"]).given(
                        day
                    ),
                    city.law(),
                )
            )
            for track, trip in reversed(waiting)
        ]
        from_ms = day_start_ms(day, "Asia/Shanghai")
        rows = hub_visits(pd.concat(parts, ignore_index=True), from_ms, from_ms + MS_PER_DAY)
        whole = hub_visits(
            LEFT["hub_visits"].part(DayUnits(city.given(day), city.law())), from_ms, from_ms + MS_PER_DAY
        )
        pd.testing.assert_frame_equal(rows.frame(), whole.frame())
        seen[day] = dict(
            zip(rows["vehicle_id"], zip(rows["ahead"], rows["overtook"], strict=True), strict=True)
        )
    # A3 came ten minutes after A2 and loaded a quarter of an hour before it.
    assert seen == {city.number(): {"A1": (0, 0), "A2": (1, 0)}, city.number() + 1: {"A3": (2, 2)}}


def test_a_day_without_hubs_leaves_an_empty_part_with_its_columns() -> None:
    left = LEFT["hub_visits"].part(DayUnits(City().given(), City().law()))
    assert list(left) == list(PART)
    assert len(hub_visits(left, 0, 1)) == 0
