"""A trip of the meter as a row: the day of alighting found, places used only where they can be true."""

from typing import Any, Final

from taxi_qa.ingest.terminals.decode import Message
from taxi_qa.ingest.terminals.digits import clock_minutes
from taxi_qa.ingest.terminals.record_rows import Row, lasting_id
from taxi_qa.ingest.terminals.state import Memory, remember

_DAY_MS: Final = 86_400_000
_ZONE_MS: Final = 8 * 3_600_000
# The meter tells minutes, the position seconds, and their clocks differ a little.
_AGREE_MS: Final = 3 * 60_000
_PAYMENTS: Final = {0: "cash", 1: "transit_card", 3: "transit_card"}
_MOST_RATING: Final = 4
# Trips kept a terminal whose rating is known.
_MOST_RATED: Final = 64


def trip_row(memory: Memory, message: Message, terminal: str, vehicle: str) -> Row:
    """Read a trip.

    The meter block is what the meter swore to; positions and ids are the terminal's. A terminal that
    is told an old trip again stamps both positions with the present place and clock, so a position
    counts only where its clock agrees with the meter's. Its status is the one before the switch and is
    not used at all.

    Args:
        memory: of the terminal; changed.
        message: `trip` of `decode`.
        terminal, vehicle: whose it is.

    Returns:
        A row of trips. Where the meter's digits mean nothing its cells are None: the door will refuse
        the row and say which.
    """
    told = message.fields
    boarded_ms = told["boarded_ms"]
    first, second = told["boarded"], told["alighted"]
    first_true = _agree(first["time_ms"], boarded_ms)
    alighted_ms = _alighted(boarded_ms, told["alighted_hhmm"], second["time_ms"] if first_true else None)
    second_true = _agree(second["time_ms"], alighted_ms)
    waiting = clock_minutes(told["waiting_hhmm"])
    fare, surcharge = told["fare_yuan"], told["surcharge_yuan"]
    # The amount is what the passenger is asked for, surcharge and all. Read otherwise a surcharge
    # would count twice.
    if fare is not None and surcharge is not None and fare >= surcharge:
        fare = round(fare - surcharge, 2)
    driver = told["driver"]
    trip_id = lasting_id(
        terminal, boarded_ms, told["alighted_hhmm"], told["trip_no"], told["metered_km"], told["fare_yuan"]
    )
    return {
        "trip_id": trip_id,
        "vehicle_id": vehicle,
        "driver_id": driver if driver.strip("0") else None,
        "boarded_at": boarded_ms,
        "alighted_at": alighted_ms,
        "metered_km": told["metered_km"],
        "empty_km": told["empty_km"],
        "waiting_s": None if waiting is None else waiting * 60,
        "fare_yuan": fare,
        "surcharge_yuan": surcharge,
        "payment": _PAYMENTS.get(told["payment"], "other"),
        "rating": _rating(memory, trip_id, told["rating"]),
        "order_id": told.get("order_id") or None,
        "passengers": told.get("passengers"),
        **_place(first, "boarded", true=first_true),
        **_place(second, "alighted", true=second_true),
    }


def _rating(memory: Memory, trip_id: str, told: int) -> int | None:
    """The passenger's answer. A trip sent once more without it has not lost it."""
    known: int = memory.get("ratings", {}).get(trip_id, 0)
    if told > _MOST_RATING:
        return known or None
    if told:
        remember(memory, "ratings", trip_id, told, _MOST_RATED)
    return told or known


def _agree(clock_ms: int | None, minute_ms: int | None) -> bool:
    return clock_ms is not None and minute_ms is not None and abs(clock_ms - minute_ms) <= _AGREE_MS


def _alighted(boarded_ms: int | None, hhmm: str, clock_ms: int | None) -> int | None:
    """The first moment with this clock after boarding; a later day only where the second position says so."""
    minutes = clock_minutes(hhmm)
    if boarded_ms is None or minutes is None or minutes >= _DAY_MS // 60_000:
        return None
    day_start = (boarded_ms + _ZONE_MS) // _DAY_MS * _DAY_MS - _ZONE_MS
    first = day_start + minutes * 60_000
    if first < boarded_ms:
        first += _DAY_MS
    if clock_ms is None:
        return first
    days = round((clock_ms - first) / _DAY_MS)
    return first + days * _DAY_MS if days > 0 and _agree(clock_ms, first + days * _DAY_MS) else first


def _place(position: dict[str, Any], name: str, *, true: bool) -> Row:
    """Longitude and latitude of a position that has a fix and is not 0, 0."""
    not_fixed = (
        bool(position["status"] & 2) is False if "altitude_m" in position else bool(position["status"] & 1)
    )
    if not true or not_fixed or not (position["lon_deg"] or position["lat_deg"]):
        return {}
    return {f"{name}_lon": position["lon_deg"], f"{name}_lat": position["lat_deg"]}
