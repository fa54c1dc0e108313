"""Metres against the geodesic, datums there and back, the published points of the offset."""

import numpy as np
import pytest
from geopy.distance import geodesic
from hypothesis import given
from hypothesis import strategies as st

from taxi_qa.values.place import (
    DATUMS,
    bd09_from_gcj02,
    distance_m,
    from_wgs84,
    gcj02_from_bd09,
    gcj02_from_wgs84,
    metres_per_degree,
    metres_per_degree_at,
    to_wgs84,
    wgs84_from_gcj02,
)

lons, lats = st.floats(73.6, 134.7), st.floats(18.2, 53.5)


@given(st.floats(-179, 179), st.floats(-70, 70), st.floats(-0.1, 0.1), st.floats(-0.1, 0.1))
def test_city_distances_are_the_geodesics_to_the_millimetre(
    lon: float, lat: float, east: float, north: float
) -> None:
    ours = float(
        distance_m(np.array([lon]), np.array([lat]), np.array([lon + east]), np.array([lat + north]))[0]
    )
    exact = geodesic((lat, lon), (lat + north, lon + east)).m
    # 9 mm at 20 km, and in proportion to the cube of the distance
    assert ours == pytest.approx(exact, abs=0.001 + 0.03 * (exact / 20_000) ** 3 + exact * 1e-7)


@given(st.floats(-90, 90))
def test_a_column_of_degrees_is_measured_as_each_degree(lat: float) -> None:
    column = [float(each[0]) for each in metres_per_degree_at(np.array([lat]))]
    assert list(metres_per_degree(lat)) == pytest.approx(column, rel=1e-9, abs=1e-6)


def test_a_degree() -> None:
    # WGS-84: 111,319.49 m of longitude and 110,574.39 m of latitude at the equator
    per_lon, per_lat = metres_per_degree(0.0)
    assert per_lon == pytest.approx(111_319.49, abs=0.1)
    assert per_lat == pytest.approx(110_574.28, abs=0.2)
    assert metres_per_degree(90.0)[0] == pytest.approx(0.0, abs=0.1)


def test_missing_stays_missing() -> None:
    assert np.isnan(distance_m(np.array([np.nan]), np.array([23.0]), np.array([113.0]), np.array([23.0])))[0]


@given(lons, lats)
def test_datums_there_and_back(lon: float, lat: float) -> None:
    place = np.array([lon]), np.array([lat])
    for datum in DATUMS:
        back = to_wgs84(*from_wgs84(*place, datum), datum)
        # 1e-8 degree is a millimetre; the contract asks for half a metre
        assert abs(back[0][0] - lon) < 2e-8
        assert abs(back[1][0] - lat) < 2e-8


@given(lons, lats)
def test_the_inverses_are_inverses(lon: float, lat: float) -> None:
    place = np.array([lon]), np.array([lat])
    for there, back in ((gcj02_from_wgs84, wgs84_from_gcj02), (bd09_from_gcj02, gcj02_from_bd09)):
        again = there(*back(*place))
        assert float(distance_m(*place, *again)[0]) < 0.01


def test_published_points() -> None:
    # The pair every implementation of the offset is checked with (eviltransform): Tian'anmen's surroundings.
    lon, lat = gcj02_from_wgs84(np.array([116.404]), np.array([39.915]))
    assert (lon[0], lat[0]) == (
        pytest.approx(116.41024449916938, abs=1e-9),
        pytest.approx(39.91640428150164, abs=1e-9),
    )
    lon, lat = bd09_from_gcj02(np.array([116.404]), np.array([39.915]))
    assert (lon[0], lat[0]) == (
        pytest.approx(116.41036949371029, abs=1e-9),
        pytest.approx(39.92133699351022, abs=1e-9),
    )


def test_outside_the_box_nothing_is_shifted() -> None:
    lon, lat = gcj02_from_wgs84(np.array([-73.98]), np.array([40.75]))
    assert (lon[0], lat[0]) == (-73.98, 40.75)
