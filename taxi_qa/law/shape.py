"""The shapes a parameter's file may have, one function a kind; everything else is `BadLaw`.

A file of law:

    title: 每公里价 · price of each further kilometre
    unit: fen/km
    kind: number                  # the default; or bands, window, choice, areas, table
    values:
      2022-07-01:                 # first day; `2022-07-01 05:00:00` means the place's own clock
        value: 270                # null: repealed. `unknown: true` instead: in force, value never seen
        cite: {act: …, article: …, quote: …, url: …}
        certainty: quoted         # quoted, bank, secondary, unverified
        checked_on: 2026-11-22
      2027-01-01: {expected: true}   # announced, no value yet: no effect

A file of the house has `decided_by` and `reason` in place of `cite`, `certainty` and `checked_on`.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from taxi_qa.law import strict
from taxi_qa.law.parameter import (
    UNITS,
    WINDOW_DAYS,
    Areas,
    Bands,
    Certainty,
    Cite,
    KindName,
    Parameter,
    Value,
    Version,
    Window,
)
from taxi_qa.law.strict import BadLaw
from taxi_qa.values.clock import clock_ms, instant_of, zone_of

_KINDS: Final = ("number", "bands", "window", "choice", "areas", "table")
_ALWAYS: Final = {"title", "unit", "values"}
_SOMETIMES: Final = {"kind", "choices", "of", "clause", "evidence"}
_EVIDENCE: Final = ("gps", "meter", "camera", "complaint", "document", "inspection")


def law_parameter(path: str, content: object, shown: str, timezone: str) -> Parameter:
    """A parameter of law.

    Args:
        path: its name.
        content: what its file holds.
        shown: the file's name in messages.
        timezone: whose midnight and hours its first days mean.

    Raises:
        BadLaw: anything that is not as the module's text says.
    """
    return _parameter(path, content, shown, timezone, house=False)


def house_parameter(path: str, content: object, shown: str, timezone: str) -> Parameter:
    """A setting of the house; arguments and errors as `law_parameter`."""
    return _parameter(path, content, shown, timezone, house=True)


def _parameter(path: str, content: object, shown: str, timezone: str, *, house: bool) -> Parameter:
    top = strict.keys(shown, "file", content, _ALWAYS, _SOMETIMES)
    title_zh, dot, title_en = strict.text(shown, "title", top["title"]).partition(" · ")
    if not (dot and title_zh and title_en):
        raise BadLaw(f"{shown}: title: expected Chinese and English with ` · ` between them")
    kind = _kind(shown, top.get("kind", "number"))
    unit = _unit(shown, "unit", top["unit"])
    of = _unit(shown, "of", top["of"]) if "of" in top else ""
    if (kind == "bands") != bool(of):
        raise BadLaw(f"{shown}: of: bands name the unit of their bounds with it, no other kind does")
    choices = _words(shown, "choices", top.get("choices", []))
    if (kind == "choice") != bool(choices):
        raise BadLaw(f"{shown}: choices: a choice lists what it may be, no other kind does")
    evidence = _words(shown, "evidence", top.get("evidence", []))
    for word in evidence:
        if word not in _EVIDENCE:
            raise BadLaw(f"{shown}: evidence: unknown {word}; known: {', '.join(_EVIDENCE)}")
    head = _Head(path, shown, kind, unit, choices, timezone, house)
    versions, expected = _versions(head, top["values"])
    return Parameter(
        path=path,
        title_zh=title_zh,
        title_en=title_en,
        unit=unit,
        kind=kind,
        versions=versions,
        choices=choices,
        of=of,
        clause=strict.text(shown, "clause", top["clause"]) if "clause" in top else "",
        evidence=evidence,
        file=shown,
        expected=expected,
    )


@dataclass(frozen=True)
class _Head:
    """What the versions of a file share."""

    path: str
    shown: str
    kind: KindName
    unit: str
    choices: tuple[str, ...]
    timezone: str
    house: bool


def _versions(head: _Head, values: object) -> tuple[tuple[Version, ...], tuple[str, ...]]:
    """The versions in the order of their first instants, and the first days announced without a value."""
    if not isinstance(values, dict) or not values:
        raise BadLaw(f"{head.shown}: values: expected one entry a first day")
    versions, expected = [], []
    for key, entry in values.items():
        moment = strict.first_moment(head.shown, "values", key)
        stamp = _stamp(moment)
        where = f"values: {stamp}"
        if isinstance(entry, dict) and "expected" in entry:
            strict.keys(head.shown, where, entry, {"expected"}, {"cite"})
            if entry["expected"] is not True:
                raise BadLaw(f"{head.shown}: {where}: expected: may only be true")
            expected.append(stamp)
            continue
        reader = _House(head.shown, stamp) if head.house else _Act(head.shown, stamp)
        body = reader.body(entry)
        certainty = reader.certainty(body)
        unknown = "unknown" in body
        if unknown and certainty is not Certainty.UNVERIFIED:
            raise BadLaw(f"{head.shown}: {where}: certainty: an unknown value is unverified")
        version = Version(
            start_ms=instant_of(moment.replace(tzinfo=zone_of(head.timezone))),
            value=_value(head, where, body),
            cite=reader.cite(body),
            certainty=certainty,
            checked_on=reader.checked_on(body, moment.date()),
            name=f"{head.path}@{stamp}",
            unknown=unknown,
        )
        versions.append(version)
    return tuple(sorted(versions, key=lambda version: version.start_ms)), tuple(sorted(expected))


class _Act:
    """Reads a version that an authority set."""

    def __init__(self, shown: str, stamp: str) -> None:
        self.shown, self.where = shown, f"values: {stamp}"

    def body(self, entry: object) -> dict[str, object]:
        required = {"cite", "certainty", "checked_on"}
        return dict(strict.keys(self.shown, self.where, entry, required, {"value", "unknown"}))

    def cite(self, body: dict[str, object]) -> Cite:
        where = f"{self.where}: cite"
        found = strict.keys(self.shown, where, body["cite"], {"act", "quote"}, {"article", "url"})
        return Cite(
            act=strict.text(self.shown, f"{where}: act", found["act"]),
            article=strict.text(self.shown, f"{where}: article", found.get("article", ""), empty=True),
            quote=strict.text(self.shown, f"{where}: quote", found["quote"]),
            url=strict.text(self.shown, f"{where}: url", found.get("url", ""), empty=True),
        )

    def certainty(self, body: dict[str, object]) -> Certainty:
        words = [certainty.value for certainty in Certainty]
        if body["certainty"] not in words:
            raise BadLaw(f"{self.shown}: {self.where}: certainty: expected {', '.join(words)}")
        return Certainty(str(body["certainty"]))

    def checked_on(self, body: dict[str, object], _: dt.date) -> dt.date:
        return strict.date(self.shown, f"{self.where}: checked_on", body["checked_on"])


class _House:
    """Reads a version that the house decided."""

    def __init__(self, shown: str, stamp: str) -> None:
        self.shown, self.where = shown, f"values: {stamp}"

    def body(self, entry: object) -> dict[str, object]:
        return dict(
            strict.keys(self.shown, self.where, entry, {"value", "decided_by", "reason"}, {"checked_on"})
        )

    def cite(self, body: dict[str, object]) -> Cite:
        return Cite(
            act=strict.text(self.shown, f"{self.where}: decided_by", body["decided_by"]),
            quote=strict.text(self.shown, f"{self.where}: reason", body["reason"]),
        )

    def certainty(self, _: dict[str, object]) -> Certainty:
        return Certainty.QUOTED

    def checked_on(self, body: dict[str, object], first: dt.date) -> dt.date:
        if "checked_on" not in body:
            return first
        return strict.date(self.shown, f"{self.where}: checked_on", body["checked_on"])


def _stamp(moment: dt.datetime) -> str:
    """How a version is named: the first day, with the hour where there is one."""
    if moment.time() == dt.time():
        return moment.date().isoformat()
    return moment.isoformat(timespec="minutes")


def _kind(shown: str, found: object) -> KindName:
    if found not in _KINDS:
        raise BadLaw(f"{shown}: kind: unknown {found}; known: {', '.join(_KINDS)}")
    return found


def _unit(shown: str, where: str, found: object) -> str:
    unit = strict.text(shown, where, found)
    if unit not in UNITS:
        raise BadLaw(f"{shown}: {where}: unknown {unit!r}; known: {', '.join(sorted(UNITS))}")
    return unit


def _words(shown: str, where: str, found: object) -> tuple[str, ...]:
    if not isinstance(found, list):
        raise BadLaw(f"{shown}: {where}: expected a list")
    return tuple(strict.text(shown, where, word) for word in found)


def _value(head: _Head, where: str, body: dict[str, object]) -> Value | None:
    """A version's value in the shape of its kind; None for a repeal or a value never seen."""
    if ("value" in body) == ("unknown" in body):
        raise BadLaw(f"{head.shown}: {where}: expected either value or unknown: true")
    if "unknown" in body and body["unknown"] is not True:
        raise BadLaw(f"{head.shown}: {where}: unknown: may only be true")
    found = body.get("value")
    return None if found is None else _shaped(head, f"{where}: value", found)


