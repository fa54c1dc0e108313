"""Files of camera alarms: what a terminal of JT808 is asked for, and the port it brings it to.

An alarm says how many files it has. Once its frame is durable the terminal is asked for them (0x9208) and
connects to the port of files: it says what it brings (0x1210, 0x1211), sends the bytes bare, and ends each
file (0x1212); the answer (0x9212) says which bytes are missing, and only a file that lies on the disk, whole
and synced, is said to be whole (T/JSATL 12-2017 4.5, T/GDRTA 002-2019).
"""

import asyncio
import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from taxi_qa.gateway.media import keep_media, note_file
from taxi_qa.ingest.terminals.decode import decode
from taxi_qa.ingest.terminals.frame import Frame, answer, compose, parse
from taxi_qa.ingest.terminals.uploads import File, Piece, Upload, UploadSplitter, taken_body

if TYPE_CHECKING:
    from taxi_qa.gateway.serve import Gateway

ASK, TELL, BEGIN, END, TAKEN = 0x9208, 0x1210, 0x1211, 0x1212, 0x9212
# Alarms of cameras: assistance, the driver's, blind spots, harsh driving.
_ALARMS: Final = frozenset({0x64, 0x65, 0x67, 0x70})
_PLACE_BYTES: Final = 28
# The label at the end of an item: 16 bytes where the item has 47, in Guangdong 40 where it has 71.
_LABELS: Final = {47: 16, 71: 40}
_FILES_AT: Final = {16: 14, 40: 37}
_DONE, _FAILED, _STRANGE = 0, 1, 2
_UNREAD_BYTES: Final = 1 << 20
# Held of somebody who has not said yet who he is: more than the longest frame needs.
_STRANGERS_BYTES: Final = 32_768


def labels_of(body: bytes) -> Iterator[bytes]:
    """The labels of alarms that have files, among the items of a position (0x0200 of JT808)."""
    at = _PLACE_BYTES
    while at + 1 < len(body):
        item, length = body[at], body[at + 1]
        value, at = body[at + 2 : at + 2 + length], at + 2 + length
        size = _LABELS.get(length)
        if item in _ALARMS and size is not None and len(value) == length:
            label = value[-size:]
            if label[_FILES_AT[size]]:
                yield label


def asking(frame: Frame, label: bytes, host: str, port: int, serial: int) -> bytes:
    """The question for the files of an alarm; its number is made of terminal and label.

    Args:
        frame: that told of the alarm.
        label: of it.
        host, port: of the port of files, as terminals reach it.
        serial: the centre's number of this word.
    """
    name = host.encode("ascii")
    number = hashlib.sha256(frame.terminal.encode() + label).hexdigest()[:32].encode("ascii")
    body = struct.pack(f">B{len(name)}sHH", len(name), name, port, 0) + label + number + bytes(16)
    return compose("jt808", ASK, frame.terminal, serial, body, frame.version)


def keep_file(folder: Path, file: File, told: dict[str, Any], received_ms: int) -> None:
    """Keep a file and a line that says whose it is; both are durable then.

    Args:
        folder: of the gateway.
        file: whole.
        told: terminal, vehicle and alarm.
        received_ms: when.

    Raises:
        OSError: the disk is full or fails.
    """
    keep_media(folder, file.data, file.sha256)
    of_file = {"name": file.name, "type": file.type, "bytes": len(file.data), "sha256": file.sha256}
    note_file(folder, {**told, **of_file}, received_ms)


