"""The complaint desk: what was complained of, which clock runs, and what is overdue first."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from flask import Blueprint, Response, render_template
from sqlalchemy import ColumnElement, and_

from taxi_qa.records.kinds import COMPLAINT_CATEGORIES
from taxi_qa.reports.export import Cell
from taxi_qa.store import complaint_desk
from taxi_qa.store.browse import count, rows_of, whole
from taxi_qa.store.complaint_desk import COMPLAINTS, Clock
from taxi_qa.values.clock import MS_PER_S
from taxi_qa.web import words
from taxi_qa.web.lists import Asked, FileKind, Filters, asked, page_of, table_file
from taxi_qa.web.permits import permit
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.translate import lazy_gettext, shown
from taxi_qa.web.viewer import home, law, now_ms, viewer

blueprint: Final = Blueprint("complaints", __name__)
CATEGORIES: Final = {
    "refusal": lazy_gettext("拒载"),
    "bargaining": lazy_gettext("议价"),
    "overcharge": lazy_gettext("多收费"),
    "detour": lazy_gettext("绕路"),
    "discourtesy": lazy_gettext("服务态度"),
    "forced_sharing": lazy_gettext("强行拼客"),
    "transfer": lazy_gettext("转客"),
    "abandonment": lazy_gettext("甩客"),
    "no_receipt": lazy_gettext("不给发票"),
    "off_meter": lazy_gettext("不打表"),
    "unclean": lazy_gettext("车容不洁"),
    "lost_property": lazy_gettext("失物"),
    "smoking": lazy_gettext("吸烟"),
    "phone": lazy_gettext("接打手机"),
    "dangerous_driving": lazy_gettext("危险驾驶"),
    "other": lazy_gettext("其他"),
}
OUTCOMES: Final = {
    "open": lazy_gettext("办理中"),
    "upheld": lazy_gettext("属实"),
    "not_upheld": lazy_gettext("不能认定"),
    "unfounded": lazy_gettext("不属实"),
}
CLOCKS: Final = {
    "late_reply": lazy_gettext("首次回复已逾期"),
    "late_closing": lazy_gettext("办结已逾期"),
    "unanswered": lazy_gettext("待首次回复"),
    "open": lazy_gettext("待办结"),
    "any": lazy_gettext("全部投诉"),
}
_FILTERS: Final = Filters(
    choices={
        # A condition of its own, and no column.
        "clock": ("clock", frozenset(CLOCKS)),
        "category": ("category", frozenset(COMPLAINT_CATEGORIES)),
        "vehicle": ("vehicle_id", None),
        "driver": ("driver_id", None),
        "company": ("company", None),
    },
    search="complaint_id|vehicle_id|driver_id",
    moment="received_ms",
    sorts=("received_ms", "category", "vehicle_id", "driver_id", "closed_ms"),
)
_USUAL: Final = "open"


def terms_s(at_ms: int) -> tuple[float, float]:
    """How long a first reply and closing may take by the house's numbers of a moment."""
    return law().number("house.sla.first_reply_s", at_ms), law().number("house.sla.closing_s", at_ms)


def with_clocks(row: Mapping[str, Any], at_ms: int) -> dict[str, Any]:
    """A complaint with when it had to be answered and closed, and whether it was.

    Returns:
        The row and reply_due_ms, closing_due_ms, reply_late, closing_late; `reply_said`: whether anybody
        wrote down a first reply (a closed complaint without one was answered, nobody knows when).
    """
    reply_s, closing_s = terms_s(row["received_ms"])
    reply_due_ms = row["received_ms"] + round(reply_s * MS_PER_S)
    closing_due_ms = row["received_ms"] + round(closing_s * MS_PER_S)
    replied = row["first_reply_ms"] if row["first_reply_ms"] is not None else row["closed_ms"]
    return {
        **row,
        "reply_due_ms": reply_due_ms,
        "closing_due_ms": closing_due_ms,
        "reply_said": row["first_reply_ms"] is not None,
        # Closed in time means answered in time; closed later, nobody knows when it was answered.
        "reply_unknown": row["first_reply_ms"] is None and replied is not None and replied > reply_due_ms,
        "reply_late": (at_ms if replied is None else replied) > reply_due_ms,
        "closing_late": (at_ms if row["closed_ms"] is None else row["closed_ms"]) > closing_due_ms,
    }


def _asked() -> tuple[Asked, ColumnElement[bool], ColumnElement[bool]]:
    """What the address asks for; the reader's complaints (of the company named), and those of the clock."""
    told = asked(_FILTERS)
    equal = dict(told.wanted.equal)
    equal.pop("clock", None)
    equal.pop("company", None)
    here = complaint_desk.seen(viewer().scope, told.text("company"))
    clock = told.text("clock") or _USUAL
    runs = here
    if clock != "any":
        runs = and_(here, complaint_desk.running(cast("Clock", clock), now_ms(), *terms_s(now_ms())))
    return replace(told, wanted=replace(told.wanted, equal=equal)), here, runs


@blueprint.get("/complaints")
@permit("manager", "inspector", "reviewer", "appeal_reviewer", "administrator")
def listed() -> str:
    """Complaints the reader may see; those that wait longest stand first."""
    told, here, runs = _asked()
    at_ms = now_ms()
    rows, total = rows_of(home(), COMPLAINTS, runs, told.wanted)
    reply_s, closing_s = terms_s(at_ms)
    return render_template(
        "web/complaints.html",
        page=page_of([with_clocks(row, at_ms) for row in rows], total, told, "complaints.listed"),
        counted=complaint_desk.clocks(home(), here, at_ms, reply_s, closing_s),
        here=told.text("clock") or _USUAL,
        clocks=CLOCKS,
        categories=CATEGORIES,
        outcomes=OUTCOMES,
        reply_h=reply_s / 3600,
        closing_d=closing_s / 86_400,
        now=at_ms,
    )


@blueprint.get("/complaints.<any(csv, xlsx):kind>")
@permit("manager", "inspector", "reviewer", "appeal_reviewer", "administrator")
def listed_file(kind: str) -> Response:
    """The same rows as a file; never the passenger's own words."""
    told, _here, runs = _asked()
    total = count(home(), COMPLAINTS, runs, told.wanted)
    titles = (
        (_("投诉编号"), Cell("complaint_id")),
        (_("收到时间"), Cell("received")),
        (_("类别"), Cell("category")),
        (_("车辆"), Cell("vehicle_id")),
        (_("驾驶员"), Cell("driver_id")),
        (_("行程"), Cell("trip_id")),
        (_("首次回复"), Cell("replied")),
        (_("首次回复期限"), Cell("reply_due")),
        (_("办结"), Cell("closed")),
        (_("办结期限"), Cell("closing_due")),
        (_("结果"), Cell("outcome")),
    )
    frames = whole(home(), COMPLAINTS, runs, told.wanted)
    return table_file(frames, total, titles, _cells, "complaints", cast("FileKind", kind))


def _cells(row: Mapping[str, Any]) -> Sequence[str | None]:
    told = with_clocks(row, now_ms())
    return (
        told["complaint_id"], _iso(told["received_ms"]), shown(CATEGORIES, told["category"]),
        told["vehicle_id"], told["driver_id"], told["trip_id"], _iso(told["first_reply_ms"]),
        _iso(told["reply_due_ms"]), _iso(told["closed_ms"]), _iso(told["closing_due_ms"]),
        shown(OUTCOMES, told["outcome"] or "open"),
    )  # fmt: skip


def _iso(at_ms: int | None) -> str:
    return "" if at_ms is None else words.iso(at_ms)
