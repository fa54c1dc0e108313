"""The traffic of the last days is read from what judged days kept, and never made for it."""

from pathlib import Path

import pyarrow as pa

from taxi_qa.facts.past import ROAD_PASSES
from taxi_qa.law.read import read_law
from taxi_qa.roads.network import save_network
from taxi_qa.runs.parts import Part, keep_part
from taxi_qa.runs.traffic import traffic_between
from taxi_qa.store import library
from taxi_qa.store.presence import last_delivery
from taxi_qa.store.road_files import keep_network
from tests.roads.test_network import cross, edges
from tests.runs.conftest import NOW_MS, NewHome

LAW = read_law("guangzhou")


def another_network(path: Path) -> None:
    path.write_bytes(b"another")


def test_what_judged_days_kept_is_counted_while_it_counts(new_home: NewHome) -> None:
    home = new_home()
    (day, bucket), *_ = library.partitions(home, 0, 99_999, kind="trips")
    # Without roads, and with roads along which nobody is known to have driven.
    assert traffic_between(home, day, day) is None
    network = cross()
    keep_network(home, lambda path: save_network(network, path), now_ms=NOW_MS)
    assert traffic_between(home, day, day) is None
    street, lane = edges(network)[0, 1], edges(network)[3, 1]
    passes = pa.table(
        {"edge": pa.array([street, lane], pa.int32()), "metres": pa.array([300, 100], pa.float32())}
    )
    keep_part(home, LAW, Part(ROAD_PASSES, day, bucket, last_delivery(home)), passes)
    found = traffic_between(home, day - 1, day)
    assert found is not None
    assert (found.passed, found.driven) == ({"10": 0.5, "11": 0.5}, {"10": 0.75, "11": 0.25})
    # A delivery later, or under another law, it is as good; of other days and other roads it is not.
    assert traffic_between(home, day - 9, day - 1) is None
    keep_part(home, read_law("zhongshan"), Part(ROAD_PASSES, day, bucket, last_delivery(home) + 1), passes)
    assert traffic_between(home, day, day) == found
    keep_network(home, another_network, now_ms=NOW_MS + 1)
    assert traffic_between(home, day, day) is None