def _shaped(head: _Head, where: str, found: object) -> Value:
    if head.kind == "window":
        listed = found if isinstance(found, list) else [found]
        return tuple(_window(head.shown, where, one) for one in listed)
    if head.kind == "choice":
        if found not in head.choices:
            raise BadLaw(f"{head.shown}: {where}: expected one of {', '.join(head.choices)}, found {found}")
        return str(found)
    if head.kind == "areas":
        return _areas(head.shown, where, found)
    if head.kind == "bands":
        return _bands(head.shown, where, found, head.unit)
    reader = _amount if head.kind == "number" else _table
    return reader(head.shown, where, found, head.unit)


def _amount(shown: str, where: str, found: object, unit: str) -> float:
    value = strict.number(shown, where, found)
    if unit.startswith("fen") and not isinstance(found, int):
        raise BadLaw(f"{shown}: {where}: money is whole fen, found {found}")
    return value


def _bands(shown: str, where: str, found: object, unit: str) -> Bands:
    if not isinstance(found, dict) or not found:
        raise BadLaw(f"{shown}: {where}: expected lower bounds with their values")
    bounds = [strict.number(shown, f"{where}: {key}", key) for key in found]
    if bounds != sorted(bounds):
        raise BadLaw(f"{shown}: {where}: lower bounds must ascend")
    values = [
        strict.text(shown, f"{where}: {key}", one)
        if unit == "grade"
        else _amount(shown, f"{where}: {key}", one, unit)
        for key, one in found.items()
    ]
    return Bands(tuple(bounds), tuple(values))


