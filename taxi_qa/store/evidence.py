"""Files people send as evidence: kept under their SHA-256, once, never changed; size and type limited."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from taxi_qa.store.home import Home

FOLDER: Final = "evidence"

# By what a file begins with, not by its name; nothing a browser would run.
_BEGINNINGS: Final = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"%PDF-", "application/pdf"),
    (4, b"ftyp", "video/mp4"),
)
_CHUNK: Final = 1 << 20


class EvidenceError(Exception):
    """A file that is not taken; says which and why.

    Attributes:
        code: why in one word, for those who say it in other languages: `too_large` or `kind`.
        name: the file's own name.
    """

    def __init__(self, words: str, code: str = "kind", name: str = "") -> None:
        """Say which and why."""
        super().__init__(words)
        self.code, self.name = code, name


@dataclass(frozen=True)
class KeptFile:
    """A file as it is kept: its digest, its own name, what it is, and its size."""

    sha256: str
    name: str
    media_type: str
    bytes: int


def keep_file(home: Home, path: Path, most_bytes: int) -> KeptFile:
    """Copy a file into the home under its SHA-256; the same content again is the same file.

    Raises:
        EvidenceError: too large, empty, or neither JPEG, PNG, PDF nor MP4.
        OSError: it cannot be read.
    """
    digest, size, head = hashlib.sha256(), 0, b""
    home.staging.mkdir(exist_ok=True)
    arriving = home.staging / f"evidence-{os.getpid()}-{hashlib.sha256(str(path).encode()).hexdigest()[:16]}"
    try:
        with path.open("rb") as source, arriving.open("wb") as target:
            while chunk := source.read(_CHUNK):
                head = head or chunk[:16]
                size += len(chunk)
                if size > most_bytes:
                    told = f"{path.name} is larger than {most_bytes:,} bytes"
                    raise EvidenceError(told, "too_large", path.name)
                digest.update(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        media_type = media_type_of(head)
        if media_type is None:
            told = f"{path.name} is neither JPEG, PNG, PDF nor MP4 (told by its first bytes)"
            raise EvidenceError(told, "kind", path.name)
        sha256 = digest.hexdigest()
        place = path_of(home, sha256)
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            arriving.replace(place)
    finally:
        arriving.unlink(missing_ok=True)
    return KeptFile(sha256, path.name[-100:], media_type, size)


def path_of(home: Home, sha256: str) -> Path:
    """Where the file of that digest lies."""
    return home.path / FOLDER / sha256[:2] / sha256


def media_type_of(head: bytes) -> str | None:
    """What a file is by its first bytes; None where it is none of those that are taken."""
    found = (kind for at, begin, kind in _BEGINNINGS if head[at : at + len(begin)] == begin)
    return next(found, None)
