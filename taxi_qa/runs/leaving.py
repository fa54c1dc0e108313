"""What days leave behind: made with the day's own job, or now; and what the days before left for a day."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from taxi_qa.facts.given import looked_up, words
from taxi_qa.facts.past import DAYS, Past
from taxi_qa.facts.units import DAY_READS, LEFT, DayUnits
from taxi_qa.law.parameter import Law
from taxi_qa.runs.gather import given_day, home_at, law_of
from taxi_qa.runs.jobs import DAY, Order
from taxi_qa.runs.maps import roads_at
from taxi_qa.runs.parts import Part, is_kept, keep_part, kept_part
from taxi_qa.store import library
from taxi_qa.store.home import Home
from taxi_qa.store.library import NO_BUCKET
from taxi_qa.store.road_files import digest
from taxi_qa.store.run_log import Job
from taxi_qa.values.columns import Texts
from taxi_qa.values.identity import bucket_of

# Asked of the same cars by every rule.
bucket_of_car = lru_cache(maxsize=65_536)(bucket_of)


def buckets_of(vehicle_id: Texts, home: Home) -> npt.NDArray[np.int64]:
    """The bucket of each vehicle."""
    return looked_up(vehicle_id, lambda name: bucket_of_car(name, home.buckets), np.int64)


def past_of(order: Order) -> Past:
    """What the days before an order's day left; folded once a process for all orders of the day."""
    alike = replace(
        order, jobs=(Job(order.day, 0, DAY),), past_day=order.day + 1, rules=(), leaves=(), vehicles=()
    )
    home = home_at(order.home, order.url)
    return _past(alike, digest(home), law_of(home.city).digest)


# It holds some hundred megabytes: one day's at a time.
@lru_cache(maxsize=1)
def _past(order: Order, roads: str, law: str) -> Past:  # noqa: ARG001 - part of the key
    home = home_at(order.home, order.url)
    return Past(lambda name: _left_before(order, name), roads_at(home) if roads else None)


def _left_before(order: Order, name: str) -> pd.DataFrame:
    """What the whole city's days before an order's day left."""
    home = home_at(order.home, order.url)
    return left_by(order, law_of(home.city), name, places_before(home, order.day, name))


def places_before(home: Home, day: int, name: str) -> list[tuple[int, int]]:
    """The days and buckets whose parts a day looks back on."""
    before = library.partitions(home, day - DAYS, day - 1, kind=LEFT[name].made_of)
    return [place for place in before if place[1] != NO_BUCKET]


def is_left(home: Home, name: str, place: tuple[int, int], delivery: int) -> bool:
    """Whether a part is there that counts now."""
    return is_kept(home, law_of(home.city), Part(name, *place, delivery))


def left_by(order: Order, law: Law, name: str, places: Sequence[tuple[int, int]]) -> pd.DataFrame:
    """What days and buckets left: as each day's own job kept it, else made now; a row a row of theirs.

    Args:
        order: whose home and delivery; with vehicles, only theirs is made, and nothing is kept.
        law: of the city.
        name: one of `LEFT`.
        places: the days and the buckets; none at all gives a frame without rows or columns.
    """
    tables = [_left_at(order, law, name, place) for place in places]
    # What is empty does not know of which type its columns would be.
    said = [table for table in tables if len(table)] or tables[:1]
    if not said:
        return pd.DataFrame()
    whole: pd.DataFrame = pa.concat_tables(said, promote_options="permissive").to_pandas()
    return whole


def _left_at(order: Order, law: Law, name: str, place: tuple[int, int]) -> pa.Table:
    day, bucket = place
    if not order.vehicles:
        kept = kept_part(home_at(order.home, order.url), law, Part(name, day, bucket, order.delivery))
        if kept is not None:
            return kept
    alone = replace(order, jobs=(Job(day, bucket, DAY),))
    slices = given_day(alone, law, day, columns=DAY_READS)
    made = pd.concat([LEFT[name].part(DayUnits(given, law)) for given in slices], ignore_index=True)
    if not order.vehicles:
        keep_left(alone, law, name, day, made)
    return _table_of(made)


def keep_left(order: Order, law: Law, name: str, day: int, made: pd.DataFrame) -> None:
    """Keep what a day leaves bucket by bucket: others may be judged in other groups of buckets."""
    home = home_at(order.home, order.url)
    table = _table_of(made)
    of_row = buckets_of(words(made["vehicle_id"]), home)
    by_bucket = np.argsort(of_row, kind="stable")
    if len(order.buckets) > 1:
        table = table.take(by_bucket)
    begins, ends = (np.searchsorted(of_row[by_bucket], order.buckets, side) for side in ("left", "right"))
    for bucket, begin, end in zip(order.buckets, begins, ends, strict=True):
        part = table if len(order.buckets) == 1 else table.slice(begin, end - begin)
        keep_part(home, law, Part(name, day, bucket, order.delivery), part)


def _table_of(made: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(made, preserve_index=False)
