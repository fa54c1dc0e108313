"""What each driver could have been found in over some days, and how much of it each rule judged for certain.

A day is judged by a rule that was in force, was asked about it after its last records had come in, and had
any rows there. Of such a day what the rule could not judge is left out, row by row (`facts.exposure`); and
what it found where it was not certain of the rest is not counted, for without exposure there is no rate.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from taxi_qa.facts.exposure import EXPOSURES, Exposed, Judged, not_counted
from taxi_qa.facts.units import DayUnits
from taxi_qa.law.parameter import Law
from taxi_qa.rules.kit import catalogue
from taxi_qa.runs.gather import given_day
from taxi_qa.runs.jobs import DAY, PERIODS, WHOLE_CITY, Order, period_of, scope_of
from taxi_qa.runs.leaving import buckets_of
from taxi_qa.store import asked, library
from taxi_qa.store.home import Home
from taxi_qa.store.presence import last_delivery
from taxi_qa.store.run_log import Job
from taxi_qa.values.clock import city_day, day_start_ms
from taxi_qa.values.columns import Columns, columns_of

Progress = Callable[[int, int], None]
_LONGEST_DAYS: Final = 31
_NONE: Final[frozenset[str]] = frozenset()
_WHOLE: Final = {"start_ms": "int64", "end_ms": "int64"}
_KEPT: Final = ("vehicle_id", "driver_id", *_WHOLE)
_NO_ROWS: Final = Columns({name: np.zeros(0, dtype=np.int64 if name in _WHOLE else object) for name in _KEPT})


@dataclass(frozen=True)
class Counted:
    """How a rule is counted: per which of `EXPOSURES`, and whether it judges duties as a whole."""

    unit: str
    by_duty: bool


@dataclass(frozen=True)
class Told:
    """What drivers could have been found in.

    Attributes:
        whole: a row a driver, index driver_id, columns `EXPOSURES`.
        judged: the part of it each rule judged for certain: index driver_id, a column a rule.
        not_counted: the finding_ids that lie where their rule was not certain of the rest.
    """

    whole: pd.DataFrame
    judged: pd.DataFrame
    not_counted: frozenset[str]


def exposed(
    home: Home,
    law: Law,
    *,
    from_day: int,
    to_day: int,
    rules: Mapping[str, Counted],
    found: pd.DataFrame,
    progress: Progress | None = None,
) -> Told:
    """What each driver could have been found in over some days.

    Args:
        home: where.
        law: of its city.
        from_day, to_day: city days, both included.
        rules: for which the judged part is asked.
        found: finding_id, rule, vehicle_id, start_ms of what was found in these days.
        progress: told after each day and bucket.
    """
    book = _Book(home, law, rules, from_day, to_day)
    moments = found["start_ms"].to_numpy(dtype=np.int64)
    found = found.assign(
        day=city_day(moments, home.timezone),
        bucket=buckets_of(found["vehicle_id"].fillna("").to_numpy(dtype=object), home),
    )
    whole = pd.DataFrame(columns=list(EXPOSURES), dtype="float64")
    judged = pd.DataFrame(columns=list(rules), dtype="float64")
    out: set[str] = set()
    delivery = last_delivery(home)
    places = library.partitions(home, from_day, to_day)
    for done, (day, bucket) in enumerate(places, 1):
        order = Order(
            home=str(home.path), url=home.url, jobs=(Job(day, bucket, DAY),), past_day=day + 1, rules=(),
            leaves=(), looks_back=False, vehicles=(), delivery=delivery,
        )  # fmt: skip
        hows = book.of(day, bucket) if rules else {}
        today = found[(found["day"] == day) & (found["bucket"] == bucket)]
        for given in given_day(order, law, day):
            exposure = Exposed(DayUnits(given, law))
            whole = whole.add(exposure.whole(), fill_value=0.0)
            parts = {rule: exposure.judged(how) for rule, how in hows.items()}
            if parts:
                of_rules = pd.DataFrame({rule: part for rule, (part, _) in parts.items()})
                judged = judged.add(of_rules, fill_value=0.0)
            if len(today):
                spans = {rule: span for rule, (_, span) in parts.items()}
                of_cars = {rule: how.cars for rule, how in hows.items()}
                is_out = not_counted(spans, of_cars, columns_of(today[["rule", "vehicle_id", "start_ms"]]))
                out.update(today["finding_id"][is_out])
        if progress is not None:
            progress(done, len(places))
    return Told(whole.rename_axis("driver_id"), judged.rename_axis("driver_id"), frozenset(out))


@dataclass
class _Book:
    """What the casebook says of these rules in these days."""

    home: Home
    law: Law
    rules: Mapping[str, Counted]
    from_day: int
    to_day: int
    _city: dict[int, dict[str, list[pd.DataFrame]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read what is small: which rule was asked when, and when the records came."""
        first = self.from_day - _LONGEST_DAYS
        self._askings = asked.askings(self.home, self.rules, first, self.to_day)
        self._taken_ms = asked.taken_ms(self.home, self.from_day - 1, self.to_day)

    def of(self, day: int, bucket: int) -> dict[str, Judged]:
        """How far each rule judged the cars of a bucket on a day."""
        unjudged = self._unjudged(day, bucket)
        return {
            rule: Judged(
                unit=how.unit,
                by_duty=how.by_duty,
                cars=self._cars(rule, day, bucket),
                cars_before=self._cars(rule, day - 1, bucket) if how.by_duty else _NONE,
                unjudged=_stacked(unjudged.get(rule, [])),
            )
            for rule, how in self.rules.items()
        }

    def _cars(self, rule: str, day: int, bucket: int) -> frozenset[str] | None:
        """Whom the rule was asked about, in all of its scopes, with all that is known; None: all."""
        start = np.array([day_start_ms(day, self.home.timezone)])
        for path in catalogue()[rule].law:
            parameter = self.law.get(path)
            if parameter is None or np.isnan(parameter.at(start)).any():
                return _NONE
        cars: frozenset[str] | None = None
        for job in _jobs(rule, day, bucket):
            of_scope = self._asked(rule, job, self._taken_ms.get((day, bucket), 0))
            cars = of_scope if cars is None else cars if of_scope is None else cars & of_scope
        return cars

    def _asked(self, rule: str, job: Job, taken_ms: int) -> frozenset[str] | None:
        some: set[str] = set()
        for one in self._askings.get((rule, job), []):
            # Of complaints and queues a city may have none; of cars that drove there are always rows.
            if one.started_ms < taken_ms or (not one.examined and job.bucket != WHOLE_CITY):
                continue
            if one.cars is None:
                return None
            some |= one.cars
        return frozenset(some)

    def _unjudged(self, day: int, bucket: int) -> dict[str, list[pd.DataFrame]]:
        """The rows of the day, its week and month; of the day before those of duties, which may last."""
        by_duty = [rule for rule, how in self.rules.items() if how.by_duty]
        jobs = {job for rule in self.rules for job in _jobs(rule, day, bucket)}
        before = {job for rule in by_duty for job in _jobs(rule, day - 1, bucket)} - jobs
        told: dict[str, list[pd.DataFrame]] = {}
        for rules, of in ((list(self.rules), jobs), (by_duty, before)):
            for rule, rows in asked.unjudged_rows(self.home, rules, {j for j in of if j.bucket == bucket}):
                told.setdefault(rule, []).append(rows)
        for rule, frames in self._of_city(
            day, {job for job in jobs | before if job.bucket != bucket}
        ).items():
            told.setdefault(rule, []).extend(frames)
        return told

    def _of_city(self, day: int, jobs: set[Job]) -> dict[str, list[pd.DataFrame]]:
        """The same of the whole city, read once for all buckets of the day."""
        if day not in self._city:
            told: dict[str, list[pd.DataFrame]] = {}
            for rule, rows in asked.unjudged_rows(self.home, list(self.rules), jobs):
                told.setdefault(rule, []).append(rows)
            self._city.clear()
            self._city[day] = told
        return self._city[day]


def _stacked(rows: list[pd.DataFrame]) -> Columns:
    if not rows:
        return _NO_ROWS
    return columns_of(pd.concat(rows, ignore_index=True)[list(_KEPT)].astype(_WHOLE))


def _jobs(rule: str, day: int, bucket: int) -> list[Job]:
    """The jobs in which a rule judges a car's day: one a scope."""
    jobs = []
    for scope in scope_of(catalogue()[rule]):
        period = scope.removeprefix("city-")
        first = period_of(day, period)[0] if period in PERIODS else day
        jobs.append(Job(first, WHOLE_CITY if scope.startswith("city") else bucket, scope))
    return jobs
