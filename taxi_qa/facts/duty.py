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

from taxi_qa.facts.given import Given, instants, positions_of, words
from taxi_qa.facts.who import SignIns, signed_in
from taxi_qa.values.clock import MS_PER_H, MS_PER_MIN

Int64s = npt.NDArray[np.int64]

BEFORE_AND_AFTER_MS: Final = 10 * MS_PER_MIN
CHAIN_GAP_MS: Final = 2 * MS_PER_H

DUTY_COLUMNS: Final = ("vehicle_id", "driver_id", "start_ms", "end_ms", "day_ms", "known_by")


def duties(given: Given) -> pd.DataFrame:
    """As `_duties`, worked out once."""
    return given.once("duties", _duties)


def _duties(given: Given) -> pd.DataFrame:
    """Every span of duty that touches the records given, sorted by vehicle and start.

    A duty ends at the latest where the data end: a shift still on is not dark because tomorrow is.

    Returns:
        vehicle_id, driver_id ("" unknown), start_ms, end_ms, day_ms (on whose day the duty is judged: the
        shift's start, or the first trip's; ten minutes earlier may be a day without any record),
        known_by ("shifts" or "trips").
    """
    by_shift = _from_shifts(given.once("sign_ins", signed_in))
    trips = given.tables["trips"][["trip_id", "vehicle_id", "driver_id", "boarded_ms", "alighted_ms"]]
    by_trips = _from_trips(trips[~trips["vehicle_id"].isin(by_shift["vehicle_id"])])
    both = pd.concat([by_shift, by_trips], ignore_index=True) if len(by_trips) else by_shift
    both["end_ms"] = np.minimum(both["end_ms"].to_numpy(dtype=np.int64), given.heard_to_ms)
    both = both[both["end_ms"] > both["start_ms"]]
    return _once_a_driver(both)


def _once_a_driver(duty: pd.DataFrame) -> pd.DataFrame:
    """Spans of one driver on one car that overlap (a card read twice) are one duty."""
    duty = duty.sort_values(["vehicle_id", "driver_id", "start_ms", "end_ms"], ignore_index=True)
    first, last_end = _united(duty, ("vehicle_id", "driver_id"))
    if first.size < len(duty):
        duty = duty.iloc[first].assign(end_ms=last_end)
    return duty.sort_values(["vehicle_id", "start_ms", "end_ms", "driver_id"], ignore_index=True)


def _united(duty: pd.DataFrame, same: tuple[str, ...]) -> tuple[Int64s, Int64s]:
    """First row and latest end of each group of touching spans; rows sorted by `same`, then start."""
    if duty.empty:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    owner = duty.groupby(list(same), sort=False).ngroup().to_numpy()
    start, end = instants(duty["start_ms"], 0), instants(duty["end_ms"], 0)
    reached = pd.Series(end).groupby(owner).cummax().to_numpy()
    new = np.append(True, (owner[1:] != owner[:-1]) | (start[1:] > reached[:-1]))
    first = np.flatnonzero(new)
    return first, np.maximum.reduceat(end, first)


def cars_on_duty(duty: pd.DataFrame) -> pd.DataFrame:
    """The spans in which a car is on duty, whoever drives: duties that touch or overlap are one.

    Args:
        duty: as `duties` gives it.

    Returns:
        vehicle_id, start_ms, end_ms; sorted by vehicle and start.
    """
    first, end = _united(duty, ("vehicle_id",))
    return duty.iloc[first][["vehicle_id", "start_ms"]].assign(end_ms=end).reset_index(drop=True)


def relieved(duty: pd.DataFrame) -> pd.DataFrame:
    """Duties cut where another driver takes the car over: a shift change ends what the first one drives.

    Where two sign in at the same moment nobody can tell who drives: one duty without a driver is left.

    Args:
        duty: as `duties` gives it.
    """
    vehicle, driver = words(duty["vehicle_id"]), words(duty["driver_id"]).copy()
    start, end = instants(duty["start_ms"], 0), instants(duty["end_ms"], 0).copy()
    follows = np.flatnonzero(
        (vehicle[1:] == vehicle[:-1]) & (driver[1:] != driver[:-1]) & (start[1:] < end[:-1])
    )
    end[follows] = start[follows + 1]
    both = follows[start[follows] == start[follows + 1]]
    driver[both + 1] = ""
    return duty.assign(driver_id=driver, end_ms=end)[end > start].reset_index(drop=True)


