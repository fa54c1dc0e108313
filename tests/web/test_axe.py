"""Every page by axe-core: no serious or critical violation, none wider than a phone; no page is forgotten."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest

from taxi_qa.store.kept_lists import keep_hub_ledger
from taxi_qa.values.clock import date_of
from tests.web.conftest import City, live, make_city, token
from tests.web.test_hub_luck import row
from tests.web.test_matrix import SEES, addresses
from tests.web.test_step_forms import PNG, sent
from tests.web.test_zones import DAY, keep_day

axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
)
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

PHONE = {"width": 390, "height": 844}
SCREEN = {"width": 1440, "height": 1000}
GRAVE = ("serious", "critical")
# What is laid out otherwise on a screen; the head of every page is, and is looked at on the first ones.
_OTHERWISE = "table.stack, .filters, .case-track, .calc"
# Endpoint -> who looks (as whom a page is laid out otherwise), and at which addresses; {case} and {receipt}
# are of this city.
PAGES: dict[str, tuple[tuple[str, str], ...]] = {
    "sign_in.enter": (("", "/sign-in"),),
    "api.words": (("", "/api/v1/"),),
    "start.start": (("d1", "/"), ("m1", "/"), ("inspector", "/"), ("reviewer", "/"), ("admin", "/")),
    "cases.listed": (("d1", "/cases"), ("reviewer", "/cases"), ("reviewer", "/cases?state=expired")),
    "case_page.shown": (("d1", "/cases/{case}"), ("reviewer", "/cases/{case}")),
    "case_page.receipt": (("d1", "{receipt}"),),
    "queue.shown": (("inspector", "/queue"), ("reviewer", "/queue?at=99999")),
    "drivers.listed": (("m1", "/drivers"),),
    "drivers.shown": (("d1", "/drivers/D1"), ("reviewer", "/drivers/D1")),
    "hub_luck.mine": (("d1", "/me/hub"),),
    "hub_luck.shown": (("m1", "/drivers/D1/hub"),),
    "coaching.listed": (("m1", "/coaching"),),
    "company.shown": (("m1", "/company"), ("reviewer", "/company")),
    "vehicles.listed": (("m1", "/vehicles"),),
    "sla.shown": (("m1", "/sla"), ("reviewer", "/sla")),
    "complaints.listed": (("m1", "/complaints"),),
    "complaint_page.shown": (("reviewer", "/complaints/K1?search=1&fare=12"),),
    "texts.rules": (("reviewer", "/rules"),),
    "texts.rule": (("reviewer", "/rules/service.refusal"),),
    "texts.numbers": (("reviewer", "/law"),),
    "texts.number": (("reviewer", "/law/credit.base"),),
    "texts.pledge": (("reviewer", "/coverage"),),
    "lookup.found": (("inspector", "/lookup?q=A"),),
    "lookup.shown": (("inspector", "/vehicles/粤TA1"), ("inspector", "/vehicles/粤TA1?why=patrol")),
    "trips.shown": (("inspector", "/trips/T1"), ("inspector", "/trips/T1?why=complaint")),
    "trips.tariff": (("d1", "/tariff?km=5.2"),),
    "zones.listed": (("inspector", "/zones"),),
    "zones.shown": (("inspector", f"/zones/HUB1?day={date_of(DAY)}&at=08:10"),),
    "inspections.listed": (("inspector", "/inspections"),),
    "inspections.new": (("inspector", "/inspections/new?vehicle=粤TA1"),),
    "admin.listed": (("admin", "/admin/accounts"),),
    "admin.access": (("admin", "/admin/access"),),
    "sign_in.password": (("d1", "/password"),),
}
# What answers with a file, with data or with nothing to look at.
NO_PAGES = {
    "admin.access_file", "admin.listed_file", "case_page.device_media", "case_page.evidence",
    "case_page.paper", "case_page.track",
    "cases.listed_file", "coaching.listed_file", "complaint_page.paper", "complaints.listed_file",
    "company.weeks_file", "texts.numbers_file", "texts.pledge_file", "texts.rules_file",
    "drivers.listed_file", "drivers.paper", "inspections.listed_file", "inspections.photo", "lookup.plates",
    "lookup.trips_file", "sla.shown_file", "vehicles.listed_file", "zones.events", "zones.turns_file",
    "health.health", "health.metrics", "static", "api.openapi", "hooks.listed", "reads.case", "reads.cases",
    "reads.findings", "reads.rules", "reads.score", "reads.scores",
}  # fmt: skip
READERS = sorted({name for looks in PAGES.values() for name, _address in looks})


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[City, dict[str, str]]]:
    """A city in which no page is empty, and the addresses that only it knows."""
    city = make_city(tmp_path_factory.mktemp("full"))
    keep_day(city)
    keep_hub_ledger(city.home, [row("D1", ""), row("D1", "HUB1")])
    case_id = city.cases["d1 told"]
    files = (BytesIO(PNG), "现场.png")
    answer = sent(city.client("d1"), case_id, action="answer", reason="other", note="有人看病", files=files)
    inspector = city.client("inspector")
    form = {"id": "web-00000000000000aa", "vehicle": "粤TA1", "clean_vehicle": "fail", "note": "后座有垃圾"}
    form["csrf_token"] = token(inspector, "/password")
    filed = inspector.post("/inspections", data=form, content_type="multipart/form-data")
    assert filed.status_code == 302, filed.text
    yield city, {"case": case_id, "receipt": answer.headers["Location"]}
    city.home.engine.dispose()


@pytest.fixture(scope="module")
def address(full: tuple[City, dict[str, str]]) -> Iterator[str]:
    with live(full[0]) as told:
        yield told


def tab_of(browser: Any, address: str, city: City, name: str) -> Any:  # noqa: ANN401 - playwright's page
    """A phone of that reader."""
    context = browser.new_context(viewport=PHONE, locale="zh-CN", base_url=address)
    if name:
        cookie = city.client(name).get_cookie("taxi_qa")
        assert cookie is not None
        context.add_cookies([{"name": "taxi_qa", "value": cookie.value, "url": address}])
    return context.new_page()


def check(tab: Any, where: tuple[str, ...]) -> None:  # noqa: ANN401 - playwright's page
    """Nothing grave by axe, and nothing beside the screen."""
    grave = {
        one["id"]: [node["html"][:160] for node in one["nodes"]][:3]
        for one in axe.Axe().run(tab).response["violations"]
        if one["impact"] in GRAVE
    }
    assert not grave, (*where, grave)
    assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (*where, "too wide")


def test_every_page_is_looked_at(city: City) -> None:
    asked = {one.endpoint for one in city.app.url_map.iter_rules() if "GET" in (one.methods or ())}
    assert asked - NO_PAGES == set(PAGES), "a page is in PAGES, what is none in NO_PAGES"
    assert asked >= NO_PAGES


def test_what_is_no_page_gives_none(city: City) -> None:
    given = 0
    for endpoint in sorted(NO_PAGES & set(SEES)):
        # A manager is asked for no purpose.
        for name in sorted(SEES[endpoint], key="m1".__ne__)[:1]:
            with city.client(name).get(addresses(city, endpoint, 1)) as answer:
                assert (answer.status_code, answer.mimetype != "text/html") == (200, True), endpoint
            given += 1
    assert given >= 15


@pytest.mark.parametrize("name", READERS)
def test_no_grave_violation(
    full: tuple[City, dict[str, str]],
    browser: Any,  # noqa: ANN401 - playwright's
    address: str,
    name: str,
) -> None:
    city, known = full
    tab = tab_of(browser, address, city, name)
    looked = 0
    looks = [(endpoint, page) for endpoint, of in PAGES.items() for who, page in of if who == name]
    for endpoint, told in looks:
        page = told.format(**known)
        answer = tab.goto(page)
        assert answer.status == 200, (name, page)
        if endpoint in ("case_page.shown", "queue.shown"):
            tab.wait_for_load_state("networkidle")  # the track is drawn
        check(tab, (name, page, "phone"))
        if not looked or tab.locator(_OTHERWISE).count():
            tab.set_viewport_size(SCREEN)
            check(tab, (name, page, "screen"))
            tab.set_viewport_size(PHONE)
        looked += 1
    assert looked
    tab.context.close()


def test_errors_and_what_a_form_answers(
    full: tuple[City, dict[str, str]],
    browser: Any,  # noqa: ANN401 - playwright's
    address: str,
) -> None:
    tab = tab_of(browser, address, full[0], "admin")
    for page, status in (("/no/such/page", 404), ("/queue", 403), ("/tariff?km=-1", 400)):
        assert tab.goto(page).status == status
        check(tab, (page,))
    tab.goto("/admin/accounts")
    tab.fill("#name", "somebody")
    tab.select_option("#role", "reviewer")
    with tab.expect_navigation():
        tab.get_by_role("button", name="建立账号").click()
    # The page that shows the first password, not the form again.
    playwright.expect(tab.locator("#name")).to_have_count(0)
    check(tab, ("account made",))
    tab.context.close()
