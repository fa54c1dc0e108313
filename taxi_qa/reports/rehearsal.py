"""What a change of rule book would do to drivers: their findings and, if all were confirmed, their grades.

The assumption, stated wherever a grade is shown: every stable finding of the days that no excuse covers is
confirmed as the act it is part of, at the item of its own rule book, and nothing else stands in the ledger.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from taxi_qa.findings.ledger_line import ENTRY_COLUMNS
from taxi_qa.law.calendar import in_window
from taxi_qa.law.parameter import Law
from taxi_qa.reports.export import Cell
from taxi_qa.review.cases import Lead, case_of, grouped
from taxi_qa.review.charges import charge_by, weights_on
from taxi_qa.review.desk import Confirmed
from taxi_qa.review.families import act_families
from taxi_qa.runs.compare import CHANGE_COLUMNS, CHANGES, Compared, Judged
from taxi_qa.score.standing import standings
from taxi_qa.store.export import iso_texts
from taxi_qa.values.clock import day_start_ms

ASSUMPTION: Final = (
    "points if every stable finding of these days without an excuse were confirmed at its rule book's item, "
    "and nothing else stood in the ledger"
)
DRIVER_COLUMNS: Final = (
    "driver_id", "company_id", *CHANGES, "by_day", "by_night", "points_old", "points_new", "grade_old",
    "grade_new",
)  # fmt: skip
_TEXTS: Final = ("driver_id", "company_id", "grade_old", "grade_new")
DRIVER_CELLS: Final = tuple(Cell(name, "text" if name in _TEXTS else "whole") for name in DRIVER_COLUMNS)
_NUMBERS: Final = ("measured_old", "measured_new", "allowed_old", "allowed_new")
_NAMED_OUTSIDE: Final = {"start_ms": "start", "end_ms": "end"}
CHANGE_CELLS: Final = (
    *(
        Cell(_NAMED_OUTSIDE.get(name, name), "number" if name in _NUMBERS else "text")
        for name in CHANGE_COLUMNS
    ),
    Cell("time"),
)
GROUP_COLUMNS: Final = ("company_id", "time", *CHANGES, "drivers")
RULE_COLUMNS: Final = ("rule", *CHANGES, "cannot_tell_old", "cannot_tell_new")


@dataclass(frozen=True)
class Rehearsal:
    """What would change.

    Attributes:
        changes: as `runs.compare.differences`, and `time`: "day" or "night" by the finding's begin.
        drivers: a row a driver whose findings, points or grade would change, columns `DRIVER_COLUMNS`; a
            grade is "" for who is not assessed.
        groups: a row a company and time, columns `GROUP_COLUMNS`: findings, and drivers with any of them.
        rules: a row a rule whose findings or unjudged rows would change, columns `RULE_COLUMNS`.
    """

    changes: pd.DataFrame
    drivers: pd.DataFrame
    groups: pd.DataFrame
    rules: pd.DataFrame


def rehearsal(compared: Compared, drivers: pd.DataFrame) -> Rehearsal:
    """What would change by a comparison.

    Args:
        compared: of two rule books.
        drivers: the register of drivers, inside columns.
    """
    law = compared.new.law
    changes = compared.changes.copy()
    changes["time"] = _time_of(changes["start_ms"].to_numpy(dtype=np.int64), law)
    until_ms = day_start_ms(compared.to_day + 1, law.timezone) - 1
    points, grades = [], []
    for judged in (compared.old, compared.new):
        entries = assumed_entries(judged, until_ms)
        points.append(_points(entries))
        found = standings(entries, drivers, judged.law, as_of_day=compared.to_day)
        grades.append(pd.Series({one.driver_id: one.grade for one in found}, dtype=object))
    by_driver = _of_driver(changes, points, grades, drivers)
    return Rehearsal(changes, by_driver, _groups(changes), _rules(compared))


def _time_of(start_ms: "np.ndarray[tuple[int], np.dtype[np.int64]]", law: Law) -> list[str]:
    windows = law["house.review.night"].on(int(start_ms.max())) if start_ms.size else None
    if windows is None or not isinstance(windows.value, tuple):
        return ["day"] * start_ms.size
    night = in_window(start_ms, windows.value, law.timezone, law.calendars)  # type: ignore[arg-type] # by kind
    return ["night" if one else "day" for one in night.tolist()]


def assumed_entries(book: Judged, until_ms: int) -> pd.DataFrame:
    """The ledger if all were confirmed, columns `ENTRY_COLUMNS`; seals are left empty.

    Args:
        book: what a rule book says of the days.
        until_ms: the moment at which all is confirmed.
    """
    firm = book.findings[(book.findings["stage"] == "stable") & (book.findings["status"] != "excused")]
    charge, weights = charge_by(book.law), weights_on(book.law, until_ms)
    cases = (case_of(group, weights) for group in grouped(_leads(firm)))
    lines = [
        {**charge(Confirmed(case.case_id, case.rule, case.driver_id, case.start_ms, until_ms, "assumed"))}
        for case in cases
        if case.driver_id
    ]
    told = [{"entry_id": number, "seal": "", **line} for number, line in enumerate(lines, 1)]
    return pd.DataFrame(told, columns=list(ENTRY_COLUMNS))


def _leads(findings: pd.DataFrame) -> Iterable[Lead]:
    families = act_families()
    for row in findings.astype(object).where(findings.notna(), "").to_dict("records"):
        said = json.loads(row["evidence"] or "{}")
        ends = said.get("window_from_ms"), said.get("window_to_ms")
        yield Lead(
            **{
                name: row[name]
                for name in (
                    "finding_id", "rule", "stage", "vehicle_id", "driver_id", "company_id", "trip_id",
                    "sources",
                )
            },
            start_ms=int(row["start_ms"]),
            end_ms=int(row["end_ms"]),
            family=families.get(row["rule"], ""),
            window=None if None in ends else (int(ends[0]), int(ends[1])),
        )  # fmt: skip


def _points(entries: pd.DataFrame) -> "pd.Series[int]":
    """The sum of each driver's points."""
    return entries.groupby("driver_id")["points"].sum().astype("int64")


