"""Zone ids and polygons, by date."""

import json
from pathlib import Path

import numpy as np
import pytest

from taxi_qa.law.areas import area_at, contains, in_zones, polygon_of
from taxi_qa.law.parameter import Areas
from taxi_qa.law.read import BadLaw, read_law
from taxi_qa.values.clock import day_from_text, day_start_ms

BOX = {
    "type": "Polygon",
    "coordinates": [[[113.0, 22.0], [114.0, 22.0], [114.0, 23.0], [113.0, 23.0], [113.0, 22.0]]],
}


def test_newark_lies_outside_the_licensed_area_and_unnamed_zones_are_not_known() -> None:
    law = read_law("nyc")
    zones = np.asarray(["1", "2", "132", "263", "264", "", None], dtype=object)
    later = day_start_ms(day_from_text("2018-01-01"), law.timezone)
    inside, known = in_zones(law["licence.area"], zones, np.full(zones.size, later))
    assert list(inside) == [False, True, True, True, False, False, False]
    assert list(known) == [True] * 5 + [False] * 2


def test_before_the_first_day_no_zone_is_known() -> None:
    law = read_law("nyc")
    early = day_start_ms(day_from_text("2014-12-31"), law.timezone)
    inside, known = in_zones(law["licence.area"], np.asarray(["132"], dtype=object), np.asarray([early]))
    assert not inside.any()
    assert not known.any()
    assert area_at(law, "licence.area", early) is None
    assert area_at(law, "licence.no_such_area", early) is None


def test_places_inside_a_shipped_polygon(tmp_path: Path) -> None:
    (tmp_path / "zones").mkdir()
    (tmp_path / "zones" / "city.geojson").write_text(
        json.dumps({"type": "Feature", "properties": {}, "geometry": BOX})
    )
    polygon = polygon_of(Areas(geojson="city.geojson"), tmp_path)
    assert polygon is not None
    # The third lies on the border: exactly at the limit is lawful.
    lon = np.asarray([113.5, 112.9, 114.0, np.nan])
    assert list(contains(polygon, lon, np.full(4, 22.5))) == [True, False, True, False]
    assert polygon_of(Areas(zones=frozenset({"1"}))) is None


@pytest.mark.parametrize("content", ["{}", "[", '{"type": "Point", "coordinates": [113.5, 22.5]}'])
def test_a_file_without_polygons_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "zones").mkdir()
    (tmp_path / "zones" / "city.geojson").write_text(content)
    with pytest.raises(BadLaw, match=r"zones/city\.geojson"):
        polygon_of(Areas(geojson="city.geojson"), tmp_path)
