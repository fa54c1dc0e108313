"""The track of a case as plain columns: what the page's map and curves draw, and what of it is missing.

Only the act and a few minutes on either side are shown: the rest of a driver's day is nobody's business.
What is drawn as judged is what was judged: positions that were set aside carry their labels, the limits are
those the speeds were held against, by the same functions, and where nothing is known nothing is drawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

from taxi_qa.facts.given import Given, numbers, words
from taxi_qa.facts.speed_stretches import SOURCES, limits_along
from taxi_qa.facts.track import CLOCK, NO_FIX, NOWHERE, SPIKE
from taxi_qa.findings.evidence import FIELDS
from taxi_qa.law.parameter import Law
from taxi_qa.records.fixes import LOADED, LOADED_SENT
from taxi_qa.reports.amounts import Said, both, evidence_value
from taxi_qa.reports.case_file import CaseStory
from taxi_qa.reports.case_view import rows_of
from taxi_qa.reports.maps import AROUND_MS, GAP_MS, streams_of
from taxi_qa.reports.road_lines import RoadLine, box_around, road_lines, steps_of_line
from taxi_qa.reports.sums import found_of
from taxi_qa.reports.track_shape import LABELS, LEAP, JudgedSpan, LimitStep, MeterTrip, Points, TrackView
from taxi_qa.roads.city import Roads
from taxi_qa.roads.limits import NO_ROW
from taxi_qa.rules.kit import catalogue
from taxi_qa.runs.facts import car_day
from taxi_qa.store.home import Home
from taxi_qa.values.clock import MS_PER_H, city_day, offset_ms
from taxi_qa.values.place import E7, Datum, from_wgs84

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# What lasts longer (a month of late data, a company's month) is no act that a map could show.
MOST_ACT_MS: Final = 26 * MS_PER_H
MOST_POINTS: Final = 3_000
_MARGIN_M: Final = 300.0
_E6: Final = 1_000_000
_UNKNOWN_KMH: Final = -1
# Evidence that is a place.
_PLACES: Final = ("detour_from", "detour_to")


def track_view(home: Home, story: CaseStory, law: Law, *, datum: Datum = "wgs84") -> TrackView:
    """The track of a case.

    Args:
        home: where its car's positions lie.
        story: the case.
        law: of the place.
        datum: of the places given out; only ever that of the tiles they are drawn on.
    """
    rows = rows_of(story)
    acts = [row for row in rows if row["end_ms"] - row["start_ms"] <= MOST_ACT_MS]
    if not story.case.vehicle_id or not acts:
        why = (
            both("本案没有车辆，无轨迹可示", "the case names no car: there is no track")
            if not story.case.vehicle_id
            else both("本案跨度过长，不按轨迹显示", "the act lasts too long to be shown as a track")
        )
        return _without_track(story, law, datum, why)
    start_ms = min(int(row["start_ms"]) for row in acts)
    end_ms = max(int(row["end_ms"]) for row in acts if row["start_ms"] <= start_ms + MOST_ACT_MS)
    given = car_day(home, law, story.case.vehicle_id, int(city_day(np.array([start_ms]), law.timezone)[0]))
    return _Drawing(story, law, datum, given, acts, start_ms, end_ms).view()


def _without_track(story: CaseStory, law: Law, datum: Datum, why: Said) -> TrackView:
    start_ms, end_ms = story.case.start_ms, story.case.end_ms
    return TrackView(
        story.case.case_id, story.case.vehicle_id, datum, _offset(start_ms, law), start_ms, end_ms, start_ms,
        end_ms, (), Points((), (), (), (), (), (), (), ()), (), (), (), (), (), (), (), LABELS, (why,), (),
    )  # fmt: skip


def _offset(at_ms: int, law: Law) -> int:
    return int(offset_ms(np.array([at_ms], dtype=np.int64), law.timezone)[0])


@dataclass(frozen=True)
class _Drawing:
    """One case with its car's day at hand."""

    story: CaseStory
    law: Law
    datum: Datum
    given: Given
    rows: Sequence[Mapping[str, Any]]
    start_ms: int
    end_ms: int

    @property
    def from_ms(self) -> int:
        return self.start_ms - AROUND_MS

    @property
    def to_ms(self) -> int:
        return self.end_ms + AROUND_MS

    def view(self) -> TrackView:
        fixes = self.given.fixes
        inside = np.flatnonzero((fixes.time_ms >= self.from_ms) & (fixes.time_ms <= self.to_ms))
        label, car = self._labels()[inside], np.zeros(inside.size, dtype=np.int64)
        if self._is_asked("plates"):
            label, car = self._two_cars(inside, label)
        spans = tuple(_span(row) for row in self.rows)
        judged = self._judged(inside, label, spans)
        shown = _thinned(judged, label)
        missing, notes = self._missing(inside, label), []
        if shown.size < inside.size:
            every = -(-inside.size // MOST_POINTS)
            notes.append(both(f"位置较多，每 {every} 个显示 1 个", f"one position of {every} is shown"))
        route = self._route()
        usable = inside[(label & ~LEAP) == 0]
        roads, left_out = self._roads(usable, route)
        if left_out:
            notes.append(both("范围较大，小路未画", "a wide area: its smallest roads are not drawn"))
        limits = self._limits(missing)
        return TrackView(
            case_id=self.story.case.case_id,
            vehicle_id=self.story.case.vehicle_id,
            datum=self.datum,
            utc_offset_ms=_offset(self.start_ms, self.law),
            from_ms=self.from_ms,
            to_ms=self.to_ms,
            start_ms=self.start_ms,
            end_ms=self.end_ms,
            spans=spans,
            points=self._points(inside[shown], label[shown], judged[shown], car[shown]),
            gaps=self._gaps(usable),
            route=() if route is None else steps_of_line(route, self.datum),
            limits=limits,
            meter=self._meter(missing),
            moments=self._moments(),
            places=self._places(),
            roads=roads,
            labels=LABELS,
            missing=tuple(missing),
            notes=tuple(notes),
        )

    def _labels(self) -> npt.NDArray[np.int64]:
        """The labels of every position as received, and `LEAP` where the line leaps."""
        label = self.given.track.labels.astype(np.int64)
        kept = np.flatnonzero(label == 0)
        # No label that sets a position aside: it is drawn, and the way to it is not.
        label[kept[self.given.track.leap]] |= LEAP
        return label

    def _is_asked(self, unit: str) -> bool:
        """Whether any of the case's rules judges that unit."""
        rules = [catalogue().get(str(row["rule"])) for row in self.rows]
        return any(rule is not None and rule.judges == unit for rule in rules)

    def _two_cars(self, inside: Int64s, label: Int64s) -> tuple[Int64s, Int64s]:
        """Labels and cars where one plate is in two places: what seems stray is the other car's way."""
        fixes = self.given.fixes
        lasting = label & (NO_FIX | NOWHERE | CLOCK)
        known = np.flatnonzero(lasting == 0)
        rows = inside[known]
        car = streams_of(fixes.time_ms[rows], fixes.lon_e7[rows] / E7, fixes.lat_e7[rows] / E7)
        cars = np.zeros(inside.size, dtype=np.int64)
        cars[known] = np.maximum(car, 0)
        lasting[known[car < 0]] |= SPIKE
        return lasting, cars

    def _judged(self, inside: Int64s, label: Int64s, spans: Sequence[JudgedSpan]) -> Bools:
        time_ms = self.given.fixes.time_ms[inside]
        judged = np.zeros(inside.size, dtype=np.bool_)
        for span in spans:
            if span.by_track:
                judged |= (time_ms >= span.from_ms) & (time_ms <= span.to_ms)
        result: Bools = judged & ((label & ~LEAP) == 0)
        return result

    def _points(self, rows: Int64s, label: Int64s, judged: Bools, car: Int64s) -> Points:
        fixes = self.given.fixes
        lon, lat = from_wgs84(fixes.lon_e7[rows] / E7, fixes.lat_e7[rows] / E7, self.datum)
        flags = fixes.flags[rows]
        sent, loaded = (flags & LOADED_SENT) != 0, (flags & LOADED) != 0
        speed = fixes.speed_ckmh[rows]
        return Points(
            t_ms=tuple((fixes.time_ms[rows] - self.from_ms).tolist()),
            lat_e6=tuple(np.round(lat * _E6).astype(np.int64).tolist()),
            lon_e6=tuple(np.round(lon * _E6).astype(np.int64).tolist()),
            kmh=tuple(None if one < 0 else round(one / 100, 1) for one in speed.tolist()),
            label=tuple(label.tolist()),
            judged=tuple(judged.astype(np.int64).tolist()),
            loaded=tuple(int(on) if said else None for said, on in zip(sent, loaded, strict=True)),
            car=tuple(car.tolist()),
        )

    def _gaps(self, usable: Int64s) -> tuple[tuple[int, int], ...]:
        """Where no usable position was for long, from the begin of what is shown to its end."""
        time_ms = np.concatenate(([self.from_ms], self.given.fixes.time_ms[usable], [self.to_ms]))
        at = np.flatnonzero(np.diff(time_ms) > GAP_MS)
        return tuple((int(time_ms[one]), int(time_ms[one + 1])) for one in at)

    def _route(self) -> npt.NDArray[np.float64] | None:
        told = (found_of(row, self.law).evidence.get("route") for row in self.rows)
        wkt = next((str(one) for one in told if one), "")
        return shapely.get_coordinates(shapely.from_wkt(wkt)) if wkt else None

    def _roads(
        self, usable: Int64s, route: npt.NDArray[np.float64] | None
    ) -> tuple[tuple[RoadLine, ...], tuple[str, ...]]:
        if self.given.roads is None or not usable.size:
            return (), ()
        fixes = self.given.fixes
        lon, lat = fixes.lon_e7[usable] / E7, fixes.lat_e7[usable] / E7
        if route is not None:
            lon, lat = np.append(lon, route[:, 0]), np.append(lat, route[:, 1])
        found = road_lines(self.given.roads.network, box_around(lon, lat, _MARGIN_M), datum=self.datum)
        return found.lines, found.left_out

    def _limits(self, missing: list[Said]) -> tuple[LimitStep, ...]:
        """The limits along the act, where speed was judged: elsewhere they would only seem to accuse."""
        if not self._is_asked("speed_stretches"):
            return ()
        if self.given.roads is None:
            missing.append(both("限速：没有路网", "limits: there is no road network"))
            return ()
        track = self.given.track
        rows = np.flatnonzero((track.time_ms >= self.from_ms) & (track.time_ms <= self.to_ms))
        if not rows.size:
            return ()
        return _steps(self.given, self.law, self.given.roads, rows, self.to_ms)

    def _meter(self, missing: list[Said]) -> tuple[MeterTrip, ...]:
        wanted = {str(row["trip_id"]) for row in self.rows if row["trip_id"]}
        if not wanted:
            return ()
        table = self.given.tables["trips"]
        table = table[np.isin(words(table["trip_id"]).astype(str), sorted(wanted))]
        if len(table) < len(wanted):
            missing.append(both("没有计价器的营运记录", "the meter's record of the trip is not at hand"))
        return tuple(
            self._trip(row, metered)
            for row, metered in zip(
                table.to_dict("records"), numbers(table["metered_m"]).tolist(), strict=True
            )
        )

    def _trip(self, row: Mapping[Any, Any], metered_m: float) -> MeterTrip:
        boarded, alighted = int(row["boarded_ms"]), int(row["alighted_ms"])
        track = self.given.track
        rows = np.flatnonzero((track.time_ms >= boarded) & (track.time_ms <= alighted))
        rows = rows[:: max(1, -(-rows.size // MOST_POINTS))]
        began_m = np.interp(boarded, track.time_ms, track.cum_ride_m) if rows.size else 0.0
        return MeterTrip(
            trip_id=str(row["trip_id"]),
            boarded_ms=boarded,
            alighted_ms=alighted,
            metered_m=None if np.isnan(metered_m) else metered_m,
            fare=evidence_value("fare_fen", float(row["fare_fen"]), self.law.currency, self.law.timezone),
            driven_t_ms=tuple((track.time_ms[rows] - self.from_ms).tolist()),
            driven_m=tuple(np.round(track.cum_ride_m[rows] - began_m).astype(np.int64).tolist()),
        )

    def _moments(self) -> tuple[tuple[int, Said], ...]:
        """Instants among the evidence, and both ends of the act."""
        found: dict[tuple[int, str], Said] = {}
        for row in self.rows:
            for name, value in found_of(row, self.law).evidence.items():
                field = FIELDS.get(name)
                if field is None or field.unit != "ms" or not isinstance(value, int | float):
                    continue
                if self.from_ms <= value <= self.to_ms:
                    found[round(value), name] = both(field.zh, field.en)
        return tuple((at_ms, said) for (at_ms, _), said in sorted(found.items()))

    def _places(self) -> tuple[tuple[int, int, Said], ...]:
        """Places among the evidence, which holds them as "lon lat" in degrees."""
        found: list[tuple[int, int, Said]] = []
        for row in self.rows:
            evidence = found_of(row, self.law).evidence
            for name in (one for one in _PLACES if evidence.get(one)):
                lon, lat = (np.array([float(part)]) for part in str(evidence[name]).split())
                lon, lat = from_wgs84(lon, lat, self.datum)
                at = (round(float(lat[0]) * _E6), round(float(lon[0]) * _E6))
                found.append((*at, both(FIELDS[name].zh, FIELDS[name].en)))
        return tuple(found)

    def _missing(self, inside: Int64s, label: Int64s) -> list[Said]:
        missing: list[Said] = []
        if not inside.size:
            missing.append(both("此时段没有收到定位", "no positions were received at that time"))
        elif ((label & ~LEAP) != 0).all():
            missing.append(both("此时段的定位都不可用", "none of the positions of that time can be used"))
        if self.given.roads is None:
            missing.append(
                both("没有导入路网，地图只画轨迹", "no road network: the map shows the track alone")
            )
        if self.to_ms > self.given.to_ms + 18 * MS_PER_H:
            missing.append(both("只显示本案的前一部分", "only the first part of the act is shown"))
        return missing


def _span(row: Mapping[str, Any]) -> JudgedSpan:
    rule = catalogue().get(str(row["rule"]))
    title = Said(str(row["rule"])) if rule is None else both(rule.title_zh, rule.title_en)
    by_track = rule is not None and "positions" in rule.needs
    return JudgedSpan(str(row["finding_id"]), title, int(row["start_ms"]), int(row["end_ms"]), by_track)


def _thinned(judged: Bools, label: Int64s) -> Int64s:
    """Which positions are shown: one of so many, and every one at which something begins or ends."""
    every = max(1, -(-judged.size // MOST_POINTS))
    shown = np.arange(judged.size) % every == 0
    shown[-1:] = True
    turns = np.flatnonzero((np.diff(judged.astype(np.int64)) != 0) | (np.diff(label) != 0))
    # Where labels change all the time they may not bring back what was to be thinned.
    if turns.size <= MOST_POINTS:
        shown[turns] = True
        shown[turns + 1] = True
    return np.flatnonzero(shown)


def _steps(given: Given, law: Law, roads: Roads, rows: Int64s, until_ms: int) -> tuple[LimitStep, ...]:
    kmh, source, edge, row = limits_along(given, law, roads, rows)
    time_ms = given.track.time_ms[rows]
    told: list[tuple[int | None, str, str, str]] = []
    for at in range(rows.size):
        if kmh[at] <= _UNKNOWN_KMH:
            told.append((None, "", "", ""))
            continue
        name = roads.table.rows[row[at]].called if roads.table is not None and row[at] != NO_ROW else ""
        road = roads.network.way_name[roads.network.way[edge[at]]]
        told.append((int(kmh[at]), SOURCES.get(int(source[at]), ""), name, road))
    begins = [at for at in range(len(told)) if at == 0 or told[at] != told[at - 1]]
    ends = [*begins[1:], None]
    return tuple(
        LimitStep(
            from_ms=int(time_ms[begin]),
            to_ms=until_ms if end is None else int(time_ms[end]),
            kmh=told[begin][0],
            source=evidence_value("limit_source", told[begin][1], law.currency, law.timezone),
            name=told[begin][2],
            road=told[begin][3],
        )
        for begin, end in zip(begins, ends, strict=True)
    )
