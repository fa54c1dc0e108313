"""What a road costs: seconds where nothing slows traffic down, seconds of an hour, metres.

A metric is a word: "free", "distance", "hour:00" to "hour:23" of the city's clock. Costs are whole numbers,
so that every engine adds them up alike: milliseconds and centimetres, rounded once for each edge. A route of
a hundred edges is off by some 3 ms or 3 cm for it, far below what is judged.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.roads.network import Network

Int32s = npt.NDArray[np.int32]
Floats32 = npt.NDArray[np.float32]

FREE: Final = "free"
DISTANCE: Final = "distance"
HOURS: Final = 24
PER_SECOND: Final = 1_000
PER_METRE: Final = 100
# Slower than a walk is no speed of a road: a jam ends, and a road must stay passable.
LEAST_KMH: Final = 1.0
# A cost an int32 holds twice (298 hours, 10,737 km): `contraction.NEVER`.
_MOST: Final = 2**30 - 1
_HOUR: Final = "hour:"


def hour_metric(hour: int) -> str:
    """The metric of an hour of the day, 0 to 23."""
    if not 0 <= hour < HOURS:
        raise ValueError(f"hour {hour}: expected 0 to 23")
    return f"{_HOUR}{hour:02d}"


def costs_of(network: Network, metric: str, hourly_kmh: Floats32 | None = None) -> Int32s:
    """What each edge costs by a metric: milliseconds, or centimetres, at least 1.

    Args:
        network: of m edges.
        metric: "free", "distance" or "hour:07".
        hourly_kmh: float32[24, m] (`learned.hourly_kmh`), for metrics of an hour.

    Raises:
        ValueError: no such metric, or speeds that are missing or not of this network.
    """
    length_m = network.length_m.astype(np.float64)
    if metric == DISTANCE:
        return _whole(length_m * PER_METRE)
    if metric == FREE:
        return _whole(PER_SECOND * 3.6 * length_m / np.maximum(network.free_kmh, LEAST_KMH))
    hour = metric.removeprefix(_HOUR)
    if not (metric.startswith(_HOUR) and hour.isdecimal() and int(hour) < HOURS):
        raise ValueError(f"metric {metric!r}: expected {FREE!r}, {DISTANCE!r} or one like {_HOUR + '07'!r}")
    if hourly_kmh is None:
        raise ValueError(f"metric {metric!r} needs speeds learned by the hour; there are none")
    if hourly_kmh.shape != (HOURS, network.edges):
        raise ValueError(f"speeds are {hourly_kmh.shape}, expected {(HOURS, network.edges)}")
    return _whole(PER_SECOND * 3.6 * length_m / np.maximum(hourly_kmh[int(hour)], LEAST_KMH))


def seconds_by(metric: str, cost: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Seconds of a cost; NaN by distance, which knows no time."""
    return np.full(cost.shape, np.nan) if metric == DISTANCE else cost / PER_SECOND


def _whole(cost: npt.NDArray[np.float64]) -> Int32s:
    return np.clip(np.rint(cost), 1, _MOST).astype(np.int32)
