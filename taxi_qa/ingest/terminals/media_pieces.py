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
# Bytes of pieces kept of one, as a multiple of its own: some come twice, cut otherwise.
_MOST_TWICE: Final = 2
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
    open_media = memory.get("media", {}).get(key)
    if open_media is None or open_media["bytes"] > _MOST_TWICE * total:
        # Pieces cut anew again and again never fit together: begin once more.
        open_media = {"bytes": 0, "pieces": {}}
        remember(memory, "media", key, open_media, _MOST_OPEN)
    pieces = open_media["pieces"]
    open_media["bytes"] += len(chunk) - len(pieces.get(str(offset), "")) // 2
    pieces[str(offset)] = chunk.hex()
    if open_media["bytes"] < total:
        return []
    joined = []
    at = 0
    while at < total and (piece := pieces.get(str(at))):
        joined.append(piece)
        at += len(piece) // 2
    if at < total:
        return []
    data = bytes.fromhex("".join(joined))
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
