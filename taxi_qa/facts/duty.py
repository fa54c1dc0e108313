"""On duty: inside a shift; where a car has no shifts, around its metered trips.

Without shifts a duty lasts from 10 minutes before the first to 10 minutes after the last metered trip
of a chain whose gaps stay under 2 hours; a change of the trips' driver ends it too.
"""

from typing import Final

import numpy as np
import pandas as pd

from taxi_qa.facts.given import Given, instants, words
from taxi_qa.facts.who import SignIns, signed_in
from taxi_qa.values.clock import MS_PER_H, MS_PER_MIN

BEFORE_AND_AFTER_MS: Final = 10 * MS_PER_MIN
CHAIN_GAP_MS: Final = 2 * MS_PER_H

DUTY_COLUMNS: Final = ("vehicle_id", "driver_id", "start_ms", "end_ms", "day_ms", "known_by")


def duties(given: Given) -> pd.DataFrame:
    """As `_duties`, worked out once."""
    return given.once("duties", _duties)


def _duties(given: Given) -> pd.DataFrame:
    """Every span of duty that touches the records given, sorted by vehicle and start.

    A duty ends at the latest where the data end: a shift still on is not dark because tomorrow is.

    Returns:
        vehicle_id, driver_id ("" unknown), start_ms, end_ms, day_ms (on whose day the duty is judged: the
        shift's start, or the first trip's; ten minutes earlier may be a day without any record),
        known_by ("shifts" or "trips").
    """
    by_shift = _from_shifts(given.once("sign_ins", signed_in))
    trips = given.tables["trips"][["trip_id", "vehicle_id", "driver_id", "boarded_ms", "alighted_ms"]]
    by_trips = _from_trips(trips[~trips["vehicle_id"].isin(by_shift["vehicle_id"])])
    both = pd.concat([by_shift, by_trips], ignore_index=True) if len(by_trips) else by_shift
    both["end_ms"] = np.minimum(both["end_ms"].to_numpy(dtype=np.int64), given.heard_to_ms)
    both = both[both["end_ms"] > both["start_ms"]]
    return both.sort_values(["vehicle_id", "start_ms", "end_ms", "driver_id"], ignore_index=True)


def _from_shifts(known: SignIns) -> pd.DataFrame:
    vehicle = np.repeat(np.array(known.vehicle_ids, dtype=object), np.diff(known.starts))
    return pd.DataFrame(
        {
            "vehicle_id": vehicle,
            "driver_id": known.driver_ids[known.driver] if len(vehicle) else np.array([], dtype=object),
            "start_ms": known.start_ms,
            "end_ms": known.end_ms,
            "day_ms": known.start_ms,
            "known_by": np.full(len(vehicle), "shifts", dtype=object),
        }
    )


def _from_trips(trips: pd.DataFrame) -> pd.DataFrame:
    rows = trips.sort_values(["vehicle_id", "boarded_ms", "trip_id"], kind="stable", ignore_index=True)
    vehicle, driver = words(rows["vehicle_id"]), words(rows["driver_id"])
    start, end = instants(rows["boarded_ms"], 0), instants(rows["alighted_ms"], 0)
    if not len(rows):
        return pd.DataFrame({name: pd.Series(dtype=object) for name in DUTY_COLUMNS})
    # The end reached so far within the vehicle: a long trip may outlast the next one's start.
    group = pd.factorize(vehicle)[0]
    reached = pd.Series(end).groupby(group).cummax().to_numpy()
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (
        (vehicle[1:] != vehicle[:-1])
        | (driver[1:] != driver[:-1])
        | (start[1:] - reached[:-1] >= CHAIN_GAP_MS)
    )
    first = np.flatnonzero(new)
    chain_start = start[first] - BEFORE_AND_AFTER_MS
    chain_end = np.maximum.reduceat(end, first) + BEFORE_AND_AFTER_MS
    # Two drivers' chains may follow each other closely: each has the car to the middle between them.
    meets = np.flatnonzero((vehicle[first][1:] == vehicle[first][:-1]) & (chain_start[1:] < chain_end[:-1]))
    middle = (chain_start[meets + 1] + chain_end[meets]) // 2
    chain_start[meets + 1], chain_end[meets] = middle, middle
    return pd.DataFrame(
        {
            "vehicle_id": vehicle[first],
            "driver_id": driver[first],
            "start_ms": chain_start,
            "end_ms": chain_end,
            "day_ms": start[first],
            "known_by": np.full(first.size, "trips", dtype=object),
        }
    )
