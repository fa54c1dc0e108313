"""What is kept of an error nobody foresaw: where it happened, and nothing of the data it happened with."""

from pathlib import Path

import pytest

from taxi_qa.cli.failure import ERRORS_FOLDER, scrubbed, unexpected_words
from taxi_qa.runs.executors import results
from tests.runs.jobs_that_die import fails_over

RECORDS = ("粤A12345", "粤A54321")


@pytest.mark.parametrize(("executor", "workers"), [("inline", 1), ("processes", 2)])
def test_where_it_happened_is_kept_whoever_did_the_job(executor: str, workers: int) -> None:
    with pytest.raises(RuntimeError, match="粤A") as caught:
        list(results(fails_over, RECORDS, executor=executor, workers=workers))
    kept = scrubbed(caught.value)
    # Both the line that could not read the record, and the one that said so.
    frames = [line for line in kept.splitlines() if "jobs_that_die.py" in line]
    assert len(frames) == 2
    assert all(", in fails_over" in line for line in frames)
    assert "return int(record)" in kept
    assert "RuntimeError (message left out)" in kept
    assert not [record for record in RECORDS if record in kept]


def test_the_file_of_an_error_is_named_and_holds_no_message(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError) as caught:
        fails_over(RECORDS[0])
    said = unexpected_words(caught.value, "findings export", tmp_path)
    (file,) = (tmp_path / ERRORS_FOLDER).iterdir()
    assert said == f"unexpected RuntimeError; nothing half-done was kept; the traceback is in {file}"
    assert file.name.endswith("-findings-export.txt")
    assert RECORDS[0] not in file.read_text(encoding="utf-8")
