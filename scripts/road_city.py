"""A made city on a real road network: one day of a fleet, with what its few bad drivers did, as a home.

Written by blocks of cars, in bounded memory, straight into Parquet and CSV files that go in through the
product's own ingest. Every road has a limit in the operator's table. The same number of positions and seed
make the same city, so a home made once is used again.
"""

import csv
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from scripts import made_city, road_days
from scripts.made_city import DAY_S, MIDNIGHT_MS, NOW_MS, Rows, drivers_of, has_seats
from scripts.road_days import Town, plans, town_of
from scripts.road_motion import FIX_COLUMNS, Car, Legs, live, street_of
from taxi_qa.ingest.roads import take_limits, take_roads
from taxi_qa.ingest.take import take
from taxi_qa.roads.dissection import load_order
from taxi_qa.roads.network import CLASSES, Network, load_network
from taxi_qa.roads.routes import router
from taxi_qa.store.home import Home, make_home, open_home
from taxi_qa.store.road_files import limits_path, network_path, order_path

Floats = npt.NDArray[np.float64]

# Fixes and trips of a car, as they come out on average.
FIXES_PER_TAXI: Final = 4_850
INTERVALS_S: Final = (10, 15, 15, 20, 20, 20, 30, 30)
# Cars of a file and of a row group.
_FILE_CARS, _BLOCK_CARS = 1_600, 200
_SPEEDERS, _TIRED, _CHEATS, _OFF_METER = 0.03, 0.01, 0.005, 0.002
_BURSTS: Final = 0.05
_WAIT_S: Final = 590.0
_WALLS: Final = np.array([5 * 3600 - 300, 17 * 3600 - 300, DAY_S - 60], dtype=np.int64)
# A made operator's limits, km/h, by class of road; each way may have 10 more or less.
_LIMIT_KMH: Final[dict[str, int]] = {
    "motorway": 100, "trunk": 80, "primary": 60, "secondary": 60, "tertiary": 50, "unclassified": 40,
    "residential": 30, "living_street": 20, "service": 20, "motorway_link": 60, "trunk_link": 60,
    "primary_link": 50, "secondary_link": 40, "tertiary_link": 40,
}  # fmt: skip
_CITY_M: Final = 60_000.0
TRUTH: Final = "truth.parquet"


@dataclass(frozen=True)
class Made:
    """A made city.

    Attributes:
        home: as ingest left it: copy `taxi_qa.db` before anything is judged in it.
        positions, trips: how many it holds.
        truth: what the bad drivers did: kind ("burst", "detour", "neither"), vehicle_id, trip_id, start_ms,
            end_ms. A trip that is "neither" is led over another place, and hardly longer for it.
    """

    home: Path
    positions: int
    trips: int
    truth: pd.DataFrame


def city_home(cache: Path, positions: int, extract: Path, *, seed: int = 1, workers: int = 1) -> Made:
    """The home of a made city of about that many positions: made now, or as it was made before.

    Args:
        cache: where made cities are kept.
        positions: how many, about.
        extract: OpenStreetMap's of the city.
        seed: of everything.
        workers: processes that make cars.
    """
    folder = cache / f"roads-{positions}-{seed}"
    told = folder / "made.json"
    if not told.exists():
        shutil.rmtree(folder, ignore_errors=True)
        home = make_home(folder / "home", city=made_city.CITY, timezone=made_city.ZONE)
        take_roads(home, extract, now_ms=NOW_MS)
        _take_limits(home, folder, seed)
        files = folder / "files"
        made = make_files(home, files, positions, (seed, workers))
        for report in take(home, [files], now_ms=NOW_MS, workers=workers):
            if report.refused or report.quarantined:
                raise ValueError(
                    f"{report.file}: {report.refused or f'{report.quarantined} rows in quarantine'}"
                )
        shutil.rmtree(files)
        told.write_text(json.dumps(made))
    # A home that was made by an earlier version is brought up to this one.
    make_home(folder / "home", city=made_city.CITY, timezone=made_city.ZONE)
    counts = json.loads(told.read_text())
    return Made(
        folder / "home", counts["positions"], counts["trips"], pd.read_parquet(folder / TRUTH)
    )  # fmt: skip


def _take_limits(home: Home, folder: Path, seed: int) -> None:
    """A limit for every way of the network."""
    network, rng = _network(home), np.random.default_rng([seed, 1])
    classes = np.zeros(network.way_id.size, dtype=np.int64)
    classes[network.way] = network.road_class
    usual = np.array([_LIMIT_KMH[name] for name in CLASSES])[classes]
    kmh = np.where(usual > 30, usual + rng.choice((-10, 0, 0, 0, 10), usual.size), usual)
    path = folder / "limits.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(("way_id", "kmh"))
        out.writerows(zip(network.way_id.tolist(), kmh.tolist(), strict=True))
    taken = take_limits(home, path, now_ms=NOW_MS)
    if taken.refused:
        raise ValueError(f"{path}: {taken.refused[0]}")


