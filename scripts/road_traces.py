"""Made drives over a real road network, as receivers would report them: what road benchmarks measure with.

A drive follows the quickest way between two junctions. Each driver has a share of the limit that he drives,
slows down before a lower one, speeds up and brakes like a car, and stops at some junctions. His receiver
reports every so many seconds: a place with an error, a speed, a heading.
"""

import heapq
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.roads.network import APART, Network
from taxi_qa.values.place import metres_per_degree_at

Floats = npt.NDArray[np.float64]
Int16s = npt.NDArray[np.int16]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]

# A drive's speed is worked out every so many metres.
STEP_M: Final = 5.0
_SPEED_UP_MPS2: Final = 1.2
_BRAKE_MPS2: Final = 1.5
_SLOWEST_MPS: Final = 1.0


@dataclass(frozen=True)
class Manner:
    """How a driver drives, and how his receiver hears.

    Attributes:
        low, high: of the limit he drives a share between these, another one on each road.
        spread: how far his share on a road may lie from his usual one.
        stops: share of junctions at which he stops.
        burst_share, burst_s, burst_from_kmh: once on the way he drives this share of the limit for so long,
            beginning on a road with at least that limit, and does not stop; 0 never.
        error_m: error of a place along each axis.
        error_lasts_s: how long an error takes to fall to 1/e; 0: each fix errs anew.
        heading_deg: error of the heading.
        speed_kmh: error of the speed.
    """

    low: float = 0.5
    high: float = 0.98
    spread: float = 0.1
    stops: float = 0.1
    burst_share: float = 0.0
    burst_s: float = 60.0
    burst_from_kmh: float = 0.0
    error_m: float = 8.0
    error_lasts_s: float = 0.0
    heading_deg: float = 10.0
    speed_kmh: float = 1.0


class Drives(NamedTuple):
    """Ways through the network: edges of drive d are edge[start[d]:start[d + 1]]."""

    start: Int64s
    edge: Int32s


@dataclass(frozen=True)
class Traces:
    """What the receivers reported, trace after trace.

    Attributes:
        starts: fixes of trace t are starts[t]:starts[t + 1].
        time_ms: since the begin of the trace.
        lon_e7, lat_e7, speed_ckmh, heading_ddeg: as reported.
        edge: where the vehicle was.
        along_m: metres driven since the begin of the trace.
        in_burst: whether it was in its burst.
    """

    starts: Int64s
    time_ms: Int64s
    lon_e7: Int32s
    lat_e7: Int32s
    speed_ckmh: Int32s
    heading_ddeg: Int16s
    edge: Int32s
    along_m: Floats
    in_burst: npt.NDArray[np.bool_]

    @property
    def count(self) -> int:
        """How many traces."""
        return int(self.starts.size - 1)


def drives(
    network: Network, rng: np.random.Generator, count: int, *, least_m: float, core_m: float
) -> Drives:
    """Quickest ways between random junctions of the city's middle.

    Args:
        network: of the city.
        rng: of the benchmark.
        count: how many.
        least_m: how long at least.
        core_m: half the side of the square in which they begin, around the middle of all junctions.
    """
    lon, lat = network.node_lon_e7 * 1e-7, network.node_lat_e7 * 1e-7
    per_lon, per_lat = metres_per_degree_at(np.array([np.median(lat)]))
    x, y = (lon - np.median(lon)) * per_lon, (lat - np.median(lat)) * per_lat
    main = np.zeros(network.nodes, dtype=bool)
    main[network.tail[(network.edge_flags & APART) == 0]] = True
    begins = np.flatnonzero((np.maximum(np.abs(x), np.abs(y)) < core_m) & main)
    order = np.argsort(network.tail, kind="stable").astype(np.int32)
    out_start = np.concatenate(([0], np.cumsum(np.bincount(network.tail, minlength=network.nodes))))
    length_m = network.length_m.astype(np.float64)
    seconds = length_m / (network.free_kmh / 3.6)
    found: list[Int32s] = []
    while len(found) < count:
        source = int(rng.choice(begins))
        came_by, metres = _tree(out_start, order, network.head, seconds, length_m, source, 3 * least_m)
        ends = np.flatnonzero((metres > least_m) & (metres < 2 * least_m))
        for end in rng.choice(ends, min(ends.size, 10, count - len(found)), replace=False).tolist():
            way = []
            while end != source:
                way.append(came_by[end])
                end = int(network.tail[came_by[end]])  # noqa: PLW2901 - walking back to the begin
            found.append(np.array(way[::-1], dtype=np.int32))
    start = np.cumsum([0, *(way.size for way in found)]).astype(np.int64)
    return Drives(start, np.concatenate(found))


