"""Cars by part of their plates, and what is known of one; on both databases."""

import pytest

from taxi_qa.store.cars import cars_like, devices_of, judged_of, one_car, one_trip, open_repairs, shifts_of
from taxi_qa.store.casebook import keep_outcomes
from taxi_qa.store.home import Home, writing
from taxi_qa.store.library import NO_BUCKET
from taxi_qa.store.run_log import Job, RunHead, finish_run, start_run
from taxi_qa.store.scope import Scope
from taxi_qa.values.identity import bucket_of
from tests.store.conftest import Put
from tests.store.making import RULE, finding, outcome, trip, unjudged

CITY = Scope(whole_city=True)
CAR = "粤T12345"
DAY = 20_717
AT_MS = 1_790_000_000_000


@pytest.fixture
def cars(put: Put) -> None:
    put("vehicles", {"vehicle_id": CAR, "company_id": "C1"}, {"vehicle_id": "粤tx_45", "company_id": "C2"})
    put("vehicles", {"vehicle_id": CAR, "company_id": "C1", "energy": "electric"})
    put("trips", trip("T1"), trip("T2", vehicle_id="粤T99999"))
    put("trips", trip("T1", paid_fen=1_500))


@pytest.mark.usefixtures("cars")
def test_what_ends_with_the_text_comes_first_and_corrections_count(home: Home) -> None:
    found = cars_like(home, CITY, "45", 10)
    assert found["vehicle_id"].tolist() == [CAR, "粤tx_45"]
    assert found["energy"].tolist()[0] == "electric"
    assert cars_like(home, CITY, "X_", 10)["vehicle_id"].tolist() == ["粤tx_45"]
    assert cars_like(home, CITY, "%", 10).empty
    assert len(cars_like(home, CITY, "45", 1)) == 1


@pytest.mark.usefixtures("cars")
def test_only_what_the_scope_allows(home: Home) -> None:
    own = Scope(company_id="C2")
    assert cars_like(home, own, "45", 10)["vehicle_id"].tolist() == ["粤tx_45"]
    assert one_car(home, own, CAR) is None
    assert one_trip(home, own, "T1") is None
    assert one_car(home, own, "粤T99999") is None
    assert cars_like(home, Scope(), "45", 10).empty
    assert one_car(home, Scope(driver_id="D1"), CAR) is None


@pytest.mark.usefixtures("cars")
def test_a_car_of_no_register_is_known_by_its_trips(home: Home) -> None:
    stranger = one_car(home, Scope(zone_ids=("HUB1",)), "粤T99999")
    assert stranger is not None
    assert not stranger["registered"]
    assert stranger["last_day"] is None
    assert one_car(home, CITY, "粤T00000") is None
    corrected = one_trip(home, CITY, "T1")
    assert corrected is not None
    assert corrected["paid_fen"] == 1_500


def test_devices_repairs_and_shifts_are_those_of_the_moment(home: Home, put: Put) -> None:
    put(
        "device_status",
        {"vehicle_id": CAR, "device": "meter", "from_ms": AT_MS - 20, "state": "down"},
        {"vehicle_id": CAR, "device": "meter", "from_ms": AT_MS - 10, "state": "ok"},
        {"vehicle_id": CAR, "device": "meter", "from_ms": AT_MS + 10, "state": "down"},
        {"vehicle_id": CAR, "device": "gnss", "from_ms": AT_MS - 30, "state": "degraded"},
    )
    told = devices_of(home, CAR, AT_MS)
    assert [(row["device"], row["state"]) for row in told] == [("gnss", "degraded"), ("meter", "ok")]
    put(
        "repairs",
        {"ticket_id": "open", "vehicle_id": CAR, "device": "meter", "reported_ms": AT_MS - 10},
        {
            "ticket_id": "mended", "vehicle_id": CAR, "device": "meter", "reported_ms": AT_MS - 10,
            "repaired_ms": AT_MS - 5,
        },
    )  # fmt: skip
    assert [row["ticket_id"] for row in open_repairs(home, CAR, AT_MS)] == ["open"]
    shift = {"vehicle_id": CAR, "source": "card"}
    put(
        "shifts",
        {**shift, "driver_id": "over", "start_ms": AT_MS - 100, "end_ms": AT_MS - 50},
        {**shift, "driver_id": "on", "start_ms": AT_MS - 40},
        {**shift, "driver_id": "later", "start_ms": AT_MS + 40},
    )
    assert [row["driver_id"] for row in shifts_of(home, CAR, (AT_MS - 20, AT_MS))] == ["on"]


def test_a_run_of_other_cars_says_nothing_of_this_one(home: Home) -> None:
    bucket = bucket_of(CAR, home.buckets)
    with writing(home):
        for run, car, rule in (("r1", "粤T99999", RULE), ("r2", CAR, "fare.late_meter")):
            start_run(home, RunHead(run, DAY, DAY, (rule,), (car,), None, AT_MS))
            keep_outcomes(home, run, Job(DAY, bucket, "day"), [outcome(rule=rule)], vehicles=[car])
            finish_run(home, run, AT_MS)
    assert judged_of(home, CITY, CAR, [DAY]).rules == {DAY: {"fare.late_meter"}}


def test_what_is_judged_for_the_whole_city_at_once_is_told_of_its_car(home: Home) -> None:
    bucket = bucket_of(CAR, home.buckets)
    with writing(home):
        start_run(home, RunHead("run", DAY, DAY, (RULE,), (), None, AT_MS))
        keep_outcomes(home, "run", Job(DAY, bucket, "day"), [outcome(rule="fare.late_meter")])
        said = outcome(finding("T1"), cannot_tell=unjudged("T2"))
        keep_outcomes(home, "run", Job(DAY, NO_BUCKET, "city"), [said])
        finish_run(home, "run", AT_MS)
    judged = judged_of(home, CITY, CAR, [DAY])
    assert judged.found["trip_id"].tolist() == ["T1"]
    assert judged.cannot_tell["trip_id"].tolist() == ["T2"]
    assert judged_of(home, CITY, "粤T99999", [DAY]).found.empty


def test_found_cannot_tell_and_never_judged_are_three_things(home: Home) -> None:
    bucket = bucket_of(CAR, home.buckets)
    job = Job(DAY, bucket, "day")
    said = outcome(finding("T1"), cannot_tell=unjudged("T2"))
    assert judged_of(home, CITY, CAR, [DAY]).rules == {}
    with writing(home):
        start_run(home, RunHead("run", DAY, DAY, (RULE,), (), None, AT_MS))
        keep_outcomes(home, "run", job, [said])
        finish_run(home, "run", AT_MS)
    judged = judged_of(home, CITY, CAR, [DAY])
    assert judged.rules == {DAY: {RULE}}
    assert judged.found["trip_id"].tolist() == ["T1"]
    assert judged.cannot_tell[["rule", "trip_id", "missing"]].to_numpy().tolist() == [
        [RULE, "T2", "metered_m"]
    ]
    assert judged_of(home, CITY, CAR, [DAY], {"T2"}).found.empty
    # Of another company, and without a case of it in his zone: not for these eyes.
    assert judged_of(home, Scope(company_id="C2"), CAR, [DAY]).found.empty
    assert judged_of(home, Scope(zone_ids=("HUB1",)), CAR, [DAY]).found.empty
    assert judged_of(home, Scope(), CAR, [DAY]).found.empty
