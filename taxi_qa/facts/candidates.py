"""From a vague complaint the trips it may mean, each with what speaks for it and what against it.

Nothing here accuses: a driver whose car was elsewhere is cleared as plainly as another is pointed at.
"""

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import shapely

from taxi_qa.facts.given import Given, instants, numbers, positions_of, words
from taxi_qa.facts.spans import rows_inside
from taxi_qa.facts.unit import company_of
from taxi_qa.facts.who import NOBODY, candidate_at, signed_in
from taxi_qa.law.parameter import Law
from taxi_qa.values.clock import MS_PER_S
from taxi_qa.values.columns import Columns, Texts
from taxi_qa.values.place import metres_per_degree

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Clue = Literal["time", "place", "plate", "fare", "passengers", "direction", "duty"]

# A place and a plate tell cars apart better than a price many trips have.
_WEIGHTS: Final[dict[Clue, int]] = {
    "time": 1, "place": 2, "plate": 2, "fare": 1, "passengers": 1, "direction": 1, "duty": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What a complaint tells.

    Attributes:
        from_ms, to_ms: it happened between these.
        place: in lon/lat: a point, or an area.
        plate: a part of the plate, in capitals; "" if not told.
        fare_fen, passengers, heading_deg: None if not told.
    """

    from_ms: int
    to_ms: int
    place: shapely.Geometry | None = None
    plate: str = ""
    fare_fen: int | None = None
    passengers: int | None = None
    heading_deg: float | None = None


@dataclass(frozen=True)
class Said:
    """One clue about one candidate.

    Attributes:
        clue: which.
        speaks: 1 for it, -1 against it, 0 where the records do not say.
        zh, en: what was found.
    """

    clue: Clue
    speaks: int
    zh: str
    en: str


@dataclass(frozen=True)
class Candidate:
    """A trip the complaint may mean, or a car whose plate fits and that had no trip then (`trip_id` "")."""

    vehicle_id: str
    company_id: str
    trip_id: str
    boarded_ms: int | None
    alighted_ms: int | None
    fare_fen: int | None
    said: tuple[Said, ...]

    @property
    def score(self) -> int:
        """The clues for it less those against it, the telling ones twice."""
        return sum(one.speaks * _WEIGHTS[one.clue] for one in self.said)


def candidates(given: Given, law: Law, wanted: Wanted) -> list[Candidate]:
    """The trips around the time told, and the cars whose plates fit, best first.

    Args:
        given: the records of the time; positions of the cars, where any were sent.
        law: for the house's tolerances.
        wanted: what the complaint tells.
    """
    around_ms = int(_house(law, wanted, "around_s")) * MS_PER_S
    table = given.tables["trips"]
    boarded, alighted = instants(table["boarded_ms"], 0), instants(table["alighted_ms"], 0)
    rows = np.flatnonzero((boarded <= wanted.to_ms + around_ms) & (alighted >= wanted.from_ms - around_ms))
    trips = table.iloc[rows].reset_index(drop=True)
    cars = words(trips["vehicle_id"])
    idle = np.array(
        sorted({name for name in given.vehicles() if wanted.plate and _fits(wanted.plate, name)} - set(cars)),
        dtype=object,
    )
    names: Texts = np.concatenate((cars, idle)).astype(object)
    begin = np.concatenate((boarded[rows], np.full(idle.size, wanted.from_ms, dtype=np.int64)))
    end = np.concatenate((alighted[rows], np.full(idle.size, wanted.to_ms, dtype=np.int64)))
    near_m = _near_m(
        given,
        wanted,
        names,
        np.maximum(begin, wanted.from_ms - around_ms),
        np.minimum(end, wanted.to_ms + around_ms),
    )
    paid = numbers(trips["paid_fen"])
    due = numbers(trips["fare_fen"]) + sum(
        np.nan_to_num(numbers(trips[name])) for name in ("surcharge_fen", "tolls_fen")
    )
    passengers, bearing = (
        numbers(trips["passengers"]),
        _bearing_deg(Columns({name: numbers(trips[name]) for name in _ENDS})),
    )
    on_duty = _on_duty(given, names, np.clip(begin, wanted.from_ms, wanted.to_ms))
    company = company_of(given, names)
    ids = words(trips["trip_id"])
    found = []
    for at, name in enumerate(names):
        is_trip = at < len(trips)
        said = [
            _time(wanted, int(begin[at]), int(end[at])) if is_trip else _no_trip(),
            _place(law, wanted, near_m[at]),
            _plate(wanted, str(name)),
            _duty(on_duty[at]),
        ]
        if is_trip:
            said += [
                _fare(law, wanted, paid[at], due[at]),
                _count(wanted, passengers[at]),
                _direction(law, wanted, bearing[at]),
            ]
        found.append(
            Candidate(
                str(name),
                str(company[at]),
                str(ids[at]) if is_trip else "",
                int(begin[at]) if is_trip else None,
                int(end[at]) if is_trip else None,
                int(due[at]) if is_trip and not np.isnan(due[at]) else None,
                tuple(one for one in said if one is not None),
            )
        )
    nearest = dict(zip(((one.vehicle_id, one.trip_id) for one in found), near_m.tolist(), strict=True))
    return sorted(
        found,
        key=lambda one: (
            -one.score,
            np.nan_to_num(nearest[one.vehicle_id, one.trip_id], nan=1e9),
            one.vehicle_id,
            one.trip_id,
        ),
    )


_ENDS: Final = ("boarded_lon", "boarded_lat", "alighted_lon", "alighted_lat")


def _house(law: Law, wanted: Wanted, name: str) -> float:
    return law.number(f"house.complaint.{name}", wanted.from_ms)


def _fits(part: str, plate: str) -> bool:
    return part in plate.upper()


def _near_m(given: Given, wanted: Wanted, names: Texts, from_ms: Int64s, to_ms: Int64s) -> Floats:
    """How near the line of each car came to the place in each span (m), NaN where it is not known."""
    near = np.full(names.size, np.nan)
    if wanted.place is None:
        return near
    track = given.track
    first, past = rows_inside(track, positions_of(track.vehicle_ids, names), from_ms, to_ms)
    middle = shapely.Point(shapely.get_coordinates(shapely.centroid(wanted.place))[0])
    per_lon, per_lat = metres_per_degree(middle.y)
    scale = np.array([per_lon, per_lat])
    place = shapely.transform(wanted.place, lambda corners: (corners - [middle.x, middle.y]) * scale)
    for at in np.flatnonzero(past > first):
        line = slice(first[at], past[at])
        x = (track.lon_e7[line] * 1e-7 - middle.x) * per_lon
        y = (track.lat_e7[line] * 1e-7 - middle.y) * per_lat
        driven = shapely.LineString(np.column_stack((x, y))) if x.size > 1 else shapely.Point(x[0], y[0])
        near[at] = float(shapely.distance(place, driven))
    return near


def _bearing_deg(ends: Columns) -> Floats:
    """From begin to end, clockwise from north."""
    per_lon, per_lat = metres_per_degree(
        float(np.nan_to_num(np.nanmedian(ends["boarded_lat"])))
        if len(ends) and not np.isnan(ends["boarded_lat"]).all()
        else 0.0
    )
    east = (ends["alighted_lon"] - ends["boarded_lon"]) * per_lon
    north = (ends["alighted_lat"] - ends["boarded_lat"]) * per_lat
    bearing: Floats = np.degrees(np.arctan2(east, north)) % 360.0
    return bearing


def _on_duty(given: Given, names: Texts, moments: Int64s) -> Floats:
    """1 somebody was signed in, 0 nobody, NaN where the car has no sign-ins around."""
    known = given.once("sign_ins", signed_in)
    which, covered = candidate_at(known, names, moments)
    has = positions_of(known.vehicle_ids, names) >= 0
    return np.where(has, (covered | (which != NOBODY)).astype(np.float64), np.nan)


def _minutes(ms: int) -> int:
    return -(-ms // (60 * MS_PER_S))


def _time(wanted: Wanted, begin: int, end: int) -> Said:
    gap = max(0, begin - wanted.to_ms, wanted.from_ms - end)
    if gap == 0:
        return Said("time", 1, "时间吻合", "under way in the time told")
    late = begin > wanted.to_ms
    return Said(
        "time",
        -1,
        f"{'晚' if late else '早'} {_minutes(gap)} 分钟",
        f"{_minutes(gap)} min {'later' if late else 'earlier'}",
    )


def _no_trip() -> Said:
    return Said("time", -1, "该时段无营运记录", "no trip in that time")


def _place(law: Law, wanted: Wanted, near_m: float) -> Said | None:
    if wanted.place is None:
        return None
    if np.isnan(near_m):
        return Said("place", 0, "该时段无定位", "no positions in that time")
    shown = f"{near_m / 1000:.1f} km" if near_m >= 1000 else f"{near_m:.0f} m"  # noqa: PLR2004 - a kilometre
    if near_m <= _house(law, wanted, "near_m"):
        return Said("place", 1, f"距该地点最近 {shown}", f"came within {shown} of the place")
    speaks = -1 if near_m > _house(law, wanted, "far_m") else 0
    return Said("place", speaks, f"距该地点最近仍有 {shown}", f"never nearer than {shown} to the place")


def _plate(wanted: Wanted, plate: str) -> Said | None:
    if not wanted.plate:
        return None
    if _fits(wanted.plate, plate):
        return Said("plate", 1, f"车牌含 {wanted.plate}", f"the plate holds {wanted.plate}")
    blocks = SequenceMatcher(None, wanted.plate, plate.upper(), autojunk=False).get_matching_blocks()
    alike = sum(block.size for block in blocks)
    total = len(wanted.plate)
    # One sign misread or told wrong is common.
    speaks = 0 if total > 1 and alike >= total - 1 else -1
    return Said(
        "plate", speaks, f"车牌 {total} 位中 {alike} 位相符", f"{alike} of {total} signs of the plate fit"
    )


def _fare(law: Law, wanted: Wanted, paid: float, due: float) -> Said | None:
    if wanted.fare_fen is None:
        return None
    off = np.nanmin([abs(paid - wanted.fare_fen), abs(due - wanted.fare_fen), np.inf])
    if np.isinf(off):
        return Said("fare", 0, "车费未记录", "no fare on record")
    shown = f"{off / 100:.2f}"
    if off <= _house(law, wanted, "fare_fen"):
        return Said("fare", 1, f"车费相差 {shown} 元", f"the fare is {shown} yuan off")
    speaks = -1 if off > _house(law, wanted, "fare_share") * wanted.fare_fen else 0
    return Said("fare", speaks, f"车费相差 {shown} 元", f"the fare is {shown} yuan off")


def _count(wanted: Wanted, passengers: float) -> Said | None:
    if wanted.passengers is None:
        return None
    if np.isnan(passengers):
        return Said("passengers", 0, "乘客人数未记录", "no count of passengers")
    same = int(passengers) == wanted.passengers
    return Said(
        "passengers", 1 if same else -1, f"乘客 {int(passengers)} 人", f"{int(passengers)} passengers"
    )


def _direction(law: Law, wanted: Wanted, bearing: float) -> Said | None:
    if wanted.heading_deg is None:
        return None
    if np.isnan(bearing):
        return Said("direction", 0, "起讫点未记录", "no places of both ends")
    turn = abs((bearing - wanted.heading_deg + 180.0) % 360.0 - 180.0)
    speaks = 1 if turn <= _house(law, wanted, "turn_deg") else -1
    return Said("direction", speaks, f"方向相差 {turn:.0f} 度", f"the direction is {turn:.0f} degrees off")


def _duty(on_duty: float) -> Said:
    if np.isnan(on_duty):
        return Said("duty", 0, "无签到记录", "no sign-ins on record")
    return (
        Said("duty", 1, "当时在班", "on duty then")
        if on_duty
        else Said("duty", -1, "当时无人签到", "nobody signed in then")
    )
