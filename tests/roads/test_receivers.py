"""A receiver's error is told by how far its fixes lie from their roads."""

import numpy as np
import pytest

from taxi_qa.roads.index import segment_index
from taxi_qa.roads.network import Way, network_of
from taxi_qa.roads.receivers import receiver_errors_m

# A street of 9.6 km to the east; 1 m northwards is 90.2 of 1e-7 degree.
INDEX = segment_index(
    network_of(
        np.array([1_040_000_000, 1_041_000_000], dtype=np.int32),
        np.array([306_000_000, 306_000_000], dtype=np.int32),
        [Way(1, "", "primary", [0, 1])],
        source="a test",
    )
)


def errors(offsets_m: list[np.ndarray], heading: int = 900, speed_ckmh: int = 4_000) -> list[float]:
    """Errors of vehicles whose fixes lie so far north of the street."""
    metres = np.concatenate(offsets_m)
    n = metres.size
    found: list[float] = receiver_errors_m(
        INDEX,
        np.cumsum([0, *(one.size for one in offsets_m)]),
        np.linspace(1_040_100_000, 1_040_900_000, n).astype(np.int32),
        np.round(306_000_000 + 90.2 * metres).astype(np.int32),
        np.full(n, heading, dtype=np.int16),
        np.full(n, speed_ckmh, dtype=np.int32),
    ).tolist()
    return found


def test_nine_of_ten_fixes_lie_within_1645_sigma() -> None:
    # Of 0, 1, … 99 m … the ninetieth of a hundred is 29.6 m away: 29.6 / 1.645 = 18.0.
    even = np.arange(1, 101) * 29.6 / 90
    assert errors([even]) == pytest.approx([18.0], abs=0.05)
    rng = np.random.default_rng(1)
    normal = [rng.normal(0, sigma, 3_000) for sigma in (5.0, 15.0, 25.0)]
    assert errors(normal) == pytest.approx([5, 15, 25], rel=0.15)


def test_a_few_fixes_where_the_map_has_no_road_are_no_error_but_many_are() -> None:
    beside = np.full(100, 5.0)
    assert errors([np.where(np.arange(100) % 11 == 0, 500.0, beside)]) == pytest.approx([3.04], abs=0.05)
    assert errors([np.where(np.arange(100) % 9 == 0, 500.0, beside)]) == [np.inf]


def test_too_few_moving_fixes_with_a_heading_tell_nothing() -> None:
    assert np.isnan(errors([np.full(29, 5.0), np.zeros(0)])).all()
    assert not np.isnan(errors([np.full(30, 5.0)])).any()
    assert np.isnan(errors([np.full(100, 5.0)], heading=-1)).all()
    assert np.isnan(errors([np.full(100, 5.0)], speed_ckmh=999)).all()
    # Every one of them runs across the street.
    assert errors([np.full(100, 5.0)], heading=0) == [np.inf]


def test_vehicles_do_not_mix() -> None:
    assert errors([np.full(40, 3.29), np.zeros(0), np.full(500, 16.45)]) == pytest.approx(
        [2.0, np.nan, 10.0], abs=0.05, nan_ok=True
    )
