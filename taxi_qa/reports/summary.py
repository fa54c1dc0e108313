"""View models of a run: totals, a row a rule, a row a driver, and the findings that stand out most.

Pure functions of the frames the casebook gives: tallies (what each rule answered) and findings in the
columns of the export, frame by frame, so that length costs no memory.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from taxi_qa.findings.evidence import FIELDS
from taxi_qa.law.parameter import Law
from taxi_qa.reports import amounts
from taxi_qa.reports.amounts import Line, Said, both

WORST: Final = 10
_MISSING_SHOWN: Final = 3
# The family of good deeds: found here is to somebody's credit.
_BONUS: Final = "bonus."
# Evidence that is a moment worth a flag on the map.
_MOMENTS: Final = {"boarded_event_ms": "上", "alighted_event_ms": "下"}
_LEAN_COLUMNS: Final = (
    "finding_id", "rule", "clause", "verdict", "stage", "status", "vehicle_id", "driver_id", "company_id",
    "trip_id", "start", "end", "measured", "allowed", "unit", "sources", "evidence", "leans_on",
)  # fmt: skip


@dataclass(frozen=True)
class RuleTitle:
    """What the page says of a rule beside its figures."""

    clause: str
    title_zh: str
    title_en: str


@dataclass(frozen=True)
class Answers:
    """Three answers that add up; `excused` is part of `found`."""

    examined: int
    found: int
    excused: int
    clean: int
    cannot_tell: int

    @property
    def accused(self) -> int:
        """Found and not excused."""
        return self.found - self.excused


@dataclass(frozen=True)
class Reason:
    """A missing input and how many rows could not be judged for want of it."""

    said: Said
    rows: int


@dataclass(frozen=True)
class RuleRow:
    """One rule's line of the table."""

    rule: str
    title: RuleTitle
    answers: Answers
    trial: int
    reasons: tuple[Reason, ...]

    @property
    def is_bonus(self) -> bool:
        """Whether what is found is a good deed."""
        return self.rule.startswith(_BONUS)


@dataclass(frozen=True)
class DriverRow:
    """One driver's line: leads by stable rules, by trial rules, excused, and what they are about."""

    driver_id: str
    company_id: str
    stable: int
    trial: int
    excused: int
    about: tuple[tuple[RuleTitle, int], ...]


@dataclass(frozen=True)
class Citation:
    """A version of law or house a finding leans on, in words."""

    name: str
    title: Said
    value: Said
    act: str
    quote: str
    url: str
    certainty: Said
    house: bool


@dataclass(frozen=True)
class Case:
    """One finding, told so that its driver could check it."""

    rank: int
    finding_id: str
    rule: str
    title: RuleTitle
    is_stable: bool
    stage: Said
    status: Said
    vehicle_id: str
    driver_id: str
    company_id: str
    trip_id: str
    start: str
    end: str
    start_text: str
    end_text: str
    measured: Said
    allowed: Said
    excess: Said
    sources: Said
    evidence: tuple[Line, ...]
    moments: tuple[tuple[int, str], ...]
    # The reasonable route a trip is held against (WKT, degrees): drawn, not read out; "" where there is none.
    route: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True)
class Summary:
    """All a page says of a run's findings."""

    totals: Answers
    rules: tuple[RuleRow, ...]
    drivers: tuple[DriverRow, ...]
    nobody: DriverRow
    worst: tuple[Case, ...]

    @property
    def good_deeds(self) -> int:
        """How many of the findings are good deeds."""
        return sum(row.answers.found for row in self.rules if row.is_bonus)


@dataclass
class _Counts:
    """What is counted while the frames go by."""

    missing: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    trial: Counter[str] = field(default_factory=Counter)
    drivers: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    about: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    company: dict[str, str] = field(default_factory=dict)
    leading: dict[str, pd.DataFrame] = field(default_factory=dict)


