"""A made city for the benchmarks: one day of a fleet, as a home filled through the product's own ingest.

Every car has two drivers and two shifts, rests, about 25 metered trips, a fix every 10 to 30 s with 4 m of
noise, a time of receipt; some jump, go dark, carry off the meter, overcharge, drive on lapsed papers. The
same number of positions and seed make the same city, so a home made once is used again.
"""

import datetime as dt
import json
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numba import njit

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

# The checkout is on the path now.
from taxi_qa.ingest.take import take  # noqa: E402
from taxi_qa.law.read import read_law  # noqa: E402
from taxi_qa.law.tariff import price  # noqa: E402
from taxi_qa.store.home import make_home  # noqa: E402

CITY: Final = "guangzhou"
ZONE: Final = "Asia/Shanghai"
DAY: Final = dt.date(2026, 10, 20)
DAY_S: Final = 86_400
FIXES_PER_TAXI: Final = 6_764
NOW_MS: Final = 1_800_000_000_000
INTERVALS_S: Final = (10, 10, 10, 10, 15, 15, 20, 30)
MIDNIGHT_MS: Final = (
    int(dt.datetime(DAY.year, DAY.month, DAY.day, tzinfo=dt.timezone(dt.timedelta(hours=8))).timestamp())
    * 1000
)
LON_0, LAT_0 = 113.27, 23.13
M_PER_LON, M_PER_LAT = 102_420.0, 110_760.0
HALF_CITY_M: Final = 15_000.0
COMPANIES: Final = 8
_BLOCK: Final = 64

# What a car does in a stretch of its day.
CRUISES, METERED, RESTS, OFF_METER = 0, 1, 2, 3

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

POSITIONS: Final = pa.schema(
    [
        ("vehicle_id", pa.dictionary(pa.int32(), pa.string())),
        ("time", pa.timestamp("ms", tz="UTC")),
        ("lon", pa.float64()),
        ("lat", pa.float64()),
        ("speed_kmh", pa.float64()),
        ("heading_deg", pa.int16()),
        ("loaded", pa.bool_()),
        ("received_at", pa.timestamp("ms", tz="UTC")),
    ]
)


@dataclass
class Rows:
    """The rows of the record files, column by column."""

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, table: str, /, **row: Any) -> None:  # noqa: ANN401 - whatever a record holds
        """One more row."""
        self.tables.setdefault(table, []).append(row)


@njit(cache=True)
def seed_kernels(seed: int) -> None:
    np.random.seed(seed)  # noqa: NPY002 - the generator compiled code has


