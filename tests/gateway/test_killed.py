"""A gateway killed under load: whatever it answered is in its journal when it is started again."""

import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from scripts.bench_gateway import (
    gateway,
    killed,
    made_home,
    report,
    rows_kept,
    settle_rest,
    start,
    stored,
    terminal_id,
)
from taxi_qa.gateway.journal import OPEN
from taxi_qa.ingest.terminals.frame import parse
from taxi_qa.ingest.terminals.framing import Splitter
from tests.gateway.loops import run as on_its_own

CORE = min(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="only Linux pins a process to a core"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_nothing_answered_is_missing_after_a_kill(tmp_path: Path) -> None:
    home = made_home(tmp_path, 200)
    load = on_its_own(killed(home, free_port(), CORE, 2, many=20, window=1))
    settle_rest(home)
    found = stored(home)
    assert len(load.records) > 100
    assert not [record for record in load.records if found[record] != 1]
    assert rows_kept(home) == len(found), "nothing twice, not even where readers would take it for one"
    assert not list((home / "terminals" / "journal").glob(f"*{OPEN}")), "a clean end closes its segment"


def test_a_clean_end_answers_and_the_counts_are_told(tmp_path: Path) -> None:
    home, port = made_home(tmp_path, 1), free_port()
    with (
        gateway(home, port, CORE) as process,
        socket.create_connection(("127.0.0.1", port), timeout=5) as one,
    ):
        one.sendall(report(terminal_id(0), 7, 42))
        [raw] = Splitter().feed(one.recv(4096))
        assert parse("jt905", raw).body[:5] == bytes.fromhex("0007020000")
        assert process.poll() is None
    assert process.returncode == 0
    assert stored(home) == {42: 1}


def test_a_call_that_cannot_work_says_why(tmp_path: Path) -> None:
    home, port = made_home(tmp_path, 1), free_port()
    command = [sys.executable, "-m", "taxi_qa", "--home", str(home), "gateway"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "--jt905-port" in told.stderr
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        told = subprocess.run(
            [*command, "--jt905-port", str(port)], capture_output=True, text=True, check=False
        )
    assert told.returncode == 2
    assert "another port" in told.stderr
    assert "Traceback" not in told.stderr


def test_the_counts_are_read_by_prometheus(tmp_path: Path) -> None:
    home, port, metrics = made_home(tmp_path, 1), free_port(), free_port()
    process = start(home, port, CORE, "--metrics-port", str(metrics))
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as one:
            one.sendall(report(terminal_id(0), 7, 42))
            one.recv(4096)
            with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=5) as answer:
                told = answer.read().decode()
    finally:
        process.terminate()
        process.wait(20)
    assert 'taxi_qa_gateway_total{what="frames"} 1.0' in told
    assert terminal_id(0) not in told
