"""Languages of the web, and how codes, moments and amounts are said in them."""

from datetime import datetime
from functools import cache, partial
from typing import Final
from zoneinfo import ZoneInfo

from flask import Flask, request, session
from flask_babel import Babel
from markupsafe import Markup

from taxi_qa.law.parameter import Parameter, Version
from taxi_qa.reports.amounts import KINDS_ZH, Said, value_said
from taxi_qa.reports.coverage import HOW_ZH
from taxi_qa.reports.statement import CERTAINTY, STATUS
from taxi_qa.rules.kit import catalogue
from taxi_qa.values.clock import date_of
from taxi_qa.values.money import yuan_text
from taxi_qa.web.api.problems import is_api
from taxi_qa.web.refusals import REFUSALS
from taxi_qa.web.translate import begin, gettext, language, lazy_gettext, shown
from taxi_qa.web.viewer import home, law, stage_now

_LONG: Final = 160
LANGUAGES: Final = {"zh": "zh_Hans_CN", "en": "en"}
ROLES: Final = {
    "driver": lazy_gettext("驾驶员"),
    "manager": lazy_gettext("企业管理员"),
    "inspector": lazy_gettext("稽查员"),
    "reviewer": lazy_gettext("审核员"),
    "appeal_reviewer": lazy_gettext("申诉审核员"),
    "administrator": lazy_gettext("系统管理员"),
    "auditor": lazy_gettext("审计员"),
}
STATES: Final = {
    "detected": lazy_gettext("已发现"),
    "excused": lazy_gettext("已免责"),
    "quarantined": lazy_gettext("隔离待查"),
    "queued": lazy_gettext("待初审"),
    "proposed": lazy_gettext("拟认定"),
    "answered": lazy_gettext("已答复"),
    "second_review": lazy_gettext("复核中"),
    "confirmed": lazy_gettext("已确认"),
    "dismissed": lazy_gettext("已驳回"),
    "appealed": lazy_gettext("申诉中"),
    "upheld": lazy_gettext("维持"),
    "reversed": lazy_gettext("已撤销"),
    "expired": lazy_gettext("逾期失效"),
}
STEPS: Final = {
    "open": lazy_gettext("立案"),
    "excuse": lazy_gettext("免责"),
    "queue": lazy_gettext("排队"),
    "withdraw": lazy_gettext("撤回"),
    "return": lazy_gettext("恢复"),
    "quarantine": lazy_gettext("隔离"),
    "release": lazy_gettext("解除隔离"),
    "dismiss": lazy_gettext("驳回"),
    "propose": lazy_gettext("提出认定"),
    "refer": lazy_gettext("提请认定"),
    "answer": lazy_gettext("答复"),
    "silence": lazy_gettext("逾期未答复"),
    "confirm": lazy_gettext("确认"),
    "appeal": lazy_gettext("申诉"),
    "uphold": lazy_gettext("支持申诉"),
    "reject": lazy_gettext("驳回申诉"),
    "expire": lazy_gettext("逾期失效"),
    "extend": lazy_gettext("延期"),
}
REASONS: Final = {
    "road_closed": lazy_gettext("道路封闭"),
    "police_order": lazy_gettext("交警指挥"),
    "passenger_route": lazy_gettext("乘客指定路线"),
    "passenger_consent": lazy_gettext("乘客同意"),
    "medical": lazy_gettext("紧急医疗"),
    "equipment_fault_reported": lazy_gettext("设备故障已报"),
    "wrong_limit": lazy_gettext("限速有误"),
    "wrong_driver": lazy_gettext("驾驶员有误"),
    "position_drift": lazy_gettext("定位漂移"),
    "camera_misread": lazy_gettext("影像误判"),
    "duplicate": lazy_gettext("重复"),
    "evidence_holds": lazy_gettext("证据成立"),
    "admitted": lazy_gettext("驾驶员认可"),
    "more_time": lazy_gettext("需要更多时间"),
    "cause_mended": lazy_gettext("上游原因已排除"),
    "other": lazy_gettext("其他（须说明）"),
}
# The same as a driver would say it himself; the others are the office's.
DRIVERS_REASONS: Final = {
    "road_closed": lazy_gettext("前面的路封了"),
    "police_order": lazy_gettext("交警让我这样走或者这样停"),
    "passenger_route": lazy_gettext("乘客要求这样走"),
    "passenger_consent": lazy_gettext("乘客同意的"),
    "medical": lazy_gettext("有人生病或受伤，情况紧急"),
    "equipment_fault_reported": lazy_gettext("设备坏了，我已经报修"),
    "wrong_limit": lazy_gettext("这段路的限速不对"),
    "wrong_driver": lazy_gettext("当时开车的不是我"),
    "position_drift": lazy_gettext("定位不准，我没有在那里"),
    "camera_misread": lazy_gettext("摄像头看错了"),
    "admitted": lazy_gettext("是这样，我认可"),
    "other": lazy_gettext("其他情况（请写在下面）"),
}
# What a rate of the index is counted per, a hundred of it.
PER_HUNDRED: Final = {
    "metered_trips": lazy_gettext("次／百单"),
    "hub_departures": lazy_gettext("次／百次离站"),
    "on_duty_h": lazy_gettext("次／百小时在岗"),
    "free_driving_h": lazy_gettext("次／百小时行驶"),
}
STAGES: Final = {
    "stable": lazy_gettext("正式"),
    "trial": lazy_gettext("试行"),
    "index": lazy_gettext("仅供辅导"),
}
# Why an inspection is not taken in (`store.inspections`, and the form itself).
INSPECTION_REFUSALS: Final = {
    "items": lazy_gettext("检查项目或结果无法识别，请重新打开检查表。"),
    "id": lazy_gettext("页面已失效，请重新打开检查表。"),
    "note_long": lazy_gettext("备注太长，请缩短到 1,000 字以内。"),
    "name": lazy_gettext("车牌、驾驶员证号应为 1 至 64 个字，不能有控制字符。"),
    "nothing": lazy_gettext("一项都没有检查。至少有一项通过或不通过才能提交。"),
    "zone": lazy_gettext("所选区域不在您的范围内。"),
    "no_plate": lazy_gettext("请填写车牌。"),
    "photos_many": lazy_gettext("照片太多，请只留最要紧的几张。"),
    "photo_kind": lazy_gettext("照片应为 JPEG 或 PNG。"),
}
SUFFICIENCY: Final = {
    "strong": lazy_gettext("充分"),
    "fair": lazy_gettext("一般"),
    "weak": lazy_gettext("单一来源，仅供参考"),
}
SOURCES: Final = {
    "meter": lazy_gettext("计价器"),
    "gnss": lazy_gettext("定位"),
    "camera": lazy_gettext("影像"),
    "complaint": lazy_gettext("投诉"),
    "inspection": lazy_gettext("检查"),
    "document": lazy_gettext("文书"),
    "sensor": lazy_gettext("传感器"),
    "platform": lazy_gettext("平台"),
}
# What somebody looks at a car or a trip for.
PURPOSES: Final = {
    "inspection": lazy_gettext("现场检查"),
    "complaint": lazy_gettext("投诉核查"),
    "case": lazy_gettext("案件办理"),
    "patrol": lazy_gettext("日常巡查"),
}
# Why somebody looked, and at what, as the log of looks keeps it.
LOOKED_WHY: Final = {
    **PURPOSES,
    "office": lazy_gettext("办公"),
    "own": lazy_gettext("本人"),
    "own company": lazy_gettext("本企业"),
    "own inspection": lazy_gettext("本人的检查"),
    "export": lazy_gettext("导出"),
}
LOOKED_AT: Final = {
    "access log": lazy_gettext("查看记录"),
    "case": lazy_gettext("案件"),
    "case file": lazy_gettext("案卷"),
    "track": lazy_gettext("轨迹"),
    "receipt": lazy_gettext("回执"),
    "evidence": lazy_gettext("证据文件"),
    "media": lazy_gettext("影像资料"),
    "complaint": lazy_gettext("投诉"),
    "trip": lazy_gettext("行程"),
    "trip paper": lazy_gettext("行程数据说明"),
    "driver": lazy_gettext("驾驶员"),
    "statement": lazy_gettext("信用对账单"),
    "vehicle": lazy_gettext("车辆"),
    "zone": lazy_gettext("枢纽区域"),
    "inspection photo": lazy_gettext("检查照片"),
}
DEVICES: Final = {
    "gnss": lazy_gettext("卫星定位"),
    "meter": lazy_gettext("计价器"),
    "camera": lazy_gettext("摄像头"),
    "recorder": lazy_gettext("记录仪"),
    "rating": lazy_gettext("评价器"),
    "terminal": lazy_gettext("车载终端"),
    "vehicle": lazy_gettext("车辆本身"),
}
DEVICE_STATES: Final = {
    "ok": lazy_gettext("正常"),
    "down": lazy_gettext("故障"),
    "degraded": lazy_gettext("降级"),
}
ENERGIES: Final = {"combustion": lazy_gettext("燃油"), "electric": lazy_gettext("电动")}
PAYMENTS: Final = {
    "cash": lazy_gettext("现金"),
    "card": lazy_gettext("银行卡"),
    "transit_card": lazy_gettext("公交卡"),
    "app": lazy_gettext("手机"),
    "other": lazy_gettext("其他"),
}
SIGN_INS: Final = {
    "card": lazy_gettext("刷卡"),
    "face": lazy_gettext("人脸"),
    "roster": lazy_gettext("排班"),
}
# What an inspector looks at, by `records.kinds.INSPECTION_ITEMS`.
ITEMS: Final = {
    "clean_vehicle": lazy_gettext("车容整洁"),
    "clean_dress": lazy_gettext("着装整洁"),
    "licence_shown": lazy_gettext("亮证服务"),
    "papers_carried": lazy_gettext("随车证件"),
    "roof_light": lazy_gettext("顶灯"),
    "price_label": lazy_gettext("价目标签"),
    "fire_extinguisher": lazy_gettext("灭火器"),
    "receipt_given": lazy_gettext("给付发票"),
    "meter_seal": lazy_gettext("计价器铅封"),
    "camera_works": lazy_gettext("摄像头正常"),
    "terminal_works": lazy_gettext("车载终端正常"),
    "no_soliciting": lazy_gettext("无揽客"),
    "queue_order": lazy_gettext("按序候客"),
    "cooperated": lazy_gettext("配合检查"),
}
RESULTS: Final = {
    "pass": lazy_gettext("通过"),
    "fail": lazy_gettext("不通过"),
    "not checked": lazy_gettext("未检查"),
}
CURRENCY_SIGNS: Final = {"CNY": "¥", "USD": "$"}


