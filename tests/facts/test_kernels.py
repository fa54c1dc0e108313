"""Each compiled kernel says what its twin in plain numpy says, on made and on real positions."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.facts.carriages import runs_of_flag, runs_of_flag_in_numpy
from taxi_qa.facts.given import NOT_GIVEN
from taxi_qa.facts.spans import along, along_in_numpy
from taxi_qa.facts.track import (
    Track,
    label,
    label_in_numpy,
    lay,
    measure,
    measure_in_numpy,
    metres_nearby,
    turned_pairs,
)
from taxi_qa.facts.uptime import gaps, gaps_in_numpy
from taxi_qa.records.fixes import LOADED, LOADED_SENT, NO_DELAY, NO_HEADING, NO_ODOMETER, Fixes
from taxi_qa.values.place import E7, metres_per_degree
from tests.facts.wild import START_MS, seeds, wild_fixes

JUMP_KMH = 200.0
JUMP_MPS = JUMP_KMH / 3.6


def real_fixes() -> Fixes:
    """One real taxi's day, with the double seconds and the gaps it has."""
    root = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("TAXI_QA_REAL_DATA", root.parent / "shared" / "data"))
    path = folder / "shenzhen" / "taxi_28249.csv"
    if not path.is_file():
        pytest.skip(f"no {path}: set TAXI_QA_REAL_DATA")
    rows = pd.read_csv(path)
    rows["time_ms"] = START_MS + pd.to_timedelta(rows["t"]).dt.as_unit("ms").astype("int64")
    rows["lon_e7"], rows["lat_e7"] = (np.rint(rows[axis] * E7).astype(np.int32) for axis in ("lon", "lat"))
    rows = rows.sort_values(["time_ms", "lon_e7", "lat_e7"], ignore_index=True)
    n = len(rows)
    return Fixes(
        ("28249",),
        np.array([0, n], dtype=np.int64),
        rows["time_ms"].to_numpy(dtype=np.int64),
        rows["lon_e7"].to_numpy(),
        rows["lat_e7"].to_numpy(),
        (rows["speed"] * 100).to_numpy(dtype=np.int32),
        np.full(n, NO_HEADING, dtype=np.int16),
        np.where(rows["occ"] == 1, LOADED_SENT | LOADED, LOADED_SENT).astype(np.int16),
        np.full(n, NO_ODOMETER, dtype=np.int32),
        np.full(n, NO_DELAY, dtype=np.int32),
    )


def _same_labels(fixes: Fixes) -> None:
    inputs = (fixes.starts, fixes.time_ms, fixes.lon_e7, fixes.lat_e7, fixes.flags, fixes.delay_ms, JUMP_MPS)
    assert label(*inputs).tolist() == label_in_numpy(*inputs).tolist()


def _same_line(fixes: Fixes) -> None:
    inputs = (fixes.starts, fixes.time_ms, fixes.lon_e7, fixes.lat_e7, fixes.speed_ckmh, JUMP_MPS)
    for one, other in zip(measure(*inputs), measure_in_numpy(*inputs), strict=True):
        # A degree's metres are worked out anew every 0.002 degree: 6e-6 of the way.
        np.testing.assert_allclose(one.astype(np.float64), other.astype(np.float64), rtol=1e-5, atol=0.01)


def _same_spans(track: Track, seed: int, number: int = 40) -> None:
    rng = np.random.default_rng(seed)
    vehicle = rng.integers(NOT_GIVEN, len(track.vehicle_ids), number)
    if len(track.time_ms):
        low, high = int(track.time_ms.min()) - 60_000, int(track.time_ms.max()) + 60_000
        # Between fixes, and exactly on some.
        exact = rng.choice(track.time_ms, number)
        start = np.where(rng.random(number) < 0.5, rng.integers(low, high, number), exact)
    else:
        start = np.full(number, START_MS)
    end = start + rng.integers(-10_000, 3_000_000, number)
    inputs = (vehicle.astype(np.int64), start.astype(np.int64), end.astype(np.int64))
    one, other = along(track, *inputs), along_in_numpy(track, *inputs)
    for name in ("fixes", "longest_gap_s", "leaps", "chord_m", "ride_m"):
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=1e-9, atol=1e-6, err_msg=name
        )


def _same_runs(fixes: Fixes) -> None:
    inputs = (fixes.starts, fixes.time_ms, fixes.flags, LOADED_SENT, LOADED)
    for one, other in zip(runs_of_flag(*inputs), runs_of_flag_in_numpy(*inputs), strict=True):
        assert one.tolist() == other.tolist()


