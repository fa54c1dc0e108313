"""What rules say, one row at a time, as a person would do it from their words and the numbers of the house.

Each function gets a row and gives the answer (`found`, `clean`, or what is missing), and where it is found
what was measured, what is allowed, and whether it stays a lead for its own sake. Numbers stand here as the
house has them, not asked of the law.
"""

from collections.abc import Callable
from math import inf, isnan, nan
from typing import Any, Final

Row = dict[str, Any]
Said = tuple[str, float, float, bool]
CLEAN: Final[Said] = ("clean", 0.0, 0.0, False)


def missing(what: str) -> Said:
    return what, 0.0, 0.0, False


def found(measured: float, allowed: float, *, lead: bool = False) -> Said:
    return "found", float(measured), float(allowed), lead


def zero_if_unknown(value: float) -> float:
    return 0.0 if isnan(value) else value


# --- what a camera saw ---


def unsaid(row: Row) -> bool:
    return not isnan(row["frames"]) and isnan(row["confidence"])


def seen(row: Row) -> tuple[bool, float, float]:
    """Surely (0.7) and for two seconds or in two frames; what was measured and what is needed."""
    clear = row["confidence"] >= 0.7 and (row["held_s"] >= 2 or row["frames"] >= 2)
    return (clear, row["held_s"], 2) if row["held_s"] >= 2 else (clear, row["frames"], 2)


def smoking(row: Row) -> Said:
    if unsaid(row):
        return missing("events.confidence")
    clear, measured, needed = seen(row)
    return found(measured, needed) if clear else CLEAN


def in_motion(row: Row) -> Said:
    """Eating and phone: above 5 km/h."""
    clear, measured, needed = seen(row)
    if unsaid(row):
        return missing("events.confidence")
    if clear and isnan(row["top_kmh"]):
        return missing("positions")
    return found(measured, needed) if clear and row["top_kmh"] > 5 else CLEAN


def no_belt(row: Row) -> Said:
    if unsaid(row) and row["frames"] == 0:
        return missing("events.confidence")
    repeated = row["frames"] >= 2 or row["held_s"] >= 10
    if repeated and row["span_s"] >= 10 and isnan(row["fast_s"]):
        return missing("positions")
    if repeated and row["fast_s"] >= 10 and row["top_kmh"] > 20:
        return found(row["fast_s"], 10, lead=row["witnesses"] < 2)
    return CLEAN


def not_yielding(row: Row) -> Said:
    document = row["document_no"] != ""
    if document or (not isnan(row["frames"]) and not row["confidence"] < 0.7):
        sure = row["level"] >= 2 and row["media"] != ""
        return found(1, 0, lead=not document and not sure)
    return CLEAN


def overload(row: Row) -> Said:
    if row["camera_down"]:
        return missing("working camera")
    if row["counts"] == 0:
        return missing("events.passenger_count")
    if row["over"] >= 2:
        return found(row["passengers"], row["seats"] - 1, lead=row["counters"] < 2)
    # The only count there is, and it is too many.
    return missing("a second count") if row["over"] == row["counts"] else CLEAN


def lens_covered(row: Row) -> Said:
    if unsaid(row):
        return missing("events.confidence")
    covered = min(row["on_duty_s"], row["span_s"])
    if not covered > 60 or row["saw_else"]:
        return CLEAN
    dark = row["local_s"] >= 18 * 3600 or row["local_s"] < 7 * 3600
    if dark and covered <= 600:
        return missing("daylight")
    return missing("events.media") if row["media"] == "" else found(covered, 60)


# --- driving ---


def speeding(row: Row) -> Said:
    if row["kind"] != "stretch":
        return missing("speed limits") if row["judged_ratio"] < 0.5 else CLEAN
    limit = row["limit_kmh"]
    too_fast = row["mean_kmh"] > max(limit * 1.1, limit + 6)
    if not (too_fast and row["held_s"] >= 15 and row["fixes"] >= 3):
        return CLEAN
    if row["in_doubt"] > 0:
        return missing("one road alone")
    return found(row["mean_kmh"], limit, lead=row["limit_source"] == "class default")


def harsh(row: Row) -> Said:
    if row["distance_m"] < 500_000:
        return missing("events of harsh driving on a longer way")
    ratio = (row["acts"] + 5) / (row["expected"] + 5)
    low = ratio - 3 * (row["acts"] + 5) ** 0.5 / (row["expected"] + 5)
    return found(ratio, 1) if low > 1 else CLEAN


