"""The rules once more, in plain pandas: slow, short, and the oracle the benchmarks compare with.

Written from the rules' own words as an analyst would write them for one day of one city, over pandas frames
of a bucket of cars: `groupby`, `shift`, `cumsum`, `numpy.interp` a car, a Python loop where a rule is an
automaton. Nothing of `taxi_qa.facts` is used; the tariff (`taxi_qa.law`) is.

Only what the made city of `made_city` holds is told apart: it has no roads, every car has shifts, positions
carry no fix or ignition flag, trips no places of their own, nobody reports device tests, mismatches or clock
faults.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from taxi_qa.law.calendar import overlaps_window
from taxi_qa.law.parameter import Law
from taxi_qa.law.tariff import price

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000
# What the product gathers on either side of a day; a city of one day has nothing there.
MOST_STREAM_MS: Final = 30 * MINUTE_MS


@dataclass(frozen=True)
class Answer:
    """What one rule says: how many rows it was asked, and the names of those found and not judged."""

    examined: int
    found: frozenset[str]
    unjudged: frozenset[str]

    def __add__(self, other: "Answer") -> "Answer":
        """Both answers as one."""
        return Answer(
            self.examined + other.examined, self.found | other.found, self.unjudged | other.unjudged
        )


def answer(subject: "pd.Series[str]", guilty: Any, missing: Any) -> Answer:
    """The answer of full-length vectors; what is missing wins."""
    open_rows = ~np.asarray(missing, dtype=bool)
    names = subject.to_numpy(dtype=object)
    return Answer(
        len(names), frozenset(names[np.asarray(guilty, dtype=bool) & open_rows]), frozenset(names[~open_rows])
    )


def metres(lon_1: Any, lat_1: Any, lon_2: Any, lat_2: Any) -> Any:
    """Metres between places in degrees, by the metres of a degree at the first."""
    phi = np.radians(lat_1)
    per_lon = 111_412.8773 * np.cos(phi) - 93.5041 * np.cos(3 * phi) + 0.1180 * np.cos(5 * phi)
    per_lat = 111_132.9525 - 559.849_1 * np.cos(2 * phi) + 1.1749 * np.cos(4 * phi) - 0.0023 * np.cos(6 * phi)
    return np.hypot((lon_2 - lon_1) * per_lon, (lat_2 - lat_1) * per_lat)


@dataclass(frozen=True)
class Bucket:
    """One bucket's frames, and the day they are judged for.

    Attributes:
        positions: vehicle_id, time_ms, lon, lat, speed_kmh, loaded, received_ms; sorted by car, time, place.
        trips, shifts, events, vehicles, repairs, zones: the records, inside columns.
        law: of the place.
        from_ms, to_ms: the day.
        heard_to_ms: the end of the data.
        month_ms, week_ms: begin of the day's month and week.
        sends_shifts: whether anybody in the home does.
    """

    positions: pd.DataFrame
    trips: pd.DataFrame
    shifts: pd.DataFrame
    events: pd.DataFrame
    vehicles: pd.DataFrame
    repairs: pd.DataFrame
    zones: pd.DataFrame
    law: Law
    from_ms: int
    to_ms: int
    heard_to_ms: int
    month_ms: int
    week_ms: int
    sends_shifts: bool

    def number(self, path: str) -> float:
        """A number of law or house on the day."""
        return self.law.number(path, self.from_ms)

    @cached_property
    def fixes(self) -> pd.DataFrame:
        """The positions that say where the car was: no 0,0 and no wrong clock."""
        p = self.positions.assign(delay_ms=self.positions["received_ms"] - self.positions["time_ms"])
        nowhere = (p["lon"].abs() < 0.0001) & (p["lat"].abs() < 0.0001)
        return p[~nowhere & ~(p["delay_ms"] < -300_000)].reset_index(drop=True)

    @cached_property
    def doubles(self) -> list[tuple[str, int, int, int, int, float]]:
        """Where two streams took turns: car, begin, last turn, turns, fixes of the thinner, metres apart."""
        p = self.fixes
        mps = self.number("house.quality.jump_kmh") / 3.6
        torn = set(p.loc[self.is_jump(p.shift(1), p), "vehicle_id"].astype(object))
        return [
            (str(car), *episode)
            for car, line in p[p["vehicle_id"].isin(torn)].groupby("vehicle_id", observed=True)
            for episode in _episodes(line, mps)
        ]

    def is_jump(self, a: pd.DataFrame, b: pd.DataFrame) -> "pd.Series[bool]":
        """Whether no taxi gets from one row to the other in the time; False where one is not there."""
        far = metres(a["lon"], a["lat"], b["lon"], b["lat"])
        within = self.number("house.quality.jump_kmh") / 3.6 * ((b["time_ms"] - a["time_ms"]) / 1000 + 1)
        return (far > within) & (a["vehicle_id"] == b["vehicle_id"])

    @cached_property
    def track(self) -> pd.DataFrame:
        """The fixes without spikes; gap_ms, leap, cum_m (chords) and ride_m (by speed) along each car."""
        p = self.fixes
        before, after = p.shift(1), p.shift(-1)
        same = (before["vehicle_id"] == p["vehicle_id"]) & (after["vehicle_id"] == p["vehicle_id"])
        spike = same & self.is_jump(before, p) & self.is_jump(p, after) & ~self.is_jump(before, after)
        p = _as_driven(p[~spike].reset_index(drop=True))
        before = p.shift(1)
        same = before["vehicle_id"] == p["vehicle_id"]
        gap_ms = (p["time_ms"] - before["time_ms"]).where(same, 0)
        leap = self.is_jump(before, p)
        step = metres(before["lon"], before["lat"], p["lon"], p["lat"]).where(same & ~leap, 0.0)
        by_speed = (p["speed_kmh"] + before["speed_kmh"]) / 2 / 3.6 * gap_ms / 1000
        trusted = same & ~leap & (gap_ms <= 45_000) & by_speed.notna()
        car = p["vehicle_id"]
        return p.assign(
            gap_ms=gap_ms,
            leap=leap,
            cum_m=step.groupby(car, observed=True).cumsum(),
            ride_m=by_speed.where(trusted, step).groupby(car, observed=True).cumsum(),
        )

    @cached_property
    def lines(self) -> dict[str, dict[str, npt.NDArray[Any]]]:
        """The track car by car, as arrays."""
        columns = ("time_ms", "lon", "lat", "speed_kmh", "gap_ms", "leap", "cum_m", "ride_m")
        return {
            str(car): {name: line[name].to_numpy() for name in columns}
            for car, line in self.track.groupby("vehicle_id", observed=True)
        }

    @cached_property
    def metered(self) -> pd.DataFrame:
        """The day's trips in order, with what several rules ask of them."""
        t = self.trips[(self.trips["boarded_ms"] >= self.from_ms) & (self.trips["boarded_ms"] < self.to_ms)]
        t = t.sort_values(["vehicle_id", "boarded_ms", "trip_id"]).reset_index(drop=True)
        on_the_minute = (t["boarded_ms"] % MINUTE_MS == 0) & (t["alighted_ms"] % MINUTE_MS == 0)
        t = t.assign(slack_ms=np.where(on_the_minute, MINUTE_MS, 0), untrusted=self._unproven_meter(t))
        seen = along(self.lines, t["vehicle_id"], t["boarded_ms"], t["alighted_ms"] + t["slack_ms"])
        return t.join(seen)

    def _unproven_meter(self, trips: pd.DataFrame) -> "pd.Series[bool]":
        meters = self.repairs[self.repairs["device"] == "meter"]
        both = trips.reset_index()[["index", "vehicle_id", "boarded_ms"]].merge(meters, on="vehicle_id")
        since = both["repaired_ms"].fillna(both["reported_ms"])
        day = (both["boarded_ms"] + 8 * HOUR_MS) // DAY_MS
        within = (both["boarded_ms"] >= since) & (day < both["reverified_on_day"].fillna(1_000_000))
        return pd.Series(trips.index.isin(both.loc[within, "index"]), index=trips.index)

    @cached_property
    def duties(self) -> pd.DataFrame:
        """Shifts, an open one until the next or a day, none beyond the data."""
        s = self.shifts.sort_values(["vehicle_id", "start_ms", "driver_id"]).reset_index(drop=True)
        until = s.groupby("vehicle_id")["start_ms"].shift(-1).fillna(2**62)
        end = s["end_ms"].fillna(np.minimum(until, s["start_ms"] + DAY_MS)).astype("int64")
        return s.assign(start_ms=s["start_ms"].astype("int64"), end_ms=end)

    @cached_property
    def seats(self) -> pd.DataFrame:
        """Boardings (1) and alightings (0), the alighting first where both come at one moment."""
        e = self.events[self.events["kind"].isin(["passenger_boarded", "passenger_alighted"])]
        e = e.assign(
            state=(e["kind"] == "passenger_boarded").astype(int), time_ms=e["time_ms"].astype("int64")
        )
        return e.sort_values(["vehicle_id", "time_ms", "state"]).reset_index(drop=True)

    @cached_property
    def loaded_runs(self) -> pd.DataFrame:
        """Stretches of loaded flags without a break of five minutes."""
        p = self.positions[self.positions["loaded"].notna()]
        on = p["loaded"].astype(bool)
        new = (p["vehicle_id"] != p["vehicle_id"].shift()) | (p["time_ms"].diff() > 300_000)
        run = (new | ~on | ~on.shift(fill_value=False)).cumsum()[on]
        runs = p[on].groupby(run)
        return runs.agg(
            vehicle_id=("vehicle_id", "first"), start_ms=("time_ms", "min"), end_ms=("time_ms", "max")
        ).astype({"vehicle_id": "str"})

    @cached_property
    def seat_runs(self) -> pd.DataFrame:
        """From a boarding to the next alighting, three hours at most."""
        e = self.seats
        turn = e[(e["vehicle_id"] != e["vehicle_id"].shift()) | (e["state"] != e["state"].shift())]
        then = turn.shift(-1)
        good = (
            (turn["state"] == 1)
            & (then["vehicle_id"] == turn["vehicle_id"])
            & (then["time_ms"] - turn["time_ms"] <= 3 * HOUR_MS)
        )
        return pd.DataFrame(
            {"vehicle_id": turn["vehicle_id"], "start_ms": turn["time_ms"], "end_ms": then["time_ms"]}
        )[good].astype({"end_ms": "int64"})

    @cached_property
    def present(self) -> list[str]:
        """Cars with positions on the day."""
        p = self.positions
        return sorted(
            p.loc[(p["time_ms"] >= self.from_ms) & (p["time_ms"] < self.to_ms), "vehicle_id"]
            .astype(object)
            .unique()
        )


