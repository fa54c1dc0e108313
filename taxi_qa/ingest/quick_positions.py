"""Which files of positions go the fast way, and the door's answer for the rows it leaves over."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from taxi_qa.ingest.blocks import Block
from taxi_qa.ingest.columns import Checked, Door, check_block
from taxi_qa.ingest.containers import Unpacked
from taxi_qa.ingest.delimited import each_by_itself
from taxi_qa.ingest.fast_positions import Irregular, Mended, Plan, ingest_positions, plan_csv, plan_parquet
from taxi_qa.ingest.files import Opened
from taxi_qa.ingest.headers import Layout, layout_of
from taxi_qa.ingest.parquet import DAMAGED, raw_of, texts_of
from taxi_qa.ingest.refusal import Refused
from taxi_qa.ingest.text import Lines, bytes_of_lines, is_utf16, lines_of_rows
from taxi_qa.records.kinds import POSITIONS
from taxi_qa.store.home import Home
from taxi_qa.store.inbox import Delivery
from taxi_qa.store.library import existing_segments
from taxi_qa.store.raw_fixes import raw_from_frame


@dataclass(frozen=True)
class Quick:
    """A file of positions that can go the fast way.

    Attributes:
        plan: for the fast way.
        opened: the file as the careful reader sees it.
        layout: where the columns stand in it.
        door: zone, moment, datum.
    """

    plan: Plan
    opened: Opened
    layout: Layout
    door: Door


def quick_plan(path: Path, opened: Opened, door: Door) -> Quick | None:
    """The plan for a file of positions; None where only the careful reader can read it.

    Raises:
        Refused: the header names a column twice.
    """
    table = opened.table
    layout = layout_of(table.header, POSITIONS)
    if table.format == "parquet":
        columns = {column.name: table.header[index] for index, column in layout.places.items()}
        plan = plan_parquet(path, columns=columns, zone=door.zone, datum=door.datum)
        return Quick(plan, opened, layout, door)
    source = Unpacked(path, opened.wrapping)
    if table.format != "csv" or is_utf16(source):
        return None
    lines = table.header_text.count("\n") + 1
    places = layout.places
    fields = [places[index].name if index in places else None for index in range(len(table.header))]
    plan = plan_csv(
        path, fields=fields, data_start=bytes_of_lines(source, lines), zone=door.zone, datum=door.datum,
        header_lines=lines, delimiter=table.delimiter, encoding=opened.encoding,
        gzipped=opened.wrapping == "gzip",
    )  # fmt: skip
    return Quick(plan, opened, layout, door)


def deliver_quickly(
    home: Home, delivery: Delivery, quick: Quick, folder: Path, source: str, workers: int | None,
    progress: Callable[[int, int], None] | None,
) -> None:  # fmt: skip
    """Take a file of positions into a delivery by the fast way.

    Raises:
        Unsplittable: only the careful reader can read it; the delivery must be abandoned.
        Refused: the file is damaged.
    """
    try:
        taken = ingest_positions(
            quick.plan, folder, buckets=home.buckets, source=source, workers=workers, progress=progress,
            existing=lambda day, bucket: existing_segments(home, day, bucket),
            slow=lambda irregular: mended(irregular, quick), on_refused=delivery.refuse,
        )  # fmt: skip
    except pa.ArrowException:
        raise Refused(DAMAGED) from None
    except OSError as error:
        # pyarrow tells of broken pages by an OSError without a number; a full disk has one.
        if error.errno is None and quick.plan.format == "parquet":
            raise Refused(DAMAGED) from None
        raise
    delivery.add_positions(taken.segments)


def mended(irregular: Irregular, quick: Quick) -> Mended:
    """What the door makes of rows the fast way does not accept."""
    block = _block(irregular, quick)
    layout = quick.layout if block.header == quick.opened.table.header else layout_of(block.header, POSITIONS)
    checked = check_block(block, layout, quick.door)
    at = checked.frame["row"].to_numpy(dtype=np.int64) - 1
    return Mended(raw_from_frame(checked.frame, datum=quick.door.datum), at, _refused(checked))


def _block(irregular: Irregular, quick: Quick) -> Block:
    if irregular.table is None:
        encoding = quick.opened.encoding
        lines = lines_of_rows(irregular.raw, encoding)
        parts = (
            Lines(1, [text], {0: lines.bad[index]} if index in lines.bad else {})
            for index, text in enumerate(lines.texts)
        )
        return each_by_itself(parts, quick.opened.table.header, quick.plan.delimiter)
    header = tuple(irregular.table.column_names)
    columns = [texts_of(column.combine_chunks()) for column in irregular.table.columns]
    number = np.arange(1, len(irregular) + 1, dtype=np.int64)
    return Block(header, columns, number, number, raw_of(header, columns))


def _refused(checked: Checked) -> pd.DataFrame:
    rows = sorted(checked.refused, key=lambda row: row.row)
    return pd.DataFrame(
        {
            "at": np.array([row.row - 1 for row in rows], dtype=np.int64),
            "column": pd.array([row.column for row in rows], dtype="str"),
            "reason": pd.array([row.reason for row in rows], dtype="str"),
            "raw": pd.array([row.raw for row in rows], dtype="str"),
        }
    )
