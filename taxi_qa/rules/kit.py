"""What every rule shares: the decorator, the catalogue, and the judging of one frame.

A rule is one public function in one file whose path is its name. It gets rows and the law of each
row's own moment, both as plain arrays, and answers with a full-length `Verdict`; only `judge` here cuts.
"""

import importlib
import pkgutil
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

import taxi_qa.rules
from taxi_qa.facts.unit import ROAD_COLUMNS, UNIT_COLUMNS
from taxi_qa.findings.evidence import FIELDS, UNITS
from taxi_qa.findings.finding import UNJUDGED_COLUMNS, Finding, Outcome, Stage, Status, finding_key
from taxi_qa.findings.verdict import Verdict
from taxi_qa.law.parameter import Law, Parameter
from taxi_qa.rules.excuses import Excuses
from taxi_qa.values.columns import Columns

Numbers = npt.NDArray[np.float64]
Judge = Callable[[Columns, Mapping[str, Numbers]], Verdict]

DOC_PARTS: Final = ("Why it matters:", "Evidence:", "Cannot tell:", "Looks like it, but is not:")


@dataclass(frozen=True)
class Rule:
    """One rule as declared.

    Attributes:
        name: family and offence, `fare.overcharge`; equals the path of its file.
        clause: the pledge's clause, 六.5.
        title_zh: what the offence is called in Chinese; the English title is the docstring's first line.
        judges: the unit, one of `facts.units.UNITS`.
        reads: columns without which a row cannot be judged.
        law: law paths handed in as columns of each row's own moment; where one is not in force the row
            cannot be judged.
        sources: independent sources a finding rests on.
        needs: record kinds without which the rule can answer nothing (for `doctor` and `coverage`).
        version: goes up whenever the same input may give another answer.
        stage: `trial` findings reach reviewers, never points; `index` only feeds coaching.
        function: the judging function.
    """

    name: str
    clause: str
    title_zh: str
    judges: str
    reads: tuple[str, ...]
    law: tuple[str, ...]
    sources: tuple[str, ...]
    needs: tuple[str, ...]
    version: int
    stage: Stage
    function: Judge

    @property
    def doc(self) -> str:
        """The docstring, the one text of catalogue page, command line and web."""
        return textwrap.dedent((self.function.__doc__ or "").strip().replace("\n    ", "\n"))

    @property
    def title_en(self) -> str:
        """The docstring's first line without its full stop."""
        return self.doc.splitlines()[0].rstrip(".")


_declared: dict[str, Rule] = {}


def rule(  # noqa: PLR0913 - a rule declares what it is, by name
    *,
    name: str,
    clause: str,
    title_zh: str,
    judges: str,
    reads: tuple[str, ...] = (),
    law: tuple[str, ...] = (),
    sources: tuple[str, ...],
    needs: tuple[str, ...],
    version: int = 1,
    stage: Stage = "stable",
) -> Callable[[Judge], Judge]:
    """Declare the function below as the rule of that name (see `Rule` for the arguments)."""

    def declare(function: Judge) -> Judge:
        _declared[name] = Rule(
            name, clause, title_zh, judges, reads, law, sources, needs, version, stage, function
        )
        return function

    return declare


@cache
def catalogue() -> Mapping[str, Rule]:
    """All rules by name, found by walking the folder; no list to keep."""
    for module in pkgutil.walk_packages(taxi_qa.rules.__path__, "taxi_qa.rules."):
        importlib.import_module(module.name)
    return MappingProxyType(dict(sorted(_declared.items())))


def judge(one: Rule, rows: Columns, law: Law, excuses: Excuses) -> Outcome:
    """Ask one rule about units.

    Args:
        one: the rule.
        rows: units with `UNIT_COLUMNS` and what the rule reads; order does not matter.
        law: the law and house settings of the place.
        excuses: the excuses on file, approved or not.

    Returns:
        The outcome; examined equals found + clean + cannot tell, row by row.

    Raises:
        ValueError: the rule's verdict is not full length, or uses words that are not in the lists.
    """
    missing = rows["missing"].copy()
    is_open = missing == ""

    def lacks(name: str, absent: npt.NDArray[np.bool_]) -> None:
        missing[is_open & absent] = name
        is_open[absent] = False

    for column in one.reads:
        lacks(column, _absent(rows, column))
    moments = rows["start_ms"]
    law_columns: dict[str, Numbers] = {}
    leant: list[Parameter] = []
    for path in one.law:
        parameter = law.get(path)
        law_columns[path] = np.full(len(rows), np.nan) if parameter is None else parameter.at(moments)
        lacks(f"law {path}", np.isnan(law_columns[path]))
        if parameter is not None:
            leant.append(parameter)
    open_rows = np.flatnonzero(is_open)
    found: list[Finding] = []
    if open_rows.size:
        asked, of_law = rows, law_columns
        if open_rows.size < len(rows):
            asked = rows.cut(open_rows)
            of_law = {path: values[open_rows] for path, values in law_columns.items()}
        verdict = one.function(asked, of_law)
        _refuse_short(one, verdict, len(asked))
        guilty = np.asarray(verdict.guilty, dtype=bool)
        if verdict.cannot_tell is not None:
            missing[open_rows] = verdict.cannot_tell
            guilty = guilty & (verdict.cannot_tell == "")
        found = _findings(one, asked, verdict, np.flatnonzero(guilty), leant, excuses)
    return Outcome(one.name, one.version, len(rows), tuple(found), _unjudged(rows, missing))


