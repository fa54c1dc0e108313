"""What an upheld appeal gives back: exactly what the case cost, on the day it cost it."""

from sqlalchemy import Connection

from taxi_qa.findings.ledger_line import ENTRY_COLUMNS
from taxi_qa.store.ledger import append_to, entries_in


def restore(connection: Connection, case_id: str, at_ms: int, decider: str) -> list[int]:
    """Reverse every entry of the case that stands, inside the transaction of the decision.

    A reversal keeps the act's day: it counts in the cycle the entry counted in, whenever it is decided.
    An observation cost nothing; its reversal of no points says that it is not held against anybody.

    Returns:
        The entry_id of each reversal.
    """
    lines = entries_in(connection, case_id=case_id)[list(ENTRY_COLUMNS)].astype(object).to_dict("records")
    reversed_ones = {line["reverses"] for line in lines if line["kind"] == "reversal"}
    standing = [
        line for line in lines if line["kind"] != "reversal" and line["entry_id"] not in reversed_ones
    ]
    return append_to(
        connection,
        [
            {
                **{str(name): value for name, value in line.items()},
                "kind": "reversal",
                "points": -int(line["points"]),
                "decided_ms": at_ms,
                "decider": decider,
                "reverses": int(line["entry_id"]),
            }
            for line in standing
        ],
    )
