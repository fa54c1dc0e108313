"""`taxi-qa lab terminals`: speaking to a gateway that runs, and showing what a comparison found."""

import asyncio
from pathlib import Path
from typing import Final

import click
import pandas as pd

from taxi_qa.cli.command import now_ms
from taxi_qa.cli.lab_score import made_of
from taxi_qa.cli.lab_terminals import (
    Compared,
    by_rule,
    cost_and_added,
    rows_that_differ,
    said_differently,
    told_city,
)
from taxi_qa.cli.progress import Progress
from taxi_qa.cli.screen import figures, note, table
from taxi_qa.lab.terminals.drive import Driven, Reach, drive
from taxi_qa.lab.terminals.sayings import last_day

# Rows shown of what must not differ.
_SHOWN: Final = 40


def speak_to(
    folder: Path, where: tuple[str, int, int, int | None], step_s: int, loss: float, seed: int
) -> None:
    """Send a made city to a gateway that runs, its last day being yesterday.

    Raises:
        click.UsageError: the folder is none that `lab make` wrote, or nobody listens there.
    """
    made_of(folder)
    today = pd.Timestamp(now_ms(), unit="ms", tz="Asia/Shanghai").tz_localize(None).normalize()
    later = int((today - last_day(folder)).days) - 1
    cars = told_city(folder, step_s, later)

    async def tick(_at_ms: int) -> None:
        """The gateway's clock is its own."""

    async def run(progress: Progress) -> Driven:
        for port in where[1:]:
            if port is not None:
                _reader, writer = await asyncio.open_connection(where[0], port)
                writer.close()
        return await drive(
            cars, Reach(*where), tick=tick, step_ms=step_s * 1000, loss=loss, seed=seed, progress=progress
        )

    with Progress(folder.name) as progress:
        try:
            driven = asyncio.run(run(progress))
        except OSError as error:
            raise click.UsageError(
                f"nobody listens there: {error.strerror}; start `taxi-qa gateway`"
            ) from None
    note(_line(driven))


def shown_differences(compared: Compared, *, listed: bool, as_json: bool) -> bool:
    """Show what three ways came to; whether gateway and files of what can be known agree in all."""
    rows = rows_that_differ(compared.known, compared.sent)
    said = said_differently(compared.known, compared.sent)
    agree = not rows and said.empty and not compared.not_kept
    rules = by_rule(compared)
    changed = cost_and_added(compared)
    if as_json:
        figures(
            {
                "agree": agree,
                "rows": {kind: len(compared.sent.rows[kind]) for kind in compared.sent.rows},
                "rows_that_differ": {kind: len(found) for kind, found in rows.items()},
                "findings_that_differ": len(said),
                "frames": vars(compared.driven),
                "pictures_not_kept": compared.not_kept,
                "lost": {f"{kind}.{column}": many for (kind, column), many in sorted(compared.lost.items())},
                "rules": rules.reset_index().to_dict("records"),
                "against_files": changed.to_dict("records"),
            }
        )
        return agree
    headers = (
        "rule",
        "files: found",
        "cannot tell",
        "known: found",
        "cannot tell",
        "gateway: found",
        "cannot tell",
    )
    table(headers, rules.reset_index().to_numpy().tolist())
    note(_line(compared.driven))
    note(compared.settled.line())
    for kind, found in rows.items():
        note(f"{kind}: {len(found):,} rows differ between gateway and what can be known")
        table(
            ("where", *found.columns[:-1]),
            found.head(_SHOWN)[["where", *found.columns[:-1]]].to_numpy().tolist(),
        )
    if len(said):
        note(f"{len(said):,} answers differ between gateway and what can be known")
        table(tuple(said.columns), said.head(_SHOWN).to_numpy().tolist())
    if compared.not_kept:
        note(f"{compared.not_kept:,} pictures that were sent are not kept")
    lost = ", ".join(f"{kind}.{column} {many:,}" for (kind, column), many in sorted(compared.lost.items()))
    note(f"no message can say: {lost}")
    gone, new = (changed[changed["by"] == by] for by in ("files", "gateway"))
    note(f"found from files and not through terminals: {len(gone)}; the other way round: {len(new)}")
    if listed and len(changed):
        table(tuple(changed.columns), changed.to_numpy().tolist())
    note("gateway and what can be known agree in every row and answer" if agree else "THEY DIFFER")
    return agree


def _line(driven: Driven) -> str:
    return (
        f"{driven.sent:,} frames sent, {driven.again:,} of them again, over {driven.connections:,}"
        f" connections; {driven.centre_words:,} words of the dispatch centre heard;"
        f" {driven.files:,} of {driven.of_files:,} files of alarms brought"
    )
