"""The limits of time of queues at hubs, each met exactly: the numbers are those of the contract."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from taxi_qa.facts import hub_rounds, hub_turns
from taxi_qa.facts.given import Given
from taxi_qa.facts.hub_queues import hub_visits, in_queue, visits_part
from taxi_qa.values.columns import Columns
from tests.facts.frames import DAY_MS, MIN, H, S, day_with
from tests.facts.wild import seeds
from tests.small_city import City

AT = DAY_MS + 8 * H
Turn = tuple[float, float]


def _counts(turns: list[Turn], *, loaded: list[bool] | None = None) -> np.ndarray[Any, Any]:
    """What `in_queue` counts for turns of different cars at one hub, each from and to so many minutes."""
    begin, end = (AT + np.array([int(turn[at] * MIN) for turn in turns], dtype=np.int64) for at in (0, 1))
    n = len(turns)
    yes = np.ones(n, dtype=bool)
    did = yes if loaded is None else np.array(loaded)
    nothing = np.zeros(n, dtype=np.int64)
    counts, _ = in_queue(nothing, np.arange(n), begin, end, nothing, yes, yes, did, did, np.full(n, 9_000.0))
    return counts


@pytest.mark.parametrize(
    ("came_min", "later_min", "overtook"),
    # The other came two minutes before at least and loaded a minute later at least.
    [(2.0, 1.0, 1), (1.99, 1.0, 0), (2.0, 0.99, 0), (9.0, 9.0, 1)],
)
def test_who_overtook(came_min: float, later_min: float, overtook: int) -> None:
    counts = _counts([(0.0, 30.0 + later_min), (came_min, 30.0)])
    assert counts[:, 1].tolist() == [0, overtook]
    assert counts[:, 2].tolist() == [overtook, 0]


@pytest.mark.parametrize(("apart_min", "together"), [(0.0, 1), (2.0, 1), (2.01, 0)])
def test_who_left_empty_together(apart_min: float, together: int) -> None:
    counts = _counts([(0.0, 30.0), (5.0, 30.0 + apart_min)], loaded=[False, False])
    assert counts[:, 4].tolist() == [together, together]


@pytest.mark.parametrize(("apart_min", "others"), [(30.0, 1), (30.01, 0)])
def test_whose_waits_are_compared(apart_min: float, others: int) -> None:
    assert _counts([(0.0, 40.0), (5.0, 40.0 + apart_min)])[:, 5].tolist() == [others, others]


@pytest.mark.parametrize(("begins_h", "is_next"), [(6.0, True), (6.01, False)])
def test_nobody_queues_longer_than_six_hours(begins_h: float, *, is_next: bool) -> None:
    # Nor is the next car one that came six hours after this one left.
    counts = _counts([(0.0, 30.0), (30.0 + begins_h * 60, 30.0 + begins_h * 60 + 5)])
    assert counts[0, 3] == (1 if is_next else -1)


def _part(**said: Any) -> Any:  # noqa: ANN401 - a frame with whatever columns a turn has
    """One turn at a hub with bays, half an hour long, in which the car stood."""
    from_zones = visits_part(City().given(), City().law())
    row: dict[str, Any] = dict.fromkeys(from_zones.columns, "")
    truths = ("has_bays", "seen_from", "seen_to", "after_set_down", "in_loading_lane", "is_reserved")
    row |= dict.fromkeys((*truths, "is_paused", "goes_off"), False)
    numbers = ("lon", "lat", "bay_s", "bay_ms", "gap_s", "load_m", "short_m", "tried_ms", "max_wait_s")
    row |= dict.fromkeys(numbers, np.nan)
    row |= {"subject": "A", "vehicle_id": "A", "hub": "H", "ended": "empty", "stood_s": 60.0}
    row |= {"start_ms": AT, "end_ms": AT + 30 * MIN, "load_slack_ms": 0, "has_bays": True} | said
    frame = from_zones.astype("object")
    frame.loc[0] = row
    return frame.astype(dict(from_zones.dtypes))


@pytest.mark.parametrize(
    ("stood_s", "bay_before_s", "queued", "is_head"),
    [
        # A minute of standing; last seen in a bay three minutes before it left.
        (60.0, 180, True, True),
        (59.9, 181, False, False),
        (0.0, None, False, False),
    ],
)
def test_the_head_of_a_queue(
    stood_s: float, bay_before_s: int | None, *, queued: bool, is_head: bool
) -> None:
    seen = np.nan if bay_before_s is None else float(AT + 30 * MIN - bay_before_s * S)
    rows = hub_visits(_part(stood_s=stood_s, bay_ms=seen), DAY_MS, DAY_MS + 24 * H)
    assert rows["is_queued"].tolist() == [queued]
    assert rows["is_head"].tolist() == [is_head]
    assert rows["wait_s"].tolist() == [1_800.0]


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "judged"), [(AT, AT + 1, 1), (AT + 1, AT + H, 0), (DAY_MS, AT, 0)]
)
def test_a_turn_is_judged_where_it_began(from_ms: int, to_ms: int, judged: int) -> None:
    assert len(hub_visits(_part(), from_ms, to_ms)) == judged


@pytest.mark.parametrize(
    ("begin_s", "end_s", "goes_off"),
    [
        # A shift of the car ends, or another begins, within half an hour after it left.
        (-36_000, 1_800, True),
        (-36_000, 1_801, False),
        (-36_000, 0, True),
        (-36_000, -1, False),
        (1_800, 36_000, True),
        (1_801, 36_000, False),
    ],
)
def test_a_car_that_goes_off_duty(begin_s: int, end_s: int, *, goes_off: bool) -> None:
    end = DAY_MS + 12 * H
    shift = {"vehicle_id": "A", "driver_id": "D", "start_ms": end + begin_s * S, "end_ms": end + end_s * S}
    turns = Columns(
        {
            "vehicle": np.array([0]),
            "vehicle_id": np.array(["A"], dtype=object),
            "start_ms": np.array([end - 20 * MIN]),
            "end_ms": np.array([end]),
            "order_id": np.array([""], dtype=object),
        }
    )
    one = day_with(shifts=[shift])
    said = hub_turns._circumstances(_with_car(one), turns)
    assert said["goes_off"].tolist() == [goes_off]


def _with_car(one: Given) -> Given:
    names, starts = ("A",), np.zeros(2, dtype=np.int64)
    return replace(
        one,
        track=replace(one.track, vehicle_ids=names, starts=starts),
        fixes=replace(one.fixes, vehicle_ids=names, starts=starts),
    )


@given(seeds)
@settings(max_examples=100)
def test_rides_begun_before_and_under_way(seed: int) -> None:
    # Millisecond by millisecond: rides of one car never overlap.
    rng = np.random.default_rng(seed)
    rows = []
    for car in range(int(rng.integers(0, 4))):
        edges = np.sort(rng.choice(12, 2 * int(rng.integers(0, 4)), replace=False)) + DAY_MS
        rows += [(car, int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    rides = Columns(
        {
            name: np.array([row[at] for row in rows], dtype=np.int64)
            for at, name in enumerate(("vehicle", "start_ms", "end_ms"))
        }
    )
    vehicle, begin = rng.integers(0, 4, 8), DAY_MS + rng.integers(-1, 13, 8)
    end = begin + rng.integers(0, 3, 8)
    begun = hub_rounds._begun(rides, vehicle, begin)
    assert begun.tolist() == [
        sum(car < v or (car == v and a < at) for car, a, _ in rows)
        for v, at in zip(vehicle, begin, strict=True)
    ]
    on_ride = hub_rounds._on_ride(rides, vehicle, begin, end)
    # It began before the end, and was not over before the begin.
    assert on_ride.tolist() == [
        any(car == v and a < until and b >= since for car, a, b in rows)
        for v, since, until in zip(vehicle, begin, end, strict=True)
    ]
