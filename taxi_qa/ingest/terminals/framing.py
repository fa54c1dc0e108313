"""Frames out of a stream of bytes, and back: 7E at both ends, 7D as the escape, one XOR byte at the end.

Both families do it alike (JT/T 905.2-2014 10.3, JT/T 808 4.4). A 7E is taken for what parts two frames, not
for a bracket: whatever stands between two of them is one piece, so that a broken piece costs itself alone
and every cutting of the stream into segments gives the same frames.
"""

from collections import Counter
from functools import reduce
from operator import xor
from typing import Final

_MARK: Final = b"\x7e"
_ESCAPE: Final = 0x7D
# A header of 12 bytes, an empty body and the check.
_SHORTEST: Final = 13
# Of one piece, still escaped. JT808 holds 1,023 bytes of body, JT905 is told to stay under 512: 16 KiB leave
# room for makers who are not, and 5,000 connections that never close a frame hold 80 MB.
MOST_PIECE: Final = 16_384


def checksum(data: bytes) -> int:
    """The XOR of all bytes; 0 over a whole frame whose check is right."""
    return reduce(xor, data, 0)


def escape(frame: bytes) -> bytes:
    """A frame ready for the wire.

    Args:
        frame: header and body, without the check.

    Returns:
        The frame with its check, escaped, a 7E at both ends.
    """
    whole = frame + bytes((checksum(frame),))
    return _MARK + whole.replace(b"\x7d", b"\x7d\x01").replace(_MARK, b"\x7d\x02") + _MARK


def unescape(piece: bytes) -> bytes:
    """What a piece between two 7E says.

    Raises:
        ValueError: a 7D is followed by neither 01 nor 02.
    """
    if _ESCAPE not in piece:
        return piece
    if piece.count(b"\x7d") != piece.count(b"\x7d\x01") + piece.count(b"\x7d\x02"):
        raise ValueError("7D 之后应为 01 或 02。A 7D must be followed by 01 or 02.")
    # 7D 02 first: the other order would take the data 7D 02, sent as 7D 01 02, for an escaped 7E.
    return piece.replace(b"\x7d\x02", _MARK).replace(b"\x7d\x01", b"\x7d")


class Splitter:
    """The state of one stream: what came since the last 7E.

    Attributes:
        faults: pieces refused, by reason: "before" the first 7E, "short", "long", "escape", "checksum".
    """

    def __init__(self, most_piece: int = MOST_PIECE) -> None:
        """Begin a stream.

        Args:
            most_piece: bytes of the longest piece kept, escapes included; a longer one is dropped.
        """
        self.faults: Counter[str] = Counter()
        self._most = most_piece
        self._held = bytearray()
        self._opened = False
        self._too_long = False

    @property
    def broken(self) -> int:
        """Pieces refused so far."""
        return self.faults.total()

    @property
    def held_bytes(self) -> int:
        """Bytes of the piece that is not closed yet, at most `most_piece`."""
        return len(self._held)

    def feed(self, data: bytes) -> list[bytes]:
        """Take a segment of the stream, of any length.

        Args:
            data: bytes as they came.

        Returns:
            The frames that ended in it: unescaped, from the header to the check, which is right.
        """
        *closed, rest = data.split(_MARK)
        frames = []
        for piece in closed:
            self._hold(piece)
            frame = self._close()
            if frame is not None:
                frames.append(frame)
        self._hold(rest)
        return frames

    def _hold(self, piece: bytes) -> None:
        if self._too_long or len(self._held) + len(piece) > self._most:
            self._too_long = True
            self._held.clear()
        else:
            self._held += piece

    def _close(self) -> bytes | None:
        piece = bytes(self._held)
        too_long, opened = self._too_long, self._opened
        self._held.clear()
        self._too_long, self._opened = False, True
        if not piece and not too_long:
            return None
        fault = "before" if not opened else "long" if too_long else ""
        if not fault:
            try:
                frame = unescape(piece)
            except ValueError:
                fault = "escape"
            else:
                fault = "short" if len(frame) < _SHORTEST else "checksum" if checksum(frame) else ""
        if fault:
            self.faults[fault] += 1
            return None
        return frame
