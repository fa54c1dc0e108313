"""What a query fetched, as tuples or as a frame, past the layers that make an object of each row."""

from collections.abc import Sequence
from contextlib import closing
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, Select

from taxi_qa.store.engine import is_postgresql

_FALSE: Final = pa.scalar(value=False)
_TURNED_ROWS: Final = 500
# Rows made into a frame at once; a multiple of the above.
_FRAMED_ROWS: Final = 64 * _TURNED_ROWS


def frame_of(rows: Sequence[tuple[Any, ...]], columns: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """A frame with the given dtypes from what a cursor fetched.

    Args:
        rows: plain values, None where missing.
        columns: name and dtype (Int64, float64, boolean, str) of each value of a row.
    """
    values: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return frame_of_columns(values, columns)


def frame_of_columns(
    values: Sequence[Sequence[Any]], columns: Sequence[tuple[str, str]], *, plain_texts: bool = False
) -> pd.DataFrame:
    """The same from columns of values.

    Args:
        values: plain values by column, None where missing.
        columns: name and dtype of each.
        plain_texts: texts as objects, "" where missing, instead of pandas' own strings: whoever works in
            arrays would only turn them back.
    """
    data = {
        name: _objects(column) if plain_texts and dtype == "str" else _array(column, dtype)
        for (name, dtype), column in zip(columns, values, strict=True)
    }
    return pd.DataFrame(data, copy=False)


def _objects(values: Sequence[Any]) -> "pd.Series[Any]":
    # A series says that they are objects: of a bare array pandas makes strings again.
    plain = np.array([value or "" for value in values], dtype=object)
    return pd.Series(plain, dtype=object, copy=False)


def _array(values: Sequence[Any], dtype: str) -> Any:  # noqa: ANN401 - one of several array types
    if dtype == "str":
        return pd.array(pa.array(values, type=pa.large_string()), dtype="str")
    if dtype == "float64":
        return pa.array(values, type=pa.float64()).to_numpy(zero_copy_only=False, writable=True)
    if dtype == "boolean":
        # SQLite keeps 0 and 1.
        found = pa.array([None if v is None else bool(v) for v in values], type=pa.bool_())
        flags = found.fill_null(_FALSE).to_numpy(zero_copy_only=False).copy()
        return pd.arrays.BooleanArray(flags, found.is_null().to_numpy(zero_copy_only=False))
    found = pa.array(values, type=pa.int64())
    # Writable copies: what arrow hands over is not.
    numbers = found.fill_null(0).to_numpy(zero_copy_only=False).copy()
    return pd.arrays.IntegerArray(numbers, found.is_null().to_numpy(zero_copy_only=False))


def fetch(connection: Connection, query: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """All rows of a query as the driver's own tuples, past the layers that make objects of them."""
    with closing(_cursor(connection, query)) as cursor:
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


Statement = tuple[str, Any]


def text_of(connection: Connection, query: Select[*tuple[Any, ...]]) -> Statement:
    """A query as the driver takes it: its text and its values, both hashable."""
    compiled = query.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    if compiled.positional:
        return str(compiled), tuple(compiled.params[name] for name in compiled.positiontup or [])
    return str(compiled), tuple(sorted(compiled.params.items()))


def fetch_text(connection: Connection, statement: str, values: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - the driver's
    """All rows of what `text_of` made of a query."""
    with closing(_executed(connection, statement, values)) as cursor:
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def fetched_frame(
    connection: Connection,
    query: Select[*tuple[Any, ...]],
    columns: Sequence[tuple[str, str]],
    *,
    plain_texts: bool,
) -> pd.DataFrame:
    """The rows of a query as a frame, see `frame_of_columns`.

    Made so many rows at a time: as Python's own values a whole city's trips need four times the room.
    """
    frames: list[pd.DataFrame] = []
    known: dict[str, dict[str, str]] = {}
    with closing(_cursor(connection, query)) as cursor:
        while values := _fetch_columns(cursor, len(columns)):
            if plain_texts:
                values = [
                    _alike(column, known.setdefault(name, {})) if dtype == "str" else column
                    for (name, dtype), column in zip(columns, values, strict=True)
                ]
            frames.append(frame_of_columns(values, columns, plain_texts=plain_texts))
    if not frames:
        return frame_of_columns([()] * len(columns), columns, plain_texts=plain_texts)
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


def _alike(texts: list[Any], known: dict[str, str]) -> list[Any]:
    """The texts, equal ones as one object where they repeat: a car's name stands in each of its trips."""
    if len(texts) < _FRAMED_ROWS or len(set(texts)) * 2 > len(texts):
        return texts
    return [known.setdefault(text, text) if text else text for text in texts]


def _fetch_columns(cursor: Any, width: int) -> list[list[Any]]:  # noqa: ANN401 - the driver's
    """The next rows by column, none where none are left.

    Turned a few rows at a time: all at once would miss the processor's cache.
    """
    columns: list[list[Any]] = [[] for _ in range(width)]
    for _ in range(_FRAMED_ROWS // _TURNED_ROWS):
        rows = cursor.fetchmany(_TURNED_ROWS)
        for column, values in zip(columns, zip(*rows, strict=True), strict=False):
            column.extend(values)
        if len(rows) < _TURNED_ROWS:
            break
    return columns if columns[0] else []


def _cursor(connection: Connection, query: Select[*tuple[Any, ...]]) -> Any:  # noqa: ANN401 - the driver's
    return _executed(connection, *text_of(connection, query))


def _executed(connection: Connection, statement: str, values: Any) -> Any:  # noqa: ANN401 - the driver's
    raw: Any = connection.connection.driver_connection
    if is_postgresql(connection):
        cursor = raw.cursor(binary=True)
        cursor.execute(statement, dict(values))
    else:
        cursor = raw.cursor()
        cursor.execute(statement, values)
    return cursor
