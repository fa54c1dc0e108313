"""What came in is judged soon: the cars that deliveries touched in the next round, the whole city every hour.

A round judges the days and buckets (the share of cars that is kept together) that were touched since the last
round, and carries over what stands of all others. What one car's records say of another, of a company or of a
week (who else waited at a hub, how far the fleet was heard, the months of service) is behind until the next
whole round, which judges every touched day as `taxi-qa check` does, with the day before it: a trip that began
before midnight ends in the next day's records. Late records re-open their day by the same way; findings that
no longer stand are withdrawn with the run that says so, and nothing is changed silently.
"""

import json
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from taxi_qa.runs.check import check
from taxi_qa.runs.hub_days import keep_hub_days
from taxi_qa.store.home import Home
from taxi_qa.store.library import NO_BUCKET, partitions
from taxi_qa.store.presence import delivered, last_delivery

_LAST_DAY: Final = 100_000
WHOLE_EVERY_S: Final = 3_600.0


@dataclass(frozen=True)
class Judged:
    """What a round judged.

    Attributes:
        days: sorted; empty where nothing had come in.
        jobs: how many jobs it did, of all that these days have.
        of_jobs: all of them.
        is_whole: whether whole days were judged.
    """

    days: tuple[int, ...] = ()
    jobs: int = 0
    of_jobs: int = 0
    is_whole: bool = False


@dataclass(frozen=True)
class _Mark:
    """Up to which delivery everything was judged, up to which in whole days, and when those were."""

    delivery: int = 0
    whole_delivery: int = 0
    whole_ms: int = 0


def judge_due(
    home: Home,
    folder: Path,
    *,
    now_ms: int,
    whole_every_s: float = WHOLE_EVERY_S,
    executor: str = "inline",
    workers: int = 1,
) -> Judged:
    """Judge what was touched since the last round.

    Args:
        home: where.
        folder: of the gateway; keeps up to which delivery everything was judged.
        now_ms: the present moment.
        whole_every_s: so often whole days are judged; 0: in every round.
        executor, workers: as of `runs.check.check`.

    Returns:
        What was judged; a clock set back makes the next round a whole one.
    """
    latest, mark, crew = last_delivery(home), _mark(folder), (executor, workers)
    since_ms = now_ms - mark.whole_ms
    if latest > mark.whole_delivery and not 0 <= since_ms < whole_every_s * 1000:
        touched = {day for day, _ in _touched(home, mark.whole_delivery)}
        judged = _judged(home, touched | _before(home, touched), None, now_ms, crew)
        _remember(folder, _Mark(latest, latest, now_ms))
        return judged
    if latest <= mark.delivery:
        return Judged()
    due = _touched(home, mark.delivery)
    judged = _judged(home, {day for day, _ in due}, due, now_ms, crew)
    _remember(folder, _Mark(latest, mark.whole_delivery, mark.whole_ms))
    return judged


def _touched(home: Home, since: int) -> set[tuple[int, int]]:
    """Days and buckets that deliveries after this one touched; what names no car touches every car."""
    places = {(day, at) for (_, day, at), by in delivered(home, 0, _LAST_DAY).items() if by > since}
    of_all = {day for day, bucket in places if bucket == NO_BUCKET}
    return places | {(day, bucket) for day in of_all for bucket in range(home.buckets)}


def _before(home: Home, days: set[int]) -> set[int]:
    """The day before each of these, where the home holds any record of it."""
    return {day - 1 for day in days if partitions(home, day - 1, day - 1)}


def _judged(
    home: Home, days: Collection[int], due: set[tuple[int, int]] | None, now_ms: int, crew: tuple[str, int]
) -> Judged:
    done = of = 0
    for first, last in spans(days):
        report = check(
            home, now_ms=now_ms, from_day=first, to_day=last, due=due, executor=crew[0], workers=crew[1]
        )
        if report is not None:
            done, of = done + report.done_now, of + report.jobs
        for _day in keep_hub_days(home, first, last, now_ms):
            pass  # each day is kept as it comes
    return Judged(tuple(sorted(days)), done, of, due is None)


def spans(days: Iterable[int]) -> list[tuple[int, int]]:
    """First and last day of each run of days: a clock of 2010 does not make the years since be judged."""
    found: list[tuple[int, int]] = []
    for day in sorted(set(days)):
        if found and found[-1][1] == day - 1:
            found[-1] = found[-1][0], day
        else:
            found.append((day, day))
    return found


def _mark(folder: Path) -> _Mark:
    """What was kept; by an earlier version of the program, of whole days only."""
    path = folder / "judged.json"
    if not path.exists():
        return _Mark()
    kept = json.loads(path.read_text())
    delivery = int(kept["delivery"])
    return _Mark(delivery, int(kept.get("whole_delivery", delivery)), int(kept.get("whole_ms", 0)))


def _remember(folder: Path, mark: _Mark) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".judged.json.{os.getpid()}"
    part.write_text(
        json.dumps(
            {"delivery": mark.delivery, "whole_delivery": mark.whole_delivery, "whole_ms": mark.whole_ms}
        )
    )
    part.replace(folder / "judged.json")
