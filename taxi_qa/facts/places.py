"""Inside or outside: the licensed area, by the operator's zones first, by shipped law else."""

from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.facts.given import Given, instants, words
from taxi_qa.law.areas import contains, in_polygons, in_zones
from taxi_qa.law.parameter import Law
from taxi_qa.values.clock import city_day

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

_AREA: Final = "licence.area"
_UNKNOWN: Final = "licence.area_unknown"
_ALWAYS: Final = 10_000_000  # a day after every day


def inside_city(
    given: Given, law: Law, lon: Floats, lat: Floats, zone_id: npt.NDArray[np.object_], moments_ms: Int64s
) -> tuple[Floats, npt.NDArray[np.object_]]:
    """Whether each place lies in the licensed area of its day.

    An ingested zone of kind `city` wins over a shipped area; with neither nobody can tell.

    Args:
        given: the records, for its zones.
        law: the place's law, for its shipped area.
        lon: degrees WGS-84, NaN unknown.
        lat: degrees WGS-84, NaN unknown.
        zone_id: the feed's zone where it gives zones instead of places, "" else.
        moments_ms: when; picks the version.

    Returns:
        1 inside, 0 outside, NaN unknown; and the law version or zone each answer leaned on.
    """
    inside = np.full(lon.size, np.nan)
    leans_on = np.full(lon.size, "", dtype=object)
    days = city_day(moments_ms, given.zone)
    known = ~np.isnan(lon) & ~np.isnan(lat)
    zones = given.tables["zones"]
    zones = zones[words(zones["kind"]) == "city"]
    first, last = instants(zones["valid_from_day"], 0), instants(zones["valid_to_day"], _ALWAYS)
    for name, from_day, to_day in zip(words(zones["zone_id"]), first, last, strict=True):
        in_force = (from_day <= days) & (days <= to_day)
        hit = contains(given.areas[name], lon, lat) & in_force
        # The zone's own id, as a feed that sends zones instead of places would name it.
        named = ~known & (zone_id == name) & in_force
        inside[known & in_force & np.isnan(inside)] = 0.0
        inside[hit | named] = 1.0
        leans_on[(known & in_force) | named] = f"zone {name}"
    return _by_law(law, inside, leans_on, lon, lat, zone_id, moments_ms)


def law_of_border(leans_on: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """The law versions among what `inside_city` leaned on: an operator's own zone is no law."""
    return np.array(["" if name.startswith("zone ") else name for name in leans_on], dtype=object)


def _by_law(
    law: Law,
    inside: Floats,
    leans_on: npt.NDArray[np.object_],
    lon: Floats,
    lat: Floats,
    zone_id: npt.NDArray[np.object_],
    moments_ms: Int64s,
) -> tuple[Floats, npt.NDArray[np.object_]]:
    """The answers of the shipped area, by polygon or by the feed's zone, where there is none yet."""
    area, unknown = law.get(_AREA), law.get(_UNKNOWN)
    if area is None:
        return inside, leans_on
    in_zone, told = in_zones(area, zone_id, moments_ms)
    if unknown is not None:
        told &= ~in_zones(unknown, zone_id, moments_ms)[0]
    in_polygon, placed = in_polygons(area, lon, lat, moments_ms)
    rows = (told | placed) & np.isnan(inside)
    inside[rows] = (in_zone | in_polygon)[rows]
    leans_on[rows] = area.names_at(moments_ms)[rows]
    return inside, leans_on
