"""Doing an order: units made, rules asked. A pure function of the home's data, in whatever process."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.facts.units import CITY_UNITS, DAY_READS, FOLDS, LEFT, DayUnits, left_of
from taxi_qa.findings.finding import Outcome
from taxi_qa.law.parameter import Law
from taxi_qa.rules.excuses import Excuses
from taxi_qa.rules.kit import catalogue, judge
from taxi_qa.runs.gather import excuses_of, given_day, home_at, law_of
from taxi_qa.runs.jobs import CITY, DAY, WHOLE_CITY, Order
from taxi_qa.runs.leaving import bucket_of_car, buckets_of, keep_left, left_by, past_of
from taxi_qa.store import library
from taxi_qa.store.home import Home
from taxi_qa.store.run_log import Job
from taxi_qa.store.said import Said, said_of
from taxi_qa.values.clock import day_start_ms
from taxi_qa.values.columns import Columns, stacked_columns

Told = dict[Job, list[Said]]


def do(order: Order) -> Told:
    """What the rules say in each job of an order."""
    home = home_at(order.home, order.url)
    law = law_of(home.city)
    if order.scope == DAY:
        return _day(order, home, law)
    return _city(order, home, law) if order.buckets == (WHOLE_CITY,) else _period(order, home, law)


@dataclass
class _Answers:
    """What the rules say of the rows of an order, slice by slice."""

    order: Order
    home: Home
    law: Law
    excuses: Excuses
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    examined: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    counted: tuple[Columns, npt.NDArray[np.int64]] | None = None

    def ask(self, name: str, rows: Columns) -> None:
        """Asks one rule about further rows."""
        outcome = judge(catalogue()[name], rows, self.law, self.excuses)
        self.outcomes.setdefault(name, []).append(outcome)
        if len(self.order.jobs) > 1:
            self.examined[name] = self.examined.get(name, 0) + self._counted(rows)

    def _counted(self, rows: Columns) -> npt.NDArray[np.int64]:
        """How many of the rows lie in each bucket; several rules ask of the same rows."""
        if self.counted is None or self.counted[0] is not rows:
            counts = np.bincount(buckets_of(rows["vehicle_id"], self.home), minlength=self.home.buckets)
            self.counted = rows, counts
        return self.counted[1]

    def told(self) -> Told:
        """What every rule says, told apart by bucket."""
        of_rules = [self._of_buckets(name, outcomes) for name, outcomes in self.outcomes.items()]
        return {job: [of_rule[job.bucket] for of_rule in of_rules] for job in self.order.jobs}

    def _of_buckets(self, name: str, outcomes: list[Outcome]) -> dict[int, Said]:
        whole = outcomes[0]
        if len(outcomes) > 1:
            whole = replace(
                whole,
                examined=sum(one.examined for one in outcomes),
                found=tuple(finding for one in outcomes for finding in one.found),
                cannot_tell=stacked_columns([one.cannot_tell for one in outcomes]),
            )
        if len(self.order.jobs) == 1:
            only = self.order.buckets[0]
            return said_of(whole, {only: whole.examined}, lambda _: only)
        examined = {bucket: int(self.examined[name][bucket]) for bucket in self.order.buckets}
        return said_of(whole, examined, lambda vehicle: bucket_of_car(vehicle, self.home.buckets))


def _day(order: Order, home: Home, law: Law) -> Told:
    answers = _Answers(order, home, law, excuses_of(order, order.day))
    left: dict[str, list[pd.DataFrame]] = {name: [] for name in order.leaves if not order.vehicles}
    past = past_of(order) if order.looks_back else None
    for given in given_day(order, law, order.day, columns=DAY_READS, past=past):
        day = DayUnits(given, law)
        for name in order.rules:
            answers.ask(name, day.rows(catalogue()[name].judges))
        for name, parts in left.items():
            parts.append(LEFT[name].part(day))
        # Else the next slice is read while this one still stands.
        del given, day
    for name, parts in left.items():
        keep_left(order, law, name, order.day, pd.concat(parts, ignore_index=True))
    return answers.told()


def _city(order: Order, home: Home, law: Law) -> Told:
    answers = _Answers(order, home, law, excuses_of(order, order.day))
    # A driver's day is that of all his cars, and a company's month that of all of its, whichever were asked
    # for: what stands under no car is then left out.
    whole = replace(order, vehicles=())
    asked: dict[str, list[str]] = {}
    for name in order.rules:
        asked.setdefault(catalogue()[name].judges, []).append(name)
    read = [unit for unit in asked if unit not in FOLDS or order.scope == CITY]
    given = None
    if read:
        # Read once for all of them: what a city holds is far more than what most of them find in it.
        (given,) = given_day(whole, law, order.day, tracks=False, columns=_read_by_any(read))
    # Unit by unit: rows of a city's trips are large, and nobody needs two kinds of them at once.
    for unit, names in asked.items():
        rows = (
            CITY_UNITS[unit].make(given, law)
            if given is not None and unit in read
            else _folded(unit, whole, home, law)
        )
        if order.vehicles:
            rows = rows.cut(np.isin(rows["vehicle_id"].astype(str), order.vehicles))
        for name in names:
            answers.ask(name, rows)
        answers.counted = None
        del rows
    return answers.told()


def _read_by_any(units: Sequence[str]) -> dict[str, set[str]]:
    """Kind of record -> the columns of it that any of these units of the city reads."""
    columns: dict[str, set[str]] = {}
    for unit in units:
        for kind, names in CITY_UNITS[unit].reads.items():
            columns.setdefault(kind, set()).update(names)
    return columns


def _period(order: Order, home: Home, law: Law) -> Told:
    answers = _Answers(order, home, law, excuses_of(order, order.day))
    for name in order.rules:
        answers.ask(name, _folded(catalogue()[name].judges, order, home, law))
    return answers.told()


def _folded(unit: str, order: Order, home: Home, law: Law) -> Columns:
    """A unit of the order's period, from what the days of its buckets left."""
    from_ms, to_ms = (day_start_ms(day, home.timezone) for day in (order.day, order.past_day))
    left = left_of(unit)
    first = order.day - FOLDS[unit].back_days
    held = library.partitions(home, first, order.past_day - 1, kind=LEFT[left].made_of)
    if order.buckets != (WHOLE_CITY,):
        held = [place for place in held if place[1] in order.buckets]
    # Where nothing was left at all, an empty part has the columns.
    held = held or [(order.day, max(0, order.buckets[0]))]
    return FOLDS[unit].fold(left_by(order, law, left, held), from_ms, to_ms)
