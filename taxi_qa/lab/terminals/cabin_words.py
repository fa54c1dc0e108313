"""What devices report: bits of alarms in the reports of places, and items of the driver's camera."""

import struct
from typing import Final

import numpy as np

from taxi_qa.lab.pictures import digest_of, picture_of
from taxi_qa.lab.terminals.bringing import Picture
from taxi_qa.lab.terminals.spoken import Bits, Row, Spoken, moment_ms
from taxi_qa.lab.terminals.wire import Edition, Fix, clock, text, told_ms

_SILENCE_MS: Final = 600_000
# Bits of alarms by what the records call it, and the device each speaks of.
_EVENT_BITS: Final[dict[str, dict[str, int]]] = {
    "905": {"power_cut": 6, "storage_fault": 26, "meter_clock_fault": 28},
    "808": {"power_cut": 8},
}
_EVENT_DEVICES: Final = {
    "power_cut": ("terminal", "down"),
    "storage_fault": ("terminal", "degraded"),
    "meter_clock_fault": ("meter", "degraded"),
}
_DOWN_BITS: Final = {"meter": (10, "meter_fault"), "recorder": (27, "recorder_fault")}
# Codes of the driver's camera in Guangdong (T/GDRTA 002-2019).
CAMERA_CODES: Final = {"fatigue": 1, "phone": 2, "smoking": 3, "lens_covered": 6, "no_belt_driver": 0x0A}
_IMAGE, _ASKED_FOR, _PIECE_BYTES = 0x0800, 0, 900
_CAMERA, _INSTANT, _BEGIN, _END = 0x65, 0, 1, 2
CAMERA_DIALECT: Final = "gdrta"


def alarms_told(edition: Edition, bits: int) -> str:
    """The names of alarm bits, in their order."""
    names = {bit: name for name, bit in _EVENT_BITS[edition[:3]].items()} | dict(_DOWN_BITS.values())
    return ";".join(names[bit] for bit in sorted(names) if bits >> bit & 1)


def tell_alarms(
    car: Spoken, events: list[Row], devices: list[Row], fixes: list[Fix], live: list[int], alarms: Bits
) -> list[Row]:
    """Alarm bits: an event stands in one report, a broken device in all reports until it works.

    Args:
        car: whose; changed.
        events, devices: its rows of events and device_status.
        fixes: its places in the order they arrive.
        live: which of them tell of the present.
        alarms: bits of each place; changed.

    Returns:
        The events that no bit can say.
    """
    clocks = np.array([told_ms(fixes[at].time_ms) for at in live], dtype=np.int64)
    others = []
    for row in events:
        bit = _EVENT_BITS[car.edition[:3]].get(row["kind"])
        if bit is None or not live:
            others.append(row)
            continue
        # Told at once, maybe on the terminal's own battery: the report nearest to it stands for that.
        first = int(np.argmin(np.abs(clocks - moment_ms(row["time"]))))
        alarms[live[first]] |= 1 << bit
        event = {"event_id": row["event_id"], "vehicle_id": car.vehicle_id, "time": int(clocks[first])}
        car.knows("events", {**event, "kind": row["kind"], "source": "terminal"})
        device, state = _EVENT_DEVICES[row["kind"]]
        car.knows("device_status", _status(car, (device, state, row["kind"]), clocks, (first, first + 1)))
    for row in devices:
        first, end = (
            int(np.searchsorted(clocks, moment_ms(row[name]))) if row[name] else len(live)
            for name in ("from", "to")
        )
        if car.edition != "905" or row["state"] != "down" or row["device"] not in _DOWN_BITS or first >= end:
            car.leaves("device_status", row)
            continue
        bit, name = _DOWN_BITS[row["device"]]
        alarms[live[first:end]] |= 1 << bit
        if name == "meter_fault":
            event = {"event_id": f"{row['device']}-{first}", "vehicle_id": car.vehicle_id}
            car.knows("events", {**event, "time": int(clocks[first]), "kind": name, "source": "terminal"})
        car.knows("device_status", _status(car, (row["device"], "down", name), clocks, (first, end)))
    return others


