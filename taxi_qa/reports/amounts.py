"""Numbers as people read them, in Chinese and English: money, distances, durations, missing inputs."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from taxi_qa.findings.evidence import FIELDS, UNITS
from taxi_qa.law.parameter import Areas, Bands, Law, Value, Version, Window
from taxi_qa.records.kinds import KINDS
from taxi_qa.values.clock import MS_PER_DAY, MS_PER_H, MS_PER_MIN, date_of, moment_of
from taxi_qa.values.money import FEN_PER_YUAN, yuan_text

_M_PER_KM: Final = 1000
_S_PER_MIN: Final = 60
_S_PER_H: Final = 3600
_SIGNS: Final = {"CNY": "¥", "USD": "$"}

KINDS_ZH: Final[dict[str, str]] = {
    "companies": "企业名册", "drivers": "驾驶员名册", "vehicles": "车辆名册", "shifts": "上下班记录",
    "positions": "定位数据", "trips": "营运记录", "events": "设备事件", "device_status": "设备状态",
    "orders": "订单", "complaints": "投诉", "inspections": "检查记录",
    "commendations": "表扬",
    "records": "处理文书", "repairs": "报修工单", "excuses": "免责记录", "zones": "区域",
}  # fmt: skip
# Words of the rules: missing inputs that are no column, and evidence that is text.
_MISSING: Final[dict[str, tuple[str, str]]] = {
    "a road near both ends": ("起讫点附近的道路", "a road near both ends"),
    "moving positions with speed": ("带速度的行驶定位", "moving positions with a speed"),
    "one car under the plate": ("一号牌一车", "one car under the plate"),
    "reason of the stop": ("途中停靠的原因", "the reason of the stop on the way"),
    "where the passengers wished to go": ("乘客想去的地方", "where the passengers wished to go"),
    "roads": ("路网", "a road network"),
    "one road alone": ("车辆所在道路（旁有更高限速道路）", "which road it was: a faster one lies beside"),
    "speed limits": ("足够路段的限速", "limits on enough of the roads"),
    "clear track": ("清晰连续的轨迹", "a clear, unbroken track"),
    "enough clear trips": ("足够多的清晰行程", "enough trips with a clear track"),
    "track without gaps": ("无间断的轨迹", "a track without gaps"),
    "meter verified after repair": ("计价器维修后的重新检定", "meter verified after its repair"),
    "meter clock": ("可信的计价器时钟", "a meter clock to be trusted"),
    "terminal clock": ("可信的终端时钟", "a terminal clock to be trusted"),
    "sky over the tunnel": ("隧道内的卫星信号", "sky over the tunnel"),
    "sign-out": ("下班签退", "a sign-out"),
    "positions with the ignition off": ("熄火期间的定位", "positions with the ignition off"),
    "known rate_code": ("认得的计价档", "a known rate code"),
    "place of both ends": ("起讫地点", "the place of both ends"),
    "zones of both ends": ("起讫区域", "the zones of both ends"),
    "zones of kind city": ("城市边界", "the city's border"),
    "plausible alighted_ms": ("可信的下车时间", "a plausible end of the trip"),
    "plausible metered_m": ("可信的计价里程", "a plausible metered distance"),
    "agreed price": ("约定价格", "the agreed price"),
    "complaints": ("乘客投诉或影像", "a complaint or images"),
    "seat events": ("座椅传感器", "seat sensor"),
    "loaded flag": ("计价器载客标志", "the meter's own loaded flag"),
    "a second count": ("第二次人数识别", "a second count of the passengers"),
    "daylight": ("白天光线", "daylight"),
    "events of harsh driving on a longer way": (
        "更长里程内的急驾驶事件", "events of harsh driving on a longer way"
    ),
    "events of harsh driving, or positions every second": (
        "急驾驶事件或逐秒定位", "events of harsh driving, or positions every second"
    ),
    "others to compare with": ("可比的其他车辆", "others to compare with"),
    "reason of going round": ("绕圈的原因", "the reason of going round"),
    "reason of leaving": ("驶离的原因", "the reason of leaving"),
    "waits of other taxis": ("其他出租车的候客时间", "the waits of other taxis"),
    "working belt sensor": ("正常工作的安全带传感器", "a working belt sensor"),
    "working camera": ("正常工作的摄像头", "a working camera"),
    "working meter": ("正常工作的计价器", "a working meter"),
}  # fmt: skip
_TEXTS: Final[dict[str, str]] = {
    "standing": "停着计费", "moving": "空车行驶计费", "burst": "单次突增", "steady": "长期偏高",
    "long": "批次迟于一小时", "mean": "平均延迟过大", "mean and long": "平均与批次均过迟",
    "driver_cancelled": "驾驶员取消", "no_show": "称乘客未到", "served": "称已履约",
    "unbroken": "连续驾驶", "shift": "全班驾驶", "mismatch": "人脸与签到不符",
    "nobody signed in": "无人签到", "seat events": "座椅传感器", "loaded flag": "计价器载客标志",
    "look for a pulse box": "检查有无脉冲作弊器", "verify the meter": "送检计价器",
    "licence": "从业资格证", "registration": "注册", "vehicle permit": "营运证", "no fix": "未定位",
    "silent": "无数据", "day": "日间档", "night": "夜间档", "out_of_town": "出城档", "return": "返程档",
    "operator": "运营方标牌", "map": "地图", "class default": "道路等级默认值", "below a fifth": "不足二成",
    "a fifth to a half": "二成至五成", "half and more": "五成以上", "flat": "一口价", "gnss": "卫星定位",
    "meter": "计价器", "camera": "摄像头", "terminal": "终端",
    "additive": "相加", "multiplicative": "连乘", "per_km_only": "只加公里价",
    "flagfall_and_per_km": "起步价与公里价都加",
}  # fmt: skip
_SOURCES: Final[dict[str, str]] = {
    "complaint": "投诉", "document": "文书", "inspection": "检查", "dispatch": "调度",
    "second meter": "另一车计价器",
    "meter": "计价器", "gnss": "卫星定位", "positions": "定位", "seat": "座椅传感器", "register": "名册",
    "papers": "证件", "shifts": "班次", "shift": "班次", "sign-in": "签到", "platform": "平台",
    "payment": "支付", "camera": "摄像", "device": "设备", "clock": "时钟", "trips": "营运记录",
    "events": "设备事件", "zones": "区域", "map": "地图", "other taxis": "其他出租车",
    "drivers": "名册", "vehicles": "名册",
}  # fmt: skip
STATUS_WORDS: Final[dict[str, tuple[str, str]]] = {
    "detected": ("待核实", "to be checked"),
    "excused": ("已免责", "excused"),
    "quarantined": ("已冻结", "frozen"),
    "queued": ("排队待审", "queued"),
    "dismissed": ("已排除", "dismissed"),
    "confirmed": ("已确认", "confirmed"),
}
STAGE_WORDS: Final[dict[str, tuple[str, str]]] = {
    "stable": ("稳定规则", "stable rule"),
    "trial": ("试行", "trial"),
    "index": ("仅指数", "index only"),
}
CERTAINTY_WORDS: Final[dict[str, tuple[str, str]]] = {
    "quoted": ("原文引用", "quoted"),
    "bank": ("考试题库", "exam bank"),
    "secondary": ("二手来源", "secondary source"),
    "unverified": ("未核实", "unverified"),
}
_KM_UNITS: Final[dict[str, tuple[str, str]]] = {
    "share": ("", ""), "ratio": ("", ""), "count": ("", ""), "km": ("km", "km"), "m": ("m", "m"),
    "km/h": ("km/h", "km/h"), "s": ("秒", "s"), "h": ("小时", "h"), "min": ("分钟", "min"),
    "days": ("天", "days"), "d": ("天", "days"), "hours": ("小时", "hours"), "month": ("个月", "months"),
    "points": ("分", "points"), "deg": ("度", "degrees"), "m/s2": ("m/s²", "m/s²"),
}  # fmt: skip
# The same in both languages. Availability is promised to a hundredth of a per cent.
_BARE: Final[dict[str, str]] = {"ratio": "{:.3f}", "count": "{:,.0f}", "%": "{:.2f}%"}


@dataclass(frozen=True)
class Said:
    """The same thing in both languages; `en` is empty where it would only repeat `zh`."""

    zh: str
    en: str = ""


@dataclass(frozen=True)
class Line:
    """A label and its value."""

    label: Said
    value: Said


def both(zh: str, en: str) -> Said:
    """A pair, its second part dropped where it repeats the first."""
    return Said(zh, "" if en == zh else en)


def money(fen: float, currency: str) -> Said:
    """¥12.34 of 1234 fen."""
    sign = _SIGNS.get(currency, "")
    text = yuan_text(abs(round(fen)))
    return Said(f"{'−' if fen < 0 else ''}{sign}{text}" + ("" if sign else f" {currency}"))


def distance(metres: float) -> Said:
    """Kilometres from one km on, metres below."""
    if abs(metres) >= _M_PER_KM:
        return Said(f"{metres / _M_PER_KM:,.2f} km".replace("-", "−"))
    return Said(f"{metres:,.0f} m".replace("-", "−"))


def duration(seconds: float) -> Said:
    """Hours, minutes and seconds; below a minute with the precision it has."""
    total = round(abs(seconds))
    sign = "−" if seconds < 0 else ""
    hours, rest = divmod(total, _S_PER_H)
    minutes, left = divmod(rest, _S_PER_MIN)
    if not hours and not minutes:
        return both(f"{seconds:.3g} 秒".replace("-", "−"), f"{seconds:.3g} s".replace("-", "−"))
    # To the second, so that the reader's own sum comes out.
    parts = [(hours, "小时", "h"), (minutes, "分", "min"), (left, "秒", "s")]
    told = [(count, zh, en) for count, zh, en in parts if count]
    if told == [(minutes, "分", "min")]:
        return both(f"{sign}{minutes} 分钟", f"{sign}{minutes} min")
    return both(
        sign + " ".join(f"{count} {zh}" for count, zh, _ in told),
        sign + " ".join(f"{count} {en}" for count, _, en in told),
    )


def amount(value: float, unit: str, currency: str) -> Said:
    """A measured value in one of `findings.evidence.UNITS`."""
    if unit == "fen":
        return money(value, currency)
    if unit == "m":
        return distance(value)
    if unit == "s":
        return duration(value)
    if unit in _BARE:
        return Said(_BARE[unit].format(value).replace("-", "−"))
    zh = unit if unit == "km/h" else UNITS.get(unit, unit)
    return both(f"{value:,.1f} {zh}".replace(".0 ", " "), f"{value:,.1f} {unit}".replace(".0 ", " "))


def evidence_value(name: str, value: object, currency: str, zone: str) -> Said:
    """One evidence field's value by the unit its name has in `findings.evidence.FIELDS`."""
    field = FIELDS.get(name)
    unit = field.unit if field else ""
    if isinstance(value, bool) or value is None:
        return both("是" if value else "否", "yes" if value else "no")
    if isinstance(value, int | float):
        if unit == "ms":
            return Said(f"{moment_of(round(value), zone):%Y-%m-%d %H:%M:%S}")
        if unit == "day":
            return Said(date_of(round(value)).isoformat())
        return amount(float(value), unit, currency) if unit else Said(f"{value:,}")
    if isinstance(value, list | tuple):
        return Said(", ".join(str(part) for part in value))
    return _worded(str(value))


