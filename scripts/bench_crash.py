"""Kills ingest and check with SIGKILL at random moments and compares the home with an undisturbed one."""

import argparse
import datetime as dt
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from taxi_qa.lab.make import make_city
from taxi_qa.records.kinds import KINDS
from taxi_qa.rules.kit import catalogue
from taxi_qa.store import casebook, export, library, quarantine, run_log
from taxi_qa.store.home import Home, open_home

# Rows the door refuses, so that the quarantine has something to lose.
BAD_TRIPS = """trip_id,vehicle_id,boarded_at,alighted_at,metered_km,fare_yuan
X1,粤AD0001,2026-13-20 08:00:00,2026-10-20 08:10:00,3.0,12.00
X2,粤AD0001,2026-10-20 08:00:00,2026-10-20 08:10:00,3.0,-12.00
X3,,2026-10-20 08:00:00,2026-10-20 08:10:00,3.0,12.00
X4,粤AD0001,2026-10-20 08:20:00,2026-10-20 08:10:00,3.0,12.00
"""


def main() -> int:
    """The command line."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--kills", type=int, default=50, help="of ingest, and as many of check")
    asked.add_argument("--vehicles", type=int, default=8)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--what", choices=("ingest", "check"), nargs="*", default=["ingest", "check"])
    options = asked.parse_args()
    dice = random.Random(options.seed)  # noqa: S311 - moments to kill at, no secret
    with tempfile.TemporaryDirectory(prefix="taxi_qa-crash-") as folder:
        work = Path(folder)
        records = work / "records"
        records.mkdir()
        make_city(
            records,
            vehicles=options.vehicles,
            days=1,
            seed=1,
            first_day=dt.date(2026, 10, 20),
            city="guangzhou",
        )
        (records / "trips-bad.csv").write_text(BAD_TRIPS, encoding="utf-8")
        empty, full = work / "empty", work / "full"
        run(empty, "init", "--city", "guangzhou")
        commands = {
            "ingest": ("ingest", str(records)),
            "check": ("check", "--executor", "processes", "--workers", "2"),
        }
        failures = 0
        template = empty
        for what in ("ingest", "check"):
            shutil.copytree(template, full)
            began = time.monotonic()
            run(full, *commands[what])
            seconds = time.monotonic() - began
            wanted = content(open_home(full))
            if what in options.what:
                failures += killed(work, template, commands[what], seconds, wanted, options.kills, dice)
            template = work / f"after-{what}"
            full.rename(template)
    return 1 if failures else 0


def killed(
    work: Path,
    template: Path,
    command: tuple[str, ...],
    seconds: float,
    wanted: dict[str, str],
    kills: int,
    dice: random.Random,
) -> int:
    """Kill the command that many times, each in a fresh copy, run it again and compare; returns failures."""
    failures = number = 0
    while number < kills:
        home = work / "victim"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(template, home)
        moment = dice.uniform(0.0, seconds)
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(words(home, *command), stdout=quiet, stderr=quiet, start_new_session=True)
        time.sleep(moment)
        if process.poll() is not None:
            # It ended by itself: no kill, and it takes less time than was thought.
            seconds = max(0.2, min(seconds, moment))
            continue
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        number += 1
        run(home, *command)
        got = content(open_home(home))
        different = sorted(name for name in wanted if got.get(name) != wanted[name])
        failures += bool(different)
        print(
            f"{command[0]} {number}/{kills}: killed after {moment:.2f} s; "
            f"differs: {', '.join(different) or 'nothing'}",
            flush=True,
        )
    print(f"{command[0]}: {kills - failures} of {kills} identical after a kill while it ran")
    return failures


def words(home: Path, *command: str) -> list[str]:
    """The command as a person would type it."""
    return [sys.executable, "-m", "taxi_qa", "--home", str(home), *command]


def run(home: Path, *command: str) -> None:
    """Run a command to its end; refused rows (status 1) are no failure."""
    done = subprocess.run(words(home, *command), capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")


def content(home: Home) -> dict[str, str]:
    """A digest of everything a home holds, by what it is; ids of rows and moments of taking left out."""
    found: dict[str, str] = {}
    span = library.data_span(home)
    parts = []
    if span is not None:
        for day, bucket in library.partitions(home, 0, span[1] + 400):
            parts.append(library.raw_positions(home, day, bucket))
    found["positions"] = digest(pd.concat(parts, ignore_index=True) if parts else pd.DataFrame())
    for kind in KINDS:
        if kind != "positions":
            rows = library.records(home, kind, all_versions=True)
            found[kind] = digest(rows.drop(columns=["id", "source_id", "superseded_by"]))
    refused = list(quarantine.exported(home))
    found["quarantine"] = digest(
        pd.concat(refused, ignore_index=True).drop(columns=["id"]) if refused else pd.DataFrame()
    )
    about = {
        rule.name: export.RuleAbout(rule.clause, rule.stage, rule.title_zh, rule.title_en)
        for rule in catalogue().values()
    }
    findings = list(export.findings(home, about=about, with_cannot_tell=True))
    found["findings"] = digest(pd.concat(findings, ignore_index=True) if findings else pd.DataFrame())
    runs = run_log.runs(home)
    tallies = [casebook.tallies(home, run_id) for run_id in runs["run_id"]]
    found["tallies"] = digest(pd.concat(tallies, ignore_index=True) if tallies else pd.DataFrame())
    return found


def digest(frame: pd.DataFrame) -> str:
    """SHA-256 of a frame's rows, in whatever order they come."""
    header, *rows = frame.to_csv(index=False).splitlines() or [""]
    return hashlib.sha256("\n".join([header, *sorted(rows)]).encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
