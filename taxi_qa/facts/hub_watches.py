"""Drivers away from their cars in a hub's queue, by the camera; queueing and soliciting, by inspectors."""

from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.facts.documents import inspected
from taxi_qa.facts.given import Given, instants, looked_up, numbers, words
from taxi_qa.facts.hub_turns import QUEUED_S, hub_turns
from taxi_qa.facts.unit import UNIT_COLUMNS, unit_rows
from taxi_qa.facts.watching import unwatched
from taxi_qa.law.parameter import Law
from taxi_qa.values.clock import MS_PER_MIN
from taxi_qa.values.columns import Columns, Texts, Values, stacked_columns

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

ITEMS: Final = ("no_soliciting", "queue_order")
# Reports of one absence less than this apart are one.
MERGE_MS: Final = MS_PER_MIN
# Before passengers get in, drivers get out for their luggage.
LUGGAGE_MS: Final = 2 * MS_PER_MIN


def hub_watches(given: Given, law: Law) -> Columns:  # noqa: ARG001 - every unit is asked alike
    """Turns in a queue with the driver's longest absence, and inspections of queueing and soliciting.

    Returns:
        Unit columns and kind (queue, inspection), hub, absent_s (longest without the two minutes before
        passengers got in), reports (of that absence), confidence (their highest), items (that failed, joined
        by `;`), inspection_id.
    """
    return stacked_columns([_queues(given), _inspections(given)])


def _queues(given: Given) -> Columns:
    turns = hub_turns(given)
    if turns is None:
        return _rows(given, {"subject": np.zeros(0, dtype=object)}, 0)
    began = (turns["start_ms"] >= given.from_ms) & (turns["start_ms"] < given.to_ms)
    turns = turns.cut(began & (turns["stood_s"] >= QUEUED_S))
    absent_s, reports, confidence, missing, begin = _absences(given, turns)
    n = len(turns)
    return _rows(
        given,
        {
            **turns.some(*UNIT_COLUMNS),
            "missing": np.where(reports > 0, "", missing).astype(object),
            "start_ms": np.where(reports > 0, begin, turns["start_ms"]),
            "kind": np.full(n, "queue", dtype=object),
            "hub": turns["hub"],
            "absent_s": absent_s,
            "reports": reports,
            "confidence": confidence,
        },
        n,
    )


def _absences(given: Given, turns: Columns) -> tuple[Floats, Int64s, Floats, Texts, Int64s]:
    """The longest absence of each turn: seconds, reports, confidence, when it began; and what is missing."""
    events = given.tables["events"]
    kind = words(events["kind"])
    seen = events[kind == "driver_absent"]
    car, at = words(seen["vehicle_id"]), instants(seen["time_ms"], 0)
    lasted = np.nan_to_num(numbers(seen["duration_s"])) * 1000
    sure = numbers(seen["confidence"])
    n = len(turns)
    absent_s, reports, confidence = np.zeros(n), np.zeros(n, dtype=np.int64), np.full(n, np.nan)
    begin = turns["start_ms"].copy()
    until = turns["end_ms"] - np.where(turns["ended"] == "empty", 0, LUGGAGE_MS)
    for row in range(n):
        mine = (car == turns["vehicle_id"][row]) & (at < until[row]) & (at + lasted >= turns["start_ms"][row])
        if not mine.any():
            continue
        order = np.flatnonzero(mine)[np.lexsort((lasted[mine], at[mine]))]
        from_ms = np.maximum(at[order], turns["start_ms"][row])
        to_ms = np.minimum(at[order] + lasted[order], until[row]).astype(np.int64)
        reached = np.maximum.accumulate(to_ms)
        first = np.flatnonzero(np.append(True, from_ms[1:] - reached[:-1] >= MERGE_MS))
        last = np.append(first[1:], order.size) - 1
        lengths = np.maximum(0, reached[last] - from_ms[first])
        longest = int(np.argmax(lengths))
        absent_s[row], reports[row] = lengths[longest] / 1000.0, last[longest] - first[longest] + 1
        of_it = sure[order[first[longest] : last[longest] + 1]]
        confidence[row] = np.nan if np.isnan(of_it).all() else np.nanmax(of_it)
        begin[row] = from_ms[first[longest]]
    missing = unwatched(given, turns["vehicle_id"], turns["start_ms"], turns["end_ms"])
    return absent_s, reports, confidence, missing, begin


