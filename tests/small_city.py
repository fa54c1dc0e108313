"""A few records written as a person writes them, and the `Given` the facts are made from.

Records carry the outside names of the record formats and go through the same door as a file's rows. A
time may leave out its day. A track is said in words: leave, drive, stand, gap.
"""

import datetime as dt
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from shapely.geometry import shape

from taxi_qa.facts.given import Given, empty_table
from taxi_qa.facts.past import DRIVEN_TRIPS, ROAD_PASSES, Past
from taxi_qa.facts.track import lay
from taxi_qa.ingest.blocks import Block, text_column
from taxi_qa.ingest.columns import Door, check_block
from taxi_qa.ingest.headers import layout_of, require_all
from taxi_qa.ingest.roads import zones_of
from taxi_qa.law.parameter import Law
from taxi_qa.law.read import read_law
from taxi_qa.records.fixes import FLAG_BITS, NO_DELAY, NO_HEADING, NO_ODOMETER, NO_SPEED, Fixes
from taxi_qa.records.kinds import KINDS
from taxi_qa.roads.city import Roads, roads_of
from taxi_qa.roads.limit_row import Zone, limit_row
from taxi_qa.roads.network import BRIDGE, NO_TAG, TUNNEL, Way, network_of
from taxi_qa.values.clock import MS_PER_H, MS_PER_S, city_day, day_of, day_start_ms
from taxi_qa.values.place import E7, distance_m, metres_per_degree

DAY: Final = "2026-10-20"  # a Tuesday without holiday
ZONE: Final = "Asia/Shanghai"

_EMPTY: Final = {kind: empty_table(kind) for kind in KINDS if kind != "positions"}

Record = Mapping[str, Any]
Step = Mapping[str, Any]

_TIME_OF_DAY: Final = re.compile(r"\d\d:\d\d(:\d\d)?")
_STICKY: Final = (*FLAG_BITS, "delay_s", "sends_speed", "odometer")


@cache
def law_of(place: str) -> Law:
    """The law of a place, read once a session."""
    return read_law(place)


def moment_ms(text: str, day: str = DAY, zone: str = ZONE) -> int:
    """The instant of `08:00:00` on the day, or of `2026-10-21 08:00:00`."""
    full = f"{day} {text}" if _TIME_OF_DAY.fullmatch(text) else text
    clock = dt.datetime.fromisoformat(full)
    midnight = day_start_ms(day_of(clock.date()), zone)
    return midnight + (clock.hour * 3600 + clock.minute * 60 + clock.second) * MS_PER_S


def table(kind: str, records: Sequence[Record], *, day: str = DAY, zone: str = ZONE) -> pd.DataFrame:
    """The records as they would be kept, through the door of the product."""
    if not records:
        return _EMPTY[kind]
    header = tuple(dict.fromkeys(name for record in records for name in record))
    times = {column.name for column in KINDS[kind].columns if column.meaning == "time"}

    def text(name: str, value: object) -> str | None:
        if value is None:
            return None
        if isinstance(value, dict):
            return json.dumps(value)
        if name in times and _TIME_OF_DAY.fullmatch(str(value)):
            return f"{day} {value}"
        return str(int(value)) if isinstance(value, bool) else str(value)

    columns = [text_column([text(name, record.get(name)) for record in records]) for name in header]
    numbers = np.arange(1, len(records) + 1)
    layout = layout_of(header, KINDS[kind])
    require_all(layout, header)
    assert not layout.unknown, f"{kind} has no column {layout.unknown}"
    now_ms = day_start_ms(day_of(dt.date(2099, 1, 1)), zone)
    checked = check_block(
        Block(header, columns, numbers + 1, numbers, lambda _: ""), layout, Door(zone, now_ms)
    )
    assert not checked.refused, f"{kind}: {[(row.column, row.reason) for row in checked.refused]}"
    return checked.frame.drop(columns=["row", "record"])


@dataclass
class _Driven:
    """Where a car is while its track is being said."""

    lon: float = 0.0
    lat: float = 0.0
    time_ms: int = 0
    said: dict[str, Any] = field(default_factory=dict)
    odometer_m: float = 0.0


Row = dict[str, Any]


