"""Pages of texts: the rules, the numbers of law and house, and what of the pledge is judged by whom."""

from typing import Final

from flask import Blueprint, abort, render_template, request

from taxi_qa.law.pledge import pledge as sentences
from taxi_qa.reports.coverage import counts, coverage
from taxi_qa.reports.falls import fall_said
from taxi_qa.rules.kit import Rule, catalogue
from taxi_qa.rules.texts import chinese, english
from taxi_qa.store.presence import delivered_ever
from taxi_qa.values.clock import day_start_ms
from taxi_qa.web.lists import day_asked
from taxi_qa.web.permits import for_everybody
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.translate import language
from taxi_qa.web.viewer import home, law, live_labels, now_ms, today

blueprint: Final = Blueprint("texts", __name__)


@blueprint.get("/rules")
@for_everybody
def rules() -> str:
    """The catalogue."""
    live, zone = live_labels(), home().timezone
    fell = {name: fall_said(label.fell, zone) for name, label in live.items() if label.fell is not None}
    return render_template("web/rules.html", rules=list(catalogue().values()), labels=live, fell=fell)


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
    binding = law()
    asked = request.args.get("on", "").strip()
    day = day_asked(asked) if asked else today()
    part = request.args.get("q", "").strip()[:100]
    last_ms = day_start_ms(day + 1, binding.timezone) - 1
    rows = []
    for path in binding.paths():
        one = binding[path]
        if part and part.casefold() not in f"{path} {one.title_zh} {one.title_en}".casefold():
            continue
        rows.append((one, one.on(last_ms)))
    return render_template("web/law.html", rows=rows, day=day, part=part, place=binding)


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
