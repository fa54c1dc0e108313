"""The English catalogue of the web: texts taken from code and templates, kept beside, compiled.

The texts are written in Chinese where they stand; `taxi_qa/web/translations/en/LC_MESSAGES/messages.po` holds
their English, `messages.mo` is the same as the program reads it.
"""

import datetime as dt
import io
import sys
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "taxi_qa" / "web" / "translations" / "en" / "LC_MESSAGES"
PO: Final = FOLDER / "messages.po"
MO: Final = FOLDER / "messages.mo"
_HEAD: Final = "# English texts of the web; made by scripts/translate, the translations are written by hand."
# Where texts stand, and how each place is read.
_PLACES: Final = (
    (ROOT / "taxi_qa" / "web", [("**.py", "python")]),
    (ROOT / "templates" / "web", [("**.html", "jinja2.ext:babel_extract")]),
)
_WORDS: Final = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}


def texts() -> dict[str, list[str]]:
    """Every text with the files it stands in."""
    found: dict[str, list[str]] = {}
    for folder, methods in _PLACES:
        for name, _line, text, _comments, _context in extract_from_dir(folder, methods, keywords=_WORDS):
            if not isinstance(text, str):
                raise TypeError(f"{folder / name}: plural forms are not used here: {text!r}")
            place = (folder / name).relative_to(ROOT).as_posix()
            found.setdefault(text, [])
            if place not in found[text]:
                found[text].append(place)
    return dict(sorted(found.items(), key=lambda one: (min(one[1]), one[0])))


def kept() -> dict[str, str]:
    """The translations there are."""
    if not PO.is_file():
        return {}
    with PO.open("rb") as file:
        return {str(one.id): str(one.string) for one in read_po(file) if one.id}


def catalogue(known: dict[str, str]) -> Catalog:
    """The catalogue of today's texts."""
    made = Catalog(locale="en", header_comment=_HEAD, fuzzy=False)
    for text, places in texts().items():
        made.add(text, known.get(text, ""), locations=[(place, 0) for place in sorted(places)])
    return made


def written(made: Catalog) -> bytes:
    """The catalogue as a file, without moments that would make every run another one."""
    out = io.BytesIO()
    write_po(out, made, width=110, omit_header=False, include_lineno=False)
    lines = out.getvalue().decode().splitlines()
    dated = ('"POT-Creation-Date', '"PO-Revision-Date', '"Last-Translator', '"Generated-By', '"Project-Id',
             '"Report-Msgid', '"Language-Team')  # fmt: skip
    return ("\n".join(line for line in lines if not line.startswith(dated)) + "\n").encode()


def compiled(po: bytes) -> bytes:
    """The catalogue as the program reads it."""
    out = io.BytesIO()
    catalog = read_po(io.BytesIO(po))
    # The text has no moment of its own; the present one would make the same text another file each minute.
    catalog.creation_date = catalog.revision_date = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    write_mo(out, catalog)
    return out.getvalue()


def problems() -> list[str]:
    """What is missing, unused, or not as its source says."""
    here, known = texts(), kept()
    found = [f"not in the catalogue: {text!r} ({here[text][0]})" for text in here if text not in known]
    found += [f"not used any more: {text!r}" for text in known if text not in here]
    found += [f"not translated: {text!r} ({here[text][0]})" for text in here if known.get(text) == ""]
    for text, english in known.items():
        names = {part.partition(")")[0] for part in text.split("%(")[1:]}
        told = {part.partition(")")[0] for part in english.split("%(")[1:]}
        if english and names != told:
            found.append(f"fills in other names: {text!r} -> {english!r}")
    if not found and written(catalogue(known)) != PO.read_bytes():
        found.append("messages.po is not as scripts/translate writes it")
    if not found and MO.read_bytes() != compiled(PO.read_bytes()):
        found.append("messages.mo is not what messages.po says")
    return found


def main() -> int:
    """Bring it in step, or say what is not."""
    if "--check" in sys.argv[1:]:
        found = problems()
        for one in found:
            print(f"translations: {one}", file=sys.stderr)
        return min(len(found), 1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    po = written(catalogue(kept()))
    PO.write_bytes(po)
    MO.write_bytes(compiled(po))
    empty = [text for text, english in kept().items() if not english]
    print(f"{len(kept()):,} texts, {len(empty):,} without a translation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