def _as_driven(p: pd.DataFrame) -> pd.DataFrame:
    """Of two fixes of one second the one first that makes the way shorter."""
    before, second, after = p.shift(1), p.shift(-1), p.shift(-2)
    pair = (
        (second["time_ms"] == p["time_ms"])
        & (before["time_ms"] < p["time_ms"])
        & (after["time_ms"] > p["time_ms"])
    )
    for other in (before, second, after):
        pair &= other["vehicle_id"] == p["vehicle_id"]

    def way(a: pd.DataFrame, b: pd.DataFrame) -> Any:
        return metres(a["lon"], a["lat"], b["lon"], b["lat"])

    swap = np.flatnonzero(pair & (way(before, second) + way(p, after) < way(before, p) + way(second, after)))
    order = np.arange(len(p))
    order[swap], order[swap + 1] = swap + 1, swap
    moved = p.copy()
    for name in ("lon", "lat", "speed_kmh"):
        moved[name] = p[name].to_numpy()[order]
    return moved


def along(
    lines: dict[str, dict[str, npt.NDArray[Any]]], car: Any, start_ms: Any, end_ms: Any
) -> pd.DataFrame:
    """Of each span chord_m, ride_m (NaN where the track does not reach round it), gap_s and leaps."""
    spans = pd.DataFrame(
        {
            "car": np.asarray(car, dtype=object),
            "a": np.asarray(start_ms, dtype=np.int64),
            "z": np.asarray(end_ms, dtype=np.int64),
        }
    )
    result = pd.DataFrame(
        {"chord_m": np.nan, "ride_m": np.nan, "gap_s": np.inf, "leaps": 0}, index=spans.index
    )
    told = result.to_numpy(dtype=np.float64, copy=True)
    for name, rows in spans.groupby("car").groups.items():
        line = lines.get(str(name))
        if line is None:
            continue
        t, at = line["time_ms"], np.asarray(rows)
        a, z = spans["a"].to_numpy()[at], spans["z"].to_numpy()[at]
        known = (a >= t[0]) & (z <= t[-1]) & (a <= z)
        low = np.maximum(np.searchsorted(t, a, side="left"), 0)
        low = np.where((low < t.size) & (t[np.minimum(low, t.size - 1)] == a), low, np.maximum(low - 1, 0))
        high = np.minimum(np.searchsorted(t, z, side="left"), t.size - 1)
        total = np.cumsum(line["leap"])
        for column, way in ((0, "cum_m"), (1, "ride_m")):
            told[at, column] = np.where(
                known, np.maximum(0, np.interp(z, t, line[way]) - np.interp(a, t, line[way])), np.nan
            )
        gaps = [line["gap_ms"][i + 1 : j + 1].max(initial=0) for i, j in zip(low, high, strict=True)]
        told[at, 2] = np.where(known, np.array(gaps) / 1000, np.inf)
        told[at, 3] = np.where(a <= z, np.maximum(total[high] - total[np.minimum(low, high)], 0), 0)
    return pd.DataFrame(told, columns=result.columns, index=spans.index)


