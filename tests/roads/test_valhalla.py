"""Valhalla as an independent witness of the routes; and that it may be missing."""

import importlib
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from taxi_qa.roads.index import segment_index
from taxi_qa.roads.network import APART
from taxi_qa.roads.osm import read_pbf
from taxi_qa.roads.routes import router, shapes_of
from taxi_qa.roads.snapping import snap
from taxi_qa.roads.valhalla import NoValhallaError, Valhalla, line_of, open_valhalla
from taxi_qa.values.place import distance_m

EXTRACT = (
    Path(os.environ.get("TAXI_QA_REAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    / "roads"
    / "andorra.osm.pbf"
)


def test_lines_are_decoded() -> None:
    # The example of Google's description of the format, whose five digits read as six: 38.5 -120.2 and so on.
    lon, lat = line_of("_p~iF~ps|U_ulLnnqC_mqNvxq`@")
    assert lat.tolist() == [38_500_000, 40_700_000, 43_252_000]
    assert lon.tolist() == [-120_200_000, -120_950_000, -126_453_000]


def test_it_says_what_to_install_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "valhalla", None)
    with pytest.raises(NoValhallaError, match="pip install pyvalhalla"):
        open_valhalla(EXTRACT, tmp_path)
    without_tools = SimpleNamespace(__file__=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib, "import_module", lambda _: without_tools)
    with pytest.raises(NoValhallaError, match="comes without valhalla_build_tiles"):
        open_valhalla(EXTRACT, tmp_path)


def test_trips_it_finds_no_way_for_are_nan() -> None:
    def fails(_: str) -> str:
        raise RuntimeError("No suitable edges near location")

    nobody = Valhalla(SimpleNamespace(route=fails), "none")
    places = np.zeros(2, np.int32), np.zeros(2, np.int32)
    found = nobody.routes(places, places)
    assert np.isnan(found.length_m).all()
    assert np.isnan(found.seconds).all()
    assert found.start.tolist() == [0, 0, 0]


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.skipif(not EXTRACT.exists(), reason="no extract beside the checkout")
def test_routes_are_as_long_as_valhallas(tmp_path: Path) -> None:
    try:
        witness = open_valhalla(EXTRACT, tmp_path)
    except NoValhallaError as error:
        pytest.skip(str(error))
    network = read_pbf(EXTRACT)
    rng = np.random.default_rng(3)
    main = np.unique(network.tail[(network.edge_flags & APART) == 0])
    pairs = rng.choice(main, (2, 400))
    begin, end = ((network.node_lon_e7[side], network.node_lat_e7[side]) for side in pairs)
    theirs = witness.routes(begin, end)
    index = segment_index(network)
    ours = router(network).best_between("free", snap(network, index, *begin), snap(network, index, *end))
    both = ~np.isnan(theirs.length_m) & ~np.isnan(ours.length_m) & (theirs.length_m > 1_000)
    assert both.mean() > 0.9
    ratio = ours.length_m[both] / theirs.length_m[both]
    assert np.median(ratio) == pytest.approx(1.0, abs=0.01)
    # Other speeds by class, turn costs: single routes differ, most hardly.
    assert np.percentile(ratio, 10) > 0.9
    assert np.percentile(ratio, 90) < 1.1
    # Their lines are where the network is: each begins where ours does.
    start, lon_e7, lat_e7 = shapes_of(network, ours)
    at, there = start[:-1][both], theirs.start[:-1][both]
    ends = (lon_e7[at], lat_e7[at], theirs.lon_e7[there], theirs.lat_e7[there])
    away_m = distance_m(*(axis.astype(np.float64) * 1e-7 for axis in ends))
    assert np.median(away_m) < 1
