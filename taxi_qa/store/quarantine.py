"""Rows that were refused: kept with their place, the reason and the raw text, mended and tried again."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import pandas as pd
from sqlalchemy import Connection, bindparam, func, select, update
from sqlmodel import col

from taxi_qa.store.fetching import fetch, frame_of
from taxi_qa.store.home import Home
from taxi_qa.store.manifest import conflict_insert
from taxi_qa.store.plain import plain_values
from taxi_qa.store.tables import Refused, Source, table_of

OPEN: Final = "open"
ACCEPTED: Final = "accepted"
STILL_REFUSED: Final = "still refused"

# What `listed`, `exported` and a mended file have, in this order.
EXPORT_COLUMNS: Final = (
    ("id", "Int64"), ("file", "str"), ("kind", "str"), ("row", "Int64"), ("record", "Int64"),
    ("column", "str"), ("reason", "str"), ("raw", "str"), ("state", "str"), ("profile", "str"),
    ("datum", "str"),
)  # fmt: skip

_CHUNK_ROWS: Final = 20_000
_REMEMBERED: Final = 1_000_000
_DIGEST_BYTES: Final = 16


@dataclass
class Repeats:
    """How often a source has brought the same bad row: each occurrence is a row of its own.

    So the same file sent again brings nothing new, while two equal bad lines of one file are two.
    """

    times: Counter[bytes] = field(default_factory=Counter)

    def digest(self, source: tuple[str, str, str], raw: str) -> bytes:
        """The digest that makes this occurrence once."""
        same = _digest(*source, raw)
        if len(self.times) > _REMEMBERED:
            # Memory stays bounded; equal bad rows further apart than this become one.
            self.times.clear()
        self.times[same] += 1
        return _digest(same.hex(), str(self.times[same]))


@dataclass(frozen=True)
class RetryBatch:
    """Refused rows of one source, to be read again as its rows.

    Attributes:
        file, kind, profile, datum, layout: of the source, as its `Delivery` gave them.
        rows: columns id, row, record, raw; raw as it stood in the file, or as it was mended.
    """

    file: str
    kind: str
    profile: str
    datum: str
    layout: str
    rows: pd.DataFrame


def _digest(*parts: str) -> bytes:
    text = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=_DIGEST_BYTES).digest()


def _storable(text: str | None) -> str:
    """Text that any database can keep: NUL is written out."""
    return (text or "").replace("\x00", "\\x00")


def keep(
    connection: Connection,
    source_id: int,
    source: tuple[str, str, str],
    rows: pd.DataFrame,
    repeats: Repeats,
) -> None:
    """Keep refused rows; one that is kept already stays as it is.

    Args:
        connection: in the delivery's transaction.
        source_id: of the source they came in.
        source: its kind, profile and datum.
        rows: columns row, record, column, reason, raw.
        repeats: of this source.
    """
    first_id = (connection.execute(select(func.max(col(Refused.id)))).scalar() or 0) + 1
    texts = {
        name: [_storable(v) for v in plain_values(rows[name], "str")] for name in ("column", "reason", "raw")
    }
    numbers = {name: plain_values(rows[name], "Int64") for name in ("row", "record")}
    values = [
        {
            "id": first_id + n,
            "source_id": source_id,
            "digest": repeats.digest(source, texts["raw"][n]),
            "kind": source[0],
            "state": OPEN,
            **{name: column[n] for name, column in (texts | numbers).items()},
        }
        for n in range(len(rows))
    ]
    connection.execute(conflict_insert(connection, Refused).on_conflict_do_nothing(), values)


def settle(connection: Connection, accepted: Sequence[int], still_refused: pd.DataFrame) -> None:
    """Write down what became of rows that were tried again; see `Delivery.settle`."""
    key = col(Refused.id) == bindparam("refused_id")
    # The core table: the mapped form of an update takes no lists of values with a condition.
    change = update(table_of(Refused)).where(key)
    if len(accepted):
        connection.execute(change.values(state=ACCEPTED), [{"refused_id": int(i)} for i in accepted])
    if len(still_refused):
        ids = plain_values(still_refused["id"], "Int64")
        texts = [
            [_storable(v) for v in plain_values(still_refused[name], "str")]
            for name in ("column", "reason", "raw")
        ]
        connection.execute(
            change.values(
                state=STILL_REFUSED,
                column=bindparam("new_column"), reason=bindparam("new_reason"), raw=bindparam("new_raw"),
            ),
            [
                {"refused_id": i, "new_column": c, "new_reason": r, "new_raw": raw}
                for i, c, r, raw in zip(ids, *texts, strict=True)
            ],
        )  # fmt: skip


def exported(home: Home, *, kind: str | None = None, state: str | None = None) -> Iterator[pd.DataFrame]:
    """The refused rows in `EXPORT_COLUMNS`, oldest first, a frame of up to 20,000 at a time."""
    after = 0
    while True:
        frame = listed(home, kind=kind, state=state, after_id=after, limit=_CHUNK_ROWS)
        if frame.empty:
            return
        after = int(frame["id"].iloc[-1])
        yield frame


def listed(
    home: Home, *, kind: str | None = None, state: str | None = None, after_id: int = 0, limit: int = 1_000
) -> pd.DataFrame:
    """Up to `limit` refused rows in `EXPORT_COLUMNS`, oldest first, with ids greater than `after_id`."""
    refused, source = table_of(Refused), table_of(Source)
    of_source = {"file": source.c.name, "profile": source.c.profile, "datum": source.c.datum}
    query = (
        select(*(of_source[name] if name in of_source else refused.c[name] for name, _ in EXPORT_COLUMNS))
        .join(source, source.c.id == refused.c.source_id)
        .where(refused.c.id > after_id)
        .order_by(refused.c.id)
        .limit(limit)
    )
    if kind is not None:
        query = query.where(refused.c.kind == kind)
    if state is not None:
        query = query.where(refused.c.state == state)
    with home.engine.connect() as connection:
        return frame_of(fetch(connection, query), EXPORT_COLUMNS)


def summary(home: Home) -> pd.DataFrame:
    """How many rows were refused and why: file, kind, column, reason, state, rows, first_row."""
    refused, source = table_of(Refused), table_of(Source)
    by = (source.c.name, refused.c.kind, refused.c.column, refused.c.reason, refused.c.state)
    query = (
        select(*by, func.count(), func.min(refused.c.row))
        .join(source, source.c.id == refused.c.source_id)
        .group_by(*by)
        .order_by(*by)
    )
    names = [(name, "str") for name in ("file", "kind", "column", "reason", "state")]
    with home.engine.connect() as connection:
        return frame_of(fetch(connection, query), [*names, ("rows", "Int64"), ("first_row", "Int64")])


def retry_batches(home: Home, mended: pd.DataFrame | None = None) -> Iterator[RetryBatch]:
    """Refused rows to be tried again, a batch a source.

    Args:
        home: where.
        mended: columns id and raw of rows that were exported and mended; None for every row that is not
            accepted yet, as it is. Ids that are unknown or accepted already are passed over.
    """
    refused, source = table_of(Refused), table_of(Source)
    waiting = (
        select(source.c.id, source.c.name, source.c.kind, source.c.profile, source.c.datum, source.c.layout)
        .where(source.c.id.in_(select(refused.c.source_id).where(refused.c.state != ACCEPTED)))
        .order_by(source.c.id)
    )
    raws: dict[int, str] | None = None
    if mended is not None:
        ids, texts = plain_values(mended["id"], "Int64"), plain_values(mended["raw"], "str")
        raws = dict(zip(ids, texts, strict=True))
    names = [("id", "Int64"), ("row", "Int64"), ("record", "Int64"), ("raw", "str")]
    with home.engine.connect() as connection:
        found = fetch(connection, waiting)
    for source_id, file, kind, profile, datum, layout in found:
        query = (
            select(*(refused.c[name] for name, _ in names))
            .where(refused.c.source_id == source_id, refused.c.state != ACCEPTED)
            .order_by(refused.c.id)
        )
        with home.engine.connect() as connection:
            rows = fetch(connection, query)
        if raws is not None:
            rows = [(i, row, record, raws[i]) for i, row, record, _ in rows if i in raws]
        if rows:
            yield RetryBatch(file, kind, profile, datum, layout, frame_of(rows, names))
