"""Routes: two engines and a plain Dijkstra give the same answers; what is not of the network is refused."""

import heapq
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.roads.contraction import hierarchy_of, metric_of
from taxi_qa.roads.dissection import load_order, order_of, save_order
from taxi_qa.roads.index import NO_EDGE
from taxi_qa.roads.metrics import costs_of, hour_metric, seconds_by
from taxi_qa.roads.network import Network, Way, network_of
from taxi_qa.roads.routes import (
    AStarRouter,
    ContractionRouter,
    Routes,
    joined,
    picked,
    router,
    shapes_of,
    sums_along,
)
from taxi_qa.roads.snapping import Ends, ends_at
from taxi_qa.values.place import distance_m
from tests.roads.test_index import random_network
from tests.roads.test_network import cross, edges

PER_M_E7 = 1 / 0.011_132  # of latitude
Engine = type[AStarRouter] | Callable[[Network], ContractionRouter]


def square() -> Network:
    """A square of 1 km: a slow street in the south, fast ones around, one-way to the west in the north.

    3 <- 2
    |    |
    0 -- 1      0-1 residential (25 km/h), 1-2 and 0-3 primary (52 km/h), 2->3 primary one-way
    """
    lon = (np.array([0, 1000, 1000, 0]) * PER_M_E7 / math.cos(math.radians(30))).astype(
        np.int32
    ) + 1_040_000_000
    lat = (np.array([0, 0, 1000, 1000]) * PER_M_E7).astype(np.int32) + 300_000_000
    ways = [
        Way(1, "南街", "residential", [0, 1]),
        Way(2, "东街", "primary", [1, 2]),
        Way(3, "北街", "primary", [2, 3], backward=False),
        Way(4, "西街", "primary", [3, 0]),
    ]
    return network_of(lon, lat, ways, source="a square")


def between(network: Network, tail: int, head: int) -> int:
    """The edge from one junction to another."""
    return int(np.flatnonzero((network.tail == tail) & (network.head == head))[0])


def part(network: Network, cost: npt.NDArray[np.int32], edge: int, metres: float) -> int:
    """What so many metres of an edge cost."""
    share = min(1.0, max(0.0, metres / float(network.length_m[edge])))
    return math.floor(int(cost[edge]) * share + 0.5)


def candidates(ends: Ends, trip: int) -> list[tuple[int, np.float32]]:
    """The edges a trip may begin or end on, and the metres along them."""
    both = zip(ends.edge[trip].tolist(), ends.along_m[trip], strict=True)
    return [(edge, along) for edge, along in both if edge != NO_EDGE]


def dijkstra(network: Network, cost: npt.NDArray[np.int32], begins: Ends, ends: Ends, trip: int) -> float:
    """Least cost of one trip; plain and slow, `inf` where there is no way."""
    best: dict[int, int] = {}
    waiting: list[tuple[int, int]] = []
    found = math.inf
    for edge, along in candidates(begins, trip):
        rest = part(network, cost, edge, float(network.length_m[edge] - along))
        heapq.heappush(waiting, (rest, int(network.head[edge])))
        for other, until in candidates(ends, trip):
            if other == edge and until >= along:
                found = min(found, part(network, cost, edge, float(until - along)))
    while waiting:
        spent, node = heapq.heappop(waiting)
        if node not in best:
            best[node] = spent
            for edge in np.flatnonzero(network.tail == node).tolist():
                heapq.heappush(waiting, (spent + int(cost[edge]), int(network.head[edge])))
    for edge, along in candidates(ends, trip):
        if int(network.tail[edge]) in best:
            found = min(found, best[int(network.tail[edge])] + part(network, cost, edge, float(along)))
    return found


def random_ends(network: Network, seed: int, trips: int) -> Ends:
    """Up to four candidates a trip, some none, anywhere on their edges."""
    rng = np.random.default_rng(seed)
    edge = rng.integers(0, network.edges, (trips, 4)).astype(np.int32)
    edge[:, 1:][rng.random((trips, 3)) < 0.5] = NO_EDGE
    along = (rng.random((trips, 4)) * network.length_m[edge]).astype(np.float32)
    return Ends(edge, along, np.zeros_like(along))


