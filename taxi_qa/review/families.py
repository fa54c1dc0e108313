"""Which rules may speak of one act: data, strictly read."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from taxi_qa.law import strict
from taxi_qa.law.strict import BadLaw
from taxi_qa.paths import shipped

_FILE: Final = "desk/act_families.yaml"


@cache
def act_families() -> Mapping[str, str]:
    """The family of each rule, "" for rules whose findings make no case.

    Raises:
        BadLaw: the file is not as it should be; names the key and what was expected.
    """
    shown = f"data/{_FILE}"
    content = strict.load(shipped("data") / _FILE, shown)
    said = strict.keys(shown, "the file", content, {"title", "reason", "families", "no_case"}, set())
    families = said["families"]
    if not isinstance(families, dict):
        raise BadLaw(f"{shown}: families: expected names with lists of rules")
    found: dict[str, str] = {}
    for family, rules in [*families.items(), ("", said["no_case"])]:
        where = str(family) or "no_case"
        if not isinstance(rules, list):
            raise BadLaw(f"{shown}: {where}: expected a list of rules")
        for one in rules:
            name = strict.text(shown, where, one)
            if name in found:
                raise BadLaw(f"{shown}: {where}: {name} stands twice")
            found[name] = str(family)
    return found
