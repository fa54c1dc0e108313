"""Lists for machines: what a token's account sees and nothing else, in pages, with exact totals."""

from typing import Any

import pytest
from sqlalchemy import text

from taxi_qa.review.gather import gather
from taxi_qa.rules.kit import catalogue
from taxi_qa.store import accounts
from tests.review.desks import NOON, RULE, Hand, desk_of, found, refusal
from tests.web.api.conftest import Machine, machine
from tests.web.conftest import City

# Who sees which of the four cases: drivers what they were told of, companies and the city all of theirs.
CASES = {
    "d1": {"d1 told"}, "d2": {"d2 told"}, "m1": {"d1 told", "d1 lead"}, "m2": {"d2 told", "d2 lead"},
    "inspector": {"d1 told", "d1 lead", "d2 told", "d2 lead"}, "inspector-hub": set(),
    "reviewer": {"d1 told", "d1 lead", "d2 told", "d2 lead"},
    "auditor": {"d1 told", "d1 lead", "d2 told", "d2 lead"},
}  # fmt: skip
DRIVERS = {
    "d1": {"D1"}, "d2": {"D2"}, "m1": {"D1"}, "m2": {"D2"}, "inspector": {"D1", "D2"}, "inspector-hub": set(),
    "reviewer": {"D1", "D2"}, "auditor": {"D1", "D2"},
}  # fmt: skip


def rows(api: Machine, address: str) -> list[dict[str, Any]]:
    """The rows of a list; the total counts them."""
    answer = api.get(address)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["rows"]
    assert answer.json["total"] == len(found)
    return found


def test_each_token_sees_what_its_account_sees(both: City) -> None:
    for name, sees in CASES.items():
        api = machine(both, name)
        of_cases = rows(api, "/cases")
        assert {one["case_id"] for one in of_cases} == {both.cases[one] for one in sees}, name
        acts = {(one["driver_id"], one["start"]) for one in of_cases}
        assert {(one["driver_id"], one["start"]) for one in rows(api, "/findings")} == acts, name
        assert {one["driver_id"] for one in rows(api, "/scores")} == DRIVERS[name], name
        for which, case_id in both.cases.items():
            status = api.get(f"/cases/{case_id}").status_code
            assert status == (200 if which in sees else 404), (name, which)
        for driver_id in ("D1", "D2"):
            status = api.get(f"/scores/{driver_id}").status_code
            assert status == (200 if driver_id in DRIVERS[name] else 404), (name, driver_id)


def test_pages_join_to_the_whole(city: City) -> None:
    api = machine(city, "reviewer")
    whole = rows(api, "/cases?sort=start_ms")
    assert [one["case_id"] for one in whole] == list(city.cases.values())
    narrow = api.get("/cases?per=25&page=2").json
    assert (narrow["rows"], narrow["total"], narrow["pages"], narrow["page"]) == ([], 4, 1, 2)
    only = rows(api, "/cases?state=proposed&driver=D1")
    assert [one["case_id"] for one in only] == [city.cases["d1 told"]]
    # At 22:13, 23:13, 0:13 and 1:13 of the city.
    assert len(rows(api, "/findings?from=2026-09-22")) == 2
    assert rows(api, "/findings?from=2026-09-23") == []
    assert len(rows(api, "/findings?to=2026-09-22&rule=service.refusal")) == 4


@pytest.mark.parametrize(
    "address",
    [
        "/cases?stat=proposed", "/cases?state=nonsense", "/cases?page=0", "/cases?per=7", "/cases?sort=x",
        "/findings?from=yesterday", "/findings?from=1000-01-01", "/scores?grade=Z", "/rules?x=1",
        "/cases/x?y=1", "/findings?q=%00",
    ],
)  # fmt: skip
def test_what_is_asked_wrongly_is_refused_not_guessed_at(city: City, address: str) -> None:
    answer = machine(city).get(address)
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert answer.json["detail"]


