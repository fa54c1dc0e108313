"""The home's road network and limit table: files beside the database, and one that says which count.

Every network and table ever taken in stays under its own name; `current.json` names those that count and
is replaced whole, so a killed process leaves the old ones counting.
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from taxi_qa.store.home import Home

_CURRENT: Final = "current.json"
_DIGEST_HEX: Final = 16


@dataclass(frozen=True)
class Current:
    """What counts in a home.

    Attributes:
        network: file name of the network, "" where none was taken in.
        network_ms: when it was.
        limits: file name of the operator's limit table, "" where none was taken in.
        limits_ms: when it was.
    """

    network: str = ""
    network_ms: int = 0
    limits: str = ""
    limits_ms: int = 0


def roads_folder(home: Home) -> Path:
    """Where the files lie."""
    return home.path / "roads"


def current(home: Home) -> Current:
    """What counts now; nothing in a home without roads."""
    try:
        told = json.loads((roads_folder(home) / _CURRENT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Current()
    return Current(**told)


def network_path(home: Home) -> Path | None:
    """The network that counts, None where the home has none."""
    name = current(home).network
    return roads_folder(home) / name if name else None


def order_path(network: Path) -> Path:
    """Where the order of contraction of a network lies, if it was kept."""
    return network.with_suffix(".order.npz")


def limits_path(home: Home) -> Path | None:
    """The operator's limit table that counts, None where the home has none."""
    name = current(home).limits
    return roads_folder(home) / name if name else None


def digest(home: Home) -> str:
    """A name of what counts, "" where nothing does: the same files give the same."""
    now = current(home)
    if not now.network and not now.limits:
        return ""
    return hashlib.sha256(f"{now.network}/{now.limits}".encode()).hexdigest()[:_DIGEST_HEX]


def keep_network(home: Home, write: Callable[[Path], None], *, now_ms: int) -> Path:
    """Keep a network and let it count.

    Args:
        home: where.
        write: writes the network to the path it is given.
        now_ms: the present moment.
    """
    path = _kept(home, "network", ".npz", write)
    _point(home, replace(current(home), network=path.name, network_ms=now_ms))
    return path


def keep_limits(home: Home, write: Callable[[Path], None], *, now_ms: int) -> Path:
    """Keep a limit table and let it count; arguments as of `keep_network`."""
    path = _kept(home, "limits", ".csv", write)
    _point(home, replace(current(home), limits=path.name, limits_ms=now_ms))
    return path


def _kept(home: Home, name: str, suffix: str, write: Callable[[Path], None]) -> Path:
    """Written beside, named by its content, renamed."""
    folder = roads_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f"{name}.{os.getpid()}.tmp"
    try:
        write(beside)
        content = hashlib.sha256(beside.read_bytes()).hexdigest()[:_DIGEST_HEX]
        path = folder / f"{name}-{content}{suffix}"
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path


def _point(home: Home, now: Current) -> None:
    path = roads_folder(home) / _CURRENT
    beside = path.with_name(f"{_CURRENT}.{os.getpid()}.tmp")
    beside.write_text(json.dumps(asdict(now)), encoding="utf-8")
    beside.replace(path)