# --- fares ---


def early_meter(row: Row) -> Said:
    if not row["seat_sensor"]:
        return missing("vehicles.has_seat_sensor")
    unknown = isnan(row["boarded_event_ms"])
    if not row["aboard_before"]:
        if unknown:
            return missing("events.passenger_boarded")
        waited_s = (row["boarded_event_ms"] - row["start_ms"]) / 1000
        if waited_s > row["slack_s"] and isnan(row["early_stand_s"]):
            return missing("positions")
    lawful = row["aboard_before"] or row["back_aboard"]
    if not lawful and row["early_stand_s"] > 120:
        return found(row["early_stand_s"], 120)
    return found(row["early_move_m"], 300) if not lawful and row["early_move_m"] > 300 else CLEAN


def late_meter(row: Row) -> Said:
    if not row["seat_sensor"]:
        return missing("vehicles.has_seat_sensor")
    if isnan(row["left_event_ms"]):
        return CLEAN if row["left_after"] else missing("events.passenger_alighted")
    ran_on_s = (row["end_ms"] - row["left_event_ms"]) / 1000
    return found(ran_on_s, 120) if ran_on_s > 120 else CLEAN


def off_meter(row: Row) -> Said:
    seat, camera, flag = (row[f"moved_{name}_m"] for name in ("seat", "camera", "loaded"))
    moved = max((one for one in (seat, camera, flag) if not isnan(one)), default=nan)
    if row["is_tested"] or row["at_handover"] or not moved > 500:
        return CLEAN
    # A ticket excuses the meter's own flag, not what a seat or a camera saw.
    if row["tickets"] and not seat > 500 and not camera > 500:
        return CLEAN
    sure = seat > 500 or (camera > 500 and flag > 500)
    return found(moved, 500, lead=not sure)


def tip_of(row: Row) -> float:
    return zero_if_unknown(row["tip_fen"]) if row["payment"] in ("card", "app") else 0.0


def not_by_meter(row: Row) -> Said:
    if row["meter_unverified"]:
        return missing("meter verified after repair")
    due = row["fare_fen"] + zero_if_unknown(row["surcharge_fen"]) + zero_if_unknown(row["tolls_fen"])
    due += min(tip_of(row), max(row["paid_fen"] - due, 0))
    if abs(row["paid_fen"] - due) > 50:
        return found(row["paid_fen"], due, lead=row["paid_fen"] < due)
    return CLEAN


def overcharge(row: Row) -> Said:
    if row["meter_unverified"]:
        return missing("meter verified after repair")
    if row["fare_missing"]:
        return missing(row["fare_missing"])
    limit = row["due_high_fen"] + row["step_fen"]
    both, most = row["fare_fen"] + row["surcharge_fen"], limit + row["surcharge_high_fen"]
    over = row["fare_fen"] > limit
    if not over and not both > most:
        return CLEAN
    if row["fare_doubt"]:
        return missing(row["fare_doubt"])
    lead = row["fare_unverified"] or row["fare_fen"] <= row["trial_high_fen"] + row["step_fen"]
    return found(row["fare_fen"], limit, lead=lead) if over else found(both, most, lead=lead)


def bargaining(row: Row) -> Said:  # noqa: PLR0911 - each way out is an answer
    if row["complaint_id"]:
        return complaint(row)
    paid, fare = row["paid_fen"], row["fare_fen"]
    if isnan(paid):
        return missing("trips.paid_yuan")
    due = fare + zero_if_unknown(row["surcharge_fen"]) + zero_if_unknown(row["tolls_fen"])
    difference = abs(paid - due - min(tip_of(row), max(paid - due, 0)))
    negotiated = row["rate_code"] == "negotiated"
    low, high = row["due_low_fen"] - row["step_fen"], row["due_high_fen"] + row["step_fen"]
    off_tariff = negotiated and not row["fare_missing"] and not low <= fare <= high
    # Whole five yuan, ten at least, of no flat rate: the price people agree on.
    priced = (difference > 50 or off_tariff) and paid % 500 == 0 and paid >= 1000
    if not priced or row["rate_code"] == "flat":
        return CLEAN
    if row["meter_unverified"]:
        return missing("meter verified after repair")
    if negotiated:
        return found(paid, due, lead=True)
    if row["leaps"] or not row["longest_gap_s"] <= 60:
        return missing("positions")
    way = row["chord_low_m"]
    hidden = way - row["metered_m"] > 500 and row["metered_m"] < way / 2
    return found(paid, due, lead=True) if hidden else CLEAN


