"""Driving and rest within a duty: how long without a rest, how long in all.

A stand is time below `SLOW_KMH`, or within `SAME_PLACE_M` of where the car came to rest; a gap in the
track is a stand only when the car is at the same place after it. A stand of the least rest's length
is a rest. What the track cannot show is counted twice, once for and once against the driver: `low_s`
takes every gap that could hide a rest as one, `high_s` takes none.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.facts.duty import duties, relieved
from taxi_qa.facts.given import NOT_GIVEN, Given, positions_of
from taxi_qa.facts.spans import place_at
from taxi_qa.facts.streams import two_cars
from taxi_qa.facts.track import Track, metres_nearby
from taxi_qa.facts.unit import named_subject, unit_rows
from taxi_qa.law.parameter import Law
from taxi_qa.values.columns import Columns

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# A receiver at rest wanders this far; a car creeping in a queue is given the same.
SAME_PLACE_M: Final = 50.0
# Longer than this without a fix is a gap: what happened in it is not known.
GAP_MS: Final = 300_000
# Slower is standing.
SLOW_KMH: Final = 3.0

_SLOW_MPS: Final = SLOW_KMH / 3.6
_REST: Final = "driving.rest_s"
_WHOLE_DAY_S: Final = 86_400.0


@dataclass(frozen=True)
class Spells:
    """Spells of driving without a rest, several a duty.

    Attributes:
        duty: row of the duty.
        start_ms, end_ms: of the spell.
        low_s, high_s: its longest part without a gap that may hide a rest, and the whole of it.
        hidden_s: time within gaps that may hide a rest.
        rest_longest_s: the longest stand inside it (shorter than a rest).
    """

    duty: Int64s
    start_ms: Int64s
    end_ms: Int64s
    low_s: Floats
    high_s: Floats
    hidden_s: Floats
    rest_longest_s: Floats


def spells(track: Track, vehicle: Int64s, start_ms: Int64s, end_ms: Int64s, rest_s: float) -> Spells:
    """Spells of driving in each duty.

    Args:
        track: the clean line.
        vehicle: of each duty, `NOT_GIVEN` without track.
        start_ms, end_ms: the duties.
        rest_s: a stand of this length or more is a rest.
    """
    return Spells(
        *_spells(
            track.starts,
            track.time_ms,
            track.lon_e7,
            track.lat_e7,
            track.speed_ckmh,
            track.cum_m,
            vehicle,
            start_ms,
            end_ms,
            int(rest_s * 1000),
        )
    )


@njit(cache=True, nogil=True)
def _spells(
    starts: Int64s,
    time_ms: Int64s,
    lon_e7: npt.NDArray[np.int32],
    lat_e7: npt.NDArray[np.int32],
    speed_ckmh: npt.NDArray[np.int32],
    cum_m: Floats,
    vehicle: Int64s,
    start_ms: Int64s,
    end_ms: Int64s,
    rest_ms: int,
) -> tuple[Int64s, Int64s, Int64s, Floats, Floats, Floats, Floats]:
    most = 0
    for row in range(vehicle.size):
        most += 2 + max(0, end_ms[row] - start_ms[row]) // max(1, rest_ms)
    duty = np.empty(most, dtype=np.int64)
    begin = np.empty(most, dtype=np.int64)
    end = np.empty(most, dtype=np.int64)
    low_s = np.empty(most, dtype=np.float64)
    high_s = np.empty(most, dtype=np.float64)
    hidden_s = np.empty(most, dtype=np.float64)
    rest_longest_s = np.empty(most, dtype=np.float64)
    n = 0
    for row in range(vehicle.size):
        v = vehicle[row]
        if v == NOT_GIVEN:
            continue
        first, past = starts[v], starts[v + 1]
        i = first + np.searchsorted(time_ms[first:past], start_ms[row])
        if i >= past or time_ms[i] > end_ms[row]:
            continue
        # `spell` began at the end of the last rest, `sure` after the last gap that may hide one. The car
        # may have stood since `stand`, or, if it was in the dark before, since `maybe`.
        spell = time_ms[i]
        sure = time_ms[i]
        best_sure = np.int64(0)
        hidden = np.int64(0)
        longest = np.int64(0)
        stand = time_ms[i]
        maybe = time_ms[i]
        anchor = i
        here = np.int64(lat_e7[i])
        low, high, lon_0, lon_1, lat_0, lat_1 = metres_nearby(here)
        per_lon, per_lat = lon_0 + lon_1 * here, lat_0 + lat_1 * here
        resting = False
        rolling = True
        i += 1
        while i < past and time_ms[i] <= end_ms[row]:
            lit = time_ms[i] - time_ms[i - 1] <= GAP_MS
            dx = (lon_e7[i] - lon_e7[anchor]) * per_lon
            dy = (lat_e7[i] - lat_e7[anchor]) * per_lat
            slow = lit and cum_m[i] - cum_m[i - 1] < _SLOW_MPS * (time_ms[i] - time_ms[i - 1]) / 1000.0
            slow = slow and speed_ckmh[i] <= 100 * SLOW_KMH
            near = dx * dx + dy * dy <= SAME_PLACE_M * SAME_PLACE_M
            if slow and (rolling or not near):
                # It has come to rest here, or drifts slowly: measure from here, the stand goes on.
                anchor = i
                rolling = False
            if near or slow:
                resting = time_ms[i] - stand >= rest_ms
                i += 1
                continue
            stood = (time_ms[i] if lit else time_ms[i - 1]) - stand
            if stood >= rest_ms:
                if stand > spell:
                    duty[n], begin[n], end[n] = row, spell, stand
                    low_s[n], high_s[n] = max(best_sure, stand - sure) / 1000.0, (stand - spell) / 1000.0
                    hidden_s[n], rest_longest_s[n] = hidden / 1000.0, longest / 1000.0
                    n += 1
                spell = time_ms[i - 1]
                sure = spell
                best_sure, hidden, longest = np.int64(0), np.int64(0), np.int64(0)
            else:
                longest = max(longest, stood)
                if time_ms[i] - maybe >= rest_ms:
                    best_sure = max(best_sure, maybe - sure)
                    hidden += time_ms[i] - max(maybe, spell)
                    sure = time_ms[i]
            stand = time_ms[i - 1] if lit else time_ms[i]
            maybe = time_ms[i - 1]
            anchor = i
            here = np.int64(lat_e7[i])
            if here < low or here >= high:
                low, high, lon_0, lon_1, lat_0, lat_1 = metres_nearby(here)
            per_lon, per_lat = lon_0 + lon_1 * here, lat_0 + lat_1 * here
            resting = False
            rolling = True
            i += 1
        close = stand if resting else time_ms[i - 1]
        if close > spell:
            duty[n], begin[n], end[n] = row, spell, close
            low_s[n], high_s[n] = max(best_sure, close - sure) / 1000.0, (close - spell) / 1000.0
            hidden_s[n], rest_longest_s[n] = hidden / 1000.0, longest / 1000.0
            n += 1
    return (
        duty[:n].copy(),
        begin[:n].copy(),
        end[:n].copy(),
        low_s[:n].copy(),
        high_s[:n].copy(),
        hidden_s[:n].copy(),
        rest_longest_s[:n].copy(),
    )


def driving_spells(given: Given, law: Law) -> Columns:
    """Spells of driving without a rest, and the whole of each duty's driving; one row each.

    Returns:
        Unit columns and: kind ("unbroken" a spell, "shift" the duty's whole), low_s, high_s (time driven,
        without and with possible rests), rest_longest_s (of a shift also the rests between spells).
    """
    rest = law.get(_REST)
    version = rest.on(given.from_ms) if rest is not None else None
    # Without a law of rest nothing is a spell; the duties stay, to be answered with what is missing.
    rest_s = (
        float(version.value) if version is not None and isinstance(version.value, int | float) else np.inf
    )
    duty = relieved(duties(given))
    duty = duty.cut((duty["day_ms"] >= given.from_ms) & (duty["day_ms"] < given.to_ms))
    start, end = duty["start_ms"], duty["end_ms"]
    vehicle = positions_of(given.track.vehicle_ids, duty["vehicle_id"])
    one = spells(given.track, vehicle, start, end, min(rest_s, _WHOLE_DAY_S))
    n = len(duty)
    whole_high = np.bincount(one.duty, one.high_s, n)
    whole_low = np.bincount(one.duty, one.high_s - one.hidden_s, n)
    longest = np.zeros(n)
    np.maximum.at(longest, one.duty, one.rest_longest_s)
    # Between two spells of a duty lies a rest.
    same = one.duty[1:] == one.duty[:-1]
    np.maximum.at(longest, one.duty[1:][same], (one.start_ms[1:] - one.end_ms[:-1])[same] / 1000.0)
    of_duty = np.concatenate((one.duty, np.arange(n)))
    begin = np.concatenate((one.start_ms, start))
    finish = np.concatenate((one.end_ms, end))
    kind = np.repeat(np.array(["unbroken", "shift"], dtype=object), [one.duty.size, n])
    vehicle_id = duty["vehicle_id"][of_duty]
    driver_id = duty["driver_id"][of_duty]
    lon, lat = place_at(given.track, vehicle[of_duty], begin)
    unseen = np.isin(of_duty, np.unique(one.duty), invert=True)
    subject = [
        f"{name}/{driver}/{what}"
        for name, driver, what in zip(named_subject(vehicle_id, begin), driver_id, kind, strict=True)
    ]
    return unit_rows(
        given,
        {
            "subject": np.array(subject, dtype=object),
            "vehicle_id": vehicle_id,
            "driver_id": driver_id,
            "start_ms": begin,
            "end_ms": finish,
            "lon": lon,
            "lat": lat,
            "missing": np.select(
                [unseen, two_cars(given, law, vehicle_id, begin, finish)],
                ["positions", "one car under the plate"],
                "" if np.isfinite(rest_s) else f"law {_REST}",
            ).astype(object),
            "kind": kind,
            "low_s": np.concatenate((one.low_s, whole_low)),
            "high_s": np.concatenate((one.high_s, whole_high)),
            "rest_longest_s": np.concatenate((one.rest_longest_s, longest)),
        },
    )
