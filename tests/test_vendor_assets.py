"""The browser's libraries are the pinned files, and another file is noticed."""

import base64
import hashlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from scripts import vendor_assets
from scripts.vendor_assets import AssetError, Package, bring, pinned, problems, sha256_of

FILES = {"LICENSE": b"do as you like", "dist/one.js": b"let one = 1;", "src/one.ts": b"not wanted"}


def _packed(folder: Path, files: dict[str, bytes] = FILES) -> str:
    """Writes what npm would give, and gives its integrity."""
    with tarfile.open(folder / "one-1.0.0.tgz", "w:gz") as pack:
        for name, content in files.items():
            about = tarfile.TarInfo(f"package/{name}")
            about.size = len(content)
            pack.addfile(about, io.BytesIO(content))
    digest = hashlib.sha512((folder / "one-1.0.0.tgz").read_bytes()).digest()
    return "sha512-" + base64.b64encode(digest).decode()


@pytest.fixture
def one(tmp_path: Path) -> Package:
    wanted = {name: sha256_of(FILES[name]) for name in ("LICENSE", "dist/one.js")}
    return Package("one", "1.0.0", "MIT", "", "a test", _packed(tmp_path), wanted)


def test_the_tree_is_what_was_pinned() -> None:
    packages = pinned()
    assert problems(packages) == []
    assert {package.name for package in packages} >= {"leaflet", "uplot"}
    for package in packages:
        assert "LICENSE" in package.files
        assert package.licence


def test_wanted_files_come_with_their_licence_and_nothing_else(tmp_path: Path, one: Package) -> None:
    vendor = tmp_path / "vendor"
    (vendor / "old-0.1").mkdir(parents=True)
    (vendor / "old-0.1" / "old.js").write_text("gone")
    assert problems([one], vendor)
    bring([one], tmp_path, vendor)
    assert problems([one], vendor) == []
    files = sorted(path.relative_to(vendor).as_posix() for path in vendor.rglob("*") if path.is_file())
    assert files == ["README.md", "one-1.0.0/LICENSE", "one-1.0.0/one.js"]
    assert sha256_of(FILES["dist/one.js"]) in (vendor / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("spoilt", ["one-1.0.0/one.js", "README.md", "one-1.0.0/more.js"])
def test_a_changed_or_strange_file_is_noticed(tmp_path: Path, one: Package, spoilt: str) -> None:
    vendor = tmp_path / "vendor"
    bring([one], tmp_path, vendor)
    (vendor / spoilt).write_text("alert(1)")
    [told] = problems([one], vendor)
    assert told.startswith(spoilt)
    (vendor / spoilt).unlink()
    assert len(problems([one], vendor)) == (0 if "more" in spoilt else 1)


def test_another_package_is_not_opened_and_nothing_is_written(tmp_path: Path, one: Package) -> None:
    vendor = tmp_path / "vendor"
    _packed(tmp_path, {**FILES, "dist/one.js": b"steal()"})
    with pytest.raises(AssetError, match="do not use it"):
        bring([one], tmp_path, vendor)
    assert not vendor.exists()
    with pytest.raises(AssetError, match="is not there"):
        bring([replace(one, version="2.0.0")], tmp_path, vendor)


def test_a_file_the_package_has_not_or_has_otherwise_is_named(tmp_path: Path, one: Package) -> None:
    more = replace(one, files={**one.files, "dist/two.js": ""})
    with pytest.raises(AssetError, match=r"holds no dist/two\.js"):
        bring([more], tmp_path, tmp_path / "vendor")
    other = replace(one, files={**one.files, "dist/one.js": "0"})
    with pytest.raises(AssetError, match="--pin"):
        bring([other], tmp_path, tmp_path / "vendor")


def test_pinning_writes_digests_and_keeps_the_words(tmp_path: Path, one: Package) -> None:
    pins = tmp_path / "pins.yaml"
    head = "# by hand\n- name: one\n  version: 1.0.0\n  licence: MIT\n  home: ''\n  what_for: a test\n"
    pins.write_text(
        f"{head}  integrity: {one.integrity}\n  files:\n    LICENSE: ''\n    dist/one.js: ''\n",
        encoding="utf-8",
    )
    bring(pinned(pins), tmp_path, tmp_path / "vendor", pins=pins)
    assert pinned(pins) == [one]
    assert pins.read_text(encoding="utf-8").startswith(head)


def test_without_npm_the_way_out_is_said(
    tmp_path: Path, one: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AssetError, match="--packs"):
        vendor_assets.fetched(one, tmp_path)
