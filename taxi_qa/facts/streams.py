"""Two streams under one plate: positions that no single car can have sent.

Every usable fix joins the stream it can have come from. A wrong fix makes a second stream of one fix, a
wrong clock one of a single stretch; a cloned plate makes two that both go on, taking turns. Two terminals
send more than one: a wrong fix stands in for the right one, while a second car's comes on top.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.facts.given import Given, counts_between, judged_rows
from taxi_qa.facts.track import CLOCK, CLOCK_SLACK_S, NO_FIX, NOWHERE, Track, metres_nearby
from taxi_qa.facts.unit import named_subject, unit_rows
from taxi_qa.law.parameter import Law
from taxi_qa.records.fixes import Fixes
from taxi_qa.values.columns import Columns, Texts

Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

# A stream that sent nothing for this long has ended; its place says nothing more.
STREAM_ENDS_MS: Final = 30 * 60_000

_MAX_EPISODES_PER_VEHICLE: Final = 64
# A gap of one and a half of the gap before it lacks a fix: stamps of whole seconds move each by a second.
_LACKS_HALVES: Final = 3


def episodes(fixes: Fixes, track: Track, jump_kmh: float) -> Columns:
    """Stretches in which two streams took turns under one vehicle id.

    Args:
        fixes: positions as received.
        track: made from the same fixes (for its labels).
        jump_kmh: a speed no taxi reaches.

    Returns:
        vehicle_id, start_ms, end_ms, switches (changes from one stream to the other), fewer_fixes (fixes
        of the thinner stream), stood_in (single fixes of one stream in place of one of the other's, which
        sent none in its time), separation_m (farthest apart), lon, lat (of the second stream's first fix).
    """
    usable = (track.labels & (NO_FIX | NOWHERE | CLOCK)) == 0
    vehicle, start, end, switches, fewer, stood_in, separation, at = _episodes(
        fixes.starts, fixes.time_ms, fixes.lon_e7, fixes.lat_e7, usable, jump_kmh / 3.6
    )
    return Columns(
        {
            "vehicle_id": np.array(fixes.vehicle_ids, dtype=object)[vehicle],
            "start_ms": start,
            "end_ms": end,
            "switches": switches,
            "fewer_fixes": fewer,
            "stood_in": stood_in,
            "separation_m": separation,
            "lon": fixes.lon_e7[at] * 1e-7,
            "lat": fixes.lat_e7[at] * 1e-7,
        }
    )


@njit(cache=True, nogil=True)
def _episodes(
    starts: Int64s,
    time_ms: Int64s,
    lon_e7: Int32s,
    lat_e7: Int32s,
    usable: npt.NDArray[np.bool_],
    jump_mps: float,
) -> tuple[Int64s, Int64s, Int64s, Int64s, Int64s, Int64s, Floats, Int64s]:
    vehicles = starts.size - 1
    most = max(1, vehicles * _MAX_EPISODES_PER_VEHICLE)
    out_vehicle = np.empty(most, dtype=np.int64)
    out_start = np.empty(most, dtype=np.int64)
    out_end = np.empty(most, dtype=np.int64)
    out_switches = np.empty(most, dtype=np.int64)
    out_fewer = np.empty(most, dtype=np.int64)
    out_stood_in = np.empty(most, dtype=np.int64)
    out_separation = np.empty(most, dtype=np.float64)
    out_at = np.empty(most, dtype=np.int64)
    found = 0
    slack_m, jump_m_per_ms = jump_mps * CLOCK_SLACK_S, jump_mps / 1000.0
    low, high = np.int64(0), np.int64(0)
    lon_0, lon_1, lat_0, lat_1 = 0.0, 0.0, 0.0, 0.0
    for v in range(vehicles):
        rows = slice(starts[v], starts[v + 1])
        ms, lon, lat, is_usable = time_ms[rows], lon_e7[rows], lat_e7[rows], usable[rows]
        head = np.full(2, -1, dtype=np.int64)  # the last fix of each stream
        fixes = np.zeros(2, dtype=np.int64)  # of each stream within the open episode
        step_ms = np.full(2, -1, dtype=np.int64)  # between the last two fixes of each with nothing between
        now = 0  # the stream of the fix before
        visit = 0  # its fixes since it took its turn
        stood_in = 0
        switches = 0
        first_at = np.int64(-1)
        last_switch = np.int64(0)
        separation = 0.0
        of_vehicle = 0
        for i in range(ms.size + 1):
            at_end = i == ms.size
            if not at_end and not is_usable[i]:
                continue
            if switches > 0 and (at_end or ms[i] - last_switch > STREAM_ENDS_MS):
                if of_vehicle < _MAX_EPISODES_PER_VEHICLE:
                    out_vehicle[found], out_start[found], out_end[found] = v, ms[first_at], last_switch
                    out_switches[found], out_fewer[found] = switches, min(fixes[0], fixes[1])
                    out_stood_in[found] = stood_in
                    out_separation[found], out_at[found] = separation, starts[v] + first_at
                    found += 1
                    of_vehicle += 1
                switches = 0
                stood_in = 0
                separation = 0.0
                fixes[:] = 0
            if at_end:
                break
            here = np.int64(lat[i])
            if here < low or here >= high:
                low, high, lon_0, lon_1, lat_0, lat_1 = metres_nearby(here)
            # Does it fit the stream of the fix before? Nearly always, so that is asked first.
            chosen = -1
            fits = False
            far = 0.0
            for turn in range(2):
                stream = now if turn == 0 else 1 - now
                if head[stream] < 0:
                    continue
                h = np.uint64(head[stream])
                took_ms = ms[i] - ms[h]
                if took_ms > STREAM_ENDS_MS:
                    continue
                dx = (np.int64(lon[i]) - lon[h]) * (lon_0 + lon_1 * here)
                dy = (here - lat[h]) * (lat_0 + lat_1 * here)
                most_m = jump_m_per_ms * took_ms + slack_m
                if dx * dx + dy * dy <= most_m * most_m:
                    chosen = stream
                    fits = True
                    break
                far = max(far, np.sqrt(dx * dx + dy * dy))
            if chosen < 0:
                # Impossible from the stream before, if that still goes on: a second begins (or begins anew).
                ended = head[now] < 0 or ms[i] - ms[head[now]] > STREAM_ENDS_MS
                chosen = now if ended else 1 - now
            since_ms = ms[i] - ms[np.uint64(head[chosen])] if fits else np.int64(-1)
            if chosen != now:
                if switches == 0:
                    first_at = np.int64(i)
                    fixes[:] = 0
                    fixes[now] = 1
                elif visit == 1 and step_ms[chosen] > 0 and 2 * since_ms >= _LACKS_HALVES * step_ms[chosen]:
                    stood_in += 1
                visit = 0
                switches += 1
                last_switch = ms[i]
                separation = max(separation, far)
                now = chosen
            elif fits:
                step_ms[chosen] = since_ms
            if not fits:
                step_ms[chosen] = -1  # another place, another rhythm
            head[chosen] = i
            visit += 1
            # A wild fix begins a stream but is no part of one: only what goes on from it counts.
            if switches > 0 and fits:
                fixes[chosen] += 1
    return (
        out_vehicle[:found],
        out_start[:found],
        out_end[:found],
        out_switches[:found],
        out_fewer[:found],
        out_stood_in[:found],
        out_separation[:found],
        out_at[:found],
    )


def doubles(given: Given, law: Law) -> Columns:
    """As `episodes` over what is given, worked out once."""
    jump_kmh = law.number("house.quality.jump_kmh", given.from_ms)
    return given.once("doubles", lambda _: episodes(given.fixes, given.track, jump_kmh))


def two_cars(
    given: Given, law: Law, vehicle_id: Texts, start_ms: Int64s, end_ms: Int64s
) -> npt.NDArray[np.bool_]:
    """Whether two cars clearly drove under the plate within each span: its positions are not one driver's."""
    double = doubles(given, law)
    least = law.number("house.licence.clone_switches", given.from_ms)
    clear = double.cut(double["switches"] >= least)
    spans = zip(clear["vehicle_id"], clear["start_ms"], clear["end_ms"], strict=True)
    hit = np.zeros(vehicle_id.size, dtype=bool)
    for name, begin, end in spans:
        hit |= (vehicle_id == name) & (start_ms <= end) & (begin <= end_ms)
    return hit


def plates(given: Given, law: Law) -> Columns:
    """Each car with positions in the span, once a stretch of two streams that began there, or once.

    Returns:
        Unit columns and: switches, fewer_fixes, stood_in, held_s, separation_m (all 0 where one stream
        explains everything); a car whose positions are all unusable cannot be judged.
    """
    fixes = given.fixes
    double = doubles(given, law)
    double = double.cut((double["start_ms"] >= given.from_ms) & (double["start_ms"] < given.to_ms))
    first, past = judged_rows(given)
    present = past > first
    heard = counts_between((given.track.labels & (NO_FIX | NOWHERE | CLOCK)) == 0, first, past) > 0
    names = np.array(fixes.vehicle_ids, dtype=object)
    two = set(double["vehicle_id"].tolist())
    alone = present & np.array([name not in two for name in fixes.vehicle_ids], dtype=bool)
    single = names[alone]
    missing = np.concatenate((np.full(len(double), ""), np.where(heard[alone], "", "positions"))).astype(
        object
    )
    zeros = np.zeros(single.size)
    vehicle_id = np.concatenate((double["vehicle_id"], single))
    start = np.concatenate((double["start_ms"], np.full(single.size, given.from_ms, dtype=np.int64)))
    end = np.concatenate((double["end_ms"], np.full(single.size, given.to_ms - 1, dtype=np.int64)))
    columns = {name: np.concatenate((double[name], zeros)) for name in
               ("switches", "fewer_fixes", "stood_in", "separation_m")}  # fmt: skip
    return unit_rows(
        given,
        {
            "subject": named_subject(vehicle_id, start),
            "vehicle_id": vehicle_id,
            "start_ms": start,
            "end_ms": end,
            "missing": missing,
            "lon": np.concatenate((double["lon"], np.full(single.size, np.nan))),
            "lat": np.concatenate((double["lat"], np.full(single.size, np.nan))),
            **columns,
            "held_s": (end - start) / 1000.0 * (columns["switches"] > 0),
        },
    )
