"""Files of camera alarms: asked for once the alarm is durable, joined, kept, then said to be whole."""

import asyncio
import hashlib
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from taxi_qa.gateway.alarm_files import labels_of
from taxi_qa.gateway.limits import Limits
from taxi_qa.gateway.serve import Gateway
from taxi_qa.ingest.terminals.frame import Frame, compose
from tests.gateway.loops import run as on_its_own
from tests.gateway.test_serve import PHONE, Terminal, gateway

NAME = "00_65_6502_0_alarm.jpg"
DATA = bytes(range(256)) * 400  # 102,400 bytes: two pieces
SHA = hashlib.sha256(DATA).hexdigest()
CLOCK = bytes.fromhex("251014123000")


def label(size: int, files: int) -> bytes:
    """Terminal, clock, number 3, how many files, what is reserved: 7 and 1 bytes, or 30 and 2."""
    name, reserved = (b"T80138\x00", 1) if size == 16 else (b"13800138000".ljust(30, b"\x00"), 2)
    return name + CLOCK + bytes((3, files)) + bytes(reserved)


def alarm(size: int, files: int) -> bytes:
    """A position of JT808 with an alarm of the driver's camera: 47 bytes, or 71 with the long label."""
    place = struct.pack(">IIiiHHH", 0, 3, 23_000_000, 113_000_000, 0, 300, 90) + CLOCK
    value = bytes((0, 0, 0, 9, 1, 2)) + bytes(25) + label(size, files)
    return place + b"\x01\x04" + bytes(4) + bytes((0x65, len(value))) + value


def piece(offset: int, data: bytes, name: str = NAME) -> bytes:
    return b"\x30\x31\x63\x64" + struct.pack(">50sII", name.encode(), offset, len(data)) + data


def says(message_id: int, body: bytes, phone: str = PHONE) -> bytes:
    return compose("jt808", message_id, phone, 7, body)


def tells(size: int = 16) -> bytes:
    name = label(size, 1)
    terminal = name[: 7 if size == 16 else 30]
    listed = bytes((len(NAME),)) + NAME.encode() + struct.pack(">I", len(DATA))
    return says(0x1210, terminal + name + bytes(32) + b"\x00\x01" + listed)


FILE = bytes((len(NAME),)) + NAME.encode() + b"\x00" + struct.pack(">I", len(DATA))


@asynccontextmanager
async def bringing(made: Gateway, folder: Path) -> AsyncIterator[Terminal]:
    port = await made.listen_to_files("127.0.0.1", 0, "files.example", folder)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    yield Terminal(reader, writer, "jt808")
    writer.close()


async def taken(one: Terminal) -> Frame:
    frame = await asyncio.wait_for(one.frame(), 5)
    assert frame.message_id == 0x9212
    return frame


@pytest.mark.parametrize("size", [16, 40])
def test_a_terminal_whose_alarm_has_files_is_asked_for_them(tmp_path: Path, size: int) -> None:
    async def run() -> None:
        async with gateway(tmp_path) as (made, terminal), bringing(made, tmp_path):
            taxi = await terminal("jt808")
            await taxi.send(says(0x0200, alarm(size, 0)))
            await taxi.answered()
            await taxi.send(says(0x0200, alarm(size, 1)))
            await taxi.answered()
            asked = await asyncio.wait_for(taxi.frame(), 5)
            assert asked.message_id == 0x9208
            assert asked.body[:14] == b"\x0dfiles.example"
            assert asked.body[18 : 18 + size] == label(size, 1)
            assert len(asked.body) == 18 + size + 32 + 16
            await taxi.send(says(0x0200, alarm(size, 2)))
            await taxi.answered()
            other = await asyncio.wait_for(taxi.frame(), 5)
            numbers = {one.body[18 + size : 18 + size + 32] for one in (asked, other)}
            assert len(numbers) == 2, "another alarm has another number"
            assert made.figures.counts["files asked for"] == 2, "not for the alarm without files"

    on_its_own(run())


def test_without_a_port_of_files_nobody_is_asked(tmp_path: Path) -> None:
    async def run() -> None:
        async with gateway(tmp_path) as (_made, terminal):
            taxi = await terminal("jt808")
            await taxi.send(says(0x0200, alarm(16, 1)))
            await taxi.answered()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(taxi.frame(), 0.2)

    on_its_own(run())


