"""Files of positions by the fast way: blocks of a CSV or Parquet file into the store's segments.

The fast way accepts a row only where every field is unambiguously good by the record formats; the rows it
does not accept go to the careful reader (`slow`), which knows them by their raw bytes (CSV) or cells
(Parquet), and come back as positions or refusals. Good and mended rows of a block are put together again
in file order before they are spilled, so "the later row counts" means the later row of the file.

Work is done by threads: the compiled passes and Parquet's reader and writer leave the interpreter alone.
"""

import gzip
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from taxi_qa.ingest.position_bytes import PADDING
from taxi_qa.ingest.position_cells import layout, parse_cells, row_group_batches
from taxi_qa.ingest.position_lines import Unsplittable as Unsplittable  # noqa: PLC0414 - raised from here
from taxi_qa.ingest.position_lines import parse_lines
from taxi_qa.store.merging import merge_all
from taxi_qa.store.raw_fixes import Int64s, RawFixes, joined
from taxi_qa.store.spill import SpillFile, spill
from taxi_qa.store.tracks import Existing, MergedSegment
from taxi_qa.values.place import Datum

BLOCK_BYTES: Final = 8 << 20
# A block grows until it holds a line end, but not beyond this.
_MOST_BYTES: Final = 64 << 20
# Spill files of one row group are numbered in steps: a group has fewer batches than this.
_BATCHES: Final = 1_000_000


@dataclass(frozen=True)
class Plan:
    """What is known of a file before its rows are read. Made by `plan_csv` and `plan_parquet`."""

    path: Path
    format: Literal["csv", "parquet"]
    zone: str
    datum: Datum
    fields: tuple[str | None, ...] = ()
    data_start: int = 0
    header_lines: int = 1
    delimiter: str = ","
    encoding: str = "utf-8"
    gzipped: bool = False
    columns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Irregular:
    """Rows of one block that the fast way does not accept, in file order.

    Attributes:
        plan: of the file.
        raw: CSV: one record each, undecoded, without its line end; empty for Parquet.
        table: Parquet: these rows with all columns of the file that mean something; None for CSV.
    """

    plan: Plan
    raw: tuple[bytes, ...] = ()
    table: Any = None

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.raw) if self.table is None else int(self.table.num_rows)


@dataclass(frozen=True)
class Mended:
    """What the careful reader made of irregular rows.

    Attributes:
        fixes: the good ones, `raw_fixes.raw_from_frame` makes them of a checked frame.
        at: index into the irregular rows of each of `fixes`, rising.
        refused: columns at (index into the irregular rows), column, reason, raw.
    """

    fixes: RawFixes
    at: Int64s
    refused: pd.DataFrame


@dataclass(frozen=True)
class Taken:
    """What a file came to.

    Attributes:
        segments: for `Delivery.add_positions`; their counts add up to the rows taken.
        rows: data rows of the file.
        refused: of them, refused.
        irregular: of them, read by the careful reader.
    """

    segments: list[MergedSegment]
    rows: int
    refused: int
    irregular: int


def plan_csv(  # noqa: PLR0913 - a delimited file has so many sides
    path: Path, *, fields: Sequence[str | None], data_start: int, zone: str, datum: Datum = "wgs84",
    header_lines: int = 1, delimiter: str = ",", encoding: str = "utf-8", gzipped: bool = False,
) -> Plan:  # fmt: skip
    """The plan of a delimited file.

    Args:
        path: the file.
        fields: for every field of the header the outside column it means (`POSITIONS`), None where none.
        data_start: offset of the first byte after the header line, byte order mark included (of the
            unpacked bytes where the file is packed).
        zone: of times without an offset.
        datum: of rows that do not say.
        header_lines: lines before the first data row.
        delimiter: one ASCII character.
        encoding: "utf-8" or "gb18030"; in both no byte of a longer character is a delimiter, quote or line
            end.
        gzipped: whether the file is packed.
    """
    return Plan(
        path, "csv", zone, datum, tuple(fields), data_start, header_lines, delimiter, encoding, gzipped
    )


