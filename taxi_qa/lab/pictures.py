"""What the cameras of a made city photograph: bytes that begin like a picture, the same for the same name."""

import hashlib
from typing import Final

_BEGIN: Final = b"\xff\xd8\xff\xe0"
_LEAST_BYTES, _BEYOND_BYTES = 2_000, 7_000


def picture_of(name: str) -> bytes:
    """The bytes of a picture by its name: 2 to 9 kB."""
    seed = hashlib.sha256(name.encode()).digest()
    size = _LEAST_BYTES + int.from_bytes(seed[:2], "big") % _BEYOND_BYTES
    blocks = (hashlib.sha256(seed + at.to_bytes(4, "big")).digest() for at in range(size // 32 + 1))
    return (_BEGIN + b"".join(blocks))[:size]


def digest_of(name: str) -> str:
    """The SHA-256 of a picture, in hex."""
    return hashlib.sha256(picture_of(name)).hexdigest()
