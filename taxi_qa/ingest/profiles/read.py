"""Reading a profile's YAML, strictly: an unknown key is an error that names the file and the key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final, get_args

import yaml

from taxi_qa.ingest.headers import folded, shown
from taxi_qa.ingest.refusal import Refused
from taxi_qa.records.kinds import KINDS
from taxi_qa.values.clock import zone_of
from taxi_qa.values.place import Datum

_KEYS: Final = frozenset(
    {"name", "title", "source", "kind", "timezone", "datum", "options", "inputs", "required", "columns"}
)
_NEEDED: Final = frozenset({"name", "title", "source", "kind", "inputs", "required", "columns"})
_WAYS: Final = ("copy", "adds_up", "made")
_COPY_KEYS: Final = frozenset({"copy", "on_day", "times", "words", "otherwise"})
_SUM_KEYS: Final = frozenset({"to", "beside", "ways"})


class BadProfile(Exception):  # noqa: N818  (reads as what it is)
    """A profile is wrong, or not there; the message names file and key, or the profiles there are."""


@dataclass(frozen=True)
class Copy:
    """A cell of the feed, changed a little."""

    source: str
    on_day: str = ""
    times: float | None = None
    words: Mapping[str, str] | None = None
    otherwise: str | None = None


@dataclass(frozen=True)
class AddsUp:
    """A sum of money that, with what stands beside it, makes a total."""

    to: str
    beside: tuple[str, ...]
    ways: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Made:
    """A name made from the row's content."""

    pattern: str


Recipe = Copy | AddsUp | Made


@dataclass(frozen=True)
class Profile:
    """How the rows of a feed become records; see the package's docstring for the keys."""

    name: str
    title: str
    source: str
    kind: str
    timezone: str
    datum: Datum | None
    options: Mapping[str, str]
    inputs: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]
    columns: Mapping[str, Recipe]

    def places(self, header: Sequence[str]) -> dict[str, int]:
        """Where each input stands in a header.

        Raises:
            Refused: a required input is missing.
        """
        at: dict[str, int] = {}
        for index, name in enumerate(header):
            at.setdefault(folded(name), index)
        found = {
            word: at[folded(name)]
            for word, names in self.inputs.items()
            for name in reversed(names)
            if folded(name) in at
        }
        missing = [" or ".join(self.inputs[word]) for word in self.required if word not in found]
        if missing:
            raise Refused(
                f"the profile {self.name} needs the columns {', '.join(missing)}; "
                f"the header has {shown(header)}"
            )
        return found


def profile_names() -> list[str]:
    """The profiles there are."""
    folder = resources.files("taxi_qa.ingest.profiles")
    return sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml"))


def profiles_that_fit(header: Sequence[str]) -> list[str]:
    """The profiles that have all they need in a header."""
    fitting = []
    for name in profile_names():
        try:
            read_profile(name).places(header)
        except Refused:
            continue
        fitting.append(name)
    return fitting


def read_profile(call: str) -> Profile:
    """The profile of that name; `name:option=value,option=value` sets options.

    Raises:
        BadProfile: there is none of that name, or option, or its file is wrong.
    """
    name, _, settings = call.partition(":")
    if name not in profile_names():
        raise BadProfile(f"there is no profile {name!r}; expected one of {', '.join(profile_names())}")
    text = resources.files("taxi_qa.ingest.profiles").joinpath(f"{name}.yaml").read_text("utf-8")
    profile = parse_profile(text, f"{name}.yaml")
    given = dict(profile.options)
    for setting in filter(None, settings.split(",")):
        option, equals, value = setting.partition("=")
        if not equals or option not in given:
            raise BadProfile(
                f"the profile {name} has no option {option!r}; it has: {', '.join(given) or 'none'}"
            )
        given[option] = value.strip()
    return Profile(**{**vars(profile), "options": given})


