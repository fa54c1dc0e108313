"""Where a trip ended and another taxi came in: changes of car on the way, and passengers left behind."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.facts.complaints import COMPLAINTS_READ, seen_by_machine, told_by_people
from taxi_qa.facts.given import Given, instants, numbers, sent_on, words
from taxi_qa.facts.near import near_pairs
from taxi_qa.facts.tickets import NOT_REPORTED, reported_between
from taxi_qa.facts.unit import unit_rows
from taxi_qa.facts.who import driver_at, signed_in
from taxi_qa.law.parameter import Law
from taxi_qa.values.clock import MS_PER_H, MS_PER_MIN, MS_PER_S, city_day
from taxi_qa.values.columns import Columns, Values, stacked_columns
from taxi_qa.values.place import DATUMS, metres_per_degree_at, to_wgs84

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# A breakdown is reported when the hand is free: from an hour before to two after.
_TICKET_BEFORE_MS: Final = MS_PER_H
_TICKET_AFTER_MS: Final = 2 * MS_PER_H
_BUSY_MS: Final = 30 * MS_PER_MIN

# kind -> the columns read of it
CHANGES_READ: Final[dict[str, tuple[str, ...]]] = {
    **COMPLAINTS_READ,
    "trips": (
        *COMPLAINTS_READ["trips"], "passengers", "order_id", "datum", "boarded_lon", "boarded_lat",
        "alighted_lon", "alighted_lat",
    ),
    "orders": ("order_id", "vehicle_id", "accepted_ms", "pickup_due_ms", "pickup_lon", "pickup_lat"),
    "repairs": ("ticket_id", "vehicle_id", "device", "reported_ms", "repaired_ms"),
}  # fmt: skip
_UNSEEN: Final[Mapping[str, float | bool | str]] = {
    "partner": "", "partner_trip": "", "gap_s": np.nan, "apart_m": np.nan, "turn_deg": np.nan,
    "same_count": False, "count_known": True, "booked": False, "neighbours": 0.0, "broke_down": False,
    "called": "", "called_after_s": np.nan, "drops_near": 0.0, "drops": 0.0,
}  # fmt: skip


def transfers(given: Given, law: Law) -> Columns:
    """Trips that ended in the span, each with the trip of another taxi that began there next.

    Returns:
        Unit columns (at the end of the trip), those of complaints, and: partner, partner_trip (the other
        car and trip, "" where none began in time and place), gap_s, apart_m, turn_deg (between the lines
        from begin to end of both), same_count, count_known (of passengers), booked (the second car came
        to an order), neighbours (other trips that began or ended there within half an hour), drops_near and
        drops (as `abandonments` has them, where there are few neighbours), broke_down; what else
        `abandonments` tells is empty. Complaints of transfers are rows, too.
    """
    ends = _ends(given)
    trips = given.once("placed_trips", _placed)
    metres, seconds = (
        law.number(f"house.service.{name}", given.from_ms) for name in ("transfer_m", "transfer_s")
    )
    rows, other = near_pairs(
        (ends["x"], ends["y"], ends["end_ms"]), (trips["x"], trips["y"], trips["boarded_ms"]), metres,
        # A meter of whole minutes cuts up to a minute off the second trip's begin.
        (-MS_PER_MIN, int(seconds * MS_PER_S)),
    )  # fmt: skip
    fits = ends["vehicle_id"][rows] != trips["vehicle_id"][other]
    rows, other = rows[fits], other[fits]
    turn = _turn_deg(ends["bearing"][rows], trips["bearing"][other])
    gap = np.maximum(0, trips["boarded_ms"][other] - ends["end_ms"][rows])
    apart = np.hypot(trips["x"][other] - ends["x"][rows], trips["y"][other] - ends["y"][rows])
    # Of several the one that goes on straightest; then the soonest.
    order = np.lexsort((trips["trip_id"][other].astype(str), gap, np.nan_to_num(turn, nan=360.0), rows))
    rows, other, turn, gap, apart = rows[order], other[order], turn[order], gap[order], apart[order]
    rows, first = np.unique(rows, return_index=True)
    other = other[first]
    seen = _unseen(len(ends))
    seen["partner"][rows], seen["partner_trip"][rows] = trips["vehicle_id"][other], trips["trip_id"][other]
    seen["gap_s"][rows], seen["apart_m"][rows] = gap[first] / 1000.0, apart[first]
    seen["turn_deg"][rows] = turn[first]
    mine, theirs = ends["passengers"][rows], trips["passengers"][other]
    seen["same_count"][rows] = mine == theirs
    seen["count_known"][rows] = ~(np.isnan(mine) | np.isnan(theirs))
    seen["booked"][rows] = trips["order_id"][other] != ""
    seen["neighbours"][rows] = _neighbours(ends, trips, rows, other, metres)
    seen["drops"][:] = 2.0 * len(trips)
    # Where many come and go within the half hour, nobody asks how many do in days.
    quiet = seen["neighbours"][rows] <= law.number("house.service.transfer_neighbours", given.from_ms)
    usual_m = law.number("house.service.usual_drop_m", given.from_ms)
    for row, partner in zip(rows[quiet], other[quiet], strict=True):
        pair = trips["trip_id"] == ends["trip_id"][row]
        pair[partner] = True
        seen["drops_near"][row] = _drops_near(ends, trips, row, usual_m, pair)
    seen["broke_down"] = _broke_down(given, ends)
    return stacked_columns([_rows(given, ends, seen), told_by_people(given, law, "transfer", _UNSEEN)])


def abandonments(given: Given, law: Law) -> Columns:
    """Trips that ended in the span, each with an order another taxi took at that place soon after.

    Returns:
        As `transfers`, with called (the order's id), called_after_s, drops_near (other trips of the days
        around that began or ended near), drops (all there are), broke_down; the rest is empty.
    """
    ends = _ends(given)
    trips = given.once("placed_trips", _placed)
    called_m, usual_m, called_s = (
        law.number(f"house.service.{name}", given.from_ms)
        for name in ("called_m", "usual_drop_m", "called_s")
    )
    table = given.tables["orders"]
    x, y = _metres(trips, numbers(table["pickup_lon"]), numbers(table["pickup_lat"]))
    accepted = instants(table["accepted_ms"], 0)
    rows, other = near_pairs(
        (ends["x"], ends["y"], ends["end_ms"]), (x, y, accepted), called_m, (1, int(called_s * MS_PER_S))
    )
    fits = ends["vehicle_id"][rows] != words(table["vehicle_id"])[other]
    rows, other = rows[fits], other[fits]
    order = np.lexsort((words(table["order_id"])[other].astype(str), accepted[other], rows))
    rows, first = np.unique(rows[order], return_index=True)
    other = other[order][first]
    seen = _unseen(len(ends))
    seen["called"][rows] = words(table["order_id"])[other]
    seen["called_after_s"][rows] = (accepted[other] - ends["end_ms"][rows]) / 1000.0
    seen["drops"][:] = 2.0 * len(trips)
    served = trips["order_id"]
    for row in rows:
        pair = (trips["trip_id"] == ends["trip_id"][row]) | (served == seen["called"][row])
        seen["drops_near"][row] = _drops_near(ends, trips, row, usual_m, pair)
    seen["broke_down"] = _broke_down(given, ends)
    sent = sent_on(given, "orders", city_day(ends["end_ms"], given.zone), 1)
    seen["missing"] = np.where(ends["missing"] != "", ends["missing"], np.where(sent, "", "orders")).astype(
        object
    )
    return stacked_columns([_rows(given, ends, seen), told_by_people(given, law, "abandonment", _UNSEEN)])


def _unseen(count: int) -> dict[str, Values]:
    return {
        name: np.full(count, value, dtype=object if isinstance(value, str) else None)
        for name, value in _UNSEEN.items()
    }


def _placed(given: Given) -> Columns:
    """All trips given with both ends in metres of one plane (NaN where no place was sent), sorted by id."""
    table = given.tables["trips"]
    table = table.iloc[np.argsort(words(table["trip_id"]).astype(str), kind="stable")]
    columns: dict[str, Values] = {
        name: words(table[name]) for name in ("trip_id", "vehicle_id", "driver_id", "order_id")
    }
    columns |= {name: instants(table[name], 0) for name in ("boarded_ms", "alighted_ms")}
    columns["passengers"] = numbers(table["passengers"])
    datum = words(table["datum"])
    for end in ("boarded", "alighted"):
        lon, lat = numbers(table[f"{end}_lon"]), numbers(table[f"{end}_lat"])
        for name in DATUMS[1:]:
            if (datum == name).any():
                true_lon, true_lat = to_wgs84(lon, lat, name)
                lon, lat = np.where(datum == name, true_lon, lon), np.where(datum == name, true_lat, lat)
        columns[f"{end}_lon"], columns[f"{end}_lat"] = lon, lat
    lat = columns["boarded_lat"][~np.isnan(columns["boarded_lat"])]
    columns["lat_0"] = np.full(len(table), float(np.median(lat)) if lat.size else 0.0)
    placed = Columns(columns)
    x, y = _metres(placed, placed["boarded_lon"], placed["boarded_lat"])
    end_x, end_y = _metres(placed, placed["alighted_lon"], placed["alighted_lat"])
    bearing = np.degrees(np.arctan2(end_x - x, end_y - y))
    return placed.but({"x": x, "y": y, "end_x": end_x, "end_y": end_y, "bearing": bearing})


def _metres(trips: Columns, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Places in metres of the plane of the trips: true near their middle latitude, to 0.1 % in a city."""
    middle = trips["lat_0"][:1] if len(trips) else np.zeros(1)
    per_lon, per_lat = metres_per_degree_at(middle)
    return np.asarray(lon * per_lon[0]), np.asarray(lat * per_lat[0])


