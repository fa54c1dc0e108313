"""The columns everything that is judged has: its own name, whose it is, when and where."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.facts.given import Given, looked_up, words
from taxi_qa.values.columns import Columns, Texts, Values

# What every unit carries; `subject` is what the act itself is called and makes the finding's lasting key;
# `missing` names an input without which no rule can judge the unit, "" where there is all it needs.
UNIT_COLUMNS: Final = (
    "subject",
    "vehicle_id",
    "driver_id",
    "company_id",
    "trip_id",
    "start_ms",
    "end_ms",
    "lon",
    "lat",
    "missing",
)


def whole(values: npt.NDArray[np.float64]) -> Texts:
    """Whole numbers that may be missing, for evidence: int, or None where NaN."""
    return np.array([None if np.isnan(value) else int(value) for value in values], dtype=object)


# Acts on roads also carry these, joined by `;`: names and OpenStreetMap ids of the roads they concern.
ROAD_COLUMNS: Final = ("road", "way_ids")


def unit_rows(given: Given, columns: Mapping[str, Values]) -> Columns:
    """Columns; what is not given is empty, the company comes from the register of vehicles.

    Args:
        given: the records (for the register).
        columns: at least subject, vehicle_id, start_ms and end_ms, all of one length.
    """
    n = len(columns["subject"])
    defaults: dict[str, Values] = {
        "driver_id": np.full(n, "", dtype=object),
        "company_id": company_of(given, columns["vehicle_id"]),
        "trip_id": np.full(n, "", dtype=object),
        "lon": np.full(n, np.nan),
        "lat": np.full(n, np.nan),
        "missing": np.full(n, "", dtype=object),
    }
    all_columns = {**defaults, **columns}
    return Columns({**{name: all_columns[name] for name in UNIT_COLUMNS}, **all_columns})


def car_rows(vehicle_id: Texts, company_id: Texts, from_ms: int, to_ms: int) -> Columns:
    """One row a car for a whole span: no driver, no trip, no place; `subject` is the car until it is named.

    Args:
        vehicle_id: the cars.
        company_id: theirs.
        from_ms, to_ms: the span; a row ends a millisecond before `to_ms`.
    """
    n = vehicle_id.size
    nothing: Values = np.full(n, "", dtype=object)
    rows: dict[str, Values] = {
        "subject": vehicle_id,
        "vehicle_id": vehicle_id,
        "driver_id": nothing,
        "company_id": company_id,
        "trip_id": nothing,
        "start_ms": np.full(n, from_ms, dtype=np.int64),
        "end_ms": np.full(n, to_ms - 1, dtype=np.int64),
        "lon": np.full(n, np.nan),
        "lat": np.full(n, np.nan),
        "missing": nothing,
    }
    return Columns(rows)


def period_rows(subject: Texts, company_id: Texts, driver_id: Texts, from_ms: int, to_ms: int) -> Columns:
    """One row a company or a driver for a whole period, without a car; ends a millisecond before `to_ms`."""
    nothing: Values = np.full(subject.size, "", dtype=object)
    rows = car_rows(nothing, company_id, from_ms, to_ms)
    return rows.but({"subject": subject, "driver_id": driver_id})


def company_of(given: Given, vehicle_id: Values) -> Texts:
    """The company of each vehicle by the register, "" where the register does not know it."""
    known = given.once("companies", _companies)
    return looked_up(vehicle_id, lambda name: known.get(name, ""), object)


def _companies(given: Given) -> dict[str, str]:
    register = given.tables["vehicles"]
    return dict(zip(words(register["vehicle_id"]), words(register["company_id"]), strict=True))


def named_subject(vehicle_id: Values, start_ms: npt.NDArray[np.int64]) -> Texts:
    """The name of an act that has no id of its own: the vehicle and the moment it began."""
    return np.array(
        [f"{v}@{s}" for v, s in zip(vehicle_id.tolist(), start_ms.tolist(), strict=True)], dtype=object
    )
