"""What happens when time runs out: always in the driver's favour, and silence is never guilt."""

from collections import Counter
from typing import Final

from taxi_qa.review.desk import Desk, step
from taxi_qa.review.states import MACHINE, Ask
from taxi_qa.store.desk import StaleError, cases

# What the machine does with an overdue case; states that are not here may last.
_OVERDUE: Final = {
    "proposed": ("silence", "silent"),
    "queued": ("expire", "overdue"),
    "quarantined": ("expire", "overdue"),
    "answered": ("expire", "overdue"),
    "second_review": ("expire", "overdue"),
    "appealed": ("expire", "overdue"),
}


def run_due(desk: Desk, at_ms: int) -> dict[str, int]:
    """Move every case on whose time ran out before this instant.

    Returns:
        How many went from one state to another, by "proposed -> second_review" and the like. The same call
        again finds nothing to do; one that was killed goes on where it stopped.
    """
    moved: Counter[str] = Counter()
    due = cases(desk.home, states=tuple(_OVERDUE), due_ms=at_ms)
    for case_id, state, version in zip(due["case_id"], due["state"], due["version"], strict=True):
        action, reason = _OVERDUE[state]
        try:
            event = step(desk, case_id, Ask(action, MACHINE, at_ms, reason), int(version))
        except StaleError:
            # Somebody acted on it just now: it is not overdue any more.
            continue
        moved[f"{event.from_state} -> {event.to_state}"] += 1
    return dict(sorted(moved.items()))
