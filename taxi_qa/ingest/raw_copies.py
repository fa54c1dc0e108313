"""Copies of files that held more than the store keeps.

Columns that mean nothing here are not stored; so that nothing sent is lost, a file with such columns is
kept as it came: `raw/<sha256><endings>` below the home. Files above `COPIED_UP_TO_BYTES` are feeds a
sender can send again, and copying them would double the disk: of those only a note with their name and
size is kept. The copy is written before the file is committed, under its final name last, so a crash
leaves at most a copy too many; the same file is copied once.
"""

import json
import shutil
from pathlib import Path
from typing import Final

COPIED_UP_TO_BYTES: Final = 64 << 20
FOLDER: Final = "raw"
_MAX_ENDING: Final = 16


def keep_copy(home_path: Path, source: Path, sha256: str, unknown: tuple[str, ...]) -> Path:
    """Keep a file (or, where it is large, a note of it) for its unknown columns.

    Args:
        home_path: folder of the home.
        source: the file.
        sha256: of its bytes.
        unknown: the columns that are not stored.

    Returns:
        The copy, or the note.
    """
    folder = home_path / FOLDER
    folder.mkdir(exist_ok=True)
    size = source.stat().st_size
    if size > COPIED_UP_TO_BYTES:
        note = folder / f"{sha256}.note.json"
        text = json.dumps(
            {"file": source.name, "bytes": size, "unknown_columns": list(unknown)}, ensure_ascii=False
        )
        note.write_text(text + "\n", encoding="utf-8")
        return note
    ending = "".join(source.suffixes[-2:]).lower()
    safe = ending if len(ending) <= _MAX_ENDING and ending.replace(".", "").isalnum() else ""
    copy = folder / f"{sha256}{safe}"
    if not copy.exists():
        unfinished = folder / f"{sha256}.unfinished"
        shutil.copyfile(source, unfinished)
        unfinished.replace(copy)
    return copy
