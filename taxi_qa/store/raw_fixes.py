"""Positions as columns of whole numbers, as they were sent: what every way in makes of its rows."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from numba import njit

from taxi_qa.records.fixes import FLAG_BITS, NO_DELAY, NO_HEADING, NO_ODOMETER, NO_SPEED
from taxi_qa.values.clock import MS_PER_DAY, MS_PER_H, city_day, offset_ms
from taxi_qa.values.place import DATUMS, E7, Datum

Int8s = npt.NDArray[np.int8]
Int16s = npt.NDArray[np.int16]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# City days a position may claim: 1970-01-01 … 2100-12-31. Beyond them it is refused at the door.
FIRST_DAY: Final = 0
LAST_DAY: Final = 47_846

CKMH_PER_KMH: Final = 100
DDEG_PER_DEG: Final = 10
NO_ALARM: Final = -1

# Up to this span it is cheaper to ask for the zone's offset every quarter of an hour than for every row.
_PROBED_MS: Final = 60 * MS_PER_DAY


@dataclass(frozen=True)
class RawFixes:
    """Positions as they were sent, in order of arrival; columns wholly absent are None.

    Attributes:
        vehicle_ids: the vehicles of this batch, each once, as `identity.identifier` writes them; any order.
        vehicle_code: index into `vehicle_ids` of every row.
        time_ms: UTC instant.
        lon_e7, lat_e7: the place in 1e-7 degree in the datum it was SENT in, `scaled(degrees, E7)`.
        speed_ckmh: 0.01 km/h, 0 … 25,000, NO_SPEED where not sent.
        heading_ddeg: 0.1 degree, 0 … 3,600, NO_HEADING where not sent.
        flags: bits of `records.fixes.FLAG_BITS`.
        odometer_m: metres, NO_ODOMETER where not sent.
        delay_ms: received minus fix time, cut to 32 bits (`delays`), NO_DELAY where not sent.
        datum: index into `values.place.DATUMS`; None: all WGS-84.
        alarm_code: index into `alarm_texts`, NO_ALARM where none.
        alarm_texts: the texts ("name;name") that occur, each once.
    """

    vehicle_ids: tuple[str, ...]
    vehicle_code: Int32s
    time_ms: Int64s
    lon_e7: Int32s
    lat_e7: Int32s
    speed_ckmh: Int32s | None = None
    heading_ddeg: Int16s | None = None
    flags: Int16s | None = None
    odometer_m: Int32s | None = None
    delay_ms: Int32s | None = None
    datum: Int8s | None = None
    alarm_code: Int32s | None = None
    alarm_texts: tuple[str, ...] = ()

    def __len__(self) -> int:
        """The number of positions."""
        return int(self.time_ms.size)


def scaled(values: npt.NDArray[np.float64], per_unit: int) -> Int64s:
    """Whole parts of a unit: the one rounding of positions (degrees -> 1e-7, km/h -> 0.01, degrees -> 0.1).

    Every way in (bytes, Parquet, spreadsheets) must give the same whole number for the same text, else
    a row sent twice would not be known again: nearest double times the scale, then to nearest even.
    """
    return np.rint(np.asarray(values, dtype=np.float64) * float(per_unit)).astype(np.int64)


def delays(received_ms: Int64s, time_ms: Int64s) -> Int32s:
    """Received minus fix time in ms, cut to what 32 bits hold beside NO_DELAY."""
    limit = np.iinfo(np.int32)
    cut: Int32s = np.clip(received_ms - time_ms, limit.min + 1, limit.max).astype(np.int32)
    return cut


def sane_days(time_ms: Int64s, zone: str) -> Bools:
    """Whether each instant's city day may be stored (1970 … 2100)."""
    # A day of margin keeps zone arithmetic inside the years that the clock knows.
    low, high = (FIRST_DAY - 1) * MS_PER_DAY, (LAST_DAY + 2) * MS_PER_DAY
    near = (time_ms >= low) & (time_ms < high)
    days = city_days(np.where(near, time_ms, 0), zone)
    return near & (days >= FIRST_DAY) & (days <= LAST_DAY)


