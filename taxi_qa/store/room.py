"""Segments read into columns: of many buckets and several days into one set of arrays.

What a rule needs is some million positions in a few arrays. They are made once, as long as they have to be,
and filled a row group at a time: no bucket, day or segment is held by itself and then copied.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np

from taxi_qa.records.fixes import Fixes, empty_fixes
from taxi_qa.store.raw_fixes import Int64s, scaled
from taxi_qa.store.segments import ABSENT, DTYPES, ROW_GROUP, Column, Segment
from taxi_qa.store.sorting import sort_order
from taxi_qa.store.spill import LAT, LON, TIME, VEHICLE
from taxi_qa.values.clock import MS_PER_DAY
from taxi_qa.values.place import DATUMS, E7, to_wgs84

# Always read.
PLACE: Final = ("time_ms", "lon_e7", "lat_e7")


@dataclass(frozen=True)
class Wanted:
    """Which positions of a partition are wanted.

    Attributes:
        cars: only these vehicles, only whose row groups are read; None for all.
        from_ms: only rows with from_ms <= time.
        to_ms: only rows with time < to_ms.
    """

    cars: Collection[str] | None = None
    from_ms: int | None = None
    to_ms: int | None = None


ALL: Final = Wanted()

# Fills columns with rows: the columns, the first row, how many rows.
Cut = Callable[[dict[str, Column], int, int], None]


@dataclass(frozen=True)
class _Source:
    """Where the wanted positions of one city day lie: in a segment, or overlaid in memory.

    Attributes:
        ids: the vehicles that have any, sorted.
        first, past: rows first[i] … past[i] - 1 are those of vehicle `i`.
        cut: fills columns with some of the rows, places in their datum.
        step: how many rows are best cut at once.
    """

    ids: tuple[str, ...]
    first: Int64s
    past: Int64s
    cut: Cut
    step: int


class Room:
    """Columns that positions are read into, bucket after bucket."""

    def __init__(
        self, names: Sequence[str], rows: int = 0, raw: Callable[[Segment], Cut] | None = None
    ) -> None:
        """Room for so many rows of these columns of `DTYPES`; it grows where they are more.

        Args:
            names: `PLACE` among them.
            rows: as many as may be expected; 0 to go by the first that come.
            raw: how rows are read where they are wanted as they were sent; places are made WGS-84 if None.
        """
        self._raw = raw
        self._ids: list[str] = []
        self._starts: list[Int64s] = [np.zeros(1, dtype=np.int64)]
        self._rows = 0
        self._columns = {name: np.empty(rows, dtype=DTYPES[name]) for name in names}

    def add(self, days: Sequence[Sequence[Path]], wanted: Wanted = ALL) -> None:
        """Reads the positions of one bucket; all of them, or none where an error is raised.

        Args:
            days: the current segments of successive days, each day's in order of commit: of equal
                (vehicle, time, lon, lat) the later one's row counts.
            wanted: which of them.

        Raises:
            FileNotFoundError: a segment is gone.
        """
        with ExitStack() as stack:
            found = [self._source(stack, paths, wanted) for paths in days]
            sources = [source for source in found if source is not None]
            if not sources:
                return
            ids = sorted(set().union(*(source.ids for source in sources)))
            number = {vehicle_id: at for at, vehicle_id in enumerate(ids)}
            cars = [np.array([number[v] for v in source.ids], dtype=np.int64) for source in sources]
            counts = np.zeros(len(ids), dtype=np.int64)
            for source, car in zip(sources, cars, strict=True):
                counts[car] += source.past - source.first
            ends = self._rows + np.cumsum(counts)
            self._grow(int(ends[-1]))
            to = ends - counts
            for source, car in zip(sources, cars, strict=True):
                _fill(
                    self._columns, source, to[car], _in_wgs84(source.cut) if self._raw is None else source.cut
                )
                to[car] += source.past - source.first
            self._ids += ids
            self._starts.append(ends)
            self._rows = int(ends[-1])

    def _source(self, stack: ExitStack, paths: Sequence[Path], wanted: Wanted) -> _Source | None:
        """What is wanted of a day's segments, which stay open as long as the stack."""
        segments = [stack.enter_context(Segment(path)) for path in paths]
        found = [_wanted_of(segment, wanted, self._raw) for segment in segments]
        sources = [source for source in found if source.ids]
        if len(sources) < 2:  # noqa: PLR2004 - several have to be laid over each other
            return sources[0] if sources else None
        return _overlaid(sources, {*self._columns, "datum"}, segments[0].head.day)

    def _grow(self, rows: int) -> None:
        if rows > self._columns["time_ms"].size:
            # The first that come may be all; of what comes after it more may come.
            most = rows + rows // 2 if self._rows else rows
            for name, values in self._columns.items():
                grown = np.empty(most, dtype=values.dtype)
                grown[: self._rows] = values[: self._rows]
                self._columns[name] = grown

    def taken(self) -> tuple[tuple[str, ...], Int64s, dict[str, Column]]:
        """The vehicles, the offsets of their rows, and the columns."""
        columns = {name: values[: self._rows] for name, values in self._columns.items()}
        return tuple(self._ids), np.concatenate(self._starts), columns

    def fixes(self) -> Fixes:
        """What was read. Columns that were not stand as never sent: one value, seen at every row."""
        ids, starts, columns = self.taken()
        if not ids:
            return empty_fixes()
        for name in (f.name for f in fields(Fixes)[2:]):
            if name not in columns:
                one = np.array(ABSENT[name], dtype=DTYPES[name])
                columns[name] = np.broadcast_to(one, (self._rows,))
        return Fixes(vehicle_ids=ids, starts=starts, **columns)  # dtypes are those of DTYPES


