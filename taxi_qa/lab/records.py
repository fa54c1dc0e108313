"""A made car's life as the record files tell it: trips, shifts, events and papers."""

import datetime as dt
from typing import Final

import numpy as np
import pandas as pd

from taxi_qa.lab.life import Life, Ride
from taxi_qa.lab.meter import Reading, is_night, read_meter
from taxi_qa.lab.motion import Sampled, metres_each_second, seconds_slower
from taxi_qa.lab.plan import has_belts, has_camera

Row = dict[str, object]

_TOLL_FROM_M: Final = 14_000.0
_FAR: Final = "2035-12-31"

TRIP_COLUMNS: Final = (
    "trip_id", "vehicle_id", "driver_id", "boarded_at", "alighted_at", "metered_km", "empty_km", "waiting_s",
    "fare_yuan", "surcharge_yuan", "tolls_yuan", "paid_yuan", "tip_yuan", "payment", "rating", "order_id",
    "passengers", "rate_code", "receipt_printed", "boarded_lon", "boarded_lat", "alighted_lon",
    "alighted_lat",
)  # fmt: skip


def clock_text(first_day: dt.date, seconds: int) -> str:
    """Local time, `2026-10-20 08:05:11`, of seconds counted from the fleet's first midnight."""
    moment = dt.datetime.combine(first_day, dt.time()) + dt.timedelta(seconds=int(seconds))
    return moment.isoformat(sep=" ")


def trip_rows(life: Life, sampled: Sampled, first_day: dt.date) -> list[Row]:
    """The rides of a car as its meter closed them."""
    rows: list[Row] = []
    stopped_m = 0.0
    for ride in life.rides:
        began_m, ended_m = sampled.along_m[sampled.row(ride.on_s)], sampled.along_m[sampled.row(ride.off_s)]
        reading = meter_reading(life, sampled, ride)
        rows.append(_trip_row(life, ride, reading, (began_m - stopped_m) / 1000.0, first_day))
        stopped_m = ended_m
    return rows


