"""The same pages over PostgreSQL: no query that only SQLite understands, no page that fails."""

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from taxi_qa.store import accounts
from taxi_qa.store.inspections import inspections_since
from taxi_qa.store.kept_lists import keep_hub_ledger
from taxi_qa.values.clock import date_of
from tests.web.conftest import City, make_city, post, status_of, text_of, token
from tests.web.test_hub_luck import row
from tests.web.test_zones import DAY, keep_day

PAGES = {
    "d1": ("/", "/cases", "/cases.csv", "/drivers/D1"),
    "m1": (
        "/",
        "/cases?q=A1&sort=deadline_ms",
        "/drivers?q=D",
        "/company",
        "/vehicles",
        "/coaching",
        "/complaints",
        "/complaints/K1?search=1&plate=A1&fare=12.5",
        "/sla",
        "/drivers/D1/statement.pdf",
    ),
    "inspector": ("/lookup?q=A", "/vehicles/粤TA1?why=patrol", "/inspections", "/queue", "/tariff?km=3"),
    "inspector-hub": ("/", "/cases", "/queue"),
    "reviewer": (
        "/",
        "/cases?state=proposed&from=2026-01-01",
        "/cases.xlsx",
        "/drivers.csv",
        "/rules",
        "/coverage",
    ),
    "admin": ("/admin/accounts", "/admin/access?q=x"),
}


def test_every_page_answers(tmp_path: Path, postgresql_url: str) -> None:
    city = make_city(tmp_path, postgresql_url)
    for name, pages in PAGES.items():
        client = city.client(name)
        for page in pages:
            assert status_of(client, page) == 200, (name, page)
    lead = city.cases["d1 lead"]
    reviewer = city.client("reviewer")
    assert lead in text_of(reviewer, "/cases")
    form = {"action": "propose", "seen": "2", "reason": "evidence_holds"}
    assert post(reviewer, f"/cases/{lead}/steps", form, page=f"/cases/{lead}").status_code == 302
    assert "拟认定" in text_of(city.client("d1"), f"/cases/{lead}")
    wrong = post(city.client(), "/sign-in", {"name": "m1", "password": "wrong wrong"})
    assert wrong.status_code == 401
    city.home.engine.dispose()


@pytest.mark.parametrize("name", ["m1", "d1"])
def test_scopes_hold(tmp_path: Path, postgresql_url: str, name: str) -> None:
    city = make_city(tmp_path, postgresql_url)
    client = city.client(name)
    assert "粤TB2" not in text_of(client, "/cases")
    assert status_of(client, f"/cases/{city.cases['d2 told']}") == 404
    city.home.engine.dispose()


def test_inspections_are_kept_listed_and_taken_back(tmp_path: Path, postgresql_url: str) -> None:
    city = make_city(tmp_path, postgresql_url)
    client = city.client("inspector")
    found = re.search(r'name="id" value="([^"]+)"', text_of(client, "/inspections/new?vehicle=粤TA1"))
    assert found
    form = {
        "id": found.group(1), "vehicle": "粤ta1", "zone": "HUB1", "clean_vehicle": "fail",
        "note": "后座有垃圾", "photos": (BytesIO(b"\x89PNG\r\n\x1a\n"), "seat.png"),
        "csrf_token": token(client, "/password"),
    }  # fmt: skip
    filed = client.post("/inspections", data=form, content_type="multipart/form-data")
    assert filed.status_code == 302, filed.text
    [one] = _kept(city)
    assert (one.vehicle_id, one.zone_id, one.items) == ("粤TA1", "HUB1", {"clean_vehicle": "fail"})
    assert status_of(client, f"/inspections/{one.inspection_id}/photos/{one.photos[0]}") == 200
    assert "后座有垃圾" in text_of(client, "/inspections")
    assert "后座有垃圾" in text_of(client, "/inspections.csv")
    assert "后座有垃圾" not in text_of(city.client("inspector-hub"), "/inspections")
    assert post(client, f"/inspections/{one.inspection_id}/undo", {}, page="/password").status_code == 302
    assert [bare.items for bare in _kept(city)] == [{}]
    city.home.engine.dispose()


def _kept(city: City) -> list[Any]:
    account = accounts.named(city.home, "inspector")
    return inspections_since(city.home, 0, account.account_id, 10)


def test_hubs_and_the_ledger_of_a_driver(tmp_path: Path, postgresql_url: str) -> None:
    city = make_city(tmp_path, postgresql_url)
    keep_day(city)
    inspector = city.client("inspector-hub")
    assert "粤TQ1" in text_of(inspector, f"/zones/HUB1?day={date_of(DAY)}&at=08:10")
    assert status_of(inspector, "/zones/HUB2") == 404
    lines = text_of(inspector, f"/zones/HUB1/turns.csv?day={date_of(DAY)}").splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["粤TE1", "粤TE2", "粤TE3", "粤TQ1"]
    # Kept anew, the rows of before are gone.
    keep_hub_ledger(city.home, [row("D1", "", turns=9)])
    keep_hub_ledger(city.home, [row("D1", ""), row("D1", "HUB1"), row("D2", "", turns=77, company_id="C2")])
    page = text_of(city.client("d1"), "/me/hub")
    assert "本人 25.0 分钟；31 名驾驶员中，八成在 5.0 到 20.0 分钟" in page
    assert "77 次" not in page
    assert status_of(city.client("m2"), "/drivers/D1/hub") == 404
    city.home.engine.dispose()
