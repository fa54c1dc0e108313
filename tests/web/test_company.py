"""The manager's pages: what waits today, cars with their equipment, complaints with their clocks."""

from collections.abc import Callable
from typing import Any

import pytest

from taxi_qa.store.home import writing
from taxi_qa.web.complaints import with_clocks
from tests.review.desks import NOON
from tests.store.making import delivery, rows
from tests.web.conftest import City, status_of, text_of

HOUR = 3_600_000


@pytest.fixture
def fleet(own_city: Callable[..., City]) -> City:
    """The small city with a register of cars, equipment and complaints of both companies."""
    city = own_city()
    told: dict[str, list[dict[str, Any]]] = {
        "companies": [{"company_id": "C1", "name": "甲公司"}, {"company_id": "C2", "name": "乙公司"}],
        "vehicles": [
            {"vehicle_id": "粤TA1", "company_id": "C1"},
            {"vehicle_id": "粤TA2", "company_id": "C1"},
            {"vehicle_id": "粤TB2", "company_id": "C2"},
        ],
        "device_status": [
            # Down, and told of as working again: the later word counts.
            {"vehicle_id": "粤TA1", "device": "meter", "from_ms": NOON - 9 * HOUR, "state": "down"},
            {"vehicle_id": "粤TA1", "device": "meter", "from_ms": NOON - 8 * HOUR, "state": "ok"},
            {"vehicle_id": "粤TA2", "device": "camera", "from_ms": NOON - 2 * HOUR, "state": "down"},
            {"vehicle_id": "粤TB2", "device": "camera", "from_ms": NOON - 2 * HOUR, "state": "down"},
        ],
        "complaints": [
            {"complaint_id": "late", "received_ms": NOON - 20 * 24 * HOUR, "category": "refusal",
             "vehicle_id": "粤TA1", "text": "司机拒载 13800000000"},
            {"complaint_id": "fresh", "received_ms": NOON, "category": "detour", "driver_id": "D1"},
            {"complaint_id": "done", "received_ms": NOON - 30 * HOUR, "category": "other",
             "vehicle_id": "粤TA2", "closed_ms": NOON - 29 * HOUR, "outcome": "unfounded"},
            {"complaint_id": "theirs", "received_ms": NOON, "category": "detour", "vehicle_id": "粤TB2"},
            {"complaint_id": "nobody's", "received_ms": NOON, "category": "detour"},
        ],
    }  # fmt: skip
    for kind, records in told.items():
        with writing(city.home), delivery(city.home, kind=kind, sha256=kind) as going_in:
            going_in.add_records(kind, rows(kind, *records))
            going_in.commit()
    return city


def test_a_manager_sees_what_waits_in_his_company_alone(fleet: City) -> None:
    page = text_of(fleet.client("m1"), "/company")
    assert "甲公司" in page
    today = page[page.index('id="today"') : page.index('id="month"')]
    assert [int(part.split("<")[0]) for part in today.split('class="number">')[1:]] == [1, 1, 2, 0]
    assert "首次回复逾期 1 件，办结逾期 1 件" in today
    assert "乙公司" not in page
    assert "D2" not in page


def test_another_company_is_not_there_for_a_manager(fleet: City) -> None:
    assert status_of(fleet.client("m1"), "/company?company=C2") == 404
    assert status_of(fleet.client("inspector"), "/company?company=C2") == 200
    assert status_of(fleet.client("inspector"), "/company?company=C9") == 404
    assert "甲公司" in text_of(fleet.client("inspector"), "/company")
    assert "甲公司" not in text_of(fleet.client("inspector-hub"), "/company")


def test_without_trips_there_is_no_rate(fleet: City) -> None:
    assert "没有行程数据，无从计算" in text_of(fleet.client("m1"), "/company")


def test_a_week_without_data_is_no_week_without_cases(fleet: City) -> None:
    page = text_of(fleet.client("m1"), "/company")
    weeks = page[page.index("<tbody>") :].split("<tr>")[1:9]
    silent = ["没有行程和定位数据" in week for week in weeks]
    assert silent == [False] + [True] * 7
    assert all(">0<" not in week for week in weeks[1:])


def test_a_strange_month_is_refused(fleet: City) -> None:
    assert status_of(fleet.client("m1"), "/company?month=2026-13") == 400
    assert status_of(fleet.client("m1"), "/company?month=2025-01") == 200


