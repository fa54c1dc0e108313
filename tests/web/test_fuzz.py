"""Nonsense in every address and form: refused in words, never a fault of the server."""

import random
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.web.conftest import City, token

# What people and scripts put into fields: bounds, other alphabets, other languages' syntax, control signs.
NONSENSE = (
    "",
    " ",
    "0",
    "-1",
    "1",
    "999999999999999999999",
    "1e9",
    "NaN",
    "٣",
    "²",
    "2026-02-30",
    "2026-13-01",
    "0000-00-00",
    "9999-12-31",
    "2025-10-01",
    "粤A12345",
    "' OR '1'='1",
    '"; DROP TABLE cases;--',
    "%",
    "_",
    "\\",
    "%00",
    "\x00",
    "\x1b[31m",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "${7*7}",
    "../../etc/passwd",
    "a" * 5_000,
    "😀" * 50,
    "\ud7ff",
    "queued",
    "driving.speeding",
    "stable",
    "-start_ms",
    "start_ms",
    "no_such_column",
    "confirm",
    "answer",
    "true",
    "[]",
    "{}",
    "null",
    "\r\nX-Injected: yes",
    "=1+1",
    "évidence",
    "١٢٣",
)
FIELDS = [
    "q",
    "state",
    "rule",
    "stage",
    "sufficiency",
    "driver",
    "vehicle",
    "company",
    "from",
    "to",
    "sort",
    "page",
    "per",
    "on",
    "grade",
    "next",
    "kind",
    "month",
    "day",
    "zone",
    "lang",
    "action",
    "seen",
    "reason",
    "note",
    "accepts",
    "name",
    "password",
    "present",
    "chosen",
    "again",
    "language",
    "role",
    "driver_id",
    "company_id",
    "zone_ids",
    "shown_name",
    "everywhere",
    "purpose",
    "km",
    "waiting_min",
    "start",
    "items",
    "vehicle_id",
    "zone_id",
]
ROUNDS = 5
OwnCity = Callable[..., City]


def address_of(city: City, endpoint: str, chance: random.Random) -> str:
    [rule] = [one for one in city.app.url_map.iter_rules() if one.endpoint == endpoint]
    known: dict[str, Any] = {
        "case_id": [*city.cases.values(), "no-such", "a" * 300],
        "driver_id": ["D1", "D2", "no-such", "粤' --"],
        "kind": ["csv", "xlsx"],
        "sha256": ["0" * 64, "../x", "zz"],
        "name": ["service.refusal", "no.such", "{{x}}"],
        "path": ["credit.base", "no.such", "a" * 300],
        "account_id": ["a-1", "no-such"],
        "filename": ["site.css", "no"],
        "version": [1, 3, 10**30],
    }
    values: dict[str, Any] = {
        name: chance.choice(known.get(name, ["1", "no-such", "粤A1"])) for name in rule.arguments
    }
    with city.app.test_request_context():
        return str(city.app.url_for(endpoint, **values))


def nonsense(chance: random.Random) -> dict[str, list[str]]:
    names = chance.sample(FIELDS, 8)
    return {name: [chance.choice(NONSENSE) for _ in range(chance.choice((1, 1, 1, 3)))] for name in names}


def statuses(city: City, client: FlaskClient, method: str, chance: random.Random) -> dict[int, int]:
    counted: dict[int, int] = {}
    for endpoint in sorted(city.app.view_functions):
        rules = [one for one in city.app.url_map.iter_rules() if one.endpoint == endpoint]
        if not rules or method not in (rules[0].methods or ()) or endpoint == "sign_in.leave":
            continue
        for _ in range(ROUNDS if method == "GET" else 4):
            address = address_of(city, endpoint, chance)
            if method == "GET":
                answer = client.get(address, query_string=nonsense(chance))
            else:
                form: dict[str, Any] = {**nonsense(chance), "csrf_token": token(client, "/password")}
                answer = client.post(address, data=form)
            with answer:
                assert answer.status_code < 500, (endpoint, address, answer.status_code)
                assert "X-Injected" not in answer.headers
                assert b"<script>alert" not in answer.get_data(), endpoint
            counted[answer.status_code] = counted.get(answer.status_code, 0) + 1
    return counted


@pytest.mark.parametrize("name", ["d1", "m1", "inspector-hub", "reviewer", "auditor"])
def test_no_address_makes_the_server_fail(city: City, name: str) -> None:
    # Faults come out as answers here, as they would in a browser.
    city.app.testing = False
    counted = statuses(city, city.client(name), "GET", random.Random(name))  # noqa: S311 - of nonsense
    city.app.testing = True
    # Not everything was refused: the fields reach their pages.
    assert counted[200] > 20
    assert counted[400] > 3


@pytest.mark.parametrize("name", ["d1", "inspector", "admin"])
def test_no_form_makes_the_server_fail(own_city: OwnCity, name: str) -> None:
    city = own_city()
    city.app.testing = False
    chance = random.Random(name)  # noqa: S311 - of nonsense
    assert sum(statuses(city, city.client(name), "POST", chance).values()) > 20


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("photo.jpg", b"\xff\xd8\xff" + b"x" * 100),  # begins as a picture, is none
        ("page.html", b"<script>alert(1)</script>"),
        ("../../../etc/cron.d/x.png", b"\x89PNG\r\n\x1a\n" + b"x" * 20),
        ("empty.png", b""),
        ("a" * 300 + ".pdf", b"%PDF-1.4"),
        ("con.png\x00.html", b"\x89PNG\r\n\x1a\n"),
        ("bomb.zip", b"PK\x03\x04" + b"\x00" * 50),
    ],
)
def test_a_file_that_is_none_is_refused_or_kept_under_its_digest(
    own_city: OwnCity,
    name: str,
    content: bytes,
) -> None:
    city = own_city()
    city.app.testing = False
    client = city.client("d1")
    case_id = city.cases["d1 told"]
    form = {
        "action": "answer",
        "seen": "3",
        "reason": "other",
        "note": "看附件",
        "csrf_token": token(client, "/password"),
        "files": (BytesIO(content), name),
    }
    answer = client.post(f"/cases/{case_id}/steps", data=form, content_type="multipart/form-data")
    assert answer.status_code < 500
    # Nothing of a person's name for a file is ever a path; nothing outside the home is written.
    kept = [path for path in (city.home.path / "evidence").rglob("*") if path.is_file()]
    assert all(len(path.stem) >= 32 for path in kept)
    assert not any(path.suffix in {".html", ".zip"} for path in kept)


def test_a_body_beyond_the_limit_is_refused(own_city: OwnCity) -> None:
    city = own_city(upload_bytes=10_000)
    client = city.client("d1")
    form = {"csrf_token": token(client, "/password"), "files": (BytesIO(b"x" * 20_000), "a.png")}
    answer = client.post(
        f"/cases/{city.cases['d1 told']}/steps", data=form, content_type="multipart/form-data"
    )
    assert answer.status_code == 413


def test_a_file_of_a_list_holds_no_formula(own_city: OwnCity) -> None:
    city = own_city()
    with city.home.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE driver_standings SET name = '=HYPERLINK(\"http://x\")' WHERE driver_id = 'D1'"
        )
    client = city.client("reviewer")
    with client.get("/drivers.csv") as answer:
        text = answer.get_data(as_text=True)
    assert ",=HYPERLINK" not in text
    assert ',"=HYPERLINK' not in text
    assert "'=HYPERLINK" in text
