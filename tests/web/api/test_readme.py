"""The example of the README, run as it stands there by a shell, against a server on a real socket."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from taxi_qa.cli.command import now_ms
from taxi_qa.paths import shipped
from taxi_qa.store.home import make_home
from tests.web.conftest import City, live

README = shipped("data").parent / "README.md"


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
def test_the_example_of_the_readme(tmp_path: Path) -> None:
    section = README.read_text(encoding="utf-8").partition("## For machines: the HTTP API")[2]
    example = section.partition("```sh\n")[2].partition("```")[0]
    home = make_home(tmp_path / "home")
    city = City(home, now_ms, {})  # type: ignore[arg-type] # the true clock
    with live(city) as address:
        script = f"set -eu\n{example.replace('http://127.0.0.1:8000', address)}"
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "taxi-qa").write_text(
            f'#!/bin/sh\nexec "{sys.executable}" -m taxi_qa "$@"\n', encoding="utf-8"
        )
        (folder / "taxi-qa").chmod(0o755)
        told = os.environ | {"TAXI_QA_HOME": str(home.path), "PATH": f"{folder}:{os.environ['PATH']}"}
        done = subprocess.run(["sh", "-c", script], env=told, check=False, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    lines = done.stdout.decode().splitlines()
    taken, cases = (json.loads(line) for line in lines if line.startswith("{"))
    assert (taken["rows"], taken["accepted"], taken["quarantined"]) == (2, 1, 1)
    assert (taken["refused"][0]["record"], taken["refused"][0]["field"]) == (2, "name")
    assert cases == {"rows": [], "total": 0, "page": 1, "per": 100, "pages": 1}
    home.engine.dispose()
