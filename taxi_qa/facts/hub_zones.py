"""The zones of hubs (stations, piers, ranks), and which positions lay in them at hours they are in force.

A hub is everything its zones cover: its own outline, bays (the pick-up edge), holding areas, set-down lanes.
A zone of a part says by `hub_id` whose it is; one that does not belongs to the hub it lies in.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from taxi_qa.facts.given import Given, instants, numbers, words
from taxi_qa.roads.limit_row import hours_of
from taxi_qa.values.clock import MS_PER_DAY, MS_PER_H, city_day, offset_ms
from taxi_qa.values.columns import Columns, Texts
from taxi_qa.values.zone_grid import ZoneGrid, zone_grid, zones_at

Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]

# What a place is, as bits.
HUB: Final = 1
BAY: Final = 2
HOLDING: Final = 4
SET_DOWN: Final = 8
LOADING: Final = 16  # a set-down lane in which passengers may get in at once
NO_PICKUP: Final = 32
_BITS: Final = {
    "hub": HUB, "bay": HUB | BAY, "holding": HUB | HOLDING, "set_down": HUB | SET_DOWN, "no_pickup": NO_PICKUP
}  # fmt: skip
# A queue at midnight has cars of both days in it: so much of either is looked at.
AROUND_MS: Final = 3 * MS_PER_H
_ALWAYS: Final = 10_000_000  # a day after every day


@dataclass(frozen=True)
class HubZones:
    """The zones of all hubs.

    Attributes:
        grid: of their outlines; all below stand in its order.
        areas: the outlines.
        hub: index into `hubs`, -1 for a no_pickup zone of no hub.
        bits: what each makes of a place.
        first_day, last_day: city days, both included.
        hours: spans of each since midnight (ms), none for all hours.
        hubs: names of the hubs.
        has_bays: whether each hub has any bay.
        max_wait_s: longest wait each hub allows on the judged day, NaN where it says none.
    """

    grid: ZoneGrid
    areas: tuple[shapely.Geometry, ...]
    hub: Int64s
    bits: npt.NDArray[np.int16]
    first_day: Int64s
    last_day: Int64s
    hours: tuple[tuple[tuple[int, int], ...], ...]
    hubs: Texts
    has_bays: npt.NDArray[np.bool_]
    max_wait_s: npt.NDArray[np.float64]


def hub_zones(given: Given) -> HubZones | None:
    """The zones of all hubs, None where nobody drew any; worked out once."""
    return given.once("hub_zones", _hub_zones)


def _hub_zones(given: Given) -> HubZones | None:
    table = given.tables["zones"]
    table = table[np.isin(words(table["kind"]).astype(str), list(_BITS))]
    usable = [shapely.is_valid(given.areas[name]) for name in words(table["zone_id"])]
    table = table[np.array(usable, dtype=bool)].reset_index(drop=True)
    if not len(table):
        return None
    kind = words(table["kind"])
    areas = tuple(given.areas[name] for name in words(table["zone_id"]))
    owner = _owners(table, areas)
    bits = np.array([_BITS[one] for one in kind], dtype=np.int16)
    bits[(kind == "set_down") & _is_true(table["loading"])] |= LOADING
    hubs = np.unique(owner[owner != ""].astype(str)).astype(object)
    number = {name: at for at, name in enumerate(hubs.tolist())}
    hub = np.array([number.get(name, -1) for name in owner], dtype=np.int64)
    bits[(hub < 0) & (bits != NO_PICKUP)] = 0
    has_bays = np.zeros(hubs.size, dtype=bool)
    has_bays[hub[((bits & BAY) != 0) & (hub >= 0)]] = True
    return HubZones(
        zone_grid(areas), areas, hub, bits, instants(table["valid_from_day"], 0),
        instants(table["valid_to_day"], _ALWAYS), tuple(hours_of(text) for text in words(table["hours"])),
        hubs, has_bays, _max_wait_s(given, table, hub, hubs.size),
    )  # fmt: skip


def _max_wait_s(given: Given, table: pd.DataFrame, hub: Int64s, hubs: int) -> npt.NDArray[np.float64]:
    """The longest wait of each hub by its own zones in force on the judged day; of several the longest."""
    day = int(city_day(np.array([given.from_ms]), given.zone)[0])
    said = numbers(table["max_wait_min"]) * 60.0
    first, last = instants(table["valid_from_day"], 0), instants(table["valid_to_day"], _ALWAYS)
    rows = np.flatnonzero((hub >= 0) & (first <= day) & (day <= last) & (said > 0))
    most_s = np.zeros(hubs)
    np.maximum.at(most_s, hub[rows], said[rows])
    return np.where(most_s > 0, most_s, np.nan)


def _is_true(column: "pd.Series[bool]") -> npt.NDArray[np.bool_]:
    return np.asarray(column.fillna(value=False).to_numpy(dtype=bool), dtype=bool)


def _owners(table: pd.DataFrame, areas: tuple[shapely.Geometry, ...]) -> Texts:
    """The hub of each zone: as it says, a hub's own name, else the one hub it lies in; "" for none."""
    kind, zone_id, said = (words(table[name]) for name in ("kind", "zone_id", "hub_id"))
    owner = np.where((said == "") & (kind == "hub"), zone_id, said).astype(object)
    for at in np.flatnonzero(owner == ""):
        inside = shapely.point_on_surface(areas[at])
        around = [i for i in np.flatnonzero(kind == "hub") if shapely.covers(areas[i], inside)]
        if len(around) == 1:
            owner[at] = owner[around[0]]
    return owner


