"""The home's road network and limit table: files beside the database, and one that says which count.

Every network and table ever taken in stays under its own name; `current.json` names those that count and
is replaced whole, so a killed process leaves the old ones counting.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from taxi_qa.store.home import Home

_CURRENT: Final = "current.json"
_HISTORY: Final = "history.json"
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


def history(home: Home) -> list[Current]:
    """What counted, in order, the last being what counts now.

    It begins with nothing, unless an earlier version of the program, which kept no history, took roads in.
    """
    now = current(home)
    try:
        told = json.loads((roads_folder(home) / _HISTORY).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return [now]
    counted = [Current(**one) for one in told]
    # Killed between the two files: what counts is what `current` says.
    return counted if counted[-1] == now else [*counted, now]


def current_at(home: Home, until_ms: int) -> Current | None:
    """What counted last before a moment, None where nobody wrote that down."""
    before = [one for one in history(home) if max(one.network_ms, one.limits_ms) < until_ms]
    return before[-1] if before else None


def lend(home: Home, other: Home, lent: Current) -> None:
    """Let what counted in a home count in another one, too: the same files under a second name.

    Raises:
        FileNotFoundError: a file is not there any more.
    """
    if lent == Current():
        return
    folder = roads_folder(other)
    folder.mkdir(parents=True, exist_ok=True)
    for name in (lent.network, lent.limits):
        if name:
            link_or_copy(roads_folder(home) / name, folder / name)
    order = order_path(roads_folder(home) / lent.network)
    if lent.network and order.is_file():
        link_or_copy(order, folder / order.name)
    _point(other, lent)


def link_or_copy(source: Path, target: Path) -> None:
    """The same file under a second name, or a copy where the disk knows no second names."""
    try:
        target.hardlink_to(source)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target)


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
    counted = history(home)
    _write(home, _CURRENT, asdict(now))
    _write(home, _HISTORY, [asdict(one) for one in (*counted, now)])


def _write(home: Home, name: str, told: object) -> None:
    path = roads_folder(home) / name
    beside = path.with_name(f"{name}.{os.getpid()}.tmp")
    beside.write_text(json.dumps(told), encoding="utf-8")
    beside.replace(path)
