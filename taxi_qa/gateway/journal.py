"""Every frame as it came, in files that only grow: what was not synced is never answered.

A segment is a run of entries: length of the frame, CRC-32 over all that follows the CRC, when it came, by
which protocol, over which connection, and the unescaped frame with its check. A crash leaves a torn entry at
the end at most: `open_journal` cuts it off, since nobody was answered for it. A closed segment is never
written again.
"""

import os
import secrets
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from taxi_qa.ingest.terminals.frame import Protocol

OPEN: Final = ".open"
CLOSED: Final = ".frames"
PROTOCOLS: Final[tuple[Protocol, ...]] = ("jt905", "jt808")
_HEAD: Final = struct.Struct(">II")
_TOLD: Final = struct.Struct(">qBI")
# A frame longer than this was never split off: such a length is a torn entry.
_LONGEST: Final = 1 << 20
_AT_ONCE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One frame that came.

    Attributes:
        received_ms: when, by this machine's clock.
        protocol: by which port it came.
        connection: number of the connection, counted from the start of the gateway.
        raw: unescaped, from the header to the check.
    """

    received_ms: int
    protocol: Protocol
    connection: int
    raw: bytes


def packed(entry: Entry) -> bytes:
    """An entry as it stands in a segment."""
    told = _TOLD.pack(entry.received_ms, PROTOCOLS.index(entry.protocol), entry.connection) + entry.raw
    return _HEAD.pack(len(entry.raw), zlib.crc32(told)) + told


class Journal:
    """The segment that is being written.

    Not safe for threads: one at a time appends or rolls.
    """

    def __init__(self, folder: Path, *, sync: Callable[[int], None] = os.fdatasync) -> None:
        """Begin in a folder that `open_journal` has put in order.

        Args:
            folder: where segments lie.
            sync: makes what was written durable; a slower one in tests.
        """
        self._folder, self._sync = folder, sync
        self._file: int | None = None
        self._path = folder
        self.bytes_written = 0

    def append(self, data: bytes) -> None:
        """Write entries and make them durable: all of them, or none.

        Args:
            data: entries, each as `packed` has it.

        Raises:
            OSError: the disk is full or fails; nothing of `data` counts, and it may be tried again.
        """
        if self._file is None:
            self._begin()
        file = self._file
        assert file is not None  # noqa: S101 - for the type checker: just begun
        try:
            done = 0
            while done < len(data):
                done += os.write(file, data[done : done + _AT_ONCE])
            self._sync(file)
        except OSError:
            self._drop_rest(file)
            raise
        self.bytes_written += len(data)

    def roll(self) -> Path | None:
        """Close the segment; None where nothing was written to it."""
        if self._file is None:
            return None
        os.close(self._file)
        self._file = None
        closed = self._path.with_suffix(CLOSED)
        self._path.rename(closed)
        sync_folder(self._folder)
        self.bytes_written = 0
        return closed

    def _begin(self) -> None:
        last = max((_number(path) for path in self._folder.iterdir()), default=0)
        # Numbered among those that lie here, named apart from all there ever were: a number comes again when
        # its segment has gone aside, and whoever keeps what was done keeps it by name.
        path = self._folder / f"{last + 1:012d}-{secrets.token_hex(4)}{OPEN}"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._path, self.bytes_written = path, 0
        sync_folder(self._folder)

    def _drop_rest(self, file: int) -> None:
        """Cut off what was written without being durable; if even that fails the segment is given up."""
        try:
            os.ftruncate(file, self.bytes_written)
        except OSError:
            # The next one begins a new segment; whole entries of this one were answered and must be settled,
            # so it is closed here and not only when the gateway starts again.
            os.close(file)
            self._file = None
            # A disk that takes not even that: the segment stays open until the next start.
            with suppress(OSError):
                _close_torn(self._path)


def open_journal(folder: Path, *, sync: Callable[[int], None] = os.fdatasync) -> Journal:
    """The journal of a folder: segments a crash left open are cut to their whole entries and closed."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.glob(f"*{OPEN}")):
        _close_torn(path)
    sync_folder(folder)
    return Journal(folder, sync=sync)


def _close_torn(path: Path) -> None:
    """Close a segment nobody writes to any more, cut to its whole entries; one without any goes."""
    whole = sum(len(packed(entry)) for entry in entries(path))
    with path.open("r+b") as file:
        file.truncate(whole)
        os.fsync(file.fileno())
    if whole:
        path.rename(path.with_suffix(CLOSED))
    else:
        path.unlink()


def closed_segments(folder: Path) -> list[Path]:
    """Segments nobody writes to any more, the oldest first."""
    return sorted(folder.glob(f"*{CLOSED}"))


def entries(path: Path) -> Iterator[Entry]:
    """The whole entries of a segment in the order they came; ends at the first that is torn."""
    with path.open("rb") as file:
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            length, crc = _HEAD.unpack(head)
            if length > _LONGEST:
                return
            told = file.read(_TOLD.size + length)
            if len(told) < _TOLD.size + length or zlib.crc32(told) != crc:
                return
            received_ms, protocol, connection = _TOLD.unpack_from(told)
            yield Entry(received_ms, PROTOCOLS[protocol], connection, told[_TOLD.size :])


def sync_folder(folder: Path) -> None:
    """Make names of files durable: a file whose name is lost is lost."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def all_entries(paths: Iterable[Path]) -> Iterator[Entry]:
    """The entries of several segments, one after the other."""
    for path in paths:
        yield from entries(path)


def _number(path: Path) -> int:
    number = path.stem.partition("-")[0]
    return int(number) if number.isdigit() else 0
