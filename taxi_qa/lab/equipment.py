"""Devices that fail, are cut off, are mended honestly or not, and inspectors who look at the car."""

import datetime as dt
import json
from typing import Final

import numpy as np

from taxi_qa.lab.life import Disturbance, Duty, Happening, Life
from taxi_qa.lab.motion import Sampled
from taxi_qa.lab.papers import APPROVER, duty_of, excuse, ticket
from taxi_qa.lab.plan import Post
from taxi_qa.lab.records import clock_text

_HOUR_S: Final = 3600
_DAY_S: Final = 24 * _HOUR_S
# A cut is driven through unseen for so long, and so far as the crow flies.
_UNSEEN_S: Final = 840
_AWAY_M: Final = 2_700.0
_INSPECTED: Final = 5
_SOUND: Final = {"clean_vehicle": "pass", "roof_light": "pass", "price_label": "pass"}


def equipment_act(life: Life, sampled: Sampled, post: Post, first_day: dt.date) -> None:
    """Plants one act about the car's devices, its parts or its looks; other rules' acts are left alone."""
    match post.rule:
        case "vehicle.camera_outage":
            _camera(life, post, first_day)
        case "vehicle.meter_outage":
            _meter(life, post, first_day)
        case "vehicle.operated_with_fault":
            _known_fault(life, post, first_day)
        case "vehicle.tampering":
            _cuts(life, sampled, post, first_day)
        case "vehicle.unclean" | "vehicle.marks_missing":
            _inspected(life, post, first_day)
        case "vehicle.dishonest_repair":
            _repaired(life, post, first_day)


def honest_equipment(life: Life, first_day: dt.date) -> None:
    """What sound devices tell of themselves, an inspection of some cars, and an honest repair of some."""
    for start, end in life.awake:
        for device in ("gnss", "recorder", "meter"):
            _status(life, first_day, device, (start, end), "ok")
    if life.number % _INSPECTED == 2:  # noqa: PLR2004 - one car in five
        _inspection(
            life,
            first_day,
            life.duties[0],
            {"clean_vehicle": "pass", "roof_light": "pass", "price_label": "pass"},
        )
    if life.number % 10 == 7:  # noqa: PLR2004 - one car in ten
        _repair(life, first_day, life.awake[0][0] - 7_200, device="rating", grade="equivalent", yuan=180.0)


def _status(life: Life, first_day: dt.date, device: str, span: tuple[int, int], state: str) -> None:
    life.device_status.append(
        {
            "vehicle_id": life.vehicle_id,
            "device": device,
            "from": clock_text(first_day, span[0]),
            "to": clock_text(first_day, span[1]),
            "state": state,
            "detail": "" if state == "ok" else "no signal",
        }
    )


def _camera(life: Life, post: Post, first_day: dt.date) -> None:
    duty = duty_of(life, post)
    start = duty.start_s + 2 * _HOUR_S
    driver = duty.driver_id
    span = (start, start + (28 * 60 if post.label == "near_miss" else 50 * 60))
    note = f"recorder down for {(span[1] - span[0]) // 60} minutes on duty"
    if post.label == "clear" and post.variant % 3 == 1:
        for moment in range(start, span[1] + 1, 600):
            life.happenings.append(Happening("storage_fault", moment))
        note = "the memory card reports its fault every ten minutes for fifty"
    else:
        _status(life, first_day, "recorder", span, "down")
    if post.label == "clear" and post.variant % 3 == 2:  # noqa: PLR2004 - the reported one
        ticket(life, first_day, start + 1_800, repaired_s=span[1], device="recorder")
        driver, note = "", note + ", reported in time: the company's"
    if post.label == "look_alike":
        excuse(life, first_day, span, post.rule, APPROVER)
        note += ", excused and approved: found, status excused"
    life.planted(post.rule, post.label, *span, note, driver_id=driver)


def _meter(life: Life, post: Post, first_day: dt.date) -> None:
    duty = duty_of(life, post)
    # While he rests: with the meter down nobody is carried.
    rests = [rest for rest in life.rests if duty.start_s <= rest[0] < duty.end_s]
    start, end = max(rests, key=lambda rest: rest[1] - rest[0], default=(0, 0))
    if end - start < 33 * 60:
        return
    start += 30
    span = (start, start + 28 * 60) if post.label == "near_miss" else (start, end - 30)
    _status(life, first_day, "meter", span, "down")
    note = f"meter down for {(span[1] - span[0]) // 60} minutes on duty"
    if post.label == "look_alike":
        excuse(life, first_day, span, post.rule, APPROVER)
        note += ", excused and approved: found, status excused"
    life.planted(post.rule, post.label, *span, note, driver_id=duty.driver_id)


def _known_fault(life: Life, post: Post, first_day: dt.date) -> None:
    """The recorder was down since the day before, until four hours into the first shift."""
    duty = life.duties[0]
    ago_s = 15 * _HOUR_S if post.label == "near_miss" else 26 * _HOUR_S
    span = (duty.start_s - ago_s, duty.start_s + 4 * _HOUR_S)
    _status(life, first_day, "recorder", span, "down")
    driver = duty.driver_id
    note = f"trips with a recorder down, untold, for {ago_s // _HOUR_S} hours and more"
    if post.label == "look_alike":
        ticket(life, first_day, span[0] + 20 * _HOUR_S, repaired_s=span[1], device="recorder")
        driver, note = "", "the recorder was down, but somebody had reported it, late"
    life.planted(post.rule, post.label, duty.start_s, span[1], note, driver_id=driver)
    life.planted(
        "vehicle.camera_outage", "clear", duty.start_s, span[1], "the recorder's four hours of the shift",
        driver_id=driver,
    )  # fmt: skip