@njit(cache=True)
def _drive(  # noqa: C901, PLR0913, PLR0917 - compiled: takes columns, is one loop
    interval_s: int,
    from_s: int,
    to_s: int,
    place: Floats,
    ends_s: Int64s,
    does: Int64s,
    dark_from: Int64s,
    dark_to: Int64s,
    out: Floats,
    driven_m: Floats,
    stood_s: Floats,
) -> int:
    """Drives one car; a row of `out` (s, x, y, km/h, degrees, loaded, delay s) a fix."""
    n = 0
    x, y, heading = place
    speed = 30.0
    at = from_s + np.random.randint(0, interval_s)  # noqa: NPY002
    stretch = 0
    stand = 0.0
    while at < to_s:
        while ends_s[stretch] <= at:
            stretch += 1
            speed = 0.0
        doing = does[stretch]
        is_dark = False
        for i in range(dark_from.size):
            is_dark = is_dark or (dark_from[i] <= at < dark_to[i])
        if not is_dark:
            out[n, 0] = at
            out[n, 1] = x + np.random.normal(0.0, 4.0)  # noqa: NPY002
            out[n, 2] = y + np.random.normal(0.0, 4.0)  # noqa: NPY002
            if np.random.random() < 3e-4:  # noqa: NPY002 - a receiver that errs once
                out[n, 1] += 8_000.0
            out[n, 3], out[n, 4] = speed, heading
            out[n, 5] = 1.0 if doing in (METERED, OFF_METER) else 0.0
            out[n, 6] = np.random.randint(1, 5)  # noqa: NPY002
            n += 1
        step = interval_s + (np.random.randint(-1, 2) if interval_s > 10 else 0)  # noqa: NPY002
        if doing == RESTS or at < stand:
            speed = 0.0
        else:
            if np.random.random() < 0.05:  # noqa: NPY002
                stand = at + 20.0 + np.random.exponential(25.0)  # noqa: NPY002
            if np.random.random() < 0.15:  # noqa: NPY002
                heading += 90.0 if np.random.random() < 0.5 else 270.0  # noqa: NPY002
            heading = (heading + np.random.normal(0.0, 3.0)) % 360.0  # noqa: NPY002
            speed = min(max(0.7 * speed + 0.3 * 36.0 + np.random.normal(0.0, 6.0), 6.0), 100.0)  # noqa: NPY002
            if abs(x) > HALF_CITY_M or abs(y) > HALF_CITY_M:
                heading = np.degrees(np.arctan2(-x, -y)) % 360.0
        x += speed / 3.6 * step * np.sin(np.radians(heading))
        y += speed / 3.6 * step * np.cos(np.radians(heading))
        # The step's way belongs to the stretches it lies in, by the second.
        low = at
        k = stretch
        while low < min(at + step, DAY_S):
            high = min(at + step, ends_s[k])
            driven_m[k] += speed / 3.6 * (high - low)
            stood_s[k] += (high - low) if speed < 5.0 else 0.0
            low = high
            k += 1
        at += step
    place[0], place[1], place[2] = x, y, heading
    return n


def _stretches(rng: np.random.Generator, rests: list[tuple[int, int]]) -> tuple[Int64s, Int64s]:
    """Ends and kinds of a day's stretches: cruising and trips by turns, rests where they are planned."""
    turns = np.empty(240)
    turns[0::2] = 120 + rng.exponential(1_050, 120)
    turns[1::2] = 180 + rng.gamma(3.0, 280.0, 120)
    marks = np.cumsum(turns).astype(np.int64)
    marks = marks[: int(np.searchsorted(marks, DAY_S - 900))]
    kinds = np.where(np.arange(marks.size) % 2 == 1, METERED, CRUISES)
    kinds = np.where((kinds == METERED) & (rng.random(marks.size) < 0.004), OFF_METER, kinds)
    begins = np.append(0, marks[:-1])
    for first, last in rests:
        # Nobody rides through a rest: a trip that would is no trip.
        kinds[(begins < last) & (marks > first) & (kinds != CRUISES)] = CRUISES
    edges = np.unique(np.concatenate((marks, np.array(rests, dtype=np.int64).ravel(), [DAY_S])))
    middle = (np.append(0, edges[:-1]) + edges) // 2
    does = np.append(kinds, CRUISES)[np.searchsorted(marks, middle)]
    for first, last in rests:
        does[(middle > first) & (middle < last)] = RESTS
    return edges.astype(np.int64), does.astype(np.int64)


def moment_text(seconds: int) -> str:
    at = dt.datetime(DAY.year, DAY.month, DAY.day) + dt.timedelta(seconds=int(seconds))  # noqa: DTZ001 - city clock
    return f"{at:%Y-%m-%dT%H:%M:%S}+08:00"


