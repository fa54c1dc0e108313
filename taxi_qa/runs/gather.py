"""Out of the store into a `Given`: the records of one bucket around one day."""

import json
from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd
import shapely
from shapely.geometry import shape

from taxi_qa.facts.given import Given, words
from taxi_qa.facts.track import lay
from taxi_qa.law.parameter import Law
from taxi_qa.law.read import read_law
from taxi_qa.records.fixes import Fixes, empty_fixes, joined, stacked
from taxi_qa.records.kinds import KINDS
from taxi_qa.store import library, presence
from taxi_qa.store.home import Home, open_home
from taxi_qa.values.clock import MS_PER_DAY, MS_PER_H, day_start_ms

# An act belongs to the day it began. What began before midnight ends after it, and what is judged at
# midnight leans on what was before: so much is read on either side.
BEFORE_MS: Final = 6 * MS_PER_H
AFTER_MS: Final = 18 * MS_PER_H

# Of tables more is read: a sign-in or a seat sensor speaks for longer than a position.
_TABLE_MARGINS: Final[dict[str, tuple[int, int]]] = {
    "trips": (MS_PER_DAY, AFTER_MS),
    "shifts": (2 * MS_PER_DAY, AFTER_MS),
    "events": (7 * MS_PER_DAY, 7 * MS_PER_DAY),
}
# Small and open-ended: all that began before the day's end is read.
_SINCE_EVER: Final = ("device_status", "repairs", "excuses")
_REGISTERS: Final = ("vehicles", "drivers", "companies", "zones")
_FEED_DAYS: Final = 8


@lru_cache(maxsize=4)
def home_at(path: str, url: str | None) -> Home:
    """The home, opened once a process."""
    return open_home(path, url)


@lru_cache(maxsize=4)
def law_of(place: str) -> Law:
    """The law of a place, read once a process."""
    return read_law(place)


def areas_of(zones: pd.DataFrame) -> dict[str, shapely.Geometry]:
    """zone_id -> its area, from the GeoJSON text of its record."""
    pairs = zip(words(zones["zone_id"]), words(zones["geometry"]), strict=True)
    return {name: shape(json.loads(text)) for name, text in pairs}


def given_day(
    home: Home,
    law: Law,
    day: int,
    buckets: tuple[int, ...] | None,
    *,
    vehicles: tuple[str, ...] = (),
    tracks: bool = True,
) -> Given:
    """The records of some buckets around one city day.

    Args:
        home: where.
        law: for the house's idea of a jump.
        day: the city day whose acts are judged.
        buckets: the buckets, None for the whole city (then without positions).
        vehicles: only these, if any.
        tracks: False leaves the positions out.
    """
    from_ms, to_ms = day_start_ms(day, home.timezone), day_start_ms(day + 1, home.timezone)
    of_buckets = buckets if buckets is not None and len(buckets) < home.buckets else None
    fixes = empty_fixes()
    if tracks and buckets is not None:
        fixes = stacked([_fixes(home, day, bucket, from_ms, to_ms) for bucket in buckets])
    tables = {}
    for kind in KINDS:
        if kind in _TABLE_MARGINS:
            before, after = _TABLE_MARGINS[kind]
            tables[kind] = library.records(
                home, kind, bucket=of_buckets, from_ms=from_ms - before, to_ms=to_ms + after
            )
        elif kind in _SINCE_EVER:
            of_kind = None if kind == "excuses" else of_buckets
            tables[kind] = library.records(home, kind, bucket=of_kind, to_ms=to_ms + AFTER_MS)
        elif kind in _REGISTERS:
            tables[kind] = library.records(home, kind, bucket=of_buckets if kind == "vehicles" else None)
    if vehicles:
        fixes = joined([fixes.of(name) for name in vehicles])
        tables = {kind: _only(table, vehicles) for kind, table in tables.items()}
    seen = library.vehicles_seen(
        home, bucket=buckets[0] if buckets is not None and len(buckets) == 1 else None
    )
    heard_to = presence.heard_to_ms(home, day) if buckets is not None else None
    return Given(
        zone=home.timezone,
        from_ms=from_ms,
        to_ms=to_ms,
        heard_to_ms=heard_to if heard_to is not None else to_ms + AFTER_MS,
        fixes=fixes,
        track=lay(fixes, law.number("house.quality.jump_kmh", from_ms)),
        tables=tables,
        feeds=presence.feeds(home, day - _FEED_DAYS, day + _FEED_DAYS),
        seen={
            name: (int(first), int(last))
            for name, first, last in zip(seen["vehicle_id"], seen["first_day"], seen["last_day"], strict=True)
        },
        areas=areas_of(tables["zones"]),
    )


def _fixes(home: Home, day: int, bucket: int, from_ms: int, to_ms: int) -> Fixes:
    """The day's positions with their margins from the days beside it."""
    low, high = from_ms - BEFORE_MS, to_ms + AFTER_MS
    parts = [library.fixes(home, at, bucket, from_ms=low, to_ms=high) for at in (day - 1, day + 1)]
    return joined([parts[0], library.fixes(home, day, bucket), parts[1]])


def _only(table: pd.DataFrame, vehicles: tuple[str, ...]) -> pd.DataFrame:
    """The rows of some vehicles; tables that name none stay whole."""
    if "vehicle_id" not in table:
        return table
    return table[np.isin(words(table["vehicle_id"]).astype(str), vehicles)].reset_index(drop=True)
