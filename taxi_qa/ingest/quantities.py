"""Text becomes numbers: exact where money is meant, and never silently something else.

A float's own text is forgiven (12.299999999999999 is 12.30: files are written by programs); a third
decimal that was meant is not.
"""

import unicodedata
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from taxi_qa.records.column import Column
from taxi_qa.values.money import FEN_PER_YUAN

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

M_PER_KM: Final = 1000
# How far from a whole fen a sum of floats may lie; a tenth of a fen is 1e5 times as far.
_FEN_SLACK: Final = 1e-6

_NUMBER: Final = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
# Past these a number is out of range anyway; they keep the sums below within 64 bits.
_MOST: Final = 1e12
_MOST_WHOLE: Final = 1e15

# How programs write "nothing" into a column of numbers or times.
_NOTHING: Final = ("null", "NULL", "Null", "NaN", "nan", "NAN", "None", "none", "\\N", "NaT", "<NA>")


@dataclass(frozen=True)
class Converted:
    """A column as it is kept inside.

    Attributes:
        data: int64, float64, bool, or a pyarrow text column; anything where not given.
        given: where there is a value.
        faults: masks of rows refused, each with its reason; the first that holds counts.
    """

    data: Any
    given: Bools
    faults: list[tuple[Bools, str]] = field(default_factory=list)


def trimmed(texts: Any) -> Any:  # noqa: ANN401  (pyarrow has no types)
    """Texts without blanks at their ends; null where nothing is left."""
    cut = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.equal(cut, ""), pa.scalar(None, cut.type), cut)


def without_nothing(texts: Any) -> Any:  # noqa: ANN401
    """Trimmed texts; null also where a program wrote its word for nothing."""
    cut = trimmed(texts)
    return pc.if_else(pc.is_in(cut, value_set=pa.array(_NOTHING, cut.type)), pa.scalar(None, cut.type), cut)


def mask_of(values: Any) -> Bools:  # noqa: ANN401
    """A pyarrow column of booleans as a mask; null is False."""
    mask: Bools = pc.fill_null(values, fill_value=False).to_numpy(zero_copy_only=False).astype(bool)
    return mask


def replaced(texts: Any, where: Bools, change: "dict[int, str | None]") -> Any:  # noqa: ANN401
    """Texts with those at some places replaced."""
    if not change:
        return texts
    values = np.full(len(texts), None, dtype=object)
    for index, text in change.items():
        values[index] = text
    return pc.if_else(pa.array(where), pa.array(values, type=texts.type, from_pandas=True), texts)


def numbers_of(texts: Any) -> tuple[Floats, Bools, Bools]:  # noqa: ANN401
    """Numbers of texts: (values, given, those that are no finite number)."""
    cut = without_nothing(texts)
    given = cut.is_valid().to_numpy(zero_copy_only=False)
    fits = mask_of(pc.match_substring_regex(cut, _NUMBER))
    odd = given & ~fits
    if odd.any():
        cut = replaced(cut, odd, {int(i): _plain(cut[i].as_py()) for i in np.flatnonzero(odd)})
        fits = mask_of(pc.match_substring_regex(cut, _NUMBER))
    clean = pc.if_else(pa.array(fits), pc.utf8_ltrim(cut, characters="+"), "0")
    try:
        values = clean.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        values = np.array([float(text) for text in clean.to_pylist()])
    finite = np.isfinite(values)
    return np.where(finite, values, 0.0), given, given & ~(fits & finite)


def _plain(text: str) -> str:
    """Full-width digits and signs as plain ones."""
    return unicodedata.normalize("NFKC", text).replace("−", "-").strip()


def convert_number(texts: Any, column: Column) -> Converted:  # noqa: ANN401
    """A column of numbers in the unit it is kept in: fen, metres, whole numbers, or as sent."""
    values, given, wrong = numbers_of(texts)
    faults = [(wrong, "is not a number; expected digits such as 12.30")]
    usable = given & ~wrong
    faults.append((usable & _outside(values, column), f"is out of range: expected {_range_text(column)}"))
    if column.meaning == "yuan":
        fen = np.rint(np.where(np.abs(values) < _MOST, values, 0.0) * FEN_PER_YUAN)
        faults.append(
            (
                usable & (np.abs(values * FEN_PER_YUAN - fen) > _FEN_SLACK),
                "is finer than 0.01; money has two decimals",
            )
        )
        return Converted(fen.astype(np.int64), given, faults)
    if column.meaning == "km":
        metres = np.floor(np.where(np.abs(values) < _MOST, values, 0.0) * M_PER_KM + 0.5)
        return Converted(metres.astype(np.int64), given, faults)
    if column.meaning == "whole":
        whole = np.where(np.abs(values) < _MOST_WHOLE, np.rint(values), 0.0)
        faults.append((usable & (whole != values), "is not a whole number"))
        return Converted(whole.astype(np.int64), given, faults)
    return Converted(values, given, faults)


def _outside(values: Floats, column: Column) -> Bools:
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None else column.high
    outside: Bools = (values < low) | (values > high)
    return outside


def _range_text(column: Column) -> str:
    if column.low is not None and column.high is not None:
        return f"{column.low:,.10g} to {column.high:,.10g}"
    if column.low is not None:
        return f"at least {column.low:,.10g}"
    return "any number" if column.high is None else f"at most {column.high:,.10g}"
