"""Out of the store into a `Given`: the records of one bucket around one day."""

import json
import math
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import shapely
from shapely.geometry import shape

from taxi_qa.facts.complaints import TOLD_LATE_MS
from taxi_qa.facts.given import Given, empty_table, words
from taxi_qa.facts.past import Past
from taxi_qa.facts.track import lay
from taxi_qa.law.parameter import Law
from taxi_qa.law.read import read_law
from taxi_qa.records.fixes import empty_fixes
from taxi_qa.records.kinds import KINDS
from taxi_qa.rules.excuses import Excuses
from taxi_qa.runs.jobs import WHOLE_CITY, Order
from taxi_qa.runs.maps import roads_at
from taxi_qa.runs.memory import give_back
from taxi_qa.store import library, positions, presence
from taxi_qa.store.home import Home, open_home
from taxi_qa.store.positions import Stretch
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
    "orders": (MS_PER_DAY, AFTER_MS),
    # Told later than it happened, and judged on the day it happened.
    "complaints": (MS_PER_DAY, TOLD_LATE_MS + MS_PER_DAY),
    "inspections": (0, 0),
    "commendations": (0, 0),
    "records": (0, 0),
}
# Small and open-ended: all that began before the day's end is read.
_SINCE_EVER: Final = ("device_status", "repairs", "excuses")
_REGISTERS: Final = ("vehicles", "drivers", "companies", "zones")
# Read for the whole city whatever the bucket: they speak of no vehicle, or not of one alone.
_OF_THE_CITY: Final = ("drivers", "companies", "zones", "excuses", "records")
# Positions judged at once: with all that is made of them some 70 bytes each, so 210 MB. A little more than
# `runs.check.MOST_ROWS`: where both reckon a margin otherwise, an order is not cut in two for it.
MOST_FIXES: Final = 3_000_000
# Of positions the facts read these, and where there are roads the heading, too.
_MEASURED: Final = ("speed_ckmh", "flags", "delay_ms", "odometer_m")
_MEASURED_ON_ROADS: Final = ("heading_ddeg",)
# What says how far a home has heard of its city.
_TOLD: Final = ("positions", "trips", "complaints")
_FEED_DAYS: Final = 8


def reach_days(kind: str) -> int:
    """How many days before or after a day rows of a kind may lie that its judging reads; 0: any day."""
    if kind == "positions":
        return _days_of(BEFORE_MS, AFTER_MS)
    return _days_of(*_TABLE_MARGINS[kind]) if kind in _TABLE_MARGINS else 0


