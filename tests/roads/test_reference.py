"""What a detour is judged against: the longest reasonable route, the worst side, the driver's own way."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.roads.network import Network
from taxi_qa.roads.reference import (
    ALTERNATIVE,
    FASTEST,
    FASTEST_AT_HOUR,
    NO_HOUR,
    NO_ROUTE,
    is_beyond,
    is_own_reasonable,
    longest_reasonable,
    own_way,
    places_along,
    worst_sides,
)
from taxi_qa.roads.routes import router
from taxi_qa.roads.snapping import Ends, ends_at, ends_of
from tests.roads.test_alternatives import M_E7, ends_in, names, town, two_ways
from tests.roads.test_network import cross, edges
from tests.roads.test_routes import between


def hours(*of_day: int) -> np.ndarray[tuple[int], np.dtype[np.int8]]:
    return np.array(of_day, dtype=np.int8)


def trip_on(network: Network) -> tuple[Ends, Ends]:
    """The trip of `test_alternatives`: 100 m, 1 km straight on or around, 95 m."""
    first, last = (between(network, *pair) for pair in ends_in(network))
    return ends_at(first, 400.0), ends_at(last, 95.0)


def test_both_margins_have_to_be_exceeded() -> None:
    # 1.2 x 4 km are 4.8 km, but a kilometre more are 5; 1.2 x 10 km are 12 km.
    driven = np.array([4_900, 5_001, 11_900, 12_001, 12_000, math.nan, 9_000])
    reference = np.array([4_000, 4_000, 10_000, 10_000, 10_000, 1_000, math.nan])
    beyond = is_beyond(driven, reference, ratio=1.2, margin_m=1_000)
    assert beyond.tolist() == [False, True, False, True, False, False, False]


def test_the_longest_of_fastest_and_alternative_counts() -> None:
    network = two_ways(bypass_m=1_300)
    reference = longest_reasonable(router(network), *trip_on(network), hours(NO_HOUR))
    assert reference.kind.tolist() == [ALTERNATIVE]
    assert names(network, reference.routes.edges_of(0).tolist()) == ["西", "绕", "东"]
    assert reference.routes.length_m == pytest.approx([1_495], rel=0.01)
    assert reference.fastest_m == pytest.approx([1_195], rel=0.01)
    # 1.195 km at 52 km/h
    assert reference.fastest_s == pytest.approx([82.7], rel=0.01)
    assert reference.free_s.tolist() == reference.fastest_s.tolist()


def test_a_way_around_that_is_much_slower_is_no_reference_until_the_straight_one_is_jammed() -> None:
    network = two_ways(bypass_m=1_600)
    free = longest_reasonable(router(network), *trip_on(network), hours(8))
    assert free.kind.tolist() == [FASTEST]
    assert free.routes.length_m == pytest.approx([1_195], rel=0.01)
    kmh = np.tile(network.free_kmh, (24, 1))
    straight = [at for at in range(network.edges) if network.way_name[network.way[at]] == "直"]
    kmh[8, straight] = 15
    begins, ends = (ends_of(side, np.zeros(3, np.int64)) for side in trip_on(network))
    jammed = longest_reasonable(router(network).with_speeds(kmh), begins, ends, hours(8, 9, NO_HOUR))
    assert jammed.kind.tolist() == [FASTEST_AT_HOUR, FASTEST, FASTEST]
    assert jammed.routes.length_m == pytest.approx([1_795, 1_195, 1_195], rel=0.01)
    # Seconds are those of the trip's own hour: 1.795 km at 52 km/h.
    assert jammed.routes.seconds == pytest.approx([124.3, 82.7, 82.7], rel=0.01)
    assert jammed.free_s == pytest.approx([82.7] * 3, rel=0.01)


def test_the_shortest_way_is_never_the_reference() -> None:
    network = two_ways(bypass_m=1_600)
    slow = [network.way_name[way] == "直" for way in network.way]
    network = replace(network, free_kmh=np.where(slow, np.float32(15), network.free_kmh))
    reference = longest_reasonable(router(network), *trip_on(network), hours(NO_HOUR))
    assert router(network).best_between("distance", *trip_on(network)).length_m < 1_200
    assert reference.kind.tolist() == [FASTEST]
    assert reference.routes.length_m == pytest.approx([1_795], rel=0.01)


def test_trips_without_a_way_and_no_trips() -> None:
    network = cross()
    lane, main = edges(network)[5, 6], edges(network)[0, 1]
    none = longest_reasonable(router(network), ends_at(main, 0.0), ends_at(lane, 0.0), hours(NO_HOUR))
    assert none.kind.tolist() == [NO_ROUTE]
    assert np.isnan(none.routes.length_m).all()
    assert np.isnan(none.fastest_s).all()
    nobody = ends_at(np.zeros(0, np.int32), np.zeros(0, np.float32))
    assert longest_reasonable(router(network), nobody, nobody, hours()).kind.size == 0


def only(ends: Ends, trip: int, road: int) -> Ends:
    """One road of a trip's ends."""
    columns = slice(2 * road, 2 * road + 2)
    return Ends(ends.edge[[trip], columns], ends.along_m[[trip], columns], ends.away_m[[trip], columns])


