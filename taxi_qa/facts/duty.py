"""On duty: inside a shift; where a car has no shifts, around its metered trips.

Duties of two drivers on one car may overlap around a handover. Whether a car is on duty asks for their
union (`cars_on_duty`), what a driver drove for his own until another takes over (`relieved`), and who
answers for a span of time for the one driver who alone had the car then (`one_driver`).

Without shifts a duty lasts from 10 minutes before the first to 10 minutes after the last metered trip
of a chain whose gaps stay under 2 hours; a change of the trips' driver ends it too.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from numba import njit

from taxi_qa.facts.given import NOT_GIVEN, Given, instants, positions_of, words
from taxi_qa.facts.overlaps import CarSpans, car_spans, touched
from taxi_qa.facts.who import SignIns, signed_in
from taxi_qa.values.clock import MS_PER_H, MS_PER_MIN
from taxi_qa.values.columns import Columns, Texts, stacked_columns

Int64s = npt.NDArray[np.int64]

BEFORE_AND_AFTER_MS: Final = 10 * MS_PER_MIN
CHAIN_GAP_MS: Final = 2 * MS_PER_H

_WHOSE: Final = ("vehicle_id", "driver_id")


def duties(given: Given) -> Columns:
    """As `_duties`, worked out once."""
    return given.once("duties", _duties)


def _duties(given: Given) -> Columns:
    """Every span of duty that touches the records given, sorted by vehicle and start.

    A duty ends at the latest where the data end: a shift still on is not dark because tomorrow is.

    Returns:
        vehicle_id, driver_id ("" unknown), start_ms, end_ms, day_ms (on whose day the duty is judged: the
        shift's start, or the first trip's; ten minutes earlier may be a day without any record),
        known_by ("shifts" or "trips").
    """
    known = given.once("sign_ins", signed_in)
    by_shift = _from_shifts(known)
    trips = given.tables["trips"]
    # Cars with shifts are on duty then, and only then.
    rows = np.flatnonzero(positions_of(known.vehicle_ids, trips["vehicle_id"]) == NOT_GIVEN)
    both = stacked_columns([by_shift, _from_trips(trips.iloc[rows])]) if rows.size else by_shift
    both = both.but({"end_ms": np.minimum(both["end_ms"], given.heard_to_ms)})
    return _once_a_driver(both.cut(both["end_ms"] > both["start_ms"]))


def _once_a_driver(duty: Columns) -> Columns:
    """Spans of one driver on one car that overlap (a card read twice) are one duty."""
    vehicle, driver = (np.unique(duty[name].astype(str), return_inverse=True)[1] for name in _WHOSE)
    order = np.lexsort((duty["end_ms"], duty["start_ms"], driver, vehicle))
    first, last_end = _united((vehicle * (len(duty) + 1) + driver)[order], duty, order)
    if first.size < len(duty):
        duty, vehicle, driver = duty.cut(first).but({"end_ms": last_end}), vehicle[first], driver[first]
    return duty.cut(np.lexsort((driver, duty["end_ms"], duty["start_ms"], vehicle)))


def _united(owner: Int64s, duty: Columns, order: Int64s) -> tuple[Int64s, Int64s]:
    """First row and latest end of an owner's touching spans; `order` sorts by owner, then start."""
    if order.size == 0:
        return order, order
    start, end = duty["start_ms"][order], duty["end_ms"][order]
    # How far the spans of the same owner have reached; another owner's lie in another age.
    age = np.cumsum(np.append(0, owner[1:] != owner[:-1])) * (end.max() - end.min() + 1)
    reached = np.maximum.accumulate(end + age) - age
    new = np.append(True, (owner[1:] != owner[:-1]) | (start[1:] > reached[:-1]))
    first = np.flatnonzero(new)
    return order[first], np.maximum.reduceat(end, first)


