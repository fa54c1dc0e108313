"""Layouts as data: a message is a tuple of fields, read by one reader.

A field says its name, how its bytes are meant and what they are divided by. Runs of fields of fixed width
become one `struct`; what has no width of its own (text to the end, counted lists) is read one after another.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from taxi_qa.ingest.terminals.digits import digits, minute_ms, moment_ms, stamp_ms

How = Literal[
    "u8",
    "u16",
    "u32",
    "i16",
    "i32",
    "digits",
    "number",
    "ascii",
    "gbk",
    "moment",
    "minute",
    "stamp",
    "hex",
    "bytes",
    "group",
    "rest",
    "rest_gbk",
    "until_zero",
    "counted_gbk",
    "counted_ascii",
    "many",
    "counted",
]
Values = dict[str, Any]

_NUMBERS: Final = {"u8": "B", "u16": "H", "u32": "I", "i16": "h", "i32": "i"}
_TO_THE_END: Final = frozenset(
    {"rest", "rest_gbk", "until_zero", "counted_gbk", "counted_ascii", "many", "counted"}
)
_FIXED: Final = {"moment": 6, "minute": 5, "stamp": 6}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a layout.

    Attributes:
        name: in the field's own terms, with its unit.
        how: u8..i32 big-endian numbers; digits: BCD as text; number: BCD as a number; ascii, gbk: text
            without its padding; moment: YYMMDDhhmmss, minute: YYMMDDhhmm, stamp: either that or
            YYYYMMDDhhmm, all BCD in GMT+8, read as UTC milliseconds or None; hex, bytes; group: the
            fields of `of`;
            rest, rest_gbk: to the end;
            until_zero: text closed by a 00; counted_gbk, counted_ascii: a byte of length, then text;
            many: `of` again and again to the end; counted: `of` as often as the number in the field
                named `count` says.
        size: bytes, where `how` does not tell.
        per: units of the wire in one unit of ours.
        of: the fields of a group or of each row of a list.
        count: for "counted": the name of the field with the number.
    """

    name: str
    how: How
    size: int = 0
    per: float = 1
    of: "tuple[Field, ...]" = ()
    count: str = ""


Layout = tuple[Field, ...]


class TooShortError(ValueError):
    """The bytes end before the layout does."""


@cache
def width(layout: Layout) -> int:
    """Bytes of a layout whose fields all have a width of their own."""
    return sum(_width(field) for field in layout)


def read(layout: Layout, data: bytes, start: int = 0) -> tuple[Values, int]:
    """Read the fields of a layout.

    Args:
        layout: the fields in order.
        data: the bytes.
        start: where the first field begins.

    Returns:
        The values by name, and where the first byte not read stands.

    Raises:
        TooShortError: the bytes end before the layout does.
    """
    values: Values = {}
    for fixed, packed, open_field in _runs(layout):
        if len(data) - start < packed.size:
            raise TooShortError(
                f"{len(data)} 字节, 至少需要 {start + packed.size}。"
                f"{len(data)} bytes where at least {start + packed.size} are needed."
            )
        for field, value in zip(fixed, packed.unpack_from(data, start), strict=True):
            values[field.name] = _meant(field, value)
        start += packed.size
        if open_field is not None:
            values[open_field.name], start = _read_open(open_field, data, start, values)
    return values, start


@cache
def _runs(layout: Layout) -> tuple[tuple[Layout, struct.Struct, Field | None], ...]:
    """The layout as runs of fixed width, each with the field of no width that ends it."""
    runs: list[tuple[Layout, struct.Struct, Field | None]] = []
    fixed: list[Field] = []
    for field in layout:
        if field.how in _TO_THE_END:
            runs.append((tuple(fixed), _packed(fixed), field))
            fixed = []
        else:
            fixed.append(field)
    if fixed:
        runs.append((tuple(fixed), _packed(fixed), None))
    return tuple(runs)


def _packed(fixed: Sequence[Field]) -> struct.Struct:
    return struct.Struct(">" + "".join(_NUMBERS.get(field.how) or f"{_width(field)}s" for field in fixed))


def _width(field: Field) -> int:
    if field.how in _NUMBERS:
        return struct.calcsize(_NUMBERS[field.how])
    if field.how == "group":
        return width(field.of)
    return field.size or _FIXED[field.how]


def _meant(field: Field, value: Any) -> Any:  # noqa: ANN401 - whatever the struct gave
    if field.how in _NUMBERS:
        return value / field.per if field.per != 1 else value
    if field.how == "number":
        return _number(field, value)
    if field.how == "group":
        return read(field.of, value)[0]
    return _FROM_BYTES[field.how](value)


def _number(field: Field, data: bytes) -> float | int | None:
    text = digits(data)
    if not text.isdecimal():
        return None
    return int(text) / field.per if field.per != 1 else int(text)


def text_of(data: bytes) -> str:
    """GBK text without its padding; bytes that are none become U+FFFD."""
    return data.strip(b"\x00 ").decode("gb18030", errors="replace")


_FROM_BYTES: Final[dict[str, Callable[[bytes], Any]]] = {
    "digits": digits,
    "ascii": text_of,
    "gbk": text_of,
    "moment": moment_ms,
    "minute": minute_ms,
    "stamp": stamp_ms,
    "hex": bytes.hex,
    "bytes": bytes,
}


def _read_open(field: Field, data: bytes, start: int, values: Values) -> tuple[Any, int]:
    """A field without a width of its own: its value and where it ends."""
    if field.how == "rest":
        return data[start:], len(data)
    if field.how == "rest_gbk":
        return text_of(data[start:]), len(data)
    if field.how == "until_zero":
        end = data.find(b"\x00", start)
        return (text_of(data[start:]), len(data)) if end < 0 else (text_of(data[start:end]), end + 1)
    if field.how in {"counted_gbk", "counted_ascii"}:
        if start >= len(data) or start + 1 + data[start] > len(data):
            raise TooShortError("文本缺失。The text is missing.")
        end = start + 1 + data[start]
        return text_of(data[start + 1 : end]), end
    rows = []
    left = len(data) if field.how == "many" else int(values[field.count])
    while left > 0 and start < len(data):
        row, end = read(field.of, data, start)
        if end == start:
            break
        rows.append(row)
        start = end
        left -= 1
    return rows, start
