"""The command line, called as a person calls it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from taxi_qa.cli.tree import run

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _no_home_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the home of the person who runs it."""
    monkeypatch.delenv("TAXI_QA_HOME", raising=False)
    monkeypatch.delenv("TAXI_QA_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def call(capfdbinary: pytest.CaptureFixture[bytes]) -> Call:
    """Run a call in this process: its exit status, standard output and standard error."""

    def called(*arguments: str | Path) -> tuple[int, str, str]:
        status = run([str(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        return status, out.decode(), err.decode()

    return called


@pytest.fixture
def home(tmp_path: Path, call: Call) -> Path:
    """A new home, with nothing in it."""
    place = tmp_path / "home"
    status, _, err = call("init", "--home", place, "--city", "guangzhou")
    assert status == 0, err
    return place
