"""The grid finds what a search through all segments finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.roads.index import NO_EDGE, Int32s, nearest_edges, nearest_edges_in_numpy, segment_index
from taxi_qa.roads.network import Network, Way, network_of
from tests.roads.test_network import LAT, LON, cross


def random_network(seed: int) -> Network:
    """Crooked streets that cross now and then, some kilometres wide."""
    rng = np.random.default_rng(seed)
    points = 60
    lon = 1_040_000_000 + rng.integers(0, 300_000, points).astype(np.int32)
    lat = 306_000_000 + rng.integers(0, 300_000, points).astype(np.int32)
    ways = [
        Way(
            way,
            f"W{way}",
            "primary",
            rng.integers(0, points, rng.integers(2, 6)).tolist(),
            backward=bool(way % 3),
        )
        for way in range(25)
    ]
    ways = [way for way in ways if len(set(way.nodes)) == len(way.nodes)]
    return network_of(lon, lat, ways, source="random")


def places(seed: int, count: int) -> tuple[Int32s, Int32s]:
    rng = np.random.default_rng(seed)
    return (
        (1_040_000_000 + rng.integers(-20_000, 320_000, count)).astype(np.int32),
        (306_000_000 + rng.integers(-20_000, 320_000, count)).astype(np.int32),
    )


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_the_grid_finds_what_a_search_through_all_finds(seed: int) -> None:
    index = segment_index(random_network(seed))
    lon, lat = places(seed, 200)
    one = nearest_edges(index, lon, lat, most=4, reach_m=75.0)
    other = nearest_edges_in_numpy(index, lon, lat, most=4, reach_m=75.0)
    np.testing.assert_allclose(one[2], other[2], atol=0.01)
    # Two directions of one road lie equally far: which comes first is no matter, which are found is.
    clear = np.isfinite(one[2]).sum(axis=1) < 4
    assert [set(row) for row in one[0][clear].tolist()] == [set(row) for row in other[0][clear].tolist()]


def test_where_on_the_road_the_nearest_point_lies() -> None:
    network = cross()
    index = segment_index(network)
    # 20 m north of the middle of the street from 1 to 4, whose middle is point 2 and no junction
    lon, lat = LON[[2]].copy(), LAT[[2]] + np.int32(1_804)
    edges, along, away = nearest_edges(index, lon, lat, most=4, reach_m=50.0)
    assert (edges[0] >= 0).sum() == 2  # there and back
    assert away[0, :2] == pytest.approx([20.0, 20.0], abs=0.05)
    assert along[0, :2] == pytest.approx(network.length_m[edges[0, :2]] / 2, abs=0.1)
    assert nearest_edges(index, lon, lat, most=4, reach_m=10.0)[0].tolist() == [[NO_EDGE] * 4]


def test_headings_are_those_of_travel() -> None:
    network = cross()
    index = segment_index(network)
    names = {0: "N", 900: "E", 1800: "S", 2700: "W"}
    seen = {names[int(ddeg)] for ddeg in index.heading_ddeg}
    assert seen == {"E", "W", "S"}  # the street from north to south is one-way


def test_a_reach_the_index_was_not_made_for_and_an_empty_network_are_refused() -> None:
    index = segment_index(cross(), reach_m=30.0)
    with pytest.raises(ValueError, match="reaches 30 m, asked for 50 m"):
        nearest_edges(index, LON, LAT, most=1, reach_m=50.0)
    with pytest.raises(ValueError, match="without a road"):
        segment_index(network_of(LON, LAT, [], source="nothing"))
