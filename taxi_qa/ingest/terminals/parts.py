"""Messages of JT808 that come in parts, put together: by terminal, id and the serial of the first part."""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Final

from taxi_qa.ingest.terminals.frame import Frame

# Open messages of all terminals together, parts of one, bytes of one: what is older or larger is given up.
MOST_OPEN: Final = 4_096
MOST_PARTS: Final = 2_048
MOST_BYTES: Final = 64 << 20


@dataclass
class Parts:
    """Messages that still miss parts.

    Attributes:
        given_up: parts thrown away: their message never became whole, or was too large.
    """

    given_up: int = 0
    most_open: int = MOST_OPEN
    most_bytes: int = MOST_BYTES
    _open: OrderedDict[tuple[str, int, int], dict[int, Frame]] = field(default_factory=OrderedDict)
    _bytes: int = 0

    def put(self, frame: Frame) -> Frame | None:
        """Take a frame in.

        Returns:
            The frame itself when it is whole; the message put together when this was its last part
            (with the serial of the first); None while parts are missing or when the numbers make no sense.
        """
        if frame.total <= 1:
            return frame
        if not 1 <= frame.index <= frame.total <= MOST_PARTS:
            self.given_up += 1
            return None
        # Serials of parts follow each other: the first one's names the message, whichever part comes first.
        first = (frame.serial - frame.index + 1) & 0xFFFF
        key = (frame.terminal, frame.message_id, first)
        parts = self._open.setdefault(key, {})
        before = parts.get(frame.index)
        self._bytes += len(frame.body) - (len(before.body) if before else 0)
        parts[frame.index] = frame
        if len(parts) == frame.total:
            self._drop(key)
            body = b"".join(parts[index].body for index in range(1, frame.total + 1) if index in parts)
            return replace(frame, serial=first, body=body, total=1, index=1, declared=len(body))
        while len(self._open) > self.most_open or self._bytes > self.most_bytes:
            oldest = next(iter(self._open))
            self.given_up += len(self._open[oldest])
            self._drop(oldest)
        return None

    def missing(self, frame: Frame) -> list[int]:
        """Parts still missing of the message `frame` is a part of, for 0x8003."""
        first = (frame.serial - frame.index + 1) & 0xFFFF
        parts = self._open.get((frame.terminal, frame.message_id, first), {})
        return [index for index in range(1, frame.total + 1) if index not in parts] if parts else []

    def waiting(self) -> list[Frame]:
        """All parts held, oldest message first."""
        return [part for parts in self._open.values() for part in parts.values()]

    def _drop(self, key: tuple[str, int, int]) -> None:
        self._bytes -= sum(len(part.body) for part in self._open.pop(key).values())
