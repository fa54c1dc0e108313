"""`taxi-qa roads` on a map of three streets."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

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
