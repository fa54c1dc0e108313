"""What is said when a whole file cannot be taken, and how one refused row is kept."""

from dataclasses import dataclass
from typing import Final

# Of a row too long to be one, this much of the raw text is kept.
RAW_HEAD: Final = 1_000


class Refused(Exception):  # noqa: N818  (a file refused is an ordinary answer, not an error of the program)
    """A whole file is refused: the message is one line and says what was expected and the way out."""


@dataclass(frozen=True)
class RefusedRow:
    """One row that does not go in.

    Attributes:
        row: the line of the file it begins on, counted from 1, the header included.
        record: the data row, counted from 1.
        column: the outside name of the column at fault, "" where the row as a whole is.
        reason: what is wrong and what was expected.
        raw: the row as it stood in the file.
    """

    row: int
    record: int
    column: str
    reason: str
    raw: str


def storable(raw: str) -> str:
    """Raw text that any database can keep: NUL and halves of characters are written out."""
    if "\x00" in raw:
        raw = raw.replace("\x00", "\\x00")
    if not raw.isascii():
        raw = raw.encode("utf-8", "backslashreplace").decode("utf-8")
    return raw


def head_of(raw: str, size: int) -> str:
    """The beginning of an over-long row, with its true size in bytes."""
    return f"{raw[:RAW_HEAD]} … ({size:,} bytes)"