def place_at(
    lines: dict[str, dict[str, npt.NDArray[Any]]], car: Any, moment_ms: Any
) -> tuple[Floats, Floats]:
    """Degrees of each car at each moment, by the fixes at most three minutes away."""
    asked = pd.DataFrame({"car": np.asarray(car, dtype=object), "t": np.asarray(moment_ms, dtype=np.int64)})
    lon, lat = np.full(len(asked), np.nan), np.full(len(asked), np.nan)
    for name, rows in asked.groupby("car").groups.items():
        line = lines.get(str(name))
        if line is None:
            continue
        t, at = line["time_ms"], np.asarray(rows)
        moment = asked["t"].to_numpy()[at]
        after = np.searchsorted(t, moment, side="left")
        a, b = np.maximum(after - 1, 0), np.minimum(after, t.size - 1)
        near_a, near_b = (
            (after > 0) & (moment - t[a] <= 180_000),
            (after < t.size) & (t[b] - moment <= 180_000),
        )
        for axis, into in (("lon", lon), ("lat", lat)):
            between = np.interp(moment, t, line[axis])
            alone = np.where(near_b, line[axis][b], np.where(near_a, line[axis][a], np.nan))
            into[at] = np.where(near_a & near_b, between, alone)
    return lon, lat


# --- trips ------------------------------------------------------------------------------------------


def overcharge(b: Bucket) -> Answer:
    t = b.metered
    energy = b.vehicles.set_index("vehicle_id")["energy"]
    due = price(
        pd.DataFrame(
            {
                "boarded_ms": t["boarded_ms"].astype("int64"),
                "alighted_ms": t["alighted_ms"].astype("int64"),
                "metered_m": t["metered_m"].astype("float64"),
                "waiting_s": t["waiting_s"],
                "energy": t["vehicle_id"].map(energy).fillna("").astype(object),
                "rate_code": t["rate_code"].fillna("").astype(object),
                "time_slack_s": t["slack_ms"] / 1000,
                "boarded_zone": t["boarded_zone"].fillna("").astype(object),
                "alighted_zone": t["alighted_zone"].fillna("").astype(object),
            }
        ),
        b.law,
    )
    high, step, most = (
        due[name].astype("float64") for name in ("high_fen", "step_fen", "surcharge_high_fen")
    )
    surcharge = t["surcharge_fen"].fillna(0).astype("float64")
    over_sum = (t["fare_fen"] + surcharge - high - step - most).astype("float64").where(most.notna(), np.inf)
    over = np.minimum(
        np.maximum(t["fare_fen"].astype("float64") - high - step, (surcharge - most).fillna(0)), over_sum
    )
    missing = (
        t["metered_m"].isna()
        | t["fare_fen"].isna()
        | t["untrusted"]
        | (due["missing"] != "")
        | ((over > 0) & (due["doubt"] != ""))
    )
    return answer(t["trip_id"], over > 0, missing)


def not_by_meter(b: Bucket) -> Answer:
    t = b.metered
    due = t["fare_fen"] + t["surcharge_fen"].fillna(0) + t["tolls_fen"].fillna(0)
    tip = t["tip_fen"].fillna(0).where(t["payment"].isin(["card", "app"]), 0)
    explained = np.minimum(
        tip.astype("float64"), np.maximum((t["paid_fen"] - due).fillna(0).astype("float64"), 0)
    )
    difference = (t["paid_fen"] - due).astype("float64") - explained
    missing = t["fare_fen"].isna() | t["paid_fen"].isna() | t["untrusted"]
    return answer(t["trip_id"], difference.abs() > b.number("house.fare.not_by_meter_fen"), missing)