def drive(vehicle_id: str, steps: Sequence[Step], *, day: str = DAY, zone: str = ZONE) -> list[Row]:
    """The fixes of a track said in words.

    Steps: `{leave: [lon, lat], at: time}` · `{drive_m, kmh, every_s, heading}` · `{stand_s, every_s}` ·
    `{gap_s}`, with `drive_m`, `heading` and `kmh` (after it) if it moved · `{stray: [lon, lat], after_s}` one
    fix elsewhere · `{times, steps}` steps again and again. A step may also set flags, `delay_s`,
    `sends_speed` or `odometer` (what it counts of a metre), which hold from there on.
    """
    car = _Driven()
    rows: list[Row] = []
    for step in itertools.chain.from_iterable(one.get("steps", [one]) * one.get("times", 1) for one in steps):
        car.said.update({name: step[name] for name in _STICKY if name in step})
        rows += [{"vehicle_id": vehicle_id, **row} for row in _step(car, step, day, zone)]
    return rows


def _fix(car: _Driven, kmh: float) -> Row:
    speed = kmh if car.said.get("sends_speed", True) else None
    read = round(car.odometer_m) if "odometer" in car.said else None
    place = {"time_ms": car.time_ms, "lon": car.lon, "lat": car.lat, "odometer_m": read}
    return {**place, "speed_kmh": speed, **car.said}


def _step(car: _Driven, step: Step, day: str, zone: str) -> Iterator[Row]:
    if "leave" in step:
        car.lon, car.lat = step["leave"]
        car.time_ms = moment_ms(step["at"], day, zone)
        yield _fix(car, 0.0)
    elif "stray" in step:
        car.time_ms += int(step["after_s"] * MS_PER_S)
        lon, lat = step["stray"]
        yield _fix(car, 0.0) | {"lon": lon, "lat": lat}
    elif "gap_s" in step:
        _move(car, step.get("drive_m", 0.0), step.get("heading", 90))
        car.time_ms += int(step["gap_s"] * MS_PER_S)
        yield _fix(car, step.get("kmh", 0.0))
    elif "drive_m" in step:
        seconds = step["drive_m"] / (step["kmh"] / 3.6)
        yield from _moved(car, seconds, step["drive_m"], step["kmh"], step)
    elif "stand_s" in step:
        yield from _moved(car, step["stand_s"], 0.0, 0.0, step)
    else:
        raise ValueError(f"a track has no step {sorted(step)}")


def _moved(car: _Driven, seconds: float, metres: float, kmh: float, step: Step) -> Iterator[Row]:
    every_s = step.get("every_s", 10)
    start_ms, gone_m = car.time_ms, 0.0
    count = max(1, int(np.ceil(seconds / every_s - 1e-9)))
    for number in range(1, count + 1):
        at_s = min(number * every_s, seconds)
        share_m = metres * at_s / seconds
        _move(car, share_m - gone_m, step.get("heading", 90))
        gone_m = share_m
        car.time_ms = start_ms + round(at_s * MS_PER_S)
        yield _fix(car, kmh)


def _move(car: _Driven, metres: float, heading: float) -> None:
    per_lon, per_lat = metres_per_degree(car.lat)
    angle = np.radians(heading)
    car.lon += metres * float(np.sin(angle)) / per_lon
    car.lat += metres * float(np.cos(angle)) / per_lat
    car.odometer_m += metres * car.said.get("odometer", 1.0)


def fixes_of(rows: Sequence[Row]) -> Fixes:
    """Positions of any cars as the store gives them out: sorted by vehicle, time, lon, lat; each once."""
    frame = [
        (
            str(row["vehicle_id"]),
            int(row["time_ms"]),
            round(row["lon"] * E7),
            round(row["lat"] * E7),
            NO_SPEED if row.get("speed_kmh") is None else round(row["speed_kmh"] * 100),
            sum(
                sent | (on if row[name] else 0)
                for name, (sent, on) in FLAG_BITS.items()
                if row.get(name) is not None
            ),
            NO_DELAY if row.get("delay_s") is None else round(row["delay_s"] * MS_PER_S),
            NO_ODOMETER if row.get("odometer_m") is None else row["odometer_m"],
        )
        for row in rows
    ]
    unique = [next(group) for _, group in itertools.groupby(sorted(frame), key=lambda row: row[:4])]
    names = sorted({row[0] for row in unique})
    counts = [sum(row[0] == name for row in unique) for name in names]
    n = len(unique)

    def column(at: int, dtype: type) -> Any:  # noqa: ANN401 - an array of that type
        return np.array([row[at] for row in unique], dtype=dtype)

    return Fixes(
        tuple(names),
        np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        column(1, np.int64),
        column(2, np.int32),
        column(3, np.int32),
        column(4, np.int32),
        np.full(n, NO_HEADING, dtype=np.int16),
        column(5, np.int16),
        column(7, np.int32),
        column(6, np.int32),
    )


