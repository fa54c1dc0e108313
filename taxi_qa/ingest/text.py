"""Text out of bytes: which encoding, which lines, and what to do with lines that are none.

The encoding is voted for by every line of the file, not by its beginning: a file whose first megabytes
are plain ASCII and whose Chinese plates come later is read right. A line whose bytes do not fit the
encoding of the file is refused by itself.
"""

import codecs
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Literal

from taxi_qa.ingest.containers import Unpacked
from taxi_qa.ingest.refusal import RAW_HEAD, head_of

Encoding = Literal["utf-8", "gb18030"]

# A line longer than this is no row.
MAX_LINE_BYTES: Final = 1 << 20
# In a block that is not all UTF-8, so many lines are asked: a vote needs no more.
_ASKED_LINES: Final = 512
# Of a block that is all UTF-8, so much is counted: it only weighs against blocks that are not.
_SAMPLE_BYTES: Final = 65_536
_BEYOND_ASCII: Final = bytes(range(0x80, 0x100))
# No header is longer.
_HEADER_BYTES: Final = 4 << 20
_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_UTF16_MARKS: Final = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True)
class Lines:
    """Some lines of a file, in order.

    Attributes:
        first: the number of the first one, counted from 1.
        texts: the lines without their ends; "" where the line is bad.
        bad: index into `texts` -> (reason, raw text) of lines that cannot be read.
    """

    first: int
    texts: list[str]
    bad: dict[int, tuple[str, str]] = field(default_factory=dict)


def encoding_of(source: Unpacked) -> Encoding:
    """The encoding most of the file's lines are in; every byte is looked at.

    Raises:
        Refused: the archive is cut short, damaged, or a bomb.
    """
    utf8 = gb18030 = 0
    for block in _whole_lines(_utf8_blocks(source.blocks())):
        if block.isascii():
            continue
        try:
            block.decode("utf-8")
            utf8 += _lines_beyond_ascii(block)
        except UnicodeDecodeError:
            votes = _ask_lines(block)
            utf8, gb18030 = utf8 + votes[0], gb18030 + votes[1]
    return "gb18030" if gb18030 > utf8 else "utf-8"


def lines_of(source: Unpacked, encoding: Encoding) -> Iterator[Lines]:
    """All lines of a file, block by block; ends are LF, CR LF or CR; the byte order mark is gone.

    Raises:
        Refused: the archive is cut short, damaged, or a bomb.
    """
    first = 1
    for block in _whole_lines(_utf8_blocks(source.blocks())):
        lines = _decoded(first, block, encoding)
        first += len(lines.texts)
        yield lines


def lines_of_rows(rows: Sequence[bytes], encoding: Encoding) -> Lines:
    """Single undecoded rows, each as a line of its own, numbered from 1."""
    texts: list[str] = []
    bad: dict[int, tuple[str, str]] = {}
    for index, row in enumerate(rows):
        if len(row) > MAX_LINE_BYTES:
            part = _decoded(1, _over_long([row], len(row)), encoding)
        else:
            part = _decoded(1, row, encoding)
        texts.append(part.texts[0])
        if 0 in part.bad:
            bad[index] = part.bad[0]
    return Lines(1, texts, bad)


def is_utf16(source: Unpacked) -> bool:
    """Whether a text begins with the mark of UTF-16."""
    return next(source.blocks(), b"")[:2] in {mark for mark, _ in _UTF16_MARKS}


def bytes_of_lines(source: Unpacked, lines: int) -> int:
    """How many bytes the first lines take, their ends and a byte order mark included."""
    start = b""
    for block in source.blocks():
        start += block
        ends = list(islice(_LINE_END.finditer(start), lines))
        # An end that is the last byte may be half of CR LF.
        if len(ends) == lines and ends[-1].end() < len(start):
            return ends[-1].end()
        if len(start) > _HEADER_BYTES:
            break
    ends = list(islice(_LINE_END.finditer(start), lines))
    return ends[-1].end() if len(ends) == lines else len(start)


def digest_of_texts(texts: Iterable[str]) -> str:
    """A short name made from texts: the same texts give the same name for ever."""
    return hashlib.blake2b("\x1f".join(texts).encode(errors="backslashreplace"), digest_size=8).hexdigest()


