"""The published ways of telling a detour, written as plainly as can be: `bench detours` has to beat them.

None of them shares a line with `taxi_qa.facts.similar`. Trips are compared within their pair: origin and
destination in the same two cells of 750 m, as the folder's own column `pair` says.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

NEIGHBOURS: Final = 50
CELL_M: Final = 250.0
STEP_M: Final = 100.0
LAMBDA: Final = 150.0
THETAS: Final = (0.01, 0.05)
TREES: Final = 50
SAMPLE: Final = 256


class Trips(NamedTuple):
    """Trips on a plane.

    Attributes:
        start: (n + 1,) trip t has the places start[t] to start[t + 1].
        x, y: metres.
        pair: (n,) of origin and destination.
        length_m, straight_m: (n,) driven and as the crow flies.
        ends: (n, 4) begin x, begin y, end x, end y.
    """

    start: Int64s
    x: Floats
    y: Floats
    pair: Int64s
    length_m: Floats
    straight_m: Floats
    ends: Floats


class Routes(NamedTuple):
    """Trips as runs of cells; `start` as in `Trips`."""

    start: Int64s
    cell: Int64s


def baselines(history: Trips, trips: Trips) -> dict[str, Floats]:
    """The score of every trip by every published way; the higher, the more a detour."""
    of_pair = {int(pair): np.flatnonzero(history.pair == pair) for pair in np.unique(trips.pair)}
    scores = _by_length(history, trips, of_pair)
    scores["R5 circuity vs 50 nearest"] = _by_nearest(history, trips)
    theirs, ours = _routes(history), _routes(trips)
    for theta in THETAS:
        scores[f"iBOAT theta {theta}"], share = _iboat(theirs, ours, trips.pair, of_pair, theta)
        if theta == THETAS[0]:
            scores["C1 circuity + iBOAT"] = np.log(scores["R4 circuity / median of the pair"]) + share
            scores["iBOAT theta 0.01, share"] = share
    scores["iBAT"] = _ibat(theirs, ours, trips.pair, of_pair)
    return scores


def _by_length(history: Trips, trips: Trips, of_pair: dict[int, Int64s]) -> dict[str, Floats]:
    circuity = history.length_m / history.straight_m
    ours = trips.length_m / trips.straight_m
    shortest, median, ratio, robust = (np.full(ours.size, np.nan) for _ in range(4))
    for pair, rows in of_pair.items():
        asked = trips.pair == pair
        shortest[asked] = trips.length_m[asked] / history.length_m[rows].min()
        median[asked] = trips.length_m[asked] / np.median(history.length_m[rows])
        middle = np.median(circuity[rows])
        deviation = 1.4826 * np.median(np.abs(circuity[rows] - middle))
        ratio[asked] = ours[asked] / middle
        robust[asked] = (ours[asked] - middle) / deviation
    return {
        "R1 length / shortest similar": shortest,
        "R3 length / median similar": median,
        "R4 circuity / median of the pair": ratio,
        "R6 robust z of circuity": robust,
    }


def _by_nearest(history: Trips, trips: Trips) -> Floats:
    """Circuity over the 10th percentile among the 50 nearest trips in origin-destination space."""
    circuity = history.length_m / history.straight_m
    score = trips.length_m / trips.straight_m
    for t, place in enumerate(trips.ends):
        square = ((history.ends - place) ** 2).sum(axis=1)
        score[t] /= np.quantile(circuity[np.argpartition(square, NEIGHBOURS)[:NEIGHBOURS]], 0.1)
    return score


def _routes(trips: Trips) -> Routes:
    """The cells each trip runs through, at places 100 m apart; the same cell twice in a row is once."""
    cells, start = [], [0]
    for t in range(trips.start.size - 1):
        x, y = (axis[trips.start[t] : trips.start[t + 1]] for axis in (trips.x, trips.y))
        along = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
        at = np.union1d(along, np.arange(0, along[-1], STEP_M))
        column, row = (np.floor(np.interp(at, along, axis) / CELL_M).astype(np.int64) for axis in (x, y))
        run = column * 1_000_000 + row
        run = run[np.concatenate([[True], np.diff(run) != 0])]
        cells.append(run)
        start.append(start[-1] + run.size)
    return Routes(np.array(start), np.concatenate(cells))


def _iboat(
    history: Routes, trips: Routes, pairs: Int64s, of_pair: dict[int, Int64s], theta: float
) -> tuple[Floats, Floats]:
    """The score of iBOAT, and the share of the cells it marks."""
    score, share = np.zeros(pairs.size), np.zeros(pairs.size)
    for t, pair in enumerate(pairs):
        cell = trips.cell[trips.start[t] : trips.start[t + 1]]
        score[t] = _windowed(history.start, history.cell, of_pair[int(pair)], cell, theta)
        share[t] = score[t] / cell.size
    return score, share


@njit(cache=True)
def _windowed(start: Int64s, cells: Int64s, rows: Int64s, cell: Int64s, theta: float) -> float:
    """The adaptive window of iBOAT: trips that ran through the window's cells in this order support it."""
    at = np.full(rows.size, -1)
    many = rows.size
    score = 0.0
    for c in cell:
        after = np.full(rows.size, -2)
        support = 0
        for k in range(rows.size):
            if at[k] == -2:
                continue
            for i in range(start[rows[k]] + at[k] + 1, start[rows[k] + 1]):
                if cells[i] == c:
                    after[k] = i - start[rows[k]]
                    support += 1
                    break
        share = support / many if many else 0.0
        score += 1.0 / (1.0 + np.exp(LAMBDA * (share - theta)))
        if share < theta:
            # Anomalous: the window begins anew, every trip may support it again.
            at[:] = -1
            many = rows.size
        else:
            at, many = after, support
    return score


