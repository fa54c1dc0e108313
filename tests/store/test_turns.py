"""Waiting for one's turn: until whoever writes has ended, in this process or beside it, and no longer."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from taxi_qa.store.home import Home, HomeError, make_home, require_writing
from taxi_qa.store.turns import in_turn

HOLDS = """
import sys
from taxi_qa.store.home import open_home, writing
with writing(open_home(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Home]:
    """A home of SQLite: turns are a matter of files, not of the database."""
    made = make_home(tmp_path / "home")
    yield made
    made.engine.dispose()


@contextmanager
def held_elsewhere(home: Home) -> Iterator["subprocess.Popen[str]"]:
    """Another process writes until it is told a line."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(home.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        yield other


def test_who_cannot_wait_is_told(alone: Home) -> None:
    with held_elsewhere(alone) as other:
        with pytest.raises(HomeError, match="is writing to"), in_turn(alone):
            raise AssertionError
        other.communicate("\n")
    # The refused one left nothing locked.
    with in_turn(alone):
        require_writing(alone)


def test_who_waits_goes_on_once_the_other_has_ended(alone: Home) -> None:
    with held_elsewhere(alone) as other:
        timer = threading.Timer(0.1, other.communicate, ("\n",))
        timer.start()
        with in_turn(alone, 30):
            require_writing(alone)
        timer.join()


def test_threads_take_turns(alone: Home) -> None:
    inside, most = 0, 0

    def turn() -> None:
        nonlocal inside, most
        for _ in range(5):
            with in_turn(alone, 30):
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=turn) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert most == 1
    with pytest.raises(RuntimeError):
        require_writing(alone)
