"""Waiting for one's turn to write: forms and posts are short, so the next one waits instead of failing."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from taxi_qa.store.home import Home, HomeError, writing

_LOOK_EVERY_S: Final = 0.02
# The home's lock is one of processes: threads of one process take turns by this.
_ONE_AT_A_TIME: Final = threading.Lock()


@contextmanager
def in_turn(home: Home, wait_s: float = 0.0) -> Iterator[None]:
    """Be the only one that writes to the home, in this process and beside it; nothing is swept.

    Args:
        home: which.
        wait_s: how long to wait for whoever is writing.

    Raises:
        HomeError: somebody else was writing all the while.
    """
    until_s = time.monotonic() + wait_s
    if not _ONE_AT_A_TIME.acquire(timeout=wait_s):
        raise HomeError(f"somebody else is writing to {home.path}; wait until that has ended")
    try:
        while True:
            turn = writing(home, sweep=False)
            try:
                turn.__enter__()
                break
            except HomeError:
                if time.monotonic() >= until_s:
                    raise
                time.sleep(_LOOK_EVERY_S)
        try:
            yield
        finally:
            turn.__exit__(None, None, None)
    finally:
        _ONE_AT_A_TIME.release()
