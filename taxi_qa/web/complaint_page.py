"""One complaint: its clocks, the trips it may mean, and on paper what the data show of such a trip."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from flask import Blueprint, Response, abort, make_response, render_template, request

from taxi_qa.facts.candidates import Candidate
from taxi_qa.facts.track import lay
from taxi_qa.reports.amounts import Said, missing_said
from taxi_qa.reports.fare_view import fare_view, ride_of
from taxi_qa.reports.trip_paper import TrackSum, TripStory, trip_paper
from taxi_qa.rules.kit import catalogue
from taxi_qa.runs.complaint_search import search
from taxi_qa.store import cars, complaint_desk, positions
from taxi_qa.store.asked import askings
from taxi_qa.store.plain import plain_rows
from taxi_qa.store.positions import Stretch
from taxi_qa.store.scope import Scope
from taxi_qa.values.clock import MS_PER_DAY, MS_PER_S, city_day
from taxi_qa.values.identity import bucket_of
from taxi_qa.web.complaint_search import clues, zones_offered
from taxi_qa.web.complaints import CATEGORIES, OUTCOMES, with_clocks
from taxi_qa.web.permits import permit
from taxi_qa.web.viewer import home, law, note_look, now_ms, today, viewer

blueprint: Final = Blueprint("complaint_page", __name__)
_TRIPS_SHOWN: Final = 20
_SEARCHED: Final = 10
# Without a moment told, so long before it came in.
_BEFORE_MS: Final = MS_PER_DAY


@blueprint.get("/complaints/<complaint_id>")
@permit("manager", "inspector", "reviewer", "appeal_reviewer", "administrator")
def shown(complaint_id: str) -> str:
    """One complaint with the trips it may mean."""
    told = _complaint(complaint_id)
    note_look("complaint", complaint_id, _why())
    span = _span(told)
    trips: list[dict[str, Any]] = []
    scope = viewer().scope
    if told["vehicle_id"] and cars.one_car(home(), scope, told["vehicle_id"]):
        # Rides end within two hours or so: one that began before may still be meant.
        early = (span[0] - MS_PER_DAY // 12, span[1])
        found = cars.records_of(home(), "trips", told["vehicle_id"], "boarded_ms", early, _TRIPS_SHOWN)
        trips = [trip for trip in found if trip["alighted_ms"] >= span[0]]
    named = cars.one_trip(home(), scope, told["trip_id"]) if told["trip_id"] else None
    if named and named["trip_id"] not in {trip["trip_id"] for trip in trips}:
        trips.insert(0, named)
    return render_template(
        "web/complaint.html",
        told=with_clocks(told, now_ms()),
        span=span,
        moment_told=told["happened_ms"] is not None,
        trips=trips,
        candidates=_candidates(told, span) if request.args.get("search") else None,
        categories=CATEGORIES,
        outcomes=OUTCOMES,
        currency=law().currency,
        zones=zones_offered(),
        typed=request.args,
    )


@blueprint.get("/complaints/<complaint_id>/trips/<trip_id>/data.pdf")
@permit("manager", "inspector", "reviewer", "appeal_reviewer", "administrator")
def paper(complaint_id: str, trip_id: str) -> Response:
    """What the data show of a trip, on paper."""
    _complaint(complaint_id)
    trip = cars.one_trip(home(), viewer().scope, trip_id)
    if trip is None:
        abort(404)
    note_look("trip paper", trip_id, _why())
    answer = make_response(trip_paper(story_of(trip), complaint_id, law(), today()))
    answer.mimetype = "application/pdf"
    answer.headers["Content-Disposition"] = 'attachment; filename="trip.pdf"'
    return answer


def story_of(trip: dict[str, Any]) -> TripStory:
    """What the records and the checks tell of a trip."""
    scope, binding, vehicle_id = viewer().scope, law(), str(trip["vehicle_id"])
    car = cars.one_car(home(), scope, vehicle_id)
    ride, zones = ride_of(trip, str((car or {}).get("energy") or ""))
    day, trip_id = int(trip["day"]), str(trip["trip_id"])
    judged = cars.judged_of(home(), scope, vehicle_id, [day], {trip_id})
    found = sorted({(str(row["rule"]), _state(row)) for row in plain_rows(judged.found)})
    # What the reader may not see is not told; but it is no all clear either.
    every = cars.judged_of(home(), Scope(whole_city=True), vehicle_id, [day], {trip_id}).found
    not_clean = set(every["rule"].tolist())
    open_rows = plain_rows(judged.cannot_tell)
    cannot_tell = sorted({(str(row["rule"]), str(row["missing"] or "")) for row in open_rows})
    unsure = {rule for rule, _missing in cannot_tell}
    return TripStory(
        trip_id=trip_id,
        vehicle_id=vehicle_id,
        driver_id=str(trip["driver_id"] or ""),
        boarded_ms=int(trip["boarded_ms"]),
        alighted_ms=int(trip["alighted_ms"]),
        metered_m=trip["metered_m"],
        fare_fen=trip["fare_fen"],
        paid_fen=trip["paid_fen"],
        fare=fare_view(ride, binding, zones),
        track=track_of(trip),
        clean=[rule for rule in _asked_of(vehicle_id, day) if rule not in {*not_clean, *unsure}],
        cannot_tell=[(rule, _missing(names)) for rule, names in cannot_tell],
        found=found,
        judged=bool(judged.days),
    )


def _state(row: dict[str, Any]) -> str:
    """The state of a finding's case; that of the finding where it was excused before any case."""
    return str(row["state"] or ("excused" if row["status"] == "excused" else ""))


