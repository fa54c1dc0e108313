"""How a finding's figure comes about, step by step: each yuan, each km/h, each minute.

A sum is made of what the finding wrote down and of the numbers of law in force at the act's own moment.
Where it does not come out at the figures the finding holds (the law's data have changed since, a figure is
missing), it is left out: a wrong sum convinces nobody.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from taxi_qa.law.fare_parts import FarePart, Ride, fare_parts
from taxi_qa.law.parameter import Law
from taxi_qa.reports.amounts import Said, amount, both
from taxi_qa.rules.kit import catalogue
from taxi_qa.values.clock import MS_PER_MIN

Mark = Literal["", "+", "−", "×", "=", "≥"]

# To how many decimals `amounts.amount` shows a figure.
_PLACES: Final[dict[str, int]] = {"fen": 0, "m": 0, "s": 0, "ratio": 3, "count": 0, "%": 2}
_FARE_PARTS: Final[dict[str, tuple[str, str]]] = {
    "flagfall": ("起步价（含 {}）", "flag-fall (covers {})"),
    "distance": ("起步里程以外 {}", "{} beyond the flag-fall"),
    "waiting": ("候时至多 {}", "waiting, at most {}"),
}
# Figures are kept to a thousandth; beyond this a sum does not come out.
_EXACT: Final = 0.01


@dataclass(frozen=True)
class Step:
    """One line of a sum.

    Attributes:
        mark: what is done with it; "" begins a sum.
        label: what it is.
        value: how much, with its unit.
        basis: where it is from: a version of law or house, "" where the record says it.
        is_result: whether it stands below the line.
    """

    mark: Mark
    label: Said
    value: Said
    basis: str = ""
    is_result: bool = False


@dataclass(frozen=True)
class Found:
    """A finding as the sums read it.

    Attributes:
        rule, unit: as found.
        start_ms, end_ms: of the act.
        measured, allowed: None where the rule has none.
        evidence: by field.
        law: of the place.
    """

    rule: str
    unit: str
    start_ms: int
    end_ms: int
    measured: float | None
    allowed: float | None
    evidence: Mapping[str, Any]
    law: Law

    def number(self, name: str) -> float | None:
        """A number of the evidence, None where there is none."""
        value = self.evidence.get(name)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def of_law(self, path: str) -> tuple[float | None, str]:
        """A number of law at the act's moment and its version, (None, "") where none is in force."""
        parameter = self.law.get(path)
        version = None if parameter is None else parameter.on(self.start_ms)
        if version is None or not isinstance(version.value, int | float):
            return None, ""
        return float(version.value), version.name

    def said(self, value: float, unit: str = "") -> Said:
        """A figure as people read it, in the finding's own unit if none is named."""
        unit = unit or self.unit
        if unit == "m":
            return Said(f"{value:,.0f} m")  # a reader cannot add kilometres that were rounded to ten metres
        return amount(value, unit, self.law.currency)

    def range_said(self, low: float, high: float) -> Said:
        """A figure between two; one where both read the same."""
        one, other = self.said(low), self.said(high)
        return (
            one
            if one == other
            else Said(f"{one.zh} – {other.zh}", f"{one.en or one.zh} – {other.en or other.zh}")
        )


def found_of(row: Mapping[str, Any], law: Law) -> Found:
    """A row of `FINDING_COLUMNS` (None where missing) as the sums read it."""
    return Found(
        rule=str(row["rule"]),
        unit=str(row["unit"] or ""),
        start_ms=int(row["start_ms"]),
        end_ms=int(row["end_ms"]),
        measured=None if row["measured"] is None else float(row["measured"]),
        allowed=None if row["allowed"] is None else float(row["allowed"]),
        evidence=json.loads(row["evidence"] or "{}"),
        law=law,
    )


def steps_of(found: Found) -> tuple[Step, ...]:
    """The sum of a finding: how what is allowed comes about, what was measured, and the difference."""
    own = _OWN.get(found.rule)
    return (*(() if own is None else own(found)), *_beyond(found))


