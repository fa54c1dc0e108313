"""Keys of the queue and plates suggested while typing, in a real browser."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from taxi_qa.store import desk as kept
from tests.web.conftest import City, live

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

OwnCity = Callable[..., City]


@contextmanager
def tab_of(city: City, browser: Any, name: str) -> Iterator[Any]:  # noqa: ANN401 - playwright's own
    """A tab of somebody who is signed in; an error of a script fails the test."""
    cookie = city.client(name).get_cookie("taxi_qa")
    assert cookie is not None
    errors: list[str] = []
    with live(city) as address:
        context = browser.new_context(locale="zh-CN", base_url=address)
        context.add_cookies([{"name": "taxi_qa", "value": cookie.value, "url": address}])
        tab = context.new_page()
        tab.on("pageerror", lambda error: errors.append(str(error)))
        yield tab
        context.close()
    assert not errors


def _states(city: City) -> dict[str, str]:
    with city.home.engine.connect() as connection:
        return {case_id: str(kept.kept_case(connection, case_id).state) for case_id in city.cases.values()}


def test_keys_lead_through_the_queue_and_decide_nothing(own_city: OwnCity, browser: Any) -> None:  # noqa: ANN401
    city = own_city()
    before = _states(city)
    with tab_of(city, browser, "reviewer") as tab:
        tab.goto("/queue")
        first = tab.locator("#queue-open").get_attribute("href")
        tab.keyboard.press("j")
        tab.wait_for_url("**/queue?at=1")
        expect(tab.locator("#queue-open")).not_to_have_attribute("href", first)
        tab.keyboard.press("k")
        tab.wait_for_url("**/queue?at=0")
        expect(tab.locator("#queue-open")).to_have_attribute("href", first)
        # To the button, not through it.
        tab.keyboard.press("p")
        expect(tab.locator("#queue-hold")).to_be_focused()
        tab.keyboard.press("d")
        expect(tab.locator("#queue-drop")).to_be_focused()
        tab.locator("#queue-drop").blur()
        tab.keyboard.press("?")
        expect(tab.locator("#queue-help")).to_have_attribute("open", "")
        # Letters typed into a note stay there, and a browser's own keys are its own.
        note = tab.locator("textarea[name=note]").first
        note.focus()
        tab.keyboard.type("jo")
        expect(note).to_have_value("jo")
        expect(tab).to_have_url(re.compile(r"/queue\?at=0$"))
        note.blur()
        tab.keyboard.press("o")
        tab.wait_for_url(f"**{first}")
    assert _states(city) == before


def test_plates_are_offered_while_one_is_typed(own_city: OwnCity, browser: Any) -> None:  # noqa: ANN401
    with tab_of(own_city(), browser, "inspector") as tab:
        tab.goto("/inspections/new")
        tab.get_by_label("车牌", exact=True).press_sequentially("粤t")
        offered = tab.locator("#plates option")
        expect(offered).to_have_count(2)
        assert [one.get_attribute("value") for one in offered.all()] == ["粤TA1", "粤TB2"]
        tab.get_by_label("车牌", exact=True).press_sequentially("b")
        expect(offered).to_have_count(1)
        # One the register does not know can be typed in full all the same.
        tab.get_by_label("车牌", exact=True).fill("粤TZ9")
        expect(offered).to_have_count(0)
        expect(tab.get_by_label("车牌", exact=True)).to_have_value("粤TZ9")
