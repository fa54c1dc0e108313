from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.records.fixes import NO_DELAY, NO_ODOMETER, NO_SPEED
from taxi_qa.store import segments, sorting
from taxi_qa.store.merging import MOST_SEGMENTS, merge_all
from taxi_qa.store.raw_fixes import RawFixes, raw_from_frame
from taxi_qa.store.spill import spill
from taxi_qa.store.tracks import Existing, MergedSegment, read, read_raw
from taxi_qa.values.clock import day_from_text, day_start_ms
from taxi_qa.values.place import distance_m, from_wgs84

ZONE = "Asia/Shanghai"
DAY = day_from_text("2026-10-20")
START = day_start_ms(DAY, ZONE)
SHA = "0123456789abcdef" * 4
Row = tuple[str, int, float, float, float]


def frame_of(rows: Sequence[Row]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["vehicle_id", "s", "lon", "lat", "speed_kmh"])
    return frame.assign(time_ms=START + frame.pop("s") * 1000)


class Store:
    """What the store does around the tracks: segments renamed into place, listed in order of commit."""

    def __init__(self, home: Path) -> None:
        self.home, self.deliveries = home, 0
        self.current: list[Path] = []
        self.superseded: list[Path] = []

    def take(self, *batches: RawFixes, workers: int = 1) -> list[MergedSegment]:
        self.deliveries += 1
        folder = self.home / f"staging{self.deliveries}"
        folder.mkdir()
        spills = [spill(b, folder, order=i, zone=ZONE, buckets=1) for i, b in enumerate(batches)]
        merged = merge_all(
            spills, folder, source=f"{self.deliveries:064x}", workers=workers,
            existing=lambda _day, _bucket: Existing(tuple(self.current), tuple(self.superseded)),
        )  # fmt: skip
        for segment in merged:
            self.current = [path for path in self.current if path.name not in segment.replaces]
            if segment.temp_path is not None:
                kept = self.current if segment.kind == "current" else self.superseded
                kept.append(segment.temp_path.rename(self.home / segment.final_name))
        assert [path.name for path in self.current] == sorted(path.name for path in self.current)
        return merged

    def rows(self) -> list[Row]:
        raw = read_raw(self.current)
        seconds = (raw["time_ms"] - START) // 1000
        return list(zip(raw["vehicle_id"], seconds, raw["lon"], raw["lat"], raw["speed_kmh"], strict=True))


def counts(merged: Sequence[MergedSegment]) -> tuple[int, int, int]:
    return (
        sum(s.accepted for s in merged),
        sum(s.duplicates for s in merged),
        sum(s.corrections for s in merged),
    )


def drive(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "vehicle_id": [f"粤T{i:03d}" for i in rng.integers(0, 40, n)],
            "time_ms": START + rng.integers(0, 86_400, n) * 1000,
            "lon": np.round(rng.uniform(113, 114, n), 6),
            "lat": np.round(rng.uniform(22, 23, n), 6),
            "speed_kmh": np.where(rng.random(n) < 0.1, np.nan, np.round(rng.uniform(0, 120, n), 1)),
            "heading_deg": rng.integers(0, 361, n).astype(float),
            "loaded": pd.array(rng.integers(0, 2, n) > 0, dtype="boolean"),
            "received_ms": pd.array(START + rng.integers(0, 9_000_000, n), dtype="Int64"),
        }
    )
    frame["alarms"] = pd.array(["超速;疲劳" if hit else None for hit in rng.random(n) < 0.01], dtype="str")
    frame["odometer_m"] = pd.array(rng.integers(0, 10**8, n), dtype="Int64")
    frame.loc[rng.random(n) < 0.5, "odometer_m"] = None
    return frame


def test_what_goes_in_comes_out_sorted_and_whole(tmp_path: Path) -> None:
    sent = drive(40_000, 1)
    store = Store(tmp_path)
    store.take(*(raw_from_frame(sent.iloc[i : i + 7_000]) for i in range(0, 40_000, 7_000)))
    wanted = sent.sort_values(["vehicle_id", "time_ms", "lon", "lat"], kind="stable").reset_index(drop=True)
    wanted["datum"] = "wgs84"
    got = read_raw(store.current)
    pd.testing.assert_frame_equal(got[wanted.columns], wanted, check_dtype=False)
    fixes = read(store.current)
    assert len(fixes) == 40_000
    assert fixes.vehicle_ids == tuple(sorted(set(sent["vehicle_id"])))
    np.testing.assert_array_equal(np.diff(fixes.starts), wanted.groupby("vehicle_id").size())
    for name in ("time_ms", "lon_e7", "speed_ckmh", "heading_ddeg", "flags", "odometer_m", "delay_ms"):
        column = getattr(fixes, name)
        assert column.flags["C_CONTIGUOUS"]
        assert column.dtype == segments.DTYPES[name]