def _worded(text: str) -> Said:
    """Text of the rules in both languages, each of several words by itself; anything else as it is."""
    parts = text.split(";")
    return both(";".join(_TEXTS.get(part.strip(), part) for part in parts), text)


def sources_said(joined: str) -> Said:
    """The independent sources a finding rests on."""
    names = [name for name in joined.split("+") if name]
    return both(" + ".join(_SOURCES.get(name, name) for name in names), " + ".join(names))


def missing_said(name: str, law: Law) -> Said:
    """A missing input by the words of the record formats, of the law, or as it is called."""
    if name in _MISSING:
        return both(*_MISSING[name])
    if name.startswith("law "):
        path = name.removeprefix("law ")
        known = law.get(path)
        titles = (known.title_zh, known.title_en) if known else (path, path)
        return both(f"法规数值：{titles[0]}", f"law: {titles[1]}")
    kind, dot, column = name.partition(".")
    if dot and kind in KINDS:
        return both(f"{KINDS_ZH[kind]}：{_column_zh(kind, column)}", name)
    if name in KINDS:
        return both(KINDS_ZH[name], name)
    return both(_column_zh("trips", name), name)


def _column_zh(kind: str, name: str) -> str:
    for column in KINDS[kind].columns:
        if name in (column.name, column.inside) and column.aliases:
            return column.aliases[0]
    return name


