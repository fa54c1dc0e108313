"""On the street: a car by part of its plate, what it did, and what is known of its equipment.

Whoever looks at what a car did says what for, before anything is shown; that is kept with his name.
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, abort, jsonify, render_template, request

from taxi_qa.reports.export import Cell
from taxi_qa.rules.kit import catalogue
from taxi_qa.store import cars
from taxi_qa.store.browse import CASES, Wanted, page
from taxi_qa.store.plain import plain_rows
from taxi_qa.store.presence import rows_of
from taxi_qa.values.clock import MS_PER_DAY, day_of, day_start_ms, moment_of
from taxi_qa.web import words
from taxi_qa.web.lists import Value, day_asked, rows_file
from taxi_qa.web.permits import permit
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.translate import lazy_gettext
from taxi_qa.web.translate import shown as shown_as
from taxi_qa.web.viewer import home, law, note_look, now_ms, stage_now, viewer

blueprint: Final = Blueprint("lookup", __name__)
_PART_MOST: Final = 64
_CARS_SHOWN: Final = 50
_SUGGESTED: Final = 8
_TRIPS_SHOWN: Final = 200
# More than a car drives in a day or two.
_TRIPS_FILED: Final = 10_000
# What stands where no finding does.
LEFT: Final = {
    "not judged": lazy_gettext("尚未核查"),
    "nothing to see": lazy_gettext("没有您可以查看的发现"),
    "nothing by those asked": lazy_gettext("已运行的规则未发现问题"),
    "clean": lazy_gettext("未发现问题"),
}
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


@dataclass(frozen=True)
class Told:
    """Trips of a span and what is said of them.

    Attributes:
        trips: the latest first.
        by_trip: findings the reader may see, by trip ("" none).
        unsure: how many rules cannot tell, by trip.
        judged_days: those on which any rule was asked.
        unasked: rules that were not asked on every such day.
        left: by trip, a key of `LEFT`: what stands where nothing was found.
    """

    trips: list[dict[str, Any]]
    by_trip: dict[str, list[dict[str, Any]]]
    unsure: Counter[str]
    judged_days: frozenset[int]
    unasked: int
    left: dict[str, str]


def _told(vehicle_id: str, span: Span, most: int) -> Told:
    scope = viewer().scope
    trips = cars.records_of(home(), "trips", vehicle_id, "boarded_ms", (span.from_ms, span.to_ms), most)
    judged = cars.judged_of(home(), scope, vehicle_id, span.days)
    by_trip: dict[str, list[dict[str, Any]]] = {}
    for row in plain_rows(judged.found):
        by_trip.setdefault(row["trip_id"] or "", []).append(row)
    unsure, missed = Counter[str](judged.cannot_tell["trip_id"]), unasked(judged)
    left = {}
    for trip in trips:
        found, open_ = by_trip.get(trip["trip_id"]), unsure[trip["trip_id"]]
        if trip["day"] not in judged.rules:
            left[trip["trip_id"]] = "not judged"
        elif not found and not scope.whole_city:
            left[trip["trip_id"]] = "nothing to see"
        elif not found and missed:
            left[trip["trip_id"]] = "nothing by those asked"
        elif not found and not open_:
            left[trip["trip_id"]] = "clean"
    return Told(trips, by_trip, unsure, frozenset(judged.rules), missed, left)


@blueprint.get("/vehicles/<vehicle_id>/trips.<any(csv, xlsx):kind>")
@permit("manager", "inspector", "reviewer", "appeal_reviewer", "administrator")
def trips_file(vehicle_id: str, kind: str) -> Response | str:
    """The trips of a car's page as a file; looked at as the page is, for a purpose that is kept."""
    if cars.one_car(home(), viewer().scope, vehicle_id) is None:
        abort(404)
    why = purpose()
    if not why:
        return render_template("web/purpose.html", title=vehicle_id, purposes=words.PURPOSES)
    note_look("vehicle", vehicle_id, why)
    told = _told(vehicle_id, _span(vehicle_id, now_ms()), _TRIPS_FILED)
    sign = words.CURRENCY_SIGNS.get(law().currency, law().currency)
    titles = (
        (_("行程"), Cell("trip_id")),
        (_("上车"), Cell("boarded")),
        (_("下车"), Cell("alighted")),
        (_("驾驶员"), Cell("driver_id")),
        (_("公里"), Cell("km", "number")),
        (f"{_('车费')} ({sign})", Cell("fare", "money")),
        (f"{_('实付')} ({sign})", Cell("paid", "money")),
        (_("核查结果"), Cell("said")),
    )

    def cells(trip: Mapping[str, Any]) -> tuple[Value, ...]:
        name = trip["trip_id"]
        said = [_verdict(row) for row in told.by_trip.get(name, [])]
        if told.unsure[name]:
            said.append(_("%(count)s 项无法判断", count=told.unsure[name]))
        if name in told.left:
            said.append(shown_as(LEFT, told.left[name]))
        return (
            name, words.iso(trip["boarded_ms"]), words.iso(trip["alighted_ms"]), trip["driver_id"],
            None if trip["metered_m"] is None else trip["metered_m"] / 1000,
            *(None if trip[fen] is None else trip[fen] / 100 for fen in ("fare_fen", "paid_fen")),
            "; ".join(said),
        )  # fmt: skip

    return rows_file([cells(trip) for trip in told.trips], titles, "trips", kind)


def _verdict(row: Mapping[str, Any]) -> str:
    """A finding in a word, as the page has it: what, how far it was decided, and whether it is a lead."""
    stage = stage_now(row["stage"], row["rule"])
    state = [shown_as(words.STATES, row["state"])] if row["case_id"] else []
    return " ".join(
        [
            words.rule_title(row["rule"]),
            *state,
            *([] if stage == "stable" else [shown_as(words.STAGES, stage)]),
        ]
    )


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
    told = _told(vehicle_id, span, _TRIPS_SHOWN + 1)
    numbers = {trip["trip_id"] for trip in told.trips}
    beside = [
        row
        for trip_id, rows in told.by_trip.items()
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
        trips=told.trips[:_TRIPS_SHOWN],
        more=len(told.trips) > _TRIPS_SHOWN,
        by_trip=told.by_trip,
        open_counts=told.unsure,
        left=told.left,
        leaves=LEFT,
        unasked=told.unasked,
        unjudged_days=[day for day in span.days if day not in told.judged_days],
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
