"""Which jobs are done together."""

import pytest

from taxi_qa.runs.jobs import DAY, grouped
from taxi_qa.store.run_log import Job

DAY_OF_JOBS = 20_746
Jobs = list[tuple[Job, int, tuple[str, ...]]]


def sizes_of_groups(sizes: list[int], most_rows: int, workers: int) -> list[int]:
    """The positions of each group that buckets of such sizes are put into."""
    jobs: Jobs = [
        (Job(DAY_OF_JOBS, bucket, DAY), DAY_OF_JOBS + 1, ("a rule",)) for bucket in range(len(sizes))
    ]
    rows = {(DAY_OF_JOBS, bucket): size for bucket, size in enumerate(sizes)}
    groups = [group for group, _, _ in grouped(jobs, rows, most_rows, workers)]
    assert [job for group in groups for job in group] == [job for job, _, _ in jobs]
    return [sum(sizes[job.bucket] for job in group) for group in groups]


def test_what_fits_is_one_group_however_many_workers_there_are() -> None:
    assert sizes_of_groups([100, 100, 100], 300, 2) == [300]


def test_no_small_group_is_left_over() -> None:
    # 1,000 positions, 400 at most: three groups, not 400, 400 and 200.
    assert sizes_of_groups([50] * 20, 400, 1) == [350, 300, 350]


def test_every_worker_gets_as_many_groups() -> None:
    # Three would do; two workers would wait for the third.
    assert sizes_of_groups([50] * 20, 400, 2) == [250, 250, 250, 250]


def test_a_bucket_that_is_too_large_stands_alone() -> None:
    assert sizes_of_groups([50, 900, 50], 400, 1) == [50, 900, 50]


@pytest.mark.parametrize("sizes", [[390] * 5, [1, 399, 2, 398, 3, 397], [200, 201, 200, 201, 7]])
def test_no_group_of_several_holds_more_than_may_be(sizes: list[int]) -> None:
    assert max(sizes_of_groups(sizes, 400, 2)) <= 400


def test_days_rules_and_spans_are_not_mixed() -> None:
    jobs: Jobs = [
        (Job(1, 0, DAY), 2, ("a",)),
        (Job(2, 0, DAY), 3, ("a",)),
        (Job(2, 1, DAY), 3, ("b",)),
        (Job(2, 2, "week"), 9, ("b",)),
        (Job(2, 3, "week"), 9, ("b",)),
    ]
    groups = [[job.bucket for job in group] for group, _, _ in grouped(jobs, {}, 100)]
    assert groups == [[0], [0], [1], [2, 3]]
