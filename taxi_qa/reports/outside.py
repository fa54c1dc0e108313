"""What is kept inside, in the columns and units of the outside: findings and records as they are exported."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.records.column import Column, Kind
from taxi_qa.reports.export import Cell, Holds
from taxi_qa.store.export import EXPORT_COLUMNS, MISSING, iso_texts
from taxi_qa.values.money import FEN_PER_YUAN

_HELD: Final[dict[str, Holds]] = {
    "lon": "number",
    "lat": "number",
    "measured": "number",
    "allowed": "number",
    "evidence": "json",
    "rule_version": "whole",
}
# The contract of the findings export, in its order.
FINDING_CELLS: Final = tuple(Cell(name, _HELD.get(name, "text")) for name in EXPORT_COLUMNS)
# Stands behind them where the cannot-tell rows are asked for too.
MISSING_CELL: Final = Cell(MISSING)

_M_PER_KM: Final = 1000


def record_cells(kind: Kind) -> tuple[Cell, ...]:
    """The exported columns of a kind of record."""
    return tuple(Cell(column.name, _holds(column)) for column in kind.columns)


def _holds(column: Column) -> Holds:
    if column.meaning == "yuan":
        return "money"
    if column.meaning in ("lon", "lat", "number", "km"):
        return "number"
    if column.meaning in ("whole", "flag"):
        return "whole"
    return "json" if column.meaning == "json" else "text"


def records_outside(frame: pd.DataFrame, kind: Kind, zone: str) -> pd.DataFrame:
    """Records as the library gives them, in the columns and units of the record formats.

    Args:
        frame: rows with the kind's inside columns and dtypes.
        kind: the kind.
        zone: the city's time zone, whose offset the times carry.
    """
    outside = {column.name: _outside(frame[column.inside], column, zone) for column in kind.columns}
    return pd.DataFrame(outside, index=frame.index)


def _outside(inside: pd.Series, column: Column, zone: str) -> pd.Series:
    if column.meaning == "time":
        return _written(inside, lambda instants: iso_texts(instants, zone))
    if column.meaning == "date":
        return _written(inside, lambda days: np.datetime_as_string(days.astype("datetime64[D]")))
    if column.meaning == "yuan":
        return inside.astype("Float64") / FEN_PER_YUAN
    if column.meaning == "km":
        return inside.astype("Float64") / _M_PER_KM
    return inside.astype("Int64") if column.meaning == "flag" else inside


def _written(inside: pd.Series, write: Callable[[npt.NDArray[np.int64]], Any]) -> pd.Series:
    """Whole numbers as text; missing stays missing."""
    known = inside.notna().to_numpy()
    text = np.full(len(inside), None, dtype=object)
    if known.any():
        text[known] = write(inside[known].to_numpy(dtype=np.int64))
    return pd.Series(text, index=inside.index, dtype="str")


def fact_cells(frame: pd.DataFrame) -> tuple[Cell, ...]:
    """The exported columns of a frame of facts: instants lose their `_ms`, for they are written as times."""
    return tuple(Cell(name.removesuffix("_ms"), _fact_holds(name, frame[name])) for name in frame.columns)


def _fact_holds(name: str, values: pd.Series) -> Holds:
    if name.endswith("_ms") or not pd.api.types.is_numeric_dtype(values):
        return "text"
    return (
        "whole" if pd.api.types.is_integer_dtype(values) or pd.api.types.is_bool_dtype(values) else "number"
    )


def facts_outside(frame: pd.DataFrame, zone: str) -> pd.DataFrame:
    """Facts with their instants as ISO 8601 and their truth values as 0 and 1; units stay as named.

    Args:
        frame: a unit or fact of `facts.units`.
        zone: the city's time zone, whose offset the times carry.
    """
    columns = {}
    for name in frame.columns:
        values = frame[name]
        if name.endswith("_ms"):
            columns[name.removesuffix("_ms")] = _written(values, lambda instants: iso_texts(instants, zone))
        else:
            columns[name] = values.astype("Int64") if pd.api.types.is_bool_dtype(values) else values
    return pd.DataFrame(columns, index=frame.index)
