"""The pledge, sentence by sentence: what is promised, in the order of its text."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from taxi_qa.law import strict
from taxi_qa.law.strict import BadLaw
from taxi_qa.paths import shipped

_FILE: Final = "pledge/taxi.yaml"


@dataclass(frozen=True)
class Sentence:
    """A sentence of the pledge.

    Attributes:
        clause: its number, 五.7; a heading has only the first part.
        zh, en: what it promises.
        not_judged, not_judged_zh: why no rule judges it, "" where rules may.
    """

    clause: str
    zh: str
    en: str
    not_judged: str
    not_judged_zh: str


@cache
def pledge() -> tuple[Sentence, ...]:
    """All sentences, in order.

    Raises:
        BadLaw: the file is not as it should be; names the sentence and what was expected.
    """
    shown = f"data/{_FILE}"
    content = strict.keys(
        shown, "the file", strict.load(shipped("data") / _FILE, shown), {"title", "sentences"}, set()
    )
    listed = content["sentences"]
    if not isinstance(listed, list) or not listed:
        raise BadLaw(f"{shown}: sentences: expected a list of sentences")
    found: dict[str, Sentence] = {}
    for number, one in enumerate(listed, 1):
        where = f"sentence {number}"
        said = strict.keys(shown, where, one, {"clause", "zh", "en"}, {"not_judged", "not_judged_zh"})
        if ("not_judged" in said) != ("not_judged_zh" in said):
            raise BadLaw(f"{shown}: {where}: not_judged and not_judged_zh: expected both or neither")
        sentence = Sentence(
            **{name: strict.text(shown, f"{where}: {name}", said[name]) for name in ("clause", "zh", "en")},
            **{
                name: strict.text(shown, f"{where}: {name}", said[name]) if name in said else ""
                for name in ("not_judged", "not_judged_zh")
            },
        )
        if sentence.clause in found:
            raise BadLaw(f"{shown}: {where}: the clause {sentence.clause} stands twice")
        found[sentence.clause] = sentence
    return tuple(found.values())


def clauses_of(declared: str) -> tuple[str, ...]:
    """The clauses a rule declares: `六.5, 七` are two, `七.2–3` are two, `五.8–10` three.

    Raises:
        ValueError: what is declared is no list of clauses.
    """
    found: list[str] = []
    for one in declared.split(","):
        chapter, dot, number = one.strip().partition(".")
        first, dash, last = number.partition("–")
        if not chapter or (dot and not first.isdigit()) or (dash and not last.isdigit()):
            raise ValueError(f"no list of clauses: {declared!r}; expected 五.7 or 六.5, 七 or 七.2–3")
        if not dot:
            found.append(chapter)
            continue
        found += [f"{chapter}.{at}" for at in range(int(first), int(last or first) + 1)]
    return tuple(found)
