"""What a case's states, steps, sources and reasons are called, in Chinese and English."""

from collections.abc import Mapping, Sequence
from typing import Final

from taxi_qa.reports.amounts import Said
from taxi_qa.review.states import REASONS

SUFFICIENCY: Final[dict[str, Said]] = {
    "strong": Said("充分", "strong"),
    "fair": Said("一般", "fair"),
    "weak": Said("单一来源，仅供参考", "a single source: advice only"),
}
STATES: Final[dict[str, Said]] = {
    "detected": Said("已发现", "detected"),
    "excused": Said("已免责", "excused"),
    "quarantined": Said("隔离待查", "quarantined"),
    "queued": Said("待初审", "waits for a first look"),
    "proposed": Said("拟认定", "proposed"),
    "answered": Said("已答复", "answered"),
    "second_review": Said("复核中", "second look"),
    "confirmed": Said("已确认", "confirmed"),
    "dismissed": Said("已驳回", "dismissed"),
    "appealed": Said("申诉中", "under appeal"),
    "upheld": Said("维持", "upheld"),
    "reversed": Said("已撤销", "reversed"),
    "expired": Said("逾期失效", "expired"),
}
STEPS: Final[dict[str, Said]] = {
    "open": Said("立案", "opened"),
    "excuse": Said("免责", "excused"),
    "queue": Said("排队", "queued"),
    "withdraw": Said("撤回", "withdrawn"),
    "return": Said("恢复", "returned"),
    "quarantine": Said("隔离", "quarantined"),
    "release": Said("解除隔离", "released"),
    "dismiss": Said("驳回", "dismissed"),
    "refer": Said("企业提请认定", "the company asked for it"),
    "propose": Said("提出认定", "proposed"),
    "answer": Said("答复", "answered"),
    "silence": Said("逾期未答复", "no answer in time"),
    "confirm": Said("确认", "confirmed"),
    "appeal": Said("申诉", "appealed"),
    "uphold": Said("支持申诉", "appeal upheld"),
    "reject": Said("驳回申诉", "appeal rejected"),
    "expire": Said("逾期失效", "expired"),
    "extend": Said("延期", "extended"),
}
MACHINE: Final[dict[str, Said]] = {
    "machine": Said("系统", "the system"),
    "found": Said("系统发现", "found by the system"),
    "examined": Said("已核对", "examined"),
    "approved_excuse": Said("已批准的免责事由", "an approved excuse"),
    "finding_withdrawn": Said("线索已撤回", "the finding was withdrawn"),
    "finding_returned": Said("线索重现", "the finding came back"),
    "silent": Said("未答复", "no answer"),
    "overdue": Said("逾期", "overdue"),
    "suspect_upstream": Said("路段或设备可疑", "a suspect road or device"),
}
KINDS: Final[dict[str, Said]] = {
    "meter": Said("计价器", "meter"),
    "gnss": Said("定位", "positions"),
    "camera": Said("影像", "camera"),
    "complaint": Said("投诉", "complaint"),
    "inspection": Said("检查", "inspection"),
    "document": Said("文书", "document"),
    "sensor": Said("传感器", "sensor"),
    "platform": Said("平台", "platform"),
}
_REASONS_EN: Final[dict[str, str]] = {
    "road_closed": "road closed", "police_order": "ordered by the police",
    "passenger_route": "the passenger's route", "passenger_consent": "the passenger agreed",
    "medical": "medical emergency", "equipment_fault_reported": "the fault was reported",
    "wrong_limit": "wrong limit", "wrong_driver": "wrong driver", "position_drift": "positions drifted",
    "camera_misread": "camera misread", "duplicate": "duplicate", "evidence_holds": "the evidence holds",
    "admitted": "the driver agrees", "more_time": "more time needed", "cause_mended": "its cause is mended",
    "other": "other (with a note)",
}  # fmt: skip


def named(words: Mapping[str, Said], name: str) -> Said:
    """What a name is called; a name without words stands as it is."""
    return words.get(name, Said(name))


def reason_said(reason: str) -> Said:
    """Why somebody, or the machine, took a step."""
    if reason in REASONS:
        return Said(REASONS[reason], _REASONS_EN.get(reason, ""))
    return named(MACHINE, reason)


def kinds_said(names: Sequence[str]) -> str:
    """Kinds of sources in Chinese, a dash for none."""
    return "、".join(named(KINDS, name).zh for name in names) or "—"
