import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_qa.ingest.terminals.frame import Frame, Protocol, answer, compose, parse
from taxi_qa.ingest.terminals.framing import Splitter

WORD = st.integers(0, 0xFFFF)
EDITIONS = st.sampled_from([("jt905", 0), ("jt808", 0), ("jt808", 1)])


def only_frame(wire: bytes) -> bytes:
    (raw,) = Splitter().feed(wire)
    return raw


def as_frame(text: str) -> bytes:
    """The frame of a vector, check included, without its marks."""
    return bytes.fromhex(text)[1:-1]


@given(
    edition=EDITIONS,
    message_id=WORD,
    serial=WORD,
    body=st.binary(max_size=1023),
    name=st.binary(min_size=10, max_size=10),
)
def test_what_is_composed_is_parsed(
    edition: tuple[Protocol, int], message_id: int, serial: int, body: bytes, name: bytes
) -> None:
    protocol, version = edition
    terminal = name[: 10 if version else 6].hex()
    raw = only_frame(compose(protocol, message_id, terminal, serial, body, version))
    assert parse(protocol, raw) == Frame(
        protocol, message_id, terminal, serial, body, version=version, declared=len(body)
    )


@given(protocol=st.sampled_from(["jt905", "jt808"]), raw=st.binary(max_size=60))
def test_any_bytes_are_a_frame_or_a_plain_reason(protocol: Protocol, raw: bytes) -> None:
    try:
        frame = parse(protocol, raw)
    except ValueError as reason:
        assert "its end is missing" in str(reason)  # noqa: PT017 - most bytes are frames: both ways are looked at
    else:
        assert frame.declared <= len(frame.body)


def test_a_sub_packet_tells_its_place() -> None:
    raw = bytes.fromhex("0801 2003 013812345678 203C 000A 0002 AABBCC 00".replace(" ", ""))
    frame = parse("jt808", raw)
    assert (frame.total, frame.index, frame.body, frame.serial) == (10, 2, b"\xaa\xbb\xcc", 0x203C)


def test_the_edition_of_2019_has_a_longer_name() -> None:
    raw = bytes.fromhex("0002 4000 01 12345678901234567890 FFFF 00".replace(" ", ""))
    frame = parse("jt808", raw)
    assert (frame.version, frame.terminal, frame.serial) == (1, "12345678901234567890", 0xFFFF)


def test_the_bit_of_2019_over_a_header_of_2013_is_seen_by_the_length() -> None:
    frame = parse("jt808", bytes.fromhex("0102 4002 013812345678 0007 4142 00".replace(" ", "")))
    assert (frame.version, frame.terminal, frame.serial, frame.body) == (0, "013812345678", 7, b"AB")


def test_a_terminal_whose_name_is_no_number_keeps_its_bytes() -> None:
    frame = parse("jt808", bytes.fromhex("0002 0000 4f07788ef87d 0001 00".replace(" ", "")))
    assert frame.terminal == "4f07788ef87d"


def test_bytes_beyond_the_declared_length_are_kept() -> None:
    frame = parse("jt905", bytes.fromhex("0B05 0001 108000000316 0001 AA BBCC 00".replace(" ", "")))
    assert (frame.declared, frame.body) == (1, b"\xaa\xbb\xcc")


def test_an_answer_names_the_serial_and_the_message() -> None:
    frame = Frame("jt905", 0x0200, "108000000316", 0x1234, b"")
    told = parse("jt905", only_frame(answer(frame, 9, 1)))
    assert (told.message_id, told.terminal, told.serial) == (0x8001, "108000000316", 9)
    assert told.body == bytes.fromhex("1234020001")


def test_an_answer_speaks_the_edition_of_the_terminal() -> None:
    frame = Frame("jt808", 0x0200, "12345678901234567890", 1, b"", version=1)
    assert parse("jt808", only_frame(answer(frame, 0))).terminal == frame.terminal


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(ValueError, match="at most 1023: send it in parts"):
        compose("jt808", 0x8300, "013812345678", 1, bytes(1024))
    with pytest.raises(ValueError, match="this edition has 10"):
        compose("jt808", 0x8300, "013812345678", 1, b"", 1)
