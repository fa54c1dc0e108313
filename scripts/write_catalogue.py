"""Writes the catalogue of rules beside the rules; with --check only says whether it is fresh."""

import sys
from pathlib import Path

from taxi_qa.reports.catalogue import catalogue_markdown
from taxi_qa.rules.kit import catalogue

PAGE = Path(__file__).resolve().parent.parent / "taxi_qa" / "rules" / "README.md"


def main(arguments: list[str]) -> int:
    """Write the page, or compare it; 1 where it is stale."""
    fresh = catalogue_markdown(list(catalogue().values()))
    if "--check" not in arguments:
        PAGE.write_text(fresh, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == fresh:
        return 0
    print(f"{PAGE.name} of the rules is stale: run scripts/write_catalogue.py and commit it", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
