"""Frames of public sources decode to what their own tests expect.

They lie outside the repository ($TAXI_QA_REAL_DATA/protocol/vectors.jsonl): without them these tests
are skipped.
"""

import json
import os
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from taxi_qa.ingest.terminals.decode import Message, decode
from taxi_qa.ingest.terminals.frame import Frame, Protocol, parse
from taxi_qa.ingest.terminals.framing import Splitter
from taxi_qa.ingest.terminals.layout import read
from taxi_qa.ingest.terminals.messages.trip import METER
from tests.ingest.terminals.vector_names import (
    DEVIATIONS,
    FIELDS,
    ITEM_FIELDS,
    NOT_COMPARED,
    OBJECTS,
    POSITION,
    TYRE_FIELDS,
)

PATH = Path(os.environ.get("TAXI_QA_REAL_DATA", "../shared/data")) / "protocol" / "vectors.jsonl"
VECTORS = (
    [json.loads(line) for line in PATH.read_text(encoding="utf-8").splitlines()] if PATH.exists() else []
)
Vector = dict[str, Any]
UNKNOWN = object()
LEAST_VECTORS = 219
LEAST_VALUES = 2_030
LEAST_WRONG = 17
# A vector whose body is shorter than its header says.
CUT = "JT808_0x0702Test.cs#Test2013_1"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not VECTORS, reason=f"no vectors: {PATH} is absent"),
]


def hex_pairs(text: str) -> list[str]:
    return [text[at : at + 2].upper() for at in range(0, len(text), 2)]


def frame_of(vector: Vector) -> Frame | None:
    protocol: Protocol = "jt905" if vector["protocol"] == "jt905" else "jt808"
    raw = bytes.fromhex(vector["hex"])
    if vector["layer"] == "frame":
        pieces = Splitter().feed(raw[raw.index(0x7E) :])
        return parse(protocol, pieces[0]) if pieces else None
    if vector["layer"] == "body":
        version = int(vector["protocol"] == "jt808-2019")
        return Frame(protocol, int(vector["msg_id"], 16), "", 0, raw, version=version)
    return None


def flat(message: Message) -> dict[str, Any]:
    """Our values by path; items under their id."""
    told: dict[str, Any] = {}

    def put(path: str, value: Any) -> None:  # noqa: ANN401 - any field
        told[path] = value
        if isinstance(value, dict):
            for name, inner in value.items():
                put(f"{path}.{name}" if path else name, inner)
        elif isinstance(value, list):
            for at, row in enumerate(value):
                put(f"{path}[{at}]", row)
        elif isinstance(value, tuple):
            for item in value:
                put(f"{path.removesuffix('items')}item{item.item_id:02x}", item.value)

    put("", message.fields)
    put("items", message.items)
    return told


def item_path(key: str, expected: Vector) -> tuple[str, str] | None:
    """The item a source's name speaks of, as our path, and the name inside it."""
    found = re.match(r"(.*?)(?:Basic|Custom)LocationAttachData\[(\w+)\]\.(.+)", key)
    if found:
        before, which, name = found.groups()
        typed = which if which.startswith("JT") else expected.get(f"{key[: key.rindex(name) - 1]}#type", "")
        number = re.search(r"0[xX]([0-9A-Fa-f]{2})$", str(typed))
        if number is None:
            return None
        return f"{objects(before)}item{number.group(1).lower()}", name
    found = re.match(r"attributes\.(\d+)(?:\.(.+))?$", key)
    return (f"item{int(found.group(1)):02x}", found.group(2) or "value") if found else None


def objects(before: str) -> str:
    """Objects of a source as our path, with a dot at its end."""
    path = ""
    for part in before.strip(".").split("."):
        found = re.fullmatch(r"(\w+)(\[\d+\])?", part)
        if found:
            name = OBJECTS.get(found.group(1), found.group(1))
            path += f"{name}{found.group(2) or ''}." if name else ""
    return path


def wire(value: Any, how: str, frame: Frame, key: str) -> Any:  # noqa: ANN401, PLR0911 - any field, a line a form
    """Our value as the source writes it."""
    jt905 = frame.protocol == "jt905"
    if how == "deg":
        return round(value * (600_000 if jt905 else 1_000_000))
    if how == "item_deg":
        return round(abs(value) * 1_000_000)
    if how == "pairs":
        return [number for row in value for number in row.values()]
    if how == "heading":
        return round(value / 2 if jt905 else value)
    if how == "10":
        return round(value * 10)
    if how == "day":
        return f"{value[:4]}-{value[4:6]}-{value[6:]} 00:00:00"
    if key.endswith("_ms") and value is not None:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value, hours=8)
        return moment.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, list):
        return [next(iter(row.values())) if isinstance(row, dict) else row for row in value]
    return value


