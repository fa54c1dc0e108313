"""Which zones each place lies in, for millions of places: a grid of cells over the zones' outlines.

A cell that no border passes says for all its places at once which zones they lie in; in the others the edges
of the same row of cells decide, by exact whole-number arithmetic. Outlines and places are both taken to 1e-7
degree (a centimetre), as the store keeps them, and edges run straight between corners in degrees.

Zones that hold on some days or at some hours only stand in the grid with all others: whoever asks leaves out
the pairs of place and zone that do not count at their moment.

One rule for borders: a place exactly on the border of a zone, be it the outer one or that of a hole, lies
inside it. Everywhere else the answer is that of `shapely.contains_xy`.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely
from numba import njit

from taxi_qa.values.place import E7

Int8s = npt.NDArray[np.int8]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Masks = npt.NDArray[np.uint64]
Whole = int | np.int64

MOST_IN_MASK: Final = 64
# Cells are 2**13 units wide, 90 m, or wider where that would be more cells than this (16 MB).
_LEAST_BITS: Final = 13
_MOST_CELLS: Final = 4_000_000
_KINDS: Final = ("Polygon", "MultiPolygon")

_OUTSIDE: Final = 0
_BORDER: Final = 1
_INSIDE: Final = 2
# An edge's place in a row of cells is reckoned in floats: a border is believed to pass this many units
# beside it as well. Too many cells with a border cost time, never an answer.
_SLACK: Final = 2.0


class ZoneGrid(NamedTuple):
    """Zones by cell; kernels take it as it is.

    Attributes:
        zones: how many; they are numbered in the order they were given.
        west_e7, south_e7: corner of the grid.
        bits: a cell is 2**bits units of 1e-7 degree wide and high.
        columns, rows: of the grid.
        cell: int32[rows * columns], the set of each cell; set 0 is empty.
        in_start, in_zone: zones that hold all of a cell of set s: in_zone[in_start[s]:in_start[s + 1]].
        try_start, try_zone: zones whose border passes a cell of set s, likewise.
        try_first, try_past: the edges of that zone in the set's row of cells.
        in_mask: uint64[sets], bit z for each of the first `MOST_IN_MASK` zones that holds all of a cell.
        x1, y1, x2, y2: edges in 1e-7 degree, the lower end first; an edge stands in each row it passes.
    """

    zones: int
    west_e7: int
    south_e7: int
    bits: int
    columns: int
    rows: int
    cell: Int32s
    in_start: Int64s
    in_zone: Int32s
    try_start: Int64s
    try_zone: Int32s
    try_first: Int64s
    try_past: Int64s
    in_mask: Masks
    x1: Int32s
    y1: Int32s
    x2: Int32s
    y2: Int32s


class ZoneHits(NamedTuple):
    """Which places lie in which zones; one row a place and zone, by place and then by zone.

    Attributes:
        place: int64[k], row of the place.
        zone: int32[k], number of the zone.
    """

    place: Int64s
    zone: Int32s


def zone_grid(areas: Sequence[shapely.Geometry]) -> ZoneGrid:
    """The grid of some zones.

    Args:
        areas: Polygons or MultiPolygons in degrees, WGS-84; they may overlap. Corners are rounded to 1e-7.

    Raises:
        ValueError: an area is neither, or crosses itself; it is named by its number.
    """
    for number, area in enumerate(areas):
        if _kind(area) not in _KINDS or shapely.is_empty(area) or not shapely.is_valid(area):
            raise ValueError(f"zone {number} is no valid Polygon or MultiPolygon: {_why_not(area)}")
    outlines = [_edges(area) for area in areas]
    corners = np.concatenate([np.zeros((4, 0), dtype=np.int64), *outlines], axis=1)
    if not corners.size:
        corners = np.zeros((4, 1), dtype=np.int64)
    west, south = int(corners[[0, 2]].min()), int(corners[1].min())
    wide, high = int(corners[[0, 2]].max()) - west, int(corners[3].max()) - south
    bits = _LEAST_BITS
    while ((wide >> bits) + 1) * ((high >> bits) + 1) > _MOST_CELLS:
        bits += 1
    columns, rows = (wide >> bits) + 1, (high >> bits) + 1
    sets = _Sets(np.zeros(rows * columns, dtype=np.int32), [()], [()])
    edges: list[Int64s] = []
    put = 0
    for zone, outline in enumerate(outlines):
        if not outline.size:  # smaller than a unit: no place lies in it
            continue
        first_row, of_row, row_start = _by_row(outline, south, bits)
        here = outline[:, of_row]
        state = _states((west, south, bits, columns), first_row, row_start, *here)
        cell = first_row * columns + np.arange(state.size)
        sets.add_inside(zone, cell[state == _INSIDE])
        border = cell[state == _BORDER]
        sets.add_border(zone, border, border // columns, put + row_start, first_row)
        edges.append(here)
        put += here.shape[1]
    x1, y1, x2, y2 = np.concatenate([np.zeros((4, 0), np.int64), *edges], axis=1).astype(np.int32)
    in_start, inside = _stacked(sets.inside, 1)
    try_start, border = _stacked(sets.border, 3)
    mask = [sum(1 << z for (z,) in held if z < MOST_IN_MASK) for held in sets.inside]
    return ZoneGrid(
        len(areas), west, south, bits, columns, rows, sets.cell, in_start, inside[0].astype(np.int32),
        try_start, border[0].astype(np.int32), border[1], border[2], np.array(mask, dtype=np.uint64),
        x1, y1, x2, y2,
    )  # fmt: skip


def zones_at(grid: ZoneGrid, lon_e7: Int32s, lat_e7: Int32s) -> ZoneHits:
    """Which zones the places lie in. Oracle: `zones_at_by_shapely`.

    Args:
        grid: of the zones.
        lon_e7, lat_e7: the places.
    """
    return ZoneHits(*_hits(grid, lon_e7, lat_e7))


def zone_masks_at(grid: ZoneGrid, lon_e7: Int32s, lat_e7: Int32s) -> Masks:
    """The zones of each place as bits, bit z for zone z: uint64[n].

    Raises:
        ValueError: more zones than a mask has bits.
    """
    if grid.zones > MOST_IN_MASK:
        raise ValueError(f"{grid.zones} zones; a mask holds {MOST_IN_MASK}: use `zones_at`")
    return _masks(grid, lon_e7, lat_e7)


def zones_at_by_shapely(areas: Sequence[shapely.Geometry], lon_e7: Int32s, lat_e7: Int32s) -> ZoneHits:
    """The same, a zone at a time; in units of 1e-7 degree, so that nothing but the corners is rounded."""
    scaled = [shapely.transform(area, lambda xy: np.rint(xy * E7)) for area in areas]
    lon, lat = lon_e7.astype(np.float64), lat_e7.astype(np.float64)
    inside = np.array([shapely.intersects_xy(area, lon, lat) for area in scaled], dtype=bool)
    place, zone = np.nonzero(inside.reshape(len(scaled), lon.size).T)
    return ZoneHits(place.astype(np.int64), zone.astype(np.int32))


def _kind(area: shapely.Geometry) -> str:
    return type(area).__name__


def _why_not(area: shapely.Geometry) -> str:
    if _kind(area) not in _KINDS:
        return _kind(area)
    return "empty" if shapely.is_empty(area) else str(shapely.is_valid_reason(area))


def _edges(area: shapely.Geometry) -> Int64s:
    """The edges of an outline and its holes, int64[4, k]: x1, y1, x2, y2, the lower end first."""
    rings = shapely.get_rings(shapely.get_parts(area))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    at = np.rint(xy * E7).astype(np.int64)
    follows = ring[1:] == ring[:-1]
    begin, end = at[:-1][follows], at[1:][follows]
    turned = end[:, 1] < begin[:, 1]
    begin[turned], end[turned] = end[turned], begin[turned].copy()
    edges = np.concatenate((begin.T, end.T))
    kept: Int64s = edges[:, (begin != end).any(axis=1)]
    return kept


def _by_row(outline: Int64s, south: int, bits: int) -> tuple[int, Int64s, Int64s]:
    """The edges in each row of cells: the first row, numbers of edges by row, and where each row begins."""
    low, high = (outline[1] - south) >> bits, (outline[3] - south) >> bits
    first = int(low.min())
    count = high - low + 1
    edge = np.repeat(np.arange(low.size), count)
    row = low[edge] + np.arange(edge.size) - np.repeat(np.cumsum(count) - count, count)
    order = np.argsort(row, kind="stable")
    sizes = np.bincount(row - first, minlength=int(high.max()) - first + 1)
    return first, edge[order], np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)


class _Sets:
    """The sets of the cells while zones are added; cells that hold the same share one."""

    def __init__(
        self,
        cell: Int32s,
        inside: list[tuple[tuple[int], ...]],
        border: list[tuple[tuple[int, int, int], ...]],
    ) -> None:
        self.cell = cell
        self.inside = inside
        self.border = border

    def add_inside(self, zone: int, cells: Int64s) -> None:
        """Cells wholly inside a zone."""
        olds, of_cell = np.unique(self.cell[cells], return_inverse=True)
        self.cell[cells] = (len(self.inside) + of_cell).astype(np.int32)
        for old in olds:
            self.inside.append((*self.inside[old], (zone,)))
            self.border.append(self.border[old])

    def add_border(self, zone: int, cells: Int64s, row: Int64s, row_start: Int64s, first_row: int) -> None:
        """Cells a zone's border passes; `row_start` tells where the edges of each of its rows begin."""
        olds, of_cell = np.unique(np.stack((self.cell[cells], row)), axis=1, return_inverse=True)
        self.cell[cells] = (len(self.inside) + of_cell.ravel()).astype(np.int32)
        for old, at in olds.T:
            first, past = (int(edge) for edge in row_start[at - first_row : at - first_row + 2])
            self.inside.append(self.inside[old])
            self.border.append((*self.border[old], (zone, first, past)))


