"""The grid of zones against shapely: every place, inside, outside and exactly on borders."""

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPoint, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from taxi_qa.values.place import E7
from taxi_qa.values.zone_grid import zone_grid, zone_masks_at, zones_at, zones_at_by_shapely

# Corners within a few cells of the grid (8,192 units each), so that many lie on one line or in one cell.
UNITS = st.integers(0, 40_000) | st.sampled_from([0, 1, 8_191, 8_192, 8_193, 16_384, 24_576])
WEST, SOUTH = 1_132_000_000, 231_000_000
CORNER = np.array([WEST, SOUTH])


def at_units(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    placed: npt.NDArray[np.float64] = (xy + CORNER) / E7
    return placed


def degrees(area: shapely.Geometry) -> shapely.Geometry:
    """An area of whole units east and north of a corner, in degrees."""
    return shapely.transform(area, at_units)


@st.composite
def areas(draw: st.DrawFn) -> BaseGeometry:
    """A hull of a few corners, a star around a middle, both maybe with a hole, or two parts."""
    parts: list[BaseGeometry] = []
    for _ in range(draw(st.integers(1, 2))):
        corners = draw(st.lists(st.tuples(UNITS, UNITS), min_size=3, max_size=9, unique=True))
        xy = np.array(corners)
        if draw(st.booleans()):
            parts.append(MultiPoint(xy).convex_hull)
            continue
        middle = xy.mean(axis=0)
        angle = np.arctan2(xy[:, 1] - middle[1], xy[:, 0] - middle[0])
        star = Polygon(xy[np.argsort(angle)])
        hole = Polygon(np.rint(middle + 0.4 * (xy[np.argsort(angle)] - middle)))
        parts.append(star.difference(hole) if star.is_valid and hole.is_valid else star)
    joined = shapely.union_all([one for one in parts if one.is_valid])
    whole = shapely.transform(joined, np.rint)
    polygons = [one for one in shapely.get_parts(whole) if one.geom_type == "Polygon" and one.area]
    area = MultiPolygon(polygons) if len(polygons) > 1 else polygons[0] if polygons else box(0, 0, 5, 5)
    return area if area.is_valid else box(0, 0, 9_000, 9_000)


@settings(max_examples=400, deadline=None)
@given(st.lists(areas(), max_size=5), st.integers(0, 2**32 - 1))
def test_every_place_has_the_zones_shapely_gives_it(zones: list[BaseGeometry], seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = [rng.integers(-2_000, 43_000, (200, 2))]
    for zone in zones:
        corners = shapely.get_coordinates(zone).astype(np.int64)
        # Corners, their neighbours, places beside them on their rows and columns, and the middles of edges.
        places += [corners, corners + rng.integers(-1, 2, corners.shape), (corners[1:] + corners[:-1]) // 2]
        places += [np.column_stack((rng.integers(-9, 43_000, len(corners)), corners[:, 1]))]
    xy = np.concatenate(places) + CORNER
    lon, lat = (np.ascontiguousarray(axis, dtype=np.int32) for axis in xy.T)
    grid = zone_grid([degrees(zone) for zone in zones])
    found = zones_at(grid, lon, lat)
    wanted = zones_at_by_shapely([degrees(zone) for zone in zones], lon, lat)
    assert np.array_equal(found.place, wanted.place)
    assert np.array_equal(found.zone, wanted.zone)
    # Off the borders that is what `contains_xy` says, in whole units.
    for number, zone in enumerate(zones):
        off = ~shapely.intersects_xy(zone.boundary, lon - float(WEST), lat - float(SOUTH))
        inside = shapely.contains_xy(zone, lon - float(WEST), lat - float(SOUTH))
        got = np.zeros(lon.size, dtype=bool)
        got[found.place[found.zone == number]] = True
        assert np.array_equal(got[off], inside[off])
        assert got[~off].all()
    bits = np.zeros(lon.size, dtype=np.uint64)
    np.bitwise_or.at(bits, found.place, np.uint64(1) << found.zone.astype(np.uint64))
    assert np.array_equal(zone_masks_at(grid, lon, lat), bits)


def test_borders_of_outlines_and_of_holes_are_inside() -> None:
    ring = box(0, 0, 30_000, 30_000).difference(box(10_000, 10_000, 20_000, 20_000))
    grid = zone_grid([degrees(ring)])
    #              corner, on the outer border, in the ring, on the hole's border, in the hole, a unit outside
    x = np.array([0, 30_000, 5_000, 10_000, 10_001, 30_001]) + WEST
    y = np.array([0, 15_000, 5_000, 15_000, 15_000, 15_000]) + SOUTH
    assert zone_masks_at(grid, x.astype(np.int32), y.astype(np.int32)).tolist() == [1, 1, 1, 1, 0, 0]


def test_more_zones_than_a_mask_holds_and_all_of_them_at_one_place() -> None:
    # Zone z reaches from the corner to (z + 1) * 1,000 units: place (69,500, 1) lies in the last one only.
    grid = zone_grid([degrees(box(0, 0, 1_000 * (z + 1), 5_000)) for z in range(70)])
    lon, lat = np.array([0, 69_500], dtype=np.int32) + WEST, np.array([1, 1], dtype=np.int32) + SOUTH
    found = zones_at(grid, lon.astype(np.int32), lat.astype(np.int32))
    assert found.place.tolist() == [0] * 70 + [1]
    assert found.zone.tolist() == [*range(70), 69]
    with pytest.raises(ValueError, match="70 zones; a mask holds 64"):
        zone_masks_at(grid, lon, lat)


def test_a_city_a_bay_in_it_and_places_around_the_world() -> None:
    city, bay = box(113.0, 22.0, 115.0, 24.0), box(113.5, 23.0, 113.5001, 23.0002)
    lon = np.array([113.50005, 113.4, -179.9, 179.9, 0.0, 115.0, 113.5]) * E7
    lat = np.array([23.0001, 23.0, -89.0, 89.0, 0.0, 24.0, 23.0]) * E7
    grid = zone_grid([city, bay])
    masks = zone_masks_at(grid, np.rint(lon).astype(np.int32), np.rint(lat).astype(np.int32))
    assert masks.tolist() == [3, 1, 0, 0, 0, 1, 3]


def test_a_zone_as_wide_as_the_world() -> None:
    # Products of its edges fill 64 bits: 2 * 1.8e9 times 1.8e9 are 6.5e18 of 9.2e18.
    half = Polygon([(-180.0, -90.0), (180.0, -90.0), (180.0, 90.0)])
    rng = np.random.default_rng(5)
    lon, lat = (rng.integers(-most, most, 2_000).astype(np.int32) for most in (1_800_000_000, 900_000_000))
    on = np.array([(0, 0), (2, 1), (1, 1), (-2, -1)]) * 900_000_000
    lon, lat = np.append(lon, on[:, 0]).astype(np.int32), np.append(lat, on[:, 1]).astype(np.int32)
    found, wanted = zones_at(zone_grid([half]), lon, lat), zones_at_by_shapely([half], lon, lat)
    assert np.array_equal(found.place, wanted.place)


def test_no_zone_and_no_place() -> None:
    nowhere = np.zeros(0, dtype=np.int32)
    assert zones_at(zone_grid([]), np.zeros(3, np.int32), np.zeros(3, np.int32)).place.size == 0
    assert zones_at(zone_grid([box(0, 0, 1, 1)]), nowhere, nowhere).place.size == 0


@pytest.mark.parametrize(
    ("area", "why"),
    [
        (Point(0, 0), "Point"),
        (Polygon(), "empty"),
        (Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), "Self-intersection"),
    ],
)
def test_what_is_no_area_is_refused(area: shapely.Geometry, why: str) -> None:
    with pytest.raises(ValueError, match=f"zone 1 is no valid Polygon or MultiPolygon: {why}"):
        zone_grid([box(0, 0, 1, 1), area])