def one_driver(
    duty: pd.DataFrame, vehicle_id: npt.NDArray[np.object_], begin: Int64s, finish: Int64s
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_], Int64s]:
    """Who had the car during each span, if it was one driver alone.

    Args:
        duty: as `duties` gives it.
        vehicle_id, begin, finish: the spans; each overlaps some duty of its car.

    Returns:
        The driver ("" for several or unknown), how the first of these duties is known, and the earliest
        day_ms of them.
    """
    names, first = np.unique(words(duty["vehicle_id"]).astype(str), return_index=True)
    starts = np.append(first, len(duty)).astype(np.int64)
    driver = pd.factorize(words(duty["driver_id"]))[0]
    row, alone, day_ms = _overlapped(
        starts, instants(duty["start_ms"], 0), instants(duty["end_ms"], 0), instants(duty["day_ms"], 0),
        driver.astype(np.int64), positions_of(tuple(names), vehicle_id), begin, finish,
    )  # fmt: skip
    who = words(duty["driver_id"])[row]
    return np.where(alone, who, "").astype(object), words(duty["known_by"])[row], day_ms


@njit(cache=True)
def _overlapped(
    starts: Int64s, start_ms: Int64s, end_ms: Int64s, day_ms: Int64s, driver: Int64s, vehicle: Int64s,
    begin: Int64s, finish: Int64s,
) -> tuple[Int64s, npt.NDArray[np.bool_], Int64s]:  # fmt: skip
    row = np.zeros(vehicle.size, dtype=np.int64)
    alone = np.ones(vehicle.size, dtype=np.bool_)
    earliest = np.zeros(vehicle.size, dtype=np.int64)
    for at in range(vehicle.size):
        known = False
        for duty in range(starts[vehicle[at]], starts[vehicle[at] + 1]):
            if start_ms[duty] >= finish[at] or end_ms[duty] <= begin[at]:
                continue
            if not known:
                row[at], earliest[at], known = duty, day_ms[duty], True
            earliest[at] = min(earliest[at], day_ms[duty])
            if driver[duty] != driver[row[at]]:
                alone[at] = False
    return row, alone, earliest


def _from_shifts(known: SignIns) -> pd.DataFrame:
    vehicle = np.repeat(np.array(known.vehicle_ids, dtype=object), np.diff(known.starts))
    return pd.DataFrame(
        {
            "vehicle_id": vehicle,
            "driver_id": known.driver_ids[known.driver] if len(vehicle) else np.array([], dtype=object),
            "start_ms": known.start_ms,
            "end_ms": known.end_ms,
            "day_ms": known.start_ms,
            "known_by": np.full(len(vehicle), "shifts", dtype=object),
        }
    )


def _from_trips(trips: pd.DataFrame) -> pd.DataFrame:
    rows = trips.sort_values(["vehicle_id", "boarded_ms", "trip_id"], kind="stable", ignore_index=True)
    vehicle, driver = words(rows["vehicle_id"]), words(rows["driver_id"])
    start, end = instants(rows["boarded_ms"], 0), instants(rows["alighted_ms"], 0)
    if not len(rows):
        return pd.DataFrame({name: pd.Series(dtype=object) for name in DUTY_COLUMNS})
    # The end reached so far within the vehicle: a long trip may outlast the next one's start.
    group = pd.factorize(vehicle)[0]
    reached = pd.Series(end).groupby(group).cummax().to_numpy()
    new = np.ones(len(rows), dtype=bool)
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
    return pd.DataFrame(
        {
            "vehicle_id": vehicle[first],
            "driver_id": driver[first],
            "start_ms": chain_start,
            "end_ms": chain_end,
            "day_ms": start[first],
            "known_by": np.full(first.size, "trips", dtype=object),
        }
    )