def _stacked(held: Sequence[tuple[tuple[int, ...], ...]], width: int) -> tuple[Int64s, Int64s]:
    """Where the rows of each set begin, and the rows as columns, int64[width, k]."""
    start = np.cumsum([0, *(len(one) for one in held)]).astype(np.int64)
    rows = np.array([row for one in held for row in one], dtype=np.int64).reshape(-1, width)
    return start, np.ascontiguousarray(rows.T)


@njit(cache=True, nogil=True)
def _states(
    grid: tuple[int, int, int, int], first_row: int, row_start: Int64s,
    x1: Int64s, y1: Int64s, x2: Int64s, y2: Int64s,
) -> Int8s:  # fmt: skip
    """Whether each cell of a zone's rows lies outside, inside, or on the border."""
    west, south, bits, columns = grid
    state = np.full((row_start.size - 1) * columns, np.int8(_OUTSIDE), dtype=np.int8)
    for row in range(row_start.size - 1):
        here = state[row * columns : (row + 1) * columns]
        low = south + ((first_row + row) << bits)
        high = low + (1 << bits)
        least, most = columns, -1
        for e in range(row_start[row], row_start[row + 1]):
            a, b = float(min(x1[e], x2[e])), float(max(x1[e], x2[e]))
            if y2[e] > y1[e]:
                slope = (x2[e] - x1[e]) / (y2[e] - y1[e])
                at_low = x1[e] + slope * (max(low, y1[e]) - y1[e])
                at_high = x1[e] + slope * (min(high, y2[e]) - y1[e])
                a, b = max(a, min(at_low, at_high)), min(b, max(at_low, at_high))
            first = max(0, (int(np.floor(a - _SLACK)) - west) >> bits)
            last = min(columns - 1, (int(np.ceil(b + _SLACK)) - west) >> bits)
            least, most = min(least, first), max(most, last)
            for column in range(first, last + 1):
                here[column] = _BORDER
        # No border passes: one place speaks for the whole cell.
        for column in range(least, most + 1):
            if here[column] == _OUTSIDE:
                x = west + (column << bits)
                if _is_in(x1, y1, x2, y2, row_start[row], row_start[row + 1], x, low):
                    here[column] = _INSIDE
    return state


