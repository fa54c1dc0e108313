"""How well the desk works: load, time, agreement of blind second looks, decisions taken back."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from taxi_qa.review.states import DECISIONS, Event
from taxi_qa.values.clock import MS_PER_DAY

_FIRST: Final = frozenset({"propose", "dismiss"})


@dataclass(frozen=True)
class Reviewer:
    """One person's work.

    Attributes:
        decisions: how many he took.
        median_days: from a case's reaching his desk to his decision; None without any.
        confirmed: how many cases he proposed or confirmed that were confirmed.
        reversed: how many of those an appeal took back.
        looks: how many of his first reviews a second person saw blindly.
        kappa: how far both agree beyond chance (Cohen), None where it cannot be told.
    """

    decisions: int
    median_days: float | None
    confirmed: int
    reversed: int
    looks: int
    kappa: float | None

    @property
    def reversal_rate(self) -> float | None:
        """Share of the confirmed that were taken back; None without any."""
        return self.reversed / self.confirmed if self.confirmed else None


def in_sample(case_id: str, share: float) -> bool:
    """Whether a case's first review is seen by a second person: by its name alone, so nobody can steer it."""
    digest = hashlib.sha256(f"second look {case_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def first_review(history: Sequence[Event]) -> Event | None:
    """The first decision of a person in a case, None before it."""
    return next((event for event in history if event.action in _FIRST), None)


def kappa(pairs: Iterable[tuple[str, str]]) -> float | None:
    """Cohen's kappa of pairs of verdicts; None without pairs, or where chance alone would always agree."""
    listed = list(pairs)
    if not listed:
        return None
    count = len(listed)
    left, right = Counter(a for a, _ in listed), Counter(b for _, b in listed)
    agreed = sum(a == b for a, b in listed) / count
    by_chance = sum(left[verdict] * right[verdict] for verdict in left) / count**2
    return None if by_chance == 1 else (agreed - by_chance) / (1 - by_chance)


def reviewers(
    histories: Mapping[str, Sequence[Event]], looks: Mapping[str, tuple[str, str]]
) -> dict[str, Reviewer]:
    """Each person's figures.

    Args:
        histories: the events of each case.
        looks: of each case looked at a second time, who looked and what he would have done.
    """
    took: dict[str, list[float]] = defaultdict(list)
    confirmed: Counter[str] = Counter()
    taken_back: Counter[str] = Counter()
    pairs: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for case_id, history in histories.items():
        entered_ms = history[0].at_ms if history else 0
        for event in history:
            if event.action in DECISIONS:
                took[event.actor].append((event.at_ms - entered_ms) / MS_PER_DAY)
            if event.to_state != event.from_state:
                entered_ms = event.at_ms
        first = first_review(history)
        if first is not None and case_id in looks:
            pairs[first.actor].append((first.action, looks[case_id][1]))
        if any(event.action == "confirm" for event in history):
            accusers = {event.actor for event in history if event.action in ("propose", "confirm")}
            confirmed.update(accusers)
            if history[-1].to_state == "reversed":
                taken_back.update(accusers)
    return {
        name: Reviewer(
            decisions=len(took[name]),
            median_days=median(took[name]) if took[name] else None,
            confirmed=confirmed[name],
            reversed=taken_back[name],
            looks=len(pairs[name]),
            kappa=kappa(pairs[name]),
        )
        for name in sorted(took)
    }
