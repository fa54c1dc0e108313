"""Tables as files: the rows and words of the screen, for the same eyes, and nothing that runs."""

import csv
import io
import re
from collections.abc import Callable

import openpyxl
import pytest

from taxi_qa.store.accounts import access_log
from taxi_qa.store.home import writing
from tests.review.desks import NOON
from tests.store.making import delivery, rows, trip
from tests.web.conftest import City, text_of

Cities = Callable[..., City]
_TAGS = re.compile(r"<[^>]*>")


@pytest.fixture
def street(own_city: Cities) -> City:
    city = own_city()
    trips = [
        trip("T7", vehicle_id="粤TA1", driver_id="=HYPERLINK(1)", boarded_ms=NOON - 3_600_000),
        trip("T8", vehicle_id="粤TA1", driver_id="D1", boarded_ms=NOON - 7_200_000),
    ]
    with writing(city.home), delivery(city.home, sha256="more") as going_in:
        going_in.add_records("trips", rows("trips", *trips))
        going_in.commit()
    return city


def told(city: City, name: str, address: str) -> list[list[str]]:
    """The rows of a CSV file, the titles first; the XLSX file holds the same."""
    client = city.client(name)
    with client.get(address.replace(".xlsx", ".csv")) as answer:
        assert answer.status_code == 200, address
        assert "attachment" in answer.headers["Content-Disposition"]
        found = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    with client.get(address.replace(".csv", ".xlsx")) as answer:
        sheet = openpyxl.load_workbook(io.BytesIO(answer.get_data())).worksheets[0]
        cells = [["" if cell is None else cell for cell in row] for row in sheet.iter_rows(values_only=True)]
    # Taking the log is written into it: the second file has one entry more.
    more = "/access" in address
    assert [row[0] for row in cells[1 + more :]] == [row[0] for row in found[1:]]
    assert cells[0] == found[0]
    return found


def cells_of(page: str, caption: str) -> list[list[str]]:
    """The cells of a table of a page, as people read them."""
    table = page[page.index(f'<caption class="hidden">{caption}') :]
    body = table[table.index("<tbody>") : table.index("</tbody>")]
    return [
        [
            " ".join(_TAGS.sub(" ", cell).split())
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        ]
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    ]


def test_the_trips_of_a_car(street: City) -> None:
    page = text_of(street.client("inspector"), "/vehicles/粤TA1?why=patrol")
    assert 'href="/vehicles/%E7%B2%A4TA1/trips.csv?why=patrol"' in page
    screen = cells_of(page, "行程")
    table = told(street, "inspector", "/vehicles/粤TA1/trips.csv?why=patrol")
    at = {title: place for place, title in enumerate(table[0])}
    assert len(table) - 1 == len(screen) >= 3
    for row, shown in zip(table[1:], screen, strict=True):
        assert f"{row[at['上车']][:16]} – {row[at['下车']][11:16]}".replace("T", " ") == shown[0]
        assert row[at["驾驶员"]].lstrip("'") == (shown[1] if shown[1] != "不详" else "")
        assert f"{float(row[at['公里']]):.2f}" == shown[2]
        assert row[at["核查结果"]].replace(";", "") == shown[5]
    assert "'=HYPERLINK(1)" in [row[at["驾驶员"]] for row in table[1:]], "no formula in a spreadsheet"


def test_trips_are_given_for_a_purpose_that_is_kept(street: City) -> None:
    client = street.client("inspector")
    asked = text_of(client, "/vehicles/粤TA1/trips.csv")
    assert "为了什么查看" in asked
    assert "D1" not in asked
    _log, before = access_log(street.home)
    told(street, "inspector", "/vehicles/粤TA1/trips.csv?why=patrol")
    log, after = access_log(street.home)
    assert after == before + 2
    assert log[["what", "subject", "why"]].to_numpy().tolist()[:2] == [["vehicle", "粤TA1", "patrol"]] * 2