def _days_of(*margins_ms: int) -> int:
    return max(-(-margin // MS_PER_DAY) for margin in margins_ms)


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


# By place, read or handed over once a process.
_LAWS: Final[dict[str, Law]] = {}


def law_of(place: str) -> Law:
    """The law of a place."""
    if place not in _LAWS:
        _LAWS[place] = read_law(place)
    return _LAWS[place]


def take_law(law: Law) -> None:
    """What `law_of` gives from now on: handed over it costs a fortieth of reading its hundred files."""
    _LAWS[law.place] = law


@contextmanager
def law_in_force(law: Law) -> Iterator[None]:
    """What `law_of` gives for the law's place meanwhile; afterwards what it gave before."""
    before = _LAWS.get(law.place)
    _LAWS[law.place] = law
    try:
        yield
    finally:
        _LAWS.pop(law.place)
        if before is not None:
            _LAWS[law.place] = before


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
    trips: int


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
        presence.rows_of(home, "trips", day),
    )


def given_day(
    order: Order,
    law: Law,
    day: int,
    *,
    tracks: bool = True,
    columns: Mapping[str, Collection[str]] | None = None,
    past: Past | None = None,
) -> Iterator[Given]:
    """The records of an order's buckets around one city day, in slices of whole cars.

    There is at least one slice, and more only where there are more positions than fit: memory is then
    bound by `MOST_FIXES`, not by how many cars a bucket holds. No two slices speak of the same car.

    Args:
        order: whose home, buckets and vehicles.
        law: for the house's idea of a jump.
        day: the city day whose acts are judged; of the whole city, the first of its days.
        tracks: False leaves the positions out (as the whole city's always are).
        columns: kind -> the only columns of it that are wanted; kinds not named come whole.
        past: what the days before left, for units that look back.
    """
    home = home_at(order.home, order.url)
    whole_city = order.buckets == (WHOLE_CITY,)
    buckets = None if whole_city or len(order.buckets) == home.buckets else order.buckets
    city = _city_day(order.home, order.url, _made(order.home), day, order.delivery)
    # The whole city may be asked about a period at once.
    day_after = order.past_day if whole_city else day + 1
    from_ms, to_ms = day_start_ms(day, home.timezone), day_start_ms(day_after, home.timezone)
    if whole_city:
        # The records of a city are many small objects, which do not lie where positions lay.
        give_back()
    heard_to_ms = _told_to_ms(home) if whole_city else city.heard_to_ms
    span = _Span(home, buckets, from_ms, to_ms, order.vehicles, columns or {})
    tables: Mapping[str, pd.DataFrame] = _Tables(span, {"zones": city.zones, "excuses": city.excuses})
    seen = {} if whole_city else _seen(home, order.buckets)
    roads = None if whole_city or not tracks else roads_at(home)
    measured = _MEASURED if roads is None else (*_MEASURED, *_MEASURED_ON_ROADS)
    # The day, and the days beside it that its margins lie in.
    around = Stretch((day - 1, day, day + 1), order.buckets, from_ms - BEFORE_MS, to_ms + AFTER_MS)
    has_tracks = tracks and not whole_city
    slices = _slices(home, order, around) if has_tracks else [None]
    of_car = {name: number for number, cars in enumerate(slices) for name in cars or ()}
    for number, cars in enumerate(slices):
        fixes = positions.fixes_of(home, around, measured, cars) if has_tracks else empty_fixes()
        yield Given(
            zone=home.timezone,
            from_ms=from_ms,
            to_ms=to_ms,
            heard_to_ms=heard_to_ms if heard_to_ms is not None else to_ms + AFTER_MS,
            fixes=fixes,
            track=lay(fixes, law.number("house.quality.jump_kmh", from_ms)),
            tables=_Sliced(tables, of_car, number) if len(slices) > 1 else tables,
            feeds=city.feeds,
            seen=seen,
            areas=city.areas,
            roads=roads,
            city_trips=city.trips,
            past=past,
        )


def _told_to_ms(home: Home) -> int | None:
    """The end of the last day on which anything the city's units judge was sent, None where nothing was."""
    days = [day for kind in _TOLD for day in presence.days_of(home, kind)]
    return day_start_ms(max(days) + 1, home.timezone) if days else None


def _slices(home: Home, order: Order, around: Stretch) -> list[Collection[str] | None]:
    """The cars of each slice of an order, None for all it has."""
    asked = order.vehicles or None
    rows = positions.about_rows(home, around)
    if rows <= MOST_FIXES:
        return [asked]
    held = positions.cars_of(home, around)
    names = np.array([name for name in held if asked is None or name in asked], dtype=object)
    past = np.cumsum([held[name] for name in names])
    # What the files hold in all is more than what lies between the instants.
    slices = math.ceil(rows * (past[-1] / sum(held.values())) / MOST_FIXES) if names.size else 0
    if slices <= 1:
        return [asked]
    # Of equal size: a small slice that is left over costs nearly as much as a large one.
    number = (past - 1) * slices // past[-1]
    return [frozenset(names[number == one]) for one in np.unique(number)]


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


def _only(table: pd.DataFrame, vehicles: tuple[str, ...]) -> pd.DataFrame:
    """The rows of some vehicles; tables that name none stay whole."""
    if "vehicle_id" not in table:
        return table
    return table[np.isin(words(table["vehicle_id"]).astype(str), vehicles)].reset_index(drop=True)
