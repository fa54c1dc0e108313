"""Speeds learned from the fleet: medians, drawn towards what is known of wider groups."""

import numpy as np
import pytest

from taxi_qa.roads.learned import PRIOR_PASSES, Passes, hourly_kmh, passes_of
from taxi_qa.roads.network import network_of
from tests.roads.test_network import LAT, LON, cross, edges


def passed(edge: int, hour: int, kmh: list[float]) -> Passes:
    """Cars that passed along 1 km of an edge."""
    n = len(kmh)
    return Passes(
        np.full(n, edge, np.int32),
        np.full(n, hour, np.int8),
        np.full(n, 1_000, np.float32),
        (3_600 / np.array(kmh)).astype(np.float32),
    )


def test_free_flow_where_nobody_passed() -> None:
    network = cross()
    kmh = hourly_kmh(network, passed(0, 0, []))
    assert kmh.shape == (24, network.edges)
    assert kmh.dtype == np.float32
    np.testing.assert_allclose(kmh, np.tile(network.free_kmh, (24, 1)))
    empty = network_of(LON, LAT, [], source="nothing")
    assert hourly_kmh(empty, passed(0, 0, [])).shape == (24, 0)


def test_many_passes_decide_and_one_wild_one_does_not() -> None:
    network = cross()
    street = edges(network)[0, 1]  # free flow 54 km/h
    kmh = hourly_kmh(network, passed(street, 8, [27.0] * 999 + [0.1]))
    assert kmh[8, street] == pytest.approx(27, rel=0.01)
    assert kmh[9, street] == pytest.approx(54)


def test_few_passes_are_drawn_towards_free_flow() -> None:
    network = cross()
    street = edges(network)[0, 1]
    kmh = hourly_kmh(network, passed(street, 8, [27.0]))
    # One pass against five that say nothing, at each of four levels: all roads, class, street, edge. Half the
    # speed is log 1/2; each level keeps 5/6 of the distance to what passed: (5/6)^4 = 0.482 is left of it.
    share = np.log(0.5) * (1 - (PRIOR_PASSES / (PRIOR_PASSES + 1)) ** 4)
    assert kmh[8, street] == pytest.approx(54 * np.exp(share), rel=1e-4)


def test_roads_nobody_passed_are_as_slow_as_those_like_them() -> None:
    network = cross()
    street, further, lane = (edges(network)[pair] for pair in ((0, 1), (1, 4), (3, 1)))
    kmh = hourly_kmh(network, passed(street, 8, [27.0] * 1_000))
    # The same street further on, and a lane of another class, which only knows all roads.
    assert kmh[8, further] == pytest.approx(network.free_kmh[further] / 2, rel=0.02)
    assert kmh[8, lane] == pytest.approx(network.free_kmh[lane] / 2, rel=0.02)
    # A class of its own speed, once it has one.
    one, other = passed(street, 8, [27.0] * 1_000), passed(lane, 8, [25.0] * 1_000)
    both = Passes(
        np.concatenate((one.edge, other.edge)),
        np.concatenate((one.hour, other.hour)),
        np.concatenate((one.metres, other.metres)),
        np.concatenate((one.seconds, other.seconds)),
    )
    kmh = hourly_kmh(network, both)
    assert kmh[8, lane] == pytest.approx(25, rel=0.02)
    assert kmh[8, further] == pytest.approx(network.free_kmh[further] / 2, rel=0.02)


def test_stays_on_edges_out_of_traces() -> None:
    #        trace 0: edge 4, 4, 7, none, 7     trace 1: edge 7, 7 after a long gap
    edge = np.array([4, 4, 7, -1, 7, 7, 7], dtype=np.int32)
    hour = np.array([7, 7, 8, 8, 8, 9, 9], dtype=np.int8)
    time_ms = np.array([0, 10, 20, 30, 40, 0, 61], dtype=np.int64) * 1_000
    step_m = np.array([0, 100, 60, 50, 50, 0, 500], dtype=np.float64)
    passes = passes_of(edge, hour, time_ms, step_m, np.array([0, 5, 7], dtype=np.int64))
    # On edge 4: 100 m in 10 s and half of 60 m in 10 s; on edge 7 the other half. The rest says nothing.
    assert passes.edge.tolist() == [4, 7]
    assert passes.hour.tolist() == [7, 8]
    assert passes.metres.tolist() == [130, 30]
    assert passes.seconds.tolist() == [15, 5]


def test_a_car_that_stands_counts_its_time() -> None:
    edge = np.full(4, 2, dtype=np.int32)
    time_ms = np.arange(4, dtype=np.int64) * 10_000
    step_m = np.array([0, 100, 0, 100], dtype=np.float64)
    starts = np.array([0, 4], dtype=np.int64)
    passes = passes_of(edge, np.zeros(4, np.int8), time_ms, step_m, starts)
    assert (passes.metres.tolist(), passes.seconds.tolist()) == ([200], [30])


@pytest.mark.parametrize(
    ("edge", "hour", "words"), [(7, 0, "edges 7 to 7, of 7"), (-1, 0, "edges -1"), (0, 24, "hours 24 to 24")]
)
def test_passes_that_are_not_of_the_network_are_refused(edge: int, hour: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        hourly_kmh(cross(), passed(edge, hour, [30.0]))
