"""What the days before left for the day that is judged: what is usual, and how fast roads were.

Only days before: a trip is never its own witness, and what is judged today does not change tomorrow because
of tomorrow's trips.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from taxi_qa.facts.similar import FEWEST, Usual, usual
from taxi_qa.facts.usual_routes import Driven
from taxi_qa.roads.city import Roads
from taxi_qa.roads.learned import Passes, hourly_kmh
from taxi_qa.roads.routes import ContractionRouter

# Four weeks: every weekday four times, and no season.
DAYS: Final = 28
DRIVEN_TRIPS: Final = "driven_trips"
ROAD_PASSES: Final = "road_passes"


@dataclass(frozen=True)
class Past:
    """What the days before left, each thing folded when it is first asked for.

    Attributes:
        read: name of a part -> that part of all the days before.
        roads: the city's, None where the home has none.
    """

    read: Callable[[str], pd.DataFrame]
    roads: Roads | None

    @cached_property
    def usual(self) -> Usual | None:
        """What is usual between any two places; None where too few trips are known to say so anywhere."""
        parts = self.read(DRIVEN_TRIPS)
        return usual(driven_from(parts)) if len(parts) >= FEWEST else None

    @cached_property
    def router(self) -> ContractionRouter | None:
        """What finds routes, with the speeds of each hour as far as any are known; None without roads."""
        if self.roads is None:
            return None
        parts = self.read(ROAD_PASSES)
        if parts.empty:
            return self.roads.router
        passes = passes_from(parts)
        return self.roads.router.with_speeds(hourly_kmh(self.roads.network, passes))


def driven_from(parts: pd.DataFrame) -> Driven:
    """The trips of parts (`driven_trips.trips_part`), in the order of their begin."""
    parts = parts.sort_values(["start_ms", "vehicle_id"], kind="stable")
    count = np.array([len(line) for line in parts["lon_e7"]], dtype=np.int64)
    none = [np.zeros(0, dtype=np.int32)]
    return Driven(
        np.concatenate(([0], np.cumsum(count))).astype(np.int64),
        np.concatenate([*parts["lon_e7"], *none]).astype(np.int32),
        np.concatenate([*parts["lat_e7"], *none]).astype(np.int32),
        parts["took_s"].to_numpy(dtype=np.float64),
    )


def passes_from(parts: pd.DataFrame) -> Passes:
    """The passes of parts (`driven_trips.passes_part`); their order moves nothing: medians are learned."""
    return Passes(
        parts["edge"].to_numpy(dtype=np.int32),
        parts["hour"].to_numpy(dtype=np.int8),
        parts["metres"].to_numpy(dtype=np.float32),
        parts["seconds"].to_numpy(dtype=np.float32),
    )
