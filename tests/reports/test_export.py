"""Exports: four formats, the same rows; nothing a spreadsheet would run; whole files or none."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from taxi_qa.records.kinds import DRIVERS, TRIPS
from taxi_qa.reports import export
from taxi_qa.reports.export import Cell, ExportError, Format, Written, format_of, write_table
from taxi_qa.reports.outside import FINDING_CELLS, record_cells, records_outside
from taxi_qa.values.cells import guarded, unguarded

CELLS = (Cell("id"), Cell("n", "whole"), Cell("x", "number"), Cell("yuan", "money"), Cell("evidence", "json"))
ROWS = pd.DataFrame(
    {
        "id": pd.array(["粤T12345", "=1+1", None], dtype="str"),
        "n": pd.array([1, None, 3], dtype="Int64"),
        "x": [0.5, np.nan, -3.25],
        "yuan": [12.5, 0.0, np.nan],
        "evidence": pd.array(['{"a": 1}', None, '{"b": "粤"}'], dtype="str"),
    }
)


def written(tmp_path: Path, kind: Format, *frames: pd.DataFrame) -> tuple[Path, Written]:
    out = tmp_path / f"table.{kind}"
    return out, write_table(iter(frames or (ROWS,)), CELLS, out, kind, sheet="findings")


def test_csv_is_plain_utf8_with_money_at_two_decimals_and_formulas_disarmed(tmp_path: Path) -> None:
    out, counted = written(tmp_path, "csv")
    assert counted == Written(3)
    assert out.read_bytes().decode() == (
        "id,n,x,yuan,evidence\n"
        '粤T12345,1,0.5,12.50,"{""a"": 1}"\n'
        "'=1+1,,,0.00,\n"
        ',3,-3.25,,"{""b"": ""粤""}"\n'
    )


def test_json_lines_nest_the_evidence_and_say_null_for_missing(tmp_path: Path) -> None:
    out, _ = written(tmp_path, "jsonl")
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert lines[0] == {"id": "粤T12345", "n": 1, "x": 0.5, "yuan": 12.5, "evidence": {"a": 1}}
    assert lines[1] == {"id": "=1+1", "n": None, "x": None, "yuan": 0.0, "evidence": None}


def test_parquet_keeps_types_even_where_a_frame_is_all_missing(tmp_path: Path) -> None:
    empty_texts = pd.DataFrame({"id": [None], "n": [None], "x": [None], "yuan": [None], "evidence": [None]})
    out, counted = written(tmp_path, "parquet", empty_texts, ROWS)
    table = pq.read_table(out)
    assert counted.rows == 4
    assert [str(field.type) for field in table.schema] == ["string", "int64", "double", "double", "string"]
    assert table.column("id").to_pylist() == [None, "粤T12345", "=1+1", None]
    assert table.column("n").to_pylist() == [None, 1, None, 3]


def test_xlsx_holds_text_as_text_never_as_formula(tmp_path: Path) -> None:
    out, _ = written(tmp_path, "xlsx")
    sheet = load_workbook(out)["findings"]
    rows = list(sheet.iter_rows())
    assert [cell.value for cell in rows[0]] == ["id", "n", "x", "yuan", "evidence"]
    assert (rows[2][0].value, rows[2][0].data_type) == ("=1+1", "s")
    assert (rows[1][3].value, rows[1][3].number_format) == (12.5, "0.00")
    assert rows[2][1].value is None


def test_xlsx_goes_on_to_a_second_sheet_with_a_header_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "SHEET_ROWS", 3)  # the format's own limit takes a minute to reach
    out, counted = written(tmp_path, "xlsx")
    book = load_workbook(out)
    assert counted.rows == 3
    assert book.sheetnames == ["findings", "findings 2"]
    assert [row[1] for row in book["findings"].iter_rows(values_only=True)] == ["n", 1, None]
    assert [row[1] for row in book["findings 2"].iter_rows(values_only=True)] == ["n", 3]


def test_a_text_longer_than_an_xlsx_cell_is_cut_with_a_mark_and_counted(tmp_path: Path) -> None:
    long = pd.DataFrame({"id": ["x" * 40_000], "n": [1], "x": [1.0], "yuan": [1.0], "evidence": [None]})
    out, counted = written(tmp_path, "xlsx", long)
    assert counted == Written(rows=1, cut_cells=1)
    text = load_workbook(out)["findings"]["A2"].value
    assert len(text) == 32_767
    assert text.endswith("(cut)")


@pytest.mark.parametrize("kind", export.FORMATS)
def test_no_rows_still_make_a_file_with_its_columns(tmp_path: Path, kind: Format) -> None:
    out = tmp_path / f"none.{kind}"
    assert write_table(iter(()), CELLS, out, kind, sheet="findings") == Written(0)
    assert out.is_file()


@pytest.mark.parametrize("kind", export.FORMATS)
def test_a_failure_half_way_leaves_the_old_file_and_no_rubbish(tmp_path: Path, kind: Format) -> None:
    out = tmp_path / f"table.{kind}"
    out.write_text("old")

    def breaking() -> Iterator[pd.DataFrame]:
        yield ROWS
        raise RuntimeError("the store went away")

    with pytest.raises(RuntimeError, match="went away"):
        write_table(breaking(), CELLS, out, kind, sheet="findings")
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("kind", export.FORMATS)
def test_a_stream_gets_the_same_rows_as_a_file(tmp_path: Path, kind: Format) -> None:
    stream = io.BytesIO()
    assert write_table([ROWS], CELLS, stream, kind, sheet="findings") == Written(3)
    out, _ = written(tmp_path, kind)
    if kind in ("csv", "jsonl"):
        assert stream.getvalue() == out.read_bytes()
    elif kind == "parquet":
        assert pq.read_table(stream).equals(pq.read_table(out))
    else:
        stream.seek(0)
        assert list(load_workbook(stream)["findings"].values) == list(load_workbook(out)["findings"].values)


def test_the_format_is_told_or_read_off_the_name() -> None:
    assert format_of("a/findings.XLSX", None) == "xlsx"
    assert format_of("findings.txt", "csv") == "csv"
    assert format_of("-", None) == "csv"
    with pytest.raises(ExportError, match="--format"):
        format_of("findings.txt", None)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="not there"):
        write_table([ROWS], CELLS, tmp_path / "no" / "x.csv", "csv", sheet="findings")
    with pytest.raises(ExportError, match="is a folder"):
        write_table([ROWS], CELLS, tmp_path, "csv", sheet="findings")


@given(st.lists(st.text(alphabet="'=+-@\t＝粤a1 ", max_size=6), min_size=1))
def test_guarding_is_undone_by_unguarding_and_leaves_nothing_to_run(texts: list[str]) -> None:
    column = pd.Series(texts, dtype="str")
    safe = guarded(column)
    assert unguarded(safe).tolist() == texts
    assert not any(text[:1] in ("=", "+", "-", "@", "\t", "＝") for text in safe)


def test_a_csv_export_can_be_read_back_to_the_ids_that_went_in(tmp_path: Path) -> None:
    out, _ = written(tmp_path, "csv")
    with out.open(encoding="utf-8", newline="") as file:
        ids = pd.Series([row["id"] for row in csv.DictReader(file)], dtype="str")
    assert unguarded(ids).tolist() == ["粤T12345", "=1+1", ""]


def test_the_columns_of_findings_are_those_of_the_contract_in_its_order() -> None:
    assert [cell.name for cell in FINDING_CELLS] == [
        "finding_id", "rule", "clause", "verdict", "stage", "status", "vehicle_id", "driver_id",
        "company_id", "trip_id", "start", "end", "lon", "lat", "measured", "allowed", "unit", "sources",
        "evidence", "leans_on", "rule_version", "run_id", "title_zh", "title_en",
    ]  # fmt: skip


def test_records_come_back_in_outside_units() -> None:
    inside = pd.DataFrame({column.inside: pd.Series([None], dtype=column.dtype) for column in TRIPS.columns})
    inside = inside.assign(
        trip_id="t1", vehicle_id="粤T12345", boarded_ms=1_760_000_000_000, metered_m=5_250, fare_fen=1_910
    )
    inside["receipt_printed"] = pd.array([True], dtype="boolean")
    outside = records_outside(inside, TRIPS, "Asia/Shanghai").iloc[0]
    assert list(outside.index) == [cell.name for cell in record_cells(TRIPS)]
    assert outside["boarded_at"] == "2025-10-09T16:53:20+08:00"
    assert (outside["metered_km"], outside["fare_yuan"], outside["receipt_printed"]) == (5.25, 19.1, 1)
    assert pd.isna(outside["tolls_yuan"])


def test_dates_come_back_as_dates_and_missing_ones_stay_missing() -> None:
    inside = pd.DataFrame(
        {column.inside: pd.Series([None, None], dtype=column.dtype) for column in DRIVERS.columns}
    )
    inside["registered_from_day"] = pd.array([20_370, None], dtype="Int64")  # 55 * 365 + 14 leap days + 281
    outside = records_outside(inside, DRIVERS, "Asia/Shanghai")["registered_from"]
    assert outside[0] == "2025-10-09"
    assert pd.isna(outside[1])
