"""Inside or outside: the licensed area, by the operator's zones first, by shipped law else."""

from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from taxi_qa.facts.given import Given, instants, words
from taxi_qa.law.parameter import Areas, Law
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
        rows = known & (from_day <= days) & (days <= to_day)
        hit = np.zeros(lon.size, dtype=bool)
        # The border itself is inside: exactly at the limit is lawful.
        hit[rows] = shapely.intersects_xy(given.areas[name], lon[rows], lat[rows])
        inside[rows & np.isnan(inside)] = 0.0
        inside[hit] = 1.0
        leans_on[rows] = f"zone {name}"
        # The zone's own id, as a feed that sends zones instead of places would name it.
        inside[~known & (zone_id == name) & (from_day <= days) & (days <= to_day)] = 1.0
    return _by_law(law, inside, leans_on, zone_id, moments_ms)


def _by_law(
    law: Law,
    inside: Floats,
    leans_on: npt.NDArray[np.object_],
    zone_id: npt.NDArray[np.object_],
    moments_ms: Int64s,
) -> tuple[Floats, npt.NDArray[np.object_]]:
    parameter, unknown = law.get(_AREA), law.get(_UNKNOWN)
    if parameter is None:
        return inside, leans_on
    names, index = parameter.names_at(moments_ms), parameter.version_index(moments_ms)
    for at in np.unique(index[index >= 0]):
        area = parameter.versions[at].value
        if not isinstance(area, Areas) or not area.zones:
            continue
        silent = frozenset({""})
        if unknown is not None:
            version = unknown.on(int(moments_ms[index == at][0]))
            silent |= (
                version.value.zones
                if version is not None and isinstance(version.value, Areas)
                else frozenset()
            )
        rows = np.flatnonzero((index == at) & np.isnan(inside))
        told = np.array([name not in silent for name in zone_id[rows]], dtype=bool)
        inside[rows[told]] = np.array([float(name in area.zones) for name in zone_id[rows[told]]])
        leans_on[rows[told]] = names[rows[told]]
    return inside, leans_on