def _same_gaps(fixes: Fixes, seed: int, number: int = 20) -> None:
    rng = np.random.default_rng(seed)
    vehicle = rng.integers(NOT_GIVEN, len(fixes.vehicle_ids), number).astype(np.int64)
    low = int(fixes.time_ms.min()) if len(fixes) else START_MS
    start = low + rng.integers(-3_000_000, 20_000_000, number)
    end = start + rng.integers(0, 20_000_000, number)
    labels = lay(fixes, JUMP_KMH).labels
    inputs = (fixes.starts, fixes.time_ms, labels, vehicle, start, end, 600_000)
    one, other = gaps(*inputs), gaps_in_numpy(*inputs)
    for name in ("duty", "start_ms", "end_ms", "dark_ms", "before", "after"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist(), name


@given(seeds)
@settings(max_examples=40)
def test_on_made_positions(seed: int) -> None:
    fixes = wild_fixes(seed)
    _same_labels(fixes)
    _same_line(fixes)
    _same_runs(fixes)
    _same_gaps(fixes, seed)
    _same_spans(without_doubles(lay(fixes, JUMP_KMH)), seed)


def without_doubles(track: Track) -> Track:
    """The line with one fix a second: at a doubled second the way is whatever order one takes them in."""
    keep = np.ones(track.time_ms.size, dtype=bool)
    keep[1:] = np.diff(track.time_ms) != 0
    keep[track.starts[:-1][track.starts[:-1] < keep.size]] = True
    starts = np.concatenate(([0], np.cumsum(keep)))[track.starts].astype(np.int64)
    columns = {
        name: getattr(track, name)[keep]
        for name in ("time_ms", "lon_e7", "lat_e7", "speed_ckmh", "leap", "cum_m", "cum_ride_m")
    }
    return Track(track.vehicle_ids, starts, labels=track.labels, **columns)


@pytest.mark.real
def test_on_a_real_day() -> None:
    fixes = real_fixes()
    _same_labels(fixes)
    _same_line(fixes)
    _same_runs(fixes)
    _same_gaps(fixes, 1)
    _same_spans(without_doubles(lay(fixes, JUMP_KMH)), 1, 300)


@given(seeds)
@settings(max_examples=25)
def test_the_line_keeps_what_has_no_label_and_measures_forward(seed: int) -> None:
    fixes = wild_fixes(seed)
    track = lay(fixes, JUMP_KMH)
    assert track.labels.size == len(fixes)
    assert track.time_ms.size == int((track.labels == 0).sum())
    assert track.starts[-1] == track.time_ms.size
    for v in range(len(track.vehicle_ids)):
        mine = slice(track.starts[v], track.starts[v + 1])
        theirs = slice(fixes.starts[v], fixes.starts[v + 1])
        assert track.time_ms[mine].tolist() == fixes.time_ms[theirs][track.labels[theirs] == 0].tolist()
        for line in (track.cum_m[mine], track.cum_ride_m[mine]):
            assert (np.diff(line) >= 0).all()
            assert line.size == 0 or line[0] == 0


@given(seeds)
@settings(max_examples=25)
def test_the_order_of_a_doubled_second_never_makes_the_way_longer(seed: int) -> None:
    fixes = wild_fixes(seed, vehicles=2)
    turned = turned_pairs(fixes.starts, fixes.time_ms, fixes.lon_e7, fixes.lat_e7)
    order = np.arange(len(fixes))
    order[turned], order[turned + 1] = turned + 1, turned
    assert sorted(order) == list(range(len(fixes)))
    assert fixes.time_ms[order].tolist() == fixes.time_ms.tolist()
    silent = np.full(len(fixes), -1, dtype=np.int32)
    for v in range(2):
        rows = slice(fixes.starts[v], fixes.starts[v + 1])
        assert sorted(order[rows]) == list(range(rows.start, rows.stop)), "no fix changes cars"
    before = measure(fixes.starts, fixes.time_ms, fixes.lon_e7, fixes.lat_e7, silent, 1e9)[1]
    after = measure(fixes.starts, fixes.time_ms, fixes.lon_e7[order], fixes.lat_e7[order], silent, 1e9)[1]
    for v in range(2):
        if fixes.starts[v + 1] > fixes.starts[v]:
            last = fixes.starts[v + 1] - 1
            # Pairs that follow each other are each put right by themselves, which may cost some metres.
            assert after[last] <= before[last] * (1 + 1e-6) + 0.01


@given(st.integers(-890_000_000, 890_000_000))
def test_the_metres_of_a_degree_are_close_to_straight_lines(lat_e7: int) -> None:
    low, high, lon_0, lon_1, lat_0, lat_1 = metres_nearby(np.int64(lat_e7))
    assert low <= lat_e7 < high
    per_lon, per_lat = metres_per_degree(lat_e7 / E7)
    assert (lon_0 + lon_1 * lat_e7) * E7 == pytest.approx(per_lon, rel=4e-7)
    assert (lat_0 + lat_1 * lat_e7) * E7 == pytest.approx(per_lat, rel=4e-7)
