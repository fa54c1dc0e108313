"""The heading of each fix of the line stays with its fix, whatever the line leaves out or turns round."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings

from taxi_qa.facts.headings import headings
from taxi_qa.facts.track import lay, turned_pairs
from tests.facts.wild import seeds, wild_fixes
from tests.small_city import City


@given(seeds)
@settings(max_examples=30)
def test_a_heading_goes_where_its_fix_goes(seed: int) -> None:
    wild = wild_fixes(seed)
    number = np.arange(len(wild))
    # The speed is turned round with its fix by the line itself: the same number in both must stay the same.
    fixes = replace(wild, speed_ckmh=number.astype(np.int32), heading_ddeg=number.astype(np.int16))
    known = replace(City().given(), fixes=fixes, track=lay(fixes, 200.0))
    assert headings(known).tolist() == known.track.speed_ckmh.tolist()


def test_the_cases_hold_pairs_that_are_turned_round() -> None:
    pairs = 0
    for seed in range(40):
        fixes = wild_fixes(seed)
        pairs += turned_pairs(fixes.starts, fixes.time_ms, fixes.lon_e7, fixes.lat_e7).size
    assert pairs > 0
