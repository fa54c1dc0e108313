"""Tables to files: CSV, JSON Lines, Parquet and XLSX, frame by frame, so that length costs no memory.

One table, four formats, the same columns:

* CSV is UTF-8 without a byte-order mark; text a spreadsheet would run carries an apostrophe in
  front (`values.cells`, which also reads it back). For Excel take XLSX.
* JSON Lines has one object a row; a JSON column is an object in it, a missing value is null.
* Parquet has text, int64 and float64 columns; XLSX holds text as text, and goes on to a further
  sheet where one is full.
* Times are ISO 8601 with the city's offset, in every format.

A file appears whole under its name or not at all.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

import pandas as pd

from taxi_qa.values.cells import guarded

Holds = Literal["text", "json", "whole", "number", "money"]
Format = Literal["csv", "jsonl", "parquet", "xlsx"]
FORMATS: Final[tuple[Format, ...]] = ("csv", "jsonl", "parquet", "xlsx")

# Limits of the XLSX format itself.
SHEET_ROWS: Final = 1_048_576
_CELL_CHARACTERS: Final = 32_767
# Rows that are Python objects at one time; a frame of a day may hold a quarter of a million.
_SLICE_ROWS: Final = 20_000
_CUT_MARK: Final = "… (cut)"


class ExportError(ValueError):
    """What was asked for can't be written; the message says what to change."""


@dataclass(frozen=True)
class Cell:
    """One column of an exported table.

    Attributes:
        name: its header.
        holds: `text`; `json` (text holding JSON); `whole` (int64); `number` (float64); `money`
            (float64, two decimals).
    """

    name: str
    holds: Holds = "text"


@dataclass(frozen=True)
class Written:
    """What was written: rows, and text cells cut because XLSX holds no longer ones."""

    rows: int
    cut_cells: int = 0


def format_of(out: str, wanted: str | None) -> Format:
    """The format asked for, else the one the file's name ends in; CSV on standard output (`-`).

    Raises:
        ExportError: neither says one.
    """
    ending = wanted or ("csv" if out == "-" else Path(out).suffix.removeprefix(".").lower())
    for name in FORMATS:
        if name == ending:
            return name
    raise ExportError(
        f"{out}: no format ends in {ending!r}; give --format {'|'.join(FORMATS)} or such an ending"
    )


def write_table(
    frames: Iterable[pd.DataFrame], cells: Sequence[Cell], out: Path | BinaryIO, kind: Format, *, sheet: str
) -> Written:
    """Write frames one after the other as one table.

    Args:
        frames: frames holding at least the columns of `cells`; only one is in memory at a time.
        cells: the columns, in order.
        out: the file, or an open binary stream such as standard output.
        kind: the format.
        sheet: what one row is called, for the sheets of XLSX.

    Raises:
        ExportError: the folder of `out` is not there, or `out` is a folder.
    """
    frames = _sliced(frames)
    if not isinstance(out, Path):
        return _to_stream(frames, cells, out, kind, sheet)
    if out.is_dir():
        raise ExportError(f"{out} is a folder; give the name of a file in it")
    if not out.parent.is_dir():
        raise ExportError(f"{out}: the folder {out.parent} is not there; make it first")
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as stream:
            written = _WRITERS[kind](frames, cells, stream, sheet)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return written


