"""Files of camera alarms: a socket of their own on which frames and raw pieces of files take turns.

A terminal that was asked (0x9208) says what it will send (0x1210), begins a file (0x1211), sends its
pieces bare, and ends it (0x1212); the centre answers which bytes are missing (0x9212). A piece is 30 31
63 64, the name in 50 bytes, offset u32, length u32 and the bytes, unescaped (T/JSATL 12-2017 4.5,
T/GDRTA 002-2019).
"""

import hashlib
import struct
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from taxi_qa.ingest.terminals.framing import MOST_PIECE, Splitter
from taxi_qa.ingest.terminals.layout import text_of

_PIECE: Final = b"\x30\x31\x63\x64"
_MARK: Final = b"\x7e"
_HEAD: Final = struct.Struct(">4s50sII")
# The standards say 64 KiB a piece.
_MOST_PIECE_BYTES: Final = 1 << 20
MOST_FILE_BYTES: Final = 32 << 20
_MOST_RANGES: Final = 255


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a file: which, where, and the bytes."""

    name: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class File:
    """A file that is whole, with the digest of its bytes in hex."""

    name: str
    type: int
    data: bytes
    sha256: str


class UploadSplitter:
    """The state of one upload socket.

    Attributes:
        faults: what was refused, by reason: those of `framing.Splitter`, and "piece" with an
            impossible length.
    """

    def __init__(self) -> None:
        """Begin a stream."""
        self.faults: Counter[str] = Counter()
        self._held = bytearray()

    @property
    def held_bytes(self) -> int:
        """Bytes that are no whole frame or piece yet."""
        return len(self._held)

    def feed(self, data: bytes) -> list[bytes | Piece]:
        """Take a segment of the stream, of any length.

        Args:
            data: bytes as they came.

        Returns:
            Frames (unescaped, from the header to the check, which is right) and pieces, in order.
        """
        self._held += data
        found: list[bytes | Piece] = []
        while self._held:
            if self._held.startswith(_MARK):
                ready = self._frame(found)
            elif self._held.startswith(_PIECE):
                ready = self._piece(found)
            else:
                ready = self._skip()
            if not ready:
                break
        return found

    def _frame(self, found: list[bytes | Piece]) -> bool:
        end = self._held.find(_MARK, 1)
        if end < 0:
            if len(self._held) <= MOST_PIECE:
                return False
            self.faults["long"] += 1
            del self._held[:1]
            return True
        splitter = Splitter()
        frames = splitter.feed(bytes(self._held[: end + 1]))
        self.faults += splitter.faults
        found += frames
        # The second mark of something broken may be the first of the next frame.
        del self._held[: end + 1 if frames else end]
        return True

    def _piece(self, found: list[bytes | Piece]) -> bool:
        if len(self._held) < _HEAD.size:
            return False
        _, name, offset, length = _HEAD.unpack_from(self._held)
        if length > _MOST_PIECE_BYTES:
            self.faults["piece"] += 1
            del self._held[: len(_PIECE)]
            return True
        end = _HEAD.size + length
        if len(self._held) < end:
            return False
        found.append(Piece(text_of(name), offset, bytes(self._held[_HEAD.size : end])))
        del self._held[:end]
        return True

    def _skip(self) -> bool:
        """Drop what begins neither a frame nor a piece; whether something may begin now."""
        places = [place for place in (self._held.find(_MARK), self._held.find(_PIECE)) if place >= 0]
        if places:
            del self._held[: min(places)]
            return True
        # The last bytes may be the first of a piece.
        tail = next((n for n in (3, 2, 1) if self._held.endswith(_PIECE[:n])), 0)
        del self._held[: len(self._held) - tail]
        return False


@dataclass
class Upload:
    """Files a terminal is sending, joined from their pieces.

    Attributes:
        refused: pieces of files nobody began, beyond their file's size, or of files too large.
    """

    refused: int = 0
    _begun: dict[str, "_Begun"] = field(default_factory=dict)

    @property
    def begun_bytes(self) -> int:
        """Bytes of all files begun and not ended, as they were announced."""
        return sum(file.size_bytes for file in self._begun.values())

    def begin(self, name: str, file_type: int, size_bytes: int, room_bytes: int = MOST_FILE_BYTES) -> bool:
        """0x1211: a file begins; False where it, with those begun before, is too large for the room."""
        others = sum(file.size_bytes for other, file in self._begun.items() if other != name)
        if others + size_bytes > min(room_bytes, MOST_FILE_BYTES):
            return False
        before = self._begun.get(name)
        # Begun again with the same size it goes on: what came is not asked for twice.
        if before is None or (before.type, before.size_bytes) != (file_type, size_bytes):
            self._begun[name] = _Begun(file_type, size_bytes)
        return True

    def put(self, piece: Piece) -> None:
        """Take a piece in; sent again it is the same."""
        file = self._begun.get(piece.name)
        if file is None or piece.offset + len(piece.data) > file.size_bytes:
            self.refused += 1
            return
        end = piece.offset + len(piece.data)
        if len(file.data) < end:
            file.data.extend(bytes(end - len(file.data)))
        file.data[piece.offset : end] = piece.data
        file.spans = _merged([*file.spans, (piece.offset, end)])

    def missing(self, name: str) -> list[tuple[int, int]]:
        """Offset and length of what is still missing of a file, at most 255 stretches, for 0x9212."""
        file = self._begun.get(name)
        if file is None:
            return []
        edges = [0, *(edge for span in file.spans for edge in span), file.size_bytes]
        gaps = zip(edges[::2], edges[1::2], strict=True)
        return [(start, end - start) for start, end in gaps if end > start][:_MOST_RANGES]

    def end(self, name: str) -> File | None:
        """0x1212: the file, where nothing is missing; it is forgotten here then."""
        if name not in self._begun or self.missing(name):
            return None
        file = self._begun.pop(name)
        return File(name, file.type, bytes(file.data), hashlib.sha256(file.data).hexdigest())


@dataclass
class _Begun:
    """A file on its way: its bytes so far, and which stretches of them came."""

    type: int
    size_bytes: int
    data: bytearray = field(default_factory=bytearray)
    spans: list[tuple[int, int]] = field(default_factory=list)


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches in order, those that touch joined."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def taken_body(name: str, file_type: int, missing: list[tuple[int, int]]) -> bytes:
    """The body of 0x9212: the file is whole, or these stretches must be sent again."""
    text = name.encode("gb18030")
    head = struct.pack(f">B{len(text)}sBBB", len(text), text, file_type, int(bool(missing)), len(missing))
    return head + b"".join(struct.pack(">II", *gap) for gap in missing)
