"""How many findings a second the casebook keeps: written, written again, in SQLite and in PostgreSQL.

Makes findings as checks make them (evidence, law versions, places), 2,000 a job, and keeps them with
`casebook.keep_outcomes`, a transaction a job. The same figures follow for keeping the same findings again,
which changes nothing. Plain pandas appends the same rows with `to_sql` for comparison.

PostgreSQL is measured where its programs are installed: a server of its own, in a temporary folder, with the
settings initdb gives it, so every commit waits for the disk.

    scripts/bench findings [--findings 100000] [--runs 3] [--url postgresql://…]
"""

import argparse
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from taxi_qa.findings.finding import UNJUDGED_COLUMNS, Finding, Outcome, finding_key  # noqa: E402
from taxi_qa.store import casebook, run_log  # noqa: E402
from taxi_qa.store.home import Home, make_home  # noqa: E402
from taxi_qa.store.run_log import Job, RunHead  # noqa: E402
from taxi_qa.values.columns import Columns  # noqa: E402

DAY = 20_746
DAY_MS = 86_400_000
RULE = "fare.overcharge"
OF_A_JOB = 2_000


def made(count: int, job: int) -> Outcome:
    """A job's outcome with so many findings."""
    rng = np.random.default_rng(job)
    found = [
        Finding(
            finding_id=finding_key(RULE, 1, [f"{job}/{number}"]),
            rule=RULE,
            clause="六.5",
            verdict="found",
            stage="stable",
            status="detected",
            vehicle_id=f"粤A{number:05d}",
            driver_id=f"D{number:05d}",
            company_id="C01",
            trip_id=f"T{job:03d}-{number:05d}",
            start_ms=DAY * DAY_MS + number * 1000,
            end_ms=DAY * DAY_MS + number * 1000 + 600_000,
            lon=113.2 + x / 10,
            lat=23.1 + y / 10,
            measured=2_500.0 + number,
            allowed=2_310.0,
            unit="fen",
            sources="meter",
            rule_version=1,
            leans_on="fare.composition@2020-01-01;fare.flagfall@2020-01-01;fare.per_km@2020-01-01;fare.night.share@2020-01-01",
            evidence={
                "fare_fen": 2_500 + number,
                "due_low_fen": 2_200,
                "due_high_fen": 2_300,
                "step_fen": 10,
                "metered_m": 8_300,
                "waiting_s": 240.0,
            },
        )
        for number, (x, y) in enumerate(rng.random((count, 2)))
    ]
    return Outcome(
        RULE,
        1,
        50 * count,
        tuple(found),
        Columns({name: np.array([], dtype=object) for name in UNJUDGED_COLUMNS}),
    )


def kept(home: Home, run_id: str, outcomes: list[Outcome]) -> float:
    """Seconds to keep them all, a transaction a job."""
    run_log.start_run(home, RunHead(run_id, DAY, DAY, (RULE,), (), None, 0))
    started = time.perf_counter()
    for bucket, outcome in enumerate(outcomes):
        casebook.keep_outcomes(home, run_id, Job(DAY, bucket, "day"), [outcome])
    return time.perf_counter() - started


def by_pandas(outcomes: list[Outcome], path: Path) -> float:
    """Seconds to append the same rows with `DataFrame.to_sql`, a frame a job."""
    engine = create_engine(f"sqlite:///{path}")
    started = time.perf_counter()
    for outcome in outcomes:
        rows = [
            {**vars(one), "evidence": json.dumps(one.evidence, ensure_ascii=False)} for one in outcome.found
        ]
        pd.DataFrame(rows).to_sql("findings", engine, if_exists="append", index=False)
    spent = time.perf_counter() - started
    engine.dispose()
    return spent


def measured(outcomes: list[Outcome], new_url: Callable[[], str | None], runs: int) -> tuple[float, float]:
    """Seconds to keep them all, and to keep them again: the best of so many new homes."""
    count = sum(len(outcome.found) for outcome in outcomes)
    first, again = [], []
    for run in range(runs):
        with tempfile.TemporaryDirectory() as name:
            home = make_home(Path(name) / "home", new_url(), city="guangzhou")
            first.append(kept(home, f"run-{run}", outcomes))
            again.append(kept(home, f"run-{run}-again", outcomes))
            written = int(casebook.findings_kept(home)["findings"].sum())
            home.engine.dispose()
            if written != count:
                raise SystemExit(f"{written:,} findings are kept, {count:,} were made")
    return min(first), min(again)


# --- a PostgreSQL of our own -------------------------------------------------------------------------