@njit(cache=True, inline="always")
def _is_in(  # a kernel takes columns
    x1: npt.NDArray[np.integer], y1: npt.NDArray[np.integer], x2: npt.NDArray[np.integer],
    y2: npt.NDArray[np.integer], first: Whole, past: Whole, x: Whole, y: Whole,
) -> bool:  # fmt: skip
    """Even-odd by a ray to the east; a place on an edge is inside."""
    inside = False
    for e in range(first, past):
        if y < y1[e] or y > y2[e]:
            continue
        a, b = np.int64(x1[e]), np.int64(x2[e])
        if x > a and x > b:
            continue
        if x < a and x < b:
            # An edge counts with its lower end and without its upper one: a corner is passed once.
            inside ^= y < y2[e]
            continue
        if y1[e] == y2[e]:
            return True
        # Each product fits 64 bits (2**32 times 2**31 at most), their difference might not.
        before = (x - a) * (np.int64(y2[e]) - y1[e])
        after = (b - a) * (y - np.int64(y1[e]))
        if before == after:
            return True
        inside ^= before < after and y < y2[e]
    return inside


@njit(cache=True, inline="always")
def _set_of(grid: ZoneGrid, lon_e7: np.int32, lat_e7: np.int32) -> int:
    column = (np.int64(lon_e7) - grid.west_e7) >> grid.bits
    row = (np.int64(lat_e7) - grid.south_e7) >> grid.bits
    if column < 0 or row < 0 or column >= grid.columns or row >= grid.rows:
        return 0
    return int(grid.cell[row * grid.columns + column])


