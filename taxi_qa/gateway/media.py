"""Pictures, sounds and videos under their hash, and of alarms' files whose they are, a list a day."""

import json
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from taxi_qa.gateway.journal import sync_folder
from taxi_qa.store.device_media import FOLDER, media_path

# What is dropped when it is old: files, and the lists of days.
PATTERNS: Final = ("*/*", "files-*.jsonl")


def keep_media(folder: Path, data: bytes, sha256: str) -> bool:
    """Keep bytes under their hash, durably; whether they were not there before.

    Args:
        folder: of the gateway.
        data, sha256: the bytes, and their digest in hex.

    Raises:
        OSError: the disk is full or fails.
    """
    target = media_path(folder, sha256)
    if target.exists():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    write_durably(target, data)
    return True


def note_file(folder: Path, told: dict[str, Any], received_ms: int) -> None:
    """Write down, durably, whose a file is that was kept.

    Args:
        folder: of the gateway.
        told: terminal, vehicle, alarm, name, digest.
        received_ms: when it was whole.
    """
    day = datetime.fromtimestamp(received_ms / 1000, UTC).date().isoformat()
    path = folder / FOLDER / f"files-{day}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as index:
        index.write(json.dumps({"received_ms": received_ms, **told}, ensure_ascii=False) + "\n")
        index.flush()
        os.fsync(index.fileno())
    sync_folder(path.parent)


def write_durably(target: Path, data: bytes) -> None:
    """Write a file that is there whole or not at all, whatever is killed.

    Raises:
        OSError: the disk is full or fails.
    """
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(target.parent)
