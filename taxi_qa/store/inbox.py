"""One source file going in, all or nothing: duplicates dropped, corrections kept, the rest inserted.

Everything a file brings is written in one transaction of the database; its positions lie in Parquet
files that become real when the manifest names them, in that same transaction. A process killed at any
moment leaves the home as it was before the file, or as it is after it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import compress, repeat
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Connection, Table, func, insert, select, update
from sqlmodel import SQLModel, col

from taxi_qa.records.column import Kind
from taxi_qa.store import quarantine
from taxi_qa.store.dedupe import sort_out
from taxi_qa.store.engine import bulk_insert, transaction
from taxi_qa.store.home import Home, require_writing
from taxi_qa.store.library import NO_BUCKET, POSITIONS
from taxi_qa.store.manifest import (
    conflict_insert,
    move_into_place,
    name_in_manifest,
    note_vehicles,
    replaced_names,
)
from taxi_qa.store.plain import plain_columns, plain_values, row_digests
from taxi_qa.store.tables import RECORD_KINDS, RECORD_TABLES, Presence, Source, key_columns, table_of
from taxi_qa.store.tracks import MergedSegment
from taxi_qa.values.clock import city_day
from taxi_qa.values.identity import bucket_of

CHUNK_ROWS: Final = 50_000
_IDS_A_QUERY: Final = 500
# So many refused rows are told to whoever sent them; all of them are kept.
REFUSED_TOLD: Final = 100

_NO_DAY: Final = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Counts:
    """What became of a file's rows; they add up to `rows`."""

    accepted: int
    duplicates: int
    corrections: int
    quarantined: int

    @property
    def rows(self) -> int:
        """All rows."""
        return self.accepted + self.duplicates + self.corrections + self.quarantined


@dataclass(frozen=True)
class Receipt:
    """What is told about a source in the transaction that takes it in.

    Attributes:
        counts: what became of its rows.
        refused: its first refused rows (row, record, column, reason), `REFUSED_TOLD` at most.
        unknown_columns: headers that mean no column.
    """

    counts: Counts
    refused: tuple[tuple[int, int, str, str], ...]
    unknown_columns: tuple[str, ...]


# Called in the transaction of a delivery, last: what it writes is real if and only if the delivery is.
Beside = Callable[[Connection, Receipt], None]


@dataclass(frozen=True)
class TakenSource:
    """A source file that was taken in, with what became of its rows."""

    sha256: str
    name: str
    kind: str
    profile: str
    datum: str
    taken_at_ms: int
    counts: Counts
    unknown_columns: tuple[str, ...]


