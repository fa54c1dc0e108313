"""What machines read: findings, cases, scores and rules, each as far as the token's account sees."""

from typing import Any, Final

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from taxi_qa.rules.kit import catalogue
from taxi_qa.store.browse import CASES, FINDINGS, STANDINGS, Wanted, rows_of, standing_findings
from taxi_qa.store.desk import events, kept_case
from taxi_qa.store.plain import plain_rows
from taxi_qa.web import cases as case_pages
from taxi_qa.web import drivers as driver_pages
from taxi_qa.web.api.entry import for_tokens, holder, note_read
from taxi_qa.web.api.problems import Problem
from taxi_qa.web.api.shapes import (
    Cell,
    answered,
    names_of,
    only,
    page_of,
    page_schema,
    parameters,
    plain,
    row_schema,
)
from taxi_qa.web.lists import Filters, asked
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.viewer import home, stage_now
from taxi_qa.web.words import STAGES, STATES

blueprint: Final = Blueprint("reads", __name__, url_prefix="/api/v1", description="Lists out")

_CASE: Final = (
    Cell("case_id", "case_id"), Cell("rule", "rule"), Cell("rules", "rules", "names"),
    Cell("stage", "stage"), Cell("state", "state"), Cell("version", "version", "whole"),
    Cell("vehicle_id", "vehicle_id"), Cell("driver_id", "driver_id"), Cell("company_id", "company_id"),
    Cell("trip_id", "trip_id"), Cell("start", "start_ms", "moment"), Cell("end", "end_ms", "moment"),
    Cell("sources", "sources", "names"), Cell("missing", "missing", "names"),
    Cell("sufficiency", "sufficiency"), Cell("opened_at", "opened_ms", "moment"),
    Cell("deadline", "deadline_ms", "moment"),
)  # fmt: skip
_EVENT: Final = (
    Cell("version", "version", "whole"), Cell("at", "at_ms", "moment"), Cell("role", "role"),
    Cell("action", "action"), Cell("from_state", "from_state"), Cell("to_state", "to_state"),
    Cell("reason", "reason"),
)  # fmt: skip
_FINDING: Final = (
    Cell("finding_id", "finding_id"), Cell("rule", "rule"), Cell("clause", "clause"),
    Cell("stage", "stage"), Cell("status", "status"), Cell("vehicle_id", "vehicle_id"),
    Cell("driver_id", "driver_id"), Cell("company_id", "company_id"), Cell("trip_id", "trip_id"),
    Cell("start", "start_ms", "moment"), Cell("end", "end_ms", "moment"), Cell("lon", "lon", "number"),
    Cell("lat", "lat", "number"), Cell("measured", "measured", "number"),
    Cell("allowed", "allowed", "number"), Cell("unit", "unit"), Cell("sources", "sources", "names", "+"),
    Cell("evidence", "evidence", "json"), Cell("leans_on", "leans_on", "names"),
    Cell("rule_version", "rule_version", "whole"), Cell("run_id", "run_id"),
)  # fmt: skip
_SCORE: Final = (
    Cell("driver_id", "driver_id"), Cell("company_id", "company_id"), Cell("cycle", "cycle"),
    Cell("assessed", "assessed", "flag"), Cell("score", "score", "whole"), Cell("grade", "grade"),
    Cell("deductions", "deductions", "whole"), Cell("bonus", "bonus", "whole"),
    Cell("observations", "observations", "whole"), Cell("as_of", "as_of_day", "day"),
    Cell("scored_at", "scored_ms", "moment"),
)  # fmt: skip
_FINDING_FILTERS: Final = Filters(
    choices={
        "rule": ("rule", frozenset(catalogue())),
        "stage": ("stage", frozenset(STAGES)),
        "status": ("status", frozenset(STATES)),
        "driver": ("driver_id", None),
        "vehicle": ("vehicle_id", None),
        "company": ("company_id", None),
    },
    search="finding_id|vehicle_id|driver_id|trip_id",
    moment="start_ms",
    sorts=("start_ms",),
)
_CASE_FILTERS: Final = case_pages.filters()


class RuleSchema(Schema):
    """A rule of the catalogue, with its stage as of now."""

    name = fields.String(required=True)
    clause = fields.String(required=True)
    title_zh = fields.String(required=True)
    title_en = fields.String(required=True)
    version = fields.Integer(required=True)
    stage = fields.String(required=True)
    sources = fields.List(fields.String(), required=True)
    needs = fields.List(fields.String(), required=True)


class RulesSchema(Schema):
    """The catalogue."""

    rows = fields.List(fields.Nested(RuleSchema), required=True)
    total = fields.Integer(required=True)


