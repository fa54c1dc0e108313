"""The desk as a table of steps: who may do what to a case in which state, and on which conditions.

Pure: a step is asked for with its actor, moment, reason and note, and gives an event or a refusal. A state
is what its events lead to; nothing else makes one (`replay`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from taxi_qa.findings.case import Sufficiency
from taxi_qa.findings.finding import Stage, Status

Role = Literal["machine", "reviewer", "driver", "manager"]

# Why somebody took a step. `other` needs a note.
REASONS: Final[dict[str, str]] = {
    "road_closed": "道路封闭",
    "police_order": "交警指挥",
    "passenger_route": "乘客指定路线",
    "passenger_consent": "乘客同意",
    "medical": "紧急医疗",
    "equipment_fault_reported": "设备故障已报",
    "wrong_limit": "限速有误",
    "wrong_driver": "驾驶员有误",
    "position_drift": "定位漂移",
    "camera_misread": "影像误判",
    "duplicate": "重复",
    "evidence_holds": "证据成立",
    "admitted": "驾驶员认可",
    "more_time": "需要更多时间",
    "cause_mended": "上游原因已排除",
    "other": "其他（须说明）",
}
# Reasons of the machine's own steps.
MACHINE_REASONS: Final = frozenset(
    {
        "found",
        "examined",
        "approved_excuse",
        "finding_withdrawn",
        "finding_returned",
        "silent",
        "overdue",
        "suspect_upstream",
    }
)
NO_STATE: Final = ""
# Why a step is refused, in one word each.
REFUSALS: Final = (
    "company", "own_case", "decided_already", "nobody_named", "lead", "weak", "other_driver", "late",
    "not_late", "people_dismissed", "state", "role", "order", "reason", "note_needed", "too_long",
    "too_many_files", "other_company", "referred_already", "other",
)  # fmt: skip


class RefusedError(Exception):
    """A step the desk does not allow; the words say why, and nothing was changed.

    Attributes:
        code: the same in one word (`REFUSALS`), for those who say it in other languages.
    """

    def __init__(self, words: str, code: str = "other") -> None:
        """Say why."""
        super().__init__(words)
        self.code = code


@dataclass(frozen=True)
class Actor:
    """Who takes a step: a reviewer, driver or manager by id, of a company or none; the machine has no name.

    A manager speaks for his company: he asks the desk to look, and decides nothing.
    """

    actor_id: str
    role: Role
    company_id: str = ""


MACHINE: Final = Actor("machine", "machine")


@dataclass(frozen=True)
class Event:
    """One step that was taken."""

    version: int
    at_ms: int
    actor: str
    role: Role
    action: str
    from_state: str
    to_state: str
    reason: str
    note: str


@dataclass(frozen=True)
class Standing:
    """What the desk must know of a case to allow a step.

    Attributes:
        driver_id: whom it concerns, "" where nobody is named.
        stage, sufficiency: of its findings together.
        points: what it would cost if confirmed, as a positive number; 0 for observations and bonuses.
        deadline_ms: until when its present state may last, None without end.
        history: its events, the first first.
        company_id: whose driver or car it is about, "" where nobody knows.
    """

    driver_id: str
    stage: Stage
    sufficiency: Sufficiency
    points: int
    deadline_ms: int | None
    history: tuple[Event, ...] = ()
    company_id: str = ""

    @property
    def state(self) -> str:
        """The state its last event led to."""
        return self.history[-1].to_state if self.history else NO_STATE

    @property
    def version(self) -> int:
        """How many events there were."""
        return len(self.history)


@dataclass(frozen=True)
class Ask:
    """A step somebody asks for.

    Attributes:
        action: one of `ACTIONS`.
        actor: who.
        at_ms: when.
        reason: one of `REASONS`, of the machine's steps one of `MACHINE_REASONS`.
        note: free words.
        accepts: of a driver's answer: he says it was so.
    """

    action: str
    actor: Actor
    at_ms: int
    reason: str
    note: str = ""
    accepts: bool = False


@dataclass(frozen=True)
class Refusal:
    """Why a condition does not hold: its code (`REFUSALS`) and the words."""

    code: str
    words: str


Condition = Callable[[Standing, Ask, int], Refusal | None]


def _decides_freely(standing: Standing, ask: Ask, _: int) -> Refusal | None:
    # Whoever belongs to a taxi company decides either over its own people or over a rival's.
    if ask.actor.company_id:
        words = f"{ask.actor.actor_id} belongs to a taxi company: it is either this case's or its rival"
        return Refusal("company", words)
    own = ask.actor.actor_id == standing.driver_id
    return Refusal("own_case", f"{ask.actor.actor_id} is the driver of this case") if own else None


def _decides_once(standing: Standing, ask: Ask, _: int) -> Refusal | None:
    if ask.actor.actor_id in deciders(standing.history):
        words = f"{ask.actor.actor_id} has decided in this case already; another person has to"
        return Refusal("decided_already", words)
    return None


def why_free(standing: Standing) -> Refusal | None:
    """Why a case cannot cost points, whoever decides; None where it can."""
    if not standing.driver_id:
        return Refusal("nobody_named", "no driver is named")
    if standing.stage != "stable":
        words = f"its findings are leads (stage {standing.stage}): they never cost points"
        return Refusal("lead", words)
    if standing.sufficiency == "weak":
        words = "it rests on a single source: that stays advice until another one speaks"
        return Refusal("weak", words)
    return None


def _may_cost(standing: Standing, _: Ask, __: int) -> Refusal | None:
    return why_free(standing)


def _is_the_driver(standing: Standing, ask: Ask, _: int) -> Refusal | None:
    own = ask.actor.actor_id == standing.driver_id
    return None if own else Refusal("other_driver", "it is another driver's case")


def _of_the_company(standing: Standing, ask: Ask, _: int) -> Refusal | None:
    own = ask.actor.company_id != "" and ask.actor.company_id == standing.company_id
    return None if own else Refusal("other_company", "it is no case of the manager's company")


def _referred_once(standing: Standing, _: Ask, __: int) -> Refusal | None:
    if any(event.action == "refer" for event in standing.history):
        return Refusal("referred_already", "the company has asked for it already")
    return None


def _in_time(standing: Standing, ask: Ask, _: int) -> Refusal | None:
    if standing.deadline_ms is not None and ask.at_ms > standing.deadline_ms:
        return Refusal("late", "the time for it has run out")
    return None


def _overdue(standing: Standing, ask: Ask, _: int) -> Refusal | None:
    if standing.deadline_ms is None or ask.at_ms <= standing.deadline_ms:
        return Refusal("not_late", "its time has not run out")
    return None


def _was_withdrawn(standing: Standing, _: Ask, __: int) -> Refusal | None:
    withdrawn = standing.history[-1].action == "withdraw"
    return None if withdrawn else Refusal("people_dismissed", "people have dismissed it")


def _settled_by_answer(standing: Standing, ask: Ask, heavy_points: int) -> bool:
    return ask.accepts and standing.points < heavy_points


@dataclass(frozen=True)
class Step:
    """One line of the table.

    Attributes:
        action: what is done.
        from_states: where it may be done.
        to_state: where it leads; None: where the case stands already.
        role: who may.
        conditions: each gives a refusal, or None.
        decides: the actor has then decided, and never decides in this case again.
        settled: of an answer: whether this line is for the admitted and light ones.
    """

    action: str
    from_states: tuple[Status | Literal[""], ...]
    to_state: Status | None
    role: Role
    conditions: tuple[Condition, ...] = ()
    decides: bool = False
    settled: bool | None = None


_PERSON: Final = (_decides_freely, _decides_once)
_MACHINES: Final = ("detected", "excused", "queued", "quarantined")

STEPS: Final = (
    Step("open", (NO_STATE,), "detected", "machine"),
    Step("excuse", ("detected", "queued", "quarantined"), "excused", "machine"),
    Step("queue", ("detected", "excused"), "queued", "machine"),
    Step("withdraw", _MACHINES, "dismissed", "machine"),
    Step("return", ("dismissed",), "queued", "machine", (_was_withdrawn,)),
    Step("quarantine", ("queued",), "quarantined", "reviewer", (_decides_freely,)),
    # A suspect road or device is found by the machine; that it is none, only a person can say.
    Step("quarantine", ("queued",), "quarantined", "machine"),
    Step("release", ("quarantined",), "queued", "reviewer", (_decides_freely,)),
    Step("dismiss", ("queued", "answered", "second_review"), "dismissed", "reviewer", _PERSON, decides=True),
    # Whoever is of the company knows its drivers, and decides over none of them: he asks for a first review.
    Step("refer", ("queued",), None, "manager", (_of_the_company, _referred_once, _may_cost)),
    Step("propose", ("queued",), "proposed", "reviewer", (*_PERSON, _may_cost), decides=True),
    Step("answer", ("proposed",), "answered", "driver", (_is_the_driver,), settled=True),
    Step("answer", ("proposed",), "second_review", "driver", (_is_the_driver,), settled=False),
    # Silence moved it on: what the driver says later is still heard.
    Step("answer", ("second_review",), None, "driver", (_is_the_driver,)),
    Step("silence", ("proposed",), "second_review", "machine", (_overdue,)),
    Step(
        "confirm", ("answered", "second_review"), "confirmed", "reviewer",
        (*_PERSON, _may_cost, _in_time), decides=True,
    ),
    Step("appeal", ("confirmed",), "appealed", "driver", (_is_the_driver, _in_time)),
    Step("uphold", ("appealed",), "reversed", "reviewer", _PERSON, decides=True),
    Step("reject", ("appealed",), "upheld", "reviewer", (*_PERSON, _in_time), decides=True),
    Step("expire", ("queued", "quarantined", "answered", "second_review"), "expired", "machine", (_overdue,)),
    Step("expire", ("appealed",), "reversed", "machine", (_overdue,)),
    Step(
        "extend", ("queued", "quarantined", "proposed", "answered", "second_review", "appealed"), None,
        "reviewer", (_decides_freely, _in_time),
    ),
)  # fmt: skip
ACTIONS: Final = tuple(dict.fromkeys(step.action for step in STEPS))
DECISIONS: Final = frozenset(step.action for step in STEPS if step.decides)


def deciders(history: Sequence[Event]) -> frozenset[str]:
    """Who has decided in a case so far."""
    return frozenset(event.actor for event in history if event.action in DECISIONS)


def take(standing: Standing, ask: Ask, heavy_points: int) -> Event:
    """The event a step makes of a case.

    Args:
        standing: the case as it stands.
        ask: the step.
        heavy_points: from so many points on an admitted case needs a second review, too.

    Raises:
        RefusedError: the table has no such step, or a condition does not hold; says which.
    """
    _check_words(ask)
    lines = [one for one in STEPS if one.action == ask.action]
    here = [one for one in lines if standing.state in one.from_states]
    if not here:
        known = sorted({state for one in lines for state in one.from_states if state})
        may = f"it needs a case that is {' or '.join(known)}" if lines else f"known: {', '.join(ACTIONS)}"
        raise RefusedError(
            f"{ask.action} cannot be done to a case that is {standing.state or 'new'}; {may}", "state"
        )
    settled = _settled_by_answer(standing, ask, heavy_points)
    meant = [one for one in here if one.settled in (None, settled)]
    step = next((one for one in meant if one.role == ask.actor.role), meant[0])
    if ask.actor.role != step.role or not ask.actor.actor_id:
        raise RefusedError(f"{ask.action} is done by a {step.role}, not by {ask.actor.role}", "role")
    for condition in step.conditions:
        refusal = condition(standing, ask, heavy_points)
        if refusal:
            raise RefusedError(f"{ask.action} cannot be done: {refusal.words}", refusal.code)
    if standing.history and ask.at_ms < standing.history[-1].at_ms:
        raise RefusedError(f"{ask.action} cannot be done before the step it follows", "order")
    return Event(
        version=standing.version + 1,
        at_ms=ask.at_ms,
        actor=ask.actor.actor_id,
        role=ask.actor.role,
        action=ask.action,
        from_state=standing.state,
        to_state=standing.state if step.to_state is None else step.to_state,
        reason=ask.reason,
        note=ask.note,
    )


def _check_words(ask: Ask) -> None:
    known = MACHINE_REASONS if ask.actor.role == "machine" else REASONS.keys()
    if ask.reason not in known:
        raise RefusedError(f"{ask.reason!r} is no reason for it; known: {', '.join(sorted(known))}", "reason")
    if ask.reason == "other" and not ask.note.strip():
        raise RefusedError("the reason `other` needs a note", "note_needed")


def replay(history: Sequence[Event]) -> str:
    """The state a history leads to, step by step through the table.

    Raises:
        RefusedError: a step is missing, out of order, not in the table, or taken by who may not.
    """
    state = NO_STATE
    decided: set[str] = set()
    for number, event in enumerate(history, 1):
        fits = any(
            step.action == event.action
            and state in step.from_states
            and event.role == step.role
            and event.to_state == (state if step.to_state is None else step.to_state)
            for step in STEPS
        )
        if event.version != number or event.from_state != state or not fits:
            raise RefusedError(f"event {number}, {event.action}, does not follow from {state or 'nothing'}")
        if event.action in DECISIONS:
            if event.actor in decided:
                raise RefusedError(f"event {number}, {event.action}: its actor had decided already")
            decided.add(event.actor)
        state = event.to_state
    return state
