"""Reference routes behind one small interface: many trips in, their best routes out.

Two engines give the same answers. The network contracted for all metrics (`contraction`, `climbing`) answers
tens of thousands of trips a second; A* needs nothing made ready. A route runs between any of the
ends a trip may have; what is left of the first edge and what is driven of the last count in proportion.
"""

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.roads.a_star import Graph, a_star_ways, graph_of
from taxi_qa.roads.climbing import best_ways
from taxi_qa.roads.contraction import NEVER, Hierarchy, Metric, hierarchy_of, metric_of
from taxi_qa.roads.dissection import order_of
from taxi_qa.roads.metrics import costs_of, seconds_by
from taxi_qa.roads.network import Network
from taxi_qa.roads.snapping import Ends
from taxi_qa.values.place import metres_per_degree

Int8s = npt.NDArray[np.int8]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]

_E7 = 1e-7
# A place on an edge may lie beyond its end by so much: rounding.
_BEYOND_M = 1.0


@dataclass(frozen=True)
class Routes:
    """One route a trip; NaN and no edges where there is none.

    Attributes:
        length_m, seconds: float64[n]; seconds by the metric asked for, NaN by distance.
        begin, end: int8[n], which column of its ends each route begins and ends at, -1 none.
        begin_along_m, end_along_m: float32[n], metres along the first and the last edge.
        start, edge: edges of route i are edge[start[i]:start[i + 1]], both ends' own included.
    """

    length_m: Floats
    seconds: Floats
    begin: Int8s
    end: Int8s
    begin_along_m: Floats32
    end_along_m: Floats32
    start: Int64s
    edge: Int32s

    def __len__(self) -> int:
        """How many trips."""
        return int(self.length_m.size)

    def edges_of(self, route: int) -> Int32s:
        """The edges of one route."""
        return self.edge[self.start[route] : self.start[route + 1]]


class Router(Protocol):
    """What finds best routes."""

    @property
    def network(self) -> Network:
        """The network of the routes."""

    def best_between(self, metric: str, begins: Ends, ends: Ends) -> Routes:
        """The best route of each trip between any of its ends.

        Args:
            metric: "free", "distance" or "hour:07" (`metrics`).
            begins, ends: of each trip.

        Raises:
            ValueError: no such metric, or ends that are not of this network.
        """


@dataclass(frozen=True)
class ContractionRouter:
    """Routes in the contracted network; a metric is made ready when first asked for (0.06 s a city)."""

    network: Network
    hierarchy: Hierarchy
    hourly_kmh: Floats32 | None = None
    _metrics: dict[str, Metric] = field(default_factory=dict, init=False, repr=False, compare=False)

    def metric(self, name: str) -> Metric:
        """The hierarchy made ready for a metric."""
        if name not in self._metrics:
            self._metrics[name] = metric_of(self.hierarchy, costs_of(self.network, name, self.hourly_kmh))
        return self._metrics[name]

    def best_between(self, metric: str, begins: Ends, ends: Ends) -> Routes:
        """See `Router`."""
        check_ends(self.network, begins, ends)
        found = best_ways(self.hierarchy, self.metric(metric), begins[:2], ends[:2])
        return routes_from(self.network, metric, (begins, ends), found)

    def with_speeds(self, hourly_kmh: Floats32) -> "ContractionRouter":
        """The same network with other speeds of the hours, float32[24, m]."""
        return replace(self, hourly_kmh=hourly_kmh)


@dataclass(frozen=True)
class AStarRouter:
    """Routes by A*: nothing is made ready, each route takes twenty times as long."""

    network: Network
    hourly_kmh: Floats32 | None = None
    _graphs: dict[str, Graph] = field(default_factory=dict, init=False, repr=False, compare=False)

    def best_between(self, metric: str, begins: Ends, ends: Ends) -> Routes:
        """See `Router`."""
        check_ends(self.network, begins, ends)
        if metric not in self._graphs:
            self._graphs[metric] = graph_of(self.network, costs_of(self.network, metric, self.hourly_kmh))
        found = a_star_ways(self._graphs[metric], begins[:2], ends[:2])
        return routes_from(self.network, metric, (begins, ends), found)


