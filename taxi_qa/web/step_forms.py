"""The form of each step with a case: reasons that make sense for it, and what comes after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from taxi_qa.review.desk import Offer
from taxi_qa.review.terms import Terms
from taxi_qa.values.clock import MS_PER_DAY
from taxi_qa.web.translate import gettext as _

_HOLDS: Final = ("evidence_holds", "other")
# What speaks against a finding, said by whoever drops it or takes a charge back.
AGAINST: Final = (
    "road_closed", "police_order", "passenger_route", "passenger_consent", "medical",
    "equipment_fault_reported", "wrong_limit", "wrong_driver", "position_drift", "camera_misread",
    "duplicate", "other",
)  # fmt: skip
# What a driver may have to say against it; whether it is there twice is the office's to see.
_DRIVERS: Final = tuple(code for code in AGAINST if code != "duplicate")
_SUSPECT: Final = ("wrong_limit", "position_drift", "camera_misread", "equipment_fault_reported", "other")
REASONS_FOR: Final[Mapping[str, tuple[str, ...]]] = {
    # "It was so" is the answer of whoever has nothing to say against it.
    "answer": (*_DRIVERS[:-1], "admitted", "other"),
    "appeal": _DRIVERS,
    "propose": _HOLDS,
    "refer": _HOLDS,
    "confirm": ("evidence_holds", "admitted", "other"),
    "reject": _HOLDS,
    "dismiss": AGAINST,
    "uphold": AGAINST,
    "quarantine": _SUSPECT,
    "release": ("cause_mended", "evidence_holds", "other"),
    "extend": ("more_time", "other"),
}  # fmt: skip
# The steps that decide stand open side by side, in this order; the others behind a line.
_DECIDING: Final = ("answer", "appeal", "refer", "propose", "confirm", "reject", "dismiss", "uphold")
_MAIN: Final = ("answer", "appeal", "refer", "propose", "confirm", "uphold")


@dataclass(frozen=True)
class StepForm:
    """One step as a form.

    Attributes:
        action: the step.
        refusal: code of why it cannot be taken now, "" where it can.
        reasons: codes that make sense for it.
        then: what happens after it, in whole sentences.
        is_main: the button that stands out.
        is_deciding: shown open; the others behind a line.
    """

    action: str
    refusal: str
    reasons: tuple[str, ...]
    then: str
    is_main: bool
    is_deciding: bool


def fits(action: str, reason: str) -> bool:
    """Whether a reason makes sense for a step."""
    return reason in REASONS_FOR.get(action, ())


def step_forms(offers: Sequence[Offer], state: str, terms: Terms, points: int) -> list[StepForm]:
    """The forms a reader gets on a case, those that decide first.

    Args:
        offers: steps of its state that are the reader's to ask for.
        state: where the case stands.
        terms: the desk's numbers of now.
        points: what the case costs if confirmed; 0 where it can cost nothing.
    """
    order = {name: number for number, name in enumerate(_DECIDING)}
    made = [
        StepForm(
            one.action,
            one.refusal,
            REASONS_FOR[one.action],
            _then(one.action, state, terms, points),
            one.action in _MAIN,
            one.action in order,
        )
        for one in offers
    ]
    return sorted(made, key=lambda form: order.get(form.action, len(order)))


def _then(action: str, state: str, terms: Terms, points: int) -> str:
    """What happens after a step, for whoever takes it."""
    days = {name: max(round(ms / MS_PER_DAY), 1) for name, ms in terms.lasts_ms.items()}
    if action == "answer":
        return _answered(state)
    if action == "confirm":
        return _confirmed(points, days["confirmed"])
    return {
        "appeal": _(
            "您申诉以后，由没有办理过本案的人审核，最晚 %(days)s 天内作出决定。支持申诉的，所扣分数全部恢复；"
            "到期没有决定的，同样全部恢复。",
            days=days["appealed"],
        ),
        "refer": _(
            "提请后由审核员优先审阅，提出认定的才通知驾驶员。企业只提请，不决定；每个案件可以提请一次。"
        ),
        "propose": _(
            "提出后通知驾驶员，他有 %(days)s 天可以答复。是否扣分由另一人复核决定：您提出以后，"
            "不能再由您确认。",
            days=days["proposed"],
        ),
        "dismiss": _("驳回后结案，不扣分。"),
        "uphold": _("支持申诉后撤销认定，本案所扣分数全部恢复。"),
        "reject": _("驳回申诉后维持原认定，所扣分数不变，本案到此为止。"),
        "quarantine": _(
            "隔离后暂不办理，最长 %(days)s 天，用于先查清道路、限速或者设备的问题。",
            days=days["quarantined"],
        ),
        "release": _("解除隔离后回到待初审，初审期限为 %(days)s 天。", days=days["queued"]),
        "extend": _(
            "期限延长 %(days)s 天，案件状态不变。", days=max(round(terms.extension_ms / MS_PER_DAY), 1)
        ),
    }[action]


def _answered(state: str) -> str:
    if state == "second_review":
        return _(
            "答复的期限已过，但在作出决定以前，您还可以说明情况。您说的话会和证据放在一起，"
            "由没有办理过本案的人来看。"
        )
    return _(
        "您答复以后，由没有办理过本案的人再看一遍证据和您说的话。认定成立才扣分，不成立就结案，不扣分。"
        "勾选“情况属实”也一样，要另一个人确认以后才扣分。"
    )


def _confirmed(points: int, days: int) -> str:
    if points:
        return _(
            "确认后立即扣 %(points)s 分，记入信用台账。驾驶员有 %(days)s 天可以申诉。",
            points=points,
            days=days,
        )
    return _("确认后记入信用台账，不扣分。驾驶员有 %(days)s 天可以申诉。", days=days)
