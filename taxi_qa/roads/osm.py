"""Out of an OpenStreetMap extract into a `Network`: the roads a taxi may drive, and nothing else."""

import errno
import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import osmium

from taxi_qa.roads.network import BRIDGE, CLASSES, NO_TAG, ROUNDABOUT, TUNNEL, Network, Way, network_of

_CLASSES: Final = frozenset(CLASSES)
_ONE_WAY_BY_CLASS: Final = frozenset({"motorway", "motorway_link"})
_CLOSED: Final = frozenset({"no", "private", "agricultural", "forestry", "emergency", "military"})
_OPEN: Final = frozenset({"yes", "designated", "permissive", "official"})
_KMH_PER_MPH: Final = 1.609344
_SPEED: Final = re.compile(r"^(\d+(?:\.\d+)?)\s*(mph|km/h|kmh|kph)?$")
_PIECES_TOLD: Final = 20_000

Progress = Callable[[int], None]


class NotAnExtractError(ValueError):
    """A file that is no OpenStreetMap extract, or one without roads."""


def read_pbf(path: Path, progress: Progress | None = None) -> Network:
    """The network of an OpenStreetMap extract (.osm.pbf, .osm, .osm.bz2).

    Args:
        path: the extract.
        progress: told every so often how many ways were read.

    Raises:
        FileNotFoundError: no such file.
        NotAnExtractError: names the file and what is wrong with it.
    """
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, "no such file; expected an extract (.osm.pbf)", str(path))
    points = _Points()
    ways: list[Way] = []
    try:
        reader = osmium.FileProcessor(str(path)).with_locations()
        for at, thing in enumerate(reader.with_filter(osmium.filter.KeyFilter("highway"))):
            if progress is not None and at % _PIECES_TOLD == 0:
                progress(len(ways))
            if isinstance(thing, osmium.osm.Way):
                tags = dict(thing.tags)
                nodes = points.of(thing) if may_drive(tags) else []
                if len(nodes) > 1:
                    ways.append(way_of(int(thing.id), tags, nodes))
    except (RuntimeError, osmium.InvalidLocationError) as error:
        raise NotAnExtractError(
            f"{path}: {str(error) or 'cannot be read'}; expected an OpenStreetMap extract (.osm.pbf)"
        ) from error
    if not ways:
        raise NotAnExtractError(f"{path} holds no road a taxi may drive; expected an extract of a city")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    source = f"{path.name} sha256:{digest}, © OpenStreetMap contributors (ODbL)"
    lon_e7, lat_e7 = (np.array(axis, dtype=np.int32) for axis in (points.lon_e7, points.lat_e7))
    return network_of(lon_e7, lat_e7, ways, source=source)


class _Points:
    """The points of roads, numbered as they are met."""

    def __init__(self) -> None:
        self._number: dict[int, int] = {}
        self.lon_e7: list[int] = []
        self.lat_e7: list[int] = []

    def of(self, way: osmium.osm.Way) -> list[int]:
        """The points of a way; those beyond the border of the extract are not there."""
        nodes: list[int] = []
        for node in way.nodes:
            if not node.location.valid():
                continue
            if node.ref not in self._number:
                self._number[node.ref] = len(self.lon_e7)
                self.lon_e7.append(node.location.x)
                self.lat_e7.append(node.location.y)
            if not nodes or nodes[-1] != self._number[node.ref]:
                nodes.append(self._number[node.ref])
        return nodes


def may_drive(tags: Mapping[str, str]) -> bool:
    """Whether a taxi may drive on a road with these tags."""
    if tags.get("highway") not in _CLASSES or tags.get("area") == "yes":
        return False
    for key in ("taxi", "psv", "motorcar", "motor_vehicle", "vehicle", "access"):
        # The most particular word decides.
        if key in tags:
            if tags[key] in _OPEN:
                return True
            if tags[key] in _CLOSED:
                return False
    return True


def way_of(way_id: int, tags: Mapping[str, str], nodes: list[int]) -> Way:
    """A way with what its tags say of direction, limits and structure."""
    one_way = tags.get("oneway", "")
    roundabout = tags.get("junction") in ("roundabout", "circular")
    forward, backward = True, True
    if one_way == "-1":
        forward = False
    elif one_way in ("yes", "true", "1") or (
        one_way != "no" and (roundabout or tags["highway"] in _ONE_WAY_BY_CLASS)
    ):
        backward = False
    flags = ROUNDABOUT if roundabout else 0
    flags |= TUNNEL if tags.get("tunnel", "no") not in ("no", "culvert") else 0
    flags |= BRIDGE if tags.get("bridge", "no") != "no" else 0
    both = limit_of(tags)
    return Way(
        way_id=way_id,
        name=tags.get("name", tags.get("ref", "")).replace("\n", " "),
        road_class=tags["highway"],
        nodes=nodes,
        forward=forward,
        backward=backward,
        flags=flags,
        forward_kmh=_speed(tags.get("maxspeed:forward", ""), both),
        backward_kmh=_speed(tags.get("maxspeed:backward", ""), both),
    )


def limit_of(tags: Mapping[str, str]) -> int:
    """The tagged limit of both directions (km/h), `NO_TAG` where none; of several lanes the highest.

    Signs that change by the hour (`signals`, `variable`) and words for a default (`CN:urban`) are no number.
    """
    lanes = [_speed(text, NO_TAG) for text in tags.get("maxspeed:lanes", "").split("|")]
    return max(_speed(tags.get("maxspeed", ""), NO_TAG), *lanes)


def _speed(text: str, otherwise: int) -> int:
    found = _SPEED.match(text.strip().lower())
    if found is None:
        return otherwise
    kmh = float(found[1]) * (_KMH_PER_MPH if found[2] == "mph" else 1.0)
    return round(kmh)
