"""Brings the browser's libraries into `taxi_qa/web/static/vendor`, or says whether they are what was pinned.

`scripts/vendor_assets.yaml` names each package, its version, licence and digest, and the files wanted of it.
Fetching asks npm (`npm pack`), holds the whole package against its SHA-512 before it opens it, and each file
against its SHA-256. `--check` needs no network: it compares the tree with the pins.
"""

import argparse
import base64
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import yaml

ROOT: Final = Path(__file__).resolve().parent.parent
PINS: Final = Path(__file__).with_suffix(".yaml")
VENDOR: Final = ROOT / "taxi_qa" / "web" / "static" / "vendor"
README: Final = "README.md"


class AssetError(Exception):
    """Something is not what was pinned; the message says what, and the way out."""


@dataclass(frozen=True)
class Package:
    """One library as pinned; `files` maps paths inside the package to their SHA-256."""

    name: str
    version: str
    licence: str
    home: str
    what_for: str
    integrity: str
    files: dict[str, str]

    @property
    def folder(self) -> str:
        """What its folder is called."""
        return f"{self.name}-{self.version}"

    def place(self, file: str) -> str:
        """Where a file of it goes, below the folder of all: `dist/` is left out."""
        return f"{self.folder}/{file.removeprefix('dist/')}"


def pinned(pins: Path = PINS) -> list[Package]:
    """The packages as pinned."""
    return [Package(**one) for one in yaml.safe_load(pins.read_text(encoding="utf-8"))]


def readme(packages: list[Package]) -> str:
    """The note beside the files: what they are, whose, and their digests."""
    lines = [
        "# Libraries of others",
        "",
        "Served unchanged. Made by `scripts/vendor_assets` out of `scripts/vendor_assets.yaml`; do not edit.",
    ]
    for one in packages:
        lines += [
            "",
            f"## {one.name} {one.version}",
            "",
            f"{one.what_for} · licence {one.licence} · {one.home}",
            "",
            "| file | SHA-256 |",
            "|---|---|",
            *(f"| {one.place(file)} | {digest} |" for file, digest in one.files.items()),
        ]
    return "\n".join(lines) + "\n"


def problems(packages: list[Package], vendor: Path = VENDOR) -> list[str]:
    """What of the tree is not as pinned; nothing where all is well."""
    wanted = {one.place(file): digest for one in packages for file, digest in one.files.items()}
    found = [] if not vendor.is_dir() else [path for path in vendor.rglob("*") if path.is_file()]
    there = {path.relative_to(vendor).as_posix(): path for path in found}
    told = []
    for name, digest in wanted.items():
        if name not in there:
            told.append(f"{name} is not there; run scripts/vendor_assets")
        elif sha256_of(there[name].read_bytes()) != digest:
            told.append(f"{name} is not the file that was pinned; run scripts/vendor_assets")
    told += [f"{name} is pinned nowhere; remove it" for name in sorted(set(there) - set(wanted) - {README})]
    if README in there and there[README].read_text(encoding="utf-8") != readme(packages):
        told.append(f"{README} is not what the pins say; run scripts/vendor_assets")
    elif README not in there:
        told.append(f"{README} is not there; run scripts/vendor_assets")
    return told


def sha256_of(content: bytes) -> str:
    """Its digest in hex."""
    return hashlib.sha256(content).hexdigest()


def fetched(one: Package, folder: Path) -> Path:
    """The package as npm gives it.

    Raises:
        AssetError: npm is not there, or does not give it.
    """
    asked = ["npm", "pack", f"{one.name}@{one.version}", "--silent", "--pack-destination", str(folder)]
    try:
        subprocess.run(asked, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise AssetError("npm is not on the path; install Node.js, or name --packs") from None
    except subprocess.CalledProcessError as error:
        raise AssetError(
            f"npm does not give {one.name} {one.version}: {error.stderr.strip()[-300:]}"
        ) from error
    return folder / f"{one.folder}.tgz"


def opened(one: Package, pack: Path) -> dict[str, bytes]:
    """The wanted files of a package, held against its pin before it is opened.

    Raises:
        AssetError: the package is another one, or holds no such file.
    """
    if not pack.is_file():
        raise AssetError(f"{pack} is not there; expected what `npm pack {one.name}@{one.version}` gives")
    content = pack.read_bytes()
    digest = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
    if digest != one.integrity:
        raise AssetError(f"{one.folder}: the package is {digest}, pinned is {one.integrity}; do not use it")
    found: dict[str, bytes] = {}
    with tarfile.open(pack) as packed:
        for member in packed:
            file = PurePosixPath(member.name).relative_to("package").as_posix()
            stream = packed.extractfile(member) if file in one.files else None
            if stream is not None:
                found[file] = stream.read()
    absent = sorted(set(one.files) - set(found))
    if absent:
        raise AssetError(f"{one.folder} holds no {', '.join(absent)}; mend {PINS.name}")
    return found


def bring(packages: list[Package], packs: Path | None, vendor: Path, *, pins: Path | None = None) -> None:
    """Put the tree in order.

    Args:
        packages: as pinned.
        packs: a folder with packages fetched before; None asks npm.
        vendor: where they go; what else is there is removed.
        pins: the file the digests of the files are written to; None holds the files against them.

    Raises:
        AssetError: something is not what was pinned; the tree stays as it was.
    """
    contents: dict[str, bytes] = {}
    digests: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for one in packages:
            pack = fetched(one, Path(folder)) if packs is None else packs / f"{one.folder}.tgz"
            for file, content in opened(one, pack).items():
                digest = sha256_of(content)
                if pins is None and digest != one.files[file]:
                    raise AssetError(f"{one.place(file)} is not the file that was pinned; see --pin")
                contents[one.place(file)], digests[f"{one.folder}/{file}"] = content, digest
    if pins is not None:
        _pin(pins, packages, digests)
        packages = pinned(pins)
    shutil.rmtree(vendor, ignore_errors=True)
    for name, content in contents.items():
        place = vendor / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    (vendor / README).write_text(readme(packages), encoding="utf-8")


def _pin(pins: Path, packages: list[Package], digests: dict[str, str]) -> None:
    """Write the digests into the file, line by line: its words stay."""
    lines, at = [], -1
    for line in pins.read_text(encoding="utf-8").splitlines():
        at += line.startswith("- name:")
        wanted = re.match(r"    (\S+): ", line)
        file = wanted.group(1) if wanted else ""
        if at >= 0 and file in packages[at].files:
            lines.append(f"    {file}: {digests[f'{packages[at].folder}/{file}']}")
        else:
            lines.append(line)
    pins.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> int:
    """Bring or check; the exit status is 0 where all is well."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    asked.add_argument("--check", action="store_true", help="only compare the tree with the pins, offline")
    asked.add_argument("--pin", action="store_true", help="write the digests of the files into the pins")
    asked.add_argument("--packs", type=Path, metavar="DIR", help="packages fetched before, in place of npm")
    told = asked.parse_args()
    try:
        if not told.check:
            bring(pinned(), told.packs, VENDOR, pins=PINS if told.pin else None)
        found = problems(pinned())
    except AssetError as error:
        found = [str(error)]
    for one in found:
        print(f"vendored assets: {one}", file=sys.stderr)
    return min(len(found), 1)


if __name__ == "__main__":
    sys.exit(main())
