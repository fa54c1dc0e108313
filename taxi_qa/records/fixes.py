"""Positions as columns of whole numbers: the only shape in which millions of them travel.

A `Fixes` holds the positions of some vehicles over some time, sorted by vehicle, then time. It is
what the store gives out and what the facts are made from; positions are never objects.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import numpy.typing as npt

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]

# What stands where a value was not sent.
NO_SPEED: Final = -1
NO_HEADING: Final = -1
NO_ODOMETER: Final = -1
NO_DELAY: Final = np.iinfo(np.int32).min

# `flags`: for each of five states one bit "was sent" and one bit "is so".
LOADED_SENT: Final = 1 << 0
LOADED: Final = 1 << 1
FIXED_SENT: Final = 1 << 2
FIXED: Final = 1 << 3
ACC_SENT: Final = 1 << 4
ACC_ON: Final = 1 << 5
OUT_OF_SERVICE_SENT: Final = 1 << 6
OUT_OF_SERVICE: Final = 1 << 7
BOOKED_SENT: Final = 1 << 8
BOOKED: Final = 1 << 9

# outside column -> (sent bit, value bit)
FLAG_BITS: Final[dict[str, tuple[int, int]]] = {
    "loaded": (LOADED_SENT, LOADED),
    "fixed": (FIXED_SENT, FIXED),
    "acc_on": (ACC_SENT, ACC_ON),
    "out_of_service": (OUT_OF_SERVICE_SENT, OUT_OF_SERVICE),
    "booked": (BOOKED_SENT, BOOKED),
}


@dataclass(frozen=True)
class Fixes:
    """Positions of several vehicles, each vehicle's together and sorted by time, places in WGS-84.

    Attributes:
        vehicle_ids: the vehicles in the order of their rows; vehicle `i` owns rows `starts[i]:starts[i + 1]`.
        starts: len(vehicle_ids) + 1 offsets.
        time_ms: UTC instant of each fix.
        lon_e7, lat_e7: WGS-84 place in 1e-7 degree.
        speed_ckmh: speed in 0.01 km/h, NO_SPEED where not sent.
        heading_ddeg: direction in 0.1 degree, NO_HEADING where not sent.
        flags: the five states, see `FLAG_BITS`.
        odometer_m: odometer in metres, NO_ODOMETER where not sent.
        delay_ms: received minus fix time, NO_DELAY where the time of receipt was not sent; a clock so
            wrong that the difference does not fit 32 bits is cut to the nearest that does.

    A column the store was not asked for stands as never sent: one value in memory, not to be written to.
    """

    vehicle_ids: tuple[str, ...]
    starts: Int64s
    time_ms: Int64s
    lon_e7: Int32s
    lat_e7: Int32s
    speed_ckmh: Int32s
    heading_ddeg: npt.NDArray[np.int16]
    flags: npt.NDArray[np.int16]
    odometer_m: Int32s
    delay_ms: Int32s

    def __len__(self) -> int:
        """How many positions there are."""
        return int(self.time_ms.size)

    def vehicle_of_row(self) -> Int32s:
        """The index into `vehicle_ids` of every row."""
        return np.repeat(np.arange(len(self.vehicle_ids), dtype=np.int32), np.diff(self.starts))

    def of(self, vehicle_id: str) -> "Fixes":
        """The rows of one vehicle (views, nothing is copied); empty where it has none."""
        if vehicle_id not in self.vehicle_ids:
            return empty_fixes()
        index = self.vehicle_ids.index(vehicle_id)
        rows = slice(int(self.starts[index]), int(self.starts[index + 1]))
        columns = {f.name: getattr(self, f.name)[rows] for f in fields(self)[2:]}
        starts = np.array([0, rows.stop - rows.start], dtype=np.int64)
        return replace(self, vehicle_ids=(vehicle_id,), starts=starts, **columns)


def empty_fixes() -> Fixes:
    """No vehicle, no position."""
    return Fixes(
        vehicle_ids=(),
        starts=np.zeros(1, dtype=np.int64),
        time_ms=np.zeros(0, dtype=np.int64),
        lon_e7=np.zeros(0, dtype=np.int32),
        lat_e7=np.zeros(0, dtype=np.int32),
        speed_ckmh=np.zeros(0, dtype=np.int32),
        heading_ddeg=np.zeros(0, dtype=np.int16),
        flags=np.zeros(0, dtype=np.int16),
        odometer_m=np.zeros(0, dtype=np.int32),
        delay_ms=np.zeros(0, dtype=np.int32),
    )


def joined(parts: Sequence[Fixes]) -> Fixes:
    """Several `Fixes` of successive spans as one; a vehicle's rows follow each other part by part.

    Args:
        parts: in the order of time; no fix of a later part lies before one of an earlier.
    """
    parts = [part for part in parts if len(part)]
    if not parts:
        return empty_fixes()
    if len(parts) == 1:
        return parts[0]
    vehicle_ids = tuple(dict.fromkeys(name for part in parts for name in part.vehicle_ids))
    index = {name: at for at, name in enumerate(vehicle_ids)}
    vehicle = np.concatenate(
        [
            np.array([index[name] for name in part.vehicle_ids], np.int64)[part.vehicle_of_row()]
            for part in parts
        ]
    )
    # Stable: within a vehicle the parts stay in their order.
    order = np.argsort(vehicle, kind="stable")
    starts = np.concatenate(([0], np.cumsum(np.bincount(vehicle, minlength=len(vehicle_ids))))).astype(
        np.int64
    )
    names = [f.name for f in fields(Fixes)[2:]]
    columns = {name: np.concatenate([getattr(part, name) for part in parts])[order] for name in names}
    return Fixes(vehicle_ids=vehicle_ids, starts=starts, **columns)
