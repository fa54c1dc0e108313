"""Inspections written on the street: they become records, seen by their inspector, and can be taken back."""

import re
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient

from taxi_qa.store import accounts
from taxi_qa.store.inbox import sources
from taxi_qa.store.inspections import inspections_since
from taxi_qa.values.clock import MS_PER_MIN
from tests.web.conftest import City, status_of, text_of, token

Cities = Callable[..., City]
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


def _file(client: FlaskClient, **form: Any) -> Any:  # noqa: ANN401 - fields of the form and its answer
    page = text_of(client, "/inspections/new?vehicle=粤TA1")
    found = re.search(r'name="id" value="([^"]+)"', page)
    assert found, page
    filled = {
        "id": found.group(1), "vehicle": "粤ta1", "clean_vehicle": "fail", "roof_light": "pass",
        "csrf_token": token(client, "/password"),
    }  # fmt: skip
    return client.post("/inspections", data={**filled, **form}, content_type="multipart/form-data")


def _kept(city: City, name: str = "inspector") -> list[Any]:
    return inspections_since(city.home, 0, accounts.named(city.home, name).account_id, 100)


def test_a_form_becomes_a_record_of_its_own_source(own_city: Cities) -> None:
    city = own_city()
    client = city.client("inspector")
    answer = _file(client, note="后座有垃圾", photos=(BytesIO(PNG), "seat.png"))
    assert answer.status_code == 302, answer.text
    [one] = _kept(city)
    assert one.vehicle_id == "粤TA1"
    assert one.items == {"clean_vehicle": "fail", "roof_light": "pass"}
    assert one.at_ms == city.clock()
    assert len(one.photos) == 1
    assert sources(city.home)[-1].name == f"web inspection {one.inspection_id}"
    page = text_of(client, "/inspections")
    assert "后座有垃圾" in page
    assert "车容整洁" in page
    photo = f"/inspections/{one.inspection_id}/photos/{one.photos[0]}"
    assert status_of(client, photo) == 200
    assert status_of(city.client("auditor"), photo) == 200
    assert status_of(city.client("inspector-hub"), photo) == 404
    assert "后座有垃圾" not in text_of(city.client("inspector-hub"), "/inspections")
    head, line = text_of(client, "/inspections.csv").splitlines()
    told = dict(zip(head.lstrip("\ufeff").split(","), line.split(","), strict=True))
    assert [told[name] for name in ("车辆", "车容整洁", "照片数")] == ["粤TA1", "不通过", "1"]
    assert told["备注"] == "后座有垃圾"
    assert len(text_of(city.client("inspector-hub"), "/inspections.csv").splitlines()) == 1


def test_it_can_be_taken_back_for_ten_minutes_by_its_inspector_alone(own_city: Cities) -> None:
    city = own_city()
    client, other = city.client("inspector"), city.client("inspector-hub")
    _file(client)
    _file(client, vehicle="粤TB2")
    first, second = _kept(city)
    address = f"/inspections/{first.inspection_id}/undo"
    assert other.post(address, data={"csrf_token": token(other, "/password")}).status_code == 404
    client.post(address, data={"csrf_token": token(client, "/password")})
    assert {one.inspection_id: one.items for one in _kept(city)}[first.inspection_id] == {}
    city.clock.at_ms += 11 * MS_PER_MIN
    late = f"/inspections/{second.inspection_id}/undo"
    client.post(late, data={"csrf_token": token(client, "/password")})
    assert {one.inspection_id: one.items for one in _kept(city)}[second.inspection_id] == second.items
    assert "不能再撤销" in text_of(client, "/inspections")


@pytest.mark.parametrize(
    "wrong",
    [
        {"clean_vehicle": "not checked", "roof_light": "not checked"},
        {"clean_vehicle": "superb"},
        {"vehicle": " "},
        {"vehicle": "粤\x01T"},
        {"zone": "NOWHERE"},
        {"note": "x" * 1_001},
        {"photos": (BytesIO(b"%PDF-1.7 no photo"), "seat.jpg")},
        {"photos": (BytesIO(b"<script>"), "seat.png")},
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(own_city: Cities, wrong: dict[str, Any]) -> None:
    city = own_city()
    answer = _file(city.client("inspector"), **wrong)
    assert answer.status_code == 200
    assert "没有提交" in answer.text
    assert _kept(city) == []


def test_while_another_process_writes_the_form_comes_back_filled_in(own_city: Cities) -> None:
    city = own_city()
    client = city.client("inspector")
    hold = "import fcntl, sys; f = open(sys.argv[1], 'a+'); fcntl.lockf(f, fcntl.LOCK_EX); "
    hold += "print('held', flush=True); input()"
    other = subprocess.Popen(
        [sys.executable, "-c", hold, str(city.home.path / "lock")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        answer = _file(client, note="请看后座")
        other.communicate("\n")
    assert "请过一会儿再提交" in answer.text
    assert "请看后座" in answer.text
    assert _kept(city) == []
    assert _file(client).status_code == 302


def test_a_plate_of_the_register_is_taken_as_it_stands_there(own_city: Cities) -> None:
    city = own_city()
    client = city.client("inspector")
    _file(client, vehicle=" 粤 ｔa1 ")
    _file(client, vehicle="粤tz9")
    assert sorted(one.vehicle_id for one in _kept(city)) == ["粤TA1", "粤TZ9"]
    assert "不在车辆名册中" in text_of(client, "/inspections")


def test_sent_twice_it_is_kept_once(own_city: Cities) -> None:
    city = own_city()
    client = city.client("inspector")
    for _ in range(2):
        _file(client, id="web-00000000000000aa")
        city.clock.at_ms += 1_000
    assert len(_kept(city)) == 1
    assert _file(client, id="../../etc").status_code == 400


def test_an_inspector_of_a_zone_files_for_his_zone(own_city: Cities) -> None:
    city = own_city()
    assert _file(city.client("inspector-hub"), zone="HUB1").status_code == 302
    assert [one.zone_id for one in _kept(city, "inspector-hub")] == ["HUB1"]


@pytest.mark.parametrize("name", ["d1", "m1", "reviewer", "admin", "auditor"])
def test_nobody_else_files_one(city: City, name: str) -> None:
    client = city.client(name)
    form = {"csrf_token": token(client, "/password"), "id": "web-00000000000000aa", "vehicle": "粤TA1"}
    assert client.post("/inspections", data=form).status_code == 403
    assert client.post("/inspections/web-00000000000000aa/undo", data=form).status_code == 403


def test_plates_are_suggested_within_the_scope(city: City) -> None:
    assert city.client("inspector").get("/lookup/plates.json?q=粤t").json == ["粤TA1", "粤TB2"]
    assert city.client("m1").get("/lookup/plates.json?q=粤t").json == ["粤TA1"]
    assert city.client("inspector").get("/lookup/plates.json").json == []
