"""How a company's desk dealt with the complaints of a month: first replies, closing, what came up again."""

from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.facts.given import Given, instants, looked_up, words
from taxi_qa.facts.unit import period_rows
from taxi_qa.law.parameter import Law
from taxi_qa.values.clock import MS_PER_S
from taxi_qa.values.columns import Columns, Texts

Int64s = npt.NDArray[np.int64]

# kind -> the columns read of it
DESK_READ: Final[dict[str, tuple[str, ...]]] = {
    "complaints": (
        "complaint_id", "received_ms", "vehicle_id", "driver_id", "trip_id", "first_reply_ms", "closed_ms",
    ),
    "vehicles": ("vehicle_id", "company_id"),
    "drivers": ("driver_id", "company_id"),
}  # fmt: skip
_NEVER: Final = np.iinfo(np.int64).max


def desk_months(given: Given, law: Law) -> Columns:
    """Each company's complaints that came in within the month, as they stand at the end of the data.

    A company is known by the car, else by the driver; complaints of which neither is known are one row that
    cannot be judged.

    Returns:
        Unit columns (no car, no driver) and: complaints (how many), reply_late, reply_unsaid (answered or
        closed, nobody wrote down when first), reply_longest_s, close_late, close_longest_s (open ones up to
        the end of the data), reopened (came up again for a trip whose complaint had been closed), still_open.
    """
    table = given.tables["complaints"]
    received = instants(table["received_ms"], 0)
    rows = np.flatnonzero((received >= given.from_ms) & (received < given.to_ms))
    received = received[rows]
    replied, closed = (instants(table[name], _NEVER)[rows] for name in ("first_reply_ms", "closed_ms"))
    reply_s, close_s = (
        law.number(f"house.sla.{name}", given.from_ms) for name in ("first_reply_s", "closing_s")
    )
    end_ms = max(given.heard_to_ms, int(received.max(initial=0)))
    # Who closed a complaint in time has answered in time, whether or not anybody wrote it down.
    unsaid = (replied == _NEVER) & (closed != _NEVER)
    known_by = np.minimum(np.where(unsaid, closed, replied), end_ms)
    took_reply_s = np.maximum(0, known_by - received) / MS_PER_S
    took_close_s = np.maximum(0, np.minimum(closed, end_ms) - received) / MS_PER_S
    late = took_reply_s > reply_s
    names, company = np.unique(_companies(given, rows).astype(str), return_inverse=True)

    def count(which: npt.NDArray[np.bool_]) -> Int64s:
        return np.bincount(company[which], minlength=names.size).astype(np.int64)

    def longest(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        most = np.zeros(names.size)
        np.maximum.at(most, company, values)
        return most

    subject = np.array([f"{name}@{given.from_ms}" for name in names], dtype=object)
    nobody: Texts = np.full(names.size, "", dtype=object)
    months = period_rows(subject, names.astype(object), nobody, given.from_ms, given.to_ms)
    return months.but(
        {
            "missing": np.where(names == "", "complaints.vehicle_id", "").astype(object),
            "complaints": count(np.ones(rows.size, dtype=bool)),
            "reply_late": count(late & ~unsaid),
            "reply_unsaid": count(late & unsaid),
            "reply_longest_s": longest(np.where(unsaid, 0.0, took_reply_s)),
            "close_late": count(took_close_s > close_s),
            "close_longest_s": longest(took_close_s),
            "still_open": count(closed > end_ms),
            "reopened": count(_reopened(words(table["trip_id"])[rows], received, closed)),
        }
    )


def _companies(given: Given, rows: Int64s) -> Texts:
    table = given.tables["complaints"]
    of_car, of_driver = (
        dict(zip(words(given.tables[kind][key]), words(given.tables[kind]["company_id"]), strict=True))
        for kind, key in (("vehicles", "vehicle_id"), ("drivers", "driver_id"))
    )
    by_car = looked_up(words(table["vehicle_id"])[rows], lambda name: of_car.get(name, ""), object)
    by_driver = looked_up(words(table["driver_id"])[rows], lambda name: of_driver.get(name, ""), object)
    return np.where(by_car != "", by_car, by_driver).astype(object)


def _reopened(trip_id: Texts, received: Int64s, closed: Int64s) -> npt.NDArray[np.bool_]:
    """Complaints of a trip about which an earlier one had been closed when they came in."""
    again = np.zeros(trip_id.size, dtype=bool)
    first_closed: dict[str, int] = {}
    for row in np.argsort(received, kind="stable"):
        name = str(trip_id[row])
        if name:
            again[row] = first_closed.get(name, _NEVER) <= received[row]
            first_closed[name] = min(first_closed.get(name, _NEVER), int(closed[row]))
    return again
