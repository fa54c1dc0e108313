"""Whatever comes in is judged: made records that overlap, contradict each other and leave things out."""

import csv
import datetime as dt
import json
import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from taxi_qa.ingest.take import take
from taxi_qa.runs.check import RunReport, check
from taxi_qa.store.home import make_home, open_home
from tests.runs.conftest import NOW_MS, said

BEGIN: Final = dt.datetime(2025, 10, 13)  # noqa: DTZ001 - the city's own clock, as files write it
DRIVERS: Final = ("D1", "D2", "D3")
_AREA: Final = [[[113.2, 23.0], [113.3, 23.0], [113.3, 23.2], [113.2, 23.2], [113.2, 23.0]]]

Row = dict[str, Any]


@dataclass(frozen=True)
class Chance:
    """What may happen to one to three cars from five hours before a day to its evening."""

    rng: random.Random
    cars: tuple[str, ...]

    def moment(self, low_min: int = -300, high_min: int = 1300) -> dt.datetime:
        second = self.rng.choice([0, 0, self.rng.randint(0, 59)])
        return BEGIN + dt.timedelta(minutes=self.rng.randint(low_min, high_min), seconds=second)

    def later(self, begin: dt.datetime, minutes: list[int]) -> dt.datetime:
        return begin + dt.timedelta(minutes=self.rng.choice(minutes))

    def rows(self, most: int) -> range:
        return range(self.rng.randint(0, most))


def chance_of(seed: int) -> Chance:
    rng = random.Random(seed)  # noqa: S311 - records of a test
    return Chance(rng, tuple(f"粤A{number}" for number in range(rng.randint(1, 3))))


def registers(one: Chance) -> dict[str, list[Row]]:
    pick = one.rng.choice
    kept: dict[str, list[Row]] = {}
    if one.rng.random() < 0.8:
        kept["vehicles"] = [
            {
                "vehicle_id": car,
                "company_id": "C1",
                "has_seat_sensor": pick(["", "0", "1"]),
                "permit_valid_to": pick(["", "2025-10-12", "2025-12-31"]),
            }
            for car in one.cars
        ]
    if one.rng.random() < 0.7:
        kept["drivers"] = [
            {
                "driver_id": driver,
                "name": driver,
                "company_id": "C1",
                "registered_from": "2020-01-01",
                "licence_valid_to": pick(["", "2025-10-12", "2026-01-01"]),
            }
            for driver in DRIVERS
        ]
    return kept


def shifts(one: Chance) -> Iterator[Row]:
    """Sign-ins of anybody on anything, some never ended, some of no length."""
    for _ in one.rows(8):
        start = one.moment()
        end = one.rng.choice(["", one.later(start, [0, 30, 300, 720])])
        yield {
            "vehicle_id": one.rng.choice(one.cars),
            "driver_id": one.rng.choice(DRIVERS),
            "start": start,
            "end": end,
        }


def trips(one: Chance) -> Iterator[Row]:
    pick = one.rng.choice
    for number in one.rows(25):
        boarded = one.moment()
        yield {
            "trip_id": f"T{number}",
            "vehicle_id": pick(one.cars),
            "driver_id": pick(["", "D1", "D2"]),
            "boarded_at": boarded,
            "alighted_at": one.later(boarded, [0, 1, 10, 40, 700]),
            "metered_km": pick([0, 0.1, 3, 50]),
            "waiting_s": pick(["", 0, 300]),
            "fare_yuan": pick([0, 12, 300]),
            "surcharge_yuan": pick(["", 0, 2]),
            "paid_yuan": pick(["", 12, 300]),
            "payment": pick(["", "cash", "card"]),
            "tip_yuan": pick(["", 3]),
            "rate_code": pick(["", "night", "flat", "return", "out_of_town", "x", "metered"]),
            "boarded_lon": pick(["", 113.26, 0]),
            "boarded_lat": pick(["", 23.13, 0]),
            "datum": pick(["", "gcj02"]),
        }


def events(one: Chance) -> Iterator[Row]:
    kinds = (
        "passenger_boarded", "passenger_alighted", "passenger_count", "driver_mismatch", "device_test",
        "meter_clock_fault",
    )  # fmt: skip
    for number in one.rows(30):
        yield {
            "event_id": f"E{number}",
            "vehicle_id": one.rng.choice(one.cars),
            "time": one.moment(),
            "kind": one.rng.choice(kinds),
            "value": one.rng.choice(["", 0, 2]),
        }


def repairs(one: Chance) -> Iterator[Row]:
    for number in one.rows(4):
        yield {
            "ticket_id": f"R{number}",
            "vehicle_id": one.rng.choice(one.cars),
            "device": one.rng.choice(["meter", "gnss", "terminal"]),
            "reported_at": one.moment(),
            "repaired_at": one.rng.choice(["", one.moment()]),
        }


