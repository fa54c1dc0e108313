"""Which road a vehicle was on, fix by fix: a hidden Markov model over whole traces (Newson and Krumm, 2009).

How well a fix fits a road is told by its distance (a normal error) and by its heading; how well two roads
follow each other by the difference between the way by road and the straight line between the two fixes (an
exponential one). The most likely sequence is found exactly, within a beam: what is so much less likely than
the best of its fix that nothing could make up for it is left out. Beside the best road stands the next-best
one and how much less likely the best trace over it is, as evidence of how sure the match is.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.roads.codirectional import turned_ddeg
from taxi_qa.roads.index import NO_EDGE, SegmentIndex, cell_of, off_segment
from taxi_qa.roads.transitions import Ahead, Room, room_for, search
from taxi_qa.values.place import metres_per_degree

Int16s = npt.NDArray[np.int16]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats32 = npt.NDArray[np.float32]

_E7: Final = 1e-7


class Model(NamedTuple):
    """How receivers err and vehicles drive; costs are minus the logarithm of a probability.

    Attributes:
        sigma_m: error of a place along each axis.
        heading_deg: error of a heading.
        heading_most: a heading never costs more: receivers turn it around at a stand.
        beta_m, beta_share: mean difference between the way by road and the straight line: so many metres,
            and such a share of the straight line.
        back_m: so far back on the same road is an error of the place, no way around the block.
        beam: what costs so much more than the best is left out.
        reach_m: roads further away are none the vehicle can have been on.
        most: roads of a fix at most.
        gap_ms: after a longer silence a trace begins anew.
    """

    sigma_m: float = 8.0
    heading_deg: float = 20.0
    heading_most: float = 8.0
    beta_m: float = 10.0
    beta_share: float = 0.1
    back_m: float = 25.0
    beam: float = 12.0
    reach_m: float = 50.0
    most: int = 8
    gap_ms: int = 300_000


class Matched(NamedTuple):
    """Where the vehicle was, fix by fix.

    Attributes:
        edge: the road, `NO_EDGE` where none is within reach.
        along_m: metres along it.
        second: the next-best road, `NO_EDGE` where no other is within the beam.
        lead: how much less likely the best trace over the next-best road is (natural logarithm); infinite
            where there is no such road.
        joined: whether a way leads here from the fix before.
    """

    edge: Int32s
    along_m: Floats32
    second: Int32s
    lead: Floats32
    joined: npt.NDArray[np.bool_]


def match(
    index: SegmentIndex,
    ahead: Ahead,
    lon_e7: Int32s,
    lat_e7: Int32s,
    heading_ddeg: Int16s,
    time_ms: Int64s,
    starts: Int64s,
    model: Model | None = None,
) -> Matched:
    """The roads of traces.

    Args:
        index: of the network.
        ahead: the connections of the same network.
        lon_e7, lat_e7: the places.
        heading_ddeg: direction of travel, -1 where unknown or the vehicle stands.
        time_ms: ascending within a trace.
        starts: fixes of trace t are starts[t]:starts[t + 1].
        model: how receivers err and vehicles drive.

    Raises:
        ValueError: the model reaches wider than the index.
    """
    model = Model() if model is None else model
    if model.reach_m > index.reach_m:
        raise ValueError(f"the index reaches {index.reach_m:g} m, asked for {model.reach_m:g} m")
    return Matched(*_match(index, ahead, model, lon_e7, lat_e7, heading_ddeg, time_ms, starts))


class _Layer(NamedTuple):
    """The roads of the fixes of one trace, one row a fix; costs are infinite where there is no road."""

    edge: Int32s
    along_m: Floats32
    fit: Floats32
    cost: Floats32
    rest: Floats32
    came_from: npt.NDArray[np.int8]
    step: npt.NDArray[np.float32]


@njit(cache=True, nogil=True)
def _match(
    index: SegmentIndex, ahead: Ahead, model: Model, lon_e7: Int32s, lat_e7: Int32s, heading_ddeg: Int16s,
    time_ms: Int64s, starts: Int64s,
) -> tuple[Int32s, Floats32, Int32s, Floats32, npt.NDArray[np.bool_]]:  # fmt: skip
    n = lon_e7.size
    edge = np.full(n, np.int32(NO_EDGE), dtype=np.int32)
    along = np.zeros(n, dtype=np.float32)
    second = np.full(n, np.int32(NO_EDGE), dtype=np.int32)
    lead = np.full(n, np.float32(np.inf), dtype=np.float32)
    joined = np.zeros(n, dtype=np.bool_)
    longest = 0
    for trace in range(starts.size - 1):
        longest = max(longest, starts[trace + 1] - starts[trace])
    k = model.most
    layer = _Layer(
        np.empty((longest, k), np.int32), np.empty((longest, k), np.float32),
        np.empty((longest, k), np.float32), np.empty((longest, k), np.float32),
        np.empty((longest, k), np.float32), np.empty((longest, k), np.int8),
        np.empty((longest, k, k), np.float32),
    )  # fmt: skip
    row_of = np.empty(longest, dtype=np.int64)
    room = room_for(ahead.x_m.size, ahead.out_edge.size)
    number = 0
    for trace in range(starts.size - 1):
        rows = 0
        first = 0
        for at in range(starts[trace], starts[trace + 1]):
            if not candidates(index, model, lon_e7[at], lat_e7[at], heading_ddeg[at], layer, rows):
                continue
            row_of[rows] = at
            if rows > first:
                before = row_of[rows - 1]
                number, reached = _step(
                    ahead, room, number, model, layer, rows, lon_e7[before], lat_e7[before],
                    lon_e7[at], lat_e7[at],
                )  # fmt: skip
                if not reached or time_ms[at] - time_ms[before] > model.gap_ms:
                    _trace_back(layer, first, rows, row_of, edge, along, second, lead)
                    first = rows
                else:
                    joined[at] = True
            if rows == first:
                for i in range(k):
                    layer.cost[rows, i] = layer.fit[rows, i]
            rows += 1
        if rows > first:
            _trace_back(layer, first, rows, row_of, edge, along, second, lead)
    return edge, along, second, lead, joined


@njit(cache=True, nogil=True)
def candidates(  # noqa: C901 - one loop over the segments of a cell
    index: SegmentIndex, model: Model, lon_e7: int, lat_e7: int, heading_ddeg: int, layer: _Layer, row: int
) -> bool:
    """The roads a fix fits best, written into a row of the layer, best first; whether there is any."""
    k = model.most
    for i in range(k):
        layer.edge[row, i] = NO_EDGE
        layer.fit[row, i] = np.inf
        layer.cost[row, i] = np.inf
    cell = cell_of(index, lon_e7, lat_e7)
    if cell < 0:
        return False
    per_lon, per_lat = metres_per_degree(lat_e7 * _E7)
    per_lon *= _E7
    per_lat *= _E7
    by_place = 0.5 / (model.sigma_m * model.sigma_m)
    by_heading = 0.5 / (100.0 * model.heading_deg * model.heading_deg)
    for i in range(index.cell_start[cell], index.cell_start[cell + 1]):
        s = index.in_cell[i]
        square, share = off_segment(index, s, lon_e7, lat_e7, per_lon, per_lat)
        if square > model.reach_m * model.reach_m:
            continue
        turned = turned_ddeg(heading_ddeg, index.heading_ddeg[s]) if heading_ddeg >= 0 else 0
        fit = np.float32(square * by_place + min(model.heading_most, turned * turned * by_heading))
        # Its place among the found; an edge stands there once, by the segment that fits best.
        slot = k - 1
        for j in range(k):
            if layer.edge[row, j] == index.edge[s] or layer.edge[row, j] == NO_EDGE:
                slot = j
                break
        if fit >= layer.fit[row, slot]:
            continue
        while slot > 0 and layer.fit[row, slot - 1] > fit:
            layer.edge[row, slot] = layer.edge[row, slot - 1]
            layer.along_m[row, slot] = layer.along_m[row, slot - 1]
            layer.fit[row, slot] = layer.fit[row, slot - 1]
            slot -= 1
        layer.edge[row, slot] = index.edge[s]
        layer.along_m[row, slot] = index.along_m[s] + share * index.length_m[s]
        layer.fit[row, slot] = fit
    for i in range(k):
        if layer.fit[row, i] > layer.fit[row, 0] + model.beam:
            layer.edge[row, i] = NO_EDGE
            layer.fit[row, i] = np.inf
    return bool(layer.edge[row, 0] != NO_EDGE)


@njit(cache=True, nogil=True)
def _step(  # noqa: C901, PLR0912, PLR0913, PLR0917 - one pass over pairs of roads; kernels take columns
    ahead: Ahead, room: Room, number: int, model: Model, layer: _Layer, row: int,
    lon_1: int, lat_1: int, lon_2: int, lat_2: int,
) -> tuple[int, bool]:  # fmt: skip
    """Costs of the roads of a row by the best way from the row before; whether any can be reached."""
    k = model.most
    x, y = (lon_2 - ahead.west_e7) * ahead.lon_m, (lat_2 - ahead.south_e7) * ahead.lat_m
    dx, dy = (lon_2 - lon_1) * ahead.lon_m, (lat_2 - lat_1) * ahead.lat_m
    chord = np.sqrt(dx * dx + dy * dy)
    beta = model.beta_m + model.beta_share * chord
    most_m = chord + beta * model.beam
    least = np.float32(np.inf)
    for i in range(k):
        least = min(least, layer.cost[row - 1, i])
    reached = False
    for i in range(k):
        for j in range(k):
            layer.step[row, i, j] = np.inf
    for i in range(k):
        if layer.edge[row - 1, i] == NO_EDGE or layer.cost[row - 1, i] > least + model.beam:
            continue
        begin = ahead.head[layer.edge[row - 1, i]]
        # Roads that end in one junction share one search; the first of them made it.
        made = False
        for h in range(i):
            if (
                layer.edge[row - 1, h] != NO_EDGE
                and ahead.head[layer.edge[row - 1, h]] == begin
                and layer.cost[row - 1, h] <= least + model.beam
            ):
                made = True
        if made:
            continue
        number += 1
        targets = 0
        for j in range(k):
            if layer.edge[row, j] != NO_EDGE:
                tail = ahead.tail[layer.edge[row, j]]
                targets += room.wanted[tail] != number
                room.wanted[tail] = number
        search(ahead, room, number, begin, targets, x, y, model.reach_m, most_m)
        for h in range(i, k):
            from_edge = layer.edge[row - 1, h]
            if (
                from_edge == NO_EDGE
                or ahead.head[from_edge] != begin
                or layer.cost[row - 1, h] > least + model.beam
            ):
                continue
            left_m = ahead.length_m[from_edge] - layer.along_m[row - 1, h]
            for j in range(k):
                to_edge = layer.edge[row, j]
                if to_edge == NO_EDGE:
                    continue
                on_m = layer.along_m[row, j] - layer.along_m[row - 1, h]
                tail = ahead.tail[to_edge]
                if to_edge == from_edge and on_m >= -model.back_m:
                    way_m = abs(on_m)
                elif room.visit[tail] == number and room.done[tail]:
                    way_m = left_m + room.far_m[tail] + layer.along_m[row, j]
                else:
                    continue
                cost = np.float32(abs(way_m - chord) / beta)
                if cost <= model.beam:
                    layer.step[row, h, j] = cost
                    reached = True
    for j in range(k):
        for i in range(k):
            cost = layer.cost[row - 1, i] + layer.step[row, i, j] + layer.fit[row, j]
            if cost < layer.cost[row, j]:
                layer.cost[row, j] = cost
                layer.came_from[row, j] = i
    return number, reached


@njit(cache=True, nogil=True)
def _trace_back(
    layer: _Layer, first: int, past: int, row_of: Int64s,
    edge: Int32s, along: Floats32, second: Int32s, lead: Floats32,
) -> None:  # fmt: skip
    """The best sequence over rows first:past, and beside each of its roads the next-best one."""
    k = layer.edge.shape[1]
    best = np.argmin(layer.cost[past - 1])
    whole = layer.cost[past - 1, best]
    for i in range(k):
        layer.rest[past - 1, i] = 0.0
    for row in range(past - 1, first - 1, -1):
        at = row_of[row]
        edge[at] = layer.edge[row, best]
        along[at] = layer.along_m[row, best]
        other = np.float32(np.inf)
        for i in range(k):
            over = layer.cost[row, i] + layer.rest[row, i]
            if i != best and over < other:
                other = over
                second[at] = layer.edge[row, i]
        lead[at] = max(np.float32(0.0), other - whole)
        if row == first:
            break
        for i in range(k):
            least = np.float32(np.inf)
            for j in range(k):
                least = min(least, layer.step[row, i, j] + layer.fit[row, j] + layer.rest[row, j])
            layer.rest[row - 1, i] = least
        best = layer.came_from[row, best]
