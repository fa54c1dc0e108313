"""BCD: digits, and the moments terminals write with them, always in GMT+8 and without saying so."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

_ZONE_MS: Final = 8 * 3_600_000
# Two digits of a year mean this century.
_CENTURY: Final = 2_000


def digits(data: bytes) -> str:
    """BCD as text; a nibble beyond 9 stays the letter it is in hex."""
    return data.hex()


@lru_cache(maxsize=4_096)
def _day_start_ms(day: str) -> int | None:
    """00:00 in GMT+8 of a day YYYYMMDD."""
    try:
        start = datetime(int(day[:4]), int(day[4:6]), int(day[6:]), tzinfo=UTC)
    except ValueError:
        return None
    return int(start.timestamp()) * 1_000 - _ZONE_MS


def _clock_ms(text: str) -> int | None:
    """Milliseconds since 00:00 of hhmm or hhmmss."""
    if not text.isdecimal():
        return None
    hour, minute, second = int(text[:2]), int(text[2:4]), int(text[4:] or 0)
    # 60: a leap second is told by some receivers.
    if hour > 23 or minute > 59 or second > 60:  # noqa: PLR2004 - a clock
        return None
    return ((hour * 60 + minute) * 60 + second) * 1_000


def _joined(day: str, clock: str) -> int | None:
    start, since = _day_start_ms(day), _clock_ms(clock)
    return None if start is None or since is None else start + since


def moment_ms(data: bytes) -> int | None:
    """YYMMDDhhmmss as UTC milliseconds; None where the digits are no moment."""
    text = data.hex()
    return _joined(f"20{text[:6]}", text[6:])


def minute_ms(data: bytes) -> int | None:
    """YYMMDDhhmm as UTC milliseconds; None where the digits are no moment."""
    text = data.hex()
    return _joined(f"20{text[:6]}", text[6:])


def stamp_ms(data: bytes) -> int | None:
    """YYYYMMDDhhmm or YYMMDDhhmmss, told apart by what is possible, as UTC milliseconds.

    A year 20YY read as YYMM.. has the month YY: from 2013 on that is none, so only one reading is left.
    """
    text = data.hex()
    if text[:2] == "20" and (long := _joined(text[:8], text[8:])) is not None:
        return long
    return moment_ms(data)


def clock_minutes(text: str) -> int | None:
    """Minutes of hhmm; hours may exceed 23, it is a span."""
    return int(text[:2]) * 60 + int(text[2:]) if text.isdecimal() and len(text) == 4 else None  # noqa: PLR2004 - hhmm


def packed_ms(packed: int, near_ms: int) -> int | None:
    """The moment an operation id of JT905 holds: 6 bits of year, 4 month, 5 day, 5 hour, 6 minute, 6 second.

    Args:
        packed: the id.
        near_ms: a clock to choose the year's base by: frames of 2023 carry 13 (base 2010), other
            makers year - 2000.

    Returns:
        UTC milliseconds, by the base that comes nearest; None where the bits are no moment.
    """
    year, month, day = packed >> 26 & 63, packed >> 22 & 15, packed >> 17 & 31
    clock = f"{packed >> 12 & 31:02}{packed >> 6 & 63:02}{packed & 63:02}"
    moments = [
        moment
        for base in (_CENTURY, _CENTURY + 10)
        if (moment := _joined(f"{base + year:04}{month:02}{day:02}", clock)) is not None
    ]
    return min(moments, key=lambda moment: abs(moment - near_ms), default=None)