class Delivery:
    """One source file going in. Nothing of it is visible before `commit`, all of it afterwards.

    As a context manager it abandons what was not committed. The caller holds `home.writing`.
    """

    def __init__(
        self,
        home: Home,
        *,
        name: str,
        sha256: str,
        kind: str,
        profile: str,
        datum: str,
        taken_at_ms: int,
        layout: str = "",
    ) -> None:
        """Begin.

        Args:
            home: where it goes.
            name: the file's name, as people will look for it.
            sha256: of the file's bytes.
            kind: what its rows are.
            profile: by which it was read, "" for none.
            datum: of its places, as the call said.
            taken_at_ms: the moment it is taken in.
            layout: how its raw rows are to be read again (kept for `quarantine retry`; any text).
        """
        require_writing(home)
        self._home = home
        self._source = {
            "sha256": sha256, "name": name, "kind": kind, "profile": profile, "datum": datum,
            "layout": layout, "taken_at_ms": taken_at_ms, "unknown_columns": "",
        }  # fmt: skip
        self._counted: Counter[str] = Counter()
        self._presence: Counter[tuple[int, int, str]] = Counter()
        self._repeats = quarantine.Repeats()
        self._told: list[tuple[int, int, str, str]] = []
        self._stack = ExitStack()
        self._connection: Connection | None = None
        self._source_id = 0
        self._replaced: list[str] = []
        self._ended = False

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Abandon what was not committed."""
        self.abandon()

    def note_unknown(self, columns: Sequence[str]) -> None:
        """Remember headers that mean no column; they stand in the source's entry."""
        self._source["unknown_columns"] = "\n".join(columns)

    def add_records(self, kind: str, frame: pd.DataFrame) -> None:
        """Take rows of a table kind: duplicates are dropped, corrections supersede what they correct.

        Args:
            kind: any kind but positions.
            frame: inside columns (optional ones may be absent) and whole numbers `row`, `record`.
        """
        for start in range(0, len(frame), CHUNK_ROWS):
            self._add_chunk(RECORD_KINDS[kind], frame.iloc[start : start + CHUNK_ROWS])

    def add_positions(self, merged: Sequence[MergedSegment]) -> None:
        """Take positions that `tracks.merge` has written to temporary files below the home's staging."""
        connection = self._begin()
        move_into_place(self._home, merged)
        name_in_manifest(connection, self._source_id, merged)
        note_vehicles(connection, self._home, merged)
        self._replaced += replaced_names(merged)
        for segment in merged:
            self._counted.update(
                accepted=segment.accepted, duplicates=segment.duplicates, corrections=segment.corrections
            )
            if segment.accepted or segment.corrections:
                self._presence[segment.day, segment.bucket, POSITIONS] += segment.accepted

    def refuse(self, rows: pd.DataFrame) -> None:
        """Keep refused rows for mending: columns row, record, column, reason, raw."""
        if len(rows):
            connection = self._begin()
            source = str(self._source["kind"]), str(self._source["profile"]), str(self._source["datum"])
            quarantine.keep(connection, self._source_id, source, rows, self._repeats)
            self._counted["quarantined"] += len(rows)
            told = rows[["row", "record", "column", "reason"]].head(REFUSED_TOLD - len(self._told))
            self._told += told.astype(object).itertuples(index=False, name=None)

    def settle(self, accepted: Sequence[int], still_refused: pd.DataFrame) -> None:
        """Say what became of quarantined rows that were tried again in this delivery.

        Args:
            accepted: ids of those that are in now (also as duplicates).
            still_refused: columns id, column, reason and raw of the others.
        """
        quarantine.settle(self._begin(), accepted, still_refused)

    def commit(self, beside: Beside | None = None) -> Counts:
        """Make all of it real at once, with what `beside` writes."""
        connection = self._begin()
        counts = Counts(**{name: self._counted[name] for name in ("accepted", "duplicates", "corrections",
                                                                   "quarantined")})  # fmt: skip
        _count_presence(connection, self._presence, self._source_id)
        connection.execute(
            update(Source)
            .where(col(Source.id) == self._source_id)
            .values(
                rows=counts.rows, accepted=counts.accepted, duplicates=counts.duplicates,
                corrections=counts.corrections, quarantined=counts.quarantined,
                unknown_columns=self._source["unknown_columns"],
            )
        )  # fmt: skip
        if beside is not None:
            unknown = tuple(name for name in str(self._source["unknown_columns"]).split("\n") if name)
            beside(connection, Receipt(counts, tuple(self._told), unknown))
        # From here on only the database knows whether the files are real: a sweep asks it.
        self._ended = True
        self._stack.close()
        for name in self._replaced:
            (self._home.tracks / name).unlink(missing_ok=True)
        return counts

    def abandon(self) -> None:
        """Leave no trace; without effect after `commit`.

        Track files in place already are nobody's: the next `home.writing` sweeps them.
        """
        if self._ended:
            return
        self._ended = True
        if self._connection is not None:
            self._connection.rollback()
        self._stack.close()

    def _begin(self) -> Connection:
        """The open transaction, begun with the source's own row."""
        if self._ended:
            raise RuntimeError("this delivery has ended")
        if self._connection is None:
            connection = self._stack.enter_context(transaction(self._home.engine))
            self._source_id = next_id(connection, Source)
            counts = dict.fromkeys(("rows", "accepted", "duplicates", "corrections", "quarantined"), 0)
            connection.execute(insert(Source).values(id=self._source_id, **self._source, **counts))
            self._connection = connection
        return self._connection

    def _add_chunk(self, kind: Kind, frame: pd.DataFrame) -> None:
        connection = self._begin()
        table = RECORD_TABLES[kind.name]
        buckets, days = _buckets(kind, frame, self._home.buckets), _days(kind, frame, self._home.timezone)
        # Rows lie in the table in the order of their ids: in the order of partitions, a job finds its
        # rows of this chunk side by side. Duplicates and corrections go by the order of arrival.
        order = np.lexsort((days, buckets))
        frame, buckets, days = frame.take(order), buckets[order], days[order]
        columns = plain_columns(kind, frame)
        digests = row_digests(columns)
        keys = list(zip(*(columns[name] for name in key_columns(kind)), strict=True))
        first_id = next_id(connection, table)
        result = sort_out(connection, kind, keys, digests, np.argsort(order).tolist(), first_id)
        if result.replaced:
            connection.exec_driver_sql(*_supersede(connection, table.name, result.replaced))
            if kind.moment is not None:
                # A correction may move a row to another day: the day it leaves is touched, too.
                for day, bucket in _places_of(connection, table, [old for _, old in result.replaced]):
                    self._presence[day, bucket, kind.name] += 0
        ids = range(first_id, first_id + len(frame))
        count = sum(result.accepted)
        # A column without any value need not be written.
        written: dict[str, Iterable[Any]] = {
            name: values for name, values in columns.items() if any(value is not None for value in values)
        }
        written |= {
            "id": ids,
            "bucket": [None if bucket == NO_BUCKET else bucket for bucket in buckets.tolist()],
            "day": [None if day == _NO_DAY else day for day in days.tolist()],
            "digest": digests,
            "source_id": repeat(self._source_id, len(frame)),
            "row": plain_values(frame["row"], "Int64"),
            "record": plain_values(frame["record"], "Int64"),
            "superseded_by": [result.superseded_by.get(row_id) for row_id in ids],
        }
        rows = zip(*written.values(), strict=True)
        bulk_insert(connection, table.name, list(written), list(compress(rows, result.accepted)))
        self._counted.update(
            accepted=count - result.corrections,
            duplicates=len(frame) - count,
            corrections=result.corrections,
        )
        if kind.moment is not None:
            inserted = np.array(result.accepted)
            pairs, rows_of_pair = np.unique(
                np.stack((days[inserted], buckets[inserted])), axis=1, return_counts=True
            )
            for (day, bucket), rows_kept in zip(pairs.T.tolist(), rows_of_pair.tolist(), strict=True):
                self._presence[day, bucket, kind.name] += rows_kept


