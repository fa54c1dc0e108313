"""Where a trip begins and ends: which roads a place may lie on, in which directions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_qa.roads.index import NO_EDGE, Int32s, nearest_edges, segment_index
from taxi_qa.roads.network import APART, Network, Way, network_of
from taxi_qa.roads.snapping import ROADS, SPREAD_M, Ends, ends_at, ends_of, other_direction, snap
from tests.roads.test_index import places, random_network
from tests.roads.test_network import LAT, LON, cross, edges

M_E7 = 1 / 0.011_132  # a metre of latitude in 1e-7 degree


def parallel() -> Network:
    """Two carriageways 15 m apart, eastwards in the south, and a street 60 m north, 2 km; joined at the ends.

    3 <- 2      way 2, westwards
    0 -> 1      way 1, eastwards
    """
    lon = np.array([0, 200_000, 200_000, 0, 0, 200_000], dtype=np.int32) + 1_040_000_000
    lat = (np.array([0, 0, 15, 15, 60, 60]) * M_E7).astype(np.int32) + 300_000_000
    ways = [
        Way(1, "东", "primary", [0, 1], backward=False),
        Way(2, "西", "primary", [2, 3], backward=False),
        Way(3, "", "service", [3, 0]),
        Way(4, "", "service", [1, 2]),
        Way(5, "北街", "residential", [4, 5]),
        Way(6, "", "service", [3, 4]),
        Way(7, "", "service", [2, 5]),
    ]
    return network_of(lon, lat, ways, source="parallel")


def at(network: Network, north_m: float, heading_ddeg: int | None = None) -> Ends:
    """Where a place in the middle lies, so far north of the southern carriageway."""
    lon = np.array([1_040_100_000], dtype=np.int32)
    lat = np.array([300_000_000 + north_m * M_E7], dtype=np.int32)
    heading = None if heading_ddeg is None else np.array([heading_ddeg], dtype=np.int16)
    return snap(network, segment_index(network), lon, lat, heading_ddeg=heading)


def names(network: Network, ends: Ends) -> list[str]:
    return [network.way_name[network.way[edge]] for edge in ends.edge[0] if edge != NO_EDGE]


def test_both_carriageways_are_kept_and_the_street_beyond_is_not() -> None:
    network = parallel()
    ends = at(network, 3.0)
    assert names(network, ends) == ["东", "西"]
    assert ends.edge[0, [1, 3]].tolist() == [NO_EDGE, NO_EDGE]  # one-way roads have no other direction
    assert ends.away_m[0, [0, 2]] == pytest.approx([3, 12], abs=0.2)
    # 1 km of 2: 0.01 degree at 30° N are 965 m
    assert ends.along_m[0, [0, 2]] == pytest.approx([965, 965], abs=1)


def test_both_directions_of_a_street_stand_side_by_side() -> None:
    network = parallel()
    ends = at(network, 62.0)
    assert names(network, ends) == ["北街", "北街"]
    there, back = ends.edge[0, :2]
    assert (network.tail[there], network.head[there]) == (network.head[back], network.tail[back])
    assert ends.along_m[0, 0] + ends.along_m[0, 1] == pytest.approx(network.length_m[there], abs=0.1)
    assert ends.away_m[0, 0] == ends.away_m[0, 1]


def test_a_heading_leaves_the_roads_that_run_that_way() -> None:
    network = parallel()
    assert names(network, at(network, 3.0, 900)) == ["东"]
    assert names(network, at(network, 3.0, 2_700)) == ["西"]
    assert names(network, at(network, 62.0, 850)) == ["北街"]
    # Across all of them, as a car that turns: then all are kept. Unknown: all.
    assert names(network, at(network, 3.0, 0)) == ["东", "西"]
    assert names(network, at(network, 3.0, -1)) == ["东", "西"]


def test_no_road_within_reach() -> None:
    network = parallel()
    assert (at(network, 200.0).edge == NO_EDGE).all()
    assert np.isinf(at(network, 200.0).away_m).all()


def test_parts_that_hang_together_with_nothing_are_left_out() -> None:
    network = cross()
    lane = edges(network)[5, 6]
    assert network.edge_flags[lane] & APART
    lon, lat = LON[[5]] + np.int32(1_000), LAT[[5]]
    assert (snap(network, segment_index(network), lon, lat).edge == NO_EDGE).all()


def in_python(network: Network, lon_e7: Int32s, lat_e7: Int32s) -> list[list[tuple[int, ...]]]:
    """The roads of each place as sets of their directions, one place and one edge at a time."""
    index, back = segment_index(network), other_direction(network)
    edge, _, away = nearest_edges(index, lon_e7, lat_e7, most=32, reach_m=75.0)
    found = []
    for row in range(lon_e7.size):
        mine = [
            (int(e), float(m))
            for e, m in zip(edge[row], away[row], strict=True)
            if e != NO_EDGE and not network.edge_flags[e] & APART
        ]
        roads: list[tuple[int, ...]] = []
        for e, metres in mine:
            if metres > mine[0][1] + SPREAD_M or len(roads) == ROADS:
                break
            road = tuple(sorted({e, int(back[e])} - {NO_EDGE}))
            if road not in roads:
                roads.append(road)
        found.append(roads)
    return found


@given(st.integers(0, 10_000))
def test_the_compiled_search_finds_what_a_plain_one_finds(seed: int) -> None:
    network = random_network(seed)
    lon, lat = places(seed, 60)
    ends = snap(network, segment_index(network), lon, lat)
    roads = [
        [
            tuple(sorted(set(row[2 * r : 2 * r + 2].tolist()) - {NO_EDGE}))
            for r in range(ROADS)
            if row[2 * r] != NO_EDGE
        ]
        for row in ends.edge
    ]
    assert roads == in_python(network, lon, lat)


@given(st.integers(0, 10_000))
def test_the_other_direction_of_the_other_direction_is_the_edge(seed: int) -> None:
    network = random_network(seed)
    back = other_direction(network)
    two_way = np.flatnonzero(back != NO_EDGE)
    assert (back[back[two_way]] == two_way).all()
    assert (network.tail[back[two_way]] == network.head[two_way]).all()
    assert (network.way[back[two_way]] == network.way[two_way]).all()


def test_ends_that_are_known_and_some_of_many() -> None:
    ends = ends_at([3, 1], [10.0, 20.0])
    assert ends.edge.tolist() == [[3, NO_EDGE], [1, NO_EDGE]]
    some = ends_of(ends, np.array([1, 1, 0]))
    assert some.edge[:, 0].tolist() == [1, 1, 3]
    assert some.along_m[:, 0].tolist() == [20.0, 20.0, 10.0]
