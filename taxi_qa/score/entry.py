"""Lines of the ledger as they are summed up: what counts, what was taken back, what is only noted."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import pandas as pd

from taxi_qa.findings.ledger_line import ENTRY_COLUMNS
from taxi_qa.score.scheme import Scheme

Status = Literal["counts", "over_cap", "reversed", "reversal", "observation"]

_TEXTS: Final = ("driver_id", "kind", "item", "case_id", "rule", "decider", "leans_on", "certainty")
_READ: Final = tuple(name for name in ENTRY_COLUMNS if name != "seal")
_NONE: Final = -1


class Entry(NamedTuple):
    """A line of the ledger without its seal; see `findings.ledger_line.ENTRY_COLUMNS`."""

    entry_id: int
    driver_id: str
    kind: str
    item: str
    case_id: str
    rule: str
    points: int
    act_day: int
    decided_ms: int
    decider: str
    leans_on: str
    certainty: str
    reverses: int | None


@dataclass(frozen=True)
class Line:
    """An entry and what became of it.

    Attributes:
        entry: the line of the ledger.
        status: `counts`; `over_cap` a bonus of which nothing fits under the cap any more; `reversed` taken
            back by a later line; `reversal` that line; `observation` noted, never counted.
    """

    entry: Entry
    status: Status


@dataclass(frozen=True)
class Sum:
    """What the entries of a cycle make.

    Attributes:
        deductions: points lost, 0 or below.
        bonus: points won, as far as the cap lets them count.
        raw: base + bonus + deductions, before the lowest score there is holds it up.
        score: within the floor and base + cap.
    """

    deductions: int
    bonus: int
    raw: int
    score: int


def entries_by_driver(frame: pd.DataFrame) -> dict[str, list[Entry]]:
    """The ledger's lines of each driver, in its order.

    Args:
        frame: a row a line in `ENTRY_COLUMNS` (`store.ledger.entries`).
    """
    columns = [
        frame[name].fillna("" if name in _TEXTS else _NONE).astype("str" if name in _TEXTS else "int64")
        for name in _READ
    ]
    found: dict[str, list[Entry]] = defaultdict(list)
    for values in zip(*(column.tolist() for column in columns), strict=True):
        entry = Entry._make(values)
        found[entry.driver_id].append(entry if entry.reverses != _NONE else entry._replace(reverses=None))
    for lines in found.values():
        lines.sort(key=lambda entry: entry.entry_id)
    return dict(found)


def lines_of(entries: Sequence[Entry], scheme: Scheme) -> tuple[Line, ...]:
    """What became of each entry of a cycle, in the order given."""
    taken_back = {entry.reverses for entry in entries if entry.reverses is not None}
    room = scheme.bonus_cap
    lines = []
    for entry in entries:
        status: Status = "counts"
        if entry.reverses is not None:
            status = "reversal"
        elif entry.entry_id in taken_back:
            status = "reversed"
        elif entry.points == 0:
            status = "observation"
        elif entry.points > 0:
            if room <= 0:
                status = "over_cap"
            room -= entry.points
        lines.append(Line(entry, status))
    return tuple(lines)


def summed(entries: Sequence[Entry], scheme: Scheme) -> Sum:
    """The score the entries of a cycle make; their order is of no account.

    A reversal restores on the side on which it was lost: a bonus taken back gives room under the cap.
    """
    won = {entry.entry_id for entry in entries if entry.points > 0 and entry.reverses is None}
    given = sum(entry.points for entry in entries if entry.entry_id in won or entry.reverses in won)
    deductions = sum(entry.points for entry in entries) - given
    bonus = min(given, scheme.bonus_cap)
    raw = scheme.base + bonus + deductions
    return Sum(deductions, bonus, raw, max(scheme.floor, min(scheme.top, raw)))
