"""The list of a fleet's cars: does their equipment work, when were they heard, which cases are open."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

import pandas as pd
from flask import Blueprint, Response, render_template
from sqlalchemy import ColumnElement, and_

from taxi_qa.reports.export import Cell
from taxi_qa.store import equipment_now
from taxi_qa.store.browse import count, rows_of, whole
from taxi_qa.store.equipment_now import VEHICLES
from taxi_qa.store.plain import plain_rows
from taxi_qa.web import words
from taxi_qa.web.lists import Asked, FileKind, Filters, asked, page_of, table_file
from taxi_qa.web.permits import permit
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.translate import shown
from taxi_qa.web.viewer import home, now_ms, viewer

blueprint: Final = Blueprint("vehicles", __name__)
_FILTERS: Final = Filters(
    choices={"equipment": ("vehicle_id", frozenset({"down"})), "company": ("company_id", None)},
    search="vehicle_id|terminal_id",
    sorts=("vehicle_id", "company_id", "meter_verified_on_day"),
)


def _asked() -> tuple[Asked, ColumnElement[bool]]:
    """What the address asks for; equipment is a condition of its own and no column."""
    told = asked(_FILTERS)
    equal = dict(told.wanted.equal)
    here = equipment_now.seen(viewer().scope)
    if equal.pop("vehicle_id", None):
        here = and_(here, equipment_now.not_working(now_ms()))
    return replace(told, wanted=replace(told.wanted, equal=equal)), here


def beside(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of cars with their devices, repairs, last day heard and open cases: four queries a page."""
    names = [str(row["vehicle_id"]) for row in rows]
    devices, mending = (equipment_now.devices_of(home(), names), equipment_now.mending_of(home(), names))
    days = equipment_now.last_days_of(home(), names)
    cases = equipment_now.open_cases_of(home(), viewer().scope, names)
    return [
        {
            **row,
            "devices": devices.get(name, []),
            "mending": mending.get(name, []),
            "last_day": days.get(name),
            "open_cases": cases.get(name, 0),
        }
        for name, row in zip(names, rows, strict=True)
    ]


@blueprint.get("/vehicles")
@permit("manager", "inspector", "reviewer", "appeal_reviewer", "administrator")
def listed() -> str:
    """Cars the reader may see."""
    told, here = _asked()
    rows, total = rows_of(home(), VEHICLES, here, told.wanted)
    return render_template(
        "web/vehicles.html",
        page=page_of(beside(rows), total, told, "vehicles.listed"),
        now=now_ms(),
    )


@blueprint.get("/vehicles.<any(csv, xlsx):kind>")
@permit("manager", "inspector", "reviewer", "appeal_reviewer", "administrator")
def listed_file(kind: str) -> Response:
    """The same rows as a file."""
    told, here = _asked()
    total = count(home(), VEHICLES, here, told.wanted)
    titles = (
        (_("车辆"), Cell("vehicle_id")),
        (_("企业"), Cell("company_id")),
        (_("终端号"), Cell("terminal_id")),
        (_("计价器检定日期"), Cell("meter_verified")),
        (_("设备"), Cell("devices")),
        (_("未修复"), Cell("mending")),
        (_("最后有定位的日期"), Cell("last_day")),
        (_("未办结案件"), Cell("open_cases", "whole")),
    )

    frames = (
        pd.DataFrame(beside(plain_rows(frame)), dtype=object)
        for frame in whole(home(), VEHICLES, here, told.wanted)
    )
    return table_file(frames, total, titles, _cells, "vehicles", cast("FileKind", kind))


def _cells(row: Mapping[str, Any]) -> Sequence[str | int | None]:
    devices = "; ".join(
        f"{shown(words.DEVICES, one['device'])} {shown(words.DEVICE_STATES, one['state'])}"
        for one in row["devices"]
    )
    mending = "; ".join(
        f"{shown(words.DEVICES, one['device'])} {words.iso(one['reported_ms'])}" for one in row["mending"]
    )
    verified, last = row["meter_verified_on_day"], row["last_day"]
    return (
        row["vehicle_id"], row["company_id"], row["terminal_id"],
        "" if verified is None else words.day(verified), devices, mending,
        "" if last is None else words.day(last), row["open_cases"],
    )  # fmt: skip