def in_force(zones: HubZones, zone: Int32s, moments_ms: Int64s, clock: str) -> npt.NDArray[np.bool_]:
    """Whether each zone holds at its moment, by its days and hours.

    Args:
        zones: the hubs'.
        zone: numbers of zones.
        moments_ms: as many moments.
        clock: the city's time zone.
    """
    days = city_day(moments_ms, clock).astype(np.int64)
    of_day = (moments_ms + offset_ms(moments_ms, clock)) % MS_PER_DAY
    holds = (zones.first_day[zone] <= days) & (days <= zones.last_day[zone])
    for one in np.unique(zone):
        if not zones.hours[one]:
            continue
        rows = np.flatnonzero(zone == one)
        at, day = of_day[rows], days[rows]
        first, last = zones.first_day[one], zones.last_day[one]
        holds[rows] = False
        for begin, end in zones.hours[one]:
            if begin < end:
                holds[rows] |= (begin <= at) & (at < end) & (first <= day) & (day <= last)
                continue
            # What goes on after midnight belongs to the day on which it began.
            holds[rows] |= (at >= begin) & (first <= day) & (day <= last)
            holds[rows] |= (at < end) & (first <= day - 1) & (day - 1 <= last)
    return holds


def places_in(zones: HubZones, lon_e7: Int32s, lat_e7: Int32s, moments_ms: Int64s, clock: str) -> Columns:
    """The zones of places at their moments, one row a place and hub.

    Returns:
        place (row of the place), hub (index, -1 for none), bits; by hub and then place.
    """
    place, zone = zones_at(zones.grid, lon_e7, lat_e7)
    keep = in_force(zones, zone, moments_ms[place], clock) & (zones.bits[zone] != 0)
    place, zone = place[keep], zone[keep]
    hub = zones.hub[zone]
    order = np.lexsort((place, hub))
    place, hub, bits = place[order], hub[order], zones.bits[zone[order]]
    first = np.flatnonzero(np.append(True, (np.diff(place) != 0) | (np.diff(hub) != 0))[: place.size])
    joined = np.bitwise_or.reduceat(bits, first) if first.size else bits
    return Columns({"place": place[first], "hub": hub[first], "bits": joined})


def hub_fixes(given: Given) -> Columns | None:
    """The positions of the clean line inside hubs, within three hours of the span; worked out once.

    Returns:
        hub, vehicle (indices), row (of the track), time_ms, bits; by hub, vehicle and time.
        None without hubs.
    """
    return given.once("hub_fixes", _hub_fixes)


def _hub_fixes(given: Given) -> Columns | None:
    zones, track = hub_zones(given), given.track
    if zones is None or not zones.hubs.size:
        return None
    low, high = given.from_ms - AROUND_MS, given.to_ms + AROUND_MS
    rows = np.flatnonzero((track.time_ms >= low) & (track.time_ms < high))
    found = places_in(zones, track.lon_e7[rows], track.lat_e7[rows], track.time_ms[rows], given.zone)
    found = found.cut((found["hub"] >= 0) & ((found["bits"] & HUB) != 0))
    row = rows[found["place"]]
    return Columns(
        {
            "hub": found["hub"],
            "vehicle": np.searchsorted(track.starts, row, side="right") - 1,
            "row": row,
            "time_ms": track.time_ms[row],
            "bits": found["bits"],
        }
    )
