"""The dispatch centre's socket: its words about booked rides go to the terminals, and into the journal.

A centre that offers rides (0x8B00), tells who got one (0x8B01) and calls one off (0x8B09) sends those frames
here, each with the number of the terminal it is for. Kept beside what the terminals say they tell which ride
was offered to whom and when it was due; without them an order of a terminal has no begin.
"""

import asyncio
from typing import TYPE_CHECKING, Final

from taxi_qa.gateway.journal import Entry, packed
from taxi_qa.ingest.terminals.frame import Frame, answer, parse
from taxi_qa.ingest.terminals.framing import Splitter

if TYPE_CHECKING:
    from taxi_qa.gateway.serve import Gateway

WORDS: Final = frozenset({0x8B00, 0x8B01, 0x8B09})
HANDED_ON, NOT_THERE, NOT_UNDERSTOOD = 0, 1, 2
_UNREAD_BYTES: Final = 1 << 20


class Dispatcher(asyncio.Protocol):
    """One socket of a dispatch centre; each frame is answered with 0x8001.

    0: durable and written to the terminal's socket. 1: no such terminal is connected, nothing was kept.
    2: a word that is not for this port.
    """

    def __init__(self, gateway: "Gateway") -> None:
        """Begin."""
        self.gateway = gateway
        self._transport: asyncio.Transport | None = None
        self._splitter = Splitter()
        self._serial = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The centre connected."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - streams only
        self._transport = transport
        self.gateway.dispatchers.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's own
        """The centre is gone."""
        self._transport = None
        self.gateway.dispatchers.discard(self)

    def data_received(self, data: bytes) -> None:
        """Words for terminals."""
        gateway = self.gateway
        for raw in self._splitter.feed(data):
            try:
                frame = parse("jt905", raw)
            except ValueError:
                gateway.figures.counts["broken"] += 1
                continue
            if frame.message_id not in WORDS:
                self.answer(frame, NOT_UNDERSTOOD)
            elif gateway.speaking(frame.terminal) is None:
                self.answer(frame, NOT_THERE)
            else:
                entry = packed(Entry(gateway.now_ms(), "jt905", 0, raw))
                gateway.relay(self, frame, raw, entry)

    def answer(self, frame: Frame, result: int) -> None:
        """Say what became of a word."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        self._serial = (self._serial + 1) & 0xFFFF
        transport.write(answer(frame, self._serial, result))
        if transport.get_write_buffer_size() > _UNREAD_BYTES:
            self.gateway.figures.counts["closed: answers not read"] += 1
            transport.abort()

    def close(self) -> None:
        """End it; what is buffered still goes out."""
        if self._transport is not None:
            self._transport.close()
