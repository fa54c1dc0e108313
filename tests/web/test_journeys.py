"""What people do on the web, in a real browser: each journey as its person goes it."""

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import openpyxl
import pytest

from taxi_qa.review.gather import gather
from taxi_qa.store.accounts import access_log
from taxi_qa.store.browse import CASES, Wanted, rows_of
from taxi_qa.store.casebook import keep_outcomes
from taxi_qa.store.ledger import entries
from taxi_qa.store.run_log import Job, RunHead, start_run
from taxi_qa.store.scope import Scope
from tests.review.desks import NOON, desk_of, refusal
from tests.store.making import outcome
from tests.web.conftest import PASSWORD, City, live

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

OwnCity = Callable[..., City]
PHONE = {"width": 390, "height": 844}
SCREEN = {"width": 1440, "height": 1000}
Person = Callable[..., Any]


@pytest.fixture
def own(own_city: OwnCity) -> City:
    return own_city()


@pytest.fixture
def person(own: City, browser: Any) -> Iterator[Person]:  # noqa: ANN401 - playwright's own
    """Somebody at a browser of his own, signed in by the page; complaints of the browser fail the test."""
    complaints: list[str] = []
    opened: list[Any] = []
    with live(own) as address:

        def sign_in(name: str, size: dict[str, int] = SCREEN, *, password: str = PASSWORD) -> Any:  # noqa: ANN401
            context = browser.new_context(
                viewport=size, locale="zh-CN", base_url=address, accept_downloads=True
            )
            opened.append(context)
            tab = context.new_page()
            tab.on(
                "console",
                lambda said: complaints.append(said.text) if "Content Security" in said.text else None,
            )
            tab.on("pageerror", lambda error: complaints.append(str(error)))
            tab.goto("/sign-in")
            tab.get_by_label("用户名").fill(name)
            tab.get_by_label("密码", exact=True).fill(password)
            # A click alone does not wait for the page it leads to.
            with tab.expect_navigation():
                tab.get_by_role("button", name="登录").click()
            return tab

        yield sign_in
        for context in opened:
            context.close()
    assert not complaints


def form_of(tab: Any, button: str) -> Any:  # noqa: ANN401
    """The form of one step, by its button."""
    return tab.locator("form.step", has=tab.get_by_role("button", name=button, exact=True))


def decide(tab: Any, case_id: str, button: str, reason: str, words: str = "") -> None:  # noqa: ANN401
    tab.goto(f"/cases/{case_id}")
    form = form_of(tab, button)
    form.locator("select[name=reason]").select_option(reason)
    form.locator("textarea[name=note]").fill(words)
    with tab.expect_navigation():
        form.get_by_role("button", name=button, exact=True).click()


def points_of(city: City, case_id: str) -> list[int]:
    return [int(points) for points in entries(city.home, case_id=case_id)["points"]]


def act_of_2016(city: City) -> str:
    """A refusal of 2016, when its item of the law had points that were read, in the queue."""
    at_ms = 1_465_000_000_000  # 2016-06-04 08:26:40 in Shanghai
    day = at_ms // 86_400_000
    start_run(city.home, RunHead("run of 2016", day, day, ("service.refusal",), (), None, NOON))
    told = refusal("act of 2016", driver_id="D1", company_id="C1", start_ms=at_ms, end_ms=at_ms + 1)
    keep_outcomes(city.home, "run of 2016", Job(day, 1, "trips"), [outcome(told, rule="service.refusal")])
    gather(desk_of(city.home), city.clock(), {})
    rows, _total = rows_of(city.home, CASES, Scope(whole_city=True).cases(), Wanted(sort="start_ms", limit=1))
    return str(rows[0]["case_id"])


def _the_manager_asks(own: City, person: Person, lead: str) -> None:
    """The manager finds the worst case of his company and asks for it; over his people he decides nothing."""
    manager = person("m1")
    manager.get_by_role("link", name="案件", exact=True).click()
    manager.get_by_label("状态").select_option("queued")
    manager.get_by_role("button", name="筛选").click()
    manager.locator(f"a[href$='/cases/{lead}']").click()
    manager.wait_for_url(f"**/cases/{lead}")
    expect(manager.get_by_role("button", name="驳回", exact=True)).to_have_count(0)
    own.clock.at_ms += 60_000
    decide(manager, lead, "提请认定", "evidence_holds", "证据清楚，请尽快审阅")
    expect(manager.get_by_text("已办理，案件现为“待初审”。")).to_have_count(1)
    expect(manager.get_by_text("企业已经提请过本案")).to_have_count(1)