def _basis(found: Found) -> str:
    """The version of the one number of law that is what was allowed; "" where none is, or several are."""
    rule = catalogue().get(found.rule)
    named = [found.of_law(path) for path in (rule.law if rule else ())]
    same = {name for value, name in named if value is not None and _same(value, found.allowed)}
    return same.pop() if len(same) == 1 else ""


def _beyond(found: Found) -> tuple[Step, ...]:
    """What was measured against what is allowed, and the difference."""
    if found.measured is None:
        return ()
    measured = Step("", both("实测", "measured"), found.said(found.measured))
    if found.allowed is None:
        return (measured,)
    # Of the figures as they are shown: the reader's own sum comes out.
    places = _PLACES.get(found.unit, 1)
    difference = round(found.measured, places) - round(found.allowed, places)
    word = both("超出", "above what is allowed") if difference >= 0 else both("不足", "below what is needed")
    return (
        measured,
        Step("−", both("允许", "allowed"), found.said(found.allowed), _basis(found)),
        Step("=", word, found.said(abs(difference)), is_result=True),
    )


def _same(left: float | None, right: float | None) -> bool:
    return left is not None and right is not None and abs(left - right) <= _EXACT


def _of_fare(found: Found) -> tuple[Step, ...]:
    """The highest lawful fare, a step of the meter, and surcharges where they were judged with it."""
    due, step = found.number("due_high_fen"), found.number("step_fen")
    low = found.number("due_low_fen")
    if due is None or step is None or low is None:
        return ()
    steps = [
        *_fare_parts(found, low, due),
        Step("=", both("按当日运价应收", "lawful fare by that day's tariff"), found.range_said(low, due)),
        Step("+", both("计价器一跳及进位", "one meter step and rounding"), found.said(step)),
    ]
    limit = due + step
    if not _same(limit, found.allowed):
        most = found.number("surcharge_high_fen")
        if most is None:
            return ()
        limit += most
        steps.append(Step("+", both("附加费上限", "highest lawful surcharges"), found.said(most)))
    if not _same(limit, found.allowed):
        return ()
    steps.append(Step("=", both("最多可收", "most that may be taken"), found.said(limit), is_result=True))
    return tuple(steps)


def _fare_parts(found: Found, low: float, due: float) -> tuple[Step, ...]:
    """Each part of the lawful fare, where they add up to what the finding wrote down."""
    metered_m, waiting_s = found.number("metered_m"), found.number("waiting_s")
    if metered_m is None:
        return ()
    on_the_minute = found.start_ms % MS_PER_MIN == 0 and found.end_ms % MS_PER_MIN == 0
    # A finding does not say what the car runs on: what gives its own figures again is what it was.
    for energy in ("", "combustion", "electric"):
        ride = Ride(
            found.start_ms,
            found.end_ms,
            metered_m,
            math.nan if waiting_s is None else waiting_s,
            energy,
            str(found.evidence.get("rate_code", "")),
            MS_PER_MIN / 1000 if on_the_minute else 0.0,
        )
        parts = fare_parts(ride, found.law)
        sums = (sum(part.low_fen for part in parts), sum(part.high_fen for part in parts))
        if parts and all(abs(one - other) < 1 for one, other in zip(sums, (low, due), strict=True)):
            lows = whole_fen([part.low_fen for part in parts], low)
            highs = whole_fen([part.high_fen for part in parts], due)
            return tuple(fare_step(found, *one) for one in zip(parts, lows, highs, strict=True))
    return ()


def whole_fen(parts: Sequence[float], total: float) -> list[int]:
    """Parts of an amount in whole fen that add up to it: the largest fractions are rounded up."""
    whole = [math.floor(part) for part in parts]
    by_fraction = sorted(range(len(parts)), key=lambda at: whole[at] - parts[at])
    for at in by_fraction[: round(total) - sum(whole)]:
        whole[at] += 1
    return whole


