"""Which speed is allowed where: one limit an edge, a day and an hour, and where it comes from.

A row of the operator's table decides over a tag of the map, a tag over the default that the law has for the
class of road. A default is the highest that the law may allow on such a road without a sign; so a road
whose default lies below another road's limit cannot be the faster of the two.

The operator's limits of areas hold on the pieces of road inside. Where he limits both the road and the area,
the lower of them holds; of several areas, too: a driver has to obey each.

A fix does not say on which of several roads the vehicle was. It is held against the highest limit of all
roads within reach that run its way; where one of them has a limit nobody knows, nobody can tell.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.law.parameter import Law
from taxi_qa.roads.codirectional import SAME_WAY_DDEG, metres_to_segments, same_way, turned_ddeg
from taxi_qa.roads.index import NO_EDGE, SegmentIndex, cell_of, off_segment
from taxi_qa.roads.limit_areas import spans_on
from taxi_qa.roads.limit_table import LimitTable
from taxi_qa.roads.network import CLASSES, Network
from taxi_qa.values.clock import MS_PER_DAY, day_start_ms
from taxi_qa.values.place import metres_per_degree

Int16s = npt.NDArray[np.int16]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats32 = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

# Where a limit comes from; the stronger is the larger.
NONE: Final = 0
CLASS_DEFAULT: Final = 1
TAG: Final = 2
OPERATOR: Final = 3
OPERATOR_AREA: Final = 4

# No limit known. A limit of 0 is one: nobody may drive there.
NO_LIMIT: Final = -1
NO_ROW: Final = -1

_LINK: Final = "_link"
_E7: Final = 1e-7


class Limits(NamedTuple):
    """The limits of one city day; kernels take it as it is.

    Attributes:
        kmh: of each edge where no hour says otherwise, `NO_LIMIT` where nobody knows.
        source: `NONE`, `CLASS_DEFAULT`, `TAG` or `OPERATOR` (`OPERATOR_AREA` stands for single places only).
        row: the row of the operator's table it comes from, `NO_ROW` where from none.
        hour_start: limits of edge e by the hour: hour_*[hour_start[e]:hour_start[e + 1]], all of them the
            operator's; the last that holds at a moment decides.
        hour_from_ms, hour_until_ms: span since midnight on the city's clock; the end is outside.
        hour_kmh, hour_row: as `kmh` and `row`.
        area_start: limits of areas on segment s of the index the table was made for:
            area_*[area_start[s]:area_start[s + 1]]; empty where no row has an area.
        area_from_ms, area_until_ms, area_kmh, area_row: as those by the hour; the lowest that holds counts.
    """

    kmh: Int16s
    source: Bytes
    row: Int32s
    hour_start: Int32s
    hour_from_ms: Int32s
    hour_until_ms: Int32s
    hour_kmh: Int16s
    hour_row: Int32s
    area_start: Int32s
    area_from_ms: Int32s
    area_until_ms: Int32s
    area_kmh: Int16s
    area_row: Int32s


def class_limit_path(road_class: int) -> str:
    """Which number of law holds the default of a class (index into `CLASSES`).

    A ramp without a sign has no number of its own: it is bound by that of the road it belongs to.
    """
    return f"roads.class_limit_kmh.{CLASSES[road_class].removesuffix(_LINK)}"


def limits_on(network: Network, law: Law, table: LimitTable | None, day: int) -> Limits:
    """The limits of a city day.

    Args:
        network: of the city.
        law: of the city; a place without a default for a class has no limit there.
        table: the operator's, made for the same network; None where there is none.
        day: the city day.
    """
    noon = np.array([day_start_ms(day, law.timezone) + MS_PER_DAY // 2], dtype=np.int64)
    defaults = np.full(len(CLASSES), NO_LIMIT, dtype=np.int16)
    for road_class in range(len(CLASSES)):
        parameter = law.get(class_limit_path(road_class))
        kmh = np.nan if parameter is None else parameter.at(noon)[0]
        if np.isfinite(kmh):
            defaults[road_class] = round(kmh)
    limit = defaults[network.road_class]
    source = np.where(limit >= 0, CLASS_DEFAULT, NONE).astype(np.uint8)
    tagged = network.tag_kmh >= 0
    limit[tagged], source[tagged] = network.tag_kmh[tagged], TAG
    row = np.full(network.edges, NO_ROW, dtype=np.int32)
    spans: list[tuple[Int32s, int, int, int]] = []
    # Of two rows for one edge the one said later decides, of two said the same day the higher limit.
    table = (
        LimitTable((), np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32)) if table is None else table
    )
    for number in table.in_order:
        if table.rows[number].area is not None:
            continue
        edges, said = table.edges_of(number), table.rows[number]
        if not said.hours and said.holds_on(day):
            limit[edges], source[edges], row[edges] = said.kmh, OPERATOR, number
        for from_ms, until_ms in said.hours_on(day):
            spans.append((edges, from_ms, until_ms, number))
    of_areas = [
        (table.within[number], from_ms, until_ms, number)
        for number, from_ms, until_ms in spans_on(table.rows, table.in_order, day)
    ]
    # Without areas the kernels do not look for them.
    segments = table.segments if of_areas else 0
    return Limits(
        limit, source, row, *_by_edge(network.edges, spans, table), *_by_edge(segments, of_areas, table)
    )


def _by_edge(
    edges: int, spans: list[tuple[Int32s, int, int, int]], table: LimitTable
) -> tuple[Int32s, Int32s, Int32s, Int16s, Int32s]:
    """Limits by the hour, edge by edge (or segment by segment), each edge's in the order of the spans."""
    of_edge = np.concatenate([np.zeros(0, np.int32), *(span[0] for span in spans)]).astype(np.int64)
    sizes = np.array([span[0].size for span in spans], dtype=np.int64)
    held = np.array([span[1:] for span in spans], dtype=np.int32).reshape(-1, 3)
    held = np.repeat(held, sizes, axis=0)
    order = np.argsort(of_edge, kind="stable")
    start = np.concatenate(([0], np.cumsum(np.bincount(of_edge, minlength=edges)))).astype(np.int32)
    from_ms, until_ms, row = (np.ascontiguousarray(column) for column in held[order].T)
    kmh = np.array([said.kmh for said in table.rows], dtype=np.int16)[row]
    return start, from_ms, until_ms, kmh, row


