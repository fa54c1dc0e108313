"""Reads the law of one place: `data/law/<country>`, `data/law/<place>` and `data/house`.

A file's path is the parameter's name: `data/law/shenzhen/fare/per_km.yaml` is `law["fare.per_km"]`,
`data/house/fare/longest_trip_s.yaml` is `law["house.fare.longest_trip_s"]`. A place may restate a path
of its country; its file then takes the place of the country's as a whole.

The loader is strict, since a careless number here accuses or excuses thousands: no value without a
citation (or, for the house, without who decided and why), no unknown key, unit or certainty, no key
that is not a first day, no unquoted clock time. Every refusal names the file and the key.
"""

from collections.abc import Container
from pathlib import Path
from typing import Final, TypeGuard

from taxi_qa.law import strict
from taxi_qa.law.areas import polygon_of
from taxi_qa.law.parameter import Areas, Law, Parameter, Window
from taxi_qa.law.shape import house_parameter, law_parameter
from taxi_qa.law.strict import BadLaw
from taxi_qa.law.terms import is_part_of_a_tariff
from taxi_qa.paths import shipped
from taxi_qa.values.clock import day_of, zone_of

__all__ = ["BadLaw", "Law", "check_law", "places", "read_law"]

_PLACE_KEYS: Final = {"name_zh", "name_en", "timezone", "currency", "country"}


def read_law(place: str, root: Path | None = None) -> Law:
    """Everything that binds in a place.

    Args:
        place: a folder under `law/`, such as `zhongshan`.
        root: the data folder; the shipped one by default.

    Raises:
        BadLaw: no such place, or a file that breaks a rule above; the message names file and key.
    """
    root = shipped("data") if root is None else root
    folder = root / "law" / place
    if not place.isascii() or "/" in place or not (folder / "place.yaml").is_file():
        raise BadLaw(f"law/{place}/place.yaml: no such place; known are {', '.join(_folders(root))}")
    head, timezone, country = _read_place(root, place)
    found: dict[str, Parameter] = {}
    if country != place:
        found |= _read_folder(root, root / "law" / country, timezone, house=False)
    found |= _read_folder(root, folder, timezone, house=False)
    found |= _read_folder(root, root / "house", timezone, house=True)
    calendars = _read_calendars(root)
    for problem in _loose_ends(root, found, calendars):
        raise BadLaw(problem)
    return Law(
        place=place,
        name_zh=head["name_zh"],
        name_en=head["name_en"],
        timezone=timezone,
        currency=head["currency"],
        parameters=dict(sorted(found.items())),
        calendars=calendars,
    )


def places(root: Path | None = None) -> list[str]:
    """Places with a tariff, sorted."""
    root = shipped("data") if root is None else root
    return [name for name in _folders(root) if (root / "law" / name / "fare" / "flagfall.yaml").is_file()]


def check_law(root: Path | None = None) -> list[str]:
    """Every problem of the law, house and calendar files: `file: key: what was expected`; none is good."""
    root = shipped("data") if root is None else root
    problems: list[str] = []
    timezones: dict[str, str] = {}
    for name in _folders(root):
        try:
            _, timezone, country = _read_place(root, name)
            timezones |= {name: timezone, country: timezone}
        except BadLaw as problem:
            problems.append(str(problem))
    for folder in sorted((root / "law").iterdir()) if (root / "law").is_dir() else ():
        if folder.is_dir():
            problems += _problems(root, folder, timezones.get(folder.name, "UTC"), house=False)
        if folder.is_dir() and folder.name not in timezones and not (folder / "place.yaml").is_file():
            problems.append(
                f"law/{folder.name}: neither a place (place.yaml is missing) nor a place's country"
            )
    problems += _problems(root, root / "house", "UTC", house=True)
    for path in _files(root / "calendar"):
        try:
            _read_calendar(root, path)
        except BadLaw as problem:
            problems.append(str(problem))
    return problems


def _folders(root: Path) -> list[str]:
    return sorted(path.parent.name for path in (root / "law").glob("*/place.yaml"))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.yaml") if path.name != "place.yaml")


