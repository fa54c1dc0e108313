"""What passengers thought: each driver's and each company's ratings of a month."""

import numpy as np
import pandas as pd

from taxi_qa.facts.given import Given, numbers, words
from taxi_qa.facts.unit import company_of, period_rows
from taxi_qa.values.columns import Columns, Texts

# Ratings from here on are bad: 3 dissatisfied, 4 complaint (0 is none, 2 average).
_BAD = 3


def ratings_part(trips: Columns, given: Given) -> pd.DataFrame:
    """What a day leaves: a row a car and driver.

    Args:
        trips: the metered trips of the day.
        given: the records they were made from.

    Returns:
        vehicle_id, company_id, driver_id ("" where nobody can be named), trips, rated, bad.
    """
    table = given.tables["trips"]
    told = dict(zip(words(table["trip_id"]), np.nan_to_num(numbers(table["rating"])).tolist(), strict=True))
    rating = np.array([told[name] for name in trips["trip_id"]], dtype=np.float64)
    frame = pd.DataFrame(
        {
            "vehicle_id": trips["vehicle_id"],
            "company_id": company_of(given, trips["vehicle_id"]),
            "driver_id": trips["driver_id"],
            "trips": 1,
            "rated": (rating > 0).astype(np.int64),
            "bad": (rating >= _BAD).astype(np.int64),
        }
    )
    return frame.groupby(["vehicle_id", "company_id", "driver_id"], as_index=False).sum()


def driver_ratings(parts: pd.DataFrame, from_ms: int, to_ms: int) -> Columns:
    """Each driver's ratings over a month, beside the fleet's.

    Args:
        parts: the month's days' `ratings_part` of the whole city, in any order.
        from_ms, to_ms: the month.

    Returns:
        Unit columns (no car) and: trips, rated, bad, fleet_share (of bad ones among all rated, NaN without
        any).
    """
    named = parts[parts["driver_id"] != ""].sort_values(["driver_id", "company_id"], kind="stable")
    return _folded(named, "driver_id", parts, from_ms, to_ms)


def company_ratings(parts: pd.DataFrame, from_ms: int, to_ms: int) -> Columns:
    """The same of each company, no driver named."""
    return _folded(parts[parts["company_id"] != ""], "company_id", parts, from_ms, to_ms)


def _folded(rows: pd.DataFrame, by: str, parts: pd.DataFrame, from_ms: int, to_ms: int) -> Columns:
    sums = rows.groupby(by, sort=True)[["trips", "rated", "bad"]].sum()
    company = rows.groupby(by, sort=True)["company_id"].first()
    names: Texts = words(sums.index.to_series())
    subject = np.array([f"{name}@{from_ms}" for name in names], dtype=object)
    drivers = names if by == "driver_id" else np.full(names.size, "", dtype=object)
    rated = float(parts["rated"].sum())
    fleet = float(parts["bad"].sum()) / rated if rated else np.nan
    months = period_rows(subject, words(company), drivers, from_ms, to_ms)
    numbers_of = {name: sums[name].to_numpy(dtype=np.float64) for name in ("trips", "rated", "bad")}
    return months.but({**numbers_of, "fleet_share": np.full(names.size, fleet)})