def _live(number: int, rng: np.random.Generator, rows: Rows, out: Floats) -> tuple[str, int]:
    """One car's day: its records into `rows`, its fixes into `out`; gives its plate and their number."""
    plate = f"粤A{number:05d}"
    tired = rng.random() < 0.01
    rests = (
        []
        if tired
        else [
            (hour * 3600 + int(rng.integers(0, 1_500)), hour * 3600 + 1_500 + int(rng.integers(2_000, 3_000)))
            for hour in (1, 3, 8, 11, 14, 18, 20, 22)
        ]
    )
    rests.append((4 * 3600 + 3_300, 5 * 3600))
    rests.append((16 * 3600 + 3_300, 17 * 3600))
    rests.sort()
    ends, does = _stretches(rng, rests)
    dark = [
        (int(a), int(a + w))
        for a, w in zip(rng.integers(0, DAY_S, 2), 60 + rng.exponential(120, 2), strict=True)
    ]
    if rng.random() < 0.05:
        start = int(rng.integers(6 * 3600, 20 * 3600))
        dark.append((start, start + int(rng.integers(620, 4_000))))
    dark_spans = np.array(dark, dtype=np.int64)
    driven, stood = np.zeros(ends.size + 1), np.zeros(ends.size + 1)
    place = np.array([*rng.uniform(-HALF_CITY_M, HALF_CITY_M, 2), rng.uniform(0, 360)])
    interval = int(INTERVALS_S[number % len(INTERVALS_S)])
    n = _drive(interval, 0, DAY_S, place, ends, does, dark_spans[:, 0], dark_spans[:, 1], out, driven, stood)
    if rng.random() < 0.002:  # another car under the same plate for an hour
        twin, other = np.array([12_000.0, -12_000.0, 0.0]), np.zeros(ends.size + 1)
        from_s = int(rng.integers(6 * 3600, 20 * 3600))
        n += _drive(
            interval,
            from_s,
            from_s + 3600,
            twin,
            ends,
            does,
            dark_spans[:, 0],
            dark_spans[:, 1],
            out[n:],
            other,
            other,
        )
    if rng.random() < 0.01:  # a link that is always slow
        out[:n, 6] += 90
    if rng.random() < 0.01:  # a dead spot, uploaded together an hour and more later
        late = int(rng.integers(0, n - 200))
        out[late : late + 150, 6] = out[late + 150, 0] + 4_000 - out[late : late + 150, 0]
    papers(number, plate, rng, rows)
    _trips(number, plate, rng, rows, (ends, does, driven, stood))
    return plate, n


def drivers_of(number: int) -> tuple[str, str]:
    return f"A{number:05d}", f"B{number:05d}"


def papers(number: int, plate: str, rng: np.random.Generator, rows: Rows) -> None:
    company = f"C{number % COMPANIES:02d}"
    by_day, by_night = drivers_of(number)
    lapsed = rng.random(3) < 0.005
    for driver, is_lapsed in zip((by_day, by_night), lapsed[:2], strict=True):
        rows.add(
            "drivers",
            driver_id=driver,
            name=f"driver {driver}",
            company_id=company,
            registered_from="2020-01-01",
            registered_to="2028-12-31",
            licence_valid_to="2026-10-01" if is_lapsed else "2027-12-31",
        )
    rows.add(
        "vehicles",
        vehicle_id=plate,
        company_id=company,
        seats=5,
        energy="electric" if number % 3 else "combustion",
        permit_valid_to="2026-10-19" if lapsed[2] else "2028-06-30",
        has_seat_sensor=int(has_seats(number)),
    )
    rows.add(
        "shifts",
        vehicle_id=plate,
        driver_id=by_night,
        start=moment_text(17 * 3600 - DAY_S),
        end=moment_text(5 * 3600 - 200),
        source="card",
    )
    if rng.random() > 0.02:
        rows.add(
            "shifts",
            vehicle_id=plate,
            driver_id=by_day,
            start=moment_text(5 * 3600 - 100),
            end=moment_text(17 * 3600 - 200),
            source="card",
        )
    rows.add(
        "shifts",
        vehicle_id=plate,
        driver_id=by_night,
        start=moment_text(17 * 3600 - 100),
        end=moment_text(DAY_S + 5 * 3600 - 200),
        source="card",
    )
    if rng.random() < 0.003:
        rows.add(
            "repairs",
            ticket_id=f"R{number:05d}",
            vehicle_id=plate,
            device=("meter", "gnss")[number % 2],
            reported_at=moment_text(9 * 3600),
            repaired_at=moment_text(12 * 3600),
            cause="worn",
            reverified_on="2026-10-22",
        )


