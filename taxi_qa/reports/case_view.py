"""The page of a case as plain values: what it rests on, each finding's sum and law, history, for and against.

No HTML, and nothing that JSON does not hold: the web's page, its JSON and a test read the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from taxi_qa.law.parameter import Law
from taxi_qa.reports import amounts
from taxi_qa.reports.amounts import Line, Said, both
from taxi_qa.reports.case_file import CaseStory
from taxi_qa.reports.case_words import KINDS, MACHINE, STATES, STEPS, SUFFICIENCY, named, reason_said
from taxi_qa.reports.summary import Citation, citations, evidence_lines
from taxi_qa.reports.sums import Step, found_of, steps_of
from taxi_qa.rules.kit import Rule, catalogue
from taxi_qa.rules.texts import chinese, english
from taxi_qa.store.plain import plain_rows
from taxi_qa.values.clock import iso_of, moment_of

# Read out as a map, not as words.
_DRAWN: Final = ("route",)


@dataclass(frozen=True)
class FindingView:
    """One finding, told so that its driver could check it.

    Attributes:
        finding_id, rule, clause: as found.
        title: of the rule.
        is_stable: False for a lead, which never costs points.
        stage, status: in words.
        start_text, end_text: on the city's clock.
        measured, allowed: in words, a dash where the rule has none.
        steps: how the figures come about.
        evidence: everything else that was written down.
        citations: the law it leans on, quoted, law before house.
        sources: the independent sources it rests on.
        about: what the rule judges, from its own text; empty for a rule nobody knows any more.
        cannot_tell, looks_like: when the rule holds its tongue, and what is none of its acts; the same.
    """

    finding_id: str
    rule: str
    clause: str
    title: Said
    is_stable: bool
    stage: Said
    status: Said
    start_text: str
    end_text: str
    measured: Said
    allowed: Said
    steps: tuple[Step, ...]
    evidence: tuple[Line, ...]
    citations: tuple[Citation, ...]
    sources: Said
    about: Said
    cannot_tell: Said
    looks_like: Said


@dataclass(frozen=True)
class HistoryLine:
    """One step that was taken with the case; `is_machine` where no person took it."""

    at_text: str
    at_iso: str
    who: Said
    is_machine: bool
    step: Said
    state: Said
    reason: Said
    note: str


@dataclass(frozen=True)
class AnswerView:
    """What the driver said, once."""

    at_text: str
    is_appeal: bool
    accepts: bool
    reason: Said
    text: str
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class CaseView:
    """Everything the page of a case shows beside its track.

    Attributes:
        case_id, vehicle_id, driver_id, company_id, trip_id: as in `findings.case.Case`.
        title: of the rule it is charged under.
        state, state_name: where it stands, in words and as the desk calls it.
        is_lead: it can never cost points.
        start_text, end_text: on the city's clock, which `timezone` names.
        sources, missing: kinds of sources that speak, and those asked for that do not.
        sufficiency: how far they carry.
        findings: those that stand, the earliest first.
        supports, doubts: what speaks for the case, and what speaks against it or is not known.
        history: its steps, the first first.
        answers: what the driver said, the first first.
    """

    case_id: str
    vehicle_id: str
    driver_id: str
    company_id: str
    trip_id: str
    title: Said
    clause: str
    state: Said
    state_name: str
    is_lead: bool
    start_text: str
    end_text: str
    timezone: str
    sources: tuple[Said, ...]
    missing: tuple[Said, ...]
    sufficiency: Said
    findings: tuple[FindingView, ...]
    supports: tuple[Said, ...]
    doubts: tuple[Said, ...]
    history: tuple[HistoryLine, ...]
    answers: tuple[AnswerView, ...]


def case_view(story: CaseStory, law: Law) -> CaseView:
    """The view of a case as it stands.

    Args:
        story: the case.
        law: of its place.
    """
    case = story.case
    lead = case.stage != "stable" if story.is_lead is None else story.is_lead
    rule = catalogue().get(case.rule)
    findings = tuple(_finding(row, law) for row in rows_of(story))
    answers = tuple(_answer(said, law.timezone) for said in story.answers)
    return CaseView(
        case_id=case.case_id,
        vehicle_id=case.vehicle_id,
        driver_id=case.driver_id,
        company_id=case.company_id,
        trip_id=case.trip_id,
        title=Said(case.rule) if rule is None else both(rule.title_zh, rule.title_en),
        clause="" if rule is None else rule.clause,
        state=named(STATES, story.state),
        state_name=story.state,
        is_lead=lead,
        **_span(case.start_ms, case.end_ms, law.timezone),
        timezone=law.timezone,
        sources=tuple(named(KINDS, name) for name in case.sources),
        missing=tuple(named(KINDS, name) for name in case.missing),
        sufficiency=SUFFICIENCY[case.sufficiency],
        findings=findings,
        supports=_supports(story, findings, answers),
        doubts=_doubts(story, findings, answers, is_lead=lead),
        history=tuple(_history(event, law.timezone) for event in story.events),
        answers=answers,
    )


def rows_of(story: CaseStory) -> list[dict[str, Any]]:
    """The findings of a case as rows, None where something is missing."""
    return plain_rows(story.findings)


def _span(start_ms: int, end_ms: int, zone: str) -> dict[str, str]:
    start, end = iso_of(start_ms, zone), iso_of(end_ms, zone)
    return {"start_text": amounts.moment_text(start), "end_text": amounts.until_text(start, end)}


def _finding(row: Mapping[str, Any], law: Law) -> FindingView:
    found, rule = found_of(row, law), catalogue().get(str(row["rule"]))
    nothing = Said("—")
    stage, status = (str(row[name]) for name in ("stage", "status"))
    evidence = {name: value for name, value in found.evidence.items() if name not in _DRAWN}
    about, cannot_tell, looks_like = _told_by(rule)
    return FindingView(
        finding_id=str(row["finding_id"]),
        rule=found.rule,
        clause=str(row["clause"] or ""),
        title=Said(found.rule) if rule is None else both(rule.title_zh, rule.title_en),
        is_stable=stage == "stable",
        stage=both(*amounts.STAGE_WORDS.get(stage, (stage, stage))),
        status=named(STATES, status),
        **_span(int(row["start_ms"]), int(row["end_ms"]), law.timezone),
        measured=nothing if found.measured is None else found.said(found.measured),
        allowed=nothing if found.allowed is None else found.said(found.allowed),
        steps=steps_of(found),
        evidence=evidence_lines(evidence, law.currency, law.timezone),
        citations=citations(str(row["leans_on"] or ""), law),
        sources=amounts.sources_said(str(row["sources"] or "")),
        about=about,
        cannot_tell=cannot_tell,
        looks_like=looks_like,
    )


def _told_by(rule: Rule | None) -> tuple[Said, Said, Said]:
    """What the rule says it judges, what it leaves open and what it lets go."""
    if rule is None:
        return Said(""), Said(""), Said("")
    zh, en = chinese(rule), english(rule)
    return (
        Said(zh.says + zh.more, f"{en.says} {en.more}".strip()),
        Said(zh.cannot_tell, en.cannot_tell),
        Said(zh.looks_like, en.looks_like),
    )


def _supports(
    story: CaseStory, findings: Sequence[FindingView], answers: Sequence[AnswerView]
) -> tuple[Said, ...]:
    said: list[Said] = []
    for one in findings:
        figures = f"{one.measured.zh} / {one.allowed.zh}"
        in_english = f"{one.measured.en or one.measured.zh} / {one.allowed.en or one.allowed.zh}"
        said.append(
            both(
                f"{one.title.zh}：实测 / 允许 {figures}（{one.sources.zh}）",
                f"{one.title.en or one.title.zh}: measured / allowed {in_english}"
                f" ({one.sources.en or one.sources.zh})",
            )
        )
    if len(story.case.sources) > 1:
        zh, en = (_joined(story.case.sources, english=flag) for flag in (False, True))
        said.append(
            both(f"{len(story.case.sources)} 类独立来源相互印证：{zh}", f"independent kinds agree: {en}")
        )
    if any(one.accepts for one in answers):
        said.append(both("驾驶员认可", "the driver agrees"))
    return tuple(said)


def _doubts(
    story: CaseStory, findings: Sequence[FindingView], answers: Sequence[AnswerView], *, is_lead: bool
) -> tuple[Said, ...]:
    case = story.case
    said: list[Said] = []
    if is_lead:
        said.append(both("试行线索：不能扣分", "a lead on trial: it never costs points"))
    said += story.leads
    if case.missing:
        zh, en = (_joined(case.missing, english=flag) for flag in (False, True))
        said.append(both(f"没有这些来源：{zh}", f"no word of: {en}"))
    if not case.driver_id:
        said.append(both("无法确定驾驶员", "nobody can tell who drove"))
    if case.sufficiency == "weak":
        said.append(both("只有单一来源", "a single source"))
    unsure = sorted({cite.title.zh for one in findings for cite in one.citations if _is_unsure(cite)})
    if unsure:
        said.append(both(f"依据未核实：{'、'.join(unsure)}", "leans on a number nobody verified"))
    if not findings:
        said.append(both("相关发现均已撤回", "every finding was withdrawn"))
    said += [
        both(f"驾驶员：{one.reason.zh}", f"the driver: {one.reason.en or one.reason.zh}")
        for one in answers
        if not one.accepts
    ]
    return tuple(said)


def _is_unsure(cite: Citation) -> bool:
    return cite.certainty.zh == amounts.CERTAINTY_WORDS["unverified"][0]


def _joined(names: Sequence[str], *, english: bool) -> str:
    said = [named(KINDS, name) for name in names]
    return ", ".join(one.en or one.zh for one in said) if english else "、".join(one.zh for one in said)


def _history(event: Mapping[str, Any], zone: str) -> HistoryLine:
    at_ms, actor = int(event["at_ms"]), str(event["actor"])
    return HistoryLine(
        at_text=f"{moment_of(at_ms, zone):%Y-%m-%d %H:%M}",
        at_iso=iso_of(at_ms, zone),
        who=named(MACHINE, actor),
        is_machine=event["role"] == "machine",
        step=named(STEPS, str(event["action"])),
        state=named(STATES, str(event["to_state"])),
        reason=reason_said(str(event["reason"])),
        note=str(event["note"] or ""),
    )


def _answer(said: Mapping[str, Any], zone: str) -> AnswerView:
    return AnswerView(
        at_text=f"{moment_of(int(said['at_ms']), zone):%Y-%m-%d %H:%M}",
        is_appeal=said["kind"] == "appeal",
        accepts=bool(said["accepts"]),
        reason=reason_said(str(said["reason"])),
        text=str(said["text"] or ""),
        files=tuple((str(file["name"]), str(file["sha256"])) for file in said["files"]),
    )
