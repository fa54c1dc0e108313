"""Availability of devices and delay of data, company by company over a month.

A device is available while its car is on duty and no outage longer than the tolerance runs. Time that an
excluded cause took (an approved excuse, a tunnel, a parked car, a wrong clock) counts on neither side, and
neither does time of which nobody knows.
"""

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.facts.duty import cars_on_duty, duties
from taxi_qa.facts.excused import excused
from taxi_qa.facts.given import words
from taxi_qa.facts.overlaps import car_spans, shared_s
from taxi_qa.facts.unit import car_rows, company_of
from taxi_qa.values.columns import Columns

if TYPE_CHECKING:
    from taxi_qa.facts.given import Given
    from taxi_qa.law.parameter import Law

Floats = npt.NDArray[np.float64]

# Device -> the unit its outages stand in, the house's tolerance for one of them, causes that excuse it.
DEVICES: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "gnss": ("outages", "house.vehicle.gnss_outage_s", ("in_tunnel", "ignition_off", "wrong_clock")),
    "camera": ("camera_outages", "house.vehicle.camera_outage_s", ()),
    "meter": ("meter_outages", "house.vehicle.meter_outage_s", ()),
}
_TOLD_SHARE: Final = 0.5
_WORST: Final = 3
_SUMS: Final = ("duty_s", "dark_s", "excluded_s", "untold_s")


