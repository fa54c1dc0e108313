"""Meter against track: one trip's kilometres, and a car's steady ratio over a week.

The track's distance is the longer of two readings, the sum of chords and the integral of the device's
speed, both taken at the trip's longest lawful times: what is above it cannot have been driven. Only
clear tracks are compared: no leap, no gap a turn could hide in.
"""

from typing import Final

import numpy as np
import pandas as pd

from taxi_qa.facts.given import words
from taxi_qa.facts.unit import UNIT_COLUMNS, car_rows, named_subject
from taxi_qa.law.parameter import Law
from taxi_qa.values.columns import Columns

# Short trips say little about a ratio: the first and last metres weigh too much.
LEAST_WEEK_TRIP_M: Final = 1_000.0

# What a day keeps of its trips for the week.
PART_COLUMNS: Final = (
    "vehicle_id", "company_id", "start_ms", "end_ms", "metered_m", "gnss_m", "is_clear", "meter_unverified",
)  # fmt: skip


def meter_trips(trips: Columns, law: Law, instant_ms: int) -> Columns:
    """Each metered trip as a check of its meter.

    Args:
        trips: as `trips.metered_trips` gives them.
        law: for the house's idea of a clear track.
        instant_ms: the moment whose house settings hold.

    Returns:
        Unit columns, kind "trip", metered_m, gnss_m (NaN without track), longest_gap_s, trips (1),
        ratio and ratio_low (NaN), meter_unverified, is_clear.
    """
    clear_s = law.number("house.track.clear_gap_s", instant_ms)
    gnss_m = np.fmax(trips["chord_high_m"], trips["ride_high_m"])
    seen = ~np.isnan(gnss_m)
    clear = seen & (trips["longest_gap_s"] <= clear_s) & (trips["leaps"] == 0)
    missing = np.select(
        [trips["missing"] != "", ~seen, ~clear], [trips["missing"], "positions", "clear track"], ""
    )
    n = len(trips)
    return Columns(
        {
            **trips.some(*UNIT_COLUMNS),
            "missing": missing.astype(object),
            "subject": "trip " + trips["subject"],
            "kind": np.full(n, "trip", dtype=object),
            **trips.some("metered_m", "longest_gap_s", "meter_unverified"),
            "gnss_m": gnss_m,
            "trips": np.ones(n, dtype=np.int64),
            "ratio": np.full(n, np.nan),
            "ratio_low": np.full(n, np.nan),
            "is_clear": clear,
        }
    )


def week_part(checks: Columns) -> pd.DataFrame:
    """What a day's checks leave for the week."""
    return Columns(checks.some(*PART_COLUMNS)).frame()


def meter_weeks(parts: pd.DataFrame, from_ms: int, to_ms: int) -> Columns:
    """Each car's steady ratio of metered to driven distance over one week.

    The ratio is the median over its clear trips of a kilometre or more; `ratio_low` is the lower end
    of the median's 90 % interval by order statistics (binomial, normal approximation), which assumes
    nothing about how ratios scatter and is not moved by a few wild ones.

    Args:
        parts: the week's days' `week_part`, in any order.
        from_ms, to_ms: the week, for cars without a trip to stand on.

    Returns:
        As `meter_trips`, kind "week", one row a car with any trip; `start_ms` the week's begin.
    """
    usable = parts[
        parts["is_clear"] & (parts["gnss_m"] >= LEAST_WEEK_TRIP_M) & (parts["meter_unverified"] == "")
    ]
    ratios = (usable["metered_m"] / usable["gnss_m"]).groupby(usable["vehicle_id"])
    cars = parts.groupby("vehicle_id").agg(company_id=("company_id", "first")).sort_index()
    table = pd.DataFrame(
        {"ratio": ratios.median(), "trips": ratios.size(), "ratio_low": ratios.agg(_median_low)}
    )
    sums = usable.groupby("vehicle_id")[["metered_m", "gnss_m"]].sum()
    cars = cars.join(table).join(sums)
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
                for name in ("metered_m", "gnss_m", "ratio", "ratio_low")
            },
            "longest_gap_s": np.full(n, np.nan),
            "meter_unverified": np.full(n, "", dtype=object),
            "is_clear": np.ones(n, dtype=bool),
        }
    )


def _median_low(ratios: "pd.Series[float]") -> float:
    """Lower end of the 90 % interval of the median: order statistic n/2 - 1.645 sqrt(n)/2."""
    values = np.sort(ratios.to_numpy(dtype=np.float64))
    rank = int(np.floor(values.size / 2 - 1.645 * np.sqrt(values.size) / 2))
    return float(values[max(0, rank)])