def test_from_the_worst_case_to_points_that_return(own: City, person: Person) -> None:
    lead = act_of_2016(own)
    _the_manager_asks(own, person, lead)
    # The driver was not told of it: to him it is not there.
    driver = person("d1", PHONE)
    driver.goto(f"/cases/{lead}")
    expect(driver.get_by_text("没有这个页面")).to_have_count(1)
    # A reviewer reads what it would cost, and proposes it; the driver is told and answers with his reason.
    reviewer = person("reviewer")
    reviewer.goto("/")
    expect(reviewer.locator("#asked")).to_have_count(1)
    reviewer.locator(f"section[aria-labelledby=asked] a[href$='/cases/{lead}']").click()
    reviewer.wait_for_url(f"**/cases/{lead}")
    expect(reviewer.get_by_text("企业提请认定").first).to_be_visible()
    expect(reviewer.get_by_text("如经确认，本案扣")).to_have_count(1)
    own.clock.at_ms += 60_000
    decide(reviewer, lead, "提出认定", "evidence_holds")
    expect(reviewer.get_by_text("已办理，案件现为“拟认定”。")).to_have_count(1)
    driver.goto("/cases")
    driver.locator(f"a[href$='/cases/{lead}']").click()
    own.clock.at_ms += 60_000
    decide(driver, lead, "答复", "passenger_route", "乘客要求绕行接人")
    expect(driver.get_by_text("案件现为“复核中”")).to_have_count(1)
    # He is given a receipt with his own words.
    expect(driver.get_by_role("heading", name="答复回执")).to_have_count(1)
    expect(driver.get_by_text("乘客要求绕行接人")).to_have_count(1)
    # The first reviewer cannot confirm what he proposed, and reads why.
    reviewer.goto(f"/cases/{lead}")
    expect(reviewer.get_by_role("button", name="确认", exact=True)).to_be_disabled()
    expect(reviewer.get_by_text("您已在本案中作过决定，须由另一人办理。").first).to_be_visible()
    expect(reviewer.get_by_text("乘客要求绕行接人")).to_have_count(1)
    inspector = person("inspector")
    own.clock.at_ms += 60_000
    decide(inspector, lead, "确认", "evidence_holds")
    expect(inspector.get_by_text("案件现为“已确认”")).to_have_count(1)
    (cost,) = points_of(own, lead)
    assert cost < 0
    # He appeals; somebody who had no part in it upholds, and exactly what it cost comes back.
    own.clock.at_ms += 60_000
    decide(driver, lead, "申诉", "passenger_route", "有乘客证明")
    expect(driver.get_by_text("案件现为“申诉中”")).to_have_count(1)
    appeals = person("appeals")
    own.clock.at_ms += 60_000
    decide(appeals, lead, "支持申诉", "passenger_route", "证明属实")
    expect(appeals.get_by_text("案件现为“已撤销”")).to_have_count(1)
    assert points_of(own, lead) == [cost, -cost]
    driver.goto("/drivers/D1")
    expect(driver.get_by_text("驾驶员1")).to_have_count(1)


def test_an_old_view_of_a_case_changes_nothing_and_what_was_typed_stays(own: City, person: Person) -> None:
    lead = own.cases["d1 lead"]
    one, other = person("reviewer"), person("inspector")
    one.goto(f"/cases/{lead}")
    own.clock.at_ms += 60_000
    decide(other, lead, "提出认定", "evidence_holds")
    form = form_of(one, "驳回")
    form.locator("select[name=reason]").select_option("wrong_driver")
    form.locator("textarea[name=note]").fill("换班时间不符")
    with one.expect_navigation():
        form.get_by_role("button", name="驳回", exact=True).click()
    expect(one.get_by_text("换班时间不符")).to_have_count(1)
    expect(one.get_by_role("alert").get_by_text("已有变动")).to_have_count(1)
    expect(one.locator("h1").get_by_text("拟认定")).to_have_count(1)


