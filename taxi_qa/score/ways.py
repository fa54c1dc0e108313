"""What would it take: the shortest ways from a score to the next better grade."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from taxi_qa.law.parameter import Law
from taxi_qa.score.entry import Line, Sum
from taxi_qa.score.scheme import SURE, Cycle, Scheme
from taxi_qa.values.clock import day_start_ms

_BONUS: Final = "credit.bonus."


@dataclass(frozen=True)
class Way:
    """One way to the next grade.

    Attributes:
        kind: `bonus` good deeds of one item; `appeal` entries that would have to be taken back;
            `new_cycle` wait for the day the count begins anew.
        grade: the grade it leads to.
        points: points that are missing.
        item: law path of a bonus, else "".
        times: how many of them.
        entry_ids: the entries of an appeal, the heaviest first.
        day: the first day of the new cycle, else None.
    """

    kind: Literal["bonus", "appeal", "new_cycle"]
    grade: str
    points: int
    item: str = ""
    times: int = 0
    entry_ids: tuple[int, ...] = ()
    day: int | None = None


def ways_up(
    summed: Sum, lines: Sequence[Line], scheme: Scheme, cycle: Cycle, law: Law, *, is_over: bool
) -> tuple[Way, ...]:
    """The ways to the next grade, the shortest of each kind; none from the best grade.

    Args:
        summed: what the entries make.
        lines: the entries and what became of them.
        scheme: the law of the cycle.
        cycle: the cycle.
        law: says what a good deed is worth on the cycle's last day; only sure values lead anywhere.
        is_over: whether the cycle has ended: then only an appeal leads anywhere.
    """
    better = next(((least, name) for least, name in scheme.grades if least > summed.score), None)
    if better is None:
        return ()
    least, grade = better
    # Below the floor points are still owed: 20 - 25 is 0 on paper, and needs 16 to reach 11.
    missing = least - summed.raw
    if is_over:
        return tuple(_appeal(missing, grade, lines))
    ways = [
        *_bonus(missing, grade, scheme.bonus_cap - summed.bonus, cycle, law),
        *_appeal(missing, grade, lines),
    ]
    if scheme.grade_of(scheme.base) != scheme.grade_of(summed.score):
        ways.append(Way("new_cycle", scheme.grade_of(scheme.base), missing, day=cycle.to_day + 1))
    return tuple(ways)


def _bonus(missing: int, grade: str, room: int, cycle: Cycle, law: Law) -> list[Way]:
    if room < missing:
        return []
    at_ms = day_start_ms(cycle.to_day, law.timezone)
    worth = {}
    for path in law.paths():
        version = law[path].on(at_ms) if path.startswith(_BONUS) else None
        if version is not None and version.certainty in SURE and isinstance(version.value, int | float):
            worth[path] = round(version.value)
    if not worth:
        return []
    item = max(sorted(worth), key=lambda path: worth[path])
    return [Way("bonus", grade, missing, item=item, times=-(-missing // worth[item]))]


def _appeal(missing: int, grade: str, lines: Sequence[Line]) -> list[Way]:
    lost = sorted(
        (line.entry for line in lines if line.status == "counts" and line.entry.points < 0),
        key=lambda entry: (entry.points, entry.entry_id),
    )
    restored, named = 0, []
    for entry in lost:
        if restored >= missing:
            break
        restored -= entry.points
        named.append(entry.entry_id)
    return [Way("appeal", grade, missing, entry_ids=tuple(named))] if named and restored >= missing else []
