"""Turns at hubs: a car's empty stay in a hub, and what its own records say of it.

A turn goes from the entry (or the end of a ride inside) to the next ride or the leaving. A car that
passes by, or over the hub on an upper road, has no turn in a queue: a turn is `queued` only if the car
stood there (`QUEUED_S`).
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.facts.carriages import loaded_runs, seat_runs, uncovered
from taxi_qa.facts.given import Given, counts_between, events_of, instants, numbers, positions_of, words
from taxi_qa.facts.hub_zones import BAY, HOLDING, LOADING, SET_DOWN, hub_fixes, hub_zones
from taxi_qa.facts.spans import place_at, rows_inside
from taxi_qa.facts.track import Track
from taxi_qa.facts.unit import named_subject, unit_rows
from taxi_qa.facts.who import driver_at, near_handover, signed_in
from taxi_qa.records.fixes import BOOKED, OUT_OF_SERVICE
from taxi_qa.values.clock import MS_PER_H, MS_PER_MIN
from taxi_qa.values.columns import Columns, Texts

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# A receiver may put a car outside for so long without its having left.
OUTSIDE_MS: Final = MS_PER_MIN
# Unseen for longer between two places in a hub: nobody knows where it was.
UNSEEN_MS: Final = 30 * MS_PER_MIN
# Unseen for longer before a car is first seen inside: nobody knows when it came.
COMES_MS: Final = 2 * MS_PER_MIN
# Who stood so long in all stood in the queue; a red light is shorter.
QUEUED_S: Final = 60.0
# After a set-down passengers pay and take their luggage: standing then is no waiting.
SETTLING_MS: Final = 2 * MS_PER_MIN
# A meter may start round the corner.
CORNER_MS: Final = 3 * MS_PER_MIN
# What happens so soon after a car left may be why it left.
AFTER_MS: Final = 2 * MS_PER_MIN
# A booked ride is near its due time.
DUE_MS: Final = 15 * MS_PER_MIN
# Short-trip ticket: such a ride gives its driver another turn at once (answers 13).
SHORT_M: Final = 8_000.0
TICKET_MS: Final = 60 * MS_PER_MIN
# A sign speaks for so long, if nobody takes it back.
SIGN_MS: Final = 12 * MS_PER_H
# Going off duty: a shift of the car begins or ends so soon after it left.
OFF_MS: Final = 30 * MS_PER_MIN
_STANDS_BELOW_MPS: Final = 3.0 / 3.6
_WANDER_M: Final = 5.0


def carried(given: Given) -> Columns:
    """Rides of all cars of the track: metered trips, and loaded runs beside any trip; worked out once.

    Returns:
        vehicle (index in the track), start_ms, end_ms, trip_id ("" without a trip), driver_id, metered_m,
        order_id, slack_ms (times of whole minutes); by vehicle and start.
    """
    return given.once("hub_carried", _carried)


def _carried(given: Given) -> Columns:
    trips, runs = given.tables["trips"], loaded_runs(given)
    of_trip = positions_of(given.track.vehicle_ids, trips["vehicle_id"])
    board, alight = instants(trips["boarded_ms"], 0), instants(trips["alighted_ms"], 0)
    minutes = (board % MS_PER_MIN == 0) & (alight % MS_PER_MIN == 0)
    of_run = positions_of(given.track.vehicle_ids, runs["vehicle_id"])
    alone = ~_touches(of_run, runs["start_ms"], runs["end_ms"], of_trip, board - AFTER_MS, alight + AFTER_MS)
    n = int(alone.sum())
    nothing = np.full(n, "", dtype=object)
    rides = Columns(
        {
            "vehicle": np.concatenate((of_trip, of_run[alone])),
            "start_ms": np.concatenate((board, runs["start_ms"][alone])),
            "end_ms": np.concatenate((alight, runs["end_ms"][alone])),
            "slack_ms": np.concatenate((np.where(minutes, MS_PER_MIN, 0), np.zeros(n, dtype=np.int64))),
            "metered_m": np.concatenate((numbers(trips["metered_m"]), np.full(n, np.nan))),
            **{
                name: np.concatenate((words(trips[name]), nothing))
                for name in ("trip_id", "driver_id", "order_id")
            },
        }
    )
    rides = rides.cut(rides["vehicle"] >= 0)
    names = rides["trip_id"].astype(str)
    return rides.cut(np.lexsort((names, rides["end_ms"], rides["start_ms"], rides["vehicle"])))


def _touches(a: Int64s, a_from: Int64s, a_to: Int64s, b: Int64s, b_from: Int64s, b_to: Int64s) -> Bools:
    """Whether each span a of a car overlaps any span b of the same car."""
    order = np.lexsort((b_from, b))
    b, b_from, b_to = b[order], b_from[order], b_to[order]
    starts = np.searchsorted(b, np.arange(max(a.max(initial=0), b.max(initial=0)) + 2)).astype(np.int64)
    left, begin, end = uncovered(np.maximum(a, 0), a_from, a_to + 1, starts, b_from, b_to)
    free = np.bincount(left, weights=end - begin, minlength=a.size)
    touched: Bools = (free < a_to + 1 - a_from) & (a >= 0)
    return touched


def hub_turns(given: Given) -> Columns | None:
    """The turns that began within three hours of the span; worked out once. None without hubs.

    Returns:
        Unit columns (driver: of the ride it ended with, else who was signed in) and
        hub (name), has_bays, max_wait_s (NaN none); stay (number), first, past (its `hub_fixes`);
        seen_from, seen_to: whether the car was seen to come (no more than two minutes before it was first
        seen inside), and after it left;
        gap_s: longest gap between positions; stood_s, bay_s: standing in all (set-down lanes and the two
        minutes after a set-down left out), and in bays; bay_ms: last time seen in a bay, NaN never;
        after_set_down, in_loading_lane;
        ended: loaded (a metered trip), carried (by another sign), corner (a ride began soon after), empty;
        load_ms, load_slack_ms, load_m, order_id: of the trip it ended with;
        short_m: metered length of a short trip from this hub that it comes back from, NaN none;
        is_reserved, is_paused, goes_off, tried_ms (somebody boarded and alighted, no trip), NaN never.
    """
    return given.once("hub_turns", _hub_turns)


def _hub_turns(given: Given) -> Columns | None:
    fixes, zones, track, rides = hub_fixes(given), hub_zones(given), given.track, carried(given)
    if fixes is None or zones is None:
        return None
    stay, first, last = _stays(fixes)
    vehicle, hub = fixes["vehicle"][first], fixes["hub"][first]
    starts = np.searchsorted(rides["vehicle"], np.arange(len(track.vehicle_ids) + 1)).astype(np.int64)
    leaves = _leaves(given, fixes, last)
    of_stay, begin, end = uncovered(
        vehicle, fixes["time_ms"][first], leaves, starts, rides["start_ms"], rides["end_ms"]
    )
    vehicle, hub = vehicle[of_stay], hub[of_stay]
    a, b = _fixes_of(fixes, stay, of_stay, begin), _fixes_of(fixes, stay, of_stay, end + 1)
    came, left = begin == fixes["time_ms"][first[of_stay]], end == leaves[of_stay]
    before = _ride_at(rides, "end_ms", vehicle, begin)
    after = _ride_at(rides, "start_ms", vehicle, end)
    row_first, row_last = fixes["row"][first[of_stay]], fixes["row"][last[of_stay]]
    ended = _ended(given, rides, vehicle, end, after, ~left)
    names = np.array(track.vehicle_ids, dtype=object)[vehicle]
    loaded = ended == "loaded"
    trip = np.where(loaded, after, -1)
    lon, lat = place_at(track, vehicle, end)
    own = _of_ride(rides["driver_id"], trip)
    signed = driver_at(given.once("sign_ins", signed_in), names, end)
    turns: dict[str, npt.NDArray[np.generic]] = {
        "subject": named_subject(names, begin),
        "vehicle_id": names,
        "driver_id": np.where(own != "", own, signed).astype(object),
        "trip_id": _of_ride(rides["trip_id"], trip),
        "start_ms": begin,
        "end_ms": end,
        "lon": lon,
        "lat": lat,
        "hub": zones.hubs[hub],
        "has_bays": zones.has_bays[hub],
        "max_wait_s": zones.max_wait_s[hub],
        "vehicle": vehicle,
        "stay": of_stay,
        "first": a,
        "past": b,
        "seen_from": ~came | _seen_come(track, vehicle, row_first),
        "seen_to": ~left | (row_last < track.starts[vehicle + 1] - 1),
        "after_set_down": before >= 0,
        "ended": ended,
        "load_slack_ms": np.append(rides["slack_ms"], 0)[trip],
        "load_m": np.append(rides["metered_m"], np.nan)[trip],
        "order_id": _of_ride(rides["order_id"], trip),
    }
    turns |= _standing(given, fixes, Columns(turns))
    turns["short_m"] = _short_ride(rides, Columns(turns), before, zones.hubs[hub])
    turns |= _circumstances(given, Columns(turns))
    return unit_rows(given, turns)


def _seen_come(track: Track, vehicle: Int64s, row: Int64s) -> Bools:
    """Whether the car was seen not long before that fix: else it may have come at any time since."""
    before = np.maximum(row - 1, 0)
    seen: Bools = (row > track.starts[vehicle]) & (track.time_ms[row] - track.time_ms[before] <= COMES_MS)
    return seen


def _stays(fixes: Columns) -> tuple[Int64s, Int64s, Int64s]:
    """The stay of each fix, and the first and last fix of each stay."""
    time_ms, row = fixes["time_ms"], fixes["row"]
    new = np.ones(len(fixes), dtype=bool)
    gap = np.diff(time_ms)
    new[1:] = (np.diff(fixes["hub"]) != 0) | (np.diff(fixes["vehicle"]) != 0) | (gap > UNSEEN_MS)
    new[1:] |= (np.diff(row) > 1) & (gap > OUTSIDE_MS)
    first = np.flatnonzero(new)
    return np.cumsum(new) - 1, first, np.append(first[1:], len(fixes))[: first.size] - 1


def _leaves(given: Given, fixes: Columns, last: Int64s) -> Int64s:
    """When each stay ended: where the car was next seen outside, or soon after it was last seen inside."""
    track = given.track
    row, seen = fixes["row"][last], fixes["time_ms"][last]
    is_last = row + 1 >= track.starts[fixes["vehicle"][last] + 1]
    after = track.time_ms[np.minimum(row + 1, max(track.time_ms.size - 1, 0))]
    leaves: Int64s = np.where(is_last, seen + 1, np.clip(after, seen + 1, seen + OUTSIDE_MS))
    return leaves


def _fixes_of(fixes: Columns, stay: Int64s, of_stay: Int64s, moments: Int64s) -> Int64s:
    """The first fix at or after each moment within its stay: a stay's stand together, by time."""
    if not len(fixes):
        return np.zeros(of_stay.size, dtype=np.int64)
    low = int(fixes["time_ms"].min())
    span = int(fixes["time_ms"].max()) - low + 2
    key = stay * span + (fixes["time_ms"] - low)
    found: Int64s = np.searchsorted(key, of_stay * span + np.clip(moments - low, 0, span - 1))
    return found