def metered_trip(row: Row) -> Said:
    """Of one trip: 1.15 times the way or 500 m beyond it."""
    if row["meter_unverified"]:
        return missing("meter verified after repair")
    most, least_most = (max(row[way] * 1.15, row[way] + 500) for way in ("gnss_m", "gnss_least_m"))
    metered, driven, odometer = row["metered_m"], row["gnss_m"], row["odometer_m"]
    if not metered > most:
        return missing("clear track") if metered > least_most else CLEAN
    by_meter = abs(metered - odometer) <= 0.025 * metered + 200
    by_track = abs(odometer - driven) <= 0.025 * driven + 200
    if by_meter and not by_track:
        return missing("clear track")
    if row["clock_doubt"]:
        return missing("meter clock")
    if driven <= 0:
        return found(metered, most, lead=True)
    return found(metered / driven, most / driven, lead=True)


# --- what people said ---


def complaint(row: Row) -> Said:
    if row["outcome"] == "open":
        return missing("complaints.outcome")
    return found(1, 0) if row["outcome"] == "upheld" else CLEAN


def uncooperative(row: Row) -> Said:
    if row["outcome"] == "open":
        return missing("complaints.outcome")
    if row["outcome"] != "upheld":
        return CLEAN
    if isnan(row["cooperated"]):
        return missing("complaints.cooperated")
    return CLEAN if row["cooperated"] else found(1, 0)


def looked_at(row: Row) -> Said:
    """What an inspector looks at, or a complaint tells of."""
    if row["complaint_id"]:
        return complaint(row)
    if row["result"] == "":
        return missing("inspections.items")
    return found(1, 0) if row["result"] == "fail" else CLEAN


def no_receipt(row: Row) -> Said:
    answer, measured, allowed, _ = looked_at(row)
    # The meter says that it printed one: the complaint may be mistaken.
    return answer, measured, allowed, bool(row["complaint_id"]) and row["receipt_printed"] == 1


# --- hubs ---


def circling(row: Row) -> Said:
    if row["laps"] < 3:
        return CLEAN
    return missing("reason of going round") if row["others_round"] >= 3 else found(row["laps"], 2)


def outside_bay(row: Row) -> Said:
    barred = row["no_pickup_m"] > 30
    if row["is_at_hub"] and not row["has_bays"] and not barred:
        return missing("zones.bay")
    if row["in_loading_lane"] and row["since_set_down_s"] <= 180:
        return CLEAN
    if barred:
        return found(row["no_pickup_m"], 30)
    beside = row["is_at_hub"] and row["off_bay_m"] > 30 and not row["is_reserved"]
    return found(row["off_bay_m"], 30) if beside else CLEAN


def queue_jump(row: Row) -> Said:
    in_lane = row["in_loading_lane"] and row["after_set_down"]
    if not row["overtook"] > 1 or row["is_reserved"] or not isnan(row["short_m"]) or in_lane:
        return CLEAN
    if row["others"] < 5:
        return missing("waits of other taxis")
    if not row["seen_from"]:
        return missing("positions")
    if row["load_slack_ms"] > 0 and row["stood_s"] <= 0:
        return missing("trips.boarded_at")
    wait, allowed = row["wait_s"] + row["load_slack_ms"] / 1000, row["wait_q25_s"] / 2
    return found(wait, allowed) if wait < allowed else CLEAN


def hub_refusal(row: Row) -> Said:
    if row["ended"] != "empty" or row["is_reserved"] or row["is_paused"]:
        return CLEAN
    stood = row["bay_s"] if row["has_bays"] else row["stood_s"]
    head = row["is_head"] and stood > 60 and row["next_load_s"] < 180
    tried = not isnan(row["tried_ms"])
    if not head and not tried:
        return CLEAN
    if row["gap_s"] > 300 or not row["seen_to"]:
        return missing("positions")
    if head and row["left_with"] >= 2:
        return missing("reason of leaving")
    if row["goes_off"]:
        return missing("events.pause_sign_on")
    lead = not (head and (tried or row["complaint_id"] != ""))
    return found(stood, 60, lead=lead) if head else found(1, 0, lead=lead)


