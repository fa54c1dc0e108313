"""Runs above the limit: the compiled kernel against whole columns."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.facts.speeding import (
    Margins,
    measured,
    measured_in_numpy,
    over_limit_runs,
    over_limit_runs_in_numpy,
    sure_parts,
    sure_parts_in_numpy,
)
from taxi_qa.facts.track import Track, lay
from taxi_qa.records.fixes import NO_DELAY, NO_ODOMETER, Fixes
from tests.facts.wild import wild_fixes


@given(st.integers(0, 100_000))
@settings(max_examples=60, deadline=None)
def test_the_kernel_finds_what_whole_columns_find(seed: int) -> None:
    rng = np.random.default_rng(seed)
    track = lay(wild_fixes(seed), 200.0)
    limit = rng.choice(np.array([-1, 0, 20, 30, 60], dtype=np.int16), track.time_ms.size)
    for least_fixes in (1, 2, 3):
        margins = Margins(ratio=0.1, kmh=6.0, least_fixes=least_fixes, error_m=8.0, cut_ratio=0.05)
        one = over_limit_runs(track, limit, margins)
        other = over_limit_runs_in_numpy(track, limit, margins)
        for name in ("vehicle", "first", "last"):
            assert getattr(one, name).tolist() == getattr(other, name).tolist(), name
        for name in ("device_kmh", "chord_kmh", "sure_kmh", "top_kmh", "distance_m", "limit_kmh"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9, err_msg=name)


@given(st.integers(0, 100_000))
@settings(max_examples=60, deadline=None)
def test_the_kernel_is_sure_of_what_whole_columns_are_sure_of(seed: int) -> None:
    rng = np.random.default_rng(seed)
    track = lay(wild_fixes(seed), 200.0)
    limit = np.full(track.time_ms.size, 20, dtype=np.int16)
    margins = Margins(ratio=0.1, kmh=6.0, least_fixes=1, error_m=8.0, cut_ratio=0.05)
    runs = over_limit_runs(track, limit, margins)
    sure = rng.random(track.time_ms.size) < rng.choice([0.2, 0.5, 0.9])
    for least_fixes, least_s in ((1, 0.0), (2, 15.0), (3, 15.0), (0, 0.0)):
        first, last = sure_parts(track, runs, sure, least_fixes, least_s)
        plain = sure_parts_in_numpy(track, runs, sure, least_fixes, least_s)
        assert (first.tolist(), last.tolist()) == (plain[0].tolist(), plain[1].tolist())
        found = first >= 0
        assert sure[first[found]].all()
        assert (first[found] >= runs.first[found]).all()
        parts = track, limit, margins, runs.vehicle[found], first[found], last[found]
        one, other = measured(*parts), measured_in_numpy(*parts)
        for name in ("device_kmh", "chord_kmh", "sure_kmh", "top_kmh", "distance_m", "limit_kmh"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9, err_msg=name)


def driven(speed_kmh: list[float], step_m: list[float], every_s: float) -> Track:
    """One car northwards: speeds at the fixes, metres between them."""
    n = len(speed_kmh)
    metres = np.cumsum([0.0, *step_m])
    fixes = Fixes(
        vehicle_ids=("A",),
        starts=np.array([0, n], dtype=np.int64),
        time_ms=(np.arange(n) * every_s * 1000).astype(np.int64),
        lon_e7=np.full(n, 1_040_000_000, dtype=np.int32),
        # 1 m northwards at 30.6 degrees is 90.2 of 1e-7 degree.
        lat_e7=np.round(306_000_000 + metres * 90.2).astype(np.int32),
        speed_ckmh=np.round(np.array(speed_kmh) * 100).astype(np.int32),
        heading_ddeg=np.zeros(n, dtype=np.int16),
        flags=np.zeros(n, dtype=np.int16),
        odometer_m=np.full(n, NO_ODOMETER, dtype=np.int32),
        delay_ms=np.full(n, NO_DELAY, dtype=np.int32),
    )
    return lay(fixes, 200.0)


MARGINS = Margins(ratio=0.1, kmh=6.0, least_fixes=3, error_m=8.0, cut_ratio=0.05)


def limits(*kmh: int) -> np.ndarray:
    return np.array(kmh, dtype=np.int16)


def test_the_limit_of_a_run_over_several_roads_is_their_mean_over_time() -> None:
    # From an expressway (80) into a street (60), 100 and 75 km/h: 30 s at 80, the step over the border
    # at the higher of both, 15 s at 60: (3 * 15 * 80 + 15 * 60) / 60 = 75.
    track = driven([100, 100, 100, 75, 75], [416, 416, 364, 312], 15)
    runs = over_limit_runs(track, limits(80, 80, 80, 60, 60), MARGINS)
    assert (runs.first.tolist(), runs.last.tolist()) == ([0], [4])
    assert runs.limit_kmh == pytest.approx([75.0])
    assert runs.device_kmh == pytest.approx([90.0])
    # 1,508 m in 60 s are 90.48 km/h; the device says less
    assert runs.chord_kmh == pytest.approx([90.48], rel=1e-3)
    assert runs.sure_kmh == pytest.approx([90.0])
    assert runs.top_kmh.tolist() == [100.0]


def test_a_speed_the_places_contradict_is_not_sure() -> None:
    # The device says 80 where 60 is allowed; in 60 s the car went 1,000 m: 60 km/h. Places err by 8 m, two of
    # them by 11.3, by two sigma 22.6 m in 60 s: 1.36 km/h; bends hide 5 %: 63 + 1.36.
    runs = over_limit_runs(driven([80] * 5, [250] * 4, 15), limits(*[60] * 5), MARGINS)
    assert runs.sure_kmh == pytest.approx([63 + 1.358], abs=0.03)


def test_a_run_ends_at_an_unknown_limit_a_leap_and_a_silence() -> None:
    track = driven([80] * 7, [333] * 6, 15)
    assert over_limit_runs(track, limits(60, 60, 60, -1, 60, 60, 60), MARGINS).first.tolist() == [0, 4]
    leapt = replace(track, leap=np.arange(7) == 3)
    assert over_limit_runs(leapt, limits(*[60] * 7), MARGINS).last.tolist() == [2, 6]
    late = replace(track, time_ms=track.time_ms + 60_000 * (np.arange(7) > 3))
    assert over_limit_runs(late, limits(*[60] * 7), MARGINS).first.tolist() == [0, 4]
    # exactly at both margins is lawful: 60 + 6 = 60 * 1.1 = 66
    assert not over_limit_runs(driven([66] * 5, [275] * 4, 15), limits(*[60] * 5), MARGINS).first.size


def test_a_limit_of_zero_is_a_limit() -> None:
    runs = over_limit_runs(driven([7, 7, 7], [29, 29], 15), limits(0, 0, 0), MARGINS)
    assert runs.limit_kmh.tolist() == [0.0]
    assert runs.first.tolist() == [0]


def test_of_a_run_only_the_part_between_its_sure_fixes_counts() -> None:
    # Eight fixes 10 s apart at 80 where 60 is allowed; the first two and the last may be on a faster road.
    track = driven([80] * 8, [222] * 7, 10)
    runs = over_limit_runs(track, limits(*[60] * 8), MARGINS)

    def part(*sure: int, least_s: float = 15) -> tuple[list[int], list[int]]:
        first, last = sure_parts(track, runs, np.isin(np.arange(8), sure), 3, least_s)
        return first.tolist(), last.tolist()

    assert part(2, 3, 4, 5, 6) == ([2], [6])
    # a doubtful one between sure ones belongs to them
    assert part(2, 4, 6) == ([2], [6])
    # two are too few, and so are none
    assert part(0, 7) == part() == ([-1], [-1])
    # three within 20 s are enough for 20 s, not for more
    assert part(3, 4, 5, least_s=20) == ([3], [5])
    assert part(3, 4, 5, least_s=20.1) == ([-1], [-1])
