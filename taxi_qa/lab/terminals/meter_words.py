"""Who drives and what the meter closed: signing in and out, booked rides, trips."""

import struct
from dataclasses import replace
from typing import Final

from taxi_qa.lab.terminals.spoken import Row, Spoken, moment_ms
from taxi_qa.lab.terminals.wire import Fix, clock, number, on_the_wire, place, text

_MINUTE_MS: Final = 60_000
# Kilometres, trips and money of the shift and in all, and how it was ended: nothing is made of them.
_SHIFT_SUMS: Final = 36
_PAYMENTS: Final = {"cash": (0, "cash"), "transit_card": (1, "transit_card")}
_OTHER_PAYMENT: Final = (9, "other")
_REASON_OTHER: Final = 2


def tell_shifts(car: Spoken, shifts: list[Row], fixes: list[Fix]) -> None:
    """Signing in and out (JT905: by the minute), or a driver's card (JT808)."""
    for row in shifts:
        start_ms = moment_ms(row["start"])
        end_ms = moment_ms(row["end"]) if row["end"] else None
        known_start, known_end = start_ms, end_ms
        if car.edition == "905":
            form = "%Y%m%d%H%M"
            known_start = start_ms - start_ms % _MINUTE_MS
            known_end = None if end_ms is None else end_ms - end_ms % _MINUTE_MS
            signed = place("905", _near(fixes, start_ms)) + bytes(16) + text(row["driver_id"], 19)
            signed += text(car.vehicle_id[1:], 6)
            car.says(start_ms + 2_000, 0x0B03, signed + clock(start_ms, form))
            if end_ms is not None:
                ended = bytes(2) + clock(start_ms, form) + clock(end_ms, form) + bytes(_SHIFT_SUMS)
                car.says(end_ms + 2_000, 0x0B04, signed + ended)
        else:
            card = b"\x00\x00" + text(row["driver_id"], 20) + b"\x00" + bytes.fromhex("20351231")
            card += bytes(20) if car.edition == "808-2019" else b""
            car.says(start_ms + 2_000, 0x0702, b"\x01" + clock(start_ms) + card)
            if end_ms is not None:
                car.says(end_ms + 2_000, 0x0702, b"\x02" + clock(end_ms))
        told = {"vehicle_id": car.vehicle_id, "driver_id": row["driver_id"], "start": known_start}
        car.knows("shifts", {**told, "end": known_end, "source": "card"})


def tell_orders(car: Spoken, orders: list[Row]) -> None:
    """Booked rides: offered, grabbed, told, and how they ended."""
    for row in orders:
        business, accepted_ms, due_ms = (
            order_number(row["order_id"]),
            moment_ms(row["accepted_at"]),
            moment_ms(row["pickup_due"]),
        )
        key = struct.pack(">I", business)
        lon, lat = float(row["pickup_lon"]), float(row["pickup_lat"])
        car.says(accepted_ms - 20_000, 0x8B00, key + b"\x01" + clock(due_ms) + b"\x00", by_centre=True)
        car.says(accepted_ms, 0x0B01, key)
        where = struct.pack(">iiii", round(lon * 600_000), round(lat * 600_000), 0, 0)
        told = key + b"\x01" + clock(due_ms) + where + bytes(2) + b"\x00\x00"
        car.says(accepted_ms + 20_000, 0x8B01, told, by_centre=True)
        ended_ms = moment_ms(row["cancelled_at"]) if row["cancelled_at"] else due_ms + 20 * _MINUTE_MS
        served, by_driver = row["outcome"] == "served", row["outcome"] == "driver_cancelled"
        if served:
            car.says(ended_ms, 0x0B07, key)
        elif by_driver:
            car.says(ended_ms, 0x0B08, key + bytes((_REASON_OTHER,)))
        else:
            # A passenger who does not come has no word of his own: the centre calls the ride off.
            car.says(ended_ms, 0x8B09, key, by_centre=True)
            car.lost["orders", "no_show"] += row["outcome"] == "no_show"
        car.lost["orders", "driver_id"] += bool(row["driver_id"])
        car.knows(
            "orders",
            {
                "order_id": str(business),
                "vehicle_id": car.vehicle_id,
                "accepted_at": car.arrives(accepted_ms),
                "pickup_due": due_ms,
                "pickup_lon": on_the_wire("905", lon),
                "pickup_lat": on_the_wire("905", lat),
                "outcome": "served" if served else "driver_cancelled" if by_driver else "passenger_cancelled",
                "cancelled_at": None if served else car.arrives(ended_ms),
                "cancel_reason": "other" if by_driver else None,
            },
        )


