"""One car as an inspector asks for it: found by a part of its plate, with its trips, shifts and equipment.

Every query names the car, so it goes by an index however large the city is. Who may see the car is said by
the scope of its company (`Scope.of_company`); what follows asks only after `one_car` found it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from sqlalchemy import Select, and_, func, or_, select

from taxi_qa.store.desk_tables import CaseFinding, CaseRow
from taxi_qa.store.fetching import fetch, frame_of
from taxi_qa.store.home import Home
from taxi_qa.store.library import NO_BUCKET
from taxi_qa.store.said import unpacked_of
from taxi_qa.store.scope import Scope
from taxi_qa.store.tables import (
    RECORD_KINDS,
    RECORD_TABLES,
    FindingRow,
    Run,
    RunJob,
    SeenVehicle,
    UnjudgedBlob,
    table_of,
)
from taxi_qa.values.identity import bucket_of

_ESCAPE: Final = "\\"
_CAR: Final = (
    ("vehicle_id", "str"), ("company_id", "str"), ("energy", "str"), ("seats", "Int64"),
    ("permit_valid_to_day", "Int64"), ("meter_no", "str"), ("meter_verified_on_day", "Int64"),
)  # fmt: skip
_FINDING: Final = (
    ("finding_id", "str"), ("rule", "str"), ("stage", "str"), ("status", "str"), ("driver_id", "str"),
    ("trip_id", "str"), ("start_ms", "Int64"), ("end_ms", "Int64"), ("measured", "float64"),
    ("allowed", "float64"), ("unit", "str"), ("case_id", "str"), ("state", "str"),
)  # fmt: skip
# A job of one day may hold what began the day before and ends in it.
_DAYS_BESIDE: Final = 1


@dataclass(frozen=True)
class Judged:
    """What was judged of a car on some days.

    Attributes:
        found: findings that stand and that the reader may see: finding_id, rule, stage, status, driver_id,
            trip_id, start_ms, end_ms, measured, allowed, unit, case_id and state (missing without a case).
        cannot_tell: rule, trip_id ("" where it is no trip), missing: what could not be judged and why.
        rules: city day -> the rules that were asked about this car's day; a day nobody judged is not there.
    """

    found: pd.DataFrame
    cannot_tell: pd.DataFrame
    rules: Mapping[int, frozenset[str]]

    @property
    def days(self) -> frozenset[int]:
        """City days on which anything of this car was judged at all."""
        return frozenset(self.rules)


def cars_like(home: Home, scope: Scope, part: str, limit: int) -> pd.DataFrame:
    """Cars whose plate holds a text, those it ends with first: vehicle_id, company_id, energy, registered.

    Cars that send positions but stand in no register are found too, by whoever sees the whole street.

    Args:
        home: where.
        scope: of the reader.
        part: of the plate, folded (`values.identity.identifier`); its case does not matter.
        limit: at most so many.
    """
    cars, seen = RECORD_TABLES["vehicles"], table_of(SeenVehicle)
    pattern = f"%{_escaped(part.upper())}%"
    told = (
        select(cars.c["vehicle_id"], cars.c["company_id"], cars.c["energy"])
        .where(
            cars.c["superseded_by"].is_(None),
            func.upper(cars.c["vehicle_id"]).like(pattern, escape=_ESCAPE),
            scope.of_company(cars.c["company_id"]),
        )
        .order_by(
            func.upper(cars.c["vehicle_id"]).like(pattern[:-1], escape=_ESCAPE).desc(), cars.c["vehicle_id"]
        )
        .limit(limit)
    )
    rows: list[tuple[Any, ...]]
    with home.engine.connect() as connection:
        rows = [(*row, True) for row in fetch(connection, told)]
        if scope.whole_street and len(rows) < limit:
            strangers = (
                select(seen.c["vehicle_id"])
                .where(
                    func.upper(seen.c["vehicle_id"]).like(pattern, escape=_ESCAPE),
                    ~select(cars.c["id"]).where(cars.c["vehicle_id"] == seen.c["vehicle_id"]).exists(),
                )
                .order_by(seen.c["vehicle_id"])
                .limit(limit - len(rows))
            )
            rows += [(name, None, None, False) for (name,) in fetch(connection, strangers)]
    columns = (("vehicle_id", "str"), ("company_id", "str"), ("energy", "str"), ("registered", "boolean"))
    return frame_of(rows, columns)


def one_car(home: Home, scope: Scope, vehicle_id: str) -> dict[str, Any] | None:
    """A car by its plate, None where there is none or the reader may not see it.

    Returns:
        vehicle_id, company_id, energy, seats, permit_valid_to_day, meter_no, meter_verified_on_day (None
        where unknown), registered, and last_day, the last city day with a position of it.
    """
    cars, seen = RECORD_TABLES["vehicles"], table_of(SeenVehicle)
    query = select(*(cars.c[name] for name, _ in _CAR)).where(
        cars.c["vehicle_id"] == vehicle_id,
        cars.c["superseded_by"].is_(None),
        scope.of_company(cars.c["company_id"]),
    )
    heard = select(seen.c["last_day"]).where(seen.c["vehicle_id"] == vehicle_id)
    registered = select(cars.c["id"]).where(cars.c["vehicle_id"] == vehicle_id).limit(1)
    trips = RECORD_TABLES["trips"]
    metered = select(trips.c["id"]).where(trips.c["vehicle_id"] == vehicle_id).limit(1)
    with home.engine.connect() as connection:
        told, days = fetch(connection, query), fetch(connection, heard)
        last_day = int(days[0][0]) if days else None
        if told:
            values = dict(zip((name for name, _ in _CAR), told[0], strict=True))
            return {**values, "registered": True, "last_day": last_day}
        if not scope.whole_street or fetch(connection, registered):
            return None
        if not days and not fetch(connection, metered):
            return None
    nothing: dict[str, Any] = dict.fromkeys(name for name, _ in _CAR)
    return {**nothing, "vehicle_id": vehicle_id, "registered": False, "last_day": last_day}


def one_trip(home: Home, scope: Scope, trip_id: str) -> dict[str, Any] | None:
    """A trip by its number as it now counts, None where there is none or its car is not for the reader."""
    trips = RECORD_TABLES["trips"]
    names = [column.inside for column in RECORD_KINDS["trips"].columns] + ["bucket", "day"]
    query = select(*(trips.c[name] for name in names)).where(
        trips.c["trip_id"] == trip_id, trips.c["superseded_by"].is_(None)
    )
    with home.engine.connect() as connection:
        rows = fetch(connection, query)
    if not rows:
        return None
    found = dict(zip(names, rows[0], strict=True))
    return found if one_car(home, scope, found["vehicle_id"]) else None


def records_of(
    home: Home, kind: str, vehicle_id: str, moment: str, span_ms: tuple[int, int], limit: int
) -> list[dict[str, Any]]:
    """Records of a kind of one car as they now count, with their city day, the latest first.

    Args:
        home: where.
        kind: any kind with a vehicle.
        vehicle_id: of the car.
        moment: the column of instants that is bounded and sorted by.
        span_ms: first instant, and the one that is past.
        limit: at most so many.
    """
    table = RECORD_TABLES[kind]
    names = [*(column.inside for column in RECORD_KINDS[kind].columns), "day"]
    at = table.c[moment]
    query = (
        select(*(table.c[name] for name in names))
        .where(table.c["vehicle_id"] == vehicle_id, table.c["superseded_by"].is_(None))
        .where(at >= span_ms[0], at < span_ms[1])
        .order_by(at.desc(), table.c["id"].desc())
        .limit(limit)
    )
    with home.engine.connect() as connection:
        return [dict(zip(names, row, strict=True)) for row in fetch(connection, query)]


def shifts_of(home: Home, vehicle_id: str, span_ms: tuple[int, int]) -> list[dict[str, Any]]:
    """Who was signed in at any moment of a span, the latest first."""
    table = RECORD_TABLES["shifts"]
    names = ["driver_id", "start_ms", "end_ms", "source"]
    query = (
        select(*(table.c[name] for name in names))
        .where(table.c["vehicle_id"] == vehicle_id, table.c["superseded_by"].is_(None))
        .where(
            table.c["start_ms"] < span_ms[1],
            or_(table.c["end_ms"].is_(None), table.c["end_ms"] >= span_ms[0]),
        )
        .order_by(table.c["start_ms"].desc())
        .limit(20)
    )
    with home.engine.connect() as connection:
        return [dict(zip(names, row, strict=True)) for row in fetch(connection, query)]


def last_trip_ms(home: Home, vehicle_id: str, before_ms: int) -> int | None:
    """When the car's last trip before a moment began, None where it has none."""
    table = RECORD_TABLES["trips"]
    query = select(func.max(table.c["boarded_ms"])).where(
        table.c["vehicle_id"] == vehicle_id, table.c["boarded_ms"] < before_ms
    )
    with home.engine.connect() as connection:
        last = fetch(connection, query)[0][0]
    return None if last is None else int(last)


