"""Rows of record kinds as text, as a file would hold them: times in ISO 8601, "" where nothing is known."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

# Columns that hold instants, inside rows as milliseconds or None.
_TIMES: Final = frozenset(
    {
        "time",
        "received_at",
        "boarded_at",
        "alighted_at",
        "start",
        "end",
        "from",
        "to",
        "accepted_at",
        "pickup_due",
        "cancelled_at",
    }
)
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "positions": (
        "vehicle_id",
        "time",
        "lon",
        "lat",
        "speed_kmh",
        "heading_deg",
        "loaded",
        "fixed",
        "acc_on",
        "out_of_service",
        "booked",
        "odometer_km",
        "alarms",
        "received_at",
        "datum",
    ),
    "trips": (
        "trip_id",
        "vehicle_id",
        "driver_id",
        "boarded_at",
        "alighted_at",
        "metered_km",
        "empty_km",
        "waiting_s",
        "fare_yuan",
        "surcharge_yuan",
        "payment",
        "rating",
        "order_id",
        "passengers",
        "boarded_lon",
        "boarded_lat",
        "alighted_lon",
        "alighted_lat",
    ),
    "shifts": ("vehicle_id", "driver_id", "start", "end", "source"),
    "events": (
        "event_id",
        "vehicle_id",
        "time",
        "kind",
        "driver_id",
        "duration_s",
        "level",
        "media",
        "media_sha256",
        "source",
    ),
    "device_status": ("vehicle_id", "device", "from", "to", "state", "detail"),
    "orders": (
        "order_id",
        "vehicle_id",
        "accepted_at",
        "pickup_due",
        "pickup_lon",
        "pickup_lat",
        "outcome",
        "cancelled_at",
        "cancel_reason",
    ),
}

Row = dict[str, Any]


def lasting_id(*parts: object) -> str:
    """A name made of content alone: sent again under a new serial it is the same record."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:20]


def text_frames(rows: Mapping[str, Sequence[Row]]) -> dict[str, pd.DataFrame]:
    """Rows by kind as frames of text columns.

    Args:
        rows: by kind; values are text, numbers, booleans or None, instants UTC milliseconds.

    Returns:
        A frame of the columns in `COLUMNS` for every kind that has rows.
    """
    return {
        kind: pd.DataFrame(
            {column: _texts(column, [row.get(column) for row in found]) for column in COLUMNS[kind]},
            dtype=object,
        )
        for kind, found in rows.items()
        if found
    }


def _texts(column: str, values: list[Any]) -> list[str]:
    if column in _TIMES:
        known = np.array([value or 0 for value in values], dtype="datetime64[ms]")
        told = np.datetime_as_string(known, unit="ms", timezone="UTC")
        return ["" if value is None else str(text) for value, text in zip(values, told, strict=True)]
    return [_text(value) for value in values]


def _text(value: Any) -> str:  # noqa: ANN401 - whatever a row holds
    if value is None:
        return ""
    if value is True or value is False:
        return "1" if value else "0"
    return format(value, ".7f").rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
