"""Drivers: the list with grades, and one driver's score with what moved it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

import pandas as pd
from flask import Blueprint, Response, abort, make_response, render_template

from taxi_qa.reports.export import Cell
from taxi_qa.reports.scores import notes_of
from taxi_qa.reports.statement import citation, statement, way_said, what_said
from taxi_qa.runs.scoring import score_one
from taxi_qa.score.scheme import scheme_on
from taxi_qa.store.browse import (
    CASES,
    INDICES,
    STANDINGS,
    Wanted,
    beside_fleet_of,
    count_by,
    page,
    rows_of,
    whole,
)
from taxi_qa.store.plain import plain_rows
from taxi_qa.web.coaching import WHY_NOT
from taxi_qa.web.lists import Asked, FileKind, Filters, asked, page_of, table_file
from taxi_qa.web.permits import OFFICE, for_everybody, permit
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.translate import lazy_gettext
from taxi_qa.web.viewer import home, law, note_look, now_ms, today, viewer

blueprint: Final = Blueprint("drivers", __name__)
GRADES: Final = ("AAA", "AA", "A", "B")
FILTERS: Final = Filters(
    choices={
        "grade": ("grade", frozenset({*GRADES, ""})),
        # A bound of the score, by the law of now.
        "training": ("training", frozenset({"due"})),
        "company": ("company_id", None),
    },
    search="driver_id|name",
    sorts=("score", "driver_id", "name", "company_id", "grade", "deductions", "bonus"),
)
_CASES_SHOWN: Final = 20
# Where somebody's interval lies, in his own words.
BESIDE_FLEET: Final = {
    "above": lazy_gettext("比车队多"),
    "alike": lazy_gettext("和车队分不出高低"),
    "below": lazy_gettext("比车队少"),
}


def training_at() -> int | None:
    """At which score or below training is due by the law of now, None where the place has no such number."""
    scheme = scheme_on(law(), today())
    return None if scheme is None else scheme.training_at


def asked_drivers() -> Asked:
    """What the address asks for; training due is a bound of the score."""
    told = asked(FILTERS)
    equal = dict(told.wanted.equal)
    if equal.pop("training", None) is None:
        return told
    limit = training_at()
    if limit is None:
        abort(400, _("本市没有已知的培训分数线，无从判断。"))
    wanted = replace(told.wanted, equal={**equal, "assessed": (True,)}, below={"score": limit + 1})
    return replace(told, wanted=wanted)


def _beside(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with what the index says of each driver: `beside`, rules by where he lies, and `training`."""
    names = [str(row["driver_id"]) for row in rows]
    told = beside_fleet_of(home(), viewer().scope.indices(), names)
    limit = training_at()
    return [
        {
            **row,
            "beside": told.get(name, {}),
            "training": limit is not None and bool(row["assessed"]) and row["score"] <= limit,
        }
        for name, row in zip(names, rows, strict=True)
    ]


@blueprint.get("/drivers")
@permit("manager", "inspector", "reviewer", "appeal_reviewer", "administrator")
def listed() -> str:
    """Drivers the reader may see, the lowest score first."""
    told = asked_drivers()
    seen = viewer().scope.standings()
    rows, total = rows_of(home(), STANDINGS, seen, told.wanted)
    shown = page_of(_beside(rows), total, told, "drivers.listed")
    grades = count_by(home(), STANDINGS, seen, "grade")
    return render_template(
        "web/drivers.html", page=shown, grades=grades, order=GRADES, training_at=training_at()
    )


@blueprint.get("/drivers.<any(csv, xlsx):kind>")
@permit("manager", "inspector", "reviewer", "appeal_reviewer", "administrator")
def listed_file(kind: str) -> Response:
    """The same rows as a file."""
    told, seen = asked_drivers(), viewer().scope.standings()
    _rows, total = page(home(), STANDINGS, seen, told.wanted)
    titles = (
        (_("从业资格证号"), Cell("driver_id")),
        (_("姓名"), Cell("name")),
        (_("企业"), Cell("company_id")),
        (_("考核周期"), Cell("cycle")),
        (_("等级"), Cell("grade")),
        (_("得分"), Cell("score", "whole")),
        (_("扣分"), Cell("deductions", "whole")),
        (_("加分"), Cell("bonus", "whole")),
        (_("仅记录"), Cell("observations", "whole")),
        (_("须培训"), Cell("training")),
        (_("高于车队的规则数"), Cell("above", "whole")),
        (_("不高于车队的规则数"), Cell("alike", "whole")),
    )
    frames = (
        pd.DataFrame(_beside(plain_rows(frame)), dtype=object)
        for frame in whole(home(), STANDINGS, seen, told.wanted)
    )
    return table_file(frames, total, titles, _cells, "drivers", cast("FileKind", kind))


