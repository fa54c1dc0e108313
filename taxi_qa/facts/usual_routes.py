"""Which trips went the same way before: places in four dimensions, and how far a line strays from lines.

A trip, or a stretch of one, is a point in four dimensions: where it began (x, y) and where it ended
(x, y), in metres. Comparable ones are its nearest; a k-d tree finds them exactly. What is compared then
are lines on the plane: how much they turn, how far they lie from one another.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]

_LEAF: Final = 12
_DEEPEST: Final = 64
# A shorter leg is the wobble of a standing car.
LEG_M: Final = 50.0


class Driven(NamedTuple):
    """Trips as driven, one after the other.

    Attributes:
        start: (n + 1,) trip t has the fixes start[t] to start[t + 1], at least one.
        lon_e7, lat_e7: places of the fixes in order of time, 1e-7 degree, WGS-84.
        seconds: (n,) how long each took; NaN where not known.
    """

    start: Int64s
    lon_e7: Int32s
    lat_e7: Int32s
    seconds: Floats


class Lines(NamedTuple):
    """The same trips on a plane, without wobble; kernels take it as it is.

    Attributes:
        start: (n + 1,) trip t has the corners start[t] to start[t + 1].
        x, y: corners, metres.
        fix: which fix of its trip each corner is.
        along_m: metres driven from the trip's begin.
        length_m: (n,) of the trips.
        places: (n, 4) begin x, begin y, end x, end y.
        seconds: (n,) duration.
        turned_rad: (n,) sum of all turns.
        back_share: (n,) metres back and forth, as a share of the length.
    """

    start: Int64s
    x: Floats32
    y: Floats32
    fix: Int64s
    along_m: Floats32
    length_m: Floats
    places: Floats32
    seconds: Floats
    turned_rad: Floats
    back_share: Floats


class Plane(NamedTuple):
    """Where the metres are counted from (degrees), and metres of a degree."""

    west: float
    south: float
    per_lon: float
    per_lat: float


class Tree(NamedTuple):
    """Points of four dimensions, cut in halves again and again; kernels take it as it is.

    Attributes:
        places: (n, 4) metres: begin x, begin y, end x, end y; in the tree's own order.
        owner: (n,) whose each is (a trip's row), in the same order.
        axis: (nodes,) along which axis node i is cut; its halves are nodes 2 i + 1 and 2 i + 2.
        cut: (nodes,) where.
    """

    places: Floats32
    owner: Int32s
    axis: npt.NDArray[np.int8]
    cut: Floats32


def tree_of(places: Floats32, owner: Int32s) -> tuple[Tree, Int64s]:
    """The tree of some places, and the order it put them in.

    Args:
        places: (n, 4) metres.
        owner: (n,) row of the trip each belongs to.
    """
    order = np.arange(len(places))
    nodes = 1
    while len(places) > _LEAF * nodes:
        nodes *= 2
    axis, cut = _halved(places, order, 2 * nodes)
    return Tree(np.ascontiguousarray(places[order]), owner[order], axis, cut), order


@njit(cache=True, nogil=True)
def _halved(places: Floats32, order: Int64s, nodes: int) -> tuple[npt.NDArray[np.int8], Floats32]:
    """Sort `order` into halves of halves, each cut across its widest axis."""
    axis = np.zeros(nodes, dtype=np.int8)
    cut = np.zeros(nodes, dtype=np.float32)
    stack = np.empty((_DEEPEST, 3), dtype=np.int64)
    stack[0, 0], stack[0, 1], stack[0, 2] = 0, 0, order.size
    depth = 1
    while depth:
        depth -= 1
        node, low, high = stack[depth, 0], stack[depth, 1], stack[depth, 2]
        if high - low <= _LEAF:
            continue
        widest, width = 0, -1.0
        for a in range(4):
            least = most = places[order[low], a]
            for i in range(low + 1, high):
                value = places[order[i], a]
                least = min(least, value)
                most = max(most, value)
            if most - least > width:
                widest, width = a, most - least
        middle = (low + high) // 2
        # Quickselect: the smaller half before `middle`, the larger from it on.
        left, right = low, high - 1
        while left < right:
            pivot = places[order[(left + right) // 2], widest]
            i, j = left, right
            while i <= j:
                while places[order[i], widest] < pivot:
                    i += 1
                while places[order[j], widest] > pivot:
                    j -= 1
                if i <= j:
                    order[i], order[j] = order[j], order[i]
                    i += 1
                    j -= 1
            if middle <= j:
                right = j
            elif middle >= i:
                left = i
            else:
                break
        axis[node] = widest
        cut[node] = places[order[middle], widest]
        stack[depth, 0], stack[depth, 1], stack[depth, 2] = 2 * node + 1, low, middle
        depth += 1
        stack[depth, 0], stack[depth, 1], stack[depth, 2] = 2 * node + 2, middle, high
        depth += 1
    return axis, cut


@njit(cache=True, nogil=True)
def nearest(tree: Tree, place: Floats, but: int, reach_m: float, rows: Int64s, square: Floats) -> int:
    """The nearest rows of the tree to a place, nearest first.

    Args:
        tree: to search.
        place: (4,) metres.
        but: rows of this owner do not count (-1: all do).
        reach_m: nor do rows further away than this, in four dimensions.
        rows: (k,) is filled with rows of the tree.
        square: (k,) is filled with their squared distances.

    Returns:
        how many were found, at most k.
    """
    most = rows.size
    found = 0
    worst = reach_m * reach_m
    # A box not looked into yet: node, its rows, and how far the place lies outside it along each axis.
    stack = np.empty((_DEEPEST, 3), dtype=np.int64)
    outside = np.zeros((_DEEPEST, 4), dtype=np.float64)
    stack[0, 0], stack[0, 1], stack[0, 2] = 0, 0, tree.owner.size
    depth = 1
    off = np.zeros(4)
    while depth:
        depth -= 1
        node, low, high = stack[depth, 0], stack[depth, 1], stack[depth, 2]
        far = 0.0
        for a in range(4):
            off[a] = outside[depth, a]
            far += off[a] * off[a]
        if far > worst:
            continue
        while high - low > _LEAF:
            a = tree.axis[node]
            beyond = place[a] - tree.cut[node]
            middle = (low + high) // 2
            near_left = beyond < 0
            other = far - off[a] * off[a] + beyond * beyond
            if other <= worst:
                for b in range(4):
                    outside[depth, b] = off[b]
                outside[depth, a] = beyond
                stack[depth, 0] = 2 * node + 2 if near_left else 2 * node + 1
                stack[depth, 1] = middle if near_left else low
                stack[depth, 2] = high if near_left else middle
                depth += 1
            if near_left:
                node, high = 2 * node + 1, middle
            else:
                node, low = 2 * node + 2, middle
        for i in range(low, high):
            distance = 0.0
            for a in range(4):
                step = place[a] - tree.places[i, a]
                distance += step * step
            if distance > worst or tree.owner[i] == but or (found == most and distance >= worst):
                continue
            at = found if found < most else most - 1
            while at > 0 and square[at - 1] > distance:
                square[at], rows[at] = square[at - 1], rows[at - 1]
                at -= 1
            square[at], rows[at] = distance, i
            found = min(found + 1, most)
            if found == most:
                worst = square[most - 1]
    return found


@njit(cache=True, nogil=True)
def turned(x: Floats32, y: Floats32) -> tuple[float, float]:
    """How much a line turns.

    Args:
        x, y: its corners, metres, no two in a row in the same place.

    Returns:
        the sum of its turns (radians), and the metres it went back and forth: at each corner (1 - cos turn)
        times the shorter of the two legs, so that a way out and back counts twice its length.
    """
    total = back = 0.0
    for i in range(1, x.size - 1):
        in_x, in_y = float(x[i] - x[i - 1]), float(y[i] - y[i - 1])
        out_x, out_y = float(x[i + 1] - x[i]), float(y[i + 1] - y[i])
        turn = abs(np.arctan2(in_x * out_y - in_y * out_x, in_x * out_x + in_y * out_y))
        leg = min(np.hypot(in_x, in_y), np.hypot(out_x, out_y))
        total += turn
        back += (1.0 - np.cos(turn)) * leg
    return total, back


@njit(cache=True, nogil=True)
def square_to_line(x: float, y: float, line_x: Floats32, line_y: Floats32) -> float:
    """Squared metres from a place to a line of at least one corner."""
    best = np.inf
    for i in range(max(1, line_x.size - 1)):
        from_x, from_y = float(line_x[i]), float(line_y[i])
        to = min(i + 1, line_x.size - 1)
        along_x, along_y = float(line_x[to]) - from_x, float(line_y[to]) - from_y
        length = along_x * along_x + along_y * along_y
        share = 0.0
        if length > 0.0:
            share = ((x - from_x) * along_x + (y - from_y) * along_y) / length
            share = min(1.0, max(0.0, share))
        off_x, off_y = x - from_x - share * along_x, y - from_y - share * along_y
        best = min(best, off_x * off_x + off_y * off_y)
    return best


@njit(cache=True, nogil=True)
def thinned(x: Floats, y: Floats, start: Int64s, step_m: float) -> tuple[Floats32, Floats32, Int64s, Int64s]:
    """Lines without the wobble of standing cars: corners at least `step_m` from the last, and both ends.

    Args:
        x, y: places of all lines one after the other, metres.
        start: (n + 1,) where each line begins; none is empty.
        step_m: least length of a leg.

    Returns:
        x and y of the corners that stay, where each line begins among them, and which place each was.
    """
    kept = np.empty(x.size, dtype=np.int64)
    begin = np.zeros(start.size, dtype=np.int64)
    n = 0
    for line in range(start.size - 1):
        first, last = start[line], start[line + 1] - 1
        kept[n] = first
        n += 1
        for i in range(first + 1, last + 1):
            leg = np.hypot(x[i] - x[kept[n - 1]], y[i] - y[kept[n - 1]])
            if leg >= step_m:
                kept[n] = i
                n += 1
        if kept[n - 1] != last:
            # The end stays; the corner just before it goes, unless it is the begin.
            if kept[n - 1] == first:
                kept[n] = last
                n += 1
            else:
                kept[n - 1] = last
        begin[line + 1] = n
    which = kept[:n].copy()
    return x[which].astype(np.float32), y[which].astype(np.float32), begin, which


def every(driven: Driven, step: int) -> Driven:
    """Every `step`-th trip; all of them where the step is 1 or less."""
    if step <= 1:
        return driven
    count = np.diff(driven.start)
    taken = np.zeros(count.size, dtype=bool)
    taken[::step] = True
    fixes = np.repeat(taken, count)
    start = np.concatenate([[0], np.cumsum(count[taken])])
    return Driven(start, driven.lon_e7[fixes], driven.lat_e7[fixes], driven.seconds[taken])


def lines_of(driven: Driven, plane: Plane) -> Lines:
    """The trips on a plane: corners at least `LEG_M` apart, and what follows from them."""
    x = (driven.lon_e7.astype(np.float64) * 1e-7 - plane.west) * plane.per_lon
    y = (driven.lat_e7.astype(np.float64) * 1e-7 - plane.south) * plane.per_lat
    thin_x, thin_y, start, which = thinned(x, y, driven.start, LEG_M)
    fix = which - np.repeat(driven.start[:-1], np.diff(start))
    along_m, length_m, places, turned_rad, back_share = _measured(thin_x, thin_y, start)
    return Lines(
        start, thin_x, thin_y, fix, along_m, length_m, places, driven.seconds, turned_rad, back_share
    )


@njit(cache=True, nogil=True)
def _measured(x: Floats32, y: Floats32, start: Int64s) -> tuple[Floats32, Floats, Floats32, Floats, Floats]:
    """The columns of `Lines` that follow from its corners."""
    n = start.size - 1
    along_m = np.zeros(x.size, dtype=np.float32)
    length_m, turned_rad, back_share = np.zeros(n), np.zeros(n), np.zeros(n)
    places = np.zeros((n, 4), dtype=np.float32)
    for t in range(n):
        a, z = start[t], start[t + 1] - 1
        places[t, 0], places[t, 1], places[t, 2], places[t, 3] = x[a], y[a], x[z], y[z]
        for i in range(a + 1, z + 1):
            length_m[t] += np.hypot(x[i] - x[i - 1], y[i] - y[i - 1])
            along_m[i] = length_m[t]
        turned_rad[t], back_m = turned(x[a : z + 1], y[a : z + 1])
        back_share[t] = back_m / max(1.0, length_m[t])
    return along_m, length_m, places, turned_rad, back_share
