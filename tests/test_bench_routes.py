"""The benchmarks of routes, tiny: engines agree, and no honest driver is accused."""

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


@pytest.mark.parametrize("name", ["routes", "detour_honesty"])
def test_without_an_extract_nothing_is_measured_and_that_is_said(name: str, tmp_path: Path) -> None:
    printed = run(f"scripts/bench_{name}.py", "--extract", str(tmp_path / "nowhere.osm.pbf"))
    assert printed.startswith("not measured: there is no nowhere.osm.pbf")


@pytest.mark.real
@pytest.mark.slow
@NEEDS_EXTRACT
def test_engines_agree_on_a_real_city() -> None:
    printed = run("scripts/bench_routes.py", "--trips", "400", "--few", "40")
    assert "the same seconds" in printed
    if "pyroutingkit: not measured" not in printed:
        assert "both take the same milliseconds on 100.00%" in printed


@pytest.mark.real
@pytest.mark.slow
@NEEDS_EXTRACT
def test_no_honest_driver_is_accused_and_detours_are_found() -> None:
    printed = run("scripts/bench_detour_honesty.py", "--trips", "400", "--detours", "200")
    honest, detours = (line.split() for line in printed.splitlines() if line.startswith("  all "))
    assert honest[1:2] == ["400"]
    assert honest[3] == "0"
    assert float(detours[4].rstrip("%")) > 50
