"""The folder of unfinished work: what a killed delivery of the same file left is gone."""

from pathlib import Path

from taxi_qa.ingest.slow_positions import staging_folder
from taxi_qa.store.home import make_home


def test_it_is_empty_at_first_and_gone_afterwards(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    left = home.staging / "abc"
    left.mkdir()
    (left / "spill.arrow").write_bytes(b"half")
    with staging_folder(home, "abc") as folder:
        assert folder == left
        assert list(folder.iterdir()) == []
    assert not left.exists()
    home.engine.dispose()
