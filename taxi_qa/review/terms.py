"""The desk's own numbers: days, shares and limits of the house (`data/house/review`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from taxi_qa.law.parameter import Law
from taxi_qa.values.clock import MS_PER_DAY

# Which number says how long a state may last; a state that is not here lasts.
_LASTS: Final = {
    "queued": "first_review_d",
    "quarantined": "quarantine_d",
    "proposed": "answer_d",
    "answered": "settled_d",
    "second_review": "second_review_d",
    "confirmed": "appeal_d",
    "appealed": "appeal_review_d",
}


@dataclass(frozen=True)
class Terms:
    """The house's numbers of one day.

    Attributes:
        lasts_ms: how long a case may stay in each state.
        extension_ms: what an extension adds.
        heavy_points: from so many points on an admitted case needs a second review, too.
        blind_share: which share of first reviews a second person sees.
        file_bytes, files: most bytes of an evidence file, most files of an answer.
    """

    lasts_ms: Mapping[str, int]
    extension_ms: int
    heavy_points: int
    blind_share: float
    file_bytes: int
    files: int


def terms_on(law: Law, at_ms: int) -> Terms:
    """The terms in force at an instant.

    Raises:
        KeyError: a number of the house is not in force then; names it.
    """

    def number(name: str) -> float:
        return law.number(f"house.review.{name}", at_ms)

    return Terms(
        lasts_ms={state: round(number(name) * MS_PER_DAY) for state, name in _LASTS.items()},
        extension_ms=round(number("extension_d") * MS_PER_DAY),
        heavy_points=round(number("second_review_points")),
        blind_share=number("blind_share"),
        file_bytes=round(number("file_bytes")),
        files=round(number("files")),
    )
