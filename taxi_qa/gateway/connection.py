"""One terminal's socket: bytes in, frames to the journal, answers out."""

import asyncio
import time
from typing import TYPE_CHECKING, Final

from taxi_qa.gateway.journal import Entry, packed
from taxi_qa.ingest.terminals.frame import Frame, Protocol, parse
from taxi_qa.ingest.terminals.framing import Splitter

if TYPE_CHECKING:
    from taxi_qa.gateway.serve import Gateway

_FAR_TOO_MANY: Final = 8
# About 45 positions: a millisecond of work.
_AT_ONCE_BYTES: Final = 2_048
# The centre's words have the highest bit set: a terminal that says them would make up what it was told.
_OF_THE_CENTRE: Final = 0x8000


class Connection(asyncio.BufferedProtocol):
    """A socket; what it shares with others is the gateway's.

    It is read in small pieces, in turn with the others: who has much to say makes nobody wait long.
    """

    def __init__(self, gateway: "Gateway", protocol: Protocol) -> None:
        """Begin.

        Args:
            gateway: whose.
            protocol: of the port.
        """
        self.gateway, self.protocol = gateway, protocol
        self.number = 0
        self.terminal = ""
        self.heard_s = self.began_s = time.monotonic()
        self._transport: asyncio.Transport | None = None
        self._splitter = Splitter()
        self._faults = 0
        self._unknown = 0
        self._buffer = memoryview(bytearray(_AT_ONCE_BYTES))
        # Until then its frames use up what it may send.
        self._paid_s = 0.0
        # Why the socket is not read now.
        self._waits: set[str] = set()

    # --- asyncio's own ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody connected."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - streams only
        self._transport = transport
        limits = self.gateway.limits
        transport.set_write_buffer_limits(high=limits.unread_bytes, low=limits.unread_bytes // 4)
        if not self.gateway.welcome(self):
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's own
        """The other end is gone."""
        self._transport = None
        self.gateway.gone(self)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's own
        """Room for the next bytes."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes came."""
        now_s = time.monotonic()
        self.heard_s = now_s
        frames = self._splitter.feed(bytes(self._buffer[:nbytes]))
        if self._splitter.broken > self._faults:
            self.gateway.figures.counts["broken"] += self._splitter.broken - self._faults
            self._faults = self._splitter.broken
        for raw in frames:
            self._take(raw, now_s)
        self._count(len(frames), now_s)

    def pause_writing(self) -> None:
        """The terminal reads no answers: it is not read either."""
        self.gateway.figures.counts["slow readers"] += 1
        self.wait("answers")

    def resume_writing(self) -> None:
        """It reads again."""
        self.go_on("answers")

    # --- for the gateway ---

    def send(self, data: bytes) -> None:
        """Answers out, if the other end is still there."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.write(data)
        if transport.get_write_buffer_size() > _FAR_TOO_MANY * self.gateway.limits.unread_bytes:
            self.gateway.figures.counts["closed: answers not read"] += 1
            transport.abort()

    def wait(self, why: str) -> None:
        """Do not read the socket, for this reason too."""
        if not self._waits and self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
        self._waits.add(why)

    def go_on(self, why: str) -> None:
        """Read again, unless there is another reason not to."""
        self._waits.discard(why)
        if not self._waits and self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def close(self, why: str) -> None:
        """End it; what is buffered still goes out."""
        if self._transport is not None and not self._transport.is_closing():
            self.gateway.figures.counts[f"closed: {why}"] += 1
            self._transport.close()

    # --- frames ---

    def _take(self, raw: bytes, now_s: float) -> None:
        gateway = self.gateway
        try:
            frame = parse(self.protocol, raw)
        except ValueError:
            gateway.figures.counts["broken"] += 1
            return
        gateway.figures.counts["frames"] += 1
        if frame.terminal != self.terminal and not self._is_known(frame):
            self._unknown += 1
            gateway.keep_unknown(self.protocol, raw)
            if self._unknown >= gateway.limits.unknown_frames:
                self.close("unknown terminal")
            return
        if frame.message_id & _OF_THE_CENTRE:
            gateway.figures.counts["not a terminal's word"] += 1
            return
        entry = Entry(gateway.now_ms(), self.protocol, self.number, raw)
        gateway.keep(self, frame, packed(entry), now_s)

    def _is_known(self, frame: Frame) -> bool:
        if frame.terminal not in self.gateway.terminals:
            return False
        # A gateway of a depot speaks for several terminals; the one it named last stands for the connection.
        self.gateway.named(self, frame.terminal)
        self.terminal = frame.terminal
        return True

    def _count(self, frames: int, now_s: float) -> None:
        """A second's frames at once are allowed; beyond them it waits as long as they should have taken."""
        self._paid_s = max(self._paid_s, now_s - 1) + frames / self.gateway.limits.frames_per_s
        if self._paid_s > now_s:
            self.gateway.figures.counts["held back"] += 1
            self.wait("rate")
            asyncio.get_running_loop().call_later(self._paid_s - now_s, self.go_on, "rate")
