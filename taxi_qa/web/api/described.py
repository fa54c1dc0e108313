"""What the API offers, in OpenAPI 3.1 and on a plain page: made of the views and the kinds of records."""

import json
from copy import deepcopy
from functools import cache
from typing import Any, Final, cast

from flask import Flask, Response, current_app, render_template
from flask_smorest import Api, Blueprint
from marshmallow import Schema, fields

from taxi_qa import __version__
from taxi_qa.records.column import Column
from taxi_qa.records.kinds import KINDS
from taxi_qa.web.api.entry import NEEDS
from taxi_qa.web.api.problems import MEDIA, TITLES
from taxi_qa.web.permits import PUBLIC, public

blueprint: Final = Blueprint("api", __name__, url_prefix="/api/v1", description="What there is")
_EXTENSION: Final = "taxi_qa.api"
_SECURITY: Final = "token"
# Any request may meet these; those of one view stand with it.
_ALWAYS: Final = (400, 401, 403, 404, 429, 500)
_OF_POSTS: Final = (413, 415, 422, 503)
_ABOUT: Final = (
    "Records in; findings, cases, scores and rules out. Every request shows a token, `Authorization: Bearer"
    " tqa_…` (`taxi-qa users token add`), and sees what the token's account sees. Refusals are"
    " application/problem+json, in Chinese or English by Accept-Language."
)
_TYPES: Final[dict[str, list[str]]] = {
    "time": ["string", "integer"],
    "date": ["string", "integer"],
    "lon": ["number", "string"],
    "lat": ["number", "string"],
    "yuan": ["number", "string"],
    "km": ["number", "string"],
    "number": ["number", "string"],
    "whole": ["integer", "string"],
    "flag": ["boolean", "integer", "string"],
    "json": ["object", "string"],
}


class ProblemSchema(Schema):
    """A refusal (RFC 9457)."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    errors = fields.List(fields.Dict())


class _Api(Api):  # type: ignore[misc] # flask-smorest has no types
    ERROR_SCHEMA = ProblemSchema


def install(app: Flask, blueprints: tuple[Blueprint, ...]) -> None:
    """Put the API's views into an app and describe them."""
    app.config.update(API_TITLE="taxi_qa", API_VERSION=__version__, OPENAPI_VERSION="3.1.0")
    api = _Api(app, spec_kwargs={"info": {"description": _ABOUT}})
    api.spec.components.security_scheme(_SECURITY, {"type": "http", "scheme": "bearer"})
    for kind in KINDS.values():
        properties = {column.name: _shape(column) for column in kind.columns}
        required = [column.name for column in kind.columns if column.required]
        row = {
            "type": "object", "description": kind.about, "properties": properties, "required": required,
        }  # fmt: skip
        api.spec.components.schema(f"Row_{kind.name}", row)
    for one in (blueprint, *blueprints):
        api.register_blueprint(one)
    app.extensions[_EXTENSION] = api


def _shape(column: Column) -> dict[str, Any]:
    told: dict[str, Any] = {"type": [*_TYPES.get(column.meaning, ["string"]), "null"]}
    if column.about:
        told["description"] = column.about
    if column.choices and column.meaning == "choice":
        told["examples"] = list(column.choices)
    return told


def description(app: Flask) -> dict[str, Any]:
    """The whole description: refusals as problem+json, and who may ask for what."""
    api = cast("Api", app.extensions[_EXTENSION])
    told: dict[str, Any] = deepcopy(api.spec.to_dict())
    # Those of the package are of another form than ours.
    told["components"].pop("responses", None)
    views = {
        (rule.rule.replace("<", "{").replace(">", "}"), method.lower()): app.view_functions[rule.endpoint]
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            view = views[path, method]
            if getattr(view, "permitted", PUBLIC) != PUBLIC:
                # Scopes of a bearer token are words for people (OpenAPI 3.1, Security Requirement Object).
                needs = getattr(view, NEEDS, "")
                operation["security"] = [{_SECURITY: [needs] if needs else []}]
            if method == "get":
                operation["responses"]["304"] = {"description": "as it was at If-None-Match"}
            _add_refusals(operation["responses"], posts=method == "post")
    return told


def _add_refusals(responses: dict[str, Any], *, posts: bool) -> None:
    responses.pop("default", None)
    for code in (*_ALWAYS, *(_OF_POSTS if posts else ())):
        schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
        responses[str(code)] = {"description": str(code), "content": {MEDIA: schema}}


@cache
def _as_json(app: Flask) -> str:
    return json.dumps(description(app), ensure_ascii=False, sort_keys=True) + "\n"


@blueprint.route("/openapi.json")
@public
@blueprint.doc(responses={200: {"description": "OpenAPI 3.1", "content": {"application/json": {}}}})
def openapi() -> Response:
    """This description."""
    return Response(_as_json(current_app._get_current_object()), mimetype="application/json")  # type: ignore[attr-defined] # noqa: SLF001 - werkzeug's way to the object itself


@blueprint.route("/")
@public
@blueprint.doc(responses={200: {"description": "words", "content": {"text/html": {}}}})
def words() -> str:
    """The same as a page."""
    told = json.loads(_as_json(current_app._get_current_object()))  # type: ignore[attr-defined] # noqa: SLF001 - as above
    return render_template("web/api.html", told=told, kinds=KINDS, titles=TITLES)
