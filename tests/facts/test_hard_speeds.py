"""Harsh changes of speed: the kernel says what its twin in plain numpy says."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.facts.hard_speeds import hard_changes, hard_changes_in_numpy
from taxi_qa.facts.track import Track

Rows = list[tuple[int, int, bool, int, int]]
# Milliseconds to the fix before, km/h (-1 not sent), no car could have come from there, metres by place and
# by speed: steps of a second mostly, some exactly as long as is too long.
rows = st.lists(
    st.tuples(
        st.sampled_from([1000, 1000, 1000, 0, 1499, 1500, 60_000]),
        st.sampled_from([-1, 0, 20, 40, 60, 80, 100]),
        st.sampled_from([False] * 9 + [True]),
        st.integers(0, 12),
        st.integers(0, 12),
    ),
    min_size=1,
    max_size=60,
)


def _track(one: Rows) -> Track:
    took, kmh, leap, by_place, by_speed = (np.array(column) for column in zip(*one, strict=True))
    n = len(one)
    whole = np.zeros(n, dtype=np.int32)
    return Track(
        ("A",), np.array([0, n]), np.cumsum(took).astype(np.int64), whole, whole,
        np.where(kmh < 0, -1, kmh * 100).astype(np.int32), leap.astype(bool),
        np.cumsum(by_place).astype(np.float64), np.cumsum(by_speed).astype(np.float64),
        np.zeros(n, dtype=np.uint8),
    )  # fmt: skip


@given(rows, st.integers(0, 60), st.integers(0, 60))
@settings(deadline=None, max_examples=300)
def test_the_kernel_is_its_twin(one: Rows, low: int, high: int) -> None:
    track = _track(one)
    n = len(one)
    first, past = np.array([min(low, n), 0]), np.array([min(max(low, high), n), n])
    said = [ask(track, first, past, 3.6, 5.4, 8.0) for ask in (hard_changes, hard_changes_in_numpy)]
    np.testing.assert_allclose(said[0][0], said[1][0])
    acts = [sorted(zip(*(a[name].tolist() for name in a), strict=True)) for _, a in said]
    assert acts[0] == acts[1]


def test_typed() -> None:
    # 100 to 80 to 60 km/h, a second each: 5.56 m/s2 twice. Again 59 s later, and 60 s after that.
    brakes = [(1000, 80), (1000, 60)]
    steps = [(1000, 100), *brakes, (57_000, 100), *brakes, (58_000, 100), *brakes]
    track = _track([(took, kmh, False, 10, 10) for took, kmh in steps])
    metres, acts = hard_changes(track, np.array([0]), np.array([9]), 3.6, 5.4, 8.0)
    assert metres.tolist() == [60.0]
    # 3 s; 59 s on it is 62 s; 60 s on it is 122 s.
    assert acts["time_ms"].tolist() == [3_000, 122_000]
    assert acts["kind"].tolist() == ["harsh_braking"] * 2