def _wanted_of(segment: Segment, wanted: Wanted, raw: Callable[[Segment], Cut] | None) -> _Source:
    """The wanted rows of a segment: whole vehicles, and of each what lies between two instants."""
    head = segment.head
    at = np.arange(len(head.vehicle_ids))
    if wanted.cars is not None:
        at = np.flatnonzero([vehicle_id in wanted.cars for vehicle_id in head.vehicle_ids])
    first, past = head.starts[at], head.starts[at + 1]
    from_ms, to_ms = wanted.from_ms, wanted.to_ms
    if (to_ms is not None and head.first_ms >= to_ms) or (from_ms is not None and head.last_ms < from_ms):
        past = first
    elif at.size and (
        (from_ms is not None and from_ms > head.first_ms) or (to_ms is not None and to_ms <= head.last_ms)
    ):
        low = int(first[0])
        time_ms = segment.columns(("time_ms",), low, int(past[-1]))["time_ms"]
        for i, (start, stop) in enumerate(zip((first - low).tolist(), (past - low).tolist(), strict=True)):
            if from_ms is not None:
                first[i] += np.searchsorted(time_ms[start:stop], from_ms)
            if to_ms is not None:
                past[i] = low + start + np.searchsorted(time_ms[start:stop], to_ms)
    keeps = past > first
    return _Source(
        tuple(head.vehicle_ids[i] for i in at[keeps]),
        first[keeps],
        past[keeps],
        segment.read_into if raw is None else raw(segment),
        segment.row_group,
    )


def _fill(columns: dict[str, Column], source: _Source, to: Int64s, cut: Cut) -> None:
    """Reads a source's rows into columns, those of vehicle `i` from row to[i] on."""
    # Neighbours that stay neighbours are one piece.
    apart = (source.first[1:] != source.past[:-1]) | (np.diff(to) != (source.past - source.first)[:-1])
    begins = np.append(0, np.flatnonzero(apart) + 1)
    ends = np.append(begins[1:] - 1, to.size - 1)
    first, past, to = source.first[begins], source.past[ends], to[begins]
    pieces = list(zip(first.tolist(), past.tolist(), to.tolist(), strict=True))
    step = source.step
    for low in range(pieces[0][0] // step * step, pieces[-1][1], step):
        high = low + step
        touched = pieces[np.searchsorted(past, low, side="right") : np.searchsorted(first, high)]
        if not touched:
            continue
        start, stop = max(low, touched[0][0]), min(high, touched[-1][1])
        if len(touched) == 1:
            at = touched[0][2] + start - touched[0][0]
            cut({name: all_[at : at + stop - start] for name, all_ in columns.items()}, start, stop - start)
            continue
        some = {name: np.empty(stop - start, dtype=all_.dtype) for name, all_ in columns.items()}
        cut(some, start, stop - start)
        for begin, end, at in touched:
            a, b = max(begin, start), min(end, stop)
            for name, all_ in columns.items():
                all_[at + a - begin : at + b - begin] = some[name][a - start : b - start]


def _overlaid(sources: Sequence[_Source], names: Collection[str], day: int) -> _Source:
    """Several segments' rows as one: sorted again, of equal keys the last segment's row."""
    ids = tuple(sorted(set().union(*(source.ids for source in sources))))
    number = {vehicle_id: at for at, vehicle_id in enumerate(ids)}
    sizes = [source.past - source.first for source in sources]
    columns = {name: np.empty(sum(int(n.sum()) for n in sizes), dtype=DTYPES[name]) for name in names}
    owners = []
    filled = 0
    for source, size in zip(sources, sizes, strict=True):
        _fill(columns, source, filled + np.cumsum(size) - size, source.cut)
        owners.append(np.repeat(np.array([number[v] for v in source.ids], dtype=np.int32), size))
        filled += int(size.sum())
    owner = np.concatenate(owners)
    keys = np.empty((owner.size, VEHICLE + 1), dtype=np.int32)
    keys[:, TIME] = columns["time_ms"] - day * MS_PER_DAY
    keys[:, LON], keys[:, LAT], keys[:, VEHICLE] = columns["lon_e7"], columns["lat_e7"], owner
    order = sort_order(keys, len(ids))
    ordered = keys[order]
    last = np.append((ordered[1:] != ordered[:-1]).any(axis=1), True)
    order = order[last]
    ends = np.cumsum(np.bincount(owner[order], minlength=len(ids))).astype(np.int64)

    def cut(into: dict[str, Column], start: int, rows: int) -> None:
        for name, values in into.items():
            values[:] = columns[name][order[start : start + rows]]

    return _Source(ids, np.append(0, ends[:-1]), ends, cut, ROW_GROUP)


def _in_wgs84(cut: Cut) -> Cut:
    """The same rows, their places in WGS-84."""

    def moved(columns: dict[str, Column], start: int, rows: int) -> None:
        datum = np.empty(rows, dtype=DTYPES["datum"])
        cut({**columns, "datum": datum}, start, rows)
        if datum.any():
            _to_wgs84(columns["lon_e7"], columns["lat_e7"], datum)

    return moved


def _to_wgs84(lon_e7: Column, lat_e7: Column, datum: Column) -> None:
    """Replaces places of other datums."""
    for code, name in enumerate(DATUMS):
        there = np.flatnonzero(datum == code)
        if code and there.size:
            moved = to_wgs84(lon_e7[there] / E7, lat_e7[there] / E7, name)
            lon_e7[there], lat_e7[there] = (scaled(values, E7) for values in moved)
