"""The shape every frame of units has, whatever is judged: its own name, whose it is, when and where."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.facts.given import Given, words

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


def unit_frame(given: Given, columns: dict[str, npt.NDArray[np.generic]]) -> pd.DataFrame:
    """A frame of units; what is not given is empty, the company comes from the register of vehicles.

    Args:
        given: the records (for the register).
        columns: at least subject, vehicle_id, start_ms and end_ms, all of one length.
    """
    n = len(columns["subject"])
    vehicle_id = columns["vehicle_id"]
    defaults: dict[str, npt.NDArray[np.generic]] = {
        "driver_id": np.full(n, "", dtype=object),
        "company_id": company_of(given, vehicle_id),
        "trip_id": np.full(n, "", dtype=object),
        "lon": np.full(n, np.nan),
        "lat": np.full(n, np.nan),
        "missing": np.full(n, "", dtype=object),
    }
    whole = defaults | columns
    order = [*UNIT_COLUMNS, *(name for name in whole if name not in UNIT_COLUMNS)]
    return pd.DataFrame({name: as_it_is(whole[name]) for name in order})


def as_it_is(values: npt.NDArray[np.generic]) -> "npt.NDArray[np.generic] | pd.Series[Any]":
    """Texts as objects: pandas would make Arrow strings of them, and every reader objects again."""
    return pd.Series(values, dtype=object, copy=False) if values.dtype == object else values


def company_of(given: Given, vehicle_id: npt.NDArray[np.generic]) -> npt.NDArray[np.object_]:
    """The company of each vehicle by the register, "" where the register does not know it."""
    known = given.once("companies", _companies)
    return np.array([known.get(name, "") for name in vehicle_id], dtype=object)


def _companies(given: Given) -> dict[str, str]:
    register = given.tables["vehicles"]
    return dict(zip(words(register["vehicle_id"]), words(register["company_id"]), strict=True))


def named_subject(
    vehicle_id: npt.NDArray[np.generic], start_ms: npt.NDArray[np.int64]
) -> npt.NDArray[np.object_]:
    """The name of an act that has no id of its own: the vehicle and the moment it began."""
    return np.array([f"{v}@{s}" for v, s in zip(vehicle_id, start_ms, strict=True)], dtype=object)
