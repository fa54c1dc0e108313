"""Columns of a frame as lists of plain Python values, and the digest of a row's content."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from taxi_qa.records.column import Kind

_DIGEST_BYTES: Final = 8
_NAME_END: Final = "\x1f"
_VALUE_END: Final = "\x1e"


def plain_values(series: "pd.Series[Any]", dtype: str) -> list[Any]:
    """The values as int, float, bool or str; None where missing (an empty text is missing, too).

    Args:
        series: values that fit the dtype.
        dtype: Int64, float64, boolean or str.
    """
    array: Any = series.array if series.dtype == dtype else pd.array(series, dtype=dtype)  # type: ignore[call-overload]
    if dtype == "float64":
        return [None if value != value else value for value in np.asarray(array).tolist()]  # noqa: PLR0124
    values: list[Any] = array.to_numpy(dtype=object, na_value=None).tolist()
    return [value or None for value in values] if dtype == "str" else values


def plain_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a frame as dicts of plain values, None where missing; an empty text stays one."""
    columns = [_plain(frame[name]) for name in frame.columns]
    names = [str(name) for name in frame.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain(series: "pd.Series[Any]") -> list[Any]:
    array: Any = series.array
    if isinstance(series.dtype, pd.api.extensions.ExtensionDtype):
        found: list[Any] = array.to_numpy(dtype=object, na_value=None).tolist()
        return found
    values: list[Any] = series.tolist()
    return [None if value is None or value is pd.NA or value != value else value for value in values]  # noqa: PLR0124 - not a number


def plain_columns(kind: Kind, frame: pd.DataFrame) -> dict[str, list[Any]]:
    """Every inside column of the kind, missing ones as None throughout."""
    nothing: list[Any] = [None] * len(frame)
    return {
        column.inside: plain_values(frame[column.inside], column.dtype) if column.inside in frame else nothing
        for column in kind.columns
    }


def row_digests(columns: Mapping[str, Sequence[Any]]) -> list[int]:
    """A 64-bit digest of each row's content.

    Made of the names and values that are there, in the order of the names: neither the order of a
    file's columns nor a column that a later version adds changes the digest of what was sent.
    It only ever tells versions of one key apart, for which 64 bits are plenty.
    """
    parts = []
    for name in sorted(columns):
        values = columns[name]
        if any(value is not None for value in values):
            head = name + _NAME_END
            parts.append(["" if value is None else f"{head}{value!r}{_VALUE_END}" for value in values])
    blake2b, from_bytes = hashlib.blake2b, int.from_bytes
    return [
        from_bytes(blake2b("".join(row).encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest(),
                   "big", signed=True)
        for row in zip(*parts, strict=True)
    ]  # fmt: skip
