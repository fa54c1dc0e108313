"""The same pages over PostgreSQL: no query that only SQLite understands, no page that fails."""

from pathlib import Path

import pytest

from tests.web.conftest import make_city, post, status_of, text_of

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
