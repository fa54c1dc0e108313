"""Bytes of frames and of what stands in them, as JT/T 905.2-2014 and JT/T 808-2013 and -2019 have them."""

import datetime as dt
import struct
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Final, Literal

Edition = Literal["905", "808-2013", "808-2019"]

_MARK: Final = b"\x7e"
_SHANGHAI: Final = dt.timezone(dt.timedelta(hours=8))
# A clock that lost its date begins with the century: two digits of a year cannot say 1970.
_FIRST_YEAR: Final = 2000
_UNITS_905: Final = 600_000
_UNITS_808: Final = 1_000_000
_IS_2019: Final = 1 << 14
_NOT_FIXED_905, _ACC_905, _LOADED_905 = 1, 1 << 8, 1 << 9
_ACC_808, _FIXED_808, _LOADED_808 = 1, 1 << 1, 3 << 8


@dataclass(frozen=True, slots=True)
class Fix:
    """A place as a terminal knows it.

    Attributes:
        time_ms: its clock, UTC.
        lon, lat: degrees WGS-84.
        speed_kmh, heading_deg: as the receiver says.
        loaded, fixed, acc_on: states.
        odometer_km: its counter.
    """

    time_ms: int
    lon: float
    lat: float
    speed_kmh: float
    heading_deg: int
    loaded: bool
    fixed: bool
    acc_on: bool
    odometer_km: float


def framed(edition: Edition, message_id: int, terminal: str, serial: int, body: bytes) -> bytes:
    """A frame ready for the socket.

    Args:
        edition: of the terminal.
        message_id: what it is.
        terminal: its number in decimal digits.
        serial: counted by the terminal.
        body: what it says.
    """
    if edition == "808-2019":
        head = struct.pack(">HHB", message_id, len(body) | _IS_2019, 1) + bytes.fromhex(terminal.zfill(20))
    else:
        head = struct.pack(">HH", message_id, len(body)) + bytes.fromhex(terminal.zfill(12))
    whole = head + struct.pack(">H", serial & 0xFFFF) + body
    whole += bytes((reduce(xor, whole, 0),))
    return _MARK + whole.replace(b"\x7d", b"\x7d\x01").replace(_MARK, b"\x7d\x02") + _MARK


def heard(held: bytearray, edition: Edition) -> list[tuple[int, bytes]]:
    """Message and body of the centre's frames in what came; the rest stays held.

    Args:
        held: bytes that came and were not used; changed.
        edition: of the terminal.
    """
    found = []
    *pieces, rest = bytes(held).split(_MARK)
    held[:] = rest
    start = 17 if edition == "808-2019" else 12
    for piece in pieces:
        if piece:
            raw = piece.replace(b"\x7d\x02", _MARK).replace(b"\x7d\x01", b"\x7d")
            if reduce(xor, raw, 0):
                raise ValueError("an answer with a wrong check")
            found.append((int.from_bytes(raw[:2], "big"), raw[start:-1]))
    return found


def local(time_ms: int) -> dt.datetime:
    """The clock of a terminal: GMT+8, and no year before 2000."""
    at = dt.datetime.fromtimestamp(time_ms / 1000, _SHANGHAI)
    return at if at.year >= _FIRST_YEAR else at.replace(year=_FIRST_YEAR)


def told_ms(time_ms: int) -> int:
    """The moment a clock tells: whole seconds, and no year before 2000."""
    return int(local(time_ms).timestamp()) * 1000


def clock(time_ms: int, form: str = "%y%m%d%H%M%S") -> bytes:
    """A moment in decimal digits."""
    return bytes.fromhex(local(time_ms).strftime(form))


def number(value: float, size: int) -> bytes:
    """A whole number in decimal digits, filled up with zeros in front."""
    return bytes.fromhex(f"{round(value):0{2 * size}d}"[-2 * size :])


def text(value: str, size: int) -> bytes:
    """Text of a fixed length."""
    return value.encode("ascii")[:size].ljust(size, b"\x00")


def place(edition: Edition, fix: Fix, alarm: int = 0) -> bytes:
    """A place: 25 bytes of JT905, 28 of JT808."""
    speed = round(fix.speed_kmh * 10)
    if edition == "905":
        status = (0 if fix.fixed else _NOT_FIXED_905) | (_ACC_905 if fix.acc_on else 0)
        status |= _LOADED_905 if fix.loaded else 0
        lat, lon = round(fix.lat * _UNITS_905), round(fix.lon * _UNITS_905)
        told = struct.pack(">IIiiHB", alarm, status, lat, lon, speed, round(fix.heading_deg / 2) % 180)
    else:
        status = (_FIXED_808 if fix.fixed else 0) | (_ACC_808 if fix.acc_on else 0)
        status |= _LOADED_808 if fix.loaded else 0
        lat, lon = round(fix.lat * _UNITS_808), round(fix.lon * _UNITS_808)
        told = struct.pack(">IIiiHHH", alarm, status, lat, lon, 0, speed, fix.heading_deg)
    return told + clock(fix.time_ms)


def reported(edition: Edition, fix: Fix, alarm: int, items: bytes) -> bytes:
    """A place with its items: the odometer, then what else is given."""
    return place(edition, fix, alarm) + b"\x01\x04" + struct.pack(">I", round(fix.odometer_km * 10)) + items


def on_the_wire(edition: Edition, degrees: float) -> float:
    """Degrees as they are after they were sent."""
    units = _UNITS_905 if edition == "905" else _UNITS_808
    return round(degrees * units) / units
