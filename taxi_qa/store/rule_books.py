"""Which rule books and rules a home was judged by, since when, and the books themselves.

Every book that ever counted stays under its own name; `history.json` says which counted since when and is
replaced whole.
"""

import io
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from taxi_qa.store.home import Home, HomeError

_FOLDER: Final = "rule_books"
_HISTORY: Final = "history.json"
# The earliest a zip file can say: the same files, the same bytes.
_NO_TIME: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Counted:
    """What judged a home from a moment on.

    Attributes:
        since_ms: the moment of the first run by it.
        book: name of the rule book.
        rules: each rule's version.
        program: version of the program.
    """

    since_ms: int
    book: str
    rules: dict[str, int]
    program: str


def history(home: Home) -> list[Counted]:
    """What judged the home, in order; nothing in a home never judged."""
    try:
        told = json.loads((home.path / _FOLDER / _HISTORY).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [Counted(**one) for one in told]


def counted_at(home: Home, until_ms: int) -> Counted | None:
    """What judged the home last before a moment, None where it was never judged before."""
    before = [one for one in history(home) if one.since_ms < until_ms]
    return before[-1] if before else None


def remember(home: Home, files: Mapping[str, bytes], now: Counted) -> None:
    """Keep the book and note what counts from now on; without effect where it is what counted last."""
    known = history(home)
    same = known and (known[-1].book, known[-1].rules, known[-1].program) == (
        now.book,
        now.rules,
        now.program,
    )
    path = home.path / _FOLDER / f"{now.book}.zip"
    if same and path.is_file():
        return
    path.parent.mkdir(exist_ok=True)
    if not path.is_file():
        _write(path, _packed(files))
    if not same:
        whole = json.dumps([asdict(one) for one in (*known, now)], ensure_ascii=False)
        _write(path.with_name(_HISTORY), whole.encode())


def book_files(home: Home, book: str) -> dict[str, bytes]:
    """The files of a book that was kept.

    Raises:
        HomeError: it is not there, or is damaged.
    """
    path = home.path / _FOLDER / f"{book}.zip"
    try:
        with zipfile.ZipFile(path) as packed:
            return {name: packed.read(name) for name in packed.namelist()}
    except (OSError, zipfile.BadZipFile, KeyError):
        raise HomeError(f"the rule book {path} is not there or damaged; restore it from a backup") from None


def _packed(files: Mapping[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in sorted(files):
            packed.writestr(zipfile.ZipInfo(name, _NO_TIME), files[name], zipfile.ZIP_DEFLATED)
    return whole.getvalue()


def _write(path: Path, data: bytes) -> None:
    """Written beside and renamed."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    beside.write_bytes(data)
    beside.replace(path)
