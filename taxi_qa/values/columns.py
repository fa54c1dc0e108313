"""Rows as plain columns: numpy arrays of one length, nothing else; what is missing is NaN or "".

What is judged travels so. A frame would cost more than the judging itself, and grows by itself where an
array would complain.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

# Numbers, truths or texts (object); which of them a column holds is its own business.
Values = npt.NDArray[Any]
Texts = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Columns:
    """Rows as columns.

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

    def but(self, columns: Mapping[str, Values]) -> "Columns":
        """The same with these columns added or put in place of those of their names."""
        return Columns({**self.columns, **columns})

    def cut(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> "Columns":
        """Only these rows."""
        return Columns({name: values[rows] for name, values in self.columns.items()})

    def frame(self) -> pd.DataFrame:
        """The same for people and files."""
        return pd.DataFrame({name: as_it_is(values) for name, values in self.columns.items()})


def columns_of(frame: pd.DataFrame) -> Columns:
    """A frame as columns: nullable numbers become floats, missing texts ""."""
    return Columns({str(name): _plain(frame[name]) for name in frame})


def runs_of(values: Values) -> npt.NDArray[np.int64]:
    """The first row of each run of equal neighbours, and after them the number of rows."""
    changes = np.flatnonzero(values[1:] != values[:-1]) + 1
    begin = np.zeros(min(values.size, 1), dtype=np.int64)
    return np.concatenate((begin, changes, [values.size])).astype(np.int64)


def stacked_columns(parts: Sequence[Columns]) -> Columns:
    """Several of the same columns as one; at least one."""
    first = parts[0]
    if len(parts) == 1:
        return first
    return Columns({name: np.concatenate([part[name] for part in parts]) for name in first})


def _plain(column: "pd.Series[Any]") -> Values:
    values = column.to_numpy()
    if isinstance(column.dtype, np.dtype) and column.dtype != object:
        return values
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.asarray(column.to_numpy(dtype=object, na_value=""), dtype=object)


def as_it_is(values: Values) -> "Values | pd.Series[Any]":
    """Texts as objects: pandas would make Arrow strings of them, and every reader objects again."""
    return pd.Series(values, dtype=object, copy=False) if values.dtype == object else values