@njit(cache=True)
def _tree(
    out_start: Int64s, order: Int32s, head: Int32s, seconds: Floats, length_m: Floats,
    source: int, most_m: float,
) -> tuple[Int32s, Floats]:  # fmt: skip
    """The quickest ways from a junction: by which edge each other is reached, after how many metres."""
    cost = np.full(out_start.size - 1, np.inf)
    metres = np.full(out_start.size - 1, np.inf)
    came_by = np.full(out_start.size - 1, np.int32(-1), dtype=np.int32)
    cost[source], metres[source] = 0.0, 0.0
    waiting = [(0.0, source)]
    while waiting:
        spent, node = heapq.heappop(waiting)
        if spent > cost[node] or metres[node] > most_m:
            continue
        for i in range(out_start[node], out_start[node + 1]):
            edge = order[i]
            then = spent + seconds[edge]
            if then < cost[head[edge]]:
                cost[head[edge]] = then
                metres[head[edge]] = metres[node] + length_m[edge]
                came_by[head[edge]] = edge
                heapq.heappush(waiting, (float(then), int(np.int64(head[edge]))))
    return came_by, metres


def heard(
    network: Network,
    ways: Drives,
    kmh: Int16s,
    rng: np.random.Generator,
    manner: Manner,
    *,
    every_s: tuple[int, int],
    most_fixes: int,
) -> Traces:
    """What the receivers of these drives report.

    Args:
        network: of the city.
        ways: driven.
        kmh: limit of each edge.
        rng: of the benchmark.
        manner: of every driver.
        every_s: seconds between fixes; each receiver keeps one of these.
        most_fixes: of a trace.
    """
    parts = []
    per_lon, per_lat = (
        float(metres[0])
        for metres in metres_per_degree_at(np.array([np.median(network.shape_lat_e7) * 1e-7]))
    )
    x_m = network.shape_lon_e7.astype(np.float64) * 1e-7 * per_lon
    y_m = network.shape_lat_e7.astype(np.float64) * 1e-7 * per_lat
    for number in range(ways.start.size - 1):
        edges = ways.edge[ways.start[number] : ways.start[number + 1]]
        x, y, of_edge, direction = laid(network.shape_start, x_m, y_m, edges)
        limit = kmh[edges].astype(np.float64) / 3.6
        usual = rng.uniform(manner.low, manner.high)
        share = np.clip(usual + rng.normal(0, manner.spread, edges.size), manner.low, manner.high)
        stop_s = np.where(rng.random(edges.size) < manner.stops, rng.uniform(10, 60, edges.size), 0.0)
        burst_at = x.size
        if manner.burst_share:
            may_begin = np.flatnonzero(kmh[edges[of_edge]] >= manner.burst_from_kmh)
            may_begin = may_begin[may_begin < 0.7 * x.size]
            burst_at = int(rng.choice(may_begin)) if may_begin.size else x.size
        seconds, speed, burst = driven_over(
            of_edge, limit, share, stop_s, burst_at, manner.burst_share, manner.burst_s
        )
        every = int(rng.integers(every_s[0], every_s[1] + 1))
        asked = rng.uniform(0, every) + every * np.arange(most_fixes)
        asked = np.floor(asked[asked < seconds[-1]])
        at = np.clip(np.searchsorted(seconds, asked, side="right") - 1, 0, x.size - 2)
        into = np.clip((asked - seconds[at]) / np.maximum(seconds[at + 1] - seconds[at], 1e-9), 0, 1)
        # While he stands, the clock runs between two steps of the way.
        stands = seconds[at + 1] - seconds[at] > 2 * STEP_M / _SLOWEST_MPS
        into = np.where(stands, 0.0, into)
        error = _errors(rng, asked, manner)
        true_speed = np.where(stands, 0.0, speed[at])
        parts.append(
            (
                asked * 1000,
                (x[at] + into * (x[at + 1] - x[at]) + error[0]) / per_lon * 1e7,
                (y[at] + into * (y[at + 1] - y[at]) + error[1]) / per_lat * 1e7,
                np.maximum(true_speed * 3.6 + rng.normal(0, manner.speed_kmh, at.size) * ~stands, 0) * 100,
                np.where(
                    true_speed < _SLOWEST_MPS,
                    rng.uniform(0, 3600, at.size),
                    direction[at] + rng.normal(0, manner.heading_deg * 10, at.size),
                ) % 3600,
                edges[of_edge[at]],
                (at + into) * STEP_M,
                burst[at],
            )
        )  # fmt: skip
    sizes = [part[0].size for part in parts]
    time_ms, lon_e7, lat_e7, speed, heading, edge, along, burst = (
        np.concatenate(columns) for columns in zip(*parts, strict=True)
    )
    return Traces(
        starts=np.cumsum([0, *sizes]).astype(np.int64),
        time_ms=time_ms.astype(np.int64),
        lon_e7=np.round(lon_e7).astype(np.int32),
        lat_e7=np.round(lat_e7).astype(np.int32),
        speed_ckmh=np.round(speed).astype(np.int32),
        heading_ddeg=heading.astype(np.int16),
        edge=edge.astype(np.int32),
        along_m=along,
        in_burst=burst,
    )


