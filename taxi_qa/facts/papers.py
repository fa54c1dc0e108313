"""Papers: which of a driver's and a car's papers were not valid on a day he drove.

One row a driver and day, however many cars he drove; where nobody can be named, one a car and day.
"""

from typing import Final

import numpy as np
import pandas as pd

from taxi_qa.facts.given import Given, instants, numbers, words
from taxi_qa.facts.unit import unit_rows
from taxi_qa.facts.who import driver_at, signed_in
from taxi_qa.law.parameter import Law
from taxi_qa.values.clock import city_day
from taxi_qa.values.columns import Columns, Values

# kind -> the columns read of it
DRIVER_DAYS_READ: Final[dict[str, tuple[str, ...]]] = {
    "trips": ("vehicle_id", "driver_id", "boarded_ms", "alighted_ms"),
    "shifts": ("vehicle_id", "driver_id", "start_ms", "end_ms"),
    "vehicles": ("vehicle_id", "company_id", "permit_valid_to_day"),
    "drivers": ("driver_id", "registered_from_day", "registered_to_day", "licence_valid_to_day"),
}
PAPERS = ("licence_valid_to_day", "registered_from_day", "registered_to_day", "permit_valid_to_day")


def driver_days(given: Given, law: Law) -> Columns:  # noqa: ARG001 - every unit is asked alike
    """The days on which somebody drove, with the papers that count for them.

    Driving is a shift or a metered trip that began on the day.

    Returns:
        Unit columns, `day`, `trips` (how many), and `PAPERS` (the vehicle permit that ends first, of the
        cars driven that day); NaN where the register does not say.
    """
    drives = _drives(given)
    drives["day"] = city_day(drives["start_ms"].to_numpy(dtype=np.int64), given.zone)
    drives = drives.merge(_register(given, "vehicles", ["permit_valid_to_day"]), on="vehicle_id", how="left")
    drives["owner"] = np.where(
        drives["driver_id"] != "", drives["driver_id"], "vehicle " + drives["vehicle_id"]
    )
    drives["permit_known"] = drives["permit_valid_to_day"].notna()
    drives = drives.sort_values(["owner", "day", "start_ms", "vehicle_id"], kind="stable")
    grouped = drives.groupby(["owner", "day"], sort=True)
    days = grouped.agg(
        vehicle_id=("vehicle_id", "first"),
        driver_id=("driver_id", "first"),
        start_ms=("start_ms", "min"),
        end_ms=("end_ms", "max"),
        trips=("is_trip", "sum"),
        permit_valid_to_day=("permit_valid_to_day", "min"),
        permit_known=("permit_known", "all"),
    ).reset_index()
    columns = ["registered_from_day", "registered_to_day", "licence_valid_to_day"]
    register = _register(given, "drivers", columns).assign(known=True)
    days = days.merge(register, on="driver_id", how="left")
    known = days["known"].fillna(value=False).to_numpy(dtype=bool)
    missing = np.where(known | (days["driver_id"] == ""), "", "drivers").astype(object)
    named: dict[str, Values] = {name: numbers(days[name]) for name in (*PAPERS, "day")}
    named |= {"permit_known": days["permit_known"].to_numpy(dtype=bool), "trips": instants(days["trips"], 0)}
    return unit_rows(
        given,
        {
            "subject": np.array(
                [f"{o}@{d}" for o, d in zip(days["owner"], days["day"], strict=True)], dtype=object
            ),
            "vehicle_id": days["vehicle_id"].to_numpy(dtype=object),
            "driver_id": days["driver_id"].to_numpy(dtype=object),
            "start_ms": days["start_ms"].to_numpy(dtype=np.int64),
            "end_ms": days["end_ms"].to_numpy(dtype=np.int64),
            "missing": missing,
            **named,
        },
    )


def _register(given: Given, kind: str, columns: list[str]) -> pd.DataFrame:
    key = f"{kind[:-1]}_id"
    register = given.tables[kind]
    frame = pd.DataFrame({key: words(register[key])})
    return frame.assign(**{name: register[name].array for name in columns})


def _drives(given: Given) -> pd.DataFrame:
    trips, shifts = given.tables["trips"], given.tables["shifts"]
    boarded = instants(trips["boarded_ms"], 0)
    own = words(trips["driver_id"])
    by_sign_in = driver_at(given.once("sign_ins", signed_in), words(trips["vehicle_id"]), boarded)
    driven = pd.DataFrame(
        {
            "vehicle_id": words(trips["vehicle_id"]),
            "driver_id": np.where(own != "", own, by_sign_in),
            "start_ms": boarded,
            "end_ms": instants(trips["alighted_ms"], 0),
            "is_trip": True,
        }
    )
    start = instants(shifts["start_ms"], 0)
    on_shift = pd.DataFrame(
        {
            "vehicle_id": words(shifts["vehicle_id"]),
            "driver_id": words(shifts["driver_id"]),
            "start_ms": start,
            "end_ms": np.maximum(start, instants(shifts["end_ms"], 0)),
            "is_trip": False,
        }
    )
    both = pd.concat([driven, on_shift], ignore_index=True)
    return both[(both["start_ms"] >= given.from_ms) & (both["start_ms"] < given.to_ms)].reset_index(drop=True)
