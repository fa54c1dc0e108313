"""Why a row was refused, in Chinese: the door's English is what is kept, and each reader sees his own."""

import re
from collections.abc import Sequence
from typing import Final

# What a reason says, as a pattern of the whole, and the same in Chinese; `\1` is what stood there.
_SAID: Final[Sequence[tuple[str, str]]] = (
    (r"is missing; it is required", "缺失；此项必填"),
    (r"is not a number; expected digits such as 12\.30", "不是数字；应为 12.30 这样的数字"),
    (r"is out of range: expected (\S+) to (\S+)", r"超出范围：应在 \1 至 \2 之间"),
    (r"is out of range: expected at least (\S+)", r"超出范围：应不小于 \1"),
    (r"is out of range: expected at most (\S+)", r"超出范围：应不大于 \1"),
    (
        r"is out of range: expected -90 to 90; lon and lat look swapped",
        "超出范围：应在 -90 至 90 之间；经度与纬度似乎写反了",
    ),
    (r"is finer than 0\.01; money has two decimals", "小于 0.01；金额只有两位小数"),
    (r"is not a whole number", "不是整数"),
    (r"is not a time; expected (.+) or epoch seconds", r"不是时刻；应为 \1，或 1970 年以来的秒数"),
    (r"is not a date; expected (.+)", r"不是日期；应为 \1"),
    (r"lies before 2015: the clock was wrong", "早于 2015 年：设备时钟有误"),
    (r"lies more than 24 h ahead: the clock was wrong", "晚于现在 24 小时以上：设备时钟有误"),
    (r"lies before (\w+)", r"早于 \1"),
    (r"is no list of hours; expected (.+)", r"不是时段；应为 \1"),
    (r"is no name: an id is empty", "编号为空"),
    (r"is no name: an id is longer than (\d+) characters", r"编号超过 \1 个字符"),
    (r"is no name: an id holds control characters", "编号含控制字符"),
    (
        r"is no name: it was mangled by a wrong encoding before it came here",
        "编号是乱码：送来之前已被错误的编码损坏",
    ),
    (r"is no name: it is an error of the spreadsheet it comes from", "编号是电子表格的出错标记"),
    (r"is no word known here; expected one of (.+)", r"不是已知的用词；应为其中之一：\1"),
    (r"is neither yes nor no; expected 1 or 0", "既不是“是”也不是“否”；应为 1 或 0"),
    (r"holds a NUL, which no text has", "含空字符，文本中不应有"),
    (r"is not a JSON object; expected (.+)", r"不是 JSON 对象；应为 \1"),
    (r"names no item; expected (.+)", r"没有列出任何项目；应为 \1"),
    (r"names an item not known; known are (.+)", r"列出了未知的项目；已知项目：\1"),
    (r"an item is neither pass, fail nor not checked", "有项目既不是合格、不合格，也不是未检查"),
    (
        r"is no GeoJSON geometry; expected a Polygon or MultiPolygon",
        "不是 GeoJSON 图形；应为 Polygon 或 MultiPolygon",
    ),
    (r"is a (\w+); expected a Polygon or MultiPolygon", r"是 \1；应为 Polygon 或 MultiPolygon"),
    (r"is empty; expected a Polygon or MultiPolygon", "为空；应为 Polygon 或 MultiPolygon"),
    (r"has ([\d,]+) corners; expected at most ([\d,]+)", r"有 \1 个顶点；最多 \2 个"),
    (
        r"is no valid outline \((.+)\); draw it again without crossing itself",
        r"不是有效的轮廓（\1）；请重画，边线不要相交",
    ),
    (r"the feature has no properties; a zone needs (.+) and (\w+)", r"要素没有属性；区域需要 \1 和 \2"),
    (r"the row has (\d+) fields, the header (\d+)", r"本行有 \1 个字段，表头有 \2 个"),
    (r"a quoted field is never closed", "引号没有闭合"),
    (
        r"the bytes are not (\S+) as the rest of the file is; send the row in one encoding",
        r"字节不是 \1，与文件其余部分不一致；请用同一种编码发送",
    ),
    (
        r"the row holds a NUL byte, which no text has; send the row again",
        "本行含空字节，文本中不应有；请重新发送",
    ),
    (r"the line is ([\d,]+) bytes long; a row has at most ([\d,]+)", r"本行长 \1 字节；每行最多 \2 字节"),
    (r"the JSON is nested too deeply for a record", "JSON 嵌套过深，不像一条记录"),
    (
        r"the line is not JSON at character (\d+); expected one object \{…\} a line",
        r"第 \1 个字符处不是 JSON；应为每行一个对象 {…}",
    ),
    (r"the line is not JSON; expected one object \{…\} a line", "本行不是 JSON；应为每行一个对象 {…}"),
    (
        r"the line is JSON but no object; expected one object \{…\} a line",
        "本行是 JSON，但不是对象；应为每行一个对象 {…}",
    ),
    (
        r"the object has ([\d,]+) names; a record has at most ([\d,]+)",
        r"对象有 \1 个字段名；每条记录最多 \2 个",
    ),
    (
        r"the object names (.+) twice; which one counts cannot be told",
        r"对象中 \1 出现两次；无法判断以哪个为准",
    ),
    (
        r"the object holds half a character \(a lone surrogate\); send the row again",
        "对象含半个字符（孤立代理项）；请重新发送",
    ),
    (r"no JSON at character (\d+)", r"第 \1 个字符处不是 JSON"),
)
_PATTERNS: Final = tuple((re.compile(pattern, re.DOTALL), chinese) for pattern, chinese in _SAID)


def in_chinese(reason: str) -> str:
    """A reason of the door in Chinese; what it has no words for stays as it is.

    Args:
        reason: of a refused row (`refusal.RefusedRow`).
    """
    for pattern, chinese in _PATTERNS:
        if found := pattern.fullmatch(reason):
            return found.expand(chinese)
    return reason
