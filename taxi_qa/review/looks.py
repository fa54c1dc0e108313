"""Blind second looks: of some cases a second person says what he would have done, not knowing the first."""

from typing import Literal

import pandas as pd

from taxi_qa.review.desk import Desk, history_of
from taxi_qa.review.quality import first_review, in_sample
from taxi_qa.review.states import Actor, Event, RefusedError
from taxi_qa.store import desk as kept
from taxi_qa.store.engine import transaction

Verdict = Literal["propose", "dismiss"]


def waiting(desk: Desk, reviewer: str) -> list[str]:
    """Cases of the sample this person may look at: reviewed once, by somebody else, not looked at yet."""
    with desk.home.engine.connect() as connection:
        histories = histories_of(kept.events(connection))
        looked = set(kept.second_looks(connection)["case_id"])
    return [
        case_id
        for case_id, history in histories.items()
        if case_id not in looked
        and in_sample(case_id, desk.terms.blind_share)
        and first_review(history) is not None
        and reviewer not in {event.actor for event in history}
    ]


def look(desk: Desk, case_id: str, actor: Actor, at_ms: int, verdict: Verdict) -> None:
    """Keep what a second person would have done; it changes nothing about the case.

    Raises:
        states.RefusedError: he belongs to a company, had a part in the case, or it does not wait for a look.
    """
    with transaction(desk.home.engine) as connection:
        one = kept.kept_case(connection, case_id)
        history = history_of(kept.events(connection, case_id))
        if actor.company_id or actor.actor_id == one.case.driver_id:
            raise RefusedError(
                f"{actor.actor_id} belongs to a company or to the case; another person has to look"
            )
        if actor.actor_id in {event.actor for event in history}:
            raise RefusedError(f"{actor.actor_id} has had a part in this case: a second look is blind")
        if first_review(history) is None or not in_sample(case_id, desk.terms.blind_share):
            raise RefusedError(f"the case {case_id} does not wait for a second look")
        if not kept.keep_second_look(connection, case_id, actor.actor_id, at_ms, verdict):
            raise RefusedError(f"somebody has looked at the case {case_id} already")


def histories_of(events: pd.DataFrame) -> dict[str, tuple[Event, ...]]:
    """The events of all cases by case."""
    return {str(case_id): history_of(rows) for case_id, rows in events.groupby("case_id", sort=True)}
