"""The licensed area where the law ships it as polygons."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from taxi_qa.facts.places import inside_city
from taxi_qa.law.parameter import Areas, Certainty, Cite, Law, Parameter, Version
from tests.small_city import City, law_of, moment_ms


def square(west: float, south: float, size: float) -> dict[str, Any]:
    """A square as GeoJSON."""
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


FAR_ZONE = {"zone_id": "Z1", "name": "市区", "kind": "city", "geometry": square(115.0, 22.0, 0.1)}
BEGINS = "2026-10-20 12:00:00"
NAME = "licence.area@2026-10-20"


@pytest.fixture
def law(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Law:
    """A law whose licensed area is a square, from noon on."""
    (tmp_path / "zones").mkdir()
    (tmp_path / "zones" / "licensed.geojson").write_text(
        json.dumps(square(113.0, 22.0, 1.0)), encoding="utf-8"
    )
    monkeypatch.setattr("taxi_qa.law.areas.shipped", lambda _: tmp_path)
    version = Version(
        moment_ms(BEGINS), Areas(geojson="licensed.geojson"), Cite("某通知"), Certainty.QUOTED,
        dt.date(2026, 10, 20), NAME,
    )  # fmt: skip
    area = Parameter("licence.area", "许可经营区域", "licensed area", "area", "areas", (version,))
    plain = law_of("guangzhou")
    return replace(plain, parameters={**plain.parameters, area.path: area})


def asked(law: Law, city: City, at: str) -> tuple[list[float], list[str]]:
    """Three places: within the square, on its border, outside; and one that is not known."""
    lon, lat = np.array([113.5, 114.0, 114.5, np.nan]), np.array([22.5, 22.5, 22.5, 22.5])
    zone_id = np.array(["", "", "", "7"], dtype=object)
    inside, leans_on = inside_city(city.given(), law, lon, lat, zone_id, np.full(4, moment_ms(at)))
    return [round(value) if value == value else -1 for value in inside], leans_on.tolist()  # noqa: PLR0124 - NaN


def test_the_shipped_border_is_asked_from_its_first_moment(law: Law) -> None:
    assert asked(law, City(), "12:00:00") == ([1, 1, 0, -1], [NAME, NAME, NAME, ""])
    assert asked(law, City(), "11:59:59") == ([-1] * 4, [""] * 4)


def test_the_operators_own_zone_wins_over_it(law: Law) -> None:
    city = City(records={"zones": [FAR_ZONE]})
    assert asked(law, city, "12:00:00") == ([0, 0, 0, -1], ["zone Z1"] * 3 + [""])
