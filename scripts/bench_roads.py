"""How fast a city answers: zones, limits, nearest roads, map matching; Valhalla beside it where installed.

Takes Chengdu's extract from $TAXI_QA_REAL_DATA/roads (default: ../shared/data beside the checkout), makes
drives over it as receivers would report them (seconds between fixes, an error of 8 m, headings 10 degrees
off), and measures CPU seconds of one thread. Accuracy is the share of fixes put on the way (OpenStreetMap id)
they were driven on. For the comparison: `pip install pyvalhalla-weekly`. Zones are made up, too: twenty
around busy places, among them bays within others and one with a hole; shapely's tree is asked beside.

    scripts/bench roads [--places 10000000] [--traces 3806] [--runs 3] [--valhalla 400] [--extract FILE]
"""

import argparse
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import shapely

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from scripts.road_traces import Manner, Traces, drives, heard  # noqa: E402
from taxi_qa.law.read import read_law  # noqa: E402
from taxi_qa.roads.codirectional import nearest_codirectional  # noqa: E402
from taxi_qa.roads.index import NO_EDGE, Int16s, Int32s, SegmentIndex, nearest_edges, segment_index  # noqa: E402
from taxi_qa.roads.limits import highest_codirectional, limits_on  # noqa: E402
from taxi_qa.roads.matching import match  # noqa: E402
from taxi_qa.roads.network import CLASSES, Network, load_network, save_network  # noqa: E402
from taxi_qa.roads.osm import read_pbf  # noqa: E402
from taxi_qa.roads.transitions import edges_ahead  # noqa: E402
from taxi_qa.values.clock import day_from_text  # noqa: E402
from taxi_qa.values.place import E7, metres_per_degree  # noqa: E402
from taxi_qa.values.zone_grid import Int64s, zone_grid, zone_masks_at, zones_at  # noqa: E402

DAY = day_from_text("2026-10-20")
SEED = 20_261_020
ERROR_M = 8.0
EVERY_S = (15, 30)
FIXES = 30
CORE_M = 12_000.0
LEAST_M = 8_000.0
ZONES = 20
ZONE_M = (150.0, 1_500.0)
ZONE_CORNERS = (16, 221)
# The tree is asked about fewer places: it needs forty times as long.
TREE_PLACES = 1_000_000
# Lower on each lesser class, so that limits of neighbouring roads differ more than the law's defaults do.
LADDER_KMH = {
    "motorway": 100, "trunk": 80, "primary": 60, "secondary": 50, "tertiary": 40, "unclassified": 40,
    "residential": 30, "living_street": 20, "service": 20,
}  # fmt: skip


def extract_of(given: Path | None) -> Path:
    """The extract to measure with."""
    data = Path(os.environ.get("TAXI_QA_REAL_DATA", ROOT.parent / "shared" / "data"))
    return given or data / "roads" / "chengdu.osm.pbf"


def ladder(network: Network) -> Int16s:
    """A limit for each edge by its class alone."""
    by_class = [LADDER_KMH[name.removesuffix("_link")] for name in CLASSES]
    return np.array(by_class, dtype=np.int16)[network.road_class]


def seconds_of(work: Callable[[], object], runs: int) -> float:
    """CPU seconds, the best of some runs; what it compiles is not measured."""
    work()
    best = np.inf
    for _ in range(runs):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def shown(name: str, fixes: int, seconds: float, note: str = "") -> None:
    print(f"{name:44}{fixes / seconds:12,.0f} a second  {note}")


def built(extract: Path) -> tuple[Network, SegmentIndex]:
    """The network and its index, with what making them costs."""
    began = time.process_time()
    network = read_pbf(extract)
    read = time.process_time() - began
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "roads.npz"
        save_network(network, path)
        began = time.process_time()
        load_network(path)
        loaded, size = time.process_time() - began, path.stat().st_size
    segment_index(network)  # compiles
    began = time.process_time()
    index = segment_index(network)
    indexed = time.process_time() - began
    print(
        f"{extract.name}: {network.nodes:,} junctions, {network.edges:,} directed edges,"
        f" {network.length_m.sum() / 1000:,.0f} km; read {read:.1f} s, load {loaded:.2f} s"
        f" ({size / 1e6:.0f} MB), index {indexed:.2f} s"
    )
    return network, index


