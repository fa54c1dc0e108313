"""How far the home's roads go: limits by where they come from, and whether positions lie on the roads."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from taxi_qa.records.fixes import Fixes, joined
from taxi_qa.roads.datum import DatumFit, likely_datum
from taxi_qa.roads.limits import CLASS_DEFAULT, NONE, OPERATOR, TAG
from taxi_qa.roads.network import APART
from taxi_qa.runs.gather import law_of
from taxi_qa.runs.maps import roads_at
from taxi_qa.store import library
from taxi_qa.store.home import Home
from taxi_qa.values.place import E7

# So many positions tell the datum; a day's are many more.
_SAMPLE: Final = 50_000
_SOURCES: Final = {"operator": OPERATOR, "map": TAG, "class default": CLASS_DEFAULT, "unknown": NONE}


@dataclass(frozen=True)
class RoadCheck:
    """What the check saw.

    Attributes:
        day: the city day whose limits were looked at.
        share: of the length that can be reached, by the limit's source; sums to 1.
        apart_share: of the whole length, what cannot be reached.
        table_rows: rows of the operator's table.
        nowhere: those of them that mean no road, counted from 1.
        datum: what the home's latest positions say of their datum, None without positions.
    """

    day: int
    share: dict[str, float]
    apart_share: float
    table_rows: int
    nowhere: list[int]
    datum: DatumFit | None


def road_check(home: Home, today: int) -> RoadCheck | None:
    """Look at the home's roads, None where it has none.

    Args:
        home: where.
        today: the day whose limits count where the home holds no data.
    """
    roads = roads_at(home)
    if roads is None:
        return None
    span = library.data_span(home)
    day = today if span is None else span[1]
    limits = roads.limits(law_of(home.city), day)
    length = roads.network.length_m.astype(np.float64)
    apart = (roads.network.edge_flags & APART) != 0
    reached = float(length[~apart].sum()) or 1.0
    share = {
        name: float(length[~apart & (limits.source == code)].sum()) / reached
        for name, code in _SOURCES.items()
    }
    fixes = _latest(home, day)
    datum = None
    if len(fixes):
        lon, lat = fixes.lon_e7 / E7, fixes.lat_e7 / E7
        datum = likely_datum(roads.index, lon, lat, fixes.heading_ddeg, fixes.speed_ckmh)
    table = roads.table
    return RoadCheck(
        day,
        share,
        float(length[apart].sum() / length.sum()),
        0 if table is None else len(table.rows),
        [] if table is None else [at + 1 for at in table.without_edges()],
        datum,
    )


def _latest(home: Home, day: int) -> Fixes:
    """Some positions of the last day, of several buckets."""
    parts, held = [], 0
    for bucket in range(home.buckets):
        part = library.fixes(home, day, bucket)
        parts.append(part)
        held += len(part)
        if held >= _SAMPLE:
            break
    return joined(parts)
