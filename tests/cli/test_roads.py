"""`taxi-qa roads` on a map of three streets."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from shapely.geometry import Polygon

from taxi_qa.roads.limit_row import LimitRow, hours_of
from taxi_qa.runs.maps import rows_of
from taxi_qa.values.clock import day_from_text

Call = Callable[..., tuple[int, str, str]]

MAP = """<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6">
 <node id="1" lat="23.10" lon="113.20"/><node id="2" lat="23.10" lon="113.21"/>
 <node id="3" lat="23.11" lon="113.21"/><node id="4" lat="23.12" lon="113.21"/>
 <way id="10"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/><tag k="maxspeed" v="60"/></way>
 <way id="11"><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/><tag k="name" v="小巷"/></way>
 <way id="12"><nd ref="3"/><nd ref="4"/><tag k="highway" v="footway"/></way>
</osm>
"""


@pytest.fixture
def streets(tmp_path: Path) -> Path:
    path = tmp_path / "streets.osm"
    path.write_text(MAP, encoding="utf-8")
    return path


def test_a_map_is_built_and_shown(call: Call, home: Path, streets: Path) -> None:
    status, out, err = call("roads", "build", streets, "--home", home)
    assert status == 0, err
    assert "3 junctions, 4 directed edges of 2 roads" in out
    assert call("roads", "show", "--home", home)[1] == out
    status, out, _ = call("roads", "show", "--json", "--home", home)
    told = json.loads(out)
    assert (status, told["nodes"], told["edges"], told["ways"]) == (0, 3, 4, 2)
    # 1,024 m of 2,132 m have a sign.
    assert told["tagged_share"] == pytest.approx(0.48, abs=0.01)
    assert told["by_class"]["primary"][1] == pytest.approx(1.0)


def test_without_a_map_one_line_says_how_to_get_one(call: Call, home: Path) -> None:
    status, out, err = call("roads", "show", "--home", home)
    assert (status, out) == (2, "")
    assert "taxi-qa roads build" in err


@pytest.mark.parametrize("content", [None, b"no map", b""])
def test_a_bad_map_is_refused_and_the_one_before_still_counts(
    call: Call, home: Path, streets: Path, tmp_path: Path, content: bytes | None
) -> None:
    call("roads", "build", streets, "--home", home)
    bad = tmp_path / "bad.osm.pbf"
    if content is not None:
        bad.write_bytes(content)
    status, _, err = call("roads", "build", bad, "--home", home)
    assert status == 2
    assert "bad.osm.pbf" in err
    assert len(err.strip().splitlines()) == 1
    assert "4 directed edges" in call("roads", "show", "--home", home)[1]


LIMITS = """way_id,limit_kmh,valid_from,hours,name
10,50,2025-01-01,,大道
11,30,,07:00-09:00;16:00-18:00,学校
99,40,,,不在图上
10,fast,,,
"""


def test_limits_are_taken_row_by_row_and_count(call: Call, home: Path, streets: Path, tmp_path: Path) -> None:
    call("roads", "build", streets, "--home", home)
    table = tmp_path / "limits.csv"
    table.write_bytes(LIMITS.encode("gb18030"))
    status, out, err = call("roads", "limits", table, "--home", home)
    assert status == 1
    assert "3 limits taken, 1 refused" in out
    assert "row 4: kmh: expected a whole number, found fast" in err
    assert "good rows 3" in err
    (kept,) = (home / "roads").glob("limits-*.csv")
    assert rows_of(kept) == [
        LimitRow(kmh=50, way_id=10, from_day=day_from_text("2025-01-01"), name="大道"),
        LimitRow(kmh=30, way_id=11, hours=hours_of("07:00-09:00;16:00-18:00"), name="学校"),
        LimitRow(kmh=40, way_id=99, name="不在图上"),
    ]


def test_limits_along_lines_come_as_geojson(call: Call, home: Path, streets: Path, tmp_path: Path) -> None:
    call("roads", "build", streets, "--home", home)
    line = {"type": "LineString", "coordinates": [[113.2, 23.1], [113.21, 23.1]]}
    feature = {"type": "Feature", "geometry": line, "properties": {"kmh": 45, "both_ways": "yes"}}
    table = tmp_path / "limits.geojson"
    table.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    status, out, err = call("roads", "limits", table, "--home", home)
    assert (status, err) == (0, "")
    assert "1 limits taken" in out
    (kept,) = (home / "roads").glob("limits-*.csv")
    assert rows_of(kept) == [LimitRow(kmh=45, line=((113.2, 23.1), (113.21, 23.1)), both_ways=True)]


RING = [[113.205, 23.09], [113.22, 23.09], [113.22, 23.13], [113.205, 23.13], [113.205, 23.09]]
FAR = [[114.0, 24.0], [114.1, 24.0], [114.1, 24.1], [114.0, 24.0]]


def collection(*features: tuple[list[list[float]], dict[str, object]]) -> str:
    """GeoJSON of polygons with their properties."""
    made = [
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": told}
        for ring, told in features
    ]
    return json.dumps({"type": "FeatureCollection", "features": made})


def test_limits_of_areas_come_as_geojson(call: Call, home: Path, streets: Path, tmp_path: Path) -> None:
    call("roads", "build", streets, "--home", home)
    table = tmp_path / "limits.geojson"
    text = collection(
        (RING, {"kmh": 30, "hours": "07:00-09:00", "name": "学校"}),
        (FAR, {"kmh": 20}),
        (RING[:2], {"kmh": 20}),
    )
    table.write_text(text, encoding="utf-8")
    status, out, err = call("roads", "limits", table, "--home", home)
    assert status == 1
    assert "2 limits taken, 1 refused" in out
    assert "row 3: area: expected a Polygon or MultiPolygon" in err
    assert "good rows 2" in err  # near no road
    (kept,) = (home / "roads").glob("limits-*.csv")
    school, far = rows_of(kept)
    assert school == LimitRow(kmh=30, hours=hours_of("07:00-09:00"), name="学校", area=Polygon(RING))
    assert far.area == Polygon(FAR)


def test_limits_name_zones_on_record(call: Call, home: Path, streets: Path, tmp_path: Path) -> None:
    call("roads", "build", streets, "--home", home)
    zones, table = tmp_path / "zones.geojson", tmp_path / "limits.csv"
    table.write_text("zone_id,kmh,to\nZ1,30,2026-12-31\nZ2,30,\n", encoding="utf-8")
    status, _, err = call("roads", "limits", table, "--home", home)
    assert status == 2
    assert "zone_id: no zone Z1 is on record" in err
    told: dict[str, object] = {
        "zone_id": "Z1",
        "name": "学校",
        "kind": "no_pickup",
        "valid_from": "2026-09-01",
    }
    zones.write_text(collection((RING, told)), encoding="utf-8")
    assert call("ingest", zones, "--home", home)[0] == 0
    status, out, err = call("roads", "limits", table, "--home", home)
    assert (status, "1 limits taken, 1 refused" in out) == (1, True)
    assert "row 2: zone_id: no zone Z2 is on record" in err
    (kept,) = (home / "roads").glob("limits-*.csv")
    days = [day_from_text(day) for day in ("2026-09-01", "2026-12-31")]
    (row,) = rows_of(kept)
    assert row == LimitRow(
        kmh=30, name="学校", area=Polygon(RING), zone_id="Z1", from_day=days[0], to_day=days[1]
    )


@pytest.mark.parametrize("content", ["", "way_id,kmh\n", "a,b\n1,2\n", "way_id,kmh\n10,-5\n"])
def test_a_table_without_a_limit_is_refused_whole(
    call: Call, home: Path, tmp_path: Path, content: str
) -> None:
    table = tmp_path / "limits.csv"
    table.write_text(content, encoding="utf-8")
    status, _, err = call("roads", "limits", table, "--home", home)
    assert status == 2
    assert "limits.csv" in err
    assert not (home / "roads").exists()


def test_the_check_says_where_limits_come_from(call: Call, home: Path, streets: Path, tmp_path: Path) -> None:
    assert call("roads", "check", "--home", home)[0] == 2
    call("roads", "build", streets, "--home", home)
    status, out, _ = call("roads", "check", "--home", home)
    assert status == 0
    # 1,024 m tagged, 1,107 m of a residential street under the law's default
    assert "map 48." in out
    assert "class default 51." in out
    assert "datum: no positions" in out
    table = tmp_path / "limits.csv"
    table.write_text("way_id,kmh\n10,50\n99,40\n", encoding="utf-8")
    call("roads", "limits", table, "--home", home)
    told = json.loads(call("roads", "check", "--json", "--home", home)[1])
    assert told["share"]["operator"] == pytest.approx(0.48, abs=0.01)
    assert (told["table_rows"], told["nowhere"]) == (2, [2])
