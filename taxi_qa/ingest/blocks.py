"""The shape in which every format hands over its rows: columns of text, a block at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from taxi_qa.ingest.refusal import RefusedRow

Int64s = npt.NDArray[np.int64]
RawOf = Callable[[int], str]

# Rows of a block where a format lets us choose; some twenty columns of text of this length are about 50 MB.
BLOCK_ROWS: Final = 20_000


@dataclass(frozen=True)
class Block:
    """Some rows of a file, in order.

    Attributes:
        header: the file's own names, one a column.
        columns: text of every cell, null where nothing was given; all of one length.
        row: the line of the file each row begins on, from 1, the header included.
        record: the number of each data row, from 1.
        raw: gives the raw text of the row at an index.
        refused: rows of this stretch of the file that could not be read at all.
    """

    header: tuple[str, ...]
    columns: Sequence[Any]
    row: Int64s
    record: Int64s
    raw: RawOf
    refused: Sequence[RefusedRow] = ()

    def __len__(self) -> int:
        """The number of rows that could be read."""
        return int(self.row.size)


@dataclass(frozen=True)
class Table:
    """A file opened for reading.

    Attributes:
        format: "csv", "jsonl", "parquet", "xlsx" or "geojson".
        header: the names that tell which kind of record it holds.
        header_text: the header as it stood in the file, for a second try of single rows.
        blocks: the rows.
        notes: what a person should know about the reading.
        delimiter: what stands between the fields of a CSV.
    """

    format: str
    header: tuple[str, ...]
    header_text: str
    blocks: Iterator[Block]
    notes: list[str] = field(default_factory=list)
    delimiter: str = ""


def text_column(values: Sequence[str | None]) -> Any:  # noqa: ANN401  (pyarrow has no types)
    """A column of text."""
    return pa.array(values, type=pa.large_string())