def _cuts(life: Life, sampled: Sampled, post: Post, first_day: dt.date) -> None:
    duty = duty_of(life, post)
    starts = _moving(sampled, duty)
    if post.label == "near_miss":
        starts = starts[:1]
    if len(starts) < (1 if post.label == "near_miss" else 2):
        return
    for start in starts:
        life.disturbances.append(Disturbance("silent", start, start + _UNSEEN_S))
        life.happenings.append(Happening(("power_cut", "antenna_cut")[post.variant % 2], start + 5))
        driver = "" if post.label == "look_alike" else duty.driver_id
        life.planted(
            "vehicle.gnss_outage", "clear", start, start + _UNSEEN_S, "fourteen minutes unseen after a cut",
            driver_id=driver,
        )  # fmt: skip
    span = (starts[0], starts[-1] + _UNSEEN_S)
    note = f"{len(starts)} cuts with driving unseen in a shift"
    if post.label == "look_alike":
        ticket(life, first_day, starts[0] - 600, repaired_s=duty.end_s, device="terminal")
        note += ", with a ticket open for the terminal"
    life.planted(post.rule, post.label, *span, note, driver_id=duty.driver_id)


def _moving(sampled: Sampled, duty: Duty) -> list[int]:
    """Two moments of a shift, an hour apart at least, after which the car is soon far away."""
    found: list[int] = []
    for start in range(duty.start_s + 1_800, duty.end_s - 3_600, 120):
        a, b = sampled.row(start), sampled.row(start + _UNSEEN_S)
        away_m = float(
            np.hypot(sampled.east_m[b] - sampled.east_m[a], sampled.north_m[b] - sampled.north_m[a])
        )
        if away_m > _AWAY_M and (not found or start - found[-1] > _HOUR_S):
            found.append(start)
        if len(found) == 2:  # noqa: PLR2004 - two are asked for
            break
    return found


def _inspected(life: Life, post: Post, first_day: dt.date) -> None:
    duty = duty_of(life, post)
    item = (
        "clean_vehicle" if post.rule == "vehicle.unclean" else ("roof_light", "price_label")[post.variant % 2]
    )
    items = dict(_SOUND)
    # Nobody measures how dirty a car is: a near miss passed, a look-alike failed in something else.
    if post.label == "clear":
        items[item] = "fail"
    elif post.label == "look_alike":
        items["fire_extinguisher"] = "fail"
    at = _inspection(life, first_day, duty, items)
    note = f"an inspector looked: {item} {items[item]}"
    life.planted(post.rule, post.label, at, at, note, driver_id=duty.driver_id)


def _inspection(life: Life, first_day: dt.date, duty: Duty, items: dict[str, str]) -> int:
    at = (duty.start_s + duty.end_s) // 2
    life.inspections.append(
        {
            "inspection_id": f"EI{life.number:04d}-{len(life.inspections) + 1}",
            "at": clock_text(first_day, at),
            "inspector": "示范检查员",
            "vehicle_id": life.vehicle_id,
            "items": json.dumps(items),
        }
    )
    return at


def _repair(
    life: Life, first_day: dt.date, repaired_s: int, *, device: str, grade: str, yuan: float,
    serial: str = "",
) -> None:  # fmt: skip
    ticket(life, first_day, repaired_s - 3_600, repaired_s=repaired_s, device=device)
    life.repairs[-1] |= {
        "part_maker": "示范电子",
        "part_serial": serial or f"P{life.number:04d}-{len(life.repairs)}",
        "part_grade": grade,
        "price_yuan": f"{yuan:.2f}",
    }


def _repaired(life: Life, post: Post, first_day: dt.date) -> None:
    """A part that was in another car, or was called refurbished before; and what is only like it."""
    at = life.awake[0][0] - 7_200
    before = -3 * _DAY_S + 10 * _HOUR_S
    serial = f"Q{life.number:04d}"
    note = "a refurbished part, and called one"
    if post.label == "clear" and post.variant % 2 == 0:
        _repair(life, first_day, before, device="rating", grade="refurbished", yuan=90.0, serial=serial)
        _repair(life, first_day, at, device="rating", grade="original", yuan=260.0, serial=serial)
        note = "a refurbished part comes back as an original one"
    elif post.label == "clear":
        _repair(life, first_day, at, device="camera", grade="original", yuan=5_600.0)
        note = "a camera's repair for 5,600 yuan: a lead"
    elif post.label == "near_miss":
        _repair(life, first_day, at, device="camera", grade="original", yuan=1_700.0)
        note = "a dear repair, under the ceiling"
    elif post.variant % 2 == 0:
        _repair(life, first_day, at, device="rating", grade="refurbished", yuan=90.0, serial=serial)
    else:
        _repair(life, first_day, before, device="rating", grade="original", yuan=260.0, serial=serial)
        _repair(life, first_day, at, device="rating", grade="original", yuan=60.0, serial=serial)
        note = "the same part put back into the same car"
    life.planted(post.rule, post.label, at, at, note)
