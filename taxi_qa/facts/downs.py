"""When a device was down: what status records and fault events say, and the first sign that it worked again.

A status record without an end lasts until the next one of the device, its repair, a sign of life or the end
of the data. A fault event that tells no duration is sure only up to the last one of its chain: what came
between it and the next sign of life nobody knows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.facts.given import Given, instants, numbers, words
from taxi_qa.facts.uptime import DARK
from taxi_qa.facts.watching import recognised
from taxi_qa.values.clock import MS_PER_MIN
from taxi_qa.values.columns import Columns, Texts

Int64s = npt.NDArray[np.int64]
# The first moment after one at which a car's device worked, None where it is not known to have.
Life = Callable[[str, int], int | None]

# Fault events of one kind this close to each other, with no sign of life between, tell of one fault.
CHAIN_MS: Final = 30 * MS_PER_MIN
_OPEN: Final = -1


@dataclass(frozen=True)
class Device:
    """What speaks of a device.

    Attributes:
        devices: as status records and repair tickets call it.
        faults: the kinds of event that report its faults.
        stored: those of the kinds that no sign of life refutes: a camera that sees may still store nothing.
    """

    devices: tuple[str, ...]
    faults: tuple[str, ...]
    stored: tuple[str, ...] = ()


DEVICES: Final[dict[str, Device]] = {
    "camera": Device(("camera", "recorder"), ("camera_fault", "storage_fault"), ("storage_fault",)),
    "meter": Device(("meter",), ("meter_fault",)),
    "gnss": Device(("gnss", "terminal"), ("gnss_fault",)),
}


def downs(given: Given, name: str) -> Columns:
    """Every span in which a device is said to have been down, by car and begin.

    Args:
        given: the records.
        name: one of `DEVICES`.

    Returns:
        vehicle_id, start_ms, sure_ms (surely down until then), end_ms (perhaps down until then), told_by
        ("device_status" or "events").
    """
    return given.once(f"downs {name}", lambda one: _downs(one, name))


def _downs(given: Given, name: str) -> Columns:
    device = DEVICES[name]
    life = _LIFE[name](given)
    ends = _ends(given, device)
    rows = [*_by_status(given, device, ends, life), *_by_events(given, device, ends, life)]
    rows.sort(key=lambda row: (row[0], row[1], row[3], row[4]))
    columns: list[list[object]] = [list(column) for column in zip(*rows, strict=True)] or [[]] * 5
    kinds: tuple[type, ...] = (object, np.int64, np.int64, np.int64, object)
    names = ("vehicle_id", "start_ms", "sure_ms", "end_ms", "told_by")
    return Columns(
        {key: np.array(values, dtype=kind) for key, values, kind in zip(names, columns, kinds, strict=True)}
    )


_Row = tuple[str, int, int, int, str]


def _ends(given: Given, device: Device) -> dict[str, list[int]]:
    """Per car the moments that end a fault: a further status record of the device, and its repairs."""
    ends: dict[str, list[int]] = {}
    for kind, moment in (("device_status", "from_ms"), ("repairs", "repaired_ms")):
        table = given.tables[kind]
        table = table[np.isin(words(table["device"]).astype(str), device.devices)]
        for car, at in zip(words(table["vehicle_id"]), instants(table[moment], _OPEN).tolist(), strict=True):
            if at != _OPEN:
                ends.setdefault(car, []).append(at)
    return ends


def _by_status(given: Given, device: Device, ends: dict[str, list[int]], life: Life) -> list[_Row]:
    table = given.tables["device_status"]
    is_down = (words(table["state"]) == "down") & np.isin(words(table["device"]).astype(str), device.devices)
    table = table[is_down]
    spans = zip(
        words(table["vehicle_id"]), instants(table["from_ms"], 0).tolist(),
        instants(table["to_ms"], _OPEN).tolist(), strict=True,
    )  # fmt: skip
    rows = []
    for car, start, told_end in spans:
        end = told_end if told_end != _OPEN else _until(car, start, ends, life, given.heard_to_ms)
        if end > start:
            rows.append((car, start, end, end, "device_status"))
    return rows


def _until(car: str, start: int, ends: dict[str, list[int]], life: Life | None, heard_to_ms: int) -> int:
    later = [at for at in ends.get(car, []) if at > start]
    alive = None if life is None else life(car, start)
    return min([heard_to_ms, *later, *([] if alive is None else [alive])])


def _by_events(given: Given, device: Device, ends: dict[str, list[int]], life: Life) -> list[_Row]:
    events = given.tables["events"]
    events = events[np.isin(words(events["kind"]).astype(str), device.faults)]
    lasted_ms = np.nan_to_num(numbers(events["duration_s"])) * 1000
    told = sorted(
        zip(
            words(events["vehicle_id"]), words(events["kind"]), instants(events["time_ms"], 0).tolist(),
            lasted_ms.astype(np.int64).tolist(), strict=True,
        )
    )  # fmt: skip
    rows: list[_Row] = []
    chain: tuple[str, str] = ("", "")
    for car, kind, at, lasted in told:
        alive = None if kind in device.stored else life
        sure = at + lasted
        # One that tells how long it lasted needs no sign of life.
        end = sure if lasted else max(sure, _until(car, at, ends, alive, given.heard_to_ms))
        if rows and chain == (car, kind) and at - rows[-1][2] <= CHAIN_MS and at <= rows[-1][3]:
            _, start, before, may, by = rows[-1]
            rows[-1] = (car, start, max(before, sure), max(may, end), by)
        else:
            rows.append((car, at, sure, end, "events"))
        chain = (car, kind)
    return rows


def _camera_life(given: Given) -> Life:
    seen = recognised(given)
    number = {car: at for at, car in enumerate(seen.cars)}

    def after(car: str, moment: int) -> int | None:
        if car not in number:
            return None
        rows = slice(seen.starts[number[car]], seen.starts[number[car] + 1])
        at = int(np.searchsorted(seen.begin_ms[rows], moment, side="right"))
        return int(seen.begin_ms[rows][at]) if at < seen.begin_ms[rows].size else None

    return after


def _meter_life(given: Given) -> Life:
    trips = given.tables["trips"]
    cars: Texts = words(trips["vehicle_id"])
    boarded = instants(trips["boarded_ms"], 0)

    def after(car: str, moment: int) -> int | None:
        later = boarded[(cars == car) & (boarded > moment)]
        return int(later.min()) if later.size else None

    return after


def _gnss_life(given: Given) -> Life:
    fixes = given.fixes
    number = {car: at for at, car in enumerate(fixes.vehicle_ids)}

    def after(car: str, moment: int) -> int | None:
        if car not in number:
            return None
        rows = slice(fixes.starts[number[car]], fixes.starts[number[car] + 1])
        times = fixes.time_ms[rows]
        later = (times > moment) & ((given.track.labels[rows] & DARK) == 0)
        return int(times[np.argmax(later)]) if later.any() else None

    return after


_LIFE: Final[dict[str, Callable[[Given], Life]]] = {
    "camera": _camera_life,
    "meter": _meter_life,
    "gnss": _gnss_life,
}