def _shown(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _read_place(root: Path, place: str) -> tuple[dict[str, str], str, str]:
    """The head of a place: its texts, time zone and country."""
    path = root / "law" / place / "place.yaml"
    shown = _shown(root, path)
    content = strict.keys(shown, "place", strict.load(path, shown), _PLACE_KEYS, set())
    head = {key: strict.text(shown, key, content[key]) for key in sorted(_PLACE_KEYS)}
    try:
        zone_of(head["timezone"])
    except ValueError as error:
        raise BadLaw(f"{shown}: timezone: {error}") from None
    if not (len(head["currency"]) == len("CNY") and head["currency"].isupper()):
        raise BadLaw(f"{shown}: currency: expected an ISO code such as CNY, found {head['currency']!r}")
    return head, head["timezone"], head["country"]


def _path_of(folder: Path, file: Path, shown: str) -> str:
    """The parameter's name of a file, checked to be made of plain words."""
    parts = file.relative_to(folder).with_suffix("").parts
    for part in parts:
        if (
            not all(char.isascii() and (char.isalnum() or char == "_") for char in part)
            or part != part.lower()
        ):
            raise BadLaw(f"{shown}: name: {part!r} has other signs than a-z, 0-9 and _")
    return ".".join(parts)


def _read_one(root: Path, folder: Path, file: Path, timezone: str, *, house: bool) -> Parameter:
    shown = _shown(root, file)
    path = _path_of(folder, file, shown)
    content = strict.load(file, shown)
    if house:
        return house_parameter(f"house.{path}", content, shown, timezone)
    return law_parameter(path, content, shown, timezone)


def _read_folder(root: Path, folder: Path, timezone: str, *, house: bool) -> dict[str, Parameter]:
    read = [_read_one(root, folder, file, timezone, house=house) for file in _files(folder)]
    return {parameter.path: parameter for parameter in read}


def _problems(root: Path, folder: Path, timezone: str, *, house: bool) -> list[str]:
    problems: list[str] = []
    calendars = {path.stem for path in _files(root / "calendar")}
    for file in _files(folder):
        try:
            parameter = _read_one(root, folder, file, timezone, house=house)
        except BadLaw as problem:
            problems.append(str(problem))
        else:
            problems += _loose_ends(root, {parameter.path: parameter}, calendars)
    return problems


def _loose_ends(root: Path, parameters: dict[str, Parameter], calendars: Container[str]) -> list[str]:
    """What each file names but nobody knows: parts of a tariff, calendars, files of polygons."""
    problems = []
    for path, parameter in parameters.items():
        if path.startswith("fare.") and not is_part_of_a_tariff(path):
            problems.append(
                f"{parameter.file}: path: {path} is no part of a tariff; see law/terms.py for those known"
            )
        for version in parameter.versions:
            named = [window.not_on for window in version.value] if _are_windows(version.value) else []
            if path.endswith(".calendar"):
                named.append(str(version.value or ""))
            problems += [
                f"{parameter.file}: {version.name}: there is no calendar {name}"
                for name in named
                if name and name not in calendars
            ]
            if isinstance(version.value, Areas):
                try:
                    polygon_of(version.value, root)
                except BadLaw as problem:
                    problems.append(f"{parameter.file}: {version.name}: {problem}")
    return problems


def _are_windows(value: object) -> TypeGuard[tuple[Window, ...]]:
    return isinstance(value, tuple) and all(isinstance(one, Window) for one in value)


def _read_calendar(root: Path, path: Path) -> tuple[str, frozenset[int]]:
    """A named set of days: `days` by year, each a list of dates; every year with its own source."""
    shown = _shown(root, path)
    content = strict.keys(shown, "calendar", strict.load(path, shown), {"title", "years"}, set())
    strict.text(shown, "title", content["title"])
    days: set[int] = set()
    years = content["years"]
    if not isinstance(years, dict) or not years:
        raise BadLaw(f"{shown}: years: expected one entry a year")
    for year, entry in years.items():
        where = f"years: {year}"
        if isinstance(year, bool) or not isinstance(year, int):
            raise BadLaw(f"{shown}: {where}: expected a year such as 2026")
        if entry == {"expected": True}:
            continue
        fields = strict.keys(shown, where, entry, {"days", "source", "certainty"}, set())
        strict.text(shown, f"{where}: source", fields["source"])
        if fields["certainty"] not in ("quoted", "secondary", "unverified"):
            raise BadLaw(f"{shown}: {where}: certainty: expected quoted, secondary or unverified")
        listed = fields["days"]
        if not isinstance(listed, list):
            raise BadLaw(f"{shown}: {where}: days: expected a list of dates")
        for found in listed:
            date = strict.date(shown, f"{where}: days", found)
            if date.year not in (year, year - 1):
                raise BadLaw(f"{shown}: {where}: days: {date} is of another year")
            days.add(day_of(date))
    return path.stem, frozenset(days)


def _read_calendars(root: Path) -> dict[str, frozenset[int]]:
    return dict(_read_calendar(root, path) for path in _files(root / "calendar"))
