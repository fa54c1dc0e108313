"""Who does the jobs: this process, or several; the outcomes are the same whoever does them.

A worker that dies (killed, out of memory) takes no job with it: its jobs are done again by a fresh pool, and
only a job that kills its worker three times stops the run.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Final, TypeVar

TASK = TypeVar("TASK")
RESULT = TypeVar("RESULT")

EXECUTORS: Final = ("inline", "processes")
_TRIES: Final = 3
# Tasks handed out for each worker: one it does, one that waits, two whose results may wait.
AHEAD: Final = 4


class WorkerDiedError(RuntimeError):
    """Jobs that killed their worker every time they were tried."""


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def results(
    do: Callable[[TASK], RESULT], tasks: Sequence[TASK], *, executor: str, workers: int
) -> Iterator[tuple[TASK, RESULT]]:
    """Each task with its result, in the order in which they are done.

    Args:
        do: a function a fresh process can import.
        tasks: what to do; independent of each other.
        executor: one of `EXECUTORS`.
        workers: how many processes.

    Raises:
        ValueError: no such executor.
        WorkerDiedError: a task killed its worker three times.
    """
    if executor not in EXECUTORS:
        raise ValueError(f"no executor {executor!r}; expected one of {', '.join(EXECUTORS)}")
    if executor == "inline" or workers <= 1 or len(tasks) <= 1:
        for task in tasks:
            yield task, do(task)
        return
    left = list(tasks)
    for _ in range(_TRIES):
        done: set[int] = set()
        try:
            for at, result in _pooled(do, left, workers):
                done.add(at)
                yield left[at], result
        except BrokenProcessPool:
            left = [task for at, task in enumerate(left) if at not in done]
            continue
        return
    raise WorkerDiedError(
        f"{len(left)} jobs were lost {_TRIES} times because their worker process died "
        "(out of memory?); try fewer --workers, or --executor inline"
    )


def _pooled(
    do: Callable[[TASK], RESULT], tasks: Sequence[TASK], workers: int
) -> Iterator[tuple[int, RESULT]]:
    # Forked from a server that imported the program once: no worker inherits a connection or a lock.
    has_server = "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if has_server else "spawn")
    if context.get_start_method() == "forkserver":
        context.set_forkserver_preload(["taxi_qa.runs.work"])
    pool = ProcessPoolExecutor(max_workers=min(workers, len(tasks)), mp_context=context)
    try:
        # Only so many at once: results wait in memory until they are written.
        coming = iter(enumerate(tasks))
        running = {pool.submit(do, task): at for at, task in islice(coming, AHEAD * workers)}
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                at = running.pop(future)
                result = future.result()
                running.update({pool.submit(do, task): number for number, task in islice(coming, 1)})
                yield at, result
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
