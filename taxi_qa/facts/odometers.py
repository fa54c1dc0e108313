"""How far a car went by its own odometer, read at both ends of a span: a third witness."""

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.facts.given import NOT_GIVEN
from taxi_qa.records.fixes import NO_ODOMETER
from taxi_qa.values.clock import MS_PER_MIN

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]

# A reading further than this from the end of a span says nothing of it.
NEAR_MS: Final = MS_PER_MIN


def odometer_along(
    starts: Int64s, time_ms: Int64s, odometer_m: Int32s, vehicle: Int64s, start_ms: Int64s, end_ms: Int64s
) -> Floats:
    """Metres by the odometer over each span, NaN where it was not read near both ends or ran backwards.

    An end between two readings lies between them in the share of the time.

    Args:
        starts, time_ms, odometer_m: all positions, sorted by vehicle and time.
        vehicle: of each span, `NOT_GIVEN` where it has no positions.
        start_ms, end_ms: the spans.
    """
    if odometer_m.size == 0 or odometer_m.strides[0] == 0:  # a column the store was not asked for
        return np.full(vehicle.size, np.nan)
    low = _reading(starts, time_ms, odometer_m, vehicle, start_ms, NEAR_MS)
    high = _reading(starts, time_ms, odometer_m, vehicle, end_ms, NEAR_MS)
    return np.where(high >= low, high - low, np.nan)


@njit(cache=True, nogil=True)
def _reading(
    starts: Int64s, time_ms: Int64s, odometer_m: Int32s, vehicle: Int64s, moment_ms: Int64s, near_ms: int
) -> Floats:
    read = np.full(vehicle.size, np.nan)
    for row in range(vehicle.size):
        v = vehicle[row]
        if v == NOT_GIVEN:
            continue
        first, past, moment = starts[v], starts[v + 1], moment_ms[row]
        after = first + np.searchsorted(time_ms[first:past], moment)
        before = after - 1
        while after < past and odometer_m[after] == NO_ODOMETER and time_ms[after] - moment <= near_ms:
            after += 1
        while before >= first and odometer_m[before] == NO_ODOMETER and moment - time_ms[before] <= near_ms:
            before -= 1
        has_after = after < past and time_ms[after] - moment <= near_ms
        if has_after and time_ms[after] == moment:
            read[row] = odometer_m[after]
        elif has_after and before >= first and moment - time_ms[before] <= near_ms:
            share = (moment - time_ms[before]) / (time_ms[after] - time_ms[before])
            read[row] = odometer_m[before] + (odometer_m[after] - odometer_m[before]) * share
    return read


def odometer_along_in_numpy(
    starts: Int64s, time_ms: Int64s, odometer_m: Int32s, vehicle: Int64s, start_ms: Int64s, end_ms: Int64s
) -> Floats:
    """The same, a span at a time over whole columns."""
    metres = np.full(vehicle.size, np.nan)
    for row, (v, begin, end) in enumerate(zip(vehicle, start_ms, end_ms, strict=True)):
        if v == NOT_GIVEN:
            continue
        rows = np.arange(starts[v], starts[v + 1])
        rows = rows[odometer_m[rows] != NO_ODOMETER]
        ends = [_reading_in_numpy(time_ms[rows], odometer_m[rows], int(moment)) for moment in (begin, end)]
        if ends[1] >= ends[0]:
            metres[row] = ends[1] - ends[0]
    return metres


def _reading_in_numpy(times: Int64s, values: Int32s, moment: int) -> float:
    later, earlier = np.flatnonzero(times >= moment), np.flatnonzero(times < moment)
    if not later.size or times[later[0]] - moment > NEAR_MS:
        return float("nan")
    if times[later[0]] == moment:
        return float(values[later[0]])
    if not earlier.size or moment - times[earlier[-1]] > NEAR_MS:
        return float("nan")
    ends = [earlier[-1], later[0]]
    return float(np.interp(moment, times[ends], values[ends]))
