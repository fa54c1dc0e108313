"""Frames of terminals as records: rows of the kinds that files bring, in the order they came."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from taxi_qa.ingest.terminals.alarms import alarm_names
from taxi_qa.ingest.terminals.camera_rows import camera_rows
from taxi_qa.ingest.terminals.decode import Message, decode
from taxi_qa.ingest.terminals.dialects import Dialect, dialect_named
from taxi_qa.ingest.terminals.duty_rows import duty_rows
from taxi_qa.ingest.terminals.edges import alarm_rows
from taxi_qa.ingest.terminals.frame import Frame
from taxi_qa.ingest.terminals.items import Item
from taxi_qa.ingest.terminals.media_pieces import Media, whole_media
from taxi_qa.ingest.terminals.order_rows import order_rows
from taxi_qa.ingest.terminals.record_rows import COLUMNS, Row, text_frames
from taxi_qa.ingest.terminals.state import Memory, State
from taxi_qa.ingest.terminals.trip_rows import trip_row

_DUTY: Final = frozenset({"signed_in", "signed_out", "driver_card"})
_ORDERS: Final = frozenset(
    {"order_offered", "order_grabbed", "order_told", "order_done", "order_cancelled", "order_called_off"}
)
_MEDIA: Final = frozenset({"image", "audio", "media"})
# Sent from the terminal's memory: the message of JT905, the kind of batch of JT808.
_AGAIN: Final = "positions_again"
_BLIND_AREA: Final = 1
_TURN: Final = 360
# Bits of the status by protocol: no fix or fix, ACC, out of service, booked, loaded.
_LOADED_905: Final = 1 << 9
_LOADED_808: Final = 3 << 8
_ENCRYPTED_808: Final = 1 << 5


@dataclass(frozen=True)
class Records:
    """What frames came to.

    Attributes:
        tables: by kind, text columns named as in a file; kinds without rows are missing.
        state: for the next batch.
        media: pictures and sounds that became whole; to keep them is the caller's.
        counts: what was left aside, by reason: no record is lost silently.
        failed: frames on which this program itself broke, with when they came: for a person to look at.
    """

    tables: dict[str, pd.DataFrame]
    state: State
    media: tuple[Media, ...]
    counts: Counter[str]
    failed: tuple[tuple[int, Frame], ...] = ()


def records_of(
    entries: Iterable[tuple[int, Frame]],
    whose: Mapping[str, str],
    state: State | None = None,
    dialect: str = "standard",
) -> Records:
    """Turn frames into records.

    Args:
        entries: when a frame came (UTC milliseconds) and the frame, in the order they came.
        whose: the vehicle of a terminal by its name in hex.
        state: what the batch before left; it is used up: keep what `Records.state` holds. None to begin.
        dialect: of the fleet, a name of `dialects.DIALECTS`.

    Returns:
        The records. Wherever the batches are cut, the rows together are the same.

    Raises:
        ValueError: there is no such dialect.
    """
    failed: list[tuple[int, Frame]] = []
    reading = _Reading(whose, state or State(), dialect_named(dialect))
    given_up = reading.state.parts.given_up
    for received_ms, frame in entries:
        try:
            reading.take(received_ms, frame, dialect)
        except Exception:  # noqa: BLE001 - a fault of ours costs one frame, which is kept, never the batch
            reading.counts[f"failed_{frame.protocol}_{frame.message_id:04x}"] += 1
            failed.append((received_ms, frame))
    if lost := reading.state.parts.given_up - given_up:
        reading.counts["parts_given_up"] += lost
    return Records(
        text_frames(reading.rows), reading.state, tuple(reading.media), reading.counts, tuple(failed)
    )


class _Reading:
    """One batch on its way from frames to rows."""

    def __init__(self, whose: Mapping[str, str], state: State, dialect: Dialect) -> None:
        self.whose = whose
        self.state = state
        self.dialect = dialect
        self.rows: dict[str, list[Row]] = {kind: [] for kind in COLUMNS}
        self.media: list[Media] = []
        self.counts: Counter[str] = Counter()

    def take(self, received_ms: int, part: Frame, dialect: str) -> None:
        vehicle = self.whose.get(part.terminal)
        if vehicle is None:
            self.counts["frames_of_unknown_terminals"] += 1
            return
        frame = self.state.parts.put(part, received_ms)
        if frame is None:
            return
        message = decode(frame, dialect)
        if message.fault or not message.name:
            reason = "unknown" if not message.name else "unreadable"
            self.counts[f"{reason}_{frame.protocol}_{frame.message_id:04x}"] += 1
            return
        who = (frame.terminal, vehicle)
        memory = self.state.of(frame.terminal)
        if message.name == "trip":
            self.rows["trips"].append(trip_row(memory, message, *who))
        elif message.name in _DUTY:
            self.rows["shifts"] += duty_rows(memory, message, vehicle, self.counts)
        elif message.name in _ORDERS:
            self.rows["orders"] += order_rows(memory, message, vehicle, received_ms, self.counts)
        elif message.name in _MEDIA:
            self.media += whole_media(memory, message, who, received_ms, self.counts)
        self._positions(memory, who, message, received_ms, self.dialect.place[frame.protocol])

    def _positions(
        self, memory: Memory, who: tuple[str, str], message: Message, received_ms: int, protocol: str
    ) -> None:
        """The positions of a message, its own or rows of them; those inside a trip are no reports."""
        told = message.fields
        if "positions" in told:
            stored = message.name == _AGAIN or told.get("batch") == _BLIND_AREA
            self.counts["broken_rows"] += told.get("broken_rows", 0)
            for position in told["positions"]:
                self._position(
                    memory, who, position, position.get("items", ()), received_ms, protocol, stored=stored
                )
        elif "lat_deg" in told and "status" in told:
            stored = message.name == _AGAIN
            self._position(memory, who, told, message.items, received_ms, protocol, stored=stored)

    def _position(
        self,
        memory: Memory,
        who: tuple[str, str],
        told: Mapping[str, Any],
        items: tuple[Item, ...],
        received_ms: int,
        protocol: str,
        *,
        stored: bool,
    ) -> None:
        values = {item.name: item.value for item in items if item.name}
        names = alarm_names(protocol, told["alarm"])
        names += [name for name in ("lens_covered", "storage_fault") if values.get(name)]
        names = list(dict.fromkeys(names))
        self.rows["positions"].append(
            {
                "vehicle_id": who[1],
                "time": told["time_ms"],
                "lon": told["lon_deg"],
                "lat": told["lat_deg"],
                "speed_kmh": told["speed_kmh"],
                # A heading beyond the circle says nothing; the position is still one.
                "heading_deg": told["heading_deg"] % _TURN if told["heading_deg"] <= _TURN else None,
                **(_flags_905(told["status"]) if protocol == "jt905" else _flags_808(memory, told["status"])),
                "odometer_km": values.get("odometer_km"),
                "alarms": ";".join(names),
                "received_at": received_ms,
            }
        )
        events, status = alarm_rows(
            memory, who, (told["time_ms"], received_ms), names, stored=stored, counts=self.counts
        )
        self.rows["events"] += events
        self.rows["device_status"] += status
        self.rows["events"] += camera_rows(memory, who, items, received_ms, self.dialect, self.counts)


def _flags_905(status: int) -> Row:
    return {
        "fixed": not status & 1,
        "out_of_service": bool(status & 1 << 3),
        "booked": bool(status & 1 << 4),
        "acc_on": bool(status & 1 << 8),
        "loaded": bool(status & _LOADED_905),
    }


def _flags_808(memory: Memory, status: int) -> Row:
    # Not every maker uses the bits of the load: only a terminal that has once said "loaded" is
    # believed when it says "vacant"; before, nobody knows.
    loaded = bool(status & _LOADED_808)
    if loaded:
        memory["tells_load"] = True
    return {
        "fixed": bool(status & 1 << 1),
        "out_of_service": bool(status & 1 << 4),
        "acc_on": bool(status & 1),
        "loaded": loaded if memory.get("tells_load") else None,
        # The secrecy plug-in moves places as maps for the public are moved.
        "datum": "gcj02" if status & _ENCRYPTED_808 else None,
    }
