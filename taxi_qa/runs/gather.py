"""Out of the store into a `Given`: the records of one bucket around one day."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import shapely
from shapely.geometry import shape

from taxi_qa.facts.given import Given, empty_table, words
from taxi_qa.facts.track import lay
from taxi_qa.law.parameter import Law
from taxi_qa.law.read import read_law
from taxi_qa.records.fixes import Fixes, empty_fixes, joined, stacked
from taxi_qa.records.kinds import KINDS
from taxi_qa.rules.excuses import Excuses
from taxi_qa.runs.jobs import WHOLE_CITY, Order
from taxi_qa.runs.maps import roads_at
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
# Read for the whole city whatever the bucket: they speak of no vehicle, or not of one alone.
_OF_THE_CITY: Final = ("drivers", "companies", "zones", "excuses")
# Positions judged at once: with all that is made of them some 120 bytes each, so 180 MB a worker.
MOST_FIXES: Final = 1_500_000
# Of positions the facts read these.
_MEASURED: Final = ("speed_ckmh", "heading_ddeg", "flags", "delay_ms")
_FEED_DAYS: Final = 8


def home_at(path: str, url: str | None) -> Home:
    """The home, opened once a process."""
    return _opened(path, url, _made(path))


@lru_cache(maxsize=4)
def _opened(path: str, url: str | None, made: tuple[int, int]) -> Home:  # noqa: ARG001 - part of the key
    return open_home(path, url)


def _made(path: str) -> tuple[int, int]:
    """Tells the home that stands there from one that stood there before it."""
    try:
        mark = (Path(path) / "home.json").stat()
    except OSError:
        return 0, 0  # no home: who opens it says so
    return mark.st_ino, mark.st_ctime_ns


@lru_cache(maxsize=4)
def law_of(place: str) -> Law:
    """The law of a place, read once a process."""
    return read_law(place)


def areas_of(zones: pd.DataFrame) -> dict[str, shapely.Geometry]:
    """zone_id -> its area, from the GeoJSON text of its record."""
    pairs = zip(words(zones["zone_id"]), words(zones["geometry"]), strict=True)
    return {name: shape(json.loads(text)) for name, text in pairs}


@dataclass(frozen=True)
class _Span:
    """The records of some buckets around one span, read from the home when first asked for.

    Attributes:
        home: where.
        buckets: None for the whole city.
        from_ms, to_ms: the span judged; the tables reach beyond it.
        vehicles: only these, if any.
        columns: kind -> the only columns of it that are wanted; kinds not named come whole.
    """

    home: Home
    buckets: tuple[int, ...] | None
    from_ms: int
    to_ms: int
    vehicles: tuple[str, ...]
    columns: Mapping[str, Collection[str]]

    def read(self, kind: str) -> pd.DataFrame:
        buckets = None if kind in _OF_THE_CITY else self.buckets
        low = high = None
        if kind in _TABLE_MARGINS:
            before, after = _TABLE_MARGINS[kind]
            low, high = self.from_ms - before, self.to_ms + after
        elif kind in _SINCE_EVER:
            high = self.to_ms + AFTER_MS
        elif kind not in _REGISTERS:
            return empty_table(kind)
        table = library.records(
            self.home, kind, bucket=buckets, from_ms=low, to_ms=high, columns=self.columns.get(kind),
            plain_texts=True,
        )  # fmt: skip
        return _only(table, self.vehicles) if self.vehicles else table


@dataclass(frozen=True)
class _Tables(Mapping[str, pd.DataFrame]):
    """Every kind of record of a span; a kind nobody asks for is never read."""

    span: _Span
    found: dict[str, pd.DataFrame] = field(default_factory=dict)

    def __getitem__(self, kind: str) -> pd.DataFrame:
        if kind not in self.found:
            if kind not in KINDS or kind == "positions":
                raise KeyError(kind)
            self.found[kind] = self.span.read(kind)
        return self.found[kind]

    def __iter__(self) -> Iterator[str]:
        return (kind for kind in KINDS if kind != "positions")

    def __len__(self) -> int:
        return len(KINDS) - 1


@dataclass(frozen=True)
class _CityDay:
    """What is the same for every bucket of a day."""

    feeds: dict[str, frozenset[int]]
    heard_to_ms: int | None
    zones: pd.DataFrame
    excuses: pd.DataFrame
    areas: dict[str, shapely.Geometry]


# Whatever a delivery brings changes `delivery`, so what is kept here is never stale.
@lru_cache(maxsize=4)
def _city_day(path: str, url: str | None, made: tuple[int, int], day: int, delivery: int) -> _CityDay:  # noqa: ARG001 - part of the key
    home = _opened(path, url, made)
    zones = library.records(home, "zones")
    excuses = library.records(home, "excuses", to_ms=day_start_ms(day + 1, home.timezone) + AFTER_MS)
    return _CityDay(
        presence.feeds(home, day - _FEED_DAYS, day + _FEED_DAYS),
        presence.heard_to_ms(home, day),
        zones,
        excuses,
        areas_of(zones),
    )


def given_day(
    order: Order,
    law: Law,
    day: int,
    *,
    tracks: bool = True,
    columns: Mapping[str, Collection[str]] | None = None,
) -> Iterator[Given]:
    """The records of an order's buckets around one city day, in slices of whole cars.

    There is at least one slice, and more only where there are more positions than fit: memory is then
    bound by `MOST_FIXES`, not by how many cars a bucket holds. No two slices speak of the same car.

    Args:
        order: whose home, buckets and vehicles.
        law: for the house's idea of a jump.
        day: the city day whose acts are judged.
        tracks: False leaves the positions out (as the whole city's always are).
        columns: kind -> the only columns of it that are wanted; kinds not named come whole.
    """
    home = home_at(order.home, order.url)
    whole_city = order.buckets == (WHOLE_CITY,)
    buckets = None if whole_city or len(order.buckets) == home.buckets else order.buckets
    city = _city_day(order.home, order.url, _made(order.home), day, order.delivery)
    from_ms, to_ms = day_start_ms(day, home.timezone), day_start_ms(day + 1, home.timezone)
    fixes = empty_fixes()
    if tracks and not whole_city:
        fixes = stacked([_fixes(home, day, bucket, from_ms, to_ms) for bucket in order.buckets])
    if order.vehicles:
        fixes = joined([fixes.of(name) for name in order.vehicles])
    heard_to_ms = None if whole_city else city.heard_to_ms
    span = _Span(home, buckets, from_ms, to_ms, order.vehicles, columns or {})
    tables: Mapping[str, pd.DataFrame] = _Tables(span, {"zones": city.zones, "excuses": city.excuses})
    seen = {} if whole_city else _seen(home, order.buckets)
    roads = None if whole_city or not tracks else roads_at(home)
    cuts = _cuts(fixes)
    for number, (first, past) in enumerate(pairwise(cuts)):
        some = fixes if len(cuts) == 2 else _slice(fixes, first, past)  # noqa: PLR2004 - begin and end: all in one
        yield Given(
            zone=home.timezone,
            from_ms=from_ms,
            to_ms=to_ms,
            heard_to_ms=heard_to_ms if heard_to_ms is not None else to_ms + AFTER_MS,
            fixes=some,
            track=lay(some, law.number("house.quality.jump_kmh", from_ms)),
            tables=tables if some is fixes else _Sliced(tables, _slice_of(fixes, cuts), number),
            feeds=city.feeds,
            seen=seen,
            areas=city.areas,
            roads=roads,
        )


def _cuts(fixes: Fixes) -> list[int]:
    """Where slices of whole cars begin: indexes of cars, the number of cars last."""
    cars = len(fixes.vehicle_ids)
    cuts = [0]
    for car in range(1, cars):
        if fixes.starts[car + 1] - fixes.starts[cuts[-1]] > MOST_FIXES:
            cuts.append(car)
    return [*cuts, cars]


def _slice(fixes: Fixes, first: int, past: int) -> Fixes:
    """The rows of some neighbouring cars (views, nothing is copied)."""
    rows = slice(int(fixes.starts[first]), int(fixes.starts[past]))
    columns = {f.name: getattr(fixes, f.name)[rows] for f in fields(fixes)[2:]}
    starts = fixes.starts[first : past + 1] - fixes.starts[first]
    return replace(fixes, vehicle_ids=fixes.vehicle_ids[first:past], starts=starts, **columns)


def _slice_of(fixes: Fixes, cuts: list[int]) -> dict[str, int]:
    """The number of the slice in which each car with positions is judged; all others are in the first."""
    return {
        name: number
        for number, (first, past) in enumerate(pairwise(cuts))
        for name in fixes.vehicle_ids[first:past]
    }


@dataclass(frozen=True)
class _Sliced(Mapping[str, pd.DataFrame]):
    """The rows of one slice's cars; tables that name no car stay whole."""

    whole: Mapping[str, pd.DataFrame]
    of_car: dict[str, int]
    number: int
    found: dict[str, pd.DataFrame] = field(default_factory=dict)

    def __getitem__(self, kind: str) -> pd.DataFrame:
        if kind not in self.found:
            table = self.whole[kind]
            if "vehicle_id" in table:
                of_row = np.array(
                    [self.of_car.get(name, 0) for name in words(table["vehicle_id"])], dtype=int
                )
                table = table[of_row == self.number].reset_index(drop=True)
            self.found[kind] = table
        return self.found[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self.whole)

    def __len__(self) -> int:
        return len(self.whole)


def _seen(home: Home, buckets: tuple[int, ...]) -> dict[str, tuple[int, int]]:
    """The first and last day with positions of each vehicle."""
    seen = library.vehicles_seen(home, bucket=buckets)
    columns = (seen[name].tolist() for name in ("vehicle_id", "first_day", "last_day"))
    return {name: (first, last) for name, first, last in zip(*columns, strict=True)}


def excuses_of(order: Order, day: int) -> Excuses:
    """The excuses on file for acts of that day, and the zones they may speak of."""
    city = _city_day(order.home, order.url, _made(order.home), day, order.delivery)
    return Excuses(city.excuses, city.areas)


def _fixes(home: Home, day: int, bucket: int, from_ms: int, to_ms: int) -> Fixes:
    """The day's positions with their margins from the days beside it."""
    low, high = from_ms - BEFORE_MS, to_ms + AFTER_MS
    return _own(
        joined(
            [
                library.fixes(home, at, bucket, from_ms=low, to_ms=high, columns=_MEASURED)
                for at in (day - 1, day, day + 1)
            ]
        )
    )


def _own(fixes: Fixes) -> Fixes:
    """The same in arrays that may be written to: for those that may not, all would be compiled once more."""
    columns = {f.name: getattr(fixes, f.name) for f in fields(fixes)[1:]}
    return replace(
        fixes, **{name: values.copy() for name, values in columns.items() if not values.flags.writeable}
    )


def _only(table: pd.DataFrame, vehicles: tuple[str, ...]) -> pd.DataFrame:
    """The rows of some vehicles; tables that name none stay whole."""
    if "vehicle_id" not in table:
        return table
    return table[np.isin(words(table["vehicle_id"]).astype(str), vehicles)].reset_index(drop=True)
