"""The traffic of the last days, as far as the days that were judged kept it."""

from typing import Final

import numpy as np
import pyarrow as pa

from taxi_qa.facts.past import ROAD_PASSES
from taxi_qa.facts.units import LEFT
from taxi_qa.roads.network import load_network
from taxi_qa.roads.traffic import Traffic, traffic_of
from taxi_qa.runs.parts import left_on_roads
from taxi_qa.store import library
from taxi_qa.store.home import Home
from taxi_qa.store.road_files import network_path

# Each weekday once; a day has a thousand trips of the whole city, 420,000 passes in all.
_DAYS: Final = 7


def traffic_between(home: Home, from_day: int, to_day: int) -> Traffic | None:
    """The traffic of the newest seven of some days of which anything is kept.

    Nothing is made anew for it: a sample that was drawn before the last delivery, or under another law, tells
    as well who drives where, as long as the roads are the same.

    Args:
        home: where.
        from_day, to_day: days of the city, both included.

    Returns:
        None where the home has no roads or nothing is kept.
    """
    path = network_path(home)
    if path is None:
        return None
    places = library.partitions(home, from_day, to_day, kind=LEFT[ROAD_PASSES].made_of)
    tables: list[pa.Table] = []
    days: set[int] = set()
    for at, bucket in sorted(places, reverse=True):
        if at not in days and len(days) == _DAYS:
            break
        table = left_on_roads(home, ROAD_PASSES, at, bucket)
        if table is not None and len(table):
            tables.append(table.select(["edge", "metres"]))
            days.add(at)
    if not tables:
        return None
    whole = pa.concat_tables(tables)
    edge, metres = (whole[name].to_numpy() for name in ("edge", "metres"))
    return traffic_of(load_network(path), edge.astype(np.int32), metres.astype(np.float32))
