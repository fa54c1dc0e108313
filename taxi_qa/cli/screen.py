"""What a person sees: results on standard output, everything else on standard error."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Final

import click

_GAP: Final = "  "


def say(text: str = "") -> None:
    """A line of result, on standard output."""
    click.echo(text)


def note(text: str) -> None:
    """A line beside the result, on standard error."""
    click.echo(text, err=True)


def figures(value: object) -> None:
    """Figures as JSON, on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def table(headers: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
    """A table on standard output: framed on a terminal, aligned plain text where the output goes on.

    Whole numbers stand to the right with thousands marks; None is an empty cell.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    right = [
        bool(cells) and all(not row[i] or row[i].replace(",", "").isdigit() for row in cells)
        for i in range(len(headers))
    ]
    if sys.stdout.isatty():
        _framed(headers, cells, right, title)
        return
    if title:
        say(title)
    for line in _plain(headers, cells, right):
        say(line)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def _framed(headers: Sequence[str], cells: list[list[str]], right: list[bool], title: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    framed = Table(title=title or None, title_justify="left")
    for header, to_right in zip(headers, right, strict=True):
        framed.add_column(header, justify="right" if to_right else "left", overflow="fold")
    for row in cells:
        framed.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(framed)


def _plain(headers: Sequence[str], cells: list[list[str]], right: list[bool]) -> Iterable[str]:
    from rich.cells import cell_len

    lines = [list(headers), *cells]
    widths = [max(cell_len(line[i]) for line in lines) for i in range(len(headers))]
    for line in lines:
        padded = [
            " " * (width - cell_len(cell)) + cell if to_right else cell + " " * (width - cell_len(cell))
            for cell, width, to_right in zip(line, widths, right, strict=True)
        ]
        yield _GAP.join(padded).rstrip()
