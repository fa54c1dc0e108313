"""Judging made fleets in homes of their own, and showing how well it went."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import pandas as pd

from taxi_qa.cli.check import cores
from taxi_qa.cli.command import now_ms
from taxi_qa.cli.progress import Progress
from taxi_qa.cli.screen import table
from taxi_qa.ingest.roads import take_limits, take_roads
from taxi_qa.ingest.take import take
from taxi_qa.lab.make import MADE_FILE
from taxi_qa.lab.score import CLEAR, TABLE, matched
from taxi_qa.law.read import read_law
from taxi_qa.rules.kit import catalogue
from taxi_qa.runs.check import check
from taxi_qa.store.export import RuleAbout, findings
from taxi_qa.store.home import Home, make_home

KEY: Final = "truth.csv"
_TEXTS: Final = (
    "rule", "label", "vehicle_id", "driver_id", "trip_id", "company_id", "note", "verdict", "status", "stage",
)  # fmt: skip


@dataclass(frozen=True)
class Fleet:
    """A made fleet: its answer key, and what was said of it."""

    truth: pd.DataFrame
    said: pd.DataFrame


def judged_fleet(folder: Path, workers: int | None) -> Fleet:
    """Take a made fleet into a home of its own, judge it, and throw the home away.

    Raises:
        click.UsageError: the folder is none that `lab make` wrote, or its files were refused.
    """
    from taxi_qa.cli.lab import fleet_files

    made = made_of(folder)
    truth = pd.read_csv(folder / KEY, dtype=str, keep_default_na=False)
    with tempfile.TemporaryDirectory(prefix="taxi_qa-lab-") as place, Progress(folder.name) as progress:
        home = fleet_home(Path(place) / "home", folder, made, progress)
        take_all(home, fleet_files(folder), progress, workers)
        said = judged(home, progress, workers)
        home.engine.dispose()
    # Cars of several fleets have the same plates.
    return Fleet(_of_fleet(truth, folder), _of_fleet(said, folder))


def made_of(folder: Path) -> dict[str, Any]:
    """What a fleet was made by.

    Raises:
        click.UsageError: the folder is none that `lab make` wrote.
    """
    try:
        made: dict[str, Any] = json.loads((folder / MADE_FILE).read_text(encoding="utf-8"))
        if not (folder / KEY).is_file():
            raise FileNotFoundError(KEY)
    except (OSError, ValueError) as error:
        raise click.UsageError(
            f"{folder} is not of `lab make`: {MADE_FILE} or {KEY} cannot be read ({error})"
        ) from None
    return made


def fleet_home(path: Path, folder: Path, made: dict[str, Any], progress: Progress) -> Home:
    """A new home in the city of a fleet, with its roads and limits and without records."""
    from taxi_qa.cli.lab import street_files

    home = make_home(path, city=made["city"], timezone=read_law(made["city"]).timezone)
    streets, limits = street_files(folder)
    take_roads(home, streets, now_ms=now_ms(), progress=lambda ways: progress("roads read", ways))
    take_limits(home, limits, now_ms=now_ms())
    return home


def take_all(
    home: Home, files: list[Path], progress: Progress, workers: int | None, kind: str | None = None
) -> None:
    """Take files in; all or none.

    Raises:
        click.UsageError: one was refused.
    """
    reports = take(home, files, kind=kind, now_ms=now_ms(), progress=progress, workers=workers)
    for file, report in zip(files, reports, strict=True):
        if report.refused:
            raise click.UsageError(f"{file}: {report.refused}")


def judged(home: Home, progress: Progress, workers: int | None) -> pd.DataFrame:
    """What all rules say of a home."""
    check(
        home, now_ms=now_ms(), executor="processes", workers=workers or cores(),
        progress=lambda done, total: progress("jobs", done, total),
    )  # fmt: skip
    return _said(home)


def _said(home: Home) -> pd.DataFrame:
    about = {
        name: RuleAbout(one.clause, one.stage, one.title_zh, one.title_en)
        for name, one in catalogue().items()
    }
    return pd.concat(list(findings(home, about=about, with_cannot_tell=True)), ignore_index=True)


def _of_fleet(rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Names made unique to the fleet, times as instants."""
    told = rows.assign(**{name: rows[name].fillna("").astype(str) for name in _TEXTS if name in rows})
    for name in ("vehicle_id", "driver_id", "trip_id", "company_id"):
        told[name] = told[name].map(lambda value: f"{folder.name}/{value}" if value else "")
    for name in ("start", "end"):
        told[name] = pd.to_datetime(told[name], utc=True, format="ISO8601")
    return told