def _cells(row: Mapping[str, Any]) -> Sequence[str | int | None]:
    assessed = row["assessed"]
    return (
        row["driver_id"], row["name"], row["company_id"], row["cycle"], row["grade"],
        row["score"] if assessed else None, row["deductions"], row["bonus"], row["observations"],
        _("须培训") if row["training"] else "", *_counts(row["beside"]),
    )  # fmt: skip


def _counts(beside: Mapping[str, int]) -> tuple[int | None, int | None]:
    """Rules above and alike; None for a driver who was compared by none: not compared is not alike."""
    if not set(beside) - {""}:
        return None, None
    return beside.get("above", 0), beside.get("alike", 0) + beside.get("below", 0)


def visible(driver_id: str) -> None:
    """Whether the reader may see this driver; others are as if they were not there."""
    scope = viewer().scope
    if scope.driver_id:
        if scope.driver_id != driver_id:
            abort(404)
        return
    _rows, total = page(
        home(), STANDINGS, scope.standings(), Wanted(equal={"driver_id": (driver_id,)}, limit=1)
    )
    if not total:
        abort(404)


@blueprint.get("/drivers/<driver_id>")
@for_everybody
def shown(driver_id: str) -> str:
    """One driver: score, grade, what moved it, what it would take; and his index beside the fleet's."""
    visible(driver_id)
    who = viewer()
    if who.account.role != "driver":
        note_look(
            "driver", driver_id, "office" if who.account.role in OFFICE - {"manager"} else "own company"
        )
    cases, total = rows_of(
        home(), CASES, who.scope.cases(), Wanted(equal={"driver_id": (driver_id,)}, limit=_CASES_SHOWN)
    )
    return render_template("web/driver.html", **picture(driver_id), cases=cases, total=total)


def picture(driver_id: str) -> dict[str, Any]:
    """Where a driver the reader may see stands now, for templates: score, what moved it, his index."""
    standing, name = score_one(home(), driver_id, as_of_day=today(), now_ms=now_ms())
    wanted = Wanted(equal={"driver_id": (driver_id,)}, limit=200)
    indices, _many = rows_of(home(), INDICES, viewer().scope.indices(), wanted)
    binding = law()
    lines = [
        {"entry": one.entry, "what": what_said(one.entry, binding), "citation": citation(one.entry, binding),
         "status": one.status}
        for one in standing.lines
    ]  # fmt: skip
    return {
        "standing": standing,
        "name": name,
        # Training has a place of its own on these pages.
        "notes": notes_of(replace(standing, training_due_day=None)),
        "lines": lines,
        "ways": [way_said(way, binding) for way in standing.ways],
        "indices": indices,
        "compared": [row for row in indices if not row["why_not"]],
        # Who could not be compared by a rule is told so, by why: not compared is no all clear.
        "uncompared": [
            (words, rows)
            for code, words in WHY_NOT.items()
            if (rows := [row for row in indices if row["why_not"] == code])
        ],
        "beside": BESIDE_FLEET,
        "training_at": training_at(),
        "today": today(),
    }


@blueprint.get("/drivers/<driver_id>/statement.pdf")
@for_everybody
def paper(driver_id: str) -> Response:
    """The driver's statement, to print or send."""
    visible(driver_id)
    note_look("statement", driver_id, "own" if viewer().account.role == "driver" else "office")
    day = today()
    standing, name = score_one(home(), driver_id, as_of_day=day, now_ms=now_ms())
    answer = make_response(statement(standing, name, law(), day))
    answer.mimetype = "application/pdf"
    answer.headers["Content-Disposition"] = 'attachment; filename="statement.pdf"'
    return answer