def same(ours: Any, theirs: Any) -> bool:  # noqa: ANN401, PLR0911 - any field, a line a type
    if isinstance(ours, list) and isinstance(theirs, list) and len(theirs) == 2 * len(ours):
        # The source lists bytes where the standard has words.
        return theirs == [byte for word in ours for byte in divmod(word, 256)]
    if isinstance(ours, bytes):
        if isinstance(theirs, list):
            return ours == bytes(theirs)
        return ours.hex() == str(theirs).lower() or ours.decode("gb18030", errors="replace") == theirs
    if isinstance(ours, str):
        text = re.sub(r"[-T: ]", "", str(theirs)) if re.search(r"\d\d:\d\d", str(theirs)) else str(theirs)
        plain = re.sub(r"[-T: ]", "", ours)
        return ours == str(theirs).strip() or plain == text or plain + "00" == text or plain[2:] == text
    if isinstance(ours, float | int) and not isinstance(theirs, list | dict):
        try:
            return float(theirs) == float(ours)
        except ValueError:
            return False
    return bool(ours == theirs)


def header_value(key: str, frame: Frame) -> Any:  # noqa: ANN401 - any field
    name = key.removeprefix("Header.").removeprefix("MessageBodyProperty.")
    return {
        "MsgNum": frame.serial,
        "ManualMsgNum": frame.serial,
        "serialNo": frame.serial,
        "TerminalPhoneNo": frame.terminal.lstrip("0"),
        "ISU": frame.terminal.lstrip("0"),
        "clientId": frame.terminal.lstrip("0"),
        "messageId": frame.message_id,
        "": frame.message_id,
        "protocolVersion": frame.version,
        "ProtocolVersion": frame.version,
        "VersionFlag": bool(frame.version),
        "DataLength": frame.declared,
        "Encrypt": frame.encryption,
        "IsPackage": frame.total > 1,
        "PackgeCount": frame.total if frame.total > 1 else 0,
        "PackageIndex": frame.index if frame.total > 1 else 0,
        "properties": frame.declared | frame.version << 14,
    }.get(name, UNKNOWN)


def compare(vector: Vector, frame: Frame, told: dict[str, Any]) -> list[tuple[str, str, Any, Any]]:
    """What became of every expected value: (key, "same" | "differs" | reason, theirs, ours)."""
    expected = vector["expected"]
    found = []
    for key, theirs in expected.items():
        outcome, ours = one(key, theirs, expected, frame, told)
        found.append((key, outcome, theirs, ours))
    return found


def one(key: str, theirs: Any, expected: Vector, frame: Frame, told: dict[str, Any]) -> tuple[str, Any]:  # noqa: ANN401, C901, PLR0911, PLR0912 - one value, its ways in order
    if theirs is None or theirs in ("ToDateTime()", "Length", "<empty>", "None"):
        return "the source names no value", None
    if "#" in key or key.startswith(("_conflict", "note")):
        return "a name of the library's enum or class, or a remark", None
    if (header := header_value(key, frame)) is not UNKNOWN and "[" not in key and key != "MsgNum":
        if isinstance(header, str):
            return ("same" if header == str(theirs).lstrip("0").lower() else "differs"), header
        return ("same" if header == theirs else "differs"), header
    if (item := item_path(key, expected)) is not None:
        path, name = item
        tyre = re.match(r"AlarmOrEvents\[(\d+)\]\.(\w+)", name)
        if tyre and tyre.group(2) in TYRE_FIELDS:
            path, target = f"{path}.tyres[{tyre.group(1)}]", TYRE_FIELDS[tyre.group(2)]
        elif path.endswith("item03") and name == "Speed":
            target = "_*10"
        elif name in ITEM_FIELDS:
            target = ITEM_FIELDS[name]
        else:
            return next((why for part, why in NOT_COMPARED.items() if part in key), "no name of ours"), None
        target, _, how = target.partition("*")
        if path.split(".")[0] not in told:
            path = path.removeprefix("position.")
        full = path if target == "_" else f"{path}.{target}"
        if told.get(path.split(".")[0]) is None:
            return "not read", None
        if full not in told and name == "value":
            return "an item of several fields: compared by them", None
        if name == "value" and full.endswith(("item01", "item02", "item03")):
            how = "10"
        ours = wire(told.get(full), how, frame, target)
        return ("same" if same(ours, theirs) else "differs"), ours
    parameter = re.match(r"ParamList\[(\d+)\]\.(ParamId|ParamValue)", key)
    if parameter:
        items = told["items"]
        at = int(parameter.group(1))
        if at >= len(items):
            return "settings of cameras: kept raw", None
        ours = items[at].item_id if parameter.group(2) == "ParamId" else items[at].value
        if isinstance(theirs, str) and isinstance(ours, int):
            ours = items[at].raw.strip(b"\x00").decode("gb18030")
        return ("same" if same(ours, theirs) else "differs"), ours
    if (why := next((why for part, why in NOT_COMPARED.items() if part in key), None)) is not None:
        return why, None
    before, _, name = key.removesuffix(".TrimStart()").removesuffix(".Value").rpartition(".")
    listed = re.fullmatch(r"(\w+)\[(\d+)\]", name)
    inside = objects(before) if before else ""
    if inside.startswith("items["):
        inside = inside.replace("items", "positions" if "batch" in told else "media", 1)
    if listed:
        ours = wire(
            told.get(FIELDS.get(listed.group(1), "").split("|")[-1]) or told.get("devices"), "", frame, ""
        )
        ours = ours[int(listed.group(2))] if ours else None
        return ("same" if same(ours, theirs) else "differs"), ours
    table = POSITION if name in POSITION and ("lat_deg" in told or inside) else FIELDS
    if name not in table or table[name] == "-":
        return "no name of ours", None
    for choice in table[name].split("|"):
        target, _, how = choice.partition("*")
        # A position of its own in the source may be the message itself with us.
        path = next(
            (path for path in (inside + target, inside.removesuffix("position.") + target) if path in told),
            "",
        )
        if path:
            ours = wire(told[path], how, frame, target)
            if key.endswith("TrimStart()"):
                ours = ours.lstrip("0")
            if key in dict(expected.get("_conflict", ())) and not same(ours, theirs):
                theirs = dict(expected["_conflict"])[key]
            return ("same" if same(ours, theirs) else "differs"), ours
    return "not read", None


