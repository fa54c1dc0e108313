"""Booked rides a driver accepted, and where his car was when the passenger waited for it."""

from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.facts.given import NOT_GIVEN, Given, instants, numbers, positions_of, words
from taxi_qa.facts.spans import along, rows_inside
from taxi_qa.facts.tickets import open_tickets
from taxi_qa.facts.unit import unit_rows
from taxi_qa.facts.who import driver_at, signed_in
from taxi_qa.law.parameter import Law
from taxi_qa.values.clock import MS_PER_S
from taxi_qa.values.columns import Columns
from taxi_qa.values.place import distance_m

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_CANCELLED: Final = "driver_cancelled"
_NEVER: Final = -1


def orders(given: Given, law: Law) -> Columns:
    """The orders due within the span.

    Returns:
        Unit columns (dated by when the driver cancelled, else when he was due; the place is the pick-up)
        and: order_id, outcome, cancel_reason, has_trip (a metered trip names the order), nearest_m (of the
        track to the pick-up while he was due, NaN where either is unknown), reach_m (as near as the car can
        have come in gaps of that time at a speed no taxi reaches; infinite without one, NaN where one has
        no end), moved_m (in that time), longest_gap_s, has_place, tickets (of a breakdown, open
        when he cancelled or was due).
    """
    table = given.tables["orders"]
    due = instants(table["pickup_due_ms"], 0)
    rows = np.flatnonzero((due >= given.from_ms) & (due < given.to_ms))
    rows = rows[np.argsort(words(table["order_id"])[rows].astype(str), kind="stable")]
    due = due[rows]
    outcome, vehicle_id = words(table["outcome"])[rows], words(table["vehicle_id"])[rows]
    order_id, own = words(table["order_id"])[rows], words(table["driver_id"])[rows]
    lon, lat = numbers(table["pickup_lon"])[rows], numbers(table["pickup_lat"])[rows]
    cancelled = np.where(outcome == _CANCELLED, instants(table["cancelled_ms"], _NEVER)[rows], _NEVER)
    start = np.where(cancelled != _NEVER, cancelled, due)
    slack_ms = int(law.number("house.service.order_late_s", given.from_ms)) * MS_PER_S
    vehicle = positions_of(given.track.vehicle_ids, vehicle_id)
    seen = along(given.track, vehicle, due - slack_ms, due + slack_ms)
    gap_ms, jump_kmh = (
        law.number("house.track.clear_gap_s", given.from_ms) * MS_PER_S,
        law.number("house.quality.jump_kmh", given.from_ms),
    )
    served = set(words(given.tables["trips"]["order_id"]).tolist()) - {""}
    signed = driver_at(given.once("sign_ins", signed_in), vehicle_id, start)
    return unit_rows(
        given,
        {
            "subject": order_id,
            "vehicle_id": vehicle_id,
            "driver_id": np.where(own != "", own, signed).astype(object),
            "start_ms": start,
            "end_ms": np.maximum(start, due),
            "lon": lon,
            "lat": lat,
            "order_id": order_id,
            "outcome": outcome,
            "cancel_reason": words(table["cancel_reason"])[rows],
            "has_trip": np.array([name in served for name in order_id], dtype=bool),
            "has_place": ~(np.isnan(lon) | np.isnan(lat)),
            "nearest_m": _nearest_m(given, vehicle, due - slack_ms, due + slack_ms, lon, lat),
            "reach_m": _reach_m(
                given,
                vehicle,
                due - slack_ms,
                due + slack_ms,
                lon,
                lat,
                gap_ms=gap_ms,
                speed_mps=jump_kmh / 3.6,
            ),
            "moved_m": seen.chord_m,
            "longest_gap_s": seen.longest_gap_s,
            "tickets": open_tickets(given, vehicle_id, start, ("vehicle",)),
        },
    )


def _nearest_m(
    given: Given, vehicle: Int64s, from_ms: Int64s, to_ms: Int64s, lon: Floats, lat: Floats
) -> Floats:
    """How near the line of the car came to each place within each span, NaN where it is not known."""
    track = given.track
    first, past = rows_inside(track, vehicle, from_ms, to_ms)
    nearest = np.full(vehicle.size, np.nan)
    for row in np.flatnonzero((vehicle != NOT_GIVEN) & (past > first) & ~np.isnan(lon) & ~np.isnan(lat)):
        line = slice(first[row], past[row])
        line_lon, line_lat = (axis[line].astype(np.float64) * 1e-7 for axis in (track.lon_e7, track.lat_e7))
        x, y = _metres_around(line_lon, line_lat, lon[row], lat[row])
        nearest[row] = _to_line_m(x, y)
    return nearest


def _reach_m(
    given: Given,
    vehicle: Int64s,
    from_ms: Int64s,
    to_ms: Int64s,
    lon: Floats,
    lat: Floats,
    *,
    gap_ms: float,
    speed_mps: float,
) -> Floats:
    """How near each car can have come to each place in the longer gaps of each span.

    From d1 metres off to r and on to d2 metres off is a way of at least d1 + d2 - 2 r.
    """
    track = given.track
    first, past = rows_inside(track, vehicle, from_ms, to_ms)
    reach = np.full(vehicle.size, np.nan)
    for row in np.flatnonzero((vehicle != NOT_GIVEN) & ~np.isnan(lon) & ~np.isnan(lat)):
        # Gaps that begin before the span or end after it count, too.
        low, high = first[row] - 1, past[row] + 1
        if low < track.starts[vehicle[row]] or high > track.starts[vehicle[row] + 1]:
            continue
        line = slice(low, high)
        line_lon, line_lat = (axis[line].astype(np.float64) * 1e-7 for axis in (track.lon_e7, track.lat_e7))
        away = distance_m(
            line_lon, line_lat, np.full(line_lon.size, lon[row]), np.full(line_lat.size, lat[row])
        )
        took_ms = np.diff(track.time_ms[line])
        nearest = (away[:-1] + away[1:] - took_ms / MS_PER_S * speed_mps) / 2
        reach[row] = np.maximum(nearest[took_ms > gap_ms], 0.0).min(initial=np.inf)
    return reach


def _metres_around(lon: Floats, lat: Floats, lon_0: float, lat_0: float) -> tuple[Floats, Floats]:
    """Metres east and north of a place."""
    here = np.full(lon.size, lat_0)
    x = distance_m(np.full(lon.size, lon_0), here, lon, here) * np.sign(lon - lon_0)
    y = distance_m(np.full(lon.size, lon_0), here, np.full(lon.size, lon_0), lat) * np.sign(lat - lat_0)
    return x, y


def _to_line_m(x: Floats, y: Floats) -> float:
    """How near a line comes to the origin: to its nearest corner or side."""
    nearest = float(np.hypot(x, y).min())
    dx, dy = np.diff(x), np.diff(y)
    square = dx * dx + dy * dy
    moved = square > 0
    share = np.clip(-(x[:-1] * dx + y[:-1] * dy)[moved] / square[moved], 0.0, 1.0)
    sides = np.hypot(x[:-1][moved] + share * dx[moved], y[:-1][moved] + share * dy[moved])
    return min(nearest, float(sides.min(initial=np.inf)))
