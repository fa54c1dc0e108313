"""How fast routes are found in a real road network, engine beside engine, Valhalla among them.

Takes Chengdu's extract from $TAXI_QA_REAL_DATA/roads (default: ../shared/data beside the checkout) and the
same random trips between junctions of the core for every engine; each answer is a route with its edges. Times
are CPU seconds of one thread. Places are snapped first; Valhalla snaps by itself, so snapping is told apart
and counted in its ratio. pyroutingkit answers from junction to junction. Both are measured where they are
installed.

    scripts/bench routes [--trips 20000] [--few 500] [--extract FILE.osm.pbf]

`--few` are the trips of slow engines.
"""

import argparse
import importlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from taxi_qa.roads.alternatives import alternatives  # noqa: E402
from taxi_qa.roads.contraction import hierarchy_of, metric_of  # noqa: E402
from taxi_qa.roads.dissection import load_order, order_of, save_order  # noqa: E402
from taxi_qa.roads.index import segment_index  # noqa: E402
from taxi_qa.roads.metrics import FREE, costs_of  # noqa: E402
from taxi_qa.roads.network import APART, Network  # noqa: E402
from taxi_qa.roads.osm import read_pbf  # noqa: E402
from taxi_qa.roads.reference import longest_reasonable, worst_sides  # noqa: E402
from taxi_qa.roads.routes import AStarRouter, ContractionRouter, Routes, router, shapes_of  # noqa: E402
from taxi_qa.roads.snapping import Ends, ends_at, ends_of, snap  # noqa: E402
from taxi_qa.roads.valhalla import NoValhallaError, open_valhalla  # noqa: E402

MADE = TypeVar("MADE")
Floats = npt.NDArray[np.float64]
Int32s = npt.NDArray[np.int32]

SEED = 20_261_020
RUNS = 3
CORE_LON, CORE_LAT = 0.15, 0.13


def timed(make: Callable[[], MADE], runs: int = RUNS) -> tuple[MADE, float]:
    """What is made, and the CPU seconds of the quickest run."""
    spent = []
    for _ in range(runs):
        began = time.process_time()
        made = make()
        spent.append(time.process_time() - began)
    return made, min(spent)


def told(name: str, rate: float, words: str = "") -> None:
    print(f"  {name:52}{rate:12,.0f} a second  {words}")


def trips_between(network: Network, count: int) -> tuple[Int32s, Int32s]:
    """Random junctions of the core, begins and ends."""
    main = np.unique(network.tail[(network.edge_flags & APART) == 0])
    lon, lat = network.node_lon_e7[main] * 1e-7, network.node_lat_e7[main] * 1e-7
    core = main[(np.abs(lon - np.median(lon)) < CORE_LON) & (np.abs(lat - np.median(lat)) < CORE_LAT)].astype(
        np.int32
    )
    pairs = np.random.default_rng(SEED).choice(core, (2, count))
    return pairs[0], pairs[1]


def made_ready(network: Network, folder: Path) -> ContractionRouter:
    """Measures what is made once a network, and once a metric."""
    order_of(network)  # compiles
    order, spent = timed(lambda: order_of(network), 1)
    print(f"  order of contraction made in {spent:.2f} s, kept ", end="")
    path = folder / "order.npz"
    save_order(order, network, path)
    _, spent = timed(lambda: load_order(path, network))
    print(f"({path.stat().st_size / 1e6:.2f} MB), read in {1000 * spent:.0f} ms")
    hierarchy_of(network, order)
    hierarchy, spent = timed(lambda: hierarchy_of(network, order))
    print(f"  contracted in {1000 * spent:.0f} ms: {hierarchy.upper.size:,} arcs")
    cost = costs_of(network, FREE)
    metric_of(hierarchy, cost)
    _, spent = timed(lambda: metric_of(hierarchy, cost))
    print(f"  made ready for other speeds in {1000 * spent:.0f} ms")
    return router(network, order)


def own_routes(found: ContractionRouter, begins: Ends, ends: Ends) -> tuple[Routes, float]:
    """Routes, further routes and references; the routes, and the rate between the places' own roads."""
    count = begins.edge.shape[0]
    begin, end = (
        ends_at(begins.edge[:, 0], begins.along_m[:, 0]),
        ends_at(ends.edge[:, 0], ends.along_m[:, 0]),
    )
    found.best_between(FREE, begin, end)
    _, spent = timed(lambda: found.best_between(FREE, begin, end))
    told("contracted, one edge at each end, with edges", count / spent)
    routes, spent = timed(lambda: found.best_between(FREE, begins, ends))
    rate = count / spent
    pairs = np.mean((begins.edge >= 0).sum(axis=1) * (ends.edge >= 0).sum(axis=1))
    told(f"contracted, best of {pairs:.0f} pairs of ends, with edges", rate)
    shapes_of(found.network, routes)
    _, spent = timed(lambda: shapes_of(found.network, routes))
    told("lines of routes", count / spent)
    alternatives(found, FREE, begins, ends)
    (_, further), spent = timed(lambda: alternatives(found, FREE, begins, ends))
    told("alternatives, trips", count / spent, f"{1 + len(further) / count:.2f} routes a trip")
    worst_sides(found, FREE, begins, ends)
    _, spent = timed(lambda: worst_sides(found, FREE, begins, ends))
    told("worst sides of the roads at both ends, trips", count / spent)
    hour = np.full(count, -1, np.int8)
    longest_reasonable(found, begins, ends, hour)
    _, spent = timed(lambda: longest_reasonable(found, begins, ends, hour))
    told("longest reasonable route at free flow, trips", count / spent)
    return routes, rate


