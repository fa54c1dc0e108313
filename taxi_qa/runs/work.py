"""Doing an order: units made, rules asked. A pure function of the home's data, in whatever process."""

import numpy as np
import pandas as pd

from taxi_qa.facts.given import Given
from taxi_qa.facts.units import CITY_UNITS, DAY_UNITS, FOLDS, DayUnits
from taxi_qa.law.parameter import Law
from taxi_qa.rules.excuses import Excuses
from taxi_qa.rules.kit import catalogue, judge
from taxi_qa.runs.gather import given_day, home_at, law_of
from taxi_qa.runs.jobs import CITY, DAY, Order
from taxi_qa.runs.parts import Part, keep_part, kept_part
from taxi_qa.store import library
from taxi_qa.store.casebook import Job, Said, said_of
from taxi_qa.store.home import Home
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
    order: Order, home: Home, name: str, rows: pd.DataFrame, law: Law, given: Given
) -> dict[int, Said]:
    """What one rule says, told apart by bucket."""
    outcome = judge(catalogue()[name], rows, law, Excuses(given.tables["excuses"], given.areas))
    if len(order.jobs) == 1:
        return said_of(outcome, {order.buckets[0]: outcome.examined}, lambda _: order.buckets[0])
    number, names = pd.factorize(rows["vehicle_id"])
    of_name = np.array([bucket_of(str(vehicle), home.buckets) for vehicle in names], dtype=np.int64)
    examined = np.bincount(of_name[number], minlength=home.buckets)
    return said_of(
        outcome,
        {b: int(examined[b]) for b in order.buckets},
        lambda vehicle: bucket_of(vehicle, home.buckets),
    )


def _told(order: Order, outcomes: list[dict[int, Said]]) -> Told:
    return {job: [of_rule[job.bucket] for of_rule in outcomes] for job in order.jobs}


def _day(order: Order, home: Home, law: Law) -> Told:
    given = given_day(home, law, order.day, order.buckets, vehicles=order.vehicles)
    day = DayUnits(given, law)
    rules = catalogue()
    outcomes = [_judged(order, home, name, day.frame(rules[name].judges), law, given) for name in order.rules]
    if not order.vehicles:
        asked = {rules[name].judges for name in order.rules}
        for unit, fold in FOLDS.items():
            if unit in DAY_UNITS and unit in asked:
                keep_part(home, law, Part(unit, order.day, order.buckets, order.delivery), fold.part(day))
    return _told(order, outcomes)


def _city(order: Order, home: Home, law: Law) -> Told:
    given = given_day(home, law, order.day, None, vehicles=order.vehicles, tracks=False)
    rules = catalogue()
    outcomes = [
        _judged(order, home, name, CITY_UNITS[rules[name].judges](given, law), law, given)
        for name in order.rules
    ]
    return _told(order, outcomes)


def _period(order: Order, home: Home, law: Law) -> Told:
    first, past = order.day, order.past_day
    from_ms, to_ms = (day_start_ms(day, home.timezone) for day in (first, past))
    held = library.partitions(home, first, past - 1)
    days = sorted({day for day, bucket in held if bucket in order.buckets})
    given = given_day(home, law, first, order.buckets, vehicles=order.vehicles, tracks=False)
    rules = catalogue()
    outcomes = []
    for name in order.rules:
        unit = rules[name].judges
        parts = pd.concat([_part(order, home, law, unit, day) for day in days], ignore_index=True)
        rows = FOLDS[unit].fold(parts, from_ms, to_ms)
        outcomes.append(_judged(order, home, name, rows, law, given))
    return _told(order, outcomes)


def _part(order: Order, home: Home, law: Law, unit: str, day: int) -> pd.DataFrame:
    """What a day leaves for a period: as the day's own job kept it, else made now."""
    part = Part(unit, day, order.buckets, order.delivery)
    if not order.vehicles:
        kept = kept_part(home, law, part)
        if kept is not None:
            return kept
    made = FOLDS[unit].part(DayUnits(given_day(home, law, day, order.buckets, vehicles=order.vehicles), law))
    if not order.vehicles:
        keep_part(home, law, part, made)
    return made