class NoServerError(Exception):
    """No PostgreSQL can be had here; says why."""


def _programs() -> Path:
    """The folder of `initdb` and `postgres`, the newest there is."""
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if folders:
        return max(folders, key=lambda folder: float(folder.parent.name))
    initdb = shutil.which("initdb")
    if initdb is None:
        raise NoServerError("no server (initdb) on this machine")
    return Path(initdb).resolve().parent


def _not_root() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then somebody else starts it."""
    if os.geteuid() != 0:
        return {}
    names = {person.pw_name: person for person in pwd.getpwall()}
    person = names.get("postgres") or names.get("nobody")
    if person is None:
        raise NoServerError("a server does not run as root, and there is nobody else here")
    return {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}


@contextmanager
def postgresql() -> Iterator[Callable[[], str]]:
    """A server of its own; what it gives makes a new, empty database and says its URL.

    Raises:
        NoServerError: says why there is none.
    """
    try:
        import psycopg  # noqa: F401, PLC0415 - the product runs without it
    except ModuleNotFoundError:
        raise NoServerError("no driver: pip install taxi-qa[postgresql]") from None
    programs, person = _programs(), _not_root()
    # Short: a socket's path has 107 bytes.
    with tempfile.TemporaryDirectory(prefix="pg") as name:
        place, data = Path(name), Path(name) / "data"
        if person:
            os.chown(place, person["user"], person["group"])
        made = subprocess.run(
            [programs / "initdb", "-D", data, "-U", "taxi", "-A", "trust", "-E", "UTF8", "--locale=C"],
            capture_output=True, text=True, check=False, cwd=place, **person,
        )  # fmt: skip
        if made.returncode:
            raise NoServerError(f"initdb does not run here: {made.stderr.strip().splitlines()[-1]}")
        with (place / "log").open("w") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, "-k", place, "-h", ""],
                stdout=log, stderr=log, cwd=place, **person,
            )  # fmt: skip
        try:
            yield _databases(server, f"postgresql+psycopg://taxi@/{{name}}?host={place}")
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=60)


def _databases(server: "subprocess.Popen[bytes]", url: str) -> Callable[[], str]:
    """Waits for the server."""
    engine = create_engine(url.format(name="postgres"), isolation_level="AUTOCOMMIT")
    for _ in range(600):
        if server.poll() is not None:
            break
        try:
            engine.connect().close()
        except OperationalError:
            time.sleep(0.05)
        else:
            engine.dispose()
            return lambda: _new_database(url)
    raise NoServerError("the server does not start here")


def _new_database(url: str) -> str:
    engine = create_engine(url.format(name="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE IF EXISTS findings")
        connection.exec_driver_sql("CREATE DATABASE findings")
    engine.dispose()
    return url.format(name="findings")


# --- the figures -------------------------------------------------------------------------------------


def line(what: str, count: int, spent_s: float, note: str = "") -> None:
    print(f"{what:16}{count / spent_s:10,.0f} a second  {spent_s:6.2f} s{note}")


def report(where: str, outcomes: list[Outcome], new_url: Callable[[], str | None], runs: int) -> None:
    """Measures one database and prints its figures."""
    count = sum(len(outcome.found) for outcome in outcomes)
    first, again = measured(outcomes, new_url, runs)
    print(f"{count:,} findings in {len(outcomes)} jobs, {where}, best of {runs}")
    line("written", count, first)
    line("the same again", count, again)


def main(argv: list[str] | None = None) -> int:
    """Runs the benchmark and prints its figures."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench findings", description=(__doc__ or "").split("\n", 1)[0]
    )
    parser.add_argument("--findings", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--url", help="of an empty PostgreSQL database: only that one, once")
    asked = parser.parse_args(argv)
    of_a_job = min(OF_A_JOB, asked.findings)
    outcomes = [made(of_a_job, job) for job in range(max(1, asked.findings // of_a_job))]
    if asked.url:
        report("PostgreSQL", outcomes, lambda: str(asked.url), 1)
        return 0
    report("SQLite", outcomes, lambda: None, asked.runs)
    with tempfile.TemporaryDirectory() as name:
        plain = min(by_pandas(outcomes, Path(name) / f"plain-{run}.db") for run in range(asked.runs))
    count = sum(len(outcome.found) for outcome in outcomes)
    line("pandas to_sql", count, plain, "  (SQLite, without indexes)")
    try:
        with postgresql() as new_url:
            report("PostgreSQL", outcomes, new_url, asked.runs)
    except NoServerError as why:
        print(f"PostgreSQL: not measured: {why}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
