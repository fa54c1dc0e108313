"""A rule book: the files of law and house that bind in one place, as bytes to keep and to read again."""

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from taxi_qa.law import strict
from taxi_qa.law.parameter import Law
from taxi_qa.law.read import BadLaw, read_law
from taxi_qa.paths import shipped

# Folders of `data/` beside `law/` whose files are part of it.
_BESIDE: Final = ("house", "calendar", "zones")
_DIGEST_HEX: Final = 16


def files_of(place: str, root: Path | None = None) -> dict[str, bytes]:
    """The files a place's law is read from, by their path below the data folder, sorted.

    Args:
        place: as of `read_law`.
        root: the data folder; the shipped one by default.

    Raises:
        BadLaw: no such place.
    """
    root = shipped("data") if root is None else root
    head = root / "law" / place / "place.yaml"
    if not head.is_file():
        raise BadLaw(f"law/{place}/place.yaml: no such place")
    content = strict.load(head, f"law/{place}/place.yaml")
    country = str(content.get("country", place)) if isinstance(content, dict) else place
    folders = [root / "law" / name for name in sorted({country, place})] + [root / name for name in _BESIDE]
    paths = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def name_of(files: Mapping[str, bytes]) -> str:
    """A name made of the files' paths and bytes: the same files, the same name."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path}\0{len(files[path])}\0".encode())
        digest.update(files[path])
    return f"book-{digest.hexdigest()[:_DIGEST_HEX]}"


def law_in(files: Mapping[str, bytes], place: str) -> Law:
    """The law of a place as these files state it.

    Raises:
        BadLaw: they break a rule of `law.read`; the message names file and key.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, data in files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return read_law(place, root)


def zones_in(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The polygons among them: these alone are read where they are used, from the shipped folder."""
    return {path: data for path, data in files.items() if path.startswith("zones/")}