def _buckets(kind: Kind, frame: pd.DataFrame, buckets: int) -> npt.NDArray[np.int64]:
    """The bucket of each row's vehicle, NO_BUCKET without one."""
    if "vehicle_id" not in frame or not kind.has_vehicle:
        return np.full(len(frame), NO_BUCKET, dtype=np.int64)
    codes, names = pd.factorize(frame["vehicle_id"])
    of_name = [bucket_of(str(name), buckets) if name else NO_BUCKET for name in names]
    return np.array([*of_name, NO_BUCKET], dtype=np.int64)[codes]  # code -1, missing, finds the last


def _days(kind: Kind, frame: pd.DataFrame, zone: str) -> npt.NDArray[np.int64]:
    """The city day of each row's moment, _NO_DAY for a kind without one."""
    if kind.moment is None:
        return np.full(len(frame), _NO_DAY, dtype=np.int64)
    moments = frame[kind.column(kind.moment).inside].to_numpy(dtype=np.int64)
    return city_day(moments, zone).astype(np.int64)


def next_id(connection: Connection, table: Any) -> int:  # noqa: ANN401 - a model or a table
    """The id after the greatest; only for the one process that is writing."""
    columns = table_of(table).c if isinstance(table, type) and issubclass(table, SQLModel) else table.c
    greatest: int | None = connection.execute(select(func.max(columns["id"]))).scalar()
    return (greatest or 0) + 1


def _supersede(
    connection: Connection, table: str, replaced: list[tuple[int, int]]
) -> tuple[str, list[tuple[int, int]]]:
    mark = "%s" if connection.dialect.paramstyle in ("format", "pyformat") else "?"
    quoted = connection.dialect.identifier_preparer.quote(table)
    return f"UPDATE {quoted} SET superseded_by = {mark} WHERE id = {mark}", replaced


def _places_of(connection: Connection, table: Table, ids: list[int]) -> set[tuple[int, int]]:
    """The days and buckets of some rows."""
    places = set()
    for start in range(0, len(ids), _IDS_A_QUERY):
        query = select(table.c.day, table.c.bucket).where(table.c.id.in_(ids[start : start + _IDS_A_QUERY]))
        for day, bucket in connection.execute(query.distinct()):
            places.add((int(day), NO_BUCKET if bucket is None else int(bucket)))
    return places


def _count_presence(connection: Connection, presence: Counter[tuple[int, int, str]], delivery: int) -> None:
    rows = [
        {"day": day, "bucket": bucket, "kind": kind, "rows": rows, "delivery": delivery}
        for (day, bucket, kind), rows in sorted(presence.items())
    ]
    if rows:
        table = table_of(Presence)
        statement = conflict_insert(connection, Presence)
        statement = statement.on_conflict_do_update(
            index_elements=[table.c.day, table.c.bucket, table.c.kind],
            set_={
                "rows": table.c.rows + statement.excluded.rows,
                "delivery": statement.excluded.delivery,
            },
        )
        connection.execute(statement, rows)


def source_by_sha(
    home: Home, sha256: str, *, kind: str | None = None, profile: str | None = None, datum: str | None = None
) -> TakenSource | None:
    """The latest source of these bytes (read as that kind, by that profile, in that datum), if any.

    An identical file need not be read again: all its rows are duplicates.
    """
    query = select(table_of(Source)).where(col(Source.sha256) == sha256).order_by(col(Source.id).desc())
    for column, wanted in ((Source.kind, kind), (Source.profile, profile), (Source.datum, datum)):
        if wanted is not None:
            query = query.where(col(column) == wanted)
    with home.engine.connect() as connection:
        row = connection.execute(query.limit(1)).mappings().first()
    return None if row is None else _taken(row)


def sources(home: Home) -> list[TakenSource]:
    """Every source that was taken in, in order."""
    with home.engine.connect() as connection:
        rows = connection.execute(select(table_of(Source)).order_by(col(Source.id))).mappings().all()
    return [_taken(row) for row in rows]


def _taken(row: Any) -> TakenSource:  # noqa: ANN401 - a row of the database
    return TakenSource(
        **{name: row[name] for name in ("sha256", "name", "kind", "profile", "datum", "taken_at_ms")},
        counts=Counts(row["accepted"], row["duplicates"], row["corrections"], row["quarantined"]),
        unknown_columns=tuple(name for name in row["unknown_columns"].split("\n") if name),
    )
