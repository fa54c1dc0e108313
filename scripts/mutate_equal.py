"""Changes nobody can notice: each is named with the reason, left out of the draw, and counted by itself.

`scripts/mutate --doubt` tries just these: one that a test does notice is no such change.
"""

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import yaml

LIST: Final = Path(__file__).with_suffix(".yaml")


class Change(Protocol):
    """What is needed of a mutant: its file, what became what, and in which function."""

    @property
    def file(self) -> str:
        """Path in the repository."""

    @property
    def told(self) -> str:
        """`before  ->  after`."""

    @property
    def within(self) -> str:
        """Names of the functions around it, joined by dots; "" outside any."""


@dataclass(frozen=True)
class Equal:
    """One change that changes nothing: where, what, why, and how often it stands there."""

    file: str
    within: str
    told: str
    why: str
    times: int = 1

    def is_of(self, change: Change) -> bool:
        """Whether it is this change."""
        return (self.file, self.within, self.told) == (change.file, change.within, change.told)


def equal_ones(path: Path = LIST) -> tuple[Equal, ...]:
    """The list: file -> function -> entries of `told` (`before  ->  after`), `why`, and maybe `times`.

    Raises:
        ValueError: an entry gives no reason.
    """
    text: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]] = yaml.safe_load(
        path.read_text(encoding="utf-8")
    )
    found = tuple(
        Equal(file, "" if within == "module" else within, **entry)
        for file, functions in text.items()
        for within, entries in functions.items()
        for entry in entries
    )
    for one in found:
        if not one.why.strip():
            raise ValueError(f"{one.file}: {one.told}: no reason")
    return found


def are_equal(change: Change, known: Iterable[Equal]) -> bool:
    """Whether a change is one of the list."""
    return any(one.is_of(change) for one in known)


def functions_around(tree: ast.AST) -> dict[ast.AST, str]:
    """The names of the functions around every node, joined by dots; a class counts as one."""
    found: dict[ast.AST, str] = {}
    open_ = [(tree, "")]
    while open_:
        node, within = open_.pop()
        found[node] = within
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            within = f"{within}.{node.name}".lstrip(".")
        open_ += [(child, within) for child in ast.iter_child_nodes(node)]
    return found
