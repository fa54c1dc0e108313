"""The laboratory's table of all rules, as a page shows it."""

from pathlib import Path

import click
import pandas as pd
import pytest

from taxi_qa.cli.lab_score import as_markdown, to_page
from taxi_qa.lab.score import TRUTH_COLUMNS, innocents, scored

NOON = pd.Timestamp("2025-10-13T04:00:00Z")


def test_the_table_of_rules_stands_in_a_page_and_is_made_again_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "made.json").write_text('{"seed": 7, "vehicles": 4, "days": 1}', encoding="utf-8")
    truth = pd.DataFrame(
        [("fare.overcharge", "clear", "A", "D", "T", NOON, NOON, "")], columns=list(TRUTH_COLUMNS)
    )
    said = truth.assign(verdict="found", status="detected", stage="stable").drop(columns=["label", "note"])
    table = as_markdown(scored(truth, said), innocents(truth, said), [tmp_path])
    assert "| `fare.overcharge` | stable | 1 | 1 | 0 | 0 | 0 | 0 | 0 | 1.000 |" in table
    assert "| `fare.late_meter` | stable | not planted |" in table
    page = tmp_path / "page.md"
    to_page(page, "old\n")
    page.write_text(f"before\n{page.read_text(encoding='utf-8')}after\n", encoding="utf-8")
    to_page(page, table)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert table in text
    other = tmp_path / "other.md"
    other.write_text("words", encoding="utf-8")
    with pytest.raises(click.UsageError, match="has no lines"):
        to_page(other, table)
