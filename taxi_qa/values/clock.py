"""Instants are milliseconds since 1970 in UTC (`*_ms`), days are city days since 1970 (`*_day`).

A city day is made here and nowhere else: 01:00 in Zhongshan is still yesterday in UTC.
"""

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pandas as pd

MS_PER_S = 1000
MS_PER_MIN = 60_000
MS_PER_H = 3_600_000
MS_PER_DAY = 86_400_000

Int64s = npt.NDArray[np.int64]

_EPOCH = dt.date(1970, 1, 1)
_EPOCH_UTC = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name.

    Raises:
        ValueError: there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{name!r} is no time zone; expected a name such as Asia/Shanghai") from None


@lru_cache(maxsize=64)
def _offset_steps(zone: str, first_year: int, last_year: int) -> tuple[Int64s, Int64s]:
    """UTC instants at which the zone's offset changes, and the offsets from there on (ms)."""
    info = zone_of(zone)
    hours = pd.date_range(f"{first_year}-01-01", f"{last_year + 1}-12-31", freq="h", tz="UTC")
    local = hours.tz_convert(info).tz_localize(None)
    offsets = (local - hours.tz_localize(None)).as_unit("ms").asi8
    change = np.flatnonzero(np.diff(offsets)) + 1
    starts = np.concatenate(([np.iinfo(np.int64).min], hours.as_unit("ms").asi8[change]))
    return starts.astype(np.int64), np.concatenate(([offsets[0]], offsets[change])).astype(np.int64)


def offset_ms(instants_ms: Int64s, zone: str) -> Int64s:
    """What to add to each UTC instant to read the city's clock (ms); exact to the hour of a change."""
    instants = np.asarray(instants_ms, dtype=np.int64)
    if instants.size == 0:
        return instants.copy()
    years = (int(instants.min()), int(instants.max()))
    first, last = (min(max(1970 + y // (366 * MS_PER_DAY), 1970), 2100) for y in years)
    starts, offsets = _offset_steps(zone, first, last + 1)
    return offsets[np.searchsorted(starts, instants, side="right") - 1]


def city_day(instants_ms: Int64s, zone: str) -> npt.NDArray[np.int32]:
    """The city's calendar day of each instant, counted from 1970-01-01."""
    instants = np.asarray(instants_ms, dtype=np.int64)
    return ((instants + offset_ms(instants, zone)) // MS_PER_DAY).astype(np.int32)


def day_start_ms(day: int, zone: str) -> int:
    """The instant at which a city day begins."""
    midnight = dt.datetime.combine(date_of(day), dt.time(), tzinfo=zone_of(zone))
    return instant_of(midnight)


def instant_of(moment: dt.datetime) -> int:
    """Milliseconds since 1970 of an aware moment.

    Raises:
        ValueError: the moment has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return (moment - _EPOCH_UTC) // dt.timedelta(milliseconds=1)


def moment_of(instant_ms: int, zone: str) -> dt.datetime:
    """The aware moment of an instant, with the city's offset."""
    return (_EPOCH_UTC + dt.timedelta(milliseconds=int(instant_ms))).astimezone(zone_of(zone))


def iso_of(instant_ms: int, zone: str) -> str:
    """ISO 8601 with the city's offset; milliseconds only where there are any."""
    moment = moment_of(instant_ms, zone)
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")


def date_of(day: int) -> dt.date:
    """The calendar date of a day number."""
    return _EPOCH + dt.timedelta(days=int(day))


def day_of(date: dt.date) -> int:
    """The day number of a calendar date."""
    return (date - _EPOCH).days


def day_from_text(text: str) -> int:
    """The day number of `2026-10-20`.

    Raises:
        ValueError: not a date in that form.
    """
    try:
        return day_of(dt.date.fromisoformat(text))
    except ValueError:
        raise ValueError(f"{text!r} is no day; expected the form 2026-10-20") from None


def clock_ms(text: str) -> int:
    """Milliseconds since midnight of `HH:MM`; `24:00` is the end of the day.

    Raises:
        ValueError: not a time of day in that form.
    """
    hour, colon, minute = text.partition(":")
    if colon and hour.isdigit() and minute.isdigit() and len(minute) == len("00"):
        value = int(hour) * MS_PER_H + int(minute) * MS_PER_MIN
        if int(minute) < MS_PER_MIN // MS_PER_S and value <= MS_PER_DAY:
            return value
    raise ValueError(f"{text!r} is no time of day; expected the form 23:00")


def clock_text(ms_of_day: int) -> str:
    """`HH:MM` of milliseconds since midnight; what `clock_ms` reads."""
    return f"{ms_of_day // MS_PER_H:02d}:{ms_of_day // MS_PER_MIN % 60:02d}"


def weekday(days: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Monday = 0 … Sunday = 6; 1970-01-01 was a Thursday (3)."""
    return ((np.asarray(days, dtype=np.int32) + 3) % 7).astype(np.int32)
