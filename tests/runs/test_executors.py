"""Who does the jobs, and what happens when he is killed."""

import multiprocessing
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from taxi_qa.runs.check import check
from taxi_qa.runs.executors import WorkerDiedError, cores, results
from tests.runs.conftest import NOW_MS, NewHome, counted, said
from tests.runs.jobs_that_die import dies_always, dies_once, judge_all, squared, wait_for


@pytest.mark.parametrize(("executor", "workers"), [("inline", 1), ("processes", 1), ("processes", 3)])
def test_every_task_is_done_once(executor: str, workers: int) -> None:
    done = dict(results(squared, range(10), executor=executor, workers=workers))
    assert done == {number: number * number for number in range(10)}
    assert list(results(squared, [], executor=executor, workers=workers)) == []


def test_no_such_executor() -> None:
    with pytest.raises(ValueError, match="inline, processes"):
        list(results(squared, [1], executor="threads", workers=2))


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


def test_a_worker_killed_in_the_middle_of_a_run_changes_nothing(new_home: NewHome) -> None:
    home, other = new_home(), new_home()
    undisturbed = check(home, now_ms=NOW_MS)
    killed: list[int] = []

    def kill_one(done: int, total: int) -> None:
        if done >= total // 3 and not killed:
            worker = multiprocessing.active_children()[0]
            assert worker.pid is not None
            os.kill(worker.pid, signal.SIGKILL)
            killed.append(worker.pid)

    run = check(other, now_ms=NOW_MS, executor="processes", workers=2, progress=kill_one)
    assert killed
    assert undisturbed is not None
    assert run is not None
    assert_frame_equal(said(other), said(home))
    assert_frame_equal(counted(other, run.run_id), counted(home, undisturbed.run_id))


def test_a_check_killed_at_any_moment_and_called_again_is_one_undisturbed(
    new_home: NewHome, tmp_path: Path
) -> None:
    home = new_home()
    undisturbed = check(home, now_ms=NOW_MS)
    assert undisturbed is not None
    expected, tallies = said(home), counted(home, undisturbed.run_id)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["taxi_qa.runs.check", "tests.runs.jobs_that_die"])
    rng = np.random.default_rng(7)
    cut_short = 0
    for number in range(10):
        other = new_home()
        ready = tmp_path / f"ready {number}"
        judging = context.Process(target=judge_all, args=(str(other.path), NOW_MS, str(ready)))
        judging.start()
        wait_for(ready)
        # Most of the work lies in the first second; a run that ended before the kill shows nothing.
        judging.join(float(rng.uniform(0.0, 1.2)))
        assert judging.pid is not None
        if judging.is_alive():
            os.kill(judging.pid, signal.SIGKILL)
            cut_short += 1
        judging.join()
        again = check(other, now_ms=NOW_MS + 1)
        assert again is not None
        assert again.run_id == undisturbed.run_id
        assert_frame_equal(said(other), expected)
        assert_frame_equal(counted(other, again.run_id), tallies)
    assert cut_short >= 1
