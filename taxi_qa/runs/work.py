"""Doing an order: units made, rules asked. A pure function of the home's data, in whatever process."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.facts.units import CITY_UNITS, DAY_READS, FOLDS, DayUnits
from taxi_qa.law.parameter import Law
from taxi_qa.rules.excuses import Excuses
from taxi_qa.rules.kit import catalogue, judge
from taxi_qa.runs.gather import excuses_of, given_day, home_at, law_of
from taxi_qa.runs.jobs import CITY, DAY, Order
from taxi_qa.runs.parts import Part, keep_part, kept_part
from taxi_qa.store import library
from taxi_qa.store.casebook import Job
from taxi_qa.store.home import Home
from taxi_qa.store.said import Said, said_of
from taxi_qa.values.clock import day_start_ms
from taxi_qa.values.identity import bucket_of

Told = dict[Job, list[Said]]


def do(order: Order) -> Told:
    """What the rules say in each job of an order."""
    home = home_at(order.home, order.url)
    law = law_of(home.city)
    work = {DAY: _day, CITY: _city}.get(order.scope, _period)
    return work(order, home, law)


def _judged(
    order: Order, home: Home, name: str, rows: pd.DataFrame, law: Law, excuses: Excuses
) -> dict[int, Said]:
    """What one rule says, told apart by bucket."""
    outcome = judge(catalogue()[name], rows, law, excuses)
    if len(order.jobs) == 1:
        return said_of(outcome, {order.buckets[0]: outcome.examined}, lambda _: order.buckets[0])
    examined = np.bincount(_buckets(rows, home), minlength=home.buckets)
    return said_of(
        outcome,
        {b: int(examined[b]) for b in order.buckets},
        lambda vehicle: _bucket(vehicle, home.buckets),
    )


# Asked of the same cars by every rule.
_bucket = lru_cache(maxsize=65_536)(bucket_of)


def _buckets(rows: pd.DataFrame, home: Home) -> npt.NDArray[np.int64]:
    """The bucket of each row's vehicle."""
    number, names = pd.factorize(rows["vehicle_id"])
    of_name = np.array([_bucket(str(vehicle), home.buckets) for vehicle in names], dtype=np.int64)
    return of_name[number]


def _told(order: Order, outcomes: list[dict[int, Said]]) -> Told:
    return {job: [of_rule[job.bucket] for of_rule in outcomes] for job in order.jobs}


def _day(order: Order, home: Home, law: Law) -> Told:
    day = DayUnits(given_day(order, law, order.day, columns=DAY_READS), law)
    rules, excuses = catalogue(), excuses_of(order, order.day)
    outcomes = [
        _judged(order, home, name, day.frame(rules[name].judges), law, excuses) for name in order.rules
    ]
    if not order.vehicles:
        for unit in order.leaves:
            _keep_parts(order, home, law, unit, order.day, FOLDS[unit].part(day))
    return _told(order, outcomes)


def _city(order: Order, home: Home, law: Law) -> Told:
    rules, excuses = catalogue(), excuses_of(order, order.day)
    outcomes = []
    for name in order.rules:
        unit = CITY_UNITS[rules[name].judges]
        given = given_day(order, law, order.day, tracks=False, columns=unit.reads)
        outcomes.append(_judged(order, home, name, unit.make(given, law), law, excuses))
    return _told(order, outcomes)


def _period(order: Order, home: Home, law: Law) -> Told:
    first, past = order.day, order.past_day
    from_ms, to_ms = (day_start_ms(day, home.timezone) for day in (first, past))
    rules, excuses = catalogue(), excuses_of(order, first)
    outcomes = []
    for name in order.rules:
        unit = rules[name].judges
        held = library.partitions(home, first, past - 1, kind=FOLDS[unit].made_of)
        parts = [_part(order, home, law, unit, place) for place in held if place[1] in order.buckets]
        parts = parts or [_part(order, home, law, unit, (first, order.buckets[0]))]
        rows = FOLDS[unit].fold(pd.concat(parts, ignore_index=True), from_ms, to_ms)
        outcomes.append(_judged(order, home, name, rows, law, excuses))
    return _told(order, outcomes)


def _part(order: Order, home: Home, law: Law, unit: str, place: tuple[int, int]) -> pd.DataFrame:
    """What a day and bucket leave for a period: as the day's own job kept it, else made now."""
    day, bucket = place
    if not order.vehicles:
        kept = kept_part(home, law, Part(unit, day, bucket, order.delivery))
        if kept is not None:
            return kept
    alone = replace(order, jobs=(Job(day, bucket, DAY),))
    made = FOLDS[unit].part(DayUnits(given_day(alone, law, day, columns=DAY_READS), law))
    if not order.vehicles:
        _keep_parts(alone, home, law, unit, day, made)
    return made


def _keep_parts(order: Order, home: Home, law: Law, unit: str, day: int, made: pd.DataFrame) -> None:
    """Keep what a day leaves bucket by bucket: periods may be judged in other groups of buckets."""
    of_row = _buckets(made, home)
    for bucket in order.buckets:
        part = made if len(order.buckets) == 1 else made[of_row == bucket]
        keep_part(home, law, Part(unit, day, bucket, order.delivery), part)
