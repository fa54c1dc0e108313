"""How often what a rule found was true: confirmed of reviewed, with an interval, and whether it is enough.

The share is looked at after every decision, and whoever looks often enough at a share of twenty sees a good
rule fail by chance. So what is followed is how many confirmed findings are missing to the floor's share, and
a rule falls when so many are. That is Wald's sequential test (Wald 1945, Annals of Mathematical Statistics
16, 117-186) of a good rule against a bad one, their shares such that the floor is the slope between them. A
rule may have been good for a year and break by a new map; so a good past counts only up to the same number,
as in the cumulative sums of Page (1954, Biometrika 41, 100-115) for shares (Reynolds and Stoumbos 1999,
Journal of Quality Technology 31, 87-108). The price: within thousands of decisions a good rule falls, too,
some time (one right in 0.90 about once in 90,000).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from scipy import special

# The interval leaves a twentieth out at either end.
_TAIL: Final = 0.05


@dataclass(frozen=True)
class Label:
    """The live precision of a rule.

    Attributes:
        rule: which.
        reviewed: findings a person has decided over, since the rule is counted.
        confirmed: those that held, appeals included.
        share: confirmed of reviewed, None where nothing was reviewed.
        low, high: 90 % interval of the true share (Jeffreys: beta with half a finding more on either side;
            Brown, Cai and DasGupta 2001, Statistical Science 16, 101-133); 0 and 1 where nothing was.
        fell: when and by what it fell back, None while it has not: until somebody says otherwise its
            findings are leads and cost nothing.
    """

    rule: str
    reviewed: int
    confirmed: int
    share: float | None
    low: float
    high: float
    fell: "Fall | None"

    @property
    def has_fallen(self) -> bool:
        """Whether it has fallen back."""
        return self.fell is not None


@dataclass(frozen=True)
class Asked:
    """What is asked of a rule.

    Attributes:
        floor: the share of reviewed findings that must hold.
        least: so many must have been reviewed before it can fall.
        short: it falls when so many fewer hold than the floor asks for; a good past outweighs as many.
    """

    floor: float
    least: int
    short: float


@dataclass(frozen=True)
class Fall:
    """The moment a rule fell back: enough were reviewed, and too few of them held.

    Attributes:
        at_ms: of the decision that made it fall.
        confirmed, reviewed: of the latest decisions, those since it last stood best: how many said that the
            finding holds, and how many there were.
    """

    at_ms: int
    confirmed: int
    reviewed: int


@dataclass(frozen=True)
class Decided:
    """What was decided over a case.

    Attributes:
        at_ms: when.
        case_id: over which.
        held: whether the finding held; None where that says nothing of the rule.
        asked: what was asked of the rule then.
    """

    at_ms: int
    case_id: str
    held: bool | None
    asked: Asked


def short_after(short: float, confirmed: int, reviewed: int, asked: Asked) -> float:
    """How many confirmed findings are missing to the floor's share after one more decision.

    Args:
        short: before it; negative where more held than are asked for.
        confirmed, reviewed: what it added to either (a second decision over a case may take some away).
        asked: of the rule at that moment.
    """
    # Rounded: a fifth added fifteen times is to be three.
    return round(max(short + asked.floor * reviewed - confirmed, -asked.short), 9)


def has_to_fall(short: float, reviewed: int, asked: Asked) -> bool:
    """Whether a rule falls that is so much short after so many were reviewed."""
    return reviewed >= asked.least and short >= asked.short


def label(rule: str, decisions: Iterable[Decided]) -> Label:
    """The label of a rule.

    Args:
        rule: which.
        decisions: in the order in which they were taken; of several over one case the last counts.

    Once it has fallen it stays so, whatever is decided later; only a count begun anew lets it rise.
    """
    last: dict[str, bool | None] = {}
    confirmed = reviewed = 0
    # Of the decisions since it last stood best.
    lately = [0, 0]
    short, fell = 0.0, None
    for one in decisions:
        before = last.get(one.case_id)
        more = int(one.held is True) - int(before is True)
        more_reviewed = int(one.held is not None) - int(before is not None)
        last[one.case_id] = one.held
        confirmed, reviewed = confirmed + more, reviewed + more_reviewed
        if one.held is not None:
            lately = [lately[0] + int(one.held), lately[1] + 1]
        short = short_after(short, more, more_reviewed, one.asked)
        if fell is None and has_to_fall(short, reviewed, one.asked):
            fell = Fall(one.at_ms, lately[0], lately[1])
        if short <= -one.asked.short:
            lately = [0, 0]
    share = confirmed / reviewed if reviewed else None
    wrong = reviewed - confirmed
    low = float(special.betaincinv(confirmed + 0.5, wrong + 0.5, _TAIL)) if confirmed else 0.0
    high = float(special.betaincinv(confirmed + 0.5, wrong + 0.5, 1 - _TAIL)) if wrong else 1.0
    return Label(rule, reviewed, confirmed, share, low, high, fell)