def _errors(rng: np.random.Generator, asked_s: Floats, manner: Manner) -> Floats:
    """Errors of places along both axes (m), each kept from fix to fix as long as errors last."""
    fresh = rng.normal(0, 1, (2, asked_s.size))
    if manner.error_lasts_s <= 0:
        return fresh * manner.error_m
    kept = np.exp(-np.diff(asked_s, prepend=asked_s[:1]) / manner.error_lasts_s)
    error = fresh.copy()
    for at in range(1, asked_s.size):
        error[:, at] = kept[at] * error[:, at - 1] + np.sqrt(1 - kept[at] ** 2) * fresh[:, at]
    return error * manner.error_m


@njit(cache=True)
def laid(
    shape_start: Int64s, x_m: Floats, y_m: Floats, edges: Int32s
) -> tuple[Floats, Floats, Int64s, Floats]:
    """The way every `STEP_M`: places in metres, which of its edges, direction in 0.1 degree."""
    room = 16
    for edge in edges:
        for i in range(shape_start[edge], shape_start[edge + 1] - 1):
            room += int(np.hypot(x_m[i + 1] - x_m[i], y_m[i + 1] - y_m[i]) / STEP_M) + 2
    x, y, of_edge, direction = np.zeros(room), np.zeros(room), np.zeros(room, np.int64), np.zeros(room)
    n = 0
    to_next = 0.0
    for number in range(edges.size):
        edge = edges[number]
        for i in range(shape_start[edge], shape_start[edge + 1] - 1):
            dx, dy = x_m[i + 1] - x_m[i], y_m[i + 1] - y_m[i]
            length = np.hypot(dx, dy)
            heading = np.degrees(np.arctan2(dx, dy)) * 10.0 % 3600.0
            while to_next <= length and length > 0.0:
                x[n], y[n] = x_m[i] + dx * to_next / length, y_m[i] + dy * to_next / length
                of_edge[n], direction[n] = number, heading
                n += 1
                to_next += STEP_M
            to_next -= length
    return x[:n], y[:n], of_edge[:n], direction[:n]


@njit(cache=True)
def driven_over(
    of_edge: Int64s, limit_mps: Floats, share: Floats, stop_s: Floats,
    burst_at: int, burst_share: float, burst_s: float,
) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:  # fmt: skip
    """Seconds at which each step of the way is reached, the speed there (m/s), and whether in the burst."""
    n = of_edge.size
    wanted = np.zeros(n)
    for k in range(n):
        wanted[k] = max(_SLOWEST_MPS, limit_mps[of_edge[k]] * share[of_edge[k]])
    # Slow down in time for what comes: later steps first.
    for k in range(n - 2, -1, -1):
        stops = of_edge[k] != of_edge[k + 1] and stop_s[of_edge[k]] > 0.0
        ahead = _SLOWEST_MPS if stops else wanted[k + 1]
        wanted[k] = min(wanted[k], np.sqrt(ahead * ahead + 2.0 * _BRAKE_MPS2 * STEP_M))
    seconds, speed = np.zeros(n), np.zeros(n)
    burst = np.zeros(n, dtype=np.bool_)
    speed[0] = wanted[0]
    left_s = burst_s
    for k in range(1, n):
        before = speed[k - 1]
        aim = wanted[k]
        bursts = k >= burst_at and left_s > 0.0
        if bursts:
            aim = limit_mps[of_edge[k]] * burst_share
        stops = not bursts and of_edge[k] != of_edge[k - 1] and stop_s[of_edge[k - 1]] > 0.0
        fastest = np.sqrt(before * before + 2.0 * _SPEED_UP_MPS2 * STEP_M)
        slowest = np.sqrt(max(_SLOWEST_MPS**2, before * before - 2.0 * _BRAKE_MPS2 * STEP_M))
        speed[k] = max(min(aim, fastest), slowest)
        spent = 2.0 * STEP_M / (before + speed[k])
        if bursts and speed[k] >= 0.99 * aim:
            left_s -= spent
            burst[k] = True
        if stops:
            spent += stop_s[of_edge[k - 1]]
        seconds[k] = seconds[k - 1] + spent
    return seconds, speed, burst
