"""Jobs for worker processes that do not live long."""

import os
import signal
import time
from pathlib import Path

from taxi_qa.runs.check import check
from taxi_qa.store.home import open_home


def squared(number: int) -> int:
    return number * number


def dies_once(task: tuple[str, int]) -> int:
    """Kills its own process the first time anybody does number 3."""
    folder, number = task
    mark = Path(folder) / "died"
    if number == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def dies_always(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def fails_over(record: str) -> int:
    """Says in its error what it read, as code of others does."""
    try:
        return int(record)
    except ValueError as error:
        raise RuntimeError(f'cannot read {record}\n  File "/{record}", line 7, in {record}') from error


def judge_all(path: str, now_ms: int, ready: str) -> None:
    """`check` in a process of its own, which says when it begins."""
    home = open_home(Path(path))
    Path(ready).touch()
    check(home, now_ms=now_ms)


def wait_for(path: Path) -> None:
    for _ in range(6_000):
        if path.exists():
            return
        time.sleep(0.01)
    raise TimeoutError(f"{path.name} did not come within a minute")


_TAKEN: list[str] = []


def take_along(what: str) -> None:
    """What a worker does before its first task."""
    _TAKEN.append(what)


def told_on_the_way(_: int) -> str:
    """What the worker took along, once."""
    return "+".join(_TAKEN)
