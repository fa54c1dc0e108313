"""What came in is judged soon: the days that deliveries touched since the last round, and their hubs.

A round judges whole days again, as `taxi-qa check` does: late records re-open their day, findings of it that
no longer stand are withdrawn with the run that says so, and nothing is changed silently.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from taxi_qa.runs.check import check
from taxi_qa.runs.hub_days import keep_hub_days
from taxi_qa.store.home import Home
from taxi_qa.store.presence import delivered, last_delivery

_LAST_DAY: Final = 100_000


def judge_due(
    home: Home, folder: Path, *, now_ms: int, executor: str = "inline", workers: int = 1
) -> list[int]:
    """Judge the days touched since the last round.

    Args:
        home: where.
        folder: of the gateway; keeps up to which delivery everything was judged.
        now_ms: the present moment.
        executor, workers: as of `runs.check.check`.

    Returns:
        The days judged, sorted.
    """
    latest, mark = last_delivery(home), _mark(folder)
    if latest <= mark:
        return []
    touched = {day for (_kind, day, _bucket), at in delivered(home, 0, _LAST_DAY).items() if at > mark}
    for first, last in spans(touched):
        check(home, now_ms=now_ms, from_day=first, to_day=last, executor=executor, workers=workers)
        for _day in keep_hub_days(home, first, last, now_ms):
            pass  # each day is kept as it comes
    _remember(folder, latest)
    return sorted(touched)


def spans(days: Iterable[int]) -> list[tuple[int, int]]:
    """First and last day of each run of days: a clock of 2010 does not make the years since be judged."""
    found: list[tuple[int, int]] = []
    for day in sorted(set(days)):
        if found and found[-1][1] == day - 1:
            found[-1] = found[-1][0], day
        else:
            found.append((day, day))
    return found


def _mark(folder: Path) -> int:
    path = folder / "judged.json"
    return int(json.loads(path.read_text())["delivery"]) if path.exists() else 0


def _remember(folder: Path, delivery: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".judged.json.{os.getpid()}"
    part.write_text(json.dumps({"delivery": delivery}))
    part.replace(folder / "judged.json")
