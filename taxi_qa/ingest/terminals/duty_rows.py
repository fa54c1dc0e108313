"""Who drives from when to when: sign-ins and sign-outs of JT905, driver cards of JT808."""

from collections import Counter
from typing import Final

from taxi_qa.ingest.terminals.decode import Message
from taxi_qa.ingest.terminals.record_rows import Row
from taxi_qa.ingest.terminals.state import Memory, remember

# Shifts kept a terminal, to know that one ended when its sign-in is sent once more.
_MOST_SHIFTS: Final = 32
# A sign-out ends the shift of its driver though its own begin differs a little: some terminals write the
# moment the power came on in the one and the moment of signing in in the other.
_LONGEST_MS: Final = 36 * 3_600_000
_SAME_BEGIN_MS: Final = 30 * 60_000


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
    if message.name == "signed_in":
        return [_begin(memory, vehicle, told["driver"], start_ms)]
    return [_end(memory, vehicle, told["driver"], start_ms, told["off_ms"])]


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
        return [_begin(memory, vehicle, told["driver"], told["time_ms"])]
    driver, start_ms = memory.get("card", (None, None))
    if driver is None or told["time_ms"] is None or told["time_ms"] < start_ms:
        counts["driver_cards_out_without_in"] += 1
        return []
    return [_end(memory, vehicle, driver, start_ms, told["time_ms"])]


def _begin(memory: Memory, vehicle: str, driver: str, start_ms: int | None) -> Row:
    """A shift begins; one that has ended does not begin anew because its sign-in came once more, or late."""
    if start_ms is not None:
        near = _near(memory, driver, start_ms)
        # Who signs in after he signed out begins another shift, however soon.
        ended = {moment: end for moment, end in near.items() if end is not None and end >= start_ms}
        if ended:
            moment = min(ended, key=lambda known: abs(known - start_ms))
            return _row(vehicle, driver, moment, ended[moment])
    remember(memory, "shifts", f"{driver}|{start_ms}", None, _MOST_SHIFTS)
    return _row(vehicle, driver, start_ms, None)


def _end(memory: Memory, vehicle: str, driver: str, start_ms: int | None, end_ms: int | None) -> Row:
    """A shift ends: the one of this driver that began when this says, or nearly then."""
    if start_ms is not None and end_ms is not None:
        told_ms = start_ms
        begun = [
            known
            for known, end in _near(memory, driver, told_ms).items()
            if end in {None, end_ms} and 0 <= end_ms - known <= _LONGEST_MS
        ]
        start_ms = min(begun, key=lambda known: abs(known - told_ms), default=told_ms)
    remember(memory, "shifts", f"{driver}|{start_ms}", end_ms, _MOST_SHIFTS)
    return _row(vehicle, driver, start_ms, end_ms)


def _near(memory: Memory, driver: str, start_ms: int) -> dict[int, int | None]:
    """Shifts of a driver that began about then: begin and, where known, end."""
    keys = {key: key.rpartition("|") for key in memory.get("shifts", {})}
    return {
        int(moment): memory["shifts"][key]
        for key, (who, _, moment) in keys.items()
        if who == driver and moment.isdecimal() and abs(int(moment) - start_ms) <= _SAME_BEGIN_MS
    }


def _row(vehicle: str, driver: str, start_ms: int | None, end_ms: int | None) -> Row:
    return {
        "vehicle_id": vehicle,
        "driver_id": driver,
        "start": start_ms,
        "end": end_ms,
        "source": "card",
    }