def _ibat(history: Routes, trips: Routes, pairs: Int64s, of_pair: dict[int, Int64s]) -> Floats:
    """iBAT: how few random cells of the trip it takes to be alone; 50 trees of up to 256 trips."""
    score = np.zeros(pairs.size)
    for pair, rows in of_pair.items():
        runs = [history.cell[history.start[r] : history.start[r + 1]] for r in rows]
        known, inverse = np.unique(np.concatenate(runs), return_inverse=True)
        through = np.zeros((rows.size, known.size), dtype=np.bool_)
        through[np.repeat(np.arange(rows.size), [run.size for run in runs]), inverse] = True
        for t in np.flatnonzero(pairs == pair):
            cell = np.unique(trips.cell[trips.start[t] : trips.start[t + 1]])
            column = np.searchsorted(known, cell)
            column[(column == known.size) | (known[np.minimum(column, known.size - 1)] != cell)] = -1
            score[t] = _isolated(through, column, int(t))
    return score


@njit(cache=True)
def _isolated(through: npt.NDArray[np.bool_], column: Int64s, seed: int) -> float:
    np.random.seed(seed)  # noqa: NPY002 - a kernel knows no generators
    size = min(SAMPLE, through.shape[0])
    mean = 2.0 * (np.log(size - 1.0) + 0.5772156649) - 2.0 * (size - 1.0) / size
    steps = 0.0
    for _ in range(TREES):
        left = np.random.permutation(through.shape[0])[:size]  # noqa: NPY002 - the same
        order = np.random.permutation(column.size)  # noqa: NPY002 - the same
        for c in column[order]:
            steps += 1.0
            if c < 0:
                left = left[:0]
                break
            left = left[through[left, c]]
            if left.size <= 1:
                break
        if left.size > 1:
            more = 2.0 * (np.log(left.size - 1.0) + 0.5772156649) - 2.0 * (left.size - 1.0) / left.size
            steps += max(0.0, more)
    result: float = 2.0 ** (-(steps / TREES) / mean)
    return result
