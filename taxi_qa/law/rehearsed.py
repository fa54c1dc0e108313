"""A rule book that is not published yet: the shipped one with other files or numbers in place of its own."""

from pathlib import Path
from typing import Final

import yaml

from taxi_qa.law import book, strict
from taxi_qa.law.parameter import Law
from taxi_qa.law.read import BadLaw

CURRENT: Final = "current"
_FOLDERS: Final = ("law", "house", "calendar")
_HOUSE: Final = "house."


def rehearsed_law(place: str, named: str) -> Law:
    """The law of a place by a rule book.

    Args:
        place: as of `read_law`.
        named: `current` for the shipped one; a folder with `law/`, `house/` or `calendar/` (or with `data/`
            that has them), whose files take the place of the shipped ones of the same path; or a YAML file of
            parameters' names: with a value, that of all their versions, with a mapping, keys of their files.

    Raises:
        BadLaw: names the file, the key and what was expected.
    """
    files = book.files_of(place)
    if named != CURRENT:
        path = Path(named)
        if path.is_dir():
            files |= _files_below(path, place)
        elif path.is_file():
            files = _with_values(files, place, path)
        else:
            raise BadLaw(
                f"{named}: expected {CURRENT}, a folder of law or house files, or a YAML file of values"
            )
    return book.law_in(files, place)


def _files_below(folder: Path, place: str) -> dict[str, bytes]:
    """The YAML files of a folder by their paths below the data folder; at least one, none of other places."""
    root = folder / "data" if (folder / "data").is_dir() else folder
    known = {name.rsplit("/", 1)[0].split("/")[1] for name in book.files_of(place) if name.startswith("law/")}
    found = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for name in _FOLDERS
        for path in sorted((root / name).rglob("*.yaml"))
    }
    found = {
        name: data
        for name, data in found.items()
        if not name.startswith("law/") or name.split("/")[1] in known
    }
    if not found:
        raise BadLaw(f"{folder}: no YAML file below law/{', law/'.join(sorted(known))}, house/ or calendar/")
    return found


def _with_values(files: dict[str, bytes], place: str, path: Path) -> dict[str, bytes]:
    changed = dict(files)
    for name, wanted in strict.load(path, path.name).items():
        shown = f"{path.name}: {name}"
        file = _file_of(files, place, str(name))
        if file is None:
            raise BadLaw(f"{shown}: {place} has no such number; `taxi-qa law` lists them")
        content = yaml.safe_load(changed[file])
        if isinstance(wanted, dict):
            content |= wanted
        else:
            for version in content["values"].values():
                version.pop("unknown", None)
                version["value"] = wanted
        changed[file] = yaml.safe_dump(content, allow_unicode=True).encode()
    return changed


def _file_of(files: dict[str, bytes], place: str, name: str) -> str | None:
    """The file of a parameter: the place's before the country's, which it takes the place of."""
    if name.startswith(_HOUSE):
        wanted = [f"house/{name.removeprefix(_HOUSE).replace('.', '/')}.yaml"]
    else:
        below = f"/{name.replace('.', '/')}.yaml"
        of_law = [one for one in files if one.startswith("law/") and one.split("/", 2)[2] == below[1:]]
        wanted = sorted(of_law, key=lambda one: one.split("/")[1] != place)
    return next((one for one in wanted if one in files), None)
