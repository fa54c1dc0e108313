"""A line of the ledger: its columns, and the seal that ties it to the line before."""

import hashlib
import json
from collections.abc import Mapping
from typing import Final

# Columns of an entry, in the order of every frame and export of the ledger; the seal is made of the others.
ENTRY_COLUMNS: Final = (
    "entry_id", "driver_id", "kind", "item", "case_id", "rule", "points", "act_day", "decided_ms", "decider",
    "leans_on", "certainty", "reverses", "seal",
)  # fmt: skip


def seal_of(line: Mapping[str, object], before: str) -> str:
    """The seal of a line: 64 hexadecimal digits that change with any of its values or of the lines before.

    Args:
        line: the values of `ENTRY_COLUMNS`; a seal among them is left out.
        before: the seal of the line before, "" for the first.
    """
    values = [line[name] for name in ENTRY_COLUMNS if name != "seal"]
    text = json.dumps([before, *values], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
