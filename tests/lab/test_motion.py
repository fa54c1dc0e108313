import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_qa.lab import city as town
from taxi_qa.lab.motion import Sampled, Track
from taxi_qa.lab.pace import SLOW_DOWN_MS2, SPEED_UP_MS2, Sprint, pieces_of
from taxi_qa.lab.streets import Streets, build_streets

SIX: int = 6 * 3600
SECTIONS = st.lists(
    st.tuples(st.floats(2, 3_000), st.floats(3, 30), st.sampled_from([0.0, 0.0, 20.0])),
    min_size=1,
    max_size=12,
)


@pytest.fixture(scope="module")
def streets() -> Streets:
    return build_streets("zhongshan", 7)


def _driven(streets: Streets, seed: int) -> tuple[Track, Sampled]:
    track = Track(streets, np.random.default_rng(seed), float(SIX), (20, 12))
    for goal in ((44, 25), (60, 24), (30, 40), town.ROUNDABOUT, (20, 20), (28, 20)):
        track.drive(goal, 0.86)
        track.stand(20)
    return track, track.sampled()


@given(SECTIONS)
def test_pieces_cover_the_way_within_what_a_car_can(sections: list[tuple[float, float, float]]) -> None:
    length, top, pause = (np.array(side) for side in zip(*sections, strict=True))
    pieces = pieces_of(length, top, pause)
    assert pieces.metres().sum() == pytest.approx(length.sum(), rel=1e-9, abs=1e-6)
    ends = pieces.speed_ms + pieces.change_ms2 * pieces.lasts_s
    assert pieces.speed_ms[0] == pytest.approx(0)
    np.testing.assert_allclose(ends[:-1], pieces.speed_ms[1:], atol=1e-6)  # no sudden change of speed
    assert ends[-1] == pytest.approx(0, abs=1e-6)
    assert max(pieces.speed_ms.max(), ends.max()) <= top.max() + 1e-9


@pytest.mark.parametrize("seed", [1, 2])
def test_an_honest_car_keeps_to_streets_and_to_their_limits(streets: Streets, seed: int) -> None:
    track, sampled = _driven(streets, seed)
    graph = streets.graph
    limits = np.array(
        [
            graph.limits_at(sampled.edge[row : row + 1], second)[0]
            for row, second in enumerate(range(sampled.first_s, sampled.first_s + sampled.edge.size))
        ]
    )
    share = sampled.speed_ms * 3.6 / limits
    assert share.max() <= 0.98 + 1e-9
    assert np.median(share[share > 0.1]) > 0.6
    # It is on the edge it is said to be on: the way over the place is no longer than the edge.
    a, b = graph.tail[sampled.edge], graph.head[sampled.edge]
    over = sum(
        np.hypot(streets.east_m[end] - sampled.east_m, streets.north_m[end] - sampled.north_m)
        for end in (a, b)
    )
    assert (over < graph.length_m[sampled.edge] + 0.1).all()
    assert track.node == (28, 20)


def test_speed_and_distance_tell_the_same(streets: Streets) -> None:
    _, sampled = _driven(streets, 3)
    metres = np.diff(sampled.along_m)
    chord = np.hypot(np.diff(sampled.east_m), np.diff(sampled.north_m))
    assert (metres >= -1e-9).all()
    assert (chord <= metres + 1e-6).all()
    # Over a second the speed changes by at most 1.6 m/s, so its mean is within that of either end.
    assert (np.abs(metres - sampled.speed_ms[:-1]) <= max(SPEED_UP_MS2, SLOW_DOWN_MS2)).all()
    change = np.diff(sampled.speed_ms)
    assert change.max() <= SPEED_UP_MS2 + 1e-9
    assert change.min() >= -SLOW_DOWN_MS2 - 1e-9


def test_a_car_stops_in_the_middle_of_a_street_and_goes_on(streets: Streets) -> None:
    track = Track(streets, np.random.default_rng(1), float(SIX), (20, 12))
    edges = track.route_to((26, 12))
    left = track.follow(edges, 0.8, stop_after_m=900.0)
    assert track.driven_m == pytest.approx(900.0, abs=0.01)
    assert track.midway == edges[edges.size - left.size - 1]
    track.drive((26, 12), 0.8)
    assert track.driven_m == pytest.approx(streets.graph.length_m[edges].sum(), abs=0.1)
    assert track.at_m == pytest.approx(streets.city.place((26, 12)))


def test_a_sprint_is_held_for_its_time_and_the_rest_is_lawful(streets: Streets) -> None:
    track = Track(streets, np.random.default_rng(1), float(SIX), (2, 10))
    edges = track.route_to((12, 10))
    limit = streets.graph.limit_kmh[edges]
    assert set(limit) == {60.0}
    sprint = Sprint(from_m=500.0, kmh=78.0, steady_s=60.0)
    track.follow(edges, 0.9, sprint=sprint)
    sampled = track.sampled()
    kmh = sampled.speed_ms * 3.6
    assert kmh.max() == pytest.approx(78.0)
    assert 59 <= np.count_nonzero(kmh > 77.9) <= 62
    # From 54 to 78 km/h at 1.3 m/s², and down again at 1.6: 5.1 + 4.2 s, of which 2.6 + 2.1 s above 66.
    assert np.count_nonzero(kmh > 66) == pytest.approx(60 + 2.6 + 2.1, abs=2)
    begin, end = track.when(500.0), track.when(500.0 + sprint.length_m(15.0))
    fast = sampled.first_s + np.flatnonzero(kmh > 54.1)
    assert begin == pytest.approx(fast[0], abs=1)
    assert end == pytest.approx(fast[-1], abs=1)