def summarise(
    tallies: pd.DataFrame,
    findings: Iterable[pd.DataFrame],
    titles: Mapping[str, RuleTitle],
    law: Law,
    timezone: str,
) -> Summary:
    """The view model of a run.

    Args:
        tallies: columns rule, examined, found, clean, cannot_tell, excused; any number of rows a rule.
        findings: frames in the columns of the export with `missing` (cannot-tell rows included).
        titles: every rule's clause and titles.
        law: the law findings lean on.
        timezone: the city's.
    """
    counts = _Counts()
    for frame in findings:
        _count(counts, frame)
    columns = ["examined", "found", "excused", "clean", "cannot_tell"]
    sums = tallies.groupby("rule", sort=True)[columns].sum()
    rules = tuple(
        RuleRow(
            rule=str(rule),
            title=_title(titles, str(rule)),
            answers=Answers(**{name: int(row[name]) for name in columns}),
            trial=counts.trial[str(rule)],
            reasons=_reasons(counts.missing[str(rule)], law),
        )
        for rule, row in sums.iterrows()
    )
    drivers = [_driver(counts, driver_id, titles) for driver_id in counts.drivers if driver_id]
    drivers.sort(key=lambda row: (-row.stable, -row.trial, -row.excused, row.driver_id))
    return Summary(
        totals=Answers(**{name: int(sums[name].sum()) for name in columns}),
        rules=rules,
        drivers=tuple(drivers),
        nobody=_driver(counts, "", titles),
        worst=_worst(counts.leading, titles, law, timezone),
    )


def _title(titles: Mapping[str, RuleTitle], rule: str) -> RuleTitle:
    return titles.get(rule, RuleTitle("", rule, rule))


def _count(counts: _Counts, frame: pd.DataFrame) -> None:
    unjudged = frame[frame["verdict"] == "cannot_tell"]
    for (rule, missing), rows in Counter(zip(unjudged["rule"], unjudged["missing"], strict=True)).items():
        counts.missing[rule][missing] += rows
    # A good deed is no lead: it stands in the table of rules, and under nobody's leads.
    found = frame[(frame["verdict"] == "found") & ~frame["rule"].str.startswith(_BONUS)]
    state = np.where(found["status"] == "excused", "excused", found["stage"].to_numpy(dtype=object))
    named = found.assign(state=state, driver_id=found["driver_id"].fillna(""))
    triples = zip(named["driver_id"], named["state"], named["rule"], strict=True)
    for (driver_id, kind, rule), rows in Counter(triples).items():
        counts.drivers[driver_id][kind] += rows
        if kind != "excused":
            counts.about[driver_id][rule] += rows
            counts.trial[rule] += rows if kind != "stable" else 0
    known = named[named["company_id"].fillna("") != ""]
    counts.company.update(dict(zip(known["driver_id"], known["company_id"], strict=True)))
    leads = named[(named["state"] != "excused") & (named["state"] != "index")]
    for name, part in leads.groupby("rule"):
        leading = counts.leading.get(str(name))
        pool = part if leading is None else pd.concat([leading, part])
        counts.leading[str(name)] = _ranked(pool).head(WORST)


