"""A made terminal of JT808 brings the files of an alarm, as it was asked to (T/GDRTA 002-2019).

It says what it has (0x1210), begins a file (0x1211), sends its pieces bare, some of which are lost, ends it
(0x1212), and sends what is said to be missing (0x9212). Where the connection is cut it begins anew.
"""

import asyncio
import random
import struct
from dataclasses import dataclass
from typing import Final

from taxi_qa.lab.terminals.wire import Edition, framed, heard, text

LABEL_BYTES: Final = 40
_NUMBER_BYTES: Final = 32
_PIECE: Final = b"\x30\x31\x63\x64"
_PIECE_BYTES: Final = 1_024
_TELL, _BEGIN, _END, _TAKEN, _ANSWER = 0x1210, 0x1211, 0x1212, 0x9212, 0x8001
_TRIES: Final = 8
_ANSWERED_S: Final = 5.0
_AGAIN_S: Final = 0.05
_PICTURE: Final = 0


@dataclass(frozen=True)
class Asked:
    """What a centre asks for.

    Attributes:
        host, port: where to.
        label: of the alarm.
        number: by which the centre knows it.
    """

    host: str
    port: int
    label: bytes
    number: bytes


def asked_for(body: bytes) -> Asked:
    """Read a question for files (0x9208)."""
    end = 1 + body[0]
    (port,) = struct.unpack_from(">H", body, end)
    at = end + 4
    label = body[at : at + LABEL_BYTES]
    return Asked(body[1:end].decode("ascii"), port, label, body[at + LABEL_BYTES :][:_NUMBER_BYTES])


@dataclass(frozen=True)
class Picture:
    """A file of an alarm: its name and its bytes."""

    name: str
    data: bytes


async def bring(
    who: tuple[Edition, str], asked: Asked, picture: Picture, chance: random.Random, loss: float
) -> bool:
    """Bring a file until the centre says it is whole.

    Args:
        who: edition and number of the terminal.
        asked: where to, and of which alarm.
        picture: the file.
        chance: dice.
        loss: share of pieces that do not arrive; a tenth of it cuts the connection as well.

    Returns:
        Whether it was taken in eight tries.
    """
    loop = asyncio.get_running_loop()
    for _try in range(_TRIES):
        whole: asyncio.Future[bool] = loop.create_future()
        try:
            transport, _one = await loop.create_connection(
                lambda done=whole: _Bringing(who, asked, picture, (chance, loss), done),  # type: ignore[misc]
                asked.host,
                asked.port,
            )
            async with asyncio.timeout(_ANSWERED_S):
                taken = await whole
            transport.close()
        except (OSError, TimeoutError):
            taken = False
        if taken:
            return True
        await asyncio.sleep(_AGAIN_S)
    return False


class _Bringing(asyncio.Protocol):
    """One connection to the port of files."""

    def __init__(
        self,
        who: tuple[Edition, str],
        asked: Asked,
        picture: Picture,
        luck: tuple[random.Random, float],
        whole: asyncio.Future[bool],
    ) -> None:
        self._who, self._asked, self._picture, self._whole = who, asked, picture, whole
        self._chance, self._loss = luck
        self._transport: asyncio.Transport | None = None
        self._held = bytearray()
        self._serial = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected: says what it brings."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - streams only
        self._transport = transport
        name = self._picture.name.encode("ascii")
        listed = bytes((len(name),)) + name + struct.pack(">I", len(self._picture.data))
        told = text(self._who[1], 30) + self._asked.label + self._asked.number + b"\x00\x01" + listed
        self._say(_TELL, told)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's own
        """Cut."""
        if not self._whole.done():
            self._whole.set_result(False)

    def data_received(self, data: bytes) -> None:
        """The centre answers."""
        self._held += data
        for message_id, body in heard(self._held, self._who[0]):
            if message_id == _ANSWER:
                _serial, answered, result = struct.unpack(">HHB", body)
                if answered == _TELL and not result:
                    self._say(_BEGIN, self._about())
                elif answered == _BEGIN and not result:
                    self._pieces(0, len(self._picture.data))
                    self._say(_END, self._about())
            elif message_id == _TAKEN:
                self._taken(body)

    def _taken(self, body: bytes) -> None:
        at = 1 + body[0] + 1
        is_whole, ranges = body[at] == 0, body[at + 2 :]
        if is_whole:
            if not self._whole.done():
                self._whole.set_result(True)
            return
        for begin, length in struct.iter_unpack(">II", ranges):
            self._pieces(begin, begin + length)
        self._say(_END, self._about())

    def _about(self) -> bytes:
        name = self._picture.name.encode("ascii")
        return bytes((len(name),)) + name + struct.pack(">BI", _PICTURE, len(self._picture.data))

    def _pieces(self, begin: int, end: int) -> None:
        for at in range(begin, end, _PIECE_BYTES):
            if self._chance.random() < self._loss:
                continue
            data = self._picture.data[at : min(end, at + _PIECE_BYTES)]
            head = struct.pack(">50sII", self._picture.name.encode("ascii"), at, len(data))
            if self._transport is not None:
                self._transport.write(_PIECE + head + data)
        if self._transport is not None and self._chance.random() < self._loss / 10:
            self._transport.abort()

    def _say(self, message_id: int, body: bytes) -> None:
        self._serial += 1
        if self._transport is not None:
            self._transport.write(framed(*self._framing(message_id), self._serial, body))

    def _framing(self, message_id: int) -> tuple[Edition, int, str]:
        return self._who[0], message_id, self._who[1]
