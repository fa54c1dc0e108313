"""The operator's table of speed limits: rows by way or by line, dated, by the hour, and the edges they mean.

A row names a way of the map by its OpenStreetMap id, and then means both of its directions; or it draws a
line along the road in the direction of travel, and means the edges that run along it that way. Where one
road lies on top of another a line cannot tell them apart: name the way.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.roads.codirectional import nearest_codirectional
from taxi_qa.roads.index import NO_EDGE, SegmentIndex
from taxi_qa.roads.network import Network
from taxi_qa.values.clock import MS_PER_DAY, clock_ms, day_from_text, day_of
from taxi_qa.values.place import E7, metres_per_degree_at

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# How a line of the operator's may lie beside the map's, and how it may be turned: two surveys of one road
# differ by its width; streets side by side are further apart than that.
LINE_REACH_M: Final = 20.0
LINE_TURN_DDEG: Final = 300
# An edge is meant where the line runs along at least half of it.
LINE_SHARE: Final = 0.5
HIGHEST_KMH: Final = 250

_STEP_M: Final = 5.0
_COLUMNS: Final = ("way_id", "line", "kmh", "from", "to", "hours", "name", "both_ways")
_POINT: Final = re.compile(r"^\s*(-?\d+(?:\.\d+)?)\s+(-?\d+(?:\.\d+)?)\s*$")
_WORDS: Final = {"": False, "0": False, "no": False, "false": False, "1": True, "yes": True, "true": True}


class BadLimitError(ValueError):
    """A row that says no limit, or not where or when; the message names the column."""


@dataclass(frozen=True)
class LimitRow:
    """One row of the table.

    Attributes:
        kmh: the limit; 0 means that nobody may drive there.
        way_id: OpenStreetMap's id of the way it is for, None where a line says it.
        line: places (lon, lat in degrees, WGS-84) in the direction of travel, empty where a way says it.
        both_ways: a line that means the other direction as well.
        from_day, to_day: city days on which it holds, the last one included; None is open.
        hours: spans since midnight (ms) in which it holds, the end outside; one that ends at or before its
            begin goes on after midnight, and belongs to the day on which it begins. Empty: at all hours.
        name: what the operator calls it.
    """

    kmh: int
    way_id: int | None = None
    line: tuple[tuple[float, float], ...] = ()
    both_ways: bool = False
    from_day: int | None = None
    to_day: int | None = None
    hours: tuple[tuple[int, int], ...] = ()
    name: str = ""

    def holds_on(self, day: int) -> bool:
        """Whether it holds on a city day."""
        return (self.from_day is None or self.from_day <= day) and (self.to_day is None or day <= self.to_day)

    def hours_on(self, day: int) -> list[tuple[int, int]]:
        """Its spans within a city day (ms since midnight), those that began the evening before included."""
        spans = []
        for from_ms, until_ms in self.hours:
            crosses = until_ms <= from_ms
            if self.holds_on(day):
                spans.append((from_ms, MS_PER_DAY if crosses else until_ms))
            if crosses and until_ms > 0 and self.holds_on(day - 1):
                spans.append((0, until_ms))
        return spans


@dataclass(frozen=True)
class LimitTable:
    """The rows and the edges of one network that each of them means.

    Attributes:
        rows: as the operator gave them.
        edge_start, edge: edges of row r: edge[edge_start[r]:edge_start[r + 1]].
        in_order: rows from the weakest to the strongest: said earlier, then the lower limit.
    """

    rows: tuple[LimitRow, ...]
    edge_start: Int64s
    edge: Int32s
    in_order: tuple[int, ...] = field(default=())

    def edges_of(self, row: int) -> Int32s:
        """The edges that a row means."""
        return self.edge[self.edge_start[row] : self.edge_start[row + 1]]

    def without_edges(self) -> list[int]:
        """Rows that mean no edge of this network: an unknown way, a line beside every road."""
        return np.flatnonzero(np.diff(self.edge_start) == 0).tolist()


def limit_table(network: Network, index: SegmentIndex, rows: Sequence[LimitRow]) -> LimitTable:
    """The table of a network.

    Args:
        network: of the city.
        index: of the network.
        rows: in any order.
    """
    by_way = np.argsort(network.way_id[network.way], kind="stable").astype(np.int32)
    ways = network.way_id[network.way][by_way]
    edges: list[Int32s] = []
    for row in rows:
        if row.way_id is not None:
            first, past = np.searchsorted(ways, [row.way_id, row.way_id + 1])
            edges.append(np.sort(by_way[first:past]))
            continue
        found = edges_along(network, index, row.line)
        if row.both_ways:
            found = np.union1d(found, edges_along(network, index, row.line[::-1])).astype(np.int32)
        edges.append(found)
    start = np.cumsum([0, *(found.size for found in edges)]).astype(np.int64)
    order = sorted(
        range(len(rows)),
        key=lambda at: (-1 if (said := rows[at].from_day) is None else said, rows[at].kmh, at),
    )
    return LimitTable(tuple(rows), start, np.concatenate([np.zeros(0, np.int32), *edges]), tuple(order))


def edges_along(network: Network, index: SegmentIndex, line: Sequence[tuple[float, float]]) -> Int32s:
    """The edges a line runs along, sorted.

    Every few metres of the line stand for the nearest road that runs its way; an edge is meant where such
    steps make up `LINE_SHARE` of its length, or where it is shorter than the steps and joins two that are.
    """
    lon_e7, lat_e7, heading_ddeg = _steps(line)
    if not lon_e7.size:
        return np.zeros(0, dtype=np.int32)
    reach_m = min(LINE_REACH_M, index.reach_m)
    beside, _ = nearest_codirectional(
        index, lon_e7, lat_e7, heading_ddeg, reach_m=reach_m, same_way_ddeg=LINE_TURN_DDEG
    )
    steps = np.bincount(beside[beside != NO_EDGE], minlength=network.edges)
    meant = (steps > 0) & (steps * _STEP_M >= LINE_SHARE * network.length_m)
    begins, ends = np.zeros(network.nodes, dtype=bool), np.zeros(network.nodes, dtype=bool)
    begins[network.tail[meant]], ends[network.head[meant]] = True, True
    joins = (network.length_m < 2 * _STEP_M) & ends[network.tail] & begins[network.head]
    # The way back over a short piece joins its own ends.
    there = network.tail.astype(np.int64) * network.nodes + network.head
    back = network.head.astype(np.int64) * network.nodes + network.tail
    meant |= joins & ~np.isin(back, there[meant])
    return np.flatnonzero(meant).astype(np.int32)


def _steps(line: Sequence[tuple[float, float]]) -> tuple[Int32s, Int32s, npt.NDArray[np.int16]]:
    """Places every few metres along a line, and the direction of the line there."""
    places = np.array(line, dtype=np.float64).reshape(-1, 2)
    per_lon, per_lat = metres_per_degree_at((places[:-1, 1] + places[1:, 1]) / 2)
    leg = np.diff(places, axis=0)
    x, y = leg[:, 0] * per_lon, leg[:, 1] * per_lat
    length = np.hypot(x, y)
    heading = np.round(np.degrees(np.arctan2(x, y)) * 10.0).astype(np.int64) % 3600
    count = np.maximum(1, np.round(length / _STEP_M)).astype(np.int64)
    count[length == 0] = 0
    of_leg = np.repeat(np.arange(leg.shape[0]), count)
    number = np.arange(of_leg.size) - np.repeat(np.cumsum(count) - count, count)
    share = (number + 0.5) / count[of_leg]
    at = np.round((places[of_leg] + share[:, None] * leg[of_leg]) * E7).astype(np.int32)
    return (
        np.ascontiguousarray(at[:, 0]),
        np.ascontiguousarray(at[:, 1]),
        heading[of_leg].astype(np.int16),
    )


def limit_rows(rows: Iterable[Mapping[str, object]]) -> tuple[list[LimitRow], list[str]]:
    """Rows of a table or the properties of features, checked.

    Args:
        rows: with the columns `kmh` and one of `way_id` and `line` (GeoJSON coordinates or WKT, WGS-84), and
            where known `from`, `to` (days), `hours`, `name`, `both_ways`; others are left alone.

    Returns:
        The good rows, and for each of the others `row 3: kmh: …`, counted from 1.
    """
    good, problems = [], []
    for number, row in enumerate(rows, start=1):
        try:
            good.append(limit_row(row))
        except BadLimitError as problem:
            problems.append(f"row {number}: {problem}")
    return good, problems


def limit_row(row: Mapping[str, object]) -> LimitRow:
    """One row, checked; see `limit_rows`.

    Raises:
        BadLimitError: names the column and what was expected.
    """
    told = {name: row.get(name) for name in _COLUMNS}
    text = {name: "" if _is_missing(value) else str(value).strip() for name, value in told.items()}
    kmh = _whole("kmh", text["kmh"])
    if not 0 <= kmh <= HIGHEST_KMH:
        raise BadLimitError(f"kmh: expected 0 to {HIGHEST_KMH}, found {kmh}")
    line = _line(told["line"]) if text["line"] else ()
    if bool(text["way_id"]) == bool(line):
        raise BadLimitError("way_id, line: expected one of the two")
    from_day, to_day = _day("from", told["from"]), _day("to", told["to"])
    if from_day is not None and to_day is not None and to_day < from_day:
        raise BadLimitError(f"to: {text['to']} lies before {text['from']}")
    if text["both_ways"].lower() not in _WORDS:
        raise BadLimitError(f"both_ways: expected yes or no, found {text['both_ways']}")
    return LimitRow(
        kmh=kmh,
        way_id=_whole("way_id", text["way_id"]) if text["way_id"] else None,
        line=line,
        both_ways=_WORDS[text["both_ways"].lower()],
        from_day=from_day,
        to_day=to_day,
        hours=hours_of(text["hours"]),
        name=text["name"],
    )


def hours_of(text: str) -> tuple[tuple[int, int], ...]:
    """Spans of `07:00-09:00;22:00-06:00` in ms since midnight; an empty text means all hours.

    Raises:
        BadLimitError: not of that form.
    """
    spans = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        begin, dash, end = part.partition("-")
        try:
            from_ms, until_ms = clock_ms(begin.strip()), clock_ms(end.strip())
        except ValueError as error:
            raise BadLimitError(f"hours: {error}") from None
        if not dash or from_ms == until_ms:
            raise BadLimitError(f"hours: expected a span such as 22:00-06:00, found {part}")
        spans.append((from_ms, until_ms))
    return tuple(spans)


def _is_missing(value: object) -> bool:
    """Whether a cell is empty, be it of a file or of a frame."""
    return not isinstance(value, str | Sequence | np.ndarray) and bool(pd.isna(value))  # type: ignore[call-overload] # any scalar


def _whole(column: str, text: str) -> int:
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    # An id has up to 11 digits, so a float still holds it exactly.
    if not (np.isfinite(number) and number.is_integer()):
        raise BadLimitError(f"{column}: expected a whole number, found {text or 'nothing'}")
    return int(number)


def _day(column: str, value: object) -> int | None:
    if _is_missing(value) or not str(value).strip():
        return None
    if isinstance(value, dt.datetime):
        value = value.date()
    if isinstance(value, dt.date):
        return day_of(value)
    try:
        return day_from_text(str(value).strip())
    except ValueError as error:
        raise BadLimitError(f"{column}: {error}") from None


def _line(value: object) -> tuple[tuple[float, float], ...]:
    """Places of GeoJSON coordinates, or of WKT `LINESTRING (104.1 30.6, 104.2 30.6)`."""
    wrong = BadLimitError("line: expected coordinates of a line, or LINESTRING (104.1 30.6, 104.2 30.6)")
    places: list[tuple[float, float]] = []
    if isinstance(value, str):
        head, opened, rest = value.strip().partition("(")
        found = [_POINT.match(part) for part in rest.removesuffix(")").split(",")]
        if head.strip().upper() != "LINESTRING" or not opened or not value.strip().endswith(")"):
            raise wrong
        places = [(float(point[1]), float(point[2])) for point in found if point is not None]
        if len(places) < len(found):
            raise wrong
    elif isinstance(value, Sequence | np.ndarray):
        try:
            places = [(float(point[0]), float(point[1])) for point in value]
        except (TypeError, ValueError, IndexError):
            raise wrong from None
    if len(places) < 2 or any(abs(lon) > 180 or abs(lat) > 90 for lon, lat in places):  # noqa: PLR2004 - ends, degrees
        raise wrong
    return tuple(places)
