"""A small map of one act as plain numbers and path strings; the template makes the SVG of it.

The map has no tiles and needs no network: the street pattern behind the act is the rest of the same
car's day, the marks are its positions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from taxi_qa.records.fixes import FIXED, FIXED_SENT, Fixes
from taxi_qa.values.place import E7, metres_per_degree

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

WIDTH: Final = 640
HEIGHT: Final = 400
_PAD: Final = 36.0
_LEAST_SPAN_M: Final = 500.0
# Shown before and after an act, and no more: who reads a case has no business with the rest of the day.
AROUND_MS: Final = 4 * 60_000
_LEAST_FIXES_AROUND: Final = 2
# Longer between two positions nobody knows the way; a line is broken there.
GAP_MS: Final = 90_000
_FASTEST_MS: Final = 50.0  # 180 km/h
_LINE_FIXES: Final = 5
_ROUNDED_BARS_M: Final = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
_BAR_PX: Final = 150.0
_MAX_DOTS: Final = 240
_MAX_STREAMS: Final = 2
_STANDING_PX: Final = 24.0


@dataclass(frozen=True)
class Outline:
    """An area to draw behind: its kind and its ring in degrees, shape (n, 2)."""

    kind: str
    name: str
    ring: Floats


@dataclass(frozen=True)
class Mark:
    """A point on the map, in pixels."""

    x: float
    y: float
    text: str = ""


@dataclass(frozen=True)
class ActMap:
    """What the template draws, in pixels of a WIDTH x HEIGHT box, north up.

    Attributes:
        behind: path of the rest of the car's day.
        around: path of the minutes before and after.
        act: path of the act itself.
        second: path of the act's second stream, where one plate was in two places.
        route: path of the reasonable route the act is held against.
        gaps: path of spans of the act without positions (straight, dashed).
        dots: the act's positions.
        strays: positions that no car could have reached, drawn as crosses.
        start, end: where the act begins and ends.
        flags: marked moments, with their words.
        stands: the car hardly moves in it, so its line could not be seen.
        outlines: (kind, path) of areas.
        bar_px, bar_text: the scale.
        fixes: how many positions the act has.
    """

    behind: str
    around: str
    act: str
    second: str
    route: str
    gaps: str
    dots: tuple[Mark, ...]
    strays: tuple[Mark, ...]
    start: Mark
    end: Mark
    flags: tuple[Mark, ...]
    stands: bool
    outlines: tuple[tuple[str, str], ...]
    bar_px: float
    bar_text: str
    fixes: int
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class _Frame:
    """From degrees to pixels."""

    lon: float
    lat: float
    px_per_m: float
    m_per_lon: float
    m_per_lat: float

    def pixels(self, lon: Floats, lat: Floats) -> Floats:
        x = WIDTH / 2 + (lon - self.lon) * self.m_per_lon * self.px_per_m
        y = HEIGHT / 2 - (lat - self.lat) * self.m_per_lat * self.px_per_m
        return np.column_stack((x, y))


@dataclass
class _Stream:
    """Positions one car could have driven through, while they are being told apart."""

    rows: list[int] = field(default_factory=list)


def draw(
    fixes: Fixes,
    start_ms: int,
    end_ms: int,
    outlines: Sequence[Outline] = (),
    moments: Sequence[tuple[int, str]] = (),
    route_wkt: str = "",
) -> ActMap | None:
    """The map of one act.

    Args:
        fixes: positions of one vehicle (one entry of `vehicle_ids`), about a day of them.
        start_ms: when the act began.
        end_ms: when it ended.
        outlines: areas to draw behind.
        moments: (instant, word) of things to mark within the act, such as the seat's emptying.
        route_wkt: the reasonable route to draw beside it, a line of lon lat in degrees.

    Returns:
        The map; None where no usable position lies in or around the act.
    """
    usable = _usable(fixes)
    time_ms = fixes.time_ms[usable]
    lon, lat = fixes.lon_e7[usable] / E7, fixes.lat_e7[usable] / E7
    streams = streams_of(time_ms, lon, lat)
    stray = streams < 0
    in_act = (time_ms >= start_ms) & (time_ms <= end_ms)
    near = (time_ms >= start_ms - AROUND_MS) & (time_ms <= end_ms + AROUND_MS)
    good = near & ~stray
    if np.count_nonzero(good) < _LEAST_FIXES_AROUND:
        return None
    route = shapely.get_coordinates(shapely.from_wkt(route_wkt)) if route_wkt else np.zeros((0, 2))
    frame = _frame_of(np.append(lon[good], route[:, 0]), np.append(lat[good], route[:, 1]))
    places = frame.pixels(lon, lat)
    main = streams == 0
    inner, outer = in_act & main, near & main
    # The act's line reaches to the neighbouring positions, so that a silent act is drawn at all.
    joined = inner | _edges(time_ms, main, start_ms, end_ms)
    ends = places[joined] if joined.any() else places[good]
    seen = places[in_act & ~stray]
    every = max(1, -(-len(seen) // _MAX_DOTS))
    bar_px, bar_text = _bar(frame.px_per_m)
    return ActMap(
        behind=_path(places[main], time_ms[main], gaps=False),
        around=_path(places[outer], time_ms[outer], gaps=False),
        act=_path(places[joined], time_ms[joined], gaps=False),
        second=_path(places[in_act & (streams == 1)], time_ms[in_act & (streams == 1)], gaps=False),
        route=_clipped(frame.pixels(route[:, 0], route[:, 1])) if len(route) > 1 else "",
        gaps=_path(places[joined], time_ms[joined], gaps=True),
        dots=tuple(Mark(round(float(x), 1), round(float(y), 1)) for x, y in seen[::every]),
        strays=tuple(
            Mark(round(float(x), 1), round(float(y), 1))
            for x, y in places[in_act & stray]
            if 0 <= x <= WIDTH and 0 <= y <= HEIGHT
        ),
        start=Mark(round(float(ends[0, 0]), 1), round(float(ends[0, 1]), 1)),
        end=Mark(round(float(ends[-1, 0]), 1), round(float(ends[-1, 1]), 1)),
        flags=_flags(places[main], time_ms[main], moments),
        stands=bool(max(np.ptp(ends, axis=0)) < _STANDING_PX),
        outlines=tuple(
            (outline.kind, path)
            for outline in outlines
            if (path := _clipped(frame.pixels(outline.ring[:, 0], outline.ring[:, 1])))
        ),
        bar_px=bar_px,
        bar_text=bar_text,
        fixes=int(np.count_nonzero(in_act)),
    )


def _usable(fixes: Fixes) -> Bools:
    """Positions with a fix, on earth rather than at 0,0."""
    without_fix = (fixes.flags & (FIXED_SENT | FIXED)) == FIXED_SENT
    usable: Bools = ~without_fix & ((fixes.lon_e7 != 0) | (fixes.lat_e7 != 0))
    return usable


def streams_of(time_ms: npt.NDArray[np.int64], lon: Floats, lat: Floats) -> npt.NDArray[np.int64]:
    """Which car drove through each position (in the order of time; degrees): 0, 1 a second one, -1 nobody.

    Greedy: a position goes to the stream it could have been driven to, the latest first. One day of one
    car has a few thousand positions, so a plain loop is quick enough for ten maps.
    """
    label = np.full(time_ms.size, -1, dtype=np.int64)
    if not time_ms.size:
        return label
    per_lon, per_lat = metres_per_degree(float(np.median(lat)))
    x, y = lon * per_lon, lat * per_lat
    streams: list[_Stream] = []
    for row in range(time_ms.size):
        for stream in sorted(streams, key=lambda s: -s.rows[-1])[:8]:
            last = stream.rows[-1]
            seconds = max(1.0, float(time_ms[row] - time_ms[last]) / 1000)
            if np.hypot(x[row] - x[last], y[row] - y[last]) <= 60.0 + _FASTEST_MS * min(seconds, 1800.0):
                stream.rows.append(row)
                break
        else:
            streams.append(_Stream([row]))
    lines = [s for s in sorted(streams, key=lambda s: -len(s.rows)) if len(s.rows) >= _LINE_FIXES]
    for number, stream in enumerate(lines[:_MAX_STREAMS]):
        label[stream.rows] = number
    return label


def _edges(time_ms: npt.NDArray[np.int64], main: Bools, start_ms: int, end_ms: int) -> Bools:
    """The last position of the car before the act and the first one after it, where they are near in time."""
    edge = np.zeros(time_ms.size, dtype=np.bool_)
    before = np.flatnonzero(main & (time_ms < start_ms) & (time_ms >= start_ms - AROUND_MS))
    after = np.flatnonzero(main & (time_ms > end_ms) & (time_ms <= end_ms + AROUND_MS))
    edge[before[-1:]] = True
    edge[after[:1]] = True
    return edge


def _flags(
    places: Floats, time_ms: npt.NDArray[np.int64], moments: Sequence[tuple[int, str]]
) -> tuple[Mark, ...]:
    """Where the car was at moments, between its positions before and after; nothing across a gap."""
    made = []
    for moment, word in moments:
        after = int(np.searchsorted(time_ms, moment))
        if 0 < after < time_ms.size and time_ms[after] - time_ms[after - 1] <= GAP_MS:
            share = (moment - time_ms[after - 1]) / max(1, time_ms[after] - time_ms[after - 1])
            x, y = places[after - 1] + share * (places[after] - places[after - 1])
            made.append(Mark(round(float(x), 1), round(float(y), 1), word))
    return tuple(made)


def _frame_of(lon: Floats, lat: Floats) -> _Frame:
    middle_lon, middle_lat = float(lon.min() + lon.max()) / 2, float(lat.min() + lat.max()) / 2
    per_lon, per_lat = metres_per_degree(middle_lat)
    wide = max(float(np.ptp(lon)) * per_lon, _LEAST_SPAN_M)
    high = max(float(np.ptp(lat)) * per_lat, _LEAST_SPAN_M * HEIGHT / WIDTH)
    px_per_m = min((WIDTH - 2 * _PAD) / wide, (HEIGHT - 2 * _PAD) / high)
    return _Frame(middle_lon, middle_lat, px_per_m, per_lon, per_lat)


def _path(places: Floats, time_ms: npt.NDArray[np.int64], *, gaps: bool) -> str:
    """An SVG path of the stretches between gaps, or of the gaps between the stretches."""
    if len(places) < _LEAST_FIXES_AROUND:
        return ""
    breaks = np.flatnonzero(np.diff(time_ms) > GAP_MS) + 1
    if gaps:
        pieces = [places[at - 1 : at + 1] for at in breaks]
    else:
        pieces = [piece for piece in np.split(places, breaks) if len(piece) >= _LEAST_FIXES_AROUND]
    return " ".join(part for piece in pieces if (part := _clipped(piece)))


def _clipped(places: Floats) -> str:
    """A path string of what lies in the box (and a little beyond), thinned to what the eye can tell."""
    line = shapely.LineString(places)
    if not gap_free(places):
        return ""
    inside = shapely.clip_by_rect(line, -20, -20, WIDTH + 20, HEIGHT + 20)
    parts = [part for part in getattr(inside, "geoms", [inside]) if not part.is_empty]
    return " ".join(_pen(np.asarray(shapely.simplify(part, 0.6).coords)) for part in parts)


def gap_free(places: Floats) -> bool:
    """Whether a line has any length: a car that stands draws none."""
    return bool(np.ptp(places[:, 0]) > 0 or np.ptp(places[:, 1]) > 0)


def _pen(places: Floats) -> str:
    points = [f"{x:.1f} {y:.1f}" for x, y in places]
    return "M" + "L".join(points)


def _bar(px_per_m: float) -> tuple[float, str]:
    """The longest round scale bar that fits, and what it says."""
    length_m = max((m for m in _ROUNDED_BARS_M if m * px_per_m <= _BAR_PX), default=_ROUNDED_BARS_M[0])
    kilometre = 1_000
    text = f"{length_m // kilometre} km" if length_m >= kilometre else f"{length_m} m"
    return round(length_m * px_per_m, 1), text
