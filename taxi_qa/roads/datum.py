"""In which datum a feed's places are, told by how well they lie on the roads they are driven along.

A place of GCJ-02 taken for WGS-84 is off by half a kilometre, and in a city still lies near some road. But
near a road that runs its way it lies only by chance: the right datum puts nearly every moving fix there.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.roads.codirectional import nearest_codirectional
from taxi_qa.roads.index import NO_EDGE, SegmentIndex, nearest_edges
from taxi_qa.values.place import DATUMS, E7, Datum, Floats, distance_m, to_wgs84

Bools = npt.NDArray[np.bool_]
Int16s = npt.NDArray[np.int16]
Int32s = npt.NDArray[np.int32]

# Half a wide road and the error of a good receiver; wrong datums put one fix in eight there by chance.
FIT_M: Final = 15.0
# Headings are steady from here on (measured by receivers' makers at 5 to 10 km/h).
MOVING_CKMH: Final = 1_000
# So many fixes in so many places must speak: a feed of one street fits wherever another street is parallel.
LEAST_FIXES: Final = 200
LEAST_PLACES: Final = 40
# The right datum fits so often at least, even with poor receivers, and so much more often than the next.
CLEAR_SHARE: Final = 0.45
CLEAR_LEAD: Final = 0.25

_PLACE_E7: Final = 20_000  # 200 m
_SAME_M: Final = 5.0


@dataclass(frozen=True)
class DatumFit:
    """How well a feed fits the roads, read in each datum.

    Attributes:
        likely: the datum it is in, None where that is not clear.
        share: of the fixes that count, how many lie on a road that runs their way, by datum.
        fixes: how many count: moving, with a heading, in one reading at least near some road.
        places: how many different places they are from.
        why: where it is not clear, what is missing; else "".
    """

    likely: Datum | None
    share: dict[Datum, float]
    fixes: int
    places: int
    why: str = ""


def heading_fit(index: SegmentIndex, lon_e7: Int32s, lat_e7: Int32s, heading_ddeg: Int16s) -> Bools:
    """Whether each fix lies within `FIT_M` of a road that runs its way.

    Args:
        index: of the network.
        lon_e7, lat_e7: places in WGS-84, of vehicles that move.
        heading_ddeg: their direction of travel.
    """
    reach_m = min(FIT_M, index.reach_m)
    edge, _ = nearest_codirectional(index, lon_e7, lat_e7, heading_ddeg, reach_m=reach_m)
    return np.asarray(edge != NO_EDGE)


def likely_datum(
    index: SegmentIndex, lon: Floats, lat: Floats, heading_ddeg: Int16s, speed_ckmh: Int32s
) -> DatumFit:
    """The datum in which a feed's places fit the roads.

    Args:
        index: of the network.
        lon, lat: the places as they were sent, degrees.
        heading_ddeg: direction of travel, -1 where not sent.
        speed_ckmh: speed, -1 where not sent.
    """
    moving = (heading_ddeg >= 0) & (speed_ckmh >= MOVING_CKMH)
    lon, lat, heading = lon[moving], lat[moving], heading_ddeg[moving]
    read = {datum: to_wgs84(lon, lat, datum) for datum in DATUMS}
    fits: dict[Datum, Bools] = {}
    counts = np.zeros(lon.size, dtype=bool)
    for datum, (x, y) in read.items():
        lon_e7, lat_e7 = (np.round(axis * E7).astype(np.int32) for axis in (x, y))
        fits[datum] = heading_fit(index, lon_e7, lat_e7, heading)
        counts |= nearest_edges(index, lon_e7, lat_e7, most=1, reach_m=index.reach_m)[0][:, 0] != NO_EDGE
    fixes = int(counts.sum())
    cells = np.round(lon[counts] * E7 / _PLACE_E7) * E7 + np.round(lat[counts] * E7 / _PLACE_E7)
    places = int(np.unique(cells).size)
    share = {datum: float(fit[counts].mean()) if fixes else 0.0 for datum, fit in fits.items()}
    if fixes < LEAST_FIXES or places < LEAST_PLACES:
        why = (
            f"{fixes} moving fixes near roads, in {places} places; needed are {LEAST_FIXES} in {LEAST_PLACES}"
        )
        return DatumFit(None, share, fixes, places, why)
    best = max(DATUMS, key=lambda datum: share[datum])
    # Outside China the first two are one and the same.
    others = [datum for datum in DATUMS if not _same(read[datum], read[best])]
    next_share = max((share[datum] for datum in others), default=0.0)
    if share[best] < CLEAR_SHARE:
        return DatumFit(None, share, fixes, places, "the places fit the roads in no datum")
    if share[best] - next_share < CLEAR_LEAD:
        return DatumFit(None, share, fixes, places, "the places fit the roads in more than one datum")
    return DatumFit(best, share, fixes, places)


def _same(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> bool:
    """Whether two readings put the places where they are, for all that matters here."""
    return bool(np.all(distance_m(*one, *other) < _SAME_M))
