"""Metered trips with what was seen in the cabin: counts of passengers, belts, and trips that overlap."""

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.facts.given import NOT_GIVEN, Given, instants, looked_up, numbers, positions_of, words
from taxi_qa.facts.looks import sure_counts
from taxi_qa.facts.overlaps import CarSpans, car_spans, touched
from taxi_qa.facts.paces import paces
from taxi_qa.facts.seats import SENSOR_DAYS
from taxi_qa.facts.watching import out_of_order
from taxi_qa.law.parameter import Law
from taxi_qa.values.clock import MS_PER_DAY
from taxi_qa.values.columns import Columns, Texts, Values

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# With the driver's, where the register does not say (the contract's own number).
SEATS: Final = 5
# Two pictures closer than this are one look.
LOOK_MS: Final = 10_000
# Two records whose ends are no further apart tell of one trip.
SAME_TRIP_MS: Final = 60_000

_REMINDERS: Final = ("belt_reminder", "belt_ok_passenger")
_JOIN: Final = "house.service.sharing_join_s"
_FEWEST: Final = "house.service.sharing_counts"
_NO_TIME: Final = -1


def cabins(trips: Columns, given: Given, law: Law) -> Columns:
    """The trips with what cameras, seats and belts said of their cabins.

    Args:
        trips: as `trips.metered_trips` makes them.
        given: the records.
        law: for how sure a count must be, and who joins at the start.

    Returns:
        The trips' unit columns and: slack_s, metered_m, meter_clock_doubt of the trips; camera_down (known to
        be down within the trip); seats (with the driver's), counts (sure looks within the trip), over
        (those with more passengers than seats), passengers (the most seen), counters (devices that saw too
        many, told apart by their source); rise_from (passengers before, NaN where their number did not
        rise), rise_to (after), rise_ms, rise_low_kmh (the lowest pace between the two looks, NaN unknown);
        overlap_s (with earlier trips of the car), is_twice (another record of the same trip); reminded,
        has_reminder (the car sent such events within a week), reminder_works (within a day before and after).
    """
    names, start, end = trips["vehicle_id"], trips["start_ms"], trips["end_ms"]
    slack_ms = (trips["slack_s"] * 1000).astype(np.int64)
    columns: dict[str, Values] = dict(
        trips.some(
            "subject", "vehicle_id", "driver_id", "company_id", "trip_id", "start_ms", "end_ms", "lon", "lat",
            "missing", "slack_s", "metered_m", "meter_clock_doubt",
        )
    )  # fmt: skip
    columns["camera_down"] = out_of_order(given, names, start, end)
    columns |= _counted(given, law, names, start + slack_ms, end)
    columns |= _overlapping(given, trips["trip_id"], trips["slack_s"])
    columns |= _reminded(given, law, names, start, end + slack_ms, slack_ms)
    return Columns(columns)


def _counted(given: Given, law: Law, names: Texts, start: Int64s, end: Int64s) -> dict[str, Values]:
    counts = sure_counts(given, law)
    register = given.tables["vehicles"]
    known = dict(zip(words(register["vehicle_id"]), numbers(register["seats"]).tolist(), strict=True))
    seats = looked_up(names, lambda name: known.get(name, np.nan), np.float64)
    seats = np.where(np.isnan(seats), float(SEATS), seats)
    cars, first = np.unique(counts["vehicle_id"].astype(str), return_index=True)
    starts = np.append(first, len(counts)).astype(np.int64)
    source = np.unique(counts["source"].astype(str), return_inverse=True)[1].astype(np.int64)
    car = positions_of(tuple(cars.tolist()), names)
    seen, over, most, counters, before, after, from_ms, to_ms = _looks(
        starts, counts["time_ms"], counts["value"], source, car, start, end, seats - 1,
        int(law.number(_JOIN, given.from_ms) * 1000), int(law.number(_FEWEST, given.from_ms)),
    )  # fmt: skip
    rose = from_ms != _NO_TIME
    on_track = positions_of(given.track.vehicle_ids, names)
    on_track = np.where(rose, on_track, NOT_GIVEN)
    _, _, low_kmh = paces(given.track, on_track, from_ms, to_ms, np.zeros(names.size))
    return {
        "seats": seats,
        "counts": seen.astype(np.float64),
        "over": over.astype(np.float64),
        "passengers": np.where(seen > 0, most, np.nan),
        "counters": counters.astype(np.float64),
        "rise_from": np.where(rose, before, np.nan),
        "rise_to": np.where(rose, after, np.nan),
        "rise_ms": np.where(rose, to_ms, np.nan),
        "rise_low_kmh": low_kmh,
    }


