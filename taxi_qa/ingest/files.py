"""Any record file, opened: its format is told from its bytes, its rows come in blocks of bounded size."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from taxi_qa.ingest.blocks import Table
from taxi_qa.ingest.containers import Progress, Unpacked, Wrapping, wrapping_of
from taxi_qa.ingest.delimited import read_delimited
from taxi_qa.ingest.geojson import MAX_GEOJSON_BYTES, is_geojson, read_geojson
from taxi_qa.ingest.jsonlines import read_json_lines
from taxi_qa.ingest.parquet import read_parquet
from taxi_qa.ingest.refusal import Refused
from taxi_qa.ingest.spreadsheets import read_spreadsheet
from taxi_qa.ingest.text import Encoding, Lines, encoding_of, lines_of

# What a folder's files may end in to be taken for record files.
SUFFIXES: Final = (
    ".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".geojson", ".json", ".parquet", ".xlsx",
)  # fmt: skip


@dataclass(frozen=True)
class Opened:
    """An opened file.

    Attributes:
        table: its header and rows.
        wrapping: what the bytes were wrapped in.
        encoding: of a text file, else "utf-8".
    """

    table: Table
    wrapping: Wrapping
    encoding: Encoding


def open_table(path: Path, known: Callable[[str], bool], progress: Progress | None = None) -> Opened:
    """Open a record file of any format.

    Args:
        path: the file.
        known: whether a name is that of a column of some kind.
        progress: told the bytes of the file read so far.

    Raises:
        Refused: it cannot be read as a table (also while its blocks are read: some damage is found late).
    """
    wrapping = wrapping_of(path)
    if wrapping == "parquet":
        return Opened(read_parquet(path, progress), wrapping, "utf-8")
    if wrapping == "xlsx":
        return Opened(read_spreadsheet(path, known, progress), wrapping, "utf-8")
    encoding = encoding_of(Unpacked(path, wrapping))
    return Opened(_text_table(Unpacked(path, wrapping, progress), encoding, known), wrapping, encoding)


def _text_table(source: Unpacked, encoding: Encoding, known: Callable[[str], bool]) -> Table:
    lines = lines_of(source, encoding)
    first = next(lines, None)
    if first is None:
        raise Refused("the file is empty; expected a header line and rows")
    beginning = "\n".join(first.texts).lstrip()
    if beginning.startswith("{"):
        if is_geojson(beginning):
            return read_geojson(_whole(first, lines))
        return read_json_lines(_chained(first, lines))
    if beginning.startswith("["):
        raise Refused("this is a JSON list; expected JSON Lines: one object {…} a line")
    return read_delimited(_chained(first, lines), known)


def _chained(first: Lines, rest: Iterator[Lines]) -> Iterator[Lines]:
    yield first
    yield from rest


def _whole(first: Lines, rest: Iterator[Lines]) -> str:
    texts: list[str] = []
    size = 0
    for lines in _chained(first, rest):
        if lines.bad:
            index, (reason, _) = next(iter(lines.bad.items()))
            raise Refused(f"line {lines.first + index} of the GeoJSON cannot be read: {reason}")
        texts += lines.texts
        size += sum(map(len, lines.texts))
        if size > MAX_GEOJSON_BYTES:
            raise Refused(f"the GeoJSON is longer than {MAX_GEOJSON_BYTES >> 20} MiB; split it by zone")
    return "\n".join(texts)