def _ranked(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of one rule, stable before trial, the farthest beyond what is allowed first."""
    excess = (rows["measured"] - rows["allowed"]).abs().fillna(0.0)
    ordered = rows.assign(excess=excess, is_trial=rows["stage"] != "stable")
    ordered = ordered.sort_values(
        ["is_trial", "excess", "start", "finding_id"], ascending=[True, False, True, True]
    )
    return ordered.loc[:, [*_LEAN_COLUMNS, "excess", "is_trial"]]


def _reasons(missing: Counter[str], law: Law) -> tuple[Reason, ...]:
    """The missing inputs that cost most answers, the rest as one."""
    leading = missing.most_common(_MISSING_SHOWN)
    reasons = [Reason(amounts.missing_said(name, law), rows) for name, rows in leading]
    left = missing.total() - sum(rows for _, rows in leading)
    if left:
        reasons.append(Reason(both("其他", "other"), left))
    return tuple(reasons)


def _driver(counts: _Counts, driver_id: str, titles: Mapping[str, RuleTitle]) -> DriverRow:
    by_state = counts.drivers.get(driver_id, Counter())
    about = counts.about.get(driver_id, Counter())
    return DriverRow(
        driver_id=driver_id,
        company_id=counts.company.get(driver_id, "") if driver_id else "",
        stable=by_state["stable"],
        trial=by_state["trial"],
        excused=by_state["excused"],
        about=tuple((_title(titles, rule), rows) for rule, rows in about.most_common()),
    )


def _worst(
    leading: Mapping[str, pd.DataFrame], titles: Mapping[str, RuleTitle], law: Law, timezone: str
) -> tuple[Case, ...]:
    """The findings that stand out most: each rule's farthest excess first, then each one's second.

    Units differ from rule to rule, so excess is only compared within one; between rules the relative
    excess decides who comes first.
    """
    pool = pd.concat(
        [rows.assign(turn=np.arange(len(rows))) for rows in leading.values()] or [pd.DataFrame()]
    )
    if pool.empty:
        return ()
    allowed = pool["allowed"].abs().where(pool["allowed"].abs() > 0)
    pool["share"] = (pool["excess"] / allowed).fillna(0.0)
    pool = pool.sort_values(
        ["turn", "is_trial", "share", "finding_id"], ascending=[True, True, False, True]
    ).head(WORST)
    rows = pool.to_dict("records")
    return tuple(
        _case(rank, {str(name): value for name, value in row.items()}, titles, law, timezone)
        for rank, row in enumerate(rows, start=1)
    )


def _case(
    rank: int,
    row: Mapping[str, object],
    titles: Mapping[str, RuleTitle],
    law: Law,
    timezone: str,
) -> Case:
    unit = str(row["unit"])
    numbers = {name: _number(row[name]) for name in ("measured", "allowed")}
    measured, allowed = numbers["measured"], numbers["allowed"]
    nothing = Said("—")
    difference = None if measured is None or allowed is None else measured - allowed
    words = json.loads(str(row["evidence"] or "{}"))
    known = {str(name): value for name, value in words.items()}
    route = str(known.pop("route", ""))
    return Case(
        rank=rank,
        finding_id=str(row["finding_id"]),
        rule=str(row["rule"]),
        title=_title(titles, str(row["rule"])),
        is_stable=row["stage"] == "stable",
        stage=both(*amounts.STAGE_WORDS.get(str(row["stage"]), (str(row["stage"]),) * 2)),
        status=both(*amounts.STATUS_WORDS.get(str(row["status"]), (str(row["status"]),) * 2)),
        vehicle_id=_text(row["vehicle_id"]),
        driver_id=_text(row["driver_id"]),
        company_id=_text(row["company_id"]),
        trip_id=_text(row["trip_id"]),
        start=_text(row["start"]),
        end=_text(row["end"]),
        start_text=amounts.moment_text(_text(row["start"])),
        end_text=amounts.until_text(_text(row["start"]), _text(row["end"])),
        measured=nothing if measured is None else amounts.amount(measured, unit, law.currency),
        allowed=nothing if allowed is None else amounts.amount(allowed, unit, law.currency),
        excess=nothing if difference is None else amounts.amount(difference, unit, law.currency),
        sources=amounts.sources_said(_text(row["sources"])),
        evidence=evidence_lines(known, law.currency, timezone),
        moments=tuple(
            (int(value), word)
            for name, word in _MOMENTS.items()
            if isinstance(value := known.get(name), int | float)
        ),
        route=route,
        citations=citations(_text(row["leans_on"]), law),
    )


def _number(value: object) -> float | None:
    return None if value is None or pd.isna(value) else float(str(value))  # type: ignore[call-overload]


def _text(value: object) -> str:
    return "" if value is None or value is pd.NA or value != value else str(value)  # noqa: PLR0124 - a NaN


def evidence_lines(known: Mapping[str, object], currency: str, timezone: str) -> tuple[Line, ...]:
    """Evidence as people read it, a line a field."""
    return tuple(
        Line(_label(name), amounts.evidence_value(name, value, currency, timezone))
        for name, value in known.items()
    )


def _label(name: str) -> Said:
    about = FIELDS.get(name)
    return both(about.zh, about.en) if about else Said(name)


def citations(leans_on: str, law: Law) -> tuple[Citation, ...]:
    """The law versions of a finding in words, law before house; unknown names stand as they are."""
    made = [_citation(name, law) for name in leans_on.split(";") if name]
    return tuple(sorted(made, key=lambda citation: (citation.house, citation.name)))


def _citation(name: str, law: Law) -> Citation:
    path = name.partition("@")[0]
    parameter = law.get(path)
    version = next((v for v in parameter.versions if v.name == name), None) if parameter else None
    house = path.startswith("house.")
    if parameter is None or version is None:
        return Citation(name, Said(name), Said("—"), "", "", "", Said(""), house)
    return Citation(
        name=name,
        title=both(parameter.title_zh, parameter.title_en),
        value=amounts.value_said(version, parameter.unit, law.currency),
        act=" ".join(part for part in (version.cite.act, version.cite.article) if part),
        quote=version.cite.quote,
        url=version.cite.url,
        certainty=both(*amounts.CERTAINTY_WORDS[version.certainty.value]),
        house=house,
    )