def has_seats(number: int) -> bool:
    return number % 5 == 0


def _trips(
    number: int, plate: str, rng: np.random.Generator, rows: Rows, day: tuple[Int64s, Int64s, Floats, Floats]
) -> None:
    ends, does, driven, stood = day
    begins = np.append(0, ends[:-1])
    by_day, by_night = drivers_of(number)
    steady = 1.09 if rng.random() < 0.005 else 1.0
    for at in np.flatnonzero(does == METERED):
        begin, end = int(begins[at]), int(ends[at])
        key = f"T{number:05d}-{begin:05d}"
        factor = steady * (1.4 if rng.random() < 0.002 else 1.0)
        price = rng.random()
        rows.add(
            "trips",
            trip_id=key,
            vehicle_id=plate,
            driver_id="" if number % 6 == 0 else by_day if 5 * 3600 <= begin < 17 * 3600 else by_night,
            boarded_at=moment_text(begin),
            alighted_at=moment_text(end),
            metered_km=round(driven[at] * factor / 1000, 1),
            waiting_s=int(stood[at]),
            rate_code="night" if rng.random() < 0.001 else "day",
            payment=("cash", "card", "app")[int(rng.integers(3))],
            passengers=1,
            extra=1.15 if price < 0.01 else 1.0,
            bargain=1.3 if 0.01 < price < 0.02 else 1.0,
        )
        if has_seats(number) and rng.random() > 0.01:
            sat = begin - 5 if rng.random() > 0.005 else min(begin + 300, end - 60)
            left = end + 5 if rng.random() > 0.005 else max(end - 300, begin + 60)
            rows.add(
                "events",
                event_id=f"{key}-in",
                vehicle_id=plate,
                time=moment_text(sat),
                kind="passenger_boarded",
            )
            rows.add(
                "events",
                event_id=f"{key}-out",
                vehicle_id=plate,
                time=moment_text(left),
                kind="passenger_alighted",
            )


def priced(trips: pd.DataFrame) -> pd.DataFrame:
    """The trips with the fare of the tariff, some dearer, some bargained."""

    def instants(column: "pd.Series[str]") -> Int64s:
        return np.asarray(pd.to_datetime(column, utc=True).dt.as_unit("ms").astype("int64"), dtype=np.int64)

    n = len(trips)
    due = price(
        pd.DataFrame(
            {
                "boarded_ms": instants(trips["boarded_at"]),
                "alighted_ms": instants(trips["alighted_at"]),
                "metered_m": trips["metered_km"].to_numpy() * 1000.0,
                "waiting_s": trips["waiting_s"].to_numpy(dtype=np.float64),
                "energy": np.full(n, "electric", dtype=object),
                "rate_code": np.full(n, "day", dtype=object),
                "time_slack_s": np.zeros(n),
                "boarded_zone": np.full(n, "", dtype=object),
                "alighted_zone": np.full(n, "", dtype=object),
            }
        ),
        read_law(CITY),
    )
    fen = due["low_fen"].to_numpy(dtype=np.float64, na_value=1_000.0) * trips["extra"].to_numpy()
    fare = np.round(fen / 10) / 10
    paid = np.round(fare * trips["bargain"].to_numpy(), 1)
    return trips.drop(columns=["extra", "bargain"]).assign(
        fare_yuan=fare, surcharge_yuan=0.0, tolls_yuan=0.0, paid_yuan=paid
    )


