"""Limits of areas: which pieces of road lie inside an outline, and which of its limits holds when.

The straight segments of the roads are cut where they cross an outline, so that a road that only crosses its
border is bound by the part inside. Near the border the part outside lies within reach of a fix, too, and
then its limit counts. What passes over or under the ground is not meant: an outline does not say on which
level it lies; such a road is named by its way.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from taxi_qa.roads.index import SegmentIndex, segment_index
from taxi_qa.roads.limit_row import LimitRow
from taxi_qa.roads.network import BRIDGE, CLASSES, TUNNEL, Network
from taxi_qa.values.clock import MS_PER_DAY
from taxi_qa.values.place import E7

Bools = npt.NDArray[np.bool_]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# A cut this close to an end of a segment, as a share of it, is that end.
_AT_END: Final = 1e-6
_ABOVE_GROUND: Final = ("motorway", "motorway_link")


def limit_index(network: Network, rows: Sequence[LimitRow]) -> SegmentIndex:
    """The index of a network, its segments cut at the borders of all areas among the rows.

    Args:
        network: of at least one edge.
        rows: of the operator's table, maybe none.
    """
    index = segment_index(network)
    areas = [row.area for row in rows if row.area is not None]
    if not areas:
        return index
    segment, share = (
        np.concatenate(parts) for parts in zip(*(_cuts(index, one) for one in areas), strict=True)
    )
    order = np.lexsort((share, segment))
    segment, share = segment[order], share[order]
    again = np.zeros(share.size, dtype=bool)
    again[1:] = (segment[1:] == segment[:-1]) & (share[1:] - share[:-1] < _AT_END)
    return segment_index(network, cuts=(segment[~again], share[~again]))


def segments_within(network: Network, index: SegmentIndex, area: shapely.Geometry) -> Int32s:
    """The segments of roads on the ground that lie inside an area, by number.

    One that is not cut at the border lies inside if all of it does; along the border it lies outside.
    """
    near = np.flatnonzero(_boxes_meet(index, area) & _on_ground(network)[index.edge])
    if not near.size:
        return np.zeros(0, dtype=np.int32)
    shapely.prepare(area)
    lon_1, lat_1, lon_2, lat_2 = _ends(index, near)
    inside = shapely.contains_xy(area, (lon_1 + lon_2) / 2, (lat_1 + lat_2) / 2)
    # Cut places are rounded to a centimetre: an end may lie that much outside.
    border = shapely.boundary(area)
    for lon, lat in ((lon_1, lat_1), (lon_2, lat_2)):
        out = ~shapely.intersects_xy(area, lon, lat)
        out[out] = shapely.distance(shapely.points(lon[out], lat[out]), border) > 2 / E7
        inside &= ~out
    return near[inside].astype(np.int32)


def spans_on(rows: Sequence[LimitRow], in_order: Sequence[int], day: int) -> list[tuple[int, int, int]]:
    """When the limits of areas hold on a city day: row, and span since midnight (ms), its end outside.

    Of the rows of one area at most one holds at a time: one with hours before one without, the one said later
    before the one said earlier. Of areas that overlap each has its own spans.

    Args:
        rows: of the table; those without an area are left out.
        in_order: their numbers, weakest first.
        day: the city day.
    """
    of_area: dict[object, list[int]] = {}
    for number in in_order:
        area = rows[number].area
        if area is not None:
            of_area.setdefault(rows[number].zone_id or area.wkb, []).append(number)
    spans = []
    for numbers in of_area.values():
        held = [
            (0, MS_PER_DAY, number)
            for number in numbers
            if not rows[number].hours and rows[number].holds_on(day)
        ]
        held += [(*hours, number) for number in numbers for hours in rows[number].hours_on(day)]
        moments = sorted({moment for begin, end, _ in held for moment in (begin, end)})
        for begin, end in pairwise(moments):
            last = [number for first, past, number in held if first <= begin < past][-1:]
            spans += [(number, begin, end) for number in last]
    return spans


def _on_ground(network: Network) -> Bools:
    above = np.isin(network.road_class, [CLASSES.index(name) for name in _ABOVE_GROUND])
    result: Bools = ~above & ((network.edge_flags & (BRIDGE | TUNNEL)) == 0)
    return result


def _ends(index: SegmentIndex, rows: Int64s) -> tuple[Floats, Floats, Floats, Floats]:
    lon_1, lat_1, lon_2, lat_2 = (
        axis[rows] / E7 for axis in (index.lon_1_e7, index.lat_1_e7, index.lon_2_e7, index.lat_2_e7)
    )
    return lon_1, lat_1, lon_2, lat_2


def _boxes_meet(index: SegmentIndex, area: shapely.Geometry) -> Bools:
    west, south, east, north = shapely.bounds(area) * E7
    result: Bools = (
        (np.minimum(index.lon_1_e7, index.lon_2_e7) <= east)
        & (np.maximum(index.lon_1_e7, index.lon_2_e7) >= west)
        & (np.minimum(index.lat_1_e7, index.lat_2_e7) <= north)
        & (np.maximum(index.lat_1_e7, index.lat_2_e7) >= south)
    )
    return result


def _cuts(index: SegmentIndex, area: shapely.Geometry) -> tuple[Int64s, Floats]:
    """Where the border of an area crosses segments: their numbers, and at which share of each."""
    near = np.flatnonzero(_boxes_meet(index, area))
    lon_1, lat_1, lon_2, lat_2 = _ends(index, near)
    lines = shapely.linestrings(np.stack((lon_1, lon_2), axis=1), np.stack((lat_1, lat_2), axis=1))
    xy, at = shapely.get_coordinates(shapely.intersection(lines, shapely.boundary(area)), return_index=True)
    dx, dy = (lon_2 - lon_1)[at], (lat_2 - lat_1)[at]
    square = dx * dx + dy * dy
    share = np.divide(
        (xy[:, 0] - lon_1[at]) * dx + (xy[:, 1] - lat_1[at]) * dy,
        square,
        out=np.zeros(at.size),
        where=square > 0,
    )
    inner = (share > _AT_END) & (share < 1 - _AT_END)
    return near[at[inner]], share[inner]
