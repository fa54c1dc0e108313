"""`taxi-qa score`: the ledger as scores and grades, the same bytes for a day that is over."""

import csv
import io
import json
from pathlib import Path

import pytest

from taxi_qa.store.home import open_home
from taxi_qa.store.ledger import append
from tests.cli.conftest import Call
from tests.score.books import entry, reversal

DRIVERS = """driver_id,name,company_id,registered_from,registered_to
D1,张三,C1,2010-03-01,
D2,李四,C1,2026-08-01,
D3,王五,C2,2010-03-01,2015-01-01
"""
# To a driver of the old scheme, whose points were read: 20 - 10 + 3, and the 10 taken back a year later.
COST = entry(1, -10, "2016-08-01", "2016-09-01")
BONUS = entry(2, 3, "2016-10-01", rule="bonus.lost_property_returned")
BACK = reversal(3, COST, "2017-09-01")


@pytest.fixture
def scored(home: Path, tmp_path: Path, call: Call) -> Path:
    (tmp_path / "drivers.csv").write_text(DRIVERS, encoding="utf-8")
    status, _, err = call("ingest", tmp_path / "drivers.csv", "--home", home)
    assert status == 0, err
    opened = open_home(home)
    append(opened, [COST, BONUS])
    append(opened, [BACK])
    opened.engine.dispose()
    return home


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_a_driver(scored: Path, call: Call, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    status, _, err = call("score", "--cycle", "2026", "--home", scored, "--out", out)
    assert status == 0, err
    text = out.read_text(encoding="utf-8")
    assert text.splitlines()[0] == (
        "driver_id,company_id,cycle,scheme,base,deductions,bonus,score,grade,assessed,notes"
    )
    one, two, three = rows(text)
    assert (one["score"], one["grade"], one["cycle"], one["notes"]) == ("20", "AAA", "2026", "")
    # Registered August to December: five months, and the cap is of law nobody could confirm.
    assert (two["score"], two["grade"]) == ("20", "AA")
    assert "注册 5 个月，等级封顶 AA（否则 AAA）（依据未核实）" in two["notes"]
    assert (three["assessed"], three["score"], three["grade"]) == ("false", "", "")
    assert "not registered in this cycle" in three["notes"]
    assert "张三" not in text


def test_a_row_an_entry(scored: Path, call: Call, tmp_path: Path) -> None:
    out = tmp_path / "scores.entries.csv"
    status, _, err = call("score", "--cycle", "2016", "--home", scored, "--out", out)
    assert status == 0, err
    text = out.read_text(encoding="utf-8")
    assert text.splitlines()[0] == (
        "driver_id,cycle,entry_id,kind,rule,item,points,act_date,decided_at,decider,law,status"
    )
    assert [(one["kind"], one["points"], one["act_date"], one["status"]) for one in rows(text)] == [
        ("deduction", "-10", "2016-08-01", "reversed"),
        ("bonus", "3", "2016-10-01", "counts"),
        ("reversal", "10", "2016-08-01", "reversal"),
    ]
    assert rows(text)[0]["decided_at"] == "2016-09-01T12:00:00+08:00"
    assert rows(text)[0]["cycle"] == "2016-03-01/2017-02-28"


def test_the_figures_of_the_city(scored: Path, call: Call) -> None:
    status, out, _ = call("score", "--cycle", "2016", "--home", scored, "--json")
    figures = json.loads(out)
    # 20 + 3 for the one; the second was not there yet, the third ended in 2015.
    assert (status, figures["grades"], figures["assessed"]) == (0, {"AAA": 1}, 1)
    assert figures["not_assessed"] == {"not_registered": 2}
    status, out, _ = call("score", "--cycle", "2016", "--home", scored)
    assert (status, "not over yet" in out, "grade AAA" in out) == (0, True, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--as-of", "2099-01-01"), "is yet to come"),
        (("--cycle", "2016", "--as-of", "2015-06-01"), "has not begun by 2015-06-01"),
        (("--cycle", "1999"), "2012"),
        (("--out", "scores.txt"), "no format ends in 'txt'"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(scored: Path, call: Call, words: tuple[str, ...], said: str) -> None:
    status, _, err = call("score", *words, "--home", scored)
    assert status == 2
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_an_empty_home_says_where_drivers_come_from(home: Path, call: Call) -> None:
    status, _, err = call("score", "--home", home)
    assert status == 0
    assert "taxi-qa ingest drivers.csv" in err
