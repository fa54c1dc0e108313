"""Targets of the house that contradict each other: what one allows, another forbids."""

from typing import Final

from taxi_qa.law.parameter import Law

# A month in the mean: 365.25 / 12 days; and what a car is on duty in it, ten hours on thirty days.
MONTH_DAYS: Final = 30.4
DUTY_HOURS: Final = 300.0

# Targets of the same thing, one as a share of the calendar month, one in minutes.
_CALENDAR: Final = (("house.sla.platform_availability", "house.sla.platform_fault_min"),)
# A share of the time on duty, and the single outage of that device that is tolerated.
_ON_DUTY: Final = (
    ("house.sla.gnss_availability", "house.vehicle.gnss_outage_s"),
    ("house.sla.camera_availability", "house.vehicle.camera_outage_s"),
    ("house.sla.meter_availability", "house.vehicle.meter_outage_s"),
)


def minutes_allowed(share: float, hours: float) -> float:
    """Minutes without, of so many hours, that an availability leaves: 0.999 of 30.4 days leave 43.8."""
    return (1.0 - share) * hours * 60.0


def contradictions(law: Law, moment_ms: int) -> list[str]:
    """Pairs of targets in force at a moment of which one allows what the other forbids, a sentence each."""
    said = []
    for share_of, minutes_of in _CALENDAR:
        share, minutes = (_number(law, path, moment_ms) for path in (share_of, minutes_of))
        if share is None or minutes is None:
            continue
        allowed = minutes_allowed(share, MONTH_DAYS * 24)
        if abs(allowed - minutes) >= 1.0:
            as_share = 1.0 - minutes / (MONTH_DAYS * 24 * 60)
            said.append(
                f"{share_of} ({share:.2%}) leaves {allowed:.1f} minutes of a month of {MONTH_DAYS} days,"
                f" {minutes_of} {minutes:g} ({as_share:.2%}): the stricter one counts"
            )
    for share_of, outage_of in _ON_DUTY:
        share, outage_s = (_number(law, path, moment_ms) for path in (share_of, outage_of))
        if share is None or outage_s is None:
            continue
        allowed = minutes_allowed(share, DUTY_HOURS)
        if allowed < outage_s / 60.0:
            said.append(
                f"{share_of} ({share:.2%}) leaves {allowed:.1f} minutes of {DUTY_HOURS:g} hours on duty, but"
                f" {outage_of} tolerates {outage_s / 60.0:g} at once"
            )
    return said


def _number(law: Law, path: str, moment_ms: int) -> float | None:
    version = law[path].on(moment_ms) if path in law else None
    value = None if version is None else version.value
    return float(value) if isinstance(value, int | float) else None