def _write_positions(path: Path, taxis: int, seed: int, rows: Rows) -> int:
    made = 0
    # A fix every 10 s, and an hour of a second car under the same plate.
    out = np.empty((DAY_S // 9 + 800, 7))
    with pq.ParquetWriter(path, POSITIONS, compression="zstd") as writer:
        for block in range(0, taxis, _BLOCK):
            parts, plates, counts = [], [], []
            for number in range(block, min(taxis, block + _BLOCK)):
                seed_kernels(seed * 100_003 + number)
                plate, n = _live(number, np.random.default_rng([seed, number]), rows, out)
                parts.append(out[:n].copy())
                plates.append(plate)
                counts.append(n)
            fixes = np.concatenate(parts)
            time_ms = MIDNIGHT_MS + 1000 * fixes[:, 0].astype(np.int64)
            received_ms = time_ms + 1000 * fixes[:, 6].astype(np.int64)
            columns = [
                pa.DictionaryArray.from_arrays(
                    np.repeat(np.arange(len(plates), dtype=np.int32), counts), pa.array(plates)
                ),
                pa.array(time_ms, pa.timestamp("ms", tz="UTC")),
                pa.array(np.round(LON_0 + fixes[:, 1] / M_PER_LON, 6)),
                pa.array(np.round(LAT_0 + fixes[:, 2] / M_PER_LAT, 6)),
                pa.array(np.round(fixes[:, 3], 1)),
                pa.array(np.round(fixes[:, 4]).astype(np.int16)),
                pa.array(fixes[:, 5] > 0),
                pa.array(received_ms, pa.timestamp("ms", tz="UTC")),
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=POSITIONS))
            made += len(fixes)
    return made


def _zones() -> str:
    def ring(x: float, y: float, radius: float) -> list[list[float]]:
        angles = np.linspace(0, 2 * np.pi, 121)
        return [
            [
                float(LON_0 + (x + radius * np.cos(a)) / M_PER_LON),
                float(LAT_0 + (y + radius * np.sin(a)) / M_PER_LAT),
            ]
            for a in angles
        ]

    zones = (("city", "city", ring(0, 0, 17_500)), ("tunnel", "tunnel", ring(3_000, 3_000, 400)))
    features = [
        {
            "type": "Feature",
            "properties": {"zone_id": name, "name": name, "kind": kind},
            "geometry": {"type": "Polygon", "coordinates": [line]},
        }
        for name, kind, line in zones
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def make_files(folder: Path, positions: int, seed: int = 1) -> int:
    """Writes the day's record files; gives the number of positions, which is about what was asked for."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = Rows()
    taxis = max(1, round(positions / FIXES_PER_TAXI))
    made = _write_positions(folder / "positions.parquet", taxis, seed, rows)
    for number in range(COMPANIES):
        rows.add("companies", company_id=f"C{number:02d}", name=f"company {number}")
    rows.add(
        "excuses",
        **{
            "excuse_id": "E1",
            "scope": "company",
            "scope_id": "C00",
            "from": moment_text(9 * 3600),
            "to": moment_text(11 * 3600),
            "cause": "maintenance",
            "rules": "vehicle.gnss_outage",
            "proof": "letter",
            "approved_by": "office",
        },
    )
    for kind, table in rows.tables.items():
        frame = pd.DataFrame(table)
        (priced(frame) if kind == "trips" else frame).to_csv(folder / f"{kind}.csv", index=False)
    (folder / "zones.geojson").write_text(_zones(), encoding="utf-8")
    return made


def city_home(cache: Path, positions: int, *, seed: int = 1) -> tuple[Path, int]:
    """The home of a made city of about that many positions: made now, or as it was made before.

    Returns:
        The home's folder as ingest left it (copy `taxi_qa.db` before anything is judged in it) and the
        exact number of positions.
    """
    folder = cache / f"city-{positions}-{seed}"
    told = folder / "positions"
    if told.exists():
        # One that was made by an earlier version is brought up to this one.
        make_home(folder / "home", city=CITY, timezone=ZONE)
        return folder / "home", int(told.read_text())
    shutil.rmtree(folder, ignore_errors=True)
    made = make_files(folder / "files", positions, seed)
    reports = take(make_home(folder / "home", city=CITY, timezone=ZONE), [folder / "files"], now_ms=NOW_MS)
    for report in reports:
        if report.refused or report.quarantined:
            raise ValueError(f"{report.file}: {report.refused or f'{report.quarantined} rows in quarantine'}")
    shutil.rmtree(folder / "files")
    told.write_text(str(made))
    return folder / "home", made