def plan_parquet(path: Path, *, columns: Mapping[str, str], zone: str, datum: Datum = "wgs84") -> Plan:
    """The plan of a Parquet file.

    Args:
        path: the file.
        columns: outside column -> column of the file.
        zone: of times without a zone.
        datum: of rows that do not say.
    """
    return Plan(path, "parquet", zone, datum, columns=tuple(columns.items()))


@dataclass(frozen=True)
class Block:
    """A stretch of a file: whole lines of a CSV (then PADDING zero bytes), or a row group of Parquet."""

    number: int
    data: npt.NDArray[np.uint8] | None = None
    size: int = 0
    group: int = 0


@dataclass(frozen=True)
class Parsed:
    """A block (or a batch of a row group) read.

    Attributes:
        fixes: the accepted rows.
        at: the record of each of them, counted from 0 in the block.
        line_at: the line of every record of the block, counted from 0 in the block.
        lines: lines of the block.
        irregular: the other rows.
        irregular_at: the record of each of them.
    """

    fixes: RawFixes
    at: Int64s
    line_at: Int64s
    lines: int
    irregular: Irregular
    irregular_at: Int64s


def read_blocks(plan: Plan) -> Iterator[Block]:
    """The blocks of a file, in order.

    Raises:
        Unsplittable: a line is longer than a block may be.
    """
    if plan.format == "parquet":
        for group in range(layout(plan.path)[0]):
            yield Block(group, group=group)
        return
    with plan.path.open("rb") as plain:
        source: IO[bytes] = gzip.GzipFile(fileobj=plain) if plan.gzipped else plain  # type: ignore[assignment]
        source.seek(plan.data_start)
        held = b""
        number = 0
        while True:
            size = max(BLOCK_BYTES, len(held) + BLOCK_BYTES // 2)
            data = np.empty(size + 1 + PADDING, dtype=np.uint8)
            view = memoryview(data.data)
            view[: len(held)] = held
            filled = len(held)
            while filled < size and (got := source.readinto(view[filled:size])):  # type: ignore[attr-defined]
                filled += got
            at_end = filled < size
            if at_end:
                cut = filled
                if filled and data[filled - 1] != ord("\n"):
                    data[filled] = ord("\n")
                    cut = filled = filled + 1
            else:
                cut = _after_last_line(data, filled)
            if cut:
                held = bytes(view[cut:filled])
                data[cut : cut + PADDING] = 0
                yield Block(number, data, cut)
                number += 1
            else:
                held = bytes(view[:filled])
                if len(held) > _MOST_BYTES:
                    raise Unsplittable(f"{plan.path.name}: a line is longer than {_MOST_BYTES >> 20} MiB")
            if at_end:
                return


def _after_last_line(data: npt.NDArray[np.uint8], filled: int) -> int:
    """The byte after the last line end; 0 where there is none."""
    look = 1 << 16
    stop = filled
    while stop > 0:
        start = max(0, stop - look)
        ends = np.flatnonzero(data[start:stop] == ord("\n"))
        if ends.size:
            return start + int(ends[-1]) + 1
        stop = start
    return 0


def parse_block(block: Block, plan: Plan) -> Iterator[Parsed]:
    """Reads a block: one part for CSV, one a batch for a row group of Parquet.

    Raises:
        Unsplittable: the lines of a CSV cannot be told apart without reading quotes.
    """
    if block.data is not None:
        fixes, at, line_at, lines, raw, raw_at = parse_lines(
            block.data, block.size, plan.fields, plan.delimiter, plan.encoding, plan.zone, plan.datum
        )
        yield Parsed(fixes, at, line_at, lines, Irregular(plan, raw), raw_at)
        return
    for batch in row_group_batches(plan.path, block.group, [name for _, name in plan.columns]):
        fixes, good = parse_cells(batch, dict(plan.columns), plan.zone, plan.datum)
        n = batch.num_rows
        odd = np.flatnonzero(~good)
        table = pa.Table.from_batches([batch]).take(pa.array(odd)) if odd.size else None
        yield Parsed(
            fixes, np.flatnonzero(good), np.arange(n), n, Irregular(plan, table=table), odd
        )  # fmt: skip


@dataclass(frozen=True)
class _Done:
    """What became of a block: its spill files, and what the count of rows needs."""

    spills: tuple[SpillFile, ...]
    lines: int
    records: int
    irregular: int
    refused: pd.DataFrame


def ingest_positions(  # noqa: PLR0913 - the seam: what the file is, where it goes, who answers
    plan: Plan,
    folder: Path,
    *,
    buckets: int,
    source: str,
    existing: Callable[[int, int], Existing],
    slow: Callable[[Irregular], Mended],
    on_refused: Callable[[pd.DataFrame], None],
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Taken:
    """Takes a file of positions: reads, spills, sorts and writes its segments under temporary names.

    Args:
        plan: of the file.
        folder: the delivery's staging folder, empty; spill files are gone from it afterwards.
        buckets: of the home.
        source: SHA-256 of the file, hexadecimal.
        existing: the committed segments of (day, bucket); called in the calling thread only.
        slow: the careful reader; called in worker threads, several at once.
        on_refused: told the refused rows (columns row, record, column, reason, raw) in file order, in the
            calling thread.
        workers: threads; by default one a core, at most four (each holds some 60 MB).
        progress: told (steps done, steps in all), a step being a block or a partition; the sum may grow.

    Raises:
        Unsplittable: the file must be read whole by the careful reader; nothing is left in `folder`.
    """
    workers = workers or min(os.cpu_count() or 1, 4)
    spills: list[SpillFile] = []
    line, record, refused, irregular = plan.header_lines, 0, 0, 0
    expected = _expected_blocks(plan)
    try:
        for done, one in enumerate(_in_order(plan, folder, buckets, slow, workers), 1):
            spills += one.spills
            if len(one.refused):
                on_refused(_numbered(one.refused, line, record))
            refused += len(one.refused)
            irregular += one.irregular
            line += one.lines
            record += one.records
            if progress:
                progress(done, max(expected, done))
        segments = merge_all(
            spills, folder, source=source, existing=existing, workers=workers,
            progress=progress and (lambda done, of: progress(expected + done, expected + of)),
        )  # fmt: skip
    finally:
        for path in folder.glob("*.spill"):
            path.unlink()
    return Taken(segments, record, refused, irregular)


def _expected_blocks(plan: Plan) -> int:
    if plan.format == "parquet":
        return layout(plan.path)[0]
    # Text packs some five to one.
    return max(1, plan.path.stat().st_size * (5 if plan.gzipped else 1) // BLOCK_BYTES)


def _in_order(
    plan: Plan, folder: Path, buckets: int, slow: Callable[[Irregular], Mended], workers: int
) -> Iterator[_Done]:
    """The blocks' outcomes in file order; at most one block more than workers is held."""
    waiting: deque[Future[_Done]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for block in read_blocks(plan):
                waiting.append(pool.submit(_block_done, block, plan, folder, buckets, slow))
                del block
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _block_done(
    block: Block, plan: Plan, folder: Path, buckets: int, slow: Callable[[Irregular], Mended]
) -> _Done:
    spills, frames = [], []
    lines = records = irregular = 0
    for batch, part in enumerate(parse_block(block, plan)):
        fixes = part.fixes
        if part.irregular_at.size:
            mended = slow(part.irregular)
            fixes = joined(fixes, part.at, mended.fixes, part.irregular_at[mended.at])
            at = part.irregular_at[mended.refused["at"].to_numpy(dtype=np.int64)]
            frames.append(mended.refused.assign(row=part.line_at[at] + lines, record=at + records))
        if len(fixes):
            spills.append(
                spill(fixes, folder, order=block.number * _BATCHES + batch, zone=plan.zone, buckets=buckets)
            )
        lines += part.lines
        records += part.line_at.size
        irregular += part.irregular_at.size
    refused = pd.concat(frames) if frames else pd.DataFrame()
    return _Done(tuple(spills), lines, records, irregular, refused)


def _numbered(refused: pd.DataFrame, line: int, record: int) -> pd.DataFrame:
    """Refusals with the file's own numbers: lines and records count from 1."""
    frame = refused.assign(row=refused["row"] + line + 1, record=refused["record"] + record + 1)
    return frame[["row", "record", "column", "reason", "raw"]].reset_index(drop=True)
