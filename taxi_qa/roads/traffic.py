"""Which part of the traffic runs on which road, out of the passes days left."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from taxi_qa.roads.learned import Floats32, Int32s
from taxi_qa.roads.network import Network


@dataclass(frozen=True)
class Traffic:
    """Shares of each way; both directions together, and each adds up to 1.

    Attributes:
        passed: way_id -> its share of all passes along ways.
        driven: way_id -> its share of the metres driven.
    """

    passed: Mapping[str, float]
    driven: Mapping[str, float]


def traffic_of(network: Network, edge: Int32s, metres: Floats32) -> Traffic | None:
    """The traffic that passes tell of; None where nobody drove.

    Args:
        network: of m edges.
        edge: of each pass, int32[k], 0 to m - 1.
        metres: of each pass, float32[k].
    """
    way = network.way[edge]
    passed = np.bincount(way, minlength=network.way_id.size)
    driven = np.bincount(way, weights=metres, minlength=network.way_id.size)
    if not driven.sum() > 0:
        return None
    seen = np.flatnonzero(passed)
    names = [str(one) for one in network.way_id[seen].tolist()]
    return Traffic(
        dict(zip(names, (passed[seen] / passed.sum()).tolist(), strict=True)),
        dict(zip(names, (driven[seen] / driven.sum()).tolist(), strict=True)),
    )
