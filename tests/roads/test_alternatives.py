"""Alternatives: every one is reasonable by a plain check of its own, and tricks are never among them."""

import heapq
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.roads.alternatives import REASONABLE, Wish, alternatives
from taxi_qa.roads.metrics import costs_of
from taxi_qa.roads.network import CLASSES, Network, Way, network_of
from taxi_qa.roads.routes import router
from taxi_qa.roads.snapping import Ends, ends_at, ends_of
from tests.roads.test_routes import holds_together

M_E7 = 1 / 0.011_132  # a metre in 1e-7 degree, at the equator


def town(seed: int, side: int = 9) -> Network:
    """A grid of streets of random classes, some one-way, some missing, 400 m apart."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(side) * 400.0, np.arange(side) * 400.0)
    lon = ((x + rng.normal(0, 60, x.shape)).ravel() * M_E7).astype(np.int32)
    lat = ((y + rng.normal(0, 60, y.shape)).ravel() * M_E7).astype(np.int32)
    ways: list[Way] = []
    for row in range(side):
        for column in range(side):
            here = row * side + column
            for other, inside in ((here + 1, column + 1 < side), (here + side, row + 1 < side)):
                if inside and rng.random() < 0.92:
                    name = CLASSES[int(rng.integers(2, 7))]
                    ways.append(Way(len(ways), "", name, [here, other], backward=rng.random() < 0.9))
    return network_of(lon, lat, ways, source="a town")


def trips_in(network: Network, seed: int, count: int) -> tuple[Ends, Ends]:
    rng = np.random.default_rng(seed)
    pairs = rng.integers(0, network.edges, (2, count))
    along = rng.random((2, count)) * network.length_m[pairs]
    return ends_at(pairs[0], along[0]), ends_at(pairs[1], along[1])


def least(network: Network, cost: list[int], tail: int, head: int) -> float:
    """Least cost from one junction to another; plain and slow."""
    best: dict[int, int] = {}
    waiting = [(0, tail)]
    while waiting:
        spent, node = heapq.heappop(waiting)
        if node in best:
            continue
        if node == head:
            return spent
        best[node] = spent
        for edge in np.flatnonzero(network.tail == node).tolist():
            heapq.heappush(waiting, (spent + cost[edge], int(network.head[edge])))
    return math.inf


@given(st.integers(0, 10_000))
@settings(max_examples=15)
def test_every_alternative_is_reasonable(seed: int) -> None:
    network = town(seed)
    found = router(network)
    begins, ends = trips_in(network, seed, 12)
    fastest = found.best_between("free", begins, ends)
    trip, others = alternatives(found, "free", begins, ends)
    holds_together(network, others, ends_of(begins, trip), ends_of(ends, trip))
    cost = costs_of(network, "free").tolist()
    length_m = network.length_m.astype(np.float64)
    assert (np.diff(trip) >= 0).all()
    for number in range(len(others)):
        best_s = fastest.seconds[trip[number]]
        assert best_s <= others.seconds[number] <= 1.25 * best_s + 0.001
        way = others.edges_of(number).tolist()
        junctions = [int(network.tail[way[0]]), *(int(network.head[edge]) for edge in way)]
        assert len(set(junctions)) == len(junctions)
        before = [fastest.edges_of(int(trip[number])).tolist()]
        before += [others.edges_of(n).tolist() for n in range(number) if trip[n] == trip[number]]
        for other in before:
            shared_m = length_m[list(set(way) & set(other))].sum()
            assert shared_m < 0.7 * min(length_m[way].sum(), length_m[other].sum())
        # Somewhere on it a stretch of a tenth of the fastest route's time to either side is the fastest.
        assert any(is_local(network, cost, way[1:-1], at, 1000 * best_s * 0.1) for at in range(len(way) - 1))


def is_local(network: Network, cost: list[int], way: list[int], at: int, reach: float) -> bool:
    first = last = at
    while first > 0 and sum(cost[edge] for edge in way[first - 1 : at]) <= int(reach):
        first -= 1
    while last < len(way) and sum(cost[edge] for edge in way[at : last + 1]) <= int(reach):
        last += 1
    if first == last:
        return True
    stretch = way[first:last]
    spent = least(network, cost, int(network.tail[stretch[0]]), int(network.head[stretch[-1]]))
    return spent == sum(cost[edge] for edge in stretch)


def two_ways(*, bypass_m: float) -> Network:
    """1 km west to east in the middle, a way around in the north of so many metres; a dead end in the south.

         4 - 8 - 5     8 - 9 a lane
         |       |
    0 -- 1 ----- 2 -- 3
             6 (from the middle of 1-2, and back)
    """
    up = (bypass_m - 1_000) / 2
    lon = (np.array([0, 500, 1_500, 2_000, 500, 1_500, 1_000, 1_000, 1_000, 1_000]) * M_E7).astype(np.int32)
    lat = (np.array([0, 0, 0, 0, up, up, -50, 0, up, up + 50]) * M_E7).astype(np.int32)
    ways = [
        Way(1, "西", "primary", [0, 1]),
        Way(2, "直", "primary", [1, 7, 2]),
        Way(3, "东", "primary", [2, 3]),
        Way(4, "绕", "primary", [1, 4, 8, 5, 2]),
        Way(5, "死路", "service", [7, 6]),
        Way(6, "巷", "service", [8, 9]),
    ]
    return network_of(lon, lat, ways, source="two ways")


def names(network: Network, way: list[int]) -> list[str]:
    return list(dict.fromkeys(network.way_name[network.way[edge]] for edge in way))


@pytest.mark.parametrize(("bypass_m", "found"), [(1_300, True), (1_600, False)])
def test_a_way_around_is_reasonable_if_it_is_not_much_slower(bypass_m: float, found: bool) -> None:
    network = two_ways(bypass_m=bypass_m)
    first, last = (
        int(np.flatnonzero((network.tail == t) & (network.head == h))[0]) for t, h in ends_in(network)
    )
    # 100 m of each street at the ends: the straight way is 1.2 km, with 1.3 km in between 1.5 km, 25 % more.
    begins, ends = ends_at(first, 400.0), ends_at(last, 95.0)
    trip, others = alternatives(router(network), "free", begins, ends)
    assert trip.tolist() == ([0] if found else [])
    if found:
        assert names(network, others.edges_of(0).tolist()) == ["西", "绕", "东"]
        assert others.length_m == pytest.approx([1_495], rel=0.01)
    # Neither into the dead end and back, nor round and round.
    strict = Wish(most_slower=5.0, most_shared=2.0, local=0.0, most=6)
    trip, others = alternatives(router(network), "free", begins, ends, strict)
    for number in range(len(others)):
        assert "死路" not in names(network, others.edges_of(number).tolist())


def ends_in(network: Network) -> list[tuple[int, int]]:
    """Junctions of the first and the last street, in the direction of the trip."""
    order = np.argsort(network.node_lon_e7, kind="stable").tolist()
    return [(order[0], node_at(network, 500)), (node_at(network, 1_500), order[-1])]


def node_at(network: Network, east_m: float) -> int:
    on_street = np.abs(network.node_lat_e7) < M_E7
    away = np.abs(network.node_lon_e7 - east_m * M_E7) + np.where(on_street, 0, 1e9)
    return int(np.argmin(away))


def test_nothing_for_trips_without_a_way_or_within_one_edge() -> None:
    network = two_ways(bypass_m=1_300)
    begins, ends = ends_at([0, -1], [1.0, 0.0]), ends_at([0, 0], [50.0, 0.0])
    trip, others = alternatives(router(network), "free", begins, ends)
    assert trip.size == 0
    assert len(others) == 0
    with pytest.raises(ValueError, match="names edge 99"):
        alternatives(router(network), "free", ends_at(99, 0.0), ends_at(0, 0.0))
    with pytest.raises(ValueError, match="7 routes a trip: expected at most 6"):
        alternatives(router(network), "free", begins, ends, Wish(most=7))


@given(st.integers(0, 1_000))
@settings(max_examples=10)
def test_labels_of_one_trip_leave_nothing_behind_for_the_next(seed: int) -> None:
    network = town(seed)
    found = router(network)
    begins, ends = trips_in(network, seed, 8)
    together = alternatives(found, "free", begins, ends)
    for number in range(8):
        alone = alternatives(
            found,
            "free",
            ends_at(begins.edge[number, 0], begins.along_m[number, 0]),
            ends_at(ends.edge[number, 0], ends.along_m[number, 0]),
            REASONABLE,
        )
        np.testing.assert_array_equal(alone[1].seconds, together[1].seconds[together[0] == number])
        np.testing.assert_array_equal(alone[1].length_m, together[1].length_m[together[0] == number])
