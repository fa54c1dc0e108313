"""Findings of one act become one case: a pure function of the findings and of the cases there are.

The order of the findings never matters. What cannot be told (two acts a complaint may mean, a driver nobody
names beside two who are) joins nothing: a case must not grow strong on another act's evidence.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from taxi_qa.findings.case import ASKED_FOR, Case, kinds_of, sufficiency_of
from taxi_qa.findings.finding import Stage

_ID_HEX: Final = 20
_STAGES: Final[dict[Stage, int]] = {"stable": 0, "trial": 1, "index": 2}


@dataclass(frozen=True)
class Lead:
    """A finding as far as it matters for joining.

    Attributes:
        finding_id, rule, stage, vehicle_id, driver_id, company_id, trip_id, start_ms, end_ms: as found.
        sources: names joined by "+".
        family: of its rule (`families.act_families`).
        window: from and to (ms) of the span a complaint says the act lies in; None where it is known.
    """

    finding_id: str
    rule: str
    stage: Stage
    vehicle_id: str
    driver_id: str
    company_id: str
    trip_id: str
    start_ms: int
    end_ms: int
    sources: str
    family: str
    window: tuple[int, int] | None = None

    @property
    def is_firm(self) -> bool:
        """Whether it says itself which act it means: whose, in which car, and when."""
        return bool(self.vehicle_id and self.driver_id and (self.trip_id or self.window is None))


@dataclass(frozen=True)
class Group:
    """Findings that are one act, and the id of the case they belong to."""

    case_id: str
    leads: tuple[Lead, ...]


def grouped(leads: Iterable[Lead], known: Iterable[Group] = ()) -> list[Group]:
    """The acts these findings speak of.

    Args:
        leads: findings without a case; those of no family are left out.
        known: the cases there are, with the findings that belong to them.

    Returns:
        The known cases that got more, and new ones, by case_id.
    """
    groups = _Groups(known)
    fresh = sorted((one for one in leads if one.family), key=lambda one: (one.start_ms, one.finding_id))
    later = [one for one in fresh if not groups.join(one)]
    for act in _acts([one for one in later if one.is_firm]):
        groups.add(act)
    # What does not say itself which act it means looks for one, and stands alone where it is not only one.
    loose = [one for one in later if not one.is_firm]
    homes = [groups.only_one(one) for one in loose]
    for one, home in zip(loose, homes, strict=True):
        if home is not None:
            groups.put(home, [one])
    for act in _acts([one for one, home in zip(loose, homes, strict=True) if home is None]):
        groups.add(act)
    return groups.changed()


def case_of(group: Group, weights: Mapping[str, float]) -> Case:
    """The case a group of findings makes.

    Args:
        group: at least one finding.
        weights: how heavy each rule is (points); rules not named weigh nothing. A lead never makes a case
            heavier than its firm findings do.
    """
    leads = group.leads
    stage = min((one.stage for one in leads), key=_STAGES.__getitem__)
    rules = {one.rule for one in leads}
    heaviest = sorted(
        {one.rule for one in leads if one.stage == stage}, key=lambda rule: (-weights.get(rule, 0.0), rule)
    )
    kinds = frozenset[str]().union(*(kinds_of(one.sources) for one in leads))
    return Case(
        case_id=group.case_id,
        rule=heaviest[0],
        rules=tuple(sorted(rules)),
        finding_ids=tuple(sorted(one.finding_id for one in leads)),
        stage=stage,
        vehicle_id=_one_of(one.vehicle_id for one in leads),
        driver_id=_one_of(one.driver_id for one in leads),
        company_id=_one_of(one.company_id for one in leads),
        trip_id=_one_of(one.trip_id for one in leads),
        start_ms=min(one.start_ms for one in leads),
        end_ms=max(one.end_ms for one in leads),
        sources=tuple(sorted(kinds)),
        missing=tuple(kind for kind in ASKED_FOR if kind not in kinds),
        sufficiency=sufficiency_of(kinds),
    )


def _one_of(names: Iterable[str]) -> str:
    return min((name for name in names if name), default="")


def _case_id(act: Sequence[Lead]) -> str:
    """Made of whose act it is and when it began, so that it lasts through new runs and rule versions."""
    first = act[0]
    trip = _one_of(one.trip_id for one in act)
    moment = f"trip {trip}" if trip else f"{min(one.start_ms for one in act)}"
    who = (first.vehicle_id, first.driver_id, "" if first.vehicle_id or first.driver_id else first.company_id)
    window = "" if trip or first.window is None else f"{first.window}"
    text = "\x1f".join([*who, first.family, moment, window])
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_HEX]


def _acts(leads: Sequence[Lead]) -> list[list[Lead]]:
    """Findings of the same car, driver and family that share a trip or a moment, put together.

    Two trips are two acts, whatever else lies across both of them.
    """
    of_whom: dict[tuple[object, ...], list[Lead]] = defaultdict(list)
    # Those that know their trip first, so that the others find it; each in the order given.
    for one in sorted(leads, key=lambda one: not one.trip_id):
        company = "" if one.vehicle_id or one.driver_id else one.company_id
        window = None if one.trip_id else one.window
        of_whom[one.vehicle_id, one.driver_id, company, one.family, window].append(one)
    acts: list[list[Lead]] = []
    for theirs in of_whom.values():
        mine: list[list[Lead]] = []
        for one in theirs:
            touched = [act for act in mine if any(_same_act(one, other) for other in act)]
            if len({other.trip_id for act in touched for other in act if other.trip_id}) > 1:
                touched = []
            apart = [act for act in mine if act not in touched]
            mine = [*apart, [other for act in touched for other in act] + [one]]
        acts += mine
    return acts


def _same_act(one: Lead, other: Lead) -> bool:
    if one.trip_id and other.trip_id:
        return one.trip_id == other.trip_id
    from_ms, to_ms = _span(one)
    other_from_ms, other_to_ms = _span(other)
    return from_ms <= other_to_ms and other_from_ms <= to_ms


def _span(lead: Lead) -> tuple[int, int]:
    if lead.window is None or lead.trip_id:
        return lead.start_ms, lead.end_ms
    return min(lead.start_ms, lead.window[0]), max(lead.end_ms, lead.window[1])


def _may_be_of(one: Lead, other: Lead) -> bool:
    """Whether nothing says that they are of different people or cars, and something that they are of one."""
    pairs = ((one.vehicle_id, other.vehicle_id), (one.driver_id, other.driver_id))
    if any(left and right and left != right for left, right in pairs):
        return False
    return any(left and left == right for left, right in pairs)


class _Groups:
    """The cases so far, found by car and by driver."""

    def __init__(self, known: Iterable[Group]) -> None:
        self.leads = {group.case_id: list(group.leads) for group in known}
        self.grown: set[str] = set()
        self.near: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        for case_id, leads in self.leads.items():
            self._note(case_id, leads)

    def _note(self, case_id: str, leads: Iterable[Lead]) -> None:
        for one in leads:
            for kind, name in (("vehicle", one.vehicle_id), ("driver", one.driver_id)):
                if name:
                    self.near[one.family, kind, name].add(case_id)

    def touching(self, lead: Lead) -> list[str]:
        """The cases that may be of the same act, the earliest first."""
        near = (
            self.near.get((lead.family, "vehicle", lead.vehicle_id), set()) if lead.vehicle_id else set()
        ) | (self.near.get((lead.family, "driver", lead.driver_id), set()) if lead.driver_id else set())
        found = [
            case_id
            for case_id in near
            if all(_may_be_of(lead, other) for other in self.leads[case_id])
            and any(_same_act(lead, other) for other in self.leads[case_id])
        ]
        return sorted(found, key=lambda case_id: (self.leads[case_id][0].start_ms, case_id))

    def join(self, lead: Lead) -> bool:
        """Put a firm finding to a case there was before; False where there is none."""
        found = self.touching(lead) if lead.is_firm else []
        if found:
            self.put(found[0], [lead])
        return bool(found)

    def only_one(self, lead: Lead) -> str | None:
        """The one case a loose finding may belong to; None where there is none, or more than one."""
        found = self.touching(lead)
        same_trip = [
            case_id
            for case_id in found
            if lead.trip_id and any(other.trip_id == lead.trip_id for other in self.leads[case_id])
        ]
        candidates = same_trip or found
        return candidates[0] if len(candidates) == 1 else None

    def put(self, case_id: str, leads: Sequence[Lead]) -> None:
        """Put findings to a case."""
        self.leads.setdefault(case_id, []).extend(leads)
        self.grown.add(case_id)
        self._note(case_id, leads)

    def add(self, act: Sequence[Lead]) -> None:
        """A case of its own, or again the one that had the same act and lost its findings."""
        self.put(_case_id(act), act)

    def changed(self) -> list[Group]:
        """The cases that got findings."""
        return [Group(case_id, tuple(self.leads[case_id])) for case_id in sorted(self.grown)]
