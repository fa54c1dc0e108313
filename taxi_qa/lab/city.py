"""A made street city: a bent, turned grid near a real place, with ranks, a depot, a tunnel and a border.

Everything is drawn in a flat frame of metres (east, north) about the centre and only turned into degrees
when a file is written; the border stands on the east side, and beyond it lies another town.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Node = tuple[int, int]

BLOCK_M: Final = 400.0
COLUMNS: Final = 81
ROWS: Final = 45
# Node (30, 22) is the centre: 12 km of city to the west and to the east, 8 km of the next town beyond.
CENTRE: Final[Node] = (30, 22)
LAST_CITY_COLUMN: Final = 60
TUNNEL_ROW: Final = 24
TUNNEL_COLUMNS: Final = (40, 43)
RANKS: Final[tuple[Node, ...]] = ((30, 22), (24, 26), (37, 18), (45, 27), (18, 15))
HUB: Final[Node] = (37, 18)
DEPOTS: Final[tuple[Node, ...]] = ((22, 12), (38, 31))

_BEND_M: Final = 60.0
_TURN_RAD: Final = np.radians(9.0)

# WGS-84, written here on its own: the lab does not measure with the ruler it is there to test.
_AXIS_M: Final = 6_378_137.0
_ECC2: Final = 6.694_379_990_14e-3

CENTRES: Final[dict[str, tuple[float, float]]] = {
    "guangzhou": (113.26, 23.13),
    "shenzhen": (114.06, 22.55),
    "zhongshan": (113.38, 22.52),
}


@dataclass(frozen=True)
class City:
    """A made city.

    Attributes:
        name: which tariff and plates it has.
        lon, lat: its centre in degrees (WGS-84).
        east_m, north_m: places of the nodes, shape (COLUMNS, ROWS), metres from the centre.
    """

    name: str
    lon: float
    lat: float
    east_m: Floats
    north_m: Floats

    def place(self, node: Node) -> tuple[float, float]:
        """Metres east and north of a node."""
        return float(self.east_m[node]), float(self.north_m[node])

    def degrees(self, east_m: Floats, north_m: Floats) -> tuple[Floats, Floats]:
        """Longitude and latitude of places given in metres from the centre."""
        east = np.asarray(east_m, dtype=np.float64)
        north = np.asarray(north_m, dtype=np.float64)
        cos, sin = np.cos(_TURN_RAD), np.sin(_TURN_RAD)
        x, y = east * cos - north * sin, east * sin + north * cos
        root = 1.0 - _ECC2 * np.sin(np.radians(self.lat)) ** 2
        lat = self.lat + np.degrees(y / (_AXIS_M * (1.0 - _ECC2) / root**1.5))
        root = 1.0 - _ECC2 * np.sin(np.radians(lat)) ** 2
        lon = self.lon + np.degrees(x / (_AXIS_M / np.sqrt(root) * np.cos(np.radians(lat))))
        return lon, lat

    def ring(self, west_m: float, south_m: float, east_m: float, north_m: float) -> list[list[float]]:
        """A closed ring of degrees about a rectangle of the flat frame (GeoJSON order, 6 decimals)."""
        corners = np.array(
            [[west_m, south_m], [east_m, south_m], [east_m, north_m], [west_m, north_m], [west_m, south_m]]
        )
        lon, lat = self.degrees(corners[:, 0], corners[:, 1])
        return [[round(float(a), 6), round(float(b), 6)] for a, b in zip(lon, lat, strict=True)]


def build_city(name: str, seed: int) -> City:
    """The city of that name, its streets bent by the seed.

    Raises:
        ValueError: no such made city.
    """
    if name not in CENTRES:
        raise ValueError(f"{name!r} is no made city; expected one of {', '.join(sorted(CENTRES))}")
    rng = np.random.default_rng([seed, 1])
    columns, rows = np.meshgrid(np.arange(COLUMNS), np.arange(ROWS), indexing="ij")
    bend = rng.uniform(-_BEND_M, _BEND_M, (2, COLUMNS, ROWS))
    first, last = TUNNEL_COLUMNS
    bend[:, first : last + 1, TUNNEL_ROW] = 0.0  # the tunnel is straight
    lon, lat = CENTRES[name]
    return City(
        name,
        lon,
        lat,
        (columns - CENTRE[0]) * BLOCK_M + bend[0],
        (rows - CENTRE[1]) * BLOCK_M + bend[1],
    )


def tunnel_box() -> tuple[float, float, float, float]:
    """West, south, east, north of the tunnel in metres."""
    first, last = TUNNEL_COLUMNS
    north = (TUNNEL_ROW - CENTRE[1]) * BLOCK_M
    return (first - CENTRE[0]) * BLOCK_M, north - 30.0, (last - CENTRE[0]) * BLOCK_M, north + 30.0


def in_tunnel(east_m: Floats, north_m: Floats) -> npt.NDArray[np.bool_]:
    """Whether each place lies in the tunnel."""
    west, south, east, north = tunnel_box()
    inside: npt.NDArray[np.bool_] = (east_m > west) & (east_m < east) & (north_m > south) & (north_m < north)
    return inside


def border_east_m() -> float:
    """Where the city ends in the east: midway between two columns of streets."""
    return (LAST_CITY_COLUMN + 0.5 - CENTRE[0]) * BLOCK_M


def is_outside(node: Node) -> bool:
    """Whether a node lies beyond the border."""
    return node[0] > LAST_CITY_COLUMN


def route(start: Node, goal: Node, rng: np.random.Generator) -> list[Node]:
    """The nodes from start to goal, both included: along one street, then another, at times a third.

    Every route is as short as the grid allows: an honest car makes no detour.
    """
    (c0, r0), (c1, r1) = start, goal
    bends: list[Node]
    shape = int(rng.integers(0, 4))
    if shape == 0:
        bends = [(c1, r0)]
    elif shape == 1:
        bends = [(c0, r1)]
    elif shape == 2:  # noqa: PLR2004 - the third of four shapes
        middle = int(rng.integers(min(c0, c1), max(c0, c1) + 1))
        bends = [(middle, r0), (middle, r1)]
    else:
        middle = int(rng.integers(min(r0, r1), max(r0, r1) + 1))
        bends = [(c0, middle), (c1, middle)]
    nodes = [start]
    for column, row in (*bends, goal):
        here_c, here_r = nodes[-1]
        step_c, step_r = int(np.sign(column - here_c)), int(np.sign(row - here_r))
        count = max(abs(column - here_c), abs(row - here_r))
        nodes += [(here_c + step_c * k, here_r + step_r * k) for k in range(1, count + 1)]
    return nodes


def node_near(start: Node, distance_m: float, rng: np.random.Generator, *, outside: bool = False) -> Node:
    """A node about that far from `start` by street; inside the city unless `outside`."""
    low, high = (LAST_CITY_COLUMN + 3, COLUMNS - 1) if outside else (0, LAST_CITY_COLUMN)
    blocks = max(1, round(distance_m / BLOCK_M))
    for _ in range(60):
        across = int(rng.integers(0, blocks + 1))
        column = start[0] + across * (1 if rng.random() < 0.5 else -1)  # noqa: PLR2004 - a coin
        row = start[1] + (blocks - across) * (1 if rng.random() < 0.5 else -1)  # noqa: PLR2004 - a coin
        if low <= column <= high and 0 <= row < ROWS and (column, row) != start:
            return column, row
    column = int(np.clip(start[0], low, high))
    row = int(np.clip(start[1], 1, ROWS - 2))
    return (column, row) if (column, row) != start else (column - 1, row)


def zone_features(city: City) -> list[dict[str, object]]:
    """GeoJSON features: the city, the tunnel, and a hub with its holding area and bay."""
    west = (0 - CENTRE[0] - 0.5) * BLOCK_M
    south = (0 - CENTRE[1] - 0.5) * BLOCK_M
    north = (ROWS - CENTRE[1] - 0.5) * BLOCK_M
    hub_e, hub_n = city.place(HUB)
    boxes: list[tuple[dict[str, object], tuple[float, float, float, float]]] = [
        (
            {"zone_id": "CITY", "name": "示范市", "kind": "city"},
            (west, south, border_east_m(), north),
        ),
        ({"zone_id": "TUNNEL1", "name": "示范隧道", "kind": "tunnel"}, tunnel_box()),
        (
            {"zone_id": "HUB1", "name": "示范城轨站", "kind": "hub", "max_wait_min": 45},
            (hub_e - 150, hub_n - 150, hub_e + 150, hub_n + 150),
        ),
        (
            {"zone_id": "HUB1-BAY", "name": "示范城轨站上客区", "kind": "bay", "hub_id": "HUB1"},
            (hub_e - 60, hub_n - 60, hub_e + 60, hub_n + 60),
        ),
    ]
    return [
        {
            "type": "Feature",
            "properties": properties,
            "geometry": {"type": "Polygon", "coordinates": [city.ring(*box)]},
        }
        for properties, box in boxes
    ]
