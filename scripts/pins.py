"""Says whether requirements.lock pins everything pyproject.toml asks for, in versions it allows."""

import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Print each problem; the exit status is their number, at most 1."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["postgresql"],
        *project["dependency-groups"]["dev"],
    ]
    pinned: dict[str, list[str]] = {}
    problems: list[str] = []
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("-") or "://" in line:
            problems.append(f"{line!r}: only names and versions belong in the file")
            continue
        pin = Requirement(line)
        versions = [exact.version for exact in pin.specifier if exact.operator == "=="]
        pinned.setdefault(canonicalize_name(pin.name), []).extend(versions)
    for text in wanted:
        need = Requirement(text)
        versions = pinned.get(canonicalize_name(need.name), [])
        if not versions or not all(need.specifier.contains(version) for version in versions):
            problems.append(f"{need}: pinned to {', '.join(versions) or 'nothing'}; run scripts/lock")
    for problem in problems:
        print(f"requirements.lock: {problem}", file=sys.stderr)
    return min(len(problems), 1)


if __name__ == "__main__":
    sys.exit(main())
