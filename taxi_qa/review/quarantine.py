"""Upstream causes: a road or a device on which many different drivers are found is the suspect, not they.

Each opens one ticket. While it is open the queued cases that rest on it wait in quarantine, and expire in the
driver's favour if nobody looks; a person closes it with a reason, and they go on. A closed ticket is not
opened again by what it was about: only later findings count, and only those of the last months
(`house.review.suspect_days`), of drivers who are found nowhere else. A road must stand out beside its share
of the traffic, too (`review.suspects`). Waiting delays a case, and costs nobody.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from taxi_qa.law.parameter import Law
from taxi_qa.review.desk import Desk, step_in
from taxi_qa.review.states import MACHINE, REASONS, Actor, Ask, RefusedError
from taxi_qa.review.suspects import RULES, standard_of, suspects
from taxi_qa.roads.traffic import Traffic
from taxi_qa.rules.kit import catalogue
from taxi_qa.store import tickets as kept
from taxi_qa.store.desk import move_alone
from taxi_qa.store.engine import transaction
from taxi_qa.store.export import RuleAbout, findings
from taxi_qa.store.tickets import KeptTicket
from taxi_qa.values.clock import MS_PER_DAY, city_day

# Findings people made, or that rest on papers, are no device's fault.
_BY_DEVICES: Final = ("driving.", "fare.", "vehicle.lens_covered", "vehicle.tampering")
_HALF: Final = 0.5
_METER: Final = "fare.metered_distance"
_ID_HEX: Final = 12
_KEY = tuple[Literal["road", "device"], str, str]


@dataclass(frozen=True)
class Cause:
    """A suspect road or device.

    Attributes:
        kind, rule, subject: which; the subject is the way's or the car's id.
        title: what people call it.
        drivers: how many different ones were found there.
        finding_ids: what rests on it.
    """

    kind: Literal["road", "device"]
    rule: str
    subject: str
    title: str
    drivers: int
    finding_ids: tuple[str, ...]


def quarantine(desk: Desk, at_ms: int, law: Law, traffic: Traffic | None = None) -> dict[str, int]:
    """Open a ticket for every suspect that has none, and let the cases that rest on them wait.

    Args:
        desk: where.
        at_ms: when.
        law: its house settings.
        traffic: of the city in these months, None where nothing is known of it.

    Returns:
        How many tickets were opened, and cases put into quarantine; empty where nothing was to be done.
    """
    counted: Counter[str] = Counter()
    with desk.home.engine.connect() as connection:
        known = kept.tickets(connection)
    since: dict[_KEY, int] = {}
    for ticket in known:
        key: _KEY = ("road" if ticket.kind == "road" else "device", ticket.rule, ticket.subject)
        if ticket.closed_ms is not None:
            since[key] = max(since.get(key, 0), ticket.closed_ms)
    causes = [*roads(desk, law, at_ms, since, traffic), *devices(desk, law, at_ms, since)]
    if not causes:
        return {}
    with transaction(desk.home.engine) as connection:
        move_alone(connection)
        # Whoever gathers at the same time may have opened them meanwhile: then theirs count.
        opened = kept.open_tickets(connection, [_ticket(one, at_ms) for one in causes])
        if opened:
            counted["tickets opened"] += opened
        of_cause = {
            (one.kind, one.rule, one.subject): one for one in kept.tickets(connection, open_only=True)
        }
        for one in causes:
            ticket = of_cause[one.kind, one.rule, one.subject]
            for case_id in kept.cases_of_findings(connection, one.finding_ids, "queued"):
                ask = Ask("quarantine", MACHINE, at_ms, "suspect_upstream", ticket.ticket_id)
                step_in(connection, desk, case_id, ask, None)
                counted["quarantined"] += 1
    return dict(counted)


def close(desk: Desk, ticket_id: str, actor: Actor, at_ms: int, reason: str, note: str) -> int:
    """Close a ticket and let its cases wait for their review again; gives how many.

    Raises:
        states.RefusedError: no reason, or the actor may not decide.
        store.tickets.NoTicketError: no such open ticket.
    """
    if reason not in REASONS or (reason == "other" and not note.strip()):
        raise RefusedError(
            f"{reason!r} is no reason for it, or needs a note; known: {', '.join(sorted(REASONS))}"
        )
    if actor.company_id or not actor.actor_id.strip():
        raise RefusedError("whoever belongs to a taxi company, or has no name, closes no ticket")
    with transaction(desk.home.engine) as connection:
        # Nobody puts a case under it meanwhile, which would wait for a closed ticket.
        move_alone(connection)
        said = {"closed_ms": at_ms, "actor": actor.actor_id, "reason": reason, "note": note}
        kept.close_ticket(connection, ticket_id, said)
        waiting = kept.cases_that_wait_for(connection, ticket_id)
        for case_id in waiting:
            step_in(connection, desk, case_id, Ask("release", actor, at_ms, reason, note or ticket_id), None)
    return len(waiting)


def roads(
    desk: Desk, law: Law, at_ms: int, since: Mapping[_KEY, int], traffic: Traffic | None
) -> list[Cause]:
    """Suspect roads (`review.suspects`), with the findings that rest on them."""
    standard = standard_of(law, at_ms, traffic)
    from_ms = _looks_back_to(law, at_ms)
    about = {
        name: RuleAbout(rule.clause, rule.stage, rule.title_zh, rule.title_en)
        for name, rule in catalogue().items()
    }
    from_day = int(city_day(np.array([from_ms], dtype=np.int64), desk.home.timezone)[0])
    told = findings(desk.home, about=about, rules=RULES, from_day=from_day)
    frames = [frame for frame in told if len(frame)]
    if not frames:
        return []
    whole = pd.concat(frames, ignore_index=True)
    started = (
        pd.to_datetime(whole["start"], utc=True, format="ISO8601")
        .astype("datetime64[ms, UTC]")
        .astype("int64")
    )
    of_way: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, (rule, evidence) in enumerate(zip(whole["rule"], whole["evidence"], strict=True)):
        for way in filter(None, str(json.loads(evidence).get("way_ids", "")).split(";")):
            if started.iloc[at] > max(since.get(("road", str(rule), way), -1), from_ms):
                of_way[str(rule), way].append(at)
    found = []
    for one in suspects([whole[(started > from_ms).to_numpy()]], standard):
        rows = of_way[one.rule, one.way_id]
        if not rows:
            continue
        seen_ms, again = since.get(("road", one.rule, one.way_id), -1), one
        if seen_ms > from_ms:
            # What a person has seen already does not count.
            later = suspects([whole[(started > seen_ms).to_numpy()]], standard)
            (again,) = (s for s in later if (s.rule, s.way_id) == (one.rule, one.way_id))
        if again.is_suspect:
            names = tuple(str(whole["finding_id"].iloc[at]) for at in rows)
            found.append(Cause("road", one.rule, one.way_id, one.road or one.way_id, again.drivers, names))
    return found


def devices(desk: Desk, law: Law, at_ms: int, since: Mapping[_KEY, int]) -> list[Cause]:
    """Cars on which many drivers are found by one rule who are found on no other car; and faulty meters.

    A meter that counts too much week by week (`fare.metered_distance`) holds back what else the car's fares
    were found by in these weeks: first the meter is verified.
    """
    least = round(law.number("house.review.suspect_device_drivers", at_ms))
    from_ms = _looks_back_to(law, at_ms)
    with desk.home.engine.connect() as connection:
        frame = kept.findings_of_cars(connection)
        weeks = kept.faulty_meters(connection, from_ms)
    of_car: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    elsewhere: Counter[tuple[str, str]] = Counter()
    by_meter: dict[str, list[tuple[str, str]]] = defaultdict(list)
    columns = (frame[name].tolist() for name in ("rule", "vehicle_id", "driver_id", "finding_id", "start_ms"))
    for rule, car, driver, finding_id, start_ms in zip(*columns, strict=True):
        if rule.startswith(_BY_DEVICES) and start_ms > max(since.get(("device", rule, car), -1), from_ms):
            of_car[rule, car].append((driver, finding_id))
            elsewhere[rule, driver] += 1
        closed_ms = since.get(("device", _METER, car), -1)
        if rule.startswith("fare.") and any(
            first <= start_ms < last and start_ms > closed_ms for first, last in weeks.get(car, ())
        ):
            by_meter[car].append((driver, finding_id))
    found = [
        _device(rule, car, rows)
        for (rule, car), rows in sorted(of_car.items())
        if _clean_elsewhere(rows, rule, elsewhere) >= least
        and max(_by_driver(rows).values()) < _HALF * len(rows)
    ]
    # Of a meter one ticket is enough.
    metered = {one.subject for one in found if one.rule == _METER}
    return [*found, *(_device(_METER, car, by_meter[car]) for car in sorted(by_meter) if car not in metered)]


def _device(rule: str, car: str, rows: Sequence[tuple[str, str]]) -> Cause:
    return Cause("device", rule, car, car, len(_by_driver(rows)), tuple(sorted(name for _, name in rows)))


def _clean_elsewhere(
    rows: Iterable[tuple[str, str]], rule: str, of_all: Mapping[tuple[str, str], int]
) -> int:
    """How many of these drivers are found by the rule on this car only."""
    return sum(many == of_all[rule, driver] for driver, many in _by_driver(rows).items())


def _looks_back_to(law: Law, at_ms: int) -> int:
    """Findings of acts before this instant make nothing suspect."""
    return at_ms - round(law.number("house.review.suspect_days", at_ms) * MS_PER_DAY)


def _by_driver(rows: Iterable[tuple[str, str]]) -> Counter[str]:
    return Counter(driver for driver, _ in rows)


def _ticket(cause: Cause, at_ms: int) -> KeptTicket:
    named = f"{cause.kind}|{cause.rule}|{cause.subject}|{at_ms}"
    return KeptTicket(
        ticket_id=f"t-{hashlib.sha256(named.encode()).hexdigest()[:_ID_HEX]}",
        kind=cause.kind,
        rule=cause.rule,
        subject=cause.subject,
        title=cause.title,
        drivers=cause.drivers,
        findings=len(cause.finding_ids),
        opened_ms=at_ms,
    )
