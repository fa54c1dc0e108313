"""How fast traffic runs on each road at each hour of the day, learned from the fleet's own positions.

What is learned is the share of the free-flow speed. Of each group the median counts, so that a car that waits
at a stand or a wrong match moves nothing; where few cars passed it is drawn towards what is known of the
wider group: the edge towards its street at that hour, the street towards its class, the class towards all
roads, all roads towards free flow.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.roads.metrics import HOURS
from taxi_qa.roads.network import CLASSES, Network

Int8s = npt.NDArray[np.int8]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]

# Between fixes farther apart nobody knows which roads were driven.
GAP_S: Final = 60.0
# So many passes weigh as much as what is known of the wider group.
PRIOR_PASSES: Final = 5.0
# Shares of the free-flow speed that are believed: a jam, and a fast driver at night.
_LEAST_SHARE: Final = 0.05
_MOST_SHARE: Final = 1.6


class Passes(NamedTuple):
    """Cars that passed along edges, or along parts of them.

    Attributes:
        edge: int32[k].
        hour: int8[k], 0 to 23 of the city's clock.
        metres, seconds: float32[k].
    """

    edge: Int32s
    hour: Int8s
    metres: Floats32
    seconds: Floats32


def passes_of(edge: Int32s, hour: Int8s, time_ms: Int64s, step_m: Floats, starts: Int64s) -> Passes:
    """Out of matched traces: each stay of a car on an edge as one pass.

    Args:
        edge: of each fix, int32[n], -1 where it was matched to none.
        hour: of each fix, int8[n], of the city's clock.
        time_ms: of each fix, ascending in a trace.
        step_m: metres from the fix before, float64[n].
        starts: fixes of trace t are starts[t]:starts[t + 1].
    """
    return Passes(*_passes(edge, hour, time_ms, step_m, starts))


@njit(cache=True, nogil=True)
def _passes(
    edge: Int32s, hour: Int8s, time_ms: Int64s, step_m: Floats, starts: Int64s
) -> tuple[Int32s, Int8s, Floats32, Floats32]:
    of = np.empty(edge.size, dtype=np.int32)
    at_hour = np.empty(edge.size, dtype=np.int8)
    metres = np.zeros(edge.size, dtype=np.float32)
    seconds = np.zeros(edge.size, dtype=np.float32)
    count = 0
    for trace in range(starts.size - 1):
        stays = False
        for i in range(starts[trace], starts[trace + 1]):
            step_s = 0.0
            if i > starts[trace]:
                step_s = (time_ms[i] - time_ms[i - 1]) / 1000.0
            joined = stays and edge[i] >= 0 and 0.0 < step_s <= GAP_S
            stays = edge[i] >= 0
            if joined:
                # Where on the step one edge ended is not known: half of it belongs to either.
                metres[count - 1] += step_m[i] / 2
                seconds[count - 1] += step_s / 2
            if stays and not (joined and of[count - 1] == edge[i]):
                of[count], at_hour[count] = edge[i], hour[i]
                count += 1
            if joined:
                metres[count - 1] += step_m[i] / 2
                seconds[count - 1] += step_s / 2
    passed = seconds[:count] > 0
    return of[:count][passed], at_hour[:count][passed], metres[:count][passed], seconds[:count][passed]


def hourly_kmh(network: Network, passes: Passes) -> Floats32:
    """Speeds of all edges by the hour, float32[24, m]; free flow where nobody passed anywhere.

    Args:
        network: of m edges.
        passes: of these edges.

    Raises:
        ValueError: a pass on an edge or at an hour there is none of.
    """
    if passes.edge.size and not (passes.edge.min() >= 0 and passes.edge.max() < network.edges):
        raise ValueError(f"passes name edges {passes.edge.min()} to {passes.edge.max()}, of {network.edges}")
    if passes.hour.size and not (passes.hour.min() >= 0 and passes.hour.max() < HOURS):
        raise ValueError(f"passes name hours {passes.hour.min()} to {passes.hour.max()}, expected 0 to 23")
    kmh = 3.6 * passes.metres.astype(np.float64) / np.maximum(passes.seconds, 1e-3)
    share = np.log(np.clip(kmh / network.free_kmh[passes.edge], _LEAST_SHARE, _MOST_SHARE))
    hour = passes.hour.astype(np.int64)
    road_class, way = network.road_class.astype(np.int64), network.way.astype(np.int64)
    all_roads = _drawn(hour, share, np.zeros(HOURS))
    # Of each wider group first: its members are drawn towards it.
    by_class = _drawn(
        hour * len(CLASSES) + road_class[passes.edge], share, np.repeat(all_roads, len(CLASSES))
    )
    ways = network.way_id.size
    class_of_way = np.zeros(ways, dtype=np.int64)
    class_of_way[way] = road_class
    prior = by_class.reshape(HOURS, -1)[:, class_of_way].ravel()
    by_way = _drawn(hour * ways + way[passes.edge], share, prior)
    prior = by_way.reshape(HOURS, -1)[:, way].ravel()
    by_edge = _drawn(hour * network.edges + passes.edge, share, prior)
    learned = np.exp(by_edge).reshape(HOURS, network.edges) * network.free_kmh
    return learned.astype(np.float32)


def _drawn(group: Int64s, value: Floats, prior: Floats) -> Floats:
    """The median of each group, drawn towards its prior as if `PRIOR_PASSES` values stood there.

    Args:
        group: of each value, int64[k].
        value: float64[k].
        prior: of each group, float64[g].

    Returns:
        float64[g].
    """
    order = np.lexsort((value, group))
    value = value[order]
    count = np.bincount(group, minlength=prior.size)
    start = np.cumsum(count) - count
    some = np.flatnonzero(count)
    low, high = start[some] + (count[some] - 1) // 2, start[some] + count[some] // 2
    drawn = prior.astype(np.float64)
    median = (value[low] + value[high]) / 2
    drawn[some] = (count[some] * median + PRIOR_PASSES * prior[some]) / (count[some] + PRIOR_PASSES)
    return drawn
