"""Judge the days: a run is a list of jobs; each job's outcomes go into the casebook in one transaction."""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import pandas as pd

from taxi_qa.facts.past import DAYS as PAST_DAYS
from taxi_qa.facts.units import FOLDS, LOOKS_BACK, left_of
from taxi_qa.law.parameter import Law
from taxi_qa.rules.kit import Rule, catalogue
from taxi_qa.runs.city_days import city_days
from taxi_qa.runs.executors import Crew
from taxi_qa.runs.gather import law_in_force, law_of, take_law
from taxi_qa.runs.jobs import CITY, DAY, Order, grouped, jobs_of
from taxi_qa.runs.known import remember_rules
from taxi_qa.runs.leaving import is_left, places_before
from taxi_qa.runs.work import do
from taxi_qa.store import casebook, library, run_log
from taxi_qa.store.home import Home
from taxi_qa.store.presence import last_delivery, position_rows
from taxi_qa.store.road_files import digest
from taxi_qa.store.run_log import Job
from taxi_qa.values.identity import bucket_of

Progress = Callable[[int, int], None]

# Positions judged at once: some 70 bytes each with all that is made of them, so 190 MB beside the program.
MOST_ROWS: Final = 2_750_000


class UnknownRuleError(ValueError):
    """A rule was asked for that the catalogue does not have."""


@dataclass(frozen=True)
class RunReport:
    """What a run said.

    Attributes:
        run_id: its id; the same data, law and rules give the same.
        from_day, to_day: the days judged, both included.
        jobs: how many jobs it has, and how many of them this call did (the rest were done before).
        done_now: see `jobs`.
        tallies: a row a rule asked: rule, examined, found, excused, clean, cannot_tell.
    """

    run_id: str
    from_day: int
    to_day: int
    jobs: int
    done_now: int
    tallies: pd.DataFrame


def check(  # noqa: PLR0913 - a run has as many choices as the command line
    home: Home,
    *,
    now_ms: int,
    from_day: int | None = None,
    to_day: int | None = None,
    rules: Sequence[str] = (),
    vehicles: Sequence[str] = (),
    executor: str = "inline",
    workers: int = 1,
    progress: Progress | None = None,
    again: bool = False,
    law: Law | None = None,
    as_of_day: int | None = None,
    book: Home | None = None,
    due: Collection[tuple[int, int]] | None = None,
) -> RunReport | None:
    """Judge the days of a home.

    A run that was stopped half-way goes on where it stopped: jobs whose outcomes are kept are not done
    again while data, law and rules are the same.

    Args:
        home: where.
        now_ms: the present moment, written down as the run's begin.
        from_day: first city day; the first with data if None.
        to_day: last city day; the last with data if None.
        rules: names; all if empty.
        vehicles: only these; all if empty.
        executor: `inline` or `processes`.
        workers: how many processes.
        progress: told after each job how many of how many are done.
        again: judge anew even what is done.
        law: what binds; the shipped law of the home's city if None, which the home then remembers.
        as_of_day: written down as the day whose knowledge the home holds.
        book: the home whose casebook keeps what is said; the home itself if None.
        due: only these days and buckets are judged anew, and what was never judged by this law, these roads
            and rules; all else is carried over as it stands. None: everything. What is told of a whole city,
            of weeks and of months is then behind until a run without it.

    Returns:
        The report, None where the home holds no data in these days.

    Raises:
        UnknownRuleError: names the rule and those there are.
    """
    asked = _asked(rules)
    days = _days(home, asked, from_day, to_day, vehicles)
    if days is None:
        return None
    if law is None:
        law = law_of(home.city)
        remember_rules(home, law, now_ms)
    told = home if book is None else book
    first, last = days.first, days.last
    delivery = last_delivery(home)
    run_id = _run_id(home, law, days, asked, vehicles, delivery)
    run_log.start_run(
        told,
        run_log.RunHead(
            run_id=run_id, from_day=first, to_day=last, rules=tuple(rule.name for rule in asked),
            vehicles=tuple(sorted(vehicles)), as_of_day=as_of_day, started_ms=now_ms,
            basis=_digest_of(_basis(home, law, asked)),
        ),
    )  # fmt: skip
    if again:
        run_log.reopen_run(told, run_id)
    done = run_log.jobs_done(told, run_id)
    jobs = jobs_of(days.partitions, asked, days.alone)
    if due is not None and not vehicles:
        untouched = {job for job, _, _ in jobs if (job.day, job.bucket) not in due or job.scope != DAY}
        done |= run_log.carry_over(told, run_id, untouched - done)
    todo = [(job, past, names) for job, past, names in jobs if job not in done]
    run_log.take_over(told, run_id, [job for job, _, _ in todo])
    plan = _Plan(home, tuple(sorted(vehicles)), delivery, asked, workers if executor == "processes" else 1)
    with law_in_force(law), Crew(executor, workers, begin=partial(take_law, law)) as crew:
        stages = plan.stages(todo, position_rows(home, first - PAST_DAYS, last))
        total = len(jobs) + sum(len(order.jobs) for stage in stages for order in stage if not order.rules)
        finished = len(jobs) - len(todo)
        for stage in stages:
            for order, outcomes in crew.results(do, stage):
                if order.rules:
                    casebook.keep_all(told, run_id, outcomes, vehicles=vehicles)
                finished += len(order.jobs)
                if progress is not None:
                    progress(finished, total)
    run_log.finish_run(told, run_id, now_ms)
    return RunReport(run_id, first, last, len(jobs), len(todo), summary(told, run_id, asked))


