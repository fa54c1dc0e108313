"""JSON Lines: one object a line; a line that is none is refused by itself."""

import json
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from taxi_qa.ingest.blocks import Block, Table, text_column
from taxi_qa.ingest.refusal import Refused, RefusedRow
from taxi_qa.ingest.text import Lines

MAX_NAMES: Final = 2_000

Pairs = dict[str, str | None]


class _NoRow(Exception):  # noqa: N818  (an answer about one line, caught in this module)
    """A line is no record, for the reason given."""


def read_json_lines(lines: Iterator[Lines]) -> Table:
    """The table in a text of JSON objects, one a line.

    Raises:
        Refused: no line at the beginning of the file is a JSON object.
    """
    blocks = json_blocks(lines)
    first = next(blocks, None)
    # A long first stretch of nothing but broken lines is no JSON Lines file at all.
    if first is None or not len(first):
        raise Refused("no line is a JSON object; expected JSON Lines: one object {…} a line")
    return Table("jsonl", first.header, "", _chained(first, blocks))


def _chained(first: Block, rest: Iterator[Block]) -> Iterator[Block]:
    yield first
    yield from rest


def json_blocks(lines: Iterator[Lines]) -> Iterator[Block]:
    """Blocks of the objects in a text, one a line; each block's header is the names that occur in it."""
    records = 0
    for part in lines:
        objects: list[Pairs] = []
        rows: list[int] = []
        numbers: list[int] = []
        raws: list[str] = []
        refused: list[RefusedRow] = []
        for index, text in enumerate(part.texts):
            line = part.first + index
            if index in part.bad:
                records += 1
                reason, raw = part.bad[index]
                refused.append(RefusedRow(line, records, "", reason, raw))
            elif text and not text.isspace():
                records += 1
                try:
                    objects.append(json_row(text))
                except _NoRow as why:
                    refused.append(RefusedRow(line, records, "", str(why), text))
                else:
                    rows.append(line)
                    numbers.append(records)
                    raws.append(text)
        if objects or refused:
            header = tuple(dict.fromkeys(name for pairs in objects for name in pairs))
            yield Block(
                header=header,
                columns=[text_column([pairs.get(name) for pairs in objects]) for name in header],
                row=np.array(rows, dtype=np.int64),
                record=np.array(numbers, dtype=np.int64),
                raw=raws.__getitem__,
                refused=refused,
            )


def json_row(text: str) -> Pairs:
    """The names and texts of one JSON object; numbers keep the digits they were written with.

    Raises:
        _NoRow: not a JSON object, or it names something twice.
    """
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_float=str, parse_int=str, parse_constant=str)
    except RecursionError:
        raise _NoRow("the JSON is nested too deeply for a record") from None
    except ValueError as error:
        where = f" at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise _NoRow(f"the line is not JSON{where}; expected one object {{…}} a line") from None
    if not isinstance(value, dict):
        raise _NoRow("the line is JSON but no object; expected one object {…} a line")
    if len(value) > MAX_NAMES:
        raise _NoRow(f"the object has {len(value):,} names; a record has at most {MAX_NAMES:,}")
    row = {name.strip(): cell_text(cell) for name, cell in value.items()}
    if "\\u" in text and not _is_unicode(row):
        raise _NoRow("the object holds half a character (a lone surrogate); send the row again")
    return row


def _is_unicode(row: Pairs) -> bool:
    try:
        "".join(f"{name}{cell}" for name, cell in row.items()).encode()
    except UnicodeEncodeError:
        return False
    return True


def cell_text(value: Any) -> str | None:  # noqa: ANN401  (whatever JSON may hold)
    """The text of a JSON value; objects and lists stay JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        raise _NoRow("the JSON is nested too deeply for a record") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NoRow(f"the object names {twice[:40]!r} twice; which one counts cannot be told")
    return result