def _of_driver(
    changes: pd.DataFrame,
    points: "list[pd.Series[int]]",
    grades: "list[pd.Series[str]]",
    register: pd.DataFrame,
) -> pd.DataFrame:
    known = changes[changes["driver_id"].fillna("") != ""]
    counts = pd.crosstab(known["driver_id"], known["change"]).reindex(columns=list(CHANGES), fill_value=0)
    times = pd.crosstab(known["driver_id"], known["time"]).reindex(columns=["day", "night"], fill_value=0)
    found = counts.join(times.rename(columns={"day": "by_day", "night": "by_night"}), how="outer")
    both = pd.concat(points, axis=1, keys=["points_old", "points_new"]).fillna(0).astype("int64")
    moved = both[both["points_old"] != both["points_new"]]
    graded = pd.concat(grades, axis=1, keys=["grade_old", "grade_new"]).fillna("")
    regraded = graded[graded["grade_old"] != graded["grade_new"]]
    found = found.reindex(sorted({*found.index, *moved.index, *regraded.index})).fillna(0).astype("int64")
    found = found.join(both).fillna({"points_old": 0, "points_new": 0}).astype("int64")
    found = found.join(graded).fillna({"grade_old": "", "grade_new": ""})
    found.index.name = "driver_id"
    company = pd.Series(
        register["company_id"].fillna("").to_numpy(), index=register["driver_id"].to_numpy(), dtype=object
    )
    found["company_id"] = [str(company.get(name, "")) for name in found.index]
    return found.reset_index()[list(DRIVER_COLUMNS)]


def _groups(changes: pd.DataFrame) -> pd.DataFrame:
    told = changes.assign(company_id=changes["company_id"].fillna(""))
    by = ["company_id", "time"]
    if told.empty:
        return pd.DataFrame({name: [] for name in GROUP_COLUMNS})
    counts = pd.crosstab([told[name] for name in by], told["change"])
    counts = counts.reindex(columns=list(CHANGES), fill_value=0)
    counts["drivers"] = told[told["driver_id"].fillna("") != ""].groupby(by)["driver_id"].nunique()
    return counts.fillna(0).astype("int64").reset_index()[list(GROUP_COLUMNS)]


def _rules(compared: Compared) -> pd.DataFrame:
    counts = pd.crosstab(compared.changes["rule"], compared.changes["change"])
    counts = counts.reindex(columns=list(CHANGES), fill_value=0)
    for name, book in (("old", compared.old), ("new", compared.new)):
        unjudged = book.tallies.set_index("rule")["cannot_tell"].astype("int64")
        counts = counts.join(unjudged.rename(f"cannot_tell_{name}"), how="outer")
    counts = counts.fillna(0).astype("int64")
    told = (counts[list(CHANGES)].sum(axis=1) > 0) | (counts["cannot_tell_old"] != counts["cannot_tell_new"])
    counts.index.name = "rule"
    return counts[told].reset_index()[list(RULE_COLUMNS)]


def change_rows(told: Rehearsal, zone: str) -> pd.DataFrame:
    """The changes as they are exported, columns of `CHANGE_CELLS`: times with the city's offset."""
    rows = told.changes.copy()
    for moment in ("start", "end"):
        rows[moment] = iso_texts(rows[f"{moment}_ms"].to_numpy(dtype=np.int64), zone, whole_seconds=True)
    return rows