def test_a_file_is_joined_kept_and_then_said_to_be_whole(tmp_path: Path) -> None:
    async def run() -> None:
        async with gateway(tmp_path) as (made, _terminal), bringing(made, tmp_path) as one:
            await one.send(tells())
            assert (await one.answered())[1:] == (0x1210, 0)
            await one.send(says(0x1211, FILE))
            assert (await one.answered())[1:] == (0x1211, 0)
            await one.send(piece(65_536, DATA[65_536:]))
            await one.send(says(0x1212, FILE))
            asked = await taken(one)
            at = len(NAME) + 1
            assert asked.body[at:] == bytes((0, 1, 1)) + struct.pack(">II", 0, 65_536), (
                "the first piece is missing"
            )
            await one.send(piece(0, DATA[:65_536]) + says(0x1212, FILE))
            whole = await taken(one)
            assert whole.body[at:] == bytes((0, 0, 0))
            assert (tmp_path / "media" / SHA[:2] / SHA).read_bytes() == DATA
            [index] = (tmp_path / "media").glob("files-*.jsonl")
            [line] = index.read_text(encoding="utf-8").splitlines()
            told = json.loads(line)
            assert (told["vehicle_id"], told["name"], told["sha256"], told["bytes"]) == (
                "粤T3",
                NAME,
                SHA,
                len(DATA),
            )
            # The alarm as events name it: terminal, its clock, its number.
            assert told["alarm"] == "T80138-1760416200000-3"

    on_its_own(run())


def test_strangers_and_files_nobody_began_are_refused(tmp_path: Path) -> None:
    async def run() -> None:
        async with gateway(tmp_path, limits=Limits(file_sockets=1)) as (made, _terminal):
            async with bringing(made, tmp_path) as one:
                await one.send(b"rubbish" + says(0x1212, FILE))
                assert (await taken(one)).body[len(NAME) + 2] == 1, "begin it first"
                await one.send(says(0x0200, alarm(16, 1)))
                assert (await one.answered())[1:] == (0x0200, 2)
                too_large = FILE[:-4] + struct.pack(">I", 1 << 30)
                await one.send(says(0x1211, too_large))
                assert (await one.answered())[1:] == (0x1211, 1)
                port = made._files_at[1] if made._files_at else 0
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                assert await reader.read(10) == b"", "one more than may be"
                writer.close()
                await one.send(says(0x1211, FILE, phone="019999999999"))
                with pytest.raises(ConnectionResetError):
                    await asyncio.wait_for(one.frame(), 5)
            assert not (tmp_path / "media").exists()

    on_its_own(run())


def test_labels_are_found_among_items_of_any_kind() -> None:
    assert list(labels_of(alarm(16, 2))) == [label(16, 2)]
    assert list(labels_of(alarm(40, 1))) == [label(40, 1)]
    assert list(labels_of(alarm(16, 0))) == []
    for cut in range(len(alarm(16, 2))):
        assert list(labels_of(alarm(16, 2)[:cut])) == [], "an item that is not whole says nothing"


def test_files_share_their_room_and_a_stranger_has_little(tmp_path: Path) -> None:
    async def run() -> None:
        limits = Limits(file_bytes=len(DATA) + 10)
        async with gateway(tmp_path, limits=limits) as (made, _terminal), bringing(made, tmp_path) as one:
            await one.send(says(0x1211, FILE))
            assert (await one.answered())[1:] == (0x1211, 0)
            port = made._files_at[1] if made._files_at else 0
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            other = Terminal(reader, writer, "jt808")
            await other.send(says(0x1211, FILE))
            assert (await other.answered())[1:] == (0x1211, 1), "no room while the first brings its file"
            await one.send(piece(0, DATA[:65_536]) + piece(65_536, DATA[65_536:]) + says(0x1212, FILE))
            await taken(one)
            await other.send(says(0x1211, FILE))
            assert (await other.answered())[1:] == (0x1211, 0), "now there is"
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(piece(0, bytes(1_000_000))[:200_000])
            with suppress(ConnectionResetError):  # with bytes left unread, that is how it ends
                assert await asyncio.wait_for(reader.read(10), 5) == b"", "he has not said who he is"
            assert made.figures.counts["unknown"] == 1
            writer.close()

    on_its_own(run())
