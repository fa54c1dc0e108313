"""The traps of a meter trip, one by one."""

import pandas as pd
import pytest

from taxi_qa.ingest.terminals.records_of import records_of
from tests.ingest.terminals.wire import NOON_MS, PLATE, WHOSE, f905, place, trip

MIN = 60_000
DAY = 86_400_000


def row_of(body: str) -> pd.Series:
    (row,) = (row for _, row in records_of([(NOON_MS, f905(0x0B05, body))], WHOSE).tables["trips"].iterrows())
    return row


def test_a_trip_as_a_row() -> None:
    row = row_of(trip(surcharge="000020", rating=1, order=77))
    assert row["vehicle_id"] == PLATE
    assert row["driver_id"] == "TEST00000000000001"
    assert (row["boarded_at"], row["alighted_at"]) == ("2023-07-26T11:41:00.000Z", "2023-07-26T11:55:00.000Z")
    assert (row["metered_km"], row["empty_km"]) == ("5.6", "1.2")
    # 12.5 yuan asked for, 2 of them a surcharge.
    assert (row["fare_yuan"], row["surcharge_yuan"]) == ("10.5", "2")
    assert (row["waiting_s"], row["payment"], row["rating"]) == ("180", "cash", "1")
    assert row["order_id"] == "77"
    assert (row["boarded_lon"], row["boarded_lat"]) == ("113.4", "22.5")


def test_a_trip_over_midnight_ends_on_the_next_day() -> None:
    begin = NOON_MS + 4 * 60 * MIN
    assert row_of(trip(begin, "0005"))["alighted_at"] == "2023-07-26T16:05:00.000Z"


@pytest.mark.parametrize(
    ("first", "days"),
    [(NOON_MS, 2), (NOON_MS + 2 * DAY + 14 * MIN, 0)],
    ids=["the second position says so", "both were stamped when the meter told it again"],
)
def test_more_than_a_day_is_believed_where_the_positions_belong_to_the_trip(first: int, days: int) -> None:
    body = trip(first=place(first), second=place(NOON_MS + 2 * DAY + 14 * MIN))
    assert row_of(body)["alighted_at"] == f"2023-07-{26 + days}T11:55:00.000Z"


def test_a_meter_that_tells_a_trip_again_keeps_its_money_and_loses_its_places() -> None:
    later = NOON_MS + 5 * 60 * MIN
    row = row_of(trip(first=place(later), second=place(later)))
    assert (row["fare_yuan"], row["metered_km"]) == ("12.5", "5.6")
    assert [row[f"{end}_{axis}"] for end in ("boarded", "alighted") for axis in ("lon", "lat")] == [""] * 4


@pytest.mark.parametrize("change", [{"status": 0x101}, {"lon": 0.0, "lat": 0.0}])
def test_a_place_without_a_fix_or_at_nought_is_none(change: dict[str, float]) -> None:
    assert row_of(trip(first=place(NOON_MS, **change)))["boarded_lon"] == ""  # type: ignore[arg-type]  # one of both


def test_a_trip_sent_again_is_the_same_and_its_late_rating_corrects_it() -> None:
    entries = [
        (NOON_MS, f905(0x0B05, trip(), 1)),
        (NOON_MS + MIN, f905(0x0B05, trip(), 900)),
        (NOON_MS + 2 * MIN, f905(0x0B05, trip(rating=3), 901)),
    ]
    rows = records_of(entries, WHOSE).tables["trips"]
    assert len(set(rows["trip_id"])) == 1
    assert list(rows["rating"]) == ["0", "0", "3"]
    assert rows.iloc[0].equals(rows.iloc[1])


def test_a_trip_sent_once_more_without_its_rating_has_not_lost_it() -> None:
    entries = [(NOON_MS, f905(0x0B05, trip(rating=rating))) for rating in (3, 0)]
    assert list(records_of(entries, WHOSE).tables["trips"]["rating"]) == ["3", "3"]


def test_two_trips_in_one_minute_are_two() -> None:
    entries = [(NOON_MS, f905(0x0B05, trip(trip_no=number))) for number in (12, 13)]
    assert records_of(entries, WHOSE).tables["trips"]["trip_id"].nunique() == 2


@pytest.mark.parametrize(("rating", "told"), [(4, "4"), (5, ""), (0xFF, "")])
def test_a_rating_beyond_the_scale_is_none(rating: int, told: str) -> None:
    assert row_of(trip(rating=rating))["rating"] == told


def test_the_status_of_the_trip_is_of_before_the_switch_and_makes_no_position() -> None:
    tables = records_of([(NOON_MS, f905(0x0B05, trip()))], WHOSE).tables
    assert set(tables) == {"trips"}


@pytest.mark.parametrize("driver", ["", "0000000000000000000"])
def test_a_meter_without_a_driver_names_nobody(driver: str) -> None:
    assert row_of(trip(driver=driver))["driver_id"] == ""


def test_digits_that_are_none_leave_cells_empty_for_the_door_to_refuse() -> None:
    row = row_of(trip(fare="00f125"))
    assert (row["fare_yuan"], row["metered_km"]) == ("", "5.6")
