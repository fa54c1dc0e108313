"""Where trips begin at hubs: how far from the nearest bay, how deep inside a zone where nobody may load."""

from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from taxi_qa.facts.given import Given, positions_of
from taxi_qa.facts.hub_turns import carried
from taxi_qa.facts.hub_zones import BAY, HUB, LOADING, NO_PICKUP, HubZones, hub_zones, in_force, places_in
from taxi_qa.facts.spans import place_at
from taxi_qa.facts.unit import UNIT_COLUMNS, unit_rows
from taxi_qa.law.parameter import Law
from taxi_qa.values.clock import MS_PER_S
from taxi_qa.values.columns import Columns
from taxi_qa.values.place import E7, metres_per_degree

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# A meter starts as the car pulls out: it may have stood in the bay so long before.
BEFORE_S: Final = 30
_STEP_S: Final = 10
_NOWHERE: Final = -(2**31)


def hub_pickups(trips: Columns, given: Given, law: Law) -> Columns:  # noqa: ARG001 - every unit is asked alike
    """The trips that began at a hub or in a zone without pick-up, and those of which nobody knows.

    The nearest of the places counts where the car was from half a minute before the meter started to its
    latest start, and of the place the trip's own record gives.

    Args:
        trips: `metered_trips`.
        given: the records.
        law: of the place.

    Returns:
        Unit columns and hub; has_bays (any in force); off_bay_m: to the nearest bay (0 inside one),
        no_pickup_m: how deep inside a zone without pick-up (0 outside); in_loading_lane; since_set_down_s:
        since the car's ride before, NaN none; is_reserved.
    """
    zones = hub_zones(given)
    if zones is None:
        return _none(trips)
    moments, owner = _moments(trips)
    vehicle = positions_of(given.track.vehicle_ids, trips["vehicle_id"])
    lon, lat = place_at(given.track, vehicle[owner], moments)
    own = np.arange(len(trips))
    owner, moments = np.concatenate((owner, own)), np.concatenate((moments, trips["start_ms"]))
    lon, lat = np.concatenate((lon, trips["lon"])), np.concatenate((lat, trips["lat"]))
    known = ~np.isnan(lon) & ~np.isnan(lat)
    unknown = np.bincount(owner[known], minlength=len(trips)) == 0
    lon_e7, lat_e7 = (
        np.where(known, np.rint(np.where(known, axis, 0.0) * E7), _NOWHERE).astype(np.int32)
        for axis in (lon, lat)
    )
    found = places_in(zones, lon_e7, lat_e7, moments, given.zone)
    of_trip = owner[found["place"]]
    # Where it began is the place at the meter's start: the last of its places.
    begun = found["place"] >= owner.size - own.size
    hub = np.full(len(trips), -1, dtype=np.int64)
    at_hub = begun & ((found["bits"] & HUB) != 0)
    hub[of_trip[at_hub]] = found["hub"][at_hub]
    barred = np.zeros(len(trips), dtype=bool)
    barred[of_trip[begun & ((found["bits"] & NO_PICKUP) != 0)]] = True
    rows = np.flatnonzero((hub >= 0) | barred | unknown)
    lane = np.zeros(len(trips), dtype=bool)
    lane[of_trip[(found["bits"] & LOADING) != 0]] = True
    in_bay = np.zeros(len(trips), dtype=bool)
    same = (found["bits"] & BAY) != 0
    in_bay[of_trip[same]] = True
    places = (owner, moments, lon, lat)
    off_bay, has_bays = _off_bay(zones, given, rows, hub, places)
    since, reserved = _before(given, trips)
    chosen = {name: trips[name][rows] for name in UNIT_COLUMNS}
    chosen["missing"] = np.where(unknown[rows], "positions", "").astype(object)
    return unit_rows(
        given,
        {
            **chosen,
            "hub": np.append(zones.hubs, "").astype(object)[np.where(hub < 0, zones.hubs.size, hub)[rows]],
            "is_at_hub": hub[rows] >= 0,
            "has_bays": has_bays,
            "off_bay_m": np.where(in_bay[rows], 0.0, off_bay),
            "no_pickup_m": _depth(zones, given, rows, barred, places),
            "in_loading_lane": lane[rows],
            "since_set_down_s": since[rows],
            "is_reserved": reserved[rows],
        },
    )