def router(
    network: Network, order: Int32s | None = None, hourly_kmh: Floats32 | None = None
) -> ContractionRouter:
    """The router of a network.

    Args:
        network: of any size.
        order: of contraction, kept beside the network (`dissection.load_order`); made anew without it, which
            takes a second or two for a city.
        hourly_kmh: speeds of the hours, float32[24, m] (`learned`).
    """
    return ContractionRouter(
        network, hierarchy_of(network, order_of(network) if order is None else order), hourly_kmh
    )


def check_ends(network: Network, begins: Ends, ends: Ends) -> None:
    """Refuses ends that are not of this network: compiled searches would read beyond their arrays.

    Raises:
        ValueError: names the trip, and the edge or the metres.
    """
    if begins.edge.shape[0] != ends.edge.shape[0]:
        raise ValueError(f"{begins.edge.shape[0]} begins and {ends.edge.shape[0]} ends: expected as many")
    for name, side in (("begin", begins), ("end", ends)):
        if side.edge.shape != side.along_m.shape:
            raise ValueError(f"{name}s: {side.edge.shape} edges and {side.along_m.shape} metres")
        wrong = (side.edge < -1) | (side.edge >= network.edges)
        if wrong.any():
            trip, column = np.argwhere(wrong)[0]
            raise ValueError(
                f"the {name} of trip {trip} names edge {side.edge[trip, column]}, "
                f"expected 0 to {network.edges - 1}, or -1 for none"
            )
        longest = np.where(side.edge >= 0, network.length_m[side.edge], np.inf)
        # Written so that NaN is wrong, too.
        wrong = (side.edge >= 0) & ~((side.along_m >= -_BEYOND_M) & (side.along_m <= longest + _BEYOND_M))
        if wrong.any():
            trip, column = np.argwhere(wrong)[0]
            raise ValueError(
                f"the {name} of trip {trip} lies {side.along_m[trip, column]} m along edge "
                f"{side.edge[trip, column]}, which is {longest[trip, column]:.1f} m long"
            )


def routes_from(
    network: Network,
    metric: str,
    sides: tuple[Ends, Ends],
    found: tuple[Int32s, Int8s, Int8s, Int64s, Int32s],
) -> Routes:
    """Routes as searches give them: cost, columns of begin and end, start and edges.

    Args:
        network: of the routes.
        metric: of the cost.
        sides: begins and ends of each route.
        found: what `climbing.best_ways` gives.
    """
    cost, first, last, start, edge = found
    routes = np.arange(cost.size)
    begin_m, end_m = sides[0].along_m[routes, first], sides[1].along_m[routes, last]
    seconds = seconds_by(metric, np.where(cost >= NEVER, np.nan, cost))
    made = Routes(np.full(cost.size, np.nan), seconds, first, last, begin_m, end_m, start, edge)
    return replace(made, length_m=sums_along(network, made, network.length_m))


def joined(parts: list[Routes]) -> Routes:
    """Routes one after the other."""
    sizes = np.concatenate([np.diff(part.start) for part in parts])
    return Routes(
        np.concatenate([part.length_m for part in parts]),
        np.concatenate([part.seconds for part in parts]),
        np.concatenate([part.begin for part in parts]),
        np.concatenate([part.end for part in parts]),
        np.concatenate([part.begin_along_m for part in parts]),
        np.concatenate([part.end_along_m for part in parts]),
        np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        np.concatenate([part.edge for part in parts]),
    )


def picked(routes: Routes, rows: npt.NDArray[np.integer]) -> Routes:
    """Some routes, by their numbers."""
    sizes = np.diff(routes.start)[rows]
    start = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    edge = routes.edge[np.arange(start[-1]) + np.repeat(routes.start[:-1][rows] - start[:-1], sizes)]
    return Routes(
        routes.length_m[rows], routes.seconds[rows], routes.begin[rows], routes.end[rows],
        routes.begin_along_m[rows], routes.end_along_m[rows], start, edge,
    )  # fmt: skip


