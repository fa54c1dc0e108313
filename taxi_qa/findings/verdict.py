"""What a rule answers: full-length vectors, so that only the kit cuts.

A rule never filters its rows. It gets rows, gives back a `Verdict` of the same length, and
`rules/kit.py` makes the outcome of it: found, clean and cannot tell, which always add up to what
was examined.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from taxi_qa.values.columns import Values

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Verdict:
    """A rule's answer to every row it was given, in their order.

    Attributes:
        guilty: True where the row is found.
        measured: what was measured, in `unit`.
        allowed: what is allowed, in `unit`.
        unit: unit of both, one of `findings.evidence.UNITS`; a vector where rows differ in what was measured.
        cannot_tell: the missing input's name where the row cannot be judged, "" elsewhere; wins over
            `guilty`.
        trial: True where this row's finding is only a lead (one source, an unverified number).
        evidence: further measured values, one column a field of `findings.evidence.FIELDS`.
        leans_on: further law versions a row leaned on, joined by ";" (the kit adds those of the law
            columns the rule declared).
        sources: independent sources of each row joined by "+", where they differ from the rule's own.
        blameless: True where the act is the vehicle's or the company's: no driver is named.
    """

    guilty: Bools
    measured: npt.NDArray[np.float64]
    allowed: npt.NDArray[np.float64]
    unit: str | npt.NDArray[np.object_]
    cannot_tell: npt.NDArray[np.object_] | None = None
    trial: Bools | None = None
    evidence: Mapping[str, Values] = field(default_factory=dict)
    leans_on: npt.NDArray[np.object_] | None = None
    sources: npt.NDArray[np.object_] | None = None
    blameless: Bools | None = None
