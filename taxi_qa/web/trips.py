"""One trip: the meter's record, what it should have cost, what was judged of it; and the tariff to ask."""

import math
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, render_template, request

from taxi_qa.law.fare_parts import Ride
from taxi_qa.reports.amounts import missing_said
from taxi_qa.reports.fare_view import Options, fare_view, options_at, ride_of, usual_end_ms
from taxi_qa.store import cars
from taxi_qa.store.plain import plain_rows
from taxi_qa.values.clock import instant_of
from taxi_qa.web import words
from taxi_qa.web.lookup import purpose, unasked
from taxi_qa.web.permits import for_everybody, permit
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.translate import language
from taxi_qa.web.viewer import home, law, note_look, now_ms, viewer

blueprint: Final = Blueprint("trips", __name__)
_KM_MOST: Final = 1_000
_MINUTES_MOST: Final = 24 * 60
_YEARS: Final = (2000, 2100)
_ENERGIES: Final = ("combustion", "electric")


@blueprint.get("/trips/<trip_id>")
@permit("manager", "inspector", "reviewer", "appeal_reviewer", "administrator")
def shown(trip_id: str) -> str:
    """One trip as the meter closed it, and what is said of it."""
    scope = viewer().scope
    trip = cars.one_trip(home(), scope, trip_id)
    if trip is None:
        abort(404)
    car = cars.one_car(home(), scope, trip["vehicle_id"])
    why = purpose()
    if not why:
        return render_template("web/purpose.html", title=trip_id, purposes=words.PURPOSES)
    note_look("trip", trip_id, why)
    binding = law()
    ride, zones = ride_of(trip, str((car or {}).get("energy") or ""))
    days = [int(trip["day"])]
    judged = cars.judged_of(home(), scope, trip["vehicle_id"], days, {trip_id})
    cannot_tell = [
        {
            **row,
            "missing": [missing_said(name, binding) for name in (row["missing"] or "").split(";") if name],
        }
        for row in plain_rows(judged.cannot_tell)
    ]
    return render_template(
        "web/trip.html",
        trip=trip,
        why=why,
        fare=fare_view(ride, binding, zones),
        found=plain_rows(judged.found),
        cannot_tell=cannot_tell,
        judged=bool(judged.rules),
        unasked=unasked(judged),
        sees_all=scope.whole_city,
        currency=words.CURRENCY_SIGNS.get(binding.currency, binding.currency),
        english=language() == "en",
    )


@blueprint.get("/tariff")
@for_everybody
def tariff() -> str:
    """What a ride would cost, each yuan with its rule."""
    binding = law()
    started_ms = _start_asked()
    options = options_at(binding, started_ms)
    km = _number_asked("km", _KM_MOST)
    waiting_min = _number_asked("waiting", _MINUTES_MOST)
    lasted_min = _number_asked("minutes", _MINUTES_MOST)
    said = {name: _choice(name, options) for name in ("energy", "rate", "begins", "ends")}
    fare = None
    if km is not None:
        waiting_s = (waiting_min or 0.0) * 60
        metered_m = km * 1000
        ended_ms = (
            usual_end_ms(binding, started_ms, metered_m, waiting_s)
            if lasted_min is None
            else started_ms + round(max(lasted_min * 60, waiting_s) * 1000)
        )
        ride = Ride(started_ms, ended_ms, metered_m, waiting_s, said["energy"], said["rate"], 0.0)
        fare = fare_view(ride, binding, (said["begins"], said["ends"]))
    zone = ZoneInfo(home().timezone)
    return render_template(
        "web/tariff.html",
        fare=fare,
        options=options,
        started=datetime.fromtimestamp(started_ms / 1000, zone).strftime("%Y-%m-%dT%H:%M"),
        km=km,
        waiting=waiting_min,
        minutes=lasted_min,
        said=said,
        energies={name: words.ENERGIES[name] for name in _ENERGIES},
        place=binding,
        currency=words.CURRENCY_SIGNS.get(binding.currency, binding.currency),
        english=language() == "en",
    )


def _start_asked() -> int:
    """The start of the ride on the city's clock; now where none is given."""
    text = request.args.get("start", "").strip()
    if not text:
        return now_ms()
    try:
        told = datetime.strptime(text[:16], "%Y-%m-%dT%H:%M").replace(tzinfo=ZoneInfo(home().timezone))
    except ValueError:
        abort(400, _("开始时间应写作 2026-10-20T08:30。"))
    if not _YEARS[0] <= told.year <= _YEARS[1]:
        abort(400, _("日期应在 %(first)s 年至 %(last)s 年之间。", first=_YEARS[0], last=_YEARS[1]))
    return instant_of(told)


def _number_asked(name: str, most: int) -> float | None:
    text = request.args.get(name, "").strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= most:
        abort(400, _("“%(name)s”应为 0 至 %(most)s 之间的数。", name=name, most=most))
    return number


def _choice(name: str, options: Options) -> str:
    """A value the tariff of that moment knows; another one is refused."""
    text = request.args.get(name, "")
    known: dict[str, tuple[Any, ...]] = {
        "energy": _ENERGIES, "rate": options.rate_codes, "begins": options.zones, "ends": options.zones,
    }  # fmt: skip
    if text and text not in known[name]:
        abort(400, _("筛选条件“%(name)s”的取值无法识别。", name=name))
    return text