def parse_profile(text: str, file: str) -> Profile:
    """A profile out of YAML.

    Raises:
        BadProfile: an unknown or missing key, or a value of the wrong kind.
    """
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadProfile(f"{file}: not YAML ({str(error).splitlines()[0]})") from None
    top = _mapping(value, file, _KEYS)
    _demand(set(top) >= _NEEDED, file, f"expected the keys {', '.join(sorted(_NEEDED))}")
    _demand(top["kind"] in KINDS, f"{file}: kind", f"expected one of {', '.join(KINDS)}")
    _demand(top.get("datum") in (None, *get_args(Datum)), f"{file}: datum", "expected wgs84, gcj02 or bd09")
    if "timezone" in top:
        try:
            zone_of(top["timezone"])
        except ValueError as error:
            raise BadProfile(f"{file}: timezone: {error}") from None
    inputs = {
        word: _words(names, f"{file}: inputs.{word}") for word, names in _mapping(top["inputs"], file).items()
    }
    options = _mapping(top.get("options", {}), f"{file}: options")
    for option, default in options.items():
        _demand(isinstance(default, str), f"{file}: options.{option}", "expected a text in quotes")
    known = {column.name for column in KINDS[top["kind"]].columns}
    columns: dict[str, Recipe] = {}
    for column, recipe in _mapping(top["columns"], file).items():
        _demand(column in known, f"{file}: columns.{column}", f"{top['kind']} have no such column")
        columns[column] = _recipe(recipe, f"{file}: columns.{column}", set(inputs), set(options))
    required = _inputs(top["required"], f"{file}: required", set(inputs))
    lacking = {c.name for c in KINDS[top["kind"]].columns if c.required} - set(columns)
    _demand(not lacking, f"{file}: columns", f"expected also {', '.join(sorted(lacking))}")
    return Profile(
        str(top["name"]), str(top["title"]), str(top["source"]), top["kind"], top.get("timezone", ""),
        top.get("datum"), options, inputs, required, columns,
    )  # fmt: skip


def _recipe(value: Any, where: str, inputs: set[str], options: set[str]) -> Recipe:  # noqa: ANN401  (YAML)
    recipe = _mapping(value, where)
    ways = [way for way in _WAYS if way in recipe]
    _demand(len(ways) == 1, where, f"expected exactly one of {', '.join(_WAYS)}")
    if ways == ["made"]:
        _mapping(value, where, frozenset({"made"}))
        _demand("{digest}" in str(recipe["made"]), where, "expected a text with {digest}")
        return Made(str(recipe["made"]))
    if ways == ["adds_up"]:
        _mapping(value, where, frozenset({"adds_up"}))
        sums = _mapping(recipe["adds_up"], where, _SUM_KEYS)
        _demand(set(sums) == _SUM_KEYS and isinstance(sums["ways"], list), where, "expected to, beside, ways")
        to = _inputs([sums["to"]], where, inputs)[0]
        parts = tuple(_inputs(way, where, inputs) for way in sums["ways"])
        return AddsUp(to, _inputs(sums["beside"], where, inputs), parts)
    _mapping(value, where, _COPY_KEYS)
    source = _inputs([recipe["copy"]], where, inputs)[0]
    on_day = recipe.get("on_day", "")
    _demand(on_day == "" or on_day in options, where, "on_day: expected the name of an option")
    times = recipe.get("times")
    _demand(times is None or isinstance(times, int | float), where, "times: expected a number")
    words = recipe.get("words")
    if words is not None:
        for word, meaning in _mapping(words, where).items():
            _demand(isinstance(meaning, str), where, f"words.{word}: expected a text in quotes")
    otherwise = recipe.get("otherwise")
    _demand(otherwise is None or isinstance(otherwise, str), where, "otherwise: expected a text")
    return Copy(source, on_day, None if times is None else float(times), words, otherwise)


def _demand(holds: bool, where: str, expected: str) -> None:  # noqa: FBT001  (it is the condition)
    if not holds:
        raise BadProfile(f"{where}: {expected}")


def _mapping(value: Any, where: str, keys: frozenset[str] | None = None) -> dict[str, Any]:  # noqa: ANN401
    _demand(
        isinstance(value, dict) and all(isinstance(key, str) for key in value),
        where,
        "expected keys in quotes",
    )
    unknown = set(value) - keys if keys is not None else set()
    _demand(not unknown, where, f"unknown key {', '.join(sorted(unknown))}")
    result: dict[str, Any] = value
    return result


def _words(value: Any, where: str) -> tuple[str, ...]:  # noqa: ANN401
    _demand(
        isinstance(value, list) and all(isinstance(v, str) for v in value), where, "expected a list of texts"
    )
    return tuple(value)


def _inputs(value: Any, where: str, inputs: set[str]) -> tuple[str, ...]:  # noqa: ANN401
    words = _words(value, where)
    unknown = set(words) - inputs
    _demand(not unknown, where, f"{', '.join(sorted(unknown))} is not among the inputs")
    return words
