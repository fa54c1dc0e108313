"""Pairs near in place and time: the grid finds what comparing all with all finds."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.facts.near import near_pairs


@given(
    st.integers(0, 2**32 - 1), st.sampled_from([(1, 900_000), (-60_000, 180_000), (-1_800_000, 1_800_000)])
)
@settings(max_examples=40)
def test_the_grid_finds_what_all_against_all_finds(seed: int, after_ms: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)

    def some(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x, y = (rng.uniform(-400, 400, count).round() for _ in range(2))
        x[rng.random(count) < 0.1] = np.nan
        return x, y, rng.integers(-4_000, 4_000, count) * 1000

    these, those = some(int(rng.integers(0, 60))), some(int(rng.integers(0, 60)))
    first, second = near_pairs(these, those, 50.0, after_ms)
    apart = np.hypot(those[0][None, :] - these[0][:, None], those[1][None, :] - these[1][:, None])
    gap = those[2][None, :] - these[2][:, None]
    expected = np.argwhere((apart <= 50.0) & (gap >= after_ms[0]) & (gap <= after_ms[1]))
    assert np.column_stack((first, second)).tolist() == expected.tolist()


def test_at_the_edge_is_near() -> None:
    one = (np.array([0.0]), np.array([0.0]), np.array([0]))
    other = (np.array([30.0, 30.0]), np.array([40.0, 40.1]), np.array([180_000, 180_000]))
    assert near_pairs(one, other, 50.0, (0, 180_000))[1].tolist() == [0]  # 3-4-5
