"""The journal: what was synced is read again, whatever a crash leaves behind it."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_qa.gateway.journal import Entry, closed_segments, entries, open_journal, packed

FRAMES = st.lists(st.binary(min_size=13, max_size=60), min_size=1, max_size=8)


def entry(number: int, raw: bytes = b"0123456789abc") -> Entry:
    return Entry(1_790_000_000_000 + number, "jt808" if number % 2 else "jt905", number, raw)


def test_what_was_appended_is_read_in_order(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal")
    told = [entry(number) for number in range(5)]
    journal.append(b"".join(packed(one) for one in told[:2]))
    journal.append(b"".join(packed(one) for one in told[2:]))
    closed = journal.roll()
    assert closed is not None
    assert list(entries(closed)) == told
    assert journal.roll() is None
    journal.append(packed(told[0]))
    second = journal.roll()
    assert closed_segments(tmp_path / "journal") == [closed, second]


@given(frames=FRAMES, cut=st.integers(0, 200), flip=st.integers(0, 7))
def test_a_torn_or_broken_end_costs_itself_alone(
    tmp_path_factory: pytest.TempPathFactory, frames: list[bytes], cut: int, flip: int
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    journal = open_journal(folder)
    told = [entry(number, raw) for number, raw in enumerate(frames)]
    journal.append(b"".join(packed(one) for one in told))
    del journal  # as a crash leaves it: open, never rolled
    [path] = folder.glob("*.open")
    data = bytearray(path.read_bytes())
    last = len(packed(told[-1]))
    if cut % 2:
        del data[len(data) - min(cut, last - 1 or 1) :]  # the end never reached the disk
    else:
        data[-1 - cut % last] ^= 1 << flip  # or reached it wrong
    path.write_bytes(bytes(data))
    open_journal(folder)
    closed = closed_segments(folder)
    assert [one for path in closed for one in entries(path)] == told[:-1]
    # Opened again, nothing changes any more.
    open_journal(folder)
    assert closed_segments(folder) == closed


def test_a_full_disk_leaves_what_was_durable_and_lets_one_try_again(tmp_path: Path) -> None:
    fails = False

    def sync(file: int) -> None:
        if fails:
            raise OSError(errno.ENOSPC, "no space left on device")
        os.fdatasync(file)

    journal = open_journal(tmp_path, sync=sync)
    journal.append(packed(entry(1)))
    fails = True
    for _ in range(2):
        with pytest.raises(OSError, match="no space"):
            journal.append(packed(entry(2)))
    fails = False
    journal.append(packed(entry(3)))
    closed = journal.roll()
    assert closed is not None
    assert list(entries(closed)) == [entry(1), entry(3)]


def test_a_segment_that_cannot_be_cut_is_closed_and_a_new_one_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was answered of it becomes records now, not when the gateway starts again."""
    journal = open_journal(tmp_path, sync=refuse)
    first, second = (packed(Entry(1, "jt905", 1, bytes((n,)) * 13)) for n in (1, 2))
    with monkeypatch.context() as failing:
        failing.setattr(os, "ftruncate", refuse)
        with pytest.raises(OSError, match="full"):
            journal.append(first)
    [closed] = closed_segments(tmp_path)
    assert [entry.raw for entry in entries(closed)] == [b"\x01" * 13]
    journal = open_journal(tmp_path)
    journal.append(second)
    journal.roll()
    assert len(closed_segments(tmp_path)) == 2


def refuse(*_: object) -> None:
    raise OSError(28, "full")