def cars_on_duty(duty: Columns) -> Columns:
    """The spans in which a car is on duty, whoever drives: duties that touch or overlap are one.

    Args:
        duty: as `duties` gives it.

    Returns:
        vehicle_id, start_ms, end_ms; sorted by vehicle and start.
    """
    vehicle = np.cumsum(np.append(0, duty["vehicle_id"][1:] != duty["vehicle_id"][:-1])[: len(duty)])
    first, end = _united(vehicle, duty, np.arange(len(duty)))
    return Columns(
        {"vehicle_id": duty["vehicle_id"][first], "start_ms": duty["start_ms"][first], "end_ms": end}
    )


def relieved(duty: Columns) -> Columns:
    """Duties cut where another driver takes the car over: a shift change ends what the first one drives.

    Where two sign in at the same moment nobody can tell who drives: one duty without a driver is left.

    Args:
        duty: as `duties` gives it.
    """
    vehicle, driver = duty["vehicle_id"], duty["driver_id"].copy()
    start, end = duty["start_ms"], duty["end_ms"].copy()
    follows = np.flatnonzero(
        (vehicle[1:] == vehicle[:-1]) & (driver[1:] != driver[:-1]) & (start[1:] < end[:-1])
    )
    end[follows] = start[follows + 1]
    both = follows[start[follows] == start[follows + 1]]
    driver[both + 1] = ""
    return duty.but({"driver_id": driver, "end_ms": end}).cut(end > start)


def open_ended(given: Given, vehicle_id: Texts, begin: Int64s, finish: Int64s) -> npt.NDArray[np.bool_]:
    """Whether nobody can say that the driver was still on duty during each span.

    A shift without a sign-out goes on by the book until the next sign-in, while the driver may long be at
    home and the car stand with its power off: only a trip that the meter closed later in it shows that he
    was not, or another shift that covers the span and was signed out of.

    Args:
        given: the records.
        vehicle_id, begin, finish: the spans.
    """
    known = given.once("sign_ins", signed_in)
    unsure, sure = (np.zeros(vehicle_id.size, dtype=np.bool_) for _ in range(2))
    if not known.is_open.any():
        return unsure
    span, shift = _shifts_meeting(known, vehicle_id, begin, finish)
    is_open = known.is_open[shift]
    opened, ends = span[is_open], known.end_ms[shift[is_open]]
    driven = given.once("metered_spans", metered_spans)
    worked = touched(driven, vehicle_id[opened], begin[opened] + 1, ends)
    unsure[opened[~worked]] = True
    covers = (known.start_ms[shift] <= begin[span]) & (finish[span] <= known.end_ms[shift])
    sure[span[~is_open & covers]] = True
    return unsure & ~sure


def _shifts_meeting(
    known: SignIns, vehicle_id: Texts, begin: Int64s, finish: Int64s
) -> tuple[Int64s, Int64s]:
    """Pairs of a span and a shift of the same car that share more than a moment."""
    car = positions_of(known.vehicle_ids, vehicle_id)
    spans = np.flatnonzero(car != NOT_GIVEN)
    first, past = known.starts[car[spans]], known.starts[car[spans] + 1]
    span = np.repeat(spans, past - first)
    shift = np.arange(span.size) - np.repeat(np.cumsum(past - first) - past, past - first)
    meets = (known.start_ms[shift] < finish[span]) & (known.end_ms[shift] > begin[span])
    return span[meets], shift[meets]


def metered_spans(given: Given) -> CarSpans:
    """The metered trips of each car; ask for it by `given.once("metered_spans", metered_spans)`."""
    trips = given.tables["trips"]
    return car_spans(
        words(trips["vehicle_id"]), instants(trips["boarded_ms"], 0), instants(trips["alighted_ms"], 0)
    )


