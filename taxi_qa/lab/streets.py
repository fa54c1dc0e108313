"""The made city's streets: a grid of named roads with an expressway, bridges, a roundabout and schools.

Streets of one row or column are cut into ways of at most some blocks; each way has one limit, and somebody
knows it or nobody does: a sign on the map, the operator's table, both, or neither.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

import numpy as np

from taxi_qa.lab import city as town
from taxi_qa.lab.city import City, Floats, Node, corner_of
from taxi_qa.lab.wayfinding import Graph, by_point

Known = Literal["sign", "table", "both", "nobody"]
Axis = Literal["row", "column"]

# From the middle of the street below to the middle of each carriageway of the expressway.
ASIDE_M: Final = 20.0
INTERCHANGES: Final = tuple(range(6, 71, 8))
EXPRESSWAY_ENDS: Final = (2, 74)
EXPRESSWAY_KMH: Final = 80
_RAMP_KMH: Final = 40
_RAMP_M: Final = 260.0

_BLOCKS_A_WAY: Final = 8
_FIRST_WAY_ID: Final = 1001
# Every fourth street is wide, every fourth middling, the rest are narrow.
_WIDE: Final = ("primary", 60)
_MIDDLING: Final = ("secondary", 50)
_NARROW: Final = ("residential", 40)
_ONE_WAY_COLUMNS: Final = {31: 1, 32: -1}
_ONE_WAY_ROWS: Final = (14, 30)
_INNER_RING: Final = (24, 36, 16, 28)
# Blocks before schools: axis, line, first and last corner.
_SCHOOLS: Final[tuple[tuple[Axis, int, int, int], ...]] = (
    ("row", 20, 25, 29),
    ("row", 12, 37, 41),
    ("column", 44, 17, 21),
    ("column", 16, 26, 30),
)
_ROUNDABOUT_POINTS: Final = 8

_FIRST_WORDS: Final = "华康兴富宏安德仁和"
_SECOND_WORDS: Final = "景苑泰湾文山江云海石林阳春新"
_KNOWN: Final[tuple[Known, ...]] = ("sign", "table", "both", "nobody")
_KNOWN_SHARES: Final = (0.22, 0.56, 0.14, 0.08)


@dataclass(frozen=True)
class Kind:
    """What a block of street is; neighbours of one kind make one way.

    Attributes:
        name, road_class: the name on the sign, and OpenStreetMap's class.
        limit_kmh: the true limit.
        towards: +1 or -1 where it is one-way, seen in growing numbers of corners; 0 both ways.
        part: bridge, tunnel, express (a carriageway, not in the tunnel), ramp, roundabout, school, or "".
    """

    name: str
    road_class: str
    limit_kmh: int
    towards: int = 0
    part: str = ""


@dataclass(frozen=True)
class Way:
    """A way as the map has it.

    Attributes:
        way_id: its number in the map.
        kind: what it is.
        points: the points it runs through, in the direction of travel where it is one-way.
        known: who knows its limit.
        signed_kmh: the limit the map has, 0 none. It is outdated where the operator's table knows better.
    """

    way_id: int
    kind: Kind
    points: tuple[int, ...]
    known: Known
    signed_kmh: int

    @property
    def in_table(self) -> bool:
        """Whether the operator's table has its limit."""
        return self.known in ("table", "both")


@dataclass(frozen=True)
class Streets:
    """All streets of a made city; points below `COLUMNS * ROWS` are corners (`corner_of`)."""

    city: City
    east_m: Floats
    north_m: Floats
    ways: tuple[Way, ...]
    graph: Graph

    @property
    def places(self) -> tuple[Floats, Floats]:
        """Metres east and north of all points."""
        return self.east_m, self.north_m


