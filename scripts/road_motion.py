"""How taxis drive their legs, and what their receivers report.

Drivers keep to 50 to 98 % of the limit, speed up and brake like cars and stop at some junctions; a few drive
far above the limit for a minute. A receiver reports every so many seconds, with errors that last for some.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from scripts.road_days import EMPTY, GOES_ON, METERED, Town
from scripts.road_traces import STEP_M, driven_over, laid

Floats = npt.NDArray[np.float64]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]

DAY_S: Final = 86_400
# s, x, y, km/h, degrees, loaded
FIX_COLUMNS: Final = 6


class Car(NamedTuple):
    """How one car is driven and heard.

    Attributes:
        every_s: seconds between fixes.
        sigma_m: error of a place.
        bursts: share of trips with a burst far above the limit.
        wait_s: how long it waits for the next passenger, on average.
        rests: int64[r, 2], from and to, ascending.
        walls: instants by which a trip has to be over: the driver changes.
        dark: int64[d, 2], when it reports nothing.
    """

    every_s: int
    sigma_m: float
    bursts: float
    wait_s: float
    rests: Int64s
    walls: Int64s
    dark: Int64s


class Legs(NamedTuple):
    """The legs of one car: where its routes lie among all, and what it does on each."""

    first: int
    start: Int64s
    edge: Int32s
    begin_m: npt.NDArray[np.float32]
    end_m: npt.NDArray[np.float32]
    length_m: Floats
    what: npt.NDArray[np.int8]


class Street(NamedTuple):
    """The network as the kernel takes it."""

    shape_start: Int64s
    x_m: Floats
    y_m: Floats
    length_m: npt.NDArray[np.float32]
    kmh: npt.NDArray[np.int16]


def street_of(town: Town) -> Street:
    """The network as the kernel takes it."""
    return Street(town.network.shape_start, town.x_m, town.y_m, town.network.length_m, town.kmh)


@njit(cache=True)
def live(  # noqa: C901, PLR0912, PLR0915 - compiled: a day is one loop
    street: Street, car: Car, legs: Legs, out: Floats, done: Floats
) -> int:
    """Drives one car through its day; gives the number of its fixes.

    Args:
        street, car, legs: of the car.
        out: a row of `FIX_COLUMNS` a fix.
        done: a row a leg: begin and end (s, 0 and 0 where it was not driven), metres, seconds stood, begin
            and end of a burst (s, 0 and 0 without).
    """
    n = 0
    at = 0.0
    next_s = float(np.random.randint(0, car.every_s))  # noqa: NPY002
    error = np.array([np.random.normal(0.0, car.sigma_m), np.random.normal(0.0, car.sigma_m)])  # noqa: NPY002
    rest, wall = 0, 0
    place = np.zeros(3)
    for leg in range(legs.what.size):
        what = legs.what[leg]
        row = legs.first + leg
        edges = legs.edge[legs.start[row] : legs.start[row + 1]]
        if edges.size == 0:
            continue
        x, y, of_edge, direction = laid(street.shape_start, street.x_m, street.y_m, edges)
        last = edges[edges.size - 1]
        low = int(legs.begin_m[row] / STEP_M)
        high = x.size - int((street.length_m[last] - legs.end_m[row]) / STEP_M)
        if high - low < 4:
            continue
        x, y, of_edge, direction = x[low:high], y[low:high], of_edge[low:high], direction[low:high]
        if leg == 0:
            place[0], place[1], place[2] = x[0], y[0], direction[0]
        # What comes before this leg: a rest, the driver's change, waiting.
        until = at
        if what != GOES_ON:
            if rest < car.rests.shape[0] and car.rests[rest, 0] <= at:
                until = max(until, float(car.rests[rest, 1]))
                rest += 1
            until += 20.0
            if what == METERED:
                until += np.random.exponential(car.wait_s)  # noqa: NPY002
                while wall < car.walls.size and car.walls[wall] < until:
                    wall += 1
                # Nobody is slower than 3 m/s all the way, lights and all.
                metres = legs.length_m[row]
                if leg + 1 < legs.what.size and legs.start[row + 2] > legs.start[row + 1]:
                    metres += legs.length_m[row + 1] * (legs.what[leg + 1] == GOES_ON)
                needs = metres / 3.0 + 120.0
                if wall < car.walls.size and until + needs > car.walls[wall]:
                    until = car.walls[wall] + 240.0
            until = np.ceil(until)
        if until >= DAY_S:
            until = float(DAY_S)
        n, next_s = _stood(car, place, until, error, next_s, out, n)
        at = until
        if at >= DAY_S:
            break
        # The drive.
        usual = np.random.uniform(0.5, 0.98)  # noqa: NPY002
        limit, share, stop_s = np.empty(edges.size), np.empty(edges.size), np.zeros(edges.size)
        for i in range(edges.size):
            limit[i] = street.kmh[edges[i]] / 3.6
            share[i] = min(0.98, max(0.5, usual + np.random.normal(0.0, 0.1)))  # noqa: NPY002
            if np.random.random() < 0.1:  # noqa: NPY002
                stop_s[i] = np.random.uniform(8.0, 45.0)  # noqa: NPY002
        burst_at, burst_share, burst_s = x.size, 0.0, 0.0
        if np.random.random() < car.bursts:  # noqa: NPY002
            burst_share = np.random.uniform(1.35, 1.6)  # noqa: NPY002
            burst_s = max(75.0, 5.0 * car.every_s)
            for _ in range(20):
                k = int(np.random.random() * 0.7 * x.size)  # noqa: NPY002
                if street.kmh[edges[of_edge[k]]] >= 50:
                    burst_at = k
                    break
        seconds, speed, burst = driven_over(of_edge, limit, share, stop_s, burst_at, burst_share, burst_s)
        begin = at
        end = np.ceil(at + seconds[-1] + 1.0)
        stood = 0.0
        for k in range(1, seconds.size):
            if burst[k]:
                if done[leg, 4] == 0.0:
                    done[leg, 4] = begin + seconds[k - 1]
                done[leg, 5] = begin + seconds[k]
            # Above two metres a second nobody needs so long for a step.
            if seconds[k] - seconds[k - 1] > 2.0 * STEP_M:
                stood += seconds[k] - seconds[k - 1]
        k = 0
        while next_s < min(end, float(DAY_S)):
            into = next_s - begin
            while k < seconds.size - 2 and seconds[k + 1] <= into:
                k += 1
            step = seconds[k + 1] - seconds[k]
            stands = step > 2.0 * STEP_M or into > seconds[-1]
            part = 0.0 if stands else min(1.0, max(0.0, (into - seconds[k]) / max(step, 1e-9)))
            here = seconds.size - 1 if into > seconds[-1] else k
            bx = x[here] + (part * (x[here + 1] - x[here]) if here + 1 < x.size else 0.0)
            by = y[here] + (part * (y[here + 1] - y[here]) if here + 1 < x.size else 0.0)
            n, next_s = _fix(
                car, bx, by, 0.0 if stands else speed[here], direction[here] / 10.0,
                0.0 if what == EMPTY else 1.0,
                error, next_s, out, n,
            )  # fmt: skip
        if end < DAY_S:
            done[leg, 0], done[leg, 1] = begin, end
            done[leg, 2], done[leg, 3] = STEP_M * (x.size - 1), stood
        at = end
        place[0], place[1], place[2] = x[x.size - 1], y[x.size - 1], direction[x.size - 1]
        if at >= DAY_S:
            break
    n, _ = _stood(car, place, float(DAY_S), error, next_s, out, n)
    return n


@njit(cache=True)
def _stood(
    car: Car, place: Floats, until: float, error: Floats, next_s: float, out: Floats, n: int
) -> tuple[int, float]:
    """Fixes of a car that stands, empty."""
    while next_s < until:
        n, next_s = _fix(car, place[0], place[1], 0.0, place[2] / 10.0, 0.0, error, next_s, out, n)
    return n, next_s


@njit(cache=True)
def _fix(  # noqa: PLR0913, PLR0917 - compiled: takes columns
    car: Car, x: float, y: float, speed_mps: float, heading: float, loaded: float, error: Floats,
    next_s: float, out: Floats, n: int,
) -> tuple[int, float]:  # fmt: skip
    """One fix, unless the car is dark; errors of places last half a minute."""
    kept = np.exp(-car.every_s / 15.0)
    for axis in range(2):
        error[axis] = kept * error[axis] + np.sqrt(1.0 - kept * kept) * np.random.normal(0.0, car.sigma_m)  # noqa: NPY002
    dark = False
    for i in range(car.dark.shape[0]):
        dark = dark or (car.dark[i, 0] <= next_s < car.dark[i, 1])
    if not dark:
        out[n, 0] = next_s
        out[n, 1] = x + error[0]
        out[n, 2] = y + error[1]
        if np.random.random() < 5e-5:  # noqa: NPY002 - a receiver that errs once
            out[n, 1] += 8_000.0
        out[n, 3] = 0.0
        if speed_mps > 0.0:
            out[n, 3] = max(0.0, speed_mps * 3.6 + np.random.normal(0.0, 0.7))  # noqa: NPY002
            heading = (heading + np.random.normal(0.0, 6.0)) % 360.0  # noqa: NPY002
        out[n, 4] = heading
        out[n, 5] = loaded
        n += 1
    return n, next_s + car.every_s
