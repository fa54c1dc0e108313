"""What runs said: tallies, findings as they stand, and rows that nobody could judge.

A job's outcomes go in as one transaction and replace what the job said before. A finding people have
begun to work on is never overwritten: that a later run sees it otherwise is noted beside it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, NamedTuple

import pandas as pd
from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, func, select, update

from taxi_qa.findings.finding import Outcome
from taxi_qa.store.engine import bulk_insert, is_postgresql, transaction
from taxi_qa.store.fetching import fetch, frame_of
from taxi_qa.store.home import Home
from taxi_qa.store.run_log import Job
from taxi_qa.store.said import EXCUSED, FINDING_COLUMNS, Said, said_of, unpacked
from taxi_qa.store.tables import FindingRow, RunJob, Tally, UnjudgedBlob, table_of
from taxi_qa.values.columns import columns_of

# Findings in these states are the machine's alone; in any other a person has a part in them.
UNDECIDED: Final = ("detected", EXCUSED)
# What the content of a finding is; columns of the table beside these say where it stands.
CONTENT: Final = FINDING_COLUMNS[1:-1]

_WHOLE: Final = ("start_ms", "end_ms")
_ARRIVING: Final = "arriving_findings"
_TALLY_COLUMNS: Final = (
    ("day", "Int64"), ("bucket", "Int64"), ("scope", "str"), ("rule", "str"), ("rule_version", "Int64"),
    ("examined", "Int64"), ("found", "Int64"), ("clean", "Int64"), ("cannot_tell", "Int64"),
    ("excused", "Int64"),
)  # fmt: skip


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
    """Keep what the rules say in several jobs, in one transaction; see `keep_outcomes`.

    An act that two of the jobs claim belongs to the later one.
    """
    with transaction(home.engine) as connection:
        _keep_findings(connection, run_id, said, vehicles)
        _keep_unjudged(connection, run_id, said, vehicles)
        _keep_tallies(connection, run_id, said)


def _spoken_for(
    model: type[FindingRow | UnjudgedBlob], said: Mapping[Job, Sequence[Said]]
) -> list[ColumnElement[bool]]:
    """Which rows of a table these jobs and rules speak for: conditions, few, however many jobs there are."""
    buckets: dict[tuple[int, str, tuple[str, ...]], list[int]] = {}
    for job, of_job in said.items():
        rules = tuple(one.rule for one in of_job)
        buckets.setdefault((job.day, job.scope, rules), []).append(job.bucket)
    c = table_of(model).c
    return [
        and_(c.day == day, c.bucket.in_(of_rules), c.scope == scope, c.rule.in_(rules))
        for (day, scope, rules), of_rules in buckets.items()
    ]


# --- findings ---------------------------------------------------------------------------------------


class _Standing(NamedTuple):
    """How a finding stood before this run."""

    digest: int
    status: str
    withdrawn_by: str | None
    unsettled_by: str | None


# The findings of a job and rule by their names.
_Known = dict[tuple[Job, str], dict[str, _Standing]]


def _keep_findings(
    connection: Connection, run_id: str, said: Mapping[Job, Sequence[Said]], vehicles: Sequence[str]
) -> None:
    table = table_of(FindingRow)
    spoken_for = _spoken_for(FindingRow, said)
    if vehicles:
        spoken_for = [and_(here, table.c.vehicle_id.in_(vehicles)) for here in spoken_for]
    known = _known(connection, spoken_for)
    written: dict[str, tuple[Any, ...]] = {}
    restated = _Restated(run_id)
    for job, of_job in said.items():
        place = (job.day, job.bucket, job.scope, run_id)
        for one in of_job:
            fresh = {row[0]: (*row, *place) for row in one.found}
            if len(fresh) != len(one.found):
                raise ValueError(_named_alike(job, one))
            stood = known.get((job, one.rule))
            if stood is not None:
                # Each row ends with its digest.
                same = {row[0] for row in one.found if row[0] in stood and stood[row[0]].digest == row[-1]}
                restated.look(stood, fresh.keys(), same)
                for name in same:
                    del fresh[name]
                    # An earlier job of this transaction claimed it, too.
                    written.pop(name, None)
            written.update(fresh)
    restated.write(connection)
    if known:
        standing_ones = (table.c.withdrawn_by.is_(None), table.c.status.in_(UNDECIDED))
        for here in spoken_for:
            connection.execute(update(table).where(here, *standing_ones).values(run_id=run_id))
    _write_findings(connection, list(written.values()))


def _named_alike(job: Job, said: Said) -> str:
    names = Counter(row[0] for row in said.found)
    return f"{said.rule} calls two acts of {job} by one name, {names.most_common(1)[0][0]}"


def _known(connection: Connection, spoken_for: Sequence[ColumnElement[bool]]) -> _Known:
    c = table_of(FindingRow).c
    stands = select(
        c.day, c.bucket, c.scope, c.rule, c.finding_id, c.digest, c.status, c.withdrawn_by, c.unsettled_by
    )
    found: _Known = {}
    for here in spoken_for:
        for day, bucket, scope, rule, finding_id, *standing in fetch(connection, stands.where(here)):
            found.setdefault((Job(day, bucket, scope), rule), {})[finding_id] = _Standing(*standing)
    return found


class _Restated:
    """What is not found any more, to be withdrawn, or found again; of decided cases that is only noted."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.withdrawn: dict[str, str | None] = {}
        self.unsettled: dict[str, str | None] = {}

    def look(self, known: Mapping[str, _Standing], again: AbstractSet[str], same: AbstractSet[str]) -> None:
        """Look at one job and rule: what it is known of, what is found now, and what of that is the same."""
        for finding_id, stood in known.items():
            if stood.status in UNDECIDED:
                found = finding_id in again
                if found == (stood.withdrawn_by is not None):
                    self.withdrawn[finding_id] = None if found else self.run_id
            elif (finding_id in same) == (stood.unsettled_by is not None):
                self.unsettled[finding_id] = None if stood.unsettled_by else self.run_id

    def write(self, connection: Connection) -> None:
        """Write it down."""
        table = table_of(FindingRow)
        for column, values in (("withdrawn_by", self.withdrawn), ("unsettled_by", self.unsettled)):
            if values:
                statement = update(table).where(table.c.finding_id == bindparam("key"))
                statement = statement.values({column: bindparam("run")})
                connection.execute(statement, [{"key": key, "run": run} for key, run in values.items()])


