"""When a driver hears of a case: the database skips what cannot have been proposed yet."""

from taxi_qa.review.states import NO_STATE, STEPS
from taxi_qa.store import scope


def test_nothing_can_be_proposed_before_it_was_opened_and_queued() -> None:
    """The fewest events that lead to a proposal, by the table of steps itself."""
    reached, events = {NO_STATE}, 0
    while not any(one.action == "propose" and reached & set(one.from_states) for one in STEPS):
        reached = {one.to_state or state for one in STEPS for state in reached if state in one.from_states}
        events += 1
    assert events == scope._EVENTS_OF_A_LEAD