def _utf8_blocks(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same text without a byte order mark; UTF-16 becomes UTF-8, what is broken in it the byte FF."""
    first = next(blocks, b"")
    while len(first) < len(codecs.BOM_UTF8):
        more = next(blocks, None)
        if more is None:
            break
        first += more
    for mark, name in _UTF16_MARKS:
        if first.startswith(mark):
            decoder = codecs.getincrementaldecoder(name)(errors="replace")
            yield _marked(decoder.decode(first[len(mark) :]))
            for block in blocks:
                yield _marked(decoder.decode(block))
            yield _marked(decoder.decode(b"", final=True))
            return
    yield first.removeprefix(codecs.BOM_UTF8)
    yield from blocks


def _marked(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass").replace("\ufffd".encode(), b"\xff")


def _whole_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:  # noqa: C901  (one small machine, best read whole)
    """Blocks that end with a line, every end LF; of an over-long line only its beginning and its size.

    An over-long line is handed on as `beginning NUL NUL size`, which no sound line can be.
    """
    held: list[bytes] = []
    held_bytes = skipped = 0
    after_cr = False
    for raw in blocks:
        if not raw:
            continue
        block = raw[1:] if after_cr and raw.startswith(b"\n") else raw
        after_cr = raw.endswith(b"\r")
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        cut = block.rfind(b"\n") + 1
        if cut:
            start = 0
            if skipped:
                start = block.find(b"\n") + 1
                yield _over_long(held, skipped + start - 1)
            elif held:
                start = block.find(b"\n") + 1
                held.append(block[:start])
                joined = b"".join(held)
                yield _over_long([joined], len(joined) - 1) if len(joined) > MAX_LINE_BYTES else joined
            held, held_bytes, skipped = [], 0, 0
            yield from _shortened(block[start:cut])
        rest = block[cut:]
        if skipped:
            skipped += len(rest)
        elif rest:
            held.append(rest)
            held_bytes += len(rest)
            if held_bytes > MAX_LINE_BYTES:
                held, skipped = [b"".join(held)[: 4 * RAW_HEAD]], held_bytes
    if skipped:
        yield _over_long(held, skipped)
    elif held:
        yield b"".join(held)


def _shortened(block: bytes) -> Iterator[bytes]:
    """The block itself; blocks a source hands over may be larger than a line may be, so look."""
    if len(block) <= MAX_LINE_BYTES:
        if block:
            yield block
        return
    lines = block.split(b"\n")
    for index, line in enumerate(lines[:-1]):
        if len(line) > MAX_LINE_BYTES:
            lines[index] = _over_long([line], len(line)).rstrip(b"\n")
    yield b"\n".join(lines)


def _over_long(held: list[bytes], size: int) -> bytes:
    return b"".join(held)[: 4 * RAW_HEAD].replace(b"\x00", b"") + b"\x00\x00%d\n" % size


def _decoded(first: int, block: bytes, encoding: Encoding) -> Lines:
    pieces = block.removesuffix(b"\n")
    try:
        texts = pieces.decode(encoding).split("\n")
        bad: dict[int, tuple[str, str]] = {}
    except UnicodeDecodeError:
        texts, bad = [], {}
        for index, line in enumerate(pieces.split(b"\n")):
            try:
                texts.append(line.decode(encoding))
            except UnicodeDecodeError:
                texts.append("")
                bad[index] = _not_text(line, encoding)
    if b"\x00" in block:
        for index, text in enumerate(texts):
            if "\x00" in text:
                bad[index] = _with_nul(text)
                texts[index] = ""
    return Lines(first, texts, bad)


def _not_text(line: bytes, encoding: Encoding) -> tuple[str, str]:
    beginning, mark, size = line.rpartition(b"\x00\x00")
    if mark and size.isdigit():
        return _too_long(int(size)), head_of(beginning.decode(encoding, "backslashreplace"), int(size))
    return (
        f"the bytes are not {encoding.upper()} as the rest of the file is; send the row in one encoding",
        line.decode(encoding, "backslashreplace"),
    )


def _with_nul(text: str) -> tuple[str, str]:
    beginning, mark, size = text.rpartition("\x00\x00")
    if mark and size.isdigit():
        return _too_long(int(size)), head_of(beginning, int(size))
    return "the row holds a NUL byte, which no text has; send the row again", text


def _too_long(size: int) -> str:
    return f"the line is {size:,} bytes long; a row has at most {MAX_LINE_BYTES:,}"


def _lines_beyond_ascii(block: bytes) -> int:
    """About how many lines of a UTF-8 block hold more than ASCII; a Chinese character takes three bytes."""
    sample = block[:_SAMPLE_BYTES]
    beyond = len(sample) - len(sample.translate(None, _BEYOND_ASCII))
    in_sample = min(sample.count(b"\n") + 1, beyond // 3 + 1)
    return in_sample * len(block) // len(sample)


def _ask_lines(block: bytes) -> tuple[int, int]:
    """About how many lines of a block are UTF-8, and how many are GB18030 and not UTF-8."""
    lines = [line for line in block.split(b"\n") if not line.isascii()]
    step = max(1, len(lines) // _ASKED_LINES)
    utf8 = gb18030 = 0
    for line in lines[::step]:
        try:
            line.decode("utf-8")
            utf8 += step
        except UnicodeDecodeError:
            try:
                line.decode("gb18030")
                gb18030 += step
            except UnicodeDecodeError:
                pass
    return utf8, gb18030