def fare_step(found: Found, part: FarePart, low: int, high: int) -> Step:
    """One part of a fare as a line of a sum, its amounts in whole fen."""
    zh, en = _FARE_PARTS[part.name]
    quantity = found.said(part.quantity, "s") if part.name == "waiting" else Said(f"{part.quantity:.2f} km")
    label = both(zh.format(quantity.zh), en.format(quantity.en or quantity.zh))
    mark: Mark = "" if part.name == "flagfall" else "+"
    return Step(mark, label, found.range_said(low, high), found.of_law(part.path)[1])


def _of_speed(found: Found) -> tuple[Step, ...]:
    """The limit with both margins; the larger one counts."""
    limit = found.allowed
    (ratio, ratio_name), (kmh, kmh_name) = (
        found.of_law(f"house.driving.speeding_{name}") for name in ("ratio", "kmh")
    )
    if limit is None or ratio is None or kmh is None:
        return ()
    by_ratio, by_kmh = limit * (1 + ratio), limit + kmh
    return (
        Step("", both("限速（持续时间内平均）", "speed limit, mean over the stretch"), found.said(limit)),
        Step(
            "×",
            both(f"容差一：限速的 {ratio:.0%}", f"first margin: {ratio:.0%} of the limit"),
            found.said(by_ratio),
            ratio_name,
        ),
        Step(
            "+", both(f"容差二：{kmh:g} km/h", f"second margin: {kmh:g} km/h"), found.said(by_kmh), kmh_name
        ),
        Step(
            "=",
            both("超过此值才认定（取较大者）", "only above this is it found (the larger counts)"),
            found.said(max(by_ratio, by_kmh)),
            is_result=True,
        ),
        *_at_least(found, "held_s", "s", both("持续时间", "how long it lasted")),
        *_at_least(found, "fixes", "count", both("连续定位点", "positions in a row")),
    )


def _at_least(found: Found, name: str, unit: str, label: Said) -> tuple[Step, ...]:
    """A figure that has to reach the house's least, beside it; nothing where one of both is missing."""
    path = {"held_s": "speeding_s", "fixes": "speeding_fixes"}[name]
    value, (least, version) = found.number(name), found.of_law(f"house.driving.{path}")
    if value is None or least is None or value < least:
        return ()
    return (
        Step("", label, found.said(value, unit)),
        Step("≥", both("至少需要", "at least needed"), found.said(least, unit), version),
    )


def _of_detour(found: Found) -> tuple[Step, ...]:
    """The longest reasonable route with both margins; the larger one counts."""
    reference = found.number("reference_m")
    (ratio, ratio_name), (metres, metres_name) = (
        found.of_law(f"house.driving.detour_{name}") for name in ("ratio", "m")
    )
    if reference is None or ratio is None or metres is None:
        return ()
    by_ratio, by_m = reference * (1 + ratio), reference + metres
    # Kept to a metre's thousandth on both sides, and then multiplied.
    if found.allowed is None or abs(max(by_ratio, by_m) - found.allowed) > 1.0:
        return ()
    return (
        Step("", both("合理路线最长距离", "longest reasonable route"), found.said(reference)),
        Step(
            "×", both(f"容差一：{ratio:.0%}", f"first margin: {ratio:.0%}"), found.said(by_ratio), ratio_name
        ),
        Step("+", both("容差二：固定距离", "second margin: metres"), found.said(by_m), metres_name),
        Step(
            "=",
            both("超过此值才认定（取较大者）", "only above this is it found (the larger counts)"),
            found.said(found.allowed),
            is_result=True,
        ),
    )


_OWN: Final[dict[str, Callable[[Found], tuple[Step, ...]]]] = {
    "fare.overcharge": _of_fare,
    "driving.speeding": _of_speed,
    "driving.detour": _of_detour,
}
