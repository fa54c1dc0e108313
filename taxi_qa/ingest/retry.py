"""A second try of refused rows, as they stood or as they were mended, through the same door."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from taxi_qa.ingest.blocks import Block
from taxi_qa.ingest.columns import Checked, Door
from taxi_qa.ingest.delimited import reread
from taxi_qa.ingest.geojson import read_geojson
from taxi_qa.ingest.jsonlines import json_blocks
from taxi_qa.ingest.profiles import read_profile
from taxi_qa.ingest.refusal import Refused, RefusedRow
from taxi_qa.ingest.slow_positions import Spilling, staging_folder
from taxi_qa.ingest.take import FileReport, Intake, Shape, knower
from taxi_qa.ingest.text import Lines
from taxi_qa.records.kinds import KINDS
from taxi_qa.store.home import Home, writing
from taxi_qa.store.inbox import Delivery
from taxi_qa.store.quarantine import RetryBatch, retry_batches
from taxi_qa.values.place import DATUMS, Datum

_PART_ROWS: Final = 5_000
# Bytes that were no text are kept written out, an over-long row is kept in part: neither is the row itself.
_NOT_THE_ROW: Final = re.compile(r"\\x[0-9a-f]{2}|… \([0-9,]+ bytes\)$")
_MEND_FIRST: Final = (
    "the raw text is not the whole row (bytes that were no text, or too long); mend `raw` first"
)
_EMPTY: Final = "the row is empty"


def retry(home: Home, mended: pd.DataFrame | None = None, *, now_ms: int) -> list[FileReport]:
    """Try refused rows again; those that are good now go in, the others say why not.

    Args:
        home: where.
        mended: columns id and raw of exported rows whose raw text was mended; None: every row not
            accepted yet, as it stands (the kinds, words and limits may have changed since).
        now_ms: the moment of the try.

    Returns:
        A report a source file; `quarantined` counts the rows that stay refused.

    Raises:
        HomeError: another process is writing.
    """
    with writing(home):
        # Listed before anything is written: a batch must not see what an earlier one settled.
        return [_retry_batch(home, batch, now_ms) for batch in list(retry_batches(home, mended))]


def _retry_batch(home: Home, batch: RetryBatch, now_ms: int) -> FileReport:
    ids = batch.rows["id"].to_numpy(dtype=np.int64)
    raws = [str(raw) for raw in batch.rows["raw"].fillna("")]
    digest = hashlib.sha256("\x1f".join([batch.file, *raws]).encode("utf-8", "backslashreplace")).hexdigest()
    datum: Datum = next((name for name in DATUMS if name == batch.datum), "wgs84")
    profile = read_profile(batch.profile) if batch.profile else None
    shape = Shape(KINDS[batch.kind], profile)
    zone = profile.timezone if profile is not None and profile.timezone else home.timezone
    with (
        staging_folder(home, digest) as folder,
        Delivery(
            home, name=batch.file, sha256=digest, kind=batch.kind, profile=batch.profile, datum=batch.datum,
            taken_at_ms=now_ms, layout=batch.layout,
        ) as delivery,
    ):  # fmt: skip
        intake = Intake(home, delivery, shape, Door(zone, now_ms, datum), Spilling(home, folder, datum))
        still: dict[int, RefusedRow] = {}
        accepted: set[int] = set()
        for start in range(0, len(raws), _PART_ROWS):
            part = raws[start : start + _PART_ROWS]
            checked = _checked(intake, batch, part)
            places = checked.frame["row"].to_numpy(dtype=np.int64) + (start - 1)
            refused = {row.row + start - 1: row for row in checked.refused}
            # A mended raw may have become several rows: it is in only if all of them are.
            keep = ~np.isin(places, list(refused))
            frame = checked.frame.loc[keep].copy()
            frame["row"] = batch.rows["row"].to_numpy(dtype=np.int64)[places[keep]]
            frame["record"] = batch.rows["record"].to_numpy(dtype=np.int64)[places[keep]]
            intake.hand_over(Checked(frame, []))
            accepted |= set(places[keep].tolist())
            still |= refused
        intake.finish(digest, None)
        for place in set(range(len(raws))) - accepted - set(still):
            still[place] = RefusedRow(0, 0, "", _EMPTY, raws[place])
        delivery.settle([int(ids[place]) for place in sorted(accepted)], _settled(still, ids, raws))
        counts = delivery.commit()
    return FileReport(
        Path(batch.file), batch.kind, counts.rows + len(still), counts.accepted, counts.duplicates,
        counts.corrections, counts.quarantined + len(still),
    )  # fmt: skip


def _settled(
    still: dict[int, RefusedRow], ids: "np.typing.NDArray[np.int64]", raws: list[str]
) -> pd.DataFrame:
    places = sorted(still)
    return pd.DataFrame(
        {
            "id": pd.array([int(ids[place]) for place in places], dtype="Int64"),
            "column": pd.array([still[place].column for place in places], dtype="str"),
            "reason": pd.array([still[place].reason for place in places], dtype="str"),
            "raw": pd.array([raws[place] for place in places], dtype="str"),
        }
    )


def _checked(intake: Intake, batch: RetryBatch, raws: list[str]) -> Checked:
    """Some raw rows after the door; `row` counts them from 1."""
    unusable = {n for n, raw in enumerate(raws) if _NOT_THE_ROW.search(raw)}
    usable = ["" if n in unusable else raw for n, raw in enumerate(raws)]
    refused = [RefusedRow(n + 1, n + 1, "", _MEND_FIRST, raws[n]) for n in sorted(unusable)]
    frames = []
    try:
        for block in _blocks(batch, usable, intake):
            checked = intake.checked(block)
            refused += checked.refused
            frames.append(checked.frame)
    except Refused as refusal:
        reason = str(refusal)
        done = {row.row for row in refused}
        refused += [
            RefusedRow(n, n, "", reason, raw)
            for n, raw in enumerate(raws, start=1)
            if n not in done and raw.strip()
        ]
        frames = []
    filled = [frame for frame in frames if len(frame)]
    if not filled:
        return Checked(pd.DataFrame({"row": np.zeros(0, np.int64), "record": np.zeros(0, np.int64)}), refused)
    return Checked(pd.concat(filled, ignore_index=True), refused)


def _blocks(batch: RetryBatch, raws: list[str], intake: Intake) -> Iterator[Block]:
    layout = json.loads(batch.layout) if batch.layout else {}
    if layout.get("format") == "csv":
        yield reread(layout["header"], raws, knower(intake.profile))
    elif layout.get("format") == "geojson":
        yield from _features(raws)
    elif any(raw.strip() for raw in raws):
        yield from json_blocks(iter([Lines(1, raws)]))


def _features(raws: list[str]) -> Iterator[Block]:
    for number, raw in enumerate(raws, start=1):
        if not raw.strip():
            continue
        try:
            table = read_geojson(f'{{"type": "FeatureCollection", "features": [{raw}]}}')
        except Refused as refusal:
            nowhere = np.zeros(0, dtype=np.int64)
            row = RefusedRow(number, number, "", str(refusal), raw)
            yield Block((), [], nowhere, nowhere, raws.__getitem__, [row])
            continue
        for block in table.blocks:
            here = np.full(len(block), number, dtype=np.int64)
            refused = [RefusedRow(number, number, row.column, row.reason, raw) for row in block.refused]
            yield Block(block.header, block.columns, here, here, block.raw, refused)