def show_scores(figures_of: pd.DataFrame) -> None:
    """The table of all rules."""
    rows = []
    for rule, one in figures_of.iterrows():
        shares = [f"{one[name]:.3f}" if pd.notna(one[name]) else "" for name in ("recall", "precision")]
        rows.append((str(rule), *(int(one[name]) for name in TABLE[:-2]), *shares))
    table(("rule", *TABLE), rows)


def shown(figures_of: pd.DataFrame, accused: pd.DataFrame, folders: list[str]) -> dict[str, Any]:
    """The same as JSON knows it."""
    return {
        "fleets": folders,
        "rules": json.loads(figures_of.reset_index().to_json(orient="records")),
        "innocent_drivers_accused": int(accused["driver_id"].nunique()),
    }


# The table stands between these lines of a page, so that the words around it stay when it is made again.
BEGINS: Final = "<!-- table: taxi-qa lab score DIR... --markdown FILE -->"
ENDS: Final = "<!-- end of table -->"


def to_page(path: Path, written: str) -> None:
    """Put the table into a page, in place of the one there was, or make the page."""
    before, after = "", "\n"
    if path.exists():
        page = path.read_text(encoding="utf-8")
        if BEGINS not in page or ENDS not in page:
            raise click.UsageError(f"{path} has no lines {BEGINS!r} and {ENDS!r} to put the table between")
        before, rest = page.split(BEGINS, 1)
        after = rest.split(ENDS, 1)[1]
    path.write_text(f"{before}{BEGINS}\n{written}{ENDS}{after}", encoding="utf-8")


def as_markdown(figures_of: pd.DataFrame, accused: pd.DataFrame, folders: list[Path]) -> str:
    """The table of all rules of the catalogue in Markdown, with the fleets it is of."""
    fleets = []
    for folder in folders:
        made = json.loads((folder / MADE_FILE).read_text(encoding="utf-8"))
        fleets.append(f"seed {made['seed']} ({made['vehicles']} cars, {made['days']} days)")
    names = (
        "clear",
        "found",
        "cannot tell",
        "missed",
        "near misses",
        "look-alikes",
        "nothing planted",
        "recall",
    )
    lines = [
        f"Fleets: {', '.join(fleets)}.",
        f"Innocent drivers accused by a stable rule: {accused['driver_id'].nunique()}.",
        "",
        f"| rule | stage | {' | '.join(names)} |",
        f"|---|---|{'---:|' * len(names)}",
    ]
    told = {str(one["rule"]): one for one in figures_of.reset_index().to_dict("records")}
    for name, about in sorted(catalogue().items()):
        cells = ["not planted"] + [""] * (len(names) - 1)
        if name in told:
            one = told[name]
            recall = "" if pd.isna(one["recall"]) else f"{one['recall']:.3f}"
            cells = [*(str(int(one[count])) for count in TABLE[:-3]), recall]
        lines.append(f"| `{name}` | {about.stage} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def tell_apart(truth: pd.DataFrame, said: pd.DataFrame) -> None:
    """List clear acts that were not found, and findings that were not planted."""
    act = matched(truth, said)
    accused = (said["verdict"] == "found") & (said["status"] != "excused")
    found = set(act[accused.to_numpy()])
    missed = truth[(truth["label"] == CLEAR) & ~truth.index.isin(found)]
    table(
        ("missed", "vehicle", "trip", "start", "note"),
        missed[["rule", "vehicle_id", "trip_id", "start", "note"]].itertuples(index=False),
    )
    label = truth["label"].reset_index(drop=True).reindex(act).fillna("unplanted").to_numpy()
    wrong = said[accused & (label != CLEAR)].assign(label=label[accused & (label != CLEAR)])
    table(
        ("wrongly found", "stage", "of", "vehicle", "trip", "start"),
        wrong[["rule", "stage", "label", "vehicle_id", "trip_id", "start"]].itertuples(index=False),
    )
