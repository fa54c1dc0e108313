"""What a confirmed act makes of the ledger: the law's item of the act's day, or an observation."""

from collections.abc import Mapping
from functools import cache
from typing import Final

import numpy as np

from taxi_qa.law import strict
from taxi_qa.law.parameter import Certainty, Law
from taxi_qa.law.strict import BadLaw
from taxi_qa.paths import shipped
from taxi_qa.review.desk import Charge, Confirmed
from taxi_qa.values.clock import city_day

_FILE: Final = "desk/items.yaml"
# Only what the law itself, or an exam on it, was read to say may move a score.
_SURE: Final = (Certainty.QUOTED, Certainty.BANK)


@cache
def items() -> Mapping[str, str]:
    """The law path of each rule's item; rules without one are not there.

    Raises:
        BadLaw: the file is not as it should be; names the key and what was expected.
    """
    return _listed()["items"]


@cache
def without_item() -> Mapping[str, str]:
    """Why a rule has no item, for each rule that has none.

    Raises:
        BadLaw: as `items`.
    """
    return _listed()["none"]


@cache
def _listed() -> dict[str, dict[str, str]]:
    shown = f"data/{_FILE}"
    content = strict.load(shipped("data") / _FILE, shown)
    file = strict.keys(shown, "the file", content, {"title", "reason", "items", "none"}, set())
    found: dict[str, dict[str, str]] = {"items": {}, "none": {}}
    for part, of_rule in found.items():
        listed = file[part]
        if not isinstance(listed, dict):
            raise BadLaw(f"{shown}: {part}: expected law paths or reasons with lists of rules")
        for named, rules in listed.items():
            if not isinstance(rules, list):
                raise BadLaw(f"{shown}: {named}: expected a list of rules")
            for one in rules:
                rule = strict.text(shown, str(named), one)
                if any(rule in other for other in found.values()):
                    raise BadLaw(f"{shown}: {named}: {rule} stands twice")
                of_rule[rule] = str(named)
    return found


def charge_by(law: Law) -> Charge:
    """Charges by this law: values of `ENTRY_COLUMNS` without number and seal."""

    def charge(act: Confirmed) -> Mapping[str, object]:
        path = items().get(act.rule, "")
        parameter = law.get(path) if path else None
        version = None if parameter is None else parameter.on(act.act_ms)
        points = 0
        if version is not None and version.certainty in _SURE and isinstance(version.value, int | float):
            points = round(version.value)
        return {
            "driver_id": act.driver_id,
            "kind": "observation" if points == 0 else "deduction" if points < 0 else "bonus",
            "item": path,
            "case_id": act.case_id,
            "rule": act.rule,
            "points": points,
            "act_day": int(city_day(np.array([act.act_ms], dtype=np.int64), law.timezone)[0]),
            "decided_ms": act.decided_ms,
            "decider": act.decider,
            "leans_on": "" if version is None else version.name,
            "certainty": "" if version is None else str(version.certainty),
            "reverses": None,
        }

    return charge


def weights_on(law: Law, at_ms: int) -> dict[str, float]:
    """How heavy each rule's item is on that day (points, sure or not): tells the heaviest rule of a case."""
    found = {}
    for rule, path in items().items():
        version = law[path].on(at_ms) if path in law else None
        if version is not None and isinstance(version.value, int | float):
            found[rule] = abs(float(version.value))
    return found
