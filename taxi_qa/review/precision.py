"""The live precision of every rule, by what people decided; a rule that is wrong too often falls back.

A case is judged once, by the last that was decided: an appeal that was upheld outweighs the confirmation.
Duplicates say nothing of the rule, nor does time that ran out. A rule that has fallen back stays a lead until
somebody counts it anew, with a reason; what is confirmed meanwhile (cases of another rule it has joined, or
proposed before) does not raise it. When it fell is told by the decisions themselves, which nobody can change.
Leads are never confirmed, so rules on trial have no label.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
import pandas as pd

from taxi_qa.law.parameter import Law
from taxi_qa.review.states import REASONS, RefusedError
from taxi_qa.rules.kit import catalogue
from taxi_qa.score.precision import Asked, Decided, Label, label
from taxi_qa.store import tickets as kept
from taxi_qa.store.engine import transaction
from taxi_qa.store.home import Home

_SAYS_NOTHING: Final = frozenset({"duplicate"})


def labels(home: Home, law: Law) -> dict[str, Label]:
    """The label of each rule over which anything was decided.

    Args:
        home: where.
        law: its house settings.
    """
    with home.engine.connect() as connection:
        since = kept.counted_since(connection)
        frame = kept.decisions(connection)
    stable = {name for name, rule in catalogue().items() if rule.stage == "stable"}
    of_rule: dict[str, list[Decided]] = {}
    columns = (frame[name].tolist() for name in ("rule", "case_id", "at_ms", "action", "reason"))
    asked = asked_at(law, frame["at_ms"].tolist())
    for rule, case_id, decided_ms, action, reason, then in zip(*columns, asked, strict=True):
        if rule not in stable or decided_ms <= since.get(rule, -1):
            continue
        held = None if reason in _SAYS_NOTHING else action == "confirm"
        of_rule.setdefault(rule, []).append(Decided(decided_ms, case_id, held, then))
    told = {rule: label(rule, said) for rule, said in sorted(of_rule.items())}
    return {rule: one for rule, one in told.items() if one.reviewed or one.has_fallen}


def asked_at(law: Law, instants_ms: Sequence[int]) -> list[Asked]:
    """What the house asked of a rule at each instant: a setting that is changed moves no earlier decision."""
    at = np.asarray(instants_ms, dtype=np.int64)
    names = ("precision_floor", "precision_reviewed_n", "precision_short_n")
    floor, least, short = (law[f"house.review.{name}"].at(at).tolist() for name in names)
    return [Asked(*one) for one in zip(floor, map(round, least), short, strict=True)]


def fallen(home: Home, law: Law) -> frozenset[str]:
    """The stable rules that have fallen back to trial."""
    return frozenset(name for name, one in labels(home, law).items() if one.has_fallen)


def staged(frames: Iterable[pd.DataFrame], leads: frozenset[str]) -> Iterator[pd.DataFrame]:
    """Findings with the stage they have by now: those of a rule that has fallen back are leads.

    Args:
        frames: with columns `rule` and `stage`; changed in place.
        leads: the rules that have fallen.
    """
    for frame in frames:
        if leads:
            frame.loc[frame["rule"].isin(leads) & (frame["stage"] == "stable"), "stage"] = "trial"
        yield frame


def count_anew(home: Home, rule: str, at_ms: int, actor: str, reason: str, note: str) -> None:
    """Count a rule's decisions from now on only: its precision begins anew, and it is no lead any more.

    Raises:
        states.RefusedError: no such rule, no reason, or nobody says it.
    """
    if rule not in catalogue():
        raise RefusedError(f"no rule is called {rule}; `taxi-qa rules` lists them")
    if not actor.strip() or not note.strip():
        raise RefusedError("who says it and why (--by, --note) must be given")
    if reason not in REASONS:
        raise RefusedError(f"{reason!r} is no reason for it; known: {', '.join(sorted(REASONS))}")
    with transaction(home.engine) as connection:
        said = {"rule": rule, "at_ms": at_ms, "actor": actor, "reason": reason, "note": note}
        kept.mark_rule(connection, said)
