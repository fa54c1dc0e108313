import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_qa.ingest.terminals.framing import Splitter, checksum, escape, unescape

# Rich in the bytes that need an escape.
AWKWARD = st.lists(st.sampled_from([0x7D, 0x7E, 0x01, 0x02, 0x00, 0xFF, 0x55]), min_size=12, max_size=40).map(
    bytes
)
FRAMES = st.one_of(st.binary(min_size=12, max_size=60), AWKWARD)
# Whatever it says, the piece is not mistaken for a frame: it is too short for one.
GARBAGE = st.binary(max_size=12)


def checked(frame: bytes) -> bytes:
    return frame + bytes((checksum(frame),))


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in itertools.pairwise(edges)]


@given(frame=FRAMES)
def test_what_is_escaped_comes_back(frame: bytes) -> None:
    wire = escape(frame)
    assert wire[:1] == wire[-1:] == b"\x7e"
    assert b"\x7e" not in wire[1:-1]
    assert unescape(wire[1:-1]) == checked(frame)
    assert Splitter().feed(wire) == [checked(frame)]


@given(
    frames=st.lists(FRAMES, max_size=6),
    garbage=st.lists(GARBAGE, min_size=7, max_size=7),
    places=st.lists(st.integers(0, 900)),
)
def test_any_cutting_of_the_stream_gives_the_same_frames(
    frames: list[bytes], garbage: list[bytes], places: list[int]
) -> None:
    stream = garbage[-1] + b"".join(
        escape(frame) + junk for frame, junk in zip(frames, garbage, strict=False)
    )
    whole, pieces = Splitter(), Splitter()
    at_once = whole.feed(stream + b"\x7e")
    bit_by_bit = [frame for piece in cut(stream + b"\x7e", places) for frame in pieces.feed(piece)]
    assert bit_by_bit == at_once
    assert pieces.faults == whole.faults


@given(frames=st.lists(FRAMES, max_size=6), garbage=st.lists(GARBAGE, min_size=7, max_size=7))
def test_garbage_between_frames_costs_only_itself(frames: list[bytes], garbage: list[bytes]) -> None:
    stream = garbage[-1] + b"".join(
        escape(frame) + junk for frame, junk in zip(frames, garbage, strict=False)
    )
    assert Splitter().feed(stream + b"\x7e") == [checked(frame) for frame in frames]


@given(frames=st.lists(FRAMES, min_size=1, max_size=6))
def test_one_mark_may_close_a_frame_and_open_the_next(frames: list[bytes]) -> None:
    shared = b"".join(escape(frame)[:-1] for frame in frames) + b"\x7e"
    assert Splitter().feed(shared) == [checked(frame) for frame in frames]


@given(data=st.binary(max_size=400), most=st.integers(13, 60))
def test_memory_is_bounded_and_nothing_raises(data: bytes, most: int) -> None:
    splitter = Splitter(most)
    for place in range(0, len(data), 7):
        splitter.feed(data[place : place + 7])
        assert splitter.held_bytes <= most


@pytest.mark.parametrize(
    ("stream", "fault"),
    [
        (b"\x24\x24\x7e", "before"),
        (b"\x7e" + bytes(12) + b"\x7e", "short"),
        (b"\x7e" + bytes(12) + b"\x01\x7e", "checksum"),
        (b"\x7e" + bytes(12) + b"\x7d\x03\x7e", "escape"),
        (b"\x7e" + bytes(12) + b"\x7d\x7e", "escape"),
        (b"\x7e" + bytes(90) + b"\x7e", "long"),
    ],
)
def test_a_broken_piece_is_counted_by_its_reason_and_the_next_frame_is_read(
    stream: bytes, fault: str
) -> None:
    splitter = Splitter(80)
    good = bytes(range(12))
    assert splitter.feed(stream + escape(good)) == [checked(good)]
    assert dict(splitter.faults) == {fault: 1}
    assert splitter.broken == 1


def test_data_7d_02_is_no_mark() -> None:
    # 7D 02 as data goes out as 7D 01 02; two replacements in the wrong order would make 7E of it.
    assert unescape(b"\x7d\x01\x02") == b"\x7d\x02"
