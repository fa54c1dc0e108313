"""XLSX: the one sheet whose first row names the columns, read row by row."""

import datetime as dt
import json
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from openpyxl import load_workbook

from taxi_qa.ingest.blocks import BLOCK_ROWS, Block, RawOf, Table, text_column
from taxi_qa.ingest.containers import Progress
from taxi_qa.ingest.refusal import Refused

MAX_COLUMNS: Final = 2_000
# A title or a blank line may stand above the header.
_HEADER_WITHIN: Final = 10

_DAMAGED: Final = "the workbook cannot be read; save it again as .xlsx or as CSV (nothing of it was taken)"
# openpyxl lets through whatever its parts raise; broken XML is a SyntaxError.
_ERRORS: Final = (
    zipfile.BadZipFile, KeyError, ValueError, TypeError, IndexError, AttributeError, OSError, SyntaxError,
    OverflowError, EOFError, NotImplementedError,
)  # fmt: skip

Cells = tuple[object, ...]


@dataclass(frozen=True)
class _Found:
    """The table of a workbook: its sheet, the row of its header, the header."""

    sheet: Any
    at: int
    header: tuple[str, ...]
    notes: list[str]


def read_spreadsheet(path: Path, known: Callable[[str], bool], progress: Progress | None = None) -> Table:
    """The table in a workbook.

    Args:
        path: the workbook.
        known: whether a name is that of a column of some kind; finds the sheet and the header row.
        progress: told bytes; a workbook only says that it is done.

    Raises:
        Refused: the workbook cannot be read, has no table, or has two.
    """
    found: list[_Found] = []
    # The generator owns the open file: when it ends, or nobody wants it any more, the file is closed.
    blocks = _opened(path, known, found, progress)
    next(blocks)
    return Table(
        "xlsx", found[0].header, "", (block for block in blocks if block is not None), found[0].notes
    )


def _opened(
    path: Path, known: Callable[[str], bool], found: list[_Found], progress: Progress | None
) -> Iterator[Block | None]:
    """First None, when `found` holds the table; then its blocks."""
    with path.open("rb") as stream:
        try:
            # openpyxl warns of styles and print settings it does not keep; nothing of it concerns the rows.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
            found.append(_find(book, known))
        except _ERRORS:
            raise Refused(_DAMAGED) from None
        yield None
        yield from _blocks(found[0].sheet, found[0].at, found[0].header)
        if progress is not None:
            progress(path.stat().st_size)


def _find(book: Any, known: Callable[[str], bool]) -> _Found:  # noqa: ANN401  (openpyxl's read-only types)
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    headers = {title: _header_of(sheet, known) for title, sheet in sheets.items()}
    filled = {title: found for title, found in headers.items() if found is not None}
    if not filled:
        raise Refused("the workbook holds no row; expected a sheet with a header and rows")
    tables = {title: found for title, found in filled.items() if sum(map(known, found[1])) > 1} or filled
    if len(tables) > 1:
        raise Refused(
            f"the workbook has {len(tables)} sheets with tables ({', '.join(list(tables)[:5])}); "
            "keep one, or save each as a file of its own"
        )
    title, (at, header) = next(iter(tables.items()))
    notes = [f"only the sheet {title!r} was read"] if len(filled) > 1 else []
    return _Found(sheets[title], at, header, notes)


def _header_of(sheet: Any, known: Callable[[str], bool]) -> tuple[int, tuple[str, ...]] | None:  # noqa: ANN401
    """The row of the header, from 1, and its names; None where the sheet is empty.

    Of the first rows the one with most known names; else the first that is not blank.
    """
    sheet.reset_dimensions()  # the size a sheet states may be wrong, and would hide rows
    best: tuple[int, int, tuple[str, ...]] | None = None
    rows = islice(sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS), _HEADER_WITHIN)
    for number, cells in enumerate(rows, start=1):
        names = [(_cell_text(cell) or "").strip() for cell in cells]
        while names and not names[-1]:
            names.pop()
        score = sum(map(known, names))
        if names and (best is None or score > best[0]):
            best = (score, number, tuple(names))
    return None if best is None else best[1:]


def _blocks(sheet: Any, at: int, header: tuple[str, ...]) -> Iterator[Block]:  # noqa: ANN401
    width, records = len(header), 0
    cells = sheet.iter_rows(min_row=at + 1, max_col=width, values_only=True)
    numbered = enumerate(cells, start=at + 1)
    while True:
        rows: list[int] = []
        texts: list[list[str | None]] = []
        try:
            part = list(islice(numbered, BLOCK_ROWS))
            for number, row in part:
                if any(cell is not None and cell != "" for cell in row):
                    rows.append(number)
                    texts.append([_cell_text(cell) for cell in row] + [None] * (width - len(row)))
        except _ERRORS:
            raise Refused(_DAMAGED) from None
        if not part:
            return
        if rows:
            record = np.arange(records + 1, records + len(rows) + 1, dtype=np.int64)
            records += len(rows)
            columns = [text_column(values) for values in zip(*texts, strict=True)]
            yield Block(header, columns, np.array(rows, dtype=np.int64), record, _raw_of(header, texts))


def _raw_of(header: tuple[str, ...], texts: list[list[str | None]]) -> RawOf:
    def raw(index: int) -> str:
        return json.dumps(dict(zip(header, texts[index], strict=True)), ensure_ascii=False)

    return raw


def _cell_text(cell: object) -> str | None:
    """The text of a cell: whole numbers without `.0`, dates as ISO 8601."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime):
        return cell.isoformat(timespec="milliseconds" if cell.microsecond else "seconds")
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell)
