"""The benchmarks of the roads, tiny."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("TAXI_QA_REAL_DATA", ROOT.parent / "shared" / "data"))
NEEDS_EXTRACT = pytest.mark.skipif(
    not (DATA / "roads" / "chengdu.osm.pbf").exists(), reason="no extract beside the checkout"
)


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("name", ["roads", "accusations", "city"])
def test_without_an_extract_nothing_is_measured_and_that_is_said(name: str, tmp_path: Path) -> None:
    printed = run(f"scripts/bench_{name}.py", "--extract", str(tmp_path / "nowhere.osm.pbf"))
    assert printed.startswith("not measured: there is no nowhere.osm.pbf")


@pytest.mark.real
@NEEDS_EXTRACT
def test_traces_are_matched_to_the_ways_they_were_driven_on() -> None:
    printed = run(
        "scripts/bench_roads.py", "--traces", "100", "--runs", "1", "--valhalla", "0", "--places", "50000"
    )
    tree = next(line for line in printed.splitlines() if line.startswith("shapely's STRtree"))
    assert "the same zones" in tree
    matched = next(line for line in printed.splitlines() if line.startswith("matching with headings"))
    assert float(matched.split("same way")[1].split("%")[0]) > 95.0
    assert "highest limit within 27 m" in printed


@pytest.mark.real
@NEEDS_EXTRACT
def test_the_innocent_are_not_accused_and_speeders_are_found() -> None:
    printed = run("scripts/bench_accusations.py", "--traces", "200", "--speeders", "100")
    told = [line for line in printed.splitlines() if " accused (" in line]
    assert len(told) == 4
    assert all(" 0 accused" in line for line in told)
    found = [line for line in printed.splitlines() if "+30 % all the way" in line]
    assert all(float(line.split(":")[1].split("%")[0]) > 95.0 for line in found)


@pytest.mark.real
@NEEDS_EXTRACT
def test_a_made_day_is_judged_and_its_planted_offences_come_out(tmp_path: Path) -> None:
    # It fails where an innocent driver is found.
    printed = run("scripts/bench_city.py", "--positions", "300000", "--cache", str(tmp_path))
    lines = {line.split(":")[0].strip(): line for line in printed.splitlines()}
    assert all(lines[name].endswith(" 0 of innocents") for name in ("speeding", "detours"))
    planted, found = (int(part.split()[0]) for part in lines["detours"].split(":")[1].split(",")[:2])
    assert found > 0.8 * planted > 8
    phases = printed.split("where the time goes")[1]
    assert all(name in phases for name in ("read positions", "unit driven_routes", "casebook"))
