import csv
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from taxi_qa.lab import city as town
from taxi_qa.lab.street_files import LIMIT_COLUMNS, limit_rows, write_street_files
from taxi_qa.lab.streets import EXPRESSWAY_KMH, Streets, build_streets
from taxi_qa.lab.wayfinding import Graph, habit_of, longest_reasonable_m, route, tree_from, tree_to, way_back
from taxi_qa.roads.network import APART, BRIDGE, CLASSES, ROUNDABOUT, TUNNEL
from taxi_qa.roads.osm import read_pbf


@pytest.fixture(scope="module")
def streets() -> Streets:
    return build_streets("guangzhou", 1)


@pytest.fixture(scope="module")
def folder(streets: Streets, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("streets")
    write_street_files(made, streets)
    return made / "roads"


def _steps_m(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Metres between places by the sphere: within half a per cent of the truth."""
    lon, lat = np.radians(lon), np.radians(lat)
    half = np.sin(np.diff(lat) / 2) ** 2 + np.cos(lat[:-1]) * np.cos(lat[1:]) * np.sin(np.diff(lon) / 2) ** 2
    metres: np.ndarray = 2 * 6_371_009 * np.arcsin(np.sqrt(half))
    return metres


def test_the_map_is_well_formed_and_names_only_nodes_it_has(folder: Path) -> None:
    root = ET.parse(folder / "streets.osm").getroot()  # noqa: S314 - the lab's own file
    nodes = {node.get("id") for node in root.iter("node")}
    assert len(nodes) == len(list(root.iter("node")))
    assert {nd.get("ref") for nd in root.iter("nd")} <= nodes
    names = {tag.get("v") for tag in root.iter("tag") if tag.get("k") == "name"}
    assert {"示范快速路", "示范隧道", "示范环岛", "内环路", "示范江"} <= names
    assert {"示范城轨站", "示范汽车客运站", "示范客运码头"} <= names


def test_lengths_on_the_map_are_those_the_cars_drive(streets: Streets, folder: Path) -> None:
    root = ET.parse(folder / "streets.osm").getroot()  # noqa: S314 - the lab's own file
    place = {
        node.get("id"): (float(node.get("lon", "")), float(node.get("lat", ""))) for node in root.iter("node")
    }
    drawn = {way.get("id"): [place[nd.get("ref")] for nd in way.iter("nd")] for way in root.iter("way")}
    for way in streets.ways[::17]:
        through = np.array(way.points)
        planned = np.hypot(np.diff(streets.east_m[through]), np.diff(streets.north_m[through])).sum()
        lon, lat = np.array(drawn[str(way.way_id)]).T
        assert _steps_m(lon, lat).sum() == pytest.approx(planned, rel=0.005)


def test_the_product_reads_the_map_as_the_lab_drew_it(streets: Streets, folder: Path) -> None:
    network = read_pbf(folder / "streets.osm")
    graph = streets.graph
    assert network.way_id.tolist() == [way.way_id for way in streets.ways]
    assert float(network.length_m.sum()) == pytest.approx(float(graph.length_m.sum()), rel=0.002)
    assert not (network.edge_flags & APART).any()
    of_way = {way.way_id: way for way in streets.ways}
    for edge in range(network.edges):
        way = of_way[int(network.way_id[network.way[edge]])]
        assert CLASSES[network.road_class[edge]] == way.kind.road_class
        assert int(network.tag_kmh[edge]) == (way.signed_kmh or -1)
        flags = int(network.edge_flags[edge])
        assert bool(flags & TUNNEL) == (way.kind.part == "tunnel")
        assert bool(flags & BRIDGE) == (way.kind.part in ("bridge", "express"))
        assert bool(flags & ROUNDABOUT) == (way.kind.part == "roundabout")
    one_way = {way.way_id for way in streets.ways if way.kind.towards}
    both = Counter(network.way_id[network.way].tolist())
    pieces = Counter(streets.graph.way.tolist())
    assert all(pieces[number] >= both[way.way_id] for number, way in enumerate(streets.ways))
    assert {"trunk", "trunk_link", "primary"} <= {of_way[way].kind.road_class for way in one_way}


def test_every_corner_reaches_every_other(streets: Streets) -> None:
    graph = streets.graph
    for tree in (tree_from(graph, graph.length_m, 0), tree_to(graph, graph.length_m, 0)):
        assert np.isfinite(tree.spent).all()


def test_the_expressway_runs_beside_the_street_below_it(streets: Streets) -> None:
    graph = streets.graph
    ends = np.concatenate((graph.tail[graph.express], graph.head[graph.express]))
    ground_north = town.BLOCK_M * (town.EXPRESSWAY_ROW - town.CENTRE[1])
    assert set(np.round(np.abs(streets.north_m[ends] - ground_north), 6)) == {20.0}
    assert (graph.limit_kmh[graph.express] == EXPRESSWAY_KMH).all()
    eastward = streets.east_m[graph.head] > streets.east_m[graph.tail]
    south = streets.north_m[graph.tail] < ground_north
    assert (eastward == south)[graph.express].all()
    # 72 blocks less the way on and the way off, in both directions: 2 * (28,800 - 2 * 260).
    assert graph.length_m[graph.express].sum() == pytest.approx(56_560.0)
    tunnel_m = graph.length_m[graph.covered]
    assert tunnel_m.tolist() == [1_200.0, 1_200.0]  # three blocks
    west, south_m, east, north_m = town.tunnel_box()
    for points in (graph.tail[graph.covered], graph.head[graph.covered]):
        assert ((streets.east_m[points] >= west) & (streets.east_m[points] <= east)).all()
        assert ((streets.north_m[points] > south_m) & (streets.north_m[points] < north_m)).all()


def test_limits_are_known_by_map_table_both_or_nobody(streets: Streets, folder: Path) -> None:
    with (folder / "limits.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == LIMIT_COLUMNS
    table = {int(row["way_id"]): int(row["limit_kmh"]) for row in rows if not row["hours"]}
    at_school = {int(row["way_id"]) for row in rows if row["hours"] == "07:00-09:00"}
    known = Counter(way.known for way in streets.ways)
    assert set(known) == {"sign", "table", "both", "nobody"}
    assert 0.03 < known["nobody"] / len(streets.ways) < 0.15
    for way in streets.ways:
        assert (way.way_id in table) == (way.known in ("table", "both"))
        assert bool(way.signed_kmh) == (way.known in ("sign", "both"))
        assert table.get(way.way_id, way.kind.limit_kmh) == way.kind.limit_kmh
        assert (way.way_id in at_school) == (way.kind.part == "school")
        # Who has only the map to go by finds the truth there.
        assert way.known != "sign" or way.signed_kmh == way.kind.limit_kmh
    assert any(way.known == "both" and way.signed_kmh != way.kind.limit_kmh for way in streets.ways)
    assert len(at_school) == 4


def test_a_school_binds_in_its_hours_and_an_hour_before(streets: Streets) -> None:
    graph = streets.graph
    school = np.flatnonzero(graph.school)
    assert set(graph.limits_at(school, 7.5 * 3600)) == {30.0}
    assert set(graph.limits_at(school, 86_400 + 6 * 3600)) == {30.0}
    assert set(graph.limits_at(school, 12 * 3600)) == {50.0}
    assert (graph.limits_at(np.flatnonzero(~graph.school), 8 * 3600) == graph.limit_kmh[~graph.school]).all()
    schools = [way for way in streets.ways if way.kind.part == "school"]
    assert all([row[2] for row in limit_rows(way)] == [50, 30] for way in schools)


def test_the_river_is_crossed_by_bridges_only(streets: Streets) -> None:
    graph = streets.graph
    _, south, _, north = town.river_box()
    crosses = (streets.north_m[graph.tail] < south) & (streets.north_m[graph.head] > north)
    parts = {streets.ways[way].kind.part for way in graph.way[crosses]}
    assert parts == {"bridge"}
    assert int(crosses.sum()) == len(town.BRIDGES)


def test_the_one_way_pair_and_the_roundabout_go_one_way(streets: Streets) -> None:
    graph = streets.graph
    pairs = set(zip(graph.tail.tolist(), graph.head.tolist(), strict=True))
    for column, onward in ((31, 1), (32, -1)):
        a, b = town.corner_of((column, 20)), town.corner_of((column, 21))
        assert ((a, b) in pairs) == (onward == 1)
        assert ((b, a) in pairs) == (onward == -1)
    circle = next(way for way in streets.ways if way.kind.part == "roundabout")
    assert circle.points[0] == circle.points[-1] == town.corner_of(town.ROUNDABOUT)
    east, north = streets.east_m[list(circle.points)], streets.north_m[list(circle.points)]
    # Twice the area enclosed: positive for a circle driven counterclockwise, as on the right side of roads.
    assert np.sum(east[:-1] * north[1:] - east[1:] * north[:-1]) > 0


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(folder: Path, tmp_path: Path) -> None:
    for name, seed in (("again", 1), ("other", 2)):
        write_street_files(tmp_path / name, build_streets("guangzhou", seed))
    for file in ("streets.osm", "limits.csv"):
        assert (folder / file).read_bytes() == (tmp_path / "again" / "roads" / file).read_bytes()
        assert (folder / file).read_bytes() != (tmp_path / "other" / "roads" / file).read_bytes()


def _cheapest(graph: Graph, cost: np.ndarray, start: int) -> np.ndarray:
    """Bellman and Ford, over all edges until nothing gets cheaper."""
    spent = np.full(graph.lit.size, np.inf)
    spent[start] = 0.0
    while True:
        before = spent.copy()
        np.minimum.at(spent, graph.head, spent[graph.tail] + cost)
        if (before == spent).all():
            return spent


def test_routes_are_the_cheapest_there_are(streets: Streets) -> None:
    graph = streets.graph
    habit = habit_of(graph, np.random.default_rng(3))
    start = town.corner_of((20, 12))
    spent = _cheapest(graph, habit.cost_s, start)
    tree = tree_from(graph, habit.cost_s, start)
    np.testing.assert_allclose(tree.spent, spent)
    for goal in ((50, 30), (21, 40), (70, 2), town.ROUNDABOUT, (20, 12)):
        edges = route(graph, habit, streets.places, start, town.corner_of(goal))
        ends = [start, *graph.head[edges].tolist()]
        assert ends[-1] == town.corner_of(goal)
        assert graph.tail[edges].tolist() == ends[:-1]
        assert habit.cost_s[edges].sum() == pytest.approx(spent[town.corner_of(goal)])
        along = way_back(graph, tree, town.corner_of(goal))
        assert graph.length_m[along].sum() == pytest.approx(tree.far_m[town.corner_of(goal)])


def test_the_longest_reasonable_way_is_longer_than_the_fastest_and_not_much_slower(streets: Streets) -> None:
    graph = streets.graph
    start, goal = town.corner_of((20, 12)), town.corner_of((32, 20))
    there, onward = tree_from(graph, graph.driven_s(), start), tree_to(graph, graph.driven_s(), goal)
    longest = longest_reasonable_m(there, onward)
    assert there.far_m[goal] < longest < 1.7 * there.far_m[goal]
    spent = there.spent + onward.spent
    assert (spent[there.far_m + onward.far_m > longest + 1.0] > 1.25 * there.spent[goal]).all()