def _ends(given: Given) -> Columns:
    """The trips that ended in the span, at their ends."""
    trips = given.once("placed_trips", _placed)
    ended = (trips["alighted_ms"] >= given.from_ms) & (trips["alighted_ms"] < given.to_ms)
    ends = trips.cut(ended)
    nowhere = np.isnan(ends["end_x"]) | np.isnan(ends["end_y"])
    return ends.but(
        {
            "x": ends["end_x"],
            "y": ends["end_y"],
            "end_ms": ends["alighted_ms"],
            "missing": np.where(nowhere, "trips.alighted_lon", "").astype(object),
        }
    )


def _rows(given: Given, ends: Columns, seen: Mapping[str, Values]) -> Columns:
    signed = driver_at(given.once("sign_ins", signed_in), ends["vehicle_id"], ends["boarded_ms"])
    own = ends["driver_id"]
    rows = unit_rows(
        given,
        {
            "subject": ends["trip_id"],
            "vehicle_id": ends["vehicle_id"],
            "driver_id": np.where(own != "", own, signed).astype(object),
            "trip_id": ends["trip_id"],
            "start_ms": ends["end_ms"],
            "end_ms": ends["end_ms"],
            "lon": ends["alighted_lon"],
            "lat": ends["alighted_lat"],
            "missing": ends["missing"],
            **seen,
        },
    )
    return seen_by_machine(rows)