@given(st.integers(0, 10_000))
@settings(max_examples=40)
def test_both_engines_find_what_a_plain_dijkstra_finds(seed: int) -> None:
    network = random_network(seed)
    begins, ends = random_ends(network, seed, 20), random_ends(network, seed + 1, 20)
    for metric, unit in (("free", 1000), ("distance", 100)):
        cost = costs_of(network, metric)
        expected = np.array([dijkstra(network, cost, begins, ends, trip) for trip in range(20)]) / unit
        expected[np.isinf(expected)] = np.nan
        one = router(network).best_between(metric, begins, ends)
        other = AStarRouter(network).best_between(metric, begins, ends)
        np.testing.assert_array_equal(one.seconds, other.seconds)
        if metric == "free":
            # Compiled code halves milliseconds in single precision at both ends.
            np.testing.assert_allclose(one.seconds, expected, atol=0.0021)
        for found in (one, other):
            # Rounded to centimetres once for each edge.
            if metric == "distance":
                np.testing.assert_allclose(found.length_m, expected, atol=0.5)
            holds_together(network, found, begins, ends)


def holds_together(network: Network, routes: Routes, begins: Ends, ends: Ends) -> None:
    for trip in range(len(routes)):
        way = routes.edges_of(trip)
        if np.isnan(routes.length_m[trip]):
            assert way.size == 0
            continue
        assert (network.head[way[:-1]] == network.tail[way[1:]]).all()
        assert way[0] == begins.edge[trip, routes.begin[trip]]
        assert way[-1] == ends.edge[trip, routes.end[trip]]
        assert routes.begin_along_m[trip] == begins.along_m[trip, routes.begin[trip]]
        assert routes.end_along_m[trip] == ends.along_m[trip, routes.end[trip]]


@given(st.integers(0, 10_000))
@settings(max_examples=15)
def test_the_hierarchy_answers_as_pyroutingkit(seed: int) -> None:
    kit = pytest.importorskip("pyroutingkit", reason="pyroutingkit has no wheel for this machine")
    network = random_network(seed)
    cost = costs_of(network, "free")
    topology = kit.CCHTopology()
    lat, lon = ((axis * 1e-7).astype(np.float32) for axis in (network.node_lat_e7, network.node_lon_e7))
    tail, head = (column.astype(np.uint32) for column in (network.tail, network.head))
    topology.build(tail, head, lat, lon, network.nodes)
    metric = kit.CCHMetric(topology)
    metric.customize(cost.astype(np.uint32))
    rng = np.random.default_rng(seed)
    trips = rng.integers(0, network.edges, (30, 2)).astype(np.int32)
    trips = trips[trips[:, 0] != trips[:, 1]]
    # From the end of one edge to the begin of another: from junction to junction.
    begins = ends_at(trips[:, 0], network.length_m[trips[:, 0]])
    found = router(network).best_between("free", begins, ends_at(trips[:, 1], np.zeros(len(trips))))
    theirs = [
        metric.query(int(network.head[a]), int(network.tail[b]))[0] for a, b in trips.tolist()
    ]  # its ids are in range: it does not check them
    expected = np.where(np.array(theirs) >= kit.INF_WEIGHT, np.nan, np.array(theirs) / 1000)
    np.testing.assert_array_equal(found.seconds, expected)


@pytest.mark.parametrize("engine", [router, AStarRouter])
def test_the_fastest_and_the_shortest_way_around_a_square(engine: Engine) -> None:
    network = square()
    found = engine(network)
    there, back = between(network, 0, 1), between(network, 1, 0)
    east, west = between(network, 1, 2), between(network, 3, 0)
    # From the middle of the western street, driving south, to the middle of the eastern one, driving north.
    begins, ends = ends_at(west, 500.0), ends_at(east, 500.0)
    fast = found.best_between("free", begins, ends)
    assert fast.edges_of(0).tolist() == [west, there, east]
    # 500 + 1000 + 500 m; 1 km at 52 and 1 km at 25 km/h: 69.23 + 144 s
    assert fast.length_m == pytest.approx([2_000], rel=0.005)
    assert fast.seconds == pytest.approx([213.2], rel=0.005)
    # And back: northwards over the one-way street, 3 km at 52 km/h instead of 1 at 25 and 1 at 52.
    begins, ends = ends_at(east, 500.0), ends_at(west, 500.0)
    assert found.best_between("free", begins, ends).edges_of(0).tolist() == [
        east,
        between(network, 2, 3),
        west,
    ]
    short = found.best_between("distance", ends_at(back, 900.0), ends_at(west, 10.0))
    assert np.isnan(short.seconds).all()
    # Nobody drives against the one-way street: over 0, up the western street and back is no way either.
    assert short.edges_of(0).tolist() == [back, between(network, 0, 3), west]
    assert short.length_m == pytest.approx([100 + 1_000 + 10], rel=0.005)