def _write_findings(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    """Insert findings, or put new content in the place of an undecided one's.

    That may stand in another job: an act whose day a correction has changed. So the key decides, which
    inserting has to look up anyway; asking first would look every name up twice.
    """
    if not rows:
        return
    table = table_of(FindingRow).name
    columns = (*FINDING_COLUMNS, "day", "bucket", "scope", "run_id")
    names = ", ".join(columns)
    fresh = ", ".join(f"{name} = excluded.{name}" for name in columns[1:])
    undecided = ", ".join(f"'{status}'" for status in UNDECIDED)
    or_renew = (
        f"ON CONFLICT (finding_id) DO UPDATE SET {fresh}, withdrawn_by = NULL, unsettled_by = NULL"
        f" WHERE {table}.status IN ({undecided})"
    )
    if is_postgresql(connection):
        # COPY is several times as fast as INSERT and knows no ON CONFLICT.
        said = f"CREATE TEMPORARY TABLE {_ARRIVING} ON COMMIT DROP"
        connection.exec_driver_sql(f"{said} AS SELECT {names} FROM {table} WITH NO DATA")
        bulk_insert(connection, _ARRIVING, columns, rows)
        connection.exec_driver_sql(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM {_ARRIVING} {or_renew}"
        )
        return
    marks = ", ".join("?" * len(columns))
    connection.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({marks}) {or_renew}", rows)


# --- what could not be judged, and the tallies ------------------------------------------------------


def _keep_unjudged(
    connection: Connection, run_id: str, said: Mapping[Job, Sequence[Said]], vehicles: Sequence[str]
) -> None:
    table = table_of(UnjudgedBlob)
    spoken_for = _spoken_for(UnjudgedBlob, said)
    others: dict[tuple[Job, str], pd.DataFrame] = {}
    if vehicles:
        packed = select(table.c.day, table.c.bucket, table.c.scope, table.c.rule, table.c.packed)
        for here in spoken_for:
            for day, bucket, scope, rule, data in fetch(connection, packed.where(here)):
                before = unpacked(data)
                kept = before[~before["vehicle_id"].isin(list(vehicles))]
                others[Job(day, bucket, scope), rule] = kept
    for here in spoken_for:
        connection.execute(delete(table).where(here))
    rows = []
    for job, of_job in said.items():
        for one in of_job:
            whole = _beside(one, job, others[job, one.rule]) if (job, one.rule) in others else one
            if whole.unjudged:
                rows.append((
                    job.day, job.bucket, job.scope, one.rule, one.rule_version, run_id, whole.unjudged,
                    whole.first_ms, whole.last_ms, whole.packed,
                ))  # fmt: skip
    columns = (
        "day", "bucket", "scope", "rule", "rule_version", "run_id", "rows", "first_ms", "last_ms", "packed",
    )  # fmt: skip
    bulk_insert(connection, table.name, columns, rows)


def _beside(said: Said, job: Job, others: pd.DataFrame) -> Said:
    """The unjudged rows of the vehicles judged now, beside those of the others."""
    fresh = [unpacked(said.packed)] if said.unjudged else []
    whole = pd.concat([others, *fresh], ignore_index=True).astype(dict.fromkeys(_WHOLE, "int64"))
    outcome = Outcome(said.rule, said.rule_version, len(whole), (), columns_of(whole))
    return said_of(outcome, {job.bucket: len(whole)}, lambda _: job.bucket)[job.bucket]


def _keep_tallies(connection: Connection, run_id: str, said: Mapping[Job, Sequence[Said]]) -> None:
    buckets: dict[tuple[int, str], list[int]] = {}
    for job in said:
        buckets.setdefault((job.day, job.scope), []).append(job.bucket)
    for model in (Tally, RunJob):
        c = table_of(model).c
        for (day, scope), of_day in buckets.items():
            here = (c.run_id == run_id, c.day == day, c.bucket.in_(of_day), c.scope == scope)
            connection.execute(delete(table_of(model)).where(*here))
    place = ("run_id", "day", "bucket", "scope")
    jobs = [(run_id, job.day, job.bucket, job.scope) for job in said]
    bulk_insert(connection, table_of(RunJob).name, place, jobs)
    answers = ("rule", "rule_version", "examined", "found", "clean", "cannot_tell", "excused")
    rows = [
        (
            run_id, job.day, job.bucket, job.scope, one.rule, one.rule_version, one.examined, len(one.found),
            one.examined - len(one.found) - one.unjudged, one.unjudged, one.excused,
        )
        for job, of_job in said.items()
        for one in of_job
    ]  # fmt: skip
    bulk_insert(connection, table_of(Tally).name, (*place, *answers), rows)


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
