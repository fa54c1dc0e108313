from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.records.fixes import LOADED, LOADED_SENT, NO_DELAY, NO_ODOMETER, NO_SPEED
from taxi_qa.store import spill as spilling
from taxi_qa.store.raw_fixes import NO_ALARM, RawFixes, city_days, joined, raw_from_frame, sane_days, scaled
from taxi_qa.store.spill import (
    load,
    pack_rows,
    pack_rows_plain,
    places,
    places_plain,
    renumber,
    renumber_plain,
    spill,
)
from taxi_qa.values.clock import MS_PER_DAY, MS_PER_H, city_day, day_from_text, day_start_ms
from taxi_qa.values.identity import bucket_of

SHANGHAI = "Asia/Shanghai"
DAY = day_from_text("2026-10-20")
MIDNIGHT = day_start_ms(DAY, SHANGHAI)


def batch(vehicles: list[str], times: list[int], **columns: object) -> RawFixes:
    ids = tuple(dict.fromkeys(vehicles))
    n = len(times)
    return RawFixes(
        ids, np.array([ids.index(v) for v in vehicles], dtype=np.int32), np.array(times, dtype=np.int64),
        np.arange(n, dtype=np.int32) + 1_130_000_000, np.arange(n, dtype=np.int32) + 220_000_000, **columns,  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_partition_comes_back_whole_and_in_order_of_arrival(tmp_path: Path) -> None:
    one = batch(["粤T2", "粤T1", "粤T2"], [MIDNIGHT + 5_000, MIDNIGHT, MIDNIGHT - 1])
    two = batch(
        ["粤T3", "粤T1"], [MIDNIGHT + 9, MIDNIGHT + 7], odometer_m=np.array([NO_ODOMETER, 12], dtype=np.int32)
    )
    files = [spill(b, tmp_path, order=o, zone=SHANGHAI, buckets=1) for o, b in ((1, two), (0, one))]
    part = load(files, DAY, 0)
    assert part.vehicle_ids == ("粤T1", "粤T2", "粤T3")
    assert [part.vehicle_ids[v] for v in part.rows[:, spilling.VEHICLE]] == ["粤T2", "粤T1", "粤T3", "粤T1"]
    times = part.rows[:, spilling.TIME].astype(np.int64) + DAY * MS_PER_DAY
    assert times.tolist() == [MIDNIGHT + 5_000, MIDNIGHT, MIDNIGHT + 9, MIDNIGHT + 7]
    assert part.rows[:, spilling.ODOMETER].tolist() == [NO_ODOMETER, NO_ODOMETER, NO_ODOMETER, 12]
    assert load(files, DAY - 1, 0).rows[:, spilling.LON].tolist() == [1_130_000_002]
    assert load(files, DAY + 1, 0).rows.shape[0] == 0


def test_every_row_lands_in_its_vehicles_bucket(tmp_path: Path) -> None:
    names = [f"粤T{i:05d}" for i in range(200)]
    file = spill(batch(names, [MIDNIGHT] * 200), tmp_path, order=0, zone=SHANGHAI, buckets=7)
    found = {
        v for _, b in file.partitions() for v in load([file], DAY, b).vehicle_ids if bucket_of(v, 7) == b
    }
    assert found == set(names)


def test_an_empty_batch_has_no_partition(tmp_path: Path) -> None:
    assert spill(batch([], []), tmp_path, order=0, zone=SHANGHAI, buckets=4).partitions() == []


def test_a_day_that_no_clock_has_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="refuse them first"):
        spill(batch(["粤T1"], [-2 * MS_PER_DAY]), tmp_path, order=0, zone=SHANGHAI, buckets=4)


def test_sane_days_end_with_the_city_days_1970_and_2100() -> None:
    first, last = day_start_ms(0, SHANGHAI), day_start_ms(day_from_text("2101-01-01"), SHANGHAI)
    instants = np.array([first - 1, first, last - 1, last, 1 << 62, -(1 << 62)])
    assert sane_days(instants, SHANGHAI).tolist() == [False, True, True, False, False, False]


