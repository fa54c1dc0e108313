"""Every page by axe-core: no serious or critical violation, on a phone and on a screen."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.conftest import City, live

axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
)

PHONE = {"width": 390, "height": 844}
SCREEN = {"width": 1440, "height": 1000}
GRAVE = ("serious", "critical")
# Pages by who looks at them; what a page of a list shows depends on its reader only by its rows.
PAGES = {
    "": ("/sign-in",),
    "d1": ("/", "/cases", "case", "/me/hub", "/drivers/D1", "/password", "/tariff?km=5.2"),
    "m1": ("/", "/drivers", "/company", "/vehicles", "/coaching", "/complaints", "/sla"),
    "inspector": ("/", "/lookup?q=A", "/inspections", "/inspections/new", "/queue", "/zones"),
    "reviewer": (
        "/", "/cases", "case", "/drivers/D1", "/rules", "/rules/service.refusal", "/law", "/law/credit.base",
        "/coverage", "/no/such/page",
    ),
    "admin": ("/admin/accounts", "/admin/access"),
}  # fmt: skip


@pytest.fixture(scope="module")
def address(city: City) -> Iterator[str]:
    with live(city) as told:
        yield told


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("size", [PHONE, SCREEN], ids=["phone", "screen"])
def test_no_grave_violation(city: City, browser: Any, address: str, name: str, size: dict[str, int]) -> None:  # noqa: ANN401
    context = browser.new_context(viewport=size, locale="zh-CN", base_url=address)
    if name:
        cookie = city.client(name).get_cookie("taxi_qa")
        assert cookie is not None
        context.add_cookies([{"name": "taxi_qa", "value": cookie.value, "url": address}])
    tab = context.new_page()
    for page in PAGES[name]:
        tab.goto(f"/cases/{city.cases['d1 told']}" if page == "case" else page)
        if page in ("case", "/queue"):
            tab.wait_for_load_state("networkidle")  # the track is drawn
        found = axe.Axe().run(tab).response["violations"]
        grave = {
            one["id"]: [node["html"][:160] for node in one["nodes"]][:3]
            for one in found
            if one["impact"] in GRAVE
        }
        assert not grave, (name, page, grave)
    context.close()