def _inspections(given: Given) -> Columns:
    """One row an inspection that looked at queueing or soliciting, whatever else it looked at."""
    both = stacked_columns([inspected(given, item) for item in ITEMS])
    item = np.repeat(np.array(ITEMS, dtype=object), [len(inspected(given, one)) for one in ITEMS])
    order = np.lexsort((item.astype(str), both["inspection_id"].astype(str)))
    both, item = both.cut(order), item[order]
    names, first = np.unique(both["inspection_id"].astype(str), return_index=True)
    failed = [";".join(item[(both["inspection_id"] == name) & (both["result"] == "fail")]) for name in names]
    told = [bool((both["result"][both["inspection_id"] == name] != "").any()) for name in names]
    n = names.size
    rows = both.cut(first)
    return _rows(
        given,
        {
            **rows.some(*UNIT_COLUMNS),
            "missing": np.where(np.array(told, dtype=bool), "", "inspections.items").astype(object),
            "kind": np.full(n, "inspection", dtype=object),
            "inspection_id": rows["inspection_id"],
            "items": np.array(failed, dtype=object).reshape(n),
        },
        n,
    )


def _rows(given: Given, told: dict[str, Values], n: int) -> Columns:
    nothing = np.full(n, "", dtype=object)
    empty: dict[str, Values] = {
        "vehicle_id": nothing,
        "start_ms": np.zeros(n, dtype=np.int64),
        "end_ms": np.zeros(n, dtype=np.int64),
        "kind": nothing,
        "hub": nothing,
        "absent_s": np.zeros(n),
        "reports": np.zeros(n, dtype=np.int64),
        "confidence": np.full(n, np.nan),
        "items": nothing,
        "inspection_id": nothing,
    }
    rows = unit_rows(given, {**empty, **told})
    return Columns(rows.some(*UNIT_COLUMNS, *(name for name in empty if name not in UNIT_COLUMNS)))


# kind -> the columns read of it
COOPERATION_READ: Final[dict[str, tuple[str, ...]]] = {
    "inspections": ("inspection_id", "at_ms", "vehicle_id", "driver_id", "items"),
    "records": ("record_id", "at_ms", "driver_id", "kind", "document_no"),
    "shifts": ("vehicle_id", "driver_id", "start_ms", "end_ms"),
    "vehicles": ("vehicle_id", "company_id"),
    "drivers": ("driver_id", "company_id"),
}


def cooperation(given: Given, law: Law) -> Columns:  # noqa: ARG001 - every unit is asked alike
    """Inspections that say whether the driver cooperated, and records that he refused one.

    A record of a driver on the day of an inspection he is said to have refused is that inspection's.

    Returns:
        Unit columns, `result` (pass, fail), `kind` (inspection, record), `document_no`, `inspection_id`.
    """
    seen = inspected(given, "cooperated")
    records = given.tables["records"]
    at = instants(records["at_ms"], 0)
    mine = (words(records["kind"]) == "inspection_refused") & (at >= given.from_ms) & (at < given.to_ms)
    records, at = records[mine], at[mine]
    drivers, numbers_ = words(records["driver_id"]), words(records["document_no"])
    failed = seen["result"] == "fail"
    same = np.array([bool((failed & (seen["driver_id"] == one)).any()) for one in drivers], dtype=bool)
    # All of them: the ledger tells by these numbers that they and the inspection are one act.
    document: dict[str, str] = {}
    for one, number in sorted(zip(drivers[same].tolist(), numbers_[same].tolist(), strict=True)):
        document[one] = ";".join(filter(None, (document.get(one), number)))
    n = len(seen)
    by_inspection = seen.but(
        {
            "kind": np.full(n, "inspection", dtype=object),
            "missing": np.where(seen["result"] == "", "inspections.cooperated", "").astype(object),
            "document_no": np.array(
                [
                    document.get(one, "") if bad else ""
                    for one, bad in zip(seen["driver_id"], failed, strict=True)
                ],
                dtype=object,
            ).reshape(n),
        }
    )
    register = given.tables["drivers"]
    company = dict(zip(words(register["driver_id"]), words(register["company_id"]), strict=True))
    drivers = drivers[~same]
    n = drivers.size
    by_record = unit_rows(
        given,
        {
            "subject": words(records["record_id"])[~same],
            "vehicle_id": np.full(n, "", dtype=object),
            "driver_id": drivers,
            "company_id": looked_up(drivers, lambda one: company.get(one, ""), object),
            "start_ms": at[~same],
            "end_ms": at[~same],
            "inspection_id": np.full(n, "", dtype=object),
            "result": np.full(n, "fail", dtype=object),
            "kind": np.full(n, "record", dtype=object),
            "document_no": numbers_[~same],
        },
    )
    return stacked_columns([by_inspection, Columns(by_record.some(*by_inspection))])
