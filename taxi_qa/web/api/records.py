"""Records in: a post goes through the same door as a file, and is answered once it is durable."""

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any, Final

from flask import request
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from sqlalchemy import Connection

from taxi_qa.ingest.reasons import in_chinese
from taxi_qa.ingest.take import take_one
from taxi_qa.records.kinds import KINDS
from taxi_qa.store.api_posts import keep_answer, kept_answer
from taxi_qa.store.home import HomeError
from taxi_qa.store.inbox import Receipt
from taxi_qa.store.turns import in_turn
from taxi_qa.values.place import DATUMS
from taxi_qa.web.api.bodies import ENDINGS, body_of, ending_of
from taxi_qa.web.api.entry import for_tokens, holder
from taxi_qa.web.api.problems import Problem
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.translate import language
from taxi_qa.web.viewer import home, now_ms, settings

blueprint: Final = Blueprint("records", __name__, url_prefix="/api/v1", description="Records in")
_KEY_MOST: Final = 255
_AGAIN_S: Final = 5


class RefusedRow(Schema):
    """A row that was not taken: kept in the quarantine with its raw text."""

    row = fields.Integer(required=True, metadata={"description": "line of the body, the header included"})
    record = fields.Integer(required=True, metadata={"description": "number of the row, from 1"})
    field = fields.String(required=True, metadata={"description": "column at fault; empty: the row"})
    reason = fields.String(required=True)


class Taken(Schema):
    """What became of the rows; the four counts add up to `rows`."""

    kind = fields.String(required=True)
    rows = fields.Integer(required=True)
    accepted = fields.Integer(required=True)
    duplicates = fields.Integer(required=True)
    corrected = fields.Integer(required=True)
    quarantined = fields.Integer(required=True)
    refused = fields.List(fields.Nested(RefusedRow), required=True)
    refused_left_out = fields.Integer(required=True)
    unknown_columns = fields.List(fields.String(), required=True)


_DOC: Final = {
    "parameters": [
        {
            "name": "Idempotency-Key", "in": "header", "required": False,
            "schema": {"type": "string", "minLength": 1, "maxLength": _KEY_MOST, "pattern": "^[!-~]+$"},
            "description": "the same key with the same body gets the same answer, for seven days",
        },
        {
            "name": "datum", "in": "query", "required": False,
            "schema": {"type": "string", "enum": list(DATUMS)}, "description": "of the places; usually wgs84",
        },
    ],
    "requestBody": {
        "required": True,
        "description": "Rows in the columns of their kind, see the schemas Row_*; may be packed by gzip.",
        "content": {
            media: {
                "schema": {"type": "array", "items": {"type": "object"}, "minItems": 1}
                if media == "application/json"
                else {"type": "string"}
            }
            for media in ENDINGS
        },
    },
}  # fmt: skip


@blueprint.route(
    "/records/<kind>",
    methods=["POST"],
    parameters=[{"name": "kind", "in": "path", "schema": {"type": "string", "enum": list(KINDS)}}],
)
@for_tokens("ingest")
@blueprint.doc(**_DOC)
@blueprint.response(200, Taken)
def posted(kind: str) -> dict[str, Any]:
    """Take rows of a kind in.

    The answer comes once they are durable. Rows that cannot be right are kept in the quarantine and
    named; where not one row could be taken, the answer is 422.
    """
    if kind not in KINDS:
        raise Problem(
            404, _("没有“%(kind)s”这种记录；应为 %(kinds)s 之一。", kind=kind, kinds=", ".join(KINDS))
        )
    unknown = sorted(set(request.args) - {"datum"})
    datum = request.args.get("datum")
    if unknown or (datum is not None and datum not in DATUMS):
        name = unknown[0] if unknown else "datum"
        raise Problem(400, _("筛选条件“%(name)s”的取值无法识别。", name=name), errors=[{"field": name}])
    key = _key()
    # Chunks carry no length, and one that stays empty is no body.
    media = request.mimetype
    ending = ending_of(media)
    sent, content = body_of(settings().api, media)
    said = "\x1f".join((kind, datum or "", media)).encode() + b"\x1f" + sent
    post = _Post(kind, datum, ending, key, hashlib.sha256(said).hexdigest())
    try:
        with in_turn(home(), settings().api.wait_s):
            return _answered(post.take(content))
    except HomeError:
        raise Problem(
            503,
            _("没有接收：系统正在导入或核查数据，请过一会儿再发送。"),
            headers={"Retry-After": str(_AGAIN_S)},
        ) from None


def _key() -> str:
    key = request.headers.get("Idempotency-Key", "")
    if "Idempotency-Key" in request.headers and not (
        0 < len(key) <= _KEY_MOST and all("!" <= one <= "~" for one in key)
    ):
        raise Problem(400, _("Idempotency-Key 应为 1 至 255 个可见的 ASCII 字符。"))
    return key


class _Post:
    """A post on its way in."""

    def __init__(self, kind: str, datum: str | None, ending: str, key: str, digest: str) -> None:
        self._kind, self._datum, self._ending = kind, datum, ending
        self._key, self._digest = key, digest
        self._token = holder().token
        self._answer: dict[str, Any] = {}

    def take(self, content: bytes) -> dict[str, Any]:
        """Take the rows in, or say what was said to the same post before."""
        known = kept_answer(home(), self._token.token_id, self._key) if self._key else None
        if known is not None:
            digest, answer = known
            if digest != self._digest:
                raise Problem(
                    422, _("这个 Idempotency-Key 已用于另一内容；新的内容请用新的键。"), key_reused=True
                )
            found: dict[str, Any] = json.loads(answer)
            return found
        with tempfile.TemporaryDirectory(prefix="taxi_qa_") as folder:
            path = (
                Path(folder) / f"api-{self._token.name.replace('/', '_')}-{self._digest[:12]}{self._ending}"
            )
            path.write_bytes(content)
            report = take_one(
                home(), path, kind=self._kind, datum=self._datum, now_ms=now_ms(), beside=self._keep
            )
            if report.refused is not None:
                raise _refused(report.refused)
        return self._answer

    def _keep(self, connection: Connection, receipt: Receipt) -> None:
        counts = receipt.counts
        self._answer = {
            "kind": self._kind,
            "rows": counts.rows,
            "accepted": counts.accepted,
            "duplicates": counts.duplicates,
            "corrected": counts.corrections,
            "quarantined": counts.quarantined,
            "refused": [
                dict(zip(("row", "record", "field", "reason"), one, strict=True)) for one in receipt.refused
            ],
            "refused_left_out": counts.quarantined - len(receipt.refused),
            "unknown_columns": list(receipt.unknown_columns),
        }
        if self._key:
            told = json.dumps(self._answer, ensure_ascii=False)
            keep_answer(connection, self._token.token_id, self._key, self._digest, told, now_ms())


def _refused(reason: str) -> Problem:
    return Problem(
        422,
        _("整份内容无法接收，未接收任何内容：%(reason)s", reason=reason),
        errors=[{"field": "", "reason": reason}],
    )


def _answered(answer: dict[str, Any]) -> dict[str, Any]:
    if language() != "en":
        refused = [{**one, "reason": in_chinese(one["reason"])} for one in answer["refused"]]
        answer = {**answer, "refused": refused}
    if answer["rows"] and answer["quarantined"] == answer["rows"]:
        more = {name: value for name, value in answer.items() if name != "refused"}
        told = _("没有一行可以接收；各行及原因见 errors，原文保存在隔离区（taxi-qa quarantine list）。")
        raise Problem(422, told, errors=answer["refused"], **more)
    return answer
