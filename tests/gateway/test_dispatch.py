"""The dispatch centre's words reach the terminal they are for, and the journal before that."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from taxi_qa.gateway.dispatch import HANDED_ON, NOT_THERE, NOT_UNDERSTOOD
from taxi_qa.gateway.serve import Gateway
from taxi_qa.ingest.terminals.frame import compose
from tests.gateway.loops import run as on_its_own
from tests.gateway.test_serve import KNOWN, OTHER, Start, Terminal, gateway, position, stored

OFFER = (7).to_bytes(4, "big") + b"\x01" + bytes.fromhex("251014123000") + b"\x00"


@asynccontextmanager
async def centre(made: Gateway) -> AsyncIterator[Terminal]:
    port = await made.listen_to_dispatch("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    yield Terminal(reader, writer, "jt905")
    writer.close()


async def named(terminal: Start, number: str = KNOWN) -> Terminal:
    one: Terminal = await terminal()
    await one.send(position(1, number))
    await one.answered()
    return one


def test_a_word_of_the_centre_is_kept_and_handed_on(tmp_path: Path) -> None:
    async def run() -> None:
        async with gateway(tmp_path) as (made, terminal):
            taxi = await named(terminal)
            async with centre(made) as office:
                await office.send(compose("jt905", 0x8B00, KNOWN, 9, OFFER))
                told = await asyncio.wait_for(taxi.frame(), 5)
                assert (told.message_id, told.terminal, told.body) == (0x8B00, KNOWN, OFFER)
                assert await office.answered() == (9, 0x8B00, HANDED_ON)

    on_its_own(run())
    assert [one.message_id for one in stored(tmp_path)] == [0x0200, 0x8B00]


def test_a_word_for_a_terminal_that_is_away_is_refused_and_not_kept(tmp_path: Path) -> None:
    async def run() -> None:
        async with gateway(tmp_path) as (made, terminal):
            await named(terminal)
            async with centre(made) as office:
                await office.send(compose("jt905", 0x8B00, OTHER, 9, OFFER))
                assert await office.answered() == (9, 0x8B00, NOT_THERE)
                await office.send(b"rubbish\x7e" + compose("jt905", 0x8500, KNOWN, 10, b"\x00\x01"))
                assert await office.answered() == (10, 0x8500, NOT_UNDERSTOOD), "this port stops no engine"

    on_its_own(run())
    assert [one.message_id for one in stored(tmp_path)] == [0x0200]


def test_a_terminal_cannot_say_what_the_centre_says(tmp_path: Path) -> None:
    """Else it would make up that a ride had been offered, or called off."""

    async def run() -> None:
        async with gateway(tmp_path) as (made, terminal):
            taxi = await named(terminal)
            await taxi.send(compose("jt905", 0x8B09, KNOWN, 2, (7).to_bytes(4, "big")))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(taxi.frame(), 0.2)
            assert made.figures.counts["not a terminal's word"] == 1
            await taxi.send(position(3))
            assert await taxi.answered() == (3, 0x0200, 0)

    on_its_own(run())
    assert [one.message_id for one in stored(tmp_path)] == [0x0200, 0x0200]
