"""Instants and city days, against the standard library's own zones."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_qa.values.clock import (
    MS_PER_DAY,
    city_day,
    clock_ms,
    date_of,
    day_from_text,
    day_of,
    day_start_ms,
    instant_of,
    iso_of,
    moment_of,
    offset_ms,
    weekday,
    zone_of,
)

ZONES = ["Asia/Shanghai", "America/New_York", "Asia/Urumqi", "UTC"]
# 1970-01-02 to 2100-12-30, in seconds
seconds = st.integers(86_400, 4_133_894_400)


@pytest.mark.parametrize("zone", ZONES)
@given(at=st.lists(seconds, min_size=1, max_size=20))
def test_city_days_are_the_standard_librarys(zone: str, at: list[int]) -> None:
    instants = np.array(at, dtype=np.int64) * 1000
    local = [dt.datetime.fromtimestamp(second, ZoneInfo(zone)) for second in at]
    assert offset_ms(instants, zone).tolist() == [
        (moment.utcoffset() or dt.timedelta()) // dt.timedelta(milliseconds=1) for moment in local
    ]
    assert city_day(instants, zone).tolist() == [day_of(moment.date()) for moment in local]


def test_one_in_the_morning_is_todays_in_the_city() -> None:
    # 2026-10-20 01:00 in Guangzhou is 2026-10-19 17:00 in UTC
    instant = instant_of(dt.datetime(2026, 10, 19, 17, tzinfo=dt.UTC))
    assert date_of(int(city_day(np.array([instant]), "Asia/Shanghai")[0])) == dt.date(2026, 10, 20)


@pytest.mark.parametrize(
    ("day", "hours"), [("2018-03-11", 23), ("2018-11-04", 25), ("2018-06-01", 24), ("2019-03-10", 23)]
)
def test_days_of_new_york_have_their_own_length(day: str, hours: int) -> None:
    number = day_from_text(day)
    begin, end = (day_start_ms(at, "America/New_York") for at in (number, number + 1))
    assert end - begin == hours * 3_600_000
    edges = np.array([begin - 1, begin, end - 1, end])
    assert city_day(edges, "America/New_York").tolist() == [number - 1, number, number, number + 1]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", ["1970-01-02", "2000-02-29", "2099-12-31", "2100-12-30"])
def test_a_day_begins_with_itself(zone: str, day: str) -> None:
    number = day_from_text(day)
    start = day_start_ms(number, zone)
    assert city_day(np.array([start - 1, start]), zone).tolist() == [number - 1, number]
    assert iso_of(start, zone).startswith(f"{day}T00:00:00")


def test_iso_carries_the_offset_and_milliseconds_only_where_there_are_any() -> None:
    assert iso_of(1_792_461_600_000, "Asia/Shanghai") == "2026-10-20T10:00:00+08:00"
    assert iso_of(1_792_461_600_005, "Asia/Shanghai") == "2026-10-20T10:00:00.005+08:00"
    assert iso_of(1_528_000_000_000, "America/New_York") == "2018-06-03T00:26:40-04:00"


@given(seconds)
def test_there_and_back(second: int) -> None:
    assert instant_of(moment_of(second * 1000, "America/New_York")) == second * 1000


def test_weekdays() -> None:
    days = np.array([day_from_text("2026-10-19"), day_from_text("2026-10-25"), 0], dtype=np.int32)
    assert weekday(days).tolist() == [0, 6, 3]


@pytest.mark.parametrize(
    ("text", "ms"), [("00:00", 0), ("23:00", 82_800_000), ("24:00", MS_PER_DAY), ("6:30", 23_400_000)]
)
def test_clock(text: str, ms: int) -> None:
    assert clock_ms(text) == ms


@pytest.mark.parametrize("text", ["24:01", "12:60", "12", "noon", "12:5", "-1:00", ""])
def test_no_time_of_day(text: str) -> None:
    with pytest.raises(ValueError, match="no time of day"):
        clock_ms(text)


def test_what_is_no_day_zone_or_moment() -> None:
    with pytest.raises(ValueError, match="2026-10-20"):
        day_from_text("2026-13-01")
    with pytest.raises(ValueError, match="Asia/Shanghai"):
        zone_of("China")
    with pytest.raises(ValueError, match="zone"):
        instant_of(dt.datetime(2026, 1, 1))  # noqa: DTZ001 - that is the fault


def test_no_instants_have_no_days() -> None:
    assert city_day(np.zeros(0, dtype=np.int64), "Asia/Shanghai").size == 0
