"""A made terminal on a real socket: it keeps each record until it is answered, and comes back.

What an answer does not come for in time is sent again under a new serial, after three times over a new
connection. Answers may be lost on the way, and connections cut, by dice of its own.
"""

import asyncio
import random
import struct
from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from taxi_qa.lab.terminals.bringing import Asked, Picture, asked_for, bring
from taxi_qa.lab.terminals.wire import Edition, framed, heard, text

_WINDOW: Final = 4
_AGAIN_S: Final = 0.05
_TRIES: Final = 3
_COME_BACK_S: Final = 0.02
_ANSWER, _REGISTERED = 0x8001, 0x8100
_GENERAL, _REGISTER, _SIGN_ON = 0x0001, 0x0100, 0x0102
_PLATE_YELLOW: Final = 2
_FILES_WANTED: Final = 0x9208


class Terminal(asyncio.Protocol):
    """One terminal.

    Attributes:
        sent, again, connections, centre_words: what it did: frames, of them again, how often it connected,
            and words of the dispatch centre it heard.
        brought: files of alarms the centre took.
    """

    def __init__(
        self,
        edition: Edition,
        terminal: str,
        address: tuple[str, int],
        *,
        loss: float,
        seed: int,
        files: Mapping[bytes, Picture] = MappingProxyType({}),
    ) -> None:
        """Begin without a connection.

        Args:
            edition, terminal: what it speaks and its number.
            address: of the gateway.
            loss: share of answers that do not arrive; a tenth of it cuts the connection as well.
            seed: of its dice.
            files: of its alarms, by their labels.
        """
        self.files, self.brought = dict(files), 0
        self._bringing: dict[bytes, asyncio.Task[None]] = {}
        self._asked_all = asyncio.Event()
        if not files:
            self._asked_all.set()
        self.edition, self.terminal, self.address, self.loss = edition, terminal, address, loss
        self.sent = self.again = self.connections = self.centre_words = 0
        self._chance = random.Random(f"{seed} {terminal}")  # noqa: S311 - dice of a laboratory
        self._transport: asyncio.Transport | None = None
        self._held = bytearray()
        self._serial = self._chance.randrange(65_536)
        self._waiting: deque[tuple[int, bytes]] = deque()
        # Serial -> the record it was sent with, how often, and when it is sent again.
        self._open: dict[int, tuple[int, bytes, int, asyncio.TimerHandle]] = {}
        self._code: bytes | None = None
        self._on = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._ended = False
        self._coming: asyncio.Task[None] | None = None

    # --- for whoever drives it ---

    async def start(self) -> None:
        """Connect, and sign on where the protocol has that."""
        await self._connect()
        await self._on.wait()

    def say(self, message_id: int, body: bytes) -> None:
        """Keep a record and send it."""
        self._waiting.append((message_id, body))
        self._idle.clear()
        self._send_on()

    async def told_all(self) -> None:
        """Wait until every record is answered."""
        await self._idle.wait()

    async def brought_all(self, most_s: float) -> bool:
        """Wait until every file was asked for and taken; whether that was so in so many seconds."""
        try:
            async with asyncio.timeout(most_s):
                await self._asked_all.wait()
                await asyncio.gather(*self._bringing.values())
        except TimeoutError:
            return False
        return self.brought == len(self.files)

    def end(self) -> None:
        """Switch it off."""
        self._ended = True
        for task in self._bringing.values():
            task.cancel()
        for *_rest, timer in self._open.values():
            timer.cancel()
        if self._transport is not None:
            self._transport.close()

    # --- asyncio's own ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - streams only
        self._transport, self._held = transport, bytearray()
        self.connections += 1
        if self.edition == "905":
            self._on.set()
            # Nobody knows who it is before it says something: a heartbeat names it.
            self._frame(0x0002, b"")
            self._send_on()
        elif self._code is None:
            self._frame(_REGISTER, self._about())
        else:
            self._sign_on()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's own
        """Cut: what was not answered waits in front again, and a new connection is made."""
        self._transport = None
        self._on.clear()
        for *_rest, timer in self._open.values():
            timer.cancel()
        for message_id, body, _tries, _timer in reversed(self._open.values()):
            self._waiting.appendleft((message_id, body))
            self.again += 1
        self._open.clear()
        if not self._ended:
            self._coming = asyncio.get_running_loop().create_task(self._come_back())

    def data_received(self, data: bytes) -> None:
        """The centre speaks."""
        self._held += data
        for message_id, body in heard(self._held, self.edition):
            if message_id == _REGISTERED:
                self._code = body[3:]
                self._sign_on()
            elif message_id == _ANSWER:
                serial, answered, _result = struct.unpack(">HHB", body)
                if answered == _SIGN_ON:
                    self._on.set()
                else:
                    self._answered(serial)
            elif message_id == _FILES_WANTED:
                self._bring(asked_for(body))
                self._frame(_GENERAL, struct.pack(">HHB", 0, message_id, 0))
            else:
                self.centre_words += 1
                self._frame(_GENERAL, struct.pack(">HHB", 0, message_id, 0))
        self._send_on()

    # --- its own ---

    def _bring(self, asked: Asked) -> None:
        """Bring a file that is asked for, once."""
        if asked.label in self.files and asked.label not in self._bringing:
            self._bringing[asked.label] = asyncio.get_running_loop().create_task(self._brought(asked))
            if len(self._bringing) == len(self.files):
                self._asked_all.set()

    async def _brought(self, asked: Asked) -> None:
        who = self.edition, self.terminal
        # Added after the waiting: several files are on their way at once.
        taken = await bring(who, asked, self.files[asked.label], self._chance, self.loss)
        self.brought += taken

    async def _connect(self) -> None:
        while not self._ended:
            try:
                await asyncio.get_running_loop().create_connection(lambda: self, *self.address)
            except OSError:
                await asyncio.sleep(_COME_BACK_S)
            else:
                return

    async def _come_back(self) -> None:
        await asyncio.sleep(_COME_BACK_S)
        await self._connect()

    def _send_on(self) -> None:
        while self._on.is_set() and self._transport and self._waiting and len(self._open) < _WINDOW:
            message_id, body = self._waiting.popleft()
            self._send(message_id, body, 1)
            if self._transport is not None and self._chance.random() < self.loss / 10:
                self._transport.abort()
                return
        if not self._waiting and not self._open:
            self._idle.set()

    def _send(self, message_id: int, body: bytes, tries: int) -> None:
        serial = self._frame(message_id, body)
        timer = asyncio.get_running_loop().call_later(_AGAIN_S * tries, self._late, serial)
        self._open[serial] = (message_id, body, tries, timer)

    def _late(self, serial: int) -> None:
        """No answer in time."""
        message_id, body, tries, _timer = self._open.pop(serial)
        self.again += 1
        if tries >= _TRIES and self._transport is not None:
            self._waiting.appendleft((message_id, body))
            self._transport.abort()
        else:
            self._send(message_id, body, tries + 1)

    def _answered(self, serial: int) -> None:
        if serial in self._open and self._chance.random() >= self.loss:
            self._open.pop(serial)[3].cancel()

    def _frame(self, message_id: int, body: bytes) -> int:
        self._serial = (self._serial + 1) & 0xFFFF
        self.sent += 1
        if self._transport is not None:
            self._transport.write(framed(self.edition, message_id, self.terminal, self._serial, body))
        return self._serial

    def _sign_on(self) -> None:
        code = self._code or b""
        body = bytes((len(code),)) + code + bytes(35) if self.edition == "808-2019" else code
        self._frame(_SIGN_ON, body)

    def _about(self) -> bytes:
        maker, model, device = (11, 30, 30) if self.edition == "808-2019" else (5, 20, 7)
        told = struct.pack(">HH", 44, 2000) + text("LAB", maker) + text("MADE", model)
        return told + text(self.terminal[-7:], device) + bytes((_PLATE_YELLOW,)) + "粤T00000".encode("gbk")


class Centre(asyncio.Protocol):
    """A made dispatch centre: says a word until it was handed on."""

    def __init__(self) -> None:
        """Begin without a connection."""
        self._transport: asyncio.Transport | None = None
        self._held = bytearray()
        self._serial = 0
        self._answers: dict[int, asyncio.Future[int]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - streams only
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers of the gateway."""
        self._held += data
        for _message_id, body in heard(self._held, "905"):
            serial, _answered, result = struct.unpack(">HHB", body)
            self._answers.pop(serial).set_result(result)

    async def tell(self, terminal: str, message_id: int, body: bytes) -> None:
        """Say a word to a terminal, again while it is away."""
        while True:
            self._serial = (self._serial + 1) & 0xFFFF
            answer = asyncio.get_running_loop().create_future()
            self._answers[self._serial] = answer
            assert self._transport is not None  # noqa: S101 - for the type checker: it is connected
            self._transport.write(framed("905", message_id, terminal, self._serial, body))
            if not await answer:
                return
            await asyncio.sleep(_COME_BACK_S)

    def end(self) -> None:
        """Go."""
        if self._transport is not None:
            self._transport.close()
