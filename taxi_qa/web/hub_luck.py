"""A driver's luck at the hubs: his waits, places, short trips and laps beside those of the same hours."""

from typing import Any, Final

from flask import Blueprint, render_template

from taxi_qa.facts.hub_ledger import LEAST_TURNS
from taxi_qa.runs.hub_ledgers import LEAST_DRIVERS
from taxi_qa.store.hub_turns import days_of_ledgers, hub_turns_of
from taxi_qa.web.drivers import visible
from taxi_qa.web.permits import for_drivers, permit
from taxi_qa.web.translate import lazy_gettext
from taxi_qa.web.viewer import home, note_look, viewer

blueprint: Final = Blueprint("hub_luck", __name__)
# What the ledger says of waits and of short trips, by its own words.
WAITS: Final[dict[str, Any]] = {
    "too few turns": lazy_gettext("候客次数还太少，说不准等得长还是短。"),
    "chance": lazy_gettext("和同一时段的其他车相比，等候长短属于正常的运气。"),
    "longer, and overtaken": lazy_gettext("等候比运气能解释的更长，而且有车后到先走。"),
    "longer, in turn": lazy_gettext("等候比运气能解释的更长，但先后次序正常。"),
    "shorter, and overtook": lazy_gettext("等候比运气能解释的更短，而且有时后到先走。"),
    "shorter, in turn": lazy_gettext("等候比运气能解释的更短，先后次序正常。"),
}
SHORTS: Final[dict[str, Any]] = {
    "too few turns": lazy_gettext("可比的载客次数还太少，说不准短途多还是少。"),
    "chance": lazy_gettext("短途单的多少属于正常的运气。"),
    "more short trips": lazy_gettext("拉到的短途单比运气能解释的更多。"),
    "fewer short trips": lazy_gettext("拉到的短途单比运气能解释的更少。"),
}


@blueprint.get("/me/hub")
@for_drivers
def mine() -> str:
    """The reader's own."""
    return _page(viewer().account.driver_id)


@blueprint.get("/drivers/<driver_id>/hub")
@permit("manager", "inspector", "reviewer", "appeal_reviewer", "administrator", "auditor")
def shown(driver_id: str) -> str:
    """That of a driver the reader may see."""
    visible(driver_id)
    note_look(
        "driver", f"{driver_id} hubs", "own company" if viewer().account.role == "manager" else "office"
    )
    return _page(driver_id)


def _page(driver_id: str) -> str:
    return render_template(
        "web/hub_luck.html",
        driver_id=driver_id,
        rows=hub_turns_of(home(), viewer().scope, driver_id),
        span=days_of_ledgers(home()),
        waits=WAITS,
        shorts=SHORTS,
        least_turns=LEAST_TURNS,
        least_drivers=LEAST_DRIVERS,
    )
