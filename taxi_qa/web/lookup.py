"""On the street: a car by part of its plate, what it did, and what is known of its equipment.

Whoever looks at what a car did says what for, before anything is shown; that is kept with his name.
"""

import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, abort, jsonify, render_template, request

from taxi_qa.rules.kit import catalogue
from taxi_qa.store import cars
from taxi_qa.store.browse import CASES, Wanted, page
from taxi_qa.store.plain import plain_rows
from taxi_qa.store.presence import rows_of
from taxi_qa.values.clock import MS_PER_DAY, day_of, day_start_ms, moment_of
from taxi_qa.web import words
from taxi_qa.web.lists import day_asked
from taxi_qa.web.permits import permit
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.viewer import home, law, note_look, now_ms, viewer

blueprint: Final = Blueprint("lookup", __name__)
_PART_MOST: Final = 64
_CARS_SHOWN: Final = 50
_SUGGESTED: Final = 8
_TRIPS_SHOWN: Final = 200
_CASES_SHOWN: Final = 50
# Cases about which something may still be decided.
OPEN_STATES: Final = (
    "quarantined", "queued", "proposed", "answered", "second_review", "confirmed", "appealed",
)  # fmt: skip


@dataclass(frozen=True)
class Span:
    """The time a page tells of: the last 24 hours, or a chosen day, or the last day with a trip.

    Attributes:
        kind: which of the three.
        day: the city day, None for the last 24 hours.
        from_ms, to_ms: first instant, and the one that is past.
    """

    kind: str
    day: int | None
    from_ms: int
    to_ms: int

    @property
    def days(self) -> list[int]:
        """The city days it touches."""
        return list(range(_day(self.from_ms), _day(self.to_ms - 1) + 1))


@blueprint.get("/lookup")
@permit("manager", "inspector", "reviewer", "appeal_reviewer", "administrator")
def found() -> str:
    """Cars by part of a plate."""
    part = _part()
    rows = plain_rows(cars.cars_like(home(), viewer().scope, part, _CARS_SHOWN + 1)) if part else []
    return render_template(
        "web/lookup.html", part=part, rows=rows[:_CARS_SHOWN], more=len(rows) > _CARS_SHOWN
    )


@blueprint.get("/lookup/plates.json")
@permit("manager", "inspector", "reviewer", "appeal_reviewer", "administrator")
def plates() -> Response:
    """The first plates that hold a text, to choose from while typing."""
    rows = cars.cars_like(home(), viewer().scope, _part(), _SUGGESTED) if _part() else None
    return jsonify([] if rows is None else rows["vehicle_id"].tolist())


@blueprint.get("/vehicles/<vehicle_id>")
@permit("manager", "inspector", "reviewer", "appeal_reviewer", "administrator")
def shown(vehicle_id: str) -> str:
    """One car: trips of a day with what was judged, open cases, equipment, and who was signed in."""
    scope, at_ms = viewer().scope, now_ms()
    car = cars.one_car(home(), scope, vehicle_id)
    if car is None:
        abort(404)
    why = purpose()
    if not why:
        return render_template("web/purpose.html", title=vehicle_id, purposes=words.PURPOSES)
    note_look("vehicle", vehicle_id, why)
    span = _span(vehicle_id, at_ms)
    trips = cars.records_of(
        home(), "trips", vehicle_id, "boarded_ms", (span.from_ms, span.to_ms), _TRIPS_SHOWN + 1
    )
    judged = cars.judged_of(home(), scope, vehicle_id, span.days)
    by_trip: dict[str, list[dict[str, Any]]] = {}
    for row in plain_rows(judged.found):
        by_trip.setdefault(row["trip_id"] or "", []).append(row)
    numbers = {trip["trip_id"] for trip in trips}
    beside = [
        row
        for trip_id, rows in by_trip.items()
        if trip_id not in numbers
        for row in rows
        if span.from_ms <= row["start_ms"] < span.to_ms
    ]
    seen = Wanted(
        equal={"vehicle_id": (vehicle_id,), "state": OPEN_STATES}, sort="-start_ms", limit=_CASES_SHOWN
    )
    cases, total = page(home(), CASES, scope.cases(), seen)
    return render_template(
        "web/car.html",
        car=car,
        why=why,
        span=span,
        trips=trips[:_TRIPS_SHOWN],
        more=len(trips) > _TRIPS_SHOWN,
        by_trip=by_trip,
        open_counts=Counter(judged.cannot_tell["trip_id"]),
        judged_days=judged.rules,
        unasked=unasked(judged),
        sees_all=scope.whole_city,
        unjudged_days=[day for day in span.days if day not in judged.rules],
        beside=beside,
        delivered=any(rows_of(home(), "trips", day) for day in span.days),
        cases=plain_rows(cases),
        total=total,
        devices=cars.devices_of(home(), vehicle_id, at_ms),
        repairs=cars.open_repairs(home(), vehicle_id, at_ms),
        shifts=cars.shifts_of(home(), vehicle_id, (span.from_ms, span.to_ms)),
        device_words=words.DEVICES,
        currency=words.CURRENCY_SIGNS.get(law().currency, law().currency),
    )


def unasked(judged: cars.Judged) -> int:
    """How many rules of the catalogue were not asked on every day that was judged."""
    days = judged.rules.values()
    return len(set(catalogue()) - frozenset.intersection(*days)) if days else 0


def _part() -> str:
    """The part of a plate the address asks for: full-width signs folded, blanks left out."""
    part = unicodedata.normalize("NFKC", request.args.get("q", "")).replace(" ", "")
    if len(part) > _PART_MOST or not part.isprintable():
        abort(400, _("查找的文字太长。"))
    return part


def purpose() -> str:
    """What the reader looks for, as it is kept; "" where he has to say it first.

    A manager looks at his own company's cars, which is purpose enough.
    """
    if viewer().account.role == "manager":
        return "own company"
    said = request.args.get("why", "")
    return said if said in words.PURPOSES else ""


def _span(vehicle_id: str, at_ms: int) -> Span:
    zone, asked = home().timezone, request.args.get("day", "").strip()
    if asked:
        day = day_asked(asked)
        return Span("day", day, day_start_ms(day, zone), day_start_ms(day + 1, zone))
    last_ms = cars.last_trip_ms(home(), vehicle_id, at_ms)
    if last_ms is None or last_ms >= at_ms - MS_PER_DAY:
        return Span("last24", None, at_ms - MS_PER_DAY, at_ms)
    day = _day(last_ms)
    return Span("last day", day, day_start_ms(day, zone), day_start_ms(day + 1, zone))


def _day(at_ms: int) -> int:
    """The city day of an instant."""
    return day_of(moment_of(at_ms, home().timezone).date())
