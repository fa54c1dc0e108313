"""`matching.match` written plainly: the oracle of its tests, a thousand times slower."""

import heapq
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from taxi_qa.roads.codirectional import metres_to_segments
from taxi_qa.roads.index import NO_EDGE, SegmentIndex, off_segment
from taxi_qa.roads.matching import Int16s, Int32s, Int64s, Matched, Model
from taxi_qa.roads.transitions import Ahead
from taxi_qa.values.place import metres_per_degree

Floats = npt.NDArray[np.float64]

_E7 = 1e-7


def match_in_numpy(
    index: SegmentIndex,
    ahead: Ahead,
    lon_e7: Int32s,
    lat_e7: Int32s,
    heading_ddeg: Int16s,
    time_ms: Int64s,
    starts: Int64s,
    model: Model,
) -> Matched:
    """The roads of traces; arguments as `matching.match` takes them."""
    n = lon_e7.size
    found = Matched(
        np.full(n, NO_EDGE, dtype=np.int32),
        np.zeros(n, dtype=np.float32),
        np.full(n, NO_EDGE, dtype=np.int32),
        np.full(n, np.inf, dtype=np.float32),
        np.zeros(n, dtype=bool),
    )
    for first, past in pairwise(starts.tolist()):
        roads = {
            at: _roads(index, model, int(lon_e7[at]), int(lat_e7[at]), int(heading_ddeg[at]))
            for at in range(first, past)
        }
        rows = [at for at in range(first, past) if roads[at][0].size]
        chain: list[int] = []
        costs: list[Floats] = []
        steps: list[Floats] = []
        for at in rows:
            edges, along, fit = roads[at]
            step = np.full((0, edges.size), np.inf)
            if chain:
                before = chain[-1]
                dx = (int(lon_e7[at]) - int(lon_e7[before])) * ahead.lon_m
                dy = (int(lat_e7[at]) - int(lat_e7[before])) * ahead.lat_m
                alive = costs[-1] <= costs[-1].min() + model.beam
                step = _steps(ahead, model, roads[before][:2], (edges, along), float(np.hypot(dx, dy)))
                step[~alive] = np.inf
                if not np.isfinite(step).any() or time_ms[at] - time_ms[before] > model.gap_ms:
                    _written(found, roads, chain, costs, steps)
                    chain, costs, steps = [], [], []
            if chain:
                found.joined[at] = True
                steps.append(step)
                costs.append((costs[-1][:, None] + step).min(axis=0) + fit)
            else:
                costs.append(fit)
            chain.append(at)
        _written(found, roads, chain, costs, steps)
    return found


def _roads(
    index: SegmentIndex, model: Model, lon_e7: int, lat_e7: int, heading_ddeg: int
) -> tuple[Int32s, Floats, Floats]:
    """The roads a fix fits best: edge, metres along it, cost."""
    metres = metres_to_segments(index, lon_e7, lat_e7)
    turned = np.abs(index.heading_ddeg.astype(np.float64) - heading_ddeg) % 3600
    turned = np.minimum(turned, 3600 - turned) / 10 if heading_ddeg >= 0 else np.zeros(metres.size)
    fit = 0.5 * (metres / model.sigma_m) ** 2
    fit += np.minimum(model.heading_most, 0.5 * (turned / model.heading_deg) ** 2)
    order = np.argsort(fit, kind="stable")
    order = order[metres[order] <= model.reach_m]
    _, first = np.unique(index.edge[order], return_index=True)
    chosen = order[np.sort(first)][: model.most]
    chosen = chosen[fit[chosen] <= fit[chosen[:1]].sum() + model.beam]
    per_lon, per_lat = (one * _E7 for one in metres_per_degree(lat_e7 * _E7))
    shares = np.array([off_segment(index, s, lon_e7, lat_e7, per_lon, per_lat)[1] for s in chosen])
    return index.edge[chosen], index.along_m[chosen] + shares * index.length_m[chosen], fit[chosen]


def _steps(
    ahead: Ahead,
    model: Model,
    before: tuple[Int32s, Floats],
    after: tuple[Int32s, Floats],
    chord_m: float,
) -> Floats:
    """Costs from each road of one fix to each road of the next, infinite where there is no way."""
    beta = model.beta_m + model.beta_share * chord_m
    steps = np.full((before[0].size, after[0].size), np.inf)
    for i, (from_edge, from_m) in enumerate(zip(*before, strict=True)):
        far = _far(ahead, int(ahead.head[from_edge]), chord_m + beta * model.beam)
        for j, (to_edge, to_m) in enumerate(zip(*after, strict=True)):
            way = ahead.length_m[from_edge] - from_m + far.get(int(ahead.tail[to_edge]), np.inf) + to_m
            if to_edge == from_edge and to_m - from_m >= -model.back_m:
                way = abs(to_m - from_m)
            cost = abs(way - chord_m) / beta
            steps[i, j] = cost if cost <= model.beam else np.inf
    return steps


def _far(ahead: Ahead, begin: int, most_m: float) -> dict[int, float]:
    """Metres from a junction to those no further than asked (Dijkstra)."""
    done: dict[int, float] = {}
    waiting = [(0.0, begin)]
    while waiting:
        metres, node = heapq.heappop(waiting)
        if node in done or metres > most_m:
            continue
        done[node] = metres
        for edge in ahead.out_edge[ahead.out_start[node] : ahead.out_start[node + 1]]:
            heapq.heappush(waiting, (metres + float(ahead.length_m[edge]), int(ahead.head[edge])))
    return done


def _written(
    found: Matched,
    roads: dict[int, tuple[Int32s, Floats, Floats]],
    chain: list[int],
    costs: list[Floats],
    steps: list[Floats],
) -> None:
    """The best road of each fix of a chain, and the next-best by the whole trace over it."""
    rest = np.zeros(costs[-1].size) if chain else np.zeros(0)
    best = int(np.argmin(costs[-1])) if chain else 0
    whole = costs[-1].min() if chain else 0.0
    for number in range(len(chain) - 1, -1, -1):
        at = chain[number]
        edges, along, fit = roads[at]
        over = costs[number] + rest
        found.edge[at], found.along_m[at] = edges[best], along[best]
        over[best] = np.inf
        if np.isfinite(over).any():
            found.second[at] = edges[np.argmin(over)]
            found.lead[at] = max(0.0, over.min() - whole)
        if number:
            rest = (steps[number - 1] + (fit + rest)[None, :]).min(axis=1)
            best = int(np.argmin(costs[number - 1] + steps[number - 1][:, best]))
