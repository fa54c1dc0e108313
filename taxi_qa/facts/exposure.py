"""How much a driver could have been found in: trips, hours on duty and of free driving, rides from hubs."""

from typing import Final

import numpy as np
import pandas as pd

from taxi_qa.facts.duty import duties
from taxi_qa.facts.given import NOT_GIVEN, Given, positions_of
from taxi_qa.facts.units import DayUnits
from taxi_qa.law.calendar import in_window
from taxi_qa.law.parameter import Law
from taxi_qa.values.clock import MS_PER_H

EXPOSURES: Final = ("metered_trips", "night_trips", "on_duty_h", "free_driving_h", "hub_departures")
# Longer than this between two fixes nobody knows how fast he drove.
_GAP_MS: Final = 60_000
_FREE: Final = "house.review.free_driving_kmh"
_NIGHT: Final = "house.review.night"


def exposures_of(day: DayUnits) -> pd.DataFrame:
    """The exposures of a day and bucket by driver.

    Returns:
        A row a driver, index driver_id, columns `EXPOSURES` (float64). What no driver is known for is left
        out; where there are no positions, hours of free driving are NaN: not known is not none.
    """
    given, law = day.given, day.law
    trips = day.rows("trips")
    named = trips["driver_id"].astype(str) != ""
    night = np.zeros(len(trips), dtype=bool)
    version = law[_NIGHT].on(given.from_ms)
    if len(trips) and version is not None and isinstance(version.value, tuple):
        night = in_window(trips["start_ms"], version.value, law.timezone, law.calendars)  # type: ignore[arg-type] # by kind
    counts = pd.DataFrame(
        {
            "driver_id": trips["driver_id"].astype(str)[named],
            "metered_trips": np.ones(int(named.sum())),
            "night_trips": night[named].astype(np.float64),
        }
    )
    parts = [counts, _duty_hours(given, law)]
    hubs = day.rows("hub_pickups")["driver_id"].astype(str) if len(trips) else np.array([], dtype=str)
    parts.append(pd.DataFrame({"driver_id": hubs[hubs != ""], "hub_departures": 1.0}))
    whole = pd.concat(parts, ignore_index=True).reindex(columns=["driver_id", *EXPOSURES])
    summed = whole.groupby("driver_id", sort=True).sum(min_count=1)
    known = [name for name in EXPOSURES if name != "free_driving_h"]
    summed[known] = summed[known].fillna(0.0)
    return summed


def _duty_hours(given: Given, law: Law) -> pd.DataFrame:
    """Hours on duty within the span, and of these those of free driving (NaN for a car without positions)."""
    duty = duties(given)
    duty = duty.cut(duty["driver_id"].astype(str) != "")
    begin = np.maximum(duty["start_ms"], given.from_ms)
    end = np.minimum(duty["end_ms"], given.to_ms)
    inside = end > begin
    duty, begin, end = duty.cut(inside), begin[inside], end[inside]
    track = given.track
    gap = np.diff(track.time_ms, append=track.time_ms[-1:])
    ends = track.starts[1:] - 1
    gap[ends[ends >= 0]] = 0  # the next fix is another car's
    floor = 100.0 * law.number(_FREE, given.from_ms)
    free = np.where((track.speed_ckmh >= floor) & ~track.leap, np.clip(gap, 0, _GAP_MS), 0)
    cumulated = np.concatenate(([0], np.cumsum(free)))
    car = positions_of(track.vehicle_ids, duty["vehicle_id"])
    hours = np.full(len(duty), np.nan)
    for row in np.flatnonzero(car != NOT_GIVEN):
        low, high = track.starts[car[row]], track.starts[car[row] + 1]
        if high > low:
            span = low + np.searchsorted(track.time_ms[low:high], (begin[row], end[row]))
            hours[row] = (cumulated[span[1]] - cumulated[span[0]]) / MS_PER_H
    return pd.DataFrame(
        {
            "driver_id": duty["driver_id"].astype(str),
            "on_duty_h": (end - begin) / MS_PER_H,
            "free_driving_h": hours,
        }
    )
