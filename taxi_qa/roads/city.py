"""The roads of a city as facts ask for them: the network, what finds its edges, and the limits of a day."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from taxi_qa.law.parameter import Law
from taxi_qa.roads.index import SegmentIndex
from taxi_qa.roads.limit_areas import limit_index
from taxi_qa.roads.limit_row import LimitRow
from taxi_qa.roads.limit_table import LimitTable, limit_table
from taxi_qa.roads.limits import Limits, limits_on
from taxi_qa.roads.network import Network
from taxi_qa.roads.routes import ContractionRouter, router
from taxi_qa.roads.transitions import Ahead, edges_ahead

Int16s = npt.NDArray[np.int16]
Int32s = npt.NDArray[np.int32]

_MOST_DAYS: Final = 4
# Higher than any limit: near this cell no limit is known.
_NONE_KMH: Final = 32_000


@dataclass(frozen=True)
class Roads:
    """A city's roads, made once a process.

    Attributes:
        network: of the city.
        index: finds its edges.
        table: the operator's limits, None where there are none.
        order: in which junctions are contracted for routes, None: made when first needed.
    """

    network: Network
    index: SegmentIndex
    table: LimitTable | None
    order: Int32s | None = None
    _made: dict[tuple[str, str, int], tuple[Limits, Int16s]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @cached_property
    def router(self) -> ContractionRouter:
        """What finds routes, made when first asked for."""
        return router(self.network, self.order)

    @cached_property
    def ahead(self) -> Ahead:
        """The connections that matching walks along, made when first asked for."""
        return edges_ahead(self.network)

    def limits(self, law: Law, day: int) -> Limits:
        """The limits of a city day.

        Args:
            law: of the city.
            day: the city day.
        """
        return self._of_day(law, day)[0]

    def lowest(self, law: Law, day: int) -> Int16s:
        """The lowest limit of any road near each cell of the index, at any hour of a city day."""
        return self._of_day(law, day)[1]

    def _of_day(self, law: Law, day: int) -> tuple[Limits, Int16s]:
        key = (law.place, law.digest, day)
        if key not in self._made:
            if len(self._made) >= _MOST_DAYS:
                self._made.pop(next(iter(self._made)))
            limits = limits_on(self.network, law, self.table, day)
            self._made[key] = limits, lowest_by_cell(self.index, limits)
        return self._made[key]


def roads_of(network: Network, rows: list[LimitRow], order: Int32s | None = None) -> Roads:
    """The roads of a network and the operator's limits on it.

    Args:
        network: of at least one edge.
        rows: of the operator's table, maybe none.
        order: see `Roads`.
    """
    index = limit_index(network, rows)
    return Roads(network, index, limit_table(network, index, rows) if rows else None, order)


@njit(cache=True, nogil=True)
def lowest_by_cell(index: SegmentIndex, limits: Limits) -> Int16s:
    """The lowest limit, at any hour, of any road near each cell; unknown ones count as none."""
    lowest = np.full(index.cell_start.size - 1, np.int16(_NONE_KMH), dtype=np.int16)
    for cell in range(lowest.size):
        for i in range(index.cell_start[cell], index.cell_start[cell + 1]):
            segment = index.in_cell[i]
            edge = index.edge[segment]
            if limits.kmh[edge] >= 0:
                lowest[cell] = min(lowest[cell], limits.kmh[edge])
            for at in range(limits.hour_start[edge], limits.hour_start[edge + 1]):
                lowest[cell] = min(lowest[cell], limits.hour_kmh[at])
            if limits.area_kmh.size > 0:
                for at in range(limits.area_start[segment], limits.area_start[segment + 1]):
                    lowest[cell] = min(lowest[cell], limits.area_kmh[at])
    return lowest
