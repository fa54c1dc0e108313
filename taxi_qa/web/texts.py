"""Pages of texts: the rules, the numbers of law and house, and what of the pledge is judged by whom."""

from typing import Final

from flask import Blueprint, Response, abort, render_template, request

from taxi_qa.law.parameter import Parameter, Version
from taxi_qa.law.pledge import pledge as sentences
from taxi_qa.reports.coverage import counts, coverage
from taxi_qa.reports.export import Cell
from taxi_qa.reports.falls import fall_said
from taxi_qa.rules.kit import Rule, catalogue
from taxi_qa.rules.texts import chinese, english
from taxi_qa.store.presence import delivered_ever
from taxi_qa.values.clock import day_start_ms
from taxi_qa.web.lists import day_asked
from taxi_qa.web.lists import rows_file as table
from taxi_qa.web.permits import for_everybody
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.translate import language, shown
from taxi_qa.web.viewer import home, law, live_labels, now_ms, stage_now, today
from taxi_qa.web.words import (
    STAGES,
    certainty,
    how,
    iso,
    kind_name,
    law_citation,
    law_value,
    rule_title,
    said,
)

blueprint: Final = Blueprint("texts", __name__)


@blueprint.get("/rules")
@for_everybody
def rules() -> str:
    """The catalogue."""
    live, zone = live_labels(), home().timezone
    fell = {name: fall_said(label.fell, zone) for name, label in live.items() if label.fell is not None}
    return render_template("web/rules.html", rules=list(catalogue().values()), labels=live, fell=fell)


@blueprint.get("/rules.<any(csv, xlsx):kind>")
@for_everybody
def rules_file(kind: str) -> Response:
    """The catalogue as a file."""
    live, zone = live_labels(), home().timezone
    rows = []
    for one in catalogue().values():
        label = live.get(one.name)
        fell = "" if label is None or label.fell is None else said(fall_said(label.fell, zone))
        told = (None, None, "") if label is None else (label.confirmed, label.reviewed, fell)
        stage = shown(STAGES, stage_now(one.stage, one.name))
        rows.append((one.name, rule_title(one.name), one.clause, stage, *told))
    titles = (
        (_("名称"), Cell("name")),
        (_("规则"), Cell("title")),
        (_("条款"), Cell("clause")),
        (_("阶段"), Cell("stage")),
        (_("成立"), Cell("confirmed", "whole")),
        (_("已复核"), Cell("reviewed", "whole")),
        (_("说明"), Cell("fell")),
    )
    return table(rows, titles, "rules", kind)


@blueprint.get("/rules/<name>")
@for_everybody
def rule(name: str) -> str:
    """One rule: its text in the page's language, its law, and how often what it found was true."""
    found = catalogue().get(name)
    if found is None:
        abort(404)
    live = live_labels().get(name)
    fell = None if live is None or live.fell is None else fall_said(live.fell, home().timezone)
    at_ms = now_ms()
    known = [(path, law().get(path)) for path in found.law]
    leaned = [(path, one, None if one is None else one.on(at_ms)) for path, one in known]
    return render_template(
        "web/rule.html", rule=found, label=live, fell=fell, numbers=leaned, sections=_sections(found)
    )


def _sections(found: Rule) -> list[tuple[str, str]]:
    """The rule's text in the page's language: a heading ("" for the first) and what stands below it."""
    told = english(found) if language() == "en" else chinese(found)
    parts = [
        ("", told.says), ("", told.more), (_("为什么重要"), told.why), (_("证据"), told.evidence),
        (_("什么时候无法判断"), told.cannot_tell), (_("看着像，其实不是"), told.looks_like),
    ]  # fmt: skip
    return [(head, text) for head, text in parts if text]


@blueprint.get("/law")
@for_everybody
def numbers() -> str:
    """The numbers in force on a day."""
    part, day, rows = _numbers_asked()
    return render_template("web/law.html", rows=rows, day=day, part=part, place=law())


@blueprint.get("/law.<any(csv, xlsx):kind>")
@for_everybody
def numbers_file(kind: str) -> Response:
    """The same as a file, each with where it is from."""
    _part, _day, found = _numbers_asked()
    rows = []
    for one, version in found:
        title = (one.title_en if language() == "en" else one.title_zh) or one.path
        told = (_("未生效"), "", "", "")
        if version is not None:
            since = iso(version.start_ms)
            told = (law_value(version, one), since, certainty(version.certainty), law_citation(version))
        rows.append((one.path, title, *told))
    titles = (
        (_("数值"), Cell("path")),
        (_("名称"), Cell("title")),
        (_("现值"), Cell("value")),
        (_("自"), Cell("since")),
        (_("可靠程度"), Cell("certainty")),
        (_("依据"), Cell("cite")),
    )
    return table(rows, titles, "law", kind)


def _numbers_asked() -> tuple[str, int, list[tuple[Parameter, Version | None]]]:
    """What is looked for, the day, and the numbers with the version of that day, None where none binds."""
    binding = law()
    asked = request.args.get("on", "").strip()
    day = day_asked(asked) if asked else today()
    part = request.args.get("q", "").strip()[:100]
    last_ms = day_start_ms(day + 1, binding.timezone) - 1
    every = (binding[path] for path in binding.paths())
    rows = [
        (one, one.on(last_ms))
        for one in every
        if part.casefold() in f"{one.path} {one.title_zh} {one.title_en}".casefold()
    ]
    return part, day, rows


@blueprint.get("/law/<path>")
@for_everybody
def number(path: str) -> str:
    """One number: every version with its citation."""
    one = law().get(path)
    if one is None:
        abort(404)
    return render_template("web/number.html", number=one, now=one.on(now_ms()))


@blueprint.get("/coverage")
@for_everybody
def pledge() -> str:
    """The pledge sentence by sentence: judged by data, by people, or not at all, and why."""
    held = set(delivered_ever(home()))
    covered = coverage(sentences(), list(catalogue().values()), held)
    return render_template("web/coverage.html", covered=covered, counts=counts(covered))


@blueprint.get("/coverage.<any(csv, xlsx):kind>")
@for_everybody
def pledge_file(kind: str) -> Response:
    """The same as a file."""
    held = set(delivered_ever(home()))
    rows = [
        (
            one.sentence.clause,
            one.sentence.en if language() == "en" else one.sentence.zh,
            how(one.how),
            one.why_not if language() == "en" else one.why_not_zh,
            "; ".join(rule_title(found.name) for found in one.rules),
            ", ".join(map(kind_name, one.absent)),
        )
        for one in coverage(sentences(), list(catalogue().values()), held)
    ]
    titles = (
        (_("条款"), Cell("clause")),
        (_("承诺"), Cell("sentence")),
        (_("核查方式"), Cell("how")),
        (_("说明"), Cell("why_not")),
        (_("规则"), Cell("rules")),
        (_("缺少的数据"), Cell("absent")),
    )
    return table(rows, titles, "coverage", kind)