def row_at(limits: Limits, edge: int, ms_of_day: int) -> int:
    """The row of the operator's table that decides on an edge at a moment, `NO_ROW` where none does."""
    for at in range(int(limits.hour_start[edge + 1]) - 1, int(limits.hour_start[edge]) - 1, -1):
        if limits.hour_from_ms[at] <= ms_of_day < limits.hour_until_ms[at]:
            return int(limits.hour_row[at])
    return int(limits.row[edge])


@njit(cache=True, inline="always")
def limit_at(limits: Limits, edge: int, segment: int, ms_of_day: int) -> tuple[int, int, int]:
    """Limit (km/h, `NO_LIMIT` where unknown), source and row on a segment of an edge at a moment."""
    kmh, source, row = limits.kmh[edge], limits.source[edge], limits.row[edge]
    for at in range(limits.hour_start[edge + 1] - 1, limits.hour_start[edge] - 1, -1):
        if limits.hour_from_ms[at] <= ms_of_day < limits.hour_until_ms[at]:
            kmh, source, row = limits.hour_kmh[at], np.uint8(OPERATOR), limits.hour_row[at]
            break
    if limits.area_kmh.size > 0:
        for at in range(limits.area_start[segment], limits.area_start[segment + 1]):
            holds = limits.area_from_ms[at] <= ms_of_day < limits.area_until_ms[at]
            if holds and (source < OPERATOR or limits.area_kmh[at] < kmh):
                kmh, source, row = limits.area_kmh[at], np.uint8(OPERATOR_AREA), limits.area_row[at]
    return kmh, source, row


