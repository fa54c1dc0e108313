"""The lab's own taximeter: fares from what was truly driven, by constants written here and nowhere else.

This is the exam's answer key, so it shares no code and no data file with the law the product reads. The
numbers are the cities' published tariffs; Zhongshan's could not be verified and is marked so there too.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

Rate = Literal["as_due", "night", "out_of_town"]
_DAY_S: Final = 86_400


@dataclass(frozen=True)
class Tariff:
    """A published tariff.

    Attributes:
        start_yuan: the price of the first `start_km`.
        per_km_yuan: each further km.
        return_steps: (from km, share added) for the empty way back; the last that applies counts.
        slow_kmh: below it waiting time runs.
        slow_per_h_yuan: an hour of waiting.
        night_s: seconds of the day at which the night begins and ends (it crosses midnight).
        night_share: what night adds to a km.
        night_on_start: whether it is added to the first kilometres too.
        doubtful_s: hours in which companies may choose a dearer price: nothing certain is planted there.
    """

    start_yuan: float
    start_km: float
    per_km_yuan: float
    return_steps: tuple[tuple[float, float], ...]
    slow_kmh: float
    slow_per_h_yuan: float
    night_s: tuple[int, int]
    night_share: float
    night_on_start: bool = False
    doubtful_s: tuple[tuple[int, int], ...] = ()


# Guangzhou: companies may add a tenth at peak hours since 2024-11-30; the lab's meters do not.
TARIFFS: Final[dict[str, Tariff]] = {
    "guangzhou": Tariff(
        start_yuan=12.0,
        start_km=3.0,
        per_km_yuan=2.6,
        return_steps=((15.0, 0.20), (25.0, 0.50)),
        slow_kmh=10.0,
        slow_per_h_yuan=44.0,
        night_s=(23 * 3600, 5 * 3600),
        night_share=0.30,
        doubtful_s=((7 * 3600, 10 * 3600), (16 * 3600, 21 * 3600)),
    ),
    "shenzhen": Tariff(
        start_yuan=10.0,
        start_km=2.0,
        per_km_yuan=2.7,
        return_steps=((20.0, 0.30), (35.0, 0.60)),
        slow_kmh=10.0,
        slow_per_h_yuan=48.0,
        night_s=(23 * 3600, 6 * 3600),
        night_share=0.30,
        night_on_start=True,
    ),
    "zhongshan": Tariff(
        start_yuan=10.0,
        start_km=2.0,
        per_km_yuan=2.4,
        return_steps=((15.0, 0.20), (25.0, 0.50)),
        slow_kmh=10.0,
        slow_per_h_yuan=44.0,
        night_s=(23 * 3600, 5 * 3600),
        night_share=0.8 / 2.4,  # 0.80 yuan a km
    ),
}


@dataclass(frozen=True)
class Reading:
    """What the meter shows when it is stopped: km to the metre, whole seconds, yuan to 0.1."""

    km: float
    slow_s: int
    fare_yuan: float


def is_night(tariff: Tariff, seconds: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether each second (since a midnight) lies in the night window."""
    of_day = seconds % _DAY_S
    begins, ends = tariff.night_s
    night: npt.NDArray[np.bool_] = (of_day >= begins) | (of_day < ends)
    return night


def has_one_price(tariff: Tariff, on_s: int, off_s: int) -> bool:
    """Whether a ride lies wholly by day or wholly by night, and clear of hours of doubtful price."""
    edge_s = 90
    night = is_night(tariff, np.array([on_s - edge_s, off_s + edge_s]))
    first, last = (on_s - edge_s) % _DAY_S, (off_s + edge_s) % _DAY_S
    doubtful = any(first < end and last > start for start, end in tariff.doubtful_s)
    return bool(night[0] == night[1]) and not doubtful and first < last


def read_meter(
    tariff: Tariff, first_s: int, metres: npt.NDArray[np.float64], slow_s: int, rate: Rate = "as_due"
) -> Reading:
    """The fare of a ride, second by second.

    Args:
        tariff: the tariff.
        first_s: when the meter was started, seconds since a midnight.
        metres: what the meter counted in each second after that.
        slow_s: seconds of waiting.
        rate: the button the driver pressed: as due, or a rate he was not entitled to.
    """
    km = np.concatenate(([0.0], np.cumsum(metres))) / 1000.0
    night = is_night(tariff, first_s + np.arange(metres.size))
    if rate == "night":
        night[:] = True
    share = night * tariff.night_share
    if rate == "out_of_town":
        share = share + 0.5
    else:
        for from_km, added in tariff.return_steps:
            before = max((s for k, s in tariff.return_steps if k < from_km), default=0.0)
            beyond = _part_beyond(km, from_km)
            share = share + beyond * (added - before)
    paid_part = _part_beyond(km, tariff.start_km)
    steps = np.diff(km)
    fare = tariff.start_yuan * (1 + tariff.night_share * (tariff.night_on_start and bool(night[:1].any())))
    fare += float(np.sum(steps * paid_part * tariff.per_km_yuan * (1 + share)))
    fare += slow_s * tariff.slow_per_h_yuan / 3600.0
    return Reading(float(km[-1]), slow_s, int(fare * 10 + 0.5) / 10)


def _part_beyond(km: npt.NDArray[np.float64], from_km: float) -> npt.NDArray[np.float64]:
    """Which part of each step lies beyond a distance (1 wholly, 0 not)."""
    steps = np.diff(km)
    beyond = np.clip(km[1:] - from_km, 0.0, None) - np.clip(km[:-1] - from_km, 0.0, None)
    return np.divide(beyond, steps, out=np.zeros_like(steps), where=steps > 0)