def _sliced(frames: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """The same rows in frames of at most `_SLICE_ROWS`."""
    for frame in frames:
        for start in range(0, len(frame), _SLICE_ROWS):
            yield frame.iloc[start : start + _SLICE_ROWS]


def _to_stream(
    frames: Iterable[pd.DataFrame], cells: Sequence[Cell], out: BinaryIO, kind: Format, sheet: str
) -> Written:
    if kind in ("csv", "jsonl"):
        written = _WRITERS[kind](frames, cells, out, sheet)
    else:  # these formats seek in their file, a pipe can't
        with tempfile.TemporaryFile() as whole:
            written = _WRITERS[kind](frames, cells, whole, sheet)
            whole.seek(0)
            shutil.copyfileobj(whole, out)
    out.flush()
    return written


def _text(column: pd.Series) -> pd.Series:
    """A column as text; missing stays missing."""
    return column.astype("str").where(column.notna())


def _write_csv(
    frames: Iterable[pd.DataFrame], cells: Sequence[Cell], stream: BinaryIO, sheet: str
) -> Written:
    del sheet
    names = [cell.name for cell in cells]
    pd.DataFrame(columns=names).to_csv(stream, index=False, lineterminator="\n", encoding="utf-8")
    rows = 0
    for frame in frames:
        plain = {}
        for cell in cells:
            column = frame[cell.name]
            if cell.holds == "money":
                column = column.map("{:.2f}".format, na_action="ignore")
            elif cell.holds in ("text", "json"):
                column = guarded(_text(column))
            plain[cell.name] = column
        table = pd.DataFrame(plain, index=frame.index)
        table.to_csv(stream, index=False, header=False, lineterminator="\n", encoding="utf-8")
        rows += len(frame)
    return Written(rows)


def _python_values(frame: pd.DataFrame, cells: Sequence[Cell]) -> Iterator[tuple[object, ...]]:
    """The rows as tuples of plain Python values, None for missing."""
    columns: list[list[object]] = []
    for cell in cells:
        column = frame[cell.name]
        missing = column.isna().to_numpy()
        if cell.holds == "whole":
            column = column.fillna(0).astype("int64")
        elif cell.holds in ("number", "money"):
            column = column.astype("float64")
        values = column.astype(object).tolist()
        columns.append([None if gone else value for value, gone in zip(values, missing, strict=True)])
    return zip(*columns, strict=True)


def _write_jsonl(
    frames: Iterable[pd.DataFrame], cells: Sequence[Cell], stream: BinaryIO, sheet: str
) -> Written:
    del sheet
    names = [cell.name for cell in cells]
    nested = [i for i, cell in enumerate(cells) if cell.holds == "json"]
    rows = 0
    for frame in frames:
        lines = []
        for values in _python_values(frame, cells):
            row = list(values)
            for i in nested:
                row[i] = json.loads(str(row[i])) if row[i] else None
            lines.append(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False))
        if lines:
            stream.write(("\n".join(lines) + "\n").encode())
        rows += len(frame)
    return Written(rows)


def _write_parquet(
    frames: Iterable[pd.DataFrame], cells: Sequence[Cell], stream: BinaryIO, sheet: str
) -> Written:
    import pyarrow as pa  # noqa: PLC0415 - a quarter of a second that the other formats need not wait
    from pyarrow import parquet  # noqa: PLC0415

    del sheet
    types = {"text": pa.string(), "json": pa.string(), "whole": pa.int64()}
    schema = pa.schema([(cell.name, types.get(cell.holds, pa.float64())) for cell in cells])
    rows = 0
    with parquet.ParquetWriter(stream, schema, compression="zstd") as writer:
        for frame in frames:
            arrays = []
            for cell in cells:
                column = _text(frame[cell.name]) if cell.holds in ("text", "json") else frame[cell.name]
                arrays.append(pa.Array.from_pandas(column, type=schema.field(cell.name).type))
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            rows += len(frame)
    return Written(rows)


def _write_xlsx(
    frames: Iterable[pd.DataFrame], cells: Sequence[Cell], stream: BinaryIO, sheet: str
) -> Written:
    from xlsxwriter import Workbook  # noqa: PLC0415 - only this format needs it

    # constant_memory writes each row out as the next begins; the three switches keep text as text:
    # no formula, no link, no number is made of a string.
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    rows, cut, sheets = 0, 0, 1
    with contextlib.closing(Workbook(stream, options)) as book:
        money = book.add_format({"num_format": "0.00"})
        page, line = _new_sheet(book, sheet, cells), 1
        for frame in frames:
            for values in _python_values(frame, cells):
                if line == SHEET_ROWS:
                    sheets += 1
                    page, line = _new_sheet(book, f"{sheet} {sheets}", cells), 1
                for at, (cell, value) in enumerate(zip(cells, values, strict=True)):
                    if value is None or value == "":
                        continue
                    if cell.holds in ("text", "json"):
                        text = str(value)
                        if len(text) > _CELL_CHARACTERS:
                            text = text[: _CELL_CHARACTERS - len(_CUT_MARK)] + _CUT_MARK
                            cut += 1
                        page.write_string(line, at, text)
                    else:
                        page.write_number(line, at, value, money if cell.holds == "money" else None)
                line += 1
            rows += len(frame)
    return Written(rows, cut)


def _new_sheet(book: Any, name: str, cells: Sequence[Cell]) -> Any:  # noqa: ANN401 - xlsxwriter has no types
    page = book.add_worksheet(name)
    page.freeze_panes(1, 0)
    bold = book.add_format({"bold": True})
    for at, cell in enumerate(cells):
        page.write_string(0, at, cell.name, bold)
    return page


_WRITERS: Final[dict[Format, Callable[[Iterable[pd.DataFrame], Sequence[Cell], BinaryIO, str], Written]]] = {
    "csv": _write_csv,
    "jsonl": _write_jsonl,
    "parquet": _write_parquet,
    "xlsx": _write_xlsx,
}
