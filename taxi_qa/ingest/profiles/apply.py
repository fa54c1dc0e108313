"""A profile at work: blocks of a feed's columns become blocks of ours, as text, for the same door."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taxi_qa.ingest.blocks import Block, text_column
from taxi_qa.ingest.profiles.read import AddsUp, Copy, Made, Profile
from taxi_qa.ingest.quantities import convert_number, numbers_of, trimmed
from taxi_qa.ingest.text import digest_of_texts
from taxi_qa.records.column import Column
from taxi_qa.values.money import yuan_text

# A sum of parts may pass through negative ones; the door judges what comes out.
_MONEY: Final = Column("sum_yuan", "yuan")
_CLOCK: Final = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?")


def applied(profile: Profile, block: Block) -> Block:
    """The block in the columns of the profile's kind; those its feed lacks are left out.

    Raises:
        Refused: a required input is missing.
    """
    places = profile.places(block.header)
    cells = {word: block.columns[index] for word, index in places.items()}
    columns: dict[str, Any] = {}
    for name, recipe in profile.columns.items():
        if isinstance(recipe, Made):
            columns[name] = _made(recipe, block)
        elif isinstance(recipe, AddsUp):
            if any(word in cells for way in recipe.ways for word in way):
                columns[name] = _sums(recipe, cells, len(block))
        elif recipe.source in cells:
            columns[name] = _copied(recipe, cells[recipe.source], profile.options)
    return Block(tuple(columns), list(columns.values()), block.row, block.record, block.raw, block.refused)


def unused(profile: Profile, header: Sequence[str]) -> tuple[str, ...]:
    """The names of a feed's header that the profile makes nothing of."""
    used = set(profile.places(header).values())
    return tuple(name for index, name in enumerate(header) if index not in used and name.strip())


def _copied(recipe: Copy, texts: Any, options: Mapping[str, str]) -> Any:  # noqa: ANN401  (pyarrow has no types)
    if recipe.on_day:
        day = options[recipe.on_day]
        return text_column([_dated(text, day) for text in texts.to_pylist()])
    if recipe.times is not None:
        values, given, wrong = numbers_of(texts)
        changed = [repr(value) for value in (values * recipe.times).tolist()]
        usable = pa.array(given & ~wrong)
        # What is no number stays as it is, for the door to say so.
        return pc.if_else(usable, text_column(changed), texts)
    if recipe.words is not None:
        words, otherwise = recipe.words, recipe.otherwise
        plain = [None if text is None else text.removesuffix(".0") for text in trimmed(texts).to_pylist()]
        return text_column(
            [
                None if text is None else words.get(text, text if otherwise is None else otherwise)
                for text in plain
            ]
        )
    return texts


def _dated(text: str | None, day: str) -> str | None:
    if text is None:
        return None
    clock = text.strip()
    if not _CLOCK.fullmatch(clock):
        return text
    return f"{day}T{clock}" if clock[2] == ":" else f"{day}T0{clock}"


def _made(recipe: Made, block: Block) -> Any:  # noqa: ANN401
    lists = [column.to_pylist() for column in block.columns]
    if not lists:
        return text_column([])
    rows = zip(*lists, strict=True)
    return text_column(
        [recipe.pattern.format(digest=digest_of_texts(cell or "" for cell in row)) for row in rows]
    )


def _sums(recipe: AddsUp, cells: Mapping[str, Any], rows: int) -> Any:  # noqa: ANN401
    nothing = text_column([None] * rows)
    words = {recipe.to, *recipe.beside, *(word for way in recipe.ways for word in way)}
    parts = {word: convert_number(cells.get(word, nothing), _MONEY) for word in words}
    fen = {word: np.where(part.given, part.data, 0) for word, part in parts.items()}
    due = fen[recipe.to] - sum((fen[word] for word in recipe.beside), np.zeros(rows, dtype=np.int64))
    ways = [sum((fen[word] for word in way), np.zeros(rows, dtype=np.int64)) for way in recipe.ways]
    result = ways[0]
    for way in reversed(ways):
        result = np.where(way == due, way, result)
    texts = text_column([yuan_text(value) for value in result.tolist()])
    for word in {word for way in recipe.ways for word in way}:
        for fault, _ in parts[word].faults:
            if fault.any():
                texts = pc.if_else(pa.array(fault), cells[word], texts)
    return texts
