"""The file of a case: what it rests on and lacks, findings, evidence, history, and what was said."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from taxi_qa.findings.case import Case
from taxi_qa.findings.evidence import FIELDS
from taxi_qa.law.parameter import Law
from taxi_qa.reports.amounts import Said, amount, evidence_value
from taxi_qa.reports.paper import Paper
from taxi_qa.reports.statement import CERTAINTY, version_of
from taxi_qa.review.states import REASONS
from taxi_qa.rules.kit import catalogue
from taxi_qa.values.clock import date_of, moment_of

SUFFICIENCY: Final[dict[str, Said]] = {
    "strong": Said("充分", "strong"),
    "fair": Said("一般", "fair"),
    "weak": Said("单一来源，仅供参考", "a single source: advice only"),
}
STATES: Final[dict[str, str]] = {
    "detected": "已发现", "excused": "已免责", "quarantined": "隔离待查", "queued": "待初审",
    "proposed": "拟认定", "answered": "已答复", "second_review": "复核中",
    "confirmed": "已确认", "dismissed": "已驳回",
    "appealed": "申诉中", "upheld": "维持", "reversed": "已撤销", "expired": "逾期失效",
}  # fmt: skip
_STEPS: Final[dict[str, str]] = {
    "open": "立案", "excuse": "免责", "queue": "排队", "withdraw": "撤回", "return": "恢复",
    "quarantine": "隔离", "release": "解除隔离", "dismiss": "驳回", "propose": "提出认定", "answer": "答复",
    "silence": "逾期未答复", "confirm": "确认", "appeal": "申诉", "uphold": "支持申诉", "reject": "驳回申诉",
    "expire": "逾期失效", "extend": "延期",
}  # fmt: skip
_MACHINES: Final[dict[str, str]] = {
    "machine": "系统", "found": "系统发现", "examined": "已核对", "approved_excuse": "已批准的免责事由",
    "finding_withdrawn": "线索已撤回", "finding_returned": "线索重现", "silent": "未答复", "overdue": "逾期",
    "suspect_upstream": "路段或设备可疑",
}  # fmt: skip
_KINDS: Final[dict[str, str]] = {
    "meter": "计价器", "gnss": "定位", "camera": "影像", "complaint": "投诉", "inspection": "检查",
    "document": "文书", "sensor": "传感器", "platform": "平台",
}  # fmt: skip


@dataclass(frozen=True)
class CaseStory:
    """A case as it was told so far.

    Attributes:
        case: what it is.
        state: where it stands.
        findings: its findings that stand, `FINDING_COLUMNS`.
        events: a row a step: at_ms, actor, action, to_state, reason, note.
        answers: what the driver said: at_ms, reason, text, files (name, sha256).
    """

    case: Case
    state: str
    findings: pd.DataFrame
    events: Sequence[Mapping[str, Any]]
    answers: Sequence[Mapping[str, Any]]


def case_file(story: CaseStory, law: Law, as_of_day: int) -> bytes:
    """A PDF of a case as it stands.

    Args:
        story: the case.
        law: whose citations stand beside the findings.
        as_of_day: the city day on which it is made.
    """
    case, zone, day = story.case, law.timezone, date_of(as_of_day)
    paper = Paper(Said("案卷", "Case file"), day, foot=f"{case.case_id} · {day.isoformat()}")
    rule = catalogue().get(case.rule)
    what = case.rule if rule is None else f"{rule.title_zh}  {rule.title_en}  ({case.rule})"
    span = f"{moment_of(case.start_ms, zone):%Y-%m-%d %H:%M:%S} – {moment_of(case.end_ms, zone):%H:%M:%S}"
    paper.facts(
        [
            (Said("案件", "case"), case.case_id),
            (Said("事项", "what"), what),
            (Said("时间", "when"), span),
            (Said("驾驶员", "driver"), case.driver_id or "—"),
            (Said("车辆", "vehicle"), case.vehicle_id or "—"),
            (Said("营运记录", "trip"), case.trip_id or "—"),
            (Said("状态", "state"), f"{STATES.get(story.state, story.state)}  {story.state}"),
            (Said("独立来源", "independent sources"), _kinds(case.sources)),
            (Said("缺少的来源", "sources that are missing"), _kinds(case.missing)),
            (Said("证据充分性", "sufficiency"), "  ".join(_both(SUFFICIENCY[case.sufficiency]))),
        ]
    )
    if case.stage != "stable":
        paper.text(
            Said("本案为试行线索，不能扣分。", "Its findings are leads on trial: they never cost points.")
        )
    paper.heading(Said("发现与证据", "Findings and evidence"))
    for row in story.findings.astype(object).where(story.findings.notna(), None).to_dict("records"):
        _finding(paper, {str(name): value for name, value in row.items()}, law)
    paper.heading(Said("经过", "History"))
    paper.table(
        (Said("时间", "when"), Said("办理人", "who"), Said("步骤", "step"), Said("理由", "reason")),
        [_step(event, zone) for event in story.events],
        (3, 2, 3, 6),
    )
    paper.heading(Said("驾驶员陈述", "What the driver said"))
    if not story.answers:
        paper.text(Said("尚无。沉默不等于承认。", "Nothing so far. Silence is no admission."))
    for answer in story.answers:
        at = moment_of(int(answer["at_ms"]), zone)
        paper.text(
            Said(f"{at:%Y-%m-%d %H:%M}  {REASONS.get(answer['reason'], answer['reason'])}：{answer['text']}")
        )
        for file in answer["files"]:
            paper.text(Said(f"附件 {file['name']}  SHA-256 {file['sha256']}"), small=True)
    return paper.finished()


def _both(said: Said) -> tuple[str, ...]:
    return tuple(filter(None, (said.zh, said.en)))


def _kinds(names: Sequence[str]) -> str:
    return "、".join(_KINDS.get(name, name) for name in names) or "—"


def _step(event: Mapping[str, Any], zone: str) -> tuple[str, ...]:
    reason = REASONS.get(str(event["reason"]), _MACHINES.get(str(event["reason"]), str(event["reason"])))
    action, state = str(event["action"]), str(event["to_state"])
    return (
        f"{moment_of(int(event['at_ms']), zone):%Y-%m-%d %H:%M}",
        _MACHINES.get(str(event["actor"]), str(event["actor"])),
        f"{_STEPS.get(action, action)} → {STATES.get(state, state)}",
        f"{reason}  {event['note'] or ''}".strip(),
    )


def _finding(paper: Paper, row: Mapping[str, Any], law: Law) -> None:
    rule = catalogue().get(str(row["rule"]))
    title = str(row["rule"]) if rule is None else f"{rule.title_zh}  {rule.title_en}"
    facts = [(Said("发现", "finding"), f"{title}  {row['finding_id']}")]
    if row["measured"] is not None and row["unit"]:
        unit = str(row["unit"])
        said = [
            "—" if value is None else amount(float(value), unit, law.currency).zh
            for value in (row["measured"], row["allowed"])
        ]
        facts.append((Said("实测 / 允许", "measured / allowed"), " / ".join(said)))
    for name, value in json.loads(row["evidence"] or "{}").items():
        field = FIELDS.get(name)
        label = Said(name) if field is None else Said(field.zh, field.en)
        facts.append((label, evidence_value(name, value, law.currency, law.timezone).zh))
    for name in filter(None, str(row["leans_on"] or "").split(";")):
        version = version_of(name.strip(), law)
        if version is not None:
            act = " ".join(part for part in (version.cite.act, version.cite.article) if part)
            sure = CERTAINTY[str(version.certainty)].zh
            facts.append(
                (Said("依据", "law"), f"{law[name.partition('@')[0].strip()].title_zh}：{act}（{sure}）")
            )
    paper.facts(facts)
