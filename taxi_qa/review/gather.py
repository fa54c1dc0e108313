"""The machine's part of the desk: findings become cases, wait in the queue, or leave again."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection

from taxi_qa.review.cases import Group, Lead, case_of, grouped
from taxi_qa.review.desk import Desk, deadline_after, history_of, step_in, with_findings
from taxi_qa.review.families import act_families
from taxi_qa.review.states import MACHINE, Ask, Event, Standing, take
from taxi_qa.store import desk as kept
from taxi_qa.store.engine import transaction

# Cases no person has a part in: what they are made of may still change.
_MACHINES: Final = ("", "detected", "excused", "queued", "quarantined")
# New cases are written so many at once: their rows take as much memory again as their findings.
_AT_ONCE: Final = 5_000


def gather(desk: Desk, at_ms: int, weights: Mapping[str, float]) -> dict[str, int]:
    """Bring the cases in step with the findings that stand, in one transaction; repeating it changes nothing.

    New findings make cases or join them; withdrawn ones leave, and a case without any is dismissed; what an
    approved excuse covers is excused. Cases people work on keep what was put before them: a finding that
    joins one is noted, and changes neither its rule nor its driver.

    Args:
        desk: where and by which terms.
        at_ms: when.
        weights: how heavy each rule is, to tell the heaviest of a case.

    Returns:
        How many cases were opened, joined, withdrawn, excused and queued again.
    """
    counted: Counter[str] = Counter()
    with transaction(desk.home.engine) as connection:
        kept.move_alone(connection)
        _part(connection, desk, at_ms, weights, counted)
        _join(connection, desk, at_ms, weights, counted)
        _excuse(connection, desk, at_ms, counted)
    return dict(sorted(counted.items()))


def _part(
    connection: Connection, desk: Desk, at_ms: int, weights: Mapping[str, float], counted: Counter[str]
) -> None:
    lost = kept.cases_that_lost_findings(connection)
    kept.part_withdrawn(connection, lost, at_ms)
    left = {group.case_id: group for group in _groups(kept.leads_of_cases(connection, case_ids=lost))}
    for case_id in lost:
        one = kept.kept_case(connection, case_id)
        if one.state not in _MACHINES:
            continue
        if case_id in left:
            kept.write_case(connection, case_of(left[case_id], weights), one.family, at_ms)
        else:
            ask = Ask("withdraw", MACHINE, at_ms, "finding_withdrawn")
            step_in(connection, desk, case_id, ask, one.version)
            counted["withdrawn"] += 1


def _join(
    connection: Connection, desk: Desk, at_ms: int, weights: Mapping[str, float], counted: Counter[str]
) -> None:
    rules = [rule for rule, family in act_families().items() if family]
    frame = kept.leads_without_case(connection, rules)
    # What feeds coaching only is no act to be decided.
    frame = frame[frame["stage"] != "index"]
    if frame.empty:
        return
    near = kept.leads_of_cases(
        connection, vehicles=set(frame["vehicle_id"].dropna()), drivers=set(frame["driver_id"].dropna())
    )
    groups = grouped(_leads(frame), _groups(near))
    there = kept.cases_there(connection, [group.case_id for group in groups])
    for group in groups:
        if group.case_id in there:
            _grow(connection, desk, group, at_ms, weights, counted)
    fresh = [group for group in groups if group.case_id not in there]
    for start in range(0, len(fresh), _AT_ONCE):
        piece = [_opened(desk, group, at_ms, weights) for group in fresh[start : start + _AT_ONCE]]
        kept.open_cases(connection, piece, at_ms)
    if fresh:
        counted["opened"] += len(fresh)


def _opened(
    desk: Desk, group: Group, at_ms: int, weights: Mapping[str, float]
) -> tuple[kept.Kept, list[dict[str, Any]]]:
    """A new case as it waits in the queue, and the two steps that led there."""
    case = case_of(group, weights)
    events: tuple[Event, ...] = ()
    for action, reason in (("open", "found"), ("queue", "examined")):
        standing = Standing(case.driver_id, case.stage, case.sufficiency, 0, None, events)
        events = (*events, take(standing, Ask(action, MACHINE, at_ms, reason), desk.terms.heavy_points))
    deadline_ms = None
    for event in events:
        deadline_ms = deadline_after(desk.terms, deadline_ms, event)
    last = events[-1]
    one = kept.Kept(case, group.leads[0].family, at_ms, last.to_state, last.version, deadline_ms)
    return one, [vars(event) for event in events]


def _grow(
    connection: Connection,
    desk: Desk,
    group: Group,
    at_ms: int,
    weights: Mapping[str, float],
    counted: Counter[str],
) -> None:
    case = case_of(group, weights)
    family = group.leads[0].family
    one = kept.kept_case(connection, group.case_id)
    returns = one.state == "dismissed" and _last_action(connection, group.case_id) == "withdraw"
    is_the_machines = one.state in _MACHINES or returns
    kept.write_case(
        connection, case if is_the_machines else with_findings(one.case, case.finding_ids), family, at_ms
    )
    counted["joined"] += 1
    if returns:
        step_in(
            connection, desk, group.case_id, Ask("return", MACHINE, at_ms, "finding_returned"), one.version
        )


def _excuse(connection: Connection, desk: Desk, at_ms: int, counted: Counter[str]) -> None:
    """Cases whose findings are all covered are excused; one that is not covered any more waits again."""
    for states, action, reason, counts in (
        (("queued", "quarantined"), "excuse", "approved_excuse", "excused"),
        (("excused",), "queue", "examined", "queued again"),
    ):
        for case_id in kept.cases_covered(connection, states, covered=action == "excuse"):
            step_in(connection, desk, case_id, Ask(action, MACHINE, at_ms, reason), None)
            counted[counts] += 1


def _last_action(connection: Connection, case_id: str) -> str:
    history = history_of(kept.events(connection, case_id))
    return history[-1].action if history else ""


def _groups(frame: pd.DataFrame) -> list[Group]:
    of_case: dict[str, list[Lead]] = defaultdict(list)
    for case_id, lead in zip(frame["case_id"], _leads(frame), strict=True):
        of_case[str(case_id)].append(lead)
    return [Group(case_id, tuple(leads)) for case_id, leads in of_case.items()]


def _leads(frame: pd.DataFrame) -> list[Lead]:
    families = act_families()
    rows = frame.astype(object).where(frame.notna(), "").to_dict("records")
    return [
        Lead(
            finding_id=row["finding_id"],
            rule=row["rule"],
            stage=row["stage"],
            vehicle_id=row["vehicle_id"],
            driver_id=row["driver_id"],
            company_id=row["company_id"],
            trip_id=row["trip_id"],
            start_ms=int(row["start_ms"]),
            end_ms=int(row["end_ms"]),
            sources=row["sources"],
            family=families.get(row["rule"], ""),
            window=_window(row["evidence"]),
        )
        for row in rows
    ]


def _window(evidence: str) -> tuple[int, int] | None:
    """The span a complaint says the act lies in; None where the finding knows its moment."""
    said = json.loads(evidence or "{}")
    ends = (said.get("window_from_ms"), said.get("window_to_ms"))
    if not all(isinstance(one, int | float) for one in ends):
        return None
    return int(ends[0]), int(ends[1])
