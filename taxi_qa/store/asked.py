"""Which jobs each rule was asked in, about which cars and when, and the rows it could not judge there."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import func, or_, select
from sqlmodel import col

from taxi_qa.store.fetching import fetch
from taxi_qa.store.home import Home
from taxi_qa.store.run_log import Job
from taxi_qa.store.said import unpacked
from taxi_qa.store.tables import Presence, Run, Source, Tally, UnjudgedBlob


@dataclass(frozen=True)
class Asking:
    """That a rule was asked in a job.

    Attributes:
        started_ms: when the run began.
        examined: how many rows it was asked about.
        cars: the only cars the run judged; None: all.
    """

    started_ms: int
    examined: int
    cars: frozenset[str] | None


def askings(
    home: Home, rules: Collection[str], from_day: int, to_day: int
) -> dict[tuple[str, Job], list[Asking]]:
    """Every asking of these rules in jobs whose first day lies in these days, both included.

    What an earlier run said of a rule stands until a later one is asked the same; so all runs count.
    """
    query = (
        select(
            col(Tally.rule), col(Tally.day), col(Tally.bucket), col(Tally.scope), col(Tally.examined),
            col(Run.started_ms), col(Run.vehicles),
        )
        .join(Run, col(Run.run_id) == col(Tally.run_id))
        .where(col(Tally.day).between(from_day, to_day), col(Tally.rule).in_(sorted(rules)))
    )  # fmt: skip
    told: dict[tuple[str, Job], list[Asking]] = {}
    with home.engine.connect() as connection:
        for rule, day, bucket, scope, examined, started_ms, vehicles in fetch(connection, query):
            cars = frozenset(str(vehicles).split(";")) if vehicles else None
            job = Job(int(day), int(bucket), str(scope))
            told.setdefault((str(rule), job), []).append(Asking(int(started_ms), int(examined), cars))
    return told


def taken_ms(home: Home, from_day: int, to_day: int) -> dict[tuple[int, int], int]:
    """(day, bucket) -> when the last delivery of any of its records was taken in, both days included."""
    query = (
        select(col(Presence.day), col(Presence.bucket), func.max(col(Source.taken_at_ms)))
        .join(Source, col(Source.id) == col(Presence.delivery))
        .where(col(Presence.day).between(from_day, to_day))
        .group_by(col(Presence.day), col(Presence.bucket))
    )
    with home.engine.connect() as connection:
        return {(int(day), int(bucket)): int(taken) for day, bucket, taken in fetch(connection, query)}


def unjudged_rows(
    home: Home, rules: Collection[str], jobs: Collection[Job]
) -> Iterator[tuple[str, pd.DataFrame]]:
    """What these rules could not judge in these jobs: rule and rows (`UNJUDGED_COLUMNS`), job by job.

    Args:
        home: where.
        rules: whose.
        jobs: few, of a day or two; a rule's rows come once for each of them.
    """
    if not jobs:
        return
    blob = UnjudgedBlob
    here = [
        (col(blob.day) == job.day) & (col(blob.bucket) == job.bucket) & (col(blob.scope) == job.scope)
        for job in sorted(jobs)
    ]
    query = select(col(blob.rule), col(blob.packed)).where(
        or_(*here), col(blob.rule).in_(sorted(rules)), col(blob.rows) > 0
    )
    with home.engine.connect() as connection:
        rows = fetch(connection, query)
    for rule, packed in rows:
        yield str(rule), unpacked(packed)
