"""The roads of a home as lines to draw behind a track: clipped to a box, simplified, and capped in size."""

import json
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from taxi_qa.roads.network import CLASSES, Network
from taxi_qa.values.place import E7, Datum, from_wgs84, metres_per_degree

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Lines = npt.NDArray[np.object_]

# A line is told in 1e-5 degree, 1.1 m: finer than a map of a case shows.
E5: Final = 100_000
MOST_BYTES: Final = 300_000
# Of the box's longer side: what the eye tells apart on a screen.
_SIMPLIFIED: Final = 1 / 1500
_LEAST_SIMPLIFIED_M: Final = 1.0
# A map on a screen is at most so wide of its height, on a phone so high of its width.
_WIDEST: Final = 1.8
_HIGHEST: Final = 1.0
# The heavier first: what is left out for want of room is left out from the end.
_BY_WEIGHT: Final = (
    "motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link", "secondary",
    "secondary_link", "tertiary", "tertiary_link", "unclassified", "residential", "living_street", "service",
)  # fmt: skip


@dataclass(frozen=True)
class Box:
    """A box in degrees, WGS-84."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True)
class RoadLine:
    """The roads of one class and name inside the box.

    Attributes:
        road_class: one of `roads.network.CLASSES`.
        name: "" where it has none.
        pieces: each lat, lon in 1e-5 degree, then the steps from point to point: lat, lon, d_lat, d_lon, …
    """

    road_class: str
    name: str
    pieces: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class RoadLines:
    """The roads inside a box, the heavier first, and the classes there was no room for."""

    lines: tuple[RoadLine, ...]
    left_out: tuple[str, ...]


def box_around(lon: Floats, lat: Floats, margin_m: float, share: float = 0.15) -> Box:
    """The box of places (at least one, in degrees) with a margin, such that it fills a map of any shape.

    Args:
        lon, lat: the places.
        margin_m, share: beside the places is at least so much, or so much of their longer side.
    """
    per_lon, per_lat = metres_per_degree(float(lat.mean()))
    wide_m, high_m = float(np.ptp(lon)) * per_lon, float(np.ptp(lat)) * per_lat
    beside_m = 2 * max(margin_m, share * max(wide_m, high_m))
    wide_m, high_m = wide_m + beside_m, high_m + beside_m
    # A phone held upright shows more to the north and south, a screen more to the east and west.
    wide_m, high_m = max(wide_m, _WIDEST * high_m), max(high_m, _HIGHEST * wide_m)
    middle_lon, middle_lat = float(lon.min() + lon.max()) / 2, float(lat.min() + lat.max()) / 2
    half_lon, half_lat = wide_m / per_lon / 2, high_m / per_lat / 2
    return Box(middle_lon - half_lon, middle_lat - half_lat, middle_lon + half_lon, middle_lat + half_lat)


def road_lines(
    network: Network, box: Box, *, datum: Datum = "wgs84", most_bytes: int = MOST_BYTES
) -> RoadLines:
    """The roads of a network inside a box.

    Args:
        network: of the city.
        box: what is shown.
        datum: of the lines; anything but WGS-84 only beside tiles that are in it.
        most_bytes: as JSON; the smallest roads are left out, and named, where there are more.
    """
    edges = _inside(network, box)
    road_class = network.road_class[edges]
    made: list[RoadLine] = []
    left_out: list[str] = []
    size = 0
    for name in _BY_WEIGHT:
        of_class = edges[road_class == CLASSES.index(name)]
        if not of_class.size:
            continue
        lines = [] if left_out else _merged(network, of_class, box, name, datum)
        more = sum(len(json.dumps(asdict(one), separators=(",", ":"))) + 1 for one in lines)
        if left_out or size + more > most_bytes:
            left_out.append(name)
            continue
        size += more
        made += lines
    return RoadLines(tuple(made), tuple(left_out))


def _inside(network: Network, box: Box) -> Int64s:
    """The edges whose own box touches the box, of both directions of a road only one."""
    if not network.edges:
        return np.zeros(0, dtype=np.int64)
    starts = network.shape_start[:-1]
    spans = [
        (np.minimum.reduceat(axis, starts) / E7, np.maximum.reduceat(axis, starts) / E7)
        for axis in (network.shape_lon_e7, network.shape_lat_e7)
    ]
    (west, east), (south, north) = spans
    touching = (west <= box.east) & (east >= box.west) & (south <= box.north) & (north >= box.south)
    edges = np.flatnonzero(touching)
    ends = np.column_stack((network.tail[edges], network.head[edges]))
    ends.sort(axis=1)
    metres = np.round(network.length_m[edges]).astype(np.int64)
    _, once = np.unique(np.column_stack((network.way[edges], ends, metres)), axis=0, return_index=True)
    result: Int64s = edges[np.sort(once)]
    return result


def _merged(network: Network, edges: Int64s, box: Box, road_class: str, datum: Datum) -> list[RoadLine]:
    """Edges of one class as roads by name: put together, clipped and simplified."""
    named = np.array([network.way_name[way] for way in network.way[edges]], dtype=object)
    order = np.argsort(named, kind="stable")
    edges, named = edges[order], named[order]
    sizes = np.diff(network.shape_start)[edges]
    rows = np.repeat(network.shape_start[edges] - np.concatenate(([0], np.cumsum(sizes)[:-1])), sizes)
    rows = rows + np.arange(rows.size)
    places = np.column_stack((network.shape_lon_e7[rows], network.shape_lat_e7[rows])) / E7
    pieces: Lines = np.asarray(shapely.linestrings(places, indices=np.repeat(np.arange(edges.size), sizes)))
    names, number = np.unique(named.astype(str), return_inverse=True)
    merged = shapely.line_merge(np.asarray(shapely.multilinestrings(pieces, indices=number)))
    clipped = shapely.clip_by_rect(merged, box.west, box.south, box.east, box.north)
    per_lat = metres_per_degree((box.south + box.north) / 2)[1]
    side = max(box.east - box.west, box.north - box.south)
    lines: Lines = shapely.simplify(
        np.asarray(clipped), max(side * _SIMPLIFIED, _LEAST_SIMPLIFIED_M / per_lat)
    )
    return [
        RoadLine(road_class, name, _pieces(line, datum))
        for name, line in zip(names.tolist(), lines, strict=True)
        if not line.is_empty
    ]


def _pieces(line: shapely.Geometry, datum: Datum) -> tuple[tuple[int, ...], ...]:
    parts = [part for part in getattr(line, "geoms", [line]) if part.geom_type == "LineString"]
    return tuple(steps_of_line(shapely.get_coordinates(part), datum) for part in parts)


def steps_of_line(places: Floats, datum: Datum = "wgs84") -> tuple[int, ...]:
    """A line of lon, lat in degrees, shape (n, 2), WGS-84, as `RoadLine.pieces` has it."""
    lon, lat = from_wgs84(places[:, 0], places[:, 1], datum)
    whole = np.round(np.column_stack((lat, lon)) * E5).astype(np.int64)
    steps = np.vstack((whole[:1], np.diff(whole, axis=0)))
    return tuple(steps.ravel().tolist())