def install(app: Flask) -> None:
    """Teach this app its languages, and its templates how things are said."""
    app.config["BABEL_DEFAULT_LOCALE"] = LANGUAGES["zh"]
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    Babel(app, locale_selector=_locale, timezone_selector=lambda: home().timezone)
    app.before_request(begin)
    for name, words in (
        ("role", ROLES), ("state", STATES), ("step", STEPS), ("reason", REASONS), ("stage", STAGES),
        ("sufficiency", SUFFICIENCY), ("source", SOURCES), ("purpose", PURPOSES),
        ("looked_why", LOOKED_WHY), ("looked_at", LOOKED_AT), ("device", DEVICES),
        ("device_state", DEVICE_STATES), ("energy", ENERGIES), ("payment", PAYMENTS), ("sign_in", SIGN_INS),
        ("refusal", REFUSALS), ("per_hundred", PER_HUNDRED), ("drivers_reason", DRIVERS_REASONS),
    ):  # fmt: skip
        app.jinja_env.filters[name] = partial(shown, words)
    app.jinja_env.filters |= {
        "stage_now": stage_now,
        "moment": moment, "day": day, "said": said, "rule_title": rule_title, "whole": whole,
        "yuan": yuan, "km": km, "minutes": minutes, "clock": clock, "told_at": told_at,
        "law_value": law_value, "law_citation": law_citation, "certainty": certainty, "how": how,
        "entry_status": entry_status, "kind_name": kind_name,
    }  # fmt: skip
    app.jinja_env.globals |= {"language": language, "other_language": other_language, "_": gettext}


