"""Hails in the street: people who got in and out again before any meter ran, and what the car did then."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from taxi_qa.facts.carriages import SEAT_KINDS, seat_runs
from taxi_qa.facts.complaints import seen_by_machine, told_by_people
from taxi_qa.facts.given import (
    Given,
    counts_between,
    events_of,
    instants,
    judged_rows,
    looked_up,
    numbers,
    positions_of,
    words,
)
from taxi_qa.facts.spans import along, place_at
from taxi_qa.facts.tickets import open_tickets
from taxi_qa.facts.unit import named_subject, unit_rows
from taxi_qa.facts.who import driver_at, near_handover, signed_in
from taxi_qa.law.parameter import Law
from taxi_qa.records.fixes import LOADED, OUT_OF_SERVICE
from taxi_qa.values.clock import MS_PER_H, MS_PER_MIN
from taxi_qa.values.columns import Columns, Texts, Values, stacked_columns

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Longer in the car than this, and it was no hail that came to nothing.
_LONGEST_MS: Final = 5 * MS_PER_MIN
# A trip this near is theirs: a meter of whole minutes, or one started a little late.
_TRIP_NEAR_MS: Final = 60_000
# What the car does for so long after they got out.
_AFTER_MS: Final = 5 * MS_PER_MIN
# A pause sign nobody took down speaks for this long.
_SIGN_MS: Final = 12 * MS_PER_H
_HUBS: Final = ("hub", "bay", "holding", "set_down", "no_pickup")

# What a complaint says of what seats and track say.
_UNSEEN: Final[Mapping[str, float | bool | str]] = {
    "held_s": np.nan, "left_m": np.nan, "moved_m": np.nan, "is_blind": False, "for_hire": True,
    "paused": False, "at_handover": False, "is_tested": False, "at_hub": False, "tickets": "",
}  # fmt: skip


def refusal_complaints(given: Given, law: Law) -> Columns:
    """Complaints of refusal, in the columns of `hails`."""
    return told_by_people(given, law, "refusal", _UNSEEN)


def hails(given: Given, law: Law) -> Columns:
    """Short visits to a car without any metered trip; a car without any is one row, too.

    Returns:
        Unit columns, those of complaints (empty) and: held_s (from getting in to getting out), moved_m (in
        that time), left_m (driven after it with nobody aboard, within five minutes), is_blind (the track
        does not show it), for_hire (not loaded, not out of service), paused (the sign stood), at_handover,
        is_tested, at_hub, tickets (of the car or its meter).
    """
    visits = _visits(given)
    quiet = _cars_without(given, visits)
    vehicle_id, start, end = visits["vehicle_id"], visits["start_ms"], visits["end_ms"]
    vehicle = positions_of(given.track.vehicle_ids, vehicle_id)
    until = _empty_until(given, vehicle_id, end)
    within, after = along(given.track, vehicle, start, end), along(given.track, vehicle, end, until)
    lon, lat = place_at(given.track, vehicle, start)
    known = given.once("sign_ins", signed_in)
    handover_ms = int(law.number("house.licence.handover_s", given.from_ms) * 1000)
    clear_s = law.number("house.track.clear_gap_s", given.from_ms)
    blind = np.isnan(within.chord_m) | np.isnan(after.chord_m)
    blind |= np.maximum(within.longest_gap_s, after.longest_gap_s) > clear_s
    seen: dict[str, Values] = {
        "subject": named_subject(vehicle_id, start),
        "vehicle_id": vehicle_id,
        "driver_id": driver_at(known, vehicle_id, start),
        "start_ms": start,
        "end_ms": end,
        "lon": lon,
        "lat": lat,
        "held_s": (end - start) / 1000.0,
        "moved_m": within.chord_m,
        "left_m": after.chord_m,
        "is_blind": blind,
        "for_hire": _for_hire(given, vehicle_id, start),
        "paused": _paused(given, vehicle_id, start),
        "at_handover": near_handover(
            known.starts, known.start_ms, known.end_ms, positions_of(known.vehicle_ids, vehicle_id), start,
            handover_ms,
        ),
        "is_tested": _tested(given, vehicle_id, start, end),
        "at_hub": _at_hub(given, lon, lat),
        "tickets": open_tickets(given, vehicle_id, start, ("vehicle", "meter", "terminal")),
    }  # fmt: skip
    rows = unit_rows(given, seen)
    unseen = {name: np.full(len(quiet), value, dtype=object if isinstance(value, str) else None)
              for name, value in _UNSEEN.items()}  # fmt: skip
    nobody = unit_rows(
        given,
        {**quiet.some(*quiet), "subject": named_subject(quiet["vehicle_id"], quiet["start_ms"]), **unseen},
    )
    return seen_by_machine(stacked_columns([rows, Columns(nobody.some(*rows))]))


def _visits(given: Given) -> Columns:
    """Short runs of seat events that began in the span and that no metered trip is near."""
    runs = seat_runs(given)
    start, end = runs["start_ms"], runs["end_ms"]
    runs = runs.cut((start >= given.from_ms) & (start < given.to_ms) & (end - start <= _LONGEST_MS))
    trips = given.tables["trips"]
    cars = words(trips["vehicle_id"])
    boarded, alighted = instants(trips["boarded_ms"], 0), instants(trips["alighted_ms"], 0)
    rows_of = {name: np.flatnonzero(cars == name) for name in set(runs["vehicle_id"].tolist())}
    alone = np.ones(len(runs), dtype=bool)
    for at, name in enumerate(runs["vehicle_id"]):
        mine = rows_of[name]
        near = boarded[mine] - _TRIP_NEAR_MS <= runs["end_ms"][at]
        near &= runs["start_ms"][at] <= alighted[mine] + _TRIP_NEAR_MS
        alone[at] = not near.any()
    return runs.cut(alone)


def _cars_without(given: Given, visits: Columns) -> Columns:
    """Cars with positions in the span and no such visit: with a seat sensor, or without."""
    first, past = judged_rows(given)
    visited = set(visits["vehicle_id"].tolist())
    seated = {name for kind in SEAT_KINDS for name, _ in events_of(given, kind)}
    register = given.tables["vehicles"]
    stated = dict(
        zip(words(register["vehicle_id"]), numbers(register["has_seat_sensor"]).tolist(), strict=True)
    )
    heard = counts_between(np.ones(len(given.fixes), dtype=bool), first, past) > 0
    names = np.array(
        [
            n
            for n, is_heard in zip(given.fixes.vehicle_ids, heard, strict=True)
            if is_heard and n not in visited
        ],
        dtype=object,
    )
    by_register = looked_up(names, lambda name: stated.get(name, np.nan), np.float64)
    by_events = np.array([name in seated for name in names], dtype=bool)
    has = np.where(np.isnan(by_register), by_events, by_register == 1)
    return Columns(
        {
            "vehicle_id": names,
            "start_ms": np.full(names.size, given.from_ms, dtype=np.int64),
            "end_ms": np.full(names.size, given.to_ms - 1, dtype=np.int64),
            "missing": np.where(has, "", "vehicles.has_seat_sensor").astype(object),
        }
    )


def _empty_until(given: Given, vehicle_id: Texts, end_ms: Int64s) -> Int64s:
    """Until when the car was surely empty: the next passengers, the next trip, or five minutes."""
    until = end_ms + _AFTER_MS
    runs, trips = seat_runs(given), given.tables["trips"]
    begins = (
        (runs["vehicle_id"], runs["start_ms"]),
        (words(trips["vehicle_id"]), instants(trips["boarded_ms"], 0)),
    )
    for row, name in enumerate(vehicle_id):
        for cars, moments in begins:
            later = moments[(cars == name) & (moments > end_ms[row])]
            until[row] = min(until[row], int(later.min(initial=until[row])))
    return until


def _for_hire(given: Given, vehicle_id: Texts, moments_ms: Int64s) -> Bools:
    """Whether the last position before each moment says neither loaded nor out of service."""
    fixes = given.fixes
    free = np.ones(vehicle_id.size, dtype=bool)
    for row, car in enumerate(positions_of(fixes.vehicle_ids, vehicle_id)):
        if car < 0:
            continue
        low, high = fixes.starts[car], fixes.starts[car + 1]
        at = low + np.searchsorted(fixes.time_ms[low:high], moments_ms[row], side="right") - 1
        free[row] = at < low or (fixes.flags[at] & (LOADED | OUT_OF_SERVICE)) == 0
    return free


def _paused(given: Given, vehicle_id: Texts, moments_ms: Int64s) -> Bools:
    """Whether the pause sign stood at each moment."""
    signs = [(car, at, True) for car, at in events_of(given, "pause_sign_on")]
    signs += [(car, at, False) for car, at in events_of(given, "pause_sign_off")]
    paused = np.zeros(vehicle_id.size, dtype=bool)
    if not signs:
        return paused
    for row, name in enumerate(vehicle_id):
        moment = int(moments_ms[row])
        mine = [(at, is_on) for car, at, is_on in signs if car == name and moment - _SIGN_MS <= at <= moment]
        paused[row] = bool(mine) and max(mine)[1]
    return paused


def _tested(given: Given, vehicle_id: Texts, start_ms: Int64s, end_ms: Int64s) -> Bools:
    tested = np.zeros(vehicle_id.size, dtype=bool)
    for name, moment in events_of(given, "device_test"):
        near = (start_ms - _AFTER_MS <= moment) & (moment <= end_ms + _AFTER_MS)
        tested |= (vehicle_id == name) & near
    return tested


def _at_hub(given: Given, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]) -> Bools:
    """Inside the zones of a hub: what happens there the rules of hubs judge."""
    zones = given.tables["zones"]
    inside = np.zeros(lon.size, dtype=bool)
    for zone_id, kind in zip(words(zones["zone_id"]), words(zones["kind"]), strict=True):
        if kind in _HUBS and zone_id in given.areas:
            inside |= shapely.contains_xy(given.areas[zone_id], lon, lat)
    return inside
