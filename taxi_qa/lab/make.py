"""Makes a fleet: record files in the contract's formats, and the answer key `truth.csv` beside them."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from taxi_qa.lab import (
    cabin,
    companies,
    desk,
    equipment,
    fixes,
    hub_papers,
    hub_scenes,
    papers,
    pedals,
    records,
    scenes,
    signals,
    tampering,
)
from taxi_qa.lab import city as town
from taxi_qa.lab.gatherings import Call, calls_of
from taxi_qa.lab.life import HONEST, Life, Planned, live_day
from taxi_qa.lab.meter import TARIFFS
from taxi_qa.lab.motion import Track
from taxi_qa.lab.plan import INTERVALS_S, Counts, Post, allot, default_plan
from taxi_qa.lab.street_files import write_street_files
from taxi_qa.lab.streets import Streets, build_streets
from taxi_qa.values.clock import day_of, day_start_ms

ZONE: Final = "Asia/Shanghai"
# What was asked for lies beside what was made.
MADE_FILE: Final = "made.json"
_OFFSET: Final = "+08:00"
_PLATES: Final = {"guangzhou": "粤A", "shenzhen": "粤B", "zhongshan": "粤T"}
_COMPANIES: Final = (("C01", "示范出租汽车一公司"), ("C02", "示范出租汽车二公司"))
_MAX_VEHICLES: Final = 9_999

_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "companies": ("company_id", "name", "permit_no"),
    "drivers": ("driver_id", "name", "company_id", "registered_from", "registered_to", "licence_valid_to"),
    "vehicles": (
        "vehicle_id", "company_id", "seats", "energy", "permit_valid_to", "terminal_id", "meter_no",
        "meter_verified_on", "has_belt_sensor", "has_seat_sensor", "has_camera",
    ),
    "shifts": ("vehicle_id", "driver_id", "start", "end", "source"),
    "trips": records.TRIP_COLUMNS,
    "events": (
        "event_id", "vehicle_id", "time", "kind", "driver_id", "value", "confidence", "duration_s", "level",
        "media", "media_sha256", "source",
    ),
    "device_status": ("vehicle_id", "device", "from", "to", "state", "detail"),
    "orders": (
        "order_id", "vehicle_id", "driver_id", "accepted_at", "pickup_due", "pickup_lon", "pickup_lat",
        "outcome", "cancelled_at", "cancel_reason",
    ),
    "complaints": (
        "complaint_id", "received_at", "category", "happened_at", "vehicle_id", "driver_id", "trip_id",
        "text", "first_reply_at", "closed_at", "outcome", "cooperated",
    ),
    "records": ("record_id", "at", "driver_id", "kind", "document_no", "detail"),
    "commendations": ("commendation_id", "at", "driver_id", "kind", "proof"),
    "repairs": (
        "ticket_id", "vehicle_id", "device", "reported_at", "repaired_at", "cause", "reported_by",
        "part_maker", "part_serial", "part_grade", "price_yuan", "reverified_on",
    ),
    "inspections": ("inspection_id", "at", "inspector", "vehicle_id", "driver_id", "zone_id", "items"),
    "excuses": ("excuse_id", "scope", "scope_id", "from", "to", "cause", "rules", "proof", "approved_by"),
    "truth": ("rule", "label", "vehicle_id", "driver_id", "trip_id", "start", "end", "note", "company_id"),
}  # fmt: skip

_POSITIONS: Final = pa.schema(
    [
        ("vehicle_id", pa.dictionary(pa.int32(), pa.string())),
        ("time", pa.timestamp("ms", tz="UTC")),
        ("lon", pa.float64()),
        ("lat", pa.float64()),
        ("speed_kmh", pa.float32()),
        ("heading_deg", pa.int16()),
        ("loaded", pa.bool_()),
        ("fixed", pa.bool_()),
        ("acc_on", pa.bool_()),
        ("odometer_km", pa.float64()),
        ("received_at", pa.timestamp("ms", tz="UTC")),
    ]
)


def make_city(
    folder: Path,
    *,
    vehicles: int,
    days: int,
    seed: int,
    first_day: dt.date,
    offences: Mapping[str, Mapping[str, int]] | None = None,
    city: str = "zhongshan",
) -> None:
    """Writes a made fleet's record files and its answer key; the same arguments give the same bytes.

    Args:
        folder: where to; made if need be, files of the same names are replaced.
        vehicles: how many cars; every odd one has seat sensors.
        days: city days worked; the last night shift ends in the small hours after them.
        seed: what the dice are thrown with.
        first_day: the first city day.
        offences: rule -> label (clear, near_miss, look_alike) -> how many; None for a plan that fits the
            fleet, an empty one for an honest fleet.
        city: guangzhou, shenzhen or zhongshan: streets, plates and tariff.

    Raises:
        ValueError: a number out of range, an unknown city, rule or label, or more offences than the fleet has
            room for.
    """
    if not 1 <= vehicles <= _MAX_VEHICLES or days < 1:
        raise ValueError(f"{vehicles} vehicles and {days} days: expected 1 to {_MAX_VEHICLES} and at least 1")
    streets = build_streets(city, seed)
    wanted: Counts = offences if offences is not None else default_plan(vehicles, days)
    posts = allot(wanted, vehicles, days, seed, must_fit=offences is not None)
    calls = calls_of(wanted, posts, vehicles, days, seed, must_fit=offences is not None)
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("positions-*.parquet"):
        stale.unlink()
    tables: dict[str, list[records.Row]] = {name: [] for name in _COLUMNS}
    tables["companies"] = [
        {"company_id": key, "name": name, "permit_no": f"P-{key}"} for key, name in _COMPANIES
    ]
    shared = companies.companies_acts(posts)
    with _PositionFiles(folder, first_day) as positions:
        for number in range(1, vehicles + 1):
            life = _new_life(streets, number, seed)
            mine = [post for post in posts if post.vehicle == number]
            _live(life, days, mine, [call for call in calls if call.vehicle == number])
            _tell(life, mine, shared, days, first_day, tables, positions)
    _write_tables(folder, streets, tables)
    made = {
        "city": city, "vehicles": vehicles, "days": days, "seed": seed, "first_day": first_day.isoformat()
    }  # fmt: skip
    (folder / MADE_FILE).write_text(json.dumps(made) + "\n", encoding="utf-8")


def _new_life(streets: Streets, number: int, seed: int) -> Life:
    rng = np.random.default_rng([seed, 2, number])
    track = Track(streets, rng, 5 * 3600.0, town.DEPOTS[number % len(town.DEPOTS)])
    return Life(
        number=number,
        vehicle_id=f"{_PLATES[streets.city.name]}D{number:04d}",
        company_id=_COMPANIES[number % len(_COMPANIES)][0],
        drivers=(f"D{number:04d}A", f"D{number:04d}B"),
        track=track,
        tariff=TARIFFS[streets.city.name],
        rng=rng,
        has_seat_sensor=number % 2 == 1,
        old_meter=number % 8 == 6,  # noqa: PLR2004 - one car in eight
        sends_driver=number % 6 != 4,  # noqa: PLR2004 - one car in six
        interval_s=INTERVALS_S[number % len(INTERVALS_S)],
        meter_factor=1.0 + float(np.clip(rng.normal(0, 0.002), -0.005, 0.005)),
        electric=number % 3 != 0,
    )


def _live(life: Life, days: int, posts: list[Post], calls: Sequence[Call] = ()) -> None:
    for day in range(days):
        modes = [HONEST, HONEST]
        acts: tuple[list[Planned], list[Planned]] = ([], [])
        for post in posts:
            if post.day == day:
                modes[post.turn] = scenes.mode_of(post) or modes[post.turn]
                planned = scenes.scene_of(post)
                if planned is not None:
                    acts[post.turn].append(planned)
        for call in calls:
            if call.day == day:
                acts[call.turn].append(hub_scenes.planned_call(call))
        live_day(life, day, (modes[0], modes[1]), acts)


def _tell(
    life: Life,
    posts: list[Post],
    shared: list[Post],
    days: int,
    first_day: dt.date,
    tables: dict[str, list[records.Row]],
    positions: "_PositionFiles",
) -> None:
    sampled = life.track.sampled()
    for post in posts:
        tampering.tamper(life, sampled, post, days, first_day)
        desk.desk_act(life, sampled, post, days, first_day)
        equipment.equipment_act(life, sampled, post, first_day)
    for post in shared:
        companies.company_act(life, post, days)
    cabin.see(life, sampled, posts)
    papers.paperwork(life, first_day)
    equipment.honest_equipment(life, first_day)
    desk.honest_complaints(life, first_day)
    hub_papers.hub_papers(life, first_day)
    midnight_ms = day_start_ms(day_of(first_day), ZONE)
    positions.add(fixes.fixes_of(life, sampled, life.awake, midnight_ms))
    for ghost in signals.ghosts(life):
        positions.add(fixes.fixes_of(life, ghost.sampled(), [(ghost.first_s, int(ghost.now_s))], midnight_ms))
    pedals.feel(life, sampled, posts)
    tables["trips"] += records.trip_rows(life, sampled, first_day)
    tables["shifts"] += records.shift_rows(life, first_day)
    tables["events"] += records.event_rows(life, first_day)
    tables["inspections"] += hub_papers.inspection_rows(life, first_day)
    tables["drivers"] += records.driver_rows(life, first_day)
    tables["vehicles"].append(records.vehicle_row(life, first_day))
    tables["truth"] += records.truth_rows(life, first_day, _OFFSET)
    for name in (
        "orders",
        "complaints",
        "records",
        "commendations",
        "inspections",
        "repairs",
        "excuses",
        "device_status",
    ):
        tables[name] += getattr(life, name)


class _PositionFiles:
    """One Parquet file of positions a city day, written as the cars come in."""

    def __init__(self, folder: Path, first_day: dt.date) -> None:
        self._folder = folder
        self._first_day = first_day
        self._writers: dict[int, pq.ParquetWriter] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self._writers.values():
            writer.close()

    def add(self, made: pd.DataFrame) -> None:
        for day, rows in made.groupby("day", sort=True):
            number = int(str(day))
            if number not in self._writers:
                date = self._first_day + dt.timedelta(days=number)
                path = self._folder / f"positions-{date.isoformat()}.parquet"
                self._writers[number] = pq.ParquetWriter(path, _POSITIONS, compression="zstd")
            columns = {
                field.name: pa.array(rows[field.name].to_numpy()).cast(field.type)
                for field in _POSITIONS
                if field.name not in ("vehicle_id", "heading_deg")
            }
            columns["heading_deg"] = pa.array(rows["heading_deg"].to_numpy().astype(np.int16))
            columns["vehicle_id"] = pa.array(rows["vehicle_id"].tolist()).dictionary_encode()
            table = pa.table({field.name: columns[field.name] for field in _POSITIONS}, schema=_POSITIONS)
            self._writers[number].write_table(table)


def _write_tables(folder: Path, streets: Streets, tables: dict[str, list[records.Row]]) -> None:
    for name, columns in _COLUMNS.items():
        frame = records.frame_of(tables[name], columns)
        frame.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8")
    zones = {"type": "FeatureCollection", "features": town.zone_features(streets.city)}
    text = json.dumps(zones, ensure_ascii=False, indent=1)
    (folder / "zones.geojson").write_text(text + "\n", encoding="utf-8")
    write_street_files(folder, streets)
