"""Where a car was: reports as they happen, and what its terminal kept while it was out of reach."""

import struct
from collections import Counter
from typing import Final

import pandas as pd

from taxi_qa.lab.terminals.cabin_words import alarms_told
from taxi_qa.lab.terminals.spoken import Bits, Row, Spoken
from taxi_qa.lab.terminals.wire import Fix, on_the_wire, place, reported, told_ms

# So many records that reach the centre at one moment were kept while the car was out of reach.
_LEAST_KEPT: Final = 3
_ROWS_905: Final = 10
_AHEAD_MS: Final = 600_000
_BEHIND_MS: Final = 30 * 86_400_000


def fixes_of(positions: pd.DataFrame) -> list[Fix]:
    """The rows of positions as places."""
    names = ("time", "lon", "lat", "speed_kmh", "heading_deg", "loaded", "fixed", "acc_on", "odometer_km")
    columns = [positions[name].tolist() for name in names]
    return [Fix(*values) for values in zip(*columns, strict=True)]


def kept(received: list[int]) -> list[bool]:
    """Whether each record came with others at one moment: the terminal had kept it."""
    at_once = Counter(received)
    return [at_once[moment] >= _LEAST_KEPT for moment in received]


def live(fixes: list[Fix], received: list[int], stored: list[bool]) -> list[int]:
    """Places of the records that tell of the present: sent as they were, their clock not behind another's."""
    found, latest = [], 0
    for at, fix in enumerate(fixes):
        time_ms = told_ms(fix.time_ms)
        believed = -_BEHIND_MS <= time_ms - received[at] <= _AHEAD_MS
        if not stored[at] and believed and time_ms >= latest:
            latest = time_ms
            found.append(at)
    return found


def tell_positions(
    car: Spoken,
    fixes: list[Fix],
    received: list[int],
    stored: list[bool],
    alarms: Bits,
    items: dict[int, bytes],
) -> None:
    """Every place: as it is, or with others where the terminal had kept it.

    Args:
        car: whose; changed.
        fixes, received, stored, alarms: of each place in the order they arrive.
        items: what else a report carries, by place.
    """
    kept: list[int] = []
    said_load = False
    for at, fix in enumerate(fixes):
        said_load = said_load or fix.loaded
        jt905 = car.edition == "905"
        row: Row = {
            "vehicle_id": car.vehicle_id,
            "time": told_ms(fix.time_ms),
            "lon": on_the_wire(car.edition, fix.lon),
            "lat": on_the_wire(car.edition, fix.lat),
            "speed_kmh": round(fix.speed_kmh * 10) / 10,
            "heading_deg": round(fix.heading_deg / 2) % 180 * 2 if jt905 else fix.heading_deg,
            # Who has never said "loaded" is not believed to be empty.
            "loaded": fix.loaded if jt905 or said_load else None,
            "fixed": fix.fixed,
            "acc_on": fix.acc_on,
            "out_of_service": False,
            "booked": False if jt905 else None,
            # Ten places kept by a terminal of JT905 are sent without their items.
            "odometer_km": None if stored[at] and jt905 else round(fix.odometer_km * 10) / 10,
            "alarms": "" if stored[at] else alarms_told(car.edition, int(alarms[at])),
            "received_at": car.arrives(received[at]),
        }
        car.knows("positions", row)
        if stored[at]:
            car.lost["positions", "odometer_km"] += jt905
            kept.append(at)
            if len(kept) == _ROWS_905 or at + 1 == len(fixes) or received[at + 1] != received[at]:
                _tell_kept(car, [fixes[one] for one in kept], received[at])
                kept = []
        else:
            car.says(received[at], 0x0200, reported(car.edition, fix, int(alarms[at]), items.get(at, b"")))


def _tell_kept(car: Spoken, fixes: list[Fix], at_ms: int) -> None:
    if car.edition == "905":
        car.says(at_ms, 0x0203, b"".join(place("905", fix) for fix in fixes))
        return
    rows = [reported(car.edition, fix, 0, b"") for fix in fixes]
    body = b"".join(struct.pack(">H", len(row)) + row for row in rows)
    car.says(at_ms, 0x0704, struct.pack(">HB", len(rows), 1) + body)
