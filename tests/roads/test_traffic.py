"""Which part of the traffic runs on which road."""

import numpy as np

from taxi_qa.roads.traffic import traffic_of
from tests.roads.test_network import cross, edges


def test_shares_of_passes_and_of_metres_by_way() -> None:
    network = cross()
    named = edges(network)
    # Both directions and both pieces of the street are way 10; nobody drove along the others but one.
    edge = np.array([named[0, 1], named[1, 0], named[1, 4], named[3, 1]], dtype=np.int32)
    found = traffic_of(network, edge, np.array([100, 100, 400, 200], dtype=np.float32))
    assert found is not None
    assert found.passed == {"10": 0.75, "11": 0.25}
    assert found.driven == {"10": 0.75, "11": 0.25}  # 600 and 200 of 800 m
    longer = traffic_of(network, edge, np.array([100, 100, 400, 600], dtype=np.float32))
    assert longer is not None
    assert (longer.passed, longer.driven) == ({"10": 0.75, "11": 0.25}, {"10": 0.5, "11": 0.5})


def test_where_nobody_drove_nothing_is_known() -> None:
    network = cross()
    none = np.zeros(0, dtype=np.int32)
    assert traffic_of(network, none, none.astype(np.float32)) is None
    assert traffic_of(network, np.array([0], dtype=np.int32), np.zeros(1, dtype=np.float32)) is None
