"""What could not be judged, packed and unpacked."""

import json
import zlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from taxi_qa.findings.finding import UNJUDGED_COLUMNS, Outcome
from taxi_qa.store.said import said_of, unpacked, unpacked_of
from taxi_qa.values.columns import Columns

ROWS = [
    ("T2", "粤A1", "D1", "C1", "T2", 2_000, 2_500, "waiting_s"),
    ("T1", "粤A1", "", "C1", "T1", 1_000, 9_000, "roads"),
    ("T4", "粤B2", "", "", "T4", 3_000, 3_000, "roads"),
    ("T3", "粤B2", "", "", "", 3_000, 3_000, "drivers"),
    ("T5", "粤A1", "D1", "C1", "T5", -5, 1_795_000_000_000, "roads"),
]


def outcome(rows: Sequence[tuple[object, ...]]) -> Outcome:
    values = dict(zip(UNJUDGED_COLUMNS, zip(*rows, strict=True), strict=True))
    columns = {
        name: np.array(column, dtype=np.int64 if name.endswith("_ms") else object)
        for name, column in values.items()
    }
    return Outcome("a.rule", 1, len(rows), (), Columns(columns))


def told(data: bytes) -> list[tuple[object, ...]]:
    frame = unpacked(data).astype(object)
    return [tuple("" if value != value else value for value in row) for row in frame.to_numpy().tolist()]  # noqa: PLR0124 - NaN


def test_rows_come_back_by_bucket_sorted_by_start_and_subject() -> None:
    said = said_of(outcome(ROWS), {0: 3, 7: 2}, lambda name: 7 if name == "粤B2" else 0)
    assert told(said[0].packed) == [ROWS[4], ROWS[1], ROWS[0]]
    assert told(said[7].packed) == [ROWS[3], ROWS[2]]
    assert [(one.unjudged, one.first_ms, one.last_ms) for one in said.values()] == [
        (3, -5, 2_000),
        (2, 3_000, 3_000),
    ]


@pytest.mark.parametrize("text", ["two\nlines", "\n", '"quoted", \\ and 中文'])
def test_any_text_comes_back(text: str) -> None:
    rows = [("S", "粤A1", text, "", "", 1, 2, "roads"), ("T", "粤A1", "", text, "", 1, 2, text)]
    assert told(said_of(outcome(rows), {3: 2}, lambda _: 3)[3].packed) == rows


def test_rows_packed_by_earlier_versions_are_still_read() -> None:
    columns = [[None if value == "" else value for value in column] for column in zip(*ROWS, strict=True)]
    packed = zlib.compress(json.dumps(columns, ensure_ascii=False).encode(), 1)
    assert told(packed) == ROWS


@pytest.mark.parametrize("car", ["粤A1", "粤B2", "粤C3", "", "D1"])
def test_one_cars_rows_are_those_of_all_that_are_its(car: str) -> None:
    now = said_of(outcome(ROWS), {3: len(ROWS)}, lambda _: 3)[3].packed
    columns = [[None if value == "" else value for value in column] for column in zip(*ROWS, strict=True)]
    before = zlib.compress(json.dumps(columns, ensure_ascii=False).encode(), 1)
    for packed in (now, before):
        whole = unpacked(packed)
        expected = whole[whole["vehicle_id"] == car].reset_index(drop=True)
        pd.testing.assert_frame_equal(unpacked_of(packed, car), expected)
