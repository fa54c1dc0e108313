"""Runs above the limit: the compiled kernel against whole columns."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.facts.speeding import over_limit_runs, over_limit_runs_in_numpy
from taxi_qa.facts.track import lay
from tests.facts.wild import wild_fixes


@given(st.integers(0, 100_000))
@settings(max_examples=60, deadline=None)
def test_the_kernel_finds_what_whole_columns_find(seed: int) -> None:
    rng = np.random.default_rng(seed)
    track = lay(wild_fixes(seed), 200.0)
    limit = rng.choice(np.array([-1, 0, 20, 30, 60], dtype=np.int16), track.time_ms.size)
    for least_fixes in (1, 2, 3):
        one = over_limit_runs(track, limit, ratio=0.1, kmh=6.0, least_fixes=least_fixes)
        other = over_limit_runs_in_numpy(track, limit, ratio=0.1, kmh=6.0, least_fixes=least_fixes)
        for name in ("vehicle", "first", "last", "limit_kmh"):
            assert getattr(one, name).tolist() == getattr(other, name).tolist(), name
        for name in ("device_kmh", "chord_kmh", "top_kmh", "distance_m"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9, err_msg=name)
