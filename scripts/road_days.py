"""What taxis mean to do in a day on a real road network: where each drives, and which way.

A car's day is a chain of legs: empty to where somebody waits, metered to where he gets off, and so on, with
rests where they are planned. Honest trips take the fastest way, the shortest or a reasonable alternative; a
few lead over a place that makes them much longer. How the legs are driven is told by `road_motion`.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.roads.alternatives import alternatives
from taxi_qa.roads.metrics import DISTANCE, FREE
from taxi_qa.roads.network import APART, CLASSES, Network
from taxi_qa.roads.routes import ContractionRouter, Routes, joined, picked
from taxi_qa.roads.snapping import Ends, ends_at, ends_of, other_direction
from taxi_qa.values.place import distance_m, metres_per_degree_at

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]

# Turns of empty and metered driving that a day has room for; what is left over is not driven.
TURNS: Final = 52
# What a car does on a leg. A trip that goes on is the second half of one led over another place.
EMPTY, METERED, GOES_ON = 0, 1, 2
# What kind of trip it is.
HONEST, DETOUR, NEITHER = 0, 1, 2
# Nobody gets in on a motorway.
BOARDING: Final = (
    "primary", "secondary", "tertiary", "unclassified", "residential", "living_street", "service"
)  # fmt: skip
_CORE: Final = (104.066, 30.66)
_CORE_M: Final = 7_000.0
_CANDIDATES: Final = 24
_SHORTEST_SHARE, _OTHER_SHARE, DETOUR_SHARE = 0.05, 0.15, 0.02
# A planted detour is longer than the fastest way by both: far above what the house allows.
_DETOUR_RATIO, _DETOUR_M = 1.6, 3_000.0
_LEAST_KMH: Final = 15.0
# Begins and ends of the legs in a chain of places.
_CUTS: Final = (slice(None, -1), slice(1, None))


@dataclass(frozen=True)
class Town:
    """The network with what a day on it needs.

    Attributes:
        router: of the network.
        kmh: limit of each edge, for drivers.
        back: the other direction of each edge.
        may: edges on which people get in and out, and how likely each is, cumulated.
        x_m, y_m: points of all edges' shapes, metres from the equator and Greenwich at this latitude.
        per_lon, per_lat: metres of a degree.
    """

    router: ContractionRouter
    kmh: npt.NDArray[np.int16]
    back: Int32s
    may: Int64s
    share: Floats
    x_m: Floats
    y_m: Floats
    per_lon: float
    per_lat: float

    @property
    def network(self) -> Network:
        """Of the city."""
        return self.router.network


def town_of(router: ContractionRouter, kmh: npt.NDArray[np.int16]) -> Town:
    """What days on a network need; people live around its core, and some outside."""
    network = router.network
    lon, lat = (axis.astype(np.float64) * 1e-7 for axis in (network.node_lon_e7, network.node_lat_e7))
    names = np.isin(network.road_class, [CLASSES.index(name) for name in BOARDING])
    may = np.flatnonzero(names & (network.edge_flags & APART == 0) & (network.length_m > 1))
    core_lon, core_lat = (np.full(may.size, degrees) for degrees in _CORE)
    away = distance_m(lon[network.tail[may]], lat[network.tail[may]], core_lon, core_lat) / _CORE_M
    weight = network.length_m[may] * (np.exp(-0.5 * away * away) + 0.01 * (away < 4))
    per_lon, per_lat = (float(metres[0]) for metres in metres_per_degree_at(np.array([_CORE[1]])))
    x_m = network.shape_lon_e7.astype(np.float64) * (1e-7 * per_lon)
    y_m = network.shape_lat_e7.astype(np.float64) * (1e-7 * per_lat)
    share = np.cumsum(weight) / weight.sum()
    passable = np.where(kmh < 0, _LEAST_KMH, kmh).astype(np.int16)
    return Town(router, passable, other_direction(network), may, share, x_m, y_m, per_lon, per_lat)


@dataclass(frozen=True)
class Plans:
    """What some cars mean to do; leg l of car c is row c * legs + l.

    Attributes:
        legs: of each car.
        what: `EMPTY`, `METERED` or `GOES_ON`.
        kind: of the trip a leg belongs to: `HONEST`, `DETOUR` or `NEITHER`.
        routes: of all legs.
    """

    legs: int
    what: npt.NDArray[np.int8]
    kind: npt.NDArray[np.int8]
    routes: Routes


def _places(town: Town, rng: np.random.Generator, shape: tuple[int, ...]) -> Int64s:
    """Edges drawn by how likely somebody waits on them."""
    result: Int64s = town.may[np.searchsorted(town.share, rng.random(shape)).clip(0, town.may.size - 1)]
    return result


def _chain(town: Town, rng: np.random.Generator, cars: int) -> Int64s:
    """Edges each car goes to in turn, int64[cars, 2 * TURNS + 1]: near ones empty, others paid."""
    network = town.network
    lon, lat = (
        axis[network.tail].astype(np.float64) * 1e-7 for axis in (network.node_lon_e7, network.node_lat_e7)
    )
    chain = np.empty((cars, 2 * TURNS + 1), dtype=np.int64)
    chain[:, 0] = _places(town, rng, (cars,))
    for at in range(1, chain.shape[1]):
        paid = at % 2 == 0
        wanted = np.maximum(rng.lognormal(np.log(4_300 if paid else 900), 0.6, cars), 1_000 if paid else 150)
        others = _places(town, rng, (cars, _CANDIDATES))
        here = chain[:, at - 1]
        away = distance_m(lon[here][:, None], lat[here][:, None], lon[others], lat[others])
        chain[:, at] = others[np.arange(cars), np.abs(np.log(away.clip(1) / wanted[:, None])).argmin(axis=1)]
    return chain


def _ends(town: Town, edge: Int64s, share: Floats) -> Ends:
    """Places on edges; where a street is open both ways a car may leave either way."""
    length_m, back = town.network.length_m, town.back[edge]
    ends = ends_at(edge, share * length_m[edge])
    ends.edge[:, 1] = back
    ends.along_m[:, 1] = np.where(back >= 0, (1 - share) * length_m[back], 0)
    return ends


def plans(town: Town, rng: np.random.Generator, cars: int) -> Plans:
    """What some cars mean to do in a day."""
    edge = _chain(town, rng, cars)
    share = rng.uniform(0.05, 0.95, edge.shape)
    # A trip may lead over another place: each has room for a second half.
    begins, ends = (_ends(town, edge[:, cut].ravel(), share[:, cut].ravel()) for cut in _CUTS)
    n = cars * 2 * TURNS
    paid = np.arange(n) % 2 == 1
    fate = np.where(paid, rng.random(n), 0.5)
    fastest = town.router.best_between(FREE, begins, ends)
    rows = np.flatnonzero(fate < _SHORTEST_SHARE)
    shortest = town.router.best_between(DISTANCE, ends_of(begins, rows), ends_of(ends, rows))
    routes = _instead(fastest, rows, shortest)
    rows = np.flatnonzero((fate >= _SHORTEST_SHARE) & (fate < _SHORTEST_SHARE + _OTHER_SHARE))
    routes = _instead(routes, *_one_other(town, rng, rows, begins, ends))
    return _with_detours(town, rng, (begins, ends), (fastest, routes), fate > 1 - DETOUR_SHARE)


def _instead(routes: Routes, mine: Int64s, found: Routes) -> Routes:
    """The routes with others in the places of some."""
    place = np.arange(len(routes))
    there = ~np.isnan(found.length_m)
    place[mine[there]] = len(routes) + np.flatnonzero(there)
    return picked(joined([routes, found]), place)


def _one_other(
    town: Town, rng: np.random.Generator, rows: Int64s, begins: Ends, ends: Ends
) -> tuple[Int64s, Routes]:
    """A reasonable alternative of each trip that has one."""
    trip, others = alternatives(town.router, FREE, ends_of(begins, rows), ends_of(ends, rows))
    mine, first, many = np.unique(trip, return_index=True, return_counts=True)
    return rows[mine], picked(others, first + rng.integers(0, np.maximum(many, 1)))


def _with_detours(
    town: Town, rng: np.random.Generator, sides: tuple[Ends, Ends], found: tuple[Routes, Routes], led: Bools
) -> Plans:
    """The legs, some trips led over another place; a metered leg is followed by room for a second half."""
    fastest, routes = found
    n = len(routes)
    over = np.flatnonzero(led & (np.arange(n) % 2 == 1))
    via = _places(town, rng, (over.size,))
    middle = _ends(town, via, np.full(over.size, 0.5))
    there = town.router.best_between(FREE, ends_of(sides[0], over), middle)
    # He goes on the way he came: the place in between is left by the edge it was reached on.
    chosen = np.maximum(there.end, 0)
    place = np.arange(over.size)
    left = ends_at(middle.edge[place, chosen], middle.along_m[place, chosen])
    on = town.router.best_between(FREE, left, ends_of(sides[1], over))
    length_m, least_m = there.length_m + on.length_m, fastest.length_m[over]
    good = length_m <= least_m * 3 + 4_000
    long = good & (length_m > least_m * _DETOUR_RATIO) & (length_m > least_m + _DETOUR_M)
    none = picked(routes, np.zeros(0, np.int64))
    pool = joined([routes, there, on, none])
    # Empty, metered, goes on.
    legs = np.full((n // 2, 3), -1, dtype=np.int64)
    legs[:, :2] = np.arange(n).reshape(-1, 2)
    kind = np.full((n // 2, 3), HONEST, dtype=np.int8)
    row = over[good] // 2
    legs[row, 1], legs[row, 2] = n + place[good], n + over.size + place[good]
    kind[row] = np.where(long[good], DETOUR, NEITHER)[:, None]
    what = np.tile(np.array([EMPTY, METERED, GOES_ON], dtype=np.int8), n // 2)
    # Legs that are not there are routes of no edge.
    empty = Routes(
        np.full(1, np.nan), np.full(1, np.nan), np.full(1, -1, np.int8), np.full(1, -1, np.int8),
        np.zeros(1, np.float32), np.zeros(1, np.float32), np.zeros(2, np.int64), np.zeros(0, np.int32),
    )  # fmt: skip
    pool = joined([pool, empty])
    numbers = np.where(legs < 0, len(pool) - 1, legs).ravel()
    return Plans(3 * TURNS, what, kind.ravel(), picked(pool, numbers))
