"""Traces are put on the roads they were driven on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.roads.index import NO_EDGE, segment_index
from taxi_qa.roads.matching import Int16s, Int32s, Int64s, Matched, Model, match
from taxi_qa.roads.matching_in_numpy import match_in_numpy
from taxi_qa.roads.network import Network, Way, network_of
from taxi_qa.roads.transitions import edges_ahead
from tests.roads.test_index import random_network
from tests.roads.test_network import LAT, LON, cross
from tests.roads.test_network import edges as edges_of

# At 30.6 degrees north: 1e-7 degree of longitude is 9.59 mm, of latitude 11.09 mm.
EAST, NORTH = 1_043, 902  # 1e-7 degrees of 10 m
NO_HEADING = np.int16(-1)


def walk(network: Network, seed: int, steps: int) -> tuple[Int32s, Int32s, Int16s]:
    """Places on a random way from edge to edge, 12 m off, with the heading of the road."""
    rng = np.random.default_rng(seed)
    edge = int(rng.integers(network.edges))
    lon, lat, heading = [], [], []
    for _ in range(steps):
        x, y = network.shape_of(edge)
        share = rng.random()
        lon.append(x[0] + share * (x[1] - x[0]) + rng.normal(0, 1_200))
        lat.append(y[0] + share * (y[1] - y[0]) + rng.normal(0, 1_000))
        turn = np.degrees(np.arctan2((x[1] - x[0]) * 0.86, y[1] - y[0])) * 10 + rng.normal(0, 100)
        heading.append(turn % 3600 if rng.random() < 0.7 else NO_HEADING)
        onwards = np.flatnonzero(network.tail == network.head[edge])
        edge = int(rng.choice(onwards)) if onwards.size else int(rng.integers(network.edges))
    return (
        np.round(lon).astype(np.int32),
        np.round(lat).astype(np.int32),
        np.array(heading).astype(np.int16),
    )


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_the_kernel_finds_what_a_plain_search_finds(seed: int) -> None:
    network = random_network(seed)
    index, ahead = segment_index(network), edges_ahead(network)
    lon, lat, heading = walk(network, seed, 40)
    time_ms = np.arange(40, dtype=np.int64) * 20_000
    time_ms[25:] += 400_000  # a silence longer than the model bridges
    starts = np.array([0, 18, 18, 40], dtype=np.int64)
    # Two directions of one road fit alike: which of them is the last of `most` would be no matter.
    model = Model(beta_m=50.0, most=24)
    one = match(index, ahead, lon, lat, heading, time_ms, starts, model)
    other = match_in_numpy(index, ahead, lon, lat, heading, time_ms, starts, model)
    assert one.joined.tolist() == other.joined.tolist()
    assert not one.joined[[0, 18, 25]].any()
    clear = other.lead > 0.01
    assert one.edge[clear].tolist() == other.edge[clear].tolist()
    np.testing.assert_allclose(one.along_m[clear], other.along_m[clear], atol=0.1)
    near = np.isfinite(other.lead)
    assert near.tolist() == np.isfinite(one.lead).tolist()
    np.testing.assert_allclose(one.lead[near], other.lead[near], atol=0.02, rtol=1e-3)


def beside() -> Network:
    """Two streets to the east 25 m apart, joined at both ends; only the northern one goes on."""
    lon = np.array([0, 10, 90, 100, 0, 10, 90, 120], dtype=np.int32) * EAST + 1_040_000_000
    lat = np.array([0, 0, 0, 0, 2.5, 2.5, 2.5, 2.5]) * NORTH + 306_000_000
    ways = [
        Way(1, "南街", "secondary", [0, 1, 2, 3], backward=False),
        Way(2, "北街", "trunk", [4, 5, 6, 7], backward=False),
        Way(3, "", "service", [1, 5]),
    ]
    return network_of(lon, lat.astype(np.int32), ways, source="a test")


def names(network: Network, edge: Int32s) -> list[str]:
    return ["-" if one == NO_EDGE else network.way_name[network.way[one]] for one in edge]


def eastwards(x_10m: list[float], y_10m: list[float], gap_ms: int = 300_000) -> tuple[Network, Matched]:
    network = beside()
    n = len(x_10m)
    lon = (np.array(x_10m) * EAST + 1_040_000_000).astype(np.int32)
    lat = (np.array(y_10m) * NORTH + 306_000_000).astype(np.int32)
    heading = np.full(n, 900, dtype=np.int16)
    time_ms = np.arange(n, dtype=np.int64) * 15_000
    starts = np.array([0, n], dtype=np.int64)
    chosen = Model(gap_ms=gap_ms)
    return network, match(
        segment_index(network), edges_ahead(network), lon, lat, heading, time_ms, starts, chosen
    )


def test_the_whole_trace_decides_where_one_fix_could_be_of_either_road() -> None:
    # The third fix lies 5 m nearer to the northern street, whose trace would have to jump there and back.
    network, matched = eastwards([15, 30, 45, 60, 75], [0.0, 0.0, 1.5, 0.0, 0.0])
    assert names(network, matched.edge) == ["南街"] * 5
    # No way leads from one to the other in between.
    assert names(network, matched.second[2:3]) == ["-"]
    assert matched.lead[2] == np.inf
    assert matched.joined.tolist() == [False, True, True, True, True]
    # 300 m from the first fix's begin of the edge (at 100 m): 150 m, 200 m, …
    assert matched.along_m == pytest.approx([50, 200, 350, 500, 650], abs=1.5)


def test_where_two_roads_fit_alike_the_lead_says_so() -> None:
    # Exactly between the two streets, all the way: nobody can tell.
    _, matched = eastwards([15, 30, 45, 60, 75], [1.25] * 5)
    assert (matched.lead < 0.1).all()
    assert (matched.second != NO_EDGE).all()


def test_the_heading_tells_the_directions_of_one_road_apart() -> None:
    network = cross()
    there, back = edges_of(network)[1, 4], edges_of(network)[4, 1]
    # 20 m north of its middle: both directions lie equally far
    lon, lat = LON[[2, 2]].copy(), LAT[[2, 2]] + np.int32(1_804)
    time_ms, starts = np.array([0, 0], dtype=np.int64), np.array([0, 1, 2], dtype=np.int64)
    heading = np.array([880, 2_750], dtype=np.int16)
    matched = match(segment_index(network), edges_ahead(network), lon, lat, heading, time_ms, starts)
    assert matched.edge.tolist() == [there, back]
    assert matched.second.tolist() == [back, there]
    # a turned heading costs `heading_most`, less the 0.02 of 2 degrees, and the 0.03 of 5
    assert matched.lead == pytest.approx([8 - 0.005, 8 - 0.03125], abs=0.01)


def test_a_fix_away_from_every_road_is_left_out_and_a_silence_parts_the_trace() -> None:
    network, matched = eastwards([15, 30, 45, 60], [0.0, 30.0, 0.0, 0.0], gap_ms=20_000)
    assert names(network, matched.edge) == ["南街", "-", "南街", "南街"]
    # 30 s from the first to the third fix
    assert matched.joined.tolist() == [False, False, False, True]


def test_no_trace_and_no_fix_are_no_trouble() -> None:
    network = cross()
    nothing = np.zeros(0, dtype=np.int32)
    for starts in ([0], [0, 0, 0]):
        matched = match(
            segment_index(network), edges_ahead(network), nothing, nothing, nothing.astype(np.int16),
            nothing.astype(np.int64), np.array(starts, dtype=np.int64),
        )  # fmt: skip
        assert matched.edge.size == 0


def test_a_model_that_reaches_further_than_the_index_is_refused() -> None:
    network = cross()
    index = segment_index(network, reach_m=30.0)
    time_ms: Int64s = np.zeros(LON.size, dtype=np.int64)
    heading = np.zeros(LON.size, dtype=np.int16)
    with pytest.raises(ValueError, match="reaches 30 m, asked for 50 m"):
        match(index, edges_ahead(network), LON, LAT, heading, time_ms, np.array([0, LON.size]))