@njit(cache=True, nogil=True)
def _masks(grid: ZoneGrid, lon_e7: Int32s, lat_e7: Int32s) -> Masks:
    masks = np.zeros(lon_e7.size, dtype=np.uint64)
    for at in range(lon_e7.size):
        s = _set_of(grid, lon_e7[at], lat_e7[at])
        if s == 0:
            continue
        mask = grid.in_mask[s]
        for i in range(grid.try_start[s], grid.try_start[s + 1]):
            if _is_in(
                grid.x1, grid.y1, grid.x2, grid.y2, grid.try_first[i], grid.try_past[i],
                np.int64(lon_e7[at]), np.int64(lat_e7[at]),
            ):  # fmt: skip
                mask |= np.uint64(1) << np.uint64(grid.try_zone[i])
        masks[at] = mask
    return masks


@njit(cache=True, nogil=True)
def _hits(grid: ZoneGrid, lon_e7: Int32s, lat_e7: Int32s) -> tuple[Int64s, Int32s]:
    place = np.empty(lon_e7.size // 8 + 64, dtype=np.int64)
    zone = np.empty(place.size, dtype=np.int32)
    k = 0
    for at in range(lon_e7.size):
        s = _set_of(grid, lon_e7[at], lat_e7[at])
        if s == 0:
            continue
        if k + grid.zones > place.size:
            more = 2 * place.size + grid.zones
            place = np.concatenate((place, np.empty(more, dtype=np.int64)))
            zone = np.concatenate((zone, np.empty(more, dtype=np.int32)))
        # Both lists ascend: they are merged, so that a place's zones ascend, too.
        i = grid.in_start[s]
        for j in range(grid.try_start[s], grid.try_start[s + 1] + 1):
            tried = grid.try_zone[j] if j < grid.try_start[s + 1] else grid.zones
            while i < grid.in_start[s + 1] and grid.in_zone[i] < tried:
                place[k], zone[k] = at, grid.in_zone[i]
                k += 1
                i += 1
            if tried < grid.zones and _is_in(
                grid.x1, grid.y1, grid.x2, grid.y2, grid.try_first[j], grid.try_past[j],
                np.int64(lon_e7[at]), np.int64(lat_e7[at]),
            ):  # fmt: skip
                place[k], zone[k] = at, tried
                k += 1
    return place[:k].copy(), zone[:k].copy()