def wrong_rate(b: Bucket) -> Answer:
    t = b.metered
    code = t["rate_code"].fillna("")
    at_night = code == "night"
    window = b.law["fare.night.window"].on(b.from_ms)
    if window is None:
        raise ValueError("the made city's place has no night")
    touches = overlaps_window(
        t["boarded_ms"].to_numpy(dtype=np.int64),
        (t["alighted_ms"] + t["slack_ms"] + 1).to_numpy(dtype=np.int64),
        window.value,
        b.law.timezone,
        b.law.calendars,  # type: ignore[arg-type] # a window holds windows
    )
    wrong = at_night & ~touches
    runs = b.loaded_runs
    under = (
        t[wrong].apply(
            lambda trip: (
                (
                    np.minimum(runs["end_ms"], trip["alighted_ms"])
                    - np.maximum(runs["start_ms"], trip["boarded_ms"])
                )[runs["vehicle_id"] == trip["vehicle_id"]]
                .clip(lower=0)
                .sum()
                if wrong.any()
                else 0
            ),
            axis=1,
        )
        if wrong.any()
        else pd.Series(dtype=float)
    )
    short = under < 0.5 * (t["alighted_ms"] - t["boarded_ms"])[wrong]
    doubt = wrong & t["vehicle_id"].isin(runs["vehicle_id"]) & t.index.isin(short[short].index)
    return answer(t["trip_id"], wrong, doubt | ~code.isin(["day", "metered", "negotiated", "night"]))


def outside_area(b: Bucket) -> Answer:
    t = b.metered
    city = b.zones[b.zones["kind"] == "city"]
    inside = {}
    for end in ("boarded", "alighted"):
        lon, lat = place_at(b.lines, t["vehicle_id"], t[f"{end}_ms"])
        hit = np.logical_or.reduce(
            [shapely.contains_xy(shapely.from_geojson(area), lon, lat) for area in city["geometry"]]
        )
        inside[end] = np.where(np.isnan(lon), np.nan, hit.astype(float))
    outside = (inside["boarded"] == 0) & (inside["alighted"] == 0)
    return answer(t["trip_id"], outside, ~outside & (inside["boarded"] != 1) & (inside["alighted"] != 1))


def unidentified_driver(b: Bucket) -> Answer:
    t = b.metered
    both = t.reset_index()[["index", "vehicle_id", "boarded_ms"]].merge(
        b.duties[["vehicle_id", "start_ms", "end_ms"]], on="vehicle_id"
    )
    covered = (both["start_ms"] <= both["boarded_ms"]) & (both["boarded_ms"] <= both["end_ms"])
    slack = b.number("house.licence.handover_s") * 1000
    near = ((both["start_ms"] - both["boarded_ms"]).abs() <= slack) | (
        (both["end_ms"] - both["boarded_ms"]).abs() <= slack
    )
    named = t["driver_id"].fillna("") != ""
    identified = named | t.index.isin(both.loc[covered, "index"])
    nobody = ~identified & ~t.index.isin(both.loc[near, "index"])
    return answer(t["trip_id"], nobody, ~identified & (not b.sends_shifts))


def _seated(b: Bucket) -> pd.DataFrame:
    """Of each trip of a car with a sensor: when passengers sat down and left, by its seat events."""
    t = b.metered
    register = b.vehicles.set_index("vehicle_id")["has_seat_sensor"]
    sensor = t["vehicle_id"].map(register).fillna(value=False).astype(bool)
    of_car = {
        car: (g["time_ms"].to_numpy(), g["state"].to_numpy()) for car, g in b.seats.groupby("vehicle_id")
    }
    none = (np.zeros(0, np.int64), np.zeros(0, int))

    def of_trip(trip: pd.Series) -> dict[str, Any]:
        times, states = of_car.get(trip["vehicle_id"], none)
        board, alight = trip["boarded_ms"], trip["alighted_ms"]
        boarded = left = np.nan
        before = back = somebody_left = False
        early = np.searchsorted(times, board - 600_000)
        for moment, state in zip(times[early:], states[early:], strict=True):
            if moment > alight:
                break
            if moment <= board:
                before = bool(state)
            elif state:
                back |= somebody_left
                boarded = moment if np.isnan(boarded) and not before else boarded
                left = np.nan
            else:
                before |= bool(np.isnan(boarded))
                left, somebody_left = moment, True
        later = np.searchsorted(times, alight, side="right")
        after = later < times.size and times[later] <= alight + 600_000 and not states[later]
        return {"boarded": boarded, "left": left, "before": before, "back": back, "after": bool(after)}

    told = t[sensor].apply(of_trip, axis=1, result_type="expand") if sensor.any() else pd.DataFrame()
    blank = {"boarded": np.nan, "left": np.nan, "before": False, "back": False, "after": False}
    told = (
        told.reindex(columns=list(blank))
        .reindex(t.index)
        .fillna({k: v for k, v in blank.items() if v is False})
    )
    return t.assign(sensor=sensor, **{name: told[name].astype(type(value)) for name, value in blank.items()})


def early_meter(b: Bucket) -> Answer:
    t = _seated(b)
    started = t["boarded_ms"] + t["slack_ms"]
    waits = t["boarded"].notna() & (t["boarded"] > started)
    until = t["boarded"].where(waits, started).astype("int64")
    moved = along(b.lines, t["vehicle_id"], started, until)["chord_m"].where(waits, 0.0)
    stood = pd.Series(
        [
            _stood_s(b.lines.get(car), a, z) if w else 0.0
            for car, a, z, w in zip(t["vehicle_id"], started, until, waits, strict=True)
        ],
        index=t.index,
        dtype=float,
    )
    guilty = (stood > b.number("house.fare.early_stand_s")) | (moved > b.number("house.fare.early_move_m"))
    missing = ~t["sensor"] | (~t["before"] & t["boarded"].isna()) | (~t["before"] & waits & stood.isna())
    return answer(t["trip_id"], guilty & ~t["before"] & ~t["back"], missing)


