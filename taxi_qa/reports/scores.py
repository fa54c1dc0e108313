"""Standings as tables: a row a driver, a row an entry, and what a person should know beside a grade."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import pandas as pd

from taxi_qa.reports.amounts import Said
from taxi_qa.reports.export import Cell
from taxi_qa.score.standing import Listing, Standing, WhyNot
from taxi_qa.store.export import iso_texts
from taxi_qa.values.clock import date_of

DRIVER_CELLS: Final = (
    Cell("driver_id"), Cell("company_id"), Cell("cycle"), Cell("scheme"), Cell("base", "whole"),
    Cell("deductions", "whole"), Cell("bonus", "whole"), Cell("score", "whole"), Cell("grade"),
    Cell("assessed"), Cell("notes"),
)  # fmt: skip
ENTRY_CELLS: Final = (
    Cell("driver_id"), Cell("cycle"), Cell("entry_id", "whole"), Cell("kind"), Cell("rule"), Cell("item"),
    Cell("points", "whole"), Cell("act_date"), Cell("decided_at"), Cell("decider"), Cell("law"),
    Cell("status"),
)  # fmt: skip

WHY_NOT: Final[dict[WhyNot, Said]] = {
    "not_registered": Said("本周期未注册上岗，不参加考核", "not registered in this cycle, not assessed"),
    "not_in_register": Said("注册名册中无此人，无法考核", "not in the register, cannot be assessed"),
    "no_scheme": Said("当时尚无考核办法", "no scheme in force then"),
}
LISTED: Final[dict[Listing, Said]] = {
    "lowest_grade_again": Said("连续周期为最低等级", "the lowest grade in cycles on end"),
    "low_score_twice": Said("同一周期多次计至低分线", "fell to the low score again within the cycle"),
}
UNSURE: Final = Said("依据未核实", "by law nobody could confirm")


def notes_of(standing: Standing) -> list[Said]:
    """What a person should know beside a standing, the weightiest first."""
    found = []
    if standing.why_not:
        found.append(WHY_NOT[standing.why_not])
    listed = [LISTED[name] for name in standing.bad_record]
    found += [Said(f"列入不良记录：{why.zh}", f"bad-record list: {why.en}") for why in listed]
    if standing.training_due_day is not None:
        day, hours = date_of(standing.training_due_day), standing.training_h
        said = Said(f"须于 {day} 前培训 {hours} 学时", f"training of {hours} class hours due by {day}")
        found.append(_marked(said, sure=standing.training_is_sure))
    if standing.capped:
        months = standing.registered_months
        said = Said(
            f"注册 {months} 个月，等级封顶 {standing.grade}（否则 {standing.uncapped_grade}）",
            f"registered {months} months, capped at {standing.grade} (else {standing.uncapped_grade})",
        )
        found.append(_marked(said, sure=standing.cap_is_sure))
    for name in standing.bad_record_unsure:
        said = Said(
            f"未列入不良记录：{LISTED[name].zh}", f"not put on the bad-record list: {LISTED[name].en}"
        )
        found.append(_marked(said, sure=False))
    if standing.observations:
        many = standing.observations
        found.append(Said(f"{many} 项仅作记录不扣分", f"{many} noted without points"))
    return found


def _marked(said: Said, *, sure: bool) -> Said:
    return said if sure else Said(f"{said.zh}（{UNSURE.zh}）", f"{said.en} ({UNSURE.en})")


def driver_rows(found: Iterable[Standing]) -> pd.DataFrame:
    """A row a driver in `DRIVER_CELLS`; who is not assessed has neither score nor grade."""
    rows = [
        (
            one.driver_id, one.company_id, one.cycle, one.scheme, one.base, one.deductions, one.bonus,
            one.score if one.assessed else None, one.grade, "true" if one.assessed else "false",
            "; ".join(f"{said.zh} · {said.en}" for said in notes_of(one)),
        )
        for one in found
    ]  # fmt: skip
    return _frame(rows, DRIVER_CELLS)


def entry_rows(found: Iterable[Standing], zone: str) -> pd.DataFrame:
    """A row a ledger entry of these cycles in `ENTRY_CELLS`, a driver's after each other."""
    rows = [
        (
            one.driver_id, one.cycle, entry.entry_id, entry.kind, entry.rule, entry.item, entry.points,
            date_of(entry.act_day).isoformat(), entry.decided_ms, entry.decider, entry.leans_on, line.status,
        )
        for one in found
        for line in one.lines
        for entry in (line.entry,)
    ]  # fmt: skip
    frame = _frame(rows, ENTRY_CELLS)
    decided = frame["decided_at"].to_numpy(dtype=np.int64)
    return frame.assign(decided_at=iso_texts(decided, zone))


def _frame(rows: Sequence[tuple[object, ...]], cells: Sequence[Cell]) -> pd.DataFrame:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(cells)
    return pd.DataFrame(
        {
            cell.name: pd.array(
                list(column), dtype="Int64" if cell.holds == "whole" or cell.name == "decided_at" else "str"
            )
            for cell, column in zip(cells, columns, strict=True)
        }
    )
