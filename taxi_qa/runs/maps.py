"""The home's roads, made ready once a process."""

import csv
from functools import lru_cache
from pathlib import Path

from taxi_qa.roads.city import Roads, roads_of
from taxi_qa.roads.dissection import load_order
from taxi_qa.roads.limit_row import LimitRow, limit_rows
from taxi_qa.roads.network import load_network
from taxi_qa.store.home import Home
from taxi_qa.store.road_files import limits_path, network_path, order_path


def roads_at(home: Home) -> Roads | None:
    """The roads that count in a home now, None where it has none."""
    network, limits = network_path(home), limits_path(home)
    return None if network is None else _roads(network, limits)


# Files are named by their content: what is kept here is never stale.
@lru_cache(maxsize=2)
def _roads(network: Path, limits: Path | None) -> Roads:
    made, order = load_network(network), order_path(network)
    rows = [] if limits is None else rows_of(limits)
    try:
        return roads_of(made, rows, load_order(order, made))
    except (FileNotFoundError, ValueError):
        return roads_of(made, rows)  # found anew when first needed


def rows_of(path: Path) -> list[LimitRow]:
    """The rows of a limit table as it was kept."""
    with path.open(encoding="utf-8", newline="") as file:
        rows, _ = limit_rows(csv.DictReader(file))
    return rows
