"""Alarms by their edges: an event when one appears, the span a device is ill.

Records come twice, late and out of order, so there are two chains a terminal: the live one, and one of
what was
stored and sent later. What the live chain already knows is no news when the stored one tells it again.
"""

from collections import Counter
from typing import Any, Final

from taxi_qa.ingest.terminals.alarms import DEVICES, EVENTS
from taxi_qa.ingest.terminals.record_rows import Row, lasting_id
from taxi_qa.ingest.terminals.state import Memory

# A silence longer than this ends a span at the last record that showed it: nobody knows what was in between.
_SILENCE_MS: Final = 10 * 60_000
# Spans kept a kind, to know what the live chain has seen.
_MOST_KNOWN: Final = 16
# Clocks this far ahead or behind are not believed: their alarms have no time.
_AHEAD_MS: Final = 10 * 60_000
_BEHIND_MS: Final = 30 * 86_400_000


def believed(time_ms: int | None, received_ms: int) -> bool:
    """Whether a terminal's clock can be right, seen from the moment its frame came."""
    return time_ms is not None and -_BEHIND_MS <= time_ms - received_ms <= _AHEAD_MS


def alarm_rows(
    memory: Memory,
    who: tuple[str, str],
    when: tuple[int, int],
    names: list[str],
    *,
    stored: bool,
    counts: Counter[str],
) -> tuple[list[Row], list[Row]]:
    """Take in the alarms of one position.

    Args:
        memory: of the terminal; changed.
        who: terminal and vehicle.
        when: the position's clock and the moment its frame came, UTC milliseconds.
        names: the alarms that are set.
        stored: sent from the terminal's memory, not as it happened.
        counts: what was left aside, by reason.

    Returns:
        Rows of events and of device_status.
    """
    time_ms, received_ms = when
    if not believed(time_ms, received_ms):
        counts["alarms_with_a_clock_not_believed"] += bool(names)
        return [], []
    live = memory.setdefault("live", {"t": 0, "names": [], "spans": {}})
    if not stored and time_ms >= live["t"]:
        return _step(memory, live, who, time_ms, names)
    late = memory.setdefault("late", {"t": 0, "names": [], "spans": {}})
    if time_ms < late["t"] or not late["t"]:
        rows = _close(late, who, late["t"])
        # What is set in the first record began nobody knows when: it is the ground, not an edge.
        counts["stored_alarms_without_their_begin"] += bool(names)
        late.update(t=time_ms, names=names, spans={})
        return [], rows
    return _step(memory, late, who, time_ms, names)


def _step(
    memory: Memory, chain: dict[str, Any], who: tuple[str, str], time_ms: int, names: list[str]
) -> tuple[list[Row], list[Row]]:
    terminal, vehicle = who
    seen = memory.setdefault("seen", {})
    silent = time_ms - chain["t"] > _SILENCE_MS
    events: list[Row] = []
    fresh = set()
    for name in names:
        if name in chain["names"]:
            continue
        spans = seen.setdefault(name, [])
        if any(start <= time_ms and (end is None or time_ms <= end) for start, end in spans):
            continue
        fresh.add(name)
        seen[name] = [*spans[-_MOST_KNOWN + 1 :], [time_ms, None]]
        if name in EVENTS:
            events.append(
                {
                    "event_id": lasting_id(terminal, name, time_ms),
                    "vehicle_id": vehicle,
                    "time": time_ms,
                    "kind": name,
                    "source": "terminal",
                }
            )
    last_ms = chain["t"] if silent else time_ms
    for name in chain["names"]:
        if name not in names:
            for span in seen.get(name, []):
                if span[1] is None and span[0] <= time_ms:
                    span[1] = max(span[0], last_ms)
    status = _devices(chain, who, (time_ms, last_ms), names, fresh)
    chain["t"], chain["names"] = time_ms, names
    return events, status


def _devices(
    chain: dict[str, Any], who: tuple[str, str], when: tuple[int, int], names: list[str], fresh: set[str]
) -> list[Row]:
    time_ms, last_ms = when
    ill: dict[str, list[str]] = {}
    for name in names:
        if name in DEVICES:
            ill.setdefault(DEVICES[name][0], []).append(name)
    rows: list[Row] = []
    for device in sorted({*ill, *chain["spans"]}):
        told = ill.get(device, [])
        state = "down" if any(DEVICES[name][1] == "down" for name in told) else "degraded"
        span = chain["spans"].get(device)
        now = [state, ";".join(told)]
        if span is not None and span[1:] != now:
            rows.append(_status(who, device, span, last_ms))
            del chain["spans"][device]
        # What another chain knows already opens no second span.
        if told and device not in chain["spans"] and (span is not None or fresh & set(told)):
            chain["spans"][device] = [time_ms, *now]
            rows.append(_status(who, device, chain["spans"][device], None))
    return rows


def _close(chain: dict[str, Any], who: tuple[str, str], end_ms: int) -> list[Row]:
    return [_status(who, device, span, end_ms) for device, span in sorted(chain["spans"].items())]


def _status(who: tuple[str, str], device: str, span: list[Any], to_ms: int | None) -> Row:
    start_ms, state, detail = span
    return {
        "vehicle_id": who[1],
        "device": device,
        "from": start_ms,
        "to": None if to_ms is None else max(start_ms, to_ms),
        "state": state,
        "detail": detail,
    }
