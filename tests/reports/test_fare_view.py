"""What a ride should cost: the steps add up to the engine's own answer, and unknown stays unknown."""

import math

import pytest

from taxi_qa.law.fare_parts import Ride
from taxi_qa.law.read import read_law
from taxi_qa.reports.fare_view import fare_view, options_at, ride_of, usual_end_ms
from taxi_qa.values.clock import MS_PER_MIN

# 2025-10-13 12:00 in China.
NOON_MS = 1_760_328_000_000


def _ride(km: float, waiting_s: float, *, boarded_ms: int = NOON_MS, code: str = "") -> Ride:
    law = read_law("guangzhou")
    ended = usual_end_ms(law, boarded_ms, km * 1000, waiting_s)
    return Ride(boarded_ms, ended, km * 1000, waiting_s, "", code, 0.0)


def test_a_short_ride_by_day_costs_the_flag_fall() -> None:
    found = fare_view(_ride(2.0, 0.0), read_law("guangzhou"))
    assert (found.low_fen, found.high_fen) == (1_200, 1_200)
    assert [step.basis.partition("@")[0] for step in found.steps[:2]] == ["fare.flagfall", "fare.per_km"]


def test_kilometres_beyond_the_flag_fall_are_added() -> None:
    found = fare_view(_ride(10.0, 0.0), read_law("guangzhou"))
    assert found.low_fen == found.high_fen == 1_200 + 7 * 260
    assert found.most_fen > found.high_fen
    assert found.steps[-1].is_result
    assert {"fare.flagfall", "fare.per_km"} <= {cite.name.partition("@")[0] for cite in found.citations}


def test_before_any_tariff_nothing_is_said() -> None:
    found = fare_view(_ride(10.0, 0.0, boarded_ms=0), read_law("guangzhou"))
    assert found.missing is not None
    assert found.steps == ()
    assert found.citations == ()


def test_an_agreed_price_leaves_doubt() -> None:
    found = fare_view(_ride(10.0, 0.0, code="negotiated"), read_law("guangzhou"))
    assert found.doubt is not None


def test_zones_and_codes_of_a_tariff_are_offered() -> None:
    law = read_law("nyc")
    options = options_at(law, NOON_MS)
    assert "132" in options.zones
    assert options_at(read_law("guangzhou"), NOON_MS).zones == ()
    by_meter = fare_view(_ride(10.0, 60.0), law)
    # A meter of units has no parts by kilometre and minute; the whole is told all the same.
    assert by_meter.high_fen > 0
    assert by_meter.steps[-1].is_result


@pytest.mark.parametrize(("second", "slack_s"), [(0, 60.0), (1, 0.0)])
def test_stamps_by_the_minute_are_inexact_by_one(second: int, slack_s: float) -> None:
    start = NOON_MS + second * 1000
    trip = {
        "boarded_ms": start, "alighted_ms": start + 10 * MS_PER_MIN, "metered_m": 5_000, "waiting_s": None,
        "rate_code": None, "boarded_zone": None, "alighted_zone": None,
    }  # fmt: skip
    ride, zones = ride_of(trip, "")
    assert ride.time_slack_s == slack_s
    assert math.isnan(ride.waiting_s)
    assert zones == ("", "")
