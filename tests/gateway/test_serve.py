"""The gateway over real sockets: what is answered is durable, what cannot be stored waits."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from taxi_qa.gateway.journal import closed_segments, entries, open_journal
from taxi_qa.gateway.known import Register
from taxi_qa.gateway.limits import Limits
from taxi_qa.gateway.replies import Replies
from taxi_qa.gateway.serve import Gateway
from taxi_qa.ingest.terminals.frame import Frame, compose, parse
from taxi_qa.ingest.terminals.framing import Splitter
from tests.gateway.loops import run as on_its_own

KNOWN = "108000000316"
OTHER = "108000000317"
PHONE = "013800138000"
# The register writes a telephone number as people do.
TERMINALS = Register({KNOWN: "粤T1", OTHER: "粤T2", PHONE.lstrip("0"): "粤T3"})
BODY = bytes(25)


class Terminal:
    """One end of a socket, as a terminal has it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: Any) -> None:  # noqa: ANN401
        self.reader, self.writer, self.protocol = reader, writer, protocol
        self._splitter = Splitter()
        self._frames: list[Frame] = []

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def frame(self) -> Frame:
        """The next frame of the centre."""
        while not self._frames:
            data = await self.reader.read(65_536)
            if not data:
                raise ConnectionResetError
            self._frames += [parse(self.protocol, raw) for raw in self._splitter.feed(data)]
        return self._frames.pop(0)

    async def answered(self) -> tuple[int, int, int]:
        """Serial, message and result of the next general answer."""
        one = await asyncio.wait_for(self.frame(), 5)
        assert one.message_id == 0x8001
        return (int.from_bytes(one.body[:2], "big"), int.from_bytes(one.body[2:4], "big"), one.body[4])


Start = Callable[..., Any]


@asynccontextmanager
async def gateway(
    folder: Path, *, sync: Callable[[int], None] = os.fdatasync, limits: Limits | None = None
) -> AsyncIterator[tuple[Gateway, Start]]:
    made = Gateway(
        open_journal(folder / "journal", sync=sync), terminals=TERMINALS, replies=Replies(b"secret"),
        limits=limits, unknown=folder / "unknown.frames", now_ms=lambda: time.time_ns() // 1_000_000,
    )  # fmt: skip
    ports = await made.start({"jt905": 0, "jt808": 0}, "127.0.0.1")
    opened: list[asyncio.StreamWriter] = []

    async def terminal(protocol: Any = "jt905") -> Terminal:  # noqa: ANN401
        reader, writer = await asyncio.open_connection("127.0.0.1", ports[protocol])
        opened.append(writer)
        return Terminal(reader, writer, protocol)

    try:
        yield made, terminal
    finally:
        for writer in opened:
            writer.close()
        await made.stop()


def position(serial: int, terminal: str = KNOWN, body: bytes = BODY) -> bytes:
    return compose("jt905", 0x0200, terminal, serial, body)


def stored(folder: Path) -> list[Frame]:
    return [
        parse(one.protocol, one.raw) for path in closed_segments(folder / "journal") for one in entries(path)
    ]


def test_an_answer_goes_out_only_after_its_frame_is_durable(tmp_path: Path) -> None:
    """The disk is held: however long a terminal listens, it hears nothing."""
    held = threading.Event()

    def sync(file: int) -> None:
        held.wait(10)
        os.fdatasync(file)

    async def run() -> None:
        async with gateway(tmp_path, sync=sync) as (_made, terminal):
            one = await terminal()
            await one.send(position(7))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(one.frame(), 0.3)
            held.set()
            assert await one.answered() == (7, 0x0200, 0)

    on_its_own(run())
    assert [frame.serial for frame in stored(tmp_path)] == [7]


def test_many_frames_share_a_sync_and_each_is_answered(tmp_path: Path) -> None:
    syncs = 0

    def sync(file: int) -> None:
        nonlocal syncs
        syncs += 1
        time.sleep(0.05)
        os.fdatasync(file)

    async def run() -> None:
        async with gateway(tmp_path, sync=sync) as (_made, terminal):
            one = await terminal()
            await one.send(b"".join(position(serial) for serial in range(300)))
            assert [(await one.answered())[0] for _ in range(300)] == list(range(300))

    on_its_own(run())
    assert syncs <= 5
    assert [frame.serial for frame in stored(tmp_path)] == list(range(300))


def test_a_full_disk_stops_the_sockets_and_nothing_is_lost(tmp_path: Path) -> None:
    """10 kB may wait; 400 frames of 60 bytes and more do not fit, so the socket is not read meanwhile."""
    broken = threading.Event()
    broken.set()

    def sync(file: int) -> None:
        if broken.is_set():
            raise OSError(28, "No space left on device")
        os.fdatasync(file)

    async def run() -> None:
        limits = Limits(pending_bytes=10_000, frames_per_s=10_000_000)
        async with gateway(tmp_path, sync=sync, limits=limits) as (made, terminal):
            one = await terminal()
            for start in range(0, 400, 20):
                await one.send(b"".join(position(serial) for serial in range(start, start + 20)))
                await asyncio.sleep(0)
            for _ in range(100):
                if made.figures.counts["slowed"]:
                    break
                await asyncio.sleep(0.02)
            assert made.figures.counts["slowed"]
            assert made.figures.counts["answers"] == 0
            broken.clear()
            assert [(await one.answered())[0] for _ in range(400)] == list(range(400))

    on_its_own(run())
    assert [frame.serial for frame in stored(tmp_path)] == list(range(400))