@given(st.lists(st.integers(0, 1_000 * 24 * 4), max_size=50), st.sampled_from([SHANGHAI, "America/New_York"]))
def test_city_days_are_the_clocks_also_where_the_offset_changes(quarters: list[int], zone: str) -> None:
    times = np.array(quarters, dtype=np.int64) * (MS_PER_H // 4) + 1_700_000_000_000
    np.testing.assert_array_equal(city_days(times, zone), city_day(times, zone))
    near = (
        sum(quarters) % 90_000 * MS_PER_H + 1_700_000_000_000 + np.arange(3, dtype=np.int64) * MS_PER_H
    )  # a span short enough to be probed
    np.testing.assert_array_equal(city_days(near, zone), city_day(near, zone))


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_the_kernels_do_what_their_plain_forms_do(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, vehicles, buckets = int(rng.integers(0, 60)), 9, 4
    days = rng.integers(100, 103, n).astype(np.int32)
    codes, bucket = (
        rng.integers(0, vehicles, n).astype(np.int32),
        rng.integers(0, buckets, vehicles).astype(np.int32),
    )
    sorting = (np.arange(3, dtype=np.int32), 100, days, bucket, codes, buckets, 3 * buckets)
    where, starts = places(*sorting)
    where_plain, starts_plain = places_plain(*sorting)
    np.testing.assert_array_equal(where, where_plain)
    np.testing.assert_array_equal(starts, starts_plain)
    columns = (
        days.astype(np.int64) * MS_PER_DAY + rng.integers(-50_000_000, 90_000_000, n), days,
        rng.integers(-(2**31), 2**31, n).astype(np.int32), rng.integers(-(2**31), 2**31, n).astype(np.int32),
        np.arange(vehicles, dtype=np.int32), codes, rng.integers(-1, 25_001, n).astype(np.int32),
        rng.integers(-1, 3_601, n).astype(np.int16), rng.integers(0, 1024, n).astype(np.int16),
        rng.integers(0, 3, n).astype(np.int8), where,
    )  # fmt: skip
    rows, rows_plain = np.zeros((n, 6), dtype=np.int32), np.zeros((n, 6), dtype=np.int32)
    pack_rows(*columns, rows)
    pack_rows_plain(*columns, rows_plain)
    np.testing.assert_array_equal(rows, rows_plain)
    number = rng.permutation(vehicles).astype(np.int32)
    rows[: n // 2, 3] = rows_plain[: n // 2, 3] = -1
    renumber(rows, 3, number)
    renumber_plain(rows_plain, 3, number)
    np.testing.assert_array_equal(rows, rows_plain)


def test_a_checked_frame_becomes_raw_positions() -> None:
    frame = pd.DataFrame(
        {
            "vehicle_id": ["粤T2", "粤T1"],
            "lon": [113.1234567, -0.5],
            "lat": [22.7654321, 0.0],
            "speed_kmh": [56.25, np.nan],
            "time_ms": pd.array([MIDNIGHT, MIDNIGHT + 1], dtype="Int64"),
            "loaded": pd.array([True, None], dtype="boolean"),
            "received_ms": pd.array([MIDNIGHT + 70, None], dtype="Int64"),
            "alarms": pd.array(["a;b", None], dtype="str"),
            "datum": pd.array(["gcj02", None], dtype="str"),
            "odometer_m": pd.array([None, 5], dtype="Int64"),
        }
    )
    raw = raw_from_frame(frame, datum="bd09")
    assert [raw.vehicle_ids[c] for c in raw.vehicle_code] == ["粤T2", "粤T1"]
    assert raw.lon_e7.tolist() == [1_131_234_567, -5_000_000]
    columns = [raw.speed_ckmh, raw.delay_ms, raw.datum, raw.odometer_m, raw.flags, raw.alarm_code]
    assert [None if c is None else c.tolist() for c in columns] == [
        [5_625, NO_SPEED],
        [70, NO_DELAY],
        [1, 2],
        [NO_ODOMETER, 5],
        [LOADED_SENT | LOADED, 0],
        [0, NO_ALARM],
    ]
    assert raw.alarm_texts == ("a;b",)


def test_two_batches_join_in_the_order_of_the_file() -> None:
    one = batch(["粤T1", "粤T2"], [10, 30], speed_ckmh=np.array([1, 3], dtype=np.int32))
    other = batch(["粤T3"], [20], alarm_code=np.array([0], dtype=np.int32), alarm_texts=("x",))
    both = joined(one, np.array([0, 2]), other, np.array([1]))
    assert [both.vehicle_ids[c] for c in both.vehicle_code] == ["粤T1", "粤T3", "粤T2"]
    assert both.time_ms.tolist() == [10, 20, 30]
    assert both.speed_ckmh is not None
    assert both.alarm_code is not None
    assert both.speed_ckmh.tolist() == [1, NO_SPEED, 3]
    assert both.alarm_code.tolist() == [NO_ALARM, 0, NO_ALARM]


@given(st.integers(-108_000_000, 108_000_000))
def test_a_terminals_place_in_1_600_000_degree_can_be_had_back(units: int) -> None:
    e7 = int(scaled(np.array([units / 600_000]), 10_000_000)[0])
    assert round(e7 * 600_000 / 10_000_000) == units
