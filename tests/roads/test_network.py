"""A network out of points and ways, and what is written is what is read."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from geopy.distance import geodesic

from taxi_qa.roads.network import (
    APART,
    NO_TAG,
    TUNNEL,
    Network,
    Way,
    load_network,
    main_part,
    network_of,
    save_network,
)

# A cross of two streets, a loop at one end, a lane nobody can leave:
#
#       3
#       |
#   0---1---2---4   5 -> 6 (not joined)
#       |
#       7
LON = (
    np.array([0, 100_000, 200_000, 100_000, 300_000, 900_000, 950_000, 100_000], dtype=np.int32)
    + 1_040_000_000
)
LAT = np.array([0, 0, 0, 100_000, 0, 0, 0, -100_000], dtype=np.int32) + 306_000_000


def cross() -> Network:
    ways = [
        Way(10, "东西街", "primary", [0, 1, 2, 4], forward_kmh=60, backward_kmh=40),
        Way(11, "", "residential", [3, 1, 7], backward=False, flags=TUNNEL),
        Way(12, "孤路", "service", [5, 6], backward=False),
        Way(13, "点", "service", [5]),
    ]
    return network_of(LON, LAT, ways, source="a test")


def edges(network: Network) -> dict[tuple[int, int], int]:
    """(lon_e7 of begin, of end, …) -> edge, by the places of its ends."""
    names = {(int(lon), int(lat)): at for at, (lon, lat) in enumerate(zip(LON, LAT, strict=True))}
    ends = {}
    for edge in range(network.edges):
        lon, lat = network.shape_of(edge)
        ends[names[int(lon[0]), int(lat[0])], names[int(lon[-1]), int(lat[-1])]] = edge
    return ends


def test_ways_are_cut_where_they_meet_and_nowhere_else() -> None:
    network = cross()
    # Point 2 is no junction: only one way passes there.
    assert set(edges(network)) == {(0, 1), (1, 0), (1, 4), (4, 1), (3, 1), (1, 7), (5, 6)}
    through = edges(network)[1, 4]
    assert network.shape_of(through)[0].tolist() == LON[[1, 2, 4]].tolist()
    assert network.way_name[network.way[through]] == "东西街"


def test_each_direction_has_its_own_limit_and_its_own_shape() -> None:
    network = cross()
    there, back = edges(network)[0, 1], edges(network)[1, 0]
    assert (network.tag_kmh[there], network.tag_kmh[back]) == (60, 40)
    assert network.tag_kmh[edges(network)[3, 1]] == NO_TAG
    assert network.shape_of(back)[0].tolist() == network.shape_of(there)[0][::-1].tolist()
    assert (network.tail[back], network.head[back]) == (network.head[there], network.tail[there])
    # traffic drives nine tenths of a tagged limit
    assert network.free_kmh[there] == pytest.approx(54)


def test_lengths_are_those_on_the_ground() -> None:
    network = cross()
    there = edges(network)[1, 4]
    on_the_ground = geodesic((30.6, 104.01), (30.6, 104.03)).meters
    assert network.length_m[there] == pytest.approx(on_the_ground, abs=0.05)


def test_what_cannot_be_reached_or_left_is_apart() -> None:
    network = cross()
    apart = {ends for ends, edge in edges(network).items() if network.edge_flags[edge] & APART}
    # The one-way street leads in from nowhere and out to nowhere: nobody comes back on it.
    assert apart == {(3, 1), (1, 7), (5, 6)}
    assert network.edge_flags[edges(network)[3, 1]] & TUNNEL


def test_the_main_part_is_the_largest_whose_junctions_reach_each_other() -> None:
    # 0 -> 1 -> 2 -> 0 is a round; 3 <-> 4 is smaller; 2 -> 3 joins them one way only.
    tail = np.array([0, 1, 2, 2, 3, 4], dtype=np.int32)
    head = np.array([1, 2, 0, 3, 4, 3], dtype=np.int32)
    assert main_part(tail, head, 6).tolist() == [True, True, True, False, False, False]
    assert main_part(tail[:0], head[:0], 2).tolist() == [False, False]


def test_a_network_is_read_as_it_was_written(tmp_path: Path) -> None:
    network = cross()
    save_network(network, tmp_path / "roads.npz")
    again = load_network(tmp_path / "roads.npz")
    for field in fields(Network):
        one, other = getattr(network, field.name), getattr(again, field.name)
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype
            assert one.tolist() == other.tolist(), field.name
        else:
            assert one == other


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", b"no network at all"])
def test_a_file_that_is_no_network_is_refused_with_the_way_out(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "roads.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="taxi-qa roads build"):
        load_network(path)
    with pytest.raises(FileNotFoundError):
        load_network(tmp_path / "nowhere.npz")