def _asked_of(vehicle_id: str, day: int) -> list[str]:
    """Rules that judge trips as such and were asked about the car's on a day."""
    rules = {name for name, rule in catalogue().items() if rule.judges == "trips"}
    bucket = bucket_of(vehicle_id, home().buckets)
    return sorted(
        {
            rule
            for (rule, job), told in askings(home(), rules, day, day).items()
            if job.bucket == bucket
            and any(one.examined and (one.cars is None or vehicle_id in one.cars) for one in told)
        }
    )


def _missing(names: str) -> Said:
    said = [missing_said(name, law()) for name in names.split(";") if name]
    return Said("、".join(one.zh for one in said), ", ".join(one.en for one in said))


def track_of(trip: dict[str, Any]) -> TrackSum | None:
    """The car's track between getting in and out, None where no position was sent."""
    begin, end = int(trip["boarded_ms"]), int(trip["alighted_ms"])
    vehicle_id = str(trip["vehicle_id"])
    first, last = (int(day) for day in city_day(np.array([begin, end]), home().timezone))
    stretch = Stretch(tuple(range(first, last + 1)), (bucket_of(vehicle_id, home().buckets),), begin, end + 1)
    fixes = positions.fixes_of(home(), stretch, ("speed_ckmh",), {vehicle_id})
    if not len(fixes.time_ms):
        return None
    track = lay(fixes, law().number("house.quality.jump_kmh", begin))
    at: npt.NDArray[np.int64] = np.concatenate(([begin], track.time_ms, [end]))
    driven_m = float(track.cum_m[-1] - track.cum_m[0]) if len(track.cum_m) else 0.0
    return TrackSum(len(track.time_ms), driven_m, float(np.diff(at).max()) / MS_PER_S)


def _candidates(told: dict[str, Any], span: tuple[int, int]) -> Sequence[Candidate]:
    """The trips of the city the complaint may mean, as far as the reader sees their company."""
    scope = viewer().scope
    found = search(home(), clues(told["vehicle_id"] or "", span))
    return [one for one in found if scope.sees_company(one.company_id)][:_SEARCHED]


def _span(told: dict[str, Any]) -> tuple[int, int]:
    """Between which moments it happened: around the one that was told, else before it came in."""
    around_ms = int(law().number("house.complaint.around_s", told["received_ms"])) * MS_PER_S
    happened = told["happened_ms"]
    if happened is None:
        return told["received_ms"] - _BEFORE_MS, told["received_ms"]
    return happened - around_ms, happened + around_ms


def _complaint(complaint_id: str) -> dict[str, Any]:
    told = complaint_desk.one_complaint(home(), viewer().scope, complaint_id)
    if told is None:
        abort(404)
    return told


def _why() -> str:
    return "own company" if viewer().account.role == "manager" else "complaint"
