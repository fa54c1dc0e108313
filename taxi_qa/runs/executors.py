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
from typing import Final, Self, TypeVar

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
    """Each task with its result, by a crew of its own; see `Crew.results`."""
    with Crew(executor, workers) as crew:
        yield from crew.results(do, tasks)


class Crew:
    """This process, or worker processes that start when they are first needed and stay for all stages."""

    def __init__(self, executor: str, workers: int, begin: Callable[[], object] | None = None) -> None:
        """A crew nobody of which works yet.

        Args:
            executor: one of `EXECUTORS`.
            workers: how many processes.
            begin: what each worker process does before its first task; travels there as tasks do.

        Raises:
            ValueError: no such executor.
        """
        if executor not in EXECUTORS:
            raise ValueError(f"no executor {executor!r}; expected one of {', '.join(EXECUTORS)}")
        self._workers = workers if executor == "processes" else 1
        self._begin = begin
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        """The crew; nobody has started yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Sends the workers home."""
        self._dismiss()

    def _dismiss(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = None

    def results(self, do: Callable[[TASK], RESULT], tasks: Sequence[TASK]) -> Iterator[tuple[TASK, RESULT]]:
        """Each task with its result, in the order in which they are done.

        Args:
            do: a function a fresh process can import.
            tasks: what to do; independent of each other.

        Raises:
            WorkerDiedError: a task killed its worker three times.
        """
        if self._workers <= 1 or len(tasks) <= 1:
            for task in tasks:
                yield task, do(task)
            return
        left = list(tasks)
        for _ in range(_TRIES):
            done: set[int] = set()
            try:
                for at, result in self._pooled(do, left):
                    done.add(at)
                    yield left[at], result
            except BrokenProcessPool:
                self._dismiss()
                left = [task for at, task in enumerate(left) if at not in done]
                continue
            return
        raise WorkerDiedError(
            f"{len(left)} jobs were lost {_TRIES} times because their worker process died "
            "(out of memory?); try fewer --workers, or --executor inline"
        )

    def _pooled(self, do: Callable[[TASK], RESULT], tasks: Sequence[TASK]) -> Iterator[tuple[int, RESULT]]:
        if self._pool is None:
            self._pool = _started(self._workers, self._begin)
        pool = self._pool
        # Only so many at once: results wait in memory until they are written.
        coming = iter(enumerate(tasks))
        running = {pool.submit(do, task): at for at, task in islice(coming, AHEAD * self._workers)}
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                at = running.pop(future)
                result = future.result()
                running.update({pool.submit(do, task): number for number, task in islice(coming, 1)})
                yield at, result


def _started(workers: int, begin: Callable[[], object] | None) -> ProcessPoolExecutor:
    # Forked from a server that imported the program once: no worker inherits a connection or a lock.
    has_server = "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if has_server else "spawn")
    if context.get_start_method() == "forkserver":
        context.set_forkserver_preload(["taxi_qa.runs.warm"])
    return ProcessPoolExecutor(max_workers=workers, mp_context=context, initializer=begin)