def meter_of(vector: Vector) -> dict[str, Any]:
    """The block a meter sends its terminal by the serial line; the same bytes lie in a trip."""
    # 55 AA, length, device, maker, command; a check and 55 AA at the end.
    told, _ = read(METER, bytes.fromhex(vector["hex"])[8:-3])
    return told


def outcomes() -> tuple[Counter[str], list[tuple[Vector, str, str]], Counter[str]]:
    """What became of all expected values, those that are not as expected, and of the vectors."""
    counted: Counter[str] = Counter()
    strange = []
    vectors: Counter[str] = Counter()
    for vector in VECTORS:
        if not vector["expected"]:
            vectors["without expected fields"] += 1
            continue
        if "Do not use" in vector.get("caution", ""):
            vectors["known to be wrong by two other sources and a real firmware"] += 1
            continue
        frame = frame_of(vector)
        if frame is not None:
            told = flat(decode(frame))
        elif vector["msg_id"] == "meter-0x00E8":
            frame, told = Frame("jt905", 0x0B05, "", 0, b""), meter_of(vector)
        else:
            vectors["a wrong checksum kept on purpose, or a meter's own line"] += 1
            continue
        vectors["compared"] += 1
        for key, outcome, theirs, ours in compare(vector, frame, told):
            counted[outcome] += 1
            if outcome in {"differs", "not read", "no name of ours"}:
                strange.append((vector, key, f"{outcome}: {theirs!r}, ours {ours!r}"))
    return counted, strange, vectors


def test_every_expected_value_is_decoded_or_a_listed_deviation(capsys: pytest.CaptureFixture[str]) -> None:
    counted, strange, vectors = outcomes()
    unlisted = []
    used = set()
    for vector, key, what in strange:
        listed = [
            place
            for place in DEVIATIONS
            if place[0] == vector["msg_id"] and place[1] in vector["source"] and place[2] == key
        ]
        used.update(listed)
        if not listed:
            unlisted.append((vector["msg_id"], vector["source"], key, what))
    with capsys.disabled():
        print(f"\nvectors: {dict(vectors)}; values: {dict(counted.most_common())}")  # noqa: T201 - asked for
    assert not unlisted
    # A deviation that is none any more is no longer listed.
    assert used == set(DEVIATIONS)
    assert vectors["compared"] >= LEAST_VECTORS
    assert counted["same"] >= LEAST_VALUES


WHOLE = [
    vector
    for vector in VECTORS
    # Two tests of a writer never escape what they write: a 7E of theirs is a mark to everybody else.
    if vector["layer"] == "frame" and "header" in vector and "7E" not in hex_pairs(vector["hex"])[1:-1]
]


def test_frames_with_a_wrong_checksum_are_refused() -> None:
    wrong = [vector for vector in WHOLE if not vector["header"]["xor_ok"]]
    for vector in wrong:
        splitter = Splitter()
        assert splitter.feed(bytes.fromhex(vector["hex"])) == []
        assert splitter.broken == 1
    assert len(wrong) >= LEAST_WRONG


def test_every_frame_whose_checksum_is_right_has_a_header_that_is_read() -> None:
    for vector in WHOLE:
        header = vector["header"]
        # A frame that declares more than it holds has lost its end: it is refused.
        if not header["xor_ok"] or vector["source"].endswith(CUT):
            continue
        frame = frame_of(vector)
        assert frame is not None
        if header["len_ok"]:
            assert frame.terminal == header.get("isu", header.get("phone"))
            assert (frame.serial, frame.declared) == (header["serial"], header["body_len"])
            assert (frame.encryption, frame.total) == (header.get("encrypt", 0), header.get("pkg_total", 1))