def _network(home: Home) -> Network:
    path = network_path(home)
    if path is None:
        raise ValueError(f"{home.path} has no roads")
    return load_network(path)


def _town(home: Home) -> Town:
    network, path, limits = _network(home), network_path(home), limits_path(home)
    if path is None or limits is None:
        raise ValueError(f"{home.path} has no roads or limits")
    table = pd.read_csv(limits)
    of_way = dict(zip(table["way_id"].tolist(), table["kmh"].tolist(), strict=True))
    kmh = np.array([of_way.get(way, -1) for way in network.way_id.tolist()], dtype=np.int16)[network.way]
    return town_of(router(network, load_order(order_path(path), network)), kmh)


def make_files(home: Home, folder: Path, positions: int, how: tuple[int, int]) -> dict[str, int]:
    """Writes the day's record files for a home with roads, and what the bad drivers did beside it.

    Args:
        home: with roads and limits.
        folder: of the record files.
        positions: how many, about.
        how: seed and processes.
    """
    seed, workers = how
    folder.mkdir(parents=True, exist_ok=True)
    cars = max(2, round(positions / FIXES_PER_TAXI))
    rows = Rows()
    for number in range(made_city.COMPANIES):
        rows.add("companies", company_id=f"C{number:02d}", name=f"company {number}")
    for number in range(cars):
        made_city.papers(number, _plate(number), np.random.default_rng([seed, number]), rows)
    for kind, table in rows.tables.items():
        pd.DataFrame(table).to_csv(folder / f"{kind}.csv", index=False)
    (folder / "zones.geojson").write_text(_zones(), encoding="utf-8")
    tasks = [(str(home.path), folder, first, min(cars, first + _FILE_CARS), seed)
             for first in range(0, cars, _FILE_CARS)]  # fmt: skip
    fixes, trips, truths = 0, 0, []
    for parts in _results(tasks, workers):
        fixes += parts.fixes
        trips += len(parts.trips)
        truths.append(parts.truth)
        for kind, frame in (("trips", parts.trips), ("events", parts.events)):
            path = folder / f"{kind}.csv"
            frame.to_csv(path, mode="a", index=False, header=not path.exists())
    pd.concat(truths, ignore_index=True).to_parquet(folder.parent / TRUTH, index=False)
    return {"positions": fixes, "trips": trips, "cars": cars}


@dataclass(frozen=True)
class _Parts:
    """What the cars of one file did."""

    fixes: int
    trips: pd.DataFrame
    events: pd.DataFrame
    truth: pd.DataFrame


def _results(tasks: list[tuple[Any, ...]], workers: int) -> Iterator[_Parts]:
    if workers <= 1 or len(tasks) == 1:
        yield from map(_file, tasks)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(_file, tasks)


_TOWNS: dict[str, Town] = {}


def _file(task: tuple[Any, ...]) -> _Parts:
    """The positions of some cars in a file of their own, and their other records."""
    where, folder, first, past, seed = task
    if where not in _TOWNS:
        _TOWNS[where] = _town(open_home(Path(where)))
    town = _TOWNS[where]
    fixes, trips, events, truths = 0, [], [], []
    with pq.ParquetWriter(
        folder / f"positions-{first:06d}.parquet", made_city.POSITIONS, compression="zstd"
    ) as writer:
        for block in range(first, past, _BLOCK_CARS):
            numbers = range(block, min(past, block + _BLOCK_CARS))
            driven = _drive(town, numbers, seed)
            writer.write_table(_table(town, numbers, driven.fixes))
            fixes += sum(map(len, driven.fixes))
            trips.append(made_city.priced(driven.trips))
            events.append(driven.events)
            truths.append(driven.truth)
    return _Parts(
        fixes, *(pd.concat(frames, ignore_index=True) for frames in (trips, events, truths))
    )  # fmt: skip


@dataclass(frozen=True)
class _Driven:
    fixes: list[Floats]
    trips: pd.DataFrame
    events: pd.DataFrame
    truth: pd.DataFrame


