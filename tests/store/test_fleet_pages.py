"""What stands on a fleet's pages, on both databases: weeks of cases, clocks of complaints, equipment."""

from sqlalchemy import insert

from taxi_qa.store import complaint_desk, equipment_now
from taxi_qa.store.browse import Wanted, beside_fleet_of, count
from taxi_qa.store.case_links import case_of_finding
from taxi_qa.store.company_counts import cases_by_span, companies, last_case_ms
from taxi_qa.store.desk_tables import CaseRow
from taxi_qa.store.engine import transaction
from taxi_qa.store.equipment_now import VEHICLES
from taxi_qa.store.home import Home
from taxi_qa.store.scope import Scope
from taxi_qa.store.service_levels import answered, found_of
from taxi_qa.store.tables import table_of
from tests.store.conftest import Put
from tests.store.test_browse import case

CITY = Scope(whole_city=True)
HOUR = 3_600_000


def test_cases_by_span_add_up(home: Home) -> None:
    with transaction(home.engine) as connection:
        connection.execute(insert(table_of(CaseRow)), [case(number) for number in range(60)])
    told = cases_by_span(home, CITY, "C1", [0, 5, 10, 15])
    # Starts are number // 4, and every odd number is of C1.
    assert [sum(states.values()) for states in told] == [10, 10, 10]
    assert told[0] == {"queued": 7, "dismissed": 3}
    assert cases_by_span(home, Scope(company_id="C0"), "C1", [0, 5]) == [{}]
    assert last_case_ms(home, CITY, "C1") == 14
    assert last_case_ms(home, CITY, "C9") is None


def test_clocks_count_what_runs(home: Home, put: Put) -> None:
    put("vehicles", {"vehicle_id": "A1", "company_id": "C1"})
    put("drivers", {"driver_id": "D2", "name": "x", "company_id": "C2", "registered_from_day": 15_000})
    told = {"category": "other", "received_ms": 100 * HOUR}
    put(
        "complaints",
        {**told, "complaint_id": "1", "vehicle_id": "A1"},
        {**told, "complaint_id": "2", "vehicle_id": "A1", "driver_id": "D2", "first_reply_ms": 101 * HOUR},
        {**told, "complaint_id": "3", "driver_id": "D2", "closed_ms": 150 * HOUR},
        {**told, "complaint_id": "4"},
    )
    now = 110 * HOUR
    every = complaint_desk.clocks(home, complaint_desk.seen(CITY), now, 7_200, 1_296_000)
    assert (every.open, every.unanswered, every.late_reply, every.late_closing) == (3, 2, 2, 0)
    own = complaint_desk.clocks(home, complaint_desk.seen(Scope(company_id="C1")), now, 7_200, 3_600)
    assert (own.open, own.unanswered, own.late_reply, own.late_closing) == (2, 1, 1, 2)
    # The car says whose it is, and only else the driver.
    other = complaint_desk.clocks(home, complaint_desk.seen(CITY, "C2"), now, 7_200, 3_600)
    assert other.open == 0
    assert complaint_desk.one_complaint(home, Scope(company_id="C2"), "3") is not None
    assert complaint_desk.one_complaint(home, Scope(company_id="C2"), "2") is None
    assert companies(home, CITY) == {"C1": "", "C2": ""}
    assert companies(home, Scope(company_id="C2")) == {"C2": ""}


def test_what_does_not_work_now(home: Home, put: Put) -> None:
    put("vehicles", *({"vehicle_id": f"A{n}", "company_id": "C1"} for n in range(5)))
    status = {"device": "meter", "state": "down"}
    put(
        "device_status",
        {**status, "vehicle_id": "A0", "from_ms": HOUR},
        {**status, "vehicle_id": "A1", "from_ms": HOUR, "to_ms": 2 * HOUR},
        {**status, "vehicle_id": "A2", "from_ms": HOUR},
        {**status, "vehicle_id": "A2", "from_ms": 2 * HOUR, "state": "ok"},
    )
    put("repairs", {"ticket_id": "1", "vehicle_id": "A3", "device": "meter", "reported_ms": HOUR})
    here = equipment_now.seen(CITY) & equipment_now.not_working(9 * HOUR)
    down = {name for name in ("A0", "A1", "A2", "A3", "A4")
            if count(home, VEHICLES, here, Wanted(equal={"vehicle_id": (name,)}))}  # fmt: skip
    assert down == {"A0", "A3"}
    told = equipment_now.devices_of(home, ["A2", "A4"])
    assert told == {"A2": [{"device": "meter", "state": "ok", "from_ms": 2 * HOUR, "to_ms": None}]}
    assert set(equipment_now.mending_of(home, ["A0", "A3"])) == {"A3"}
    assert equipment_now.last_days_of(home, ["A0"]) == {}
    assert equipment_now.open_cases_of(home, CITY, ["A0"]) == {}


def test_nothing_kept_is_nothing_told(home: Home) -> None:
    assert case_of_finding(home, CITY, ["x"]) == {}
    assert answered(home, ["sla.closing"], [20_000]) == {}
    assert found_of(home, CITY, "C1", ["sla.closing"], 0, 99_999) == []
    assert beside_fleet_of(home, CITY.indices(), ["D1"]) == {}
