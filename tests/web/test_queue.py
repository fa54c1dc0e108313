"""The queue: what waits for its reader, in order; a decision leads to the next case."""

import re
from collections.abc import Callable

from taxi_qa.store import desk as kept
from tests.web.conftest import City, status_of, text_of, token

Cities = Callable[..., City]


def _state(city: City, case_id: str) -> str:
    with city.home.engine.connect() as connection:
        return str(kept.kept_case(connection, case_id).state)


def _shown(text: str) -> str:
    found = re.search(r'id="queue-open" href="/cases/([^"]+)"', text)
    assert found, text
    return found.group(1)


def test_every_waiting_case_once(city: City) -> None:
    client = city.client("reviewer")
    seen = [_shown(text_of(client, f"/queue?at={place}")) for place in range(2)]
    assert sorted(seen) == sorted([city.cases["d1 lead"], city.cases["d2 lead"]])
    beyond = client.get("/queue?at=7")
    assert beyond.headers["Location"] == "/queue?at=1"


def test_nothing_outside_the_scope_waits(city: City) -> None:
    assert "没有等待办理的案件" in text_of(city.client("inspector-hub"), "/queue")
    assert "没有等待办理的案件" in text_of(city.client("appeals"), "/queue")
    assert status_of(city.client("d1"), "/queue") == 403
    assert status_of(city.client("m1"), "/queue") == 403


def test_no_number_is_refused(city: City) -> None:
    client = city.client("reviewer")
    for place in ("-1", "x", "1e3", "9" * 30, "²"):
        assert status_of(client, f"/queue?at={place}") == 400


def test_dropping_a_case_leads_to_the_next(own_city: Cities) -> None:
    city = own_city()
    client = city.client("reviewer")
    first = _shown(text_of(client, "/queue"))
    page = text_of(client, "/queue")
    # What speaks for and against stands before the buttons that decide.
    assert page.index("case-weighed") < page.index('id="queue-hold"')
    # Without a reason the browser sends nothing: none is chosen for him.
    assert '<select id="queue-drop" name="reason" required><option value="">' in page
    seen = re.search(r'name="seen" value="(\d+)"', page)
    assert seen
    form = {
        "action": "dismiss", "reason": "position_drift", "note": "", "seen": seen.group(1), "queue": "0",
        "csrf_token": token(client, "/password"),
    }  # fmt: skip
    answer = client.post(f"/cases/{first}/steps", data=form)
    assert answer.headers["Location"] == "/queue?at=0"
    assert _state(city, first) == "dismissed"
    assert _shown(text_of(client, "/queue")) != first


def test_whither_a_step_leads_is_a_number_and_no_address(own_city: Cities) -> None:
    city = own_city()
    client, case_id = city.client("reviewer"), city.cases["d1 lead"]
    form = {
        "action": "dismiss", "reason": "position_drift", "seen": "99", "queue": "https://example.org",
        "csrf_token": token(client, "/password"),
    }  # fmt: skip
    assert client.post(f"/cases/{case_id}/steps", data=form).status_code == 409
    page = text_of(client, f"/cases/{case_id}")
    seen = re.search(r'name="seen" value="(\d+)"', page)
    assert seen
    answer = client.post(f"/cases/{case_id}/steps", data={**form, "seen": seen.group(1)})
    assert answer.headers["Location"] == f"/cases/{case_id}"


def test_an_auditor_reads_and_decides_nothing(city: City) -> None:
    page = text_of(city.client("auditor"), "/queue")
    assert "queue-hold" not in page
    assert "queue-drop" not in page
