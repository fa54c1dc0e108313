"""Maps in: an OpenStreetMap extract becomes the home's road network, an operator's table its limits."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import shapely
from shapely.geometry import shape

from taxi_qa.roads.dissection import order_of, save_order
from taxi_qa.roads.limit_areas import limit_index
from taxi_qa.roads.limit_row import LimitRow, Zone, limit_rows
from taxi_qa.roads.limit_table import limit_table
from taxi_qa.roads.network import APART, CLASSES, NO_TAG, TUNNEL, Network, load_network, save_network
from taxi_qa.roads.osm import read_pbf
from taxi_qa.store import library
from taxi_qa.store.home import Home, writing
from taxi_qa.store.road_files import keep_limits, keep_network, network_path, order_path
from taxi_qa.values.clock import clock_text, date_of

Progress = Callable[[int], None]

_GEOJSON: Final = (".geojson", ".json")
_AREAS: Final = ("Polygon", "MultiPolygon")
# As operators name the columns.
_ALIASES: Final = {"limit_kmh": "kmh", "valid_from": "from", "valid_to": "to", "maxspeed": "kmh"}


@dataclass(frozen=True)
class Shape:
    """What a network is made of, for people.

    Attributes:
        source: what it was made from.
        nodes, edges, ways: how many; an edge has one direction.
        length_km: of all edges.
        tagged_share: share of the length with a tagged limit.
        apart_share: share of the length that cannot be reached from the main part, or not left again.
        tunnels_km: length in tunnels.
        by_class: class -> kilometres, share with a tagged limit; classes the network has, widest roads first.
    """

    source: str
    nodes: int
    edges: int
    ways: int
    length_km: float
    tagged_share: float
    apart_share: float
    tunnels_km: float
    by_class: dict[str, tuple[float, float]]


def take_roads(home: Home, path: Path, *, now_ms: int, progress: Progress | None = None) -> Shape:
    """Make the home's road network from an OpenStreetMap extract; the one before is kept, and counts no more.

    Args:
        home: where.
        path: the extract (.osm.pbf, .osm, .osm.bz2).
        now_ms: the present moment.
        progress: told every so often how many roads were read.

    Raises:
        FileNotFoundError: no such file.
        NotAnExtractError: it is none, or holds no road.
    """
    with writing(home):
        network = read_pbf(path, progress)
        path = keep_network(home, lambda beside: save_network(network, beside), now_ms=now_ms)
        # Found once for all routes; whoever misses it finds it anew.
        beside = order_path(path).with_suffix(".tmp")
        save_order(order_of(network), network, beside)
        beside.replace(order_path(path))
    return shape_of(network)


def shape_of(network: Network) -> Shape:
    """What a network is made of."""
    length = network.length_m.astype(np.float64)
    tagged = network.tag_kmh != NO_TAG

    def share(rows: np.ndarray, of: np.ndarray) -> float:
        whole = float(length[of].sum())
        return float(length[of & rows].sum()) / whole if whole else 0.0

    everything = np.ones(network.edges, dtype=bool)
    by_class = {}
    for code, name in enumerate(CLASSES):
        rows = network.road_class == code
        if rows.any():
            by_class[name] = (float(length[rows].sum()) / 1000, share(tagged, rows))
    return Shape(
        source=network.source,
        nodes=network.nodes,
        edges=network.edges,
        ways=int(network.way_id.size),
        length_km=float(length.sum()) / 1000,
        tagged_share=share(tagged, everything),
        apart_share=share((network.edge_flags & APART) != 0, everything),
        tunnels_km=float(length[(network.edge_flags & TUNNEL) != 0].sum()) / 1000,
        by_class=by_class,
    )


@dataclass(frozen=True)
class Taken:
    """What became of an operator's limit table.

    Attributes:
        rows: good rows, which count now.
        refused: the others, each `row 3: kmh: …`, counted from 1.
        nowhere: good rows that mean no road of the home's network, counted from 1; empty without a network.
    """

    rows: int
    refused: list[str]
    nowhere: list[int]


def take_limits(home: Home, path: Path, *, now_ms: int) -> Taken:
    """Take an operator's limit table in; it counts instead of the one before.

    Args:
        home: where.
        path: CSV (UTF-8 or GB18030) or GeoJSON, with the columns or properties of `limit_row.limit_rows`;
            a zone named by its id is taken as it is on record now. `limit_kmh`, `valid_from` and `valid_to`
            are read as `kmh`, `from` and `to`.
        now_ms: the present moment.

    Raises:
        NoLimitsError: not one good row; the table before still counts.
    """
    rows = [_named(row) for row in (_features(path) if path.suffix.lower() in _GEOJSON else _cells(path))]
    good, refused = limit_rows(rows, zones_of(library.records(home, "zones")))
    if not good:
        why = f": {refused[0]}" if refused else "; it holds no row"
        raise NoLimitsError(
            f"{path} holds no limit{why}; expected columns kmh and way_id, line, area or zone_id"
        )
    with writing(home):
        keep_limits(home, lambda beside: _write(good, beside), now_ms=now_ms)
    network = network_path(home)
    nowhere: list[int] = []
    if network is not None:
        one = load_network(network)
        nowhere = [at + 1 for at in limit_table(one, limit_index(one, good), good).without_edges()]
    return Taken(len(good), refused, nowhere)


class NoLimitsError(ValueError):
    """A file without a single good limit."""


def _named(row: Mapping[str, object]) -> dict[str, object]:
    return {_ALIASES.get(str(name).strip().lower(), str(name).strip().lower()): row[name] for name in row}


def _cells(path: Path) -> list[dict[str, object]]:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030", errors="replace")
    return [
        {name: value for name, value in row.items() if name is not None}
        for row in csv.DictReader(io.StringIO(text))
    ]


def _features(path: Path) -> list[dict[str, object]]:
    try:
        collection = json.loads(path.read_text(encoding="utf-8-sig"))
        return [
            {**_place(one.get("geometry") or {}), **(one.get("properties") or {})}
            for one in collection["features"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoLimitsError(f"{path} is no GeoJSON of lines and areas: {type(error).__name__}") from error


def _place(geometry: Mapping[str, object]) -> dict[str, object]:
    """A line by its coordinates, an area as it is; a feature without either may name a way or a zone."""
    if geometry.get("type") in _AREAS:
        return {"area": geometry}
    return {"line": geometry.get("coordinates")}


def zones_of(zones: pd.DataFrame) -> dict[str, Zone]:
    """The zones on record, as limits may name them.

    Args:
        zones: the records, in the columns of the kind `zones`.
    """

    def days(name: str) -> list[int | None]:
        return [None if pd.isna(day) else int(day) for day in zones[name]]

    texts = (zones[name].fillna("").astype(str) for name in ("zone_id", "name", "hours", "geometry"))
    rows = zip(*texts, days("valid_from_day"), days("valid_to_day"), strict=True)
    return {
        zone_id: Zone(shape(json.loads(geometry)), name, from_day, to_day, hours)
        for zone_id, name, hours, geometry, from_day, to_day in rows
    }


def _write(rows: list[LimitRow], path: Path) -> None:
    """As `runs.maps.rows_of` reads it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(("kmh", "way_id", "line", "area", "zone_id", "both_ways", "from", "to", "hours", "name"))
        for row in rows:
            line = ", ".join(f"{lon} {lat}" for lon, lat in row.line)
            days = ("" if day is None else str(date_of(day)) for day in (row.from_day, row.to_day))
            hours = ";".join(f"{clock_text(begin)}-{clock_text(end)}" for begin, end in row.hours)
            out.writerow(
                (
                    row.kmh, "" if row.way_id is None else row.way_id, f"LINESTRING ({line})" if line else "",
                    "" if row.area is None else shapely.to_wkt(row.area, rounding_precision=7), row.zone_id,
                    "yes" if row.both_ways else "", *days, hours, row.name,
                )
            )  # fmt: skip
