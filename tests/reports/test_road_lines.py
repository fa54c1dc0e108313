import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from taxi_qa.reports.road_lines import Box, RoadLine, box_around, road_lines, steps_of_line
from taxi_qa.roads.network import Network
from tests.small_city import roads

# Two streets that cross at 113.20, 23.10, and a lane apart; a degree of latitude is 110.7 km there.
STREETS: list[dict[str, Any]] = [
    {"line": [[113.19, 23.10], [113.20, 23.10], [113.21, 23.10]], "class": "primary", "name": "中山路"},
    {"line": [[113.20, 23.09], [113.20, 23.10], [113.20, 23.11]], "class": "residential", "one_way": True},
    {"line": [[113.25, 23.10], [113.26, 23.10]], "class": "service", "name": "远巷"},
]


@pytest.fixture(scope="module")
def network() -> Network:
    return roads(STREETS).network


def _places(line: RoadLine) -> list[list[tuple[float, float]]]:
    """Each piece as lat, lon in degrees."""
    return [
        [(lat / 1e5, lon / 1e5) for lat, lon in np.cumsum(np.reshape(piece, (-1, 2)), axis=0).tolist()]
        for piece in line.pieces
    ]


def test_roads_are_clipped_put_together_and_told_once(network: Network) -> None:
    told = road_lines(network, Box(113.195, 23.095, 113.205, 23.105))
    assert [(one.road_class, one.name) for one in told.lines] == [("primary", "中山路"), ("residential", "")]
    # Both directions of the street and its two edges are one straight line from edge to edge of the box.
    assert _places(told.lines[0]) == [[(23.1, 113.195), (23.1, 113.205)]]
    assert sorted(lat for lat, _ in _places(told.lines[1])[0]) == [23.095, 23.105]
    assert told.left_out == ()


def test_the_smallest_roads_are_left_out_first_and_named(network: Network) -> None:
    whole = Box(113.1, 23.0, 113.3, 23.2)
    all_of_it = road_lines(network, whole)
    assert len(all_of_it.lines) == 3
    # What the heaviest takes by itself, with a comma.
    size = len(json.dumps(asdict(all_of_it.lines[0]), separators=(",", ":"))) + 1
    little = road_lines(network, whole, most_bytes=size)
    assert [one.name for one in little.lines] == ["中山路"]
    assert little.left_out == ("residential", "service")
    assert road_lines(network, whole, most_bytes=size - 1).lines == ()


def test_roads_of_one_name_are_one_and_it_is_known_which() -> None:
    halves: list[dict[str, Any]] = [
        {"line": [[113.19, 23.10], [113.20, 23.10]], "class": "primary", "name": "中山路"},
        {"line": [[113.20, 23.10], [113.21, 23.10]], "class": "primary", "name": "中山路", "one_way": True},
        {"line": [[113.20, 23.10], [113.20, 23.11]], "class": "primary"},
    ]
    told = road_lines(roads(halves).network, Box(113.1, 23.0, 113.3, 23.2)).lines
    assert sorted(one.name for one in told) == ["", "中山路"]
    [street] = [one for one in told if one.name]
    assert sorted(lon for _, lon in _places(street)[0]) == [113.19, 113.20, 113.21][::2]


def test_no_road_in_the_box_is_no_line(network: Network) -> None:
    assert road_lines(network, Box(100.0, 10.0, 100.1, 10.1)).lines == ()


def test_a_box_has_its_margin_in_metres() -> None:
    box = box_around(np.array([113.2]), np.array([23.1]), 300.0)
    # 300 m are 0.00271 degree of latitude; 1.8 times as wide are, at 23.1 degrees, 0.00527 of longitude.
    assert (box.north - 23.1, 113.2 - box.west) == pytest.approx((0.00271, 0.00527), abs=2e-5)
    wide = box_around(np.array([113.0, 113.2]), np.array([23.1, 23.1]), 300.0)
    # 0.2 degree are 20.49 km: 15 % of it is more than 300 m.
    assert wide.east - 113.2 == pytest.approx(0.03, abs=1e-4)
    # And a phone shows as much to the north and south: 26.6 km in all are 0.24 degree.
    assert wide.north - wide.south == pytest.approx(0.2405, abs=1e-3)


def test_a_line_is_told_by_its_first_place_and_steps() -> None:
    assert steps_of_line(np.array([[113.2, 23.1], [113.20003, 23.09999]])) == (2310000, 11320000, -1, 3)
