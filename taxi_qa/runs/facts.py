"""The facts of a home, day by day: what was measured before any rule was asked."""

from collections.abc import Iterator, Sequence

import pandas as pd

from taxi_qa.facts.units import DAY_FACTS, LOOKS_BACK, DayUnits
from taxi_qa.runs.gather import given_day, law_of
from taxi_qa.runs.jobs import DAY, Order
from taxi_qa.runs.leaving import past_of
from taxi_qa.store import library
from taxi_qa.store.casebook import Job
from taxi_qa.store.home import Home
from taxi_qa.store.presence import last_delivery
from taxi_qa.values.identity import bucket_of


def facts(
    home: Home,
    name: str,
    *,
    from_day: int | None = None,
    to_day: int | None = None,
    vehicles: Sequence[str] = (),
) -> Iterator[pd.DataFrame]:
    """The rows of one fact, a frame a day and bucket that holds any (large buckets give several).

    Args:
        home: where.
        name: one of `facts.units.DAY_FACTS`.
        from_day: first city day; the first with data if None.
        to_day: last city day; the last with data if None.
        vehicles: only these; all if empty.
    """
    span = library.data_span(home)
    if span is None:
        return
    first, last = from_day if from_day is not None else span[0], to_day if to_day is not None else span[1]
    wanted = {bucket_of(vehicle, home.buckets) for vehicle in vehicles}
    delivery, law = last_delivery(home), law_of(home.city)
    for day, bucket in library.partitions(home, first, last):
        if wanted and bucket not in wanted:
            continue
        order = Order(
            home=str(home.path), url=home.url, jobs=(Job(day, bucket, DAY),), past_day=day + 1, rules=(),
            leaves=(), looks_back=name in LOOKS_BACK, vehicles=tuple(sorted(vehicles)), delivery=delivery,
        )  # fmt: skip
        past = past_of(order) if order.looks_back else None
        for given in given_day(order, law, day, past=past):
            rows = DAY_FACTS[name](DayUnits(given, law))
            if len(rows):
                yield rows.frame()
