"""Repairs that were done: what part went in, at what price, and whether the meter was proven again.

A repair is judged on the day it was done. Parts are told apart by serial and maker; where one of two tickets
names no maker, the serial alone speaks, and less surely.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.facts.given import Given, instants, numbers, words
from taxi_qa.facts.unit import unit_rows
from taxi_qa.law.parameter import Law
from taxi_qa.values.clock import city_day
from taxi_qa.values.columns import Columns, Texts

REPAIRS_READ: Final[dict[str, tuple[str, ...]]] = {
    "repairs": (
        "ticket_id", "vehicle_id", "device", "reported_ms", "repaired_ms", "part_maker", "part_serial",
        "part_grade", "price_fen", "reverified_on_day",
    ),
    "vehicles": ("vehicle_id", "company_id"),
}  # fmt: skip

_NONE: Final = -1


def repair_jobs(given: Given, law: Law) -> Columns:  # noqa: ARG001 - every unit is asked alike
    """The repairs done within the span.

    Args:
        given: the records of the whole city.
        law: not read.

    Returns:
        Unit columns (no driver: repairs are the company's) and: ticket_ids, device, part_serial, part_grade,
        price_fen (NaN unknown), other_ticket_id (an earlier repair of another car with the same part, ""
        none), same_maker (both tickets name the maker), used_ticket_id (an earlier ticket on which this
        part, now called original, was a refurbished one), unproven_days (from a meter's repair until it was
        proven again or the data end; 0 for other devices), is_proven.
    """
    table = given.tables["repairs"]
    done = instants(table["repaired_ms"], _NONE)
    rows = np.flatnonzero((done >= given.from_ms) & (done < given.to_ms))
    rows = rows[np.argsort(words(table["ticket_id"])[rows].astype(str), kind="stable")]
    device = words(table["device"])[rows]
    repaired_day = city_day(done[rows], given.zone).astype(np.int64)
    proven_day = instants(table["reverified_on_day"], _NONE)[rows]
    is_proven = proven_day >= repaired_day
    last_day = int(city_day(np.array([given.heard_to_ms - 1]), given.zone)[0])
    until = np.where(is_proven, proven_day, np.maximum(last_day, repaired_day))
    other, same_maker = _elsewhere(table, done, rows)
    return unit_rows(
        given,
        {
            "subject": words(table["ticket_id"])[rows],
            "vehicle_id": words(table["vehicle_id"])[rows],
            "start_ms": done[rows],
            "end_ms": done[rows],
            "ticket_ids": words(table["ticket_id"])[rows],
            "device": device,
            **{name: words(table[name])[rows] for name in ("part_serial", "part_grade")},
            "price_fen": numbers(table["price_fen"])[rows],
            "other_ticket_id": other,
            "same_maker": same_maker,
            "used_ticket_id": _was_used(table, done, rows),
            "unproven_days": np.where(device == "meter", until - repaired_day, 0).astype(np.float64),
            "is_proven": is_proven,
        },
    )


def _elsewhere(
    table: pd.DataFrame, done: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]
) -> tuple[Texts, npt.NDArray[np.bool_]]:
    """The first earlier repair of another car that put the same part in."""
    serial, maker, car, ticket = (
        words(table[name]) for name in ("part_serial", "part_maker", "vehicle_id", "ticket_id")
    )
    found = np.full(rows.size, "", dtype=object)
    sure = np.zeros(rows.size, dtype=bool)
    for at in np.flatnonzero(serial[rows] != ""):
        row = rows[at]
        alike = (serial == serial[row]) & (car != car[row]) & (done != _NONE)
        alike &= (maker == maker[row]) | (maker == "") | (maker[row] == "")
        alike &= (done < done[row]) | ((done == done[row]) & (ticket < ticket[row]))
        earlier = np.flatnonzero(alike)
        if earlier.size:
            first = earlier[np.lexsort((ticket[earlier].astype(str), done[earlier]))[0]]
            found[at], sure[at] = ticket[first], maker[first] != "" and maker[row] != ""
    return found, sure


def _was_used(table: pd.DataFrame, done: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]) -> Texts:
    """The first earlier ticket on which a part that is now called original was a refurbished one."""
    serial, grade, ticket = (words(table[name]) for name in ("part_serial", "part_grade", "ticket_id"))
    maker = words(table["part_maker"])
    found = np.full(rows.size, "", dtype=object)
    for at in np.flatnonzero((serial[rows] != "") & (grade[rows] == "original")):
        row = rows[at]
        used = (serial == serial[row]) & (maker == maker[row]) & (grade == "refurbished")
        earlier = np.flatnonzero(used & (done != _NONE) & (done < done[row]))
        if earlier.size:
            found[at] = ticket[earlier[np.lexsort((ticket[earlier].astype(str), done[earlier]))[0]]]
    return found