@pytest.mark.parametrize("engine", [router, AStarRouter])
def test_both_ends_on_one_edge(engine: Engine) -> None:
    network = square()
    found = engine(network)
    south, north = between(network, 0, 1), between(network, 2, 3)
    ahead = found.best_between("distance", ends_at(south, 200.0), ends_at(south, 700.0))
    assert ahead.edges_of(0).tolist() == [south]
    assert ahead.length_m == pytest.approx([500], abs=0.1)
    # Behind on a one-way street: all the way round, 200 m of it left out.
    behind = found.best_between("distance", ends_at(north, 700.0), ends_at(north, 500.0))
    round_it = [north, between(network, 3, 0), south, between(network, 1, 2), north]
    assert behind.edges_of(0).tolist() == round_it
    assert behind.length_m == pytest.approx([3_800], rel=0.005)
    # Behind on a street of two directions: the other direction is among the ends.
    both = Ends(
        np.array([[south, between(network, 1, 0)]], np.int32),
        np.array([[700.0, 300.0]], np.float32),
        np.zeros((1, 2), np.float32),
    )
    to = Ends(both.edge, np.array([[500.0, 500.0]], np.float32), both.away_m)
    back = found.best_between("distance", both, to)
    assert back.edges_of(0).tolist() == [between(network, 1, 0)]
    assert back.length_m == pytest.approx([200], abs=0.1)
    at_once = found.best_between("free", ends_at(south, 200.0), ends_at(south, 200.0))
    assert (at_once.length_m[0], at_once.seconds[0]) == (0.0, 0.0)


@pytest.mark.parametrize("engine", [router, AStarRouter])
def test_what_cannot_be_reached_is_nan(engine: Engine) -> None:
    network = cross()
    found = engine(network)
    main, lane, out = (edges(network)[pair] for pair in ((0, 1), (5, 6), (1, 7)))
    trips = ends_at([main, lane, out], [0, 0, 0]), ends_at([lane, main, main], [0, 0, 0])
    routes = found.best_between("free", *trips)
    assert np.isnan(routes.length_m).all()
    assert np.isnan(routes.seconds).all()
    assert routes.start.tolist() == [0, 0, 0, 0]
    assert routes.begin.tolist() == [-1, -1, -1]
    nowhere = Ends(
        np.full((1, 4), NO_EDGE, np.int32), np.zeros((1, 4), np.float32), np.zeros((1, 4), np.float32)
    )
    assert np.isnan(found.best_between("free", nowhere, ends_at(main, 0.0)).length_m).all()
    assert shapes_of(network, routes)[0].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("engine", [router, AStarRouter])
