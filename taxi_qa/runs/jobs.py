"""What a run is made of: jobs, each a day or period of a bucket or the city, independent of all others."""

import datetime as dt
from collections.abc import Container, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from taxi_qa.facts.units import CITY_UNITS, DAY_UNITS, FOLDS, Period
from taxi_qa.rules.kit import Rule
from taxi_qa.store.run_log import Job
from taxi_qa.values.clock import date_of, day_of

# Scopes of a job: which of the rules' units it makes.
DAY: Final = "day"
CITY: Final = "city"
PERIODS: Final[tuple[Period, ...]] = ("week", "month")
# A city's day folded of what its buckets' day left is a period, too, and comes after their days.
_CITY_PERIODS: Final[dict[str, Period]] = {f"city-{period}": period for period in ("day", *PERIODS)}
WHOLE_CITY: Final = -1
_PART_SHARE: Final = 4


@dataclass(frozen=True)
class Order:
    """Jobs of one day or period with everything a worker needs, small enough to send to another process.

    Small buckets are judged together, since much of a job's cost does not depend on its size; what each
    job says is told apart afterwards, so the casebook never knows who shared an order.

    Attributes:
        home: the home's folder.
        url: the database, None for the home's own.
        jobs: of one day (or first day of the period) and scope, their buckets differ.
        past_day: the day after the last one they cover.
        rules: names of the rules it asks.
        leaves: names of the parts a day leaves behind for periods and later days.
        looks_back: whether any of its rules needs what the days before left.
        vehicles: only these; empty for all.
        delivery: the home's last delivery, for caches.
    """

    home: str
    url: str | None
    jobs: tuple[Job, ...]
    past_day: int
    rules: tuple[str, ...]
    leaves: tuple[str, ...]
    looks_back: bool
    vehicles: tuple[str, ...]
    delivery: int

    @property
    def day(self) -> int:
        """The day, or the first day of the period."""
        return self.jobs[0].day

    @property
    def scope(self) -> str:
        """What all the jobs judge."""
        return self.jobs[0].scope

    @property
    def buckets(self) -> tuple[int, ...]:
        """Their buckets."""
        return tuple(job.bucket for job in self.jobs)


def grouped(
    jobs: list[tuple[Job, int, tuple[str, ...]]],
    rows: dict[tuple[int, int], int],
    most_rows: int,
    workers: int = 1,
) -> list[tuple[tuple[Job, ...], int, tuple[str, ...]]]:
    """Jobs of one day and scope put together, in groups of about one size that hold `most_rows` at most.

    Args:
        jobs: as `jobs_of` gives them: those of one day and scope follow each other.
        rows: positions by (day, bucket); a bucket without any is small.
        most_rows: positions of a group; a larger bucket stands alone.
        workers: where there have to be several groups, there are as many for each worker.
    """
    groups: list[tuple[tuple[Job, ...], int, tuple[str, ...]]] = []
    for (_, _, past, names), members in groupby(jobs, lambda one: (one[0].day, one[0].scope, *one[1:])):
        alike = [job for job, _, _ in members]
        shares = _shares([_size(job, past, rows) for job in alike], most_rows, workers)
        groups += [(tuple(alike[share]), past, names) for share in shares]
    return groups


def _shares(sizes: list[int], most: int, workers: int) -> list[slice]:
    """Neighbours put together: a group that is left over, or a worker that has one less, is waited for."""
    held = sum(sizes)
    if held <= most:
        return [slice(0, len(sizes))]
    wanted = -(-held // max(1, most))
    wanted += -wanted % workers
    shares: list[slice] = []
    first, here, before = 0, 0, 0
    for at, size in enumerate(sizes):
        # A group ends where its share of the whole does, as near as its jobs allow.
        is_full = (before + size / 2) * wanted > held * (len(shares) + 1)
        if at > first and (is_full or here + size > most):
            shares.append(slice(first, at))
            first, here = at, 0
        before, here = before + size, here + size
    return [*shares, slice(first, len(sizes))]


def _size(job: Job, past: int, rows: dict[tuple[int, int], int]) -> int:
    """The positions a job reads, or as much work as so many."""
    if job.scope == DAY:
        # Of the days beside it the margins are read.
        before, day, after = (rows.get((job.day + shift, job.bucket), 0) for shift in (-1, 0, 1))
        return before // 4 + day + after * 3 // 4
    # What a day leaves for a period is far smaller than its positions.
    return sum(rows.get((day, job.bucket), 0) for day in range(job.day, past)) // _PART_SHARE


def period_of(day: int, period: Period) -> tuple[int, int]:
    """First day of the ISO week or month a day lies in (or the day itself), and the day after its last."""
    if period == "day":
        return day, day + 1
    date = date_of(day)
    if period == "week":
        first = day - date.weekday()
        return first, first + 7
    begin = date.replace(day=1)
    after = (begin + dt.timedelta(days=32)).replace(day=1)
    return day_of(begin), day_of(after)


def scope_of(rule: Rule) -> tuple[str, ...]:
    """The scopes in which a rule is asked."""
    scopes = []
    if rule.judges in DAY_UNITS:
        scopes.append(DAY)
    if rule.judges in CITY_UNITS:
        period = CITY_UNITS[rule.judges].period
        scopes.append(CITY if period is None else f"city-{period}")
    if rule.judges in FOLDS:
        fold = FOLDS[rule.judges]
        scopes.append(f"city-{fold.period}" if fold.of_city else fold.period)
    return tuple(scopes)


def jobs_of(
    partitions: list[tuple[int, int]], rules: list[Rule], city_days: Iterable[int] = ()
) -> list[tuple[Job, int, tuple[str, ...]]]:
    """The jobs that judge these partitions: job, day after its last, names of its rules.

    Days come first, so that the parts they leave are there when the periods are folded.

    Args:
        partitions: days and buckets with records of vehicles.
        rules: those that are asked.
        city_days: further days that only the whole city's units are asked about: their records name no
            vehicle.
    """
    asked: dict[str, list[str]] = {}
    for rule in rules:
        for scope in scope_of(rule):
            asked.setdefault(scope, []).append(rule.name)
    days = sorted({day for day, _ in partitions}.union(city_days))
    spans = _spans(partitions, asked) | _city_spans(days, asked)
    order = {scope: at for at, scope in enumerate((DAY, CITY, *PERIODS, *_CITY_PERIODS))}
    listed = sorted(spans.items(), key=lambda item: (order[item[0].scope], item[0].day, item[0].bucket))
    return [(job, past, tuple(asked[job.scope])) for job, past in listed]


def _spans(partitions: list[tuple[int, int]], asked: Container[str]) -> dict[Job, int]:
    """The jobs of buckets and the day after the last of each."""
    spans: dict[Job, int] = {}
    for day, bucket in partitions:
        if DAY in asked:
            spans[Job(day, bucket, DAY)] = day + 1
        for period in PERIODS:
            if period in asked:
                first, past = period_of(day, period)
                spans[Job(first, bucket, period)] = past
    return spans


def _city_spans(days: list[int], asked: Container[str]) -> dict[Job, int]:
    """The same of the whole city's jobs."""
    spans: dict[Job, int] = {}
    for day in days:
        if CITY in asked:
            spans[Job(day, WHOLE_CITY, CITY)] = day + 1
        for scope, period in _CITY_PERIODS.items():
            if scope in asked:
                first, past = period_of(day, period)
                spans[Job(first, WHOLE_CITY, scope)] = past
    return spans