def _stood_s(line: dict[str, npt.NDArray[Any]] | None, start_ms: int, end_ms: int) -> float:
    if line is None:
        return np.nan
    t = line["time_ms"]
    first = np.searchsorted(t, start_ms)
    if first in (0, t.size):
        return np.nan
    last = min(np.searchsorted(t, end_ms), t.size - 1)
    i = np.arange(first, last + 1)
    step_s = (t[i] - t[i - 1]) / 1000
    slow = np.maximum(0, line["cum_m"][i] - line["cum_m"][i - 1] - 5) < 3 / 3.6 * step_s
    slow &= np.maximum(line["speed_kmh"][i], line["speed_kmh"][i - 1]) <= 3
    return float(((np.minimum(t[i], end_ms) - np.maximum(t[i - 1], start_ms)) / 1000)[slow].sum())


def late_meter(b: Bucket) -> Answer:
    t = _seated(b)
    ran_on = ((t["alighted_ms"] - t["left"]) / 1000).fillna(0.0)
    return answer(
        t["trip_id"], ran_on > b.number("house.fare.late_s"), ~t["sensor"] | ~(t["left"].notna() | t["after"])
    )


def metered_distance(b: Bucket) -> Answer:
    t = b.metered
    driven = np.fmax(t["chord_m"], t["ride_m"])
    metered = t["metered_m"].astype("float64")
    clear = driven.notna() & (t["gap_s"] <= b.number("house.track.clear_gap_s")) & (t["leaps"] == 0)
    most = np.maximum(driven * b.number("house.fare.burst_ratio"), driven + b.number("house.fare.burst_m"))
    by_trip = answer(
        "trip " + t["trip_id"].astype(str), metered > most, ~clear | metered.isna() | t["untrusted"]
    )
    usable = clear & (driven >= 1_000) & ~t["untrusted"]
    ratios = (metered / driven)[usable].groupby(t["vehicle_id"][usable])

    def median_low(values: "pd.Series[float]") -> float:
        rank = int(np.floor(len(values) / 2 - 1.645 * np.sqrt(len(values)) / 2))
        return float(values.sort_values().iloc[max(0, rank)])

    weeks = pd.DataFrame({"low": ratios.agg(median_low), "trips": ratios.size()}).reindex(
        sorted(t["vehicle_id"].unique())
    )
    subject = pd.Series([f"week {car}@{b.week_ms}" for car in weeks.index], dtype=object)
    few = ~(weeks["trips"].fillna(0) >= b.number("house.fare.steady_trips"))
    return by_trip + answer(subject, weeks["low"] > b.number("house.fare.steady_ratio"), few)


# --- carriages, duties, streams, delays --------------------------------------------------------------


def off_meter(b: Bucket) -> Answer:
    runs = (
        pd.concat([b.loaded_runs, b.seat_runs])
        .sort_values(["vehicle_id", "start_ms", "end_ms"])
        .reset_index(drop=True)
    )
    reached = runs.groupby("vehicle_id")["end_ms"].cummax().shift()
    act = (
        (runs["vehicle_id"] != runs["vehicle_id"].shift()) | (runs["start_ms"] - reached >= 60_000)
    ).cumsum()
    merged = runs.groupby(act).agg(
        vehicle_id=("vehicle_id", "first"), start_ms=("start_ms", "min"), end_ms=("end_ms", "max")
    )
    merged = merged[(merged["start_ms"] >= b.from_ms) & (merged["start_ms"] < b.to_ms)].reset_index(drop=True)
    by_seat, by_flag = (_off_meter_m(b, merged, runs) for runs in (b.seat_runs, b.loaded_runs))
    allowed = b.number("house.fare.off_meter_m")
    seated = by_seat > allowed
    duty = merged.reset_index().merge(b.duties, on="vehicle_id", suffixes=("", "_duty"))
    slack = b.number("house.licence.handover_s") * 1000
    near = ((duty["start_ms_duty"] - duty["start_ms"]).abs() <= slack) | (
        (duty["end_ms_duty"] - duty["start_ms"]).abs() <= slack
    )
    left_alone = merged.index.isin(duty.loc[near, "index"])
    ticket = merged.reset_index().merge(
        b.repairs[b.repairs["device"].isin(["meter", "terminal"])], on="vehicle_id"
    )
    is_open = (ticket["reported_ms"] <= ticket["start_ms"]) & (
        ticket["start_ms"] < ticket["repaired_ms"].fillna(2**62)
    )
    left_alone |= merged.index.isin(ticket.loc[is_open, "index"]) & ~seated
    subject = merged["vehicle_id"] + "@" + merged["start_ms"].astype(str)
    acts = answer(
        subject, (np.fmax(by_seat, by_flag) > allowed) & ~left_alone, np.isnan(by_seat) | np.isnan(by_flag)
    )
    quiet = [car for car in b.present if car not in set(merged["vehicle_id"])]
    speaks = {
        str(car) for car in b.positions.loc[b.positions["loaded"].notna(), "vehicle_id"].unique()
    } | set(b.seats["vehicle_id"])
    names = pd.Series([f"{car}@{b.from_ms}" for car in quiet], dtype=object)
    return acts + answer(names, np.zeros(len(quiet)), [car not in speaks for car in quiet])


def _off_meter_m(b: Bucket, merged: pd.DataFrame, runs: pd.DataFrame) -> Floats:
    """Metres of each act within these runs, less two minutes around every metered trip."""
    trips = {
        car: g[["boarded_ms", "alighted_ms"]].sort_values("boarded_ms").to_numpy(dtype=np.int64)
        for car, g in b.trips.groupby("vehicle_id")
    }
    pieces = []
    for run in runs.itertuples(index=False):
        at = run.start_ms
        for board, alight in trips.get(run.vehicle_id, ()):
            if board - 120_000 >= run.end_ms:
                break
            if board - 120_000 > at:
                pieces.append((run.vehicle_id, at, board - 120_000))
            at = max(at, alight + 120_000)
        if at < run.end_ms:
            pieces.append((run.vehicle_id, at, run.end_ms))
    total = np.zeros(len(merged))
    if not pieces:
        return total
    frame = pd.DataFrame(pieces, columns=["vehicle_id", "start_ms", "end_ms"])
    frame["moved_m"] = along(b.lines, frame["vehicle_id"], frame["start_ms"], frame["end_ms"])["chord_m"]
    acts = (
        merged.reset_index()
        .sort_values("start_ms")[["index", "vehicle_id", "start_ms", "end_ms"]]
        .rename(columns={"end_ms": "past_ms"})
    )
    owned = pd.merge_asof(frame.sort_values("start_ms"), acts, on="start_ms", by="vehicle_id")
    owned = owned[owned["start_ms"] <= owned["past_ms"]]
    sums = owned.groupby("index")["moved_m"].agg(lambda moved: moved.sum(skipna=False))
    total[sums.index.to_numpy(dtype=np.int64)] = sums.to_numpy()
    return total


