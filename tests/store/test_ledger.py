import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from taxi_qa.findings.ledger_line import ENTRY_COLUMNS
from taxi_qa.store.engine import is_postgresql, transaction
from taxi_qa.store.home import Home
from taxi_qa.store.ledger import Broken, LedgerError, append, entries, verify


def line(**values: object) -> dict[str, object]:
    """A deduction of ten points."""
    return {
        "driver_id": "D1", "kind": "deduction", "item": "credit.items.refusal", "case_id": "c1",
        "rule": "service.refusal", "points": -10, "act_day": 20000, "decided_ms": 1_760_000_000_000,
        "decider": "李", "leans_on": "credit.items.refusal@2012-01-01", "certainty": "quoted",
        "reverses": None, **values,
    }  # fmt: skip


def reversal(of: int, **values: object) -> dict[str, object]:
    return line(kind="reversal", points=10, reverses=of, decided_ms=1_770_000_000_000, **values)


def test_lines_are_numbered_and_sealed_and_come_back_in_order(home: Home) -> None:
    assert append(home, [line(), line(case_id="c2", driver_id="D2")]) == [1, 2]
    assert append(home, [reversal(1)]) == [3]
    found = entries(home)
    assert list(found.columns) == list(ENTRY_COLUMNS)
    assert found["entry_id"].tolist() == [1, 2, 3]
    assert found["points"].tolist() == [-10, -10, 10]
    assert found["reverses"].isna().tolist() == [True, True, False]
    assert found["seal"].str.len().tolist() == [64, 64, 64]
    assert entries(home, driver_id="D2")["case_id"].tolist() == ["c2"]
    assert entries(home, case_id="c1")["entry_id"].tolist() == [1, 3]
    assert entries(home, until_ms=1_760_000_000_000)["entry_id"].tolist() == [1, 2]
    assert verify(home) is None


def test_an_empty_ledger_holds(home: Home) -> None:
    assert append(home, []) == []
    assert len(entries(home)) == 0
    assert verify(home) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entries SET points = 0 WHERE entry_id = 1",
        "UPDATE ledger_entries SET points = points",
        "DELETE FROM ledger_entries WHERE entry_id = 2",
        "DELETE FROM ledger_entries",
    ],
)
def test_the_database_itself_refuses_to_change_a_line(home: Home, statement: str) -> None:
    append(home, [line(), line(case_id="c2")])
    before = entries(home)
    with pytest.raises(DBAPIError, match="only grows"), transaction(home.engine) as connection:
        connection.execute(text(statement))
    assert entries(home).equals(before)


def test_a_line_is_not_replaced_or_emptied_by_a_side_door(home: Home) -> None:
    append(home, [line()])
    with home.engine.connect() as connection:
        postgres = is_postgresql(connection)
    names = ", ".join(ENTRY_COLUMNS)
    renumbered = names.replace("entry_id", "entry_id + 1")
    statements = ["TRUNCATE ledger_entries CASCADE"] if postgres else [
        f"REPLACE INTO ledger_entries ({names}) SELECT {names.replace('points', '0')} FROM ledger_entries",
        f"REPLACE INTO ledger_entries ({names}) SELECT {renumbered} FROM ledger_entries",
    ]  # fmt: skip
    for statement in statements:
        with pytest.raises(DBAPIError, match="only grows"), transaction(home.engine) as connection:
            connection.execute(text(statement))
    assert entries(home)["points"].tolist() == [-10]


def _without_guard(home: Home, statement: str) -> None:
    """What somebody can do who may drop triggers."""
    with transaction(home.engine) as connection:
        if is_postgresql(connection):
            connection.execute(text("ALTER TABLE ledger_entries DISABLE TRIGGER USER"))
        else:
            for name in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER ledger_entries_{name}"))
        connection.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        (
            "UPDATE ledger_entries SET points = -1 WHERE entry_id = 2",
            Broken(2, "the line is not what was sealed"),
        ),
        ("DELETE FROM ledger_entries WHERE entry_id = 2", Broken(2, "the line is missing")),
    ],
)
def test_a_line_changed_behind_the_guard_breaks_the_seal(home: Home, statement: str, broken: Broken) -> None:
    append(home, [line(), line(case_id="c2"), line(case_id="c3")])
    _without_guard(home, statement)
    assert verify(home) == broken


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (reversal(1) | {"points": 9}, "exactly what it cost"),
        (reversal(1) | {"act_day": 20001}, "exactly what it cost"),
        (reversal(1) | {"driver_id": "D2"}, "exactly what it cost"),
        (reversal(7), "no entry 7"),
        (line(reverses=1), "names the entry it restores"),
        (line(kind="reversal", points=10), "names the entry it restores"),
    ],
    ids=["points", "day", "driver", "nothing", "no reversal", "of nothing"],
)
def test_a_reversal_restores_exactly_what_one_line_cost(
    home: Home, wrong: dict[str, object], words: str
) -> None:
    append(home, [line()])
    with pytest.raises(LedgerError, match=words):
        append(home, [line(case_id="c2"), wrong])
    assert entries(home)["entry_id"].tolist() == [1], "nothing of it was written"


def test_a_line_is_restored_once(home: Home) -> None:
    append(home, [line()])
    append(home, [reversal(1)])
    with pytest.raises(LedgerError, match="reversed already"):
        append(home, [reversal(1)])
    with pytest.raises(LedgerError, match="a reversal itself"):
        append(home, [reversal(2) | {"points": -10}])
