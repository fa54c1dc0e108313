"""Closed segments become records once, whatever dies in between, and re-uploads are the same records."""

import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taxi_qa.gateway import settle
from taxi_qa.gateway.journal import Entry, closed_segments, open_journal, packed
from taxi_qa.gateway.known import Register, terminals_of
from taxi_qa.gateway.settle import drop_old, quarantined, settle_closed, try_again
from taxi_qa.ingest.take import take
from taxi_qa.ingest.terminals import records_of
from taxi_qa.ingest.terminals.frame import compose
from taxi_qa.ingest.terminals.framing import Splitter
from taxi_qa.store.home import Home, HomeError, make_home
from taxi_qa.store.inbox import sources
from taxi_qa.store.library import data_span, partitions
from taxi_qa.store.positions import Stretch, fixes_of

TERMINAL = "108000000316"
WHOSE = Register({TERMINAL: "粤T12345"})
NOW_MS = 1_760_600_000_000  # 2025-10-16 in Shanghai
NOON = 0x12


def moment(second: int) -> bytes:
    """2025-10-15 12:00:00 and so many seconds, as decimal digits in nibbles."""
    return bytes.fromhex(f"25101512{second // 60:02d}{second % 60:02d}")


def body(second: int, *, loaded: bool = False, alarm: int = 0) -> bytes:
    """A position at 23 degrees north: 600 000 units a degree."""
    status = 1 << 8 | (1 << 9 if loaded else 0)
    lat, lon = 23 * 600_000, 113 * 600_000 + second * 60
    return struct.pack(">IIIIHB", alarm, status, lat, lon, 300, 45) + moment(second)


def frame(message_id: int, serial: int, content: bytes) -> bytes:
    [raw] = Splitter().feed(compose("jt905", message_id, TERMINAL, serial, content))
    return raw


def segment(folder: Path, *frames: bytes) -> Path:
    journal = open_journal(folder / "journal")
    journal.append(b"".join(packed(Entry(NOW_MS, "jt905", 1, raw)) for raw in frames))
    closed = journal.roll()
    assert closed is not None
    return closed


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = make_home(tmp_path / "home", city="guangzhou")
    yield made
    made.engine.dispose()


def times(home: Home) -> list[int]:
    """Seconds after 12:00 of the car's positions, each as often as it is there."""
    span = data_span(home)
    if span is None:
        return []
    buckets = tuple({bucket for _day, bucket in partitions(home, *span, kind="positions")})
    stretch = Stretch(tuple(range(span[0], span[1] + 1)), buckets, 0, NOW_MS)
    fixes = fixes_of(home, stretch, (), {"粤T12345"})
    return [int(at // 1000 - 1_760_500_800) for at in fixes.time_ms]


def settled(home: Home, folder: Path) -> Any:  # noqa: ANN401 - what it came to
    return settle_closed(home, folder, WHOSE, now_ms=lambda: NOW_MS)


def test_positions_of_a_segment_are_there_once_however_often_they_came(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "terminals"
    segment(folder, *(frame(0x0200, serial, body(serial * 10)) for serial in range(6)))
    told = settled(home, folder)
    assert (told.frames, told.rows["positions"]) == (6, 6)
    # Hours later the terminal sends the first three again from its memory, with new serials, and one more.
    segment(
        folder,
        frame(0x0203, 90, b"".join(body(at) for at in (0, 10, 20))),
        frame(0x0200, 91, body(60)),
    )
    assert settled(home, folder).rows["positions"] == 1
    assert times(home) == [0, 10, 20, 30, 40, 50, 60]
    assert closed_segments(folder / "journal") == []
    assert settled(home, folder).segments == 0


@pytest.mark.parametrize("dies_at", ["_remember", "take", "rename"])
def test_a_crash_in_between_leaves_nothing_twice_and_nothing_out(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: str
) -> None:
    """The process dies before a step; the next one reads the same segment again."""
    folder = tmp_path / "terminals"
    segment(folder, frame(0x0200, 1, body(0)), frame(0x0200, 2, body(10, alarm=1 << 3)))
    segment(folder, frame(0x0200, 3, body(20, alarm=1 << 3)), frame(0x0200, 4, body(30)))

    def die(*_all: object, **_named: object) -> Any:  # noqa: ANN401 - never returns
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if dies_at == "rename":
            patch.setattr(Path, "rename", die)
        else:
            patch.setattr(settle, dies_at, die)
        with pytest.raises(KeyboardInterrupt):
            settled(home, folder)
    settled(home, folder)
    assert times(home) == [0, 10, 20, 30]
    # The antenna was cut once, from 12:00:10 on, although a segment ended while it was.
    events = [one for one in sources(home) if one.kind == "events"]
    assert sum(one.counts.accepted for one in events) == 1


def test_who_is_in_the_register_is_asked_by_any_spelling(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "vehicles.csv"
    file.write_text(
        "vehicle_id,company_id,terminal_id\n粤T1,C1,108000000316\n粤T2,C1,13800138000\n粤T3,C1,77\n粤T4,C1,77\n",
        encoding="utf-8",
    )
    take(home, [file], now_ms=NOW_MS)
    known = terminals_of(home)
    assert known["108000000316"] == "粤T1"
    assert known["00000000013800138000"] == "粤T2"  # JT808 of 2019 fills ten bytes
    assert "77" not in known, "a number of two vehicles names neither"
    assert len(known) == 2


def test_settled_segments_are_dropped_after_their_days(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "terminals"
    segment(folder, frame(0x0200, 1, body(0)))
    settled(home, folder)
    [kept] = (folder / "settled").iterdir()
    at_ms = int(kept.stat().st_mtime * 1000)
    assert drop_old(folder, 1, at_ms + 86_300_000, set) == 0
    assert drop_old(folder, 1, at_ms + 86_500_000, set) == 1


def test_two_never_settle_the_same_segments(home: Home, tmp_path: Path) -> None:
    """What a killed gateway left behind may still be at it when the next one starts."""
    folder = tmp_path / "terminals"
    segment(folder, frame(0x0200, 1, body(0)))
    code = "import sys; from pathlib import Path; from taxi_qa.store.home import holding\n"
    code += "with holding(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    with pytest.raises(HomeError):
        settled(home, folder)
    other.communicate("")
    assert settled(home, folder).rows["positions"] == 1


def test_a_frame_this_program_breaks_on_is_kept_and_tried_by_the_next_version(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "terminals"

    def fault(*_: object) -> dict[str, Any]:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        # A fault of ours in the reading of trips: the frame is good.
        broken.setattr(records_of, "trip_row", fault)
        segment(folder, frame(0x0200, 1, body(10)), frame(0x0B05, 2, trip_body()), frame(0x0200, 3, body(20)))
        told = settled(home, folder)
    assert told.failed == 1
    assert told.rows == {"positions": 2}, "it cost itself alone"
    assert quarantined(folder) == 1
    assert "1 帧程序出错" in told.line()
    assert try_again(folder) == 0, "this version has tried it"
    assert settled(home, folder).frames == 0

    monkeypatch.setattr(settle, "__version__", "9.9.9")
    assert try_again(folder) == 1
    told = settled(home, folder)
    assert (told.rows["trips"], told.failed, quarantined(folder)) == (1, 0, 0)
    assert times(home) == [10, 20]


def trip_body() -> bytes:
    """Boarded at 12:00, alighted at 12:05, 1.5 km, 11.0 yuan."""
    meter = b"T12345" + bytes(16 + 19) + bytes.fromhex("2510151200120500001500000000000000000110")
    return body(0) + body(300, loaded=True) + bytes(15) + meter + bytes(4) + b"\x00"