def other_language() -> str:
    """The one it could be in, too."""
    return "zh" if language() == "en" else "en"


def _locale() -> str:
    chosen = "" if is_api() else session.get("language", "")
    if chosen in LANGUAGES:
        return LANGUAGES[chosen]
    # Chinese unless the browser wants English before any Chinese.
    best = request.accept_languages.best_match(["zh", "en"], "zh")
    return LANGUAGES[best or "zh"]


def said(both: Said) -> str:
    """What is told in both languages, in that of the page."""
    return both.en if language() == "en" and both.en else both.zh


@cache
def rule_titles(in_language: str) -> dict[str, str]:
    """What people call each rule in a language, by its name."""
    known = sorted(catalogue().items())
    return {name: rule.title_en if in_language == "en" else rule.title_zh for name, rule in known}


def rule_title(name: str) -> str:
    """What people call a rule."""
    return rule_titles(language()).get(name, name)


def kind_name(kind: str) -> str:
    """What a kind of record is called; its own name in English, and where it has no other."""
    return kind if language() == "en" else KINDS_ZH.get(kind, kind)


def moment(at_ms: int | None, form: str = "minutes") -> str | Markup:
    """An instant in the city's time; a dash where there is none."""
    if at_ms is None:
        return "—"
    iso = datetime.fromtimestamp(int(at_ms) // 1000, ZoneInfo(home().timezone)).isoformat()
    told = iso[:19] if form == "seconds" else iso[:16]
    # Digits and signs of a date, nothing to be escaped.
    return Markup(f'<time datetime="{iso}">{told.replace("T", " ")}</time>')  # noqa: S704 - as said


def clock(at_ms: int | None) -> str:
    """The time of day of an instant in the city; a dash where there is none."""
    if at_ms is None:
        return "—"
    return datetime.fromtimestamp(int(at_ms) // 1000, ZoneInfo(home().timezone)).strftime("%H:%M")


def told_at(at_ms: int | None) -> str:
    """An instant in the city's time as plain text, to stand in a sentence."""
    return "—" if at_ms is None else iso(at_ms)[:16].replace("T", " ")


def iso(at_ms: int) -> str:
    """An instant as files have it: in the city's time, with its offset."""
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(home().timezone)).isoformat(timespec="seconds")


def day(number: int | None) -> str:
    """A city day; a dash where there is none."""
    return "—" if number is None else date_of(int(number)).isoformat()


def whole(number: float | None) -> str:
    """A whole number with its thousands apart; a dash where there is none."""
    return "—" if number is None else f"{int(number):,}"


def yuan(fen: float | None) -> str:
    """An amount to the fen; a dash where there is none."""
    return "—" if fen is None else yuan_text(round(fen))


def km(metres: float | None) -> str:
    """A distance in kilometres; a dash where there is none."""
    return "—" if metres is None else f"{metres / 1000:.2f}"


def minutes(seconds: float | None) -> str:
    """A duration in minutes and seconds; a dash where there is none."""
    if seconds is None:
        return "—"
    whole_min, rest_s = divmod(round(seconds), 60)
    return f"{whole_min}:{rest_s:02d}"


def law_value(version: Version, number: Parameter) -> str:
    """A number of law or house as people read it; a long one (an area, a table) cut short."""
    told = said(value_said(version, number.unit, law().currency))
    return told if len(told) <= _LONG else f"{told[:_LONG]}…"


def law_citation(version: Version) -> str:
    """Where a number is from: act, article, and the words that were read."""
    cite = version.cite
    return " · ".join(part for part in (cite.act, cite.article, cite.quote, cite.url) if part)


def certainty(code: object) -> str:
    """How sure a number of law is."""
    return said(CERTAINTY.get(str(code), Said(str(code))))


def how(code: str) -> str:
    """How a sentence of the pledge is judged."""
    return code if language() == "en" else {str(one): zh for one, zh in HOW_ZH.items()}.get(code, code)


def entry_status(code: str) -> str:
    """What became of a line of the ledger."""
    found = STATUS.get(code)
    return code if found is None else said(found)