@dataclass(frozen=True)
class City:
    """What a case says, before it is asked for a day.

    Attributes:
        records: kind -> records with outside names.
        tracks: each `vehicle_id` and `track`; one car may have several.
        day: the day of times that name none.
        place: whose law binds.
        feeds: kinds somebody in the fleet sends on `day`, beside those of the records here.
        seen: vehicle -> first and last day with positions, where not as in the tracks.
        heard_to: when the data end.
        streets: a map: each `line` ([lon, lat], …), `class`, and maybe `limit`, `name`, `way_id`, `one_way`,
            `tunnel`, `bridge`; streets meet where they share a point.
        limits: rows of the operator's limit table.
        before: trips other taxis drove on the days before: each `times`, `line` ([lon, lat], …), `kmh`.
        jams: speeds on the days before: each `street` (a name), `hour`, `kmh`, `times`.
    """

    records: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    tracks: Sequence[Mapping[str, Any]] = ()
    day: str = DAY
    place: str = "guangzhou"
    feeds: Sequence[str] = ()
    seen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    heard_to: str | None = None
    streets: Sequence[Mapping[str, Any]] = ()
    limits: Sequence[Mapping[str, Any]] = ()
    before: Sequence[Mapping[str, Any]] = ()
    jams: Sequence[Mapping[str, Any]] = ()

    def law(self) -> Law:
        """The law and the house's settings of the place."""
        return law_of(self.place)

    def number(self, day: str | None = None) -> int:
        """The day's number."""
        return day_of(dt.date.fromisoformat(day or self.day))

    def given(self, day: int | None = None) -> Given:
        """What is given when one city day is judged (`self.day` if none is named)."""
        law = self.law()
        zone = law.timezone
        judged = self.number() if day is None else day
        from_ms, to_ms = day_start_ms(judged, zone), day_start_ms(judged + 1, zone)
        tables = dict(_EMPTY)
        for kind, records in self.records.items():
            tables[kind] = table(kind, records, day=self.day, zone=zone)
        rows = [
            row
            for one in self.tracks
            for row in drive(one["vehicle_id"], one["track"], day=self.day, zone=zone)
        ]
        fixes = fixes_of(rows)
        heard = to_ms + 18 * MS_PER_H if self.heard_to is None else moment_ms(self.heard_to, self.day, zone)
        jump = law.get("house.quality.jump_kmh")
        zones = zones_of(tables["zones"])
        map_of_city = roads(self.streets, self.limits, zones) if self.streets else None
        return Given(
            zone=zone,
            from_ms=from_ms,
            to_ms=to_ms,
            heard_to_ms=heard,
            fixes=fixes,
            track=lay(fixes, float(jump.at(np.array([from_ms]))[0]) if jump else np.nan),
            tables=tables,
            feeds=self._feeds(tables, fixes, zone),
            seen=self._seen(fixes, zone),
            areas=_areas(tables["zones"]),
            roads=map_of_city,
            city_trips=len(tables["trips"]),
            past=self._past(map_of_city),
        )

    def _past(self, known: Roads | None) -> Past | None:
        if not self.before and not self.jams:
            return None
        left = {
            DRIVEN_TRIPS: [driven_before(one["line"], one["kmh"], one["times"]) for one in self.before],
            ROAD_PASSES: [passed_before(known, one) for one in self.jams] if known is not None else [],
        }
        return Past(lambda name: pd.concat([pd.DataFrame(), *left[name]], ignore_index=True), known)

    def _feeds(
        self, tables: Mapping[str, pd.DataFrame], fixes: Fixes, zone: str
    ) -> dict[str, frozenset[int]]:
        days = {kind: {self.number()} for kind in self.feeds}
        for kind, frame in tables.items():
            moment = KINDS[kind].moment
            if moment is not None and len(frame):
                instants = frame[KINDS[kind].column(moment).inside].to_numpy(dtype=np.int64)
                days.setdefault(kind, set()).update(int(day) for day in city_day(instants, zone))
        if len(fixes):
            days.setdefault("positions", set()).update(int(day) for day in city_day(fixes.time_ms, zone))
        return {kind: frozenset(found) for kind, found in days.items()}

    def _seen(self, fixes: Fixes, zone: str) -> dict[str, tuple[int, int]]:
        seen = {}
        for index, name in enumerate(fixes.vehicle_ids):
            days = city_day(fixes.time_ms[fixes.starts[index] : fixes.starts[index + 1]], zone)
            seen[name] = int(days.min()), int(days.max())
        return seen | {
            name: (self.number(str(first)), self.number(str(last)))
            for name, (first, last) in self.seen.items()
        }