def _ride_at(rides: Columns, which: str, vehicle: Int64s, moments: Int64s) -> Int64s:
    """The ride of a car that begins (or ends) at that very moment, -1 for none."""
    if not len(rides):
        return np.full(vehicle.size, -1, dtype=np.int64)
    low = int(rides[which].min())
    span = int(rides[which].max()) - low + 2
    key = rides["vehicle"] * span + (rides[which] - low)
    order = np.argsort(key, kind="stable")
    wanted = vehicle * span + np.clip(moments - low, -1, span - 1)
    at = np.minimum(np.searchsorted(key[order], wanted), key.size - 1)
    hit = (key[order][at] == wanted) & (moments >= low) & (moments < low + span - 1)
    return np.where(hit, order[at], -1)


def _of_ride(values: Texts, ride: Int64s) -> Texts:
    return np.append(values, "").astype(object)[np.where(ride < 0, values.size, ride)]


def _ended(
    given: Given, rides: Columns, vehicle: Int64s, end: Int64s, after: Int64s, by_ride: Bools
) -> Texts:
    """How each turn ended."""
    metered = by_ride & (_of_ride(rides["trip_id"], after) != "")
    # Rides that begin soon after, and seats that were taken as it left.
    soon = _touches(vehicle, end, end + CORNER_MS, rides["vehicle"], rides["start_ms"], rides["end_ms"])
    seats = seat_runs(given)
    seated = positions_of(given.track.vehicle_ids, seats["vehicle_id"])
    soon |= _touches(vehicle, end, end + 1, seated, seats["start_ms"], seats["end_ms"])
    return np.select([metered, by_ride, soon], ["loaded", "carried", "corner"], "empty").astype(object)


