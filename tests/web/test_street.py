"""The street: a car by part of its plate, its trips, the fare of each, and what is shown to whom."""

from collections.abc import Callable

import pytest

from taxi_qa.store.accounts import access_log
from taxi_qa.store.home import writing
from taxi_qa.values.clock import date_of
from tests.review.desks import NOON
from tests.store.making import delivery, rows, trip
from tests.web.conftest import City, status_of, text_of

Cities = Callable[..., City]
_HOUR_MS = 3_600_000


@pytest.fixture
def street(own_city: Cities) -> City:
    """The city, with a trip of two days ago and one of a car that stands in no register."""
    city = own_city()
    trips = [
        trip("T0", vehicle_id="粤TA1", driver_id="D1", boarded_ms=NOON - 48 * _HOUR_MS),
        trip("T9", vehicle_id="粤TC9", boarded_ms=NOON),
    ]
    with writing(city.home), delivery(city.home, sha256="more") as going_in:
        going_in.add_records("trips", rows("trips", *trips))
        going_in.commit()
    return city


@pytest.mark.parametrize("asked", ["A1", "a1", "Ａ１", "粤ta1", "%20A1%20"])
def test_a_part_of_the_plate_finds_the_car(street: City, asked: str) -> None:
    text = text_of(street.client("inspector"), f"/lookup?q={asked}")
    assert "粤TA1" in text
    assert "粤TB2" not in text


def test_signs_of_a_pattern_are_letters_of_a_plate(street: City) -> None:
    for asked in ("%25", "_", "%5C"):
        assert "粤T" not in text_of(street.client("inspector"), f"/lookup?q={asked}")


def test_a_manager_finds_cars_of_his_company_alone(street: City) -> None:
    client = street.client("m1")
    text = text_of(client, "/lookup?q=粤")
    assert "粤TA1" in text
    assert "粤TB2" not in text
    assert status_of(client, "/vehicles/粤TB2") == 404
    assert status_of(client, "/trips/T2") == 404
    assert status_of(client, "/vehicles/粤TC9") == 404
    assert "T1" in text_of(client, "/vehicles/粤TA1")


def test_a_car_in_no_register_is_found_by_its_trips(street: City) -> None:
    text = text_of(street.client("inspector"), "/vehicles/粤TC9?why=patrol")
    assert "不在车辆名册中" in text
    assert "T9" in text


def test_nothing_is_shown_before_a_purpose_is_said(street: City) -> None:
    client = street.client("inspector")
    for address in ("/vehicles/粤TA1", "/vehicles/粤TA1?why=curiosity", "/trips/T1", "/trips/T1?why="):
        text = text_of(client, address)
        assert "为了什么查看" in text
        assert "D1" not in text
    _log, before = access_log(street.home)
    assert "D1" in text_of(client, "/vehicles/粤TA1?why=patrol")
    assert "D1" in text_of(client, "/trips/T1?why=complaint")
    log, after = access_log(street.home)
    assert after == before + 2
    assert log[["what", "subject", "why"]].to_numpy().tolist()[:2] == [
        ["trip", "T1", "complaint"],
        ["vehicle", "粤TA1", "patrol"],
    ]


def test_the_last_day_stands_in_where_the_last_24_hours_are_empty(street: City) -> None:
    client = street.client("inspector")
    today = text_of(client, "/vehicles/粤TA1?why=patrol")
    assert "/trips/T1" in today
    assert "/trips/T0" not in today
    street.clock.at_ms += 100 * _HOUR_MS
    client = street.client("inspector")
    later = text_of(client, "/vehicles/粤TA1?why=patrol")
    assert "最近 24 小时没有收到该车的行程" in later
    assert "/trips/T1" in later


def test_a_day_nobody_judged_is_no_all_clear(street: City) -> None:
    client = street.client("inspector")
    day = date_of(NOON // 86_400_000 - 2)
    text = text_of(client, f"/vehicles/粤TA1?why=patrol&day={day}")
    assert "尚未核查" in text
    assert "未发现问题" not in text
    assert "这一天尚未核查" in text_of(client, "/trips/T0?why=patrol")


def test_rules_nobody_asked_are_no_all_clear(street: City) -> None:
    # One rule alone was run in this city.
    for address in ("/vehicles/粤TA1?why=patrol", "/trips/T1?why=patrol"):
        text = text_of(street.client("inspector"), address)
        assert "条规则没有运行" in text
        assert "各项均已判断" not in text
        assert ">未发现问题<" not in text


def test_no_trips_of_a_car_and_no_trips_at_all_are_told_apart(street: City) -> None:
    client = street.client("inspector")
    day = date_of(NOON // 86_400_000 - 2)
    assert "其他车辆有" in text_of(client, f"/vehicles/粤TB2?why=patrol&day={day}")
    nothing = text_of(client, "/vehicles/粤TA1?why=patrol&day=2001-01-01")
    assert "没有收到任何车辆的行程数据" in nothing


def test_each_yuan_of_a_trip_names_its_law(street: City) -> None:
    text = text_of(street.client("inspector"), "/trips/T1?why=complaint")
    assert "起步价" in text
    assert "/law/fare.flagfall" in text
    assert "/law/fare.per_km" in text


def test_the_tariff_is_for_everybody_and_adds_up(city: City) -> None:
    for name in ("d1", "m1", "inspector", "auditor"):
        text = text_of(city.client(name), "/tariff?km=10&waiting=0&start=2026-10-20T12:00")
        assert "/law/fare.per_km" in text


@pytest.mark.parametrize(
    "asked",
    [
        "km=-1", "km=nan", "km=inf", "km=1e9", "km=zehn", "km=3&waiting=-1", "start=yesterday",
        "start=0001-01-01T00:00", "km=3&rate=none", "km=3&begins=ZZ", "km=3&energy=steam",
        "km=3&minutes=99999",
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_words(city: City, asked: str) -> None:
    assert status_of(city.client("d1"), f"/tariff?{asked}") == 400
