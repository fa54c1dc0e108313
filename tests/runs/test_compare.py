"""Findings of two rule books side by side, told apart by hand."""

import pandas as pd

from taxi_qa.runs.compare import CHANGE_COLUMNS, differences
from taxi_qa.store.said import FINDING_COLUMNS

EMPTY = pd.DataFrame({name: pd.Series(dtype="object") for name in FINDING_COLUMNS})


def findings(*rows: dict[str, object]) -> pd.DataFrame:
    usual: dict[str, object] = {
        "rule": "driving.speeding", "rule_version": 1, "clause": "五.5", "stage": "stable",
        "status": "detected", "vehicle_id": "A", "driver_id": "D", "company_id": "C", "trip_id": None,
        "start_ms": 0, "end_ms": 10, "lon": 113.0, "lat": 23.0, "measured": 70.0, "allowed": 60.0,
        "unit": "km/h", "sources": "gnss", "evidence": "{}", "leans_on": "", "digest": 1,
    }  # fmt: skip
    made = pd.DataFrame([{**usual, **row} for row in rows])[list(FINDING_COLUMNS)]
    whole = ("rule_version", "start_ms", "end_ms", "digest")
    return made.astype(dict.fromkeys(whole, "Int64"))


def told(old: pd.DataFrame, new: pd.DataFrame) -> list[tuple[object, ...]]:
    found = differences(old, new)
    assert list(found.columns) == list(CHANGE_COLUMNS)
    names = ["change", "what", "finding_id_old", "finding_id_new"]
    return [tuple(None if pd.isna(value) else value for value in row) for row in found[names].to_numpy()]


def test_what_is_the_same_is_not_told() -> None:
    same = findings({"finding_id": "a"}, {"finding_id": "b", "lon": None, "measured": None})
    assert told(same, same.copy()) == []
    assert told(EMPTY, EMPTY) == []


def test_new_gone_and_changed() -> None:
    old = findings(
        {"finding_id": "stays"}, {"finding_id": "goes", "vehicle_id": "B"},
        {"finding_id": "differs", "vehicle_id": "E", "stage": "trial"},
    )  # fmt: skip
    new = findings(
        {"finding_id": "stays"}, {"finding_id": "comes", "vehicle_id": "F", "start_ms": 5},
        {"finding_id": "differs", "vehicle_id": "E", "measured": 71.0},
    )  # fmt: skip
    assert sorted(told(old, new), key=str) == [
        ("changed", "stage+measured", "differs", "differs"),
        ("gone", "", "goes", None),
        ("new", "", None, "comes"),
    ]
    assert [one[0] for one in told(EMPTY, new)] == ["new", "new", "new"]
    assert [one[0] for one in told(old, EMPTY)] == ["gone", "gone", "gone"]


def test_an_act_by_another_name_changes_only_where_it_is_one_act() -> None:
    old = findings({"finding_id": "was", "start_ms": 100, "end_ms": 200})
    for change, row in (
        ("changed", {"start_ms": 90, "end_ms": 200}),
        ("changed", {"start_ms": 200, "end_ms": 300}),
        ("new", {"start_ms": 201, "end_ms": 300}),
        ("new", {"start_ms": 0, "end_ms": 99}),
        ("new", {"start_ms": 90, "end_ms": 200, "vehicle_id": "B"}),
        ("new", {"start_ms": 90, "end_ms": 200, "driver_id": None}),
        ("new", {"start_ms": 90, "end_ms": 200, "trip_id": "t"}),
        ("new", {"start_ms": 90, "end_ms": 200, "rule": "driving.harsh"}),
    ):
        changes = {one[0] for one in told(old, findings({"finding_id": "is", **row}))}
        assert changes == ({"changed"} if change == "changed" else {"new", "gone"}), row


def test_an_act_that_falls_in_two_changes_once() -> None:
    old = findings({"finding_id": "was", "start_ms": 0, "end_ms": 100})
    new = findings(
        {"finding_id": "second", "start_ms": 60, "end_ms": 100},
        {"finding_id": "first", "start_ms": 0, "end_ms": 40},
    )
    assert told(old, new) == [("changed", "end_ms", "was", "first"), ("new", "", None, "second")]
