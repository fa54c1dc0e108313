"""Judge again as of a past day: in a home of its own, so that what stands is never touched."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from taxi_qa.facts.past import DAYS as PAST_DAYS
from taxi_qa.runs.check import Progress, RunReport, check
from taxi_qa.runs.gather import reach_days
from taxi_qa.runs.known import Known, NotAtHandError, known_on
from taxi_qa.store import library, run_log
from taxi_qa.store.home import Home, HomeError, holding, open_home
from taxi_qa.store.snapshot import make_snapshot, rewritten_places
from taxi_qa.values.clock import date_of

_FOLDER: Final = "replays"
_MARK: Final = "replay.json"
_NAMED: Final = 3


@dataclass(frozen=True)
class Replay:
    """What a replay said.

    Attributes:
        home: the home in which it judged; its casebook keeps the findings.
        report: of the run, None where no data of these days had arrived.
        notes: what a person should know beside.
        is_known_run: whether the home itself holds a run of the same data, law, roads and rules.
    """

    home: Home
    report: RunReport | None
    notes: tuple[str, ...]
    is_known_run: bool


def replay(  # noqa: PLR0913 - as many choices as a check
    home: Home,
    day: int,
    *,
    now_ms: int,
    from_day: int | None = None,
    to_day: int | None = None,
    rules: Sequence[str] = (),
    vehicles: Sequence[str] = (),
    executor: str = "inline",
    workers: int = 1,
    progress: Progress | None = None,
) -> Replay:
    """Judge by what was known at the end of a city day; arguments as of `check`.

    Raises:
        NotAtHandError: something that was known that day is not at hand any more; nothing is judged.
        HomeError: another process replays here.
    """
    known = known_on(home, day, now_ms, rules)
    with holding(home.path / _FOLDER):
        past = _home_of(home, known)
        _refuse_rewritten(home, past, known, from_day, to_day)
        report = check(
            past, now_ms=now_ms, from_day=from_day, to_day=to_day, rules=known.rules, vehicles=vehicles,
            executor=executor, workers=workers, progress=progress, law=known.law, as_of_day=day,
        )  # fmt: skip
    stood = report is not None and report.run_id in set(run_log.runs(home)["run_id"])
    return Replay(past, report, known.notes, stood)


def replayed(home: Home, day: int) -> Home:
    """The home in which a day's knowledge was judged.

    Raises:
        NotAtHandError: it was not.
    """
    try:
        return open_home(_place(home, day))
    except HomeError:
        raise NotAtHandError(
            f"nothing was judged as of {date_of(day)}; run `taxi-qa check --as-of {date_of(day)}` first"
        ) from None


def _place(home: Home, day: int) -> Path:
    return home.path / _FOLDER / f"as-of-{date_of(day)}"


def _home_of(home: Home, known: Known) -> Home:
    """The home of a day's knowledge: the one that stands there, if it holds just that; else made anew."""
    place = _place(home, known.day)
    made_of = {"last": known.last, "book": known.book, "roads": [known.roads.network, known.roads.limits]}
    try:
        if json.loads((place / _MARK).read_text(encoding="utf-8")) == made_of:
            return open_home(place)
    except (OSError, ValueError, HomeError):
        pass  # never made, made half, or by an earlier version of the program
    shutil.rmtree(place, ignore_errors=True)
    try:
        make_snapshot(home, place, last=known.last, roads=known.roads)
    except FileNotFoundError as missing:
        raise NotAtHandError(
            f"{missing.filename or missing} counted on {date_of(known.day)} and is not there any more; "
            "restore it from a backup"
        ) from None
    (place / _MARK).write_text(json.dumps(made_of), encoding="utf-8")
    return open_home(place)


def _refuse_rewritten(home: Home, past: Home, known: Known, from_day: int | None, to_day: int | None) -> None:
    span = library.data_span(past)
    if span is None:
        return
    first = (span[0] if from_day is None else from_day) - PAST_DAYS - reach_days("positions")
    # Of days to come nothing had arrived.
    last = min(known.day, (span[1] if to_day is None else to_day) + reach_days("positions"))
    lost = [place for place in rewritten_places(home, known.last) if first <= place[0] <= last]
    if lost:
        days = sorted({date_of(day).isoformat() for day, _ in lost})
        more = f" and {len(days) - _NAMED} more days" if len(days) > _NAMED else ""
        raise NotAtHandError(
            f"positions of {', '.join(days[:_NAMED])}{more} were put together with later ones after "
            f"{date_of(known.day)}: what was known of them then is not told apart any more"
        )
