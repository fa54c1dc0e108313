"""Doing one job: units made, rules asked. A pure function of the home's data, in whatever process."""

import pandas as pd

from taxi_qa.facts.given import Given
from taxi_qa.facts.units import CITY_UNITS, DAY_UNITS, FOLDS, DayUnits
from taxi_qa.findings.finding import Outcome
from taxi_qa.law.parameter import Law
from taxi_qa.rules.excuses import Excuses
from taxi_qa.rules.kit import catalogue, judge
from taxi_qa.runs.gather import given_day, home_at, law_of
from taxi_qa.runs.jobs import CITY, DAY, Order
from taxi_qa.runs.parts import keep_part, kept_part
from taxi_qa.store import library
from taxi_qa.store.home import Home
from taxi_qa.values.clock import day_start_ms


def do(order: Order) -> list[Outcome]:
    """The outcomes of one job, one a rule."""
    home = home_at(order.home, order.url)
    law = law_of(home.city)
    if order.job.scope == DAY:
        return _day(order, home, law)
    if order.job.scope == CITY:
        return _city(order, home, law)
    return _period(order, home, law)


def _excuses(given: Given) -> Excuses:
    return Excuses(given.tables["excuses"], given.areas)


def _day(order: Order, home: Home, law: Law) -> list[Outcome]:
    given = given_day(home, law, order.job.day, order.job.bucket, vehicles=order.vehicles)
    day = DayUnits(given, law)
    rules = catalogue()
    outcomes = [
        judge(rules[name], day.frame(rules[name].judges), law, _excuses(given)) for name in order.rules
    ]
    if not order.vehicles:
        for unit, fold in FOLDS.items():
            if unit in DAY_UNITS and any(rules[name].judges == unit for name in order.rules):
                keep_part(home, law, unit, order.job.day, order.job.bucket, order.delivery, fold.part(day))
    return outcomes


def _city(order: Order, home: Home, law: Law) -> list[Outcome]:
    given = given_day(home, law, order.job.day, None, vehicles=order.vehicles, tracks=False)
    rules = catalogue()
    return [
        judge(rules[name], CITY_UNITS[rules[name].judges](given, law), law, _excuses(given))
        for name in order.rules
    ]


def _period(order: Order, home: Home, law: Law) -> list[Outcome]:
    first, past = order.job.day, order.past_day
    from_ms, to_ms = (day_start_ms(day, home.timezone) for day in (first, past))
    days = [day for day, bucket in library.partitions(home, first, past - 1) if bucket == order.job.bucket]
    rules = catalogue()
    outcomes = []
    for name in order.rules:
        unit = rules[name].judges
        parts = [_part(order, home, law, unit, day) for day in days]
        rows = FOLDS[unit].fold(pd.concat(parts, ignore_index=True), from_ms, to_ms)
        given = given_day(home, law, first, order.job.bucket, vehicles=order.vehicles, tracks=False)
        outcomes.append(judge(rules[name], rows, law, _excuses(given)))
    return outcomes


def _part(order: Order, home: Home, law: Law, unit: str, day: int) -> pd.DataFrame:
    """What a day leaves for a period: as the day's own job kept it, else made now."""
    bucket = order.job.bucket
    if not order.vehicles:
        kept = kept_part(home, law, unit, day, bucket, order.delivery)
        if kept is not None:
            return kept
    made = FOLDS[unit].part(DayUnits(given_day(home, law, day, bucket, vehicles=order.vehicles), law))
    if not order.vehicles:
        keep_part(home, law, unit, day, bucket, order.delivery, made)
    return made