def devices_of(home: Home, vehicle_id: str, at_ms: int) -> list[dict[str, Any]]:
    """What each device last told of itself before a moment: device, from_ms, to_ms, state, detail."""
    told = records_of(home, "device_status", vehicle_id, "from_ms", (0, at_ms), 200)
    last: dict[str, dict[str, Any]] = {}
    for row in told:
        last.setdefault(row["device"], row)
    return [last[name] for name in sorted(last)]


def open_repairs(home: Home, vehicle_id: str, at_ms: int) -> list[dict[str, Any]]:
    """Faults reported before a moment and not mended by then."""
    told = records_of(home, "repairs", vehicle_id, "reported_ms", (0, at_ms), 200)
    return [row for row in told if row["repaired_ms"] is None or row["repaired_ms"] >= at_ms]


def judged_of(
    home: Home, scope: Scope, vehicle_id: str, days: Sequence[int], trip_ids: Collection[str] | None = None
) -> Judged:
    """What was judged of a car on some city days.

    Args:
        home: where.
        scope: of the reader; findings outside are left out.
        vehicle_id: of the car.
        days: city days.
        trip_ids: only what concerns these trips; all if None.
    """
    bucket = bucket_of(vehicle_id, home.buckets)
    # What is judged for the whole city at once stands in no bucket.
    places = (bucket, NO_BUCKET)
    around = sorted({day + beside for day in days for beside in range(-_DAYS_BESIDE, _DAYS_BESIDE + 1)})
    with home.engine.connect() as connection:
        rows = fetch(connection, _findings(scope, vehicle_id, places, around))
        found = frame_of(rows, _FINDING)
        asked = _rules_asked(fetch(connection, _jobs(bucket, days)), vehicle_id)
        blob = table_of(UnjudgedBlob).c
        packed = fetch(
            connection,
            select(blob.rule, blob.packed).where(blob.day.in_(around), blob.bucket.in_(places)),
        )
    open_ones = []
    for rule, data in packed:
        here = unpacked_of(data, vehicle_id)
        if len(here):
            open_ones.append(here.assign(rule=rule))
    columns = ["rule", "trip_id", "missing", "start_ms"]
    cannot_tell = pd.concat(open_ones, ignore_index=True) if open_ones else pd.DataFrame(columns=columns)
    cannot_tell = cannot_tell[columns].assign(trip_id=cannot_tell["trip_id"].fillna(""))
    if trip_ids is not None:
        found = found[found["trip_id"].isin(list(trip_ids))]
        cannot_tell = cannot_tell[cannot_tell["trip_id"].isin(list(trip_ids))]
    return Judged(
        found.reset_index(drop=True),
        cannot_tell.reset_index(drop=True),
        asked,
    )


