"""Cars and their equipment as last told of: a list, and what stands beside each car of a page."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select

from taxi_qa.store.browse import Listing
from taxi_qa.store.desk_tables import CaseRow
from taxi_qa.store.fetching import fetch
from taxi_qa.store.home import Home
from taxi_qa.store.scope import Scope
from taxi_qa.store.tables import RECORD_TABLES, SeenVehicle, table_of

_CARS: Final = RECORD_TABLES["vehicles"]
_STATUS: Final = RECORD_TABLES["device_status"]
_REPAIRS: Final = RECORD_TABLES["repairs"]
_DONE: Final = ("dismissed", "reversed", "upheld", "expired", "excused")
VEHICLES: Final = Listing(
    _CARS,
    (
        ("vehicle_id", "str"), ("company_id", "str"), ("energy", "str"), ("terminal_id", "str"),
        ("meter_verified_on_day", "Int64"), ("permit_valid_to_day", "Int64"), ("has_camera", "boolean"),
    ),
    ("vehicle_id",),
    "vehicle_id",
)  # fmt: skip


def seen(scope: Scope) -> ColumnElement[bool]:
    """Condition: cars as the register now has them, as far as the reader sees them."""
    return and_(_CARS.c["superseded_by"].is_(None), scope.of_company(_CARS.c["company_id"]))


def not_working(now_ms: int) -> ColumnElement[bool]:
    """Condition: cars with a device that failed and was told of no more, or whose repair is not done."""
    later = _STATUS.alias("later")
    status, repair = _STATUS.c, _REPAIRS.c
    newer = (
        select(later.c["id"])
        .where(
            later.c["superseded_by"].is_(None),
            later.c["vehicle_id"] == status["vehicle_id"],
            later.c["device"] == status["device"],
            later.c["from_ms"] > status["from_ms"],
        )
        .exists()
    )
    failed = select(status["vehicle_id"]).where(
        status["superseded_by"].is_(None),
        status["state"] != "ok",
        status["from_ms"] <= now_ms,
        or_(status["to_ms"].is_(None), status["to_ms"] > now_ms),
        ~newer,
    )
    mending = select(repair["vehicle_id"]).where(
        repair["superseded_by"].is_(None), repair["reported_ms"] <= now_ms, repair["repaired_ms"].is_(None)
    )
    name = _CARS.c["vehicle_id"]
    return or_(name.in_(failed), name.in_(mending))


def devices_of(home: Home, vehicle_ids: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """vehicle_id -> what was last told of each of its devices: device, state, from_ms, to_ms (or None)."""
    c = _STATUS.c
    last = (
        select(c["vehicle_id"], c["device"], func.max(c["from_ms"]).label("from_ms"))
        .where(c["superseded_by"].is_(None), c["vehicle_id"].in_(sorted(vehicle_ids)))
        .group_by(c["vehicle_id"], c["device"])
        .subquery()
    )
    same = and_(
        last.c.vehicle_id == c["vehicle_id"], last.c.device == c["device"], last.c.from_ms == c["from_ms"]
    )
    names = ("vehicle_id", "device", "state", "from_ms", "to_ms")
    query = (
        select(*(c[name] for name in names))
        .join(last, same)
        .where(c["superseded_by"].is_(None))
        .order_by(c["vehicle_id"], c["device"], c["id"])
    )
    return _by_car(home, query, names)


def mending_of(home: Home, vehicle_ids: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """vehicle_id -> repairs that are not done: device, reported_ms."""
    c = _REPAIRS.c
    names = ("vehicle_id", "device", "reported_ms")
    query = (
        select(*(c[name] for name in names))
        .where(
            c["superseded_by"].is_(None),
            c["repaired_ms"].is_(None),
            c["vehicle_id"].in_(sorted(vehicle_ids)),
        )
        .order_by(c["vehicle_id"], c["reported_ms"], c["ticket_id"])
    )
    return _by_car(home, query, names)


def last_days_of(home: Home, vehicle_ids: Collection[str]) -> dict[str, int]:
    """vehicle_id -> the last city day with a position of it; a car that was never heard is not there."""
    c = table_of(SeenVehicle).c
    query = select(c.vehicle_id, c.last_day).where(c.vehicle_id.in_(sorted(vehicle_ids)))
    with home.engine.connect() as connection:
        return {str(name): int(day) for name, day in fetch(connection, query)}


def open_cases_of(home: Home, scope: Scope, vehicle_ids: Collection[str]) -> dict[str, int]:
    """vehicle_id -> cases that are not settled, as far as the reader sees them."""
    c = table_of(CaseRow).c
    query = (
        select(c.vehicle_id, func.count())
        .where(scope.cases(), c.vehicle_id.in_(sorted(vehicle_ids)), c.state.not_in(_DONE))
        .group_by(c.vehicle_id)
    )
    with home.engine.connect() as connection:
        return {str(name): int(many) for name, many in fetch(connection, query)}


def _by_car(home: Home, query: Any, names: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:  # noqa: ANN401 - a query of these columns
    found: dict[str, list[dict[str, Any]]] = {}
    with home.engine.connect() as connection:
        for row in fetch(connection, query):
            told = dict(zip(names, row, strict=True))
            found.setdefault(str(told.pop("vehicle_id")), []).append(told)
    return found
