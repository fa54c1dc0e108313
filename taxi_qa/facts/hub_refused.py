"""Upheld complaints of refusal that speak of a car's turn at a hub."""

from typing import Final

import numpy as np

from taxi_qa.facts.given import Given, instants, words
from taxi_qa.values.clock import MS_PER_MIN
from taxi_qa.values.columns import Columns, Texts

# People remember when it was to about a quarter of an hour.
AROUND_MS: Final = 15 * MS_PER_MIN
_UNKNOWN: Final = np.iinfo(np.int64).min


def refused_complaint(given: Given, turns: Columns) -> Texts:
    """The upheld complaint of refusal about the car near the end of each turn, "" where there is none."""
    told = given.tables["complaints"]
    told = told[(words(told["category"]) == "refusal") & (words(told["outcome"]) == "upheld")]
    found = np.full(len(turns), "", dtype=object)
    columns = (
        words(told["complaint_id"]),
        words(told["vehicle_id"]),
        instants(told["happened_ms"], _UNKNOWN),
    )
    for name, vehicle_id, moment in zip(*columns, strict=True):
        if moment != _UNKNOWN:
            near = (turns["start_ms"] - AROUND_MS <= moment) & (moment <= turns["end_ms"] + AROUND_MS)
            found[(turns["vehicle_id"] == vehicle_id) & near] = name
    return found