def _drive(town: Town, numbers: range, seed: int) -> _Driven:
    """A day of some cars."""
    rng = np.random.default_rng([seed, 2, numbers[0]])
    plan, street = plans(town, rng, len(numbers)), street_of(town)
    routes = plan.routes
    fixes, done = [], np.zeros((len(numbers), plan.legs, 6))
    room = np.empty((DAY_S // min(INTERVALS_S) + 100, FIX_COLUMNS + 1))
    for at, number in enumerate(numbers):
        rows = slice(at * plan.legs, (at + 1) * plan.legs)
        legs = Legs(
            rows.start, routes.start, routes.edge, routes.begin_along_m, routes.end_along_m, routes.length_m,
            plan.what[rows],
        )  # fmt: skip
        made_city.seed_kernels(seed * 1_000_003 + number)
        n = live(street, _car(number, seed), legs, room, done[at])
        fixes.append(_heard(room[:n], np.random.default_rng([seed, 4, number])))
    trips = _trips(numbers, plan.what.reshape(len(numbers), -1), done, seed)
    # Some rides have no record: the meter was off.
    off = np.random.default_rng([seed, 6, numbers[0]]).random(len(trips)) < _OFF_METER
    sat = trips[[has_seats(number) for number in trips["number"]]]
    sides = (("in", "passenger_boarded", "begin_s"), ("out", "passenger_alighted", "end_s"))
    events = pd.concat(
        pd.DataFrame({
            "event_id": sat["trip_id"] + f"-{name}", "vehicle_id": sat["vehicle_id"],
            "time": _texts(sat[column].to_numpy()), "kind": kind,
        })
        for name, kind, column in sides
    )  # fmt: skip
    trips = trips[~off]
    truth = pd.concat((_bursts(numbers, done), _led(trips, plan.kind.reshape(len(numbers), -1))))
    return _Driven(fixes, trips.drop(columns=["number", "leg", "begin_s", "end_s"]), events, truth)


def _plate(number: int) -> str:
    return f"粤A{number:05d}"


def _car(number: int, seed: int) -> Car:
    rng = np.random.default_rng([seed, 3, number])
    rests = [] if rng.random() < _TIRED else [
        (hour * 3600 + int(rng.integers(0, 1_500)), hour * 3600 + 1_500 + int(rng.integers(1_600, 2_400)))
        for hour in (1, 3, 8, 11, 14, 18, 20, 22)
    ]  # fmt: skip
    dark = [(at, at + 60 + int(rng.exponential(90))) for at in rng.integers(0, DAY_S, 2).tolist()]
    if rng.random() < 0.02:
        dark.append((at := int(rng.integers(6 * 3600, 20 * 3600)), at + int(rng.integers(620, 4_000))))
    return Car(
        INTERVALS_S[number % len(INTERVALS_S)], float(rng.uniform(5, 10)),
        _BURSTS if rng.random() < _SPEEDERS else 0.0, _WAIT_S,
        np.array(sorted(rests), dtype=np.int64).reshape(-1, 2), _WALLS, np.array(dark, dtype=np.int64),
    )  # fmt: skip


def _heard(driven: Floats, rng: np.random.Generator) -> Floats:
    """The fixes with the seconds after which each was received, in the last column."""
    fixes = driven.copy()
    fixes[:, 6] = rng.integers(1, 5, len(fixes))
    if rng.random() < 0.01:  # a link that is always slow
        fixes[:, 6] += 90
    if rng.random() < 0.01 and len(fixes) > 400:  # a dead spot, uploaded together an hour and more later
        late = int(rng.integers(0, len(fixes) - 200))
        fixes[late : late + 150, 6] = fixes[late + 150, 0] + 4_000 - fixes[late : late + 150, 0]
    return fixes


def _trips(numbers: range, what: npt.NDArray[np.int8], done: Floats, seed: int) -> pd.DataFrame:
    """The trips the cars finished, as their meters tell of them; some meters and drivers lie."""
    rng = np.random.default_rng([seed, 5, numbers[0]])
    begin, end, metres, stood = (done[:, :, column] for column in range(4))
    goes_on = np.zeros(what.shape, dtype=bool)
    # A second half that was to be driven and was not: the day was over, and so was the trip.
    goes_on[:, :-1] = (what[:, 1:] == road_days.GOES_ON) & (end[:, 1:] > 0)
    after = [np.roll(column, -1, axis=1) for column in (end, metres, stood)]
    car, leg = np.nonzero((what == road_days.METERED) & (end > 0))
    on = goes_on[car, leg]
    number = np.array(numbers)[car]
    begin_s, end_s = begin[car, leg], np.where(on, after[0][car, leg], end[car, leg])
    driven_m, stood_s = (
        one[car, leg] + np.where(on, other[car, leg], 0)
        for one, other in ((metres, after[1]), (stood, after[2]))
    )
    n = car.size
    steady = np.where(rng.random(len(numbers)) < _CHEATS, 1.09, 1.0)[car]
    price = rng.random(n)
    by_day = (begin_s >= 5 * 3600) & (begin_s < 17 * 3600)
    drivers = [drivers_of(one) for one in number.tolist()]
    return pd.DataFrame({
        "trip_id": [f"T{one:05d}-{int(at):05d}" for one, at in zip(number, begin_s, strict=True)],
        "vehicle_id": [_plate(one) for one in number.tolist()],
        "driver_id": [
            "" if one % 6 == 0 else pair[0] if day else pair[1]
            for one, pair, day in zip(number.tolist(), drivers, by_day.tolist(), strict=True)
        ],
        "boarded_at": _texts(begin_s),
        "alighted_at": _texts(end_s),
        "metered_km": np.round(driven_m * steady * np.where(rng.random(n) < 0.002, 1.4, 1.0) / 1000, 1),
        "waiting_s": stood_s.astype(np.int64),
        "rate_code": np.where(rng.random(n) < 0.001, "night", "day"),
        "payment": np.array(("cash", "card", "app"))[rng.integers(0, 3, n)],
        "passengers": 1,
        "extra": np.where(price < 0.005, 1.15, 1.0),
        "bargain": np.where((price > 0.01) & (price < 0.015), 1.3, 1.0),
        "number": number, "leg": leg, "begin_s": begin_s, "end_s": end_s,
    })  # fmt: skip


def _texts(seconds: Floats) -> list[str]:
    at = np.datetime64(made_city.DAY.isoformat(), "s") + seconds.astype("timedelta64[s]")
    return [f"{text}+08:00" for text in np.datetime_as_string(at).tolist()]


def _bursts(numbers: range, done: Floats) -> pd.DataFrame:
    car, leg = np.nonzero(done[:, :, 5] > 0)
    return pd.DataFrame({
        "kind": "burst", "vehicle_id": [_plate(numbers[one]) for one in car.tolist()], "trip_id": "",
        "start_ms": MIDNIGHT_MS + (1000 * done[car, leg, 4]).astype(np.int64),
        "end_ms": MIDNIGHT_MS + (1000 * done[car, leg, 5]).astype(np.int64),
    })  # fmt: skip


def _led(trips: pd.DataFrame, kinds: npt.NDArray[np.int8]) -> pd.DataFrame:
    """The trips that led over another place."""
    first = int(trips["number"].min()) if len(trips) else 0
    kind = kinds[trips["number"].to_numpy() - first // _BLOCK_CARS * _BLOCK_CARS, trips["leg"].to_numpy()]
    led = trips[kind != road_days.HONEST]
    return pd.DataFrame({
        "kind": np.where(kind[kind != road_days.HONEST] == road_days.DETOUR, "detour", "neither"),
        "vehicle_id": led["vehicle_id"], "trip_id": led["trip_id"],
        "start_ms": MIDNIGHT_MS + (1000 * led["begin_s"]).astype(np.int64),
        "end_ms": MIDNIGHT_MS + (1000 * led["end_s"]).astype(np.int64),
    })  # fmt: skip


def _table(town: Town, numbers: range, fixes: list[Floats]) -> pa.Table:
    """Positions as the file has them."""
    whole = np.concatenate(fixes)
    time_ms = MIDNIGHT_MS + 1000 * whole[:, 0].astype(np.int64)
    cars = np.repeat(np.arange(len(numbers), dtype=np.int32), [len(one) for one in fixes])
    plates = pa.array([_plate(number) for number in numbers])
    columns = [
        pa.DictionaryArray.from_arrays(cars, plates),
        pa.array(time_ms, pa.timestamp("ms", tz="UTC")),
        pa.array(np.round(whole[:, 1] / town.per_lon, 6)),
        pa.array(np.round(whole[:, 2] / town.per_lat, 6)),
        pa.array(np.round(whole[:, 3], 1)),
        pa.array(np.round(whole[:, 4]).astype(np.int16) % 360),
        pa.array(whole[:, 5] > 0),
        pa.array(time_ms + 1000 * whole[:, 6].astype(np.int64), pa.timestamp("ms", tz="UTC")),
    ]
    return pa.Table.from_arrays(columns, schema=made_city.POSITIONS)


def _zones() -> str:
    """The licensed area: the whole map."""
    lon, lat = 104.066, 30.66
    angles = np.linspace(0, 2 * np.pi, 121)
    ring = [[lon + _CITY_M / 95_700 * float(np.cos(a)), lat + _CITY_M / 110_900 * float(np.sin(a))]
            for a in angles]  # fmt: skip
    ring[-1] = ring[0]
    feature = {
        "type": "Feature",
        "properties": {"zone_id": "city", "name": "city", "kind": "city"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    return json.dumps({"type": "FeatureCollection", "features": [feature]})
