"""The file of a case: what it rests on and lacks, findings, evidence, history, and what was said."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from taxi_qa.findings.case import Case
from taxi_qa.findings.evidence import FIELDS
from taxi_qa.law.parameter import Law
from taxi_qa.reports.amounts import Said, amount, evidence_value
from taxi_qa.reports.case_words import MACHINE, STATES, STEPS, SUFFICIENCY, kinds_said, named, reason_said
from taxi_qa.reports.paper import Paper
from taxi_qa.reports.statement import CERTAINTY, version_of
from taxi_qa.rules.kit import catalogue
from taxi_qa.values.clock import date_of, moment_of


@dataclass(frozen=True)
class CaseStory:
    """A case as it was told so far.

    Attributes:
        case: what it is.
        state: where it stands.
        findings: its findings that stand, `FINDING_COLUMNS`.
        events: a row a step: at_ms, actor, action, to_state, reason, note.
        leads: rules of it that have fallen back to trial, in words (`reports.falls`).
        is_lead: whether it can never cost points as of now (`review.desk.stage_now`); None: by its stage.
        answers: what the driver said: at_ms, reason, text, files (name, sha256).
    """

    case: Case
    state: str
    findings: pd.DataFrame
    events: Sequence[Mapping[str, Any]]
    answers: Sequence[Mapping[str, Any]]
    leads: Sequence[Said] = ()
    is_lead: bool | None = None


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
            (Said("状态", "state"), f"{named(STATES, story.state).zh}  {story.state}"),
            (Said("独立来源", "independent sources"), kinds_said(case.sources)),
            (Said("缺少的来源", "sources that are missing"), kinds_said(case.missing)),
            (Said("证据充分性", "sufficiency"), "  ".join(_both(SUFFICIENCY[case.sufficiency]))),
        ]
    )
    if case.stage != "stable" if story.is_lead is None else story.is_lead:
        paper.text(
            Said("本案为试行线索，不能扣分。", "Its findings are leads on trial: they never cost points.")
        )
    for fell in story.leads:
        paper.text(fell)
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
        paper.text(Said(f"{at:%Y-%m-%d %H:%M}  {reason_said(answer['reason']).zh}：{answer['text']}"))
        for file in answer["files"]:
            paper.text(Said(f"附件 {file['name']}  SHA-256 {file['sha256']}"), small=True)
    return paper.finished()


def _both(said: Said) -> tuple[str, ...]:
    return tuple(filter(None, (said.zh, said.en)))


def _step(event: Mapping[str, Any], zone: str) -> tuple[str, ...]:
    action, state = (
        named(words, str(event[name])).zh for words, name in ((STEPS, "action"), (STATES, "to_state"))
    )
    return (
        f"{moment_of(int(event['at_ms']), zone):%Y-%m-%d %H:%M}",
        named(MACHINE, str(event["actor"])).zh,
        f"{action} → {state}",
        f"{reason_said(str(event['reason'])).zh}  {event['note'] or ''}".strip(),
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
