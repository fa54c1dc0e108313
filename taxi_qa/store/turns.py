"""Waiting for one's turn to write: forms and posts are short, so the next one waits instead of failing."""

import fcntl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from taxi_qa.store.home import Home, HomeError, writing

_QUEUE_NAME: Final = "turns"
_LOOK_EVERY_S: Final = 0.02
# The home's lock is one of processes: threads of one process take turns by this.
_ONE_AT_A_TIME: Final = threading.Lock()


@contextmanager
def in_turn(home: Home, wait_s: float = 0.0) -> Iterator[None]:
    """Be the only one that writes to the home, in this process and beside it; nothing is swept.

    Processes that wait stand in the queue of one more file, which the system serves in order: by looking
    now and then one of them could be passed by for as long as others are busy.

    Args:
        home: which.
        wait_s: how long to wait for whoever is writing; those before in the queue come on top of it.

    Raises:
        HomeError: somebody else was writing all the while.
    """
    if not _ONE_AT_A_TIME.acquire(timeout=wait_s):
        raise HomeError(f"somebody else is writing to {home.path}; wait until that has ended")
    with ExitStack() as held:
        held.callback(_ONE_AT_A_TIME.release)
        queue = held.enter_context((home.path / _QUEUE_NAME).open("a", encoding="ascii"))
        fcntl.flock(queue, fcntl.LOCK_EX)
        until_s = time.monotonic() + wait_s
        while True:
            try:
                held.enter_context(writing(home, sweep=False))
                break
            except HomeError:
                if time.monotonic() >= until_s:
                    raise
            time.sleep(_LOOK_EVERY_S)
        yield