@njit(cache=True, nogil=True)
def _looks(
    starts: Int64s, time_ms: Int64s, value: Floats, source: Int64s, car: Int64s, begin: Int64s, end: Int64s,
    room: Floats, join_ms: int, fewest: int,
) -> tuple[Int64s, Int64s, Floats, Int64s, Floats, Floats, Int64s, Int64s]:  # fmt: skip
    """Of each trip: looks, looks with too many, the most, who saw too many; the first lasting rise."""
    n = car.size
    seen, over, counters = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    most, before, after = np.zeros(n), np.zeros(n), np.zeros(n)
    from_ms, to_ms = np.full(n, _NO_TIME, np.int64), np.full(n, _NO_TIME, np.int64)
    for row in range(n):
        if car[row] == NOT_GIVEN:
            continue
        low, past = starts[car[row]], starts[car[row] + 1]
        low += np.searchsorted(time_ms[low:past], begin[row])
        last_over, witness = np.int64(-LOOK_MS), np.int64(-1)
        highest = -1.0
        looks = 0
        last_look = np.int64(_NO_TIME)
        i = low
        while i < past and time_ms[i] <= end[row]:
            seen[row] += 1
            most[row] = max(most[row], value[i])
            if value[i] > room[row]:
                if time_ms[i] - last_over >= LOOK_MS:
                    over[row] += 1
                    last_over = time_ms[i]
                if witness == -1:
                    witness = source[i]
                    counters[row] = 1
                elif source[i] != witness:
                    counters[row] = 2
            # A rise lasts: this look and the next ones all saw more than any before.
            if from_ms[row] == _NO_TIME and looks >= fewest and value[i] > highest > 0:
                lasting, least, latest = 1, value[i], time_ms[i]
                j = i + 1
                while j < past and time_ms[j] <= end[row] and lasting < fewest and value[j] > highest:
                    if time_ms[j] - latest >= LOOK_MS:
                        lasting += 1
                        latest = time_ms[j]
                        least = min(least, value[j])
                    j += 1
                if lasting >= fewest and last_look - begin[row] >= join_ms:
                    before[row], after[row] = highest, least
                    from_ms[row], to_ms[row] = last_look, time_ms[i]
            if last_look == _NO_TIME or time_ms[i] - last_look >= LOOK_MS:
                looks += 1
            last_look = time_ms[i]
            highest = max(highest, value[i])
            i += 1
    return seen, over, most, counters, before, after, from_ms, to_ms


def _overlapping(given: Given, trip_id: Texts, slack_s: Floats) -> dict[str, Values]:
    """How long each trip overlaps with earlier ones of its car, at the shortest its times allow."""
    table = given.tables["trips"]
    names, ids = words(table["vehicle_id"]).astype(str), words(table["trip_id"])
    start, end = instants(table["boarded_ms"], 0), instants(table["alighted_ms"], 0)
    order = np.lexsort((ids.astype(str), start, names))
    names, ids, start, end = names[order], ids[order], start[order], end[order]
    metered = numbers(table["metered_m"])[order]
    new = np.append(True, names[1:] != names[:-1])[: names.size]
    age = np.cumsum(new) * (int(np.ptp(np.append(start, end))) + 1 if start.size else 1)
    reached = np.append(np.iinfo(np.int64).min // 2, np.maximum.accumulate(end + age)[:-1])[: end.size] - age
    overlap_s = np.where(new, 0, np.minimum(reached, end) - start) / 1000.0
    twice = ~new
    for ends in (start, end):
        twice &= np.append(False, np.abs(np.diff(ends)) <= SAME_TRIP_MS)[: names.size]
    twice &= np.append(False, np.diff(metered) == 0)[: names.size]
    row = {name: at for at, name in enumerate(ids.tolist())}
    of_trip = np.array([row[name] for name in trip_id.tolist()], dtype=np.int64)
    return {
        "overlap_s": np.maximum(overlap_s[of_trip] - slack_s, 0.0),
        "is_twice": twice[of_trip],
    }


def _reminded(
    given: Given, law: Law, names: Texts, start: Int64s, end: Int64s, slack_ms: Int64s
) -> dict[str, Values]:
    around_ms = int(law.number("house.driving.reminder_s", given.from_ms) * 1000)
    any_word = given.once("belt reminders", lambda one: _moments(one, _REMINDERS))
    belted = given.once("belts on", lambda one: _moments(one, ("belt_ok_passenger",)))
    week, day = SENSOR_DAYS * MS_PER_DAY, MS_PER_DAY
    return {
        "reminded": touched(any_word, names, start - around_ms, start + slack_ms + around_ms)
        | touched(belted, names, start, end),
        "has_reminder": touched(any_word, names, start - week, end + week),
        "reminder_works": touched(any_word, names, start - day, start)
        & touched(any_word, names, end, end + day),
    }


def _moments(given: Given, kinds: tuple[str, ...]) -> CarSpans:
    events = given.tables["events"]
    of_kind = np.isin(words(events["kind"]).astype(str), kinds)
    at = instants(events["time_ms"], 0)[of_kind]
    return car_spans(words(events["vehicle_id"])[of_kind], at, at)
