"""Where a driver stands: his entries of a cycle summed up, his grade, and what follows from it.

A sum has no order: which decision came first never changes a score. What an appeal restores counts in the
cycle it cost, whenever the appeal was decided.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from taxi_qa.law.parameter import Certainty, Law
from taxi_qa.score.entry import Entry, Line, Sum, entries_by_driver, lines_of, summed
from taxi_qa.score.scheme import (
    LOW_TWICE,
    LOWEST_AGAIN,
    SHORT,
    TRAINING,
    Cycle,
    Scheme,
    cycle_at,
    cycle_without_register,
    scheme_on,
    whole_months,
)
from taxi_qa.score.ways import Way, ways_up
from taxi_qa.values.clock import city_day, day_of, day_start_ms

WhyNot = Literal["", "not_registered", "not_in_register", "no_scheme"]
Listing = Literal["lowest_grade_again", "low_score_twice"]

_REGISTER: Final = ("driver_id", "company_id", "registered_from_day", "registered_to_day")


@dataclass(frozen=True)
class Standing:
    """Where one driver stood at the end of a day.

    Attributes:
        driver_id: who.
        company_id: his company in the register, "" where he is not in it.
        cycle: its name, "" where there is none.
        from_day, to_day: its first and last city day (0 and -1 where there is none).
        scheme: first day of the law version of its grades, "" where there is none.
        assessed: whether he gets a grade.
        why_not: why he gets none.
        base: points everybody begins with.
        deductions: points lost, 0 or below.
        bonus: points won, after the cap.
        score: what they make.
        grade: "" where he is not assessed.
        uncapped_grade: the grade without the cap of a short registration.
        cap_is_sure: whether that cap stands in law somebody read.
        registered_months: whole months of the cycle in which he is registered.
        training_due_day: by when he must have been trained, None where he must not.
        training_h: class hours of it.
        training_is_sure: whether trigger, hours and days stand in law somebody read.
        bad_record: why he comes on the list of bad records, by law that is sure.
        bad_record_unsure: why he would, if law that nobody could confirm were so: shown, never applied.
        certainty: how sure each law version is that was leaned on, by its name.
        lines: his entries of the cycle in the ledger's order, with what became of each.
        moved: entry_ids that count, the heaviest first.
        ways: what would it take.
    """

    driver_id: str
    company_id: str
    cycle: str
    from_day: int
    to_day: int
    scheme: str
    assessed: bool
    why_not: WhyNot
    base: int
    deductions: int
    bonus: int
    score: int
    grade: str
    uncapped_grade: str
    cap_is_sure: bool
    registered_months: int
    training_due_day: int | None
    training_h: int
    training_is_sure: bool
    bad_record: tuple[Listing, ...]
    bad_record_unsure: tuple[Listing, ...]
    certainty: Mapping[str, Certainty]
    lines: tuple[Line, ...]
    moved: tuple[int, ...]
    ways: tuple[Way, ...]

    @property
    def capped(self) -> bool:
        """Whether a short registration costs him a grade."""
        return self.grade != self.uncapped_grade

    @property
    def observations(self) -> int:
        """How many confirmed acts were noted and cost nothing."""
        return sum(line.status == "observation" for line in self.lines)


def standings(
    entries: pd.DataFrame, drivers: pd.DataFrame, law: Law, *, as_of_day: int, cycle: int | None = None
) -> list[Standing]:
    """Where every driver stood at the end of a city day.

    Args:
        entries: the ledger (`ENTRY_COLUMNS`); what was decided after the day is left out.
        drivers: the register: driver_id, company_id, registered_from_day, registered_to_day (missing: still
            registered); once each.
        law: of the place.
        as_of_day: the city day.
        cycle: the cycle that holds 31 December of this year; the one that holds the day by default.

    Returns:
        Sorted by driver_id: who is in the register, or in the ledger.
    """
    until_ms = day_start_ms(as_of_day + 1, law.timezone)
    by_driver = entries_by_driver(entries[entries["decided_ms"].astype("int64") < until_ms])
    by_driver.pop("", None)  # acts of a car or a company are nobody's score
    asked_day = as_of_day if cycle is None else day_of(dt.date(cycle, 12, 31))
    count = CityCount(law, as_of_day, asked_day)
    found = []
    registered = drivers[list(_REGISTER)].sort_values("driver_id")
    for driver_id, company_id, first, last in zip(
        registered["driver_id"].astype("str").tolist(),
        registered["company_id"].fillna("").astype("str").tolist(),
        registered["registered_from_day"].astype("int64").tolist(),
        [None if pd.isna(day) else int(day) for day in registered["registered_to_day"]],
        strict=True,
    ):
        his = by_driver.pop(driver_id, [])
        found.append(count.registered(driver_id, company_id, first, last, his))
    found += [count.unregistered(driver_id, his) for driver_id, his in by_driver.items()]
    return sorted(found, key=lambda one: one.driver_id)


class CityCount:
    """The law and the days by which a whole city is counted; what is the same for many is made once."""

    def __init__(self, law: Law, as_of_day: int, asked_day: int) -> None:
        """Begin a count.

        Args:
            law: of the place.
            as_of_day: the city day at whose end everybody stands; later entries must have been left out.
            asked_day: the cycle that holds this day is counted.
        """
        self._law = law
        self._as_of_day = as_of_day
        self._asked_day = asked_day
        self._schemes: dict[int, Scheme | None] = {}
        self._cycles: dict[tuple[int, int], Cycle | None] = {}

    def registered(
        self, driver_id: str, company_id: str, first: int, last: int | None, entries: Sequence[Entry]
    ) -> Standing:
        """The standing of somebody in the register, from his first to his last day (None: still)."""
        cycle = self._cycle(self._asked_day, first)
        if cycle is None or (last is not None and last < cycle.from_day) or first > self._as_of_day:
            there = cycle or cycle_without_register(self._law, self._asked_day)
            return self._not_assessed(driver_id, company_id, "not_registered", there, entries)
        scheme = self._scheme(cycle)
        if scheme is None:
            return self._not_assessed(driver_id, company_id, "no_scheme", cycle, entries)
        inside = [entry for entry in entries if cycle.from_day <= entry.act_day <= cycle.to_day]
        total = summed(inside, scheme)
        lines = lines_of(inside, scheme)
        months = whole_months(max(first, cycle.from_day), min(last or cycle.to_day, cycle.to_day))
        # A cycle that is short for everybody (the one between two laws) makes nobody's registration short.
        long_enough = whole_months(cycle.from_day, cycle.to_day) >= scheme.short_months
        uncapped = scheme.grade_of(total.score)
        grade = scheme.capped(uncapped) if long_enough and months < scheme.short_months else uncapped
        lows = _lows(lines, scheme, scheme.training_at)
        due = None
        if total.score <= scheme.training_at and lows:
            decided = np.array([lows[-1]], dtype=np.int64)
            due = int(city_day(decided, self._law.timezone)[0]) + scheme.training_d
        listed = self._listed(lines, scheme, cycle, first, entries)
        leaned = {scheme.names[path]: sure for path, sure in scheme.certainty.items()}
        for line in lines:
            if line.entry.leans_on:
                leaned[line.entry.leans_on] = Certainty(line.entry.certainty)
        return Standing(
            driver_id=driver_id, company_id=company_id, cycle=cycle.name,
            from_day=cycle.from_day, to_day=cycle.to_day, scheme=scheme.name,
            assessed=True, why_not="",
            base=scheme.base, deductions=total.deductions, bonus=total.bonus, score=total.score,
            grade=grade, uncapped_grade=uncapped, cap_is_sure=scheme.are_sure(SHORT),
            registered_months=months,
            training_due_day=due, training_h=scheme.training_h if due is not None else 0,
            training_is_sure=scheme.are_sure(TRAINING),
            bad_record=tuple(name for name, sure in listed if sure),
            bad_record_unsure=tuple(name for name, sure in listed if not sure),
            certainty=leaned, lines=lines, moved=_moved(lines),
            ways=ways_up(
                total, lines, scheme, cycle, self._law, is_over=cycle.to_day < self._as_of_day
            ),
        )  # fmt: skip

    def unregistered(self, driver_id: str, entries: Sequence[Entry]) -> Standing:
        """The standing of somebody the ledger knows and the register does not."""
        there = cycle_without_register(self._law, self._asked_day)
        return self._not_assessed(driver_id, "", "not_in_register", there, entries)

    def _not_assessed(
        self, driver_id: str, company_id: str, why: WhyNot, cycle: Cycle | None, entries: Sequence[Entry]
    ) -> Standing:
        scheme = None if cycle is None else self._scheme(cycle)
        total, lines = Sum(0, 0, 0, 0), tuple[Line, ...]()
        if cycle is not None and scheme is not None:
            inside = [entry for entry in entries if cycle.from_day <= entry.act_day <= cycle.to_day]
            total, lines = summed(inside, scheme), lines_of(inside, scheme)
        return Standing(
            driver_id=driver_id, company_id=company_id, cycle="" if cycle is None else cycle.name,
            from_day=0 if cycle is None else cycle.from_day, to_day=-1 if cycle is None else cycle.to_day,
            scheme="" if scheme is None else scheme.name, assessed=False, why_not=why,
            base=0 if scheme is None else scheme.base, deductions=total.deductions, bonus=total.bonus,
            score=total.score, grade="", uncapped_grade="", cap_is_sure=False, registered_months=0,
            training_due_day=None, training_h=0, training_is_sure=False,
            bad_record=(), bad_record_unsure=(), certainty={},
            lines=lines, moved=_moved(lines), ways=(),
        )  # fmt: skip

    def _cycle(self, day: int, first: int) -> Cycle | None:
        # Everybody who begins before the same cycle shares it; only the days of the year differ before 2018.
        key = day, first
        if key not in self._cycles:
            self._cycles[key] = cycle_at(self._law, day, first)
        return self._cycles[key]

    def _scheme(self, cycle: Cycle) -> Scheme | None:
        if cycle.from_day not in self._schemes:
            self._schemes[cycle.from_day] = scheme_on(self._law, cycle.from_day)
        return self._schemes[cycle.from_day]

    def _listed(
        self, lines: Sequence[Line], scheme: Scheme, cycle: Cycle, first: int, entries: Sequence[Entry]
    ) -> list[tuple[Listing, bool]]:
        """Which rules of the list of bad records are met, and whether their law is sure."""
        found: list[tuple[Listing, bool]] = []
        if scheme.low_times and len(_lows(lines, scheme, scheme.low_score)) >= scheme.low_times:
            found.append(("low_score_twice", scheme.are_sure(LOW_TWICE)))
        if scheme.lowest_cycles and self._lowest_in_a_row(cycle, first, entries) >= scheme.lowest_cycles:
            found.append(("lowest_grade_again", scheme.are_sure(LOWEST_AGAIN)))
        return found

    def _lowest_in_a_row(self, cycle: Cycle, first: int, entries: Sequence[Entry]) -> int:
        """How many cycles that are over, the last of them backwards, ended at the lowest grade."""
        is_over = cycle.to_day <= self._as_of_day
        before = cycle if is_over else self._cycle(cycle.from_day - 1, first)
        count = 0
        while before is not None:
            scheme = self._scheme(before)
            inside = [entry for entry in entries if before.from_day <= entry.act_day <= before.to_day]
            if scheme is None or not inside:
                break
            if scheme.grade_of(summed(inside, scheme).score) != scheme.grades[0][1]:
                break
            count += 1
            before = self._cycle(before.from_day - 1, first)
        return count


def _lows(lines: Sequence[Line], scheme: Scheme, low: int) -> list[int]:
    """When the score fell to a low score or below (decided_ms of each fall), by what still counts."""
    falls, standing = [], list[Entry]()
    was_low = scheme.base <= low
    for line in lines:
        if line.status not in ("counts", "over_cap"):
            continue
        standing.append(line.entry)
        is_low = summed(standing, scheme).score <= low
        if is_low and not was_low:
            falls.append(line.entry.decided_ms)
        was_low = is_low
    return falls


def _moved(lines: Sequence[Line]) -> tuple[int, ...]:
    counting = [line.entry for line in lines if line.status == "counts"]
    counting.sort(key=lambda entry: (-abs(entry.points), entry.entry_id))
    return tuple(entry.entry_id for entry in counting)