@pytest.mark.parametrize(
    ("edge", "along", "words"),
    [
        (10_000_000, 0.0, "begin of trip 0 names edge 10000000, expected 0 to 6"),
        (-2, 0.0, "names edge -2"),
        (0, 1e6, "lies 1000000.0 m along edge 0"),
        (0, math.nan, "lies nan m along"),
        (0, -5.0, "lies -5.0 m along"),
    ],
)
def test_ends_that_are_not_of_the_network_are_refused(
    engine: Engine, edge: int, along: float, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        engine(cross()).best_between("free", ends_at(edge, along), ends_at(0, 0.0))


def test_as_many_ends_as_begins() -> None:
    with pytest.raises(ValueError, match="1 begins and 2 ends"):
        router(cross()).best_between("free", ends_at(0, 0.0), ends_at([0, 1], [0.0, 0.0]))


def test_costs_are_whole_and_at_least_one() -> None:
    network = cross()
    free, metres = costs_of(network, "free"), costs_of(network, "distance")
    edge = edges(network)[1, 4]
    # tagged 60, so 54 km/h: 15 m a second
    assert free[edge] == pytest.approx(network.length_m[edge] / 15 * 1000, abs=0.51)
    assert metres[edge] == pytest.approx(network.length_m[edge] * 100, abs=0.51)
    still = replace(network, length_m=np.zeros_like(network.length_m))
    assert costs_of(still, "free").tolist() == [1] * network.edges
    jam = np.zeros((24, network.edges), np.float32)
    # Not slower than 1 km/h, 3.6 s a metre.
    assert costs_of(network, "hour:23", jam)[edge] == pytest.approx(network.length_m[edge] * 3_600, rel=1e-6)


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("fastest", "expected 'free'"),
        ("hour:24", "expected 'free'"),
        ("hour:-1", "expected 'free'"),
        ("hour:07", "needs speeds"),
    ],
)
def test_metrics_nobody_knows_are_refused(metric: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        router(cross()).best_between(metric, ends_at(0, 0.0), ends_at(0, 0.0))
    with pytest.raises(ValueError, match="expected 0 to 23"):
        hour_metric(24)
    with pytest.raises(ValueError, match=r"expected \(24, 7\)"):
        costs_of(cross(), "hour:07", np.zeros((24, 6), np.float32))
    assert seconds_by("free", np.array([1_500.0])).tolist() == [1.5]


def test_speeds_of_an_hour_change_the_way() -> None:
    network = square()
    east, west = between(network, 1, 2), between(network, 3, 0)
    kmh = np.tile(network.free_kmh, (24, 1))
    kmh[8, between(network, 2, 3)] = 5  # the one-way street in the north is jammed at eight
    trip = ends_at(east, 500.0), ends_at(west, 500.0)
    for engine in (router(network).with_speeds(kmh), AStarRouter(network, kmh)):
        assert engine.best_between("hour:07", *trip).edges_of(0).tolist() == [
            east,
            between(network, 2, 3),
            west,
        ]
        # 500 m east and back, 1 km south, 500 m up and back.
        by_south = engine.best_between("hour:08", *trip)
        steps = [(2, 1), (1, 0), (0, 3)]
        assert by_south.edges_of(0).tolist() == [east, *(between(network, *step) for step in steps), west]


def test_costs_and_orders_of_another_network_are_refused() -> None:
    network = cross()
    hierarchy = hierarchy_of(network, order_of(network))
    with pytest.raises(ValueError, match="7 edges need as many costs"):
        metric_of(hierarchy, np.ones(6, np.int32))
    with pytest.raises(ValueError, match="at least 1"):
        metric_of(hierarchy, np.zeros(7, np.int32))
    with pytest.raises(ValueError, match="each of the 7 junctions once"):
        hierarchy_of(network, np.zeros(7, np.int32))


@given(st.integers(0, 10_000))
@settings(max_examples=10)
def test_an_order_names_every_junction_once(seed: int) -> None:
    network = random_network(seed)
    assert sorted(order_of(network).tolist()) == list(range(network.nodes))


def test_an_order_is_kept_beside_its_network(tmp_path: Path) -> None:
    network, path = random_network(1), tmp_path / "order.npz"
    order = order_of(network)
    save_order(order, network, path)
    assert load_order(path, network).tolist() == order.tolist()
    with pytest.raises(ValueError, match="roads build"):
        load_order(path, random_network(2))
    path.write_bytes(b"no order")
    with pytest.raises(ValueError, match="roads build"):
        load_order(path, network)
    with pytest.raises(FileNotFoundError):
        load_order(tmp_path / "nowhere.npz", network)


def test_any_order_gives_the_same_routes() -> None:
    network = random_network(3)
    begins, ends = random_ends(network, 5, 50), random_ends(network, 6, 50)
    one = router(network).best_between("free", begins, ends)
    shuffled = np.random.default_rng(0).permutation(network.nodes).astype(np.int32)
    other = router(network, shuffled).best_between("free", begins, ends)
    np.testing.assert_array_equal(one.seconds, other.seconds)


@given(st.integers(0, 10_000))
@settings(max_examples=15)
def test_the_line_of_a_route_is_as_long_as_the_route(seed: int) -> None:
    network = random_network(seed)
    begins, ends = random_ends(network, seed, 10), random_ends(network, seed + 1, 10)
    routes = router(network).best_between("distance", begins, ends)
    start, lon_e7, lat_e7 = shapes_of(network, routes)
    for trip in range(len(routes)):
        lon, lat = (
            axis[start[trip] : start[trip + 1]].astype(np.float64) * 1e-7 for axis in (lon_e7, lat_e7)
        )
        if np.isnan(routes.length_m[trip]):
            assert lon.size == 0
        else:
            line_m = distance_m(lon[:-1], lat[:-1], lon[1:], lat[1:]).sum()
            assert line_m == pytest.approx(routes.length_m[trip], rel=2e-5, abs=0.5)


def test_routes_are_picked_joined_and_summed_up() -> None:
    network = random_network(7)
    begins, ends = random_ends(network, 7, 30), random_ends(network, 8, 30)
    routes = router(network).best_between("free", begins, ends)
    rows = np.array([4, 4, 29, 0])
    some = picked(routes, rows)
    assert [some.edges_of(i).tolist() for i in range(4)] == [routes.edges_of(i).tolist() for i in rows]
    np.testing.assert_array_equal(some.length_m, routes.length_m[rows])
    both = joined([routes, some])
    assert len(both) == 34
    assert both.edges_of(32).tolist() == routes.edges_of(29).tolist()
    # The seconds of a route are the costs along it, but for rounding at its ends.
    seconds = sums_along(network, routes, costs_of(network, "free")) / 1000
    np.testing.assert_allclose(seconds, routes.seconds, atol=0.002)