def test_forbidden_pages_refuse(own: City, person: Person) -> None:
    driver = person("d1", PHONE)
    for address in (
        "/admin/accounts",
        "/admin/access",
        "/drivers",
        "/drivers/D2",
        f"/cases/{own.cases['d2 told']}",
    ):
        answer = driver.goto(address)
        assert answer.status in (403, 404), address
        expect(driver.get_by_role("link", name="回到首页")).to_have_count(1)


def test_an_export_equals_the_screen(person: Person) -> None:
    reviewer = person("reviewer")
    reviewer.goto("/cases?state=proposed&sort=start_ms")
    plates = reviewer.locator("tbody td[data-label='车辆']").all_inner_texts()
    assert len(plates) == 2
    rows = {}
    for kind in ("XLSX", "CSV"):
        with reviewer.expect_download() as waiting:
            reviewer.get_by_role("link", name=kind).first.click()
        rows[kind] = waiting.value.path().read_bytes()
    sheet = openpyxl.load_workbook(io.BytesIO(rows["XLSX"])).worksheets[0]
    table = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert [row[table[0].index("车辆")] for row in table[1:]] == plates
    told = list(csv.reader(io.StringIO(rows["CSV"].decode("utf-8-sig"))))
    assert [row[told[0].index("车辆")] for row in told[1:]] == plates
    # The city's time, with its offset: the clock of the screen.
    assert all(row[told[0].index("开始时间")].endswith("+08:00") for row in told[1:])


def test_the_language_is_switched_and_stays(person: Person) -> None:
    reviewer = person("reviewer")
    reviewer.get_by_role("button", name="English").click()
    expect(reviewer.get_by_role("link", name="Cases", exact=True)).to_have_count(1)
    reviewer.goto("/cases")
    expect(reviewer.get_by_role("heading", name="Cases")).to_have_count(1)
    assert reviewer.locator("html").get_attribute("lang") == "en"


def test_too_many_tries_are_refused(person: Person) -> None:
    for _ in range(5):
        tab = person("m2", password="not the password")  # noqa: S106 - on purpose
        expect(tab.get_by_role("alert").get_by_text("不正确")).to_have_count(1)
    expect(person("m2").get_by_role("alert").get_by_text("尝试次数过多")).to_have_count(1)


@pytest.mark.parametrize("size", [PHONE, SCREEN])
def test_no_page_is_wider_than_its_screen(own: City, person: Person, size: dict[str, int]) -> None:
    reviewer = person("reviewer", size)
    addresses = [
        "/",
        "/cases",
        f"/cases/{own.cases['d1 told']}",
        "/drivers",
        "/drivers/D1",
        "/rules",
        "/law",
        "/coverage",
    ]
    for address in addresses:
        reviewer.goto(address)
        assert reviewer.evaluate("document.documentElement.scrollWidth") <= size["width"], address


def test_the_keyboard_alone_reaches_the_content(person: Person) -> None:
    reviewer = person("reviewer")
    reviewer.goto("/cases")
    reviewer.keyboard.press("Tab")
    assert reviewer.evaluate("document.activeElement.className") == "skip"
    reviewer.keyboard.press("Enter")
    assert reviewer.evaluate("document.activeElement.id") == "main"


def test_an_inspector_finds_a_plate_and_files_an_inspection(own: City, person: Person) -> None:
    inspector = person("inspector", PHONE)
    inspector.goto("/lookup")
    inspector.locator("#q").fill("a1")
    inspector.get_by_role("button", name="查找").click()
    inspector.get_by_role("link", name="粤TA1").first.click()
    # The purpose is asked for before anything of the car is shown, and kept.
    expect(inspector.get_by_text("行程涉及个人信息")).to_have_count(1)
    with inspector.expect_navigation():
        inspector.get_by_role("button", name="现场检查").or_(
            inspector.get_by_role("link", name="现场检查")
        ).last.click()
    expect(inspector.get_by_role("heading", name="粤TA1")).to_have_count(1)
    inspector.goto("/inspections/new?vehicle=粤TA1")
    inspector.locator("label[for='clean_vehicle-2'], label[for='clean_vehicle-1']").first.click()
    inspector.locator("#note").fill("后座有垃圾")
    inspector.get_by_role("button", name="提交检查").click()
    expect(inspector.get_by_text("十分钟内可以撤销").first).to_be_visible()
    expect(inspector.get_by_text("后座有垃圾")).to_have_count(1)
    looked, _total = access_log(own.home)
    assert "inspection" in set(looked["why"])
