"""A desk with findings on it, as these tests need it."""

from collections.abc import Mapping
from dataclasses import replace

from taxi_qa.findings.finding import Finding
from taxi_qa.law.read import read_law
from taxi_qa.review.desk import Confirmed, Desk, Words, step
from taxi_qa.review.gather import gather
from taxi_qa.review.states import Actor, Ask, Event, Role
from taxi_qa.review.terms import Terms, terms_on
from taxi_qa.store.casebook import keep_outcomes
from taxi_qa.store.desk import cases, kept_case
from taxi_qa.store.home import Home
from taxi_qa.store.run_log import Job, RunHead, start_run
from taxi_qa.values.clock import MS_PER_DAY
from tests.store.making import finding, outcome

RULE = "service.refusal"
NOON = 1_790_000_000_000
JOB = Job(20_717, 1, "trips")


def terms() -> Terms:
    return terms_on(read_law("zhongshan"), NOON)


def charge_of(points: int) -> "Charging":
    return Charging(points)


class Charging:
    """Every act costs the same."""

    def __init__(self, points: int) -> None:
        self.points = points

    def __call__(self, act: Confirmed) -> Mapping[str, object]:
        return {
            "driver_id": act.driver_id, "kind": "deduction", "item": "credit.items.refusal",
            "case_id": act.case_id, "rule": act.rule, "points": self.points,
            "act_day": act.act_ms // MS_PER_DAY, "decided_ms": act.decided_ms, "decider": act.decider,
            "leans_on": "credit.items.refusal@2012-01-01", "certainty": "quoted", "reverses": None,
        }  # fmt: skip


def desk_of(home: Home, points: int = -3) -> Desk:
    return Desk(home, terms(), charge_of(points))


def found(home: Home, *findings: Finding, run: str = "run 1") -> None:
    """What a check found of this job, all of it."""
    start_run(home, RunHead(run, 20_717, 20_718, (RULE,), (), None, NOON))
    keep_outcomes(home, run, JOB, [outcome(*findings, rule=RULE)])


def refusal(subject: str = "A", **more: object) -> Finding:
    return finding(subject, rule=RULE, **{"sources": "meter+gnss", **more})


def opened(home: Home, points: int = -3) -> tuple[Desk, str]:
    """A desk with one case in the queue."""
    found(home, refusal())
    desk = desk_of(home, points)
    assert gather(desk, NOON, {}) == {"opened": 1}
    return desk, str(cases(home)["case_id"].iloc[0])


class Hand:
    """Takes steps with one case, each on the newest view of it, a second after the other."""

    def __init__(self, desk: Desk, case_id: str, at_ms: int = NOON) -> None:
        self.desk, self.case_id, self.at_ms = desk, case_id, at_ms

    def __call__(
        self,
        action: str,
        who: str,
        reason: str = "evidence_holds",
        *,
        days: float = 0,
        accepts: bool = False,
        words: Words | None = None,
    ) -> Event:
        self.at_ms += 1000 + round(days * MS_PER_DAY)
        role: Role = "driver" if action in ("answer", "appeal") else "reviewer"
        ask = Ask(action, Actor(who, role), self.at_ms, reason, accepts=accepts)
        with self.desk.home.engine.connect() as connection:
            version = kept_case(connection, self.case_id).version
        return step(self.desk, self.case_id, ask, version, words)

    @property
    def state(self) -> str:
        with self.desk.home.engine.connect() as connection:
            return kept_case(connection, self.case_id).state

    def on(self, desk: Desk) -> "Hand":
        return Hand(replace(desk), self.case_id, self.at_ms)
