"""Carriages: spans in which something says that passengers were in the car.

Three witnesses, kept apart. The `loaded` flag of positions is the meter's own voice: a carriage known by
it alone is no second source against the meter. Seat events (boarded, alighted, counts) are, and so is what a
camera's recogniser counted, which errs by itself.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.facts.given import (
    Given,
    counts_between,
    events_of,
    instants,
    judged_rows,
    numbers,
    positions_of,
    sent_on,
    words,
)
from taxi_qa.facts.looks import camera_runs
from taxi_qa.facts.spans import along, place_at
from taxi_qa.facts.tickets import open_tickets
from taxi_qa.facts.unit import named_subject, unit_rows
from taxi_qa.facts.who import driver_at, near_handover, signed_in
from taxi_qa.law.parameter import Law
from taxi_qa.records.fixes import LOADED, LOADED_SENT
from taxi_qa.values.clock import city_day
from taxi_qa.values.columns import Columns, stacked_columns

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SEAT_KINDS: Final = ("passenger_boarded", "passenger_alighted", "passenger_count")

# Longer than this between two flags and nobody knows who was in the car.
RUN_GAP_MS: Final = 300_000
# A seat that was never reported empty again says nothing after this long.
SEAT_SPEAKS_MS: Final = 3 * 3_600_000


def loaded_runs(given: Given) -> Columns:
    """As `_loaded_runs`, worked out once."""
    return given.once("loaded_runs", _loaded_runs)


def _loaded_runs(given: Given) -> Columns:
    """Runs of positions whose loaded flag is on, from the first such fix to the last.

    Returns:
        vehicle_id, start_ms, end_ms, fixes; sorted by vehicle and start.
    """
    fixes = given.fixes
    vehicle, first, last, count = runs_of_flag(fixes.starts, fixes.time_ms, fixes.flags, LOADED_SENT, LOADED)
    return Columns(
        {
            "vehicle_id": np.array(fixes.vehicle_ids, dtype=object)[vehicle],
            "start_ms": fixes.time_ms[first],
            "end_ms": fixes.time_ms[last],
            "fixes": count,
        }
    )


def occupied_runs(given: Given) -> Columns:
    """The loaded runs that began in the span, with what the track says of each.

    Returns:
        vehicle_id, start_ms, end_ms, fixes, chord_m (sum of chords), ride_m (by the device's speed),
        longest_gap_s, leaps (steps no car could have driven).
    """
    runs = loaded_runs(given)
    runs = runs.cut((runs["start_ms"] >= given.from_ms) & (runs["start_ms"] < given.to_ms))
    vehicle = positions_of(given.track.vehicle_ids, runs["vehicle_id"])
    seen = along(given.track, vehicle, runs["start_ms"], runs["end_ms"])
    return runs.but(
        {
            "chord_m": seen.chord_m,
            "ride_m": seen.ride_m,
            "longest_gap_s": seen.longest_gap_s,
            "leaps": seen.leaps,
        }
    )


@njit(cache=True, nogil=True)
def runs_of_flag(
    starts: Int64s, time_ms: Int64s, flags: npt.NDArray[np.int16], sent: int, value: int
) -> tuple[Int64s, Int64s, Int64s, Int64s]:
    """Maximal runs of rows whose flag is on; rows that did not send it neither end nor make a run.

    A gap of more than `RUN_GAP_MS` ends a run: who was in the car meanwhile is not known.

    Returns:
        vehicle, first row, last row, rows with the flag on. Oracle: `runs_of_flag_in_numpy`.
    """
    vehicle = np.empty(flags.size, dtype=np.int64)
    first = np.empty(flags.size, dtype=np.int64)
    last = np.empty(flags.size, dtype=np.int64)
    count = np.empty(flags.size, dtype=np.int64)
    n = 0
    for v in range(starts.size - 1):
        inside = False
        seen = np.int64(0)
        for i in range(starts[v], starts[v + 1]):
            if (flags[i] & sent) == 0:
                continue
            if time_ms[i] - seen > RUN_GAP_MS:
                inside = False
            seen = time_ms[i]
            if (flags[i] & value) == 0:
                inside = False
                continue
            if not inside:
                inside = True
                vehicle[n], first[n], count[n] = v, i, 0
                n += 1
            last[n - 1] = i
            count[n - 1] += 1
    return vehicle[:n].copy(), first[:n].copy(), last[:n].copy(), count[:n].copy()


def runs_of_flag_in_numpy(
    starts: Int64s, time_ms: Int64s, flags: npt.NDArray[np.int16], sent: int, value: int
) -> tuple[Int64s, Int64s, Int64s, Int64s]:
    """The same over whole columns."""
    vehicle_of_row = np.repeat(np.arange(starts.size - 1), np.diff(starts))
    rows = np.flatnonzero((flags & sent) != 0)
    on = (flags[rows] & value) != 0
    new = np.ones(rows.size, dtype=bool)
    new[1:] = (np.diff(vehicle_of_row[rows]) != 0) | (np.diff(time_ms[rows]) > RUN_GAP_MS)
    was_on = np.append(False, on[:-1])[: rows.size] & ~new
    will_be_on = np.append(on[1:] & ~new[1:], False)[: rows.size]
    first, last = rows[on & ~was_on], rows[on & ~will_be_on]
    total = np.cumsum(on)
    count = total[np.searchsorted(rows, last)] - total[np.searchsorted(rows, first)] + 1
    return vehicle_of_row[first].astype(np.int64), first, last, count.astype(np.int64)


def seat_runs(given: Given) -> Columns:
    """As `_seat_runs`, worked out once."""
    return given.once("seat_runs", _seat_runs)


def _seat_runs(given: Given) -> Columns:
    """Spans in which seat events say that passengers were aboard.

    From an event that brings passengers in (boarded, or a count above 0) to the next that leaves none
    (alighted, or a count of 0); a span nobody closes within 3 hours is dropped, its end is unknown.

    Returns:
        vehicle_id, start_ms, end_ms; sorted by vehicle and start.
    """
    events = given.tables["events"]
    kind = words(events["kind"])
    value = numbers(events["value"])
    state = np.full(len(events), -1)
    state[kind == "passenger_boarded"] = 1
    state[kind == "passenger_alighted"] = 0
    # A count that says how sure it is is a camera's look (`facts.looks`), not a seat's state.
    counted = (kind == "passenger_count") & ~np.isnan(value) & np.isnan(numbers(events["confidence"]))
    state[counted] = (value[counted] > 0).astype(int)
    told = np.flatnonzero(state >= 0)
    vehicle_id, time_ms = words(events["vehicle_id"])[told], instants(events["time_ms"], 0)[told]
    vehicle = np.unique(vehicle_id.astype(str), return_inverse=True)[1]
    # At one moment the alighting comes first: one party leaves, the next gets in.
    order = np.lexsort((state[told], time_ms, vehicle))
    vehicle_id, vehicle, time_ms = vehicle_id[order], vehicle[order], time_ms[order]
    state = state[told][order]
    turns = np.flatnonzero(
        np.append(True, (vehicle[1:] != vehicle[:-1]) | (state[1:] != state[:-1]))[: told.size]
    )
    begins, ends = turns[:-1], turns[1:]
    closed = (state[begins] == 1) & (vehicle[begins] == vehicle[ends])
    closed &= time_ms[ends] - time_ms[begins] <= SEAT_SPEAKS_MS
    return Columns(
        {
            "vehicle_id": vehicle_id[begins[closed]],
            "start_ms": time_ms[begins[closed]],
            "end_ms": time_ms[ends[closed]],
        }
    )


# Seats fill before the meter runs and empty after it stops; minute stamps cut a minute off either end.
AROUND_TRIP_MS: Final = 120_000
# One act, one finding: carriages less than this apart are one.
MERGE_MS: Final = 60_000


def carriages(given: Given, law: Law) -> Columns:
    """Spans with passengers, and how far the car moved in them outside any metered trip.

    A car that moved and sends neither loaded flags nor seat events is one row that cannot be judged; one
    that sends them and never carried anybody is one row without movement.

    Returns:
        Unit columns and: moved_seat_m, moved_loaded_m, moved_camera_m (metres off the meter by each witness,
        NaN where the track does not say), is_tested (a device test ran), at_handover, tickets (open
        meter or terminal tickets).
    """
    looked = camera_runs(given, law)
    merged = _merged_runs(given, looked)
    witness = _silent_cars(given, merged)
    spans = stacked_columns([merged, Columns(witness.some(*merged))])
    vehicle_id, start, end = spans["vehicle_id"], spans["start_ms"], spans["end_ms"]
    quiet = np.zeros(len(witness))
    seat_m = np.concatenate((_off_meter_m(given, merged, seat_runs(given)), quiet))
    loaded_m = np.concatenate((_off_meter_m(given, merged, loaded_runs(given)), quiet))
    camera_m = np.concatenate((_off_meter_m(given, merged, looked), quiet))
    seen_m = (seat_m + loaded_m + camera_m)[: len(merged)]
    missing = np.concatenate((_missing(given, merged, seen_m), witness["missing"]))
    known = given.once("sign_ins", signed_in)
    lon, lat = place_at(given.track, positions_of(given.track.vehicle_ids, vehicle_id), start)
    handover_ms = int(law.number("house.licence.handover_s", given.from_ms) * 1000)
    return unit_rows(
        given,
        {
            "subject": named_subject(vehicle_id, start),
            "vehicle_id": vehicle_id,
            "driver_id": driver_at(known, vehicle_id, start),
            "start_ms": start,
            "end_ms": end,
            "lon": lon,
            "lat": lat,
            "missing": missing,
            "moved_seat_m": seat_m,
            "moved_loaded_m": loaded_m,
            "moved_camera_m": camera_m,
            "is_tested": _tested(given, vehicle_id, start, end),
            "at_handover": near_handover(
                known.starts,
                known.start_ms,
                known.end_ms,
                positions_of(known.vehicle_ids, vehicle_id),
                start,
                handover_ms,
            ),
            "tickets": open_tickets(given, vehicle_id, start, ("meter", "terminal")),
        },
    )


def _merged_runs(given: Given, looked: Columns) -> Columns:
    """Runs of all witnesses that overlap or nearly touch, as one; only those that began in the span."""
    seats = seat_runs(given)
    runs = stacked_columns([Columns(loaded_runs(given).some(*seats)), seats, looked])
    if not len(runs):
        return runs
    names, vehicle = np.unique(runs["vehicle_id"].astype(str), return_inverse=True)
    order = np.lexsort((runs["end_ms"], runs["start_ms"], vehicle))
    vehicle, start, end = vehicle[order], runs["start_ms"][order], runs["end_ms"][order]
    # How far the runs of the same vehicle have reached; another vehicle's lie in another age.
    age = vehicle * (end.max() - end.min() + 1)
    reached = np.maximum.accumulate(end + age) - age
    new = np.ones(len(runs), dtype=bool)
    new[1:] = (vehicle[1:] != vehicle[:-1]) | (start[1:] - reached[:-1] >= MERGE_MS)
    first = np.flatnonzero(new)
    began = (start[first] >= given.from_ms) & (start[first] < given.to_ms)
    return Columns(
        {
            "vehicle_id": names.astype(object)[vehicle[first]][began],
            "start_ms": start[first][began],
            "end_ms": np.maximum.reduceat(end, first)[began],
        }
    )


def _silent_cars(given: Given, merged: Columns) -> Columns:
    """Cars with positions in the span that carried nobody, or have nothing to say it with."""
    fixes = given.fixes
    first, past = judged_rows(given)
    present = past > first
    speaks = counts_between((fixes.flags & LOADED_SENT) != 0, first, past) > 0
    names = np.array(fixes.vehicle_ids, dtype=object)
    seated = {name for kind in SEAT_KINDS for name, _ in events_of(given, kind)}
    speaks |= np.array([name in seated for name in fixes.vehicle_ids], dtype=bool)
    carried = set(merged["vehicle_id"].tolist())
    rows = np.flatnonzero(present & np.array([name not in carried for name in fixes.vehicle_ids], dtype=bool))
    return Columns(
        {
            "vehicle_id": names[rows],
            "start_ms": np.full(rows.size, given.from_ms, dtype=np.int64),
            "end_ms": np.full(rows.size, given.to_ms - 1, dtype=np.int64),
            "missing": np.where(speaks[rows], "", "positions.loaded").astype(object),
        }
    )


def _missing(given: Given, merged: Columns, seen_m: Floats) -> npt.NDArray[np.object_]:
    days = city_day(merged["start_ms"], given.zone)
    sent = sent_on(given, "trips", days)
    return np.select([~sent, np.isnan(seen_m)], ["trips", "positions"], "").astype(object)


def _off_meter_m(given: Given, merged: Columns, runs: Columns) -> Floats:
    """Metres each merged carriage moved, in the runs of one witness, outside any metered trip."""
    # Carriages come car by car.
    names = tuple(dict.fromkeys(merged["vehicle_id"].tolist()))
    of_run = positions_of(names, runs["vehicle_id"])
    run_start, run_end = (runs[name][of_run >= 0] for name in ("start_ms", "end_ms"))
    of_run = of_run[of_run >= 0]
    trips = given.tables["trips"]
    of_trip = positions_of(names, trips["vehicle_id"])
    board, alight = (instants(trips[name], 0)[of_trip >= 0] for name in ("boarded_ms", "alighted_ms"))
    of_trip = of_trip[of_trip >= 0]
    order = np.lexsort((board, of_trip))
    starts = np.searchsorted(of_trip[order], np.arange(len(names) + 1)).astype(np.int64)
    run, begin, end = uncovered(
        of_run,
        run_start,
        run_end,
        starts,
        board[order] - AROUND_TRIP_MS,
        alight[order] + AROUND_TRIP_MS,
    )
    piece_of = of_run[run]
    track = positions_of(given.track.vehicle_ids, np.array(names, dtype=object))
    moved = along(given.track, track[piece_of], begin, end).chord_m
    owner = _owner(
        positions_of(names, merged["vehicle_id"]),
        merged["start_ms"],
        merged["end_ms"],
        piece_of,
        begin,
    )
    total = np.zeros(len(merged))
    np.add.at(total, owner[owner >= 0], moved[owner >= 0])
    return total


@njit(cache=True)
def _owner(of_merged: Int64s, start_ms: Int64s, end_ms: Int64s, piece_of: Int64s, begin: Int64s) -> Int64s:
    """Row of the carriage of the same car in which each piece began, -1 where there is none.

    `of_merged` is sorted, and `start_ms` within each car.
    """
    owner = np.full(piece_of.size, -1, dtype=np.int64)
    for piece in range(piece_of.size):
        low = np.searchsorted(of_merged, piece_of[piece])
        high = np.searchsorted(of_merged, piece_of[piece] + 1)
        row = low + np.searchsorted(start_ms[low:high], begin[piece] + 1) - 1
        if row >= low and begin[piece] <= end_ms[row]:
            owner[piece] = row
    return owner


@njit(cache=True)
def uncovered(
    vehicle: Int64s,
    start_ms: Int64s,
    end_ms: Int64s,
    starts: Int64s,
    covered_from: Int64s,
    covered_to: Int64s,
) -> tuple[Int64s, Int64s, Int64s]:
    """The parts of each run outside every covered span of its car: run, begin, end."""
    most = vehicle.size
    for row in range(vehicle.size):
        most += starts[vehicle[row] + 1] - starts[vehicle[row]]
    run = np.empty(most, dtype=np.int64)
    begin = np.empty(most, dtype=np.int64)
    end = np.empty(most, dtype=np.int64)
    n = 0
    for row in range(vehicle.size):
        at = start_ms[row]
        for i in range(starts[vehicle[row]], starts[vehicle[row] + 1]):
            if covered_from[i] >= end_ms[row]:
                break
            if covered_from[i] > at:
                run[n], begin[n], end[n] = row, at, covered_from[i]
                n += 1
            at = max(at, covered_to[i])
        if at < end_ms[row]:
            run[n], begin[n], end[n] = row, at, end_ms[row]
            n += 1
    return run[:n].copy(), begin[:n].copy(), end[:n].copy()


def _tested(
    given: Given, vehicle_id: npt.NDArray[np.object_], start: Int64s, end: Int64s
) -> npt.NDArray[np.bool_]:
    """Whether a test of the devices was reported within each span."""
    tested = np.zeros(vehicle_id.size, dtype=bool)
    for name, moment in events_of(given, "device_test"):
        tested |= (vehicle_id == name) & (start - MERGE_MS <= moment) & (moment <= end + MERGE_MS)
    return tested
