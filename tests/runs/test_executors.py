"""Who does the jobs, and what happens when he is killed."""

import multiprocessing
import os
import signal
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from taxi_qa.runs.check import check
from taxi_qa.runs.executors import Crew, WorkerDiedError, cores, results
from tests.runs.conftest import NOW_MS, Judged, NewHome, counted, said
from tests.runs.jobs_that_die import (
    dies_always,
    dies_once,
    judge_all,
    squared,
    take_along,
    told_on_the_way,
    wait_for,
)


@pytest.mark.parametrize(("executor", "workers"), [("inline", 1), ("processes", 1), ("processes", 3)])
def test_every_task_is_done_once(executor: str, workers: int) -> None:
    done = dict(results(squared, range(10), executor=executor, workers=workers))
    assert done == {number: number * number for number in range(10)}
    assert list(results(squared, [], executor=executor, workers=workers)) == []


def test_no_such_executor() -> None:
    with pytest.raises(ValueError, match="inline, processes"):
        list(results(squared, [1], executor="threads", workers=2))


def test_every_worker_begins_with_what_was_handed_over() -> None:
    with Crew("processes", 2, begin=partial(take_along, "a map")) as crew:
        assert [told for _, told in crew.results(told_on_the_way, range(6))] == ["a map"] * 6


def test_there_is_a_core() -> None:
    assert cores() >= 1


def test_the_tasks_of_a_worker_that_died_are_done_by_another(tmp_path: Path) -> None:
    tasks = [(str(tmp_path), number) for number in range(8)]
    pairs = list(results(dies_once, tasks, executor="processes", workers=2))
    assert (tmp_path / "died").exists()
    assert sorted(task[1] for task, _ in pairs) == list(range(8)), "each task once"
    assert all(result == task[1] ** 2 for task, result in pairs)


def test_a_task_that_kills_every_worker_stops_the_run_and_says_so() -> None:
    with pytest.raises(WorkerDiedError, match="--executor inline"):
        list(results(dies_always, range(6), executor="processes", workers=2))


def test_a_worker_killed_in_the_middle_of_a_run_changes_nothing(
    new_home: NewHome, undisturbed: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = new_home()
    monkeypatch.setattr("taxi_qa.runs.check.MOST_ROWS", 0)  # a job an order: there is more to interrupt
    killed: list[int] = []

    def kill_one(done: int, total: int) -> None:
        if done < total and not killed:
            worker = multiprocessing.active_children()[0]
            assert worker.pid is not None
            os.kill(worker.pid, signal.SIGKILL)
            killed.append(worker.pid)

    run = check(home, now_ms=NOW_MS, executor="processes", workers=2, progress=kill_one)
    assert killed
    assert run is not None
    assert_frame_equal(said(home), undisturbed.said)
    assert_frame_equal(counted(home, run.run_id), undisturbed.counted)


def test_a_check_killed_at_any_moment_and_called_again_is_one_undisturbed(
    new_home: NewHome, undisturbed: Judged, tmp_path: Path
) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["taxi_qa.runs.check", "tests.runs.jobs_that_die"])
    rng = np.random.default_rng(7)
    cut_short = 0
    for number in range(10):
        home = new_home()
        ready = tmp_path / f"ready {number}"
        judging = context.Process(target=judge_all, args=(str(home.path), NOW_MS, str(ready)))
        judging.start()
        wait_for(ready)
        judging.join(float(rng.uniform(0.0, 0.6)))
        assert judging.pid is not None
        if judging.is_alive():
            os.kill(judging.pid, signal.SIGKILL)
            cut_short += 1
        judging.join()
        again = check(home, now_ms=NOW_MS + 1)
        assert again is not None
        assert again.run_id == undisturbed.run.run_id
        assert_frame_equal(said(home), undisturbed.said)
        assert_frame_equal(counted(home, again.run_id), undisturbed.counted)
    assert cut_short >= 1, "every run had ended before it was killed: kill earlier"
