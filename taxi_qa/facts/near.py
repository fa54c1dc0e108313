"""What lies near what in place and time, among many: by cells of a grid, never all against all."""

from typing import Final

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Metres east, metres north, and moments (ms).
Moments = tuple[Floats, Floats, Int64s]

# Cells of a row of the grid, and rows of a layer of time: more than a country has at 10 m.
_ACROSS: Final = 1 << 20


def near_pairs(
    these: Moments, those: Moments, metres: float, after_ms: tuple[int, int]
) -> tuple[Int64s, Int64s]:
    """All pairs no farther apart than that, the second so much after the first.

    Args:
        these, those: places in metres of one plane and their moments; NaN places pair with nothing.
        metres: at most so far apart.
        after_ms: the second's moment less the first's lies between these two, both included.

    Returns:
        Row of `these` and row of `those` of each pair, sorted.
    """
    width_ms = max(1, after_ms[1] - after_ms[0])
    left, right = _usable(these), _usable(those)
    if not left.size or not right.size:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    x_0 = min(these[0][left].min(), those[0][right].min()) - 2 * metres
    y_0 = min(these[1][left].min(), those[1][right].min()) - 2 * metres
    t_0 = min(int(these[2][left].min()) + after_ms[0], int(those[2][right].min())) - 2 * width_ms
    cells = [
        (
            ((x[rows] - x_0) // metres).astype(np.int64),
            ((y[rows] - y_0) // metres).astype(np.int64),
            (moment[rows] + shift - t_0) // width_ms,
        )
        for (x, y, moment), rows, shift in ((these, left, after_ms[0]), (those, right, 0))
    ]
    key = _key(*cells[1])
    order = np.argsort(key, kind="stable")
    key = key[order]
    found: list[tuple[Int64s, Int64s]] = []
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            for dt in (0, 1):  # the earliest allowed moment lies in the first's own layer
                wanted = _key(cells[0][0] + dx, cells[0][1] + dy, cells[0][2] + dt)
                low, high = np.searchsorted(key, wanted), np.searchsorted(key, wanted, side="right")
                count = high - low
                one = np.repeat(np.arange(left.size), count)
                within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
                found.append((left[one], right[order[np.repeat(low, count) + within]]))
    first, second = (np.concatenate(side) for side in zip(*found, strict=True))
    apart = np.hypot(those[0][second] - these[0][first], those[1][second] - these[1][first])
    gap = those[2][second] - these[2][first]
    fits = (apart <= metres) & (gap >= after_ms[0]) & (gap <= after_ms[1])
    first, second = first[fits], second[fits]
    sorting = np.lexsort((second, first))
    return first[sorting], second[sorting]


def _usable(moments: Moments) -> Int64s:
    return np.flatnonzero(~(np.isnan(moments[0]) | np.isnan(moments[1])))


def _key(x: Int64s, y: Int64s, layer: Int64s) -> Int64s:
    return (layer * _ACROSS + x) * _ACROSS + y
