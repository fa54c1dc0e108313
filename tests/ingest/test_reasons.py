"""Every reason the door gives for a row has its Chinese: found out by sending it every kind of wrong row."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pytest

from taxi_qa.ingest.reasons import in_chinese
from taxi_qa.ingest.take import take
from taxi_qa.store.home import make_home
from taxi_qa.store.quarantine import exported

NOW_MS: Final = 1_790_000_000_000
TRIP: Final = {
    "trip_id": "T", "vehicle_id": "粤T1", "boarded_at": "2026-09-01 08:00:00",
    "alighted_at": "2026-09-01 08:20:00", "metered_km": "5", "fare_yuan": "20",
}  # fmt: skip
LOOK: Final = {"inspection_id": "I", "at": "2026-09-01 08:00:00", "inspector": "X", "vehicle_id": "粤T1"}
EVENT: Final = {"event_id": "E", "vehicle_id": "粤T1", "time": "2026-09-01 08:00:00", "kind": "phone"}
PLAIN: Final = [[113.0, 22.0], [113.1, 22.0], [113.1, 22.1], [113.0, 22.0]]
CROSSED: Final = [[113.0, 22.0], [113.1, 22.1], [113.1, 22.0], [113.0, 22.1], [113.0, 22.0]]


def zone(geometry: object, **more: str) -> dict[str, Any]:
    told = {"zone_id": "Z", "name": "站", "kind": "hub", **more}
    return {"type": "Feature", "properties": told, "geometry": geometry}


def polygon(ring: list[list[float]]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [ring]}


# Kind and row -> a word of the Chinese that is expected.
ROWS: Final[list[tuple[str, dict[str, Any], str]]] = [
    ("trips", {**TRIP, "vehicle_id": ""}, "必填"),
    ("trips", {**TRIP, "fare_yuan": "twenty"}, "不是数字"),
    ("trips", {**TRIP, "fare_yuan": "20.005"}, "两位小数"),
    ("trips", {**TRIP, "fare_yuan": "-1"}, "超出范围"),
    ("trips", {**TRIP, "passengers": "1.5"}, "不是整数"),
    ("trips", {**TRIP, "boarded_at": "yesterday"}, "不是时刻"),
    ("trips", {**TRIP, "boarded_at": "2001-01-01 00:00:00"}, "早于 2015"),
    ("trips", {**TRIP, "alighted_at": "2026-12-24 08:00:00"}, "晚于现在"),
    ("trips", {**TRIP, "alighted_at": "2026-09-01 07:00:00"}, "早于 boarded_at"),
    ("trips", {**TRIP, "boarded_lon": "22.5", "boarded_lat": "113.4"}, "写反"),
    ("trips", {**TRIP, "trip_id": "T" * 65}, "64 个字符"),
    ("trips", {**TRIP, "trip_id": "T\ufffd"}, "乱码"),
    ("trips", {**TRIP, "trip_id": "#REF!"}, "电子表格"),
    ("trips", {**TRIP, "trip_id": "T\u0007x"}, "控制字符"),
    ("trips", {**TRIP, "payment": "shells"}, "已知的用词"),
    ("trips", {**TRIP, "receipt_printed": "perhaps"}, "既不是"),
    ("events", {**EVENT, "media": "a\u0000b"}, "空字符"),
    ("inspections", {**LOOK, "items": "clean"}, "不是 JSON 对象"),
    ("inspections", {**LOOK, "items": "{}"}, "没有列出"),
    ("inspections", {**LOOK, "items": json.dumps({"shoes": "pass"})}, "未知的项目"),
    ("inspections", {**LOOK, "items": json.dumps({"clean_vehicle": "so so"})}, "未检查"),
    ("vehicles", {"vehicle_id": "粤T1", "company_id": "C", "permit_valid_to": "soon"}, "不是日期"),
    ("zones", zone({"type": "Point", "coordinates": [113.0, 22.0]}), "应为 Polygon"),
    ("zones", zone(polygon(CROSSED)), "不是有效的轮廓"),
    ("zones", zone(polygon([])), "Polygon"),
    ("zones", zone({"type": "Shape"}), "GeoJSON"),
    (
        "zones",
        zone(polygon([[113.0, 22.0], [113.1, 22.0], [113.1, 22.1], [113.0, 22.0]]), hours="day"),
        "时段",
    ),
]
# Files of companies whose second row is none, and a word of the Chinese.
JSON_LINE: Final = b'{"company_id": "C1", "name": "x"}\n'
FILES: Final[list[tuple[str, bytes, str]]] = [
    ("a.csv", b"company_id,name\nC1,x\nC2,y,z\n", "个字段"),
    ("b.csv", b'company_id,name\nC1,x\nC2,"y\n', "引号"),
    ("c.csv", "company_id,name\nC1,甲乙丙\nC2,".encode() + b"\xff\n", "字节不是"),
    ("d.csv", b"company_id,name\nC1,x\nC2\x00,y\n", "空字节"),
    ("e.jsonl", JSON_LINE + b"no json\n", "不是 JSON"),
    ("f.jsonl", JSON_LINE + b"[1]\n", "不是对象"),
    ("g.jsonl", JSON_LINE + b'{"company_id": "C2", "company_id": "C3"}\n', "出现两次"),
    ("h.jsonl", JSON_LINE + b'{"company_id": "\\ud800"}\n', "半个字符"),
    ("i.jsonl", JSON_LINE + b'{"x": ' + b"[" * 3_000 + b"]" * 3_000 + b"}\n", "过深"),
    ("j.jsonl", JSON_LINE + json.dumps({f"n{at}": 1 for at in range(2_001)}).encode() + b"\n", "字段名"),
    ("k.csv", b"company_id,name\nC1,x\nC2," + b"y" * 1_100_000 + b"\n", "每行最多"),
]


@pytest.fixture
def reasons(tmp_path: Path) -> Callable[[str, str, bytes], list[str]]:
    """Sends a file and gives the reasons of its refused rows."""

    def sent(kind: str, name: str, data: bytes) -> list[str]:
        home = make_home(tmp_path / "home", city="guangzhou")
        file = tmp_path / name
        file.write_bytes(data)
        [report] = take(home, [file], kind=kind, now_ms=NOW_MS, workers=1)
        assert report.quarantined, report
        told = pd.concat(list(exported(home)))["reason"].tolist()
        home.engine.dispose()
        return [str(one) for one in told]

    return sent


@pytest.mark.parametrize(("kind", "row", "word"), ROWS, ids=[word for *_rest, word in ROWS])
def test_a_wrong_row_is_told_in_chinese(
    reasons: Callable[[str, str, bytes], list[str]], kind: str, row: dict[str, Any], word: str
) -> None:
    if kind == "zones":
        told = json.dumps({"type": "FeatureCollection", "features": [row]}).encode()
        [reason] = reasons(kind, "zones.geojson", told)
    else:
        [reason] = reasons(kind, f"{kind}.jsonl", json.dumps(row).encode() + b"\n")
    assert word in in_chinese(reason) != reason


@pytest.mark.parametrize(("name", "data", "word"), FILES, ids=[word for *_rest, word in FILES])
def test_a_line_that_is_no_row_is_told_in_chinese(
    reasons: Callable[[str, str, bytes], list[str]], name: str, data: bytes, word: str
) -> None:
    told = [in_chinese(reason) for reason in reasons("companies", name, data)]
    assert any(word in one for one in told), told


def test_a_feature_without_properties_is_told_in_chinese(
    reasons: Callable[[str, str, bytes], list[str]],
) -> None:
    features = [zone(polygon(PLAIN)), {"type": "Feature", "properties": None, "geometry": None}]
    told = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    assert [in_chinese(one) for one in reasons("zones", "zones.geojson", told)] == [
        "要素没有属性；区域需要 zone_id, name 和 kind"
    ]


def test_what_has_no_chinese_stays_as_it_is() -> None:
    assert in_chinese("is made of cheese") == "is made of cheese"
    # A reason is known as a whole, not by what it begins with.
    assert in_chinese("is not a whole number of cheeses") == "is not a whole number of cheeses"
