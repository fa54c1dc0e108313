"""Booked rides of JT905: offered, grabbed, told, done or cancelled.

The messages hold no clocks of their own beside the moment the ride is due: what happened when is when
it came.
"""

from collections import Counter
from typing import Final

from taxi_qa.ingest.terminals.decode import Message
from taxi_qa.ingest.terminals.record_rows import Row
from taxi_qa.ingest.terminals.state import Memory, remember

_MOST_ORDERS: Final = 64
_REASONS: Final = {0: "accident", 1: "jam", 2: "other"}
_OUTCOMES: Final = {
    "order_done": "served",
    "order_cancelled": "driver_cancelled",
    "order_called_off": "passenger_cancelled",
}


def order_rows(
    memory: Memory, message: Message, vehicle: str, received_ms: int, counts: Counter[str]
) -> list[Row]:
    """Read a message about a booked ride.

    Args:
        memory: of the terminal; changed.
        message: of `messages.order`.
        vehicle: whose it is.
        received_ms: when its frame came.
        counts: what could not be used, by reason.

    Returns:
        A row once the outcome is known; none where the ride was never taken, or nobody saw when it was due.
    """
    told = message.fields
    key = str(told["business_id"])
    order = dict(memory.get("orders", {}).get(key, {}))
    if message.name in {"order_offered", "order_told"}:
        order.setdefault("due_ms", told["due_ms"])
        if told.get("pickup_lon_deg") and told.get("pickup_lat_deg"):
            order["pickup"] = [told["pickup_lon_deg"], told["pickup_lat_deg"]]
    elif message.name == "order_grabbed":
        order.setdefault("accepted_ms", received_ms)
    else:
        # Sent again it is the same end: the first one counts.
        order.setdefault("ended", [message.name, received_ms, told.get("reason")])
    remember(memory, "orders", key, order, _MOST_ORDERS)
    if "ended" not in order:
        return []
    if order.get("accepted_ms") is None or order.get("due_ms") is None:
        counts["orders_without_their_begin"] += 1
        return []
    name, ended_ms, reason = order["ended"]
    lon, lat = order.get("pickup", (None, None))
    return [
        {
            "order_id": key,
            "vehicle_id": vehicle,
            "accepted_at": order["accepted_ms"],
            "pickup_due": order["due_ms"],
            "pickup_lon": lon,
            "pickup_lat": lat,
            "outcome": _OUTCOMES[name],
            "cancelled_at": None if name == "order_done" else ended_ms,
            "cancel_reason": _REASONS.get(reason) if reason is not None else None,
        }
    ]