def _findings(
    scope: Scope, vehicle_id: str, places: tuple[int, int], days: Sequence[int]
) -> Select[*tuple[Any, ...]]:
    finding, joined, case = table_of(FindingRow), table_of(CaseFinding), table_of(CaseRow)
    columns = [case.c[name] if name in ("case_id", "state") else finding.c[name] for name, _ in _FINDING]
    seen_case = and_(case.c.case_id == joined.c.case_id, scope.cases())
    return (
        select(*columns)
        .join_from(finding, joined, joined.c.finding_id == finding.c.finding_id, isouter=True)
        .join(case, seen_case, isouter=True)
        .where(
            finding.c.day.in_(days),
            finding.c.bucket.in_(places),
            finding.c.vehicle_id == vehicle_id,
            finding.c.withdrawn_by.is_(None),
            scope.findings(),
        )
        .order_by(finding.c.start_ms, finding.c.finding_id)
    )


def _jobs(bucket: int, days: Sequence[int]) -> Select[*tuple[Any, ...]]:
    run, job = table_of(Run).c, table_of(RunJob).c
    return (
        select(job.day, run.rules, run.vehicles)
        .join_from(table_of(Run), table_of(RunJob), job.run_id == run.run_id)
        .where(run.from_day <= max(days), run.to_day >= min(days), run.as_of_day.is_(None))
        .where(job.day.in_(days), job.bucket == bucket)
        .distinct()
    )


def _rules_asked(jobs: Sequence[tuple[Any, ...]], vehicle_id: str) -> dict[int, frozenset[str]]:
    """The rules asked on each day, by runs that judged this car: some judge a few cars or rules alone."""
    found: dict[int, set[str]] = {}
    for day, rules, vehicles in jobs:
        if not vehicles or vehicle_id in str(vehicles).split(";"):
            found.setdefault(int(day), set()).update(str(rules).split(";"))
    return {day: frozenset(rules) for day, rules in found.items()}


def _escaped(text: str) -> str:
    for special in (_ESCAPE, "%", "_"):
        text = text.replace(special, _ESCAPE + special)
    return text
