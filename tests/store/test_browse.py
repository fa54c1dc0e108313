"""Pages of lists: the same rows as a plain sort of everything gives, whoever asks, on both databases."""

import itertools
import math
from typing import Any

import pytest
from sqlalchemy import insert

from taxi_qa.store import browse
from taxi_qa.store.accounts import Account
from taxi_qa.store.browse import CASES, Wanted, count, count_by, rows_of, soonest, whole
from taxi_qa.store.desk_tables import CaseRow
from taxi_qa.store.engine import transaction
from taxi_qa.store.home import Home
from taxi_qa.store.scope import Scope, scope_of
from taxi_qa.store.tables import table_of

EVERYTHING = Scope(whole_city=True).cases()


def case(number: int) -> dict[str, Any]:
    """A case; of every third nobody waits for a deadline, and starts repeat."""
    return {
        "case_id": f"c{number:03}", "rule": f"rule.{number % 2}", "rules": "", "family": "",
        "stage": "stable", "vehicle_id": f"粤A{number % 7}_%",
        "driver_id": f"D{number % 5}", "company_id": f"C{number % 2}",
        "trip_id": "", "start_ms": number // 4, "end_ms": number, "sources": "", "missing": "",
        "sufficiency": "fair", "opened_ms": 0, "state": "queued" if number % 3 else "dismissed", "version": 1,
        "deadline_ms": (number * 7) % 11 if number % 3 else None,
    }  # fmt: skip


@pytest.fixture
def filled(home: Home) -> Home:
    with transaction(home.engine) as connection:
        connection.execute(insert(table_of(CaseRow)), [case(number) for number in range(60)])
    return home


def plain(sort: str) -> list[str]:
    """The case ids as a plain sort has them: rows without a value last, ties by case_id the same way."""
    column, down = sort.removeprefix("-"), sort.startswith("-")
    rows = [case(number) for number in range(60)]
    known = [row for row in rows if row[column] is not None]
    missing = [row for row in rows if row[column] is None]
    known.sort(key=lambda row: (row[column], row["case_id"]), reverse=down)
    missing.sort(key=lambda row: row["case_id"], reverse=down)
    return [row["case_id"] for row in (*known, *missing)]


@pytest.mark.parametrize("far", [0, 1_000])
@pytest.mark.parametrize("sort", ["start_ms", "-start_ms", "deadline_ms", "-deadline_ms", "vehicle_id"])
def test_pages_are_those_of_a_plain_sort(
    filled: Home, monkeypatch: pytest.MonkeyPatch, sort: str, far: int
) -> None:
    monkeypatch.setattr(browse, "_FAR", far)
    got = []
    for offset in itertools.count(0, 7):
        rows, total = rows_of(filled, CASES, EVERYTHING, Wanted(sort=sort, limit=7, offset=offset))
        assert total == 60
        if not rows:
            break
        got += [row["case_id"] for row in rows]
    assert got == plain(sort)
    assert [
        name for frame in whole(filled, CASES, EVERYTHING, Wanted(sort=sort)) for name in frame["case_id"]
    ] == got


def test_a_part_of_a_text_is_looked_for_as_it_stands(filled: Home) -> None:
    # % and _ are signs of a plate here, not of a pattern.
    assert count(filled, CASES, EVERYTHING, Wanted(contains={"vehicle_id": "3_%"})) == 9  # 3, 10, … 59
    assert count(filled, CASES, EVERYTHING, Wanted(contains={"vehicle_id": "%3"})) == 0
    assert count(filled, CASES, EVERYTHING, Wanted(contains={"vehicle_id|case_id": "c00"})) == 10


@pytest.mark.parametrize("sort", ["-start_ms", "deadline_ms"])
def test_pages_of_a_part_of_a_text_go_on_where_the_one_before_ended(filled: Home, sort: str) -> None:
    got = []
    for offset in (0, 4, 8, 12):
        rows, total = rows_of(
            filled,
            CASES,
            EVERYTHING,
            Wanted(contains={"vehicle_id": "3_%"}, sort=sort, limit=4, offset=offset),
        )
        assert total == 9  # beyond the last page, too
        got += [row["case_id"] for row in rows]
    fitting = {case(number)["case_id"] for number in range(60) if number % 7 == 3}
    assert got == [name for name in plain(sort) if name in fitting]


def test_filters_join(filled: Home) -> None:
    wanted = Wanted(
        equal={"state": ("queued",), "rule": ("rule.1",)}, least={"start_ms": 3}, below={"start_ms": 5}
    )
    # Cases 12 to 19 start at 3 and 4; odd ones of them not divisible by three: 13, 17, 19.
    rows, total = rows_of(filled, CASES, EVERYTHING, wanted)
    assert ([row["case_id"] for row in rows], total) == (["c019", "c017", "c013"], 3)
    assert count_by(filled, CASES, EVERYTHING, "state") == {"dismissed": 20, "queued": 40}


def test_the_soonest_come_first_over_several_states(filled: Home) -> None:
    rows = soonest(filled, EVERYTHING, ("queued", "dismissed"), 50)
    waiting = sorted(
        (case(number) for number in range(60)),
        key=lambda row: (math.inf if row["deadline_ms"] is None else row["deadline_ms"], row["case_id"]),
    )
    assert [row["case_id"] for row in rows] == [row["case_id"] for row in waiting[:50]]


def test_a_page_asks_as_often_for_many_rows_as_for_few(filled: Home) -> None:
    asked: list[str] = []
    counts = []
    rows_of(filled, CASES, EVERYTHING, Wanted())  # the count is kept from here on
    for limit in (2, 50):
        asked.clear()
        with filled.engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            if hasattr(raw, "set_trace_callback"):
                raw.set_trace_callback(asked.append)
        rows_of(filled, CASES, EVERYTHING, Wanted(limit=limit))
        counts.append(len([one for one in asked if "SELECT" in one]))
    assert counts[0] == counts[1]


def account(role: str, **more: Any) -> Account:  # noqa: ANN401 - fields of an account
    values: dict[str, Any] = {
        "account_id": "a", "name": "a", "shown_name": "a", "role": role, "driver_id": "", "company_id": "",
        "zone_ids": (), "password_hash": "", "must_change": False, "stamp": "", "language": "",
        "created_ms": 0, "disabled_ms": None,
    }  # fmt: skip
    return Account(**{**values, **more})


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        (account("reviewer"), 60),
        (account("auditor"), 60),
        (account("inspector"), 60),
        (account("inspector", zone_ids=("H",)), 0),  # nothing lies in that zone
        (account("manager", company_id="C0"), 30),
        (account("manager"), 0),  # of no company: nothing, never everything
        (account("driver", driver_id="D1"), 0),  # nobody proposed anything
        (account("driver"), 0),
    ],
)
def test_everybody_sees_his_own(filled: Home, who: Account, seen: int) -> None:
    assert count(filled, CASES, scope_of(who).cases(), Wanted()) == seen