def _neighbours(ends: Columns, trips: Columns, rows: Int64s, other: Int64s, metres: float) -> Floats:
    """How many other trips began or ended at the place of each change within half an hour."""
    here = (ends["x"][rows], ends["y"][rows], ends["end_ms"][rows])
    ids, partners = ends["trip_id"][rows], trips["trip_id"][other]
    count = np.zeros(rows.size)
    for end, moment in (("", "boarded_ms"), ("end_", "alighted_ms")):
        at, near = near_pairs(
            here, (trips[f"{end}x"], trips[f"{end}y"], trips[moment]), metres, (-_BUSY_MS, _BUSY_MS)
        )
        others = (trips["trip_id"][near] != ids[at]) & (trips["trip_id"][near] != partners[at])
        count += np.bincount(at[others], minlength=rows.size)
    return count


def _drops_near(ends: Columns, trips: Columns, row: int, usual_m: float, pair: Bools) -> float:
    """How many trips began or ended near the end of one, without the pair itself: it shows no custom."""
    near = np.zeros(len(trips))
    for end in ("", "end_"):
        near += np.hypot(trips[f"{end}x"] - ends["x"][row], trips[f"{end}y"] - ends["y"][row]) <= usual_m
    near[pair] = 0.0
    return float(near.sum())


def _turn_deg(before: Floats, after: Floats) -> Floats:
    """The angle between two bearings, 0 to 180 degrees."""
    turned: Floats = np.abs((after - before + 180.0) % 360.0 - 180.0)
    return turned


def _broke_down(given: Given, ends: Columns) -> Bools:
    moment = ends["end_ms"]
    reported = reported_between(
        given, ends["vehicle_id"], moment - _TICKET_BEFORE_MS, moment + _TICKET_AFTER_MS, ("vehicle", "meter")
    )
    return np.asarray(reported != NOT_REPORTED, dtype=bool)
