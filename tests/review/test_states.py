from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.review.states import (
    ACTIONS,
    DECISIONS,
    MACHINE,
    STEPS,
    Actor,
    Ask,
    Event,
    RefusedError,
    Standing,
    deciders,
    replay,
    take,
)

HEAVY = 10
LI, WANG, ZHAO = (Actor(name, "reviewer") for name in ("Li", "Wang", "Zhao"))
DRIVER = Actor("D1", "driver")
CASE = Standing(driver_id="D1", stage="stable", sufficiency="fair", points=3, deadline_ms=None)


def after(standing: Standing, *asks: Ask) -> Standing:
    for ask in asks:
        standing = replace(standing, history=(*standing.history, take(standing, ask, HEAVY)))
    return standing


def by(actor: Actor, action: str, reason: str = "evidence_holds", *, accepts: bool = False) -> Ask:
    return Ask(action, actor, 0, reason, accepts=accepts)


OPENED = (by(MACHINE, "open", "found"), by(MACHINE, "queue", "examined"))
PROPOSED = (*OPENED, by(LI, "propose"))
CONFIRMED = (*PROPOSED, by(DRIVER, "answer", "passenger_route"), by(WANG, "confirm"))


def test_the_whole_way_to_the_ledger_and_back() -> None:
    case = after(CASE, *CONFIRMED, by(DRIVER, "appeal", "passenger_route"), by(ZHAO, "uphold"))
    assert [event.to_state for event in case.history] == [
        "detected", "queued", "proposed", "second_review", "confirmed", "appealed", "reversed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("accepts", "points", "state"),
    [(True, 9, "answered"), (True, 10, "second_review"), (False, 1, "second_review")],
)
def test_second_review_when_contested_or_from_ten_points_on(accepts: bool, points: int, state: str) -> None:
    case = after(replace(CASE, points=points), *PROPOSED, by(DRIVER, "answer", "admitted", accepts=accepts))
    assert case.state == state


@pytest.mark.parametrize(
    ("asks", "last", "words"),
    [
        (PROPOSED, by(LI, "confirm"), "cannot be done to a case that is proposed"),
        (CONFIRMED[:-1], by(LI, "confirm"), "Li has decided in this case already"),
        (CONFIRMED[:-1], by(LI, "dismiss"), "Li has decided in this case already"),
        (CONFIRMED[:-1], by(MACHINE, "confirm", "silent"), "by a reviewer, not by machine"),
        (CONFIRMED[:-1], by(Actor("D1", "driver"), "confirm"), "by a reviewer, not by driver"),
        (CONFIRMED[:-1], by(Actor("D1", "reviewer"), "confirm"), "is the driver of this case"),
        (CONFIRMED[:-1], by(Actor("Xu", "reviewer", "C7"), "confirm"), "belongs to a taxi company"),
        (PROPOSED, by(Actor("D2", "driver"), "answer"), "another driver's case"),
        (OPENED, by(LI, "propose", "because"), "no reason"),
        (OPENED, by(LI, "dismiss", "other"), "needs a note"),
        (
            OPENED,
            by(LI, "reject"),
            "cannot be done to a case that is queued; it needs a case that is appealed",
        ),
        (OPENED, by(LI, "forgive"), "known: open"),
        ((*CONFIRMED, by(DRIVER, "appeal", "medical")), by(WANG, "reject"), "Wang has decided"),
        ((*CONFIRMED, by(DRIVER, "appeal", "medical")), by(LI, "uphold"), "Li has decided"),
        ((*OPENED, by(LI, "dismiss", "duplicate")), by(MACHINE, "return", "finding_returned"), "people have"),
    ],
)
def test_what_the_desk_refuses(asks: tuple[Ask, ...], last: Ask, words: str) -> None:
    case = after(CASE, *asks)
    with pytest.raises(RefusedError, match=words):
        take(case, last, HEAVY)


