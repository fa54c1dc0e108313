"""Files of camera alarms: what a terminal of JT808 is asked for, and the port it brings it to.

An alarm says how many files it has. Once its frame is durable the terminal is asked for them (0x9208) and
connects to the port of files: it says what it brings (0x1210, 0x1211), sends the bytes bare, and ends each
file (0x1212); the answer (0x9212) says which bytes are missing, and only a file that lies on the disk, whole
and synced, is said to be whole (T/JSATL 12-2017 4.5, T/GDRTA 002-2019).
"""

import asyncio
import json
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from taxi_qa.gateway.journal import sync_folder
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
_INDEX: Final = "files.jsonl"
_UNREAD_BYTES: Final = 1 << 20


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
    """The question for the files of an alarm; its number is the label in hex, cut to its 32 bytes.

    Args:
        frame: that told of the alarm.
        label: of it.
        host, port: of the port of files, as terminals reach it.
        serial: the centre's number of this word.
    """
    name = host.encode("ascii")
    number = label[:16].hex().encode("ascii").ljust(32, b"\x00")[:32]
    body = struct.pack(f">B{len(name)}sHH", len(name), name, port, 0) + label + number + bytes(16)
    return compose("jt808", ASK, frame.terminal, serial, body, frame.version)


def keep_file(folder: Path, file: File, told: dict[str, Any]) -> None:
    """Keep a file under its hash, and a line that says whose it is; both are durable then.

    Args:
        folder: of the gateway.
        file: whole.
        told: when it came, terminal, vehicle and alarm.
    """
    place = folder / "media" / file.sha256[:2]
    place.mkdir(parents=True, exist_ok=True)
    target = place / file.sha256
    if not target.exists():
        part = place / f".{file.sha256}.{os.getpid()}"
        with part.open("wb") as stream:
            stream.write(file.data)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(target)
        sync_folder(place)
    line = {**told, "name": file.name, "type": file.type, "bytes": len(file.data), "sha256": file.sha256}
    with (folder / "media" / _INDEX).open("a", encoding="utf-8") as index:
        index.write(json.dumps(line, ensure_ascii=False) + "\n")
        index.flush()
        os.fsync(index.fileno())
    sync_folder(folder / "media")


class FileSocket(asyncio.Protocol):
    """A terminal that brings files."""

    def __init__(self, gateway: "Gateway", folder: Path, keep: Callable[..., None] = keep_file) -> None:
        """Begin.

        Args:
            gateway: whose terminals may bring any.
            folder: of the gateway.
            keep: as `keep_file`.
        """
        self._gateway, self._folder, self._keep = gateway, folder, keep
        self._transport: asyncio.Transport | None = None
        self._splitter, self._upload = UploadSplitter(), Upload()
        self._alarm = ""
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
        self._gateway.file_sockets.add(transport)
        self._heard()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's own
        """Gone; what was not whole is brought again."""
        if self._silence is not None:
            self._silence.cancel()
        if self._transport is not None:
            self._gateway.file_sockets.discard(self._transport)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Frames and pieces of files."""
        self._heard()
        for found in self._splitter.feed(data):
            if isinstance(found, Piece):
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
            self._take(frame)

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
            taken = self._upload.begin(values["name"], values["type"], values["size_bytes"])
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
        told = {
            "received_ms": gateway.now_ms(), "terminal": frame.terminal,
            "vehicle_id": gateway.terminals[frame.terminal], "alarm": self._alarm,
        }  # fmt: skip
        try:
            await asyncio.to_thread(self._keep, self._folder, file, told)
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
