"""How often what a rule found was true: confirmed of reviewed, with an interval, and whether it is enough."""

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
class Fall:
    """The moment a rule fell back: enough were reviewed, and too few of them held.

    Attributes:
        at_ms: of the decision that made it fall.
        confirmed, reviewed: how it stood then.
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
    """

    at_ms: int
    case_id: str
    held: bool | None


def label(rule: str, decisions: Iterable[Decided], *, floor: float, least: int) -> Label:
    """The label of a rule.

    Args:
        rule: which.
        decisions: in the order in which they were taken; of several over one case the last counts.
        floor: the least share that must hold.
        least: so many must have been reviewed before a share says anything.

    The share is looked at after every decision: once it was too small the rule has fallen, whatever is
    decided later (only a count begun anew lets it rise).
    """
    last: dict[str, bool | None] = {}
    confirmed = reviewed = 0
    fell = None
    for one in decisions:
        before = last.get(one.case_id)
        confirmed += int(one.held is True) - int(before is True)
        reviewed += int(one.held is not None) - int(before is not None)
        last[one.case_id] = one.held
        if fell is None and reviewed >= least and confirmed < floor * reviewed:
            fell = Fall(one.at_ms, confirmed, reviewed)
    share = confirmed / reviewed if reviewed else None
    wrong = reviewed - confirmed
    low = float(special.betaincinv(confirmed + 0.5, wrong + 0.5, _TAIL)) if confirmed else 0.0
    high = float(special.betaincinv(confirmed + 0.5, wrong + 0.5, 1 - _TAIL)) if wrong else 1.0
    return Label(rule, reviewed, confirmed, share, low, high, fell)
