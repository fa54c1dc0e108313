"""What drivers are counted per, beside a plain loop over the records, and the index of a small fleet."""

import datetime as dt
from collections import defaultdict

import pytest

from taxi_qa.facts.exposure import EXPOSURES
from taxi_qa.rules.kit import catalogue
from taxi_qa.runs.check import check
from taxi_qa.runs.coaching import coaching, exposure_of, exposures, without_rate
from taxi_qa.store import library
from taxi_qa.store.home import Home
from taxi_qa.store.standing import findings_that_stand
from taxi_qa.values.clock import day_of, moment_of
from tests.runs.conftest import NOW_MS, NewHome

DAY = day_of(dt.date(2026, 10, 20))
ZONE = "Asia/Shanghai"


def by_hand(home: Home) -> dict[str, dict[str, float]]:
    """Trips, night trips and hours of duty of the day, one record after the other."""
    told: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(EXPOSURES, 0.0))
    shifts = library.records(home, "shifts").to_dict("records")
    spans = [
        (row["vehicle_id"], row["driver_id"], int(row["start_ms"]), int(row["end_ms"])) for row in shifts
    ]
    begin = int(dt.datetime(2026, 10, 20, tzinfo=moment_of(0, ZONE).tzinfo).timestamp() * 1000)
    for _, driver, start, end in spans:
        overlap = min(end, begin + 86_400_000) - max(start, begin)
        told[str(driver)]["on_duty_h"] += max(overlap, 0) / 3_600_000
    for row in library.records(home, "trips").to_dict("records"):
        start = int(row["boarded_ms"])
        if not begin <= start < begin + 86_400_000:
            continue
        # Whose shift it was, as no trip of this fleet names its driver.
        (driver,) = [who for car, who, on, off in spans if car == row["vehicle_id"] and on <= start < off]
        told[str(driver)]["metered_trips"] += 1
        told[str(driver)]["night_trips"] += moment_of(start, ZONE).hour in (23, 0, 1, 2, 3, 4)
    return {driver: row for driver, row in told.items() if row["on_duty_h"] or row["metered_trips"]}


def test_every_rule_has_an_exposure_or_a_reason_why_none() -> None:
    assert set(exposure_of()) | set(without_rate()) == set(catalogue())
    assert set(exposure_of().values()) <= set(EXPOSURES)
    assert all(len(reason) > 10 for reason in without_rate().values())


def test_exposures_are_those_of_a_plain_loop(new_home: NewHome) -> None:
    home = new_home()
    told = exposures(home, from_day=DAY, to_day=DAY)
    expected = by_hand(home)
    assert len(expected) >= 4
    for driver, row in expected.items():
        for name in ("metered_trips", "night_trips"):
            assert told.loc[driver, name] == row[name], (driver, name)
        assert told.loc[driver, "on_duty_h"] == pytest.approx(row["on_duty_h"], abs=1e-6), driver
    # Free driving is part of the time on duty, and there is some.
    assert (told["free_driving_h"] < told["on_duty_h"]).all()
    assert told["free_driving_h"].sum() > 0.1 * told["on_duty_h"].sum()
    assert (told["hub_departures"] <= told["metered_trips"]).all()


def test_two_days_are_the_sum_of_each(new_home: NewHome) -> None:
    home = new_home()
    both = exposures(home, from_day=DAY - 1, to_day=DAY)
    one, other = (exposures(home, from_day=day, to_day=day) for day in (DAY - 1, DAY))
    summed = one.add(other, fill_value=0.0)
    for name in EXPOSURES:
        assert both[name].to_dict() == pytest.approx(summed[name].to_dict(), nan_ok=True)


def test_the_index_has_a_row_a_driver_and_rule_and_no_score_without_a_fleet(new_home: NewHome) -> None:
    home = new_home()
    assert check(home, now_ms=NOW_MS, rules=["fare.overcharge", "driving.phone"]) is not None
    told = coaching(home, from_day=DAY, to_day=DAY, now_ms=NOW_MS)
    drivers = exposures(home, from_day=DAY, to_day=DAY).index
    assert len(told) == len(drivers) * len(exposure_of())
    assert not told.duplicated(["rule", "driver_id"]).any()
    stood = findings_that_stand(home)
    for rule, driver, count, moved in zip(
        told["rule"], told["driver_id"], told["findings"], told["moved"], strict=True
    ):
        own = stood[(stood["rule"] == rule) & (stood["driver_id"] == driver)]
        assert sorted(filter(None, moved.split(";"))) == sorted(own["finding_id"])
        assert count == len(own)
    assert told["findings"].sum() > 0
    scored = told[told["why_not"] == ""]
    assert (scored["low"] <= scored["rate"]).all()
    # Nobody asked.
    assert set(told.loc[told["rule"] == "driving.eating", "why_not"]) == {"not_judged"}


def test_a_day_without_anybody_has_no_rows(new_home: NewHome) -> None:
    assert coaching(new_home(), from_day=DAY + 300, to_day=DAY + 300, now_ms=NOW_MS).empty
