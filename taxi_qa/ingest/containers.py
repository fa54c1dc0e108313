"""Bytes of a file, whatever they are wrapped in: told apart by their first bytes, unpacked with limits."""

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal

from taxi_qa.ingest.refusal import Refused

Wrapping = Literal["plain", "gzip", "parquet", "xlsx"]

BLOCK_BYTES: Final = 1 << 20

# Records squeeze 3 to 20 times, never 200: past this much output a higher ratio is an attack.
MAX_RATIO: Final = 200
RATIO_FROM_BYTES: Final = 32 << 20
# A city's day of positions is 6 GB of CSV; nobody sends a hundred of them in one archive.
MAX_UNPACKED_BYTES: Final = 512 << 30
# A workbook's texts are held in memory while it is read.
MAX_SHARED_TEXT_BYTES: Final = 96 << 20
MAX_SHEET_BYTES: Final = 4 << 30

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_PARQUET: Final = b"PAR1"
_TAR: Final = b"ustar"
_TAR_AT: Final = 257
_FOREIGN: Final[tuple[tuple[bytes, str, str], ...]] = (
    (
        b"\xd0\xcf\x11\xe0",
        "an old or password-protected Excel workbook",
        "save it as .xlsx without a password",
    ),
    (b"%PDF", "a PDF", "send the table it was printed from"),
    (b"BZh", "a bzip2 archive", "unpack it, or pack it with gzip"),
    (b"\xfd7zXZ", "an xz archive", "unpack it, or pack it with gzip"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it, or pack it with gzip"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it, or pack it with gzip"),
    (b"Rar!", "a RAR archive", "unpack it, or pack it with gzip"),
    (b"SQLite format 3", "a database", "export the table as CSV"),
    (b"PK\x05\x06", "an empty zip archive", "send the record file itself"),
)

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Unpacked:
    """The unpacked bytes of a file, block by block.

    Attributes:
        path: the file.
        wrapping: "plain" or "gzip".
        progress: told the number of bytes of the file read so far, if anybody asks.
    """

    path: Path
    wrapping: Wrapping
    progress: Progress | None = None

    def blocks(self) -> Iterator[bytes]:
        """Blocks of at most about a MiB.

        Raises:
            Refused: the archive is cut short, damaged, or a decompression bomb.
        """
        with self.path.open("rb") as stream:
            source = (
                _gunzip(stream) if self.wrapping == "gzip" else iter(lambda: stream.read(BLOCK_BYTES), b"")
            )
            for block in source:
                if self.progress is not None:
                    self.progress(stream.tell())
                yield block


def wrapping_of(path: Path) -> Wrapping:
    """What the file is wrapped in, by its first bytes (never by its name).

    Raises:
        Refused: it cannot be opened, is empty, or is of a family that holds no records.
    """
    try:
        if path.is_dir():
            raise Refused("this is a folder; expected a record file")
        with path.open("rb") as stream:
            start = stream.read(16)
    except OSError as error:
        raise Refused(
            f"the file cannot be opened ({(error.strerror or 'no reason given').lower()})"
        ) from None
    if not start:
        raise Refused("the file is empty; expected a header line and rows")
    for magic, what, way_out in _FOREIGN:
        if start.startswith(magic):
            raise Refused(f"this is {what}; {way_out}")
    if start.startswith(_GZIP):
        return "gzip"
    if start.startswith(_PARQUET):
        return "parquet"
    if start.startswith(_ZIP):
        _check_workbook(path)
        return "xlsx"
    if path.suffix.lower() == ".parquet":
        raise Refused("this is no Parquet file, whatever its name says; export it again, or send CSV")
    return "plain"


def sha256_of(path: Path) -> str:
    """The SHA-256 of the file's bytes as they lie on disk, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _gunzip(stream: BinaryIO) -> Iterator[bytes]:
    """Unpacked blocks of a gzip stream of one or more members, in bounded memory."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    waiting = b""
    unpacked = 0
    first = True
    while True:
        waiting = waiting or stream.read(BLOCK_BYTES)
        if unpacker.eof:
            if not waiting:
                return
            waiting = waiting.lstrip(b"\x00")  # tape blocks pad the end with zeros
            if not waiting:
                continue
            unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        at_end = not waiting
        try:
            block = unpacker.decompress(waiting, BLOCK_BYTES)
        except zlib.error:
            raise Refused("the gzip archive is damaged; send it again (nothing of it was taken)") from None
        if at_end and not block and not unpacker.eof:
            raise Refused("the gzip archive is cut short; send it again (nothing of it was taken)")
        waiting = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
        unpacked += len(block)
        _check_size(unpacked, stream.tell())
        if block:
            if first:
                _check_content(block)
            first = False
            yield block


def _check_size(unpacked: int, packed: int) -> None:
    if unpacked > MAX_UNPACKED_BYTES or (unpacked > RATIO_FROM_BYTES and unpacked > MAX_RATIO * packed):
        raise Refused(
            f"the archive expands more than {MAX_RATIO}-fold, which records never do; unpack it yourself "
            "and look before sending it"
        )


def _check_content(start: bytes) -> None:
    if start.startswith(_GZIP):
        raise Refused("this is a gzip archive within a gzip archive; unpack it once")
    if start.startswith((_PARQUET, _ZIP)) or start[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        raise Refused("the gzip archive holds no text table; unpack it and send what is inside")


def _check_workbook(path: Path) -> None:
    """Refuse a zip that is no workbook, is damaged, or would fill the memory.

    The sizes named in the directory bind: the standard reader stops at them.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Refused(
            "the workbook is cut short or damaged; save it again (nothing of it was taken)"
        ) from None
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names:
        raise Refused("this is a zip archive, no workbook; unpack it and send the record files inside")
    for part in parts:
        small = part.file_size <= RATIO_FROM_BYTES
        limit = MAX_SHARED_TEXT_BYTES if part.filename.endswith("sharedStrings.xml") else MAX_SHEET_BYTES
        if part.file_size > limit or (not small and part.file_size > MAX_RATIO * max(part.compress_size, 1)):
            raise Refused(
                "the workbook unpacks to far more than a table needs; save the sheet as CSV and send that"
            )
