"""Daily windows against a clock that is walked second by second."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.law.calendar import in_window, overlap_ms, overlaps_window
from taxi_qa.law.parameter import Window
from taxi_qa.law.read import read_law
from taxi_qa.values.clock import MS_PER_DAY, MS_PER_H, day_from_text

NIGHT = (Window(23 * MS_PER_H, 5 * MS_PER_H),)
RUSH = (Window(16 * MS_PER_H, 20 * MS_PER_H, (0, 1, 2, 3, 4), "us_legal_holidays"),)
SHANGHAI = "Asia/Shanghai"


def ms(text: str, zone: str = SHANGHAI) -> int:
    return round(pd.Timestamp(text, tz=zone).timestamp() * 1000)


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-10-20 22:59:59", False),
        ("2026-10-20 23:00:00", True),
        ("2026-10-21 00:00:00", True),
        ("2026-10-21 04:59:59", True),
        ("2026-10-21 05:00:00", False),
    ],
)
def test_the_night_begins_at_its_first_and_ends_before_its_last_instant(moment: str, inside: bool) -> None:
    assert in_window(np.asarray([ms(moment)]), NIGHT, SHANGHAI) == [inside]


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2018-07-03 16:00", True),  # a Tuesday
        ("2018-07-03 20:00", False),
        ("2018-07-04 17:00", False),  # Independence Day
        ("2018-07-07 17:00", False),  # a Saturday
        ("2018-11-12 17:00", False),  # Veterans Day, moved from Sunday
        ("2018-02-12 17:00", True),  # Lincoln's birthday: meters charged the surcharge
    ],
)
def test_the_rush_hour_leaves_out_weekends_and_holidays(moment: str, inside: bool) -> None:
    calendars = read_law("nyc").calendars
    assert in_window(np.asarray([ms(moment, "America/New_York")]), RUSH, "America/New_York", calendars) == [
        inside
    ]


def test_overlap_counts_the_part_of_a_ride_inside_the_night() -> None:
    start, end = np.asarray([ms("2026-10-20 22:40")]), np.asarray([ms("2026-10-20 23:15")])
    assert overlap_ms(start, end, NIGHT, SHANGHAI) == [15 * 60_000]
    assert overlaps_window(start, end, NIGHT, SHANGHAI) == [True]
    assert overlaps_window(start, np.asarray([ms("2026-10-20 23:00")]), NIGHT, SHANGHAI) == [False]


def test_a_ride_of_no_length_is_its_one_instant() -> None:
    at = np.asarray([ms("2026-10-20 23:00"), ms("2026-10-20 12:00")])
    assert list(overlaps_window(at, at, NIGHT, SHANGHAI)) == [True, False]


minutes = st.integers(0, 24 * 60 - 1)


@settings(max_examples=60, deadline=None)
@given(minutes, minutes, st.integers(0, 3 * 24 * 60), st.integers(0, 30 * 60), st.sets(st.integers(0, 6)))
def test_overlap_agrees_with_walking_the_minutes(
    begin: int, until: int, start: int, length: int, weekdays: set[int]
) -> None:
    if begin == until:
        until = (begin + 1) % (24 * 60)
    window = Window(begin * 60_000, until * 60_000, tuple(sorted(weekdays)))
    day = day_from_text("2026-10-20")  # a Tuesday
    walked = 0
    for minute in range(start, start + length):
        since = minute - begin
        on = (1 + since // (24 * 60)) % 7
        walked += since % (24 * 60) < (until - begin) % (24 * 60) and on in weekdays
    origin = day * MS_PER_DAY
    first = np.asarray([origin + start * 60_000])
    assert overlap_ms(first, first + length * 60_000, (window,), "UTC") == [walked * 60_000]


def test_the_calendars_cover_2017_to_2026() -> None:
    calendars = read_law("zhongshan").calendars
    for name in ("cn_spring_festival", "cn_may_day", "cn_national_day", "us_legal_holidays"):
        years = {int(pd.Timestamp(0).year) + int(day / 365.2425) for day in calendars[name]}
        assert years >= set(range(2017, 2027)), name
    assert day_from_text("2026-02-16") in calendars["cn_spring_festival"]  # the eve
    assert day_from_text("2026-02-23") not in calendars["cn_spring_festival"]  # the seventh day
