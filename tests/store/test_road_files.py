"""Which road files of a home count."""

from collections.abc import Callable
from pathlib import Path

import pytest

from taxi_qa.store.home import make_home
from taxi_qa.store.road_files import (
    current,
    digest,
    history,
    keep_limits,
    keep_network,
    limits_path,
    network_path,
)


def _writes(content: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


def test_the_newest_counts_and_the_older_stays(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    assert (network_path(home), limits_path(home), digest(home)) == (None, None, "")
    first = keep_network(home, _writes(b"one"), now_ms=1)
    before = digest(home)
    second = keep_network(home, _writes(b"two"), now_ms=2)
    assert network_path(home) == second
    assert first.read_bytes() == b"one"
    assert digest(home) != before
    keep_network(home, _writes(b"one"), now_ms=3)
    # The same files give the same name, whenever they were taken in.
    assert digest(home) == before
    keep_limits(home, _writes(b"way_id"), now_ms=4)
    assert digest(home) != before
    assert (current(home).network_ms, current(home).limits_ms) == (3, 4)
    home.engine.dispose()


def test_a_write_that_fails_changes_nothing(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    kept = keep_network(home, _writes(b"one"), now_ms=1)

    def half(path: Path) -> None:
        path.write_bytes(b"ha")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        keep_network(home, half, now_ms=2)
    assert network_path(home) == kept
    assert {file.name for file in kept.parent.iterdir()} == {kept.name, "current.json", "history.json"}
    assert [one.network for one in history(home)] == ["", kept.name]  # it begins with nothing
    home.engine.dispose()
