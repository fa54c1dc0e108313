"""Limits of areas: where roads are cut, which pieces lie inside, and which limit holds when."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon, box, mapping

from taxi_qa.roads.index import nearest_edges, segment_index
from taxi_qa.roads.limit_areas import limit_index, segments_within, spans_on
from taxi_qa.roads.limit_row import BadLimitError, LimitRow, Zone, hours_of, limit_row
from taxi_qa.roads.limit_table import limit_table
from taxi_qa.roads.network import BRIDGE, TUNNEL, Network, Way, network_of
from taxi_qa.values.clock import day_from_text
from taxi_qa.values.place import E7
from tests.roads.test_index import places, random_network

DAY = day_from_text("2026-10-20")
H = 3_600_000
SQUARE = box(104.0, 30.6, 104.01, 30.61)


def street(flags: int = 0, road_class: str = "residential") -> Network:
    """A street of 0.03 degree to the east through the middle of the square, from a hundredth before it."""
    lon, lat = (np.array([103.99, 104.02]) * E7).astype(np.int32), np.full(2, 306_050_000, dtype=np.int32)
    return network_of(lon, lat, [Way(1, "", road_class, [0, 1], flags=flags)], source="a test")


def test_a_road_through_an_area_is_bound_on_the_part_inside() -> None:
    network, rows = street(), [LimitRow(kmh=30, area=SQUARE)]
    index = limit_index(network, rows)
    # Three pieces each way, every one a third of the whole.
    assert index.edge.size == 6
    np.testing.assert_allclose(index.length_m, network.length_m[0] / 3, rtol=1e-4)
    np.testing.assert_allclose(np.sort(index.along_m)[::2], network.length_m[0] * np.arange(3) / 3, rtol=1e-4)
    table = limit_table(network, index, rows)
    inside = table.within[0]
    assert sorted(zip(index.lon_1_e7[inside].tolist(), index.lon_2_e7[inside].tolist(), strict=True)) == [
        (1_040_000_000, 1_040_100_000),
        (1_040_100_000, 1_040_000_000),
    ]
    assert table.edges_of(0).tolist() == [0, 1]
    # Without cuts no segment lies inside with all of it.
    assert segments_within(network, segment_index(network), SQUARE).size == 0


@pytest.mark.parametrize(
    ("flags", "road_class"), [(BRIDGE, "primary"), (TUNNEL, "primary"), (0, "motorway_link")]
)
def test_roads_above_and_below_the_ground_are_not_meant(flags: int, road_class: str) -> None:
    network, rows = street(flags, road_class), [LimitRow(kmh=30, area=SQUARE)]
    assert limit_table(network, limit_index(network, rows), rows).without_edges() == [0]


def test_a_road_along_the_border_is_not_bound() -> None:
    network = street()
    rows = [LimitRow(kmh=30, area=box(103.9, 30.605, 104.1, 30.7))]
    assert limit_table(network, limit_index(network, rows), rows).without_edges() == [0]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_cutting_moves_no_road(seed: int) -> None:
    network = random_network(seed)
    rng = np.random.default_rng(seed)
    lon, lat = places(seed, 100)
    middles = [
        Point(x / E7, y / E7).buffer(rng.uniform(0.001, 0.01)) for x, y in zip(lon[:3], lat[:3], strict=True)
    ]
    rows = [LimitRow(kmh=30, area=area) for area in middles]
    whole, cut = segment_index(network), limit_index(network, rows)
    one, other = (nearest_edges(index, lon, lat, most=1, reach_m=60.0) for index in (whole, cut))
    # A cut place is rounded to a centimetre.
    np.testing.assert_allclose(one[2], other[2], atol=0.03)
    same = one[0] == other[0]
    np.testing.assert_allclose(one[1][same], other[1][same], atol=0.2)
    assert np.bincount(cut.edge, cut.length_m, network.edges) == pytest.approx(
        np.bincount(whole.edge, whole.length_m, network.edges), abs=0.05
    )
    # What lies inside is as long as shapely has it.
    for area in middles:
        inside = segments_within(network, cut, area)
        lines = [
            LineString([(cut.lon_1_e7[s], cut.lat_1_e7[s]), (cut.lon_2_e7[s], cut.lat_2_e7[s])])
            for s in inside
        ]
        wanted = sum(
            LineString(
                [
                    (whole.lon_1_e7[s] / E7, whole.lat_1_e7[s] / E7),
                    (whole.lon_2_e7[s] / E7, whole.lat_2_e7[s] / E7),
                ]
            )
            .intersection(area)
            .length
            for s in np.flatnonzero(np.isin(whole.edge, np.unique(cut.edge)))
            if network.edge_flags[whole.edge[s]] & (BRIDGE | TUNNEL) == 0
        )
        assert sum(line.length for line in lines) / E7 == pytest.approx(wanted, abs=1e-6)


def test_of_the_limits_of_one_area_one_holds_at_a_time() -> None:
    always = LimitRow(kmh=40, area=SQUARE, zone_id="Z")
    school = LimitRow(kmh=30, area=SQUARE, zone_id="Z", hours=hours_of("07:00-09:00"))
    later = LimitRow(kmh=50, area=SQUARE, zone_id="Z", from_day=DAY)
    other = LimitRow(
        kmh=20, area=SQUARE.buffer(0.01), hours=hours_of("22:00-06:00"), from_day=DAY, to_day=DAY
    )
    rows = (always, school, later, other)
    network = street()
    order = limit_table(network, segment_index(network), rows).in_order

    def on(day: int) -> list[tuple[int, int, int]]:
        return sorted((row, begin // H, end // H) for row, begin, end in spans_on(rows, order, day))

    assert on(DAY - 1) == [(0, 0, 7), (0, 9, 24), (1, 7, 9)]
    assert on(DAY) == [(1, 7, 9), (2, 0, 7), (2, 9, 24), (3, 22, 24)]
    # The night belongs to the day on which it begins.
    assert on(DAY + 1) == [(1, 7, 9), (2, 0, 7), (2, 9, 24), (3, 0, 6)]


def test_a_zone_is_named_by_its_id_and_bounds_the_days() -> None:
    zones = {"Z1": Zone(SQUARE, "学校", DAY, DAY + 10, "07:00-09:00")}
    row = limit_row({"zone_id": "Z1", "kmh": 30, "to": "2027-01-01"}, zones)
    assert row == LimitRow(
        kmh=30, area=SQUARE, zone_id="Z1", name="学校", from_day=DAY, to_day=DAY + 10, hours=((7 * H, 9 * H),)
    )
    assert limit_row({"zone_id": "Z1", "kmh": 30, "hours": "10:00-11:00"}, zones).hours == ((10 * H, 11 * H),)
    with pytest.raises(BadLimitError, match="no zone Z9 is on record"):
        limit_row({"zone_id": "Z9", "kmh": 30}, zones)
    with pytest.raises(BadLimitError, match="zone Z1 is not in force on any of these days"):
        limit_row({"zone_id": "Z1", "kmh": 30, "to": "2026-10-19"}, zones)


WKT = "POLYGON ((104 30.6, 104.01 30.6, 104.01 30.61, 104 30.6))"


@pytest.mark.parametrize(
    "area", [WKT, mapping(SQUARE), '{"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [3, 2], [1, 2]]]}']
)
def test_outlines_come_in_three_forms(area: object) -> None:
    found = limit_row({"area": area, "kmh": 30}).area
    assert isinstance(found, Polygon)
    assert found.area > 0


@pytest.mark.parametrize(
    "area",
    [
        "POLYGON ((104 30.6, 104.01", "POINT (104 30.6)", "POLYGON EMPTY", {"type": "Polygon"}, "{}", 7.0,
        "POLYGON ((104 30.6, 104.01 30.61, 104.01 30.6, 104 30.61, 104 30.6))",
        "POLYGON ((304 30.6, 304.01 30.6, 304.01 30.61, 304 30.6))",
        "POLYGON ((nan 30.6, 104.01 30.6, 104.01 30.61, nan 30.6))",
        Point(104.0, 30.6).buffer(0.01, quad_segs=2_000).wkt,
    ],
)  # fmt: skip
def test_what_is_no_outline_is_refused(area: object) -> None:
    with pytest.raises(BadLimitError, match="area"):
        limit_row({"area": area, "kmh": 30})
    with pytest.raises(BadLimitError, match="expected one of them"):
        limit_row({"area": WKT, "kmh": 30, "way_id": 7})
