"""Where many different drivers are found on one road or car, that is looked at first, with one ticket."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest

from taxi_qa.findings.finding import Finding
from taxi_qa.law.read import read_law
from taxi_qa.review import gather as gather_module
from taxi_qa.review import quarantine as quarantine_module
from taxi_qa.review.desk import Desk
from taxi_qa.review.gather import gather
from taxi_qa.review.quarantine import close, quarantine
from taxi_qa.review.states import Actor, RefusedError
from taxi_qa.roads.traffic import Traffic
from taxi_qa.store.casebook import keep_outcomes
from taxi_qa.store.desk import cases, events
from taxi_qa.store.engine import transaction
from taxi_qa.store.home import Home
from taxi_qa.store.run_log import Job, RunHead, start_run
from taxi_qa.store.tickets import KeptTicket, NoTicketError, close_ticket, open_tickets, tickets
from tests.review.desks import NOON, desk_of
from tests.store.making import finding, outcome

LAW = read_law("zhongshan")
SPEEDING, PHONE = "driving.speeding", "driving.phone"
LI = Actor("Li", "reviewer")
HOUR_MS = 3_600_000


def speeding(number: int, way: str = "7", start_ms: int = NOON, **more: Any) -> Finding:  # noqa: ANN401
    said = {"way_ids": way, "road": "东风路", "limit_source": "map"}
    return finding(
        f"S{number}-{start_ms}", rule=SPEEDING, vehicle_id=f"V{number}", driver_id=f"D{number}",
        trip_id=f"T{number}", start_ms=start_ms + number, end_ms=start_ms + number, evidence=said, **more,
    )  # fmt: skip


def kept_findings(home: Home, rule: str, *findings: Finding, day: int = 20_717) -> None:
    """Findings of one run."""
    run = f"run {rule} {day}"
    start_run(home, RunHead(run, day, day, (rule,), (), None, NOON))
    keep_outcomes(home, run, Job(day, 1, "trips"), [outcome(*findings, rule=rule)])


def found(home: Home, rule: str, *findings: Finding, day: int = 20_717) -> Desk:
    """Findings of one run, gathered."""
    kept_findings(home, rule, *findings, day=day)
    desk = desk_of(home)
    gather(desk, NOON, {})
    return desk


def states(home: Home) -> list[str]:
    return sorted(cases(home)["state"])


def test_five_drivers_on_one_road_wait_for_one_ticket(home: Home) -> None:
    desk = found(home, SPEEDING, *(speeding(i) for i in range(5)), speeding(9, way="8"))
    assert quarantine(desk, NOON, LAW) == {"tickets opened": 1, "quarantined": 5}
    assert states(home) == ["quarantined"] * 5 + ["queued"]
    with home.engine.connect() as connection:
        (ticket,) = tickets(connection, open_only=True)
        assert set(events(connection)["note"]) >= {ticket.ticket_id}
    assert (ticket.kind, ticket.subject, ticket.title, ticket.drivers, ticket.findings) == (
        "road", "7", "东风路", 5, 5,
    )  # fmt: skip
    # Again: nothing to do, no second ticket.
    assert quarantine(desk, NOON, LAW) == {}


def test_four_drivers_or_one_with_most_of_it_open_none(home: Home) -> None:
    desk = found(home, SPEEDING, *(speeding(i) for i in range(4)))
    assert quarantine(desk, NOON, LAW) == {}
    assert states(home) == ["queued"] * 4


def test_a_closed_ticket_lets_its_cases_go_on_and_opens_again_by_later_findings_only(home: Home) -> None:
    desk = found(home, SPEEDING, *(speeding(i) for i in range(5)))
    quarantine(desk, NOON, LAW)
    with home.engine.connect() as connection:
        (ticket,) = tickets(connection)
    assert close(desk, ticket.ticket_id, LI, NOON + HOUR_MS, "evidence_holds", "the sign says 60") == 5
    assert states(home) == ["queued"] * 5
    with home.engine.connect() as connection:
        (closed,) = tickets(connection)
    assert (closed.closed_ms, closed.actor, closed.reason) == (NOON + HOUR_MS, "Li", "evidence_holds")
    assert quarantine(desk, NOON + HOUR_MS, LAW) == {}
    later = NOON + 24 * HOUR_MS
    desk = found(home, SPEEDING, *(speeding(i, start_ms=later) for i in range(4)), day=20_718)
    assert quarantine(desk, later, LAW) == {}
    desk = found(home, SPEEDING, *(speeding(i, start_ms=later) for i in range(5)), day=20_718)
    assert quarantine(desk, later, LAW) == {"tickets opened": 1, "quarantined": 5}


def test_four_drivers_on_one_car_make_its_device_the_suspect(home: Home) -> None:
    rows = [
        finding(f"S{i}", rule=PHONE, vehicle_id="V1", driver_id=f"D{i}", trip_id=f"T{i}",
                start_ms=NOON + i * HOUR_MS, end_ms=NOON + i * HOUR_MS + 1)
        for i in range(4)
    ]  # fmt: skip
    desk = found(home, PHONE, *rows)
    assert quarantine(desk, NOON, LAW) == {"tickets opened": 1, "quarantined": 4}
    with home.engine.connect() as connection:
        (ticket,) = tickets(connection)
    assert (ticket.kind, ticket.rule, ticket.subject, ticket.drivers) == ("device", PHONE, "V1", 4)


def test_what_people_upheld_is_no_devices_fault(home: Home) -> None:
    rows = [
        finding(f"S{i}", rule="service.refusal", vehicle_id="V1", driver_id=f"D{i}", trip_id=f"T{i}",
                start_ms=NOON + i * HOUR_MS, end_ms=NOON + i * HOUR_MS + 1)
        for i in range(6)
    ]  # fmt: skip
    desk = found(home, "service.refusal", *rows)
    assert quarantine(desk, NOON, LAW) == {}


def test_who_closes_a_ticket_has_a_name_and_a_reason(home: Home) -> None:
    desk = found(home, SPEEDING, *(speeding(i) for i in range(5)))
    quarantine(desk, NOON, LAW)
    with home.engine.connect() as connection:
        (ticket,) = tickets(connection)
    for actor, reason, note in (
        (LI, "because", "x"), (LI, "other", " "), (Actor("Li", "reviewer", "C1"), "wrong_limit", "x"),
        (Actor("", "reviewer"), "wrong_limit", "x"),
    ):  # fmt: skip
        with pytest.raises(RefusedError):
            close(desk, ticket.ticket_id, actor, NOON, reason, note)
    with pytest.raises(NoTicketError, match="desk tickets"):
        close(desk, "t-none", LI, NOON, "wrong_limit", "")
    assert states(home) == ["quarantined"] * 5


def test_two_that_gather_at_once_open_one_ticket(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = found(home, SPEEDING, *(speeding(i) for i in range(5)))
    looked = quarantine_module.roads

    def meanwhile(*told: Any) -> list[quarantine_module.Cause]:  # noqa: ANN401 - what `roads` takes
        causes = looked(*told)
        # Another process gathers between our look at the findings and our writing.
        monkeypatch.setattr(quarantine_module, "roads", looked)
        assert quarantine(desk, NOON, LAW) == {"tickets opened": 1, "quarantined": 5}
        return causes

    monkeypatch.setattr(quarantine_module, "roads", meanwhile)
    assert quarantine(desk, NOON + 1, LAW) == {}
    with home.engine.connect() as connection:
        assert len(tickets(connection)) == 1
    assert states(home) == ["quarantined"] * 5


def at_once(
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    name: str,
    calls: Sequence[Callable[[], dict[str, int]]],
) -> Counter[str]:
    """What calls counted together, each of which waits for the others after that function of a module."""
    ran, all_of_them = getattr(module, name), threading.Barrier(len(calls))

    def together(*told: Any) -> Any:  # noqa: ANN401 - what the function takes and gives
        gave = ran(*told)
        all_of_them.wait(timeout=30)
        return gave

    monkeypatch.setattr(module, name, together)
    with ThreadPoolExecutor(len(calls)) as pool:
        made = [one.result() for one in [pool.submit(call) for call in calls]]
    monkeypatch.undo()
    return sum((Counter(one) for one in made), Counter[str]())


def test_two_that_write_at_once_open_one_ticket_and_move_each_case_once(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = found(home, SPEEDING, *(speeding(i) for i in range(5)))
    both = [lambda: quarantine(desk, NOON, LAW)] * 2
    # Neither writes before both have looked.
    made = at_once(monkeypatch, quarantine_module, "roads", both)
    assert made == {"tickets opened": 1, "quarantined": 5}
    with home.engine.connect() as connection:
        assert len(tickets(connection)) == 1
        # opened, queued, quarantined: three steps a case
        assert len(events(connection)) == 15
    # The same where the ticket is open, for a case that came later.
    found(home, SPEEDING, *(speeding(i) for i in range(6)))
    assert at_once(monkeypatch, quarantine_module, "roads", both) == {"quarantined": 1}
    assert states(home) == ["quarantined"] * 6


def test_two_that_gather_the_same_findings_at_once_open_each_case_once(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_findings(home, SPEEDING, *(speeding(i) for i in range(5)))
    both = [lambda: gather(desk_of(home), NOON, {})] * 2
    assert at_once(monkeypatch, gather_module, "transaction", both) == {"opened": 5}
    assert states(home) == ["queued"] * 5


def test_the_database_lets_no_second_ticket_of_a_cause_be_open(home: Home) -> None:
    made = [KeptTicket(f"t-{i}", "road", SPEEDING, "7", "东风路", 5, 5, NOON + i) for i in range(2)]
    with transaction(home.engine) as connection:
        assert open_tickets(connection, made) == 1
        assert [one.ticket_id for one in tickets(connection, open_only=True)] == ["t-0"]
        close_ticket(connection, "t-0", {"closed_ms": NOON, "actor": "Li", "reason": "other", "note": "x"})
        assert open_tickets(connection, made[1:]) == 1


def test_drivers_whom_the_traffic_of_a_road_explains_wait_for_nothing(home: Home) -> None:
    # Four found elsewhere, and as much traffic here as there: twelve would be three times as many.
    others = [speeding(20 + i, way=str(20 + i)) for i in range(4)]
    desk = found(home, SPEEDING, *(speeding(i) for i in range(5)), *others)
    even = Traffic(passed={}, driven={"7": 0.5} | {str(20 + i): 0.125 for i in range(4)})
    assert quarantine(desk, NOON, LAW, even) == {}
    # With a quarter of it, 4 * (1/4) / (3/4) are 1.3: five stand out.
    quiet = Traffic(passed={}, driven={"7": 0.25} | {str(20 + i): 0.1875 for i in range(4)})
    assert quarantine(desk, NOON, LAW, quiet) == {"tickets opened": 1, "quarantined": 5}


DAY_MS = 24 * HOUR_MS


@pytest.mark.parametrize(("days", "made"), [(89, {"tickets opened": 1, "quarantined": 5}), (91, {})])
def test_drivers_found_long_apart_make_no_road_suspect(home: Home, days: int, made: dict[str, int]) -> None:
    # Four today; the fifth was found so many days before: within 90 days they count together.
    found(home, SPEEDING, *(speeding(i) for i in range(4)))
    before = NOON - days * DAY_MS
    desk = found(home, SPEEDING, speeding(4, start_ms=before), day=20_717 - days)
    assert quarantine(desk, NOON + 100, LAW) == made


@pytest.mark.parametrize(("days", "made"), [(89, {"tickets opened": 1, "quarantined": 4}), (91, {})])
def test_drivers_found_long_apart_make_no_device_suspect(home: Home, days: int, made: dict[str, int]) -> None:
    def by_phone(number: int, start_ms: int) -> Finding:
        return finding(
            f"P{number}", rule=PHONE, vehicle_id="V1", driver_id=f"D{number}", trip_id=f"T{number}",
            start_ms=start_ms, end_ms=start_ms,
        )  # fmt: skip

    found(home, PHONE, *(by_phone(i, NOON + i) for i in range(3)))
    desk = found(home, PHONE, by_phone(3, NOON - days * DAY_MS), day=20_717 - days)
    assert quarantine(desk, NOON + 100, LAW) == made


def of_fare(subject: str, start_ms: int, **more: Any) -> Finding:  # noqa: ANN401 - any field
    values: dict[str, Any] = {
        "vehicle_id": "V1", "driver_id": "D1", "trip_id": subject, "start_ms": start_ms,
        "end_ms": start_ms + 1,
    }  # fmt: skip
    return finding(subject, **(values | more))


def test_a_faulty_meter_holds_back_the_other_fares_of_its_weeks(home: Home) -> None:
    week = 7 * DAY_MS
    meter = of_fare(
        "week", NOON, rule="fare.metered_distance", driver_id="", trip_id="", end_ms=NOON + week - 1
    )
    found(home, "fare.metered_distance", meter)
    desk = found(
        home,
        "fare.overcharge",
        of_fare("T1", NOON),  # the week's first instant
        of_fare("T2", NOON + week - 1),  # its last
        of_fare("T3", NOON + week),  # the next week's first
        of_fare("T4", NOON, vehicle_id="V2"),  # another car
    )
    assert quarantine(desk, NOON + week, LAW) == {"tickets opened": 1, "quarantined": 2}
    listed = cases(home)
    assert sorted(listed[listed["state"] == "quarantined"]["trip_id"]) == ["T1", "T2"]
    with home.engine.connect() as connection:
        (ticket,) = tickets(connection, open_only=True)
    assert (ticket.kind, ticket.rule, ticket.subject) == ("device", "fare.metered_distance", "V1")
    # Closed by a person they go on, and the same week opens no second ticket.
    assert close(desk, ticket.ticket_id, LI, NOON + week + 1, "cause_mended", "verified") == 2
    assert quarantine(desk, NOON + week + 2, LAW) == {}


def test_a_burst_of_one_trip_holds_nothing_back(home: Home) -> None:
    found(
        home, "fare.metered_distance", of_fare("T9", NOON, rule="fare.metered_distance", end_ms=NOON + DAY_MS)
    )
    desk = found(home, "fare.overcharge", of_fare("T1", NOON + 1))
    assert quarantine(desk, NOON + DAY_MS, LAW) == {}


def test_drivers_found_on_other_cars_too_make_no_device_suspect(home: Home) -> None:
    def by_phone(driver: int, car: str) -> Finding:
        name = f"P{driver}-{car}"
        return finding(
            name, rule=PHONE, vehicle_id=car, driver_id=f"D{driver}", trip_id=name,
            start_ms=NOON + driver * HOUR_MS, end_ms=NOON + driver * HOUR_MS,
        )  # fmt: skip

    desk = found(home, PHONE, *(by_phone(i, "V1") for i in range(4)), by_phone(0, "V2"))
    assert quarantine(desk, NOON + DAY_MS, LAW) == {}