def meter_reading(life: Life, sampled: Sampled, ride: Ride) -> Reading:
    """What the car's meter shows at the end of a ride."""
    metres = metres_each_second(sampled, ride.on_s, ride.off_s) * life.meter_factor
    if ride.burst_m:
        # A pulse box works in bursts while the car rolls: here over a tenth of the moving seconds.
        rolling = np.flatnonzero(metres > 1.0)
        burst = rolling[rolling.size // 2 :][: max(1, rolling.size // 10)]
        metres[burst] += ride.burst_m / burst.size
    slow_s = seconds_slower(sampled, ride.on_s, ride.off_s, life.tariff.slow_kmh)
    return read_meter(life.tariff, ride.on_s, metres, slow_s, ride.rate)


def _trip_row(life: Life, ride: Ride, reading: Reading, empty_km: float, first_day: dt.date) -> Row:
    rng = life.rng
    fare = round(reading.fare_yuan + ride.fare_off_yuan, 2)
    tolls = 5.0 if reading.km * 1000 > _TOLL_FROM_M and rng.random() < 0.4 else ride.tolls_yuan  # noqa: PLR2004
    payment = ride.payment or str(rng.choice(["app", "app", "app", "cash", "card", "transit_card"]))
    due = fare + tolls
    paid = due + ride.paid_off_yuan + ride.tip_yuan if ride.paid_yuan is None else ride.paid_yuan
    if payment == "cash" and ride.paid_yuan is None and not ride.paid_off_yuan and not ride.tip_yuan:
        paid = float(np.floor(due * 2 + 0.5) / 2)  # small change is rounded to half a yuan
    on_s, off_s = (s - s % 60 if life.old_meter else s for s in (ride.on_s, ride.off_s))
    night = is_night(life.tariff, np.array([ride.on_s]))[0]
    due_rate = "night" if night else "day"
    city = life.track.streets.city
    (from_lon, from_lat), (to_lon, to_lat) = (
        city.degrees(np.array(place[0] + rng.normal(0, 4)), np.array(place[1] + rng.normal(0, 4)))
        for place in (ride.from_m, ride.to_m)
    )
    said = int(rng.choice([0, 0, 0, 1, 1, 2]))
    return {
        "trip_id": ride.trip_id,
        "vehicle_id": life.vehicle_id,
        "driver_id": ride.driver_id if life.sends_driver and not ride.hide_driver else "",
        "boarded_at": clock_text(first_day, on_s),
        "alighted_at": clock_text(first_day, off_s),
        "metered_km": f"{reading.km:.1f}" if life.old_meter else f"{reading.km:.2f}",
        "empty_km": f"{empty_km:.1f}",
        "waiting_s": "" if life.old_meter or ride.hide_waiting else reading.slow_s,
        "fare_yuan": f"{fare:.2f}",
        "surcharge_yuan": "0.00",
        "tolls_yuan": f"{tolls:.2f}",
        "paid_yuan": f"{paid:.2f}",
        "tip_yuan": f"{ride.tip_yuan:.2f}" if ride.tip_yuan else "",
        "payment": payment,
        "rating": said if ride.rating is None else ride.rating,
        "order_id": ride.order_id,
        "passengers": ride.passengers,
        "rate_code": ride.said_rate or due_rate,
        "receipt_printed": int(rng.random() < 0.8),  # noqa: PLR2004 - most want one
        "boarded_lon": f"{float(from_lon):.6f}",
        "boarded_lat": f"{float(from_lat):.6f}",
        "alighted_lon": f"{float(to_lon):.6f}",
        "alighted_lat": f"{float(to_lat):.6f}",
    }


def shift_rows(life: Life, first_day: dt.date) -> list[Row]:
    """Who signed in, from when to when."""
    return [
        {
            "vehicle_id": life.vehicle_id,
            "driver_id": duty.driver_id,
            "start": clock_text(first_day, duty.signed_s),
            "end": clock_text(first_day, duty.left_s),
            "source": "face" if life.number % 2 else "card",
        }
        for duty in life.duties
    ]


def event_rows(life: Life, first_day: dt.date) -> list[Row]:
    """What the car's devices reported."""
    ordered = sorted(life.happenings, key=lambda h: (h.at_s, h.kind))
    return [
        {
            "event_id": f"E{life.number:04d}-{count:05d}",
            "vehicle_id": life.vehicle_id,
            "time": clock_text(first_day, event.at_s),
            "kind": event.kind,
            "driver_id": event.driver_id,
            "value": "" if event.value is None else event.value,
            "confidence": "" if event.confidence is None else event.confidence,
            "duration_s": "" if event.duration_s is None else event.duration_s,
            "level": "" if event.level is None else event.level,
            "media": event.media,
            "media_sha256": event.media_sha256,
            "source": event.source or ("seat" if event.kind.startswith("passenger_") else "terminal"),
        }
        for count, event in enumerate(ordered, start=1)
    ]


def driver_rows(life: Life, first_day: dt.date) -> list[Row]:
    """The two drivers of a car; names and numbers are made up and look it."""
    rows: list[Row] = []
    for turn, driver_id in enumerate(life.drivers):
        row: Row = {
            "driver_id": driver_id,
            "name": f"司机{life.number * 2 + turn - 1:03d}",
            "company_id": life.company_id,
            "registered_from": (first_day - dt.timedelta(days=400)).isoformat(),
            "registered_to": _FAR,
            "licence_valid_to": _FAR,
        }
        rows.append(row | life.papers.get(driver_id, {}))
    for extra, papers in life.papers.items():
        if extra not in (*life.drivers, life.vehicle_id):
            rows.append(rows[0] | {"driver_id": extra, "name": f"停驾司机{life.number:03d}"} | papers)
    return rows


def vehicle_row(life: Life, first_day: dt.date) -> Row:
    """The register's line of a car."""
    row: Row = {
        "vehicle_id": life.vehicle_id,
        "company_id": life.company_id,
        "seats": 5,
        "energy": "electric" if life.electric else "combustion",
        "permit_valid_to": _FAR,
        "terminal_id": f"1000{life.number:06d}",
        "meter_no": f"M{life.number:05d}",
        "meter_verified_on": (first_day - dt.timedelta(days=90 + life.number % 200)).isoformat(),
        "has_belt_sensor": int(has_belts(life.number)),
        "has_seat_sensor": int(life.has_seat_sensor),
        "has_camera": int(has_camera(life.number)),
    }
    return row | dict(life.papers.get(life.vehicle_id, {}))


def truth_rows(life: Life, first_day: dt.date, offset: str) -> list[Row]:
    """The answer key of a car, times in ISO 8601 with the city's offset."""
    return [
        {
            "rule": truth.rule,
            "label": truth.label,
            "vehicle_id": truth.vehicle_id,
            "driver_id": truth.driver_id,
            "trip_id": truth.trip_id,
            "start": clock_text(first_day, truth.start_s).replace(" ", "T") + offset,
            "end": clock_text(first_day, truth.end_s).replace(" ", "T") + offset,
            "note": truth.note,
            "company_id": truth.company_id,
        }
        for truth in life.truths
    ]


def frame_of(rows: list[Row], columns: tuple[str, ...] | None = None) -> pd.DataFrame:
    """Rows as a frame whose columns stand even where there is no row."""
    return pd.DataFrame(rows, columns=None if columns is None else list(columns))
