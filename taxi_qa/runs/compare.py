"""Two rule books side by side: the same days judged by both, and which findings come, go and change.

Neither is published by it: each judges into a casebook of its own that is thrown away, and what stands is not
touched.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import pandas as pd

from taxi_qa.law.parameter import Law
from taxi_qa.runs.check import Progress, check
from taxi_qa.store.home import Home, holding, make_home
from taxi_qa.store.said import FINDING_COLUMNS
from taxi_qa.store.standing import findings_that_stand

_FOLDER: Final = "rehearsals"
# What one act is by both rule books, whatever it is called: a stretch may begin a position earlier.
_WHOSE: Final = ("rule", "vehicle_id", "driver_id", "trip_id")
_CONTENT: Final = tuple(name for name in FINDING_COLUMNS if name not in ("finding_id", "digest"))
CHANGES: Final = ("new", "gone", "changed")
_BOTH: Final = ("rule", "vehicle_id", "driver_id", "company_id", "trip_id", "start_ms", "end_ms")
_OF_EACH: Final = ("finding_id", "stage", "status", "measured", "allowed")
CHANGE_COLUMNS: Final = (
    "change", "what", *_BOTH, "unit", *(f"{name}_{book}" for name in _OF_EACH for book in ("old", "new")),
)  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """What one rule book says of the days.

    Attributes:
        law: the rule book.
        findings: as `store.standing.findings_that_stand`.
        tallies: a row a rule: rule, examined, found, clean, cannot_tell, excused.
    """

    law: Law
    findings: pd.DataFrame
    tallies: pd.DataFrame


@dataclass(frozen=True)
class Compared:
    """What two rule books say of the same days.

    Attributes:
        from_day, to_day: both included.
        old, new: of each.
        changes: as `differences`.
    """

    from_day: int
    to_day: int
    old: Judged
    new: Judged
    changes: pd.DataFrame


def compare(  # noqa: PLR0913 - as many choices as a check
    home: Home,
    old: Law,
    new: Law,
    *,
    now_ms: int,
    from_day: int | None = None,
    to_day: int | None = None,
    rules: Sequence[str] = (),
    executor: str = "inline",
    workers: int = 1,
    progress: Progress | None = None,
) -> Compared | None:
    """Judge days by two rule books; arguments as of `check`.

    Returns:
        None where the home holds no data in these days.

    Raises:
        HomeError: another process rehearses here.
    """
    judged: list[Judged] = []
    span = 0, 0
    for law in (old, new):
        with _casebook(home) as casebook:
            report = check(
                home, now_ms=now_ms, from_day=from_day, to_day=to_day, rules=rules, executor=executor,
                workers=workers, progress=progress, law=law, book=casebook,
            )  # fmt: skip
            if report is None:
                return None
            span = report.from_day, report.to_day
            judged.append(Judged(law, findings_that_stand(casebook), report.tallies))
    changes = differences(judged[0].findings, judged[1].findings)
    return Compared(*span, judged[0], judged[1], changes)


@contextmanager
def _casebook(home: Home) -> Iterator[Home]:
    """An empty casebook beside the home, thrown away afterwards; what a killed process left goes first."""
    folder = home.path / _FOLDER
    with holding(folder):
        place = folder / "casebook"
        shutil.rmtree(place, ignore_errors=True)
        made = make_home(place, city=home.city, timezone=home.timezone, buckets=home.buckets)
        try:
            yield made
        finally:
            made.engine.dispose()
            shutil.rmtree(place, ignore_errors=True)


def differences(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Which findings come, go and change.

    A finding that goes and one that comes are one that changes, where both are of one rule, car, driver and
    trip and their spans touch.

    Args:
        old, new: findings, columns `FINDING_COLUMNS`.

    Returns:
        A row a finding that is not the same, columns `CHANGE_COLUMNS`: `change` is one of `CHANGES`, `what`
        names the columns that differ, joined by +; what does not say old or new is as the new book has it,
        where it has the finding.
    """
    same = set(old["finding_id"]) & set(new["finding_id"])
    pairs = [(name, name) for name in sorted(same)]
    gone, come = old[~old["finding_id"].isin(same)], new[~new["finding_id"].isin(same)]
    pairs += _one_act(gone, come)
    before, after = old.set_index("finding_id", drop=False), new.set_index("finding_id", drop=False)
    both = _side_by_side(
        before.loc[[was for was, _ in pairs]].reset_index(drop=True),
        after.loc[[now for _, now in pairs]].reset_index(drop=True),
    )
    paired = {name for pair in pairs for name in pair}
    alone = [
        _alone(gone[~gone["finding_id"].isin(paired)], "gone", "old"),
        _alone(come[~come["finding_id"].isin(paired)], "new", "new"),
    ]
    parts = [part for part in (both, *alone) if len(part)]
    if not parts:
        return pd.DataFrame({name: [] for name in CHANGE_COLUMNS})
    whole = pd.concat(parts, ignore_index=True)[list(CHANGE_COLUMNS)]
    return whole.sort_values(["start_ms", "rule", "finding_id_new", "finding_id_old"], ignore_index=True)


def _one_act(gone: pd.DataFrame, come: pd.DataFrame) -> list[tuple[str, str]]:
    """(old, new) names of findings that are one act; each finding stands in one pair at most."""
    columns = ["finding_id", *_WHOSE, "start_ms", "end_ms"]
    keyed = [frame[columns].fillna(dict.fromkeys(_WHOSE, "")) for frame in (gone, come)]
    met = keyed[0].merge(keyed[1], on=list(_WHOSE), suffixes=("_old", "_new"))
    met = met[(met["start_ms_old"] <= met["end_ms_new"]) & (met["start_ms_new"] <= met["end_ms_old"])]
    met = met.sort_values(["start_ms_old", "start_ms_new", "finding_id_old", "finding_id_new"])
    pairs: list[tuple[str, str]] = []
    taken: set[str] = set()
    for was, now in zip(met["finding_id_old"], met["finding_id_new"], strict=True):
        if was not in taken and now not in taken:
            taken |= {was, now}
            pairs.append((str(was), str(now)))
    return pairs


def _side_by_side(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Findings row by row beside each other, those that differ in anything but their names."""
    differ = {name: (_plain(old[name]) != _plain(new[name])).to_numpy(dtype=bool) for name in _CONTENT}
    what = ["+".join(name for name in _CONTENT if differ[name][at]) for at in range(len(new))]
    told = pd.DataFrame({"change": "changed", "what": what, **{name: new[name] for name in (*_BOTH, "unit")}})
    for name in _OF_EACH:
        told[f"{name}_old"], told[f"{name}_new"] = old[name], new[name]
    return told[told["what"] != ""]


def _plain(column: pd.Series) -> pd.Series:
    """Values that are equal where both are missing."""
    return column.astype(object).where(column.notna(), "")


def _alone(findings: pd.DataFrame, change: str, book: str) -> pd.DataFrame:
    told = pd.DataFrame(
        {"change": change, "what": "", **{name: findings[name] for name in (*_BOTH, "unit")}},
        index=findings.index,
    )
    for name in _OF_EACH:
        for one in ("old", "new"):
            column = findings[name]
            told[f"{name}_{one}"] = column if one == book else column.iloc[:0].reindex(findings.index)
    return told