def by_a_star(found: AStarRouter, begins: Ends, ends: Ends, others: Routes) -> None:
    found.best_between(FREE, begins, ends)
    routes, spent = timed(lambda: found.best_between(FREE, begins, ends))
    same = np.array_equal(routes.seconds, others.seconds[: len(routes)], equal_nan=True)
    told("A*, same ends", len(routes) / spent, f"{'the same' if same else 'OTHER'} seconds")


def by_pyroutingkit(network: Network, begin: Int32s, end: Int32s) -> None:
    try:
        kit = importlib.import_module("pyroutingkit")
    except ImportError:
        print("  pyroutingkit: not measured: not installed")
        return
    topology = kit.CCHTopology()
    tail, head = network.tail.astype(np.uint32), network.head.astype(np.uint32)
    lat, lon = ((axis * 1e-7).astype(np.float32) for axis in (network.node_lat_e7, network.node_lon_e7))
    _, build_s = timed(lambda: topology.build(tail, head, lat, lon, network.nodes), 1)
    metric, cost = kit.CCHMetric(topology), costs_of(network, FREE).astype(np.uint32)
    _, ready_s = timed(lambda: metric.customize(cost))
    pairs = list(zip(begin.tolist(), end.tolist(), strict=True))
    # Its ids are in range: it does not check them.
    theirs, spent = timed(lambda: [metric.query(*pair)[0] for pair in pairs])
    words = f"order and contraction {build_s:.2f} s, other speeds {1000 * ready_s:.0f} ms"
    told("pyroutingkit, junction to junction, with edges", len(pairs) / spent, words)
    # The same question: from the end of an edge into the begin to the begin of an edge out of the end.
    into = np.full(network.nodes, -1, np.int32)
    out = into.copy()
    into[network.head], out[network.tail] = np.arange(network.edges), np.arange(network.edges)
    asked = (into[begin] >= 0) & (begin != end)
    first, last = into[begin[asked]], out[end[asked]]
    sides = ends_at(first, network.length_m[first]), ends_at(last, np.zeros(last.size))
    ours = router(network).best_between(FREE, *sides)
    alike = np.abs(ours.seconds * 1000 - np.array(theirs)[asked]) < 1
    print(f"    of {alike.size:,} trips both take the same milliseconds on {alike.mean():.2%}")


def by_valhalla(
    extract: Path, sides: tuple[tuple[Int32s, Int32s], tuple[Int32s, Int32s]], routes: Routes, rate: float
) -> None:
    """Measures Valhalla on the first trips, and holds lengths against each other.

    Args:
        extract: of the network.
        sides: longitudes and latitudes of begins and ends.
        routes: the own ones of the same trips, maybe of more.
        rate: own routes a second, snapping included.
    """
    with tempfile.TemporaryDirectory() as name:
        try:
            witness = open_valhalla(extract, Path(name))
        except NoValhallaError as error:
            print(f"  Valhalla: not measured: {error}")
            return
        found = witness.routes(*sides)
        lon, lat = (np.column_stack((sides[0][axis], sides[1][axis])) for axis in (0, 1))
        answers, spent = timed(lambda: [witness.answer(x, y) for x, y in zip(lon, lat, strict=True)])
    theirs = len(answers) / spent
    ratio = routes.length_m[: found.length_m.size] / found.length_m
    ratio = ratio[np.isfinite(ratio)]
    told(f"Valhalla {witness.version.split('.post')[0]}, with line", theirs)
    print(
        f"    own length over Valhalla's: median {np.median(ratio):.3f}, 5 % {np.percentile(ratio, 5):.3f}, ",
        end="",
    )
    print(f"95 % {np.percentile(ratio, 95):.3f} of {ratio.size:,}")
    print(f"own routes, snapping included, are found {rate / theirs:,.0f} times as fast as Valhalla's")


def main(argv: list[str] | None = None) -> int:
    """Runs the benchmark and prints its figures."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench routes", description=(__doc__ or "").split("\n", 1)[0]
    )
    data = Path(os.environ.get("TAXI_QA_REAL_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--trips", type=int, default=20_000)
    parser.add_argument("--few", type=int, default=500, help="trips of slow engines")
    parser.add_argument("--extract", type=Path, default=data / "roads" / "chengdu.osm.pbf")
    asked = parser.parse_args(argv)
    if not asked.extract.exists():
        print(f"not measured: there is no {asked.extract.name}; name an extract, or set TAXI_QA_REAL_DATA")
        return 0
    network = read_pbf(asked.extract)
    print(
        f"{asked.extract.name}: {network.nodes:,} junctions, {network.edges:,} edges, {asked.trips:,} trips"
    )
    with tempfile.TemporaryDirectory() as name:
        found = made_ready(network, Path(name))
    begin, end = trips_between(network, asked.trips)
    sides = tuple((network.node_lon_e7[side], network.node_lat_e7[side]) for side in (begin, end))
    index = segment_index(network)
    snap(network, index, *sides[0])
    begins, snapping_s = timed(lambda: snap(network, index, *sides[0]))
    ends = snap(network, index, *sides[1])
    told("places snapped", asked.trips / snapping_s)
    routes, rate = own_routes(found, begins, ends)
    edges = routes.edge.size / asked.trips
    print(f"    median {np.nanmedian(routes.length_m) / 1000:.1f} km, {edges:.0f} edges")
    few = np.arange(min(asked.few, asked.trips))
    by_a_star(AStarRouter(network), ends_of(begins, few), ends_of(ends, few), routes)
    by_pyroutingkit(network, begin, end)
    whole = 1 / (1 / rate + 2 * snapping_s / asked.trips)
    of_few = [(lon[few], lat[few]) for lon, lat in sides]
    by_valhalla(asked.extract, (of_few[0], of_few[1]), routes, whole)
    return 0


if __name__ == "__main__":
    sys.exit(main())
