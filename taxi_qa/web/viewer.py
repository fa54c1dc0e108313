"""Who looks at a page, and what he may see of it."""

from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
from flask import current_app
from flask_login import UserMixin, current_user

from taxi_qa.law.parameter import Law
from taxi_qa.law.read import read_law
from taxi_qa.paths import shipped
from taxi_qa.review.precision import labels
from taxi_qa.score.precision import Label
from taxi_qa.store.accounts import Account, note_access
from taxi_qa.store.home import Home
from taxi_qa.store.scope import Scope, scope_of
from taxi_qa.values.clock import city_day
from taxi_qa.web.settings import Settings

_LAW_LASTS_MS: Final = 5_000
_LABELS_LAST_MS: Final = 15_000


@dataclass(frozen=True)
class Viewer(UserMixin):  # type: ignore[misc] # flask-login has no types
    """An account that is signed in."""

    account: Account

    def get_id(self) -> str:
        """What the session keeps: with another password, or disabled, it is nobody's any more."""
        return f"{self.account.account_id}:{self.account.stamp}"

    @property
    def scope(self) -> Scope:
        """How far he sees."""
        return scope_of(self.account)


def viewer() -> Viewer:
    """Who asked; only behind a view that is not public."""
    return cast("Viewer", current_user._get_current_object())  # noqa: SLF001 - werkzeug's way to the object itself


def home() -> Home:
    """The home this web shows."""
    return cast("Home", current_app.extensions["taxi_qa.home"])


def settings() -> Settings:
    """How this web is set up."""
    return cast("Settings", current_app.extensions["taxi_qa.settings"])


def now_ms() -> int:
    """The present moment, by the clock this web was given."""
    return settings().now_ms()


def law() -> Law:
    """The law and house settings of the home's city, as their files say now.

    Read anew where a file changed; that is looked at every few seconds, not at every number of a page.
    """
    kept: dict[str, Any] = current_app.extensions.setdefault("taxi_qa.law", {})
    if not kept or abs(now_ms() - kept["looked_ms"]) > _LAW_LASTS_MS:
        seen = [(str(path), path.stat().st_mtime_ns) for path in sorted(shipped("data").rglob("*.yaml"))]
        if not kept or kept["seen"] != seen:
            kept |= {"seen": seen, "law": read_law(home().city)}
        kept["looked_ms"] = now_ms()
    return cast("Law", kept["law"])


def live_labels() -> dict[str, Label]:
    """How often each rule's findings were true, as of a few seconds ago: every page of a case says so.

    It takes every decision there is to tell; a step with a case looks anew (`case_page.desk_now`).
    """
    kept: dict[str, Any] = current_app.extensions.setdefault("taxi_qa.labels", {})
    if not kept or abs(now_ms() - kept["looked_ms"]) > _LABELS_LAST_MS:
        kept |= {"looked_ms": now_ms(), "labels": labels(home(), law())}
    return cast("dict[str, Label]", kept["labels"])


def leads_now() -> frozenset[str]:
    """The rules that have fallen back, as of a few seconds ago."""
    return frozenset(name for name, label in live_labels().items() if label.has_fallen)


def stage_now(stage: str, rule: str) -> str:
    """The stage of what a rule found, as of now: a lead once the rule has fallen back."""
    label = live_labels().get(rule) if stage == "stable" else None
    return "trial" if label is not None and label.has_fallen else stage


def today() -> int:
    """The city's present day."""
    return int(city_day(np.array([now_ms()], dtype=np.int64), home().timezone)[0])


def note_look(what: str, subject: str, why: str) -> None:
    """Keep that the reader looked at something that is not for everybody's eyes."""
    note_access(home(), viewer().account, what, subject, why, now_ms())
