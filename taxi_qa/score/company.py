"""A company's rating in outline: what data fill and what people enter; never a total half guessed.

The law gives 1000 points over dimensions and up to 100 more (credit.company). What a dimension costs for what
share of AA drivers or of complaints was never seen, so data fill measures, not points: points are entered by
people, with their proof, and a total stands only where every dimension has them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from taxi_qa.law.parameter import Certainty, Law
from taxi_qa.score.standing import Standing
from taxi_qa.values.clock import day_start_ms

_PER_TRIPS: Final = 10_000
_TOP_GRADES: Final = ("AAA", "AA")
_LOWEST: Final = "B"
BONUS: Final = "bonus"
# The dimension a measure speaks for (the law's classes of 2011).
SPEAKS_FOR: Final[dict[str, str]] = {
    "aa_share": "service",
    "lowest_share": "service",
    "confirmed_per_10k_trips": "conduct",
    "sla.first_reply": "service",
    "sla.closing": "service",
    "sla.satisfaction": "service",
    "sla.equipment": "safety",
    "sla.delay": "safety",
}
Answer = Literal["found", "cannot_tell", "none_found", "not_examined"]


class EnteredError(Exception):
    """What people entered can't be; the message says which and what was expected."""


@dataclass(frozen=True)
class Entered:
    """Points somebody gave a dimension.

    Attributes:
        dimension: its name in the law's table, or `bonus`.
        points: how many of those it can bring.
        by: who.
        proof: what they rest on.
    """

    dimension: str
    points: int
    by: str
    proof: str


@dataclass(frozen=True)
class Dimension:
    """One class of the law's table.

    Attributes:
        name: of the table.
        most: points it can bring, None where nobody has seen the number.
        measures: names of the measures that speak for it.
        entered: what people gave, None where nobody has.
    """

    name: str
    most: int | None
    measures: tuple[str, ...]
    entered: Entered | None


@dataclass(frozen=True)
class Rating:
    """A company over some days.

    Attributes:
        company_id: which.
        from_day, to_day: city days, both included.
        drivers: in its register, assessed or not.
        grades: how many assessed drivers have each grade.
        aa_share: of assessed drivers, those at AA or better; None without any.
        lowest_share: of assessed drivers, those at the lowest grade; None without any.
        trips: metered trips of its cars.
        confirmed: confirmed cases of its drivers that no appeal took back.
        confirmed_per_10k_trips: None without trips: no data is no clean record.
        sla: what the company-month rules say, by rule.
        dimensions: of the law in force on the last day.
        total: of all dimensions and bonus, None while any of them lacks points.
        most: what the total can be.
        certainty: of the table.
    """

    company_id: str
    from_day: int
    to_day: int
    drivers: int
    grades: Mapping[str, int]
    aa_share: float | None
    lowest_share: float | None
    trips: int
    confirmed: int
    confirmed_per_10k_trips: float | None
    sla: Mapping[str, Answer]
    dimensions: tuple[Dimension, ...]
    total: int | None
    most: int | None
    certainty: Certainty | None


def rating(
    company_id: str,
    span: tuple[int, int],
    standings: Sequence[Standing],
    law: Law,
    *,
    trips: int,
    confirmed: int,
    sla: Mapping[str, Answer],
    entered: Sequence[Entered] = (),
) -> Rating:
    """The rating of a company in outline.

    Args:
        company_id: which.
        span: first and last city day.
        standings: of all drivers; those of other companies are left out.
        law: of the place.
        trips: metered trips of its cars in the span.
        confirmed: confirmed cases in the span.
        sla: answers of the company-month rules.
        entered: what people gave.

    Raises:
        EnteredError: points for no dimension of the law, twice for one, more than it has, or without proof.
    """
    own = [one for one in standings if one.company_id == company_id]
    grades = Counter(one.grade for one in own if one.assessed)
    assessed = grades.total()
    version = law["credit.company.dimensions"].on(day_start_ms(span[1], law.timezone))
    table = version.value if version is not None and isinstance(version.value, Mapping) else {}
    weights = {str(name): round(float(value)) for name, value in table.items()}
    bonus_most = round(law.number("credit.company.bonus_cap", day_start_ms(span[1], law.timezone)))
    given = _given(entered, weights, bonus_most)
    names = tuple(weights) or tuple(sorted(set(SPEAKS_FOR.values())))
    dimensions = tuple(
        Dimension(
            name, weights.get(name), tuple(m for m, of in SPEAKS_FOR.items() if of == name), given.get(name)
        )
        for name in names
    )
    complete = weights and all(one.entered is not None for one in dimensions)
    points = [one.points for one in given.values()]
    return Rating(
        company_id=company_id, from_day=span[0], to_day=span[1], drivers=len(own), grades=dict(grades),
        aa_share=sum(grades[name] for name in _TOP_GRADES) / assessed if assessed else None,
        lowest_share=grades[_LOWEST] / assessed if assessed else None,
        trips=trips, confirmed=confirmed,
        confirmed_per_10k_trips=confirmed * _PER_TRIPS / trips if trips else None,
        sla=dict(sla), dimensions=dimensions, total=sum(points) if complete else None,
        most=sum(weights.values()) + bonus_most if weights else None,
        certainty=None if version is None else version.certainty,
    )  # fmt: skip


def _given(entered: Sequence[Entered], weights: Mapping[str, int], bonus_most: int) -> dict[str, Entered]:
    most = {**weights, BONUS: bonus_most}
    found: dict[str, Entered] = {}
    for one in entered:
        if one.dimension not in most:
            raise EnteredError(f"{one.dimension!r} is no dimension of the law then; known: {', '.join(most)}")
        if one.dimension in found:
            raise EnteredError(f"{one.dimension} is entered twice")
        if not 0 <= one.points <= most[one.dimension]:
            raise EnteredError(f"{one.dimension}: {one.points} points, expected 0 to {most[one.dimension]}")
        if not one.by.strip() or not one.proof.strip():
            raise EnteredError(f"{one.dimension}: who entered it and what it rests on must be given")
        found[one.dimension] = one
    return found
