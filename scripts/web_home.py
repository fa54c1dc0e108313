"""A home as large as a city's after half a year, for measuring the web: drivers, findings, cases, a ledger.

On top of a made city's day of positions and trips, where one is given. What a person would do to make it
(registers, checks, gathering, scoring) is done by the product's own functions; only the findings are made up.
"""

import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from sqlalchemy import text

from taxi_qa.findings.finding import UNJUDGED_COLUMNS, Finding, Outcome, finding_key
from taxi_qa.ingest.take import take
from taxi_qa.law.read import read_law
from taxi_qa.review.charges import charge_by, weights_on
from taxi_qa.review.desk import Desk, step
from taxi_qa.review.gather import gather
from taxi_qa.review.states import Actor, Ask
from taxi_qa.review.terms import terms_on
from taxi_qa.review.zones import place_cases
from taxi_qa.rules.kit import catalogue
from taxi_qa.runs.scoring import keep_scored, score
from taxi_qa.store import accounts
from taxi_qa.store.browse import CASES, Wanted, page
from taxi_qa.store.casebook import keep_all
from taxi_qa.store.home import Home, make_home
from taxi_qa.store.kept_lists import keep_indices
from taxi_qa.store.run_log import Job, RunHead, finish_run, start_run
from taxi_qa.store.said import said_of
from taxi_qa.store.scope import Scope
from taxi_qa.values.clock import MS_PER_DAY, day_from_text, day_start_ms
from taxi_qa.values.columns import Columns
from taxi_qa.web import passwords

CITY: Final = "guangzhou"
PASSWORD: Final = "a password of the benchmark"  # noqa: S105 - of a made city
COMPANIES: Final = 40
FIRST_DAY: Final = "2025-10-01"
DAYS: Final = 180
_RULES: Final = (
    "driving.speeding", "fare.overcharge", "service.refusal", "driving.detour", "driving.smoking",
    "driving.phone", "fare.bargaining", "hub.queue_jump", "vehicle.unclean", "driving.long_hours",
)  # fmt: skip
# Cases that people took a step with, and of which half were confirmed.
DECIDED: Final = 2_000


def web_home(folder: Path, drivers: int, findings: int, city: Path | None) -> Home:
    """Make the home in a folder that is not there yet.

    Args:
        folder: where.
        drivers: in the register, of 40 companies.
        findings: over half a year, most of them one case each.
        city: a home with a day's positions and trips to build upon; its tracks are linked, not copied.
    """
    if city is not None:
        shutil.copytree(city, folder, ignore=shutil.ignore_patterns("tracks", "derived"))
        (folder / "derived").mkdir()
        (folder / "tracks").symlink_to(city.resolve() / "tracks")
    home = make_home(folder, city=None if city is not None else CITY)
    now_ms = day_start_ms(day_from_text(FIRST_DAY) + DAYS, home.timezone)
    with home.engine.begin() as connection:
        # A made city's records come in in a year to come; here they came in before anybody looks.
        connection.execute(text("UPDATE sources SET taken_at_ms = :at"), {"at": now_ms - MS_PER_DAY})
    register = folder / "drivers.csv"
    rows = [f"N{i:06},驾驶员{i:06},C{i % COMPANIES:02},2019-01-01" for i in range(drivers)]
    register.write_text("driver_id,name,company_id,registered_from\n" + "\n".join(rows), encoding="utf-8")
    take(home, [register], now_ms=now_ms, workers=1)
    register.unlink()
    _judge(home, drivers, findings)
    law = read_law(home.city)
    desk = Desk(home, terms_on(law, now_ms), charge_by(law))
    gather(desk, now_ms, weights_on(law, now_ms))
    place_cases(home)
    _decide(desk, now_ms)
    keep_scored(home, score(home, as_of_day=day_from_text(FIRST_DAY) + DAYS, now_ms=now_ms), now_ms)
    _index(home, drivers, now_ms)
    hashed = passwords.hashed(PASSWORD)
    for made in (
        accounts.NewAccount("manager", "manager", company_id="C01"),
        accounts.NewAccount("reviewer", "reviewer"),
        accounts.NewAccount("inspector", "inspector"),
        accounts.NewAccount("driver", "driver", driver_id="N000001"),
    ):
        accounts.add(home, made, hashed, now_ms, must_change=False)
    return home