def _absent(rows: Columns, column: str) -> npt.NDArray[np.bool_]:
    """Where a row has no such number; texts say "" themselves."""
    if column not in rows:
        return np.ones(len(rows), dtype=bool)
    values = rows[column]
    return np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(rows), dtype=bool)


def _unjudged(rows: Columns, missing: npt.NDArray[np.object_]) -> Columns:
    """The rows in which something is missing, and what."""
    at = np.flatnonzero(missing != "")
    return Columns(rows.but({"missing": missing}).some(*UNJUDGED_COLUMNS)).cut(at)


def _refuse_short(one: Rule, verdict: Verdict, length: int) -> None:
    vectors = {
        "guilty": verdict.guilty, "measured": verdict.measured, "allowed": verdict.allowed,
        "cannot_tell": verdict.cannot_tell, "trial": verdict.trial, "leans_on": verdict.leans_on,
        "sources": verdict.sources, "blameless": verdict.blameless,
        "unit": None if isinstance(verdict.unit, str) else verdict.unit,
    }  # fmt: skip
    for name, vector in vectors.items():
        if vector is not None and len(vector) != length:
            raise ValueError(f"{one.name}: the verdict's {name} has {len(vector)} rows, expected {length}")
    units = {verdict.unit} if isinstance(verdict.unit, str) else set(verdict.unit)
    if not units <= set(UNITS):
        raise ValueError(f"{one.name}: units {sorted(units - set(UNITS))} are not in findings/evidence.py")
    strange = set(verdict.evidence) - set(FIELDS)
    if strange:
        raise ValueError(f"{one.name}: evidence fields {sorted(strange)} are not in findings/evidence.py")
    for name, vector in verdict.evidence.items():
        if len(vector) != length:
            raise ValueError(f"{one.name}: the evidence {name} has {len(vector)} rows, expected {length}")


def _plain(value: object) -> object:
    """A value as JSON knows it; missing becomes None."""
    if isinstance(value, float):
        return None if np.isnan(value) else round(value, 3)
    return value


def _findings(
    one: Rule,
    rows: Columns,
    verdict: Verdict,
    guilty: npt.NDArray[np.int64],
    leant: list[Parameter],
    excuses: Excuses,
) -> list[Finding]:
    if guilty.size == 0:
        return []
    acts = {name: rows[name][guilty] for name in UNIT_COLUMNS}
    on_roads = {name: rows[name][guilty] for name in ROAD_COLUMNS if name in rows}
    covering, unapproved = excuses.covering(one.name, acts | on_roads)
    moments = acts["start_ms"]
    units = {name: values.tolist() for name, values in acts.items()}
    evidence = {name: values[guilty].tolist() for name, values in verdict.evidence.items()}
    names = [parameter.names_at(moments) for parameter in leant]
    names += [] if verdict.leans_on is None else [verdict.leans_on[guilty]]
    unverified = np.zeros(guilty.size, dtype=bool)
    for parameter in leant:
        unverified |= parameter.unverified_at(moments)
    found = []
    for at, row in enumerate(guilty):
        words = {key: _plain(values[at]) for key, values in evidence.items()}
        words = {key: value for key, value in words.items() if value is not None and value != ""}
        if covering[at]:
            words["excuse_ids"] = covering[at]
        if unapproved[at]:
            words["excuse_unapproved"] = unapproved[at]
        is_trial = unverified[at] or (verdict.trial is not None and verdict.trial[row])
        blameless = verdict.blameless is not None and verdict.blameless[row]
        status: Status = "excused" if covering[at] else "detected"
        found.append(
            Finding(
                finding_id=finding_key(one.name, one.version, [units["subject"][at]]),
                rule=one.name,
                clause=one.clause,
                verdict="found",
                stage="trial" if one.stage == "stable" and is_trial else one.stage,
                status=status,
                vehicle_id=units["vehicle_id"][at],
                driver_id="" if blameless else units["driver_id"][at],
                company_id=units["company_id"][at],
                trip_id=units["trip_id"][at],
                start_ms=int(units["start_ms"][at]),
                end_ms=int(units["end_ms"][at]),
                lon=_degree(units["lon"][at]),
                lat=_degree(units["lat"][at]),
                measured=_number(verdict.measured[row]),
                allowed=_number(verdict.allowed[row]),
                unit=verdict.unit if isinstance(verdict.unit, str) else str(verdict.unit[row]),
                sources=verdict.sources[row] if verdict.sources is not None else "+".join(one.sources),
                leans_on=_once(";".join(column[at] for column in names)),
                rule_version=one.version,
                evidence=words,
            )
        )
    return found


def _once(names: str) -> str:
    """Names joined by `;`, each once, sorted."""
    return ";".join(sorted(set(names.split(";")) - {""}))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 3)


def _degree(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else round(float(value), 7)
