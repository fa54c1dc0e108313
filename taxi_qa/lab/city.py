"""Where a made city lies and how it is laid out: corners of a bent, turned grid near a real place.

Everything is drawn in a flat frame of metres (east, north) about the centre and only turned into degrees
when a file is written; the border stands on the east side, and beyond it lies another town. A river runs
through the north, and an expressway from west to east above the street of one row (`taxi_qa.lab.streets`).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Node = tuple[int, int]
Box = tuple[float, float, float, float]

BLOCK_M: Final = 400.0
COLUMNS: Final = 81
ROWS: Final = 45
# Node (30, 22) is the centre: 12 km of city to the west and to the east, 8 km of the next town beyond.
CENTRE: Final[Node] = (30, 22)
LAST_CITY_COLUMN: Final = 60
EXPRESSWAY_ROW: Final = 24
TUNNEL_COLUMNS: Final = (40, 43)
# The river flows between this row and the next; every sixth street crosses it.
RIVER_ROW: Final = 33
BRIDGES: Final = tuple(range(0, COLUMNS, 6))
# A crossing of two wide streets that is a roundabout; its corner is the eastern point of the circle.
ROUNDABOUT: Final[Node] = (26, 18)
ROUNDABOUT_RADIUS_M: Final = 45.0
STATION: Final[Node] = (37, 18)
COACHES: Final[Node] = (24, 26)
PIER: Final[Node] = (45, 32)
RANKS: Final[tuple[Node, ...]] = ((30, 22), COACHES, STATION, (45, 27), (18, 15), PIER)
DEPOTS: Final[tuple[Node, ...]] = ((22, 12), (38, 31))

_BEND_M: Final = 60.0
TURN_DEG: Final = 9.0
_TURN_RAD: Final = np.radians(TURN_DEG)

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

    def outline(self, box: Box) -> list[list[float]]:
        """A closed line of degrees about a rectangle of the flat frame (GeoJSON order, 6 decimals)."""
        west_m, south_m, east_m, north_m = box
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
    bend[:, :, EXPRESSWAY_ROW] = 0.0  # the expressway and the street below it are straight
    lon, lat = CENTRES[name]
    east_m = (columns - CENTRE[0]) * BLOCK_M + bend[0]
    east_m[ROUNDABOUT] += ROUNDABOUT_RADIUS_M
    return City(name, lon, lat, east_m, (rows - CENTRE[1]) * BLOCK_M + bend[1])


def corner_of(node: Node) -> int:
    """The number of a street corner; other points of streets are numbered after the corners."""
    return node[0] * ROWS + node[1]


def node_at(east_m: float, north_m: float) -> Node:
    """The corner that lies about there."""
    column = int(np.clip(round(east_m / BLOCK_M) + CENTRE[0], 0, COLUMNS - 1))
    return column, int(np.clip(round(north_m / BLOCK_M) + CENTRE[1], 0, ROWS - 1))


def tunnel_box() -> Box:
    """West, south, east, north of the tunnel in metres."""
    first, last = TUNNEL_COLUMNS
    north = (EXPRESSWAY_ROW - CENTRE[1]) * BLOCK_M
    return (first - CENTRE[0]) * BLOCK_M, north - 30.0, (last - CENTRE[0]) * BLOCK_M, north + 30.0


def river_box() -> Box:
    """West, south, east, north of the river in metres."""
    north = (RIVER_ROW + 0.5 - CENTRE[1]) * BLOCK_M
    return -CENTRE[0] * BLOCK_M, north - 60.0, (COLUMNS - 1 - CENTRE[0]) * BLOCK_M, north + 60.0


def border_east_m() -> float:
    """Where the city ends in the east: midway between two columns of streets."""
    return (LAST_CITY_COLUMN + 0.5 - CENTRE[0]) * BLOCK_M


def is_outside(node: Node) -> bool:
    """Whether a node lies beyond the border."""
    return node[0] > LAST_CITY_COLUMN


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


def node_beyond(start: Node, here: Node, distance_m: float, rng: np.random.Generator) -> Node:
    """A node about that far from `here` that leads on from `start`, not back to it."""
    goals = [node_near(here, distance_m, rng) for _ in range(12)]
    return max(goals, key=lambda goal: abs(goal[0] - start[0]) + abs(goal[1] - start[1]))


# The city's hubs: zone, name, where, and how OpenStreetMap tags such a place.
HUBS: Final[tuple[tuple[str, str, Node, dict[str, str]], ...]] = (
    ("HUB1", "示范城轨站", STATION, {"railway": "station", "station": "light_rail"}),
    ("HUB2", "示范汽车客运站", COACHES, {"amenity": "bus_station"}),
    ("HUB3", "示范客运码头", PIER, {"amenity": "ferry_terminal"}),
)


def hub_at(node: Node) -> int | None:
    """The number of the hub at a corner, None where there is none."""
    return next((at for at, (_, _, place, _) in enumerate(HUBS) if place == node), None)


def around(city: City, node: Node, reach_m: float) -> Box:
    """A square about a corner."""
    east, north = city.place(node)
    return east - reach_m, north - reach_m, east + reach_m, north + reach_m


def zone_features(city: City) -> list[dict[str, object]]:
    """GeoJSON features: the city, the tunnel, and the hubs with their bays."""
    west = (0 - CENTRE[0] - 0.5) * BLOCK_M
    south = (0 - CENTRE[1] - 0.5) * BLOCK_M
    north = (ROWS - CENTRE[1] - 0.5) * BLOCK_M
    boxes: list[tuple[dict[str, object], Box]] = [
        ({"zone_id": "CITY", "name": "示范市", "kind": "city"}, (west, south, border_east_m(), north)),
        ({"zone_id": "TUNNEL1", "name": "示范隧道", "kind": "tunnel"}, tunnel_box()),
    ]
    for zone_id, name, node, _ in HUBS:
        hub: dict[str, object] = {"zone_id": zone_id, "name": name, "kind": "hub", "max_wait_min": 45}
        bay: dict[str, object] = {
            "zone_id": f"{zone_id}-BAY", "name": f"{name}上客区", "kind": "bay", "hub_id": zone_id,
        }  # fmt: skip
        boxes += [(hub, around(city, node, 150.0)), (bay, around(city, node, 60.0))]
    return [
        {
            "type": "Feature",
            "properties": properties,
            "geometry": {"type": "Polygon", "coordinates": [city.outline(box)]},
        }
        for properties, box in boxes
    ]