def _standing(given: Given, fixes: Columns, turns: Columns) -> dict[str, npt.NDArray[np.generic]]:
    """Standing, by steps of the track with both ends in the hub (or in a bay)."""
    time_ms, bits = fixes["time_ms"], fixes["bits"]
    stay = _stays(fixes)[0]
    goes_on = np.append(False, np.diff(stay) == 0)[: len(fixes)]
    seconds = np.where(goes_on, np.diff(time_ms, prepend=time_ms[:1]) / 1000.0, 0.0)
    both = bits & np.append(bits[:1], bits[:-1])
    in_lane = ((both & SET_DOWN) != 0) & ((both & (BAY | HOLDING)) == 0)
    beside = np.diff(fixes["row"], prepend=fixes["row"][:1]) == 1
    stands = goes_on & beside & _is_slow(given, fixes["row"], seconds)
    # Of a turn that begins with a set-down only what lies two minutes later is waiting.
    settled = turns["start_ms"] + np.where(turns["after_set_down"], SETTLING_MS, 0)
    first, past = _fixes_of(fixes, stay, turns["stay"], settled), turns["past"]

    def total(of_step: Bools) -> Floats:
        summed = np.concatenate(([0.0], np.cumsum(np.where(of_step, seconds, 0.0))))
        # The step into the first fix was driven before the turn.
        result: Floats = np.maximum(summed[past] - summed[np.minimum(first + 1, past)], 0.0)
        return result

    last = past - 1
    seen = np.append(np.maximum.accumulate(np.where((bits & BAY) != 0, np.arange(len(fixes)), -1)), -1)[last]
    some = past > turns["first"]
    longest = [seconds[a + 1 : b].max(initial=0.0) for a, b in zip(turns["first"], past, strict=True)]
    return {
        "stood_s": total(stands & ~in_lane),
        "bay_s": total(stands & ((both & BAY) != 0)),
        "bay_ms": np.where(some & (seen >= turns["first"]), np.append(time_ms, 0)[seen], np.nan),
        "gap_s": np.array(longest, dtype=np.float64),
        "in_loading_lane": some & (np.append((bits & LOADING) != 0, False)[last]),
    }


