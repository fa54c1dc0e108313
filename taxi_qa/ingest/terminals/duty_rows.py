"""Who drives from when to when: sign-ins and sign-outs of JT905, driver cards of JT808."""

from collections import Counter

from taxi_qa.ingest.terminals.decode import Message
from taxi_qa.ingest.terminals.record_rows import Row
from taxi_qa.ingest.terminals.state import Memory


def duty_rows(memory: Memory, message: Message, vehicle: str, counts: Counter[str]) -> list[Row]:
    """Read a message about a driver signing in or out.

    A sign-in and its sign-out tell the same begin, so the second corrects the first.

    Args:
        memory: of the terminal; changed.
        message: `signed_in`, `signed_out` or `driver_card` of `decode`.
        vehicle: whose it is.
        counts: what could not be used, by reason.
    """
    told = message.fields
    if message.name == "driver_card":
        return _card(memory, message, vehicle, counts)
    if not told["driver"].strip("0"):
        counts["sign_ins_without_a_driver"] += 1
        return []
    # A terminal whose power-on moment cannot be read still says where and when it was.
    start_ms = told["on_ms"] if told["on_ms"] is not None else told["position"]["time_ms"]
    return [_row(vehicle, told["driver"], start_ms, told.get("off_ms"))]


def _card(memory: Memory, message: Message, vehicle: str, counts: Counter[str]) -> list[Row]:
    told = message.fields
    if "status" not in told:
        counts["driver_cards_of_2011_say_neither_in_nor_out"] += 1
        return []
    if told["status"] == 1:
        if told.get("read_result", 1) or not told.get("driver", "").strip("0"):
            counts["driver_cards_not_read"] += 1
            return []
        if told["time_ms"] is None:
            counts["driver_cards_without_a_moment"] += 1
            return []
        memory["card"] = [told["driver"], told["time_ms"]]
        return [_row(vehicle, told["driver"], told["time_ms"], None)]
    driver, start_ms = memory.get("card", (None, None))
    if driver is None or told["time_ms"] is None or told["time_ms"] < start_ms:
        counts["driver_cards_out_without_in"] += 1
        return []
    return [_row(vehicle, driver, start_ms, told["time_ms"])]


def _row(vehicle: str, driver: str, start_ms: int | None, end_ms: int | None) -> Row:
    return {
        "vehicle_id": vehicle,
        "driver_id": driver,
        "start": start_ms,
        "end": end_ms,
        "source": "card",
    }