def test_cars_whose_equipment_failed(fleet: City) -> None:
    client = fleet.client("m1")
    every, down = text_of(client, "/vehicles"), text_of(client, "/vehicles?equipment=down")
    assert "粤TA1" in every
    assert "粤TB2" not in every
    assert "粤TA1" not in down, "told of as working again"
    assert "粤TA2" in down
    assert "从无定位" in every
    lines = text_of(client, "/vehicles.csv").strip().splitlines()
    assert len(lines) == 3
    assert "计价器 正常" in lines[1]
    assert "摄像头 故障" in lines[2]


def test_complaints_that_wait_longest_stand_first(fleet: City) -> None:
    page = text_of(fleet.client("m1"), "/complaints")
    table = page[page.index("<tbody>") :]
    assert table.index("late") < table.index("fresh")
    assert "done" not in table
    assert "theirs" not in table
    assert "nobody&#39;s" not in table
    assert "13800000000" not in page


def test_whose_complaint_nobody_knows_is_seen_by_the_city(fleet: City) -> None:
    lines = text_of(fleet.client("reviewer"), "/complaints.csv?clock=any").strip().splitlines()
    assert len(lines) == 8
    assert len(text_of(fleet.client("inspector-hub"), "/complaints.csv?clock=any").splitlines()) == 1


@pytest.mark.parametrize(("clock", "ids"), [("late_reply", ["late"]), ("unanswered", ["late", "fresh"])])
def test_by_clock(fleet: City, clock: str, ids: list[str]) -> None:
    lines = text_of(fleet.client("m1"), f"/complaints.csv?clock={clock}").strip().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ids


def test_a_reply_nobody_wrote_down_is_not_late_for_certain(fleet: City) -> None:
    told = {"received_ms": NOON, "first_reply_ms": None, "closed_ms": NOON + 30 * HOUR}
    with fleet.app.test_request_context():
        late = with_clocks(told, NOON + 90 * HOUR)
        in_time = with_clocks({**told, "closed_ms": NOON + HOUR}, NOON + 90 * HOUR)
    assert late["reply_unknown"]
    assert not late["closing_late"]
    assert not in_time["reply_unknown"]
    assert not in_time["reply_late"]


def test_a_complaint_with_the_trips_it_may_mean(fleet: City) -> None:
    page = text_of(fleet.client("m1"), "/complaints/late")
    assert "13800000000" in page
    assert "这辆车在这段时间没有行程记录" in page
    assert status_of(fleet.client("m1"), "/complaints/theirs") == 404
    assert status_of(fleet.client("inspector-hub"), "/complaints/late") == 404
    assert status_of(fleet.client("m1"), "/complaints/K1/trips/T2/data.pdf") == 404
    assert "T1" in text_of(fleet.client("m1"), "/complaints/K1?search=1")
    assert "late" in text_of(fleet.client("auditor"), "/admin/access"), "whoever reads it is written down"


@pytest.mark.parametrize(
    ("clue", "said"),
    [
        ("fare=12.00", "支持：车费"),
        ("fare=99", "不支持：车费相差 87.00 元"),
        ("plate=ta1", "支持：车牌含 TA1"),
    ],
)
def test_what_the_passenger_tells_speaks_for_a_trip_or_against_it(fleet: City, clue: str, said: str) -> None:
    """T1 cost 12 yuan: 99 - 12 = 87."""
    page = text_of(fleet.client("m1"), f"/complaints/K1?search=1&{clue}")
    found = page.partition('<ol class="card list">')[2].partition("</ol>")[0]
    mine = next((one for one in found.split("<li><b>") if "T1" in one), "")
    assert said in mine.replace("</span>", ""), mine
    # What was typed stands in the form again.
    assert f'value="{clue.partition("=")[2]}"' in page


@pytest.mark.parametrize(
    "nonsense",
    ["fare=1e3", "fare=-1", "riders=0", "riders=99", "zone=nowhere", "from=yesterday", "to=2026-01-01T00:00Z",
     "from=2020-01-01T00:00", "from=9999-01-01T00:00", "plate=" + "A" * 17],
)  # fmt: skip
def test_clues_that_make_no_sense_are_refused_in_words(fleet: City, nonsense: str) -> None:
    assert status_of(fleet.client("m1"), f"/complaints/K1?search=1&{nonsense}") == 400
