"""An export of the quarantine read back, after a person mended the raw text of its rows."""

from pathlib import Path
from typing import Final

import pandas as pd

from taxi_qa.values.cells import unguarded

_COLUMNS: Final = ("id", "raw")


class MendedFileError(ValueError):
    """The file is not an export of the quarantine; the message says what was expected."""


def mended_rows(path: Path) -> pd.DataFrame:
    """The columns id (int64) and raw (str) of a mended export: CSV, JSON Lines, Parquet or XLSX.

    Raises:
        MendedFileError: another format, no columns id and raw, or an id that is no whole number.
    """
    ending = path.suffix.lower()
    try:
        frame = _read(path, ending)
    except (ValueError, UnicodeDecodeError, OSError, KeyError) as error:
        raise MendedFileError(
            f"{path} can't be read as an export of the quarantine: {type(error).__name__}"
        ) from None
    missing = [name for name in _COLUMNS if name not in frame]
    if missing:
        raise MendedFileError(f"{path} has no column {missing[0]!r}; expected what `quarantine export` wrote")
    ids = pd.to_numeric(frame["id"], errors="coerce")
    bad = ids.isna() | (ids % 1 != 0)
    if bad.any():
        raise MendedFileError(
            f"{path}: row {int(bad.to_numpy().argmax()) + 1}: the id is no whole number; leave it as it was"
        )
    raw = frame["raw"].fillna("").astype("str")
    return pd.DataFrame({"id": ids.astype("int64"), "raw": unguarded(raw) if ending == ".csv" else raw})


def _read(path: Path, ending: str) -> pd.DataFrame:
    if ending == ".csv":
        return pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    if ending == ".jsonl":
        return pd.read_json(path, lines=True, dtype={"raw": "str"})
    if ending == ".parquet":
        return pd.read_parquet(path)
    if ending == ".xlsx":
        return pd.read_excel(path, dtype={"raw": "str"}, keep_default_na=False)
    raise MendedFileError(f"{path} ends in {ending!r}; expected .csv, .jsonl, .parquet or .xlsx")