def _none(trips: Columns) -> Columns:
    rows = Columns(trips.some(*UNIT_COLUMNS)).cut(np.zeros(0, dtype=np.int64))
    numbers, truths = np.zeros(0), np.zeros(0, dtype=bool)
    return rows.but(
        {
            "hub": np.zeros(0, dtype=object),
            **dict.fromkeys(("off_bay_m", "no_pickup_m", "since_set_down_s"), numbers),
            **dict.fromkeys(("is_at_hub", "has_bays", "in_loading_lane", "is_reserved"), truths),
        }
    )


def _moments(trips: Columns) -> tuple[Int64s, Int64s]:
    """Moments around the start of each trip, and the trip of each."""
    steps = np.arange(-BEFORE_S, 60 + 1, _STEP_S)
    latest = trips["slack_s"]
    owner, step = np.meshgrid(np.arange(len(trips)), steps, indexing="ij")
    keep = step <= latest[:, None]
    moments = trips["start_ms"][:, None] + step * MS_PER_S
    return moments[keep].astype(np.int64), owner[keep]


Places = tuple[Int64s, Int64s, Floats, Floats]


def _off_bay(
    zones: HubZones, given: Given, rows: Int64s, hub: Int64s, places: Places
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Metres from the nearest place of each trip to the nearest bay in force, NaN where there is none."""
    owner, moments, lon, lat = places
    nearest = np.full(rows.size, np.inf)
    has_bays = np.zeros(rows.size, dtype=bool)
    of_row = {int(row): at for at, row in enumerate(rows)}
    wanted = np.flatnonzero(np.isin(owner, rows[hub[rows] >= 0]) & ~np.isnan(lon))
    at = np.array([of_row[int(one)] for one in owner[wanted]], dtype=np.int64)
    for number in np.flatnonzero((zones.bits & BAY) != 0):
        mine = zones.hub[number] == hub[owner[wanted]]
        mine &= in_force(zones, np.full(wanted.size, number, dtype=np.int32), moments[wanted], given.zone)
        has_bays[at[mine]] = True
        away = _metres(zones.areas[number], lon[wanted[mine]], lat[wanted[mine]])
        np.minimum.at(nearest, at[mine], away)
    return np.where(has_bays, nearest, np.nan), has_bays


def _depth(
    zones: HubZones, given: Given, rows: Int64s, barred: npt.NDArray[np.bool_], places: Places
) -> Floats:
    """Metres each trip's shallowest place lies inside zones without pick-up, 0 outside."""
    owner, moments, lon, lat = places
    depth = np.zeros(rows.size)
    banned = np.flatnonzero((zones.bits & NO_PICKUP) != 0)
    for at in np.flatnonzero(barred[rows]):
        mine = np.flatnonzero((owner == rows[at]) & ~np.isnan(lon))
        inside = np.zeros(mine.size)
        for number in banned:
            holds = in_force(zones, np.full(mine.size, number, dtype=np.int32), moments[mine], given.zone)
            within = holds & shapely.intersects_xy(zones.areas[number], lon[mine], lat[mine])
            edge = _metres(shapely.boundary(zones.areas[number]), lon[mine], lat[mine])
            inside = np.maximum(inside, np.where(within, edge, 0.0))
        depth[at] = inside.min(initial=np.inf) if mine.size else 0.0
    return depth


def _metres(area: shapely.Geometry, lon: Floats, lat: Floats) -> Floats:
    """Metres from places to an area, 0 inside: in a flat frame about it, right to a part in a thousand."""
    ((x, y),) = shapely.get_coordinates(shapely.centroid(area))
    per_lon, per_lat = metres_per_degree(float(y))
    scale = np.array([per_lon, per_lat])
    flat = shapely.transform(area, lambda xy: (xy - [x, y]) * scale)
    result: Floats = shapely.distance(flat, shapely.points((lon - x) * per_lon, (lat - y) * per_lat))
    return result


def _before(given: Given, trips: Columns) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Seconds since the car's ride before each trip ended, NaN none; and whether the trip was ordered."""
    rides = carried(given)
    since = np.full(len(trips), np.nan)
    reserved = np.zeros(len(trips), dtype=bool)
    row_of = {name: at for at, name in enumerate(rides["trip_id"].tolist()) if name}
    at = np.array([row_of.get(name, -1) for name in trips["trip_id"]], dtype=np.int64)
    for row in np.flatnonzero(at >= 0):
        ride = at[row]
        reserved[row] = rides["order_id"][ride] != ""
        if ride > 0 and rides["vehicle"][ride - 1] == rides["vehicle"][ride]:
            since[row] = (rides["start_ms"][ride] - rides["end_ms"][ride - 1]) / 1000.0
    return since, reserved
