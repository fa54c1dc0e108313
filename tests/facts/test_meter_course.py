"""What ratios of four weeks did, and the odometer beside its plain twin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_qa.facts.given import NOT_GIVEN
from taxi_qa.facts.meter_course import course
from taxi_qa.facts.odometers import odometer_along, odometer_along_in_numpy
from taxi_qa.records.fixes import NO_ODOMETER

DAY_MS = 86_400_000
seeds = st.integers(0, 2**32 - 1)


def _weeks(seed: int, trips: int = 300) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    days = np.sort(rng.uniform(0, 28, trips))
    return rng, days, rng.normal(0, 0.01, trips)


@pytest.mark.parametrize(("high", "kind"), [(0.0, "steady"), (0.08, "steady")])
@given(seeds)
def test_a_constant_ratio_is_steady_however_high(high: float, kind: str, seed: int) -> None:
    _, days, noise = _weeks(seed)
    assert course(1.0 + high + noise, (days * DAY_MS).astype(np.int64)).kind == kind


@given(seeds, st.floats(4, 24), st.sampled_from([-0.06, 0.05, 0.10]))
def test_a_step_is_found_where_it_is(seed: int, at_day: float, high: float) -> None:
    _, days, noise = _weeks(seed)
    did = course(1.0 + high * (days > at_day) + noise, (days * DAY_MS).astype(np.int64))
    assert did.kind == "step"
    assert abs(did.at - int((days <= at_day).sum())) <= 8
    assert np.sign(did.moved) == np.sign(high)


@given(seeds, st.sampled_from([-0.08, 0.06, 0.12]))
def test_a_slow_rise_is_a_drift(seed: int, high: float) -> None:
    _, days, noise = _weeks(seed)
    did = course(1.0 + high * days / 28 + noise, (days * DAY_MS).astype(np.int64))
    assert (did.kind, did.at) == ("drift", 0)
    assert np.sign(did.moved) == np.sign(high)


@given(seeds)
def test_a_few_wild_trips_move_nothing(seed: int) -> None:
    rng, days, noise = _weeks(seed)
    ratios = 1.0 + noise
    ratios[rng.integers(0, ratios.size, 4)] += rng.uniform(0.3, 2.0, 4)
    assert course(ratios, (days * DAY_MS).astype(np.int64)).kind == "steady"


def test_few_trips_tell_nothing() -> None:
    ratios = np.array([1.0] * 8 + [1.2] * 7)
    assert course(ratios, np.arange(15) * DAY_MS).kind == "steady"
    assert course(np.append(ratios, 1.2), np.arange(16) * DAY_MS).kind == "step"


@given(seeds)
def test_the_odometer_reads_as_its_plain_twin(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 30, 3)
    starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    time_ms = np.concatenate(
        [np.sort(rng.choice(2_000_000, n, replace=False)) for n in counts] or [np.zeros(0)]
    ).astype(np.int64)
    odometer_m = np.concatenate([np.sort(rng.integers(0, 50_000, n)) for n in counts]).astype(np.int32)
    odometer_m[rng.random(odometer_m.size) < 0.3] = NO_ODOMETER
    vehicle = rng.choice([NOT_GIVEN, 0, 1, 2], 40).astype(np.int64)
    start_ms = rng.integers(0, 2_000_000, 40)
    end_ms = start_ms + rng.integers(0, 600_000, 40)
    asked = (starts, time_ms, odometer_m, vehicle, start_ms, end_ms)
    np.testing.assert_allclose(odometer_along(*asked), odometer_along_in_numpy(*asked))


@pytest.mark.parametrize(
    ("start_s", "end_s", "metres"),
    [
        (0, 100, 1000.0),
        (5, 95, 900.0),  # 50 m after the first reading, 50 m before the last
        (0, 101, np.nan),  # nothing was read after the end
        (-1, 100, np.nan),  # nothing was read before the begin
    ],
)
def test_ends_between_readings_are_shared_out(start_s: int, end_s: int, metres: float) -> None:
    seconds = np.array([0, 10, 50, 90, 100])
    read = odometer_along(
        np.array([0, 5]), seconds * 1000, (40_000 + seconds * 10).astype(np.int32),
        np.zeros(1, dtype=np.int64), np.array([start_s * 1000]), np.array([end_s * 1000]),
    )  # fmt: skip
    np.testing.assert_allclose(read, [metres])