def one_driver(
    duty: Columns, vehicle_id: Texts, begin: Int64s, finish: Int64s
) -> tuple[Texts, Texts, Int64s]:
    """Who had the car during each span, if it was one driver alone.

    Args:
        duty: as `duties` gives it.
        vehicle_id, begin, finish: the spans; nobody is named where one overlaps no duty of its car.

    Returns:
        The driver ("" for none, several or unknown), how the first of these duties is known, and the earliest
        day_ms of them.
    """
    names, first = np.unique(duty["vehicle_id"].astype(str), return_index=True)
    starts = np.append(first, len(duty)).astype(np.int64)
    driver = np.unique(duty["driver_id"].astype(str), return_inverse=True)[1]
    row, alone, day_ms = _overlapped(
        starts, duty["start_ms"], duty["end_ms"], duty["day_ms"], driver.astype(np.int64),
        positions_of(tuple(names.tolist()), vehicle_id), begin, finish,
    )  # fmt: skip
    return np.where(alone, duty["driver_id"][row], "").astype(object), duty["known_by"][row], day_ms


@njit(cache=True)
def _overlapped(
    starts: Int64s, start_ms: Int64s, end_ms: Int64s, day_ms: Int64s, driver: Int64s, vehicle: Int64s,
    begin: Int64s, finish: Int64s,
) -> tuple[Int64s, npt.NDArray[np.bool_], Int64s]:  # fmt: skip
    row = np.zeros(vehicle.size, dtype=np.int64)
    alone = np.zeros(vehicle.size, dtype=np.bool_)
    earliest = np.zeros(vehicle.size, dtype=np.int64)
    for at in range(vehicle.size):
        known = False
        for duty in range(starts[vehicle[at]], starts[vehicle[at] + 1]):
            if start_ms[duty] >= finish[at] or end_ms[duty] <= begin[at]:
                continue
            if not known:
                row[at], earliest[at], known, alone[at] = duty, day_ms[duty], True, True
            earliest[at] = min(earliest[at], day_ms[duty])
            if driver[duty] != driver[row[at]]:
                alone[at] = False
    return row, alone, earliest


def _from_shifts(known: SignIns) -> Columns:
    vehicle = np.repeat(np.array(known.vehicle_ids, dtype=object), np.diff(known.starts))
    return Columns(
        {
            "vehicle_id": vehicle,
            "driver_id": known.driver_ids[known.driver],
            "start_ms": known.start_ms,
            "end_ms": known.end_ms,
            "day_ms": known.start_ms,
            "known_by": np.full(vehicle.size, "shifts", dtype=object),
        }
    )


def _from_trips(trips: pd.DataFrame) -> Columns:
    """Duties of trips; at least one."""
    vehicle, driver, trip_id = (words(trips[name]) for name in (*_WHOSE, "trip_id"))
    start, end = instants(trips["boarded_ms"], 0), instants(trips["alighted_ms"], 0)
    order = np.lexsort((trip_id.astype(str), start, vehicle.astype(str)))
    vehicle, driver, start, end = vehicle[order], driver[order], start[order], end[order]
    # The end reached so far within the vehicle: a long trip may outlast the next one's start.
    age = np.cumsum(np.append(0, vehicle[1:] != vehicle[:-1])) * (end.max() - end.min() + 1)
    reached = np.maximum.accumulate(end + age) - age
    new = np.ones(vehicle.size, dtype=bool)
    new[1:] = (
        (vehicle[1:] != vehicle[:-1])
        | (driver[1:] != driver[:-1])
        | (start[1:] - reached[:-1] >= CHAIN_GAP_MS)
    )
    first = np.flatnonzero(new)
    chain_start = start[first] - BEFORE_AND_AFTER_MS
    chain_end = np.maximum.reduceat(end, first) + BEFORE_AND_AFTER_MS
    # Two drivers' chains may follow each other closely: each has the car to the middle between them.
    meets = np.flatnonzero((vehicle[first][1:] == vehicle[first][:-1]) & (chain_start[1:] < chain_end[:-1]))
    middle = (chain_start[meets + 1] + chain_end[meets]) // 2
    chain_start[meets + 1], chain_end[meets] = middle, middle
    return Columns(
        {
            "vehicle_id": vehicle[first],
            "driver_id": driver[first],
            "start_ms": chain_start,
            "end_ms": chain_end,
            "day_ms": start[first],
            "known_by": np.full(first.size, "trips", dtype=object),
        }
    )
