"""What is written about acts at hubs: orders, police orders, inspections."""

import datetime as dt
import json

import numpy as np

from taxi_qa.lab import city as town
from taxi_qa.lab.life import Life
from taxi_qa.lab.papers import APPROVER
from taxi_qa.lab.records import Row, clock_text


def hub_papers(life: Life, first_day: dt.date) -> None:
    """Writes the orders and excuses of a car's acts at hubs."""
    for driver_id, accepted_s, due_s in life.ordered:
        ride = next((ride for ride in life.rides if ride.boarded_s == due_s - 60 and ride.order_id), None)
        place = life.track.at_m if ride is None else ride.from_m
        lon, lat = life.track.streets.city.degrees(np.array(place[0]), np.array(place[1]))
        life.orders.append(
            {
                "order_id": ride.order_id if ride is not None else f"H{life.number:04d}-{accepted_s}",
                "vehicle_id": life.vehicle_id,
                "driver_id": driver_id,
                "accepted_at": clock_text(first_day, accepted_s),
                "pickup_due": clock_text(first_day, due_s),
                "pickup_lon": f"{float(lon):.6f}",
                "pickup_lat": f"{float(lat):.6f}",
                "outcome": "served" if ride is not None else "passenger_cancelled",
            }
        )
    for number, (begin, end) in enumerate(life.sent_away, start=1):
        life.excuses.append(
            {
                "excuse_id": f"P{life.number:04d}-{number}",
                "scope": "vehicle",
                "scope_id": life.vehicle_id,
                "from": clock_text(first_day, begin),
                "to": clock_text(first_day, end),
                "cause": "police_order",
                "rules": "hub.refusal",
                "proof": "police notice",
                "approved_by": APPROVER,
            }
        )


def inspection_rows(life: Life, first_day: dt.date) -> list[Row]:
    """What inspectors wrote about a car; at one car in four they looked for nothing and all was well."""
    seen = list(life.inspected)
    if life.number % 4 == 0 and life.duties:
        duty = life.duties[0]
        honest = {
            "cooperated": "pass",
            "no_soliciting": "pass",
            "queue_order": "pass",
            "clean_vehicle": "pass",
        }
        seen.append(
            (duty.start_s + 4_000, town.HUBS[life.number % len(town.HUBS)][0], duty.driver_id, honest)
        )
    return [
        {
            "inspection_id": f"N{life.number:04d}-{number}",
            "at": clock_text(first_day, at_s),
            "inspector": "示范检查员",
            "vehicle_id": life.vehicle_id,
            "driver_id": driver_id,
            "zone_id": zone_id,
            "items": json.dumps(items),
        }
        for number, (at_s, zone_id, driver_id, items) in enumerate(seen, start=1)
    ]
