"""What was judged: runs and their jobs, tallies, findings as they stand, and rows that nobody could judge.

A job's outcomes go in as one transaction and replace what the job said before. A finding people have
begun to work on is never overwritten: that a later run sees it otherwise is noted beside it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import pandas as pd
from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, func, insert, select, update
from sqlmodel import col

from taxi_qa.findings.finding import Finding, Outcome
from taxi_qa.store.engine import bulk_insert, is_postgresql, transaction
from taxi_qa.store.home import Home
from taxi_qa.store.library import fetch, frame_of
from taxi_qa.store.manifest import conflict_insert
from taxi_qa.store.said import Said, said_of, unpacked
from taxi_qa.store.tables import FindingRow, Run, RunJob, Tally, UnjudgedBlob, table_of
from taxi_qa.values.columns import columns_of

# Findings in these states are the machine's alone; in any other a person has a part in them.
UNDECIDED: Final = ("detected", "excused")
EXCUSED: Final = "excused"

_DIGEST_BYTES: Final = 8
_NAMES: Final = 500
_TALLY_COLUMNS: Final = (
    ("day", "Int64"), ("bucket", "Int64"), ("scope", "str"), ("rule", "str"), ("rule_version", "Int64"),
    ("examined", "Int64"), ("found", "Int64"), ("clean", "Int64"), ("cannot_tell", "Int64"),
    ("excused", "Int64"),
)  # fmt: skip
# What the content of a finding is; columns of the table beside these say where it stands.
CONTENT: Final = (
    "rule", "rule_version", "clause", "stage", "status", "vehicle_id", "driver_id", "company_id", "trip_id",
    "start_ms", "end_ms", "lon", "lat", "measured", "allowed", "unit", "sources", "evidence", "leans_on",
)  # fmt: skip
_PLACED: Final = ("day", "bucket", "scope")


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
    """

    run_id: str
    from_day: int
    to_day: int
    rules: tuple[str, ...]
    vehicles: tuple[str, ...]
    as_of_day: int | None
    started_ms: int


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


def keep_outcomes(
    home: Home, run_id: str, job: Job, outcomes: Sequence[Outcome], *, vehicles: Sequence[str] = ()
) -> None:
    """Keep what a job's rules say, in one transaction; the same call again changes nothing.

    What an earlier run found for the same job and rule, and this one does not, is withdrawn: kept, but
    out of every export. Cases people work on stay as they are; where this run sees them otherwise, that
    is noted.

    Args:
        home: where.
        run_id: a run that was started.
        job: the job.
        outcomes: one a rule.
        vehicles: the run judged these vehicles only; what is known of others stays. Empty: all.
    """
    said = [said_of(one, {job.bucket: one.examined}, lambda _: job.bucket)[job.bucket] for one in outcomes]
    keep_all(home, run_id, {job: said}, vehicles=vehicles)


def keep_all(
    home: Home, run_id: str, said: Mapping[Job, Sequence[Said]], *, vehicles: Sequence[str] = ()
) -> None:
    """Keep what the rules say in several jobs, in one transaction; see `keep_outcomes`."""
    with transaction(home.engine) as connection:
        spoken = {model: _spoken(connection, model, said) for model in (FindingRow, UnjudgedBlob)}
        blobs = []
        for job, of_job in said.items():
            for one in of_job:
                place = (job, one.rule)
                if one.found or place in spoken[FindingRow]:
                    _keep_findings(connection, run_id, job, one, vehicles)
                if one.unjudged or place in spoken[UnjudgedBlob]:
                    blobs += _unjudged_rows(
                        connection, run_id, job, one, vehicles, spoken=place in spoken[UnjudgedBlob]
                    )
        if blobs:
            connection.execute(insert(UnjudgedBlob), blobs)
        _keep_tallies(connection, run_id, said)


def _spoken(
    connection: Connection, model: type[FindingRow | UnjudgedBlob], jobs: Iterable[Job]
) -> set[tuple[Job, str]]:
    """The jobs and rules that said anything before: where they did not, nothing need be replaced."""
    table = table_of(model)
    places = {(job.day, job.scope) for job in jobs}
    query = select(table.c.day, table.c.bucket, table.c.scope, table.c.rule).distinct()
    found: set[tuple[Job, str]] = set()
    for day, scope in places:
        rows = fetch(connection, query.where(table.c.day == day, table.c.scope == scope))
        found.update((Job(int(at), int(bucket), str(of)), str(rule)) for at, bucket, of, rule in rows)
    return found


# --- findings ---------------------------------------------------------------------------------------


