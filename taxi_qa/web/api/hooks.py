"""A token's own webhooks: where they lead, and what became of deliveries."""

from typing import Final

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from taxi_qa.store.webhooks import all_hooks, outbox_counted
from taxi_qa.web.api.entry import for_tokens, holder
from taxi_qa.web.api.shapes import answered, only
from taxi_qa.web.viewer import home

blueprint: Final = Blueprint("hooks", __name__, url_prefix="/api/v1", description="Webhooks")
_NOTHING: Final = {"waiting": 0, "sent": 0, "dead": 0}


class HookSchema(Schema):
    """A webhook, without its secret; `events` is empty where it is told all of them."""

    name = fields.String(required=True)
    url = fields.String(required=True)
    events = fields.List(fields.String(), required=True)
    waiting = fields.Integer(required=True)
    sent = fields.Integer(required=True, metadata={"description": "within the last 30 days"})
    dead = fields.Integer(required=True, metadata={"description": "nobody took them in eight tries"})


class HooksSchema(Schema):
    """Webhooks."""

    rows = fields.List(fields.Nested(HookSchema), required=True)
    total = fields.Integer(required=True)


@blueprint.route("/webhooks")
@for_tokens("webhooks")
@blueprint.response(200, HooksSchema)
def listed() -> Response:
    """The webhooks of the token's account; they are made by `taxi-qa webhooks add`."""
    only()
    counted = outbox_counted(home())
    rows = [
        {
            "name": one.name,
            "url": one.url,
            "events": list(one.events),
            **counted.get(one.webhook_id, _NOTHING),
        }
        for one in all_hooks(home())
        if one.account_id == holder().account.account_id
    ]
    return answered({"rows": rows, "total": len(rows)})
