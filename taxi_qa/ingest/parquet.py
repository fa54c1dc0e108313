"""Parquet: typed columns become the texts they stand for, so that one door checks every format."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from taxi_qa.ingest.blocks import BLOCK_ROWS, Block, Int64s, RawOf, Table, text_column
from taxi_qa.ingest.containers import Progress
from taxi_qa.ingest.refusal import Refused

# Up to here a float holds every whole number.
_EXACT_BELOW: Final = float(1 << 53)
DAMAGED: Final = "the Parquet file is cut short or damaged; send it again (nothing of it was taken)"


def read_parquet(path: Path, progress: Progress | None = None) -> Table:
    """The table in a Parquet file.

    Raises:
        Refused: the file cannot be read.
    """
    try:
        file = pq.ParquetFile(path, memory_map=False, buffer_size=1 << 20, pre_buffer=False)
    except (pa.ArrowException, OSError, ValueError):
        raise Refused(DAMAGED) from None
    names = tuple(str(name) for name in file.schema_arrow.names)
    size = path.stat().st_size
    return Table("parquet", names, "", _blocks(file, names, size, progress))


def _blocks(
    file: pq.ParquetFile, names: tuple[str, ...], size: int, progress: Progress | None
) -> Iterator[Block]:
    total = max(file.metadata.num_rows, 1)
    done = 0
    batches = file.iter_batches(batch_size=BLOCK_ROWS, use_threads=False)
    while True:
        try:
            batch = next(batches, None)
            if batch is None:
                return
            columns = [texts_of(column) for column in batch.columns]
        except (pa.ArrowException, OSError, ValueError):
            raise Refused(DAMAGED) from None
        record: Int64s = np.arange(done + 1, done + len(batch) + 1, dtype=np.int64)
        done += len(batch)
        yield Block(names, columns, record + 1, record, raw_of(names, columns))
        if progress is not None:
            progress(size * done // total)


def raw_of(names: tuple[str, ...], columns: list[Any]) -> RawOf:
    """The raw text of a row: a JSON object of its cells."""

    def raw(index: int) -> str:
        cells = zip(names, (column[index].as_py() for column in columns), strict=True)
        return json.dumps(dict(cells), ensure_ascii=False)

    return raw


def texts_of(column: Any) -> Any:  # noqa: ANN401  (pyarrow has no types)
    """A column's cells as text: whole floats without `.0`, instants in UTC with Z, nested values as JSON."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.large_string())
    if pa.types.is_floating(kind):
        return _float_texts(column.cast(pa.float64()), single=not pa.types.is_float64(kind), source=column)
    if pa.types.is_timestamp(kind):
        return _moment_texts(column)
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_date32(kind):
        return column.cast(pa.large_string())
    if (
        pa.types.is_decimal(kind)
        or pa.types.is_date64(kind)
        or pa.types.is_time(kind)
        or pa.types.is_null(kind)
    ):
        return column.cast(pa.string()).cast(pa.large_string())
    return text_column([_nested_text(value) for value in column.to_pylist()])


def _float_texts(values: Any, *, single: bool, source: Any) -> Any:  # noqa: ANN401
    # A 32-bit 12.3 is 12.300000190734863 in 64 bits: its own shortest text is what was meant.
    texts = (source if single else values).cast(pa.string()).cast(pa.large_string())
    array = values.to_numpy(zero_copy_only=False)
    with np.errstate(invalid="ignore"):
        whole = (array == np.floor(array)) & (np.abs(array) < _EXACT_BELOW)
    if not whole.any():
        return texts
    integers = pa.array(np.where(whole, array, 0).astype(np.int64)).cast(pa.large_string())
    return pc.if_else(pc.and_(pa.array(whole), values.is_valid()), integers, texts)


def _moment_texts(column: Any) -> Any:  # noqa: ANN401
    zoned = column.type.tz is not None
    whole = column.cast(pa.timestamp("us", "UTC" if zoned else None), safe=False)
    texts = pc.strftime(whole, format="%Y-%m-%dT%H:%M:%S" + ("Z" if zoned else ""))
    return texts.cast(pa.large_string())


def _nested_text(value: Any) -> str | None:  # noqa: ANN401
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, list) and all(isinstance(pair, tuple) for pair in value):
        value = dict(value)  # a Parquet map
    return json.dumps(value, ensure_ascii=False, default=str)
