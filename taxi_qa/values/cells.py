"""Text in cells that a spreadsheet would run as a formula: how it is written safely and read back.

A spreadsheet runs a CSV cell that begins with `=`, `+`, `-`, `@` (also full width), a tab or a line
end. Such text is written with one apostrophe in front, the mark by which spreadsheets know text, and
the apostrophe is taken off again when the file is read. Text that already begins with apostrophes
and then such a character gets one more, so that reading always gives back what was written.
"""

from typing import Final

import pandas as pd

_STARTS: Final = "=+\\-@＝＋－＠\t\r\n"
_RISKY: Final = f"^'*[{_STARTS}]"
# What a guarded cell looks like, without its first apostrophe in group 1.
GUARDED: Final = f"^'('*[{_STARTS}])"


def guarded(text: pd.Series) -> pd.Series:
    """Text cells as they stand in a CSV file; missing stays missing."""
    risky = text.str.contains(_RISKY, regex=True, na=False).to_numpy(dtype=bool)
    return text.mask(risky, "'" + text) if risky.any() else text


def unguarded(text: pd.Series) -> pd.Series:
    """Text cells as they were before `guarded`; missing stays missing."""
    return text.str.replace(GUARDED, r"\1", regex=True) if text.str.startswith("'").any() else text
