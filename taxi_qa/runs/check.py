"""Judge the days: a run is a list of jobs; each job's outcomes go into the casebook in one transaction."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from taxi_qa.facts.units import FOLDS
from taxi_qa.rules.kit import Rule, catalogue
from taxi_qa.runs.executors import Crew
from taxi_qa.runs.gather import law_of
from taxi_qa.runs.jobs import CITY, DAY, Order, grouped, jobs_of
from taxi_qa.runs.parts import law_digest
from taxi_qa.runs.work import do
from taxi_qa.store import casebook, library
from taxi_qa.store.home import Home
from taxi_qa.store.presence import last_delivery, position_rows
from taxi_qa.store.road_files import digest
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

    Returns:
        The report, None where the home holds no data in these days.

    Raises:
        UnknownRuleError: names the rule and those there are.
    """
    asked = _asked(rules)
    span = library.data_span(home)
    if span is None:
        return None
    first, last = from_day if from_day is not None else span[0], to_day if to_day is not None else span[1]
    partitions = library.partitions(home, first, last)
    if vehicles:
        buckets = {bucket_of(name, home.buckets) for name in vehicles}
        partitions = [pair for pair in partitions if pair[1] in buckets]
    if not partitions:
        return None
    delivery = last_delivery(home)
    run_id = _run_id(home, first, last, asked, vehicles, delivery)
    casebook.start_run(
        home,
        casebook.RunHead(
            run_id=run_id, from_day=first, to_day=last, rules=tuple(rule.name for rule in asked),
            vehicles=tuple(sorted(vehicles)), as_of_day=None, started_ms=now_ms,
        ),
    )  # fmt: skip
    if again:
        casebook.reopen_run(home, run_id)
    done = casebook.jobs_done(home, run_id)
    jobs = jobs_of(partitions, asked)
    url = home.url
    leaves = tuple(unit for unit in FOLDS if any(rule.judges == unit for rule in asked))
    todo = [(job, past, names) for job, past, names in jobs if job not in done]
    orders = [
        Order(str(home.path), url, group, past, names, leaves, tuple(sorted(vehicles)), delivery)
        for group, past, names in grouped(todo, position_rows(home, first, last), MOST_ROWS)
    ]
    finished = len(jobs) - len(todo)
    with Crew(executor, workers) as crew:
        for stage in _stages(orders):
            for order, told in crew.results(do, stage):
                casebook.keep_all(home, run_id, told, vehicles=vehicles)
                finished += len(order.jobs)
                if progress is not None:
                    progress(finished, len(jobs))
    casebook.finish_run(home, run_id, now_ms)
    return RunReport(run_id, first, last, len(jobs), len(todo), summary(home, run_id, asked))


def _stages(orders: list[Order]) -> list[list[Order]]:
    """Days before periods: the parts days leave are there when they are folded."""
    days = [order for order in orders if order.scope in (DAY, CITY)]
    periods = [order for order in orders if order.scope not in (DAY, CITY)]
    return [stage for stage in (days, periods) if stage]


def _asked(names: Sequence[str]) -> list[Rule]:
    known = catalogue()
    strange = [name for name in names if name not in known]
    if strange:
        raise UnknownRuleError(
            f"no rule is called {', '.join(strange)}; `taxi-qa rules` lists them: {', '.join(known)}"
        )
    return [known[name] for name in known if not names or name in names]


def _run_id(
    home: Home, first: int, last: int, rules: list[Rule], vehicles: Sequence[str], delivery: int
) -> str:
    """A name made of what is judged, so that the same run asked for twice is one run."""
    parts = [
        str(first), str(last), str(delivery), home.city, law_digest(law_of(home.city)), digest(home),
        *sorted(vehicles),
        *(f"{rule.name}/{rule.version}" for rule in rules),
    ]  # fmt: skip
    return "run-" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


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
