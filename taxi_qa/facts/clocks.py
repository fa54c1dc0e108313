"""The meter's clock against the satellites': a wrong clock is a ticket for the meter, not an offence."""

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.facts.carriages import loaded_runs
from taxi_qa.facts.given import NOT_GIVEN, Given, events_of, positions_of
from taxi_qa.values.clock import MS_PER_DAY

Int64s = npt.NDArray[np.int64]

# A trip of which less than this share lies under the loaded flag was not driven at the time it says.
LEAST_SHARE: Final = 0.5


def clock_doubt(
    given: Given, vehicle_id: npt.NDArray[np.object_], boarded_ms: Int64s, alighted_ms: Int64s
) -> npt.NDArray[np.bool_]:
    """Trips whose times the loaded flag (by satellite time) contradicts, or whose meter reported its clock.

    A car that sends no loaded flag contradicts nothing.
    """
    runs = loaded_runs(given)
    # Runs come car by car and in the order of time, as the positions do.
    first = np.flatnonzero(np.append(True, runs["vehicle_id"][1:] != runs["vehicle_id"][:-1])[: len(runs)])
    of_runs = positions_of(tuple(runs["vehicle_id"][first].tolist()), vehicle_id)
    starts = np.append(first, len(runs)).astype(np.int64)
    under = _under(starts, runs["start_ms"], runs["end_ms"], of_runs, boarded_ms, alighted_ms)
    doubt: npt.NDArray[np.bool_] = (of_runs != NOT_GIVEN) & (under < LEAST_SHARE * (alighted_ms - boarded_ms))
    for name, moment in events_of(given, "meter_clock_fault"):
        doubt |= (vehicle_id == name) & (np.abs(boarded_ms - moment) <= MS_PER_DAY)
    return doubt


@njit(cache=True)
def _under(
    starts: Int64s, start_ms: Int64s, end_ms: Int64s, vehicle: Int64s, from_ms: Int64s, to_ms: Int64s
) -> Int64s:
    """Milliseconds of each span under any run of its vehicle."""
    under = np.zeros(vehicle.size, dtype=np.int64)
    for row in range(vehicle.size):
        v = vehicle[row]
        if v == NOT_GIVEN:
            continue
        low = starts[v] + np.searchsorted(end_ms[starts[v] : starts[v + 1]], from_ms[row])
        for run in range(low, starts[v + 1]):
            if start_ms[run] >= to_ms[row]:
                break
            under[row] += max(0, min(end_ms[run], to_ms[row]) - max(start_ms[run], from_ms[row]))
    return under