@dataclass(frozen=True)
class _Days:
    """What is judged: the first and the last day, days and buckets, and days of what names no car."""

    first: int
    last: int
    partitions: list[tuple[int, int]]
    alone: set[int]


def _days(
    home: Home, asked: list[Rule], from_day: int | None, to_day: int | None, vehicles: Sequence[str]
) -> _Days | None:
    """The days asked for, else all with data; None where there is nothing to judge in them."""
    span = library.data_span(home)
    if span is None:
        return None
    first, last = from_day if from_day is not None else span[0], to_day if to_day is not None else span[1]
    partitions = library.partitions(home, first, last)
    if vehicles:
        buckets = {bucket_of(name, home.buckets) for name in vehicles}
        partitions = [pair for pair in partitions if pair[1] in buckets]
        return _Days(first, last, partitions, set()) if partitions else None
    # What names no car may lie outside the days with positions and trips.
    alone = city_days(home, asked)
    first = min({first, *alone}) if from_day is None else first
    last = max({last, *alone}) if to_day is None else last
    alone = {day for day in alone if first <= day <= last}
    return _Days(first, last, partitions, alone) if partitions or alone else None


@dataclass(frozen=True)
class _Plan:
    """In which order things are done.

    Attributes:
        home: where.
        vehicles: only these.
        delivery: the home's last.
        asked: the rules.
        workers: how many processes do it.
    """

    home: Home
    vehicles: tuple[str, ...]
    delivery: int
    asked: list[Rule]
    workers: int = 1

    def looks_back(self) -> tuple[str, ...]:
        """The parts of the days before that any rule needs."""
        return tuple(dict.fromkeys(name for rule in self.asked for name in LOOKS_BACK.get(rule.judges, ())))

    def stages(
        self, todo: list[tuple[Job, int, tuple[str, ...]]], rows: dict[tuple[int, int], int]
    ) -> list[list[Order]]:
        """What days left is there when others look back on it: a stage is done before the next begins.

        First come days before the run whose parts are not kept, then the days of the buckets (one after the
        other where any rule looks back), then the periods. A day of the whole city waits for nothing and is
        one long task: begun first, nobody waits for it alone at the end.
        """
        back = self.looks_back()
        folded = tuple(dict.fromkeys(left_of(rule.judges) for rule in self.asked if rule.judges in FOLDS))
        orders = self._orders(todo, rows, (*folded, *back))
        cities, days = ([order for order in orders if order.scope == scope] for scope in (CITY, DAY))
        # The city's first: they are the long ones.
        periods = [order for order in reversed(orders) if order.scope not in (DAY, CITY)]
        if not back:
            return [stage for stage in ([*cities, *days], periods) if stage]
        by_day: dict[int, list[Order]] = {}
        for order in days:
            by_day.setdefault(order.day, []).append(order)
        judged = {(job.day, job.bucket) for job, _, _ in todo if job.scope == DAY and not self.vehicles}
        missing = self._not_left(sorted(by_day), judged, back)
        before = self._orders([(Job(*place, DAY), place[0] + 1, ()) for place in missing], rows, back)
        stages = [before, *(by_day[day] for day in sorted(by_day)), periods]
        first = next((at for at, stage in enumerate(stages) if stage), 0)
        stages[first] = [*cities, *stages[first]]
        return [stage for stage in stages if stage]

    def _orders(
        self, jobs: list[tuple[Job, int, tuple[str, ...]]], rows: dict[tuple[int, int], int],
        leaves: tuple[str, ...],
    ) -> list[Order]:  # fmt: skip
        home = self.home
        return [
            Order(
                str(home.path), home.url, group, past, names, leaves,
                any(catalogue()[name].judges in LOOKS_BACK for name in names),
                self.vehicles if names else (), self.delivery,
            )
            for group, past, names in grouped(jobs, rows, MOST_ROWS, self.workers)
        ]  # fmt: skip

    def _not_left(
        self, days: list[int], judged: set[tuple[int, int]], back: tuple[str, ...]
    ) -> list[tuple[int, int]]:
        """Days and buckets the days look back on whose parts are neither kept nor left by this run."""
        places = {
            place: name for name in back for day in days for place in places_before(self.home, day, name)
        }
        return [
            place
            for place in sorted(set(places) - judged)
            if not all(is_left(self.home, name, place, self.delivery) for name in back)
        ]


