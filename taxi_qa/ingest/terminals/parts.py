"""Messages of JT808 that come in parts, put together: by terminal, id and the serial of the first part."""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Final

from taxi_qa.ingest.terminals.frame import Frame

# Open messages of all terminals together, parts of one, bytes of one: what is older or larger is given up.
MOST_OPEN: Final = 4_096
MOST_PARTS: Final = 2_048
MOST_BYTES: Final = 64 << 20
# Serials begin anew when a terminal restarts: a part that waited longer is of another message of that number.
LONGEST_MS: Final = 10 * 60_000


@dataclass
class _Open:
    """A message that misses parts: those that came, and when the last of them did."""

    last_ms: int
    parts: dict[int, Frame] = field(default_factory=dict)


@dataclass
class Parts:
    """Messages that still miss parts.

    Attributes:
        given_up: parts thrown away: their message never became whole, or was too large.
    """

    given_up: int = 0
    most_open: int = MOST_OPEN
    most_bytes: int = MOST_BYTES
    _open: OrderedDict[tuple[str, int, int], _Open] = field(default_factory=OrderedDict)
    _bytes: int = 0

    def put(self, frame: Frame, received_ms: int = 0) -> Frame | None:
        """Take a frame in.

        Args:
            frame: as it came.
            received_ms: when; a message whose parts come further apart than `LONGEST_MS` is two.

        Returns:
            The frame itself when it is whole; the message put together when this was its last part (with
            the serial of the first); None while parts are missing or when the numbers make no sense.
        """
        if frame.total <= 1:
            return frame
        if not 1 <= frame.index <= frame.total <= MOST_PARTS:
            self.given_up += 1
            return None
        # Serials of parts follow each other: the first one's names the message, whichever part comes first.
        first = (frame.serial - frame.index + 1) & 0xFFFF
        key = (frame.terminal, frame.message_id, first)
        waiting = self._open.get(key)
        if waiting is not None and (
            received_ms - waiting.last_ms > LONGEST_MS
            or next(iter(waiting.parts.values())).total != frame.total
        ):
            self._give_up(key)
            waiting = None
        if waiting is None:
            waiting = self._open[key] = _Open(received_ms)
        waiting.last_ms = received_ms
        before = waiting.parts.get(frame.index)
        self._bytes += len(frame.body) - (len(before.body) if before else 0)
        waiting.parts[frame.index] = frame
        if len(waiting.parts) == frame.total:
            parts = self._drop(key)
            body = b"".join(parts[index].body for index in range(1, frame.total + 1))
            return replace(frame, serial=first, body=body, total=1, index=1, declared=len(body))
        while len(self._open) > self.most_open or self._bytes > self.most_bytes:
            self._give_up(next(iter(self._open)))
        return None

    def missing(self, frame: Frame) -> list[int]:
        """Parts still missing of the message `frame` is a part of, for 0x8003."""
        first = (frame.serial - frame.index + 1) & 0xFFFF
        waiting = self._open.get((frame.terminal, frame.message_id, first))
        if waiting is None:
            return []
        return [index for index in range(1, frame.total + 1) if index not in waiting.parts]

    def waiting(self) -> list[tuple[int, Frame]]:
        """All parts held, oldest message first, each with the moment the last of its message came."""
        return [(one.last_ms, part) for one in self._open.values() for part in one.parts.values()]

    def _give_up(self, key: tuple[str, int, int]) -> None:
        self.given_up += len(self._drop(key))

    def _drop(self, key: tuple[str, int, int]) -> dict[int, Frame]:
        parts = self._open.pop(key).parts
        self._bytes -= sum(len(part.body) for part in parts.values())
        return parts
