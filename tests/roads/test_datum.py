"""A feed's datum is told by the roads its cars drive along."""

import numpy as np
import pytest

from taxi_qa.roads.datum import DatumFit, heading_fit, likely_datum
from taxi_qa.roads.index import NO_EDGE, segment_index
from taxi_qa.roads.network import Network, Way, network_of
from taxi_qa.values.place import DATUMS, E7, Datum, from_wgs84

POINTS = 30


def city(lon: float = 104.0, lat: float = 30.6) -> Network:
    """Thirty streets each way, crooked and unevenly apart, as no chance move of the whole map fits."""
    rng = np.random.default_rng(7)
    across, up = (np.cumsum(rng.uniform(0.001, 0.004, POINTS)) for _ in range(2))
    x, y = np.meshgrid(across, up)
    x, y = x + rng.normal(0, 0.0003, x.shape), y + rng.normal(0, 0.0003, y.shape)
    number = np.arange(POINTS * POINTS).reshape(POINTS, POINTS)
    lines = [*number, *number.T]
    ways = [Way(at, f"W{at}", "primary", line.tolist()) for at, line in enumerate(lines)]
    lon_e7, lat_e7 = (
        np.round((axis.ravel() + base) * E7).astype(np.int32) for axis, base in ((x, lon), (y, lat))
    )
    return network_of(lon_e7, lat_e7, ways, source="a test")


def feed(
    network: Network, datum: Datum, error_m: float = 8.0, fixes: int = 2_000
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Fixes anywhere on its roads: longitude, latitude in that datum, heading, speed."""
    rng = np.random.default_rng(1)
    index = segment_index(network)
    segment = rng.choice(index.edge.size, fixes, p=index.length_m / index.length_m.sum())
    share = rng.random(fixes)
    ends = ((index.lon_1_e7, index.lon_2_e7), (index.lat_1_e7, index.lat_2_e7))
    lon, lat = (
        (one[segment] + share * (other[segment] - one[segment])) / E7
        + rng.normal(0, error_m, fixes) / 100_000
        for one, other in ends
    )
    heading = (index.heading_ddeg[segment] + rng.normal(0, 100, fixes)) % 3600
    return *from_wgs84(lon, lat, datum), heading.astype(np.int16), np.full(fixes, 3_000, dtype=np.int32)


@pytest.mark.parametrize("error_m", [5.0, 20.0])
@pytest.mark.parametrize("datum", DATUMS)
def test_the_datum_is_the_one_in_which_cars_drive_along_roads(datum: Datum, error_m: float) -> None:
    network = city()
    fit = likely_datum(segment_index(network), *feed(network, datum, error_m))
    assert fit.likely == datum
    assert fit.why == ""
    assert all(fit.share[other] < 0.2 for other in DATUMS if other != datum)
    # Of normal errors of 5 m across the road 0.3 % are beyond 15 m; of 20 m 45 %.
    assert fit.share[datum] > (0.97 if error_m == 5.0 else 0.5)


def without(network: Network, *names: str) -> DatumFit:
    """The fit of a feed that does not send these."""
    lon, lat, heading, speed = feed(network, "gcj02")
    if "heading" in names:
        heading[:] = -1
    if "speed" in names:
        speed[:] = -1
    return likely_datum(segment_index(network), lon, lat, heading, speed)


def test_a_feed_without_headings_or_speeds_or_with_few_places_cannot_be_told() -> None:
    network = city()
    for names in (("heading",), ("speed",)):
        fit = without(network, *names)
        assert (fit.likely, fit.fixes, fit.share["gcj02"]) == (None, 0, 0.0)
        assert fit.why == "0 moving fixes near roads, in 0 places; needed are 200 in 40"
    lon, lat, heading, speed = feed(network, "gcj02")
    one_place = np.zeros(lon.size, dtype=np.int64)
    fit = likely_datum(
        segment_index(network), lon[one_place], lat[one_place], heading[one_place], speed[one_place]
    )
    assert (fit.likely, fit.fixes, fit.places) == (None, 2_000, 1)


def test_places_that_follow_no_road_are_in_no_datum() -> None:
    network = city()
    lon, lat, heading, speed = feed(network, "wgs84", error_m=60.0)
    fit = likely_datum(segment_index(network), lon, lat, heading, speed)
    assert (fit.likely, fit.why) == (None, "the places fit the roads in no datum")


def test_one_long_street_fits_in_more_than_one_datum() -> None:
    # GCJ-02 moves places here by 250 m to the east and 270 m to the south: along a street to the south-east.
    shift = np.array(from_wgs84(np.array([104.0]), np.array([30.6]), "gcj02"))[:, 0] - (104.0, 30.6)
    ends = np.array([[104.0, 30.6] - 12 * shift, [104.0, 30.6] + 12 * shift])
    lon, lat = (np.round(axis * E7).astype(np.int32) for axis in ends.T)
    network = network_of(lon, lat, [Way(1, "斜街", "primary", [0, 1])], source="a test")
    fit = likely_datum(segment_index(network), *feed(network, "wgs84", error_m=3.0))
    assert (fit.likely, fit.why) == (None, "the places fit the roads in more than one datum")
    assert fit.share["gcj02"] > 0.6


def test_outside_china_the_places_are_what_they_are() -> None:
    network = city(lon=-74.0, lat=40.7)
    assert likely_datum(segment_index(network), *feed(network, "wgs84")).likely == "wgs84"


def test_a_fix_fits_a_road_within_reach_that_runs_its_way() -> None:
    # A street to the east; 10 m is 902 of 1e-7 degree of latitude.
    lon = np.array([1_040_000_000, 1_040_100_000], dtype=np.int32)
    lat = np.array([306_000_000, 306_000_000], dtype=np.int32)
    ways = [Way(1, "", "primary", [0, 1], backward=False)]
    index = segment_index(network_of(lon, lat, ways, source="a test"))
    x = np.full(5, 1_040_050_000, dtype=np.int32)
    y = 306_000_000 + np.array([0, 1_300, 1_400, 0, 0], dtype=np.int32)
    heading = np.array([900, 900, 900, 2_700, 1_340], dtype=np.int16)
    # 14.4 m, 15.5 m; the other way; 44 degrees off
    assert heading_fit(index, x, y, heading).tolist() == [True, True, False, False, True]
    assert NO_EDGE == -1