def raw_from_frame(frame: pd.DataFrame, *, datum: Datum = "wgs84") -> RawFixes:
    """Positions of a frame with inside columns (`Column.inside`, `Column.dtype`), rows in order of arrival.

    Args:
        frame: vehicle_id, time_ms, lon, lat, and any of the optional columns of the kind `positions`.
            All values are already checked: limits, ids folded, `sane_days`.
        datum: that of rows whose column `datum` is absent or empty.
    """
    codes, ids = pd.factorize(frame["vehicle_id"])
    time_ms = frame["time_ms"].to_numpy(dtype=np.int64)

    def number(
        name: str, per_unit: int, missing: int, dtype: type[np.signedinteger]
    ) -> npt.NDArray[np.signedinteger] | None:
        if name not in frame:
            return None
        values = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
        gone = np.isnan(values)
        return np.where(gone, missing, scaled(np.where(gone, 0.0, values), per_unit)).astype(dtype)

    flags = np.zeros(len(frame), dtype=np.int16)
    for name, (sent, on) in FLAG_BITS.items():
        if name in frame:
            flags |= np.where(frame[name].notna(), sent, 0).astype(np.int16)
            flags |= np.where(frame[name].fillna(value=False).to_numpy(dtype=bool), on, 0).astype(np.int16)
    delay = None
    if "received_ms" in frame:
        there = frame["received_ms"].notna().to_numpy(dtype=bool)
        received = frame["received_ms"].to_numpy(dtype=np.int64, na_value=0)
        delay = np.where(there, delays(received, time_ms), NO_DELAY).astype(np.int32)
    datums = np.full(len(frame), DATUMS.index(datum), dtype=np.int8)
    if "datum" in frame:
        for index, name in enumerate(DATUMS):
            datums[(frame["datum"] == name).fillna(value=False).to_numpy(dtype=bool)] = index
    alarm_code: Int32s | None = None
    alarm_texts: tuple[str, ...] = ()
    if "alarms" in frame:
        texts = (
            frame["alarms"].astype("object").where(frame["alarms"].notna() & (frame["alarms"] != ""), None)
        )
        found, uniques = pd.factorize(texts)
        alarm_code, alarm_texts = found.astype(np.int32), tuple(str(text) for text in uniques)
    return RawFixes(
        vehicle_ids=tuple(str(i) for i in ids),
        vehicle_code=codes.astype(np.int32),
        time_ms=time_ms,
        lon_e7=scaled(frame["lon"].to_numpy(dtype=np.float64), E7).astype(np.int32),
        lat_e7=scaled(frame["lat"].to_numpy(dtype=np.float64), E7).astype(np.int32),
        speed_ckmh=number("speed_kmh", CKMH_PER_KMH, NO_SPEED, np.int32),
        heading_ddeg=number("heading_deg", DDEG_PER_DEG, NO_HEADING, np.int16),
        flags=flags if flags.any() else None,
        odometer_m=number("odometer_m", 1, NO_ODOMETER, np.int32),
        delay_ms=delay,
        datum=datums if datums.any() else None,
        alarm_code=alarm_code,
        alarm_texts=alarm_texts,
    )  # fmt: skip


def joined(one: RawFixes, one_at: Int64s, other: RawFixes, other_at: Int64s) -> RawFixes:
    """Two batches as one, rows in the order of `one_at` and `other_at` (each rising, no number in both)."""
    if not len(other):
        return one
    order = np.argsort(np.concatenate((one_at, other_at)), kind="stable")
    number = {name: at for at, name in enumerate(dict.fromkeys((*one.vehicle_ids, *other.vehicle_ids)))}
    alarm = {text: at for at, text in enumerate(dict.fromkeys((*one.alarm_texts, *other.alarm_texts)))}
    columns: dict[str, Any] = {}
    for name, missing in _MISSING.items():
        pair: list[Any] = [getattr(one, name), getattr(other, name)]
        if name == "vehicle_code":
            pair = [_recoded(b.vehicle_code, b.vehicle_ids, number) for b in (one, other)]
        elif name == "alarm_code" and alarm:
            pair = [_recoded(b.alarm_code, b.alarm_texts, alarm) for b in (one, other)]
        if pair[0] is not None or pair[1] is not None:
            dtype = next(column.dtype for column in pair if column is not None)
            sizes = (len(one), len(other))
            parts = [np.full(n, missing, dtype) if c is None else c for c, n in zip(pair, sizes, strict=True)]
            columns[name] = np.concatenate(parts)[order]
    return RawFixes(vehicle_ids=tuple(number), alarm_texts=tuple(alarm), **columns)


_MISSING: Final = {
    "vehicle_code": 0,
    "time_ms": 0,
    "lon_e7": 0,
    "lat_e7": 0,
    "speed_ckmh": NO_SPEED,
    "heading_ddeg": NO_HEADING,
    "flags": 0,
    "odometer_m": NO_ODOMETER,
    "delay_ms": NO_DELAY,
    "datum": 0,
    "alarm_code": NO_ALARM,
}


def _recoded(codes: Int32s | None, texts: tuple[str, ...], number: dict[str, int]) -> Int32s | None:
    """Codes of one list of texts in the numbering of all; negative ones stay."""
    if codes is None:
        return None
    own = np.array([*(number[text] for text in texts), -1], dtype=np.int32)
    return own[codes]


@njit(cache=True, nogil=True)
def _shifted_days(time_ms: Int64s, offset: int) -> Int32s:
    days = np.empty(time_ms.size, np.int32)
    for i in range(time_ms.size):
        days[i] = (time_ms[i] + offset) // MS_PER_DAY
    return days


def city_days(time_ms: Int64s, zone: str) -> Int32s:
    """`clock.city_day`, quicker where the zone keeps one offset over all the instants."""
    if time_ms.size == 0:
        return np.zeros(0, dtype=np.int32)
    first, last = int(time_ms.min()), int(time_ms.max())
    if last - first < _PROBED_MS:
        # Offsets change at whole hours of UTC or at fractions that a step of 15 minutes meets.
        probes = np.append(np.arange(first, last, MS_PER_H // 4, dtype=np.int64), last)
        offsets = offset_ms(probes, zone)
        if (offsets == offsets[0]).all():
            return _shifted_days(time_ms, int(offsets[0]))
    return city_day(time_ms, zone)