class _Points:
    """Points of streets while they are drawn: the corners, then whatever else is needed."""

    def __init__(self, city: City) -> None:
        self.east_m = city.east_m.ravel().tolist()
        self.north_m = city.north_m.ravel().tolist()
        middle_e, middle_n = city.place(town.ROUNDABOUT)
        middle_e -= town.ROUNDABOUT_RADIUS_M
        self.circle = [corner_of(town.ROUNDABOUT)]
        for angle in np.linspace(0, 2 * np.pi, _ROUNDABOUT_POINTS, endpoint=False)[1:]:
            self.circle.append(
                self.add(
                    middle_e + town.ROUNDABOUT_RADIUS_M * float(np.cos(angle)),
                    middle_n + town.ROUNDABOUT_RADIUS_M * float(np.sin(angle)),
                )
            )

    def add(self, east_m: float, north_m: float) -> int:
        self.east_m.append(east_m)
        self.north_m.append(north_m)
        return len(self.east_m) - 1

    def reached(self, axis: Axis, node: Node) -> int:
        """The point at which a street that comes up from below or from the west reaches a corner."""
        if node != town.ROUNDABOUT:
            return corner_of(node)
        return self.circle[_ROUNDABOUT_POINTS // 2 if axis == "row" else 3 * _ROUNDABOUT_POINTS // 4]

    def left(self, axis: Axis, node: Node) -> int:
        """The point at which such a street goes on."""
        if node != town.ROUNDABOUT:
            return corner_of(node)
        return self.circle[0 if axis == "row" else _ROUNDABOUT_POINTS // 4]


def build_streets(name: str, seed: int) -> Streets:
    """The streets of a made city.

    Raises:
        ValueError: no such made city.
    """
    city = town.build_city(name, seed)
    points = _Points(city)
    drawn = [*_grid(points), *_roundabout(points), *_expressway(points)]
    rng = np.random.default_rng([seed, 4])
    ways = []
    for number, (kind, through) in enumerate(drawn):
        known, signed_kmh = _who_knows(kind, rng)
        ordered = tuple(reversed(through)) if kind.towards < 0 else tuple(through)
        ways.append(Way(_FIRST_WAY_ID + number, kind, ordered, known, signed_kmh))
    east_m, north_m = np.array(points.east_m), np.array(points.north_m)
    return Streets(city, east_m, north_m, tuple(ways), _graph(east_m, north_m, ways))


def _who_knows(kind: Kind, rng: np.random.Generator) -> tuple[Known, int]:
    known: Known = _KNOWN[int(rng.choice(len(_KNOWN), p=_KNOWN_SHARES))]
    outdated = rng.random() < 0.4  # noqa: PLR2004 - the share of signs on the map that were changed since
    if kind.part in ("express", "tunnel", "ramp", "roundabout"):
        return "sign", kind.limit_kmh
    if kind.part == "school":
        return "table", 0
    if known == "nobody" and kind.part == "bridge":
        known = "table"
    if known in ("table", "nobody"):
        return known, 0
    return known, kind.limit_kmh + 10 * (known == "both" and outdated)


def _line_name(axis: Axis, line: int) -> str:
    number = line + (town.COLUMNS if axis == "row" else 0)
    words = (
        _FIRST_WORDS[number % len(_FIRST_WORDS)]
        + _SECOND_WORDS[number // len(_FIRST_WORDS) % len(_SECOND_WORDS)]
    )
    road_class, _ = _class_of(line)
    return words + {"primary": "大道", "secondary": "路", "residential": "街"}[road_class]


def _class_of(line: int) -> tuple[str, int]:
    if line % 4 == 2:  # noqa: PLR2004 - every fourth
        return _WIDE
    return _MIDDLING if line % 4 == 0 else _NARROW


def _kind(axis: Axis, line: int, at: int) -> Kind | None:
    """What the block from corner `at` to the next of a row or column is; None: there is none."""
    name, (road_class, limit_kmh) = _line_name(axis, line), _class_of(line)
    base = Kind(name, road_class, limit_kmh)
    if axis == "column" and at == town.RIVER_ROW:
        return replace(base, name=f"{name[:2]}大桥", part="bridge") if line in town.BRIDGES else None
    for school_axis, school_line, first, last in _SCHOOLS:
        if (axis, line) == (school_axis, school_line) and first <= at < last:
            return replace(base, part="school")
    west, east, south, north = _INNER_RING
    sides, first, last = ((south, north), west, east) if axis == "row" else ((west, east), south, north)
    if line in sides and first <= at < last:
        return Kind("内环路", *_WIDE)
    if axis == "column" and line in _ONE_WAY_COLUMNS and _ONE_WAY_ROWS[0] <= at < _ONE_WAY_ROWS[1]:
        return Kind(name, *_MIDDLING, towards=_ONE_WAY_COLUMNS[line])
    return base


def _grid(points: _Points) -> Iterator[tuple[Kind, list[int]]]:
    lines: list[tuple[Axis, int, int]] = [("row", row, town.COLUMNS) for row in range(town.ROWS)]
    lines += [("column", column, town.ROWS) for column in range(town.COLUMNS)]
    for axis, line, corners in lines:
        nodes: list[Node] = [(at, line) if axis == "row" else (line, at) for at in range(corners)]
        kinds = [_kind(axis, line, at) for at in range(corners - 1)]
        at = 0
        while at < corners - 1:
            kind, first = kinds[at], at
            while (
                at < corners - 1
                and kinds[at] == kind
                and at - first < _BLOCKS_A_WAY
                and (at == first or nodes[at] != town.ROUNDABOUT)
            ):
                at += 1
            if kind is not None:
                inner = [corner_of(node) for node in nodes[first + 1 : at]]
                yield kind, [points.left(axis, nodes[first]), *inner, points.reached(axis, nodes[at])]


def _roundabout(points: _Points) -> Iterator[tuple[Kind, list[int]]]:
    circle = Kind("示范环岛", "primary", _RAMP_KMH, towards=1, part="roundabout")
    yield circle, [*points.circle, points.circle[0]]


def _expressway(points: _Points) -> Iterator[tuple[Kind, list[int]]]:
    """Both carriageways, with a way on and off at every interchange, and at both ends."""
    road = Kind("示范快速路", "trunk", EXPRESSWAY_KMH, towards=1, part="express")
    ramp = Kind("示范快速路匝道", "trunk_link", _RAMP_KMH, towards=1, part="ramp")
    tunnel = replace(road, name="示范隧道", part="tunnel")
    north_m = (town.EXPRESSWAY_ROW - town.CENTRE[1]) * town.BLOCK_M
    for onward in (1, -1):  # eastwards on the southern side, westwards on the northern
        columns = [EXPRESSWAY_ENDS[0], *INTERCHANGES, EXPRESSWAY_ENDS[1]][::onward]

        def point(column: int, beyond_m: float = 0.0, *, onward: int = onward) -> int:
            east_m = (column - town.CENTRE[0]) * town.BLOCK_M
            return points.add(east_m + onward * beyond_m, north_m - onward * ASIDE_M)

        ground = {column: corner_of((column, town.EXPRESSWAY_ROW)) for column in columns}
        on = point(columns[0], _RAMP_M)
        yield ramp, [ground[columns[0]], on]
        for before, column in pairwise(columns):
            off = point(column, -_RAMP_M)
            if min(before, column) <= town.TUNNEL_COLUMNS[0] < max(before, column):
                enter, leave = (point(portal) for portal in town.TUNNEL_COLUMNS[::onward])
                yield road, [on, enter]
                yield tunnel, [enter, leave]
                yield road, [leave, off]
            else:
                yield road, [on, off]
            yield ramp, [off, ground[column]]
            if column != columns[-1]:
                on = point(column, _RAMP_M)
                yield road, [off, on]
                yield ramp, [ground[column], on]


def _graph(east_m: Floats, north_m: Floats, ways: list[Way]) -> Graph:
    tail: list[int] = []
    head: list[int] = []
    of_way: list[int] = []
    for number, way in enumerate(ways):
        for a, b in pairwise(way.points):
            both = [(a, b)] if way.kind.towards else [(a, b), (b, a)]
            tail += [start for start, _ in both]
            head += [end for _, end in both]
            of_way += [number] * len(both)
    tails, heads, way_of = (np.array(side, dtype=np.int64) for side in (tail, head, of_way))
    parts = np.array([way.kind.part for way in ways])
    limits = np.array([way.kind.limit_kmh for way in ways], dtype=np.float64)
    count = east_m.size
    meets = np.bincount(tails, minlength=count) + np.bincount(heads, minlength=count)
    # Two-way streets count twice at each end: more than four means that streets meet there.
    lit = (np.arange(count) < town.COLUMNS * town.ROWS) & (meets > 4)  # noqa: PLR2004
    lit[corner_of(town.ROUNDABOUT)] = False
    return Graph(
        tail=tails,
        head=heads,
        length_m=np.hypot(east_m[heads] - east_m[tails], north_m[heads] - north_m[tails]),
        limit_kmh=limits[way_of],
        way=way_of,
        covered=parts[way_of] == "tunnel",
        school=parts[way_of] == "school",
        express=np.isin(parts[way_of], ("express", "tunnel")),
        lit=lit,
        ahead=by_point(tails, count),
        behind=by_point(heads, count),
    )
