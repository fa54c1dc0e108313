"""The shape everything that is judged has: rows as plain columns, with their name, whose, when and where.

Columns are numpy arrays of one length, nothing else: what is missing is NaN in a number and "" in a text.
A frame would cost more than the judging itself, and grows by itself where an array would complain.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.facts.given import Given, looked_up, words

# Numbers, truths or texts (object); which of them a column holds is its own business.
Values = npt.NDArray[Any]
Texts = npt.NDArray[np.object_]

# What every unit carries; `subject` is what the act itself is called and makes the finding's lasting key;
# `missing` names an input without which no rule can judge the unit, "" where there is all it needs.
UNIT_COLUMNS: Final = (
    "subject",
    "vehicle_id",
    "driver_id",
    "company_id",
    "trip_id",
    "start_ms",
    "end_ms",
    "lon",
    "lat",
    "missing",
)


@dataclass(frozen=True)
class Units:
    """Rows of one unit.

    Attributes:
        columns: name -> values, all of one length, nobody writes into them.
    """

    columns: Mapping[str, Values]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.columns.values()), ()))

    def __getitem__(self, name: str) -> Values:
        """One column.

        Raises:
            KeyError: there is no such column.
        """
        return self.columns[name]

    def __contains__(self, name: object) -> bool:
        """Whether there is such a column."""
        return name in self.columns

    def __iter__(self) -> Iterator[str]:
        """The names of the columns."""
        return iter(self.columns)

    def some(self, *names: str) -> dict[str, Values]:
        """Only these columns."""
        return {name: self.columns[name] for name in names}

    def but(self, columns: Mapping[str, Values]) -> "Units":
        """The same with these columns added or put in place of those of their names."""
        return Units({**self.columns, **columns})

    def cut(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> "Units":
        """Only these rows."""
        return Units({name: values[rows] for name, values in self.columns.items()})

    def frame(self) -> pd.DataFrame:
        """The same for people and files."""
        return pd.DataFrame({name: as_it_is(values) for name, values in self.columns.items()})


def units_of(frame: pd.DataFrame) -> Units:
    """A frame as units: nullable numbers become floats, missing texts ""."""
    return Units({str(name): _plain(frame[name]) for name in frame})


def stacked_units(parts: Sequence[Units]) -> Units:
    """Several units of the same columns as one; at least one."""
    first = parts[0]
    if len(parts) == 1:
        return first
    return Units({name: np.concatenate([part[name] for part in parts]) for name in first})


def _plain(column: "pd.Series[Any]") -> Values:
    values = column.to_numpy()
    if isinstance(column.dtype, np.dtype) and column.dtype != object:
        return values
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    return words(column)


def whole(values: npt.NDArray[np.float64]) -> Texts:
    """Whole numbers that may be missing, for evidence: int, or None where NaN."""
    return np.array([None if np.isnan(value) else int(value) for value in values], dtype=object)


def unit_rows(given: Given, columns: Mapping[str, Values]) -> Units:
    """Units; what is not given is empty, the company comes from the register of vehicles.

    Args:
        given: the records (for the register).
        columns: at least subject, vehicle_id, start_ms and end_ms, all of one length.
    """
    n = len(columns["subject"])
    defaults: dict[str, Values] = {
        "driver_id": np.full(n, "", dtype=object),
        "company_id": company_of(given, columns["vehicle_id"]),
        "trip_id": np.full(n, "", dtype=object),
        "lon": np.full(n, np.nan),
        "lat": np.full(n, np.nan),
        "missing": np.full(n, "", dtype=object),
    }
    all_columns = {**defaults, **columns}
    return Units({**{name: all_columns[name] for name in UNIT_COLUMNS}, **all_columns})


def car_rows(vehicle_id: Texts, company_id: "pd.Series[str]", from_ms: int, to_ms: int) -> Units:
    """One row a car for a whole span: no driver, no trip, no place; `subject` is the car until it is named.

    Args:
        vehicle_id: the cars.
        company_id: theirs.
        from_ms, to_ms: the span; a row ends a millisecond before `to_ms`.
    """
    n = vehicle_id.size
    nothing: Values = np.full(n, "", dtype=object)
    rows: dict[str, Values] = {
        "subject": vehicle_id,
        "vehicle_id": vehicle_id,
        "driver_id": nothing,
        "company_id": words(company_id),
        "trip_id": nothing,
        "start_ms": np.full(n, from_ms, dtype=np.int64),
        "end_ms": np.full(n, to_ms - 1, dtype=np.int64),
        "lon": np.full(n, np.nan),
        "lat": np.full(n, np.nan),
        "missing": nothing,
    }
    return Units(rows)


def as_it_is(values: Values) -> "Values | pd.Series[Any]":
    """Texts as objects: pandas would make Arrow strings of them, and every reader objects again."""
    return pd.Series(values, dtype=object, copy=False) if values.dtype == object else values


def company_of(given: Given, vehicle_id: Values) -> Texts:
    """The company of each vehicle by the register, "" where the register does not know it."""
    known = given.once("companies", _companies)
    return looked_up(vehicle_id, lambda name: known.get(name, ""), object)


def _companies(given: Given) -> dict[str, str]:
    register = given.tables["vehicles"]
    return dict(zip(words(register["vehicle_id"]), words(register["company_id"]), strict=True))


def named_subject(vehicle_id: Values, start_ms: npt.NDArray[np.int64]) -> Texts:
    """The name of an act that has no id of its own: the vehicle and the moment it began."""
    return np.array(
        [f"{v}@{s}" for v, s in zip(vehicle_id.tolist(), start_ms.tolist(), strict=True)], dtype=object
    )
