"""The benchmarks, tiny: they run, and plain pandas gives the answers the rules give."""

import subprocess
import sys
from pathlib import Path

from scripts import made_city

ROOT = Path(__file__).resolve().parents[1]


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_plain_pandas_and_the_rules_answer_alike(tmp_path: Path) -> None:
    arguments = ("--positions", "130000", "--runs", "1", "--cache", str(tmp_path))
    printed = run("scripts/bench_check.py", *arguments)
    assert "times as fast as plain pandas" in printed
    equal = next(line for line in printed.splitlines() if line.startswith("equal answers: "))
    assert equal.endswith(" 16 rules")
    found = int(equal.split()[2])
    assert found > 10, "a city without offences compares nothing"


def test_a_made_city_is_kept_for_the_next_run(tmp_path: Path) -> None:
    first = made_city.city_home(tmp_path, 20_000)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    assert kept
    assert made_city.city_home(tmp_path, 20_000) == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")} == kept


def test_findings_are_counted_after_they_are_kept() -> None:
    printed = run("scripts/bench_findings.py", "--findings", "600", "--runs", "1")
    assert "600 findings in 1 jobs, SQLite" in printed
    assert "the same again" in printed
