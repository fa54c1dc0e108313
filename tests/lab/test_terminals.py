"""A made city told by terminals: a gateway comes to what can be known of it, and any fault is seen."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from taxi_qa.cli.lab_terminals import Compared, compare, rows_that_differ
from taxi_qa.cli.tree import root
from taxi_qa.lab.make import make_city
from taxi_qa.lab.terminals.firmware import Terminal
from taxi_qa.lab.terminals.wire import Fix, clock, framed, heard, on_the_wire, place, told_ms
from taxi_qa.values.clock import date_of
from tests.gateway.loops import run as on_its_own

MONDAY = 20_374  # 2025-10-13
NOON_MS = 1_760_328_000_000  # 12:00 of that day in Shanghai


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    folder = tmp_path_factory.mktemp("city")
    make_city(folder, vehicles=6, days=1, seed=77, first_day=date_of(MONDAY))
    # A browser of another test may keep a loop of its own open in this thread.
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(
            lambda: compare(folder, step_s=60, loss=0.01, seed=3, workers=1, judge=False)
        ).result()


def test_a_gateway_knows_all_that_terminals_say_and_nothing_else(compared: Compared) -> None:
    assert rows_that_differ(compared.known, compared.sent) == {}
    kinds = {kind for kind, rows in compared.sent.rows.items() if len(rows)}
    assert kinds == {"positions", "trips", "shifts", "events", "device_status", "orders"}
    assert compared.driven.again > 100, "answers were lost, so records came twice"
    assert compared.driven.connections > 6, "connections were cut"
    assert compared.driven.files == compared.driven.of_files > 0, "alarms have pictures"
    assert compared.not_kept == 0
    assert compared.driven.centre_words, "booked rides were offered through the gateway"
    assert not compared.settled.left_aside
    assert not sum(compared.settled.quarantined.values())


def test_what_no_message_says_is_counted(compared: Compared) -> None:
    four_of_six = len(compared.settled.rows) and compared.settled.rows["trips"]
    assert compared.lost["trips", "paid_yuan"] == four_of_six
    assert len(compared.files.rows["trips"]) > four_of_six, "cars of JT808 have their trips from files"


def test_a_row_too_few_and_a_row_changed_are_seen(compared: Compared) -> None:
    """Else the comparison would compare nothing."""
    rows = compared.sent.rows["trips"]
    fewer = replace(compared.sent, rows={**compared.sent.rows, "trips": rows.iloc[1:]})
    assert list(rows_that_differ(compared.known, fewer)) == ["trips"]
    changed = rows.assign(metered_m=rows["metered_m"].where(rows.index != 0, 1))
    differing = rows_that_differ(
        compared.known, replace(compared.sent, rows={**compared.sent.rows, "trips": changed})
    )
    assert differing["trips"]["where"].tolist() in (["left_only", "right_only"], ["right_only", "left_only"])
    twice = pd.concat([rows, rows.iloc[:1]])
    more = replace(compared.sent, rows={**compared.sent.rows, "trips": twice})
    assert len(rows_that_differ(compared.known, more)["trips"]) == 1


def test_the_bytes_are_those_of_the_standards() -> None:
    """Worked out by hand from the tables: 113 degrees are 67,800,000 units, 23 are 13,800,000."""
    fix = Fix(NOON_MS, 113.0, 23.0, 36.5, 90, loaded=True, fixed=True, acc_on=True, odometer_km=12.3)
    assert place("905", fix, 1 << 10) == bytes.fromhex(
        "00000400 00000300 00d29240 040a8bc0 016d 2d 251013120000"
    )
    assert place("808-2013", fix) == bytes.fromhex(
        "00000000 00000303 015ef3c0 06bc3e40 0000 016d 005a 251013120000"
    )
    # The check is the XOR of all: 02 ^ 01 ^ 23 ^ 01 = 21, and 02 ^ 40 ^ 01 ^ 01 ^ 23 ^ 7e = 1f.
    assert framed("905", 2, "123", 1, b"") == bytes.fromhex("7e 00020000 000000000123 0001 21 7e")
    assert framed("808-2019", 2, "123", 0x7E, b"") == bytes.fromhex(
        "7e 00024000 01 00000000000000000123 007d02 1f 7e"
    )
    # A clock without a date begins in 2000, and a place is as fine as its units.
    assert clock(0).hex() == "000101080000"
    assert told_ms(1_500) == told_ms(1_000)
    assert on_the_wire("905", 113.0000012) == 113.0000016666666667
    held = bytearray(framed("905", 0x8001, "123", 5, b"\x00\x01\x02\x00\x00") + b"\x7e\x80")
    assert heard(held, "905") == [(0x8001, b"\x00\x01\x02\x00\x00")]
    assert held == b"\x80"


def test_a_terminal_keeps_a_record_until_it_is_answered() -> None:
    """First nobody answers, then the connection is cut: the record comes again under other serials."""
    serials: list[bytes] = []
    connections = 0
    closed = asyncio.Event()

    async def centre(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        with suppress(ConnectionResetError):
            while data := await reader.read(4_096):
                for raw in data.split(b"\x7e"):
                    if raw[:2] == b"\x02\x00":
                        serials.append(raw[10:12])
                        if connections > 1:
                            writer.write(framed("905", 0x8001, "123", 1, raw[10:12] + b"\x02\x00\x00"))
        writer.close()
        closed.set()

    async def run() -> Terminal:
        server = await asyncio.start_server(centre, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        terminal = Terminal("905", "123", ("127.0.0.1", port), loss=0.0, seed=1)
        await terminal.start()
        terminal.say(0x0200, b"")
        await asyncio.wait_for(terminal.told_all(), 10)
        closed.clear()
        terminal.end()
        await closed.wait()
        server.close()
        await asyncio.sleep(0)
        return terminal

    terminal = on_its_own(run())
    assert terminal.connections == 2
    assert terminal.again == 3
    assert len(serials) == len(set(serials)) == 4, "three times over the first connection, then once"


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    told = CliRunner().invoke(root, ["lab", "terminals", str(tmp_path)])
    assert told.exit_code == 2
    assert "not of `lab make`" in told.output
    make_city(tmp_path, vehicles=1, days=1, seed=1, first_day=date_of(MONDAY), offences={})
    (tmp_path / "trips.csv").write_bytes(b"\xff\xfe\x00 no text")
    told = CliRunner().invoke(root, ["lab", "terminals", str(tmp_path)])
    assert told.exit_code == 2
    assert "a file of the city cannot be read" in told.output
    told = CliRunner().invoke(root, ["lab", "terminals", str(tmp_path), "--host", "127.0.0.1"])
    assert "--jt905-port" in told.output