_Case: Final = row_schema("Case", _CASE)
_Event: Final = row_schema("CaseEvent", _EVENT)
_Finding: Final = row_schema("Finding", _FINDING)
_Score: Final = row_schema("Score", _SCORE)
_WholeCase: Final = row_schema(
    "WholeCase",
    _CASE,
    finding_ids=fields.List(fields.String(), required=True),
    events=fields.List(fields.Nested(_Event), required=True),
)


def _staged(row: dict[str, Any]) -> dict[str, Any]:
    """With the stage as of now: what a rule that fell back found is a lead, whatever was written then."""
    return {**row, "stage": stage_now(str(row["stage"]), str(row["rule"]))}


@blueprint.route("/findings")
@for_tokens("read:findings")
@blueprint.doc(parameters=parameters(_FINDING_FILTERS))
@blueprint.response(200, page_schema("Findings", _Finding))
def findings() -> Response:
    """Findings that stand, the newest first.

    A finding of stage `trial` or `index` accuses nobody. What could not be judged is no finding and
    is not here: `taxi-qa findings export --verdict all` has it.
    """
    only(*names_of(_FINDING_FILTERS))
    told, seen = case_pages.at_stages(asked(_FINDING_FILTERS), FINDINGS, standing_findings(holder().scope))
    rows, total = rows_of(home(), FINDINGS, seen, told.wanted)
    if rows:
        # They say where somebody was, and when.
        note_read("findings", f"{len(rows)} of {total}")
    return page_of(_FINDING, [_staged(row) for row in rows], total, told)


@blueprint.route("/cases")
@for_tokens("read:cases")
@blueprint.doc(parameters=parameters(_CASE_FILTERS))
@blueprint.response(200, page_schema("Cases", _Case))
def cases() -> Response:
    """Cases, the newest act first."""
    only(*names_of(_CASE_FILTERS))
    told, seen = case_pages.at_stages(asked(_CASE_FILTERS), CASES, holder().scope.cases())
    rows, total = rows_of(home(), CASES, seen, told.wanted)
    return page_of(_CASE, [_staged(row) for row in rows], total, told)


@blueprint.route("/cases/<case_id>")
@for_tokens("read:cases")
@blueprint.response(200, _WholeCase)
def case(case_id: str) -> Response:
    """One case with its findings and what happened to it; who decided is told by role."""
    only()
    rows, _total = rows_of(home(), CASES, holder().scope.cases(), Wanted(equal={"case_id": (case_id,)}))
    if not rows:
        raise Problem(404, _("没有这个案件，或者令牌的账号看不到它。"))
    with home().engine.connect() as connection:
        steps = plain_rows(events(connection, case_id))
        found = kept_case(connection, case_id).case.finding_ids
    note_read("case", case_id)
    said = plain(_CASE, _staged(rows[0]))
    return answered({**said, "finding_ids": list(found), "events": [plain(_EVENT, one) for one in steps]})


@blueprint.route("/scores")
@for_tokens("read:scores")
@blueprint.doc(parameters=parameters(driver_pages.FILTERS))
@blueprint.response(200, page_schema("Scores", _Score))
def scores() -> Response:
    """Where drivers stood when the city was scored last (`taxi-qa score`), the lowest first.

    Without `assessed` there is no score to go by, whatever number stands beside it.
    """
    only(*names_of(driver_pages.FILTERS))
    told = driver_pages.asked_drivers()
    rows, total = rows_of(home(), STANDINGS, holder().scope.standings(), told.wanted)
    return page_of(_SCORE, rows, total, told)


@blueprint.route("/scores/<driver_id>")
@for_tokens("read:scores")
@blueprint.response(200, _Score)
def score(driver_id: str) -> Response:
    """Where one driver stood."""
    only()
    rows, _total = rows_of(
        home(), STANDINGS, holder().scope.standings(), Wanted(equal={"driver_id": (driver_id,)})
    )
    if not rows:
        raise Problem(404, _("没有这位驾驶员的记分，或者令牌的账号看不到。"))
    note_read("driver", driver_id)
    return answered(plain(_SCORE, rows[0]))


@blueprint.route("/rules")
@for_tokens()
@blueprint.response(200, RulesSchema)
def rules() -> Response:
    """The catalogue of rules, each with its stage as of now."""
    only()
    rows = [
        {
            "name": one.name,
            "clause": one.clause,
            "title_zh": one.title_zh,
            "title_en": one.title_en,
            "version": one.version,
            "stage": stage_now(one.stage, one.name),
            "sources": list(one.sources),
            "needs": list(one.needs),
        }
        for one in sorted(catalogue().values(), key=lambda rule: rule.name)
    ]
    return answered({"rows": rows, "total": len(rows)})
