"""Hubs as the zones name them: what an inspector of a zone may look into."""

from dataclasses import dataclass

from sqlalchemy import select

from taxi_qa.store.fetching import fetch
from taxi_qa.store.home import Home
from taxi_qa.store.scope import Scope
from taxi_qa.store.tables import RECORD_TABLES

_KINDS = ("hub", "bay", "holding", "set_down")


@dataclass(frozen=True)
class Hub:
    """A hub.

    Attributes:
        hub_id: its zone, or the hub its bays name where it has none of its own.
        name: for people.
        zone_ids: all its zones.
    """

    hub_id: str
    name: str
    zone_ids: frozenset[str]


def hubs_of(home: Home, scope: Scope) -> list[Hub]:
    """The hubs the reader may look into, by id."""
    c = RECORD_TABLES["zones"].c
    query = select(c["zone_id"], c["name"], c["kind"], c["hub_id"]).where(
        c["kind"].in_(_KINDS), c["superseded_by"].is_(None)
    )
    with home.engine.connect() as connection:
        rows = fetch(connection, query.order_by(c["zone_id"]))
    names: dict[str, str] = {}
    zones: dict[str, set[str]] = {}
    for zone_id, name, kind, hub_id in rows:
        hub = str(hub_id or zone_id)
        zones.setdefault(hub, {hub}).add(str(zone_id))
        if kind == "hub" or hub not in names:
            names[hub] = str(name)
    found = [Hub(hub, names[hub], frozenset(zones[hub])) for hub in sorted(zones)]
    return [hub for hub in found if scope.any_zone(hub.zone_ids)]