def made(network: Network, count: int) -> Traces:
    """Traces of drives at 40 to 80 % of the limit."""
    rng = np.random.default_rng(SEED)
    ways = drives(network, rng, count, least_m=LEAST_M, core_m=CORE_M)
    manner = Manner(low=0.4, high=0.8, stops=0.0, error_m=ERROR_M)
    traces = heard(network, ways, ladder(network), rng, manner, every_s=EVERY_S, most_fixes=FIXES)
    step = np.diff(traces.along_m)[np.diff(traces.time_ms) > 0]
    print(
        f"{traces.count:,} traces, {traces.time_ms.size:,} fixes every {EVERY_S[0]} to {EVERY_S[1]} s"
        f" (median {np.median(step):.0f} m), error {ERROR_M:g} m"
    )
    return traces


def zones_around(traces: Traces) -> list[shapely.Polygon]:
    """Zones around places cars pass: outlines of uneven stars, every fifth a bay within the one before."""
    rng = np.random.default_rng(SEED)
    middles = rng.choice(traces.lon_e7.size, ZONES, replace=False)
    zones: list[shapely.Polygon] = []
    for number, at in enumerate(middles):
        lon, lat = traces.lon_e7[at] / E7, traces.lat_e7[at] / E7
        reach_m = rng.uniform(*ZONE_M)
        if number % 5 == 4:
            inside = zones[-1].representative_point()
            lon, lat, reach_m = inside.x, inside.y, 40.0
        angle = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(*ZONE_CORNERS)))
        far_m = reach_m * rng.uniform(0.7, 1.0, angle.size)
        per_lon, per_lat = metres_per_degree(lat)
        star = np.column_stack((far_m * np.cos(angle), far_m * np.sin(angle)))
        rings = [star] if number else [star, 0.3 * star]
        shell, *holes = ((lon, lat) + ring / (per_lon, per_lat) for ring in rings)
        zones.append(shapely.transform(shapely.Polygon(shell, holes), lambda xy: np.round(xy, 7)))
    return zones


def measure_zones(traces: Traces, places: int, runs: int) -> None:
    """The zones each place lies in, by the grid and by shapely's tree."""
    zones = zones_around(traces)
    zone_grid(zones)  # compiles
    began = time.process_time()
    grid = zone_grid(zones)
    made_s = time.process_time() - began
    rng = np.random.default_rng(SEED)
    # As a fleet's: car by car, fix by fix, each fix a few times and some metres beside.
    beside = np.sort(rng.integers(0, traces.lon_e7.size, places))
    lon = traces.lon_e7[beside] + rng.integers(-1_000, 1_000, places, dtype=np.int32)
    lat = traces.lat_e7[beside] + rng.integers(-1_000, 1_000, places, dtype=np.int32)
    found = zones_at(grid, lon, lat)
    share = np.unique(found.place).size / places
    note = f"{100 * share:.1f} % in a zone; grid made in {1000 * made_s:.0f} ms"
    mask_s = seconds_of(partial(zone_masks_at, grid, lon, lat), runs)
    shown(f"zones of {len(zones)}, as bits", places, mask_s, note)
    hit_s = seconds_of(partial(zones_at, grid, lon, lat), runs)
    shown(f"zones of {len(zones)}, as pairs", places, hit_s)
    few = min(places, TREE_PLACES)
    tree = shapely.STRtree(zones)

    def by_tree() -> Int64s:
        points = shapely.points(lon[:few] / E7, lat[:few] / E7)
        return tree.query(points, predicate="intersects")

    tree_s = seconds_of(by_tree, runs)
    theirs = by_tree()
    order = np.lexsort((theirs[1], theirs[0]))
    ours = found.place < few
    # Places exactly on a slanting border may differ: the tree rounds where the grid does not.
    same = np.array_equal(theirs[0][order], found.place[ours]) and np.array_equal(
        theirs[1][order], found.zone[ours]
    )
    ratio = (places / hit_s) / (few / tree_s)
    note = f"the grid {ratio:.0f} times as fast, {'the same' if same else 'OTHER'} zones"
    shown("shapely's STRtree, points made", few, tree_s, note)


