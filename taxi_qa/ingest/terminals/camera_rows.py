"""Alarms of cameras as events: codes by dialect, begin and end of one alarm merged under one id."""

from collections import Counter
from typing import Any, Final

from taxi_qa.ingest.terminals.dialects import Dialect
from taxi_qa.ingest.terminals.edges import believed
from taxi_qa.ingest.terminals.items import Item
from taxi_qa.ingest.terminals.record_rows import Row, lasting_id
from taxi_qa.ingest.terminals.state import Memory, remember

# How the source of such an event begins.
SOURCE: Final = "camera"
_DRIVER_CAMERA: Final = 0x65
_HARSH: Final = 0x70
_BEGIN, _END = 1, 2
# Alarms kept a terminal to find the end that belongs to a begin.
_MOST_ALARMS: Final = 64
# An end later than this after a begin of its number belongs to another alarm: the numbers come round.
_LONGEST_MS: Final = 3_600_000
_MOST_LEVEL: Final = 9


def camera_rows(
    memory: Memory,
    who: tuple[str, str],
    items: tuple[Item, ...],
    received_ms: int,
    dialect: Dialect,
    counts: Counter[str],
) -> list[Row]:
    """Read the alarms of cameras among the items of a position.

    Args:
        memory: of the terminal; changed.
        who: terminal and vehicle.
        items: of the position.
        received_ms: when its frame came.
        dialect: of the fleet: the same code is a covered lens here and a hand off the wheel there.
        counts: codes that are no event, by item and code.
    """
    rows = []
    for item in items:
        if item.item_id not in {_DRIVER_CAMERA, _HARSH} or not isinstance(item.value, dict):
            continue
        kinds = dialect.driver_camera if item.item_id == _DRIVER_CAMERA else dialect.harsh
        kind = kinds.get(item.value["type"])
        if kind is None:
            counts[f"camera_code_{item.item_id:02x}_{item.value['type']:02x}_is_no_event"] += 1
        elif not believed(item.value["time_ms"], received_ms):
            counts["camera_alarms_with_a_clock_not_believed"] += 1
        else:
            rows.append(_event(memory, who, item, kind))
    return rows


def _event(memory: Memory, who: tuple[str, str], item: Item, kind: str) -> Row:
    told: dict[str, Any] = item.value
    time_ms = told["time_ms"]
    key = f"{item.item_id:02x}-{told['type']:02x}-{told['alarm_id']}"
    start_ms, end_ms = memory.get("cameras", {}).get(key, (None, None))
    if told["flag"] == _END:
        if start_ms is None or not 0 <= time_ms - start_ms <= _LONGEST_MS:
            start_ms = time_ms
        end_ms = time_ms
    elif start_ms != time_ms:
        start_ms, end_ms = time_ms, None
    if told["flag"] in {_BEGIN, _END}:
        remember(memory, "cameras", key, [start_ms, end_ms], _MOST_ALARMS)
    label = told["label"]
    return {
        "event_id": lasting_id(who[0], key, start_ms),
        "vehicle_id": who[1],
        "time": start_ms,
        "kind": kind,
        "duration_s": None if end_ms is None else (end_ms - start_ms) // 1_000,
        "level": told["level"] if 0 < told.get("level", 0) <= _MOST_LEVEL else None,
        "media": f"{label['terminal']}-{label['time_ms']}-{label['number']}" if label["files"] else None,
        "source": f"{SOURCE} {item.item_id:02x}/{told['type']:02x}",
    }
