"""Rounds at hubs: how often an empty car crept past the bays without standing in the queue or loading.

Left bucket by bucket (`rounds_part`), one row for each car, hub and time between two of its rides;
put beside each other once a day for the whole city (`hub_rounds`): where many cars go round at once, the hub
sent them.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.facts.given import Given, counts_between, sent_on
from taxi_qa.facts.hub_turns import CORNER_MS, QUEUED_S, carried, hub_turns
from taxi_qa.facts.hub_zones import BAY, hub_fixes, hub_zones
from taxi_qa.facts.spans import place_at, rows_inside, standing_s
from taxi_qa.facts.streams import two_cars
from taxi_qa.facts.track import Track
from taxi_qa.facts.unit import UNIT_COLUMNS, unit_rows
from taxi_qa.facts.who import driver_at, signed_in
from taxi_qa.law.parameter import Law
from taxi_qa.records.fixes import BOOKED, OUT_OF_SERVICE
from taxi_qa.values.clock import MS_PER_H, MS_PER_MIN, city_day
from taxi_qa.values.columns import Columns

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Places on either side of a bay's border so close together are of one pass; and so are two in the bay with
# none between: a terminal that left out a fix saw nobody leave.
PASS_GAP_MS: Final = MS_PER_MIN
# Laps are counted over an hour; laps an hour apart are not within one.
WITHIN_MS: Final = MS_PER_H
_STANDS_BELOW_KMH: Final = 3.0
_LAP_KMH: Final = "house.hub.lap_kmh"

PART: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("subject", "vehicle_id", "driver_id", "company_id", "trip_id", "missing", "hub", "lap_times"),
        "object",
    ),
    **dict.fromkeys(("start_ms", "end_ms", "laps"), "int64"),
    **dict.fromkeys(("lon", "lat"), "float64"),
}  # fmt: skip


def rounds_part(given: Given, law: Law) -> pd.DataFrame:
    """What a day and bucket leave: cars that were at a hub, empty, with their laps; see `hub_rounds`."""
    passes = _passes(given, law)
    if passes is None or not len(passes):
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in PART.items()})
    start, is_lap = passes["start_ms"], passes["is_lap"]
    new = np.ones(len(passes), dtype=bool)
    new[1:] = [
        any(passes[name][at] != passes[name][at - 1] for name in ("hub", "vehicle", "ride"))
        for at in range(1, len(passes))
    ]
    group = np.cumsum(new) - 1
    low, span = int(start.min()), int(start.max() - start.min()) + 2 * WITHIN_MS
    laps = np.flatnonzero(is_lap)
    key = group[laps] * span + (start[laps] - low)
    # How many laps begin within the hour from each on, itself included.
    within = np.searchsorted(key, key + WITHIN_MS) - np.arange(laps.size)
    first, last = np.flatnonzero(new), np.append(np.flatnonzero(new)[1:], len(passes)) - 1
    most = np.zeros(first.size, dtype=np.int64)
    np.maximum.at(most, group[laps], within)
    # The hour with the most laps, the first of them.
    best = np.full(first.size, -1, dtype=np.int64)
    for at in range(laps.size - 1, -1, -1):
        if within[at] == most[group[laps[at]]]:
            best[group[laps[at]]] = at
    begin = np.where(best >= 0, start[laps[best]] if laps.size else 0, start[first])
    until = laps[np.maximum(best + most - 1, 0)] if laps.size else last
    end = np.where(best >= 0, passes["end_ms"][until], passes["end_ms"][last])
    zones = hub_zones(given)
    if zones is None:
        raise AssertionError("passes without hubs")
    names = np.array(given.track.vehicle_ids, dtype=object)[passes["vehicle"][first]]
    hub = zones.hubs[passes["hub"][first]]
    lon, lat = place_at(given.track, passes["vehicle"][first], begin)
    told = sent_on(given, "trips", city_day(begin, given.zone))
    rows = unit_rows(
        given,
        {
            "subject": np.array(
                [f"{v}@{h}@{s}" for v, h, s in zip(names, hub, begin.tolist(), strict=True)], dtype=object
            ),
            "vehicle_id": names,
            "driver_id": driver_at(given.once("sign_ins", signed_in), names, begin),
            "start_ms": begin,
            "end_ms": end,
            "lon": lon,
            "lat": lat,
            "missing": np.select(
                [~told, ~zones.has_bays[passes["hub"][first]], two_cars(given, law, names, begin, end)],
                ["trips", "zones.bay", "one car under the plate"],
                "",
            ).astype(object),
            "hub": hub,
            "laps": most,
            "lap_times": np.array(
                [
                    ";".join(str(moment) for moment in start[laps[at : at + n]]) if at >= 0 else ""
                    for at, n in zip(best.tolist(), most.tolist(), strict=True)
                ],
                dtype=object,
            ),
        },
    )
    return Columns(rows.some(*PART)).frame()


def _passes(given: Given, law: Law) -> Columns | None:
    """Times an empty car was in the bays of a hub, or queued where it has none; by hub, car and time.

    Returns:
        hub, vehicle, start_ms, end_ms, ride (how many rides the car had begun before), is_lap.
    """
    fixes, turns = hub_fixes(given), hub_turns(given)
    if fixes is None or turns is None:
        return None
    in_bay = fixes.cut((fixes["bits"] & BAY) != 0)
    time_ms = in_bay["time_ms"]
    new = np.ones(len(in_bay), dtype=bool)
    new[1:] = (np.diff(in_bay["hub"]) != 0) | (np.diff(in_bay["vehicle"]) != 0)
    new[1:] |= (np.diff(time_ms) > PASS_GAP_MS) & (np.diff(in_bay["row"]) > 1)
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(in_bay))[: first.size] - 1
    vehicle, start, end = in_bay["vehicle"][first], time_ms[first], time_ms[last]
    track = given.track
    ends = in_bay["row"][first], in_bay["row"][last]
    crept = _crept(track, vehicle, *ends, law.number(_LAP_KMH, given.from_ms))
    stood = standing_s(track, vehicle, start, end, _STANDS_BELOW_KMH)
    rides = carried(given)
    loads = _on_ride(rides, vehicle, start, end + CORNER_MS)
    low, past = rows_inside(given.fixes, vehicle, start, end + CORNER_MS)
    away = counts_between((given.fixes.flags & (BOOKED | OUT_OF_SERVICE)) != 0, low, past) > 0
    is_lap = crept & ~away & ~loads
    is_lap &= ~(stood > law.number("house.hub.lap_stand_s", given.from_ms))
    passes = Columns(
        {"hub": in_bay["hub"][first], "vehicle": vehicle, "start_ms": start, "end_ms": end, "is_lap": is_lap}
    ).cut(~_on_ride(rides, vehicle, start, start))
    # A hub without bays has no edge to pass: who queued there is a row, and nobody can tell of laps.
    queued = turns.cut((turns["stood_s"] >= QUEUED_S) & ~turns["has_bays"])
    zones = hub_zones(given)
    number = {name: at for at, name in enumerate(zones.hubs.tolist())} if zones is not None else {}
    without = {
        "hub": np.array([number[name] for name in queued["hub"]], dtype=np.int64),
        "is_lap": np.zeros(len(queued), dtype=bool),
        **queued.some("vehicle", "start_ms", "end_ms"),
    }
    both = Columns({name: np.concatenate((passes[name], without[name])) for name in passes})
    both = both.but({"ride": _begun(rides, both["vehicle"], both["start_ms"])})
    return both.cut(np.lexsort((both["start_ms"], both["vehicle"], both["hub"])))


def _crept(track: Track, vehicle: Int64s, first: Int64s, last: Int64s, most_kmh: float) -> Bools:
    """Whether each pass was slow: at a fix in the bays, and creeping at two of these or beside them.

    A car that drives through at 40 km/h and stops for a light has one fix at which it brakes or starts, and
    others at which it stands: it does not creep.

    Args:
        track: the clean line.
        vehicle: of each pass.
        first, last: its first and last row in the bays.
        most_kmh: slower than this, or as slow, is slow.
    """
    if not first.size:
        return np.zeros(0, dtype=bool)
    low = np.maximum(first - 1, track.starts[vehicle])
    high = np.minimum(last + 1, track.starts[vehicle + 1] - 1)
    begins = np.concatenate(([0], np.cumsum(high - low + 1)))
    owner = np.repeat(np.arange(first.size), high - low + 1)
    row = np.arange(begins[-1]) - begins[owner] + low[owner]
    before = np.maximum(row - 1, track.starts[vehicle[owner]])
    took = np.maximum(track.time_ms[row] - track.time_ms[before], 1)
    speed = track.speed_ckmh[row].astype(np.float64) / 100.0
    kmh = np.where(speed >= 0, speed, (track.cum_m[row] - track.cum_m[before]) / took * 3_600.0)
    slow = kmh <= most_kmh
    inside = slow & (row >= first[owner]) & (row <= last[owner])
    creeps = slow & (kmh >= _STANDS_BELOW_KMH)
    counts = (np.add.reduceat(one.astype(np.int64), begins[:-1]) for one in (inside, creeps))
    inside_n, creeps_n = counts
    crept: Bools = (inside_n > 0) & (creeps_n > 1)
    return crept


def _begun(rides: Columns, vehicle: Int64s, moments: Int64s) -> Int64s:
    """How many rides of all cars up to this one had begun before each moment: tells two waits apart."""
    if not len(rides) or not vehicle.size:
        return np.zeros(vehicle.size, dtype=np.int64)
    low = min(int(rides["start_ms"].min()), int(moments.min()))
    span = max(int(rides["start_ms"].max()), int(moments.max())) - low + 1
    key = rides["vehicle"] * span + (rides["start_ms"] - low)
    found: Int64s = np.searchsorted(key, vehicle * span + (moments - low))
    return found


def _on_ride(rides: Columns, vehicle: Int64s, start: Int64s, end: Int64s) -> Bools:
    """Whether a ride touches each span of a car."""
    n = len(rides)
    if not n:
        return np.zeros(vehicle.size, dtype=bool)
    # The last ride of the car that began before the span was over.
    at = _begun(rides, vehicle, end) - 1
    same = (at >= 0) & (rides["vehicle"][np.maximum(at, 0)] == vehicle)
    touched: Bools = same & (rides["end_ms"][np.maximum(at, 0)] >= start)
    return touched


def hub_rounds(left: pd.DataFrame, from_ms: int, to_ms: int) -> Columns:
    """Cars at hubs between two rides, with the most laps they made within an hour.

    A lap is a slow pass of an empty car through the bays, without a stand that would be queueing.

    Args:
        left: the parts of all buckets (`rounds_part`).
        from_ms, to_ms: a row is judged here if its (first) lap began in the span.

    Returns:
        Unit columns (a row begins with the first lap of its hour, else with the first pass) and hub, laps,
        lap_times (instants, ms, joined by `;`), others_round: other cars with two or more laps there in
        the hour before or after.
    """
    left = left.drop_duplicates("subject")
    rows = Columns({name: left[name].to_numpy().astype(kind) for name, kind in PART.items()})
    rows = rows.cut(np.lexsort((rows["subject"].astype(str), rows["start_ms"], rows["hub"].astype(str))))
    several = rows["laps"] > 1
    others = np.zeros(len(rows), dtype=np.int64)
    for at in np.flatnonzero(several):
        near = several & (rows["hub"] == rows["hub"][at]) & (rows["vehicle_id"] != rows["vehicle_id"][at])
        near &= np.abs(rows["start_ms"] - rows["start_ms"][at]) <= WITHIN_MS
        others[at] = len(set(rows["vehicle_id"][near].tolist()))
    rows = rows.but({"others_round": others})
    judged = rows.cut((rows["start_ms"] >= from_ms) & (rows["start_ms"] < to_ms))
    return Columns({**judged.some(*UNIT_COLUMNS), **judged.columns})
