"""CSV and TSV: the delimiter is told from the header, a stray quote costs one row and never the rest.

Rows without a quote are split outright. A quoted field may hold line ends; where a quote never closes, or
closes into a row that does not fit the header, only the line that opened it is refused and reading goes
on with the next line.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final

import numpy as np
import pyarrow.compute as pc

from taxi_qa.ingest.blocks import Block, Table, text_column
from taxi_qa.ingest.refusal import Refused, RefusedRow
from taxi_qa.ingest.text import MAX_LINE_BYTES, Lines
from taxi_qa.values.cells import GUARDED

DELIMITERS: Final = (",", "\t", ";")
MAX_COLUMNS: Final = 2_000

_UNCLOSED: Final = "a quoted field is never closed"


@dataclass
class _Rows:
    """Rows on their way into a block."""

    fields: list[list[str]] = field(default_factory=list)
    row: list[int] = field(default_factory=list)
    record: list[int] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)


def read_delimited(lines: Iterator[Lines], known: Callable[[str], bool]) -> Table:
    """The table in a text.

    Args:
        lines: the lines of the file.
        known: whether a name is that of a column of some kind; decides between delimiters.

    Raises:
        Refused: there is no header line.
    """
    first = next(lines, None)
    at, delimiter = 0, ""
    texts = first.texts if first is not None else []
    while at < len(texts):
        if first is not None and at in first.bad:
            raise Refused(f"the header in line {at + 1} cannot be read: {first.bad[at][0]}")
        text = texts[at].strip()
        if text.lower().startswith("sep=") and len(text) == len("sep=,"):
            delimiter = text[-1]  # Excel writes this line to say how it separates
        elif text:
            break
        at += 1
    else:
        raise Refused("the file has no header line; expected a line of column names")
    assert first is not None  # noqa: S101  (a line was found in it)
    delimiter = delimiter or _delimiter_of(texts[at], known)
    header, used = _header(texts, at, delimiter)
    rest = Lines(
        first.first + at + used,
        texts[at + used :],
        {index - at - used: why for index, why in first.bad.items() if index >= at + used},
    )
    return Table(
        format="csv",
        header=header,
        header_text="\n".join(texts[: at + used]),
        blocks=_blocks(_chained(rest, lines), header, delimiter),
        delimiter=delimiter,
    )


def reread(header_text: str, raws: Sequence[str], known: Callable[[str], bool]) -> Block:
    """Single rows of a file read again, each by itself; `row` and `record` count `raws` from 1.

    Args:
        header_text: the file's header as it stood.
        raws: rows as they stood, or mended.
        known: as for `read_delimited`.
    """
    table = read_delimited(iter([Lines(1, header_text.split("\n"))]), known)
    parts = (Lines(1, raw.split("\n")) for raw in raws)
    return each_by_itself(parts, table.header, table.delimiter)


def each_by_itself(parts: Iterable[Lines], header: tuple[str, ...], delimiter: str) -> Block:
    """Rows that do not share quotes with their neighbours; `row` and `record` count the parts from 1."""
    rows = _Rows()
    for number, part in enumerate(parts, start=1):
        found, _, _ = _rows_of(part, 0, (len(header), delimiter), at_end=True)
        rows.fields += found.fields
        rows.raw += found.raw
        rows.row += [number] * len(found.row)
        rows.refused += [replace(refused, row=number, record=number) for refused in found.refused]
    rows.record = rows.row
    return _block(rows, header)


def _chained(first: Lines, rest: Iterator[Lines]) -> Iterator[Lines]:
    yield first
    yield from rest


def _delimiter_of(line: str, known: Callable[[str], bool]) -> str:
    def fit(delimiter: str) -> tuple[int, int]:
        names = next(csv.reader([line], delimiter=delimiter), [])
        return sum(known(name) for name in names), len(names)

    return max(DELIMITERS, key=fit)


def _header(texts: list[str], at: int, delimiter: str) -> tuple[tuple[str, ...], int]:
    """The names, and how many lines they take (a name may hold a line end)."""
    csv.field_size_limit(MAX_LINE_BYTES * 2)
    reader = csv.reader((text + "\n" for text in texts[at:]), delimiter=delimiter, strict=True)
    try:
        names = next(reader)
        used = reader.line_num
    except (csv.Error, StopIteration):
        names, used = next(csv.reader([texts[at]], delimiter=delimiter)), 1
    while names and not names[-1].strip():
        names.pop()
    if not names:
        raise Refused("the header names no column; expected a line of column names")
    if len(names) > MAX_COLUMNS:
        raise Refused(f"the header has {len(names):,} columns; a record has at most {MAX_COLUMNS:,}")
    return tuple(name.strip() for name in names), used


def _blocks(lines: Iterator[Lines], header: tuple[str, ...], delimiter: str) -> Iterator[Block]:
    records = 0
    held: Lines | None = None
    following = next(lines, None)
    while following is not None or held is not None:
        now = held if following is None else following if held is None else _joined(held, following)
        following = next(lines, None)
        assert now is not None  # noqa: S101  (one of the two was there)
        rows, records, held = _rows_of(now, records, (len(header), delimiter), at_end=following is None)
        if rows.row or rows.refused:
            yield _block(rows, header)


def _joined(held: Lines, following: Lines) -> Lines:
    shift = len(held.texts)
    bad = held.bad | {index + shift: why for index, why in following.bad.items()}
    return Lines(held.first, held.texts + following.texts, bad)


def _rows_of(
    lines: Lines, records: int, shape: tuple[int, str], *, at_end: bool
) -> tuple[_Rows, int, Lines | None]:
    """The rows of some lines, the count of records so far, and lines kept for the next call."""
    width, delimiter = shape
    rows = _Rows()
    texts, index = lines.texts, 0
    while index < len(texts):
        text, line = texts[index], lines.first + index
        if index in lines.bad:
            records += 1
            reason, raw = lines.bad[index]
            rows.refused.append(RefusedRow(line, records, "", reason, raw))
            index += 1
            continue
        if not text or text.isspace():
            index += 1
            continue
        used = 1
        if '"' in text:
            fields, used, reason = _quoted(lines, index, delimiter, width, at_end=at_end)
            if used == 0:  # the quote may close in lines not read yet
                rest = {at - index: why for at, why in lines.bad.items() if at >= index}
                return rows, records, Lines(line, texts[index:], rest)
        else:
            fields, reason = text.split(delimiter), ""
        if not reason:
            together = "".join(fields)
            if not together or together.isspace():
                index += used  # nothing but delimiters: a blank line
                continue
            fields, reason = _fitted(fields, width)
        records += 1
        raw = text if used == 1 else "\n".join(texts[index : index + used])
        if reason:
            rows.refused.append(RefusedRow(line, records, "", reason, raw))
        else:
            rows.fields.append(fields)
            rows.row.append(line)
            rows.record.append(records)
            rows.raw.append(raw)
        index += used
    return rows, records, None


def _fitted(fields: list[str], width: int) -> tuple[list[str], str]:
    """The fields of a row as the header has them, or why there are more or fewer."""
    surplus = fields[width:]
    if surplus and not any(value.strip() for value in surplus):
        # Spreadsheets end every row with delimiters the header has none for.
        fields = fields[:width]
    return fields, "" if len(fields) == width else f"the row has {len(fields)} fields, the header {width}"


def _quoted(
    lines: Lines, index: int, delimiter: str, width: int, *, at_end: bool
) -> tuple[list[str], int, str]:
    """Fields of a record that holds a quote, how many lines it takes (0: more are needed), what is wrong."""
    if index + 1 in lines.bad or (index + 1 == len(lines.texts) and at_end):
        stop = index + 1
    else:
        stop = min((at for at in lines.bad if at > index), default=len(lines.texts))
    reader = csv.reader(
        (text + "\n" for text in islice(lines.texts, index, stop)), delimiter=delimiter, strict=True
    )
    closes_later = False
    try:
        fields = next(reader)
        used = reader.line_num
        if used == 1 or len(fields) == width:
            return fields, used, ""
    except csv.Error as error:
        closes_later = "unexpected end" in str(error) and stop == len(lines.texts) and not at_end
    if closes_later and sum(map(len, lines.texts[index:])) <= MAX_LINE_BYTES:
        return [], 0, ""
    # Alone, read as leniently as spreadsheets do: an inner quote is a character like any other.
    text = lines.texts[index]
    fields = next(csv.reader([text], delimiter=delimiter))
    closed = _closes(text, delimiter)
    return fields, 1, "" if closed and len(fields) == width else _UNCLOSED


def _closes(text: str, delimiter: str) -> bool:
    """Whether every quoted field of one line ends in it, read leniently."""
    probe = "\x00"
    fields: Sequence[str] = next(csv.reader([text + delimiter + probe], delimiter=delimiter))
    return fields[-1] == probe


def _block(rows: _Rows, header: tuple[str, ...]) -> Block:
    columns = [_unguarded(text_column(values)) for values in zip(*rows.fields, strict=True)] or [
        text_column([]) for _ in header
    ]
    return Block(
        header=header,
        columns=columns,
        row=np.array(rows.row, dtype=np.int64),
        record=np.array(rows.record, dtype=np.int64),
        raw=rows.raw.__getitem__,
        refused=rows.refused,
    )


def _unguarded(column: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Cells without the apostrophe by which a CSV keeps text from being run as a formula (`values.cells`)."""
    if not pc.any(pc.starts_with(column, "'")).as_py():
        return column
    return pc.replace_substring_regex(column, GUARDED, r"\1")