@given(st.integers(0, 10_000))
@settings(max_examples=15)
def test_the_pair_of_roads_that_is_slowest_stays(seed: int) -> None:
    network = town(seed, side=6)
    found, rng = router(network), np.random.default_rng(seed)
    edge = rng.integers(0, network.edges, (2, 10, 8)).astype(np.int32)
    edge[:, :, 2:][rng.random((2, 10, 6)) < 0.4] = -1
    along = (rng.random(edge.shape) * network.length_m[edge]).astype(np.float32)
    begins, ends = (Ends(edge[side], along[side], np.zeros_like(along[side])) for side in (0, 1))
    kept = worst_sides(found, "free", begins, ends)
    got = found.best_between("free", *kept)
    for trip in range(10):
        pairs = []
        for road in range(4):
            for other in range(4):
                one, two = only(begins, trip, road), only(ends, trip, other)
                pairs.append(found.best_between("free", one, two).seconds[0])
        np.testing.assert_equal(got.seconds[trip], np.nanmax(pairs) if not np.isnan(pairs).all() else np.nan)
        # No road but the chosen one is left at either end.
        roads = [set((np.flatnonzero(side.edge[trip] >= 0) // 2).tolist()) for side in kept]
        if not np.isnan(got.seconds[trip]):
            assert [len(side) for side in roads] == [1, 1]


def test_places_along_a_track() -> None:
    north_m = np.array([0, 100, 450, 500, 900, 950, 0, 10, 7], dtype=np.float64)
    lat = (north_m * M_E7).astype(np.int32)
    lon = np.zeros_like(lat)
    starts = np.array([0, 6, 6, 8, 9], dtype=np.int64)
    # 450 is 400 m from 0, 900 is 400 m from 450 and 950 the last; no fixes; first and last; one alone.
    assert places_along(starts, lon, lat, 400.0).tolist() == [0, 2, 4, 5, 6, 7, 8]


@given(st.integers(0, 10_000))
@settings(max_examples=10)
def test_a_drivers_own_way_takes_no_longer_than_what_he_drove(seed: int) -> None:
    network = town(seed)
    found, rng = router(network), np.random.default_rng(seed)
    pairs = rng.integers(0, network.edges, (2, 6))
    routes = found.best_between("distance", ends_at(pairs[0], np.zeros(6)), ends_at(pairs[1], np.zeros(6)))
    seconds = network.length_m / (network.free_kmh / 3.6)
    edge, trip, driven_s = [], [], np.full(6, np.nan)
    for number in range(6):
        way = routes.edges_of(number)
        if way.size > 1:
            edge += way.tolist()
            trip += [number] * way.size
            driven_s[number] = seconds[way[:-1]].sum()
    places = ends_at(edge, np.zeros(len(edge)))
    own_s = own_way(found, "free", np.array(trip, dtype=np.int64), places, 6)
    # Through the begin of every edge he drove: exactly his way, but for rounding.
    np.testing.assert_allclose(own_s, driven_s, atol=0.1)
    few = np.flatnonzero(
        np.append(np.diff(trip), 1) | np.append(1, np.diff(trip)) | (np.arange(len(trip)) % 4 == 0)
    )
    fewer_s = own_way(found, "free", np.array(trip, dtype=np.int64)[few], ends_of(places, few), 6)
    assert (np.isnan(driven_s) | (fewer_s <= own_s + 1e-6)).all()


def test_an_own_way_is_reasonable_up_to_what_alternatives_may_take() -> None:
    # A quarter longer, and a twentieth for what speeds are not known.
    own_s, fastest_s = np.array([120.0, 130.0, 131.0, math.nan]), np.array([100.0, 100.0, 100.0, 100.0])
    assert is_own_reasonable(own_s, fastest_s).tolist() == [True, True, False, False]
    assert is_own_reasonable(own_s, fastest_s, most_slower=0.5).tolist() == [True, True, True, False]
