"""When passengers sat down and left, by the car's own seat events, for each metered trip."""

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.facts.given import NOT_GIVEN, Given, instants, looked_up, numbers, positions_of, words
from taxi_qa.values.clock import MS_PER_DAY, MS_PER_MIN

Int64s = npt.NDArray[np.int64]

# A car that sent no seat event for this long has no such sensor, whatever nobody wrote in the register.
SENSOR_DAYS: Final = 7
# Passengers who sat down this long before the meter ran belong to the trip; so do those who leave after.
AROUND_MS: Final = 10 * MS_PER_MIN

_SEAT_KINDS: Final = ("passenger_boarded", "passenger_alighted")
_NONE: Final = np.iinfo(np.int64).min


def seat_times(
    given: Given, vehicle_id: npt.NDArray[np.object_], boarded_ms: Int64s, alighted_ms: Int64s
) -> dict[str, npt.NDArray[np.generic]]:
    """The seat events of each trip.

    Returns:
        seat_sensor: True where the car has a sensor (by the register, else by its events within a week).
        boarded_event_ms: first boarding within the trip, NaN where none or where they sat already.
        aboard_before: passengers sat down within ten minutes before the meter ran, or left within the
            trip before any boarding in it (so they were aboard).
        left_event_ms: the last alighting after which nobody boarded within the trip, NaN where none.
        left_after: passengers left within ten minutes after the meter stopped.
        back_aboard: somebody left and somebody boarded again within the trip.
    """
    events = given.tables["events"]
    kind = words(events["kind"])
    # A count that says how sure it is is a camera's look: nobody boards or leaves by being seen.
    count = np.where(np.isnan(numbers(events["confidence"])), numbers(events["value"]), np.nan)
    is_in = (kind == "passenger_boarded") | ((kind == "passenger_count") & (count > 0))
    is_out = (kind == "passenger_alighted") | ((kind == "passenger_count") & (count == 0))
    used = is_in | is_out
    names = words(events["vehicle_id"])[used]
    moments = instants(events["time_ms"], 0)[used]
    is_in = is_in[used]
    order = np.lexsort((is_in, moments, names.astype(str)))
    names, moments, is_in = names[order].astype(str), moments[order], is_in[order]
    vehicles, first = np.unique(names, return_index=True)
    starts = np.append(first, names.size).astype(np.int64)
    of_events = positions_of(tuple(vehicles), vehicle_id)
    boarded, left, before, after, back = _seat_times(
        starts, moments, is_in, of_events, boarded_ms, alighted_ms
    )
    return {
        "seat_sensor": _has_sensor(given, vehicle_id, of_events, starts, moments, boarded_ms),
        "boarded_event_ms": np.where(boarded == _NONE, np.nan, boarded.astype(np.float64)),
        "left_event_ms": np.where(left == _NONE, np.nan, left.astype(np.float64)),
        "aboard_before": before,
        "left_after": after,
        "back_aboard": back,
    }


def _has_sensor(
    given: Given, vehicle_id: npt.NDArray[np.object_], of_events: Int64s, starts: Int64s, moments: Int64s,
    boarded_ms: Int64s,
) -> npt.NDArray[np.bool_]:  # fmt: skip
    register = given.tables["vehicles"]
    stated = dict(
        zip(words(register["vehicle_id"]), numbers(register["has_seat_sensor"]).tolist(), strict=True)
    )
    heard = _heard(starts, moments, of_events, boarded_ms, SENSOR_DAYS * MS_PER_DAY)
    by_register = looked_up(vehicle_id, lambda name: stated.get(name, np.nan), np.float64)
    return np.where(np.isnan(by_register), heard, by_register == 1)


@njit(cache=True)
def _heard(
    starts: Int64s, moments: Int64s, vehicle: Int64s, at_ms: Int64s, within_ms: int
) -> npt.NDArray[np.bool_]:
    heard = np.zeros(vehicle.size, dtype=np.bool_)
    for row in range(vehicle.size):
        v = vehicle[row]
        if v == NOT_GIVEN:
            continue
        for i in range(starts[v], starts[v + 1]):
            if abs(moments[i] - at_ms[row]) <= within_ms:
                heard[row] = True
                break
    return heard


@njit(cache=True)
def _seat_times(
    starts: Int64s, moments: Int64s, is_in: npt.NDArray[np.bool_], vehicle: Int64s, boarded_ms: Int64s,
    alighted_ms: Int64s,
) -> tuple[Int64s, Int64s, npt.NDArray[np.bool_], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:  # fmt: skip
    n = vehicle.size
    boarded = np.full(n, _NONE, dtype=np.int64)
    left = np.full(n, _NONE, dtype=np.int64)
    before = np.zeros(n, dtype=np.bool_)
    after = np.zeros(n, dtype=np.bool_)
    back = np.zeros(n, dtype=np.bool_)
    for row in range(n):
        v = vehicle[row]
        if v == NOT_GIVEN:
            continue
        somebody_left = False
        for i in range(starts[v], starts[v + 1]):
            moment = moments[i]
            if moment < boarded_ms[row] - AROUND_MS:
                continue
            if moment > alighted_ms[row] + AROUND_MS:
                break
            if moment <= boarded_ms[row]:
                before[row] = is_in[i]
            elif moment <= alighted_ms[row]:
                if is_in[i]:
                    if somebody_left:
                        back[row] = True
                    if boarded[row] == _NONE and not before[row]:
                        boarded[row] = moment
                    left[row] = _NONE
                else:
                    if boarded[row] == _NONE:
                        before[row] = True
                    left[row] = moment
                    somebody_left = True
            else:
                # The first event after the meter stopped says whether they were still aboard.
                after[row] = not is_in[i]
                break
    return boarded, left, before, after, back
