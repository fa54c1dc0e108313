"""Files in: each is told apart, checked row by row at the door, and handed over whole or not at all."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pandas as pd

from taxi_qa.ingest.blocks import Block, Table
from taxi_qa.ingest.columns import Checked, Door, check_block
from taxi_qa.ingest.containers import sha256_of, wrapping_of
from taxi_qa.ingest.fast_positions import Unsplittable
from taxi_qa.ingest.files import SUFFIXES, Opened, open_table
from taxi_qa.ingest.headers import Layout, is_known, kind_from_name, kind_of, layout_of, require_all
from taxi_qa.ingest.profiles import Profile, profiles_that_fit, read_profile
from taxi_qa.ingest.profiles.apply import applied, unused
from taxi_qa.ingest.quick_positions import Quick, deliver_quickly, quick_plan
from taxi_qa.ingest.raw_copies import keep_copy
from taxi_qa.ingest.refusal import Refused, RefusedRow
from taxi_qa.ingest.slow_positions import Spilling, staging_folder
from taxi_qa.records.column import Kind
from taxi_qa.records.kinds import KINDS
from taxi_qa.store.home import Home, writing
from taxi_qa.store.inbox import Beside, Counts, Delivery, TakenSource, source_by_sha
from taxi_qa.store.library import existing_segments
from taxi_qa.store.merging import merge_all
from taxi_qa.values.place import DATUMS, Datum

Progress = Callable[[str, int, int], None]

# The order in which a folder's files go in: who there is, then what they did.
_ORDER: Final = {kind: at for at, kind in enumerate(KINDS)}
# What `lab make` writes beside its record files for its own scoring.
_NO_RECORDS: Final = frozenset({"truth.csv", "made.json"})
# Refused rows are handed over in parts of this size.
_REFUSED_ROWS: Final = 5_000


@dataclass(frozen=True)
class FileReport:
    """What became of one file; the four counts add up to `rows`.

    Attributes:
        file: as it was given.
        kind: what its rows are; None where that could not be told.
        refused: why nothing of it was taken, with the file's name; else None.
        unknown_columns: names in its header that mean nothing here (kept in the raw copy).
        notes: what a person should know.
    """

    file: Path
    kind: str | None
    rows: int = 0
    accepted: int = 0
    duplicates: int = 0
    corrections: int = 0
    quarantined: int = 0
    refused: str | None = None
    unknown_columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Call:
    """How a file is to be read, as the caller said."""

    kind: str | None
    profile: Profile | None
    profile_name: str
    datum: Datum | None
    now_ms: int
    workers: int | None
    beside: Beside | None = None


def take(
    home: Home,
    paths: Sequence[Path],
    *,
    kind: str | None = None,
    profile: str | None = None,
    datum: str | None = None,
    now_ms: int,
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[FileReport]:
    """Take files in, in the order given; a folder stands for the record files in it.

    Args:
        home: where they go.
        paths: files or folders.
        kind: what the rows are; None: told from header and name.
        profile: how a foreign feed is read, `name` or `name:option=value`.
        datum: of the places; None: WGS-84, or what the profile says.
        now_ms: the moment of taking in.
        workers: processes for large files; None: one a core.
        progress: told (file, bytes done, bytes in all).

    Returns:
        A report a file. A file that cannot be read is refused by itself, the others go in.

    Raises:
        Refused: the call itself is wrong (unknown kind, datum, or one that contradicts the profile).
        BadProfile: there is no such profile.
        HomeError: another process is writing.
    """
    call = _call(kind, profile, datum, now_ms, workers)
    reports = []
    with writing(home):
        for path in in_order(paths):
            if progress is not None and path.is_file():
                progress(path.name, 0, path.stat().st_size)
            try:
                reports.append(_take_file(home, path, call, progress))
            except Refused as refusal:
                reports.append(FileReport(path, call.kind, refused=f"{path}: {refusal}"))
            if progress is not None and path.is_file():
                progress(path.name, path.stat().st_size, path.stat().st_size)
    return reports


def take_one(
    home: Home, path: Path, *, kind: str, datum: str | None, now_ms: int, beside: Beside
) -> FileReport:
    """Take one small file in, also where the same bytes came before: each row then says what it is.

    Args:
        home, kind, datum, now_ms: as for `take`.
        path: the file.
        beside: called in the file's transaction.

    Raises:
        HomeError: another process is writing.
    """
    call = replace(_call(kind, None, datum, now_ms, 1), beside=beside)
    with writing(home):
        try:
            return _take_file(home, path, call, None)
        except Refused as refusal:
            return FileReport(path, kind, refused=str(refusal))


def _call(kind: str | None, profile: str | None, datum: str | None, now_ms: int, workers: int | None) -> Call:
    if kind is not None and kind not in KINDS:
        raise Refused(f"there is no kind {kind!r}; expected one of {', '.join(KINDS)}")
    if datum is not None and datum not in DATUMS:
        raise Refused(f"there is no datum {datum!r}; expected one of {', '.join(DATUMS)}")
    read = None if profile is None else read_profile(profile)
    if read is not None and kind not in (None, read.kind):
        raise Refused(f"the profile {read.name} reads {read.kind}, not {kind}; leave --kind out")
    named = next((name for name in DATUMS if name == datum), None)
    return Call(kind, read, profile or "", named or (read.datum if read else None), now_ms, workers)


def in_order(paths: Sequence[Path]) -> Iterator[Path]:
    """The files as given, each folder as its record files: companies before drivers before trips."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        files = [
            file
            for file in path.iterdir()
            if file.is_file()
            and not file.name.startswith((".", "~$"))
            and file.name not in _NO_RECORDS
            and file.name.lower().removesuffix(".gz").endswith(SUFFIXES)
        ]
        yield from sorted(
            files, key=lambda file: (_ORDER.get(kind_from_name(file) or "", len(_ORDER)), file.name)
        )


