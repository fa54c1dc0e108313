from typing import Any

import pandas as pd
import pytest

from taxi_qa.store.home import Home
from taxi_qa.store.library import records
from taxi_qa.values.identity import bucket_of
from tests.store.conftest import Put
from tests.store.making import trip

START_MS = 1_790_000_000_000
MINUTE_MS = 60_000


@pytest.fixture
def forty_trips(put: Put) -> None:
    put(
        "trips",
        *(trip(f"T{n:02d}", vehicle_id=f"V{n % 5}", boarded_ms=START_MS + n * MINUTE_MS) for n in range(40)),
    )


@pytest.mark.usefixtures("forty_trips")
def test_rows_are_cut_by_time_vehicle_and_bucket(home: Home) -> None:
    def ids(**cut: object) -> list[str]:
        return list(records(home, "trips", **cut)["trip_id"])  # type: ignore[arg-type]

    everything = [f"T{n:02d}" for n in range(40)]
    assert ids() == everything
    assert ids(from_ms=START_MS + 10 * MINUTE_MS) == everything[10:]
    assert ids(to_ms=START_MS + 10 * MINUTE_MS) == everything[:10]
    assert ids(from_ms=START_MS + 3 * MINUTE_MS, to_ms=START_MS + 5 * MINUTE_MS) == everything[3:5]
    assert ids(vehicle_id="V3") == everything[3::5]
    assert ids(vehicle_id="V3", from_ms=START_MS + 20 * MINUTE_MS) == everything[23::5]
    for bucket in range(home.buckets):
        mine = [i for n, i in enumerate(everything) if bucket_of(f"V{n % 5}", home.buckets) == bucket]
        assert ids(bucket=bucket) == mine
        assert ids(bucket=bucket, from_ms=START_MS + 7 * MINUTE_MS) == [i for i in mine if i >= "T07"]


@pytest.mark.usefixtures("forty_trips")
def test_only_the_columns_asked_and_those_of_moment_and_key(home: Home) -> None:
    frame = records(home, "trips", columns=["paid_fen"])
    assert list(frame.columns) == ["trip_id", "boarded_ms", "paid_fen"]


def test_missing_values_stay_missing_and_numbers_exact(home: Home, put: Put) -> None:
    full: dict[str, Any] = {
        "waiting_s": 1.5,
        "boarded_lon": 113.3812345,
        "receipt_printed": False,
        "rating": 0,
        "tip_fen": 2**60,
    }
    put("trips", trip("A", **full), trip("B"))
    frame = records(home, "trips").set_index("trip_id")
    assert {name: frame.loc["A", name] for name in full} == full
    assert frame.loc["B", list(full)].isna().all()
    frame.loc["B", "paid_fen"] = pd.NA  # what is given out may be written to
    frame["waiting_s"] += 1


def test_the_order_does_not_depend_on_that_of_arrival(home: Home, put: Put) -> None:
    for trip_id in ("C", "A", "B"):
        put("trips", trip(trip_id))
    assert records(home, "trips")["trip_id"].to_list() == ["A", "B", "C"]


def test_a_kind_without_a_moment_knows_no_time(home: Home, put: Put) -> None:
    put("companies", {"company_id": "C1", "name": "中山公司"})
    assert len(records(home, "companies", from_ms=0, to_ms=1)) == 1


def test_positions_are_in_no_table(home: Home) -> None:
    with pytest.raises(ValueError, match="'positions' is kept in no table; expected one of companies, "):
        records(home, "positions")
