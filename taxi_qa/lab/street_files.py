"""The made streets as files: an OpenStreetMap extract, and the operator's table of limits beside it.

They lie in a folder of their own: they are no records, and who takes a folder of records in need not know.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from xml.sax.saxutils import quoteattr

from taxi_qa.lab import city as town
from taxi_qa.lab.streets import Streets, Way
from taxi_qa.lab.wayfinding import SCHOOL_KMH

ROADS_FOLDER: Final = "roads"
STREETS_FILE: Final = "streets.osm"
LIMITS_FILE: Final = "limits.csv"
LIMIT_COLUMNS: Final = ("way_id", "name", "limit_kmh", "valid_from", "valid_to", "hours")
_VALID_FROM: Final = "2024-01-01"
_SCHOOL_HOURS: Final = "07:00-09:00"
_HUB_REACH_M: Final = 70.0


def write_street_files(folder: Path, streets: Streets) -> None:
    """Writes `roads/streets.osm` and `roads/limits.csv`; the same streets give the same bytes."""
    folder = folder / ROADS_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / STREETS_FILE).open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in _map_lines(streets))
    with (folder / LIMITS_FILE).open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(LIMIT_COLUMNS)
        out.writerows(row for way in streets.ways for row in limit_rows(way))


def limit_rows(way: Way) -> Iterator[tuple[object, ...]]:
    """The operator's rows for a way: its limit at all hours, and before a school the lower one."""
    if not way.in_table:
        return
    yield way.way_id, way.kind.name, way.kind.limit_kmh, _VALID_FROM, "", ""
    if way.kind.part == "school":
        yield way.way_id, way.kind.name, round(SCHOOL_KMH), _VALID_FROM, "", _SCHOOL_HOURS


def tags_of(way: Way) -> dict[str, str]:
    """What OpenStreetMap would say of a way."""
    kind = way.kind
    tags = {"highway": kind.road_class, "name": kind.name}
    if kind.towards:
        tags["oneway"] = "yes"
    if way.signed_kmh:
        tags["maxspeed"] = str(way.signed_kmh)
    over = {"tunnel": "yes", "layer": "-1"} if kind.part == "tunnel" else {"bridge": "yes", "layer": "1"}
    if kind.part in ("tunnel", "bridge", "express"):
        tags |= over
    if kind.part == "roundabout":
        tags["junction"] = "roundabout"
    return tags


def _map_lines(streets: Streets) -> Iterator[str]:
    areas: list[tuple[town.Box, dict[str, str]]] = [
        (town.around(streets.city, node, _HUB_REACH_M), {"name": name, **tags})
        for _, name, node, tags in town.HUBS
    ]
    areas.append((town.river_box(), {"name": "示范江", "natural": "water", "water": "river"}))
    lon, lat = streets.city.degrees(streets.east_m, streets.north_m)
    places = list(zip(lon.tolist(), lat.tolist(), strict=True))
    outlines = [streets.city.outline(box)[:-1] for box, _ in areas]
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield '<osm version="0.6" generator="taxi-qa lab: a made city">'
    corners = [(east, north) for outline in outlines for east, north in outline]
    for number, (east, north) in enumerate([*places, *corners], start=1):
        yield f' <node id="{number}" version="1" lat="{north:.7f}" lon="{east:.7f}"/>'
    for way in streets.ways:
        yield from _way_lines(way.way_id, [point + 1 for point in way.points], tags_of(way))
    next_id = streets.ways[-1].way_id + 1
    first = len(places) + 1
    for number, (_, tags) in enumerate(areas):
        ring = [first + number * 4 + at for at in (0, 1, 2, 3, 0)]
        yield from _way_lines(next_id + number, ring, tags)
    yield "</osm>"


def _way_lines(way_id: int, nodes: list[int], tags: dict[str, str]) -> Iterator[str]:
    yield f' <way id="{way_id}" version="1">'
    for node in nodes:
        yield f'  <nd ref="{node}"/>'
    for key, value in tags.items():
        yield f"  <tag k={quoteattr(key)} v={quoteattr(value)}/>"
    yield " </way>"
