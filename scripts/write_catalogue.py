"""Writes the catalogue of rules and the pledge's coverage; with --check only says whether they are fresh."""

import sys
from pathlib import Path

from taxi_qa.law.pledge import pledge
from taxi_qa.reports.catalogue import catalogue_markdown
from taxi_qa.reports.coverage import coverage, coverage_markdown
from taxi_qa.rules.kit import catalogue

FOLDER = Path(__file__).resolve().parent.parent / "taxi_qa" / "rules"


def pages() -> dict[Path, str]:
    """Every page and what should stand in it."""
    rules = list(catalogue().values())
    return {
        FOLDER / "README.md": catalogue_markdown(rules),
        FOLDER / "COVERAGE.md": coverage_markdown(coverage(pledge(), rules)),
    }


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them; 1 where one is stale."""
    stale = [
        path
        for path, fresh in pages().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != fresh
    ]
    if "--check" not in arguments:
        for path in stale:
            path.write_text(pages()[path], encoding="utf-8")
        return 0
    for path in stale:
        print(
            f"{path.name} of the rules is stale: run scripts/write_catalogue.py, commit it", file=sys.stderr
        )
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
