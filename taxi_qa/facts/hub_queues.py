"""Queues at hubs: each car's turn among those of all other cars of the city at the same hub.

Turns are left bucket by bucket (`visits_part`) and put in order once a day for the whole city
(`hub_visits`). Waiting is compared with what others waited who loaded at the same hub within half an hour
on either side, by quantiles: one long wait moves no quantile far.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from numba import njit

from taxi_qa.facts.given import Given, sent_on
from taxi_qa.facts.hub_refused import refused_complaint
from taxi_qa.facts.hub_turns import QUEUED_S, SHORT_M, hub_turns
from taxi_qa.facts.hub_zones import AROUND_MS
from taxi_qa.facts.streams import two_cars
from taxi_qa.facts.unit import UNIT_COLUMNS
from taxi_qa.law.parameter import Law
from taxi_qa.values.clock import MS_PER_H, MS_PER_MIN, city_day
from taxi_qa.values.columns import Columns

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Who came less than this before was not clearly ahead, and who loads so soon after was not overtaken:
# positions come every 10 to 30 s, and a hub has several bays.
AHEAD_MS: Final = 2 * MS_PER_MIN
LATER_MS: Final = MS_PER_MIN
# Cars that leave empty so close together were sent away together.
TOGETHER_MS: Final = 2 * MS_PER_MIN
# That hour: half of it before, half after.
HALF_HOUR_MS: Final = 30 * MS_PER_MIN
# Who was last seen in a bay so long before it left, left from there.
BAY_MS: Final = 3 * MS_PER_MIN
# Nobody queues longer.
LONGEST_MS: Final = 6 * MS_PER_H
_NEVER: Final = np.iinfo(np.int64).max

_TEXTS: Final = (
    "subject", "vehicle_id", "driver_id", "company_id", "trip_id", "missing", "hub", "ended", "order_id",
    "complaint_id",
)  # fmt: skip
_WHOLE: Final = ("start_ms", "end_ms", "load_slack_ms")
_NUMBERS: Final = (
    "lon",
    "lat",
    "stood_s",
    "bay_s",
    "bay_ms",
    "gap_s",
    "load_m",
    "short_m",
    "tried_ms",
    "max_wait_s",
)
_TRUTHS: Final = (
    "has_bays", "seen_from", "seen_to", "after_set_down", "in_loading_lane", "is_reserved", "is_paused",
    "goes_off",
)  # fmt: skip
PART: Final[Mapping[str, str]] = {
    **dict.fromkeys(_TEXTS, "object"), **dict.fromkeys(_WHOLE, "int64"),
    **dict.fromkeys(_NUMBERS, "float64"), **dict.fromkeys(_TRUTHS, "bool"),
}  # fmt: skip


def visits_part(given: Given, law: Law) -> pd.DataFrame:
    """What a day and bucket leave of hubs: the turns of `hub_turns` in which a car stood or loaded.

    They reach three hours beyond the day on either side: a queue does not end at midnight.
    """
    turns = hub_turns(given)
    if turns is None:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in PART.items()})
    turns = turns.cut(
        (turns["stood_s"] >= QUEUED_S) | (turns["ended"] == "loaded") | ~np.isnan(turns["tried_ms"])
    )
    told = sent_on(given, "trips", city_day(turns["start_ms"], given.zone))
    turns = turns.but(
        {
            "missing": np.select(
                [~told, two_cars(given, law, turns["vehicle_id"], turns["start_ms"], turns["end_ms"])],
                ["trips", "one car under the plate"],
                "",
            ).astype(object),
            "complaint_id": refused_complaint(given, turns),
        }
    )
    return Columns(turns.some(*PART)).frame()


def hub_visits(left: pd.DataFrame, from_ms: int, to_ms: int) -> Columns:
    """The turns at hubs that began in the span, each among those of all other cars.

    Args:
        left: the parts of all buckets (`visits_part`).
        from_ms, to_ms: the span.

    Returns:
        Unit columns, those of `PART` and
        wait_s: from entry to the ride or to leaving; is_queued: it stood in the queue;
        ahead: cars in the queue as it came; moved_up: `seconds:position` since entry, joined by `;`;
        overtook, overtaken: cars clearly ahead that loaded clearly later, and the reverse;
        next_load_s, next_vehicle: the next car from behind that loaded after it left, NaN and "" none;
        left_with: others that left empty together with it; is_head: it left from a bay, or where the hub has
        none, with nobody ahead;
        others: rides whose waits are compared, wait_q25_s, wait_q50_s: of them, wait_rank: the share of them
        that waited less; short_share: of their rides, those under 8 km; NaN without any.
    """
    rows = _ordered(left)
    is_queued = rows["stood_s"] >= QUEUED_S
    hub = np.unique(rows["hub"].astype(str), return_inverse=True)[1].astype(np.int64)
    car = np.unique(rows["vehicle_id"].astype(str), return_inverse=True)[1].astype(np.int64)
    loaded = rows["ended"] == "loaded"
    in_turn = is_queued & ~rows["is_reserved"] & ~rows["is_paused"]
    compared = in_turn & loaded & rows["seen_from"] & np.isnan(rows["short_m"])
    counts, quantiles = in_queue(
        hub, car, rows["start_ms"], rows["end_ms"], rows["load_slack_ms"], is_queued, in_turn, loaded,
        compared, rows["load_m"],
    )  # fmt: skip
    ahead, overtook, overtaken, next_row, left_with, others, ahead_left = counts.T
    in_bay = rows["end_ms"] - np.nan_to_num(rows["bay_ms"]) <= BAY_MS
    has_next = next_row >= 0
    said: dict[str, npt.NDArray[np.generic]] = {
        "is_queued": is_queued,
        "wait_s": (rows["end_ms"] - rows["start_ms"]) / 1000.0,
        "ahead": ahead,
        "moved_up": _moved_up(hub, rows, is_queued),
        "overtook": overtook,
        "overtaken": overtaken,
        "next_load_s": np.where(
            has_next, (np.append(rows["end_ms"], 0)[next_row] - rows["end_ms"]) / 1000.0, np.nan
        ),
        "next_vehicle": np.where(has_next, np.append(rows["vehicle_id"], "")[next_row], "").astype(object),
        "left_with": left_with,
        "is_head": np.where(rows["has_bays"], in_bay, ahead_left == 0),
        "others": others,
        "wait_q25_s": quantiles[:, 0],
        "wait_q50_s": quantiles[:, 1],
        "wait_rank": quantiles[:, 2],
        "short_share": quantiles[:, 3],
    }
    began = (rows["start_ms"] >= from_ms) & (rows["start_ms"] < to_ms)
    judged = rows.but(said).cut(began)
    return Columns({**judged.some(*UNIT_COLUMNS), **judged.columns})


def hub_departures(left: pd.DataFrame, from_ms: int, to_ms: int) -> Columns:
    """The same turns, each dated by its end: who left the queue, left then, whatever order came meanwhile.

    Args:
        left, from_ms, to_ms: as `hub_visits`; a turn is judged here if it ended in the span.
    """
    turns = hub_visits(left, from_ms - AROUND_MS, to_ms)
    turns = turns.cut((turns["end_ms"] >= from_ms) & (turns["end_ms"] < to_ms))
    return turns.but({"start_ms": turns["end_ms"]})


def _ordered(left: pd.DataFrame) -> Columns:
    """The parts as columns, by hub, entry and car; each turn once."""
    left = left.drop_duplicates(["hub", "subject"])
    rows = Columns({name: left[name].to_numpy().astype(kind) for name, kind in PART.items()})
    order = np.lexsort((rows["vehicle_id"].astype(str), rows["start_ms"], rows["hub"].astype(str)))
    return rows.cut(order)


def _moved_up(hub: Int64s, rows: Columns, is_queued: Bools) -> npt.NDArray[np.object_]:
    """How each position in the queue changed; "" where the car was in none."""
    start, end = rows["start_ms"], rows["end_ms"]
    said = np.full(len(rows), "", dtype=object)
    begins = np.searchsorted(hub, hub)
    for at in np.flatnonzero(is_queued):
        before = slice(begins[at], at)
        gone = end[before][is_queued[before] & (end[before] > start[at]) & (start[before] < start[at])]
        left = np.sort(gone[gone <= end[at]])
        steps = [
            (0, gone.size),
            *(((moment - start[at]) // 1000, gone.size - 1 - n) for n, moment in enumerate(left)),
        ]
        said[at] = ";".join(f"{second}:{position}" for second, position in steps)
    return said


@njit(cache=True, nogil=True)
def in_queue(
    hub: Int64s, car: Int64s, start_ms: Int64s, end_ms: Int64s, slack_ms: Int64s, is_queued: Bools,
    in_turn: Bools, loaded: Bools, compared: Bools, load_m: Floats,
) -> tuple[Int64s, Floats]:  # fmt: skip
    """Each turn among the others of its hub. Oracle: `in_queue_in_numpy`.

    Args:
        hub: rows by hub and start; and as many of all others.
        car: which car.
        start_ms, end_ms: of the turn.
        slack_ms: how much later than that its end may have been.
        is_queued: it stood in the queue.
        in_turn: and waited for its turn there.
        loaded: it ended with a ride.
        compared: its wait is what others are compared with.
        load_m: metres of the ride.

    Returns:
        int64[n, 7]: ahead, overtook, overtaken, row of the next that loaded (-1), left together, others,
        those ahead that stayed longer;
        float64[n, 4]: lower quartile and median of the others' waits (s), share of them that are
        shorter (ties half), share of their rides under 8 km; NaN without others.
    """
    n = hub.size
    counts = np.zeros((n, 7), dtype=np.int64)
    quantiles = np.full((n, 4), np.nan)
    low = 0
    waits = np.empty(n)
    for i in range(n):
        counts[i, 3] = -1
        while hub[low] != hub[i] or start_ms[low] < start_ms[i] - LONGEST_MS:
            low += 1
        k, less, known, short = 0, 0.0, 0, 0
        next_ms = _NEVER
        wait = (end_ms[i] - start_ms[i]) / 1000.0
        j = low
        while j < n and hub[j] == hub[i] and start_ms[j] <= end_ms[i] + LONGEST_MS:
            if car[j] == car[i]:
                j += 1
                continue
            if is_queued[j] and start_ms[j] < start_ms[i] and end_ms[j] > start_ms[i]:
                counts[i, 0] += 1
                counts[i, 6] += end_ms[j] > end_ms[i]
            if loaded[i] and loaded[j]:
                if in_turn[j] and _passed(start_ms, end_ms, slack_ms, i, j):
                    counts[i, 1] += 1
                if in_turn[i] and _passed(start_ms, end_ms, slack_ms, j, i):
                    counts[i, 2] += 1
            if is_queued[j] and loaded[j] and start_ms[j] > start_ms[i] and end_ms[i] < end_ms[j] < next_ms:
                next_ms = end_ms[j]
                counts[i, 3] = j
            if is_queued[j] and not loaded[j] and abs(end_ms[j] - end_ms[i]) <= TOGETHER_MS:
                counts[i, 4] += 1
            if compared[j] and abs(end_ms[j] - end_ms[i]) <= HALF_HOUR_MS:
                waits[k] = (end_ms[j] - start_ms[j]) / 1000.0
                less += 1.0 if waits[k] < wait else 0.5 if waits[k] == wait else 0.0
                k += 1
                if not np.isnan(load_m[j]):
                    known += 1
                    short += load_m[j] < SHORT_M
            j += 1
        counts[i, 5] = k
        if k:
            quantiles[i, 0] = np.quantile(waits[:k], 0.25)
            quantiles[i, 1] = np.quantile(waits[:k], 0.5)
            quantiles[i, 2] = less / k
        if known:
            quantiles[i, 3] = short / known
    return counts, quantiles


@njit(cache=True, inline="always")
def _passed(start_ms: Int64s, end_ms: Int64s, slack_ms: Int64s, i: int, j: int) -> bool:
    """Whether i came clearly later than j and loaded clearly earlier: so j was there when i came."""
    return bool(start_ms[j] <= start_ms[i] - AHEAD_MS and end_ms[j] >= end_ms[i] + slack_ms[i] + LATER_MS)


def in_queue_in_numpy(  # as many columns as the kernel
    hub: Int64s, car: Int64s, start_ms: Int64s, end_ms: Int64s, slack_ms: Int64s, is_queued: Bools,
    in_turn: Bools, loaded: Bools, compared: Bools, load_m: Floats,
) -> tuple[Int64s, Floats]:  # fmt: skip
    """The same, a turn at a time over whole columns."""
    n = hub.size
    counts, quantiles = np.zeros((n, 7), dtype=np.int64), np.full((n, 4), np.nan)
    for i in range(n):
        other = (hub == hub[i]) & (car != car[i]) & (start_ms >= start_ms[i] - LONGEST_MS)
        other &= start_ms <= end_ms[i] + LONGEST_MS
        before = (start_ms < start_ms[i]) & (end_ms > start_ms[i])
        was_ahead = start_ms <= start_ms[i] - AHEAD_MS
        counts[i, 0] = (other & is_queued & before).sum()
        counts[i, 6] = (other & is_queued & before & (end_ms > end_ms[i])).sum()
        later = end_ms >= end_ms[i] + slack_ms[i] + LATER_MS
        counts[i, 1] = (other & loaded & loaded[i] & in_turn & was_ahead & later).sum()
        behind = start_ms >= start_ms[i] + AHEAD_MS
        behind &= end_ms[i] >= end_ms + slack_ms + LATER_MS
        counts[i, 2] = (other & loaded & loaded[i] & in_turn[i] & behind).sum()
        nexts = np.flatnonzero(other & is_queued & loaded & (start_ms > start_ms[i]) & (end_ms > end_ms[i]))
        counts[i, 3] = nexts[np.argmin(end_ms[nexts])] if nexts.size else -1
        counts[i, 4] = (other & is_queued & ~loaded & (np.abs(end_ms - end_ms[i]) <= TOGETHER_MS)).sum()
        hour = np.flatnonzero(other & compared & (np.abs(end_ms - end_ms[i]) <= HALF_HOUR_MS))
        counts[i, 5] = hour.size
        if hour.size:
            waits, wait = (end_ms[hour] - start_ms[hour]) / 1000.0, (end_ms[i] - start_ms[i]) / 1000.0
            quantiles[i, :2] = np.quantile(waits, [0.25, 0.5])
            quantiles[i, 2] = (waits < wait).mean() + (waits == wait).mean() / 2
            known = load_m[hour][~np.isnan(load_m[hour])]
            if known.size:
                quantiles[i, 3] = (known < SHORT_M).mean()
    return counts, quantiles