@njit(cache=True, nogil=True)
def highest_codirectional(
    index: SegmentIndex,
    limits: Limits,
    lon_e7: Int32s,
    lat_e7: Int32s,
    heading_ddeg: Int16s,
    ms_of_day: Int32s,
    reach_m: Floats32,
) -> tuple[Int16s, Bytes, Int32s, Int32s]:
    """The highest limit of all roads within reach that run the way of each fix.

    Oracle: `highest_codirectional_in_numpy`.

    Args:
        index: of the network.
        limits: of the day.
        lon_e7, lat_e7: the places.
        heading_ddeg: direction of travel, -1 where unknown: every road runs that way.
        ms_of_day: since midnight on the city's clock.
        reach_m: how far from its road a vehicle may seem to be: 15 m of road and map, and 1.5 times the
            error of its positions.

    Returns:
        Limit (km/h), its source, its edge, and its row of the operator's table, `NO_ROW` where from none.
        Limit `NO_LIMIT` with source `NONE` where nobody can tell: with an edge, that road's limit is unknown;
        with `NO_EDGE`, no road is within reach, or the reach is wider than the index's and not all roads
        within it are known. Of equal limits the weaker source is named, then the nearer road.
    """
    n = lon_e7.size
    kmh = np.full(n, np.int16(NO_LIMIT), dtype=np.int16)
    source = np.zeros(n, dtype=np.uint8)
    edge = np.full(n, np.int32(NO_EDGE), dtype=np.int32)
    row = np.full(n, np.int32(NO_ROW), dtype=np.int32)
    for at in range(n):
        cell = cell_of(index, lon_e7[at], lat_e7[at])
        if cell < 0 or reach_m[at] > index.reach_m:
            continue
        per_lon, per_lat = metres_per_degree(lat_e7[at] * _E7)
        per_lon *= _E7
        per_lat *= _E7
        reach = np.float64(reach_m[at]) * np.float64(reach_m[at])
        heading = heading_ddeg[at]
        nearest = np.inf
        for i in range(index.cell_start[cell], index.cell_start[cell + 1]):
            s = index.in_cell[i]
            if heading >= 0 and turned_ddeg(heading, index.heading_ddeg[s]) > SAME_WAY_DDEG:
                continue
            limit, said_by, by_row = limit_at(limits, index.edge[s], s, ms_of_day[at])
            if 0 <= limit < kmh[at]:
                continue
            square, _ = off_segment(index, s, lon_e7[at], lat_e7[at], per_lon, per_lat)
            if square > reach:
                continue
            if limit < 0:
                kmh[at] = NO_LIMIT
                source[at] = NONE
                edge[at] = index.edge[s]
                row[at] = NO_ROW
                break
            if limit == kmh[at] and (said_by > source[at] or (said_by == source[at] and square >= nearest)):
                continue
            kmh[at] = limit
            source[at] = said_by
            edge[at] = index.edge[s]
            row[at] = by_row
            nearest = square
    return kmh, source, edge, row


def highest_codirectional_in_numpy(
    index: SegmentIndex,
    limits: Limits,
    lon_e7: Int32s,
    lat_e7: Int32s,
    heading_ddeg: Int16s,
    ms_of_day: Int32s,
    reach_m: Floats32,
) -> tuple[Int16s, Bytes, Int32s, Int32s]:
    """The same over all segments at once, a fix at a time."""
    n = lon_e7.size
    kmh = np.full(n, NO_LIMIT, dtype=np.int16)
    source = np.zeros(n, dtype=np.uint8)
    edge = np.full(n, NO_EDGE, dtype=np.int32)
    row = np.full(n, NO_ROW, dtype=np.int32)
    for at in range(n):
        metres = metres_to_segments(index, int(lon_e7[at]), int(lat_e7[at]))
        near = np.flatnonzero((metres <= reach_m[at]) & same_way(index, int(heading_ddeg[at])))
        if not near.size or reach_m[at] > index.reach_m:
            continue
        limit, said_by, by_row = (
            column[index.edge[near]] for column in (limits.kmh, limits.source, limits.row)
        )
        for place, road in enumerate(index.edge[near]):
            spans = slice(limits.hour_start[road], limits.hour_start[road + 1])
            from_ms, until_ms = limits.hour_from_ms[spans], limits.hour_until_ms[spans]
            holds = np.flatnonzero((from_ms <= ms_of_day[at]) & (ms_of_day[at] < until_ms))
            if holds.size:
                limit[place], said_by[place] = limits.hour_kmh[spans][holds[-1]], OPERATOR
                by_row[place] = limits.hour_row[spans][holds[-1]]
        for place, segment in enumerate(near if limits.area_kmh.size else ()):
            spans = slice(limits.area_start[segment], limits.area_start[segment + 1])
            from_ms, until_ms = limits.area_from_ms[spans], limits.area_until_ms[spans]
            holds = np.flatnonzero((from_ms <= ms_of_day[at]) & (ms_of_day[at] < until_ms))
            lowest = holds[np.argmin(limits.area_kmh[spans][holds])] if holds.size else NO_ROW
            if holds.size and (said_by[place] < OPERATOR or limits.area_kmh[spans][lowest] < limit[place]):
                limit[place], said_by[place] = limits.area_kmh[spans][lowest], OPERATOR_AREA
                by_row[place] = limits.area_row[spans][lowest]
        unknown = np.flatnonzero(limit < 0)
        if unknown.size:
            edge[at] = index.edge[near[unknown[0]]]
            continue
        first = np.lexsort((near, metres[near], said_by, -limit.astype(np.int64)))[0]
        kmh[at], source[at], edge[at] = limit[first], said_by[first], index.edge[near[first]]
        row[at] = by_row[first]
    return kmh, source, edge, row
