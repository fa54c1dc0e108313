"""The road network as columns: junctions, directed edges with their shape, ways, limits as tagged.

An edge runs in one direction of travel from one junction to the next; a road open both ways is two edges.
Geometry is int32 in 1e-7 degree, WGS-84, as OpenStreetMap has it. Turn bans are left out: a reference
route may turn where a driver may not, so it is never longer than what he could have driven by much, and
every margin leaves room for it.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.values.place import distance_m

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats32 = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

# Classes of OpenStreetMap's `highway` a taxi may drive on; an edge holds the index.
CLASSES: Final = (
    "motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street",
    "service", "motorway_link", "trunk_link", "primary_link", "secondary_link", "tertiary_link",
)  # fmt: skip
# What traffic drives where nothing slows it down, km/h: for routes only, never a legal limit. Figures of
# the order routing engines use by class (openstreetmap.org wiki, "Routing"), to be learned from the fleet.
FREE_KMH: Final[dict[str, float]] = {
    "motorway": 95, "trunk": 70, "primary": 52, "secondary": 45, "tertiary": 38, "unclassified": 32,
    "residential": 25, "living_street": 12, "service": 15, "motorway_link": 55, "trunk_link": 45,
    "primary_link": 38, "secondary_link": 34, "tertiary_link": 30,
}  # fmt: skip
# Of a tagged limit traffic drives so much.
FREE_SHARE: Final = 0.9

TUNNEL: Final = 1
BRIDGE: Final = 2
ROUNDABOUT: Final = 4
# Not to be reached from the main part of the network, or no way back: a parking lot, a mistake in the map.
APART: Final = 8

NO_TAG: Final = -1
_FORM: Final = 1


class NetworkFileError(ValueError):
    """A file that holds no network of this version."""


@dataclass(frozen=True)
class Network:
    """A road network; all columns of edges are of one length, in no particular order.

    Attributes:
        source: what it was made from, for people (a file's name and the beginning of its SHA-256).
        node_lon_e7, node_lat_e7: place of each junction.
        tail, head: junctions where each edge begins and ends.
        length_m: length along the shape.
        shape_start: points of edge e are shape_*[shape_start[e]:shape_start[e + 1]], both ends included,
            in the direction of travel.
        shape_lon_e7, shape_lat_e7: the points.
        way: index of each edge's way.
        road_class: index into `CLASSES`.
        edge_flags: bits `TUNNEL`, `BRIDGE`, `ROUNDABOUT`, `APART`.
        free_kmh: what traffic drives where nothing slows it down; for routes, never a limit.
        tag_kmh: the limit tagged for this direction, `NO_TAG` where none; a tag of 0 stays 0.
        way_id: OpenStreetMap's id of each way.
        way_name: its name, "" where it has none.
    """

    source: str
    node_lon_e7: Int32s
    node_lat_e7: Int32s
    tail: Int32s
    head: Int32s
    length_m: Floats32
    shape_start: Int64s
    shape_lon_e7: Int32s
    shape_lat_e7: Int32s
    way: Int32s
    road_class: Bytes
    edge_flags: Bytes
    free_kmh: Floats32
    tag_kmh: npt.NDArray[np.int16]
    way_id: Int64s
    way_name: tuple[str, ...]

    @property
    def nodes(self) -> int:
        """How many junctions."""
        return int(self.node_lon_e7.size)

    @property
    def edges(self) -> int:
        """How many directed edges."""
        return int(self.tail.size)

    def shape_of(self, edge: int) -> tuple[Int32s, Int32s]:
        """Points of an edge in the direction of travel: lon_e7, lat_e7."""
        points = slice(int(self.shape_start[edge]), int(self.shape_start[edge + 1]))
        return self.shape_lon_e7[points], self.shape_lat_e7[points]


@dataclass(frozen=True)
class Way:
    """A road as a map has it, before it is cut at junctions.

    Attributes:
        way_id, name: as in the map.
        road_class: one of `CLASSES`.
        nodes: indexes of its points, at least two.
        forward, backward: which directions may be driven.
        flags: `TUNNEL`, `BRIDGE`, `ROUNDABOUT`.
        forward_kmh, backward_kmh: limits as tagged, `NO_TAG` where none.
    """

    way_id: int
    name: str
    road_class: str
    nodes: Sequence[int]
    forward: bool = True
    backward: bool = True
    flags: int = 0
    forward_kmh: int = NO_TAG
    backward_kmh: int = NO_TAG


def network_of(lon_e7: Int32s, lat_e7: Int32s, ways: Sequence[Way], *, source: str) -> Network:
    """A network from points and the ways through them, cut wherever ways meet.

    Args:
        lon_e7, lat_e7: the points.
        ways: through these points; a way of fewer than two different points is left out.
        source: see `Network`.
    """
    ways = [way for way in ways if len(way.nodes) > 1 and (way.forward or way.backward)]
    used = np.zeros(lon_e7.size, dtype=np.int64)
    for way in ways:
        inner = np.asarray(way.nodes, dtype=np.int64)
        np.add.at(used, inner, 1)
        used[inner[[0, -1]]] += 1  # an end is a junction even where nothing else meets it
    pieces: list[tuple[int, Int64s, bool]] = []
    for number, way in enumerate(ways):
        points = np.asarray(way.nodes, dtype=np.int64)
        cuts = np.flatnonzero(used[points] > 1)
        for first, last in pairwise(cuts):
            piece = points[first : last + 1]
            if way.forward:
                pieces.append((number, piece, True))
            if way.backward:
                pieces.append((number, piece[::-1], False))
    ends = np.array([(piece[0], piece[-1]) for _, piece, _ in pieces], dtype=np.int64).reshape(-1, 2)
    junctions, renumbered = np.unique(ends, return_inverse=True)
    renumbered = renumbered.reshape(-1, 2).astype(np.int32)
    shape = np.concatenate([piece for _, piece, _ in pieces]) if pieces else np.zeros(0, np.int64)
    sizes = np.array([piece.size for _, piece, _ in pieces], dtype=np.int64)
    shape_start = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    of_way = np.array([number for number, _, _ in pieces], dtype=np.int32)
    is_forward = np.array([forward for _, _, forward in pieces], dtype=bool)
    classes = np.array([CLASSES.index(way.road_class) for way in ways], dtype=np.uint8)
    tags = np.array([(way.backward_kmh, way.forward_kmh) for way in ways], dtype=np.int16).reshape(-1, 2)
    road_class = classes[of_way]
    tag_kmh = tags[of_way, is_forward.astype(np.int64)]
    free = np.array([FREE_KMH[name] for name in CLASSES], dtype=np.float32)[road_class]
    made = Network(
        source=source,
        node_lon_e7=lon_e7[junctions].astype(np.int32),
        node_lat_e7=lat_e7[junctions].astype(np.int32),
        tail=np.ascontiguousarray(renumbered[:, 0]),
        head=np.ascontiguousarray(renumbered[:, 1]),
        length_m=_lengths(lon_e7[shape], lat_e7[shape], shape_start),
        shape_start=shape_start,
        shape_lon_e7=lon_e7[shape].astype(np.int32),
        shape_lat_e7=lat_e7[shape].astype(np.int32),
        way=of_way,
        road_class=road_class,
        edge_flags=np.array([way.flags for way in ways], dtype=np.uint8)[of_way],
        free_kmh=np.where(tag_kmh > 0, FREE_SHARE * tag_kmh, free).astype(np.float32),
        tag_kmh=tag_kmh,
        way_id=np.array([way.way_id for way in ways], dtype=np.int64),
        way_name=tuple(way.name for way in ways),
    )
    in_main = main_part(made.tail, made.head, made.nodes)
    apart = ~(in_main[made.tail] & in_main[made.head])
    return replace(made, edge_flags=made.edge_flags | np.where(apart, APART, 0).astype(np.uint8))


def _lengths(lon_e7: Int32s, lat_e7: Int32s, shape_start: Int64s) -> Floats32:
    """Metres along each edge."""
    if not lon_e7.size:
        return np.zeros(0, dtype=np.float32)
    lon, lat = lon_e7.astype(np.float64) * 1e-7, lat_e7.astype(np.float64) * 1e-7
    steps = np.append(distance_m(lon[:-1], lat[:-1], lon[1:], lat[1:]), 0.0)
    steps[shape_start[1:] - 1] = 0.0  # from the end of one edge to the begin of the next is no road
    return np.add.reduceat(steps, shape_start[:-1]).astype(np.float32)


def main_part(tail: Int32s, head: Int32s, nodes: int) -> npt.NDArray[np.bool_]:
    """Which junctions lie in the largest part all of whose junctions reach each other."""
    if not tail.size:
        return np.zeros(nodes, dtype=bool)
    ahead, back = _neighbours(tail, head, nodes), _neighbours(head, tail, nodes)
    best = np.zeros(nodes, dtype=bool)
    seen = np.zeros(nodes, dtype=bool)
    # Every junction is in exactly one such part; a part larger than half of what is left cannot be missed.
    # In no order: the small parts of a map often lie together.
    for start in np.random.default_rng(0).permutation(nodes).tolist():
        if seen[start]:
            continue
        part = _reached(*ahead, start) & _reached(*back, start)
        seen |= part
        if part.sum() > best.sum():
            best = part
        if best.sum() >= nodes - seen.sum():
            break
    return best


def _neighbours(tail: Int32s, head: Int32s, nodes: int) -> tuple[Int64s, Int32s]:
    order = np.argsort(tail, kind="stable")
    starts = np.concatenate(([0], np.cumsum(np.bincount(tail, minlength=nodes)))).astype(np.int64)
    return starts, np.ascontiguousarray(head[order])


@njit(cache=True, nogil=True)
def _reached(starts: Int64s, neighbour: Int32s, start: int) -> npt.NDArray[np.bool_]:
    """The nodes that can be reached from one."""
    reached = np.zeros(starts.size - 1, dtype=np.bool_)
    waiting = np.empty(starts.size - 1, dtype=np.int64)
    reached[start] = True
    waiting[0] = start
    n = 1
    while n > 0:
        n -= 1
        node = waiting[n]
        for at in range(starts[node], starts[node + 1]):
            other = neighbour[at]
            if not reached[other]:
                reached[other] = True
                waiting[n] = other
                n += 1
    return reached


def save_network(network: Network, path: Path) -> None:
    """Writes a network as one file; whoever writes into a home sees to it that the file appears whole."""
    columns = {
        field.name: getattr(network, field.name)
        for field in fields(network)
        if field.name not in ("source", "way_name")
    }
    about = json.dumps({"form": _FORM, "source": network.source}).encode()
    names = "\n".join(network.way_name).encode()
    with path.open("wb") as file:
        np.savez(
            file,
            about=np.frombuffer(about, dtype=np.uint8),
            way_names=np.frombuffer(names, dtype=np.uint8),
            **columns,
        )


def load_network(path: Path) -> Network:
    """Reads what `save_network` wrote.

    Raises:
        FileNotFoundError: no such file.
        NetworkFileError: not such a file, or of another version; names the file and the way out.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes())) as held:
            about: dict[str, Any] = json.loads(held["about"].tobytes())
            ways = held["way_id"].size
            names = held["way_names"].tobytes().decode().split("\n")
            columns = {
                field.name: held[field.name]
                for field in fields(Network)
                if field.name not in ("source", "way_name")
            }
    except (KeyError, ValueError, OSError, EOFError, BadZipFile) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise NetworkFileError(_stale(path)) from error
    if about["form"] != _FORM:
        raise NetworkFileError(_stale(path))
    return Network(source=about["source"], way_name=tuple(names) if ways else (), **columns)


def _stale(path: Path) -> str:
    return f"{path} is no road network of this version; make it anew with `taxi-qa roads build`"
