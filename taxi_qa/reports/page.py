"""The report of a run as one self-contained page: gathered from a home, drawn by `templates/report`.

The page needs no network and no script; its words stand in the templates, its figures come from
`summary` and `maps`. Nothing here is HTML.
"""

import datetime as dt
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import jinja2
import numpy as np
import pandas as pd
import shapely

from taxi_qa.law.parameter import Law
from taxi_qa.law.read import read_law
from taxi_qa.paths import shipped
from taxi_qa.records.fixes import Fixes, empty_fixes
from taxi_qa.reports.amounts import KINDS_ZH, Line, both
from taxi_qa.reports.maps import ActMap, Outline, draw
from taxi_qa.reports.summary import Case, RuleTitle, Summary, summarise
from taxi_qa.review.precision import fallen, staged
from taxi_qa.rules.kit import catalogue
from taxi_qa.store import casebook, library, run_log
from taxi_qa.store.export import RuleAbout, findings
from taxi_qa.store.home import Home
from taxi_qa.values.clock import date_of, day_from_text, instant_of, iso_of
from taxi_qa.values.identity import bucket_of

_COUNTED: Final = ("vehicles", "drivers", "shifts", "trips", "positions")
_DRAWN_AREAS: Final = ("city", "tunnel", "hub")
_MOST_DAYS_OF_A_MAP: Final = 2


class ReportError(ValueError):
    """There is nothing to report; the message says which command comes first."""


@dataclass(frozen=True)
class Report:
    """Everything a page shows.

    Attributes:
        place: the city.
        first_day, last_day: city days judged, both included.
        timezone: whose clock the page's times are on.
        run_id: the run.
        made: when the page was made, ISO 8601.
        counted: what was taken in.
        summary: the figures.
        maps: one a worst case, None where no position lies near it.
        drivers_shown: how many drivers the table holds; a page of thousands freezes browsers.
    """

    place: Line
    first_day: str
    last_day: str
    timezone: str
    run_id: str
    made: str
    counted: tuple[Line, ...]
    summary: Summary
    maps: tuple[ActMap | None, ...]
    drivers_shown: int = 60


def render_report(view: Report, out: Path) -> None:
    """Write the page; it appears whole under its name or not at all."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(shipped("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template("report/page.html").render(view=view, summary=view.summary)
    out.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.", text=True)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(html)
        # A temporary file is its maker's alone; the page is as readable as any other file.
        Path(name).chmod(0o644)
        Path(name).replace(out)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_page(home: Home, out: Path, *, now_ms: int, run_id: str | None = None) -> None:
    """Gather a run of a home and write its page.

    Args:
        home: an opened home.
        out: the file.
        now_ms: the moment the page says it was made.
        run_id: the run; None for the latest.

    Raises:
        ReportError: there is no such run.
    """
    render_report(gather(home, now_ms=now_ms, run_id=run_id), out)


def gather(home: Home, *, now_ms: int, run_id: str | None = None) -> Report:
    """The view model of a run of a home.

    Raises:
        ReportError: there is no such run.
    """
    runs = run_log.runs(home)
    chosen = runs if run_id is None else runs[runs["run_id"] == run_id]
    if chosen.empty:
        raise ReportError("no run to report: `taxi-qa check` judges what was taken in")
    run = chosen.iloc[0]
    first, last = int(run["from_day"]), int(run["to_day"])
    law = read_law(home.city)
    rules = catalogue()
    about = {name: RuleAbout(r.clause, r.stage, r.title_zh, r.title_en) for name, r in rules.items()}
    asked = [name for name in str(run["rules"]).split(";") if name]
    frames = findings(
        home, about=about, from_day=first, to_day=last, rules=asked or None, with_cannot_tell=True
    )
    frames = staged(frames, fallen(home, law))
    only = [name for name in str(run["vehicles"]).split(";") if name]
    if only:
        frames = (frame[frame["vehicle_id"].isin(only)] for frame in frames)
    titles = {name: RuleTitle(r.clause, r.title_zh, r.title_en) for name, r in rules.items()}
    summary = summarise(casebook.tallies(home, str(run["run_id"])), frames, titles, law, home.timezone)
    areas = outlines(library.records(home, "zones"))
    return Report(
        place=_place(law),
        first_day=date_of(first).isoformat(),
        last_day=date_of(last).isoformat(),
        timezone=home.timezone,
        run_id=str(run["run_id"]),
        made=iso_of(now_ms, home.timezone),
        counted=_counted(library.rows_kept(home)),
        summary=summary,
        maps=tuple(_map(home, case, areas) for case in summary.worst),
    )


def _place(law: Law) -> Line:
    return Line(both("城市", "City"), both(law.name_zh, law.name_en))


def _counted(kept: pd.DataFrame) -> tuple[Line, ...]:
    rows = dict(zip(kept["kind"], kept["rows"], strict=True))
    return tuple(
        Line(both(KINDS_ZH[kind], kind), both(f"{int(rows[kind]):,}", f"{int(rows[kind]):,}"))
        for kind in _COUNTED
        if kind in rows
    )


def outlines(zones: pd.DataFrame) -> tuple[Outline, ...]:
    """The outer rings of the areas a map shows, from the records of kind zones."""
    made: list[Outline] = []
    for zone in zones.to_dict("records"):
        if zone["kind"] not in _DRAWN_AREAS:
            continue
        shape = shapely.from_geojson(json.dumps(_decoded(zone["geometry"])))
        for part in getattr(shape, "geoms", [shape]):
            ring = np.asarray(part.exterior.coords)[:, :2]
            made.append(Outline(str(zone["kind"]), str(zone["name"]), ring))
    return tuple(made)


def _decoded(geometry: object) -> object:
    return json.loads(geometry) if isinstance(geometry, str) else geometry


def _map(home: Home, case: Case, areas: Sequence[Outline]) -> ActMap | None:
    if not case.vehicle_id:
        return None
    first, last = day_from_text(case.start[:10]), day_from_text(case.end[:10])
    days = range(first, min(last, first + _MOST_DAYS_OF_A_MAP - 1) + 1)
    bucket = bucket_of(case.vehicle_id, home.buckets)
    parts = [library.fixes(home, day, bucket, vehicle_id=case.vehicle_id) for day in days]
    start_ms, end_ms = (instant_of(dt.datetime.fromisoformat(text)) for text in (case.start, case.end))
    return draw(
        joined([part for part in parts if len(part)]), start_ms, end_ms, areas, case.moments, case.route
    )


def joined(parts: Sequence[Fixes]) -> Fixes:
    """One vehicle's positions of several days as one."""
    if not parts:
        return empty_fixes()
    columns = {f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Fixes)[2:]}
    starts = np.array([0, sum(len(part) for part in parts)], dtype=np.int64)
    return Fixes(parts[0].vehicle_ids, starts, **columns)
