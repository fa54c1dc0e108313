"""A made fleet, taken in once; each test gets a copy of the home to judge."""

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from taxi_qa.ingest.take import take
from taxi_qa.lab.make import make_city
from taxi_qa.rules.kit import catalogue
from taxi_qa.runs.check import RunReport, check
from taxi_qa.store import casebook
from taxi_qa.store.export import RuleAbout, findings
from taxi_qa.store.home import Home, make_home, open_home

NOW_MS = 1_795_000_000_000
NewHome = Callable[[], Home]


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `files` of four cars and one day with offences, and `home`, where they were taken in."""
    folder = tmp_path_factory.mktemp("fleet")
    make_city(folder / "files", vehicles=4, days=1, seed=3, first_day=dt.date(2026, 10, 20), city="guangzhou")
    home = make_home(folder / "home", city="guangzhou", buckets=3)
    reports = take(home, [folder / "files"], now_ms=NOW_MS, workers=1)
    assert not [report for report in reports if report.refused or report.quarantined]
    home.engine.dispose()
    return folder


@dataclass(frozen=True)
class Judged:
    """A judged home: the report, what stands in it, and its tallies job by job."""

    run: RunReport
    said: pd.DataFrame
    counted: pd.DataFrame


@pytest.fixture(scope="session")
def undisturbed(fleet: Path, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """What one process says of the fleet, in one go."""
    place = tmp_path_factory.mktemp("judged") / "home"
    shutil.copytree(fleet / "home", place)
    home = open_home(place)
    run = check(home, now_ms=NOW_MS)
    assert run is not None
    judged = Judged(run, said(home), counted(home, run.run_id))
    home.engine.dispose()
    return judged


@pytest.fixture
def new_home(fleet: Path, tmp_path: Path) -> Iterator[NewHome]:
    """Gives copies of the fleet's home that nobody has judged."""
    made: list[Home] = []

    def copied() -> Home:
        place = tmp_path / f"home {len(made)}"
        shutil.copytree(fleet / "home", place)
        made.append(open_home(place))
        return made[-1]

    yield copied
    for home in made:
        home.engine.dispose()


def said(home: Home) -> pd.DataFrame:
    """Everything that stands in a home: findings and what nobody could tell, as exported."""
    about = {
        name: RuleAbout(one.clause, one.stage, one.title_zh, one.title_en)
        for name, one in catalogue().items()
    }
    parts = list(findings(home, about=about, with_cannot_tell=True))
    return pd.concat(parts, ignore_index=True)


def counted(home: Home, run_id: str) -> pd.DataFrame:
    """The tallies of a run, job by job, in one order."""
    return casebook.tallies(home, run_id).sort_values(["day", "bucket", "scope", "rule"], ignore_index=True)