def _is_slow(given: Given, row: Int64s, seconds: Floats) -> Bools:
    """Whether the car stood in the step into each row of the track, by place and by device."""
    track = given.track
    before = np.maximum(row - 1, 0)
    chord = track.cum_m[row] - track.cum_m[before]
    device = np.maximum(track.speed_ckmh[row], track.speed_ckmh[before])
    slow = np.maximum(0.0, chord - _WANDER_M) < _STANDS_BELOW_MPS * seconds
    slow &= (device <= _STANDS_BELOW_MPS * 360.0) | (track.speed_ckmh[row] < 0)
    result: Bools = slow & ~track.leap[row]
    return result


def _short_ride(rides: Columns, turns: Columns, before: Int64s, stay_hub: Texts) -> Floats:
    """Metres of the short trip from the same hub that the car comes straight back from, NaN none."""
    n = len(turns)
    short = np.full(n, np.nan)
    if not len(rides):
        return short
    # The last ride that ended before the turn began.
    order = np.lexsort((rides["end_ms"], rides["vehicle"]))
    low = int(rides["end_ms"].min())
    span = int(max(rides["end_ms"].max(), turns["start_ms"].max(initial=low))) - low + 2
    key = rides["vehicle"][order] * span + (rides["end_ms"][order] - low)
    at = np.searchsorted(
        key, turns["vehicle"] * span + np.clip(turns["start_ms"] - low, -1, span - 1), side="right"
    )
    ride = np.where(at > 0, order[np.maximum(at - 1, 0)], -1)
    ride = np.where((ride >= 0) & (rides["vehicle"][ride] == turns["vehicle"]), ride, -1)
    from_hub = dict(zip(turns["trip_id"].tolist(), stay_hub.tolist(), strict=True))
    same = (
        np.array([from_hub.get(trip) for trip in _of_ride(rides["trip_id"], ride)], dtype=object) == stay_hub
    )
    back = (ride >= 0) & same & (before < 0) & (turns["start_ms"] - rides["end_ms"][ride] <= TICKET_MS)
    metres = rides["metered_m"][ride]
    short[back & (metres < SHORT_M)] = metres[back & (metres < SHORT_M)]
    return short


