"""Pages of texts speak the reader's language: the pledge's sentences, units of law, the log of looks."""

from collections.abc import Callable

import pytest

from taxi_qa.web.translate import begin, gettext
from tests.web.conftest import City, text_of


def test_the_pledge_stands_on_its_page_with_why_a_sentence_is_not_judged(city: City) -> None:
    page = text_of(city.client("reviewer"), "/coverage")
    assert "热爱本职" in page
    assert "任何记录里都看不出来，也没有人来判" in page
    assert "nobody judges it" not in page
    assert "营运记录" in text_of(city.client("reviewer"), "/rules/fare.overcharge"), "what a rule needs"


def test_numbers_of_law_have_chinese_units(city: City) -> None:
    page = text_of(city.client("reviewer"), "/law/credit.base")
    assert "20 分" in page
    assert "points" not in page


def test_the_log_of_looks_says_what_and_why(own_city: Callable[..., City]) -> None:
    city = own_city()
    text_of(city.client("reviewer"), f"/cases/{city.cases['d1 told']}")
    page = text_of(city.client("auditor"), "/admin/access")
    table = page[page.index("<tbody>") :]
    assert ">案件<" in table
    assert ">办公<" in table
    assert ">office<" not in table


@pytest.mark.parametrize(
    ("count", "told"),
    [
        ("1", "1 driver"),
        ("2", "2 drivers"),
        ("21", "21 drivers"),
        ("1,001", "1,001 drivers"),
        ("0", "0 drivers"),
    ],
)
def test_english_knows_one_and_many(city: City, count: str, told: str) -> None:
    with city.app.test_request_context(headers={"Accept-Language": "en"}):
        begin()
        assert gettext("%(count)s 人", count=count) == told
    with city.app.test_request_context(headers={"Accept-Language": "zh"}):
        begin()
        assert gettext("%(count)s 人", count=count) == f"{count} 人"
