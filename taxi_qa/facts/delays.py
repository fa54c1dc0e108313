"""How late positions arrived: per car and month, a batch uploaded together counted as one delay."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from numba import njit

from taxi_qa.facts.given import Given, counts_between, instants, judged_rows, words
from taxi_qa.facts.unit import car_rows, company_of, named_subject
from taxi_qa.law.parameter import Law
from taxi_qa.records.fixes import NO_DELAY
from taxi_qa.values.columns import Columns
from taxi_qa.values.zone_grid import zone_grid, zones_at

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Fixes received this close after one another, late ones, came in one upload.
TOGETHER_MS: Final = 5_000


@njit(cache=True, nogil=True)
def batches(
    starts: Int64s,
    time_ms: Int64s,
    delay_ms: npt.NDArray[np.int32],
    ignored: npt.NDArray[np.bool_],
    together_ms: int,
    long_ms: int,
) -> tuple[Int64s, Floats, Int64s, Floats]:
    """Batches of each vehicle: their number, sum of delays (s), how many are long, the longest (s).

    Fixes received within `together_ms` of the one before are one batch, whose delay is the longest in it:
    the re-upload after a dead spot is one delay, not three hundred.

    Args:
        starts, time_ms: positions sorted by vehicle and time.
        delay_ms: received minus fix time, `NO_DELAY` where the time of receipt was not sent.
        ignored: positions an approved excuse covers.
        together_ms: fixes received this close together came together.
        long_ms: a batch later than this is long.
    """
    vehicles = starts.size - 1
    number = np.zeros(vehicles, dtype=np.int64)
    total_s = np.zeros(vehicles, dtype=np.float64)
    long = np.zeros(vehicles, dtype=np.int64)
    longest_s = np.zeros(vehicles, dtype=np.float64)
    for v in range(vehicles):
        rows = slice(starts[v], starts[v + 1])
        ms, delays, is_ignored = time_ms[rows], delay_ms[rows], ignored[rows]
        batch = np.int64(-1)
        received = np.int64(0)
        n, total_ms, n_long, longest_ms = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
        for i in range(ms.size + 1):
            at_end = i == ms.size
            if not at_end:
                if delays[i] == NO_DELAY or is_ignored[i]:
                    continue
                # A receiver's clock may run ahead of the platform's: that is no delay.
                delay = max(np.int64(0), np.int64(delays[i]))
                arrived = ms[i] + delays[i]
                together = batch >= 0 and abs(arrived - received) <= together_ms
                received = arrived
                if together and max(batch, delay) > together_ms:
                    batch = max(batch, delay)
                    continue
            if batch >= 0:
                n += 1
                total_ms += batch
                n_long += batch > long_ms
                longest_ms = max(longest_ms, batch)
            if not at_end:
                batch = delay
        number[v], total_s[v], long[v], longest_s[v] = n, total_ms / 1000.0, n_long, longest_ms / 1000.0
    return number, total_s, long, longest_s


def delay_part(given: Given, law: Law) -> pd.DataFrame:
    """What one day leaves for the month: per car its batches and how late they came.

    Returns:
        vehicle_id, company_id, batches, total_s, long, longest_s, fixes, received (fixes whose time of
        receipt was sent); cars with positions on the day.
    """
    fixes = given.fixes
    long_ms = int(law.number("house.vehicle.delay_long_s", given.from_ms) * 1000)
    inside = (fixes.time_ms >= given.from_ms) & (fixes.time_ms < given.to_ms)
    excused = ~inside | _excused(given)
    number, total_s, long, longest_s = batches(
        fixes.starts, fixes.time_ms, fixes.delay_ms, excused, TOGETHER_MS, long_ms
    )
    first, past = judged_rows(given)
    part = pd.DataFrame(
        {
            "vehicle_id": np.array(fixes.vehicle_ids, dtype=object),
            "company_id": company_of(given, np.array(fixes.vehicle_ids, dtype=object)),
            "batches": number,
            "total_s": total_s,
            "long": long,
            "longest_s": longest_s,
            "fixes": past - first,
            "received": counts_between(fixes.delay_ms != NO_DELAY, first, past),
        }
    )
    return part[part["fixes"] > 0].reset_index(drop=True)


def _excused(given: Given) -> npt.NDArray[np.bool_]:
    """Positions taken while an approved excuse for late data covered the car or its place."""
    fixes = given.fixes
    excused = np.zeros(len(fixes), dtype=bool)
    excuses = given.tables["excuses"]
    if not len(excuses):
        return excused
    names = np.array(fixes.vehicle_ids, dtype=object)
    company = company_of(given, names)
    rows = zip(
        words(excuses["scope"]),
        words(excuses["scope_id"]),
        words(excuses["rules"]),
        words(excuses["approved_by"]),
        instants(excuses["from_ms"], 0),
        instants(excuses["to_ms"], 0),
        strict=True,
    )
    for scope, scope_id, rules, approved, from_ms, to_ms in rows:
        if not approved or (rules and "vehicle.late_data" not in rules.split(";")):
            continue
        covered = (fixes.time_ms >= from_ms) & (fixes.time_ms <= to_ms)
        if scope in ("vehicle", "company"):
            of_scope = (names if scope == "vehicle" else company) == scope_id
            covered &= np.repeat(of_scope, np.diff(fixes.starts))
        elif scope == "zone" and scope_id in given.areas:
            then = np.flatnonzero(covered)
            grid = zone_grid([given.areas[scope_id]])
            inside = zones_at(grid, fixes.lon_e7[then], fixes.lat_e7[then]).place
            covered[:] = False
            covered[then[inside]] = True
        elif scope != "city":
            continue
        excused |= covered
    return excused


def vehicle_months(parts: pd.DataFrame, from_ms: int, to_ms: int) -> Columns:
    """Each car's delays over one month.

    Args:
        parts: the month's days' `delay_part`, in any order.
        from_ms, to_ms: the month.

    Returns:
        Unit columns (no driver: the data link is the company's) and: delay_mean_s, batches_over_1h,
        longest_s, fixes; one row a car with positions.
    """
    columns = ["batches", "total_s", "long", "fixes", "received"]
    by_car = parts.groupby("vehicle_id")
    cars = (
        by_car[columns]
        .sum()
        .join(by_car.agg(company_id=("company_id", "first"), longest_s=("longest_s", "max")))
    )
    cars = cars.sort_index()
    rows = car_rows(cars.index.to_numpy(dtype=object), words(cars["company_id"]), from_ms, to_ms)
    received = cars["received"].to_numpy(dtype=np.int64) > 0
    return rows.but(
        {
            "subject": named_subject(rows["vehicle_id"], rows["start_ms"]),
            "missing": np.where(received, "", "positions.received_at").astype(object),
            "delay_mean_s": cars["total_s"].to_numpy(dtype=np.float64)
            / np.maximum(cars["batches"].to_numpy(dtype=np.float64), 1.0),
            "batches_over_1h": cars["long"].to_numpy(dtype=np.int64),
            "longest_s": cars["longest_s"].to_numpy(dtype=np.float64),
            "fixes": cars["fixes"].to_numpy(dtype=np.int64),
        }
    )
