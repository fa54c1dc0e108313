"""Spans of cars and paces against plain loops over everything."""

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.facts.overlaps import car_spans, only_one, shared_s, touched
from taxi_qa.facts.paces import paces, paces_in_numpy
from taxi_qa.facts.track import lay
from taxi_qa.values.columns import Texts
from tests.facts.wild import seeds, wild_fixes

Int64s = npt.NDArray[np.int64]

rows = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 12), st.integers(0, 5)), max_size=8)


@given(rows, rows)
@settings(max_examples=80)
def test_overlaps(kept: list[tuple[str, int, int]], asked: list[tuple[str, int, int]]) -> None:
    cars, begin, end = _columns(kept)
    spans = car_spans(cars, begin, end)
    names, first, last = _columns(asked)
    hit, seconds = touched(spans, names, first, last), shared_s(spans, names, first, last)
    only = only_one(spans, names, first, last)
    for row, (name, low, length) in enumerate(asked):
        high = low + length
        meets = [at for at, (car, a, n) in enumerate(kept) if car == name and a <= high and low <= a + n]
        assert hit[row] == bool(meets)
        assert seconds[row] == sum(
            min(high, kept[at][1] + kept[at][2]) - max(low, kept[at][1]) for at in meets
        )
        assert only[row] == (meets[0] if len(meets) == 1 else -1)


def _columns(spans: list[tuple[str, int, int]]) -> tuple[Texts, Int64s, Int64s]:
    names = np.array([name for name, _, _ in spans], dtype=object)
    begin = np.array([low * 1000 for _, low, _ in spans], dtype=np.int64)
    return names, begin, begin + np.array([length * 1000 for _, _, length in spans], dtype=np.int64)


@given(seeds)
@settings(max_examples=60)
def test_paces(seed: int) -> None:
    track = lay(wild_fixes(seed), 200.0)
    rng = np.random.default_rng(seed)
    n = 40
    vehicle = rng.integers(-1, len(track.vehicle_ids), n)
    times = track.time_ms if track.time_ms.size else np.zeros(1, dtype=np.int64)
    start = rng.choice(times, n) + rng.choice([0, 0, 1, 4_000, -7_000], n)
    end = start + rng.choice([0, 1, 3_000, 40_000, 200_000, -5], n)
    kmh = rng.choice([0.0, 5.0, 20.0], n)
    for fast, slow in zip(
        paces(track, vehicle, start, end, kmh), paces_in_numpy(track, vehicle, start, end, kmh), strict=True
    ):
        np.testing.assert_allclose(fast, slow, atol=1e-9)
