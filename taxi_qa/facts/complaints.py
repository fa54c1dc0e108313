"""Complaints: when it happened, on which trip, and who drove, as far as one person alone can be meant.

A complaint is judged on the day it happened; one that tells no time, or of a time long past, on the day it
came in. Who decides complaints decides what counts: facts only say what the desk decided.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.facts.given import Given, instants, looked_up, numbers, words
from taxi_qa.facts.unit import UNIT_COLUMNS, company_of, unit_rows
from taxi_qa.facts.who import SEVERAL, candidate_at, named, signed_in
from taxi_qa.law.parameter import Law
from taxi_qa.values.clock import MS_PER_DAY, MS_PER_MIN
from taxi_qa.values.columns import Columns, Texts, Values, stacked_columns

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Told later than this after it happened, a complaint is judged on the day it came in.
TOLD_LATE_MS: Final = 90 * MS_PER_DAY
# A passenger's clock: the trip he means began or ended within so long of the moment he tells.
_AROUND_MS: Final = 10 * MS_PER_MIN
_NOT_TOLD: Final = -1

# What the complaint rules read of the larger kinds: kind -> columns.
COMPLAINTS_READ: Final[dict[str, tuple[str, ...]]] = {
    "complaints": (
        "complaint_id", "received_ms", "category", "happened_ms", "vehicle_id", "driver_id", "trip_id",
        "first_reply_ms", "closed_ms", "outcome", "cooperated",
    ),
    "trips": ("trip_id", "vehicle_id", "driver_id", "boarded_ms", "alighted_ms", "receipt_printed"),
    "shifts": ("vehicle_id", "driver_id", "start_ms", "end_ms"),
    "vehicles": ("vehicle_id", "company_id"),
    "drivers": ("driver_id", "company_id"),
}  # fmt: skip

# What rows of complaints carry beside the unit's columns; acts seen by machines carry them empty.
COMPLAINT_COLUMNS: Final = ("complaint_id", "category", "outcome", "window_from_ms", "window_to_ms")


def act_ms(received_ms: Int64s, happened_ms: Int64s) -> Int64s:
    """The moment whose day a complaint is judged on.

    Args:
        received_ms: when it came in.
        happened_ms: when it is said to have happened, negative where that was not told.
    """
    believed = (happened_ms >= 0) & (happened_ms <= received_ms) & (received_ms - happened_ms <= TOLD_LATE_MS)
    return np.where(believed, happened_ms, received_ms)


def complaints(given: Given, law: Law, categories: Sequence[str] = ()) -> Columns:  # noqa: ARG001 - every unit is asked alike
    """The complaints that are judged within the span.

    Args:
        given: the records of the whole city.
        law: not read.
        categories: only these; all if empty.

    Returns:
        Unit columns (dated by when it happened, else when it came in; the trip's ends where it is known),
        `COMPLAINT_COLUMNS` (window_from_ms, window_to_ms: the window the act lies in),
        cooperated (1, 0, NaN unknown), receipt_printed (of the trip: 1, 0, NaN unknown).
    """
    told = given.once("complaints", _complaints)
    if not categories:
        return told
    return told.cut(np.isin(told["category"].astype(str), categories))


def _complaints(given: Given) -> Columns:
    table = given.tables["complaints"]
    received, happened = instants(table["received_ms"], 0), instants(table["happened_ms"], _NOT_TOLD)
    judged = act_ms(received, happened)
    rows = np.flatnonzero((judged >= given.from_ms) & (judged < given.to_ms))
    texts = {
        name: words(table[name])[rows]
        for name in ("complaint_id", "category", "outcome", "vehicle_id", "driver_id", "trip_id")
    }
    rows = rows[np.argsort(texts["complaint_id"].astype(str), kind="stable")]
    texts = {name: words(table[name])[rows] for name in texts}
    happened, received = happened[rows], received[rows]
    begin = np.where(happened != _NOT_TOLD, happened, received)
    trip = _trip_of(given, texts, happened)
    known = trip >= 0
    trips = given.tables["trips"]
    empty = np.full(rows.size, "", dtype=object)

    def of_trip(column: str) -> Texts:
        return np.where(known, words(trips[column])[trip], "").astype(object) if len(trips) else empty

    boarded, alighted = (
        np.where(known, instants(trips[name], 0)[trip], begin) if len(trips) else begin
        for name in ("boarded_ms", "alighted_ms")
    )
    vehicle_id = np.where(texts["vehicle_id"] != "", texts["vehicle_id"], of_trip("vehicle_id")).astype(
        object
    )
    timed = known | (happened != _NOT_TOLD)
    driver_id = _driver_of(
        given, texts, vehicle_id, of_trip("driver_id"), np.where(known, boarded, begin), timed
    )
    other_car = known & (vehicle_id != of_trip("vehicle_id"))
    driver_id[other_car] = ""
    untimed = np.where(known & (happened == _NOT_TOLD), boarded, begin)
    printed = numbers(trips["receipt_printed"])[trip] if len(trips) else np.full(rows.size, np.nan)
    return unit_rows(
        given,
        {
            "subject": texts["complaint_id"],
            "vehicle_id": vehicle_id,
            "driver_id": driver_id,
            "company_id": _company_of(given, vehicle_id, driver_id),
            "trip_id": np.where(texts["trip_id"] != "", texts["trip_id"], of_trip("trip_id")).astype(object),
            "start_ms": untimed,
            "end_ms": np.maximum(untimed, np.where(known, alighted, untimed)),
            "complaint_id": texts["complaint_id"],
            "category": texts["category"],
            "outcome": np.where(texts["outcome"] == "", "open", texts["outcome"]).astype(object),
            "window_from_ms": np.where(known, np.minimum(boarded, untimed), untimed),
            "window_to_ms": np.where(known, np.maximum(alighted, untimed), untimed),
            "cooperated": numbers(table["cooperated"])[rows],
            "receipt_printed": np.where(known, printed, np.nan),
        },
    )


def _trip_of(given: Given, texts: dict[str, Texts], happened: Int64s) -> Int64s:
    """The row of the trip each complaint means: by its id, else the only one of its car around the moment."""
    trips = given.tables["trips"]
    number = {name: at for at, name in enumerate(words(trips["trip_id"]))}
    trip = looked_up(texts["trip_id"], lambda name: number.get(name, -1), np.int64)
    cars = words(trips["vehicle_id"])
    asked = np.flatnonzero((texts["trip_id"] == "") & (texts["vehicle_id"] != "") & (happened != _NOT_TOLD))
    if not asked.size or not len(trips):
        return trip
    boarded, alighted = instants(trips["boarded_ms"], 0), instants(trips["alighted_ms"], 0)
    for row in asked:
        moment = happened[row]
        near = np.flatnonzero(
            (cars == texts["vehicle_id"][row])
            & (boarded <= moment + _AROUND_MS)
            & (moment <= alighted + _AROUND_MS)
        )
        within = near[(boarded[near] <= moment) & (moment <= alighted[near])]
        near = within if within.size else near
        trip[row] = near[0] if near.size == 1 else -1
    return trip


def _driver_of(
    given: Given, texts: dict[str, Texts], vehicle_id: Texts, of_trip: Texts, moment: Int64s, timed: Bools
) -> Texts:
    """Whom records and complaint name alike; "" where they contradict each other or name several."""
    known = given.once("sign_ins", signed_in)
    which, _ = candidate_at(known, vehicle_id, moment)
    by_shift = np.where(timed & (vehicle_id != ""), named(known, which), "")
    recorded = np.where(of_trip != "", of_trip, by_shift)
    told = texts["driver_id"]
    driver = np.where(recorded == "", told, np.where((told == "") | (told == recorded), recorded, ""))
    # Two people signed in: only a name can tell them apart, and only a trip's own is a record's.
    several = timed & (vehicle_id != "") & (which == SEVERAL) & (of_trip == "")
    return np.where(several, "", driver).astype(object)


def _company_of(given: Given, vehicle_id: Texts, driver_id: Texts) -> Texts:
    """By the car, else by the driver, "" where neither is known."""
    register = given.tables["drivers"]
    of_driver = dict(zip(words(register["driver_id"]), words(register["company_id"]), strict=True))
    by_car = company_of(given, vehicle_id)
    by_driver = looked_up(driver_id, lambda name: of_driver.get(name, ""), object)
    return np.where(by_car != "", by_car, by_driver).astype(object)


def with_acts(acts: Columns, said: Columns) -> Columns:
    """Acts a machine saw and complaints about such acts as rows of one unit; what only one has is empty."""
    return stacked_columns([_filled(acts, said), _filled(said, acts)])


def _filled(rows: Columns, like: Columns) -> Columns:
    columns: dict[str, Values] = {}
    for name in sorted({*rows, *like}):
        columns[name] = rows[name] if name in rows else _nothing(like[name], len(rows))
    return Columns(columns)


def _nothing(like: Values, count: int) -> Values:
    if like.dtype == object:
        return np.full(count, "", dtype=object)
    if like.dtype.kind == "f":
        return np.full(count, np.nan)
    return np.zeros(count, dtype=like.dtype)


def seen_by_machine(rows: Columns) -> Columns:
    """Acts a machine saw, in units whose rows may be complaints, too."""
    nothing = np.full(len(rows), "", dtype=object)
    texts = dict.fromkeys(("complaint_id", "category", "outcome"), nothing)
    window = {"window_from_ms": rows["start_ms"], "window_to_ms": rows["end_ms"]}
    return rows.but({**texts, **window})


def told_by_people(
    given: Given, law: Law, category: str, unseen: Mapping[str, float | bool | str]
) -> Columns:
    """Complaints of one category, in units whose rows may be acts a machine saw, too.

    Args:
        given: the records of the whole city.
        law: of the place.
        category: of the complaints.
        unseen: what a complaint says in the columns of what machines see.
    """
    said = complaints(given, law, (category,))
    rows = {
        name: np.full(len(said), value, dtype=object if isinstance(value, str) else None)
        for name, value in unseen.items()
    }
    return Columns(said.some(*UNIT_COLUMNS, *COMPLAINT_COLUMNS) | rows)