def measure_limits(network: Network, index: SegmentIndex, traces: Traces, runs: int) -> None:
    """The highest limit of the roads that run the same way."""
    n = traces.time_ms.size
    limits = limits_on(network, read_law("guangzhou"), None, DAY)
    noon = np.full(n, 43_200_000, dtype=np.int32)
    lon, lat, heading = traces.lon_e7, traces.lat_e7, traces.heading_ddeg
    for error_m in (ERROR_M, 25.0):
        reach_m = np.full(n, 15.0 + 1.5 * error_m, dtype=np.float32)
        told = highest_codirectional(index, limits, lon, lat, heading, noon, reach_m)[0] >= 0
        seconds = seconds_of(
            partial(highest_codirectional, index, limits, lon, lat, heading, noon, reach_m), runs
        )
        note = f"limit known {100 * told.mean():.1f} %"
        shown(f"highest limit within {15 + 1.5 * error_m:g} m", n, seconds, note)


def measure_nearest(network: Network, index: SegmentIndex, traces: Traces, runs: int) -> None:
    """The nearest road, and the nearest that runs the same way."""
    n = traces.time_ms.size
    lon, lat, heading = traces.lon_e7, traces.lat_e7, traces.heading_ddeg
    seconds = seconds_of(lambda: nearest_edges(index, lon, lat, most=1, reach_m=50.0), runs)
    edge = nearest_edges(index, lon, lat, most=1, reach_m=50.0)[0][:, 0]
    shown("nearest road", n, seconds, same_way_note(network, traces, edge))
    seconds = seconds_of(lambda: nearest_codirectional(index, lon, lat, heading, reach_m=50.0), runs)
    edge = nearest_codirectional(index, lon, lat, heading, reach_m=50.0)[0]
    shown("nearest road that runs the same way", n, seconds, same_way_note(network, traces, edge))


def measure_matching(
    network: Network, index: SegmentIndex, traces: Traces, runs: int
) -> tuple[float, Int32s]:
    """Whole traces; gives fixes a second and the roads found with headings."""
    ahead = edges_ahead(network)
    n = traces.time_ms.size
    silent = np.full(n, -1, dtype=np.int16)
    rate, found = 0.0, np.zeros(0, dtype=np.int32)
    for name, heading in (("without headings", silent), ("with headings", traces.heading_ddeg)):

        def put(heading: Int16s = heading) -> Int32s:
            return match(
                index, ahead, traces.lon_e7, traces.lat_e7, heading, traces.time_ms, traces.starts
            ).edge

        seconds = seconds_of(put, runs)
        rate, found = n / seconds, put()
        shown(f"matching {name}", n, seconds, same_way_note(network, traces, found))
    return rate, found


def same_way_note(network: Network, traces: Traces, edge: Int32s) -> str:
    return f"same way {100 * same_way(network, traces, edge):.1f} %"


def same_way(network: Network, traces: Traces, edge: Int32s, rows: slice | None = None) -> float:
    """The share of fixes put on the way they were driven on."""
    rows = slice(0, edge.size) if rows is None else rows
    found = np.where(edge[rows] == NO_EDGE, -1, network.way[edge[rows]])
    return float((found == network.way[traces.edge[rows]]).mean())