def _circumstances(given: Given, turns: Columns) -> dict[str, npt.NDArray[np.generic]]:
    """Bookings, signs, shifts and seats during each turn and just after it."""
    fixes, vehicle, start, end = given.fixes, turns["vehicle"], turns["start_ms"], turns["end_ms"]
    first, past = rows_inside(fixes, vehicle, start, end + AFTER_MS)
    booked = counts_between((fixes.flags & BOOKED) != 0, first, past) > 0
    away = counts_between((fixes.flags & OUT_OF_SERVICE) != 0, first, past) > 0
    orders = given.tables["orders"]
    of_order = positions_of(given.track.vehicle_ids, orders["vehicle_id"])
    accepted, due = instants(orders["accepted_ms"], 0), instants(orders["pickup_due_ms"], 0)
    for name, taken, at in zip(of_order.tolist(), accepted.tolist(), due.tolist(), strict=True):
        booked |= (
            (vehicle == name)
            & (taken <= end + AFTER_MS)
            & (start - DUE_MS <= at)
            & (taken >= start - MS_PER_H)
        )
    known = given.once("sign_ins", signed_in)
    of_shifts = positions_of(known.vehicle_ids, turns["vehicle_id"])
    runs, rides = seat_runs(given), carried(given)
    seated = positions_of(given.track.vehicle_ids, runs["vehicle_id"])
    in_ride = _touches(seated, runs["start_ms"], runs["end_ms"], rides["vehicle"],
                       rides["start_ms"] - CORNER_MS, rides["end_ms"] + CORNER_MS)  # fmt: skip
    tried = np.full(len(turns), np.nan)
    for name, sat, left in zip(
        seated[~in_ride], runs["start_ms"][~in_ride], runs["end_ms"][~in_ride], strict=True
    ):
        tried[(vehicle == name) & (start <= sat) & (left <= end + AFTER_MS) & (sat <= end)] = sat
    return {
        "is_reserved": booked | (turns["order_id"] != ""),
        "is_paused": away | _signed_off(given, turns),
        "goes_off": near_handover(
            known.starts, known.start_ms, known.end_ms, of_shifts, end + OFF_MS // 2, OFF_MS // 2
        ),
        "tried_ms": tried,
    }


def _signed_off(given: Given, turns: Columns) -> Bools:
    """Whether the car showed a pause sign as it left, or put one up just after."""
    end = turns["end_ms"]
    last_on = np.zeros(len(turns), dtype=np.int64)
    last_off = np.zeros(len(turns), dtype=np.int64)
    for kind, last in (("pause_sign_on", last_on), ("pause_sign_off", last_off)):
        until = end + (AFTER_MS if kind == "pause_sign_on" else 0)
        for name, moment in events_of(given, kind):
            hit = (turns["vehicle_id"] == name) & (moment <= until) & (moment >= end - SIGN_MS)
            last[hit] = np.maximum(last[hit], moment)
    shown: Bools = (last_on > 0) & (last_on > last_off)
    return shown
