"""A row of the operator's table of speed limits, read from cells of text or from a feature, and checked."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
import shapely
from shapely.geometry import MultiPolygon, Polygon, shape
from shapely.geometry.base import BaseGeometry

from taxi_qa.values.clock import MS_PER_DAY, clock_ms, day_from_text, day_of

HIGHEST_KMH: Final = 250
# An outline of more corners is a survey, no limit: it would not fit a cell of the kept table either.
MOST_CORNERS: Final = 4_000

_COLUMNS: Final = (
    "way_id", "line", "area", "zone_id", "kmh", "from", "to", "hours", "name", "both_ways",
)  # fmt: skip
_PLACES: Final = ("way_id", "line", "area", "zone_id")
_POINT: Final = re.compile(r"^\s*(-?\d+(?:\.\d+)?)\s+(-?\d+(?:\.\d+)?)\s*$")
_WORDS: Final = {"": False, "0": False, "no": False, "false": False, "1": True, "yes": True, "true": True}
# 1e-7 degree: what places are kept in.
_DIGITS: Final = 7


class BadLimitError(ValueError):
    """A row that says no limit, or not where or when; the message names the column."""


@dataclass(frozen=True)
class LimitRow:
    """One row of the table; one of `way_id`, `line` and `area` says where it holds.

    Attributes:
        kmh: the limit; 0 means that nobody may drive there.
        way_id: OpenStreetMap's id of the way it is for, None where there is none.
        line: places (lon, lat in degrees, WGS-84) in the direction of travel, empty where there is none.
        both_ways: a line that means the other direction as well.
        from_day, to_day: city days on which it holds, the last one included; None is open.
        hours: spans since midnight (ms) in which it holds, the end outside; one that ends at or before its
            begin goes on after midnight, and belongs to the day on which it begins. Empty: at all hours.
        name: what the operator calls it.
        area: the outline within which it holds (degrees, WGS-84), None where there is none.
        zone_id: the zone whose outline that is, "" where it is none of the home's.
    """

    kmh: int
    way_id: int | None = None
    line: tuple[tuple[float, float], ...] = ()
    both_ways: bool = False
    from_day: int | None = None
    to_day: int | None = None
    hours: tuple[tuple[int, int], ...] = ()
    name: str = ""
    area: BaseGeometry | None = None
    zone_id: str = ""

    @property
    def called(self) -> str:
        """How people know it: its name, or its zone's id."""
        return self.name or self.zone_id

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
class Zone:
    """A zone a row may name instead of drawing it; a limit there holds at most while the zone itself does.

    Attributes:
        area: its outline.
        name: what it is called.
        from_day, to_day: city days on which it exists, the last one included; None is open.
        hours: when it does, as text; "" always.
    """

    area: BaseGeometry
    name: str = ""
    from_day: int | None = None
    to_day: int | None = None
    hours: str = ""


_NO_ZONES: Final[Mapping[str, Zone]] = {}


def limit_rows(
    rows: Iterable[Mapping[str, object]], zones: Mapping[str, Zone] = _NO_ZONES
) -> tuple[list[LimitRow], list[str]]:
    """Rows of a table or the properties of features, checked.

    Args:
        rows: with the columns `kmh` and one of `way_id`, `line`, `area` (GeoJSON or WKT, WGS-84) and
            `zone_id`, and where known `from`, `to` (days), `hours`, `name`, `both_ways`; others are left
            alone. A row with both `area` and `zone_id` holds within that outline, the zone's of some day.
        zones: by their ids.

    Returns:
        The good rows, and for each of the others `row 3: kmh: …`, counted from 1.
    """
    good, problems = [], []
    for number, row in enumerate(rows, start=1):
        try:
            good.append(limit_row(row, zones))
        except BadLimitError as problem:
            problems.append(f"row {number}: {problem}")
    return good, problems


def limit_row(row: Mapping[str, object], zones: Mapping[str, Zone] = _NO_ZONES) -> LimitRow:
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
    area = _area(told["area"]) if text["area"] else None
    if sum((bool(text["way_id"]), bool(line), area is not None or bool(text["zone_id"]))) != 1:
        raise BadLimitError(f"{', '.join(_PLACES)}: expected one of them")
    from_day, to_day = _day("from", told["from"]), _day("to", told["to"])
    if from_day is not None and to_day is not None and to_day < from_day:
        raise BadLimitError(f"to: {text['to']} lies before {text['from']}")
    if text["both_ways"].lower() not in _WORDS:
        raise BadLimitError(f"both_ways: expected yes or no, found {text['both_ways']}")
    found = LimitRow(
        kmh=kmh,
        way_id=_whole("way_id", text["way_id"]) if text["way_id"] else None,
        line=line,
        both_ways=_WORDS[text["both_ways"].lower()],
        from_day=from_day,
        to_day=to_day,
        hours=hours_of(text["hours"]),
        name=text["name"],
        area=area,
        zone_id=text["zone_id"],
    )
    return _within(found, zones) if found.zone_id and area is None else found


def _within(row: LimitRow, zones: Mapping[str, Zone]) -> LimitRow:
    """A row with its zone's outline, within the zone's days and, where it has none itself, its hours."""
    zone = zones.get(row.zone_id)
    if zone is None:
        raise BadLimitError(f"zone_id: no zone {row.zone_id} is on record; ingest its outline first")
    begins = [day for day in (row.from_day, zone.from_day) if day is not None]
    ends = [day for day in (row.to_day, zone.to_day) if day is not None]
    from_day, to_day = max(begins, default=None), min(ends, default=None)
    if from_day is not None and to_day is not None and to_day < from_day:
        raise BadLimitError(f"from, to: zone {row.zone_id} is not in force on any of these days")
    return replace(
        row,
        area=zone.area,
        name=row.name or zone.name,
        from_day=from_day,
        to_day=to_day,
        hours=row.hours or hours_of(zone.hours),
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


def _area(value: object) -> BaseGeometry:
    """An outline of a GeoJSON geometry or its text, or of WKT `POLYGON ((104.1 30.6, …))`."""
    wrong = "area: expected a Polygon or MultiPolygon, as GeoJSON or as POLYGON ((104.1 30.6, …))"
    try:
        if isinstance(value, Mapping):
            found = shape(dict(value))
        elif str(value).lstrip().startswith("{"):
            found = shapely.from_geojson(str(value))
        else:
            found = shapely.from_wkt(str(value))
        found = shapely.transform(shapely.force_2d(found), lambda xy: np.round(xy, _DIGITS))
    except (shapely.errors.ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        raise BadLimitError(wrong) from None
    if not isinstance(found, Polygon | MultiPolygon) or found.is_empty:
        raise BadLimitError(wrong)
    corners = shapely.get_coordinates(found)
    if len(corners) > MOST_CORNERS:
        raise BadLimitError(f"area: {len(corners):,} corners, expected at most {MOST_CORNERS:,}; simplify it")
    if not ((np.abs(corners[:, 0]) <= 180) & (np.abs(corners[:, 1]) <= 90)).all():  # noqa: PLR2004 - degrees
        raise BadLimitError("area: corners beyond 180 degrees of longitude or 90 of latitude")
    if not found.is_valid:
        raise BadLimitError(f"area: no valid outline ({shapely.is_valid_reason(found)})")
    return found
