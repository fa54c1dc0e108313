"""Days on which something is judged that may name no car: complaints, and documents about drivers."""

from typing import Final

from taxi_qa.facts.complaints import act_ms
from taxi_qa.facts.given import instants
from taxi_qa.facts.units import CITY_UNITS
from taxi_qa.rules.kit import Rule
from taxi_qa.store import library
from taxi_qa.store.home import Home
from taxi_qa.store.presence import days_of
from taxi_qa.values.clock import city_day

# Kinds that need not name a car: their rows are in no bucket.
KINDS: Final = ("complaints", "commendations", "records")


def city_days(home: Home, rules: list[Rule]) -> set[int]:
    """The city days on which these kinds hold anything the rules judge, complaints by when it happened."""
    read = {kind for rule in rules if rule.judges in CITY_UNITS for kind in CITY_UNITS[rule.judges].reads}
    days = {day for kind in KINDS if kind in read for day in days_of(home, kind)}
    if "complaints" in read:
        told = library.records(home, "complaints", columns=("received_ms", "happened_ms"))
        acts = act_ms(instants(told["received_ms"], 0), instants(told["happened_ms"], -1))
        days |= {int(day) for day in city_day(acts, home.timezone)}
    return days
