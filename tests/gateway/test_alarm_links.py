"""A camera event names what its alarm's files hold: whichever of the two comes first, and after it ends."""

import hashlib
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taxi_qa.gateway.alarm_links import link_files
from taxi_qa.gateway.journal import Entry, open_journal, packed
from taxi_qa.gateway.known import Register
from taxi_qa.gateway.media import keep_media, note_file
from taxi_qa.gateway.settle import drop_old, settle_closed
from taxi_qa.ingest.terminals.frame import compose
from taxi_qa.ingest.terminals.framing import Splitter
from taxi_qa.store import library
from taxi_qa.store.home import Home, make_home

PHONE = "013800138000"
WHOSE = Register({PHONE: "粤T1"})
NOW_MS = 1_760_416_300_000
CLOCK = bytes.fromhex("251014123000")
BEGIN_MS = 1_760_416_200_000  # 2025-10-14 12:30 in Shanghai
ALARM = f"T80138-{BEGIN_MS}-3"
ONE, TWO = (hashlib.sha256(data).hexdigest() for data in (b"one", b"two"))
HOUR_MS = 3_600_000


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = make_home(tmp_path / "home", city="guangzhou")
    yield made
    made.engine.dispose()


def alarm(flag: int, clock: bytes, files: int) -> bytes:
    """A position of JT808 with the driver at his phone (code 2): 47 bytes, 19 of them from byte 12 on."""
    place = struct.pack(">IIiiHHH", 0, 3, 23_000_000, 113_000_000, 0, 300, 90) + clock
    begin = struct.pack(">IBB", 9, flag, 2) + bytes(6)
    seen = struct.pack(">BHii", 60, 0, 23_000_000, 113_000_000) + clock + bytes(2)
    label = b"T80138\x00" + CLOCK + bytes((3, files)) + bytes(1)
    value = begin + seen + label
    assert len(value) == 47
    return place + bytes((0x65, 47)) + value


def settled(home: Home, folder: Path, *bodies: bytes) -> None:
    journal = open_journal(folder / "journal")
    frames = [
        raw
        for serial, body in enumerate(bodies)
        for raw in Splitter().feed(compose("jt808", 0x0200, PHONE, serial, body))
    ]
    journal.append(b"".join(packed(Entry(NOW_MS, "jt808", 1, raw)) for raw in frames))
    journal.roll()
    told = settle_closed(home, folder, WHOSE, now_ms=lambda: NOW_MS, dialect="jsatl")
    assert told.failed == 0


def event(home: Home) -> dict[str, Any]:
    [row] = library.records(home, "events").to_dict("records")
    return {str(name): value for name, value in row.items()}


def brought(folder: Path, sha256: str, at_ms: int = NOW_MS, alarm: str = ALARM) -> None:
    told = {
        "terminal": PHONE,
        "vehicle_id": "粤T1",
        "alarm": alarm,
        "name": f"{sha256[:2]}.jpg",
        "sha256": sha256,
    }
    note_file(folder, told, at_ms)


def test_files_that_come_after_their_event_are_named_by_it(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "terminals"
    settled(home, folder, alarm(1, CLOCK, 2))
    assert (event(home)["kind"], event(home)["media"]) == ("phone", ALARM)
    keep_media(folder, b"one", ONE)
    brought(folder, ONE)
    assert link_files(home, folder, NOW_MS) == 1
    assert event(home)["media_sha256"] == ONE
    assert link_files(home, folder, NOW_MS) == 0
    brought(folder, TWO)
    brought(folder, ONE)  # brought twice
    assert link_files(home, folder, NOW_MS) == 1
    assert event(home)["media_sha256"] == f"{ONE};{TWO}"
    assert (event(home)["time_ms"], event(home)["vehicle_id"]) == (BEGIN_MS, "粤T1")


def test_an_alarm_that_ends_keeps_its_files(home: Home, tmp_path: Path) -> None:
    """Its end is the same event, longer; its label may name no files any more."""
    folder = tmp_path / "terminals"
    settled(home, folder, alarm(1, CLOCK, 2))
    brought(folder, ONE)
    link_files(home, folder, NOW_MS)
    settled(home, folder, alarm(2, bytes.fromhex("251014123012"), 0))
    told = event(home)
    assert told["duration_s"] == 12
    assert (told["media"], told["media_sha256"]) == (ALARM, ONE)


def test_files_that_come_before_their_event_wait_for_it(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "terminals"
    brought(folder, ONE)
    assert link_files(home, folder, NOW_MS) == 0
    settled(home, folder, alarm(1, CLOCK, 1))
    # They are asked for again in five minutes, not at every turn.
    assert link_files(home, folder, NOW_MS + 299_000) == 0
    assert link_files(home, folder, NOW_MS + 300_000) == 1
    assert event(home)["media_sha256"] == ONE


def test_files_without_an_event_are_let_go_after_two_days(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "terminals"
    brought(folder, ONE)
    link_files(home, folder, NOW_MS)
    link_files(home, folder, NOW_MS + 47 * HOUR_MS)
    assert len(json.loads((folder / "media" / "linked.json").read_text())["waiting"]) == 1
    link_files(home, folder, NOW_MS + 48 * HOUR_MS)
    assert json.loads((folder / "media" / "linked.json").read_text())["waiting"] == []


def test_lines_cut_short_and_strange_ones_cost_only_themselves(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "terminals"
    settled(home, folder, alarm(1, CLOCK, 1))
    brought(folder, TWO, alarm="no number")
    [index] = (folder / "media").glob("files-*.jsonl")
    with index.open("a", encoding="utf-8") as file:
        file.write('{"received_ms": 1, "cut by a pow\n')
    brought(folder, ONE)
    with index.open("a", encoding="utf-8") as file:
        file.write('{"not yet')  # being written now
    assert link_files(home, folder, NOW_MS) == 1
    assert event(home)["media_sha256"] == ONE


def test_a_file_a_finding_leans_on_outlives_its_days(tmp_path: Path) -> None:
    folder = tmp_path / "terminals"
    keep_media(folder, b"one", ONE)
    keep_media(folder, b"two", TWO)
    at_ms = int((folder / "media" / ONE[:2] / ONE).stat().st_mtime * 1000)
    assert drop_old(folder, 1, at_ms + 2 * 86_400_000, lambda: {ONE}) == 1
    assert (folder / "media" / ONE[:2] / ONE).exists()
    assert not (folder / "media" / TWO[:2] / TWO).exists()