def order_number(order_id: str) -> int:
    """The business number of an order: the digits of its id."""
    return int("".join(letter for letter in order_id if letter.isdecimal()) or 0)


def tell_trips(car: Spoken, trips: list[Row], fixes: list[Fix], orders: list[Row]) -> None:
    """Trips as the meter closed them: minutes, tenths of a kilometre, tenths of a yuan."""
    told_orders = {row["order_id"] for row in orders}
    for count, row in enumerate(trips, start=1):
        boarded_ms, alighted_ms = moment_ms(row["boarded_at"]), moment_ms(row["alighted_at"])
        km, empty_km = round(float(row["metered_km"]) * 10), round(float(row["empty_km"]) * 10)
        surcharge = round(float(row["surcharge_yuan"]) * 10)
        amount = round(float(row["fare_yuan"]) * 10) + surcharge
        waiting = None if row["waiting_s"] == "" else int(row["waiting_s"]) // 60
        code, payment = _PAYMENTS.get(row["payment"], _OTHER_PAYMENT)
        business = order_number(row["order_id"]) if row["order_id"] in told_orders else 0
        ends = [
            _moved(_near(fixes, moment), moment, float(row[f"{end}_lon"]), float(row[f"{end}_lat"]))
            for end, moment in (("boarded", boarded_ms), ("alighted", alighted_ms))
        ]
        rating = int(row["rating"] or 0)
        body = place("905", ends[0]) + place("905", ends[1])
        body += struct.pack(">IIBHI", 0, 0, rating, 0, business)
        body += text(car.vehicle_id[1:], 6) + bytes(16) + text(row["driver_id"], 19)
        body += clock(boarded_ms, "%y%m%d%H%M") + clock(alighted_ms, "%H%M")
        body += number(km, 3) + number(empty_km, 2) + number(surcharge, 3)
        # A meter that does not count the waiting fills the field up.
        body += b"\xff\xff" if waiting is None else number(waiting // 60 * 100 + waiting % 60, 2)
        body += number(amount, 3) + struct.pack(">IB", count, code)
        car.says(alighted_ms + 3_000, 0x0B05, body)
        for name in ("tolls_yuan", "paid_yuan", "tip_yuan", "passengers", "rate_code", "receipt_printed"):
            car.lost["trips", name] += row[name] != ""
        car.knows(
            "trips",
            {
                "trip_id": row["trip_id"],
                "vehicle_id": car.vehicle_id,
                "driver_id": row["driver_id"] or None,
                "boarded_at": boarded_ms - boarded_ms % _MINUTE_MS,
                "alighted_at": alighted_ms - alighted_ms % _MINUTE_MS,
                "metered_km": km / 10,
                "empty_km": empty_km / 10,
                "waiting_s": None if waiting is None else waiting * 60,
                "fare_yuan": (amount - surcharge) / 10,
                "surcharge_yuan": surcharge / 10,
                "payment": payment,
                "rating": rating,
                "order_id": str(business) if business else None,
                **{
                    f"{end}_{axis}": on_the_wire("905", float(row[f"{end}_{axis}"]))
                    for end in ("boarded", "alighted")
                    for axis in ("lon", "lat")
                },
            },
        )


def _moved(fix: Fix, time_ms: int, lon: float, lat: float) -> Fix:
    """The place a meter's switch was thrown at, told by the terminal's receiver: with a fix."""
    return replace(fix, time_ms=time_ms, lon=lon, lat=lat, fixed=True, acc_on=True)


def _near(fixes: list[Fix], time_ms: int) -> Fix:
    """What a terminal knows of itself at a moment: its last fix, or nothing yet."""
    nothing = Fix(time_ms, 0.0, 0.0, 0.0, 0, loaded=False, fixed=False, acc_on=True, odometer_km=0.0)
    last = max((fix for fix in fixes if fix.time_ms <= time_ms), key=lambda fix: fix.time_ms, default=nothing)
    return replace(last, time_ms=time_ms)
