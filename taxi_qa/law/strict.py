"""YAML read strictly: what a careless file would silently turn into something else is an error here.

YAML reads `23:00` as the number 1380 (base 60), `no` as False, and keeps the last of two equal keys
without a word. For a night window or a tariff each of these is a wrong fare that nobody notices.
"""

import datetime as dt
import math
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, cast

import yaml


class BadLaw(ValueError):  # noqa: N818 - the contract names it so
    """A file of law, house or calendar that cannot be read; the message names the file and the key."""


class _Strict(yaml.constructor.SafeConstructor):
    """Refuses a key given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!s} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


class _StrictLoader(_Strict, yaml.SafeLoader):
    """PyYAML's safe loader, strictly; what it says of an error names the place best."""


class _QuickLoader(_Strict, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # the one there is
    """The same in C where it was built so: four times as fast."""


def _parsed(text: str) -> object:
    try:
        return yaml.load(text, Loader=_QuickLoader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError):
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a safe loader


def load(path: Path, shown: str) -> dict[object, object]:
    """The mapping a YAML file holds.

    Args:
        path: the file.
        shown: the file's name in messages.

    Raises:
        BadLaw: unreadable, no valid YAML, a key twice, or not a mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadLaw(f"{shown}: cannot be read as UTF-8 text ({type(error).__name__})") from None
    try:
        content = _parsed(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise BadLaw(f"{shown}: line {line}: {error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise BadLaw(f"{shown}: no valid YAML: {error}") from None
    if not isinstance(content, dict):
        raise BadLaw(f"{shown}: expected keys and values, found {_named(content)}")
    return cast("dict[object, object]", content)


def keys(
    shown: str, where: str, found: object, required: set[str], optional: set[str]
) -> Mapping[str, object]:
    """`found` as a mapping with exactly the keys allowed.

    Raises:
        BadLaw: no mapping, a key that is not known, or a required one missing.
    """
    if not isinstance(found, dict):
        raise BadLaw(f"{shown}: {where}: expected keys and values, found {_named(found)}")
    for key in found:
        if key not in required | optional:
            known = ", ".join(sorted(required | optional))
            raise BadLaw(f"{shown}: {where}: unknown key {key!s}; known here: {known}")
    for key in sorted(required):
        if key not in found:
            raise BadLaw(f"{shown}: {where}: {key} is missing")
    return cast("Mapping[str, object]", found)


def text(shown: str, where: str, found: object, *, empty: bool = False) -> str:
    """`found` as text.

    Raises:
        BadLaw: another type (such as an unquoted date or number), or empty where it may not be.
    """
    if not isinstance(found, str):
        raise BadLaw(f"{shown}: {where}: expected text, found {_named(found)}; put it in quotes")
    if not empty and not found.strip():
        raise BadLaw(f"{shown}: {where}: must not be empty")
    return found.strip()


def number(shown: str, where: str, found: object) -> float:
    """`found` as a finite number.

    Raises:
        BadLaw: text, yes/no, a date, or no finite number.
    """
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise BadLaw(f"{shown}: {where}: expected a number, found {_named(found)}")
    if not math.isfinite(found):
        raise BadLaw(f"{shown}: {where}: expected a finite number, found {found}")
    return found


def date(shown: str, where: str, found: object) -> dt.date:
    """`found` as a calendar date.

    Raises:
        BadLaw: anything else.
    """
    if isinstance(found, dt.datetime) or not isinstance(found, dt.date):
        raise BadLaw(f"{shown}: {where}: expected a date such as 2022-07-01, found {_named(found)}")
    return found


def first_moment(shown: str, where: str, found: object) -> dt.datetime:
    """A version's key as a moment on the place's clock: a date, or a date with an hour.

    Raises:
        BadLaw: no date (a year alone, text, a moment with an offset).
    """
    if isinstance(found, dt.datetime):
        if found.tzinfo is not None:
            raise BadLaw(f"{shown}: {where}: {found} has an offset; write the place's own clock without one")
        return found
    if isinstance(found, dt.date):
        return dt.datetime.combine(found, dt.time())
    raise BadLaw(f"{shown}: {where}: {_named(found)} is no first day; expected one such as 2022-07-01")


def _named(found: object) -> str:
    """A value with its kind, as a person would say it."""
    if found is None:
        return "nothing"
    if isinstance(found, bool):
        return f"{'yes' if found else 'no'} (a yes/no value)"
    if isinstance(found, int | float):
        return f"the number {found}"
    if isinstance(found, str):
        return f"the text {found!r}"
    if isinstance(found, dt.date):
        return f"the date {found}"
    return "a list" if isinstance(found, list) else "keys and values"
