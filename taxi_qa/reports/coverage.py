"""What of the pledge is judged: by data, by people, or not at all; computed from what the rules declare."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from taxi_qa.law.pledge import Sentence, clauses_of
from taxi_qa.rules.kit import Rule

How = Literal["by data", "by data, as a lead", "by people", "index only", "not judged"]

# Kinds of record in which a person says what happened.
PEOPLE: Final = frozenset({"complaints", "inspections", "records", "commendations"})
HOW_ZH: Final[dict[How, str]] = {
    "by data": "数据判定",
    "by data, as a lead": "数据提示线索",
    "by people": "由人判定",
    "index only": "仅计入指数",
    "not judged": "不作判定",
}
NO_RULE: Final = "no rule yet"
NO_RULE_ZH: Final = "还没有规则"


@dataclass(frozen=True)
class Covered:
    """A sentence and who judges it.

    Attributes:
        sentence: of the pledge.
        how: the strongest way in which any rule judges it.
        rules: that do.
        needs: kinds of record they need, in the rules' order.
        absent: of these, the ones a home does not hold.
        why_not, why_not_zh: why nobody judges it, "" where somebody does.
    """

    sentence: Sentence
    how: How
    rules: tuple[Rule, ...]
    needs: tuple[str, ...]
    absent: tuple[str, ...]
    why_not: str
    why_not_zh: str


def coverage(
    sentences: Sequence[Sentence], rules: Sequence[Rule], held: Collection[str] | None = None
) -> list[Covered]:
    """Every sentence with the rules that judge it.

    Args:
        sentences: of the pledge.
        rules: the catalogue.
        held: kinds of record a home holds; None where no home is asked.

    Raises:
        ValueError: a rule serves a clause the pledge does not have.
    """
    of_clause: dict[str, list[Rule]] = {sentence.clause: [] for sentence in sentences}
    for rule in rules:
        for clause in clauses_of(rule.clause):
            if clause not in of_clause:
                raise ValueError(f"{rule.name} serves clause {clause}, which the pledge does not have")
            of_clause[clause].append(rule)
    return [_covered(sentence, tuple(of_clause[sentence.clause]), held) for sentence in sentences]


def _covered(sentence: Sentence, rules: tuple[Rule, ...], held: Collection[str] | None) -> Covered:
    needs = tuple(dict.fromkeys(kind for rule in rules for kind in rule.needs))
    absent = () if held is None else tuple(kind for kind in needs if kind not in held)
    why_not = "" if rules else sentence.not_judged or NO_RULE
    why_not_zh = "" if rules else sentence.not_judged_zh or NO_RULE_ZH
    return Covered(sentence, _how(rules), rules, needs, absent, why_not, why_not_zh)


def _how(rules: Sequence[Rule]) -> How:
    by_data = [rule for rule in rules if not PEOPLE.issuperset(rule.needs)]
    if any(rule.stage == "stable" for rule in by_data):
        return "by data"
    if any(rule.stage == "trial" for rule in by_data):
        return "by data, as a lead"
    if any(rule.stage != "index" for rule in rules):
        return "by people"
    return "index only" if rules else "not judged"


def coverage_markdown(covered: Sequence[Covered]) -> str:
    """The page: a row a sentence, and how many of each kind there are."""
    lines = [
        "# What of the pledge is judged",
        "",
        "Computed from what the rules declare by `scripts/write_catalogue.py`; do not edit.",
        "A finding is a lead until a person confirms it; *as a lead*: data alone never go further.",
        "",
        ", ".join(f"{HOW_ZH[how]} {how}: {count}" for how, count in counts(covered).items() if count),
        "",
        "| clause | promise | judged | by the rules | from |",
        "|---|---|---|---|---|",
    ]
    for one in covered:
        names = ", ".join(f"[`{rule.name}`](README.md)" for rule in one.rules) or one.why_not
        promise = f"{one.sentence.zh} · {one.sentence.en}"
        judged = f"{HOW_ZH[one.how]} · {one.how}"
        lines.append(f"| {one.sentence.clause} | {promise} | {judged} | {names} | {', '.join(one.needs)} |")
    return "\n".join(lines) + "\n"


def counts(covered: Sequence[Covered]) -> dict[How, int]:
    """How many sentences are judged in each way."""
    return {how: sum(one.how == how for one in covered) for how in HOW_ZH}


def coverage_figures(covered: Sequence[Covered]) -> list[dict[str, object]]:
    """The same as JSON knows it."""
    return [
        {
            "clause": one.sentence.clause,
            "zh": one.sentence.zh,
            "en": one.sentence.en,
            "judged": one.how,
            "rules": [rule.name for rule in one.rules],
            "needs": list(one.needs),
            "absent": list(one.absent),
            "why_not": one.why_not,
        }
        for one in covered
    ]