def _judge(home: Home, drivers: int, findings: int) -> None:
    """Keep findings as a check of each day keeps them."""
    first = day_from_text(FIRST_DAY)
    start_run(home, RunHead("made", first, first + DAYS, _RULES, (), None, 0))
    none = Columns({name: np.array([], dtype=object) for name in UNJUDGED_COLUMNS})
    of_a_day = -(-findings // DAYS)
    for day in range(DAYS):
        by_rule: dict[str, list[Finding]] = {rule: [] for rule in _RULES}
        for one in _day(home, first + day, min(of_a_day, findings - day * of_a_day), drivers):
            by_rule[one.rule].append(one)
        said = [
            said_of(Outcome(rule, 1, 200 * len(of), tuple(of), none), {0: 200 * len(of)}, lambda _: 0)[0]
            for rule, of in by_rule.items()
        ]
        keep_all(home, "made", {Job(first + day, 0, "day"): said})
    finish_run(home, "made", 0)


def _day(home: Home, day: int, many: int, drivers: int) -> Iterator[Finding]:
    chance = random.Random(day)  # noqa: S311 - a made city
    known = catalogue()
    begin_ms = day_start_ms(day, home.timezone)
    for number in range(many):
        rule = known[chance.choice(_RULES)]
        # A few drivers are found often, most seldom.
        driver = int(drivers * chance.random() ** 3)
        start_ms = begin_ms + chance.randrange(MS_PER_DAY)
        yield Finding(
            finding_id=finding_key(rule.name, rule.version, [f"{day}/{number}"]), rule=rule.name,
            clause=rule.clause, verdict="found", stage=rule.stage, status="detected",
            vehicle_id=f"粤A{driver // 2:05d}", driver_id=f"N{driver:06}",
            company_id=f"C{driver % COMPANIES:02}", trip_id=f"{day}-{number:06}",
            start_ms=start_ms, end_ms=start_ms + 600_000,
            lon=113.2 + chance.random() / 10, lat=23.1 + chance.random() / 10,
            measured=2_500.0, allowed=2_310.0, unit="fen", sources=chance.choice(("meter", "meter+gnss")),
            rule_version=rule.version, leans_on="fare.per_km@2020-01-01",
            evidence={"fare_fen": 2_500, "metered_m": 8_300},
        )  # fmt: skip


def _decide(desk: Desk, now_ms: int) -> None:
    wanted = Wanted(equal={"stage": ("stable",), "sufficiency": ("fair",)}, sort="case_id", limit=DECIDED)
    listing = replace(CASES, usual="case_id")
    frame, _total = page(desk.home, listing, Scope(whole_city=True).cases(), replace(wanted, sort=""))
    for number, (case_id, version) in enumerate(zip(frame["case_id"], frame["version"], strict=True)):
        seen = int(version)
        ask = Ask("propose", Actor("one", "reviewer"), now_ms, "evidence_holds")
        step(desk, str(case_id), ask, seen)
        driver = str(frame["driver_id"].iloc[number])
        if number % 2:
            said = Ask("answer", Actor(driver, "driver"), now_ms, "admitted", accepts=True)
            step(desk, str(case_id), said, seen + 1)
            step(
                desk,
                str(case_id),
                Ask("confirm", Actor("two", "reviewer"), now_ms, "evidence_holds"),
                seen + 2,
            )


def _index(home: Home, drivers: int, now_ms: int) -> None:
    chance = random.Random(5)  # noqa: S311 - a made city
    first = day_from_text(FIRST_DAY)
    keep_indices(
        home,
        [
            {
                "rule": rule, "driver_id": f"N{driver:06}", "company_id": f"C{driver % COMPANIES:02}",
                "unit": "metered_trips", "stratum": "day/street", "findings": 3.0, "exposure": 400.0,
                "rate": 0.01, "low": chance.random() / 100, "high": 0.02, "fleet_rate": 0.005, "excess": 1.0,
                "beside_fleet": chance.choice(("above", "alike", "below")), "why_not": "", "moved": "",
                "from_day": first, "to_day": first + DAYS, "counted_ms": now_ms,
            }
            for driver in range(drivers)
            for rule in _RULES
        ],
    )  # fmt: skip
