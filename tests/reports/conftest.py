"""A small made city that was judged and brought before the desk, once a session."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from taxi_qa.ingest.roads import take_limits, take_roads
from taxi_qa.ingest.take import take
from taxi_qa.lab.make import make_city
from taxi_qa.law.read import read_law
from taxi_qa.reports.case_file import CaseStory
from taxi_qa.review.charges import charge_by, weights_on
from taxi_qa.review.desk import Desk
from taxi_qa.review.gather import gather
from taxi_qa.review.terms import terms_on
from taxi_qa.runs.check import check
from taxi_qa.store.desk import answers, cases, events, kept_case
from taxi_qa.store.home import Home, make_home
from taxi_qa.store.standing import findings_that_stand

NOON_MS = 1_760_328_000_000  # 2025-10-13 12:00 in Guangzhou
ACTS = (
    "fare.overcharge", "fare.late_meter", "driving.speeding", "driving.detour", "driving.phone",
    "vehicle.gnss_outage", "licence.cloned_plate", "bonus.bravery",
)  # fmt: skip

StoryOf = Callable[[str], CaseStory]


@pytest.fixture(scope="session")
def judged_city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Eight cars and their streets, one day, one clear act of each of `ACTS`."""
    folder = tmp_path_factory.mktemp("city")
    lab = folder / "lab"
    first_day = dt.date(2025, 10, 13)
    plan = {rule: {"clear": 1} for rule in ACTS}
    make_city(lab, vehicles=8, days=1, seed=3, first_day=first_day, offences=plan, city="guangzhou")
    home = make_home(folder / "home", city="guangzhou")
    streets, limits = _streets(lab)
    take_roads(home, streets, now_ms=NOON_MS)
    take_limits(home, limits, now_ms=NOON_MS)
    registers = ("companies", "drivers", "vehicles", "zones")
    files = [path for path in lab.iterdir() if path.is_file() and path.stem != "truth"]
    take(home, sorted(files, key=lambda path: path.stem not in registers), now_ms=NOON_MS)
    check(home, now_ms=NOON_MS)
    law = read_law(home.city)
    gather(Desk(home, terms_on(law, NOON_MS), charge_by(law)), NOON_MS, weights_on(law, NOON_MS))
    yield home
    home.engine.dispose()


def _streets(lab: Path) -> tuple[Path, Path]:
    """The map of the made city, and its operator's limits."""
    found = sorted((lab / "roads").iterdir())
    limits = next(path for path in found if "limit" in path.stem)
    return next(path for path in found if path != limits), limits


@pytest.fixture(scope="session")
def story_of(judged_city: Home) -> StoryOf:
    """The case of that rule as the desk keeps it; its first where there are more."""
    known = cases(judged_city)

    def story(rule: str) -> CaseStory:
        mine = known[[rule in rules.split(";") for rules in known["rules"]]]
        case_id = str(mine["case_id"].iloc[0])
        with judged_city.engine.connect() as connection:
            one = kept_case(connection, case_id)
            rows, said = events(connection, case_id), answers(connection, case_id)
        told = rows.astype(object).where(rows.notna(), None).to_dict("records")
        history = [{str(name): value for name, value in row.items()} for row in told]
        return CaseStory(
            one.case, one.state, findings_that_stand(judged_city, one.case.finding_ids), history, said
        )

    return story
