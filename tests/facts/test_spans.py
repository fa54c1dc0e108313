"""Where a car was, how long it stood, which rows lie around a span: plain loops meet every limit."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings

from taxi_qa.facts import driven_routes, spans
from taxi_qa.facts.track import Track
from taxi_qa.values.place import metres_per_degree
from tests.facts.frames import DAY_MS, S
from tests.facts.wild import seeds
from tests.small_city import City

CARS, N = 2, 12


def _track(rng: np.random.Generator) -> Track:
    """Two cars, a third without a position; minutes apart, with doubled moments and steps of whole metres."""
    step_s = rng.choice([0, 60, 120, 180, 181], (CARS, N))
    n = CARS * N
    places = rng.integers(0, 10_000, (2, n))
    metres = np.cumsum(rng.choice([0.0, 5.0, 55.0, 54.0, 300.0], n))
    return replace(
        City().given().track,
        vehicle_ids=("A", "B", "C"),
        starts=np.array([0, N, n, n]),
        time_ms=(DAY_MS + np.cumsum(step_s, axis=1) * S).ravel(),
        lon_e7=(1_133_000_000 + places[0]).astype(np.int32),
        lat_e7=(231_000_000 + places[1]).astype(np.int32),
        # 60 s at 3 km/h are 50 m, with 5 m of wander 55.
        cum_m=metres,
        cum_ride_m=metres,
        speed_ckmh=rng.choice([-1, 0, 300, 301], n).astype(np.int32),
        leap=np.zeros(n, dtype=bool),
        labels=np.zeros(n, dtype=np.uint8),
    )


def _asked(rng: np.random.Generator) -> tuple[Any, Any, Any]:
    vehicle = rng.integers(-1, 3, 12)
    start = DAY_MS + rng.integers(-5, 40, 12) * 60 * S
    return vehicle, start, start + rng.integers(-1, 9, 12) * 60 * S


@given(seeds)
@settings(max_examples=60)
def test_the_place_at_a_moment(seed: int) -> None:
    rng = np.random.default_rng(seed)
    track = _track(rng)
    vehicle, moments, _ = _asked(rng)
    lon, lat = spans.place_at(track, vehicle, moments)
    for at, (car, moment) in enumerate(zip(vehicle.tolist(), moments.tolist(), strict=True)):
        rows = range(track.starts[car], track.starts[car + 1]) if car >= 0 else range(0)
        times = track.time_ms
        # Three minutes away at most, on either side.
        before = [row for row in rows if 0 < moment - times[row] <= 180 * S]
        after = [row for row in rows if 0 <= times[row] - moment <= 180 * S]
        for said, places in ((lon[at], track.lon_e7), (lat[at], track.lat_e7)):
            wanted = np.nan
            if before and after:
                a, b = before[-1], after[0]
                share = (moment - times[a]) / (times[b] - times[a])
                wanted = (places[a] + (int(places[b]) - int(places[a])) * share) / 1e7
            elif before or after:
                wanted = places[(before[-1:] or after[:1])[0]] / 1e7
            assert said == pytest.approx(wanted, abs=1e-9, nan_ok=True)


@given(seeds)
@settings(max_examples=60)
def test_rows_around_and_inside(seed: int) -> None:
    rng = np.random.default_rng(seed)
    track = _track(rng)
    vehicle, start, end = _asked(rng)
    end = np.maximum(start, end)
    low, high, first, past = spans.rows_around(track, vehicle, start, end)
    inside = spans.rows_inside(track, vehicle, start, end)
    for at, (car, begin, finish) in enumerate(zip(vehicle, start, end, strict=True)):
        rows = list(range(track.starts[car], track.starts[car + 1])) if car >= 0 else []
        mine = [row for row in rows if begin <= track.time_ms[row] <= finish]
        assert list(range(inside[0][at], inside[1][at])) == mine
        assert list(range(first[at], past[at])) == mine
        if not rows:
            assert (low[at], high[at]) == (0, -1)
            continue
        # At the very begin it is the first of several of one moment, at the end the last.
        exact = [row for row in rows if track.time_ms[row] == begin]
        earlier = [row for row in rows if track.time_ms[row] < begin]
        assert low[at] == (exact[:1] or earlier[-1:] or rows[:1])[0]
        exact = [row for row in rows if track.time_ms[row] == finish]
        later = [row for row in rows if track.time_ms[row] > finish]
        assert high[at] == (exact[-1:] or later[:1] or rows[-1:])[0]


@given(seeds)
@settings(max_examples=60)
def test_standing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    track = _track(rng)
    vehicle, start, end = _asked(rng)
    said = spans.standing_s(track, vehicle, start, end, 3.0)
    for at, (car, begin, finish) in enumerate(zip(vehicle, start, end, strict=True)):
        rows = list(range(track.starts[car], track.starts[car + 1])) if car >= 0 else []
        # Nothing is said of what begins before the first position or after the last.
        known = rows and track.time_ms[rows[0]] < begin <= track.time_ms[rows[-1]] and begin <= finish
        total = 0.0
        for row in rows[1:]:
            since, until = int(track.time_ms[row - 1]), int(track.time_ms[row])
            shared = min(until, finish) - max(since, begin)
            moved = max(0.0, track.cum_m[row] - track.cum_m[row - 1] - 5.0)
            speeds = track.speed_ckmh[row], track.speed_ckmh[row - 1]
            # Slower than 3 km/h by place; by the device 3 km/h at most, where it says.
            slow = moved < (until - since) / S * 3 / 3.6 - 1e-9
            if shared > 0 and slow and (max(speeds) <= 300 or speeds[0] < 0):
                total += shared / S
        assert said[at] == pytest.approx(total if known else np.nan, nan_ok=True), at


@given(seeds)
@settings(max_examples=80)
def test_steps_of_no_width(seed: int) -> None:
    rng = np.random.default_rng(seed)
    track = replace(_track(rng), leap=rng.random(CARS * N) < 0.4)
    asked = _asked(rng)
    one, other = spans.along(track, *asked), spans.along_in_numpy(track, *asked)
    for name in ("longest_gap_s", "leaps"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist(), name


@given(seeds)
@settings(max_examples=120)
def test_the_longest_stand_on_the_way(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 14
    to_north = bool(rng.random() < 0.5)
    per_degree = metres_per_degree(23.1)[to_north]
    # Along a street: it stands or moves so many metres, or some back, half a minute at a time.
    metres = np.cumsum(rng.choice([0, 0, 30, 39, 41, -39, 259, 302], n))
    # Places are kept to a centimetre: nobody can tell what lies on a limit.
    apart = np.abs(metres[:, None] - metres)
    assume(not np.isin(apart, (40, 300)).any())
    moved = np.round(metres / per_degree * 1e7).astype(np.int32)
    lon = 1_133_000_000 + (moved * (not to_north)).astype(np.int32)
    lat = 231_000_000 + (moved * to_north).astype(np.int32)
    times = DAY_MS + np.arange(n) * 30 * S
    begin, finish = DAY_MS + rng.choice([0, 15, 30]) * S, times[-1] - rng.choice([0, 15, 30]) * S
    # Another car stands in the same place before and after.
    # Or nothing does: after its last position there is none at all.
    more = int(rng.choice([0, 3]))
    east, north = (np.concatenate((axis[:1].repeat(3), axis, axis[-1:].repeat(more))) for axis in (lon, lat))
    moments = np.concatenate((times[:1].repeat(3), times, times[-1:].repeat(more)))
    starts = np.array([0, 3, n + 3, n + 3 + more])
    found = driven_routes._longest_stand(
        starts, moments, east, north, np.array([1, -1]), np.array([begin] * 2), np.array([finish] * 2), 60 * S
    )
    rows = [row for row in range(n) if begin <= times[row] <= finish]

    def near(a: int, b: int, most: float) -> bool:
        return abs(int(metres[a]) - int(metres[b])) <= most

    longest, wanted = 60 * S - 1, -1
    at = 0
    while at < len(rows) and len(rows) > 1:
        held = at
        while held + 1 < len(rows) and near(rows[at], rows[held + 1], 40.0):
            held += 1
        lasted = times[rows[held]] - times[rows[at]]
        # A minute at least, and 300 m from both ends.
        away = not near(rows[at], rows[0], 300.0) and not near(rows[at], rows[-1], 300.0)
        if lasted > longest and away:
            longest, wanted = lasted, rows[at] + 3
        at = held + 1
    assert found.tolist() == [wanted, -1]
