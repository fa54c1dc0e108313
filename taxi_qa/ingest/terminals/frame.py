"""The header of a frame, apart from what its body means.

JT905 (905.2-2014): id u16, length u16, terminal BCD[6], serial u16. JT808: id u16, properties u16 (10 bits of
length, 3 of encryption, bit 13 sub-packets, bit 14 the edition of 2019), in 2019 one byte of version, the
telephone number BCD[6] or [10], serial u16, and of a sub-packet total u16 and index u16.
"""

import struct
from dataclasses import dataclass
from typing import Final, Literal

from taxi_qa.ingest.terminals.framing import escape

Protocol = Literal["jt905", "jt808"]

_LENGTH_BITS: Final = 0x03FF
_SPLIT: Final = 0x2000
_EDITION_2019: Final = 0x4000
_MOST_BODY: Final = {"jt905": 0xFFFF, "jt808": _LENGTH_BITS}
_TERMINAL_BYTES: Final = {0: 6, 1: 10}
_GENERAL_ANSWER: Final = 0x8001
_TWO_WORDS: Final = struct.Struct(">HH")
_WORD: Final = struct.Struct(">H")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a terminal.

    Attributes:
        protocol: which table of layouts its body needs.
        message_id: what it is.
        terminal: the bytes that name the terminal, as hex: some are no decimal digits (a packed IMEI).
        serial: its number; begins anew when a terminal restarts, so it names nothing for long.
        body: all bytes between header and check; more than `declared` where a maker's length is wrong.
        total, index: of a message sent in parts; 1, 1 when whole.
        version: JT808: 0 for 2011 and 2013, 1 for 2019. JT905: 0.
        declared: length of the body by the header.
        encryption: JT808: bits 10-12 of the properties, 0 for plain.
    """

    protocol: Protocol
    message_id: int
    terminal: str
    serial: int
    body: bytes
    total: int = 1
    index: int = 1
    version: int = 0
    declared: int = 0
    encryption: int = 0


def parse(protocol: Protocol, raw: bytes) -> Frame:
    """Read the header of a frame.

    Args:
        protocol: from the port it came in by: the two families cannot be told apart by their bytes.
        raw: unescaped, from the header to the check (`framing.Splitter.feed`).

    Returns:
        The frame. A body longer than declared is kept whole: the check was right over all of it, and some
        makers append items without counting them.

    Raises:
        ValueError: too short for its header, or shorter than it declares: its end is missing.
    """
    return _parse_905(raw) if protocol == "jt905" else _parse_808(raw)


def _parse_905(raw: bytes) -> Frame:
    _need(raw, 13, "报文头 the header")
    message_id, declared = _TWO_WORDS.unpack_from(raw)
    _need(raw, 13 + declared, "报文头声明的长度 the length in the header")
    return Frame(
        "jt905",
        message_id,
        raw[4:10].hex(),
        _WORD.unpack_from(raw, 10)[0],
        raw[12:-1],
        declared=declared,
    )


def _parse_808(raw: bytes) -> Frame:
    _need(raw, 13, "报文头 the header")
    message_id, properties = _TWO_WORDS.unpack_from(raw)
    declared = properties & _LENGTH_BITS
    parts = 4 if properties & _SPLIT else 0
    version = 1 if properties & _EDITION_2019 else 0
    start = (5 if version else 4) + _TERMINAL_BYTES[version] + 2
    if version and start + parts + declared + 1 != len(raw) == 12 + parts + declared + 1:
        # Some firmware sets the bit of 2019 and sends the header of 2013: only then does the length come out.
        version, start = 0, 12
    _need(raw, start + parts + declared + 1, "报文头声明的长度 the length in the header")
    serial = _WORD.unpack_from(raw, start - 2)[0]
    total, index = _TWO_WORDS.unpack_from(raw, start) if parts else (1, 1)
    return Frame(
        "jt808",
        message_id,
        raw[start - 2 - _TERMINAL_BYTES[version] : start - 2].hex(),
        serial,
        raw[start + parts : -1],
        total,
        index,
        version,
        declared,
        properties >> 10 & 7,
    )


def _need(raw: bytes, least: int, what: str) -> None:
    if len(raw) < least:
        raise ValueError(
            f"报文只有 {len(raw)} 字节, {what}需要 {least} 字节: 尾部缺失, 请终端重发。"
            f"The frame has {len(raw)} bytes of {least}: its end is missing; the terminal must send it again."
        )


def compose(
    protocol: Protocol,
    message_id: int,
    terminal: str,
    serial: int,
    body: bytes,
    version: int = 0,
) -> bytes:
    """A frame ready for the socket, check and both 7E included.

    Args:
        protocol, message_id, terminal, serial, body, version: as in `Frame`.

    Raises:
        ValueError: the body is too long for one frame, or `terminal` has not the bytes of this edition.
    """
    most = _MOST_BODY[protocol]
    if len(body) > most:
        raise ValueError(
            f"{protocol} 消息 {message_id:#06x} 的消息体 {len(body)} 字节, 最多 {most}: 请分包。"
            f"The body of {message_id:#06x} has {len(body)} bytes, at most {most}: send it in parts."
        )
    name = bytes.fromhex(terminal)
    edition = version if protocol == "jt808" else 0
    if len(name) != _TERMINAL_BYTES[edition]:
        raise ValueError(
            f"终端号应为 {_TERMINAL_BYTES[edition]} 字节, 实为 {len(name)} 字节。"
            f"The name of the terminal has {len(name)} bytes, this edition has {_TERMINAL_BYTES[edition]}."
        )
    words = _TWO_WORDS.pack(message_id, len(body) | (_EDITION_2019 if edition else 0))
    return escape(words + (b"\x01" if edition else b"") + name + _WORD.pack(serial & 0xFFFF) + body)


def answer(frame: Frame, serial: int, result: int = 0) -> bytes:
    """The centre's general answer (0x8001) to a frame: for a terminal, leave to delete the record.

    Args:
        frame: what is answered.
        serial: the centre's own number of this answer.
        result: 0 taken, 1 failed, 2 not understood, 3 not supported (JT808 only).
    """
    body = struct.pack(">HHB", frame.serial, frame.message_id, result)
    return compose(frame.protocol, _GENERAL_ANSWER, frame.terminal, serial, body, frame.version)