def _take_file(home: Home, path: Path, call: Call, progress: Progress | None) -> FileReport:
    wrapping_of(path)  # a file that is none is told before it is read
    size = path.stat().st_size
    told = None if progress is None else lambda done: progress(path.name, done, size)
    # Both read the whole file; neither holds the other up.
    with ThreadPoolExecutor(1) as beside:
        digest = beside.submit(sha256_of, path)
        opened = _opened(path, call, told)
        sha256 = digest.result()
    kind = call.profile.kind if call.profile is not None else call.kind
    datum = call.datum or "wgs84"
    known = source_by_sha(home, sha256, kind=kind, profile=call.profile_name, datum=datum)
    if known is not None and call.beside is None:
        return _seen_before(path, known)
    if isinstance(opened, Refused):
        raise opened
    table = opened.table
    shape = _shape(table, path, call)
    door = Door(zone=_zone(home, call), now_ms=call.now_ms, datum=datum)
    layout = json.dumps({"format": table.format, "header": table.header_text}, ensure_ascii=False)
    head = _Head(path, sha256, shape, door, call, layout)
    steps = None if told is None else lambda done, of: told(size * done // of)
    quick = quick_plan(path, opened, door) if shape == Shape(KINDS["positions"]) else None
    if quick is not None:
        try:
            counts, unknown = _delivered_quickly(home, head, quick, steps)
        except Unsplittable:
            # Its lines cannot be told apart without reading quotes: the careful way from the start.
            table = open_table(path, knower(call.profile), told).table
            counts, unknown = _delivered(home, head, table)
    else:
        counts, unknown = _delivered(home, head, table)
    return FileReport(
        path, shape.kind.name, counts.rows, counts.accepted, counts.duplicates, counts.corrections,
        counts.quarantined, unknown_columns=unknown, notes=tuple(table.notes),
    )  # fmt: skip


def _opened(path: Path, call: Call, told: Callable[[int], None] | None) -> Opened | Refused:
    """The file as the reader sees it, or why it refuses it: one taken before is known all the same."""
    try:
        return open_table(path, knower(call.profile), told)
    except Refused as refused:
        return refused


@dataclass(frozen=True)
class Shape:
    """What the rows of a file are, and through which profile they are read."""

    kind: Kind
    profile: Profile | None = None

    def rows_of(self, block: Block) -> tuple[Block, Layout, tuple[str, ...]]:
        """A block in our columns, where they stand, and the names that mean nothing.

        Raises:
            Refused: the header names a column twice, or lacks what the profile needs.
        """
        if self.profile is None:
            layout = layout_of(block.header, self.kind)
            return block, layout, layout.unknown
        # Not named in a JSON object means not given; the door says which are required.
        changed = applied(self.profile, block)
        return changed, layout_of(changed.header, self.kind), unused(self.profile, block.header)


@dataclass(frozen=True)
class _Head:
    """What a delivery is told about its file."""

    path: Path
    sha256: str
    shape: Shape
    door: Door
    call: Call
    layout: str


def _delivery(home: Home, head: _Head) -> Delivery:
    return Delivery(
        home, name=head.path.name, sha256=head.sha256, kind=head.shape.kind.name, layout=head.layout,
        profile=head.call.profile_name, datum=head.door.datum, taken_at_ms=head.call.now_ms,
    )  # fmt: skip


def _delivered(home: Home, head: _Head, table: Table) -> tuple[Counts, tuple[str, ...]]:
    with staging_folder(home, head.sha256) as folder, _delivery(home, head) as delivery:
        intake = Intake(home, delivery, head.shape, head.door, Spilling(home, folder, head.door.datum))
        intake.take_blocks(table.blocks)
        intake.finish(head.sha256, head.call.workers)
        return _committed(home, head, delivery, intake.unknown), intake.unknown


def _delivered_quickly(
    home: Home, head: _Head, quick: Quick, steps: Callable[[int, int], None] | None
) -> tuple[Counts, tuple[str, ...]]:
    with staging_folder(home, head.sha256) as folder, _delivery(home, head) as delivery:
        deliver_quickly(home, delivery, quick, folder, head.sha256, head.call.workers, steps)
        return _committed(home, head, delivery, quick.layout.unknown), quick.layout.unknown


def _committed(home: Home, head: _Head, delivery: Delivery, unknown: tuple[str, ...]) -> Counts:
    if unknown:
        delivery.note_unknown(unknown)
        keep_copy(home.path, head.path, head.sha256, unknown)
    return delivery.commit(head.call.beside)


def _seen_before(path: Path, known: TakenSource) -> FileReport:
    """An identical file: every row is a duplicate, those refused then are kept already."""
    rows = known.counts.rows
    return FileReport(
        path, known.kind, rows, duplicates=rows, unknown_columns=known.unknown_columns,
        notes=(f"the same bytes came as {known.name} before",),
    )  # fmt: skip


def _zone(home: Home, call: Call) -> str:
    return call.profile.timezone if call.profile is not None and call.profile.timezone else home.timezone


def knower(profile: Profile | None) -> Callable[[str], bool]:
    """Tells whether a header is that of a known column: ours, or the profile's feed's."""
    if profile is None:
        return is_known
    names = {name.lower() for names in profile.inputs.values() for name in names}
    return lambda name: name.strip().lower() in names


def _shape(table: Table, path: Path, call: Call) -> Shape:
    if call.profile is not None:
        call.profile.places(table.header)
        return Shape(KINDS[call.profile.kind], call.profile)
    if call.kind is not None:
        kind = KINDS[call.kind]
        require_all(layout_of(table.header, kind), table.header)
        return Shape(kind)
    try:
        kind = kind_of(table.header, path)
    except Refused as refusal:
        fitting = profiles_that_fit(table.header)
        if fitting:
            raise Refused(f"{refusal} (it looks like --profile {fitting[0]})") from None
        raise
    layout_of(table.header, kind)
    return Shape(kind)


class Intake:
    """The rows of one file on their way through the door into a delivery."""

    def __init__(self, home: Home, delivery: Delivery, shape: Shape, door: Door, spilling: Spilling) -> None:
        """Begin; `finish` ends it."""
        self._home = home
        self._delivery = delivery
        self._shape = shape
        self._door = door
        self._spilling = spilling
        self._unknown: dict[str, None] = {}

    @property
    def profile(self) -> Profile | None:
        """Through which the rows are read."""
        return self._shape.profile

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names met so far that mean nothing here."""
        return tuple(self._unknown)

    def take_blocks(self, blocks: Iterator[Block]) -> None:
        """Check every block and hand it over."""
        for block in blocks:
            self.hand_over(self.checked(block))

    def checked(self, block: Block) -> Checked:
        """A block after the door.

        Raises:
            Refused: the header names a column twice, or lacks what the profile needs.
        """
        ours, layout, unknown = self._shape.rows_of(block)
        self._unknown |= dict.fromkeys(unknown)
        return check_block(ours, layout, self._door)

    def hand_over(self, checked: Checked) -> None:
        """Give a checked block to the store."""
        if len(checked.frame):
            if self._shape.kind.name == "positions":
                self._spilling.add(checked.frame)
            else:
                self._delivery.add_records(self._shape.kind.name, checked.frame)
        for start in range(0, len(checked.refused), _REFUSED_ROWS):
            self._delivery.refuse(refused_frame(checked.refused[start : start + _REFUSED_ROWS]))

    def finish(self, source: str, workers: int | None) -> None:
        """Sort what was spilled into partitions and hand it over."""
        if self._spilling.spills:
            merged = merge_all(
                self._spilling.spills, self._spilling.folder, source=source, workers=workers or 2,
                existing=lambda day, bucket: existing_segments(self._home, day, bucket),
            )  # fmt: skip
            self._delivery.add_positions(merged)


def refused_frame(rows: Sequence[RefusedRow]) -> pd.DataFrame:
    """Refused rows as the store takes them."""
    return pd.DataFrame(
        {
            "row": pd.array([row.row for row in rows], dtype="Int64"),
            "record": pd.array([row.record for row in rows], dtype="Int64"),
            "column": pd.array([row.column for row in rows], dtype="str"),
            "reason": pd.array([row.reason for row in rows], dtype="str"),
            "raw": pd.array([row.raw for row in rows], dtype="str"),
        }
    )
