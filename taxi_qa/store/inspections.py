"""Inspections written on the street: each a source of its own, taken back by a correction."""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from sqlalchemy import select

from taxi_qa.records.kinds import INSPECTION_ITEMS, INSPECTIONS
from taxi_qa.store.fetching import fetch, frame_of
from taxi_qa.store.home import Home
from taxi_qa.store.inbox import Delivery
from taxi_qa.store.tables import RECORD_TABLES
from taxi_qa.values.identity import identifier

RESULTS: Final = ("pass", "fail", "not checked")
_ID_BYTES: Final = 8
_ID: Final = re.compile(r"web-[0-9a-f]{16}")
_NOTE_MOST: Final = 1_000
_COLUMNS: Final = tuple((column.inside, column.dtype) for column in INSPECTIONS.columns)


class InspectionError(ValueError):
    """An inspection that cannot be taken in; says what and why.

    Attributes:
        code: why in one word, for those who say it in other languages: `items`, `id`, `note_long` or `name`.
    """

    def __init__(self, words: str, code: str) -> None:
        """Say what and why."""
        super().__init__(words)
        self.code = code


@dataclass(frozen=True)
class Inspection:
    """What an inspector saw.

    Attributes:
        inspection_id: made by `new_id`.
        at_ms: when.
        inspector: his account.
        vehicle_id, driver_id, zone_id: driver and zone "" where not known.
        items: of `INSPECTION_ITEMS`, each one of `RESULTS`; none once it was taken back.
        note: in his words.
        photos: SHA-256 of each file kept.
    """

    inspection_id: str
    at_ms: int
    inspector: str
    vehicle_id: str
    driver_id: str = ""
    zone_id: str = ""
    items: Mapping[str, str] | None = None
    note: str = ""
    photos: tuple[str, ...] = ()


def new_id() -> str:
    """A name for an inspection nobody else has."""
    return f"web-{secrets.token_hex(_ID_BYTES)}"


def is_own_id(text: str) -> bool:
    """Whether a text is a name `new_id` makes."""
    return _ID.fullmatch(text) is not None


def file_inspection(home: Home, one: Inspection, taken_at_ms: int) -> None:
    """Take an inspection in; one of the same id is corrected by it. The caller holds `home.writing`.

    Raises:
        InspectionError: an item or result that does not exist, or a name that is none.
    """
    items = dict(one.items or {})
    unknown = sorted(set(items) - set(INSPECTION_ITEMS)) + sorted(set(items.values()) - set(RESULTS))
    if unknown:
        raise InspectionError(f"{unknown[0]!r} is no item of an inspection, and no result of one", "items")
    if not is_own_id(one.inspection_id):
        raise InspectionError(f"{one.inspection_id!r} is no name of an inspection written here", "id")
    if len(one.note) > _NOTE_MOST:
        raise InspectionError(f"a note has at most {_NOTE_MOST} characters", "note_long")
    try:
        names = {
            "vehicle_id": identifier(one.vehicle_id),
            "driver_id": identifier(one.driver_id) if one.driver_id else None,
            "zone_id": identifier(one.zone_id) if one.zone_id else None,
        }
    except ValueError as error:
        raise InspectionError(str(error), "name") from None
    record = {
        "inspection_id": one.inspection_id,
        "at_ms": one.at_ms,
        "inspector": one.inspector,
        **names,
        "items": json.dumps(items, ensure_ascii=False, sort_keys=True),
        "note": one.note or None,
        "media": ";".join(one.photos) or None,
    }
    frame = pd.DataFrame([record]).astype({name: dtype for name, dtype in _COLUMNS if name in record})
    content = json.dumps(record, ensure_ascii=False, sort_keys=True).encode()
    with Delivery(
        home,
        name=f"web inspection {one.inspection_id}",
        sha256=hashlib.sha256(content).hexdigest(),
        kind=INSPECTIONS.name,
        profile="",
        datum="wgs84",
        taken_at_ms=taken_at_ms,
    ) as going_in:
        going_in.add_records(INSPECTIONS.name, frame.assign(row=1, record=1))
        going_in.commit()


def inspection_of(home: Home, inspection_id: str) -> Inspection | None:
    """An inspection as it now counts, None where there is none of that id."""
    c = RECORD_TABLES[INSPECTIONS.name].c
    query = select(*(c[name] for name, _ in _COLUMNS)).where(
        c["inspection_id"] == inspection_id, c["superseded_by"].is_(None)
    )
    with home.engine.connect() as connection:
        rows = fetch(connection, query)
    return _inspection(dict(zip((name for name, _ in _COLUMNS), rows[0], strict=True))) if rows else None


def inspections_since(home: Home, from_day: int, inspector: str, limit: int) -> list[Inspection]:
    """Inspections of the days from one on, the latest first.

    Args:
        home: where.
        from_day: the first city day.
        inspector: only this one's; everybody's if "".
        limit: at most so many.
    """
    c = RECORD_TABLES[INSPECTIONS.name].c
    # Named bucket by bucket, the days go by an index.
    here = [c["bucket"].in_(range(home.buckets)), c["day"] >= from_day, c["superseded_by"].is_(None)]
    if inspector:
        here.append(c["inspector"] == inspector)
    query = select(*(c[name] for name, _ in _COLUMNS)).where(*here)
    with home.engine.connect() as connection:
        rows = fetch(connection, query.order_by(c["at_ms"].desc(), c["inspection_id"]).limit(limit))
    names = [name for name, _ in _COLUMNS]
    return [_inspection(dict(zip(names, row, strict=True))) for row in rows]


def hubs(home: Home) -> list[tuple[str, str]]:
    """Zones of hubs and their bays as they now count: zone_id and name, by id."""
    c = RECORD_TABLES["zones"].c
    query = (
        select(c["zone_id"], c["name"])
        .where(c["kind"].in_(("hub", "bay", "holding", "set_down")), c["superseded_by"].is_(None))
        .order_by(c["zone_id"])
    )
    columns = (("zone_id", "str"), ("name", "str"))
    with home.engine.connect() as connection:
        frame = frame_of(fetch(connection, query), columns).drop_duplicates("zone_id")
    return [(str(zone_id), str(name)) for zone_id, name in frame.itertuples(index=False)]


def _inspection(row: Mapping[str, Any]) -> Inspection:
    items = json.loads(row["items"] or "{}")
    return Inspection(
        inspection_id=str(row["inspection_id"]),
        at_ms=int(row["at_ms"]),
        inspector=str(row["inspector"]),
        vehicle_id=str(row["vehicle_id"]),
        driver_id=str(row["driver_id"] or ""),
        zone_id=str(row["zone_id"] or ""),
        items=items if isinstance(items, dict) else {},
        note=str(row["note"] or ""),
        photos=tuple(name for name in str(row["media"] or "").split(";") if name),
    )