def _status(car: Spoken, what: tuple[str, str, str], clocks: Bits, span: tuple[int, int]) -> Row:
    """A device that is ill, from its first report to the first without; a long silence ends it before."""
    device, state, detail = what
    first, end = span
    last_ms = int(clocks[end - 1])
    to_ms: int | None = None
    if end < len(clocks):
        to_ms = last_ms if int(clocks[end]) - last_ms > _SILENCE_MS else int(clocks[end])
    row = {"vehicle_id": car.vehicle_id, "device": device, "from": int(clocks[first]), "to": to_ms}
    return {**row, "state": state, "detail": detail}


def tell_cameras(car: Spoken, events: list[Row], fixes: list[Fix], live: list[int]) -> dict[int, bytes]:
    """Alarms of the driver's camera ride on the next reports: its begin, and its end where it has one.

    Args:
        car, fixes, live: as for `tell_alarms`.
        events: those that no bit can say; what no camera of JT808 says is left for files.

    Returns:
        Items by place.
    """
    items: dict[int, bytes] = {}
    clocks = np.array([told_ms(fixes[at].time_ms) for at in live], dtype=np.int64)
    count = 0
    for row in events:
        start_ms = moment_ms(row["time"])
        lasts_s = int(float(row["duration_s"])) if row["duration_s"] else None
        end_ms = start_ms + (lasts_s or 0) * 1000
        code = None if car.edition == "905" else CAMERA_CODES.get(row["kind"])
        if car.edition == "905" and row["media"]:
            _tell_picture(car, row["media"], start_ms, len(car.pictures) + 1)
        if code is None or not len(clocks) or end_ms > clocks[-1]:
            car.leaves("events", row)
            continue
        count += 1
        level, files = int(row["level"] or 0), int(bool(row["media"]))
        label = text(car.terminal, 30) + clock(start_ms) + bytes((count % 256, files)) + bytes(2)
        if files:
            car.files[label] = Picture(f"00_65_65{code:02x}_0_{count}.jpg", picture_of(row["media"]))
        for flag, moment in (
            ((_INSTANT, start_ms),) if lasts_s is None else ((_BEGIN, start_ms), (_END, end_ms))
        ):
            at = live[int(np.searchsorted(clocks, moment))]
            told = struct.pack(">IBBBB4x", count, flag, code, level, 0) + _seen(fixes[at], moment) + label
            items[at] = items.get(at, b"") + bytes((_CAMERA, len(told))) + told
        car.lost["events", "confidence"] += bool(row["confidence"])
        car.knows(
            "events",
            {
                "event_id": row["event_id"],
                "vehicle_id": car.vehicle_id,
                "time": start_ms,
                "kind": row["kind"],
                "duration_s": lasts_s,
                "level": level or None,
                "media": f"{car.terminal}-{start_ms}-{count % 256}" if files else None,
                "media_sha256": digest_of(row["media"]) if files else None,
                "source": f"camera 65/{code:02x}",
            },
        )
    return items


def _tell_picture(car: Spoken, name: str, at_ms: int, media_id: int) -> None:
    """A picture of JT905 in pieces (0x0800): it is no event, and is kept by its digest."""
    data = picture_of(name)
    car.pictures.append(digest_of(name))
    for at in range(0, len(data), _PIECE_BYTES):
        head = struct.pack(">HIBII", _ASKED_FOR, media_id, 0, len(data), at)
        car.says(at_ms, _IMAGE, head + data[at : at + _PIECE_BYTES])


def _seen(fix: Fix, moment_ms: int) -> bytes:
    """Where and how fast the car was, and when."""
    place = struct.pack(">ii", round(fix.lat * 1_000_000), round(fix.lon * 1_000_000))
    return struct.pack(">BH", min(round(fix.speed_kmh), 255), 0) + place + clock(moment_ms) + bytes(2)
