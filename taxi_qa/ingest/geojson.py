"""GeoJSON: a collection of areas; each feature is a row of `zones`."""

import json
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from taxi_qa.ingest.blocks import Block, Table, text_column
from taxi_qa.ingest.jsonlines import cell_text
from taxi_qa.ingest.refusal import Refused, RefusedRow

# Zones are drawn by people: a city has hundreds. Such a file is read whole.
MAX_GEOJSON_BYTES: Final = 64 << 20

GEOMETRY: Final = "geometry"


def is_geojson(beginning: str) -> bool:
    """Whether a text beginning with `{` is one GeoJSON object, and not the first of many lines."""
    head = beginning.lstrip()
    line = head.split("\n", 1)[0]
    return '"FeatureCollection"' in head and not _is_record(line)


def _is_record(line: str) -> bool:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value.get("type") != "FeatureCollection"


def read_geojson(text: str) -> Table:
    """The table of a feature collection: properties as columns, and `geometry` as GeoJSON text.

    Rows count features from 2, as if a header stood above them.

    Raises:
        Refused: not a feature collection.
    """
    try:
        value = json.loads(text, parse_constant=_no_constant)
        json.dumps(value, ensure_ascii=False).encode()  # half a character cannot be kept
    except (ValueError, RecursionError):
        raise Refused("the file is no valid GeoJSON; expected a FeatureCollection") from None
    features = value.get("features") if isinstance(value, dict) else None
    if not isinstance(features, list):
        raise Refused("the GeoJSON has no list of features; expected a FeatureCollection")
    return Table("geojson", _header(features), "", _blocks(features))


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


def _header(features: list[Any]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for feature in features:
        if isinstance(feature, dict) and isinstance(feature.get("properties"), dict):
            names |= dict.fromkeys(feature["properties"])
    return (*(name for name in names if name != GEOMETRY), GEOMETRY)


def _blocks(features: list[Any]) -> Iterator[Block]:
    header = _header(features)
    rows: list[list[str | None]] = []
    record: list[int] = []
    raws: list[str] = []
    refused: list[RefusedRow] = []
    for number, feature in enumerate(features, start=1):
        raw = json.dumps(feature, ensure_ascii=False)
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(properties, dict):
            reason = "the feature has no properties; a zone needs zone_id, name and kind"
            refused.append(RefusedRow(number + 1, number, "", reason, raw))
            continue
        geometry = feature.get(GEOMETRY)
        cells = [cell_text(properties.get(name)) for name in header[:-1]]
        rows.append([*cells, None if geometry is None else json.dumps(geometry)])
        record.append(number)
        raws.append(raw)
    columns = [text_column(values) for values in zip(*rows, strict=True)] or [text_column([]) for _ in header]
    numbers = np.array(record, dtype=np.int64)
    yield Block(header, columns, numbers + 1, numbers, raws.__getitem__, refused)
