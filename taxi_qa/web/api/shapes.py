"""How a row of a list goes out: the names of the exports, moments with the city's offset, lists as lists."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from flask import Response, request
from marshmallow import Schema, fields

from taxi_qa.values.clock import date_of
from taxi_qa.web.api.problems import Problem
from taxi_qa.web.lists import PER_PAGE, Asked, Filters
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.words import iso

Form = Literal["text", "whole", "number", "flag", "moment", "day", "names", "json"]
_FIELDS: Final[Mapping[Form, Any]] = {
    "text": fields.String,
    "whole": fields.Integer,
    "number": fields.Float,
    "flag": fields.Boolean,
    "moment": fields.String,
    "day": fields.Date,
    "json": fields.Raw,
}


@dataclass(frozen=True)
class Cell:
    """A member of a row.

    Attributes:
        name: outside.
        column: of the list.
        form: how it is said.
        between: what stands between names.
    """

    name: str
    column: str
    form: Form = "text"
    between: str = ";"


def plain(cells: Sequence[Cell], row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as it goes out; null where there is nothing to say."""
    return {cell.name: _said(cell, row[cell.column]) for cell in cells}


def _said(cell: Cell, value: Any) -> Any:  # noqa: ANN401 - a value of the database
    if cell.form == "names":
        return [one for one in str(value or "").split(cell.between) if one]
    if value is None:
        return None
    if cell.form == "moment":
        return iso(int(value))
    if cell.form == "day":
        return date_of(int(value)).isoformat()
    if cell.form == "flag":
        return bool(value)
    return json.loads(value) if cell.form == "json" else value


def row_schema(name: str, cells: Sequence[Cell], **more: fields.Field[Any]) -> type[Schema]:
    """The shape of a row."""
    made: dict[str, Any] = {}
    for cell in cells:
        if cell.form == "names":
            made[cell.name] = fields.List(fields.String(), required=True)
        else:
            made[cell.name] = _FIELDS[cell.form](required=True, allow_none=True)
    return Schema.from_dict(made | more, name=name)


def page_schema(name: str, row: type[Schema]) -> type[Schema]:
    """The shape of a page of rows."""
    made: dict[str, fields.Field[Any]] = {
        "rows": fields.List(fields.Nested(row), required=True),
        "total": fields.Integer(required=True, metadata={"description": "rows in all, exact"}),
        "page": fields.Integer(required=True, metadata={"description": "from 1"}),
        "per": fields.Integer(required=True),
        "pages": fields.Integer(required=True),
    }
    return Schema.from_dict(made, name=name)


def page_of(cells: Sequence[Cell], rows: Sequence[Mapping[str, Any]], total: int, told: Asked) -> Response:
    """A page as the answer."""
    per = told.wanted.limit
    said = {
        "rows": [plain(cells, row) for row in rows],
        "total": total,
        "page": told.page,
        "per": per,
        "pages": max(-(-total // per), 1),
    }
    return answered(said)


def answered(said: object) -> Response:
    """An answer with its ETag; nothing but 304 where the asker has it already."""
    made = Response(json.dumps(said, ensure_ascii=False) + "\n", mimetype="application/json")
    made.set_etag(hashlib.sha256(made.get_data()).hexdigest()[:32])
    return cast("Response", made.make_conditional(request))


def only(*names: str) -> None:
    """A parameter nobody knows is refused: without it the answer would be of more than was asked for.

    Raises:
        Problem: 400.
    """
    unknown = sorted(set(request.args) - set(names))
    if unknown:
        told = _(
            "没有参数“%(name)s”；应为 %(known)s 之一。", name=unknown[0][:100], known=", ".join(names) or "—"
        )
        raise Problem(400, told, errors=[{"field": unknown[0]}])


def names_of(filters: Filters) -> tuple[str, ...]:
    """The parameters of a list."""
    named = [*filters.choices, *(["q"] if filters.search else [])]
    return (*named, *(["from", "to"] if filters.moment else []), "sort", "page", "per")


def parameters(filters: Filters) -> list[dict[str, Any]]:
    """The parameters of a list as OpenAPI has them."""
    told: dict[str, dict[str, Any]] = {}
    for name, (_column, values) in filters.choices.items():
        items: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 100}
        if values is not None:
            items = {"type": "string", "enum": sorted(one for one in values if one)}
        told[name] = {"schema": {"type": "array", "items": items}, "description": "any of these"}
    if filters.search:
        looked = ", ".join(filters.search.split("|"))
        told["q"] = {"schema": {"type": "string", "maxLength": 100}, "description": f"part of {looked}"}
    if filters.moment:
        for name in ("from", "to"):
            told[name] = {"schema": {"type": "string", "format": "date"}, "description": "city day, included"}
    orders = [f"{sign}{name}" for name in filters.sorts for sign in ("", "-")]
    told["sort"] = {"schema": {"type": "string", "enum": orders}, "description": "- in front: downwards"}
    told["page"] = {"schema": {"type": "integer", "minimum": 1, "maximum": 100_000}}
    told["per"] = {"schema": {"type": "integer", "enum": list(PER_PAGE)}}
    return [{"name": name, "in": "query", "required": False, **one} for name, one in told.items()]