def _window(shown: str, where: str, found: object) -> Window:
    fields = strict.keys(shown, where, found, {"from", "to"}, {"weekdays", "not_on"})
    ends = []
    for key in ("from", "to"):
        clock = fields[key]
        if not isinstance(clock, str):
            raise BadLaw(
                f'{shown}: {where}: {key}: expected a quoted time such as "23:00"'
                f" (unquoted, YAML reads 23:00 as the number 1380), found {clock}"
            )
        try:
            ends.append(clock_ms(clock))
        except ValueError as error:
            raise BadLaw(f"{shown}: {where}: {key}: {error}") from None
    if ends[0] == ends[1]:
        raise BadLaw(f"{shown}: {where}: from and to are the same time")
    days = _words(shown, f"{where}: weekdays", fields.get("weekdays", list(WINDOW_DAYS)))
    for day in days:
        if day not in WINDOW_DAYS:
            raise BadLaw(f"{shown}: {where}: weekdays: unknown {day}; known: {', '.join(WINDOW_DAYS)}")
    return Window(
        ends[0],
        ends[1],
        tuple(sorted(WINDOW_DAYS.index(day) for day in days)),
        strict.text(shown, f"{where}: not_on", fields.get("not_on", ""), empty=True),
    )


def _areas(shown: str, where: str, found: object) -> Areas:
    fields = strict.keys(shown, where, found, set(), {"zones", "geojson"})
    if len(fields) != 1:
        raise BadLaw(f"{shown}: {where}: expected either zones or geojson")
    if "geojson" in fields:
        return Areas(geojson=strict.text(shown, f"{where}: geojson", fields["geojson"]))
    zones: set[str] = set()
    listed = fields["zones"]
    if not isinstance(listed, list):
        raise BadLaw(f"{shown}: {where}: zones: expected a list of ids")
    for one in listed:
        first, dash, last = one.partition("..") if isinstance(one, str) else ("", "", "")
        if dash and first.isdigit() and last.isdigit():
            zones |= {str(number) for number in range(int(first), int(last) + 1)}
        else:
            zones.add(strict.text(shown, f"{where}: zones", one))
    return Areas(zones=frozenset(zones))


def _table(shown: str, where: str, found: object, unit: str) -> Value:
    if isinstance(found, list):
        return tuple(_amount(shown, where, one, unit) for one in found)
    if not isinstance(found, dict) or not found:
        raise BadLaw(f"{shown}: {where}: expected names with their values, or a list")
    table: dict[str, float | str] = {}
    for key, one in found.items():
        name = strict.text(shown, f"{where}: {key}", key)
        table[name] = _amount(shown, f"{where}: {key}", one, unit)
    return table
