"""Names of vehicles and people: what may be one, and which bucket it falls into."""

import re
import unicodedata
import zlib

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MAX_LENGTH = 64


def identifier(text: str) -> str:
    """An id as it is stored: compatibility forms folded (full-width digits), blanks at the ends gone.

    Raises:
        ValueError: empty, longer than 64 characters, or holding control characters.
    """
    name = unicodedata.normalize("NFKC", text).strip()
    if not name:
        raise ValueError("an id is empty")
    if len(name) > _MAX_LENGTH:
        raise ValueError(f"an id is longer than {_MAX_LENGTH} characters")
    if _CONTROL.search(name):
        raise ValueError("an id holds control characters")
    return name


def bucket_of(vehicle_id: str, buckets: int) -> int:
    """The bucket of a vehicle: the same on every machine and for ever (CRC-32, not Python's `hash`)."""
    return zlib.crc32(vehicle_id.encode()) % buckets