def test_broken_packets_cost_themselves_alone(tmp_path: Path) -> None:
    async def run() -> None:
        async with gateway(tmp_path) as (made, terminal):
            one = await terminal()
            wrong = bytearray(position(2))
            wrong[-2] ^= 1
            whole = b"junk" + position(1) + b"\x00\x01" + bytes(wrong) + b"\x7e\x7d\x09\x7e" + position(3)
            for at in range(0, len(whole), 5):
                await one.send(whole[at : at + 5])
            assert [(await one.answered())[0] for _ in range(2)] == [1, 3]
            assert made.figures.counts["broken"] >= 3

    on_its_own(run())


def test_a_terminal_nobody_knows_is_kept_apart_and_never_answered(tmp_path: Path) -> None:
    async def run() -> None:
        async with gateway(tmp_path, limits=Limits(unknown_frames=3)) as (made, terminal):
            one = await terminal()
            await one.send(b"".join(position(serial, "109999999999") for serial in range(3)))
            with pytest.raises(ConnectionResetError):
                await asyncio.wait_for(one.frame(), 5)
            assert made.figures.counts["unknown"] == 3

    on_its_own(run())
    assert stored(tmp_path) == []
    kept = [parse(one.protocol, one.raw).serial for one in entries(tmp_path / "unknown.frames")]
    assert kept == [0, 1, 2]


def test_two_connections_of_one_terminal_are_told_of_and_both_heard(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        async with gateway(tmp_path) as (made, terminal):
            one, two = await terminal(), await terminal()
            await one.send(position(1))
            assert await one.answered() == (1, 0x0200, 0)
            await two.send(position(2))
            assert await two.answered() == (2, 0x0200, 0)
            await one.send(position(3))
            assert await one.answered() == (3, 0x0200, 0)
            assert made.figures.counts["twice"] == 1

    on_its_own(run())
    assert "connection 1, connection 2" in caplog.text
    assert KNOWN not in caplog.text
    told = [one.connection for path in closed_segments(tmp_path / "journal") for one in entries(path)]
    assert told == [1, 2, 1]


def test_a_new_terminal_registers_signs_on_and_a_wrong_code_is_refused(tmp_path: Path) -> None:
    async def run() -> None:
        async with gateway(tmp_path) as (_made, terminal):
            one = await terminal("jt808")
            await one.send(compose("jt808", 0x0100, PHONE, 1, bytes(37)))
            given = await asyncio.wait_for(one.frame(), 5)
            assert (given.message_id, given.body[:3]) == (0x8100, b"\x00\x01\x00")
            code = given.body[3:]
            await one.send(compose("jt808", 0x0102, PHONE, 2, code))
            assert await one.answered() == (2, 0x0102, 0)
            await one.send(compose("jt808", 0x0102, PHONE, 3, b"another"))
            assert await one.answered() == (3, 0x0102, 1)
            # A terminal's own answer is none to answer; its heartbeat is.
            await one.send(
                compose("jt808", 0x0001, PHONE, 4, bytes(5)) + compose("jt808", 0x0002, PHONE, 5, b"")
            )
            assert await one.answered() == (5, 0x0002, 0)

    on_its_own(run())


def test_silent_connections_are_closed_and_more_than_allowed_turned_away(tmp_path: Path) -> None:
    async def run() -> None:
        async with gateway(tmp_path, limits=Limits(connections=2, silent_s=0.2)) as (made, terminal):
            one, _two = await terminal(), await terminal()
            await one.send(position(1))
            assert await one.answered() == (1, 0x0200, 0)
            three = await terminal()
            with pytest.raises(ConnectionResetError):
                await asyncio.wait_for(three.frame(), 5)
            for _ in range(100):
                if made.figures.connections == 1:
                    break
                await asyncio.sleep(0.02)
            # The one that spoke stays.
            await one.send(position(2))
            assert await one.answered() == (2, 0x0200, 0)

    on_its_own(run())


def test_one_that_sends_too_much_is_slowed_and_loses_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        async with gateway(tmp_path, limits=Limits(frames_per_s=50)) as (made, terminal):
            one = await terminal()
            await one.send(b"".join(position(serial) for serial in range(60)))
            await one.send(b"".join(position(serial) for serial in range(60, 80)))
            assert [(await one.answered())[0] for _ in range(80)] == list(range(80))
            assert made.figures.counts["held back"]

    on_its_own(run())


def test_one_with_much_to_say_does_not_keep_the_others_waiting(tmp_path: Path) -> None:
    async def run() -> None:
        async with gateway(tmp_path, limits=Limits(frames_per_s=100)) as (made, terminal):
            loud, other = await terminal(), await terminal()
            await other.send(position(1, OTHER))
            await other.answered()
            # 200 kB that lie in the system's buffers: read as one piece they are 5,000 frames.
            loud.writer.write(b"".join(position(serial) for serial in range(5_000)))
            await asyncio.sleep(0)
            await other.send(position(2, OTHER))
            assert (await other.answered())[0] == 2
            assert 0 < made.figures.counts["frames"] < 400, (
                "a second's worth and a piece, then the others' turn"
            )

    on_its_own(run())


def test_ending_answers_what_was_read(tmp_path: Path) -> None:
    def slow(file: int) -> None:
        time.sleep(0.1)
        os.fdatasync(file)

    async def run() -> None:
        async with gateway(tmp_path, sync=slow) as (made, terminal):
            one = await terminal()
            await one.send(position(9))
            for _ in range(100):
                if made.figures.counts["frames"]:
                    break
                await asyncio.sleep(0.01)
            ending = asyncio.create_task(made.stop())
            assert await one.answered() == (9, 0x0200, 0)
            assert await ending is not None

    on_its_own(run())
