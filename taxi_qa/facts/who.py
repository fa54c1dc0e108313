"""Who drove: the trip's own driver, else the shift that covers the moment, else the last sign-in.

Two candidates, or none, and nobody is named: the finding keeps the car and costs nobody points. Never
"the first driver linked to the car".
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from numba import njit

from taxi_qa.facts.given import NOT_GIVEN, Given, instants, positions_of, words
from taxi_qa.values.clock import MS_PER_H

Int64s = npt.NDArray[np.int64]

_OPEN: Final = np.iinfo(np.int64).max

NOBODY: Final = -1
SEVERAL: Final = -2

# An open shift, and a sign-in that no shift closes, speak for this long after they began.
OPEN_SHIFT_MS: Final = 24 * MS_PER_H
LAST_SIGN_IN_MS: Final = 12 * MS_PER_H


@dataclass(frozen=True)
class SignIns:
    """The shifts of some vehicles, sorted by vehicle and start.

    Attributes:
        vehicle_ids: the vehicles that have any.
        starts: vehicle `i` owns rows `starts[i]:starts[i + 1]`.
        start_ms, end_ms: the span; an open shift ends where the next begins, at the latest 24 h on.
        driver: index into `driver_ids`.
        driver_ids: the drivers.
        is_open: True where no sign-out was sent.
    """

    vehicle_ids: tuple[str, ...]
    starts: Int64s
    start_ms: Int64s
    end_ms: Int64s
    driver: Int64s
    driver_ids: npt.NDArray[np.object_]
    is_open: npt.NDArray[np.bool_]


def sign_ins(shifts: pd.DataFrame) -> SignIns:
    """The shifts in the shape in which they are asked.

    Args:
        shifts: records of kind `shifts`, in any order.
    """
    vehicle_ids, vehicle = np.unique(words(shifts["vehicle_id"]).astype(str), return_inverse=True)
    driver_ids, driver = np.unique(words(shifts["driver_id"]).astype(str), return_inverse=True)
    start_ms, end_ms = instants(shifts["start_ms"], 0), instants(shifts["end_ms"], _OPEN)
    order = np.lexsort((driver, start_ms, vehicle))
    vehicle, driver, start_ms, end_ms = vehicle[order], driver[order], start_ms[order], end_ms[order]
    starts = np.searchsorted(vehicle, np.arange(vehicle_ids.size + 1)).astype(np.int64)
    is_open = end_ms == _OPEN
    next_start = np.append(start_ms[1:], np.iinfo(np.int64).max)
    next_start[starts[1:][np.diff(starts) > 0] - 1] = np.iinfo(np.int64).max
    end_ms = np.where(is_open, np.minimum(next_start, start_ms + OPEN_SHIFT_MS), end_ms)
    return SignIns(
        tuple(vehicle_ids.tolist()), starts, start_ms, end_ms, driver.astype(np.int64),
        driver_ids.astype(object), is_open,
    )  # fmt: skip


def signed_in(given: Given) -> SignIns:
    """The shifts given, in that shape; ask for it by `given.once("sign_ins", signed_in)`."""
    return sign_ins(given.tables["shifts"])


def driver_at(
    known: SignIns, vehicle_ids: npt.NDArray[np.object_], moments_ms: Int64s
) -> npt.NDArray[np.object_]:
    """The driver of each vehicle at each moment, "" where nobody or several can be meant."""
    which, _ = candidate_at(known, vehicle_ids, moments_ms)
    return named(known, which)


def candidate_at(
    known: SignIns, vehicle_ids: npt.NDArray[np.object_], moments_ms: Int64s
) -> tuple[Int64s, npt.NDArray[np.bool_]]:
    """As `driver_at`, as an index into `known.driver_ids`, `NOBODY` or `SEVERAL`.

    Returns:
        The candidates, and True where a shift covers the moment (else it is the last sign-in's).
    """
    vehicle = positions_of(known.vehicle_ids, vehicle_ids)
    return _pick(known.starts, known.start_ms, known.end_ms, known.driver, vehicle, moments_ms)


def named(known: SignIns, which: Int64s) -> npt.NDArray[np.object_]:
    """The names of candidates, "" for `NOBODY` and `SEVERAL`."""
    names = np.append(known.driver_ids, "")
    return np.asarray(names[np.where(which < 0, len(known.driver_ids), which)], dtype=object)


@njit(cache=True)
def _pick(
    starts: Int64s, start_ms: Int64s, end_ms: Int64s, driver: Int64s, vehicle: Int64s, moments_ms: Int64s
) -> tuple[Int64s, npt.NDArray[np.bool_]]:
    which = np.full(vehicle.size, NOBODY, dtype=np.int64)
    covered = np.zeros(vehicle.size, dtype=np.bool_)
    for row in range(vehicle.size):
        v, moment = vehicle[row], moments_ms[row]
        if v == NOT_GIVEN:
            continue
        last = np.int64(NOBODY)
        last_start = np.int64(0)
        for shift in range(starts[v], starts[v + 1]):
            if start_ms[shift] > moment:
                break
            if moment <= end_ms[shift]:
                covered[row] = True
                if which[row] == NOBODY:
                    which[row] = driver[shift]
                elif which[row] != driver[shift]:
                    which[row] = SEVERAL
            if last != NOBODY and start_ms[shift] == last_start and last != driver[shift]:
                last = np.int64(SEVERAL)
            else:
                last = driver[shift]
            last_start = start_ms[shift]
        if which[row] == NOBODY and last != NOBODY and moment - last_start <= LAST_SIGN_IN_MS:
            which[row] = last
    return which, covered


@njit(cache=True)
def near_handover(
    starts: Int64s, start_ms: Int64s, end_ms: Int64s, vehicle: Int64s, moments_ms: Int64s, slack_ms: int
) -> npt.NDArray[np.bool_]:
    """Whether any shift of the vehicle begins or ends within `slack_ms` of the moment."""
    near = np.zeros(vehicle.size, dtype=np.bool_)
    for row in range(vehicle.size):
        v = vehicle[row]
        if v == NOT_GIVEN:
            continue
        for shift in range(starts[v], starts[v + 1]):
            if (
                abs(start_ms[shift] - moments_ms[row]) <= slack_ms
                or abs(end_ms[shift] - moments_ms[row]) <= slack_ms
            ):
                near[row] = True
                break
    return near
