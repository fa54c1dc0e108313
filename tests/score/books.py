"""Ledgers and registers written by hand."""

import datetime as dt

import pandas as pd

from taxi_qa.findings.ledger_line import ENTRY_COLUMNS
from taxi_qa.values.clock import day_of, day_start_ms

ZONE = "Asia/Shanghai"
NOON_MS = 12 * 3_600_000


def day(text: str) -> int:
    return day_of(dt.date.fromisoformat(text))


def entry(number: int, points: int, act: str, decided: str = "", **other: object) -> dict[str, object]:
    """An entry of D1; decided at noon of the day of the act unless said otherwise."""
    kind = "deduction" if points < 0 else "bonus" if points > 0 else "observation"
    told: dict[str, object] = {
        "entry_id": number, "driver_id": "D1", "kind": kind, "item": "credit.items.refusal",
        "case_id": f"c{number}", "rule": "service.refusal", "points": points, "act_day": day(act),
        "decided_ms": day_start_ms(day(decided or act), ZONE) + NOON_MS, "decider": "Wang",
        "leans_on": "credit.items.refusal@2012-01-01", "certainty": "bank", "reverses": None,
        "seal": f"s{number}",
    }  # fmt: skip
    return {**told, **other}


def reversal(number: int, of: dict[str, object], decided: str) -> dict[str, object]:
    """The line that takes another one back: same act, opposite points."""
    return {
        **of, "entry_id": number, "kind": "reversal", "points": -int(str(of["points"])),
        "reverses": of["entry_id"],
        "decided_ms": day_start_ms(day(decided), ZONE) + NOON_MS, "decider": "Li", "seal": f"s{number}",
    }  # fmt: skip


def ledger(*lines: dict[str, object]) -> pd.DataFrame:
    frame = pd.DataFrame(list(lines), columns=list(ENTRY_COLUMNS))
    whole = ("entry_id", "points", "act_day", "decided_ms", "reverses")
    return frame.astype({name: "Int64" if name in whole else "str" for name in ENTRY_COLUMNS})


def register(*drivers: tuple[str, str, str, str | None]) -> pd.DataFrame:
    """driver_id, company_id, first day, last day."""
    return pd.DataFrame(
        {
            "driver_id": pd.array([d for d, _, _, _ in drivers], dtype="str"),
            "company_id": pd.array([c for _, c, _, _ in drivers], dtype="str"),
            "registered_from_day": pd.array([day(first) for _, _, first, _ in drivers], dtype="Int64"),
            "registered_to_day": pd.array(
                [None if last is None else day(last) for _, _, _, last in drivers], dtype="Int64"
            ),
        }
    )
