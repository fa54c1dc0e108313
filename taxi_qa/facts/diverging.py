"""Routes as lines, and where a track leaves them and comes back."""

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from taxi_qa.roads.network import Network
from taxi_qa.roads.routes import Routes, shapes_of
from taxi_qa.values.place import E7, metres_per_degree

Int32s = npt.NDArray[np.int32]

# Farther than this from a route a track runs another way: wide roads and both their carriageways.
APART_M: Final = 100.0
# Points of a route that a finding carries at most.
_POINTS: Final = 60


def lines_of_routes(network: Network, routes: Routes) -> list[shapely.LineString]:
    """Each route as a line of lon and lat; an empty one where there is none."""
    start, lon_e7, lat_e7 = shapes_of(network, routes)
    return [
        shapely.LineString(np.column_stack((lon_e7[a:b], lat_e7[a:b])) / E7)
        if b - a > 1
        else shapely.LineString()
        for a, b in pairwise(start)
    ]


def line_text(line: shapely.LineString) -> str:
    """A line (WKT) short enough to be kept with a finding."""
    points = shapely.get_coordinates(line)
    step = max(1, int(np.ceil(len(points) / _POINTS)))
    kept = sorted({*range(0, len(points), step), *range(len(points))[-1:]})
    return "LINESTRING (" + ", ".join(f"{points[at][0]:.5f} {points[at][1]:.5f}" for at in kept) + ")"


def parts_and_meets(lon_e7: Int32s, lat_e7: Int32s, lines: list[shapely.LineString]) -> tuple[str, str]:
    """The first and the last of a trip's fixes that lie beside every one of some routes.

    Args:
        lon_e7, lat_e7: the fixes.
        lines: the routes, lon and lat; empty ones count for nothing.

    Returns:
        "lon lat" of both, "" where the trip never left them.
    """
    lines = [line for line in lines if not line.is_empty]
    if not lon_e7.size or not lines:
        return "", ""
    lon, lat = lon_e7 / E7, lat_e7 / E7
    per_lon, per_lat = metres_per_degree(float(lat[0]))
    scaled = [shapely.transform(line, lambda xy: xy * (per_lon, per_lat)) for line in lines]
    away = np.min(
        [shapely.distance(line, shapely.points(lon * per_lon, lat * per_lat)) for line in scaled], axis=0
    )
    beside = np.flatnonzero(away > APART_M)
    if not beside.size:
        return "", ""
    first, last = (f"{lon[at]:.5f} {lat[at]:.5f}" for at in (beside[0], beside[-1]))
    return first, last