def roads(
    streets: Sequence[Mapping[str, Any]],
    limits: Sequence[Mapping[str, Any]] = (),
    zones: Mapping[str, Zone] | None = None,
) -> Roads:
    """The roads of a map written as a person writes one."""
    number: dict[tuple[float, float], int] = {}
    ways: list[Way] = []
    for street in streets:
        nodes = [number.setdefault((lon, lat), len(number)) for lon, lat in street["line"]]
        limit = street.get("limit", NO_TAG)
        ways.append(
            Way(
                street.get("way_id", len(ways) + 1), street.get("name", ""), street.get("class", "primary"),
                nodes,
                backward=not street.get("one_way", False),
                flags=TUNNEL if street.get("tunnel") else BRIDGE if street.get("bridge") else 0,
                forward_kmh=limit, backward_kmh=limit,
            )
        )  # fmt: skip
    places = np.round(np.array(list(number)) * E7).astype(np.int32)
    lon_e7, lat_e7 = (np.ascontiguousarray(axis) for axis in places.T)
    network = network_of(lon_e7, lat_e7, ways, source="a case")
    return roads_of(network, [limit_row(row, zones or {}) for row in limits])


def driven_before(line: Sequence[tuple[float, float]], kmh: float, times: int) -> pd.DataFrame:
    """The same trip many times, as days leave their trips."""
    lon, lat = (np.array(axis) for axis in zip(*line, strict=True))
    length_m = float(distance_m(lon[:-1], lat[:-1], lon[1:], lat[1:]).sum())
    # A corner every hundredth of a leg: receivers send many.
    places = np.linspace(0, len(line) - 1, 100 * (len(line) - 1) + 1)
    lon_e7, lat_e7 = (
        np.round(np.interp(places, np.arange(len(line)), axis) * E7).astype(np.int32) for axis in (lon, lat)
    )
    return pd.DataFrame(
        {
            "vehicle_id": [f"粤B{number}" for number in range(times)],
            "start_ms": np.arange(times) * MS_PER_H,
            "took_s": length_m / (kmh / 3.6),
            "lon_e7": [lon_e7] * times,
            "lat_e7": [lat_e7] * times,
        }
    )


def passed_before(known: Roads, jam: Mapping[str, Any]) -> pd.DataFrame:
    """Passes of many cars along a street at one hour, as days leave them."""
    names = np.array(known.network.way_name, dtype=object)[known.network.way]
    edge = np.tile(np.flatnonzero(names == jam["street"]), jam["times"])
    metres = known.network.length_m[edge]
    return pd.DataFrame(
        {
            "vehicle_id": "粤B1",
            "edge": edge.astype(np.int32),
            "hour": np.full(edge.size, jam["hour"], dtype=np.int8),
            "metres": metres,
            "seconds": (metres / (jam["kmh"] / 3.6)).astype(np.float32),
        }
    )


def _areas(zones: pd.DataFrame) -> dict[str, shapely.Geometry]:
    pairs = zip(zones["zone_id"], zones["geometry"], strict=True)
    return {str(name): shape(json.loads(text)) for name, text in pairs}
