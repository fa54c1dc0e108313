"""Inspections on the street: a form for one thumb, the own list, and ten minutes to take one back."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final, cast

import pandas as pd
from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from taxi_qa.records.kinds import INSPECTION_ITEMS
from taxi_qa.reports.export import Cell
from taxi_qa.store import cars
from taxi_qa.store import inspections as kept
from taxi_qa.store.evidence import EvidenceError, keep_file, path_of
from taxi_qa.store.home import HomeError
from taxi_qa.store.turns import in_turn
from taxi_qa.values.clock import MS_PER_MIN
from taxi_qa.values.identity import identifier
from taxi_qa.web import words
from taxi_qa.web.case_page import uploads
from taxi_qa.web.lists import FileKind, table_file
from taxi_qa.web.permits import permit
from taxi_qa.web.refusals import FILE_REFUSALS
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.translate import shown
from taxi_qa.web.viewer import home, note_look, now_ms, today, viewer

blueprint: Final = Blueprint("inspections", __name__)
UNDO_MS: Final = 10 * MS_PER_MIN
_DAYS_SHOWN: Final = 31
_ROWS_SHOWN: Final = 200
_PHOTO_BYTES: Final = 10_000_000
_PHOTOS_MOST: Final = 6
_BEGINNINGS: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
# Threads of one process share its lock on the home: they wait for each other here.
_WAIT_S: Final = 3.0


@blueprint.get("/inspections")
@permit("inspector")
def listed() -> str:
    """The reader's own inspections of the last month; an auditor sees everybody's."""
    return render_template(
        "web/inspections.html",
        rows=_rows(),
        now=now_ms(),
        undo_ms=UNDO_MS,
        items=words.ITEMS,
        days=_DAYS_SHOWN,
    )


@blueprint.get("/inspections.<any(csv, xlsx):kind>")
@permit("inspector")
def listed_file(kind: str) -> Response:
    """The same rows as a file, a column each item."""
    rows = _rows()
    titles = [
        (_("检查编号"), Cell("inspection_id")), (_("时间"), Cell("at")), (_("车辆"), Cell("vehicle_id")),
        (_("区域"), Cell("zone_id")), (_("已撤销"), Cell("undone")),
        *((str(title), Cell(name)) for name, title in words.ITEMS.items()),
        (_("备注"), Cell("note")), (_("照片数"), Cell("photos", "whole")),
    ]  # fmt: skip
    said = {"pass": _("通过"), "fail": _("不通过"), "not checked": _("未查")}

    def cells(row: Mapping[str, Any]) -> Sequence[str | int | None]:
        items = row["items"]
        return (
            row["inspection_id"], words.iso(row["at_ms"]), row["vehicle_id"], row["zone_id"] or "",
            "" if items else _("是"), *(said.get(items.get(name, ""), "") for name in words.ITEMS),
            row["note"], len(row["photos"]),
        )  # fmt: skip

    frame = pd.DataFrame([asdict(row) for row in rows], dtype=object)
    return table_file(
        [frame] if rows else [], len(rows), titles, cells, "inspections", cast("FileKind", kind)
    )


def _rows() -> list[kept.Inspection]:
    """The reader's own inspections of the last month; an auditor sees everybody's."""
    account = viewer().account
    own = account.account_id if account.role == "inspector" else ""
    return kept.inspections_since(home(), today() - _DAYS_SHOWN, own, _ROWS_SHOWN)


@blueprint.get("/inspections/new")
@permit("inspector")
def new() -> str:
    """An empty form."""
    return _form({"id": kept.new_id(), "vehicle": request.args.get("vehicle", "")[:64]})


def _form(filled: dict[str, str]) -> str:
    account = viewer().account
    zones = dict(kept.hubs(home()))
    if account.zone_ids:
        zones = {zone_id: zones.get(zone_id, zone_id) for zone_id in account.zone_ids}
    return render_template(
        "web/inspection_form.html",
        filled=filled,
        zones=zones,
        only_zone=account.zone_ids[0] if len(account.zone_ids) == 1 else "",
        items={name: words.ITEMS[name] for name in INSPECTION_ITEMS},
        results=words.RESULTS,
        photos_most=_PHOTOS_MOST,
    )


@blueprint.post("/inspections")
@permit("inspector")
def filed() -> str | AnyResponse:
    """Take an inspection in; what cannot be taken comes back with the words and all that was filled in."""
    form = request.form
    inspection_id = form.get("id", "")
    if not kept.is_own_id(inspection_id):
        abort(400, _("页面已失效，请重新打开检查表。"))
    if kept.inspection_of(home(), inspection_id) is not None:
        flash(_("这次检查已经提交过了。"), "refused")
        return redirect(url_for("inspections.listed"))
    try:
        one = _told(inspection_id)
        _take_in(one)
    except (kept.InspectionError, EvidenceError, HomeError) as error:
        flash(_why_not(error), "refused")
        return _form({name: value for name, value in form.items() if name != "csrf_token"})
    if cars.one_car(home(), viewer().scope, one.vehicle_id) is None:
        flash(_("已提交。车牌“%(plate)s”不在车辆名册中，请核对。", plate=one.vehicle_id), "done")
    else:
        flash(_("已提交，下一次核查时计入。十分钟内可以撤销。"), "done")
    return redirect(url_for("inspections.listed"))


def _told(inspection_id: str) -> kept.Inspection:
    """The inspection the form tells of, photos aside.

    Raises:
        InspectionError: nothing was checked, no plate, or a zone that is not his.
    """
    form, account = request.form, viewer().account
    items = {name: form.get(name, "not checked") for name in INSPECTION_ITEMS}
    checked = {name: said for name, said in items.items() if said != "not checked"}
    if not checked:
        raise kept.InspectionError("nothing was checked", "nothing")
    zone_id = form.get("zone", "")
    if zone_id and zone_id not in (account.zone_ids or dict(kept.hubs(home()))):
        raise kept.InspectionError(f"{zone_id[:64]} is no zone of the inspector", "zone")
    return kept.Inspection(
        inspection_id=inspection_id,
        at_ms=now_ms(),
        inspector=account.account_id,
        vehicle_id=_plate(form.get("vehicle", "")),
        driver_id=form.get("driver", "").strip()[:64],
        zone_id=zone_id,
        items=checked,
        note=form.get("note", "").strip(),
    )


def _plate(text: str) -> str:
    """A plate as the register writes it, else as it was typed, in capitals."""
    try:
        typed = identifier(text.replace(" ", ""))
    except ValueError:
        raise kept.InspectionError("no plate", "no_plate" if not text.strip() else "name") from None
    alike = cars.cars_like(home(), viewer().scope, typed, 10)["vehicle_id"]
    return next((str(name) for name in alike if name.upper() == typed.upper()), typed.upper())


def _take_in(one: kept.Inspection) -> None:
    sent = [file for file in request.files.getlist("photos") if file.filename]
    if len(sent) > _PHOTOS_MOST:
        raise kept.InspectionError(f"more than {_PHOTOS_MOST} photos", "photos_many")
    with (
        tempfile.TemporaryDirectory(prefix="taxi_qa_") as folder,
        in_turn(home(), _WAIT_S),
    ):
        files = uploads(Path(folder), sent)
        if not all(_is_photo(path) for path in files):
            raise kept.InspectionError("a photo is JPEG or PNG", "photo_kind")
        photos = [keep_file(home(), path, _PHOTO_BYTES).sha256 for path in files]
        kept.file_inspection(home(), replace(one, photos=tuple(photos)), one.at_ms)


def _is_photo(path: Path) -> bool:
    """Told by its first bytes, not by its name."""
    with path.open("rb") as file:
        return file.read(8).startswith(_BEGINNINGS)


def _why_not(error: kept.InspectionError | EvidenceError | HomeError) -> str:
    if isinstance(error, HomeError):
        return _(
            "没有提交：系统正在导入或核查数据，请过一会儿再提交。您填写的内容还在下面，照片需要重新选择。"
        )
    if isinstance(error, EvidenceError):
        why = f"{error.name}: {shown(FILE_REFUSALS, error.code)}"
    else:
        why = shown(words.INSPECTION_REFUSALS, error.code)
    return _("没有提交：%(why)s", why=why)


@blueprint.post("/inspections/<inspection_id>/undo")
@permit("inspector")
def undone(inspection_id: str) -> AnyResponse:
    """Take an own inspection back within ten minutes: a correction without any item."""
    one = kept.inspection_of(home(), inspection_id)
    if one is None or one.inspector != viewer().account.account_id:
        abort(404)
    if not one.items:
        flash(_("这次检查已经撤销。"), "refused")
    elif now_ms() - one.at_ms > UNDO_MS:
        flash(_("提交已超过十分钟，不能再撤销。"), "refused")
    else:
        try:
            with in_turn(home(), _WAIT_S):
                kept.file_inspection(home(), replace(one, items={}), now_ms())
        except HomeError:
            flash(_("没有撤销：系统正在导入或核查数据，请马上再试一次。"), "refused")
        else:
            flash(_("已撤销，这次检查不会计入。"), "done")
    return redirect(url_for("inspections.listed"))


@blueprint.get("/inspections/<inspection_id>/photos/<sha256>")
@permit("inspector")
def photo(inspection_id: str, sha256: str) -> AnyResponse:
    """A photo of an own inspection; an auditor sees everybody's."""
    one, account = kept.inspection_of(home(), inspection_id), viewer().account
    mine = one is not None and (account.role == "auditor" or one.inspector == account.account_id)
    if one is None or not mine or sha256 not in one.photos:
        abort(404)
    note_look("inspection photo", f"{inspection_id} {sha256[:12]}", "own inspection")
    found = path_of(home(), sha256).read_bytes()
    answer = make_response(found)
    answer.mimetype = "image/png" if found.startswith(b"\x89PNG") else "image/jpeg"
    return answer