def _asked(names: Sequence[str]) -> list[Rule]:
    known = catalogue()
    strange = [name for name in names if name not in known]
    if strange:
        raise UnknownRuleError(
            f"no rule is called {', '.join(strange)}; `taxi-qa rules` lists them: {', '.join(known)}"
        )
    return [known[name] for name in known if not names or name in names]


def _run_id(
    home: Home, law: Law, days: _Days, rules: list[Rule], vehicles: Sequence[str], delivery: int
) -> str:
    """A name made of what is judged, so that the same run asked for twice is one run."""
    city, law_digest, roads, *asked = _basis(home, law, rules)
    parts = [
        str(days.first), str(days.last), str(delivery), city, law_digest, roads, *sorted(vehicles), *asked,
    ]  # fmt: skip
    return "run-" + _digest_of(parts)


def _basis(home: Home, law: Law, rules: list[Rule]) -> list[str]:
    """All but the data that answers depend on."""
    return [home.city, law.digest, digest(home), *(f"{rule.name}/{rule.version}" for rule in rules)]


def _digest_of(parts: Sequence[str]) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def summary(home: Home, run_id: str, rules: Sequence[Rule]) -> pd.DataFrame:
    """A row a rule: rule, clause, title_zh, examined, found, excused, clean, cannot_tell."""
    tallies = casebook.tallies(home, run_id)
    columns = ["examined", "found", "excused", "clean", "cannot_tell"]
    sums = tallies.groupby("rule")[columns].sum() if len(tallies) else pd.DataFrame(columns=columns)
    sums = sums.reindex([rule.name for rule in rules]).fillna(0).astype("int64")
    heads = pd.DataFrame(
        {"clause": [r.clause for r in rules], "title_zh": [r.title_zh for r in rules]}, index=sums.index
    )
    return heads.join(sums).rename_axis("rule").reset_index()
