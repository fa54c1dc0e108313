"""Dated areas: sets of a feed's zone ids, and polygons, asked for whole columns at once."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from taxi_qa.law.parameter import Areas, Law, Parameter
from taxi_qa.law.strict import BadLaw
from taxi_qa.paths import shipped

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]

_POLYGONS: Final = ("Polygon", "MultiPolygon")


def in_zones(parameter: Parameter, zones: Texts, instants_ms: Int64s) -> tuple[Bools, Bools]:
    """Which zone ids belong to a dated area at their instants.

    Args:
        parameter: of kind `areas`, its values given as zone ids.
        zones: object[n] ids, "" where the feed names none.
        instants_ms: int64[n].

    Returns:
        `inside` bool[n] and `known` bool[n]: not known where no version is in force, where the version
        in force is a polygon, or where the id is "". `inside` is False where not known.
    """
    index = parameter.version_index(instants_ms)
    ids = np.asarray(zones, dtype=object)
    inside, known = np.zeros(ids.shape, dtype=np.bool_), np.zeros(ids.shape, dtype=np.bool_)
    named = pd.Series(ids, dtype=object).fillna("").astype(str)
    for number in np.unique(index[index >= 0]):
        areas = parameter.versions[number].value
        if isinstance(areas, Areas) and areas.zones:
            here = index == number
            known |= here & (named != "").to_numpy()
            inside |= here & named.isin(areas.zones).to_numpy()
    return inside, known


def in_polygons(parameter: Parameter, lon: Floats, lat: Floats, instants_ms: Int64s) -> tuple[Bools, Bools]:
    """Which places lie in a dated area at their instants.

    Args:
        parameter: of kind `areas`, its values given as GeoJSON.
        lon, lat: float64[n] degrees WGS-84, NaN where the place is missing.
        instants_ms: int64[n].

    Returns:
        `inside` bool[n] and `known` bool[n]: not known where no version is in force, where the version
        in force is a set of zone ids, or where the place is missing. `inside` is False where not known.

    Raises:
        BadLaw: as `polygon_of`.
    """
    index = parameter.version_index(instants_ms)
    placed = ~np.isnan(lon) & ~np.isnan(lat)
    inside, known = np.zeros(placed.shape, dtype=np.bool_), np.zeros(placed.shape, dtype=np.bool_)
    for number in np.unique(index[index >= 0]):
        areas = parameter.versions[number].value
        polygon = polygon_of(areas) if isinstance(areas, Areas) else None
        if polygon is not None:
            here = placed & (index == number)
            known |= here
            inside[here] = contains(polygon, lon[here], lat[here])
    return inside, known


def area_at(law: Law, path: str, instant_ms: int) -> Areas | None:
    """The area of that path at one instant, None where the place has none in force."""
    parameter = law.get(path)
    version = parameter.on(instant_ms) if parameter else None
    return version.value if version and isinstance(version.value, Areas) else None


@lru_cache(maxsize=32)
def polygon_of(areas: Areas, root: Path | None = None) -> BaseGeometry | None:
    """The polygons of an area that ships as GeoJSON (WGS-84), None where it is a set of zone ids.

    Read once a process.

    Raises:
        BadLaw: the file is missing, no GeoJSON, or holds no polygon.
    """
    if not areas.geojson:
        return None
    folder = (shipped("data") if root is None else root) / "zones"
    path = folder / areas.geojson
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        features = content["features"] if content["type"] == "FeatureCollection" else [content]
        shapes = [shape(feature.get("geometry", feature)) for feature in features]
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise BadLaw(f"zones/{areas.geojson}: no readable GeoJSON ({type(error).__name__})") from None
    kept = [one for one in shapes if one.geom_type in _POLYGONS]
    if not kept:
        raise BadLaw(f"zones/{areas.geojson}: features: expected a Polygon or MultiPolygon")
    return shapely.union_all(kept)


def contains(geometry: shapely.Geometry, lon: Floats, lat: Floats) -> Bools:
    """Which places (degrees, WGS-84) lie inside: bool[n]; missing places do not.

    The border itself is inside: exactly at the limit is lawful.
    A box test first: most places of a fleet lie far from a hub, and the exact test costs 20 times more.
    """
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    west, south, east, north = shapely.bounds(geometry)
    inside: Bools = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    near = np.flatnonzero(inside)
    if near.size:
        shapely.prepare(geometry)
        inside[near] = shapely.intersects_xy(geometry, lon[near], lat[near])
    return inside
