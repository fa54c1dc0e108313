"""What a post holds, as a file that the door of all records reads: unpacked, a list as lines."""

import json
import zlib
from typing import Final

from flask import request

from taxi_qa.ingest.reasons import in_chinese
from taxi_qa.web.api.problems import Problem
from taxi_qa.web.settings import ApiLimits
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.translate import language

# Media type -> ending of the file.
ENDINGS: Final = {
    "application/json": ".jsonl",
    "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl",
    "application/geo+json": ".geojson",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
}
_LIST: Final = "application/json"
_BLANK: Final = " \t\r\n"
_STEP_BYTES: Final = 1 << 20


def ending_of(media: str) -> str:
    """The ending of a file with such content.

    Raises:
        Problem: 415, no records come so.
    """
    if media not in ENDINGS:
        told = _(
            "收到的类型是“%(media)s”；应为 %(known)s 之一。", media=media[:100], known=", ".join(ENDINGS)
        )
        raise Problem(415, told, headers={"Accept": ", ".join(ENDINGS)})
    return ENDINGS[media]


def body_of(limits: ApiLimits, media: str) -> tuple[bytes, bytes]:
    """The body of this request as it came, and as the content of a file of records.

    Raises:
        Problem: 413, 415 or 422; nothing was taken.
    """
    request.max_content_length = limits.body_bytes
    sent = request.get_data(cache=False)
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "gzip":
        plain = _unpacked(sent, limits.unpacked_bytes)
    elif encoding == "identity":
        plain = sent
    else:
        told = _("Content-Encoding 应为 gzip，或不写；收到的是“%(encoding)s”。", encoding=encoding[:40])
        raise Problem(415, told, headers={"Accept-Encoding": "gzip"})
    if not plain.strip():
        raise Problem(422, _("内容是空的；应为记录。"))
    return sent, lines_of_list(plain) if media == _LIST else plain


def _unpacked(packed: bytes, most: int) -> bytes:
    parts: list[bytes] = []
    size, waiting = 0, packed
    while waiting:
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            while waiting and not unpacker.eof:
                part = unpacker.decompress(waiting, _STEP_BYTES)
                size += len(part)
                if size > most:
                    raise Problem(413, _("解压后超过 %(most)s 字节；请分成几次发送。", most=f"{most:,}"))
                parts.append(part)
                waiting = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
        except zlib.error:
            raise Problem(422, _("gzip 内容已损坏；未接收任何内容，请重新发送。")) from None
        if not unpacker.eof:
            raise Problem(422, _("gzip 内容不完整；未接收任何内容，请重新发送。"))
    return b"".join(parts)


def lines_of_list(plain: bytes) -> bytes:
    """A JSON list of objects as JSON Lines: row n of the file is element n, digit for digit as it was sent.

    Raises:
        Problem: 422, it is no JSON list.
    """
    try:
        text = plain.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Problem(422, _("第 %(at)s 个字节不是 UTF-8；JSON 应为 UTF-8。", at=error.start + 1)) from None
    at = _past_blanks(text, 0)
    if text[at : at + 1] != "[":
        raise Problem(422, _("应为 JSON 列表 […]，每个元素是一行记录 {…}。"))
    # Numbers as they are written: nobody looks at them here.
    decoder = json.JSONDecoder(parse_int=str, parse_float=str)
    lines: list[str] = []
    at = _past_blanks(text, at + 1)
    closed = text[at : at + 1] == "]"
    while not closed:
        try:
            _value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            at = getattr(error, "pos", at)
            raise _no_json(len(lines) + 1, at) from None
        # Between the parts of a value blanks are all alike; inside a text there is no bare line end.
        lines.append(text[at:end].replace("\r", " ").replace("\n", " "))
        at = _past_blanks(text, end)
        mark = text[at : at + 1]
        closed = mark == "]"
        if mark == ",":
            at = _past_blanks(text, at + 1)
        elif not closed:
            raise _no_json(len(lines) + 1, at)
    if text[_past_blanks(text, at + 1) :]:
        raise _no_json(len(lines) + 1, at + 1)
    if not lines:
        raise Problem(422, _("列表是空的；应为记录。"))
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogatepass")


def _past_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at


def _no_json(record: int, at: int) -> Problem:
    reason = f"no JSON at character {at + 1}"
    reason = reason if language() == "en" else in_chinese(reason)
    told = _("第 %(record)s 行记录、第 %(at)s 个字符处不是 JSON；未接收任何内容。", record=record, at=at + 1)
    return Problem(422, told, errors=[{"record": record, "field": "", "reason": reason}])
