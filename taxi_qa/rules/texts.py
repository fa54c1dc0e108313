"""What each rule says, in parts and in both languages: of its docstring, and of the Chinese kept beside it.

The docstring stands where the rule is changed, so it leads. The Chinese of a family of rules is a file of
`rules/zh/`; each text names the English it was made from (`english`, the first digits of its SHA-256), and a
test fails where the English has changed since: then the Chinese is to be read again.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from taxi_qa.law.strict import load
from taxi_qa.rules.kit import DOC_PARTS, Rule

_FOLDER: Final = Path(__file__).parent / "zh"
_DIGITS: Final = 8


@dataclass(frozen=True)
class RuleText:
    """A rule in one language.

    Attributes:
        says: what is found, in one sentence.
        more: how it is judged, "" where that sentence is all.
        why: why it matters, with the clause of the pledge.
        evidence: what a finding shows.
        cannot_tell: what leaves the answer open.
        looks_like: what looks like it, but is not.
    """

    says: str
    more: str
    why: str
    evidence: str
    cannot_tell: str
    looks_like: str


_PARTS: Final = ("why", "evidence", "cannot_tell", "looks_like")


def english(rule: Rule) -> RuleText:
    """The docstring, cut into its parts."""
    # What stands before the first heading may go on behind a part, after an empty line.
    parts: dict[str, list[str]] = {name: [] for name in ("more", *_PARTS)}
    inside = "more"
    for line in (one.strip() for one in rule.doc.splitlines()[1:]):
        heading = next((one for one in DOC_PARTS if line.startswith(one)), "")
        if heading:
            inside = _PARTS[DOC_PARTS.index(heading)]
        elif not line:
            inside = "more"
        parts[inside].append(line.removeprefix(heading).strip())
    told = {name: " ".join(one for one in lines if one) for name, lines in parts.items()}
    return RuleText(says=rule.title_en + ".", **told)


def chinese(rule: Rule) -> RuleText:
    """The same in Chinese.

    Raises:
        LookupError: nobody has written it yet.
    """
    told = dict(_of_family(rule.name.partition(".")[0])[rule.name])
    told.pop("english", None)
    return RuleText(**{"more": "", **told})


def made_from(rule: Rule) -> str:
    """Of which English text the Chinese was made, as `digest` has it; "" where it does not say."""
    return _of_family(rule.name.partition(".")[0]).get(rule.name, {}).get("english", "")


def digest(rule: Rule) -> str:
    """The first digits of the SHA-256 of the English text, its line breaks left out."""
    return hashlib.sha256(" ".join(rule.doc.split()).encode()).hexdigest()[:_DIGITS]


@cache
def _of_family(family: str) -> dict[str, dict[str, str]]:
    path = _FOLDER / f"{family}.yaml"
    told = load(path, f"rules/zh/{path.name}")
    return {
        str(name): {str(part): str(text) for part, text in parts.items()}
        for name, parts in told.items()
        if isinstance(parts, dict)
    }
