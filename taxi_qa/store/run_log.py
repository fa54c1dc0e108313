"""Runs, and which of their jobs are done: by which one what is known of a day was judged last."""

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import and_, bindparam, delete, select, update
from sqlmodel import col

from taxi_qa.store.engine import transaction
from taxi_qa.store.fetching import fetch, frame_of
from taxi_qa.store.home import Home
from taxi_qa.store.manifest import conflict_insert
from taxi_qa.store.tables import Run, RunJob, Tally, table_of


@dataclass(frozen=True)
class RunHead:
    """A run before it began.

    Attributes:
        run_id: made of what it judges: the same data, law and rules give the same id.
        from_day, to_day: both included.
        rules: names of the rules asked.
        vehicles: only these vehicles; empty for all.
        as_of_day: judged with the knowledge of that day; None for today's.
        started_ms: when it began.
        basis: made of law, roads and rules: two runs of one say the same of the same data; None: unknown.
    """

    run_id: str
    from_day: int
    to_day: int
    rules: tuple[str, ...]
    vehicles: tuple[str, ...]
    as_of_day: int | None
    started_ms: int
    basis: str | None = None


@dataclass(frozen=True, order=True)
class Job:
    """One piece of a run.

    Attributes:
        day: the city day it judges.
        bucket: of the vehicles it judges; -1 for the whole city.
        scope: which rules it asks (as runs name them).
    """

    day: int
    bucket: int
    scope: str


def start_run(home: Home, run: RunHead) -> None:
    """Write the run down; one that was begun before goes on where it stopped."""
    values = {
        "run_id": run.run_id,
        "from_day": run.from_day,
        "to_day": run.to_day,
        "rules": ";".join(run.rules),
        "vehicles": ";".join(run.vehicles),
        "as_of_day": run.as_of_day,
        "started_ms": run.started_ms,
        "finished_ms": None,
        "basis": run.basis,
    }
    with transaction(home.engine) as connection:
        connection.execute(conflict_insert(connection, Run).on_conflict_do_nothing(), [values])


def finish_run(home: Home, run_id: str, finished_ms: int) -> None:
    """Note that all jobs of the run are done."""
    with transaction(home.engine) as connection:
        connection.execute(update(Run).where(col(Run.run_id) == run_id).values(finished_ms=finished_ms))


def reopen_run(home: Home, run_id: str) -> None:
    """Forget which jobs of the run are done: it is to judge them again."""
    with transaction(home.engine) as connection:
        for model in (RunJob, Tally):
            connection.execute(delete(model).where(table_of(model).c.run_id == run_id))
        connection.execute(update(Run).where(col(Run.run_id) == run_id).values(finished_ms=None))


def runs(home: Home) -> pd.DataFrame:
    """All runs, the latest first; columns as the fields of `RunHead`, and finished_ms."""
    names = [
        ("run_id", "str"), ("from_day", "Int64"), ("to_day", "Int64"), ("rules", "str"), ("vehicles", "str"),
        ("as_of_day", "Int64"), ("started_ms", "Int64"), ("finished_ms", "Int64"),
    ]  # fmt: skip
    table = table_of(Run)
    query = select(*(table.c[n] for n, _ in names)).order_by(table.c.started_ms.desc(), table.c.run_id)
    with home.engine.connect() as connection:
        return frame_of(fetch(connection, query), names)


def jobs_done(home: Home, run_id: str) -> set[Job]:
    """The jobs of the run whose outcomes are kept."""
    query = select(col(RunJob.day), col(RunJob.bucket), col(RunJob.scope)).where(col(RunJob.run_id) == run_id)
    with home.engine.connect() as connection:
        return {Job(int(day), int(bucket), str(scope)) for day, bucket, scope in fetch(connection, query)}


def carry_over(home: Home, run_id: str, jobs: Collection[Job]) -> set[Job]:
    """Take into this run what other runs of its basis said in these jobs, with their tallies.

    Args:
        home: where.
        run_id: a run that was started with a basis, for all vehicles.
        jobs: whose data nothing has touched since.

    Returns:
        The jobs another run had done by the same basis; what they found stands as it was.
    """
    if not jobs:
        return set()
    c, run = table_of(RunJob).c, table_of(Run).c
    basis = select(run.basis).where(run.run_id == run_id).scalar_subquery()
    alike = select(run.run_id).where(
        run.run_id != run_id, run.basis == basis, run.vehicles == "", run.as_of_day.is_(None)
    )
    days = [job.day for job in jobs]
    there = select(c.run_id, c.day, c.bucket, c.scope).where(
        c.run_id.in_(alike), c.day >= min(days), c.day <= max(days)
    )
    wanted = set(jobs)
    with transaction(home.engine) as connection:
        found = [(str(one), Job(int(day), int(bucket), str(scope)))
                 for one, day, bucket, scope in fetch(connection, there)]  # fmt: skip
        carried = {job: one for one, job in found if job in wanted}
        moved = [
            {"was": one, "of_day": job.day, "of_bucket": job.bucket, "of_scope": job.scope}
            for job, one in carried.items()
        ]
        for model in (RunJob, Tally) if moved else ():
            t = table_of(model)
            connection.execute(
                update(t)
                .where(
                    t.c.run_id == bindparam("was"), t.c.day == bindparam("of_day"),
                    t.c.bucket == bindparam("of_bucket"), t.c.scope == bindparam("of_scope"),
                )
                .values(run_id=run_id),
                moved,
            )  # fmt: skip
    return set(carried)


def take_over(home: Home, run_id: str, jobs: Collection[Job]) -> None:
    """Note that these jobs are this run's from now on: to every other run they are not done any more.

    They are judged anew, perhaps by another rule book: what the other run said stands no longer.
    """
    if not jobs:
        return
    c = table_of(RunJob).c
    days = [job.day for job in jobs]
    others = select(c.run_id, c.day, c.bucket, c.scope).where(
        c.run_id != run_id, c.day >= min(days), c.day <= max(days)
    )
    wanted = set(jobs)
    with transaction(home.engine) as connection:
        for other, day, bucket, scope in fetch(connection, others):
            if Job(int(day), int(bucket), str(scope)) in wanted:
                here = and_(c.run_id == other, c.day == day, c.bucket == bucket, c.scope == scope)
                connection.execute(delete(RunJob).where(here))