def _content(finding: Finding) -> tuple[Any, ...]:
    evidence = _AS_JSON.encode(finding.evidence)
    return (
        finding.rule, finding.rule_version, finding.clause, finding.stage, finding.status, finding.vehicle_id,
        finding.driver_id, finding.company_id, finding.trip_id, int(finding.start_ms), int(finding.end_ms),
        _number(finding.lon), _number(finding.lat), _number(finding.measured), _number(finding.allowed),
        finding.unit, finding.sources, evidence, finding.leans_on,
    )  # fmt: skip


def _number(value: float | None) -> float | None:
    """A plain float, None for NaN."""
    return None if value is None or value != value else float(value)  # noqa: PLR0124


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever evidence holds
    """Numbers of numpy as JSON numbers."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"evidence of the type {type(value).__name__} cannot be kept; expected text or numbers")


# Kept: json.dumps with any of these makes a new encoder for every finding.
_AS_JSON: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, default=_plain)


def _digest(content: tuple[Any, ...]) -> int:
    data = hashlib.blake2b(repr(content).encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest()
    return int.from_bytes(data, "big", signed=True)


def _of_job(model: type[FindingRow | UnjudgedBlob], job: Job, rule: str) -> ColumnElement[bool]:
    table = table_of(model)
    return and_(
        table.c.day == job.day, table.c.bucket == job.bucket, table.c.scope == job.scope, table.c.rule == rule
    )


def _keep_findings(
    connection: Connection, run_id: str, job: Job, outcome: Said, vehicles: Sequence[str]
) -> None:
    table = table_of(FindingRow)
    mine = _of_job(FindingRow, job, outcome.rule)
    if vehicles:
        mine = and_(mine, table.c.vehicle_id.in_(vehicles))
    stands = select(
        table.c.finding_id, table.c.digest, table.c.status, table.c.withdrawn_by, table.c.unsettled_by
    ).where(mine)
    known = {row[0]: _Standing(*row[1:]) for row in fetch(connection, stands)}
    fresh, changed, again = [], [], set()
    for finding in outcome.found:
        if finding.finding_id in again:
            raise ValueError(f"{outcome.rule} calls two acts of {job} by one name, {finding.finding_id}")
        again.add(finding.finding_id)
        content = _content(finding)
        digest = _digest(content)
        row = (finding.finding_id, *content, digest, job.day, job.bucket, job.scope, run_id)
        if finding.finding_id not in known:
            fresh.append(row)
        elif known[finding.finding_id].digest != digest:
            changed.append(row)
    _restate(connection, run_id, known, again, {row[0] for row in changed})
    if known:
        standing = (table.c.withdrawn_by.is_(None), table.c.status.in_(UNDECIDED))
        connection.execute(update(table).where(mine, *standing).values(run_id=run_id))
    _write_findings(connection, fresh, changed)


class _Standing(NamedTuple):
    """How a finding stood before this run."""

    digest: int
    status: str
    withdrawn_by: str | None
    unsettled_by: str | None


def _restate(
    connection: Connection, run_id: str, known: Mapping[str, _Standing], again: set[str], changed: set[str]
) -> None:
    """Withdraw what is not found any more, reinstate what is found again; decided cases get a note."""
    withdrawn: dict[str, str | None] = {}
    unsettled: dict[str, str | None] = {}
    for finding_id, stood in known.items():
        found = finding_id in again
        if stood.status in UNDECIDED:
            if found == (stood.withdrawn_by is not None):
                withdrawn[finding_id] = None if found else run_id
        elif (found and finding_id not in changed) == (stood.unsettled_by is not None):
            unsettled[finding_id] = None if stood.unsettled_by else run_id
    table = table_of(FindingRow)
    for column, values in (("withdrawn_by", withdrawn), ("unsettled_by", unsettled)):
        if values:
            statement = update(table).where(table.c.finding_id == bindparam("key"))
            statement = statement.values({column: bindparam("run")})
            connection.execute(statement, [{"key": key, "run": run} for key, run in values.items()])


def _write_findings(
    connection: Connection, fresh: list[tuple[Any, ...]], changed: list[tuple[Any, ...]]
) -> None:
    """Insert findings, or put new content in the place of an undecided one's."""
    columns = ("finding_id", *CONTENT, "digest", *_PLACED, "run_id")
    table = table_of(FindingRow)
    taken: set[str] = set()
    mark = "%s" if is_postgresql(connection) else "?"
    for start in range(0, len(fresh), _NAMES):
        ids = tuple(row[0] for row in fresh[start : start + _NAMES])
        # Written out: compiling a query of so many names takes as long as the answer.
        marks = ", ".join([mark] * len(ids))
        query = f"SELECT finding_id FROM {table.name} WHERE finding_id IN ({marks})"
        taken.update(row[0] for row in connection.exec_driver_sql(query, ids))
    # Known from another job: an act whose day a correction has changed.
    rewritten = [*changed, *(row for row in fresh if row[0] in taken)]
    fresh = [row for row in fresh if row[0] not in taken]
    bulk_insert(connection, table.name, columns, fresh)
    if rewritten:
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in columns[1:]}
        statement = (
            update(table)
            .where(table.c.finding_id == bindparam("key"), table.c.status.in_(UNDECIDED))
            .values(withdrawn_by=None, unsettled_by=None, **values)
        )
        names = ["key", *(f"new_{name}" for name in columns[1:])]
        connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rewritten])