def long_hours(b: Bucket) -> Answer:
    duty = b.duties.assign(end_ms=np.minimum(b.duties["end_ms"], b.heard_to_ms))
    duty = duty[
        (duty["end_ms"] > duty["start_ms"]) & (duty["start_ms"] >= b.from_ms) & (duty["start_ms"] < b.to_ms)
    ]
    names, low, high, kinds, unseen = [], [], [], [], []
    rest_ms = int(b.number("driving.rest_s") * 1000)
    least = b.number("house.licence.clone_switches")

    def two_cars(car: str, begin: int, end: int) -> bool:
        return any(
            name == car and switches >= least and begin <= last and first <= end
            for name, first, last, switches, _, _ in b.doubles
        )

    for shift in duty.itertuples(index=False):
        spells = list(_spells(b.lines.get(shift.vehicle_id), shift.start_ms, shift.end_ms, rest_ms))
        for begin, sure_ms, whole_ms, _ in spells:
            names.append(f"{shift.vehicle_id}@{begin}/{shift.driver_id}/unbroken")
            low.append(sure_ms), high.append(whole_ms), kinds.append("unbroken")
            unseen.append(two_cars(shift.vehicle_id, begin, begin + whole_ms))
        names.append(f"{shift.vehicle_id}@{shift.start_ms}/{shift.driver_id}/shift")
        low.append(sum(spell[2] - spell[3] for spell in spells))
        high.append(sum(spell[2] for spell in spells))
        kinds.append("shift")
        unseen.append(not spells or two_cars(shift.vehicle_id, shift.start_ms, shift.end_ms))
    limit = (
        np.where(
            np.array(kinds) == "unbroken",
            b.number("driving.unbroken_driving_s"),
            b.number("house.driving.day_driving_s"),
        )
        * 1000
    )
    sure, most = np.array(low) > limit, np.array(high) > limit
    return answer(pd.Series(names, dtype=object), sure, np.array(unseen) | (~sure & most))


def _spells(
    line: dict[str, npt.NDArray[Any]] | None, start_ms: int, end_ms: int, rest_ms: int
) -> Iterator[tuple[int, int, int, int]]:
    """Spells of driving without a rest in one duty: begin, surely driven, driven at most, hidden (ms)."""
    if line is None:
        return
    inside = slice(
        np.searchsorted(line["time_ms"], start_ms), np.searchsorted(line["time_ms"], end_ms, side="right")
    )
    times, lons, lats, speeds, way = (
        line[name][inside].tolist() for name in ("time_ms", "lon", "lat", "speed_kmh", "cum_m")
    )
    if not times:
        return
    spell = sure = stand = maybe = times[0]
    best = hidden = 0
    rolling, resting = True, False
    x, y = lons[0], lats[0]
    phi = np.radians(y)
    per_lon, per_lat = metres(x, y, x + 1, y), metres(x, y, x, y + 1)
    for i in range(1, len(times)):
        now, before = times[i], times[i - 1]
        lit = now - before <= 300_000
        slow = lit and way[i] - way[i - 1] < 3 / 3.6 * (now - before) / 1000 and not speeds[i] > 3
        near = ((lons[i] - x) * per_lon) ** 2 + ((lats[i] - y) * per_lat) ** 2 <= 50**2
        if slow and (rolling or not near):
            x, y, rolling = lons[i], lats[i], False
        if near or slow:
            resting = now - stand >= rest_ms
            continue
        if (now if lit else before) - stand >= rest_ms:
            if stand > spell:
                yield spell, max(best, stand - sure), stand - spell, hidden
            spell = sure = before
            best = hidden = 0
        elif now - maybe >= rest_ms:
            best = max(best, maybe - sure)
            hidden += now - max(maybe, spell)
            sure = now
        stand, maybe = (before if lit else now), before
        x, y, rolling, resting = lons[i], lats[i], True, False
        if abs(np.radians(y) - phi) > 1e-5:
            phi = np.radians(y)
            per_lon, per_lat = metres(x, y, x + 1, y), metres(x, y, x, y + 1)
    close = stand if resting else times[-1]
    if close > spell:
        yield spell, max(best, close - sure), close - spell, hidden


