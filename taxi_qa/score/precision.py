"""How often what a rule found was true: confirmed of reviewed, with an interval, and whether it is enough."""

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
        has_fallen: enough were reviewed, and too few held: until somebody says otherwise its findings are
            leads and cost nothing.
    """

    rule: str
    reviewed: int
    confirmed: int
    share: float | None
    low: float
    high: float
    has_fallen: bool


def label(rule: str, confirmed: int, reviewed: int, *, floor: float, least: int) -> Label:
    """The label of a rule.

    Args:
        rule: which.
        confirmed: findings that held.
        reviewed: findings decided over, at least as many.
        floor: the least share that must hold.
        least: so many must have been reviewed before a share says anything.
    """
    share = confirmed / reviewed if reviewed else None
    wrong = reviewed - confirmed
    low = float(special.betaincinv(confirmed + 0.5, wrong + 0.5, _TAIL)) if confirmed else 0.0
    high = float(special.betaincinv(confirmed + 0.5, wrong + 0.5, 1 - _TAIL)) if wrong else 1.0
    has_fallen = share is not None and reviewed >= least and share < floor
    return Label(rule, reviewed, confirmed, share, low, high, has_fallen)
