"""Maps in: an OpenStreetMap extract becomes the home's road network."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from taxi_qa.roads.network import APART, CLASSES, NO_TAG, TUNNEL, Network, save_network
from taxi_qa.roads.osm import read_pbf
from taxi_qa.store.home import Home, writing
from taxi_qa.store.road_files import keep_network

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Shape:
    """What a network is made of, for people.

    Attributes:
        source: what it was made from.
        nodes, edges, ways: how many; an edge has one direction.
        length_km: of all edges.
        tagged_share: share of the length with a tagged limit.
        apart_share: share of the length that cannot be reached from the main part, or not left again.
        tunnels_km: length in tunnels.
        by_class: class -> kilometres, share with a tagged limit; classes the network has, widest roads first.
    """

    source: str
    nodes: int
    edges: int
    ways: int
    length_km: float
    tagged_share: float
    apart_share: float
    tunnels_km: float
    by_class: dict[str, tuple[float, float]]


def take_roads(home: Home, path: Path, *, now_ms: int, progress: Progress | None = None) -> Shape:
    """Make the home's road network from an OpenStreetMap extract; the one before is kept, and counts no more.

    Args:
        home: where.
        path: the extract (.osm.pbf, .osm, .osm.bz2).
        now_ms: the present moment.
        progress: told every so often how many roads were read.

    Raises:
        FileNotFoundError: no such file.
        NotAnExtractError: it is none, or holds no road.
    """
    with writing(home):
        network = read_pbf(path, progress)
        keep_network(home, lambda beside: save_network(network, beside), now_ms=now_ms)
    return shape_of(network)


def shape_of(network: Network) -> Shape:
    """What a network is made of."""
    length = network.length_m.astype(np.float64)
    tagged = network.tag_kmh != NO_TAG

    def share(rows: np.ndarray, of: np.ndarray) -> float:
        whole = float(length[of].sum())
        return float(length[of & rows].sum()) / whole if whole else 0.0

    everything = np.ones(network.edges, dtype=bool)
    by_class = {}
    for code, name in enumerate(CLASSES):
        rows = network.road_class == code
        if rows.any():
            by_class[name] = (float(length[rows].sum()) / 1000, share(tagged, rows))
    return Shape(
        source=network.source,
        nodes=network.nodes,
        edges=network.edges,
        ways=int(network.way_id.size),
        length_km=float(length.sum()) / 1000,
        tagged_share=share(tagged, everything),
        apart_share=share((network.edge_flags & APART) != 0, everything),
        tunnels_km=float(length[(network.edge_flags & TUNNEL) != 0].sum()) / 1000,
        by_class=by_class,
    )
