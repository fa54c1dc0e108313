"""Pictures, sounds and clips of devices, by SHA-256: where they lie, and which findings lean on them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import select

from taxi_qa.store.evidence import media_type_of
from taxi_qa.store.fetching import fetch
from taxi_qa.store.home import Home
from taxi_qa.store.tables import FindingRow, table_of

# Of a home: what terminals sent, and of that the files.
TERMINALS: Final = "terminals"
FOLDER: Final = "media"
# How a finding's evidence calls them, and what stands between two.
_FIELD: Final = "media_sha256"
BETWEEN: Final = ";"
_HEAD_BYTES: Final = 16


@dataclass(frozen=True)
class Held:
    """A file of a device.

    Attributes:
        sha256: its digest, in hex.
        path: where it lies, None where it is not kept (any more).
        media_type: by its first bytes; `application/octet-stream` where they say nothing.
        bytes: its size.
    """

    sha256: str
    path: Path | None = None
    media_type: str = ""
    bytes: int = 0


def media_path(folder: Path, sha256: str) -> Path:
    """Where a file lies in the folder of a home's terminals."""
    return folder / FOLDER / sha256[:2] / sha256


def held(home: Home, sha256: str) -> Held:
    """What is kept of a digest."""
    path = media_path(home.path / TERMINALS, sha256)
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        return Held(sha256, path, media_type_of(head) or "application/octet-stream", path.stat().st_size)
    except OSError:
        return Held(sha256)


def digests_in(evidence: str) -> list[str]:
    """The digests a finding's evidence (JSON) names, in its order."""
    told = str(json.loads(evidence or "{}").get(_FIELD) or "")
    return [one for one in dict.fromkeys(told.split(BETWEEN)) if _is_digest(one)]


def _is_digest(text: str) -> bool:
    return len(text) == 64 and not text.strip("0123456789abcdef")  # noqa: PLR2004 - SHA-256 in hex


def leant_on(home: Home) -> set[str]:
    """The digests that any finding names which stands, or in which a person has a part."""
    table = table_of(FindingRow)
    stands = table.c.withdrawn_by.is_(None) | table.c.status.not_in(("detected", "excused"))
    query = select(table.c.evidence).where(stands, table.c.evidence.like(f"%{_FIELD}%"))
    with home.engine.connect() as connection:
        return {one for (evidence,) in fetch(connection, query) for one in digests_in(str(evidence))}