def test_the_log_of_looks(street: City) -> None:
    text_of(street.client("inspector"), "/vehicles/粤TA1?why=patrol")
    text_of(street.client("inspector"), "/trips/T8?why=complaint")
    table = told(street, "auditor", "/admin/access.csv")
    screen = cells_of(text_of(street.client("auditor"), "/admin/access"), "查看记录")
    assert table[0] == ["时间", "人员", "身份", "查看", "对象", "原因"]
    # Taking the file is a look itself; the page came after both of them.
    assert [row[3:] for row in table[1:2]] == [["查看记录", "", "导出"]]
    # The page has the last hundred, the file all; the XLSX file came later.
    on_screen = [row[1:] for row in screen[1:]]
    assert [row[1:] for row in table[1:]][: len(on_screen)] == on_screen
    assert len(table) > len(on_screen) >= 3
    chosen = told(street, "admin", "/admin/access.csv?q=T8")
    assert [row[3:5] for row in chosen[1:]] == [["查看记录", "T8"], ["行程", "T8"]]


def test_a_log_is_read_in_pieces(street: City, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        text_of(street.client("inspector"), "/vehicles/粤TA1?why=patrol")
    whole = told(street, "auditor", "/admin/access.csv")
    monkeypatch.setattr("taxi_qa.store.accounts._PIECE", 2)
    again = told(street, "auditor", "/admin/access.csv")
    assert again[3:] == whole[1:], "the XLSX file of before, and this one, stand in front"


def test_the_accounts(street: City) -> None:
    table = told(street, "admin", "/admin/accounts.csv")
    screen = cells_of(text_of(street.client("admin"), "/admin/accounts"), "账号")
    assert [row[:5] for row in table[1:]] == [
        [cell if cell != "—" else "" for cell in row[:5]] for row in screen
    ]
    whole = str(table)
    assert "argon2" not in whole
    assert "HUB1" in whole


def test_service_levels(street: City) -> None:
    table = told(street, "inspector", "/sla.csv?company=C1")
    assert table[0][:4] == ["范围", "事项", "月份", "结果"]
    of = {row[0] for row in table[1:]}
    assert of == {"C1", "全市"}
    own = told(street, "m1", "/sla.csv")
    assert {row[0] for row in own[1:]} == {"C1"}
    screen = cells_of(text_of(street.client("m1"), "/sla"), "各月服务承诺")
    assert len(own) - 1 == sum(len(row) - 1 for row in screen)
    # A row of the screen is a matter, its cells the months; the file has a row for each of them.
    assert [row[3] for row in own[1:]] == [cell for row in screen for cell in row[1:]]


def test_texts_and_weeks(street: City) -> None:
    client = street.client("m1")
    rules = told(street, "m1", "/rules.csv")
    assert [row[1] + " " + row[0] for row in rules[1:]] == [
        row[0] for row in cells_of(text_of(client, "/rules"), "规则")
    ]
    law = told(street, "m1", "/law.csv?q=credit")
    screen = cells_of(text_of(client, "/law?q=credit"), "法规数据")
    assert [(f"{row[1]} {row[0]}", row[2].removeprefix("'")) for row in law[1:]] == [
        (row[0], row[1]) for row in screen
    ]
    assert any("http" in row[5] or "〔" in row[5] or "第" in row[5] for row in law[1:]), "where it is from"
    pledge = told(street, "m1", "/coverage.csv")
    assert [row[0] for row in pledge[1:]] == [
        row[0] for row in cells_of(text_of(client, "/coverage"), "承诺覆盖")
    ]
    weeks = told(street, "m1", "/company/C1/weeks.csv")
    shown = cells_of(text_of(client, "/company"), "每周案件")
    assert [f"{row[0]} 至 {row[1]}" for row in weeks[1:]] == [row[0] for row in shown]
    assert [row[3] or "—" for row in weeks[1:]] == [row[2] for row in shown]