def gnss_outage(b: Bucket) -> Answer:
    duty = b.duties.assign(end_ms=np.minimum(b.duties["end_ms"], b.heard_to_ms))
    duty = duty[
        (duty["end_ms"] > np.maximum(duty["start_ms"], b.from_ms)) & (duty["start_ms"] < b.to_ms)
    ].reset_index(drop=True)
    p = b.fixes[["vehicle_id", "time_ms", "lon", "lat"]].astype({"vehicle_id": "str"}).sort_values("time_ms")
    on_duty = duty.reset_index(names="duty")[["duty", "vehicle_id", "start_ms", "end_ms"]].sort_values(
        "start_ms"
    )
    inside = pd.merge_asof(p, on_duty, left_on="time_ms", right_on="start_ms", by="vehicle_id")
    inside = inside[inside["time_ms"] <= inside["end_ms"]]
    ends = pd.concat(
        [
            on_duty[["duty"]].assign(time_ms=on_duty[name], edge=edge)
            for name, edge in (("start_ms", -1), ("end_ms", 1))
        ]
    )
    edges = pd.concat([inside[["duty", "time_ms", "lon", "lat"]].assign(edge=0), ends]).sort_values(
        ["duty", "time_ms", "edge"]
    )
    before = edges.groupby("duty").shift()
    dark = edges.assign(begin=before["time_ms"], lon_a=before["lon"], lat_a=before["lat"])[
        edges["time_ms"] - before["time_ms"] > 1000 * b.number("house.vehicle.gnss_outage_s")
    ]
    new = (dark["duty"] != dark["duty"].shift()) | (dark["begin"] - dark["time_ms"].shift() >= 120_000)
    gaps = (
        dark.assign(dark_s=(dark["time_ms"] - dark["begin"]) / 1000)
        .groupby(new.cumsum())
        .agg(
            duty=("duty", "first"),
            begin=("begin", "min"),
            end=("time_ms", "max"),
            dark_s=("dark_s", "sum"),
            lon_a=("lon_a", lambda x: x.iloc[0]),
            lat_a=("lat_a", lambda x: x.iloc[0]),
            lon_b=("lon", lambda x: x.iloc[-1]),
            lat_b=("lat", lambda x: x.iloc[-1]),
        )
    )
    gaps["duty"] = gaps["duty"].astype("int64")
    day = np.maximum(gaps["begin"], gaps["duty"].map(duty["start_ms"]))
    lit = duty[
        ~duty.index.isin(gaps["duty"]) & (duty["start_ms"] >= b.from_ms) & (duty["start_ms"] < b.to_ms)
    ]
    gaps = gaps[(day >= b.from_ms) & (day < b.to_ms)]
    tunnel = np.zeros(len(gaps), dtype=bool)
    for text in b.zones.loc[b.zones["kind"] == "tunnel", "geometry"]:
        mouth = shapely.buffer(shapely.from_geojson(text), 300 / 111_000)
        places = [gaps[[f"lon_{end}", f"lat_{end}"]].to_numpy() for end in "ab"]
        tunnel |= np.logical_and.reduce([shapely.contains_xy(mouth, at[:, 0], at[:, 1]) for at in places])
    car = gaps["duty"].map(duty["vehicle_id"])
    heard = set(b.present)
    by_gap = answer(
        car + "@" + gaps["begin"].astype("int64").astype(str),
        gaps["dark_s"] > b.number("house.vehicle.gnss_outage_s"),
        tunnel | ~car.isin(heard),
    )
    return by_gap + answer(
        lit["vehicle_id"] + "@" + lit["start_ms"].astype(str) + "+",
        np.zeros(len(lit)),
        ~lit["vehicle_id"].isin(heard),
    )


def cloned_plate(b: Bucket) -> Answer:
    least = [b.number(f"house.licence.clone_{name}") for name in ("switches", "fixes", "held_s", "apart_m")]
    total = Answer(0, frozenset(), frozenset())
    with_two = set()
    for car, first, last, switches, fewer, apart_m in b.doubles:
        if b.from_ms <= first < b.to_ms:
            with_two.add(car)
            guilty = (
                switches >= least[0]
                and fewer >= least[1]
                and (last - first) / 1000 >= least[2]
                and apart_m >= least[3]
            )
            total += answer(pd.Series([f"{car}@{first}"], dtype=object), [guilty], [False])
    alone = [car for car in b.present if car not in with_two]
    heard = set(b.fixes["vehicle_id"].astype(object).unique())
    return total + answer(
        pd.Series([f"{car}@{b.from_ms}" for car in alone], dtype=object),
        np.zeros(len(alone)),
        [car not in heard for car in alone],
    )


def _episodes(line: pd.DataFrame, mps: float) -> Iterator[tuple[int, int, int, int, float]]:
    """Stretches in which two streams took turns.

    Yields:
        Begin, last turn, how many turns, fixes of the thinner stream, farthest apart (m).
    """
    heads: list[tuple[int, float, float] | None] = [None, None]
    counts = [0, 0]
    now = turns = first = last = 0
    apart_m = 0.0
    phi = np.radians(line["lat"].iloc[0])
    per_lon, per_lat = (
        metres(0.0, np.degrees(phi), 1.0, np.degrees(phi)),
        metres(0.0, np.degrees(phi), 0.0, np.degrees(phi) + 1),
    )
    for t, lon, lat in zip(line["time_ms"].tolist(), line["lon"].tolist(), line["lat"].tolist(), strict=True):
        if turns and t - last > MOST_STREAM_MS:
            yield first, last, turns, min(counts), apart_m
            turns, counts, apart_m = 0, [0, 0], 0.0
        chosen, far_m = None, 0.0
        for stream in (now, 1 - now):
            head = heads[stream]
            if head is None or t - head[0] > MOST_STREAM_MS:
                continue
            way_m = float(np.hypot((lon - head[1]) * per_lon, (lat - head[2]) * per_lat))
            if way_m <= mps * ((t - head[0]) / 1000 + 1):
                chosen = stream
                break
            far_m = max(far_m, way_m)
        fits = chosen is not None
        if chosen is None:
            head = heads[now]
            chosen = now if head is None or t - head[0] > MOST_STREAM_MS else 1 - now
        if chosen != now:
            if not turns:
                first, counts = t, [0, 0]
                counts[now] = 1
            turns, last, now, apart_m = turns + 1, t, chosen, max(apart_m, far_m)
        heads[chosen] = (t, lon, lat)
        if turns and fits:
            counts[chosen] += 1
    if turns:
        yield first, last, turns, min(counts), apart_m


