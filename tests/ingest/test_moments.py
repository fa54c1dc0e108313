import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_qa.ingest.blocks import text_column
from taxi_qa.ingest.moments import convert_days, convert_times, later_reading, utc_of_local

ZONES = ["Asia/Shanghai", "America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu"]


def instants(*texts: str | None, zone: str = "Asia/Shanghai") -> list[str | None]:
    column, _ = convert_times(text_column(texts), zone)
    wrong = column.faults[0][0]
    return [
        None if not given else "wrong" if bad else str(np.datetime64(int(value), "ms"))
        for value, given, bad in zip(column.data, column.given, wrong, strict=True)
    ]


def test_bare_numbers_are_told_apart_by_size() -> None:
    assert instants("1760918700", "1760918700123", "1760918700.5") == [
        "2025-10-20T00:05:00.000", "2025-10-20T00:05:00.123", "2025-10-20T00:05:00.500",
    ]  # fmt: skip
    # 46315 days after 1899-12-30 is 2026-10-20; .3368… of a day is 08:05 in Shanghai, 00:05 in UTC.
    assert instants("46315.33680555556", "46315") == ["2026-10-20T00:05:00.000", "2026-10-19T16:00:00.000"]
    assert instants("20261020", "20261020080500") == ["2026-10-19T16:00:00.000", "2026-10-20T00:05:00.000"]
    assert instants("0", "-5", "99999999999999999") == [
        "1970-01-01T00:00:00.000", "1969-12-31T23:59:55.000", "wrong",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["2026-10", "10/20/2026 08:00", "2026-10-20T24:00:00", "2026-10-20 08", "08:05", "now", "1e9", "-"],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    assert instants(text) == ["wrong"]


@given(
    st.datetimes(dt.datetime(2015, 1, 2), dt.datetime(2035, 12, 30)).map(lambda t: t.replace(microsecond=0)),  # noqa: DTZ001
    st.sampled_from(ZONES),
)
def test_local_times_are_read_as_python_reads_them(local: dt.datetime, zone: str) -> None:
    # fold=0: the first of two readings, and the old offset in an hour that does not exist.
    expected = local.replace(tzinfo=ZoneInfo(zone), fold=0).timestamp() * 1000
    reading = np.array([np.datetime64(local, "ms").astype(np.int64)])
    assert utc_of_local(reading, zone)[0] == expected
    assert instants(local.isoformat(), zone=zone) == [str(np.datetime64(int(expected), "ms"))]


def test_clocks_set_back_and_forward_in_new_york() -> None:
    # 2018-11-04 01:10 occurs twice: the first is in summer time (UTC-4). 2018-03-11 02:30 does not occur.
    texts = ("2018-11-04 01:10:00", "2018-11-04 02:10:00", "2018-03-11 02:30:00")
    assert instants(*texts, zone="America/New_York") == [
        "2018-11-04T05:10:00.000", "2018-11-04T07:10:00.000", "2018-03-11T07:30:00.000",
    ]  # fmt: skip
    first = np.array([np.datetime64("2018-11-04T05:10", "ms").astype(np.int64)])
    assert later_reading(first, "America/New_York")[0] - first[0] == 3_600_000
    assert later_reading(first, "Asia/Shanghai")[0] == first[0]


def test_days_are_those_of_the_city() -> None:
    column = convert_days(
        text_column(["2026-10-20", "2026/1/5", "46315", "20261020", "9999-12-31"]), "Asia/Shanghai"
    )
    days = [str(np.datetime64(int(day), "D")) for day in column.data]
    assert days == ["2026-10-20", "2026-01-05", "2026-10-20", "2026-10-20", "9999-12-31"]
    assert not column.faults[0][0].any()
