import hashlib
import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_qa.ingest.terminals.decode import decode
from taxi_qa.ingest.terminals.frame import Frame
from taxi_qa.ingest.terminals.framing import checksum, escape
from taxi_qa.ingest.terminals.uploads import Piece, Upload, UploadSplitter, taken_body

# Full of what could be taken for a mark or for the head of a piece.
DATA = st.lists(st.sampled_from([b"\x7e", b"\x7d", b"\x30\x31\x63\x64", b"a", b"\x00"]), max_size=30).map(
    b"".join
)
PARTS = st.one_of(
    st.binary(min_size=12, max_size=40),
    st.builds(Piece, st.just("00_65_0000_1.jpg"), st.integers(0, 1 << 31), DATA),
)


def wire(part: bytes | Piece) -> bytes:
    if isinstance(part, bytes):
        return escape(part)
    head = struct.pack(">4s50sII", b"\x30\x31\x63\x64", part.name.encode(), part.offset, len(part.data))
    return head + part.data


@given(parts=st.lists(PARTS, max_size=6), cuts=st.lists(st.integers(0, 600), max_size=8))
def test_any_cutting_of_an_upload_gives_the_same_frames_and_pieces(
    parts: list[bytes | Piece], cuts: list[int]
) -> None:
    stream = b"".join(wire(part) for part in parts)
    edges = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    splitter = UploadSplitter()
    found = [one for start, end in itertools.pairwise(edges) for one in splitter.feed(stream[start:end])]
    assert found == [part + bytes((checksum(part),)) if isinstance(part, bytes) else part for part in parts]
    assert splitter.held_bytes == 0
    assert not splitter.faults


def test_what_is_neither_frame_nor_piece_is_skipped() -> None:
    piece = Piece("a.jpg", 0, b"xyz")
    splitter = UploadSplitter()
    assert splitter.feed(b"junk\x30\x31" + wire(piece)) == [piece]
    broken = wire(piece).replace(struct.pack(">I", 3) + b"xyz", struct.pack(">I", 1 << 30))
    assert splitter.feed(broken + wire(piece)) == [piece]
    assert dict(splitter.faults) == {"piece": 1}


def test_a_broken_frame_costs_itself() -> None:
    good = bytes(range(12))
    splitter = UploadSplitter()
    assert splitter.feed(b"\x7e" + bytes(12) + b"\x01" + escape(good)) == [good + bytes((checksum(good),))]
    assert dict(splitter.faults) == {"checksum": 1}


@given(order=st.permutations([0, 100, 200]), left_out=st.sampled_from([None, 0, 100, 200]))
def test_a_file_is_whole_when_no_byte_is_missing(order: list[int], left_out: int | None) -> None:
    data = bytes(range(250))
    upload = Upload()
    assert upload.begin("a.jpg", 0, 250)
    for offset in order:
        if offset != left_out:
            upload.put(Piece("a.jpg", offset, data[offset : offset + 100]))
    if left_out is not None:
        assert upload.missing("a.jpg") == [(left_out, min(100, 250 - left_out))]
        assert upload.end("a.jpg") is None
        upload.put(Piece("a.jpg", left_out, data[left_out : left_out + 100]))
    file = upload.end("a.jpg")
    assert file is not None
    assert (file.data, file.sha256) == (data, hashlib.sha256(data).hexdigest())
    # It was handed out: nothing of it is held.
    assert upload.end("a.jpg") is None


@pytest.mark.parametrize("piece", [Piece("b.jpg", 0, b"x"), Piece("a.jpg", 9, b"xy")])
def test_pieces_of_no_file_and_beyond_its_end_are_refused(piece: Piece) -> None:
    upload = Upload()
    upload.begin("a.jpg", 0, 10)
    upload.put(piece)
    assert (upload.refused, upload.missing("a.jpg")) == (1, [(0, 10)])


def test_pieces_that_overlap_take_no_more_room_than_their_file() -> None:
    upload = Upload()
    upload.begin("a.jpg", 0, 300)
    for offset in range(100):
        upload.put(Piece("a.jpg", offset, bytes(range(offset, offset + 100))))
    assert upload.missing("a.jpg") == [(199, 101)]
    upload.put(Piece("a.jpg", 199, bytes(101)))
    file = upload.end("a.jpg")
    assert file is not None
    assert file.data == bytes(range(199)) + bytes(101)


def test_files_too_large_together_are_not_begun() -> None:
    upload = Upload()
    assert upload.begin("a.mp4", 2, 20 << 20)
    assert not upload.begin("b.mp4", 2, 20 << 20)
    assert upload.begin("a.mp4", 2, 30 << 20)


@pytest.mark.parametrize("missing", [[], [(0, 1024), (4096, 10)]])
def test_the_answer_to_a_file_says_what_is_missing(missing: list[tuple[int, int]]) -> None:
    frame = Frame("jt808", 0x9212, "013812345678", 1, taken_body("a.jpg", 0, missing))
    fields = decode(frame).fields
    assert (fields["name"], fields["result"]) == ("a.jpg", int(bool(missing)))
    assert [(row["offset"], row["length_bytes"]) for row in fields["missing"]] == missing