def late_data(b: Bucket) -> Answer:
    p = b.positions[(b.positions["time_ms"] >= b.from_ms) & (b.positions["time_ms"] < b.to_ms)]
    p = p.assign(delay=(p["received_ms"] - p["time_ms"]).clip(lower=0))
    told = p[p["received_ms"].notna()]
    car = told["vehicle_id"]
    apart = (car != car.shift()) | ((told["received_ms"] - told["received_ms"].shift()).abs() > 5_000)
    # Uploads together are one delay as soon as one of them is late.
    late = (told["delay"] > 5_000).groupby(apart.cumsum()).cummax()
    batch = (apart | ~late).cumsum()
    batches = (
        told.groupby(batch)
        .agg(vehicle_id=("vehicle_id", "first"), delay=("delay", "max"))
        .astype({"vehicle_id": "str"})
    )
    long_ms = 1000 * b.number("house.vehicle.delay_long_s")
    cars = (
        batches.assign(long=batches["delay"] > long_ms)
        .groupby("vehicle_id")
        .agg(mean_s=("delay", lambda d: d.astype(float).mean() / 1000), long=("long", "sum"))
    )
    cars = cars.reindex(b.present)
    guilty = (cars["mean_s"] > b.number("house.vehicle.delay_mean_s")) | (
        cars["long"] > b.number("house.vehicle.delay_long_times")
    )
    return answer(
        pd.Series([f"{car}@{b.month_ms}" for car in cars.index], dtype=object), guilty, cars["mean_s"].isna()
    )


def speeding(b: Bucket) -> Answer:
    """Of a home without roads: nobody can tell."""
    cars = pd.Series([f"{car}@{b.from_ms}/day" for car in b.present], dtype=object)
    return answer(cars, np.zeros(len(cars)), np.ones(len(cars)))


def detour(b: Bucket) -> Answer:
    """Of a home without roads: nobody can tell."""
    trips = len(b.metered)
    return answer(b.metered["trip_id"], np.zeros(trips), np.ones(trips))


RULES: Final[dict[str, Callable[[Bucket], Answer]]] = {
    "driving.detour": detour,
    "driving.long_hours": long_hours,
    "driving.speeding": speeding,
    "fare.early_meter": early_meter,
    "fare.late_meter": late_meter,
    "fare.metered_distance": metered_distance,
    "fare.not_by_meter": not_by_meter,
    "fare.off_meter": off_meter,
    "fare.overcharge": overcharge,
    "fare.wrong_rate": wrong_rate,
    "licence.cloned_plate": cloned_plate,
    "licence.outside_area": outside_area,
    "licence.unidentified_driver": unidentified_driver,
    "vehicle.gnss_outage": gnss_outage,
    "vehicle.late_data": late_data,
}


def invalid_papers(
    tables: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame], from_ms: int, to_ms: int
) -> Answer:
    """`licence.invalid`, over the whole city: a driver may drive cars of several buckets.

    Args:
        tables: trips, shifts, vehicles and drivers.
        from_ms, to_ms: the day.
    """
    trips, shifts, vehicles, drivers = tables
    cover = shifts.rename(columns={"driver_id": "signed", "start_ms": "from_ms", "end_ms": "past_ms"})[
        ["vehicle_id", "signed", "from_ms", "past_ms"]
    ]
    unnamed = (
        trips[trips["driver_id"].isna()]
        .reset_index()[["index", "vehicle_id", "boarded_ms"]]
        .merge(cover, on="vehicle_id")
    )
    before = unnamed[unnamed["from_ms"] <= unnamed["boarded_ms"]]
    on = before[before["boarded_ms"] <= before["past_ms"]]
    one = on.groupby("index")["signed"].agg(lambda names: names.iloc[0] if names.nunique() == 1 else "")
    lately = (
        before[before["boarded_ms"] - before["from_ms"] <= 12 * HOUR_MS]
        .sort_values("from_ms")
        .groupby("index")["signed"]
        .last()
    )
    signed = one.reindex(trips.index).fillna(lately).fillna("")
    drives = pd.concat(
        [
            pd.DataFrame(
                {
                    "vehicle_id": trips["vehicle_id"],
                    "driver_id": trips["driver_id"].fillna(signed),
                    "start_ms": trips["boarded_ms"],
                }
            ),
            shifts[["vehicle_id", "driver_id", "start_ms"]],
        ]
    )
    drives = drives[(drives["start_ms"] >= from_ms) & (drives["start_ms"] < to_ms)]
    drives = drives.merge(vehicles[["vehicle_id", "permit_valid_to_day"]], on="vehicle_id", how="left")
    drives["owner"] = drives["driver_id"].where(drives["driver_id"] != "", "vehicle " + drives["vehicle_id"])
    drives["unknown"] = drives["permit_valid_to_day"].isna()
    days = (
        drives.groupby("owner")
        .agg(
            driver_id=("driver_id", "first"),
            permit=("permit_valid_to_day", "min"),
            unknown=("unknown", "any"),
        )
        .reset_index()
    )
    days = days.merge(drivers.assign(known=True), on="driver_id", how="left")
    day = (from_ms + 8 * HOUR_MS) // DAY_MS
    named = days["driver_id"] != ""
    lapsed = named & (
        (days["licence_valid_to_day"] < day)
        | (days["registered_to_day"] < day)
        | (days["registered_from_day"] > day)
    ).fillna(value=False)
    guilty = lapsed | (days["permit"] < day).fillna(value=False)
    missing = named & days["known"].isna() | ~guilty & (
        named & days["licence_valid_to_day"].isna() | days["unknown"]
    )
    return answer(days["owner"] + f"@{day}", guilty, missing)


def read_bucket(folder: Path, bucket: int, **told: Any) -> Bucket:
    """A bucket's frames from its Parquet files, cars as categories."""
    frames = {
        kind: pd.read_parquet(folder / f"{kind}-{bucket:02d}.parquet")
        for kind in ("trips", "shifts", "events", "vehicles", "repairs")
    }
    positions = pd.read_parquet(folder / f"positions-{bucket:02d}.parquet")
    return Bucket(positions=positions, zones=pd.read_parquet(folder / "zones.parquet"), **frames, **told)
