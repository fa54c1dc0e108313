"""What people and the machine do with a case: each step is one transaction, or nothing.

Actor, moment, reason and note are arguments; nobody is taken from a request, and no clock is read. Who acts
on an old view of a case is refused.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection

from taxi_qa.findings.case import Case
from taxi_qa.findings.finding import Stage
from taxi_qa.review import appeals
from taxi_qa.review.states import STEPS, Actor, Ask, Event, RefusedError, Standing, replay, take, why_free
from taxi_qa.review.terms import Terms
from taxi_qa.rules.kit import catalogue
from taxi_qa.store import desk as kept
from taxi_qa.store.engine import transaction
from taxi_qa.store.evidence import keep_file
from taxi_qa.store.home import Home
from taxi_qa.store.ledger import append_to

_WORDS_MOST: Final = 10_000


@dataclass(frozen=True)
class Confirmed:
    """An act as it goes to the ledger."""

    case_id: str
    rule: str
    driver_id: str
    act_ms: int
    decided_ms: int
    decider: str


# What a confirmed act makes of the ledger: values of `ENTRY_COLUMNS`, without number and seal.
Charge = Callable[[Confirmed], Mapping[str, object]]


@dataclass(frozen=True)
class Desk:
    """Where the desk works, by which terms, and what acts cost.

    Attributes:
        home: where.
        terms: the house's numbers.
        charge: what an act makes of the ledger.
        fallen: rules whose findings are leads for now (`review.precision`): they never cost points.
    """

    home: Home
    terms: Terms
    charge: Charge
    fallen: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Words:
    """What a driver says with an answer or an appeal, and the files he sends along."""

    text: str = ""
    files: Sequence[Path] = ()


def step(
    desk: Desk, case_id: str, ask: Ask, expected_version: int | None, words: Words | None = None
) -> Event:
    """Take one step with a case.

    Args:
        desk: where and by which terms.
        case_id: the case.
        ask: the step.
        expected_version: the version the caller has seen; None only for the machine, which looks itself.
        words: of a driver's answer or appeal.

    Raises:
        states.RefusedError: the desk does not allow it.
        store.desk.StaleError: the case has moved on since the caller looked.
        store.desk.NoCaseError: no such case.
        store.evidence.EvidenceError: a file is not taken.
    """
    # Files first: one that lies there without a row harms nobody, a row without its file would.
    files = _kept_files(desk, words)
    with transaction(desk.home.engine) as connection:
        return step_in(connection, desk, case_id, ask, expected_version, words, files)


def step_in(
    connection: Connection,
    desk: Desk,
    case_id: str,
    ask: Ask,
    expected_version: int | None,
    words: Words | None = None,
    files: Sequence[Mapping[str, Any]] = (),
) -> Event:
    """The same inside a writing transaction; its files are kept already."""
    one = kept.kept_case(connection, case_id)
    if expected_version is not None and expected_version != one.version:
        raise kept.StaleError(
            f"the case {case_id} stands at version {one.version}, not {expected_version}: it has moved on;"
            " look at it again"
        )
    standing = _standing(connection, desk, one)
    event = take(standing, ask, desk.terms.heavy_points)
    kept.record(connection, case_id, asdict(event), deadline_after(desk.terms, one.deadline_ms, event))
    if event.action in ("answer", "appeal"):
        said = words or Words()
        answer = {
            "case_id": case_id, "version": event.version, "kind": event.action, "driver_id": event.actor,
            "at_ms": event.at_ms, "accepts": ask.accepts, "reason": event.reason, "text": said.text,
        }  # fmt: skip
        named = [{**file, "case_id": case_id, "version": event.version} for file in files]
        kept.keep_answer(connection, answer, named)
    elif event.action == "confirm":
        append_to(connection, [desk.charge(confirmed_of(one.case, event.at_ms, event.actor))])
    elif event.to_state == "reversed":
        appeals.restore(connection, case_id, event.at_ms, event.actor)
    return event


def confirmed_of(case: Case, decided_ms: int, decider: str) -> Confirmed:
    """The act a case is about, as it goes to the ledger."""
    return Confirmed(case.case_id, case.rule, case.driver_id, case.start_ms, decided_ms, decider)


def history_of(events: pd.DataFrame) -> tuple[Event, ...]:
    """The events of one case from their rows."""
    names = [name for name in kept.EVENT_COLUMNS if name != "case_id"]
    rows = events[names].astype(object).to_dict("records")
    return tuple(Event(**{str(name): value for name, value in row.items()}) for row in rows)


@dataclass(frozen=True)
class Offer:
    """A step somebody may ask for, or why not.

    Attributes:
        action: the step.
        refusal: code of why it is not allowed, "" where it is.
        words: the same in words.
    """

    action: str
    refusal: str
    words: str


@dataclass(frozen=True)
class Offers:
    """What somebody may do with a case, and what the case costs.

    Attributes:
        steps: steps of its state that are his to ask for.
        points: what it would cost if confirmed, as a positive number; 0 where it cannot cost anything.
        why_free: code of why it cannot cost points (`states.why_free`), "" where it can.
    """

    steps: list[Offer]
    points: int
    why_free: str


def offers(
    connection: Connection, desk: Desk, one: kept.Kept, actor: Actor, at_ms: int, actions: Collection[str]
) -> Offers:
    """Which of these steps a case in its state has for somebody, and what it would cost if confirmed.

    Every condition is asked as when the step is taken, before anybody clicks; steps that another state has
    are left out.
    """
    standing = _standing(connection, desk, one)
    found = []
    here = [step.action for step in STEPS if standing.state in step.from_states]
    for action in dict.fromkeys(here):
        if action in actions:
            try:
                # A reason every step takes: which one is given is the form's part.
                take(standing, Ask(action, actor, at_ms, "evidence_holds"), desk.terms.heavy_points)
            except RefusedError as error:
                found.append(Offer(action, error.code, str(error)))
            else:
                found.append(Offer(action, "", ""))
    free = why_free(standing)
    return Offers(found, 0 if free else standing.points, free.code if free else "")


def _standing(connection: Connection, desk: Desk, one: kept.Kept) -> Standing:
    history = history_of(kept.events(connection, one.case.case_id))
    if replay(history) != one.state:
        raise RefusedError(f"the case {one.case.case_id} stands otherwise than its history says")
    points = 0
    if one.case.driver_id:
        priced = desk.charge(confirmed_of(one.case, one.opened_ms, ""))
        points = max(-int(str(priced["points"])), 0)
    return Standing(
        driver_id=one.case.driver_id,
        stage=stage_now(one.case, desk.fallen),
        sufficiency=one.case.sufficiency,
        points=points,
        deadline_ms=one.deadline_ms,
        history=history,
        company_id=one.case.company_id,
    )


def deadline_after(terms: Terms, deadline_ms: int | None, event: Event) -> int | None:
    """Until when a case may stay where an event led it; `deadline_ms` is until when it might before."""
    if event.action == "extend":
        return (event.at_ms if deadline_ms is None else deadline_ms) + terms.extension_ms
    if event.from_state == event.to_state:
        return deadline_ms
    lasts = terms.lasts_ms.get(event.to_state)
    return None if lasts is None else event.at_ms + lasts


def _kept_files(desk: Desk, words: Words | None) -> list[dict[str, Any]]:
    if words is None:
        return []
    if len(words.text) > _WORDS_MOST:
        told = f"an answer has at most {_WORDS_MOST:,} characters, this one {len(words.text):,}"
        raise RefusedError(told, "too_long")
    if len(words.files) > desk.terms.files:
        told = f"an answer has at most {desk.terms.files} files, this one {len(words.files)}"
        raise RefusedError(told, "too_many_files")
    found = [asdict(keep_file(desk.home, path, desk.terms.file_bytes)) for path in words.files]
    return list({one["sha256"]: one for one in found}.values())


def stage_now(case: Case, fallen: frozenset[str]) -> Stage:
    """Stable only while the rule it is charged under, and one that makes it so, have not fallen back."""
    known = catalogue()
    firm = [rule for rule in case.rules if rule in known and known[rule].stage == "stable"]
    is_lead = case.rule in fallen or (bool(firm) and fallen.issuperset(firm))
    return "trial" if case.stage == "stable" and is_lead else case.stage


def with_findings(case: Case, finding_ids: Sequence[str]) -> Case:
    """The case as people know it, with more findings beside it: what they decide about stays as it was."""
    return replace(case, finding_ids=tuple(finding_ids))