def unattended(row: Row) -> Said:
    absent = row["absent_s"]
    if row["reports"] > 0 and absent == 0:
        return missing("events.duration_s")
    if absent > 120 and row["confidence"] < 0.7:
        return missing("events.confidence")
    if row["kind"] == "inspection":
        return found(1, 0) if row["items"] else CLEAN
    return found(absent, 120, lead=row["reports"] <= 1 or isnan(row["confidence"])) if absent > 120 else CLEAN


# --- service ---


def abandonment(row: Row) -> Said:
    if row["complaint_id"]:
        return complaint(row)
    called = row["called"] and row["called_after_s"] <= 900 and not row["broke_down"]
    if not called or not row["drops_near"] <= 2:
        return CLEAN
    return missing("trips") if row["drops"] < 200 else found(row["called_after_s"], 900, lead=True)


def forced_sharing(row: Row) -> Said:
    if row["overlap_s"] > 120 and not row["is_twice"]:
        return missing("meter clock") if row["meter_clock_doubt"] else found(row["overlap_s"], 120)
    if row["camera_down"]:
        return missing("working camera")
    if row["counts"] < 2:
        return missing("events.passenger_count")
    if not row["rise_to"] > row["rise_from"]:
        return CLEAN
    if isnan(row["rise_low_kmh"]):
        return missing("positions")
    return found(row["rise_to"], row["rise_from"]) if row["rise_low_kmh"] < 3 else CLEAN


def order_not_served(row: Row) -> Said:
    if row["outcome"] == "driver_cancelled":
        return CLEAN if row["tickets"] else found(1, 0)
    no_show = row["outcome"] == "no_show"
    near, reach = row["nearest_m"], row["reach_m"]
    clear = row["longest_gap_s"] <= 60 or reach > 300
    if no_show and not row["has_place"]:
        return missing("orders.pickup_lon")
    if no_show and not near <= 300 and not clear:
        return missing("positions")
    asked = no_show or (row["outcome"] == "served" and not row["has_trip"])
    if asked and near > 300 and row["moved_m"] > 1000 and clear:
        return found(min(near, reach), 300, lead=True)
    return CLEAN


def refusal(row: Row) -> Said:
    if row["complaint_id"]:
        return complaint(row)
    lawful = row["paused"] or row["at_handover"] or row["is_tested"] or row["at_hub"] or not row["for_hire"]
    if not 3 <= row["held_s"] < 60 or lawful or row["tickets"]:
        return CLEAN
    if row["is_blind"]:
        return missing("positions")
    return found(row["held_s"], 60, lead=True) if row["moved_m"] <= 50 and row["left_m"] > 100 else CLEAN


def transfer(row: Row) -> Said:
    if row["complaint_id"]:
        return complaint(row)
    goes_on = row["gap_s"] <= 180 and row["apart_m"] <= 50 and row["turn_deg"] <= 60
    if not goes_on or row["booked"] or row["broke_down"]:
        return CLEAN
    if not row["count_known"]:
        return missing("trips.passengers")
    if not row["same_count"]:
        return CLEAN
    if row["neighbours"] > 2 or row["drops_near"] > 2:
        return missing("complaints")
    return missing("trips") if row["drops"] < 200 else found(row["gap_s"], 180, lead=True)


# --- cars, companies ---


def dishonest_repair(row: Row) -> Said:  # noqa: PLR0911 - as many ways out as ways to be dishonest
    meter = row["device"] == "meter"
    late = meter and row["unproven_days"] > 3
    ceiling = {"meter": 200_000, "camera": 200_000}.get(
        row["device"], 300_000 if row["device"] in ("gnss", "terminal", "recorder") else inf
    )
    if row["other_ticket_id"]:
        sure = row["same_maker"] or row["used_ticket_id"] != "" or late
        return found(2, 1, lead=not sure)
    if row["used_ticket_id"]:
        return found(1, 0)
    if late:
        return found(row["unproven_days"], 3)
    if row["price_fen"] > ceiling:
        return found(row["price_fen"], ceiling, lead=True)
    if row["part_grade"] == "unknown":
        return found(1, 0, lead=True)
    if meter:
        return CLEAN if row["is_proven"] else missing("repairs.reverified_on")
    says_nothing = not row["part_serial"] and not row["part_grade"] and isnan(row["price_fen"])
    return missing("repairs.part_serial") if says_nothing else CLEAN


