"""Positions as bad as they come: doubled seconds, jumps, 0,0, no fix, clocks ahead, silence."""

import numpy as np
from hypothesis import strategies as st

from taxi_qa.records.fixes import FLAG_BITS, NO_DELAY, NO_HEADING, NO_ODOMETER, NO_SPEED, Fixes

START_MS = 1_792_540_800_000


def wild_fixes(seed: int, vehicles: int = 3, most: int = 60) -> Fixes:
    """Some vehicles' positions, sorted as the store gives them out; some vehicles may have one or none."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, most, vehicles)
    n = int(counts.sum())
    step_s = rng.choice(
        [0, 1, 5, 10, 30, 60, 200, 300, 600, 4000],
        n,
        p=[0.05, 0.1, 0.2, 0.2, 0.2, 0.1, 0.06, 0.03, 0.03, 0.03],
    )
    time_ms = START_MS + np.cumsum(step_s) * 1000
    lon = 113_260_000 + np.cumsum(rng.normal(0, 800, n))
    lat = 23_130_000 + np.cumsum(rng.normal(0, 800, n))
    far = rng.random(n) < 0.08
    lon, lat = (
        np.where(far, lon + rng.normal(0, 400_000, n), lon),
        np.where(far, lat + rng.normal(0, 400_000, n), lat),
    )
    nowhere = rng.random(n) < 0.03
    delay = np.where(rng.random(n) < 0.3, NO_DELAY, rng.integers(-600_000, 5_000_000, n))
    flags = rng.integers(0, 1 << (2 * len(FLAG_BITS)), n)
    lon_e7, lat_e7 = np.where(nowhere, 0, lon * 10), np.where(nowhere, 0, lat * 10)
    vehicle = np.repeat(np.arange(vehicles), counts)
    order = np.lexsort((lat_e7, lon_e7, time_ms, vehicle))
    return Fixes(
        tuple(f"V{v}" for v in range(vehicles)),
        np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        time_ms[order].astype(np.int64),
        lon_e7[order].astype(np.int32),
        lat_e7[order].astype(np.int32),
        np.where(rng.random(n) < 0.2, NO_SPEED, rng.integers(0, 9_000, n)).astype(np.int32),
        np.full(n, NO_HEADING, dtype=np.int16),
        flags[order].astype(np.int16),
        np.full(n, NO_ODOMETER, dtype=np.int32),
        delay[order].astype(np.int32),
    )


seeds = st.integers(0, 2**32 - 1)
