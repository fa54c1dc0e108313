"""OpenStreetMap's tags, and real extracts."""

import os
from pathlib import Path

import numpy as np
import pytest

from taxi_qa.roads.network import APART, BRIDGE, NO_TAG, ROUNDABOUT, TUNNEL
from taxi_qa.roads.osm import NotAnExtractError, limit_of, may_drive, read_pbf, way_of

EXTRACTS = (
    Path(os.environ.get("TAXI_QA_REAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    / "roads"
)


@pytest.mark.parametrize(
    ("tags", "drives"),
    [
        ({"highway": "primary"}, True),
        ({"highway": "footway"}, False),
        ({"highway": "construction"}, False),
        ({"highway": "service", "access": "private"}, False),
        ({"highway": "primary", "motor_vehicle": "no"}, False),
        ({"highway": "primary", "motor_vehicle": "no", "taxi": "yes"}, True),
        ({"highway": "primary", "access": "no", "psv": "designated"}, True),
        ({"highway": "primary", "taxi": "no", "access": "yes"}, False),
        ({"highway": "service", "area": "yes"}, False),
        ({"name": "河"}, False),
    ],
)
def test_where_a_taxi_may_drive(tags: dict[str, str], drives: bool) -> None:
    assert may_drive(tags) is drives


@pytest.mark.parametrize(
    ("tags", "kmh"),
    [
        ({"maxspeed": "60"}, 60),
        ({"maxspeed": "60 km/h"}, 60),
        ({"maxspeed": "40 mph"}, 64),
        ({"maxspeed": "0"}, 0),
        ({"maxspeed": "CN:urban"}, NO_TAG),
        ({"maxspeed": "signals"}, NO_TAG),
        ({"maxspeed": "none"}, NO_TAG),
        ({"maxspeed": "60;80"}, NO_TAG),
        ({"maxspeed:lanes": "100|80|80"}, 100),
        ({"maxspeed": "80", "maxspeed:lanes": "100||80"}, 100),
        ({}, NO_TAG),
    ],
)
def test_a_limit_is_a_number_or_none(tags: dict[str, str], kmh: int) -> None:
    assert limit_of(tags) == kmh


def test_directions_and_structure() -> None:
    def one(**tags: str) -> tuple[bool, bool, int]:
        way = way_of(1, {"highway": "primary"} | tags, [0, 1])
        return way.forward, way.backward, way.flags

    assert one() == (True, True, 0)
    assert one(oneway="yes") == (True, False, 0)
    assert one(oneway="-1") == (False, True, 0)
    assert one(junction="roundabout") == (True, False, ROUNDABOUT)
    assert one(highway="motorway") == (True, False, 0)
    assert one(highway="motorway", oneway="no") == (True, True, 0)
    assert one(tunnel="yes") == (True, True, TUNNEL)
    assert one(tunnel="culvert", bridge="viaduct") == (True, True, BRIDGE)
    way = way_of(1, {"highway": "primary", "maxspeed": "60", "maxspeed:backward": "40"}, [0, 1])
    assert (way.forward_kmh, way.backward_kmh) == (60, 40)


def test_files_that_are_no_extract_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_pbf(tmp_path / "nowhere.osm.pbf")
    broken = tmp_path / "broken.osm.pbf"
    broken.write_bytes(b"not a map")
    with pytest.raises(NotAnExtractError, match=r"broken\.osm\.pbf"):
        read_pbf(broken)
    empty = tmp_path / "empty.osm"
    empty.write_text('<?xml version="1.0"?><osm version="0.6"></osm>', encoding="utf-8")
    with pytest.raises(NotAnExtractError, match="no road"):
        read_pbf(empty)


@pytest.mark.real
@pytest.mark.skipif(not (EXTRACTS / "andorra.osm.pbf").exists(), reason="no extract beside the checkout")
def test_a_real_extract_makes_a_network_that_holds_together() -> None:
    told: list[int] = []
    network = read_pbf(EXTRACTS / "andorra.osm.pbf", told.append)
    assert told[0] == 0
    assert network.nodes > 1_000
    assert np.isfinite(network.length_m).all()
    assert (network.length_m > 0).mean() > 0.999
    # Nearly all of it hangs together, and every edge ends where its shape does.
    assert ((network.edge_flags & APART) != 0).mean() < 0.02
    first, last = network.shape_start[:-1], network.shape_start[1:] - 1
    for ends, points in ((network.tail, first), (network.head, last)):
        assert (network.node_lon_e7[ends] == network.shape_lon_e7[points]).all()
        assert (network.node_lat_e7[ends] == network.shape_lat_e7[points]).all()
    assert 0.05 < (network.tag_kmh >= 0).mean() < 0.5
    assert os.fspath(EXTRACTS / "andorra.osm.pbf").endswith(network.source.split()[0])