def first_reply(row: Row) -> Said:
    if row["reply_late"]:
        return found(row["reply_late"], 0)
    return missing("complaints.first_reply_at") if row["reply_unsaid"] else CLEAN


def satisfaction(row: Row) -> Said:
    if row["rated"] < 20:
        return missing("trips.rating")
    share = row["bad"] / row["rated"]
    return found(share, 0.05) if share > 0.05 else CLEAN


def fleet_delay(row: Row) -> Said:
    if row["delay_mean_s"] > 60:
        return found(row["delay_mean_s"], 60)
    late = row["batches_over_1h"]
    return found(late, 2 * row["cars"]) if late > 2 * row["cars"] else CLEAN


Values = dict[str, list[Any]]
SECOND: Final[Values] = {"complaint_id": ["", "", "K1"], "outcome": ["open", "upheld", "not_upheld"]}
CAMERA: Final[Values] = {
    "confidence": [0.69, 0.7, 0.9, nan], "frames": [0.0, 1.0, 2.0, 3.0, nan], "held_s": [1.9, 2.0, 9.9, 10.0],
    "top_kmh": [0.0, 5.0, 5.1, 20.0, 20.1, nan], "media": ["", "a.jpg"],
}  # fmt: skip
SUMS: Final[Values] = {
    "fare_fen": [1000.0, 1950.0, 2000.0, 2050.0, 2051.0, 2100.0], "surcharge_fen": [0.0, 100.0, nan],
    "tolls_fen": [0.0, 500.0, nan], "paid_fen": [999.0, 1000.0, 2000.0, 2050.0, 2051.0, 2500.0, 2600.0],
    "tip_fen": [0.0, 100.0, 5000.0, nan], "payment": ["cash", "app", "card"],
    "meter_unverified": ["", "", "R1"],
}  # fmt: skip
YES: Final = [False, True]
# Rule -> what says it plainly, and the values each column of a row may have: on both sides of every limit.
TOLD: Final[dict[str, tuple[Callable[[Row], Said], Values]]] = {
    "driving.eating": (in_motion, CAMERA),
    "driving.phone": (in_motion, CAMERA),
    "driving.smoking": (smoking, CAMERA),
    "driving.no_belt": (
        no_belt,
        CAMERA | {"span_s": [9.9, 10.0], "fast_s": [9.9, 10.0, 11.0, nan], "witnesses": [1, 2]},
    ),
    "driving.not_yielding": (not_yielding, CAMERA | {"document_no": ["", "N1"], "level": [1.0, 2.0, nan]}),
    "driving.overload": (
        overload,
        {"camera_down": [False, False, True], "counts": [0, 1, 2, 3], "over": [0, 1, 2, 3],
         "passengers": [4.0, 5.0], "seats": [5.0, 7.0], "counters": [1, 2]},
    ),
    "vehicle.lens_covered": (
        lens_covered,
        CAMERA | {"on_duty_s": [59.0, 60.0, 61.0, 600.0, 601.0], "span_s": [60.0, 700.0], "saw_else": YES,
                  "local_s": [0, 25_199, 25_200, 64_799, 64_800]},
    ),
    "driving.speeding": (
        speeding,
        {"kind": ["stretch", "stretch", "stretch", "trip"], "limit_kmh": [0.0, 40.0, 60.0, 80.0],
         "mean_kmh": [6.0, 6.1, 45.9, 46.0, 46.1, 66.0, 66.1, 88.0, 88.1], "held_s": [14.9, 15.0, 40.0],
         "fixes": [2, 3, 4], "in_doubt": [0, 0, 0, 1], "judged_ratio": [0.49, 0.5],
         "limit_source": ["map", "class default"]},
    ),
    "driving.harsh": (
        harsh,
        {"distance_m": [499_999.0, 500_000.0], "acts": [0.0, 4.0, 11.0, 20.0, 31.0, 60.0],
         "expected": [0.0, 4.0, 15.0, 31.0]},
    ),
    "fare.early_meter": (
        early_meter,
        {"seat_sensor": [True, True, False], "aboard_before": [False, False, True], "back_aboard": YES,
         "boarded_event_ms": [nan, -60.0, 0.0, 60.0, 61.0], "slack_s": [0.0, 60.0],
         "early_stand_s": [0.0, 120.0, 120.1, nan], "early_move_m": [0.0, 300.0, 300.1, nan]},
    ),
    "fare.late_meter": (
        late_meter,
        {"seat_sensor": [True, True, False], "left_event_ms": [nan, 119.0, 120.0, 121.0], "left_after": YES},
    ),
    "fare.off_meter": (
        off_meter,
        {"moved_seat_m": [nan, 0.0, 500.0, 501.0], "moved_camera_m": [nan, 0.0, 500.0, 502.0],
         "moved_loaded_m": [nan, 0.0, 500.0, 503.0], "is_tested": [False, False, False, True],
         "at_handover": [False, False, False, True], "tickets": ["", "R1"]},
    ),
    "fare.not_by_meter": (not_by_meter, SUMS),
    "fare.overcharge": (
        overcharge,
        SUMS | {"metered_m": [5000.0], "due_high_fen": [1950.0, 2000.0], "step_fen": [0.0, 50.0],
                "surcharge_high_fen": [0.0, 100.0],
                "fare_missing": ["", "", "", "known rate_code"], "fare_doubt": ["", "", "meter clock"],
                "trial_high_fen": [nan, 2000.0, 2050.0], "fare_unverified": YES},
    ),
    "fare.bargaining": (
        bargaining,
        SUMS | SECOND | {
            "rate_code": ["day", "negotiated", "flat"], "due_low_fen": [1000.0, 1950.0],
            "due_high_fen": [1950.0, 2050.0], "step_fen": [0.0, 50.0], "fare_missing": ["", "", "x"],
            "paid_fen": [nan, 500.0, 1000.0, 1500.0, 2000.0, 2500.0, 3001.0], "leaps": [0, 0, 1],
            "longest_gap_s": [59.0, 60.0, 61.0], "chord_low_m": [1000.0, 1001.0, 2000.0],
            "metered_m": [499.0, 500.0, 501.0, 1000.0],
        },
    ),
    "fare.metered_distance": (
        metered_trip,
        {"gnss_m": [0.0, 1000.0, 4000.0, 7000.0], "gnss_least_m": [1000.0, 4000.0, 7000.0],
         "metered_m": [500.0, 500.1, 1500.0, 1500.1, 4600.0, 4600.1, 8050.0, 8050.1],
         "odometer_m": [nan, 1262.5, 1262.4, 3900.0, 4285.0, 4284.9, 7648.75, 7648.0, 7375.0, 7375.1],
         "meter_unverified": ["", "", "R1"], "clock_doubt": [False, False, True], "kind": ["trip"],
         "after_repair": [False], "course": [""]},
    ),
    "fare.no_receipt": (
        no_receipt, SECOND | {"result": ["", "pass", "fail"], "receipt_printed": [nan, 0.0, 1.0]},
    ),
    "vehicle.unclean": (looked_at, SECOND | {"result": ["", "pass", "fail"]}),
    "service.complaint_uncooperative": (
        uncooperative, {"complaint_id": ["K1"], "outcome": SECOND["outcome"], "cooperated": [nan, 0.0, 1.0]},
    ),
    "hub.circling": (circling, {"laps": [1, 2, 3, 4], "others_round": [0, 2, 3]}),
    "hub.outside_bay": (
        outside_bay,
        {"no_pickup_m": [0.0, 30.0, 30.1], "is_at_hub": YES, "has_bays": [True, True, False],
         "in_loading_lane": YES, "since_set_down_s": [nan, 179.0, 180.0, 181.0],
         "off_bay_m": [0.0, 30.0, 30.1, nan], "is_reserved": [False, False, True]},
    ),
    "hub.queue_jump": (
        queue_jump,
        {"overtook": [1, 2, 3], "is_reserved": [False, False, True], "short_m": [nan, nan, 900.0],
         "in_loading_lane": YES, "after_set_down": YES, "others": [4, 5, 9], "seen_from": [True, True, False],
         "load_slack_ms": [0, 60_000], "stood_s": [0.0, 1.0],
         "wait_s": [199.0, 200.0, 239.0, 240.0, 299.0, 300.0],
         "wait_q25_s": [400.0, 600.0]},
    ),
    "hub.refusal": (
        hub_refusal,
        {"ended": ["empty", "empty", "loaded"], "is_reserved": [False, False, True],
         "is_paused": [False, False, True],
         "has_bays": YES, "bay_s": [60.0, 61.0], "stood_s": [60.0, 62.0], "is_head": [True, True, False],
         "next_load_s": [179.0, 180.0, nan], "tried_ms": [nan, 1.0], "complaint_id": ["", "K1"],
         "gap_s": [300.0, 301.0], "seen_to": [True, True, False], "left_with": [1, 1, 2],
         "goes_off": [False, False, True]},
    ),
    "hub.unattended": (
        unattended,
        {"kind": ["inspection", "camera"], "absent_s": [0.0, 120.0, 120.1], "items": ["", "unattended"],
         "confidence": [nan, 0.69, 0.7], "reports": [0, 1, 2]},
    ),
    "service.abandonment": (
        abandonment,
        SECOND | {"called": ["", "B1", "B1"], "called_after_s": [899.0, 900.0, 901.0],
                  "broke_down": [False, False, True], "drops_near": [2, 3], "drops": [199, 200]},
    ),
    "service.forced_sharing": (
        forced_sharing,
        {"overlap_s": [0.0, 120.0, 121.0], "is_twice": YES, "meter_clock_doubt": YES,
         "camera_down": [False, False, True], "counts": [1, 2, 3], "rise_from": [1.0, 2.0],
         "rise_to": [1.0, 2.0, 3.0], "rise_low_kmh": [2.9, 3.0, nan]},
    ),
    "service.order_not_served": (
        order_not_served,
        {"outcome": ["driver_cancelled", "no_show", "served", "passenger_cancelled"], "tickets": ["", "R1"],
         "has_trip": YES, "has_place": [True, True, False], "nearest_m": [299.0, 300.0, 301.0, 2000.0],
         "reach_m": [299.0, 300.0, 301.0], "longest_gap_s": [60.0, 61.0], "moved_m": [1000.0, 1001.0]},
    ),
    "service.refusal": (
        refusal,
        SECOND | {"held_s": [2.9, 3.0, 59.9, 60.0], "paused": [False, False, False, True],
                  "at_handover": [False, False, False, True], "is_tested": [False, False, False, True],
                  "at_hub": [False, False, False, True], "for_hire": [True, True, True, False],
                  "tickets": ["", "", "R1"], "is_blind": [False, False, True],
                  "moved_m": [50.0, 51.0], "left_m": [100.0, 101.0]},
    ),
    "service.transfer": (
        transfer,
        SECOND | {"gap_s": [180.0, 181.0], "apart_m": [50.0, 51.0], "turn_deg": [60.0, 61.0],
                  "booked": [False, False, True], "broke_down": [False, False, True],
                  "count_known": [True, True, False], "same_count": [True, True, False],
                  "neighbours": [2, 2, 3], "drops_near": [2, 2, 3], "drops": [199, 200, 201]},
    ),
    "vehicle.dishonest_repair": (
        dishonest_repair,
        {"device": ["meter", "camera", "gnss", "terminal", "recorder", "seat"],
         "unproven_days": [0.0, 3.0, 4.0],
         "other_ticket_id": ["", "", "R8"], "used_ticket_id": ["", "", "R9"], "same_maker": YES,
         "price_fen": [nan, 200_000.0, 200_001.0, 300_000.0, 300_001.0],
         "part_grade": ["", "A", "A", "unknown"],
         "part_serial": ["", "S1"], "is_proven": YES},
    ),
    "sla.first_reply": (first_reply, {"reply_late": [0, 0, 1, 2], "reply_unsaid": [0, 1]}),
    "sla.satisfaction": (
        satisfaction, {"rated": [0.0, 19.0, 20.0, 40.0, 100.0], "bad": [0.0, 1.0, 2.0, 3.0, 6.0]},
    ),
    "sla.delay": (
        fleet_delay,
        {"delay_mean_s": [0.0, 60.0, 60.1], "batches_over_1h": [0, 20, 21, 40, 41], "cars": [10, 20]},
    ),
}  # fmt: skip
