"""Pictures and sound that come in pieces: joined by offset, handed out with their SHA-256."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import Final

from taxi_qa.ingest.terminals.decode import Message
from taxi_qa.ingest.terminals.state import Memory, remember

# Of one picture or sound, and of those a terminal may have open at once.
MOST_BYTES: Final = 8 << 20
_MOST_OPEN: Final = 4
_FORMATS: Final = {0: "jpeg", 1: "tif", 2: "mp3", 3: "wav", 4: "wmv"}


@dataclass(frozen=True, slots=True)
class Media:
    """A picture or a sound that is whole.

    Attributes:
        terminal, vehicle: whose it is; the vehicle is "" where nobody said.
        media_id: the terminal's number for it.
        channel: the camera; None for sound of JT905.
        format: "jpeg", "wav" ... or "".
        received_ms: when its last piece came.
        data, sha256: the bytes and their digest in hex.
    """

    terminal: str
    vehicle: str
    media_id: int
    channel: int | None
    format: str
    received_ms: int
    data: bytes
    sha256: str


def whole_media(
    memory: Memory, message: Message, who: tuple[str, str], received_ms: int, counts: Counter[str]
) -> list[Media]:
    """Take in a piece.

    Args:
        memory: of the terminal; changed.
        message: `image`, `audio` (JT905, in pieces) or `media` (JT808, put together by `parts` before).
        who: terminal and vehicle.
        received_ms: when its frame came.
        counts: what could not be used, by reason.

    Returns:
        What this piece made whole.
    """
    told = message.fields
    if message.name == "media":
        return [
            _media(
                who,
                told["media_id"],
                told["channel"],
                _FORMATS.get(told["format"], ""),
                received_ms,
                told["chunk"],
            )
        ]
    total, offset, chunk = told["total_bytes"], told["offset"], told["chunk"]
    if not 0 < total <= MOST_BYTES or offset + len(chunk) > total:
        counts["media_pieces_out_of_bounds"] += 1
        return []
    key = f"{message.name}-{told['media_id']}-{total}"
    pieces = dict(memory.get("media", {}).get(key, {}))
    pieces[str(offset)] = chunk.hex()
    remember(memory, "media", key, pieces, _MOST_OPEN)
    data = b""
    while (piece := pieces.get(str(len(data)))) and len(data) < total:
        data += bytes.fromhex(piece)
    if len(data) < total:
        return []
    del memory["media"][key]
    return [
        _media(
            who,
            told["media_id"],
            told.get("camera"),
            "jpeg" if message.name == "image" else "",
            received_ms,
            data,
        )
    ]


def _media(
    who: tuple[str, str], media_id: int, channel: int | None, form: str, received_ms: int, data: bytes
) -> Media:
    return Media(*who, media_id, channel, form, received_ms, data, hashlib.sha256(data).hexdigest())