def test_one_case_tells_its_steps_without_names(city: City) -> None:
    told = machine(city, "d1").get(f"/cases/{city.cases['d1 told']}").json
    assert [one["to_state"] for one in told["events"]] == ["detected", "queued", "proposed"]
    assert told["state"] == "proposed"
    assert len(told["finding_ids"]) == 1
    assert "somebody" not in str(told)
    assert told["start"].endswith("+08:00")


def test_an_answer_that_is_known_is_not_sent_again(city: City) -> None:
    api = machine(city, "reviewer")
    first = api.get("/cases")
    assert api.get("/cases", If_None_Match=first.headers["ETag"]).status_code == 304
    assert api.get("/cases?per=25", If_None_Match=first.headers["ETag"]).status_code == 200
    other = machine(city, "m1").get("/cases", If_None_Match=first.headers["ETag"])
    assert other.status_code == 200


def test_a_withdrawn_finding_is_gone(own_city: Any) -> None:  # noqa: ANN401 - makes a city
    city = own_city()
    api = machine(city, "reviewer")
    first = rows(api, "/findings")[0]["finding_id"]
    with city.home.engine.begin() as connection:
        connection.execute(
            text("UPDATE findings SET withdrawn_by = 'r' WHERE finding_id = :one"), {"one": first}
        )
    assert first not in {one["finding_id"] for one in rows(api, "/findings")}


def test_the_catalogue(city: City) -> None:
    told = machine(city, "d1", "read:scores").get("/rules").json
    assert [one["name"] for one in told["rows"]] == sorted(catalogue())
    assert told["total"] == len(catalogue())


def test_what_a_machine_reads_of_somebody_is_written_down(own_city: Any) -> None:  # noqa: ANN401 - makes a city
    city = own_city()
    api = machine(city, "m1")
    case_id = city.cases["d1 told"]
    _log, before = accounts.access_log(city.home)
    for address in (
        f"/cases/{case_id}",
        f"/cases/{city.cases['d2 told']}",
        "/findings",
        "/scores/D1",
        "/rules",
    ):
        api.get(address)
    log, total = accounts.access_log(city.home, limit=3)
    assert total == before + 3  # not what it was not shown, nor the catalogue
    assert list(zip(log["what"], log["subject"], strict=True)) == [
        ("driver", "D1"), ("findings", "2 of 2"), ("case", case_id),
    ]  # fmt: skip
    assert set(log["name"]) == {"m1"}
    assert all(why.startswith("token ") for why in log["why"])


def test_what_a_rule_that_fell_back_found_is_a_lead_by_label_and_by_filter(both: City) -> None:
    city, api = both, machine(both, "reviewer")
    for listed in ("/cases", "/findings"):
        assert {one["stage"] for one in rows(api, f"{listed}?stage=stable")} == {"stable"}
    found(
        city.home,
        *(
            refusal(f"later {n}", driver_id=f"D{100 + n}", vehicle_id=f"V{n}", trip_id=f"X{n}",
                    start_ms=NOON + n, end_ms=NOON + n)
            for n in range(20)
        ),
        run="run 2",
    )  # fmt: skip
    desk = desk_of(city.home)
    gather(desk, NOON, {})
    for one in rows(api, "/cases?state=queued&per=100"):
        if one["vehicle_id"].startswith("V"):
            Hand(desk, one["case_id"])("dismiss", "Li", "position_drift")
    # What was counted is kept for some seconds.
    city.clock.at_ms += 60_000
    assert [one["stage"] for one in api.get("/rules").json["rows"] if one["name"] == RULE] == ["trial"]
    for listed in ("/cases", "/findings"):
        assert rows(api, f"{listed}?stage=stable") == []
        leads = rows(api, f"{listed}?stage=trial&per=100")
        assert {one["stage"] for one in leads} == {"trial"}
        assert leads == rows(api, f"{listed}?per=100")
