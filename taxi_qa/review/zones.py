"""Puts every case into the zones its act lies in, so that an inspector of a zone finds it."""

import json
from collections import defaultdict
from typing import Final

import numpy as np
import pandas as pd
import shapely

from taxi_qa.store.case_places import cases_without_place, keep_places
from taxi_qa.store.engine import transaction
from taxi_qa.store.home import Home
from taxi_qa.store.library import records
from taxi_qa.values.clock import city_day

_KINDS: Final = ("hub", "bay", "holding", "set_down", "no_pickup")


def place_cases(home: Home) -> int:
    """Place the cases nobody has placed yet; gives how many.

    A place in a bay counts for the bay's hub, too. Zones count on the days they are valid; a case whose place
    nobody knows, or that lies in no zone, belongs to no inspector of a zone, only to those of the whole city.
    """
    zones = records(home, "zones")
    zones = zones[zones["kind"].isin(_KINDS)].reset_index(drop=True)
    with transaction(home.engine) as connection:
        frame = cases_without_place(connection)
        if frame.empty:
            return 0
        found: dict[str, set[str]] = defaultdict(set)
        for case_id in frame["case_id"]:
            found[str(case_id)].add("")
        placed = frame[frame["lon"].notna() & frame["lat"].notna()].reset_index(drop=True)
        if len(zones) and len(placed):
            days = city_day(placed["start_ms"].to_numpy(dtype=np.int64), home.timezone)
            tree = shapely.STRtree([shapely.from_geojson(_text(one)) for one in zones["geometry"]])
            points = shapely.points(placed["lon"].to_numpy(float), placed["lat"].to_numpy(float))
            for point, zone in tree.query(points, predicate="intersects").T.tolist():
                if _valid(zones, zone, int(days[point])):
                    ids = {str(zones["zone_id"].iloc[zone]), str(zones["hub_id"].fillna("").iloc[zone])}
                    found[str(placed["case_id"].iloc[point])] |= ids
        keep_places(
            connection,
            [(case_id, zone) for case_id, zone_ids in found.items() for zone in sorted(zone_ids)],
        )
    return len(found)


def _text(geometry: object) -> str:
    return geometry if isinstance(geometry, str) else json.dumps(geometry)


def _valid(zones: pd.DataFrame, row: int, day: int) -> bool:
    first, last = zones["valid_from_day"].iloc[row], zones["valid_to_day"].iloc[row]
    return bool((pd.isna(first) or first <= day) and (pd.isna(last) or day <= last))