def excuses(one: Chance) -> Iterator[Row]:
    for number in one.rows(3):
        yield {
            "excuse_id": f"X{number}",
            "scope": one.rng.choice(["vehicle", "company", "city", "zone", "road"]),
            "scope_id": one.rng.choice([*one.cars, "C1", "Z1"]),
            "from": BEGIN,
            "to": one.moment(10),
            "cause": "other",
            "rules": one.rng.choice(["", "vehicle.late_data"]),
            "approved_by": one.rng.choice(["", "A"]),
        }


def positions(one: Chance) -> Iterator[Row]:
    """A walk with silences, jumps, repeated moments, fixes at 0,0 and clocks that are ahead."""
    pick, uniform = one.rng.choice, one.rng.uniform
    for car in one.cars:
        if one.rng.random() < 0.2:
            continue
        lon, lat, second = 113.26, 23.13, one.rng.randint(-300, 600) * 60
        for _ in one.rows(200):
            second += pick([0, 10, 10, 20, 30, 400, 1500])
            if one.rng.random() < 0.7:
                lon, lat = lon + uniform(-0.002, 0.003), lat + uniform(-0.002, 0.002)
            place = (lon, lat) if one.rng.random() < 0.95 else pick([(0, 0), (114.5, 22.0)])
            moment = BEGIN + dt.timedelta(seconds=second)
            yield {
                "vehicle_id": car,
                "time": moment,
                "lon": f"{place[0]:.6f}",
                "lat": f"{place[1]:.6f}",
                "speed_kmh": pick(["", 0, 40]),
                "loaded": pick(["", "0", "1", "1"]),
                "fixed": pick(["", "1", "1", "0"]),
                "acc_on": pick(["", "0", "1"]),
                "received_at": pick(["", moment + dt.timedelta(seconds=pick([2, 90, 5000, -900]))]),
            }


def write_records(one: Chance, folder: Path) -> None:
    """A file a kind; a kind nothing happened of has none."""
    folder.mkdir()
    kept = registers(one)
    for kind in (shifts, trips, events, repairs, excuses, positions):
        kept[kind.__name__] = list(kind(one))
    for name, rows in kept.items():
        if rows:
            with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
                written = csv.DictWriter(file, fieldnames=list(rows[0]))
                written.writeheader()
                written.writerows(rows)
    if one.rng.random() < 0.5:
        about = {"zone_id": "Z1", "name": "z", "kind": one.rng.choice(["city", "tunnel", "hub"])}
        area = {"type": "Polygon", "coordinates": _AREA}
        zones = [{"type": "Feature", "properties": about, "geometry": area}]
        text = json.dumps({"type": "FeatureCollection", "features": zones})
        (folder / "zones.geojson").write_text(text, encoding="utf-8")


def adds_up(run: RunReport) -> bool:
    tally = run.tallies
    return bool(
        (tally["examined"] == tally["found"] + tally["clean"] + tally["cannot_tell"]).all()
        and (tally["clean"] >= 0).all()
    )


def answers(folder: Path, *, vehicles: Sequence[str] = ()) -> set[tuple[str, str, str]]:
    """What a check of a home finds, and what it can't tell, of cars, by name; its three answers add up.

    What a month of a company or of a driver says stands under no car and is only asked of the whole city.
    """
    home = open_home(folder)
    run = check(home, now_ms=NOW_MS, vehicles=vehicles)
    answered: set[tuple[str, str, str]] = set()
    if run is not None:
        assert adds_up(run)
        if run.tallies[["found", "cannot_tell"]].to_numpy().any():
            rows = said(home)
            of_cars = rows.loc[rows["vehicle_id"].fillna("") != "", ["rule", "verdict", "finding_id"]]
            assert not vehicles or len(of_cars) == len(rows)
            answered.update(of_cars.itertuples(index=False, name=None))
    home.engine.dispose()
    return answered


@pytest.mark.parametrize("seed", range(12))
def test_any_records_are_judged_and_car_by_car_the_same(seed: int, tmp_path: Path) -> None:
    one = chance_of(seed)
    write_records(one, tmp_path / "files")
    home = make_home(
        tmp_path / "home",
        city=one.rng.choice(["guangzhou", "nyc", "zhongshan"]),
        timezone="Asia/Shanghai",
        buckets=one.rng.choice([1, 4]),
    )
    reports = take(home, [tmp_path / "files"], now_ms=NOW_MS, workers=1)
    assert not [report for report in reports if report.refused]
    home.engine.dispose()
    for car in one.cars:
        shutil.copytree(tmp_path / "home", tmp_path / car)

    at_once = answers(tmp_path / "home")
    car_by_car = [answers(tmp_path / car, vehicles=[car]) for car in one.cars]
    assert set().union(*car_by_car) == at_once
