"""What a person sees: aligned where the output goes on, framed and with bars on a terminal."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from taxi_qa.cli import progress, screen

PROJECT = Path(__file__).resolve().parents[2]


def test_a_table_that_goes_on_is_plain_aligned_text(capsys: pytest.CaptureFixture[str]) -> None:
    screen.table(("rule", "说明", "found"), [("a", "多收车费", 1_234), ("bcd", "空", None)])
    out = capsys.readouterr().out
    assert out == "rule  说明      found\na     多收车费  1,234\nbcd   空\n"
    starts = [
        cell_len(line[: line.index(word)])
        for line, word in zip(out.splitlines(), ("说明", "多", "空"), strict=True)
    ]
    assert len(set(starts)) == 1


def test_an_empty_table_is_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    screen.table(("a", "b"), [])
    assert capsys.readouterr().out == "a  b\n"


def test_short_work_says_nothing_and_long_work_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 1.0, 11.0, 12.0, 25.0])
    monkeypatch.setattr(progress, "monotonic", lambda: next(clock))
    with progress.Progress("ingest") as told:
        for done in (0, 10, 50, 60, 100):
            told("trips.csv", done, 100)
    out, err = capsys.readouterr()
    assert (out, err) == ("", "ingest: trips.csv: 50 %\ningest: trips.csv: 100 %\n")


def on_a_terminal(*command: str) -> str:
    """Everything a program writes to a terminal."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "120"}
    with subprocess.Popen(command, cwd=PROJECT, stdout=theirs, stderr=theirs, env=environment):
        os.close(theirs)
        parts = []
        while True:
            try:
                part = os.read(ours, 65_536)
            except OSError:  # Linux says so when the other end is closed
                break
            if not part:
                break
            parts.append(part)
    os.close(ours)
    return b"".join(parts).decode(errors="replace")


def test_a_terminal_gets_a_framed_table() -> None:
    shown = on_a_terminal(sys.executable, "-m", "taxi_qa", "rules")
    assert "┏" in shown
    assert "fare.overcharge" in shown


def test_a_terminal_gets_a_bar_that_is_taken_away_again() -> None:
    program = (
        "import time; from taxi_qa.cli.progress import Progress\n"
        "with Progress('ingest') as told:\n"
        "    told('trips.csv', 30, 100); time.sleep(0.3)\n"
        "    told('trips.csv', 100, 100)\n"
        "print('done')\n"
    )
    shown = on_a_terminal(sys.executable, "-c", program)
    assert "trips.csv" in shown
    assert "30%" in shown
    assert shown.rstrip().endswith("done")