def test_columns_not_asked_for_stand_as_never_sent(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.take(raw_from_frame(drive(100, 2)))
    fixes = read(store.current, columns=("flags",))
    assert set(fixes.speed_ckmh) == {NO_SPEED}
    assert set(fixes.odometer_m) == {NO_ODOMETER}
    assert set(fixes.delay_ms) == {NO_DELAY}
    np.testing.assert_array_equal(fixes.flags, read(store.current).flags)


@pytest.mark.parametrize("vehicle", ["粤T007", "粤T039", "粤T999", None])
@pytest.mark.parametrize(("from_h", "to_h"), [(None, None), (8, 9), (None, 1), (23, None), (30, 31)])
def test_a_vehicle_and_hour_is_what_a_filter_of_all_gives(
    tmp_path: Path, vehicle: str | None, from_h: int | None, to_h: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "ROW_GROUP", 500)  # several row groups, so that some are left out
    store = Store(tmp_path)
    for seed in (3, 4):
        store.take(raw_from_frame(drive(3_000, seed)))
    low, high = (None if h is None else START + h * 3_600_000 for h in (from_h, to_h))
    part = read_raw(store.current, vehicle_id=vehicle, from_ms=low, to_ms=high)
    whole = read_raw(store.current)
    wanted = whole[
        ((whole["vehicle_id"] == vehicle) | (vehicle is None))
        & (whole["time_ms"] >= (low or 0)) & (whole["time_ms"] < (high or 1 << 60))
    ]  # fmt: skip
    pd.testing.assert_frame_equal(part, wanted.reset_index(drop=True))
    fixes = read(store.current, vehicle_id=vehicle, from_ms=low, to_ms=high)
    assert fixes.time_ms.tolist() == wanted["time_ms"].tolist()
    assert set(fixes.vehicle_ids) == set(wanted["vehicle_id"])
    assert (np.diff(fixes.starts) > 0).all()


def test_the_same_row_is_once_and_the_last_correction_counts(tmp_path: Path) -> None:
    a, b, c = (("粤T1", 5, 113.0, 22.0, speed) for speed in (10.0, 20.0, 30.0))
    other = ("粤T1", 5, 113.0, 22.5, 10.0)
    store = Store(tmp_path)
    merged = store.take(raw_from_frame(frame_of([a, other, b, a, b])))
    assert counts(merged) == (2, 2, 1)
    assert [(s.kind, s.rows) for s in merged] == [("current", 2), ("superseded", 1)]
    assert store.rows() == [b, other]
    assert counts(store.take(raw_from_frame(frame_of([a, b, other])))) == (
        0,
        3,
        0,
    )  # seen before, also the outvoted one
    assert store.rows() == [b, other]
    assert counts(store.take(raw_from_frame(frame_of([c])))) == (0, 0, 1)
    assert store.rows() == [c, other]
    assert counts(store.take(raw_from_frame(frame_of([b, a])))) == (0, 2, 0)
    assert store.rows() == [c, other]


def test_a_delivery_of_duplicates_leaves_no_file(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.take(raw_from_frame(drive(500, 5)))
    merged = store.take(raw_from_frame(drive(500, 5)))
    assert [(s.temp_path, s.rows) for s in merged] == [(None, 0)]
    assert counts(merged) == (0, 500, 0)


def test_many_small_deliveries_are_rewritten_as_one_and_nothing_changes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    known: dict[tuple[str, int, float, float], Row] = {}
    rng = np.random.default_rng(6)
    for _ in range(2 * MOST_SEGMENTS + 3):
        rows = [(f"粤T{v}", int(s), 113.0, 22.0, float(k)) for v, s, k in rng.integers(0, 12, (60, 3))]
        seen = versions(store)
        for row in rows:
            if row not in seen:
                known[row[:4]] = row
            seen.add(row)
        store.take(raw_from_frame(frame_of(rows)))
        assert store.rows() == [known[key] for key in sorted(known)]
    assert len(store.current) <= MOST_SEGMENTS


def versions(store: Store) -> set[Row]:
    """Every version of every row the store holds."""
    frames = [read_raw([path]) for path in (*store.current, *store.superseded)]
    return {
        (v, int(t - START) // 1000, lon, lat, speed)
        for f in frames
        for v, t, lon, lat, speed in zip(
            f["vehicle_id"], f["time_ms"], f["lon"], f["lat"], f["speed_kmh"], strict=True
        )
    }


def test_the_same_delivery_gives_the_same_bytes_and_names(tmp_path: Path) -> None:
    outcomes = []
    for name, workers, step in (("one", 1, 1_000), ("two", 3, 313)):
        (tmp_path / name).mkdir()
        sent = drive(4_000, 7)
        batches = [raw_from_frame(sent.iloc[i : i + step]) for i in range(0, 4_000, step)]
        store = Store(tmp_path / name)
        store.take(*batches, workers=workers)
        outcomes.append([(path.name, path.read_bytes()) for path in store.current])
    assert outcomes[0] == outcomes[1]


def test_places_of_other_datums_are_kept_raw_and_judged_in_wgs84(tmp_path: Path) -> None:
    true_lon, true_lat = np.array([113.38, 113.39, 113.40]), np.array([22.52, 22.53, 22.54])
    frames = []
    for at, datum in enumerate(("wgs84", "gcj02", "bd09")):
        lon, lat = from_wgs84(true_lon[at : at + 1], true_lat[at : at + 1], datum)  # type: ignore[arg-type]
        frames.append(frame_of([("粤T1", at, lon[0], lat[0], 1.0)]).assign(datum=datum))
    store = Store(tmp_path)
    store.take(raw_from_frame(pd.concat(frames)))
    fixes = read(store.current)
    assert (distance_m(fixes.lon_e7 / 1e7, fixes.lat_e7 / 1e7, true_lon, true_lat) < 0.5).all()
    raw = read_raw(store.current)
    assert raw["datum"].tolist() == ["wgs84", "gcj02", "bd09"]
    np.testing.assert_allclose(raw["lon"], pd.concat(frames)["lon"], atol=5e-8)


def test_a_file_says_its_scales_and_leaves_out_what_was_never_sent(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.take(
        raw_from_frame(frame_of([("粤T1", s, 113 + s / 1e6, 22 + s / 1e5, s / 10) for s in range(50)]))
    )
    with segments.Segment(store.current[0]) as segment:
        assert segment.head.scales == {"time_ms": 1000, "lon_e7": 10, "lat_e7": 100, "speed_ckmh": 10}
    assert pq.read_schema(store.current[0]).names == [
        "vehicle_id",
        "time_ms",
        "lon_e7",
        "lat_e7",
        "speed_ckmh",
    ]


def test_reading_nothing_gives_nothing() -> None:
    assert len(read([])) == 0
    assert len(read_raw([])) == 0
    assert "vehicle_id" in read_raw([])


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_the_kernels_do_what_their_plain_forms_do(seed: int, spread: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(0, 80))
    rows = rng.integers(0, spread, (n, 6)).astype(np.int32)
    order = sorting.sort_order(rows, spread)
    np.testing.assert_array_equal(order, sorting.sort_order_plain(rows, spread))
    stored = int(rng.integers(0, n + 1))
    for one, other in zip(
        sorting.fates(rows, order, stored), sorting.fates_plain(rows, order, stored), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    wide = rng.integers(-(2**31), 2**31, (n, 6)).astype(np.int32)
    for one, other in zip(
        sorting.columns_of(wide, order, 5), sorting.columns_of_plain(wide, order, 5), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    values: npt.NDArray[np.int32] = (rng.integers(-9, 9, n) * 10**spread).astype(np.int32)
    values[rng.random(n) < 0.1] = -1
    assert sorting.common_power(values, -1) == sorting.common_power_plain(values, -1)
    circle = int(rng.integers(2, 3_602))
    heads = rng.integers(0, circle, n).astype(np.int16)
    turned = sorting.turns(heads, circle, 7)
    np.testing.assert_array_equal(turned, sorting.turns_plain(heads, circle, 7))
    np.testing.assert_array_equal(sorting.headings(turned, circle, 7), heads)
    np.testing.assert_array_equal(sorting.headings_plain(turned, circle, 7), heads)
