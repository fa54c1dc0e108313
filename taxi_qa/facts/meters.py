"""Meter against track: one trip's kilometres, and a car's steady ratio over a week.

The track's distance is the longer of two readings, the sum of chords and the integral of the device's
speed, both taken at the trip's longest lawful times: what is above it cannot have been driven. Only
clear tracks are compared: no leap, no gap a turn could hide in.

Where the home has roads they are a third reading, and they tell which tracks are no witness: one that
fits no roads, however clear it looks. What roads can only bound (a gap that a tunnel explains, a step
without speeds between roads that do not follow each other) is read at the longest lawful way, and beside it
as it was measured; between the two nobody can tell.

The car's own odometer is a third witness. What four weeks of ratios did (steady, drift, one step) and with
whom the odometer agrees tells a worn tyre from an altered meter and a bad repair from either.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.facts.given import Given, instants, positions_of, words
from taxi_qa.facts.meter_course import course
from taxi_qa.facts.odometers import odometer_along
from taxi_qa.facts.trip_roads import explained_gaps, sampled_ratio, seen_by_roads
from taxi_qa.facts.unit import UNIT_COLUMNS, car_rows, named_subject
from taxi_qa.law.parameter import Law
from taxi_qa.values.columns import Columns

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

# What a lower ratio did in four weeks no rule asks: the lawful error and worn tyres come to as much.
_ASKED_FROM: Final = 1.02
_OF_WEEKS: Final = ("moved_ratio", "scatter", "odometer_ratio", "meter_odometer_ratio")
# A step is a repair's if that lies between the fourth trip before and the fourth after: the split is a guess.
_BESIDE: Final = 4

_NEVER: Final = np.iinfo(np.int64).max

# Short trips say little about a ratio: the first and last metres weigh too much.
LEAST_WEEK_TRIP_M: Final = 1_000.0

# What a day keeps of its trips for the week.
PART_COLUMNS: Final = (
    "vehicle_id", "company_id", "start_ms", "end_ms", "metered_m", "gnss_least_m", "is_clear",
    "meter_unverified", "odometer_m", "is_burst", "repaired_ms",
)  # fmt: skip
# An odometer that shows tenths of a kilometre is a hundred metres off at either end of a trip.
LEAST_ODOMETER_TRIPS: Final = 10


def meter_trips(trips: Columns, given: Given, law: Law) -> Columns:
    """Each metered trip as a check of its meter.

    Args:
        trips: as `trips.metered_trips` gives them.
        given: for the track and the roads.
        law: for the house's idea of a clear track.

    Returns:
        Unit columns, kind "trip", metered_m, gnss_m (NaN without track), gnss_least_m (as measured, not at
        the longest that may be lawful), longest_gap_s, trips (1), ratio and ratio_low (NaN),
        meter_unverified, is_clear (for the week: without a gap, the meter's clock undoubted); matched_ratio
        and tunnel_gap_m (NaN where the roads were not asked); odometer_m (NaN unread), clock_doubt, is_burst,
        repaired_ms (the meter's last repair before, NaN none); of weeks only and empty: course, moved_ratio,
        scatter, odometer_ratio, meter_odometer_ratio, bursts, after_repair.
    """
    clear_s = law.number("house.track.clear_gap_s", given.from_ms)
    gnss_m = np.fmax(trips["chord_high_m"], trips["ride_high_m"])
    seen = (trips["missing"] == "") & ~np.isnan(gnss_m)
    clear = seen & (trips["longest_gap_s"] <= clear_s) & (trips["leaps"] == 0)
    told = _told_by_roads(trips, given, law, clear, gnss_m)
    # Where nothing was asked nothing speaks against the track.
    fits = ~(told["matched_ratio"] < law.number("house.track.matched_ratio", given.from_ms))
    clear &= fits
    bridged = (told["tunnel_gap_m"] > 0) & (told["open_gaps"] == 0) & (trips["leaps"] == 0) & fits
    least_m = np.fmax(gnss_m + np.where(bridged, told["gap_least_m"], 0.0), told["driven_m"])
    gnss_m = np.fmax(gnss_m + np.where(bridged, told["gap_most_m"], 0.0), told["longest_m"])
    missing = np.select(
        [trips["missing"] != "", ~seen, ~clear & ~bridged], [trips["missing"], "positions", "clear track"], ""
    )
    n = len(trips)
    fixes = given.fixes
    doubt = trips["meter_clock_doubt"]
    most = np.fmax(
        gnss_m * law.number("house.fare.burst_ratio", given.from_ms),
        gnss_m + law.number("house.fare.burst_m", given.from_ms),
    )
    return Columns(
        {
            **trips.some(*UNIT_COLUMNS),
            "missing": missing.astype(object),
            "subject": "trip " + trips["subject"],
            "kind": np.full(n, "trip", dtype=object),
            **trips.some("metered_m", "longest_gap_s", "meter_unverified"),
            "gnss_m": gnss_m,
            "gnss_least_m": least_m,
            "matched_ratio": told["matched_ratio"],
            "tunnel_gap_m": told["tunnel_gap_m"],
            "trips": np.ones(n, dtype=np.int64),
            "ratio": np.full(n, np.nan),
            "ratio_low": np.full(n, np.nan),
            "is_clear": clear & ~doubt,
            "is_burst": clear & ~doubt & (trips["metered_m"] > most),
            "clock_doubt": doubt,
            "odometer_m": odometer_along(
                fixes.starts, fixes.time_ms, fixes.odometer_m,
                positions_of(fixes.vehicle_ids, trips["vehicle_id"]), trips["start_ms"], trips["end_ms"],
            ),
            "repaired_ms": _last_repair(given, trips),
            "course": np.full(n, "", dtype=object),
            "bursts": np.zeros(n, dtype=np.int64),
            "after_repair": np.zeros(n, dtype=bool),
            **{name: np.full(n, np.nan) for name in _OF_WEEKS},
        }
    )  # fmt: skip


def _last_repair(given: Given, trips: Columns) -> Floats:
    """When the meter of each trip's car was last repaired before it, NaN never."""
    repairs = given.tables["repairs"]
    repairs = repairs[words(repairs["device"]) == "meter"]
    last = np.full(len(trips), np.nan)
    for car, done in zip(words(repairs["vehicle_id"]), instants(repairs["repaired_ms"], _NEVER), strict=True):
        hit = (trips["vehicle_id"] == car) & (done <= trips["start_ms"])
        last[hit] = np.fmax(last[hit], done)
    return last


def _told_by_roads(trips: Columns, given: Given, law: Law, clear: Bools, gnss_m: Floats) -> dict[str, Floats]:
    """What the roads say of the trips of which it may change an answer; NaN of all others.

    Those are trips whose only fault may be a tunnel, trips whose meter is so far above the track that it may
    count, and those of whose fixes a sample lies near no road that runs their way.
    """
    ratio = law.number("house.track.matched_ratio", given.from_ms)
    tolerated = min(law.number(f"house.fare.{name}_ratio", given.from_ms) for name in ("steady", "burst"))
    above = clear & (trips["metered_m"] > tolerated * gnss_m)
    strange = clear & ~above
    strange[strange] = sampled_ratio(trips, given, np.flatnonzero(strange)) < ratio
    gappy = ~np.isnan(gnss_m) & (trips["missing"] == "") & (trips["leaps"] == 0) & ~clear
    gappy &= np.isfinite(trips["longest_gap_s"]) & (trips["fixes"] > 0)
    gappy[gappy] = explained_gaps(trips, given, law, np.flatnonzero(gappy))
    return seen_by_roads(trips, given, law, np.flatnonzero(above | strange | gappy))


def week_part(checks: Columns) -> pd.DataFrame:
    """What a day's checks leave for the week."""
    return Columns(checks.some(*PART_COLUMNS)).frame()


def meter_weeks(parts: pd.DataFrame, from_ms: int, to_ms: int) -> Columns:
    """Each car's steady ratio of metered to driven distance over one week.

    The ratio is the median over its clear trips of a kilometre or more; `ratio_low` is the lower end
    of the median's 90 % interval by order statistics (binomial, normal approximation), which assumes
    nothing about how ratios scatter and is not moved by a few wild ones.

    Args:
        parts: `week_part` of the week's days and of the three weeks before, in any order.
        from_ms, to_ms: the week, for cars without a trip to stand on.

    Returns:
        As `meter_trips`, kind "week", one row a car with any trip in it; `start_ms` the week's begin; course
        and moved_ratio (what high ratios did in four weeks, and by how much), after_repair (a step across
        a repair), scatter (the middle half of the week's ratios), odometer_ratio (odometer by track),
        meter_odometer_ratio, bursts (of the week).
    """
    known = parts[
        parts["is_clear"] & (parts["gnss_least_m"] >= LEAST_WEEK_TRIP_M) & (parts["meter_unverified"] == "")
    ]
    parts, usable = (table[table["start_ms"] >= from_ms] for table in (parts, known))
    ratios = (usable["metered_m"] / usable["gnss_least_m"]).groupby(usable["vehicle_id"])
    cars = parts.groupby("vehicle_id").agg(company_id=("company_id", "first")).sort_index()
    table = pd.DataFrame(
        {"ratio": ratios.median(), "trips": ratios.size(), "ratio_low": ratios.agg(_median_low)}
    )
    sums = usable.groupby("vehicle_id")[["metered_m", "gnss_least_m"]].sum()
    sums["gnss_m"] = sums["gnss_least_m"]
    high = table.index[table["ratio_low"] > _ASKED_FROM]
    courses = _courses(known[known["vehicle_id"].isin(high)])
    cars = cars.join(table).join(sums).join(_witnessed(usable)).join(courses)
    cars["bursts"] = parts.groupby("vehicle_id")["is_burst"].sum()
    rows = car_rows(cars.index.to_numpy(dtype=object), words(cars["company_id"]), from_ms, to_ms)
    trips = np.nan_to_num(cars["trips"].to_numpy(dtype=np.float64)).astype(np.int64)
    n = len(rows)
    return rows.but(
        {
            "subject": "week " + named_subject(rows["vehicle_id"], rows["start_ms"]),
            "missing": np.where(trips > 0, "", "clear track").astype(object),
            "kind": np.full(n, "week", dtype=object),
            "trips": trips,
            **{
                name: cars[name].to_numpy(dtype=np.float64)
                for name in ("metered_m", "gnss_m", "gnss_least_m", "ratio", "ratio_low")
            },
            **{name: np.full(n, np.nan) for name in ("longest_gap_s", "matched_ratio", "tunnel_gap_m")},
            "meter_unverified": np.full(n, "", dtype=object),
            "is_clear": np.ones(n, dtype=bool),
            "is_burst": np.zeros(n, dtype=bool),
            "clock_doubt": np.zeros(n, dtype=bool),
            **{name: np.full(n, np.nan) for name in ("odometer_m", "repaired_ms")},
            "course": cars["course"].fillna("").to_numpy(dtype=object),
            "bursts": cars["bursts"].to_numpy(dtype=np.int64),
            "after_repair": cars["after_repair"].eq(other=True).to_numpy(dtype=bool),
            **{name: cars[name].to_numpy(dtype=np.float64) for name in _OF_WEEKS},
        }
    )


def _witnessed(usable: pd.DataFrame) -> pd.DataFrame:
    """Per car with whom the odometer agrees, and how far the ratios scatter."""
    ratios = (usable["metered_m"] / usable["gnss_least_m"]).groupby(usable["vehicle_id"])
    read = usable[usable["odometer_m"] > 0].groupby("vehicle_id")
    sums = read[["metered_m", "gnss_least_m", "odometer_m"]].sum()
    enough = read.size() >= LEAST_ODOMETER_TRIPS
    return pd.DataFrame(
        {
            "scatter": ratios.quantile(0.75) - ratios.quantile(0.25),
            "odometer_ratio": (sums["odometer_m"] / sums["gnss_least_m"]).where(enough),
            "meter_odometer_ratio": (sums["metered_m"] / sums["odometer_m"]).where(enough),
        }
    )


def _courses(known: pd.DataFrame) -> pd.DataFrame:
    """Per car what its ratios did over the weeks."""
    rows = {}
    for car, trips in known.sort_values(["start_ms", "end_ms"], kind="stable").groupby("vehicle_id"):
        ratios = (trips["metered_m"] / trips["gnss_least_m"]).to_numpy(dtype=np.float64)
        did = course(ratios, trips["start_ms"].to_numpy(dtype=np.int64))
        repaired = np.nan_to_num(trips["repaired_ms"].to_numpy(dtype=np.float64))
        around = repaired[max(did.at - _BESIDE, 0)], repaired[min(did.at + _BESIDE - 1, repaired.size - 1)]
        rows[car] = (did.kind, did.moved, did.kind == "step" and bool(around[0] < around[1]))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["course", "moved_ratio", "after_repair"])


def _median_low(ratios: "pd.Series[float]") -> float:
    """Lower end of the 90 % interval of the median: order statistic n/2 - 1.645 sqrt(n)/2."""
    values = np.sort(ratios.to_numpy(dtype=np.float64))
    rank = int(np.floor(values.size / 2 - 1.645 * np.sqrt(values.size) / 2))
    return float(values[max(0, rank)])
