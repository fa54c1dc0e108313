"""Hubs of a zone: who is queuing, who left empty, who goes round, as of a moment that is said."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, render_template, request

from taxi_qa.reports.export import Cell
from taxi_qa.runs.hub_days import HubDay, days_kept, hub_day
from taxi_qa.store.hubs import hubs_of
from taxi_qa.store.plain import plain_rows
from taxi_qa.values.clock import MS_PER_DAY, MS_PER_MIN, day_start_ms
from taxi_qa.web.lists import FileKind, day_asked, table_file
from taxi_qa.web.permits import permit
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.viewer import home, note_look, now_ms, viewer
from taxi_qa.web.words import iso

blueprint: Final = Blueprint("zones", __name__)
_ROWS_SHOWN: Final = 100
_DAYS_OFFERED: Final = 31
# Fewer are a way through; more than one may still be what the hub asked for.
_LAPS_SHOWN: Final = 2
_ASK_AGAIN_MS: Final = 10_000


@blueprint.get("/zones")
@permit("inspector", "reviewer", "appeal_reviewer", "administrator")
def listed() -> str:
    """The hubs the reader may look into, and the last day that was worked out."""
    days = days_kept(home())
    return render_template("web/zones.html", hubs=hubs_of(home(), viewer().scope), last=days[:1])


@blueprint.get("/zones/<zone_id>")
@permit("inspector", "reviewer", "appeal_reviewer", "administrator")
def shown(zone_id: str) -> str:
    """One hub on one day."""
    hub = next((one for one in hubs_of(home(), viewer().scope) if zone_id in one.zone_ids), None)
    if hub is None:
        abort(404)
    days = days_kept(home())
    asked = request.args.get("day", "").strip()
    day = day_asked(asked) if asked else (days[0] if days else None)
    kept = None if day is None else hub_day(home(), day, hub.hub_id)
    values: dict[str, Any] = {"hub": hub, "day": day, "days": days[:_DAYS_OFFERED], "kept": kept}
    if day is None or kept is None:
        return render_template("web/zone.html", **values)
    note_look("zone", f"{hub.hub_id} {day}", "office")
    start_ms = day_start_ms(day, home().timezone)
    at_ms = _moment(start_ms, kept)
    turns = kept.turns[kept.turns["is_queued"].astype(bool)]
    queuing = turns[(turns["start_ms"] <= at_ms) & (turns["end_ms"] > at_ms)]
    ended = turns[(turns["end_ms"] >= start_ms) & (turns["end_ms"] <= at_ms)]
    empty = ended[ended["ended"] == "empty"].sort_values("end_ms", ascending=False)
    rounds = kept.rounds[(kept.rounds["start_ms"] >= start_ms) & (kept.rounds["start_ms"] <= at_ms)]
    laps = rounds[rounds["laps"] >= _LAPS_SHOWN].sort_values(["laps", "start_ms"], ascending=[False, True])
    loaded = ended[ended["ended"] == "loaded"]
    return render_template(
        "web/zone.html",
        **values,
        at_ms=at_ms,
        clock=datetime.fromtimestamp(at_ms / 1000, ZoneInfo(home().timezone)).strftime("%H:%M"),
        queuing=plain_rows(queuing[:_ROWS_SHOWN]),
        empty=plain_rows(empty[:_ROWS_SHOWN]),
        laps=plain_rows(laps[:_ROWS_SHOWN]),
        counts={"queuing": len(queuing), "empty": len(empty), "laps": len(laps), "loaded": len(loaded)},
        live=not asked and not request.args.get("at"),
        made=f"{day}-{kept.made_ms}",
        median_wait_s=float(loaded["wait_s"].median()) if len(loaded) else None,
    )


@blueprint.get("/zones/<zone_id>/events")
@permit("inspector", "reviewer", "appeal_reviewer", "administrator")
def events(zone_id: str) -> Response:
    """Server-sent events: when the hub's newest day was worked out last.

    One event an answer, and the browser asks again after a while: a stream that stays open would hold one of
    the server's few processes.
    """
    hub = next((one for one in hubs_of(home(), viewer().scope) if zone_id in one.zone_ids), None)
    if hub is None:
        abort(404)
    days = days_kept(home())
    kept = hub_day(home(), days[0], hub.hub_id) if days else None
    made = f"{days[0]}-{kept.made_ms}" if kept is not None else "none"
    return Response(
        f"retry: {_ASK_AGAIN_MS}\nid: {made}\nevent: worked-out\ndata: {made}\n\n",
        mimetype="text/event-stream",
    )


@blueprint.get("/zones/<zone_id>/turns.<any(csv, xlsx):kind>")
@permit("inspector", "reviewer", "appeal_reviewer", "administrator")
def turns_file(zone_id: str, kind: str) -> Response:
    """All turns in the queue of one hub and day, as a file."""
    hub = next((one for one in hubs_of(home(), viewer().scope) if zone_id in one.zone_ids), None)
    asked, days = request.args.get("day", "").strip(), days_kept(home())
    day = day_asked(asked) if asked else (days[0] if days else None)
    kept = None if hub is None or day is None else hub_day(home(), day, hub.hub_id)
    if hub is None or kept is None:
        abort(404)
    note_look("zone", f"{hub.hub_id} {day}", "office")
    titles = (
        (_("车辆"), Cell("vehicle_id")), (_("驾驶员"), Cell("driver_id")), (_("企业"), Cell("company_id")),
        (_("到达"), Cell("came")), (_("离开"), Cell("left")), (_("候客（秒）"), Cell("wait_s", "number")),
        (_("到达时前面的车"), Cell("ahead", "whole")), (_("结果"), Cell("ended")),
    )  # fmt: skip
    ended = {"loaded": _("载客离开"), "empty": _("空车离开")}
    turns = kept.turns[kept.turns["is_queued"].astype(bool)]

    def cells(row: Mapping[str, Any]) -> Sequence[str | int | float | None]:
        return (
            row["vehicle_id"], row["driver_id"], row["company_id"], iso(row["start_ms"]), iso(row["end_ms"]),
            row["wait_s"], row["ahead"], ended.get(row["ended"], row["ended"]),
        )  # fmt: skip

    return table_file([turns], len(turns), titles, cells, "turns", cast("FileKind", kind))


def _moment(start_ms: int, kept: HubDay) -> int:
    """The moment asked for on the city's clock; else the last at which a car came that day."""
    text = request.args.get("at", "").strip()
    past_ms = start_ms + MS_PER_DAY
    if text:
        try:
            clock = time.fromisoformat(text)
        except ValueError:
            abort(400, _("时刻应写作 08:30。"))
        # To the end of that minute: what happened in it belongs to it.
        return start_ms + (clock.hour * 60 + clock.minute + 1) * MS_PER_MIN - 1
    came = kept.turns.loc[kept.turns["is_queued"].astype(bool), "start_ms"]
    came = came[(came >= start_ms) & (came < past_ms)]
    return min(int(came.max()) if len(came) else past_ms - 1, max(now_ms(), start_ms))