def sums_along(network: Network, routes: Routes, per_edge: npt.NDArray[np.generic]) -> Floats:
    """Adds up something along each route, the first and the last edge in proportion.

    Args:
        network: of the routes.
        routes: n of them.
        per_edge: of each edge of the network: metres, seconds.

    Returns:
        float64[n], NaN where there is no route.
    """
    along = (routes.begin_along_m, routes.end_along_m)
    return _sums(network.length_m, routes.start, routes.edge, along, per_edge.astype(np.float64))


@njit(cache=True, nogil=True)
def _sums(
    length_m: Floats32, start: Int64s, edge: Int32s, along_m: tuple[Floats32, Floats32], per_edge: Floats
) -> Floats:
    sums = np.full(start.size - 1, np.nan)
    for q in range(sums.size):
        if start[q + 1] > start[q]:
            sums[q] = per_edge[edge[start[q] : start[q + 1]]].sum()
            first, last = edge[start[q]], edge[start[q + 1] - 1]
            if length_m[first] > 0:
                sums[q] -= per_edge[first] * min(1.0, max(0.0, along_m[0][q] / length_m[first]))
            if length_m[last] > 0:
                sums[q] -= per_edge[last] * (1.0 - min(1.0, max(0.0, along_m[1][q] / length_m[last])))
    return sums


def shapes_of(network: Network, routes: Routes) -> tuple[Int64s, Int32s, Int32s]:
    """The line of each route, cut at its ends.

    Returns:
        Points of route i are lon_e7[start[i]:start[i + 1]], lat_e7 alike: start int64[n + 1], lon_e7, lat_e7.
    """
    along = (routes.begin_along_m, routes.end_along_m)
    shape = (network.shape_start, network.shape_lon_e7, network.shape_lat_e7)
    return _shapes(shape, routes.start, routes.edge, along)


@njit(cache=True, nogil=True)
def _shapes(
    shape: tuple[Int64s, Int32s, Int32s], start: Int64s, edge: Int32s, along_m: tuple[Floats32, Floats32]
) -> tuple[Int64s, Int32s, Int32s]:
    points = np.zeros(start.size, dtype=np.int64)
    most = 0
    for e in edge:
        most += shape[0][e + 1] - shape[0][e] + 2
    lon, lat = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)
    put = 0
    for q in range(start.size - 1):
        for i in range(start[q], start[q + 1]):
            from_m = along_m[0][q] if i == start[q] else -1.0
            to_m = along_m[1][q] if i == start[q + 1] - 1 else np.inf
            put = _line(shape, edge[i], (from_m, to_m), (lon, lat), put, points[q])
        points[q + 1] = put
    return points, lon[:put].copy(), lat[:put].copy()


@njit(cache=True, nogil=True)
def _line(
    shape: tuple[Int64s, Int32s, Int32s],
    edge: int,
    cut_m: tuple[float, float],
    line: tuple[Int32s, Int32s],
    put: int,
    first: int,
) -> int:
    """Writes the points of an edge between two places on it; a point equal to the last is left out."""
    begin, end = shape[0][edge], shape[0][edge + 1]
    per_lon, per_lat = metres_per_degree(shape[2][begin] * _E7)
    passed, before = 0.0, 0.0
    for i in range(begin, end):
        if i > begin:
            x = (shape[1][i] - shape[1][i - 1]) * _E7 * per_lon
            y = (shape[2][i] - shape[2][i - 1]) * _E7 * per_lat
            before, passed = passed, passed + np.sqrt(x * x + y * y)
        for at_m in cut_m:
            if before <= at_m < passed:
                share = (at_m - before) / (passed - before)
                lon = shape[1][i - 1] + share * (shape[1][i] - shape[1][i - 1])
                lat = shape[2][i - 1] + share * (shape[2][i] - shape[2][i - 1])
                put = _point(line, put, first, round(lon), round(lat))
        if cut_m[0] <= passed <= cut_m[1]:
            put = _point(line, put, first, shape[1][i], shape[2][i])
    return put


@njit(cache=True, inline="always")
def _point(line: tuple[Int32s, Int32s], put: int, first: int, lon_e7: int, lat_e7: int) -> int:
    if put > first and line[0][put - 1] == lon_e7 and line[1][put - 1] == lat_e7:
        return put
    line[0][put], line[1][put] = lon_e7, lat_e7
    return put + 1