# --- what could not be judged, and the tallies ------------------------------------------------------


def _unjudged_rows(
    connection: Connection, run_id: str, job: Job, said: Said, vehicles: Sequence[str], *, spoken: bool
) -> list[dict[str, Any]]:
    """The rows that replace the job's unjudged ones of this rule, after the old ones are gone."""
    table = table_of(UnjudgedBlob)
    mine = _of_job(UnjudgedBlob, job, said.rule)
    if spoken and vehicles:
        before = [unpacked(data) for (data,) in fetch(connection, select(table.c.packed).where(mine))]
        others = [old[~old["vehicle_id"].isin(list(vehicles))] for old in before]
        fresh = [unpacked(said.packed)] if said.unjudged else []
        whole = pd.concat([*others, *fresh], ignore_index=True)
        outcome = Outcome(
            said.rule, said.rule_version, said.examined + len(whole), said.found, columns_of(whole)
        )
        said = said_of(outcome, {job.bucket: said.examined}, lambda _: job.bucket)[job.bucket]
    if spoken:
        connection.execute(delete(table).where(mine))
    if not said.unjudged:
        return []
    return [
        {
            "day": job.day, "bucket": job.bucket, "scope": job.scope, "rule": said.rule,
            "rule_version": said.rule_version, "run_id": run_id, "rows": said.unjudged,
            "first_ms": said.first_ms, "last_ms": said.last_ms, "packed": said.packed,
        }
    ]  # fmt: skip


def _keep_tallies(connection: Connection, run_id: str, outcomes: Mapping[Job, Sequence[Said]]) -> None:
    places = [
        {"run_id": run_id, "day": job.day, "bucket": job.bucket, "scope": job.scope} for job in outcomes
    ]
    rows = [
        {
            **place,
            "rule": outcome.rule,
            "rule_version": outcome.rule_version,
            "examined": outcome.examined,
            "found": len(outcome.found),
            "clean": outcome.examined - len(outcome.found) - outcome.unjudged,
            "cannot_tell": outcome.unjudged,
            "excused": sum(finding.status == EXCUSED for finding in outcome.found),
        }
        for place, of_job in zip(places, outcomes.values(), strict=True)
        for outcome in of_job
    ]
    for model in (Tally, RunJob):
        table = table_of(model)
        keys = {f"of_{name}": name for name in ("run_id", "day", "bucket", "scope")}
        statement = delete(table).where(*(table.c[name] == bindparam(key) for key, name in keys.items()))
        connection.execute(statement, [{key: place[name] for key, name in keys.items()} for place in places])
    connection.execute(insert(RunJob), places)
    if rows:
        connection.execute(insert(Tally), rows)


def tallies(home: Home, run_id: str) -> pd.DataFrame:
    """What each rule answered in each job of the run, sorted by rule, day, bucket and scope."""
    table = table_of(Tally)
    query = select(*(table.c[name] for name, _ in _TALLY_COLUMNS)).where(table.c.run_id == run_id)
    with home.engine.connect() as connection:
        frame = frame_of(fetch(connection, query), _TALLY_COLUMNS)
    return frame.sort_values(["rule", "day", "bucket", "scope"], ignore_index=True)


def findings_kept(home: Home) -> pd.DataFrame:
    """How many findings stand, by rule and status: columns rule, stage, status, findings."""
    table = table_of(FindingRow)
    by = (table.c.rule, table.c.stage, table.c.status)
    query = select(*by, func.count()).where(table.c.withdrawn_by.is_(None)).group_by(*by).order_by(*by)
    with home.engine.connect() as connection:
        rows = fetch(connection, query)
    return frame_of(rows, [("rule", "str"), ("stage", "str"), ("status", "str"), ("findings", "Int64")])
