"""Repair tickets as evidence: which stood open at a moment, and which were filed in time."""

from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.facts.given import Given, instants, words

Int64s = npt.NDArray[np.int64]

_NEVER = np.iinfo(np.int64).max
# Instead of the moment of a report that nobody made.
NOT_REPORTED: Final = -1


def open_tickets(
    given: Given, vehicle_id: npt.NDArray[np.object_], moments_ms: Int64s, devices: tuple[str, ...]
) -> npt.NDArray[np.object_]:
    """Ids, joined by `;`, of the car's tickets for these devices open at each moment; "" where none."""
    repairs = given.tables["repairs"]
    repairs = repairs[np.isin(words(repairs["device"]).astype(str), devices)]
    found = np.full(vehicle_id.size, "", dtype=object)
    tickets = zip(
        words(repairs["vehicle_id"]), words(repairs["ticket_id"]), instants(repairs["reported_ms"], 0),
        instants(repairs["repaired_ms"], _NEVER), strict=True,
    )  # fmt: skip
    for name, ticket, reported, repaired in tickets:
        for row in np.flatnonzero((vehicle_id == name) & (reported <= moments_ms) & (moments_ms < repaired)):
            found[row] = f"{found[row]};{ticket}".lstrip(";")
    return found


def reported_between(
    given: Given,
    vehicle_id: npt.NDArray[np.object_],
    from_ms: Int64s,
    to_ms: Int64s,
    devices: tuple[str, ...],
) -> npt.NDArray[np.int64]:
    """The first report for these devices open at or filed within each span (ms), `NOT_REPORTED` where none.

    A ticket that was already open when the span began counts as reported when it was filed.
    """
    repairs = given.tables["repairs"]
    repairs = repairs[np.isin(words(repairs["device"]).astype(str), devices)]
    first = np.full(vehicle_id.size, NOT_REPORTED, dtype=np.int64)
    tickets = zip(
        words(repairs["vehicle_id"]), instants(repairs["reported_ms"], 0),
        instants(repairs["repaired_ms"], _NEVER), strict=True,
    )  # fmt: skip
    for name, reported, repaired in tickets:
        hit = (vehicle_id == name) & (reported <= to_ms) & (repaired > from_ms)
        first = np.where(hit & ((first == NOT_REPORTED) | (reported < first)), reported, first)
    return first
