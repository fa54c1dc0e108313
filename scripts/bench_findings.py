"""How many findings a second the casebook keeps: written, written again, and in SQLite or PostgreSQL.

Makes findings as checks make them (evidence, law versions, places), 2,000 a job, and keeps them with
`casebook.keep_outcomes`, a transaction a job. The same figures follow for keeping the same findings again,
which changes nothing. Plain pandas appends the same rows with `to_sql` for comparison.

    scripts/bench findings [--findings 100000] [--runs 3] [--url postgresql://…]
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import create_engine

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from taxi_qa.findings.finding import UNJUDGED_COLUMNS, Finding, Outcome, finding_key  # noqa: E402
from taxi_qa.store import casebook  # noqa: E402
from taxi_qa.store.casebook import Job, RunHead  # noqa: E402
from taxi_qa.store.home import Home, make_home  # noqa: E402
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
    casebook.start_run(home, RunHead(run_id, DAY, DAY, (RULE,), (), None, 0))
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


def main(argv: list[str] | None = None) -> int:
    """Runs the benchmark and prints its figures."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench findings", description=(__doc__ or "").split("\n", 1)[0]
    )
    parser.add_argument("--findings", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--url", help="of an empty PostgreSQL database, instead of SQLite")
    asked = parser.parse_args(argv)
    of_a_job = min(OF_A_JOB, asked.findings)
    outcomes = [made(of_a_job, job) for job in range(max(1, asked.findings // of_a_job))]
    count = sum(len(outcome.found) for outcome in outcomes)
    first, again, plain = [], [], []
    for run in range(1 if asked.url else asked.runs):
        with tempfile.TemporaryDirectory() as name:
            home = make_home(Path(name) / "home", asked.url, city="guangzhou")
            first.append(kept(home, f"run-{run}", outcomes))
            again.append(kept(home, f"run-{run}-again", outcomes))
            written = int(casebook.findings_kept(home)["findings"].sum())
            home.engine.dispose()
            if written != count:
                print(f"{written:,} findings are kept, {count:,} were made")
                return 1
            plain.append(by_pandas(outcomes, Path(name) / "plain.db"))
    where = "PostgreSQL" if asked.url else "SQLite"
    print(f"{count:,} findings in {len(outcomes)} jobs, {where}, best of {len(first)}")
    print(f"{'written':16}{count / min(first):10,.0f} a second  {min(first):6.2f} s")
    print(f"{'the same again':16}{count / min(again):10,.0f} a second  {min(again):6.2f} s")
    print(f"{'pandas to_sql':16}{count / min(plain):10,.0f} a second  {min(plain):6.2f} s  (without indexes)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
