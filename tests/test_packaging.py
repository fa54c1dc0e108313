"""The wheel: carries data and templates, and works where no checkout is."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

Outside = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as a release would have it, built without a network."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def outside(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Outside:
    """Runs Python in an environment that has the wheel and our dependencies, in a folder of its own."""
    place = tmp_path_factory.mktemp("outside")
    venv.create(place / "venv", with_pip=False, symlinks=True)
    python = place / "venv" / "bin" / "python"
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
    with zipfile.ZipFile(wheel) as archive:  # what installing a pure wheel is
        archive.extractall(site)
    # Dependencies come from the environment of the tests; its .pth of the checkout is not run from here.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "TAXI_QA"))
    }

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(python), *arguments], cwd=place, env=environment, capture_output=True, text=True, check=False
        )

    return run


def test_the_wheel_carries_data_and_templates_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for folder in ("data/law", "data/house", "templates"):
        shipped = {path.relative_to(ROOT) for path in (ROOT / folder).rglob("*") if path.is_file()}
        assert shipped
        packed = {f"taxi_qa/_{path.as_posix()}" for path in shipped}
        assert packed <= set(names)
    assert "taxi_qa/store/migrations/script.py.mako" in names
    strange = [name for name in names if name.partition("/")[0] != "taxi_qa" and ".dist-info/" not in name]
    assert not strange


def test_the_wheel_runs_outside_the_checkout(outside: Outside) -> None:
    told = outside(
        "-c", "import taxi_qa, taxi_qa.paths as p; print(taxi_qa.__file__); print(p.shipped('data'))"
    )
    assert str(ROOT / "taxi_qa") not in told.stdout, told.stderr
    assert str(ROOT / "data") not in told.stdout
    checked = outside("-m", "taxi_qa", "law", "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    made = outside("-m", "taxi_qa", "init", "--home", "home", "--city", "guangzhou")
    assert made.returncode == 0, made.stderr
    seen = outside("-m", "taxi_qa", "doctor", "--home", "home", "--json")
    assert seen.returncode == 0, seen.stderr
    assert '"city": "guangzhou"' in seen.stdout


def test_the_wheel_says_the_version_and_the_program(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        info = {name.rpartition("/")[2]: name for name in archive.namelist() if ".dist-info/" in name}
        metadata = archive.read(info["METADATA"]).decode()
        assert "\nRequires-Python: >=3.11\n" in metadata
        assert archive.read(info["entry_points.txt"]).decode().split() == [
            "[console_scripts]", "taxi-qa", "=", "taxi_qa.cli:main",
        ]  # fmt: skip