def equipment_part(given: "Given", law: "Law", units: dict[str, Columns]) -> pd.DataFrame:
    """What a day leaves for the month: of each car on duty and each device the seconds of each sort.

    Args:
        given: the records.
        law: for the tolerances.
        units: the day's rows of the units named in `DEVICES`.

    Returns:
        vehicle_id, company_id, device, duty_s, dark_s (outages beyond the tolerance), excluded_s (those of
        them with an excluded cause), untold_s (duty of which the device told nothing).
    """
    spans = cars_on_duty(duties(given))
    spans = spans.cut((spans["start_ms"] >= given.from_ms) & (spans["start_ms"] < given.to_ms))
    cars, number = np.unique(spans["vehicle_id"].astype(str), return_inverse=True)
    vehicle_id = cars.astype(object)
    duty_s = _summed(number, (spans["end_ms"] - spans["start_ms"]) / 1000.0, cars.size)
    parts = []
    for device, (unit, tolerance, causes) in DEVICES.items():
        rows = units[unit]
        dark_s = np.where(rows["dark_s"] > law.number(tolerance, given.from_ms), rows["dark_s"], 0.0)
        rules = (f"vehicle.{device}_outage", "sla.equipment")
        place = (rows["lon"], rows["lat"])
        free = excused(given, rules, rows["vehicle_id"], rows["start_ms"], place)
        for cause in causes:
            free |= rows[cause]
        untold = rows.cut(rows["missing"] != "")
        silent = car_spans(untold["vehicle_id"], untold["start_ms"], untold["end_ms"])
        untold_s = shared_s(silent, spans["vehicle_id"], spans["start_ms"], spans["end_ms"])
        untold_s = np.minimum(untold_s, (spans["end_ms"] - spans["start_ms"]) / 1000.0)
        at = np.searchsorted(cars, rows["vehicle_id"].astype(str))
        known = (at < cars.size) & (rows["missing"] == "")
        known[known] = cars[at[known]] == rows["vehicle_id"][known].astype(str)
        parts.append(
            pd.DataFrame(
                {
                    "vehicle_id": vehicle_id,
                    "company_id": company_of(given, vehicle_id),
                    "device": np.full(cars.size, device, dtype=object),
                    "duty_s": duty_s,
                    "dark_s": _summed(at[known], dark_s[known], cars.size),
                    "excluded_s": _summed(at[known], np.where(free, dark_s, 0.0)[known], cars.size),
                    "untold_s": _summed(number, untold_s, cars.size),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _summed(group: npt.NDArray[np.int64], values: Floats, groups: int) -> Floats:
    return np.bincount(group, weights=values, minlength=groups).astype(np.float64)


def equipment_months(parts: pd.DataFrame, from_ms: int, to_ms: int) -> Columns:
    """The availability of each company's devices over one month.

    Args:
        parts: the days' `equipment_part` of all buckets, in any order.
        from_ms, to_ms: the month.

    Returns:
        Unit columns (no driver; the vehicle only where one alone was ever down) and: device, judged_s (on
        duty, less excluded and untold time), dark_s (not excluded), excluded_s, outage_cars (the worst with
        their minutes).
    """
    table = parts.copy()
    table["bad_s"] = table["dark_s"] - table["excluded_s"]
    by_company = table.groupby(["company_id", "device"], sort=True)
    sums = by_company[[*_SUMS, "bad_s"]].sum().reset_index()
    duty_s, excluded_s, untold_s = (
        sums[name].to_numpy(dtype=np.float64) for name in ("duty_s", "excluded_s", "untold_s")
    )
    judged = np.maximum(duty_s - excluded_s - untold_s, 0.0)
    worst = [
        _worst(table[(table["company_id"] == one) & (table["device"] == what)])
        for one, what in zip(sums["company_id"], sums["device"], strict=True)
    ]
    company, device = words(sums["company_id"]), words(sums["device"])
    only = np.array([names[0] if len(names) == 1 else "" for names, _ in worst], dtype=object)
    rows = car_rows(only, company, from_ms, to_ms)
    told = judged > _TOLD_SHARE * (duty_s - excluded_s)
    return rows.but(
        {
            "subject": np.array(
                [f"{one} {what} {from_ms}" for one, what in zip(company, device, strict=True)], dtype=object
            ),
            "missing": np.select([company == "", ~told], ["vehicles.company_id", "device_status"], "").astype(
                object
            ),
            "device": device,
            "judged_s": judged,
            "dark_s": sums["bad_s"].to_numpy(dtype=np.float64),
            "excluded_s": excluded_s,
            "outage_cars": np.array([text for _, text in worst], dtype=object),
        }
    )


def _worst(rows: pd.DataFrame) -> tuple[list[str], str]:
    """The cars whose device was ever down, and the worst of them as a text with minutes."""
    sums = rows.groupby("vehicle_id")["bad_s"].sum()
    mine = sums[sums > 0].sort_index().sort_values(ascending=False, kind="stable")
    text = "; ".join(f"{car} {seconds / 60:.0f} min" for car, seconds in mine.head(_WORST).items())
    return [str(car) for car in mine.index], text


def company_delays(parts: pd.DataFrame, from_ms: int, to_ms: int) -> Columns:
    """The delays of each company's positions over one month.

    Args:
        parts: the days' `delays.delay_part` of all buckets, in any order.
        from_ms, to_ms: the month.

    Returns:
        Unit columns (neither vehicle nor driver) and: delay_mean_s (of all batches), batches_over_1h, cars,
        longest_s, outage_cars (the worst by batches that came late).
    """
    columns = ["batches", "total_s", "long", "received"]
    by_company = parts.groupby("company_id", sort=True)
    sums = (
        by_company[columns]
        .sum()
        .join(by_company.agg(longest_s=("longest_s", "max"), cars=("vehicle_id", "nunique")))
    )
    company = sums.index.to_numpy(dtype=object)
    rows = car_rows(np.full(company.size, "", dtype=object), company, from_ms, to_ms)
    worst = [_latest(parts[parts["company_id"] == one]) for one in company]
    received = sums["received"].to_numpy(dtype=np.int64) > 0
    return rows.but(
        {
            "subject": np.array([f"{one} {from_ms}" for one in company], dtype=object),
            "missing": np.select(
                [company == "", ~received], ["vehicles.company_id", "positions.received_at"], ""
            ).astype(object),
            "delay_mean_s": (sums["total_s"] / np.maximum(sums["batches"], 1)).to_numpy(dtype=np.float64),
            "batches_over_1h": sums["long"].to_numpy(dtype=np.int64),
            "cars": sums["cars"].to_numpy(dtype=np.int64),
            "longest_s": sums["longest_s"].to_numpy(dtype=np.float64),
            "outage_cars": np.array(worst, dtype=object),
        }
    )


def _latest(rows: pd.DataFrame) -> str:
    sums = rows.groupby("vehicle_id")["long"].sum()
    mine = sums[sums > 0].sort_index().sort_values(ascending=False, kind="stable")
    return "; ".join(f"{car} {number}" for car, number in mine.head(_WORST).items())