def measure_valhalla(  # pragma: no cover - not installed where tests run
    network: Network, traces: Traces, extract: Path, most: int
) -> dict[int, tuple[float, float]]:
    """Valhalla's `trace_attributes` by search radius: fixes a second, share on the same way; maybe none."""
    try:
        valhalla = importlib.import_module("valhalla")
    except ImportError:
        print("Valhalla: not measured: pyvalhalla is not installed")
        return {}
    # Its tools look for themselves in the path.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    tool = shutil.which("valhalla_build_tiles", path=path)
    if tool is None:
        print("Valhalla: not measured: valhalla_build_tiles is not installed")
        return {}
    found = {}
    count = min(most, traces.count)
    rows = slice(0, int(traces.starts[count]))
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "tiles").mkdir()
        config = valhalla.get_config(tile_extract=name, tile_dir=f"{name}/tiles", verbose=False)
        # It asks for a name even where there is no such file.
        config["mjolnir"]["tile_extract"] = f"{name}/none.tar"
        config["mjolnir"]["logging"] = config["loki"]["logging"] = {"type": ""}
        file = Path(name) / "valhalla.json"
        file.write_text(json.dumps(config), encoding="utf-8")
        began = time.perf_counter()
        made_tiles = subprocess.run(
            [tool, "-c", str(file), "-j", "1", str(extract)],
            capture_output=True,
            check=False,
            env={**os.environ, "PATH": path},
            cwd=name,  # it leaves lists behind
        )
        if made_tiles.returncode:
            print("Valhalla: not measured:", made_tiles.stderr.decode().strip()[-300:])
            return {}
        print(f"Valhalla {valhalla.__version__}: tiles built in {time.perf_counter() - began:.1f} s")
        actor = valhalla.Actor(str(file))
        for radius in (50, 25):
            ways = np.zeros(rows.stop, dtype=np.int64)
            asked = [_asked(traces, trace, radius) for trace in range(count)]
            for one in asked[:20]:
                actor.trace_attributes(one)
            began = time.process_time()
            answers = [actor.trace_attributes(one) for one in asked]
            seconds = time.process_time() - began
            for trace, answer in enumerate(answers):
                ways[traces.starts[trace] : traces.starts[trace + 1]] = _ways(answer)
            truth = network.way_id[network.way[traces.edge[rows]]]
            share = float((ways == truth).mean())
            shown(f"Valhalla, radius {radius} m", rows.stop, seconds, f"same way {100 * share:.1f} %")
            found[radius] = rows.stop / seconds, share
    return found


def _asked(traces: Traces, trace: int, radius: int) -> str:
    rows = slice(int(traces.starts[trace]), int(traces.starts[trace + 1]))
    fixes = zip(traces.lon_e7[rows], traces.lat_e7[rows], traces.time_ms[rows], strict=True)
    return json.dumps(
        {
            "shape": [
                {"lon": round(lon * 1e-7, 7), "lat": round(lat * 1e-7, 7), "time": int(ms // 1000)}
                for lon, lat, ms in fixes
            ],
            "costing": "auto",
            "shape_match": "map_snap",
            "trace_options": {"search_radius": radius, "gps_accuracy": ERROR_M},
            "filters": {
                "attributes": ["edge.way_id", "matched.edge_index", "matched.type"],
                "action": "include",
            },
        }
    )


def _ways(answer: str) -> list[int]:
    told = json.loads(answer)
    edges = told["edges"]
    return [
        edges[point["edge_index"]]["way_id"] if point.get("edge_index", len(edges)) < len(edges) else -1
        for point in told["matched_points"]
    ]


def main(argv: list[str] | None = None) -> int:
    """Runs the benchmark and prints its figures."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench roads", description=(__doc__ or "").split("\n", 1)[0]
    )
    parser.add_argument("--places", type=int, default=10_000_000, help="asked for their zones")
    parser.add_argument("--traces", type=int, default=3_806)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--valhalla", type=int, default=400, help="traces Valhalla gets; 0: leave it out")
    parser.add_argument("--extract", type=Path)
    asked = parser.parse_args(argv)
    extract = extract_of(asked.extract)
    if not extract.is_file():
        print(f"not measured: there is no {extract.name}; set TAXI_QA_REAL_DATA or give --extract")
        return 0
    network, index = built(extract)
    traces = made(network, asked.traces)
    measure_zones(traces, asked.places, asked.runs)
    measure_limits(network, index, traces, asked.runs)
    measure_nearest(network, index, traces, asked.runs)
    rate, edge = measure_matching(network, index, traces, asked.runs)
    if asked.valhalla:
        other = measure_valhalla(network, traces, extract, asked.valhalla)
        rows = slice(0, int(traces.starts[min(asked.valhalla, traces.count)]))
        for radius, (its_rate, its_share) in other.items():
            ours = same_way(network, traces, edge, rows)
            print(
                f"matching with headings against Valhalla, radius {radius} m: {rate / its_rate:.1f} times as"
                f" fast, same way {100 * (ours - its_share):+.1f} points"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
