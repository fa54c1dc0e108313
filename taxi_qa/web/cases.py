"""The list of cases: what the reader may see of them, filtered, sorted, paged; and the same as a file."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from flask import Blueprint, Response, render_template
from sqlalchemy import ColumnElement, and_

from taxi_qa.reports.export import Cell
from taxi_qa.rules.kit import catalogue
from taxi_qa.store.browse import CASES, Listing, count, in_stages, rows_of, whole
from taxi_qa.web import words
from taxi_qa.web.lists import Asked, FileKind, Filters, asked, page_of, table_file
from taxi_qa.web.permits import for_everybody
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.translate import language, shown
from taxi_qa.web.viewer import home, leads_now, now_ms, stage_now, viewer

blueprint: Final = Blueprint("cases", __name__)


def filters() -> Filters:
    """What cases may be narrowed by."""
    return Filters(
        choices={
            "state": ("state", frozenset(words.STATES)),
            "rule": ("rule", frozenset(catalogue())),
            "stage": ("stage", frozenset(words.STAGES)),
            "sufficiency": ("sufficiency", frozenset(words.SUFFICIENCY)),
            "driver": ("driver_id", None),
            "vehicle": ("vehicle_id", None),
            "company": ("company_id", None),
        },
        search="case_id|vehicle_id|driver_id",
        moment="start_ms",
        sorts=("start_ms", "deadline_ms", "opened_ms", "rule", "state", "vehicle_id", "driver_id"),
    )


def _asked() -> tuple[Asked, ColumnElement[bool]]:
    """What the address asks for, and what the reader sees of it by the stage rules have now."""
    return at_stages(asked(filters()), CASES, viewer().scope.cases())


def at_stages(told: Asked, listing: Listing, seen: ColumnElement[bool]) -> tuple[Asked, ColumnElement[bool]]:
    """What is asked for and seen, the stage asked for being that of now and not the one written then."""
    equal = dict(told.wanted.equal)
    stages = equal.pop("stage", None)
    if stages is None:
        return told, seen
    here = in_stages([str(stage) for stage in stages], leads_now(), listing)
    return replace(told, wanted=replace(told.wanted, equal=equal)), and_(seen, here)


@blueprint.get("/cases")
@for_everybody
def listed() -> str:
    """Cases the reader may see."""
    told, seen = _asked()
    rows, total = rows_of(home(), CASES, seen, told.wanted)
    listing = page_of(rows, total, told, "cases.listed")
    return render_template("web/cases.html", page=listing, rules=words.rule_titles(language()), now=now_ms())


@blueprint.get("/cases.<any(csv, xlsx):kind>")
@for_everybody
def listed_file(kind: str) -> Response:
    """The same rows as a file."""
    told, seen = _asked()
    total = count(home(), CASES, seen, told.wanted)
    titles = (
        (_("案件编号"), Cell("case_id")),
        (_("规则"), Cell("rule")),
        (_("事项"), Cell("title")),
        (_("状态"), Cell("state")),
        (_("阶段"), Cell("stage")),
        (_("车辆"), Cell("vehicle_id")),
        (_("驾驶员"), Cell("driver_id")),
        (_("企业"), Cell("company_id")),
        (_("开始时间"), Cell("start")),
        (_("结束时间"), Cell("end")),
        (_("证据充分性"), Cell("sufficiency")),
        (_("办理期限"), Cell("deadline")),
    )
    frames = whole(home(), CASES, seen, told.wanted)
    return table_file(frames, total, titles, _cells, "cases", cast("FileKind", kind))


def _cells(row: Mapping[str, Any]) -> Sequence[str]:
    return (
        row["case_id"], row["rule"], words.rule_title(row["rule"]), shown(words.STATES, row["state"]),
        shown(words.STAGES, stage_now(row["stage"], row["rule"])),
        row["vehicle_id"], row["driver_id"], row["company_id"],
        _iso(row["start_ms"]), _iso(row["end_ms"]), shown(words.SUFFICIENCY, row["sufficiency"]),
        _iso(row["deadline_ms"]),
    )  # fmt: skip


def _iso(at_ms: int | None) -> str:
    return "" if at_ms is None else words.iso(at_ms)
