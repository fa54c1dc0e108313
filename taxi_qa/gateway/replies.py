"""What the centre answers to each message of a terminal, once its frame is durable."""

import hashlib
import hmac
import struct
from typing import Final

from taxi_qa.ingest.terminals.frame import Frame, answer, compose

# Answers of a terminal to the centre: nobody answers an answer.
_ANSWERS: Final = frozenset({0x0001})
_REGISTER, _SIGN_ON, _MEDIA, _FILE_DONE = 0x0100, 0x0102, 0x0801, 0x1212
_REGISTERED, _MEDIA_TAKEN, _FILE_TAKEN = 0x8100, 0x8800, 0x9212
_WORDS: Final = struct.Struct(">HB")
_CODE_HEX: Final = 16
_TAKEN, _FAILED = 0, 1


class Replies:
    """Answers of one gateway; numbers them.

    A JT808 terminal is given a code when it registers and shows it when it signs on. The code is made of its
    number and the gateway's secret, so it needs no table and outlasts a restart.
    """

    def __init__(self, secret: bytes) -> None:
        """Begin.

        Args:
            secret: of the home; whoever knows it can make codes.
        """
        self._secret = secret
        self._serial = 0

    def code(self, terminal: str) -> bytes:
        """The code a terminal shows when it signs on."""
        digest = hmac.new(self._secret, terminal.encode(), hashlib.sha256).hexdigest()
        return digest[:_CODE_HEX].encode()

    def to(self, frame: Frame) -> bytes:
        """The answer to a durable frame, ready for the socket; empty where none is due."""
        self._serial = (self._serial + 1) & 0xFFFF
        if frame.message_id in _ANSWERS:
            return b""
        if frame.protocol == "jt808":
            if frame.message_id == _REGISTER:
                body = _WORDS.pack(frame.serial, _TAKEN) + self.code(frame.terminal)
                return self._compose(_REGISTERED, frame, body)
            if frame.message_id == _SIGN_ON:
                return answer(frame, self._serial, _TAKEN if self._shows_code(frame) else _FAILED)
            if frame.message_id == _MEDIA and frame.index == frame.total:
                return self._compose(_MEDIA_TAKEN, frame, frame.body[:4] + b"\x00")
            if frame.message_id == _FILE_DONE:
                name_bytes = frame.body[0] if frame.body else 0
                # Name, its length, kind of file; result 0: complete, no parts to send again.
                return self._compose(_FILE_TAKEN, frame, frame.body[: name_bytes + 2] + b"\x00\x00")
        return answer(frame, self._serial)

    def _compose(self, message_id: int, frame: Frame, body: bytes) -> bytes:
        return compose("jt808", message_id, frame.terminal, self._serial, body, frame.version)

    def _shows_code(self, frame: Frame) -> bool:
        body = frame.body
        shown = body[1 : 1 + body[0]] if frame.version and body else body
        return hmac.compare_digest(shown.rstrip(b"\x00"), self.code(frame.terminal))