class FileSocket(asyncio.Protocol):
    """A terminal that brings files."""

    def __init__(self, gateway: "Gateway", folder: Path) -> None:
        """Begin.

        Args:
            gateway: whose terminals may bring any.
            folder: of the gateway.
        """
        self._gateway, self._folder = gateway, folder
        self._transport: asyncio.Transport | None = None
        self._splitter, self._upload = UploadSplitter(), Upload()
        self._alarm = ""
        self._is_known = False
        self._serial = 0
        self._silence: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody connected."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - streams only
        self._transport = transport
        if len(self._gateway.file_sockets) >= self._gateway.limits.file_sockets:
            self._gateway.figures.counts["turned away"] += 1
            transport.abort()
            return
        self._gateway.file_sockets.add(self)
        self._heard()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's own
        """Gone; what was not whole is brought again."""
        if self._silence is not None:
            self._silence.cancel()
        self._gateway.file_sockets.discard(self)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Frames and pieces of files."""
        self._heard()
        for found in self._splitter.feed(data):
            if isinstance(found, Piece):
                # Of a file nobody began it is refused there, and takes no room.
                self._upload.put(found)
                continue
            try:
                frame = parse("jt808", found)
            except ValueError:
                self._gateway.figures.counts["broken"] += 1
                continue
            if frame.terminal not in self._gateway.terminals:
                self._gateway.figures.counts["unknown"] += 1
                self._close()
                return
            self._is_known = True
            self._take(frame)
        if not self._is_known and self._splitter.held_bytes > _STRANGERS_BYTES:
            self._gateway.figures.counts["unknown"] += 1
            self._close()

    @property
    def begun_bytes(self) -> int:
        """Bytes of the files it has begun and not ended."""
        return self._upload.begun_bytes

    def close(self) -> None:
        """End it."""
        self._close()

    def _heard(self) -> None:
        """Whoever says nothing for as long as it may is closed: his file takes room."""
        if self._silence is not None:
            self._silence.cancel()
        self._silence = asyncio.get_running_loop().call_later(self._gateway.limits.silent_s, self._close)

    def _take(self, frame: Frame) -> None:
        told = decode(frame)
        values = told.fields
        if told.fault or frame.message_id not in {TELL, BEGIN, END}:
            self._send(answer(frame, self._number(), _STRANGE))
        elif frame.message_id == TELL:
            label = values["label"]
            self._alarm = f"{label['terminal']}-{label['time_ms']}-{label['number']}"
            self._send(answer(frame, self._number()))
        elif frame.message_id == BEGIN:
            room = self._gateway.limits.file_bytes - self._gateway.file_bytes(without=self)
            taken = self._upload.begin(values["name"], values["type"], values["size_bytes"], room)
            self._send(answer(frame, self._number(), _DONE if taken else _FAILED))
        else:
            self._ended(frame, values["name"], values["type"])

    def _ended(self, frame: Frame, name: str, file_type: int) -> None:
        missing = self._upload.missing(name)
        file = None if missing else self._upload.end(name)
        if missing or file is None:
            # Of a file nobody began nothing is here: it is to be begun.
            self._send(self._taken(frame, name, file_type, missing or [(0, 0)]))
            return
        task = asyncio.get_running_loop().create_task(self._keep_then_answer(frame, file))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep_then_answer(self, frame: Frame, file: File) -> None:
        gateway = self._gateway
        vehicle_id = gateway.terminals.get(frame.terminal, "")
        told = {"terminal": frame.terminal, "vehicle_id": vehicle_id, "alarm": self._alarm}
        try:
            await asyncio.to_thread(keep_file, self._folder, file, told, gateway.now_ms())
        except OSError:
            # Not answered: the terminal brings it again, over a new connection.
            gateway.figures.counts["write failed"] += 1
            self._close()
            return
        gateway.figures.counts["files"] += 1
        self._send(self._taken(frame, file.name, file.type, []))

    def _taken(self, frame: Frame, name: str, file_type: int, missing: list[tuple[int, int]]) -> bytes:
        body = taken_body(name, file_type, missing)
        return compose("jt808", TAKEN, frame.terminal, self._number(), body, frame.version)

    def _number(self) -> int:
        self._serial = (self._serial + 1) & 0xFFFF
        return self._serial

    def _send(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > _UNREAD_BYTES:
            self._transport.abort()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()
