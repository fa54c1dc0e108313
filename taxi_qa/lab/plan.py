"""How many of each act are planted, and on which car, day and shift each one falls."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from taxi_qa.lab.life import LABELS, Label

Counts = Mapping[str, Mapping[str, int]]
# Rule, label, variant; and car, day, turn.
_Want = tuple[str, Label, int]
_Slot = tuple[int, int, int]

# For a fleet of forty-eight cars and two days; a smaller fleet gets fewer.
DEFAULT_PLAN: Final[Counts] = {
    "fare.overcharge": {"clear": 4, "near_miss": 3, "look_alike": 3},
    "fare.not_by_meter": {"clear": 4, "near_miss": 2, "look_alike": 2},
    "fare.wrong_rate": {"clear": 3, "near_miss": 1, "look_alike": 1},
    "fare.off_meter": {"clear": 4, "near_miss": 2, "look_alike": 3},
    "fare.early_meter": {"clear": 4, "near_miss": 2, "look_alike": 1},
    "fare.late_meter": {"clear": 4, "near_miss": 2, "look_alike": 1},
    "fare.metered_distance": {"clear": 4, "near_miss": 2, "look_alike": 2},
    "driving.long_hours": {"clear": 4, "near_miss": 2, "look_alike": 1},
    "licence.unidentified_driver": {"clear": 4, "near_miss": 2, "look_alike": 1},
    "licence.invalid": {"clear": 3, "near_miss": 2, "look_alike": 1},
    "licence.cloned_plate": {"clear": 2, "near_miss": 1, "look_alike": 2},
    "licence.outside_area": {"clear": 3, "near_miss": 2, "look_alike": 1},
    "vehicle.gnss_outage": {"clear": 5, "near_miss": 2, "look_alike": 3},
    "vehicle.late_data": {"clear": 2, "near_miss": 2, "look_alike": 1},
    "driving.speeding": {"clear": 4, "near_miss": 2, "look_alike": 3},
    "driving.detour": {"clear": 4, "near_miss": 2, "look_alike": 5},
    "vehicle.camera_outage": {"clear": 3, "near_miss": 1, "look_alike": 1},
    "vehicle.meter_outage": {"clear": 2, "near_miss": 1, "look_alike": 1},
    "vehicle.operated_with_fault": {"clear": 1, "near_miss": 1, "look_alike": 1},
    "vehicle.tampering": {"clear": 2, "near_miss": 1, "look_alike": 1},
    "vehicle.unclean": {"clear": 2, "near_miss": 1, "look_alike": 1},
    "vehicle.marks_missing": {"clear": 2, "near_miss": 1, "look_alike": 1},
    "vehicle.dishonest_repair": {"clear": 2, "near_miss": 1, "look_alike": 2},
    "service.refusal": {"clear": 4, "near_miss": 2, "look_alike": 3},
    "service.order_not_served": {"clear": 4, "near_miss": 2, "look_alike": 3},
    "service.discourtesy": {"clear": 3, "near_miss": 2, "look_alike": 2},
    "service.lost_property_kept": {"clear": 2, "near_miss": 1, "look_alike": 1},
    "service.complaint_uncooperative": {"clear": 2, "near_miss": 1, "look_alike": 1},
    "fare.no_receipt": {"clear": 3, "near_miss": 1, "look_alike": 2},
    "fare.bargaining": {"clear": 4, "near_miss": 2, "look_alike": 1},
    "record.traffic_violation": {"clear": 2, "look_alike": 1},
    "bonus.lost_property_returned": {"clear": 2, "look_alike": 1},
    "driving.no_belt": {"clear": 3, "near_miss": 1, "look_alike": 1},
    "driving.no_belt_reminder": {"clear": 3, "near_miss": 1, "look_alike": 1},
    "driving.overload": {"clear": 3, "near_miss": 1, "look_alike": 1},
    "driving.smoking": {"clear": 3, "near_miss": 1, "look_alike": 1},
    "driving.eating": {"clear": 3, "near_miss": 1, "look_alike": 1},
    "driving.phone": {"clear": 3, "near_miss": 1, "look_alike": 1},
    "driving.not_yielding": {"clear": 3, "near_miss": 1, "look_alike": 1},
    "vehicle.lens_covered": {"clear": 3, "near_miss": 1, "look_alike": 1},
    "service.forced_sharing": {"clear": 3, "near_miss": 1, "look_alike": 1},
    "hub.refusal": {"clear": 4, "near_miss": 2, "look_alike": 4},
    "hub.queue_jump": {"clear": 4, "near_miss": 2, "look_alike": 2},
    "hub.circling": {"clear": 4, "near_miss": 2, "look_alike": 1},
    "hub.outside_bay": {"clear": 4, "near_miss": 2, "look_alike": 1},
    "hub.unattended": {"clear": 4, "near_miss": 2, "look_alike": 1},
    "hub.inspection_refused": {"clear": 3, "near_miss": 1, "look_alike": 1},
    "record.fatal_accident_liable": {"clear": 2, "look_alike": 1},
    "record.injury_accident_liable": {"clear": 2, "look_alike": 1},
    "record.no_operating_permit": {"clear": 2, "look_alike": 1},
    "record.handed_to_unlicensed": {"clear": 2, "look_alike": 1},
    "record.licence_leased": {"clear": 2, "look_alike": 1},
    "record.illegal_stoppage": {"clear": 2, "look_alike": 1},
    "record.meter_altered": {"clear": 2, "look_alike": 1},
    "record.inspection_refused": {"clear": 2, "look_alike": 1},
    "record.licence_forged": {"clear": 2, "look_alike": 1},
    "bonus.bravery": {"clear": 2, "look_alike": 1},
    "bonus.helped_enforcement": {"clear": 2, "look_alike": 1},
    "bonus.public_welfare": {"clear": 2, "look_alike": 1},
    "bonus.passenger_praise": {"clear": 2, "look_alike": 1},
    "service.transfer": {"clear": 2, "near_miss": 1, "look_alike": 1},
    "service.abandonment": {"clear": 2, "near_miss": 1, "look_alike": 1},
    "service.low_rating": {"clear": 2, "near_miss": 1, "look_alike": 1},
    "sla.first_reply": {"clear": 1, "near_miss": 1, "look_alike": 1},
    "sla.closing": {"clear": 1, "near_miss": 1, "look_alike": 1},
    "sla.satisfaction": {"clear": 1, "near_miss": 1},
    "driving.harsh": {"clear": 2, "near_miss": 1, "look_alike": 1},
}
# These colour every car of a company, so that nothing else can be planted on it: for a fleet of their own.
WHOLE_FLEETS: Final = ("sla.delay", "sla.equipment")
# One company does it, the other nearly.
ABOUT_COMPANIES: Final = ("sla.satisfaction", *WHOLE_FLEETS)
_ROOM_OF_DEFAULT: Final = 192  # shifts of forty-eight cars in two days

# A car with one of these is left alone by everything else: they colour the whole car.
_WHOLE_CAR: Final = ("licence.cloned_plate", "vehicle.late_data")
# Two of these on one car would contradict each other.
_ABOUT_PAPERS: Final = ("licence.invalid", "licence.unidentified_driver")
# A ride of these (or a hail that comes to nothing) is one beside any other act of the shift: each shift has
# room for one of them more.
_ON_ROADS: Final = ("driving.speeding", "driving.detour", "service.refusal")
# Told by people or offices alone: they change nothing a car does, and each finds a shift beside others.
ON_PAPER: Final = (
    "service.order_not_served", "service.discourtesy", "service.lost_property_kept",
    "service.complaint_uncooperative", "service.transfer", "service.abandonment",
    "fare.no_receipt", "fare.bargaining", "vehicle.unclean", "vehicle.marks_missing",
    "vehicle.dishonest_repair",
    # At rest, where nobody rides.
    "vehicle.meter_outage",
)  # fmt: skip
# Acts of a company's desk: its months are slow at one company, and in time to the minute at the other.
AT_DESKS: Final = ("sla.first_reply", "sla.closing")
# About all a driver did, or about parts by their number: one of a kind a car.
_ONE_A_CAR: Final = ("driving.harsh", "service.low_rating", "vehicle.dishonest_repair")
# What lies in files of offices and desks disturbs not even a complaint: room for one more a shift.
IN_FILES: Final = (
    *AT_DESKS,
    *ABOUT_COMPANIES,
    "driving.harsh",
    "service.low_rating",
    *(rule for rule in DEFAULT_PLAN if rule.startswith(("record.", "bonus."))),
)
# What only a camera sees hinders nothing else; each shift has room for one of them more.
IN_CABIN: Final = (
    "driving.no_belt", "driving.no_belt_reminder", "driving.overload", "driving.smoking", "driving.eating",
    "driving.phone", "driving.not_yielding", "vehicle.lens_covered", "service.forced_sharing",
)  # fmt: skip
# Faults of recorders, on cars without a camera in the cabin; the first lasts for days and colours the car's.
_KNOWN_FAULT: Final = "vehicle.operated_with_fault"
_CUTS: Final = "vehicle.tampering"
RECORDERS: Final = (_KNOWN_FAULT, "vehicle.camera_outage")
# But not where the act is about the whole shift, or about what is not known of it.
_ALONE: Final = (
    "driving.long_hours",
    "licence.unidentified_driver",
    "vehicle.gnss_outage",
    "vehicle.tampering",
)
# Acts at hubs come with company (`gatherings`), beside whatever else their cars do.
AT_HUBS: Final = "hub."
_STEADY: Final = 2  # every second fare.metered_distance is a steady one and colours the whole car

# How often the cars send their place, in turn.
INTERVALS_S: Final = (10, 10, 15, 20, 10, 30, 15)
_OFTEN_S: Final = 15
# Look-alikes of driving.detour (`detours`), by variant.
_FASTER: Final = 0
_STOP: Final = 2
_RUSH: Final = 4


@dataclass(frozen=True)
class Post:
    """One act to plant: which, and where.

    Attributes:
        rule: the rule it is about.
        label: clear, near_miss or look_alike.
        variant: the how-many-eth of its kind; the acts take turns among their variants.
        vehicle: the car's number, from 1.
        day: day of the fleet, from 0.
        turn: 0 the morning's shift, 1 the evening's.
    """

    rule: str
    label: Label
    variant: int
    vehicle: int
    day: int
    turn: int


def default_plan(vehicles: int, days: int) -> Counts:
    """The plan that fits a fleet: the whole one from ninety-six car-days on, a share of it below."""
    share = min(1.0, vehicles * days * 2 / _ROOM_OF_DEFAULT)
    return {
        rule: {label: int(np.ceil(count * share)) for label, count in labels.items()}
        for rule, labels in DEFAULT_PLAN.items()
    }


def check_plan(plan: Counts) -> None:
    """Refuses a plan that names unknown rules or labels.

    Raises:
        ValueError: names the rule and what was expected.
    """
    for rule, labels in plan.items():
        if rule not in DEFAULT_PLAN and rule not in WHOLE_FLEETS:
            known = ", ".join((*DEFAULT_PLAN, *WHOLE_FLEETS))
            raise ValueError(f"the lab plants no {rule!r}; expected one of {known}")
        for label, count in labels.items():
            if label not in LABELS or isinstance(count, bool) or not isinstance(count, int) or count < 0:
                raise ValueError(
                    f"{rule}: {label!r}: {count!r}; expected {', '.join(LABELS)} and a whole number"
                )


def allot(plan: Counts, vehicles: int, days: int, seed: int, *, must_fit: bool) -> list[Post]:
    """Gives every act its car and shift, so that no two disturb each other.

    Raises:
        ValueError: the plan is malformed, or `must_fit` and the fleet has no room.
    """
    check_plan(plan)
    rng = np.random.default_rng([seed, 3])
    free_cars = [int(n) for n in rng.permutation(vehicles) + 1]
    wanted = [
        (rule, label, variant)
        for label in LABELS
        for variant in range(max((c for counts in plan.values() for c in counts.values()), default=0))
        for rule, counts in plan.items()
        if variant < counts.get(label, 0) and not rule.startswith(AT_HUBS)
    ]
    # A small fleet keeps at least half its cars for acts that share a car.
    least_cars = 0 if must_fit else vehicles // 2
    posts: list[Post] = []
    for rule, label, variant in (want for want in wanted if is_whole_car(*want)):
        car = next((n for n in free_cars if fits(rule, label, variant, n)), None)
        if car is not None and len(free_cars) > least_cars:
            free_cars.remove(car)
            day, turn = int(rng.integers(0, days)), turn_of(rule, label, variant)
            posts.append(Post(rule, label, variant, car, day, turn))
        elif must_fit:
            raise ValueError(f"no room for all acts of {rule}: {vehicles} cars are too few")
    slots = [(n, d, t) for n in free_cars for d in range(days) for t in (0, 1)]
    slots = [slots[int(i)] for i in rng.permutation(len(slots))]
    # Acts that need no seat sensor take the cars without one first, and leave the others theirs.
    slots.sort(key=lambda slot: slot[0] % 2)
    # Acts on roads find room beside others, so the others come first.
    shared = sorted(
        (want for want in wanted if not is_whole_car(*want)),
        key=lambda want: (
            want[0] != _KNOWN_FAULT,
            want[0] not in (*AT_DESKS, *ABOUT_COMPANIES),
            want[0] in IN_CABIN,
            want[0] in ON_PAPER or want[0] in IN_FILES,
            want[0] in _ON_ROADS,
        ),
    )
    for (rule, label, variant), slot in _shared_out(shared, slots):
        if slot is not None:
            posts.append(Post(rule, label, variant, *slot))
        elif must_fit:
            raise ValueError(f"no room for all acts of {rule}: {vehicles} cars in {days} days are too few")
    return posts


def _shared_out(wanted: list[_Want], slots: list[_Slot]) -> Iterator[tuple[_Want, _Slot | None]]:
    """The shift of each act, None where there is no room left for it."""
    rides_on, papers_on, files_on = list(reversed(slots)), list(slots), list(reversed(slots))
    cabins = [slot for slot in rides_on if has_camera(slot[0])]
    recorders = [slot for slot in papers_on if not has_camera(slot[0])]
    papers_of: set[int] = set()
    down_of: set[int] = set()
    cut_of: set[int] = set()
    one_of: dict[str, set[int]] = {rule: set() for rule in _ONE_A_CAR}
    for rule, label, variant in wanted:
        free = rides_on if rule in _ON_ROADS else papers_on if rule in ON_PAPER else slots
        free = files_on if rule in IN_FILES else free
        free = cabins if rule in IN_CABIN else recorders if rule in RECORDERS else free
        barred = papers_of if rule in _ABOUT_PAPERS else down_of if rule == _KNOWN_FAULT else set()
        # A week's cuts of a car are one act.
        barred = cut_of if rule == _CUTS else one_of.get(rule, barred)
        fitting = (slot for slot in _fitting(free, rule, label, variant) if slot[0] not in barred)
        slot = next(fitting, None)
        yield (rule, label, variant), slot
        if slot is None:
            continue
        if rule != "licence.invalid":  # papers hinder no other act of the shift
            free.remove(slot)
        if rule in _ALONE:
            rides_on.remove(slot)
            papers_on.remove(slot)
            files_on = [one for one in files_on if one != slot]
            cabins = [one for one in cabins if one != slot]
        if rule in _ABOUT_PAPERS:
            papers_of.add(slot[0])
        if rule in _ONE_A_CAR:
            one_of[rule].add(slot[0])
        if rule in RECORDERS:
            down_of.add(slot[0])
        if rule == _CUTS:
            cut_of.add(slot[0])
        if rule == _KNOWN_FAULT:
            recorders = [one for one in recorders if one[0] != slot[0]]


def _fitting(free: list[_Slot], rule: str, label: Label, variant: int) -> Iterator[_Slot]:
    """The free shifts of the right hours, of cars that have what the act needs."""
    turn = turn_of(rule, label, variant)
    return (slot for slot in free if slot[2] == turn and fits(rule, label, variant, slot[0]))


def is_whole_car(rule: str, label: Label, variant: int) -> bool:
    """Whether an act colours everything its car sends."""
    if rule == "fare.metered_distance":
        return label != "look_alike" and variant % _STEADY == 1
    # A meter reported faulty or not reverified leaves nothing certain about its later fares.
    bad_meter = label == "look_alike" and (
        rule == "fare.wrong_rate" or (rule == "fare.overcharge" and variant % 3 == 1)
    )
    return bad_meter or rule in _WHOLE_CAR


def turn_of(rule: str, label: Label, variant: int) -> int:
    """The shift an act belongs to: the morning's unless it needs the evening's hours or the handover."""
    if rule == "fare.wrong_rate":
        return int(label != "clear")
    if rule in ("licence.outside_area", "driving.long_hours", "vehicle.lens_covered"):
        return int(rule == "vehicle.lens_covered" and label == "look_alike")
    if rule == "fare.off_meter" and label == "look_alike" and variant % 3 == 0:
        return 1
    if rule == "licence.unidentified_driver" and label != "clear":
        return 1
    hour = hour_of(Post(rule, label, variant, 0, 0, 0))
    if hour:
        return int(hour == "rush")
    # Else in turns, the rules against each other, so that both shifts fill alike.
    return (variant + [*DEFAULT_PLAN, *WHOLE_FLEETS].index(rule)) % 2


def fits(rule: str, label: Label, variant: int, vehicle: int) -> bool:
    """Whether a car has what an act needs.

    That is seat sensors, a meter that records seconds, or positions often enough to be sure of a speed.
    """
    needs_seat = rule in ("fare.off_meter", "fare.early_meter", "fare.late_meter", "service.refusal") or (
        rule == "driving.detour" and label == "look_alike" and variant % 5 == _STOP
    )
    needs_seconds = rule in (
        "fare.overcharge", "fare.wrong_rate", "fare.metered_distance", "licence.outside_area",
        "driving.detour", "hub.queue_jump", "hub.outside_bay",
    )  # fmt: skip
    needs_seat |= rule == "hub.refusal" and label == "clear" and variant % 2 == 1
    often = rule in ("driving.speeding", "hub.circling")
    if rule in (*AT_DESKS, *ABOUT_COMPANIES) and vehicle % 2 != (label == "clear"):
        return False
    return (
        ((rule not in IN_CABIN and rule != "hub.unattended") or has_camera(vehicle))
        and (rule != "driving.no_belt_reminder" or has_belts(vehicle))
        and (not needs_seat or vehicle % 2 == 1)
        # A shift of which nobody sees all is no place for acts in the cabin.
        and (rule != "vehicle.tampering" or not has_camera(vehicle))
        and (not needs_seconds or vehicle % 8 != 6)  # noqa: PLR2004 - one car in eight
        and (not often or INTERVALS_S[vehicle % len(INTERVALS_S)] <= _OFTEN_S)
    )


def has_camera(vehicle: int) -> bool:
    """Three cars of four have a camera in the cabin."""
    return vehicle % 4 != 0


def has_belts(vehicle: int) -> bool:
    """Half of the cars have switches in their belts."""
    return vehicle % 4 in (1, 2)


def hour_of(post: Post) -> str:
    """The hour of the day an act belongs to: school, noon, rush, or "" for any."""
    at_school = {"clear": (4, 3, "school"), "look_alike": (3, 2, "noon")}
    if post.rule == "driving.speeding" and post.label in at_school:
        acts, which, hour = at_school[post.label]
        return hour if post.variant % acts == which else ""
    if post.rule == "driving.detour" and post.label == "look_alike":
        return {_FASTER: "noon", _RUSH: "rush"}.get(post.variant % 5, "")
    return ""
