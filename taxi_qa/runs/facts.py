"""The facts of a home, day by day, and the ledger of its hubs: measured before any rule was asked."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from taxi_qa.facts.given import Given
from taxi_qa.facts.hub_ledger import hub_ledger
from taxi_qa.facts.units import DAY_FACTS, FOLDS, LOOKS_BACK, DayUnits
from taxi_qa.law.parameter import Law
from taxi_qa.runs.gather import given_day, law_of
from taxi_qa.runs.jobs import DAY, WHOLE_CITY, Order
from taxi_qa.runs.leaving import left_by, past_of
from taxi_qa.store import library
from taxi_qa.store.home import Home
from taxi_qa.store.presence import last_delivery
from taxi_qa.store.run_log import Job
from taxi_qa.values.clock import day_start_ms
from taxi_qa.values.columns import Columns, stacked_columns
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


def car_day(home: Home, law: Law, vehicle_id: str, day: int) -> Given:
    """What one car's day is judged from, with its margins on both sides.

    Args:
        home: where.
        law: of its place.
        vehicle_id: the car.
        day: the city day.
    """
    job = Job(day, bucket_of(vehicle_id, home.buckets), DAY)
    order = Order(
        home=str(home.path), url=home.url, jobs=(job,), past_day=day + 1, rules=(), leaves=(),
        looks_back=False, vehicles=(vehicle_id,), delivery=last_delivery(home),
    )  # fmt: skip
    return next(given_day(order, law, day))


def ledger(
    home: Home, *, from_day: int | None = None, to_day: int | None = None, vehicles: Sequence[str] = ()
) -> pd.DataFrame:
    """The fairness ledger of hubs over some days: a row a driver and hub.

    Args:
        home: where.
        from_day, to_day: first and last city day; as far as the data reach if None.
        vehicles: only turns of these, among those of all others.
    """
    span = library.data_span(home)
    first, last = span if span is not None else (0, -1)
    first, last = from_day if from_day is not None else first, to_day if to_day is not None else last
    delivery, law = last_delivery(home), law_of(home.city)
    turns: dict[str, list[Columns]] = {"hub_visits": [], "hub_rounds": []}
    for day in sorted({day for day, _ in library.partitions(home, first, last, kind="positions")}):
        order = Order(
            home=str(home.path), url=home.url, jobs=(Job(day, WHOLE_CITY, DAY),), past_day=day + 1, rules=(),
            leaves=(), looks_back=False, vehicles=(), delivery=delivery,
        )  # fmt: skip
        places = library.partitions(home, day, day, kind="positions")
        from_ms, to_ms = (day_start_ms(one, home.timezone) for one in (day, day + 1))
        for unit, made in turns.items():
            rows = FOLDS[unit].fold(left_by(order, law, unit, places), from_ms, to_ms)
            made.append(rows.cut(np.isin(rows["vehicle_id"].astype(str), vehicles)) if vehicles else rows)
    if not turns["hub_visits"]:
        return pd.DataFrame()
    from_ms, to_ms = (day_start_ms(one, home.timezone) for one in (first, last + 1))
    visits, rounds = (stacked_columns(made) for made in turns.values())
    return hub_ledger(visits, rounds, from_ms, to_ms).frame()