def value_said(version: Version, unit: str, currency: str) -> Said:
    """A number of law or house as people read it."""
    value = version.value
    if value is None:
        return both("未知", "unknown")
    if isinstance(value, Bands):
        parts = [
            f"≥{bound:g}: {_plain(band)}" for bound, band in zip(value.bounds, value.values, strict=True)
        ]
        return Said("; ".join(parts))
    if isinstance(value, tuple) and value and isinstance(value[0], Window):
        return Said("; ".join(_window(part) for part in value if isinstance(part, Window)))
    if isinstance(value, int | float):
        return _number(float(value), unit, currency)
    return _worded(value) if isinstance(value, str) else Said(_listed(value))


def _number(value: float, unit: str, currency: str) -> Said:
    if unit.startswith("fen"):
        per = unit.removeprefix("fen")
        sign = _SIGNS.get(currency, "")
        yuan = f"{sign}{value / FEN_PER_YUAN:,.2f}"
        words = {"/km": "/公里", "/h": "/小时", "/min": "/分钟"}
        return both(yuan + words.get(per, per), yuan + per)
    if unit == "s" and abs(value) >= _S_PER_MIN:
        return duration(value)
    zh, en = _KM_UNITS.get(unit, (unit, unit))
    return both(f"{value:g} {zh}".strip(), f"{value:g} {en}".strip())


def _plain(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _window(window: Window) -> str:
    return f"{_clock(window.from_ms)}–{_clock(window.until_ms)}"


def _clock(ms: int) -> str:
    hours, rest = divmod(ms % MS_PER_DAY, MS_PER_H)
    return f"{hours:02d}:{rest // MS_PER_MIN:02d}"


def _listed(value: Value) -> str:
    if isinstance(value, Areas):
        return value.geojson or f"{len(value.zones)} zones"
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_plain(part)}" for key, part in value.items())
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value)
    return str(value)


def moment_text(iso: str) -> str:
    """2025-10-13 08:05:11 of an ISO text with offset: the city's clock, which the page names once."""
    return f"{dt.datetime.fromisoformat(iso):%Y-%m-%d %H:%M:%S}"


def until_text(start_iso: str, end_iso: str) -> str:
    """The end's clock alone where it is on the start's day, its date too where it is not."""
    start, end = moment_text(start_iso), moment_text(end_iso)
    return end[11:] if start[:10] == end[:10] else end