def test_a_company_asks_for_its_own_cases_once_and_decides_nothing() -> None:
    manager, queued = Actor("Ma", "manager", "C1"), replace(after(CASE, *OPENED), company_id="C1")
    asked = after(queued, by(manager, "refer"))
    assert (asked.state, asked.history[-1].from_state) == ("queued", "queued"), "the case waits as before"
    assert "Ma" not in deciders(asked.history)
    for case, ask, words in (
        (asked, by(manager, "refer"), "asked for it already"),
        (asked, by(Actor("Hu", "manager", "C1"), "refer"), "asked for it already"),
        (queued, by(Actor("Ma", "manager", "C2"), "refer"), "no case of the manager's company"),
        (replace(queued, company_id=""), by(Actor("Ma", "manager"), "refer"), "no case of the manager's"),
        (replace(queued, stage="trial"), by(manager, "refer"), "leads"),
        (after(queued, by(LI, "propose")), by(manager, "refer"), "a case that is proposed"),
        (queued, by(LI, "refer"), "by a manager, not by reviewer"),
        *((asked, by(manager, action), "not by manager") for action in ("propose", "dismiss")),
    ):
        with pytest.raises(RefusedError, match=words):
            take(case, ask, HEAVY)
    assert after(asked, by(LI, "propose")).state == "proposed"


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (replace(CASE, stage="trial"), "leads"),
        (replace(CASE, stage="index"), "leads"),
        (replace(CASE, sufficiency="weak"), "single source"),
        (replace(CASE, driver_id=""), "no driver"),
    ],
)
def test_leads_and_single_sources_stay_advice(case: Standing, words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        after(case, *PROPOSED)


def test_time_runs_out_to_the_instant() -> None:
    due = replace(after(CASE, *CONFIRMED), deadline_ms=100)
    assert take(due, replace(by(DRIVER, "appeal"), at_ms=100), HEAVY).to_state == "appealed"
    with pytest.raises(RefusedError, match="run out"):
        take(due, replace(by(DRIVER, "appeal"), at_ms=101), HEAVY)
    waiting = replace(after(CASE, *PROPOSED), deadline_ms=100)
    with pytest.raises(RefusedError, match="has not run out"):
        take(waiting, replace(by(MACHINE, "silence", "silent"), at_ms=100), HEAVY)
    assert (
        take(waiting, replace(by(MACHINE, "silence", "silent"), at_ms=101), HEAVY).to_state == "second_review"
    )


def test_every_step_to_a_confirmation_is_a_persons_decision() -> None:
    into = [step for step in STEPS if step.to_state == "confirmed"]
    assert into
    assert all(step.role == "reviewer" and step.decides for step in into)
    assert {"propose", "dismiss", "confirm", "uphold", "reject"} == DECISIONS


_ACTORS = st.sampled_from(
    [
        MACHINE,
        LI,
        WANG,
        ZHAO,
        DRIVER,
        Actor("D2", "driver"),
        Actor("D1", "reviewer"),
        Actor("Xu", "reviewer", "C7"),
        Actor("Ma", "manager", "C1"),
        Actor("Ma", "manager", "C2"),
    ]
)
_REASONS = ["found", "examined", "silent", "overdue", "evidence_holds", "medical", "finding_returned"]
_ASKS = st.lists(
    st.tuples(st.sampled_from(ACTIONS), _ACTORS, st.sampled_from(_REASONS), st.booleans(), st.integers(0, 9)),
    max_size=60,
)


def _wandered(case: Standing, asks: list[tuple[str, Actor, str, bool, int]]) -> Standing:
    """A case after whatever of the steps the desk allowed; a state lasts five units of time."""
    now = 0
    for action, actor, reason, accepts, later in asks:
        now += later
        try:
            event = take(case, Ask(action, actor, now, reason, accepts=accepts), HEAVY)
        except RefusedError:
            continue
        case = replace(case, history=(*case.history, event), deadline_ms=now + 5)
    return case


@settings(max_examples=600)
@given(
    asks=_ASKS,
    start=st.sampled_from([(), OPENED, PROPOSED, CONFIRMED[:-1], CONFIRMED]),
    points=st.sampled_from([0, 3, 10]),
)
def test_whatever_is_tried_the_promises_hold(
    asks: list[tuple[str, Actor, str, bool, int]], start: tuple[Ask, ...], points: int
) -> None:
    case = _wandered(after(replace(CASE, points=points), *start), asks)
    history = case.history
    # Every state is explained by its history.
    assert replay(history) == case.state
    decided = [event.actor for event in history if event.action in DECISIONS]
    assert len(decided) == len(set(decided)), "no actor decides twice"
    for at, event in enumerate(history):
        if event.to_state == "confirmed" and event.from_state != "confirmed":
            assert (event.role, event.action) == ("reviewer", "confirm"), "silence never confirms"
            proposed = [one for one in history[:at] if one.action == "propose"]
            assert proposed
            assert event.actor not in {one.actor for one in proposed}
            assert event.actor not in {"D1", "Xu", "Ma"}


@settings(max_examples=200)
@given(asks=_ASKS, cut=st.integers(0, 30))
def test_a_history_with_a_step_cut_out_or_changed_explains_nothing(
    asks: list[tuple[str, Actor, str, bool, int]], cut: int
) -> None:
    history = _wandered(after(CASE, *CONFIRMED), asks).history
    cut %= len(history) - 1
    with pytest.raises(RefusedError, match="does not follow"):
        replay((*history[:cut], *history[cut + 1 :]))
    stolen = replace(history[4], role="machine")
    assert isinstance(stolen, Event)
    with pytest.raises(RefusedError, match="does not follow"):
        replay((*history[:4], stolen, *history[5:]))
    again = replace(history[4], actor=history[2].actor)
    with pytest.raises(RefusedError, match="had decided already"):
        replay((*history[:4], again))
