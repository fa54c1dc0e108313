"""Whom to talk to next: drivers found more often than their fleet for certain. Never points."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from flask import Blueprint, Response, render_template

from taxi_qa.reports.export import Cell
from taxi_qa.runs.coaching import exposure_of
from taxi_qa.store.browse import INDICES, Wanted, count, count_by, rows_of, whole
from taxi_qa.store.case_links import case_of_finding
from taxi_qa.web import words
from taxi_qa.web.lists import Asked, FileKind, Filters, asked, page_of, table_file
from taxi_qa.web.permits import permit
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.translate import language, lazy_gettext, shown
from taxi_qa.web.viewer import home, viewer

blueprint: Final = Blueprint("coaching", __name__)
BESIDE: Final = {
    "above": lazy_gettext("整个区间高于车队"),
    "alike": lazy_gettext("与车队相近"),
    "below": lazy_gettext("整个区间低于车队"),
}
WHY_NOT: Final = {
    "no_exposure": lazy_gettext("本期没有可能发生该行为的营运，无从比较"),
    "not_judged": lazy_gettext("没有数据可判，不等于没有问题"),
    "too_little_exposure": lazy_gettext("可比的营运太少，说不准"),
    "no_fleet": lazy_gettext("同类驾驶员太少，或没有一人被发现，无从比较"),
}
UNITS: Final = {
    "metered_trips": lazy_gettext("计价趟次"),
    "night_trips": lazy_gettext("夜间趟次"),
    "on_duty_h": lazy_gettext("当班小时"),
    "free_driving_h": lazy_gettext("畅行小时"),
    "hub_departures": lazy_gettext("枢纽载客趟次"),
}
_EVERYBODY: Final = "any"
_LINKED: Final = 5


def filters() -> Filters:
    """What the index may be narrowed by."""
    return Filters(
        choices={
            "beside": ("beside_fleet", frozenset({*BESIDE, _EVERYBODY})),
            "why": ("why_not", frozenset(WHY_NOT)),
            "rule": ("rule", frozenset(exposure_of())),
            "driver": ("driver_id", None),
            "company": ("company_id", None),
        },
        search="driver_id",
        sorts=("excess", "low", "findings", "exposure", "rate", "rule", "driver_id"),
    )


def wanted_of(told: Asked) -> Wanted:
    """What the list shows unless asked for something else: those above their fleet, most excess first."""
    equal = dict(told.wanted.equal)
    beside = equal.pop("beside_fleet", None)
    if beside is None and "why_not" not in equal:
        equal["beside_fleet"] = ("above",)
    elif beside is not None and _EVERYBODY not in beside:
        equal["beside_fleet"] = beside
    return replace(told.wanted, equal=equal, sort=told.wanted.sort or "-excess")


@blueprint.get("/coaching")
@permit("manager", "inspector", "reviewer", "appeal_reviewer", "administrator")
def listed() -> str:
    """Whom to talk to, the talk that helps most first."""
    told, scope = asked(filters()), viewer().scope
    rows, total = rows_of(home(), INDICES, scope.indices(), wanted_of(told))
    own = told.text("company")
    of = Wanted(equal={"company_id": (own,)} if own else {})
    return render_template(
        "web/coaching.html",
        page=page_of(with_cases(rows), total, told, "coaching.listed"),
        counted=count_by(home(), INDICES, scope.indices(), "beside_fleet", of),
        unscored=count_by(home(), INDICES, scope.indices(), "why_not", of),
        rules=words.rule_titles(language()),
        listed_rules=sorted(exposure_of()),
        beside=BESIDE,
        why_not=WHY_NOT,
        units=UNITS,
    )


def with_cases(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the index with the cases of what moved them: `cases`, and `more` findings without a link."""
    moved = {id(row): [one for one in str(row["moved"] or "").split(";") if one] for row in rows}
    first = {finding for found in moved.values() for finding in found[:_LINKED]}
    cases = case_of_finding(home(), viewer().scope, first) if first else {}
    told = []
    for row in rows:
        found = moved[id(row)]
        linked = list(dict.fromkeys(cases[one] for one in found[:_LINKED] if one in cases))
        unlinked = len(found) - sum(one in cases for one in found[:_LINKED])
        told.append({**row, "cases": linked, "more": unlinked})
    return told


@blueprint.get("/coaching.<any(csv, xlsx):kind>")
@permit("manager", "inspector", "reviewer", "appeal_reviewer", "administrator")
def listed_file(kind: str) -> Response:
    """The same rows as a file."""
    told, seen = asked(filters()), viewer().scope.indices()
    wanted = wanted_of(told)
    titles = (
        (_("从业资格证号"), Cell("driver_id")),
        (_("企业"), Cell("company_id")),
        (_("规则"), Cell("rule")),
        (_("事项"), Cell("title")),
        (_("次数"), Cell("findings", "whole")),
        (_("可比营运"), Cell("exposure", "number")),
        (_("单位"), Cell("unit")),
        (_("区间下限"), Cell("low", "number")),
        (_("区间上限"), Cell("high", "number")),
        (_("车队"), Cell("fleet_rate", "number")),
        (_("高出车队的次数"), Cell("excess", "number")),
        (_("与车队相比"), Cell("beside")),
        (_("不能比较的原因"), Cell("why_not")),
        (_("从"), Cell("from")),
        (_("到"), Cell("to")),
    )
    total = count(home(), INDICES, seen, wanted)
    frames = whole(home(), INDICES, seen, wanted)
    return table_file(frames, total, titles, _cells, "coaching", cast("FileKind", kind))


def _cells(row: Mapping[str, Any]) -> Sequence[str | int | float | None]:
    findings = row["findings"]
    return (
        row["driver_id"], row["company_id"], row["rule"], words.rule_title(row["rule"]),
        None if findings is None else int(findings), row["exposure"], shown(UNITS, row["unit"]), row["low"],
        row["high"], row["fleet_rate"], row["excess"],
        shown(BESIDE, row["beside_fleet"]) if row["beside_fleet"] else "",
        shown(WHY_NOT, row["why_not"]) if row["why_not"] else "",
        words.day(row["from_day"]), words.day(row["to_day"]),
    )  # fmt: skip
