"""What a complaint tells of a trip, as the desk fills it in: times, plate, fare, riders, a zone."""

import re
from datetime import datetime
from typing import Final

import shapely
from flask import abort, request

from taxi_qa.facts.candidates import Wanted
from taxi_qa.runs.gather import areas_of
from taxi_qa.store.library import records
from taxi_qa.values.clock import MS_PER_DAY, instant_of, zone_of
from taxi_qa.values.identity import identifier
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.viewer import home

_FARE: Final = re.compile(r"\d{1,5}(\.\d{1,2})?", re.ASCII)
_PLATE_MOST: Final = 16
_RIDERS_MOST: Final = 20
# Every trip of the city within it is looked at.
_SPAN_MOST_MS: Final = 7 * MS_PER_DAY


def clues(vehicle_id: str, span: tuple[int, int]) -> Wanted:
    """What the complaint tells, with what the reader added in the form.

    Args:
        vehicle_id: the car it names, "" if none; a plate of the form goes before it.
        span: between which moments, where the form says nothing else.
    """
    given = {name: request.args.get(name, "").strip() for name in ("plate", "fare", "riders", "zone")}
    from_ms, to_ms = (
        _moment(request.args.get(name, ""), one) for name, one in zip(("from", "to"), span, strict=True)
    )
    if not 0 <= to_ms - from_ms <= _SPAN_MOST_MS:
        abort(400, _("结束时间应在开始时间之后，相隔不超过 %(days)s 天。", days=_SPAN_MOST_MS // MS_PER_DAY))
    fare, riders = given["fare"], given["riders"]
    if fare and not _FARE.fullmatch(fare):
        abort(400, _("车费应写作 23.50。"))
    if riders and (not re.fullmatch(r"\d{1,2}", riders, re.ASCII) or not 1 <= int(riders) <= _RIDERS_MOST):
        abort(400, _("乘客人数应为 1 到 %(most)s。", most=_RIDERS_MOST))
    return Wanted(
        from_ms,
        to_ms,
        place=_area(given["zone"]) if given["zone"] else None,
        plate=_plate(given["plate"]) if given["plate"] else vehicle_id.upper(),
        fare_fen=round(float(fare) * 100) if fare else None,
        passengers=int(riders) if riders else None,
    )


def zones_offered() -> list[tuple[str, str]]:
    """Zones somebody may name as the place: id and name, by name."""
    zones = records(home(), "zones")
    return sorted(zip(zones["zone_id"].tolist(), zones["name"].tolist(), strict=True), key=lambda one: one[1])


def _plate(text: str) -> str:
    if len(text) > _PLATE_MOST:
        abort(400, _("查找的文字太长。"))
    try:
        return identifier(text).upper()
    except ValueError:
        abort(400, _("车牌无法识别。"))


def _moment(text: str, usual_ms: int) -> int:
    """The moment of a form's field, in the city's time."""
    if not text.strip():
        return usual_ms
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        abort(400, _("时间应写作 2026-10-20T08:30。"))
    if moment.tzinfo is not None or not 1970 < moment.year < 2200:  # noqa: PLR2004 - years there are data of
        abort(400, _("时间应写作 2026-10-20T08:30。"))
    return instant_of(moment.replace(tzinfo=zone_of(home().timezone)))


def _area(zone_id: str) -> shapely.Geometry:
    areas = areas_of(records(home(), "zones"))
    if zone_id not in areas:
        abort(400, _("没有这个区域。"))
    found: shapely.Geometry = areas[zone_id]
    return found
