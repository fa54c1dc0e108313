"""Text stays text, but checked: names, words of a list, yes and no, small JSON objects."""

import json
import re
import unicodedata
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taxi_qa.ingest.quantities import Bools, Converted, mask_of, trimmed, without_nothing
from taxi_qa.records.column import Column
from taxi_qa.values.identity import identifier

# What most names are: no need to look closer.
_PLAIN_NAME: Final = r"^[!-~]{1,64}$"
_FROM_EXCEL: Final = re.compile(r"([0-9]+)\.0")
_EXCEL_ERRORS: Final = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!")

_FLAGS: Final = {
    "1": True, "true": True, "是": True, "yes": True, "y": True, "t": True, "1.0": True, "有": True,
    "0": False, "false": False, "否": False, "no": False, "n": False, "f": False, "0.0": False, "无": False,
}  # fmt: skip
ITEM_WORDS: Final = {
    "pass": "pass", "fail": "fail", "not checked": "not checked", "not_checked": "not checked",
    "合格": "pass", "不合格": "fail", "未检查": "not checked", "true": "pass", "false": "fail",
}  # fmt: skip

# The inside form of a text, or None with the reason why there is none.
Reading = tuple[str | None, str]


def _through_uniques(texts: Any, read: Callable[[str], Reading]) -> Converted:  # noqa: ANN401  (pyarrow has no types)
    """A column read once per different text."""
    encoded = texts.dictionary_encode()
    readings = [read(text) for text in encoded.dictionary.to_pylist()]
    given = texts.is_valid().to_numpy(zero_copy_only=False)
    codes = pc.fill_null(encoded.indices, 0).to_numpy(zero_copy_only=False)
    if not readings:
        return Converted(texts, given)
    values = pa.array([value or "" for value, _ in readings], pa.large_string()).take(encoded.indices)
    reasons = sorted({reason for value, reason in readings if value is None})
    faults: list[tuple[Bools, str]] = []
    for reason in reasons:
        hit = np.array([value is None and why == reason for value, why in readings])
        faults.append((given & hit[codes], reason))
    return Converted(values, given, faults)


def convert_names(texts: Any) -> Converted:  # noqa: ANN401
    """Ids, plates, numbers of papers: folded, at most 64 characters; a number from Excel loses its `.0`."""
    cut = trimmed(texts)
    odd = cut.is_valid().to_numpy(zero_copy_only=False) & ~mask_of(pc.match_substring_regex(cut, _PLAIN_NAME))
    if odd.any() or mask_of(pc.or_(pc.ends_with(cut, ".0"), pc.starts_with(cut, "#"))).any():
        return _through_uniques(cut, _name)
    return Converted(cut, cut.is_valid().to_numpy(zero_copy_only=False))


def _name(text: str) -> Reading:
    try:
        name = identifier(text)
    except ValueError as error:
        return None, f"is no name: {error}"
    if "\ufffd" in name:
        return None, "is no name: it was mangled by a wrong encoding before it came here"
    if name in _EXCEL_ERRORS:
        return None, "is no name: it is an error of the spreadsheet it comes from"
    whole = _FROM_EXCEL.fullmatch(name)
    return (whole.group(1) if whole else name), ""


def convert_text(texts: Any) -> Converted:  # noqa: ANN401
    """Free text, kept as it is written but for blanks at its ends; a formula is text like any other."""
    cut = trimmed(texts)
    given = cut.is_valid().to_numpy(zero_copy_only=False)
    return Converted(
        cut, given, [(mask_of(pc.match_substring(cut, "\x00")), "holds a NUL, which no text has")]
    )


def convert_choice(texts: Any, column: Column) -> Converted:  # noqa: ANN401
    """Words of a list, in English or as `column.words` spells them; case does not matter."""
    words = {word.casefold(): word for word in column.choices} | {
        _folded(word): choice for word, choice in column.words.items()
    }
    shown = ", ".join(column.choices[:8]) + (" …" if len(column.choices) > 8 else "")  # noqa: PLR2004

    def read(text: str) -> Reading:
        folded = _folded(text)
        choice = words.get(folded) or words.get(folded.replace(" ", "_").replace("-", "_"))
        return choice, f"is no word known here; expected one of {shown}"

    return _through_uniques(trimmed(texts), read)


def convert_flag(texts: Any, column: Column) -> Converted:  # noqa: ANN401
    """Yes and no: 1/0, true/false, 是/否 and the words of the column."""
    words = _FLAGS | {_folded(word): value == "1" for word, value in column.words.items()}

    def read(text: str) -> Reading:
        value = words.get(_folded(text))
        return None if value is None else str(int(value)), "is neither yes nor no; expected 1 or 0"

    read_as = _through_uniques(without_nothing(texts), read)
    values = mask_of(pc.equal(read_as.data, "1"))
    return Converted(values, read_as.given, read_as.faults)


def convert_list(texts: Any) -> Converted:  # noqa: ANN401
    """Names joined by `;`, each once, in the order given."""

    def read(text: str) -> Reading:
        plain = unicodedata.normalize("NFKC", text).replace("；", ";")
        if "\x00" in plain:
            return None, "holds a NUL, which no text has"
        return ";".join(dict.fromkeys(name.strip() for name in plain.split(";") if name.strip())), ""

    return _through_uniques(trimmed(texts), read)


def convert_items(texts: Any, column: Column) -> Converted:  # noqa: ANN401
    """JSON objects item -> pass, fail or not checked, written the one way."""
    return _through_uniques(trimmed(texts), partial(_items, known=column.choices))


def _items(text: str, *, known: tuple[str, ...]) -> Reading:
    try:
        items = json.loads(text, object_pairs_hook=_pairs)
    except (ValueError, RecursionError):
        return None, 'is not a JSON object; expected {"clean_vehicle": "pass"}'
    if not isinstance(items, dict) or not items:
        return None, 'names no item; expected {"clean_vehicle": "pass"}'
    if not set(items) <= set(known):
        return None, f"names an item not known; known are {', '.join(known)}"
    words = {item: ITEM_WORDS.get(_folded(_word(value))) for item, value in items.items()}
    if None in words.values():
        return None, "an item is neither pass, fail nor not checked"
    return json.dumps({item: words[item] for item in known if item in words}), ""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("an item is named twice")
    return dict(pairs)


def _word(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()
